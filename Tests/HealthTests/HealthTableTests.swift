import Bytes
import Health
import Synchronization
import Testing

@Suite("Health table")
struct HealthTableTests {
    private func key(_ number: Int) -> HealthKey { HealthKey(UInt64(number), 1) }

    private func health(_ table: HealthTable, _ number: Int, now: UInt64 = 0) -> TargetHealth {
        table.health(for: key(number), description: "target \(number)", now: now)
    }

    @Test("one key is one health, other keys are others")
    func shares() {
        let table = HealthTable()
        let first = health(table, 1)
        #expect(health(table, 1) === first)
        #expect(health(table, 2) !== first)
        #expect(table.health(for: HealthKey(1, 2), description: "", now: 0) !== first)
        // Nobody holds it in between, and it is remembered.
        health(table, 3).quarantine(until: 10, now: 0)
        #expect(health(table, 3).availability(now: 5, policy: .never) == .quarantined(until: 10))
        #expect(table.counts.targets == 4)
    }

    @Test("budgets are shared by key and purpose")
    func budgets() {
        let table = HealthTable()
        let retries = table.budget(for: key(1), .retries, now: 0)
        let hedges = table.budget(for: key(1), .hedges, now: 0)
        #expect(table.budget(for: key(1), .retries, now: 0) === retries)
        #expect(table.budget(for: key(1), .hedges, now: 0) === hedges)
        #expect(retries !== hedges)
        #expect(retries.rules == .retries && hedges.rules == .hedges)
        #expect(table.budget(for: key(2), .retries, now: 0) !== retries)
        #expect(table.counts == (0, 3))
    }

    @Test("at the bound what nobody holds is given up, the longest unused first")
    func evicts() {
        let table = HealthTable(limit: 4)
        let held = health(table, 1, now: 1)
        for number in 2...4 { health(table, number, now: UInt64(number)).begin() }
        // Used again: number 2 is now the youngest.
        #expect(health(table, 2, now: 5).inFlight == 1)
        _ = health(table, 5, now: 6)
        #expect(table.counts.targets == 4)
        #expect(health(table, 2, now: 7).inFlight == 1)
        #expect(health(table, 4, now: 7).inFlight == 1)
        #expect(health(table, 1, now: 7) === held)
        #expect(table.unsharedCount == 0)
        #expect(health(table, 3, now: 8).inFlight == 0)
    }

    @Test("what still knows of an outage is given up last")
    func evictsIgnorantFirst() {
        let table = HealthTable(limit: 4)
        health(table, 1, now: 1).quarantine(until: 1000, now: 1)
        for number in 2...4 { _ = health(table, number, now: UInt64(number)) }
        _ = health(table, 5, now: 5)
        #expect(health(table, 1, now: 6).availability(now: 6, policy: .never) == .quarantined(until: 1000))
    }

    @Test("when all are held, a new target gets one that is not shared, and the others stay")
    func unshared() {
        let table = HealthTable(limit: 3)
        let held = (0..<3).map { health(table, $0) }
        let extra = health(table, 3)
        #expect(health(table, 3) !== extra)
        #expect(table.unsharedCount == 2)
        #expect(table.counts.targets == 3)
        for (number, health) in held.enumerated() { #expect(self.health(table, number) === health) }
        #expect(table.budget(for: key(1), .retries, now: 0) === table.budget(for: key(1), .retries, now: 0))
    }

    @Test("a flood of 20,000 keys leaves 4,096, and those in use among them")
    func flood() {
        let table = HealthTable()
        let held = (0..<100).map { health(table, $0) }
        for number in 100..<20_000 {
            _ = health(table, number, now: UInt64(number))
            _ = table.budget(for: key(number), .retries, now: UInt64(number))
        }
        #expect(table.counts.targets <= HealthLimits.entryCount && table.counts.targets > HealthLimits.entryCount / 2)
        #expect(table.counts.budgets <= HealthLimits.entryCount)
        #expect(table.unsharedCount == 0)
        for (number, health) in held.enumerated() { #expect(self.health(table, number) === health) }
    }

    @Test("four threads that ask for the same keys get the same objects")
    func threads() throws {
        let table = HealthTable(limit: 64)
        let kept = Mutex<[[TargetHealth]]>([])
        try onThreads(4) { _ in
            let mine = (0..<64).map { health(table, $0) }
            kept.withLock { $0.append(mine) }
        }
        let all = kept.withLock { $0 }
        #expect(all.count == 4)
        for others in all { #expect(zip(all[0], others).allSatisfy { $0 === $1 }) }
    }

    @Test("a key is the first 16 bytes of a digest, each of which matters")
    func keys() throws {
        let digest = (0..<32).map { UInt8($0) }
        let key = try #require(digest.withByteSlice { HealthKey(digest: $0) })
        var seen: Set<HealthKey> = [key]
        for index in 0..<32 {
            var changed = digest
            changed[index] ^= 1
            let other = try #require(changed.withByteSlice { HealthKey(digest: $0) })
            #expect((other == key) == (index >= 16))
            seen.insert(other)
        }
        #expect(seen.count == 17)
        #expect(Array(digest.prefix(15)).withByteSlice { HealthKey(digest: $0) } == nil)
    }

    @Test("a snapshot tells each target's state and since when, by description")
    func snapshot() throws {
        let table = HealthTable()
        let now = seconds(100)
        let opened = table.health(for: key(1), description: "b", now: now)
        for _ in 0..<10 { opened.attempt(.failure, policy: .standard, now: now) }
        let parked = table.health(for: key(2), description: "a", now: now)
        parked.begin()
        parked.park(until: now + seconds(9), now: now - seconds(1))
        parked.noteQuota(QuotaReading(remainingTokens: 1, limitTokens: 4, resetAt: now + seconds(9)), now: now)
        let fresh = table.health(for: key(3), description: "c", now: now)
        for _ in 0..<20 { fresh.noteFirstToken(nanoseconds: milliseconds(512), now: now) }
        fresh.notePerOutputToken(nanoseconds: milliseconds(16), now: now)
        let refused = table.health(for: key(4), description: "d", now: now)
        refused.quarantine(until: now + seconds(60), now: now - seconds(2))

        let readings = table.snapshot(now: now)
        #expect(readings.map(\.description) == ["a", "b", "c", "d"])
        #expect(readings.map(\.availability) == [
            .parked(until: now + seconds(9)), .open(until: now + seconds(30)), .available, .quarantined(until: now + seconds(60)),
        ])
        #expect(readings.map(\.since) == [now - seconds(1), now, 0, now - seconds(2)])
        #expect(readings.map(\.inFlight) == [1, 0, 0, 0])
        #expect(readings.map(\.quotaShare) == [250, 1000, 1000, 1000])
        #expect(readings[1].counts == OutcomeCounts(failures: 10))
        #expect(readings[2].firstTokenNanoseconds == milliseconds(512))
        #expect(readings[2].outputTokenNanoseconds == milliseconds(16))
        #expect(readings[2].firstTokenQuantileNanoseconds == 5 << 27 - 5 << 24 || readings[2].firstTokenQuantileNanoseconds == 1 << 29)
        #expect(readings[0].firstTokenNanoseconds == nil && readings[0].firstTokenQuantileNanoseconds == nil)
    }
}
