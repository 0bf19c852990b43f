import Health
import Synchronization
import Testing

@Suite("Breaker, several workers")
struct ProbeRaceTests {
    /// What the threads of one test found.
    private final class Found: Sendable {
        let count = Atomic<Int>(0)
        let holders = Atomic<Int>(0)
        let mostHolders = Atomic<Int>(0)
    }

    @Test("of four threads that ask without pause, never two have the probe")
    func oneProbe() throws {
        let health = TargetHealth.opened(at: 0)
        let found = Found()
        try onThreads(4) { _ in
            // Later than any cooldown that begins at 0, so that whenever nobody probes anyone may.
            let now = seconds(1000)
            while found.count.load(ordering: .relaxed) < 100_000 {
                guard let admission = health.admit(now: now, policy: strictPolicy) else { continue }
                let holders = found.holders.add(1, ordering: .acquiringAndReleasing).newValue
                found.mostHolders.max(holders, ordering: .relaxed)
                let round = found.count.add(1, ordering: .relaxed).newValue
                // Long enough for another that was let in to be seen.
                for _ in 0..<20 { found.mostHolders.max(found.holders.load(ordering: .acquiring), ordering: .relaxed) }
                found.holders.subtract(1, ordering: .acquiringAndReleasing)
                health.report(round % 2 == 0 ? .failure : .ignored, of: admission, policy: strictPolicy, now: 0, random: noJitter)
            }
        }
        #expect(found.mostHolders.load(ordering: .relaxed) == 1)
    }

    @Test("no outcome is lost or counted twice when four threads turn over a bucket")
    func countsExactly() throws {
        let health = TargetHealth(description: "")
        let gate = Gate()
        try onThreads(4) { thread in
            let admission = health.admitRegardless()
            for bucket in 0..<1000 as Range<UInt64> {
                // All at once into a bucket that holds what is a minute old.
                gate.pass(4)
                for _ in 0..<20 {
                    health.report(thread < 3 ? .success : .failure, of: admission, policy: .never, now: bucket * seconds(6), random: 0)
                }
                gate.pass(4)
                let counts = health.counts(now: bucket * seconds(6))
                let buckets = min(10, bucket + 1)
                if counts != OutcomeCounts(successes: 60 * buckets, failures: 20 * buckets) { Issue.record("bucket \(bucket): \(counts)") }
            }
        }
    }

    @Test("of four threads whose credential is refused at once, one is told to raise the alarm")
    func oneAlarm() throws {
        let health = TargetHealth(description: "")
        let (found, gate) = (Found(), Gate())
        try onThreads(4) { thread in
            for round in 1...5000 as ClosedRange<UInt64> {
                let now = round * seconds(10)
                gate.pass(4)
                if health.quarantine(until: now + seconds(5) + UInt64(thread), now: now) { found.count.add(1, ordering: .relaxed) }
            }
        }
        #expect(found.count.load(ordering: .relaxed) == 5000)
    }

    @Test("four threads end what they begin, and take from a budget no more than is in it")
    func countersAgree() throws {
        let health = TargetHealth(description: "")
        let budget = RetryBudget(.init(deposit: 100, cap: 16_000_000, reserve: 0, refillMilliseconds: 0))
        let found = Found()
        try onThreads(4) { _ in
            for _ in 0..<20_000 {
                health.begin()
                budget.deposit()
                if budget.withdraw(now: 0) { found.count.add(1, ordering: .relaxed) }
                health.end()
            }
        }
        #expect(health.inFlight == 0)
        // 80,000 deposits of a tenth make 8,000 retries, some of them still in it.
        #expect(found.count.load(ordering: .relaxed) + Int(budget.balance) / 1000 == 8000)
    }
}
