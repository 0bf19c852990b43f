import Synchronization

/// What a cache holds and what came of it, over all its participants.
public struct CacheStatistics: Sendable, Equatable {
    /// Upper edges of the ages that hits are counted by; older ones are in the last count.
    public static let ageEdgesSeconds: [UInt64] = [1, 10, 60, 600, 3600, 86_400]

    // Now. Read one after the other while others write: they need not agree to the last entry.
    public internal(set) var entryCount = 0
    /// Answers with what each takes besides; the table is not in it.
    public internal(set) var byteCount = 0
    public internal(set) var byteCapacity = 0
    /// Bytes taken out that somebody may still read.
    public internal(set) var limboByteCount = 0

    // Since the start.
    public internal(set) var hits: UInt64 = 0
    public internal(set) var misses: UInt64 = 0
    public internal(set) var insertions: UInt64 = 0
    /// Of the insertions, those that took the place of an answer to the same key.
    public internal(set) var replacements: UInt64 = 0
    /// Taken out to make room.
    public internal(set) var evictions: UInt64 = 0
    public internal(set) var expirations: UInt64 = 0
    public internal(set) var purges: UInt64 = 0
    /// Answers that were not stored: too large, or no room for them.
    public internal(set) var refusals: UInt64 = 0
    /// The sum of the ages at eviction, so that its quotient by `evictions` is their mean.
    public internal(set) var evictedAgeNanoseconds: UInt64 = 0
    /// Hits by the answer's age, one count more than there are edges.
    public internal(set) var hitAges: [UInt64] = []

    public init() {}
}

/// The counts of one participant.
struct CacheCounters: ~Copyable, Sendable {
    enum Counter: Int {
        case hits, misses, insertions, replacements, evictions, expirations, purges, refusals, evictedAge
        /// The first of seven.
        case hitAge
    }

    // Written by their participant alone, so that a load and a store are enough; read by whoever asks. Relaxed: each is a number
    // of its own.
    private let words = InlineArray<16, Atomic<UInt64>> { _ in Atomic(0) }

    subscript(_ counter: Counter) -> UInt64 { words[counter.rawValue].load(ordering: .relaxed) }

    func add(_ counter: Counter, _ amount: UInt64 = 1) { add(at: counter.rawValue, amount) }

    func countHit(age: UInt64) {
        add(.hits)
        add(at: Counter.hitAge.rawValue + CacheCounters.ageClass(age), 1)
    }

    private func add(at index: Int, _ amount: UInt64) {
        words[index].store(words[index].load(ordering: .relaxed) &+ amount, ordering: .relaxed)
    }

    /// Compares with `CacheStatistics.ageEdgesSeconds`, whose elements an array would check and count references for.
    private static func ageClass(_ nanoseconds: UInt64) -> Int {
        let seconds = nanoseconds / 1_000_000_000
        if seconds < 60 { return seconds < 1 ? 0 : seconds < 10 ? 1 : 2 }
        return seconds < 600 ? 3 : seconds < 3600 ? 4 : seconds < 86_400 ? 5 : 6
    }

    func add(to sum: inout CacheStatistics) {
        sum.hits &+= self[.hits]
        sum.misses &+= self[.misses]
        sum.insertions &+= self[.insertions]
        sum.replacements &+= self[.replacements]
        sum.evictions &+= self[.evictions]
        sum.expirations &+= self[.expirations]
        sum.purges &+= self[.purges]
        sum.refusals &+= self[.refusals]
        sum.evictedAgeNanoseconds &+= self[.evictedAge]
        for index in sum.hitAges.indices { sum.hitAges[index] &+= words[Counter.hitAge.rawValue + index].load(ordering: .relaxed) }
    }
}
