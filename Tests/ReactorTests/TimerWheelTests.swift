import Reactor
import Testing

@Suite("Timer wheel")
struct TimerWheelTests {
    func instant(_ milliseconds: UInt64) -> Instant { Instant(nanoseconds: milliseconds * 1_000_000) }

    @Test("a timer fires at its deadline, not before", arguments: [
        1, 2, 63, 64, 65, 100, 4095, 4096, 4097, 262_143, 262_144, 300_000, 20_000_000, 40_000_000_000,
    ] as [UInt64])
    func firesOnTime(_ delay: UInt64) {
        let start: UInt64 = 987_654_321
        var wheel = TimerWheel(now: instant(start))
        let timer = wheel.make(token: 7)
        wheel.set(timer, at: instant(start + delay))
        #expect(wheel.popExpired(now: instant(start + delay - 1)) == nil)
        #expect(wheel.popExpired(now: instant(start + delay)) == 7)
        #expect(wheel.popExpired(now: instant(start + delay)) == nil)
        #expect(wheel.pendingCount == 0)
    }

    @Test("a deadline inside a millisecond rounds up")
    func roundsUp() {
        var wheel = TimerWheel(now: Instant(nanoseconds: 0))
        let timer = wheel.make(token: 1)
        wheel.set(timer, at: Instant(nanoseconds: 1_000_001))
        #expect(wheel.popExpired(now: Instant(nanoseconds: 1_999_999)) == nil)
        #expect(wheel.popExpired(now: Instant(nanoseconds: 2_000_000)) == 1)
    }

    @Test("a deadline that has passed is due at once, and the distant future never is")
    func handlesExtremes() {
        var wheel = TimerWheel(now: instant(5000))
        let past = wheel.make(token: 1)
        let never = wheel.make(token: 2)
        wheel.set(never, at: .distantFuture)
        wheel.set(past, at: instant(10))
        #expect(wheel.nextDeadline().map { $0 <= instant(5000) } == true)
        #expect(wheel.popExpired(now: instant(5000)) == 1)
        #expect(wheel.popExpired(now: instant(3_000_000_000_000)) == nil)
    }

    @Test("a random schedule fires every timer once, in order of ticks, none early", arguments: 0..<20)
    func agreesWithASortedList(_ round: Int) {
        var generator = SplitMix(state: UInt64(round) &* 7919 &+ 1)
        var now: UInt64 = generator.next() % 1_000_000_000
        var wheel = TimerWheel(now: instant(now))
        var expected: [UInt64: UInt64] = [:]
        var timers: [UInt64: TimerWheel.Identifier] = [:]
        for step in 0..<2000 as Range<UInt64> {
            switch generator.next() % 4 {
            case 0, 1:
                let token = step
                let timer = wheel.make(token: token)
                let deadline = now + generator.next() % (1 << (generator.next() % 24))
                wheel.set(timer, at: instant(deadline))
                expected[token] = deadline
                timers[token] = timer
            case 2:
                guard let token = timers.keys.min(), let timer = timers[token] else { continue }
                wheel.destroy(timer)
                timers[token] = nil
                expected[token] = nil
            default:
                #expect((wheel.nextDeadline() == nil) == expected.isEmpty)
                if let next = wheel.nextDeadline(), let first = expected.values.min() {
                    #expect(max(next, instant(now)) <= instant(max(first, now)), "a loop that sleeps until then is late")
                }
                now += generator.next() % (1 << (generator.next() % 20))
                while let token = wheel.popExpired(now: instant(now)) {
                    #expect((expected[token] ?? .max) <= now, "seed \(round), step \(step)")
                    expected[token] = nil
                    if let timer = timers.removeValue(forKey: token) { wheel.destroy(timer) }
                }
                #expect(expected.values.allSatisfy { $0 > now }, "seed \(round), step \(step)")
            }
        }
        #expect(wheel.pendingCount == expected.count)
    }
}

/// A small seeded generator, so that a failing round can be run again.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
