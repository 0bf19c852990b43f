import Bytes
import CLinux

/// The names a resolver knows: a hash table of chains, bounded by forgetting.
struct ResolverNames {
    private var buckets: ContiguousArray<ResolverLookup?>
    private let hash: ByteHash
    private(set) var count = 0

    init() {
        // A quarter of the bound, so that a full table has chains of four.
        buckets = ContiguousArray(repeating: nil, count: ResolverLimits.cachedNames / 4)
        // Names come from requests too; the seed keeps their authors from choosing the chain. Without
        // random bytes it stays zero: longer chains, and the same answers.
        var seed: UInt64 = 0
        _ = linux_random(&seed, MemoryLayout<UInt64>.size)
        hash = ByteHash(seed: seed)
    }

    /// The entry of `name`, made if there is none. The name is a valid one, of 254 bytes at most.
    mutating func lookup(for name: ByteSlice, at now: Instant) -> ResolverLookup {
        precondition(name.count <= 254, "a valid host name has 253 bytes and a dot")
        var folded = InlineArray<254, UInt8>(repeating: 0)
        for index in 0..<name.count { folded[index] = ASCII.lowercased(name[index]) }
        return withUnsafeBytes(of: &folded) { bytes in
            guard let base = bytes.bindMemory(to: UInt8.self).baseAddress else { preconditionFailure("it has 254 bytes") }
            return lookup(folded: ByteSlice(base, count: name.count), at: now)
        }
    }

    private mutating func lookup(folded name: ByteSlice, at now: Instant) -> ResolverLookup {
        let hash = hash.hash(name)
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
}
