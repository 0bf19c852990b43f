import Cache

/// What a cacheable request pays to find its answer, and what a worker pays for the cache's being there.
var cacheBenchmarks: [Benchmark] {
    let hot = HotTable()
    let full = FullCache()
    return [
        Benchmark(name: "cache/lookup of one in a million, found", prepare: hot.fill) { count in hot.sumOfHits(count, isStored: true) },
        Benchmark(name: "cache/lookup of one in a million, not there", prepare: hot.fill) { count in hot.sumOfHits(count, isStored: false) },
        Benchmark(name: "cache/lookup, the answer kept and let go", prepare: hot.fill) { count in hot.sumOfKept(count) },
        Benchmark(name: "cache/turn's end, nothing taken out", prepare: hot.fill) { count in hot.endTurns(count) },
        Benchmark(name: "cache/insert of 1 KiB into a full cache of 16 MiB, and turn's end", prepare: full.fill, run: full.insert),
    ]
}

/// A million answers, looked up in random order: hardly any is in the processor's caches.
private final class HotTable {
    private static let fullCount = 1_000_000
    /// What the tests make do with.
    private static let toyCount = 1000

    private var participant: CacheParticipant?
    private var entryCount = 0

    func fill() { if entryCount < HotTable.fullCount { fill(HotTable.fullCount) } }

    private func fill(_ wanted: Int) {
        guard let cache = ResponseCache(byteCapacity: 1 << 30, participants: 2), let participant = cache.join(),
            let blob = CacheBlob(byteCount: 256, fill: { $0.update(repeating: 1, count: 256) })
        else { return }
        for number in 0..<UInt64(wanted) {
            participant.insert(blob, for: spread(number), tags: CacheTags(tenant: 0, namespace: 0, model: 0), storedAt: 0, expiresAt: .max, now: 0)
        }
        self.participant = participant
        entryCount = wanted
    }

    private func filled() -> CacheParticipant? {
        if participant == nil { fill(HotTable.toyCount) }
        return participant
    }

    func sumOfHits(_ count: Int, isStored: Bool) -> UInt64 {
        guard let participant = filled() else { return 0 }
        var (found, state): (Int, UInt64) = (0, 1)
        let offset = isStored ? 0 : UInt64(HotTable.fullCount)
        for _ in 0..<count {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let number = offset + state.multipliedFullWidth(by: UInt64(entryCount)).high
            if participant.lookup(spread(number), now: 1) != nil { found += 1 }
        }
        // One in a thousand had to go for others of its buckets.
        let isRight = isStored ? found >= count - count / 100 : found == 0
        return isRight ? UInt64(found) + 1 : 0
    }

    func sumOfKept(_ count: Int) -> UInt64 {
        guard let participant = filled() else { return 0 }
        var sum: UInt64 = 0
        for _ in 0..<count {
            guard let blob = participant.lookup(spread(7), now: 1)?.blob else { return 0 }
            sum &+= UInt64(blob.bytes[0])
        }
        return sum
    }

    func endTurns(_ count: Int) -> UInt64 {
        guard let participant = filled() else { return 0 }
        for _ in 0..<count { participant.quiesce() }
        return UInt64(count)
    }
}

/// A cache in which every insertion evicts.
private final class FullCache {
    private var participant: CacheParticipant?
    private var number: UInt64 = 0

    func fill() { _ = insert(1 << 15) }

    func insert(_ count: Int) -> UInt64 {
        if participant == nil { participant = ResponseCache(byteCapacity: 16 << 20, participants: 1)?.join() }
        guard let participant else { return 0 }
        var stored: UInt64 = 0
        for _ in 0..<count {
            guard let blob = CacheBlob(byteCount: 1024, fill: { $0.update(repeating: 1, count: 1024) }) else { return 0 }
            number += 1
            let insertion = participant.insert(
                blob, for: spread(number), tags: CacheTags(tenant: 0, namespace: 0, model: 0), storedAt: 0, expiresAt: .max, now: 1)
            if insertion == .stored { stored += 1 }
            participant.quiesce()
        }
        return stored
    }
}

/// A number's key, as uniform as a keyed hash.
private func spread(_ number: UInt64) -> CacheKey {
    func mix(_ word: UInt64) -> UInt64 {
        let folded = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        let again = (folded ^ folded >> 27) &* 0x94D0_49BB_1331_11EB
        return again ^ again >> 31
    }
    return CacheKey(low: mix(2 &* number &+ 1), high: mix(2 &* number &+ 2))
}
