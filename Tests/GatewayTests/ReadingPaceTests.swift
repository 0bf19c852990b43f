import Reactor
import Testing

@testable import Gateway

@Suite("Pace of a reader")
struct ReadingPaceTests {
    private static func limits(stall: UInt64, grace: UInt64, rate: Int) -> WorkerLimits {
        var limits = WorkerLimits()
        limits.writeStallNanoseconds = stall * 1_000_000_000
        limits.answerGraceNanoseconds = grace * 1_000_000_000
        limits.answerBytesPerSecond = rate
        return limits
    }

    private static func at(_ seconds: UInt64) -> Instant { Instant(nanoseconds: seconds * 1_000_000_000) }

    @Test("a byte a second does not put off the end of the grace")
    func trickles() {
        let limits = ReadingPaceTests.limits(stall: 60, grace: 30, rate: 1000)
        var pace = ReadingPace()
        #expect(pace.deadline(now: ReadingPaceTests.at(100), taken: 0, limits) == ReadingPaceTests.at(130))
        for second in 101...129 as ClosedRange<UInt64> {
            #expect(pace.deadline(now: ReadingPaceTests.at(second), taken: 1, limits) == ReadingPaceTests.at(130))
        }
    }

    @Test("each second's worth of bytes earns a second, up to the write-stall time from now")
    func earns() {
        let limits = ReadingPaceTests.limits(stall: 60, grace: 30, rate: 1000)
        var pace = ReadingPace()
        _ = pace.deadline(now: ReadingPaceTests.at(100), taken: 0, limits)
        #expect(pace.deadline(now: ReadingPaceTests.at(101), taken: 1999, limits) == ReadingPaceTests.at(131))
        #expect(pace.deadline(now: ReadingPaceTests.at(102), taken: 1, limits) == ReadingPaceTests.at(132))
        #expect(pace.deadline(now: ReadingPaceTests.at(103), taken: 10_000_000, limits) == ReadingPaceTests.at(163))
        #expect(pace.deadline(now: ReadingPaceTests.at(104), taken: Int.max, limits) == ReadingPaceTests.at(164))
    }

    @Test("who has taken all begins anew with the next that waits")
    func rests() {
        let limits = ReadingPaceTests.limits(stall: 60, grace: 30, rate: 1000)
        var pace = ReadingPace()
        _ = pace.deadline(now: ReadingPaceTests.at(100), taken: 0, limits)
        pace.rest()
        #expect(pace.deadline(now: ReadingPaceTests.at(125), taken: 0, limits) == ReadingPaceTests.at(155))
    }

    @Test("without a rate only a stall counts")
    func isOff() {
        let limits = ReadingPaceTests.limits(stall: 60, grace: 30, rate: 0)
        var pace = ReadingPace()
        #expect(pace.deadline(now: ReadingPaceTests.at(100), taken: 0, limits) == ReadingPaceTests.at(160))
        #expect(pace.deadline(now: ReadingPaceTests.at(150), taken: 1, limits) == ReadingPaceTests.at(210))
    }
}
