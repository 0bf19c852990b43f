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

    @Test("a byte a second earns its thousandth of a second, and no more, whatever was taken before it")
    func trickles() {
        let limits = ReadingPaceTests.limits(stall: 60, grace: 30, rate: 1000)
        var pace = ReadingPace()
        #expect(pace.deadline(now: ReadingPaceTests.at(100), taken: 0, limits) == ReadingPaceTests.at(130))
        #expect(pace.deadline(now: ReadingPaceTests.at(100), taken: 50_000_000, limits) == ReadingPaceTests.at(130))
        for second in 101...129 as ClosedRange<UInt64> {
            let due = Instant(nanoseconds: 130_000_000_000 + (second - 100) * 1_000_000)
            #expect(pace.deadline(now: ReadingPaceTests.at(second), taken: 1, limits) == due)
        }
    }

    @Test("each second's worth of bytes earns a second, up to the grace from now")
    func earns() {
        let limits = ReadingPaceTests.limits(stall: 60, grace: 30, rate: 1000)
        var pace = ReadingPace()
        _ = pace.deadline(now: ReadingPaceTests.at(100), taken: 0, limits)
        #expect(pace.deadline(now: ReadingPaceTests.at(110), taken: 2000, limits) == ReadingPaceTests.at(132))
        #expect(pace.deadline(now: ReadingPaceTests.at(111), taken: 1000, limits) == ReadingPaceTests.at(133))
        #expect(pace.deadline(now: ReadingPaceTests.at(112), taken: 10_000_000, limits) == ReadingPaceTests.at(142))
        #expect(pace.deadline(now: ReadingPaceTests.at(113), taken: Int.max, limits) == ReadingPaceTests.at(143))
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
