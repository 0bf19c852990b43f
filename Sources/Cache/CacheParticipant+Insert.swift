extension CacheParticipant {
    /// Publishes `blob` for `key`, in place of what was there, and takes out others to make room. Lock-free; for an answer's end, not for
    /// every request: it allocates an entry, and may look at many.
    /// - Parameters:
    ///   - storedAt: when the answer was made, and `expiresAt`: from when it is not found any more.
    ///   - now: of the same clock.
    @discardableResult
    public func insert(
        _ blob: CacheBlob, for key: CacheKey, tags: CacheTags, storedAt: UInt64, expiresAt: UInt64, now: UInt64
    ) -> CacheInsertion {
        guard expiresAt > now else { return .expired }
        guard blob.bytes.count <= cache.largestBlobByteCount else {
            member.counters.add(.refusals)
            return .tooLarge
        }
        // Also where there is room: what it replaces goes to limbo too. Others may have ended their turns since this one's began.
        if !isLimboOpen { reclaim() }
        guard isLimboOpen else {
            member.counters.add(.refusals)
            return .noRoom
        }
        let byteCount = UInt64(blob.footprint)
        // Charged before it is published: what is in the table never passes the capacity.
        cache.byteCount.value.wrappingAdd(byteCount, ordering: .relaxed)
        guard makeRoom(now), let entry = makeEntry(blob, key, tags, storedAt, expiresAt) else {
            cache.byteCount.value.wrappingSubtract(byteCount, ordering: .relaxed)
            member.counters.add(.refusals)
            return .noRoom
        }
        cache.entryCount.value.wrappingAdd(1, ordering: .relaxed)
        publish(entry, key, now)
        member.counters.add(.insertions)
        return .stored
    }

    private func makeEntry(
        _ blob: CacheBlob, _ key: CacheKey, _ tags: CacheTags, _ storedAt: UInt64, _ expiresAt: UInt64
    ) -> UnsafeMutablePointer<CacheEntry>? {
        let entry = CacheEntry(blob, key: key, tags: tags, storedAt: storedAt, expiresAt: expiresAt)
        guard let place = cache.entries.make(entry) else {
            entry.blob.release()
            return nil
        }
        return place
    }

    /// Brings the bytes charged down to the capacity; false when it does not get there.
    private func makeRoom(_ now: UInt64) -> Bool {
        // Enough rounds of the hand to cool and take out all there is; more are needed only when others store as fast.
        var bucketsLeft = cache.table.bucketCount * (Int(CacheLimits.mostHeat) + 2)
        while true {
            if cache.byteCount.value.load(ordering: .relaxed) <= UInt64(cache.entryCapacity) { return true }
            guard bucketsLeft > 0, isLimboOpen else { return false }
            bucketsLeft -= 1
            moveHand(now)
        }
    }

    private var isLimboOpen: Bool { cache.limboByteCount.value.load(ordering: .relaxed) <= UInt64(cache.limboCapacity) }

    /// Cools what is warm in the hand's next bucket, takes out what is cold.
    private func moveHand(_ now: UInt64) {
        let step = cache.hand.value.wrappingAdd(1, ordering: .relaxed).oldValue
        let bucket = cache.table[Int(step % UInt64(cache.table.bucketCount))]
        for slot in 0..<CacheLimits.slotsPerBucket {
            let word = bucket.pointee.slots[slot].load(ordering: .acquiring)
            guard word != .empty else { continue }
            let heat = bucket.pointee.heats[slot].load(ordering: .relaxed)
            if heat > 0 {
                bucket.pointee.heats[slot].store(heat - 1, ordering: .relaxed)
            } else if take(word, from: slot, of: bucket) {
                countEviction(word, now)
            }
        }
    }

    private func countEviction(_ word: SlotWord, _ now: UInt64) {
        member.counters.add(.evictions)
        // Still this participant's to read: it is in its limbo.
        guard let storedAt = word.entry?.pointee.storedAt, storedAt < now else { return }
        member.counters.add(.evictedAge, now - storedAt)
    }

    // MARK: Publishing

    /// Puts the entry into one of its slots. Each failed exchange is another participant's success.
    private func publish(_ entry: UnsafeMutablePointer<CacheEntry>, _ key: CacheKey, _ now: UInt64) {
        let place = cache.table.place(of: key)
        let word = SlotWord(entry, tag: place.tag)
        while true {
            if let slot = slot(of: key, in: place) {
                let old = place.word(slot)
                guard isEntry(old, of: key), place.exchange(slot, old, word) else { continue }
                retire(old)
                member.counters.add(.replacements)
                return
            }
            if let slot = emptySlot(in: place) {
                guard place.exchange(slot, .empty, word) else { continue }
                place.setHeat(slot, 0)
                dropDoubles(of: key, in: place)
                return
            }
            let slot = coldestSlot(in: place, from: Int(truncatingIfNeeded: key.low & 7))
            let old = place.word(slot)
            guard place.exchange(slot, old, word) else { continue }
            place.setHeat(slot, 0)
            if old != .empty {
                retire(old)
                countEviction(old, now)
            }
            dropDoubles(of: key, in: place)
            return
        }
    }

    private func isEntry(_ word: SlotWord, of key: CacheKey) -> Bool { word.entry?.pointee.key == key }

    private func slot(of key: CacheKey, in place: CachePlace, after start: Int = -1) -> Int? {
        for slot in (start + 1)..<place.slotCount {
            let word = place.word(slot)
            if word.tag == place.tag, isEntry(word, of: key) { return slot }
        }
        return nil
    }

    private func emptySlot(in place: CachePlace) -> Int? {
        for slot in 0..<place.slotCount where place.word(slot) == .empty { return slot }
        return nil
    }

    /// The least warm of all, the first such one from `start` on; all are cooled until it is cold, as if the hand had come by.
    private func coldestSlot(in place: CachePlace, from start: Int) -> Int {
        var coldest = start % place.slotCount
        for offset in 1..<place.slotCount {
            let slot = (start + offset) % place.slotCount
            if place.heat(slot) < place.heat(coldest) { coldest = slot }
        }
        let cooling = place.heat(coldest)
        guard cooling > 0 else { return coldest }
        for slot in 0..<place.slotCount {
            let heat = place.heat(slot)
            place.setHeat(slot, heat > cooling ? heat - cooling : 0)
        }
        return coldest
    }

    /// Two that store one key at once may each have found an empty slot. All agree which of two stays: the one that lookups find
    /// first. Whoever sees both takes the other out, and the later of the two to be published is seen by the one that published it.
    private func dropDoubles(of key: CacheKey, in place: CachePlace) {
        guard let first = slot(of: key, in: place) else { return }
        var last = first
        while let double = slot(of: key, in: place, after: last) {
            last = double
            let word = place.word(double)
            guard isEntry(word, of: key), place.exchange(double, word, .empty) else { continue }
            retire(word)
            member.counters.add(.replacements)
        }
    }
}
