import Bytes

/// The names a resolver knows: a hash table of chains, bounded by forgetting.
struct ResolverNames {
    private var buckets: ContiguousArray<ResolverLookup?>
    private(set) var count = 0

    init() {
        // A quarter of the bound, so that a full table has chains of four.
        buckets = ContiguousArray(repeating: nil, count: ResolverLimits.cachedNames / 4)
    }

    /// The entry of `name`, made if there is none.
    mutating func lookup(for name: ByteSlice, at now: Instant) -> ResolverLookup {
        let hash = ResolverNames.hash(name)
        var entry = buckets[bucket(hash)]
        while let current = entry {
            if current.hash == hash, current.isNamed(name) { return current }
            entry = current.next
        }
        if count >= ResolverLimits.cachedNames { makeRoom(at: now) }
        let made = ResolverLookup(name, hash: hash)
        made.next = buckets[bucket(hash)]
        buckets[bucket(hash)] = made
        count += 1
        return made
    }

    private func bucket(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash % UInt64(buckets.count)) }

    /// Forgets what has expired, and when that is not enough everything nobody waits for: names are
    /// cheap to ask again, and a table this full of live ones is being filled on purpose.
    private mutating func makeRoom(at now: Instant) {
        forget { !$0.isAsking && !$0.isFresh(at: now) }
        if count > ResolverLimits.cachedNames / 2 { forget { !$0.isAsking } }
    }

    private mutating func forget(_ isForgettable: (ResolverLookup) -> Bool) {
        for index in buckets.indices {
            var kept: ResolverLookup?
            var entry = buckets[index]
            while let current = entry {
                entry = current.next
                if isForgettable(current) {
                    current.next = nil
                    count -= 1
                } else {
                    current.next = kept
                    kept = current
                }
            }
            buckets[index] = kept
        }
    }

    /// FNV-1a over the folded name. A chosen collision costs a chain of at most `cachedNames` entries.
    private static func hash(_ name: ByteSlice) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for index in 0..<name.count { hash = (hash ^ UInt64(ASCII.lowercased(name[index]))) &* 0x100_0000_01B3 }
        return hash
    }
}
