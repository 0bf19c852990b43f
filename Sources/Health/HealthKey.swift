public import Bytes

/// Which target something is of: 128 bits of a digest over tenant, origin, credential and model.
///
/// The digest is the caller's, a cryptographic one, each part with its length: tenants choose some of the parts, and two that
/// met in one key would share a breaker.
public struct HealthKey: Hashable, BitwiseCopyable, Sendable {
    private let words: SIMD2<UInt64>

    public init(_ first: UInt64, _ second: UInt64) { words = SIMD2(first, second) }

    /// The first 16 bytes of `digest`; nil when it has fewer.
    public init?(digest: ByteSlice) {
        guard digest.count >= 16 else { return nil }
        // In bounds: 16 bytes from the base on.
        let bytes = UnsafeRawPointer(digest.base)
        self.init(bytes.loadUnaligned(as: UInt64.self), bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    }
}
