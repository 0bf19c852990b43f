import CLinux

/// One thread's way into a cache, for that thread alone; leaves the cache with its last reference.
///
/// Between two turns of its loop the thread says that it holds no hit any more (`quiesce`), or that it may sleep, or will have no use for the
/// cache for a while (`park`).
public final class CacheParticipant {
    let cache: ResponseCache
    let member: CacheMember
    let limbo = Limbo()
    /// The epoch this participant has announced; parked while it looks for nothing.
    private var announced: UInt64

    init(_ cache: ResponseCache, _ member: CacheMember) {
        self.cache = cache
        self.member = member
        announced = cache.reclamation.unpark(member)
    }

    deinit {
        if !isParked { park() }
        member.isTaken.store(false, ordering: .releasing)
    }

    // MARK: Turns

    /// Whether no hit is held, and none may be looked for.
    public var isParked: Bool { announced == CacheMember.parked }

    /// Whether others have left, when they were parked, what one that is awake has to free.
    public var isNeeded: Bool { !cache.orphans.isEmpty }

    /// Says that no hit is held any more. Once a turn; some nanoseconds when nothing was taken out.
    public func quiesce() {
        precondition(!isParked, "a parked participant is quiet already")
        limbo.seal(cache.reclamation)
        let present = cache.reclamation.present
        if present != announced {
            member.seen.value.store(present, ordering: .releasing)
            announced = present
        }
        reclaim()
    }

    /// Says that no hit is held, and none will be looked for until `unpark`: before the thread may sleep, and for as long as it has no use for the cache.
    public func park() {
        precondition(!isParked, "a participant parks once")
        announced = CacheMember.parked
        limbo.seal(cache.reclamation)
        cache.reclamation.park(member)
        reclaim()
        // It may sleep for hours: what others still hold is freed by one that is awake.
        limbo.leave(to: cache.orphans)
    }

    /// Ends `park`.
    public func unpark() {
        precondition(isParked, "a participant that is not parked cannot be unparked")
        announced = cache.reclamation.unpark(member)
    }

    /// Frees a turn's share of what nobody can hold any more: its own, and what sleepers have left.
    func reclaim() {
        limbo.adopt(from: cache.orphans)
        guard !limbo.isEmpty else { return }
        let byteCount = limbo.free(upTo: cache.reclamation.leastSeen(), links: CacheLimits.freedLinksPerTurn, to: cache.entries)
        guard byteCount > 0 else { return }
        cache.limboByteCount.value.wrappingSubtract(UInt64(byteCount), ordering: .relaxed)
    }

    // MARK: Lookup

    /// The answer stored for `key`, unless it expired by `now`. Takes no lock, allocates nothing, counts no reference.
    /// - Parameter now: nanoseconds, of the clock that `storedAt` and `expiresAt` are of.
    public func lookup(_ key: CacheKey, now: UInt64) -> CacheHit? {
        precondition(!isParked, "a parked participant looks for nothing")
        let place = cache.table.place(of: key)
        // Almost every second entry is in the second bucket: that is on its way while the first is looked into.
        linux_prefetch(place.second)
        guard let found = find(key, in: place.first, tag: place.tag) ?? find(key, in: place.second, tag: place.tag) else {
            member.counters.add(.misses)
            return nil
        }
        guard now < found.entry.pointee.expiresAt else {
            if take(found.word, from: found.slot, of: found.bucket) { member.counters.add(.expirations) }
            member.counters.add(.misses)
            return nil
        }
        found.bucket.pointee.warm(found.slot)
        let storedAt = found.entry.pointee.storedAt
        member.counters.countHit(age: now > storedAt ? now - storedAt : 0)
        return CacheHit(entry: UnsafePointer(found.entry))
    }

    struct Found {
        let entry: UnsafeMutablePointer<CacheEntry>
        let word: SlotWord
        let bucket: UnsafeMutablePointer<CacheBucket>
        let slot: Int
    }

    @inline(__always)
    private func find(_ key: CacheKey, in bucket: UnsafeMutablePointer<CacheBucket>, tag: UInt64) -> Found? {
        for slot in 0..<CacheLimits.slotsPerBucket {
            let word = bucket.pointee.slots[slot].load(ordering: .acquiring)
            if word.tag == tag, let entry = word.entry, entry.pointee.key == key {
                return Found(entry: entry, word: word, bucket: bucket, slot: slot)
            }
        }
        return nil
    }

    // MARK: Taking out

    /// Takes an entry out of the table, if it is still there.
    func take(_ word: SlotWord, from slot: Int, of bucket: UnsafeMutablePointer<CacheBucket>) -> Bool {
        guard bucket.pointee.slots[slot].compareExchange(expected: word, desired: .empty, ordering: .acquiringAndReleasing).exchanged else {
            return false
        }
        retire(word)
        return true
    }

    /// Counts out what this participant has taken out or replaced, and keeps it until nobody can hold it.
    func retire(_ word: SlotWord) {
        guard let entry = word.entry else { return }
        let byteCount = UInt64(entry.pointee.footprint)
        cache.limboByteCount.value.wrappingAdd(byteCount, ordering: .relaxed)
        cache.byteCount.value.wrappingSubtract(byteCount, ordering: .relaxed)
        cache.entryCount.value.wrappingSubtract(1, ordering: .relaxed)
        limbo.add(entry, cache.reclamation)
    }
}
