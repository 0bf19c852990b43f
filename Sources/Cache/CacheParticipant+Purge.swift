extension CacheParticipant {
    /// Drops every entry that `selection` matches and that was stored before the call. Looks at the whole table, milliseconds for a
    /// hundred thousand entries: for operators.
    public func purge(_ selection: CacheSelection) -> CachePurge {
        var purge = CachePurge()
        for index in 0..<cache.table.bucketCount {
            let bucket = cache.table[index]
            for slot in 0..<CacheLimits.slotsPerBucket {
                let word = bucket.pointee.slots[slot].load(ordering: .acquiring)
                guard let entry = word.entry, selection.matches(entry.pointee.tags), take(word, from: slot, of: bucket) else { continue }
                // Still this participant's to read: it is in its limbo.
                purge.entryCount += 1
                purge.byteCount += entry.pointee.footprint
                member.counters.add(.purges)
            }
        }
        return purge
    }

    /// Drops what is stored for `key`; whether there was anything.
    @discardableResult
    public func remove(_ key: CacheKey) -> Bool { remove(key, counting: .purges) }

    /// Drops what is stored for `key` and is out of date.
    public func discard(_ key: CacheKey) { _ = remove(key, counting: .replacements) }

    private func remove(_ key: CacheKey, counting counter: CacheCounters.Counter) -> Bool {
        let place = cache.table.place(of: key)
        var isFound = false
        for slot in 0..<place.slotCount {
            let word = place.word(slot)
            guard word.tag == place.tag, let entry = word.entry, entry.pointee.key == key else { continue }
            guard take(word, from: CachePlace.index(of: slot), of: place.bucket(of: slot)) else { continue }
            member.counters.add(counter)
            isFound = true
        }
        return isFound
    }

    /// Drops what has expired, in the next part of the table. Called once a second, by one participant or by all, it sees to it
    /// that answers nobody asks for any more do not stay until room is needed.
    public func sweepExpired(now: UInt64) {
        let count = (cache.table.bucketCount + CacheLimits.sweepShare - 1) / CacheLimits.sweepShare
        let start = cache.expiryHand.value.wrappingAdd(UInt64(count), ordering: .relaxed).oldValue
        for step in 0..<count {
            let bucket = cache.table[Int((start &+ UInt64(step)) % UInt64(cache.table.bucketCount))]
            for slot in 0..<CacheLimits.slotsPerBucket {
                let word = bucket.pointee.slots[slot].load(ordering: .acquiring)
                guard let entry = word.entry, entry.pointee.expiresAt <= now, take(word, from: slot, of: bucket) else { continue }
                member.counters.add(.expirations)
            }
        }
    }
}
