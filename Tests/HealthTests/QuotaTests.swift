import Health
import Testing

@Suite("Quota and credential")
struct QuotaTests {
    private let health = TargetHealth(description: "")
    private let start = seconds(1000)

    private func availability(_ now: UInt64) -> Availability { health.availability(now: now, policy: strictPolicy) }

    @Test("a 429 parks the target until then, and is no failure")
    func parks() {
        #expect(health.park(until: start + seconds(20), now: start))
        #expect(availability(start) == .parked(until: start + seconds(20)))
        #expect(health.admit(now: start + seconds(20) - 1, policy: strictPolicy) == nil)
        #expect(availability(start + seconds(20)) == .available)
        #expect(health.counts(now: start) == OutcomeCounts())
    }

    @Test("the latest instant counts, and only the first is news")
    func parksLongest() {
        #expect(health.park(until: start + seconds(20), now: start))
        #expect(!health.park(until: start + seconds(30), now: start))
        #expect(!health.park(until: start + seconds(10), now: start))
        #expect(availability(start) == .parked(until: start + seconds(30)))
        #expect(health.park(until: start + seconds(40), now: start + seconds(30)))
    }

    @Test("an instant that has passed parks nothing, one that is days away an hour")
    func boundsParking() {
        #expect(!health.park(until: start, now: start))
        #expect(availability(start) == .available)
        health.park(until: .max, now: start)
        #expect(availability(start) == .parked(until: start + seconds(3600)))
    }

    @Test("a refused credential is quarantined, told once, and tried again when it is cleared or its time is over")
    func quarantines() {
        #expect(health.quarantine(until: start + seconds(60), now: start))
        #expect(!health.quarantine(until: start + seconds(70), now: start + seconds(1)))
        #expect(availability(start) == .quarantined(until: start + seconds(70)))
        #expect(health.admit(now: start, policy: strictPolicy) == nil)
        health.clearQuarantine()
        #expect(availability(start) == .available)
        #expect(health.quarantine(until: start + seconds(80), now: start))
        #expect(availability(start + seconds(80)) == .available)
    }

    @Test("a quarantine is told before an open breaker, and that before a spent quota")
    func precedence() {
        let health = TargetHealth.opened(at: start)
        health.park(until: start + seconds(60), now: start)
        #expect(health.availability(now: start, policy: strictPolicy) == .open(until: start + seconds(30)))
        // No probe while the quota is spent: it would fail for another reason.
        #expect(health.availability(now: start + seconds(30), policy: strictPolicy) == .parked(until: start + seconds(60)))
        #expect(health.admit(now: start + seconds(30), policy: strictPolicy) == nil)
        #expect(health.availability(now: start, policy: .never) == .parked(until: start + seconds(60)))
        health.quarantine(until: start + seconds(10), now: start)
        #expect(health.availability(now: start, policy: strictPolicy) == .quarantined(until: start + seconds(10)))
        #expect(health.availability(now: start + seconds(60), policy: strictPolicy) == .probe)
    }

    @Test("the share left is the lesser of requests and tokens", arguments: [
        (QuotaReading(remainingRequests: 50, limitRequests: 200), 250),
        (QuotaReading(remainingTokens: 1, limitTokens: 3), 333),
        (QuotaReading(remainingRequests: 9, limitRequests: 10, remainingTokens: 100, limitTokens: 1000), 100),
        (QuotaReading(remainingRequests: 1, limitRequests: 10, remainingTokens: 1000, limitTokens: 1000), 100),
        (QuotaReading(remainingRequests: 0, limitRequests: 10), 0), (QuotaReading(remainingRequests: 0), 0),
        (QuotaReading(remainingRequests: 20, limitRequests: 10), 1000), (QuotaReading(remainingRequests: 20, limitRequests: 0), 1000),
        (QuotaReading(remainingRequests: 20), 1000), (QuotaReading(limitTokens: 10), 1000), (QuotaReading(), 1000),
        (QuotaReading(remainingTokens: .max - 1, limitTokens: .max), 999),
    ] as [(QuotaReading, Int)])
    func shares(_ reading: QuotaReading, _ expected: Int) {
        health.noteQuota(reading, now: start)
        #expect(health.quotaShare(now: start) == expected)
    }

    @Test("all of it is there again at the reset, after a minute when none was told, after an hour in any case", arguments: [
        (UInt64?.some(seconds(1005)), seconds(5)), (nil, seconds(60)), (.max, seconds(3600)),
    ] as [(UInt64?, UInt64)])
    func resets(_ resetAt: UInt64?, _ life: UInt64) {
        #expect(health.quotaShare(now: start) == 1000)
        health.noteQuota(QuotaReading(remainingRequests: 1, limitRequests: 10, resetAt: resetAt), now: start)
        #expect(health.quotaShare(now: start + life - 1) == 100)
        #expect(health.quotaShare(now: start + life) == 1000)
    }

    @Test("an answer that says nothing of the quota leaves what is known")
    func keepsQuota() {
        health.noteQuota(QuotaReading(remainingRequests: 1, limitRequests: 10), now: start)
        health.noteQuota(QuotaReading(limitRequests: 10, resetAt: start + seconds(1)), now: start)
        #expect(health.quotaShare(now: start) == 100)
    }
}
