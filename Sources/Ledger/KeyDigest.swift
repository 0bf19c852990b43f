public import Bytes
import COpenSSL

/// The SHA-256 of a credential, which is all that is kept of it. Written `sha256:` and 64 hexadecimal digits.
///
/// A gateway key has 256 random bits, so a fast hash without salt gives nothing away.
public struct KeyDigest: BitwiseCopyable, Hashable, Sendable {
    // The digest's 32 bytes in memory order, as four machine words.
    let words: (UInt64, UInt64, UInt64, UInt64)

    /// The digest of `secret`. Allocates nothing.
    public init(of secret: ByteSlice) {
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        withUnsafeMutableBytes(of: &words) { bytes in
            openssl_sha256(secret.base, secret.count, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
        }
        self.words = words
    }

    /// Reads `sha256:` and 64 hexadecimal digits, of either case.
    public init(_ text: ByteSlice) throws(KeyDigestError) {
        let prefix: StaticString = "sha256:"
        guard text.hasPrefix(prefix) else { throw .missingPrefix }
        let digits = text.dropFirst(prefix.utf8CodeUnitCount)
        guard digits.count == 64 else { throw .digitCount(digits.count) }
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        for index in 0..<32 {
            guard let high = ASCII.hexValue(digits[2 * index]), let low = ASCII.hexValue(digits[2 * index + 1]) else {
                let bad = ASCII.hexValue(digits[2 * index]) == nil ? 2 * index : 2 * index + 1
                throw .noDigit(offset: prefix.utf8CodeUnitCount + bad)
            }
            withUnsafeMutableBytes(of: &words) { $0[index] = high << 4 | low }
        }
        self.words = words
    }

    /// Appends the written form, 71 bytes.
    public func write(into writer: inout ByteWriter) {
        writer.append("sha256:")
        withUnsafeBytes(of: words) { bytes in
            for byte in bytes {
                let digits: StaticString = "0123456789abcdef"
                writer.append(digits.utf8Start[Int(byte >> 4)])
                writer.append(digits.utf8Start[Int(byte & 15)])
            }
        }
    }

    /// The digest's first 128 bits: enough to tell apart whatever was digested.
    public var firstHalf: (UInt64, UInt64) { (words.0, words.1) }

    /// Equality whose time says nothing about where digests differ.
    @inline(__always)
    func equalsInConstantTime(_ other: KeyDigest) -> Bool {
        (words.0 ^ other.words.0) | (words.1 ^ other.words.1) | (words.2 ^ other.words.2) | (words.3 ^ other.words.3) == 0
    }

    public static func == (left: KeyDigest, right: KeyDigest) -> Bool { left.equalsInConstantTime(right) }

    public func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}

extension KeyDigest: CustomStringConvertible {
    public var description: String {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 71) { memory in
            guard let base = memory.baseAddress else { return "" }
            var writer = ByteWriter(base, capacity: memory.count)
            write(into: &writer)
            return String(writer.written)
        }
    }
}

/// Why a text is no digest.
public enum KeyDigestError: Error, Equatable, CustomStringConvertible {
    case missingPrefix
    case digitCount(Int)
    case noDigit(offset: Int)

    public var description: String {
        switch self {
        case .missingPrefix: "a key's digest starts with \"sha256:\"; `sluice key new` prints one"
        case .digitCount(let count): "a SHA-256 digest has 64 hexadecimal digits, not \(count)"
        case .noDigit(let offset): "no hexadecimal digit at offset \(offset) of the digest"
        }
    }
}
