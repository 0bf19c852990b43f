import Health
import Testing

@Suite("Breaker")
struct BreakerTests {
    private let start = seconds(1000)

    @Test("it opens at its count, at its ratio, and never below the least number of requests", arguments: [
        (BreakerPolicy(failureCount: 3), 0, 2, false), (BreakerPolicy(failureCount: 3), 0, 3, true),
        (BreakerPolicy(failureCount: 3), 1000, 3, true), (BreakerPolicy(failureCount: 3, minimumRequests: 4), 0, 3, false),
        (BreakerPolicy(failureCount: 3, minimumRequests: 4), 1, 3, true), (BreakerPolicy(failurePercent: 50), 2, 1, false),
        (BreakerPolicy(failurePercent: 50), 2, 2, true), (BreakerPolicy(failurePercent: 100), 1, 50, false),
        (BreakerPolicy(failurePercent: 100), 0, 1, true), (.standard, 4, 5, false), (.standard, 5, 5, true), (.standard, 6, 5, false),
        (BreakerPolicy(failureCount: 9, failurePercent: 50), 1, 1, true), (.never, 0, 1000, false),
    ] as [(BreakerPolicy, Int, Int, Bool)])
    func opens(_ policy: BreakerPolicy, _ successes: Int, _ failures: Int, _ expected: Bool) {
        let health = TargetHealth(description: "")
        for _ in 0..<successes { #expect(health.attempt(.success, policy: policy, now: start) == BreakerChange.none) }
        for _ in 1..<failures { #expect(health.attempt(.failure, policy: policy, now: start) == BreakerChange.none) }
        let change = health.attempt(.failure, policy: policy, now: start)
        #expect(change == (expected ? .opened(until: start + seconds(30)) : BreakerChange.none))
        #expect(health.availability(now: start, policy: policy) == (expected ? .open(until: start + seconds(30)) : .available))
    }

    @Test("what the caller brought about neither opens it nor counts")
    func ignores() {
        let health = TargetHealth(description: "")
        for _ in 0..<100 { health.attempt(.ignored, now: start) }
        #expect(health.counts(now: start) == OutcomeCounts())
        #expect(health.availability(now: start, policy: strictPolicy) == .available)
    }

    @Test("failures that have left the window do not open it")
    func forgets() {
        let health = TargetHealth(description: "")
        health.attempt(.failure, now: start)
        health.attempt(.failure, now: start + seconds(60))
        #expect(health.availability(now: start + seconds(60), policy: strictPolicy) == .available)
        health.attempt(.failure, now: start + seconds(61))
        #expect(health.availability(now: start + seconds(61), policy: strictPolicy) == .open(until: start + seconds(91)))
    }

    @Test("an open one admits nothing to the nanosecond, then one probe")
    func halfOpens() throws {
        let health = TargetHealth.opened(at: start)
        let end = start + seconds(30)
        #expect(health.admit(now: end - 1, policy: strictPolicy) == nil)
        #expect(health.availability(now: end - 1, policy: strictPolicy) == .open(until: end))
        #expect(health.availability(now: end, policy: strictPolicy) == .probe)
        let probe = try #require(health.admit(now: end, policy: strictPolicy))
        #expect(probe.isProbe)
        guard case .open = health.availability(now: end, policy: strictPolicy) else {
            Issue.record("a second request may probe")
            return
        }
        #expect(health.admit(now: end, policy: strictPolicy) == nil)
    }

    @Test("a probe's success closes it, and its window starts anew")
    func closes() throws {
        let health = TargetHealth.opened(at: start)
        let now = start + seconds(30)
        let probe = try #require(health.admit(now: now, policy: strictPolicy))
        #expect(health.report(.success, of: probe, policy: strictPolicy, now: now, random: noJitter) == .closed)
        #expect(health.counts(now: now) == OutcomeCounts())
        #expect(health.availability(now: now, policy: strictPolicy) == .available)
        let next = try #require(health.admit(now: now, policy: strictPolicy))
        #expect(!next.isProbe)
        // The two failures that had opened it are forgotten: it takes two again.
        #expect(health.report(.failure, of: next, policy: strictPolicy, now: now, random: noJitter) == BreakerChange.none)
        #expect(health.attempt(.failure, now: now) == .opened(until: now + seconds(30)))
    }

    @Test("each failed probe doubles the cooldown, up to ten minutes; a success sets it back")
    func doubles() throws {
        let health = TargetHealth.opened(at: start)
        var now = start + seconds(30)
        for cooldown in [60, 120, 240, 480, 600, 600, 600] as [Double] {
            let end = now + seconds(cooldown)
            #expect(health.attempt(.failure, now: now) == .opened(until: end))
            #expect(health.availability(now: end - 1, policy: strictPolicy) == .open(until: end))
            now = end
        }
        #expect(health.attempt(.success, now: now) == .closed)
        health.attempt(.failure, now: now)
        #expect(health.attempt(.failure, now: now) == .opened(until: now + seconds(30)))
    }

    @Test("forty failed probes in a row still leave a cooldown of ten minutes")
    func doublingsDoNotOverflow() throws {
        let health = TargetHealth.opened(at: start)
        var now = start
        for _ in 0..<40 {
            now += seconds(1000)
            #expect(health.attempt(.failure, now: now) != nil)
        }
        #expect(health.availability(now: now, policy: strictPolicy) == .open(until: now + seconds(600)))
    }

    @Test("a cooldown that is longer than ten minutes to begin with does not shrink")
    func longCooldown() {
        let policy = BreakerPolicy(failureCount: 1, cooldownNanoseconds: seconds(3600))
        let health = TargetHealth(description: "")
        #expect(health.attempt(.failure, policy: policy, now: start) == .opened(until: start + seconds(3600)))
        let now = start + seconds(3600)
        #expect(health.attempt(.failure, policy: policy, now: now) == .opened(until: now + seconds(3600)))
    }

    @Test("jitter is a tenth either way at most, and reaches both ends")
    func jitter() {
        var random = SeededRandom("breaker jitter")
        func cooldown(_ bits: UInt64) -> UInt64 {
            let health = TargetHealth(description: "")
            let policy = BreakerPolicy(failureCount: 1)
            guard case .opened(let until) = health.attempt(.failure, policy: policy, now: start, random: bits) else { return 0 }
            return until - start
        }
        #expect(cooldown(leastJitter) == seconds(27))
        #expect(cooldown(noJitter) == seconds(30))
        #expect(cooldown(mostJitter) == seconds(33))
        let lengths = (0..<1000).map { _ in cooldown(random.next()) }
        #expect(lengths.allSatisfy { $0 >= seconds(27) && $0 <= seconds(33) })
        #expect(lengths.count { $0 < seconds(30) } > 400 && lengths.count { $0 > seconds(30) } > 400)
    }

    @Test("a probe that says nothing gives its place to the next request, without doubling", arguments: [true, false])
    func abandons(_ isReported: Bool) throws {
        let health = TargetHealth.opened(at: start)
        let now = start + seconds(30)
        let probe = try #require(health.admit(now: now, policy: strictPolicy))
        if isReported {
            health.report(.ignored, of: probe, policy: strictPolicy, now: now, random: noJitter)
        } else {
            health.abandon(probe)
        }
        #expect(health.availability(now: now, policy: strictPolicy) == .probe)
        let next = try #require(health.admit(now: now, policy: strictPolicy))
        #expect(next.isProbe && next != probe)
        // The first probe is over: it can neither abandon nor decide the second.
        health.abandon(probe)
        #expect(health.report(.success, of: probe, policy: strictPolicy, now: now, random: noJitter) == BreakerChange.none)
        #expect(health.admit(now: now, policy: strictPolicy) == nil)
        #expect(health.report(.failure, of: next, policy: strictPolicy, now: now, random: noJitter) == .opened(until: now + seconds(60)))
    }

    @Test("a probe that is lost holds its place for two minutes, not for ever")
    func losesProbe() throws {
        let health = TargetHealth.opened(at: start)
        let now = start + seconds(30)
        let lost = try #require(health.admit(now: now, policy: strictPolicy))
        #expect(health.admit(now: now + seconds(120) - 1, policy: strictPolicy) == nil)
        let next = try #require(health.admit(now: now + seconds(120), policy: strictPolicy))
        #expect(next.isProbe)
        #expect(health.report(.failure, of: lost, policy: strictPolicy, now: now, random: noJitter) == BreakerChange.none)
        #expect(health.report(.success, of: next, policy: strictPolicy, now: now, random: noJitter) == .closed)
    }

    @Test("a probe that answers after its place was free, and before another took it, decides")
    func lateProbe() throws {
        let health = TargetHealth.opened(at: start)
        let probe = try #require(health.admit(now: start + seconds(30), policy: strictPolicy))
        let now = start + seconds(500)
        #expect(health.report(.success, of: probe, policy: strictPolicy, now: now, random: noJitter) == .closed)
    }

    @Test("requests admitted before it opened do not count once it is closed again")
    func forgetsEarlierTimes() throws {
        let health = TargetHealth(description: "")
        let early = try (0..<10).map { _ in try #require(health.admit(now: start, policy: strictPolicy)) }
        health.attempt(.failure, now: start)
        health.attempt(.failure, now: start)
        let now = start + seconds(30)
        #expect(health.attempt(.success, now: now) == .closed)
        for (index, admission) in early.enumerated() {
            #expect(health.report(index % 2 == 0 ? .failure : .success, of: admission, policy: strictPolicy, now: now, random: noJitter) == BreakerChange.none)
        }
        #expect(health.counts(now: now) == OutcomeCounts())
    }

    @Test("a request sent regardless is no probe: it neither closes an open breaker nor opens it for longer")
    func regardless() {
        let health = TargetHealth.opened(at: start)
        let end = start + seconds(30)
        for outcome in [AttemptOutcome.success, .failure, .ignored] {
            let admission = health.admitRegardless()
            #expect(!admission.isProbe)
            #expect(health.report(outcome, of: admission, policy: strictPolicy, now: start, random: noJitter) == BreakerChange.none)
            #expect(health.availability(now: start, policy: strictPolicy) == .open(until: end))
        }
    }

    @Test("a policy without a breaker goes through one that another policy opened, and does not probe it")
    func disabledPolicy() throws {
        let health = TargetHealth.opened(at: start)
        for now in [start, start + seconds(31)] {
            #expect(health.availability(now: now, policy: .never) == .available)
            #expect(try #require(health.admit(now: now, policy: .never)).isProbe == false)
        }
        #expect(health.availability(now: start + seconds(31), policy: strictPolicy) == .probe)
    }

    @Test("instants at the end of time are taken as they come", arguments: [UInt64.max, UInt64.max - 1, 1 << 63])
    func endOfTime(_ now: UInt64) {
        let health = TargetHealth(description: "")
        let policy = BreakerPolicy(failureCount: 1, cooldownNanoseconds: .max, windowNanoseconds: .max)
        for random in [leastJitter, mostJitter] { health.attempt(.failure, policy: policy, now: now, random: random) }
        health.park(until: .max, now: now)
        health.noteQuota(QuotaReading(remainingRequests: .max, limitRequests: .max, remainingTokens: 1, limitTokens: .max, resetAt: .max), now: now)
        health.noteFirstToken(nanoseconds: .max, now: now)
        health.notePerOutputToken(nanoseconds: .max, now: now)
        #expect(health.reading(now: now).counts.failures > 0)
        #expect(health.score(now: now) == .max)
        #expect(RetryBudget().withdraw(now: now))
    }
}
