import Testing

@testable import Supervisor

@Suite("Back-off")
struct BackOffTests {
    private let second: UInt64 = 1_000_000_000

    @Test("the first that dies young has a successor at once, the next ones wait twice as long each, up to half a minute")
    func doubles() {
        var backOff = BackOff()
        let delays = (0..<12).map { _ in backOff.delay(afterLife: second, hasServed: false) / 1_000_000 }
        #expect(delays == [0, 100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000])
        // A hundred thousand later it is the same: nothing shifts out of its word.
        for _ in 0..<100_000 { _ = backOff.delay(afterLife: 0, hasServed: false) }
        #expect(backOff.delay(afterLife: 0, hasServed: false) == SupervisorLimits.longestBackOffNanoseconds)
    }

    @Test("after one that was ready nobody waits for more than a second, however many died")
    func served() {
        var backOff = BackOff()
        let delays = (0..<8).map { _ in backOff.delay(afterLife: second, hasServed: true) / 1_000_000 }
        #expect(delays == [0, 100, 200, 400, 800, 800, 800, 800])
    }

    @Test("four crashes in a row are each answered within a second")
    func withinASecond() {
        var backOff = BackOff()
        for _ in 0..<5 { #expect(backOff.delay(afterLife: 0, hasServed: true) < second) }
    }

    @Test("one that lived for a minute did not die young, and one that lived a nanosecond less did")
    func youth() {
        var backOff = BackOff(youngDeaths: 5)
        #expect(backOff.delay(afterLife: SupervisorLimits.youngNanoseconds - 1, hasServed: true) > 0)
        #expect(backOff.delay(afterLife: SupervisorLimits.youngNanoseconds, hasServed: true) == 0)
        #expect(backOff.youngDeaths == 0)
        #expect(backOff.delay(afterLife: 0, hasServed: true) == 0)
    }
}
