public import Bytes
import COpenSSL

/// What is mixed into the digests that a store keeps of gateway keys: who has the digests and not the pepper can test no guess.
///
/// A key's digest is HMAC-SHA-256(pepper, SHA-256(key)), so that a key of which a file gives the SHA-256 can stand in the same table.
/// - Source: RFC 2104
public final class KeyPepper: @unchecked Sendable {
    // Unchecked for `primed`, which holds the pepper in two half-made hashes, and which nothing writes between `init` and `deinit`.
    private let primed: UnsafeMutablePointer<HMACSHA256>

    /// - Parameter purpose: digests for one purpose say nothing of those for another.
    public init(_ secret: ByteSlice, purpose: StaticString) {
        var derivation = HMACSHA256(key: secret)
        derivation.add(purpose)
        var derived = derivation.finish()
        primed = .allocate(capacity: 1)
        primed.initialize(to: derived.withSlice { HMACSHA256(key: $0) })
        withUnsafeMutableBytes(of: &derived) { OPENSSL_cleanse($0.baseAddress, $0.count) }
    }

    deinit {
        OPENSSL_cleanse(primed, MemoryLayout<HMACSHA256>.size)
        primed.deallocate()
    }

    /// The digest to look up for the key that has this one. Four rounds of SHA-256; allocates nothing.
    public func digest(of key: KeyDigest) -> KeyDigest {
        var code = primed.pointee
        withUnsafeBytes(of: key.words) { bytes in
            guard let base = bytes.baseAddress else { return }
            code.add(ByteSlice(base.assumingMemoryBound(to: UInt8.self), count: bytes.count))
        }
        return KeyDigest(code.finish())
    }
}

extension KeyDigest {
    fileprivate init(_ digest: SHA256.Digest) {
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        withUnsafeMutableBytes(of: &words) { bytes in
            for index in digest.indices { bytes[index] = digest[index] }
        }
        self.words = words
    }

    /// Number of a digest's bytes.
    public static let byteCount = 32

    /// A digest kept as bytes; nil when they are not 32.
    public init?(bytes: ByteSlice) {
        guard bytes.count == KeyDigest.byteCount else { return nil }
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        withUnsafeMutableBytes(of: &words) { memory in
            for index in 0..<KeyDigest.byteCount { memory[index] = bytes[index] }
        }
        self.words = words
    }

    /// The digest's 32 bytes.
    public var bytes: [UInt8] { withUnsafeBytes(of: words) { Array($0) } }
}
