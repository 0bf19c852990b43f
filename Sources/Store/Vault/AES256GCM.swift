import Bytes
import COpenSSL

/// AES-256 in Galois/counter mode, a random nonce in front and the tag behind.
/// - Source: NIST SP 800-38D
enum AES256GCM {
    static let keyByteCount = 32
    static let nonceByteCount = 12
    static let tagByteCount = 16
    /// What sealing adds to a text.
    static let addedByteCount = nonceByteCount + tagByteCount

    /// `nonce ‖ ciphertext ‖ tag`; nil when the system has no random bytes or no memory.
    ///
    /// - Parameter nonce: 12 bytes never used with this key before; random ones when there are none.
    static func seal(_ text: ByteSlice, key: SecretBytes, bound: [UInt8], nonce: [UInt8]? = nil) -> [UInt8]? {
        precondition(key.count == keyByteCount, "AES-256 takes a key of 32 bytes")
        var sealed = nonce ?? [UInt8](repeating: 0, count: nonceByteCount)
        if nonce == nil { guard RAND_bytes(&sealed, CInt(nonceByteCount)) == 1 else { return nil } }
        sealed += [UInt8](repeating: 0, count: text.count + tagByteCount)
        let succeeded = sealed.withUnsafeMutableBufferPointer { out in
            guard let base = out.baseAddress else { return false }
            return openssl_gcm_seal(key.bytes.base, base, bound, bound.count, text.base, text.count, base + nonceByteCount) == 1
        }
        return succeeded ? sealed : nil
    }

    /// The text; nil when any bit of it, of what it is bound to, or of the key is another.
    static func open(_ sealed: [UInt8], key: SecretBytes, bound: [UInt8]) -> SecretBytes? {
        precondition(key.count == keyByteCount, "AES-256 takes a key of 32 bytes")
        guard sealed.count >= addedByteCount else { return nil }
        return sealed.withByteSlice { sealed in
            SecretBytes(count: sealed.count - addedByteCount) { out in
                let text = sealed.dropFirst(nonceByteCount)
                return openssl_gcm_open(key.bytes.base, sealed.base, bound, bound.count, text.base, text.count, out) == 1
            }
        }
    }

    /// A key from the system's random source; nil when it has none to give.
    static func randomKey() -> SecretBytes? { SecretBytes(count: keyByteCount) { RAND_priv_bytes($0, CInt(keyByteCount)) == 1 } }
}

extension SecretBytes {
    /// A copy that is not wiped, for texts that are shown to who may see them.
    var string: String { withBytes { String($0) } }
}
