public import Bytes
import Glibc

/// Immutable bytes, shared by reference: an answer, or a piece of one.
///
/// A slow writer keeps it as long as it needs; what the cache does with its own reference meanwhile changes nothing.
// Unchecked: the bytes are written before the initializer returns, and by nobody afterwards.
public final class CacheBlob: @unchecked Sendable {
    /// At one address while the object lives.
    public let bytes: ByteSlice

    /// Bytes that `fill` writes, all of them; nil when there is no memory.
    public init?(byteCount: Int, fill: (UnsafeMutablePointer<UInt8>) -> Void) {
        precondition(byteCount >= 0, "a blob has a length")
        guard let memory = malloc(max(1, byteCount)) else { return nil }
        let base = memory.bindMemory(to: UInt8.self, capacity: byteCount)
        fill(base)
        bytes = ByteSlice(base, count: byteCount)
    }

    /// A copy of `bytes`; nil when there is no memory.
    public convenience init?(_ bytes: ByteSlice) {
        self.init(byteCount: bytes.count) { $0.update(from: bytes.base, count: bytes.count) }
    }

    deinit { free(UnsafeMutableRawPointer(mutating: bytes.base)) }

    /// Bytes it takes of a cache's capacity, with its entry.
    var footprint: Int {
        // The allocator's sizes are multiples of sixteen.
        (bytes.count + 15) & ~15 + CacheLimits.entryOverheadByteCount
    }
}
