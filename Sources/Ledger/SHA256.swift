import Bytes
import COpenSSL

/// SHA-256 of bytes that come in pieces. Allocates nothing.
/// - Source: FIPS 180-4 §6.2
struct SHA256 {
    /// The 32 bytes, in memory order.
    typealias Digest = InlineArray<32, UInt8>

    private var state = openssl_sha256_state()

    init() { openssl_sha256_begin(&state) }

    mutating func add(_ bytes: ByteSlice) { openssl_sha256_add(&state, bytes.base, bytes.count) }

    mutating func add(_ literal: StaticString) { add(ByteSlice(literal)) }

    mutating func add(_ digest: Digest) {
        digest.withSlice { add($0) }
    }

    /// The digest; nothing can be added any more.
    mutating func finish() -> Digest {
        var digest = Digest(repeating: 0)
        withUnsafeMutableBytes(of: &digest) { openssl_sha256_end(&state, $0.baseAddress?.assumingMemoryBound(to: UInt8.self)) }
        return digest
    }

    /// The digest's first 128 bits; nothing can be added any more.
    mutating func finishWords() -> (low: UInt64, high: UInt64) {
        // A digest has 32 bytes.
        withUnsafeBytes(of: finish()) { ($0.loadUnaligned(as: UInt64.self), $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self)) }
    }

    static func digest(of bytes: ByteSlice) -> Digest {
        var hash = SHA256()
        hash.add(bytes)
        return hash.finish()
    }
}

/// HMAC with SHA-256, of bytes that come in pieces.
/// - Source: RFC 2104 §2; FIPS 198-1
struct HMACSHA256 {
    private var inner = SHA256()
    private var outer = SHA256()

    /// - Parameter key: of any length: what is longer than a block is hashed first.
    init(key: ByteSlice) {
        var block = InlineArray<64, UInt8>(repeating: 0)
        if key.count > block.count {
            let digest = SHA256.digest(of: key)
            for index in digest.indices { block[index] = digest[index] }
        } else {
            for index in 0..<key.count { block[index] = key[index] }
        }
        for index in block.indices { block[index] ^= 0x36 }
        block.withSlice { inner.add($0) }
        for index in block.indices { block[index] ^= 0x36 ^ 0x5C }
        block.withSlice { outer.add($0) }
        withUnsafeMutableBytes(of: &block) { OPENSSL_cleanse($0.baseAddress, $0.count) }
    }

    mutating func add(_ bytes: ByteSlice) { inner.add(bytes) }

    mutating func add(_ literal: StaticString) { inner.add(literal) }

    /// The code; nothing can be added any more.
    mutating func finish() -> SHA256.Digest {
        outer.add(inner.finish())
        return outer.finish()
    }
}

extension InlineArray where Element == UInt8 {
    /// Lends the bytes for the length of the call.
    func withSlice<Result>(_ body: (ByteSlice) -> Result) -> Result {
        withUnsafeBytes(of: self) { bytes in
            guard let base = bytes.baseAddress else { return body(ByteSlice("")) }
            return body(ByteSlice(base.assumingMemoryBound(to: UInt8.self), count: bytes.count))
        }
    }
}
