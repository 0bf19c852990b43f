import Cache
import Glibc

/// What a cacheable request pays to find its answer, and what a worker pays for the cache's being there.
var cacheBenchmarks: [Benchmark] {
    let hot = HotTable()
    let full = FullCache()
    let bare = BareMemory()
    let popularLoads = "cache/two loads, each after the one before, as popular as Zipf 0.9"
    let anyLoads = "cache/two loads, each after the one before, each as likely"
    return [
        // What the memory alone costs: a bucket and an entry, the second known by the first.
        Benchmark(name: popularLoads, prepare: bare.fill) { count in bare.loads(count, of: .popular) },
        Benchmark(name: anyLoads, prepare: bare.fill) { count in bare.loads(count, of: .any) },
        Benchmark(name: "cache/lookup in a million, as popular as Zipf 0.9", comparedTo: popularLoads, prepare: hot.fill) { count in
            hot.hits(count, of: .popular)
        },
        Benchmark(name: "cache/lookup in a million, as popular as Zipf 0.9, each after the one before", comparedTo: popularLoads, prepare: hot.fill) { count in
            hot.hits(count, of: .popular, oneByOne: true)
        },
        Benchmark(name: "cache/lookup in a million, each as likely", comparedTo: anyLoads, prepare: hot.fill) { count in hot.hits(count, of: .any) },
        Benchmark(name: "cache/lookup in a million, not there", prepare: hot.fill) { count in hot.hits(count, of: .absent) },
        Benchmark(name: "cache/lookup, the answer kept and let go", prepare: hot.fill) { count in hot.sumOfKept(count) },
        Benchmark(name: "cache/turn's end, nothing taken out", prepare: hot.fill) { count in hot.endTurns(count) },
        Benchmark(name: "cache/insert of 1 KiB into a full cache of 16 MiB, and turn's end", prepare: full.fill, run: full.insert),
    ]
}

/// Numbers of answers, in the order they are asked for.
private struct Draws {
    enum Kind {
        /// As users ask: the tenth of the answers that is asked for most has seven in ten of the lookups.
        case popular
        /// As nobody asks, but the worst there is: hardly any is in the processor's caches.
        case any
        case absent
    }

    let entryCount: Int
    private let popular: [UInt32]
    /// Goes on from batch to batch: the same few thousand keys again would be in the processor's caches.
    private var state: UInt64 = 1
    private var position = 0

    init(of entryCount: Int) {
        self.entryCount = entryCount
        popular = Draws.popular(of: entryCount)
    }

    @inline(__always)
    mutating func next(_ kind: Kind) -> UInt64 {
        position = (position + 1) & (popular.count - 1)
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        switch kind {
        case .popular: return UInt64(popular[position])
        case .any: return state.multipliedFullWidth(by: UInt64(entryCount)).high
        case .absent: return UInt64(HotTable.fullCount) + state.multipliedFullWidth(by: UInt64(entryCount)).high
        }
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
}

/// As much memory as a million answers are found in, in pages of 2 MiB: what a lookup cannot do without.
private final class BareMemory {
    /// A line for each bucket of a table of 1 GiB, and one for each entry.
    private static let lineCounts = (first: 299_594, second: HotTable.fullCount)
    private static let pageByteCount = 2 << 20

    private var lines: UnsafeMutablePointer<UInt64>?
    private var draws = Draws(of: HotTable.toyCount)

    func fill() {
        if draws.entryCount < HotTable.fullCount { draws = Draws(of: HotTable.fullCount) }
        _ = written()
    }

    private func written() -> UnsafeMutablePointer<UInt64>? {
        if let lines { return lines }
        let byteCount = (BareMemory.lineCounts.first + BareMemory.lineCounts.second) * 64
        guard let mapping = mmap(nil, byteCount + BareMemory.pageByteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), mapping != MAP_FAILED
        else { return nil }
        let base = mapping.alignedUp(toMultipleOf: BareMemory.pageByteCount)
        _ = madvise(base, byteCount, MADV_HUGEPAGE)
        // Written, or all of it would be one page of zeros.
        memset(base, 0, byteCount)
        lines = base.bindMemory(to: UInt64.self, capacity: byteCount / 8)
        return lines
    }

    func loads(_ count: Int, of kind: Draws.Kind) -> UInt64 {
        guard let first = written() else { return 0 }
        let second = first + 8 * BareMemory.lineCounts.first
        // Always 0, which only the memory knows: the next address is not known before the load is done.
        var loaded: UInt64 = 0
        for _ in 0..<count {
            let number = draws.next(kind)
            let line = spread(number &+ loaded).low.multipliedFullWidth(by: UInt64(BareMemory.lineCounts.first)).high
            loaded = first[8 * Int(line)]
            loaded = second[8 * Int((number &+ loaded) % UInt64(BareMemory.lineCounts.second))]
        }
        return loaded + 1
    }
}

/// A million answers, looked up in random order.
private final class HotTable {
    static let fullCount = 1_000_000
    /// What the tests make do with.
    static let toyCount = 1000

    private var participant: CacheParticipant?
    private var draws = Draws(of: HotTable.toyCount)
    private var entryCount = 0

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
        draws = Draws(of: wanted)
        entryCount = wanted
    }

    private func filled() -> CacheParticipant? {
        if participant == nil { fill(HotTable.toyCount) }
        return participant
    }

    /// - Parameter oneByOne: which is looked for is known only when the one before has been found.
    func hits(_ count: Int, of kind: Draws.Kind, oneByOne: Bool = false) -> UInt64 {
        guard let participant = filled() else { return 0 }
        var found = 0
        // Always 0, which only the entry knows.
        var storedAt: UInt64 = 0
        for _ in 0..<count {
            let hit = participant.lookup(spread(draws.next(kind) &+ storedAt), now: 1)
            if let hit {
                found += 1
                if oneByOne { storedAt = hit.storedAt }
            }
        }
        // One in a thousand had to go for others of its buckets.
        let isRight = kind == .absent ? found == 0 : found >= count - count / 100
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
