public import Bytes

/// An answer that was found, borrowed: valid until the participant that found it next calls `quiesce` or `park`, or ends.
///
/// Who needs it longer takes the blob.
public struct CacheHit {
    let entry: UnsafePointer<CacheEntry>

    public var bytes: ByteSlice { entry.pointee.blob._withUnsafeGuaranteedRef { $0.bytes } }
    public var storedAt: UInt64 { entry.pointee.storedAt }
    public var expiresAt: UInt64 { entry.pointee.expiresAt }
    public var tags: CacheTags { entry.pointee.tags }

    /// The answer with a reference of its own, which may be kept as long as is wanted.
    public var blob: CacheBlob { entry.pointee.blob.takeUnretainedValue() }
}

/// What came of storing an answer.
public enum CacheInsertion: Sendable, Equatable {
    case stored
    /// More than the cache's `largestBlobByteCount`.
    case tooLarge
    /// It expires no later than now.
    case expired
    /// Too much of what was evicted may still be read, as when a worker has not ended its turn for long; or there is no memory.
    case noRoom
}

/// What a purge dropped.
public struct CachePurge: Sendable, Equatable {
    public internal(set) var entryCount = 0
    public internal(set) var byteCount = 0

    public init() {}
}
