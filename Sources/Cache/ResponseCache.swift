import Synchronization

/// Answers by the key of their request, for all workers, bounded in bytes, without a lock.
///
/// A table of buckets (`CacheTable`) whose slots are words: compare-exchange puts an entry in, replaces it or takes it out, a load finds
/// it. Entries never move. To make room a hand goes round the buckets, as in CLOCK: it cools what has been hit since it last came
/// by and takes out what is cold. What is taken out is freed when nobody can hold it any more (`Reclamation`).
///
/// The answers it holds with all they take besides never pass `byteCapacity` less the table. What has been taken out and may still be
/// read comes on top, up to a sixteenth, and so do blobs that a slow writer keeps.
public final class ResponseCache: Sendable {
    public let byteCapacity: Int
    /// Longer answers are refused.
    public let largestBlobByteCount: Int

    let table: CacheTable
    let entries: CacheEntryPool
    /// What the capacity leaves for entries.
    let entryCapacity: Int
    let limboCapacity: Int
    let reclamation: Reclamation
    let orphans = LimboOrphans()

    // Bytes of all entries, and of those that are about to be published. Written by whoever stores or takes out, read by whoever
    // makes room. Relaxed: it bounds a sum and publishes nothing.
    let byteCount = LoneWord()
    // Entries in the table; as above.
    let entryCount = LoneWord()
    // Bytes in all limbos; as above.
    let limboByteCount = LoneWord()
    // Where the hand is, counted on through its rounds. Relaxed: each evictor gets a bucket of its own, that is all.
    let hand = LoneWord()
    // Where the search for expired entries is; as above.
    let expiryHand = LoneWord()

    /// - Parameters:
    ///   - byteCapacity: for answers, what they take besides, and the table; raised to `CacheLimits.smallestByteCapacity`.
    ///   - participants: threads that may have joined at a time.
    /// - Returns: nil when there is no memory for the table.
    public convenience init?(byteCapacity: Int = CacheLimits.defaultByteCapacity, participants: Int) {
        self.init(capacity: max(byteCapacity, CacheLimits.smallestByteCapacity), participants: participants)
    }

    /// Any capacity that holds one answer, for tests.
    init?(capacity: Int, participants: Int) {
        let slotCount = max(1, capacity / CacheLimits.slotByteCount)
        guard let table = CacheTable(bucketCount: (slotCount + CacheLimits.slotsPerBucket - 1) / CacheLimits.slotsPerBucket) else { return nil }
        let limboCapacity = capacity / CacheLimits.limboShare
        let inLimbo = limboCapacity / CacheLimits.entryOverheadByteCount + (max(1, participants) + 1) * CacheLimits.limboLinkEntryCount
        guard let entries = CacheEntryPool(capacity: table.bucketCount * CacheLimits.slotsPerBucket + inLimbo) else {
            table.free()
            return nil
        }
        self.table = table
        self.entries = entries
        self.limboCapacity = limboCapacity
        byteCapacity = capacity
        entryCapacity = max(0, capacity - table.byteCount)
        largestBlobByteCount = max(0, capacity / CacheLimits.largestShare - CacheLimits.entryOverheadByteCount)
        reclamation = Reclamation(memberCount: participants)
    }

    deinit {
        // Participants hold the cache: all have left, so nobody reads.
        for index in 0..<table.bucketCount {
            for slot in 0..<CacheLimits.slotsPerBucket {
                if let entry = table[index].pointee.slots[slot].load(ordering: .acquiring).entry { entries.free(entry) }
            }
        }
        Limbo.freeAll(orphans.takeAll(), to: entries)
        table.free()
    }

    /// A way in for one thread; nil when as many are in use as were announced.
    public func join() -> CacheParticipant? {
        for member in reclamation.members
        where member.isTaken.compareExchange(expected: false, desired: true, ordering: .acquiringAndReleasing).exchanged {
            return CacheParticipant(self, member)
        }
        return nil
    }

    /// What it holds now and what came of it; for any thread.
    public func statistics() -> CacheStatistics {
        var sum = CacheStatistics()
        sum.hitAges = Array(repeating: 0, count: CacheStatistics.ageEdgesSeconds.count + 1)
        for member in reclamation.members { member.counters.add(to: &sum) }
        sum.entryCount = Int(truncatingIfNeeded: entryCount.value.load(ordering: .relaxed))
        sum.byteCount = Int(truncatingIfNeeded: byteCount.value.load(ordering: .relaxed))
        sum.limboByteCount = Int(truncatingIfNeeded: limboByteCount.value.load(ordering: .relaxed))
        sum.byteCapacity = byteCapacity
        return sum
    }
}
