import Testing

@testable import Health

@Suite("Outcome window")
struct WindowTests {
    private func health(_ outcomes: [(now: UInt64, isSuccess: Bool)]) -> TargetHealth {
        let health = TargetHealth(description: "")
        for outcome in outcomes {
            health.report(outcome.isSuccess ? .success : .failure, of: health.admitRegardless(), policy: .never, now: outcome.now, random: 0)
        }
        return health
    }

    @Test("an outcome counts until its bucket is ten buckets old, wherever in it it fell", arguments: 0..<12)
    func rotates(_ bucket: UInt64) {
        let first = bucket * seconds(6)
        for now in [first, first + seconds(3), first + seconds(6) - 1] {
            let health = health([(now, true), (now, false), (now, false)])
            for age in 0..<10 as Range<UInt64> {
                for read in [first + age * seconds(6), first + (age + 1) * seconds(6) - 1] where read >= now {
                    #expect(health.counts(now: read) == OutcomeCounts(successes: 1, failures: 2))
                }
            }
            #expect(health.counts(now: first + seconds(60)) == OutcomeCounts())
            #expect(health.counts(now: first + seconds(600)) == OutcomeCounts())
        }
    }

    @Test("a shorter window is so many buckets, the present one included", arguments: [
        (0, 1), (1, 1), (6_000_000_000, 1), (6_000_000_001, 2), (12_000_000_000, 2), (30_000_000_000, 5), (54_000_000_001, 10),
        (60_000_000_000, 10), (.max, 10),
    ] as [(UInt64, UInt64)])
    func shorterWindows(_ nanoseconds: UInt64, _ buckets: UInt64) {
        let health = health((0..<20).map { (seconds(6) * $0, false) })
        #expect(health.counts(now: seconds(6) * 19, nanoseconds: nanoseconds).failures == buckets)
    }

    @Test("a bucket that is written again after a whole turn of the ring has lost what was in it")
    func replaces() {
        let health = health([(seconds(3), false), (seconds(3), false), (seconds(63), true)])
        #expect(health.counts(now: seconds(63)) == OutcomeCounts(successes: 1))
    }

    @Test("the counts are those of a list that is searched, for any 2,000 outcomes")
    func agreesWithReference() {
        var random = SeededRandom("outcome window")
        let health = TargetHealth(description: "")
        var outcomes: [(now: UInt64, isSuccess: Bool)] = []
        var now = UInt64.random(in: 0..<seconds(100), using: &random)
        for step in 0..<2000 {
            // Mostly within a bucket, at times over several, at times over all.
            now += UInt64.random(in: 0..<seconds([1, 1, 1, 7, 70][Int(random.next() % 5)]), using: &random)
            let isSuccess = Bool.random(using: &random)
            outcomes.append((now, isSuccess))
            health.report(isSuccess ? .success : .failure, of: health.admitRegardless(), policy: .never, now: now, random: 0)
            let length = UInt64.random(in: 1...seconds(66), using: &random)
            let readAt = now + UInt64.random(in: 0...seconds(12), using: &random)
            let buckets = min(10, (length + seconds(6) - 1) / seconds(6))
            let inside = outcomes.filter { $0.now / seconds(6) + buckets > readAt / seconds(6) }
            let expected = OutcomeCounts(
                successes: UInt64(inside.count { $0.isSuccess }), failures: UInt64(inside.count { !$0.isSuccess }))
            #expect(health.counts(now: readAt, nanoseconds: length) == expected, "step \(step)")
        }
    }

    @Test("a bucket that is full keeps its ratio and goes on counting")
    func halves() {
        let most = OutcomeWindow.countMask
        #expect(OutcomeWindow.adding(true, to: (most, 1000)) == (most / 2 + 1, 500))
        #expect(OutcomeWindow.adding(false, to: (1000, most)) == (500, most / 2 + 1))
        // Only the count that grows can run over.
        #expect(OutcomeWindow.adding(true, to: (1000, most)) == (1001, most))
        #expect(OutcomeWindow.adding(false, to: (1000, most - 1)) == (1000, most))
    }
}
