/// An answer with what it is found, judged and purged by. It fills one cache line, and does not change once it is in the table.
struct CacheEntry {
    let key: CacheKey
    let storedAt: UInt64
    let expiresAt: UInt64
    let tags: CacheTags
    /// Holds one reference.
    let blob: Unmanaged<CacheBlob>

    init(_ blob: CacheBlob, key: CacheKey, tags: CacheTags, storedAt: UInt64, expiresAt: UInt64) {
        self.key = key
        self.storedAt = storedAt
        self.expiresAt = expiresAt
        self.tags = tags
        self.blob = Unmanaged.passRetained(blob)
    }

    var footprint: Int { blob._withUnsafeGuaranteedRef { $0.footprint } }
}
