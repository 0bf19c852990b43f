import Glibc

/// An answer with what it is found, judged and purged by. It fills one cache line, and does not change once it is in the table.
struct CacheEntry {
    let key: CacheKey
    let storedAt: UInt64
    let expiresAt: UInt64
    let tags: CacheTags
    /// Holds one reference.
    let blob: Unmanaged<CacheBlob>

    /// In memory of its own, aligned to a cache line; nil when there is none, or none whose address fits a slot.
    static func make(
        _ blob: CacheBlob, key: CacheKey, tags: CacheTags, storedAt: UInt64, expiresAt: UInt64
    ) -> UnsafeMutablePointer<CacheEntry>? {
        var memory: UnsafeMutableRawPointer?
        guard posix_memalign(&memory, 64, MemoryLayout<CacheEntry>.size) == 0, let memory else { return nil }
        guard SlotWord.canHold(memory) else {
            Glibc.free(memory)
            return nil
        }
        let entry = memory.bindMemory(to: CacheEntry.self, capacity: 1)
        entry.initialize(
            to: CacheEntry(key: key, storedAt: storedAt, expiresAt: expiresAt, tags: tags, blob: Unmanaged.passRetained(blob)))
        return entry
    }

    /// Gives up the blob and the memory.
    static func free(_ entry: UnsafeMutablePointer<CacheEntry>) {
        entry.pointee.blob.release()
        Glibc.free(entry)
    }

    var footprint: Int { blob._withUnsafeGuaranteedRef { $0.footprint } }
}
