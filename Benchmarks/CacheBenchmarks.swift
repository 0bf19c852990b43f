import Cache
import Glibc

/// What a cacheable request pays to find its answer, and what a worker pays for the cache's being there.
var cacheBenchmarks: [Benchmark] {
    let hot = HotTable()
    let full = FullCache()
    return [
        Benchmark(name: "cache/lookup in a million, as popular as Zipf 0.9", prepare: hot.fill) { count in hot.hits(count, of: .popular) },
        Benchmark(name: "cache/lookup in a million, each as likely", prepare: hot.fill) { count in hot.hits(count, of: .any) },
        Benchmark(name: "cache/lookup in a million, not there", prepare: hot.fill) { count in hot.hits(count, of: .absent) },
        Benchmark(name: "cache/lookup, the answer kept and let go", prepare: hot.fill) { count in hot.sumOfKept(count) },
        Benchmark(name: "cache/turn's end, nothing taken out", prepare: hot.fill) { count in hot.endTurns(count) },
        Benchmark(name: "cache/insert of 1 KiB into a full cache of 16 MiB, and turn's end", prepare: full.fill, run: full.insert),
    ]
}

/// A million answers, looked up in random order.
private final class HotTable {
    enum Draw {
        /// As users ask: the tenth of the answers that is asked for most has seven in ten of the lookups.
        case popular
        /// As nobody asks, but the worst there is: hardly any is in the processor's caches.
        case any
        case absent
    }

    private static let fullCount = 1_000_000
    /// What the tests make do with.
    private static let toyCount = 1000

    private var participant: CacheParticipant?
    private var entryCount = 0
    private var popular: [UInt32] = []
    /// Goes on from batch to batch: the same few thousand keys again would be in the processor's caches.
    private var state: UInt64 = 1
    private var position = 0

    func fill() { if entryCount < HotTable.fullCount { fill(HotTable.fullCount) } }

    private func fill(_ wanted: Int) {
        guard let cache = ResponseCache(byteCapacity: 1 << 30, participants: 2), let participant = cache.join(),
            let blob = CacheBlob(byteCount: 256, fill: { $0.update(repeating: 1, count: 256) })
        else { return }
        for number in 0..<UInt64(wanted) {
            participant.insert(blob, for: spread(number), tags: CacheTags(tenant: 0, namespace: 0, model: 0), storedAt: 0, expiresAt: .max, now: 0)
        }
        // As warm as they get: a hot entry's hits write nothing.
        for number in 0..<UInt64(wanted) { for _ in 0..<3 { _ = participant.lookup(spread(number), now: 1) } }
        self.participant = participant
        popular = HotTable.popular(of: wanted)
        entryCount = wanted
    }

    private func filled() -> CacheParticipant? {
        if participant == nil { fill(HotTable.toyCount) }
        return participant
    }

    func hits(_ count: Int, of draw: Draw) -> UInt64 {
        guard let participant = filled() else { return 0 }
        var found = 0
        for _ in 0..<count {
            position = (position + 1) & (popular.count - 1)
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let number =
                switch draw {
                case .popular: UInt64(popular[position])
                case .any: state.multipliedFullWidth(by: UInt64(entryCount)).high
                case .absent: UInt64(HotTable.fullCount) + state.multipliedFullWidth(by: UInt64(entryCount)).high
                }
            if participant.lookup(spread(number), now: 1) != nil { found += 1 }
        }
        // One in a thousand had to go for others of its buckets.
        let isRight = draw == .absent ? found == 0 : found >= count - count / 100
        return isRight ? UInt64(found) + 1 : 0
    }

    /// Ranks by the inverse of Zipf's distribution, taken as continuous: a power of two of them.
    private static func popular(of count: Int) -> [UInt32] {
        var state: UInt64 = 2
        let (total, exponent) = (pow(Double(count), 0.1), 10.0)
        return (0..<1 << 17).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let share = Double(state >> 11) / Double(1 << 53)
            return UInt32(min(pow(1 + share * (total - 1), exponent), Double(count)) - 1)
        }
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
