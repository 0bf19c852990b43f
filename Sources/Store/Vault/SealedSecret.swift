/// Whose secret one is: what its ciphertext is bound to, so that it opens in this place and in no other.
struct SecretName: Equatable, Sendable {
    /// The organisation.
    let tenant: String
    let id: String
    /// Goes up with each new value.
    let version: Int64

    /// Unambiguous bytes: each part with its length.
    func bound(to purpose: StaticString, _ rest: String = "") -> [UInt8] {
        var bytes: [UInt8] = []
        for part in [purpose.description, tenant, id, rest] {
            withUnsafeBytes(of: UInt64(part.utf8.count).bigEndian) { bytes += $0 }
            bytes += part.utf8
        }
        withUnsafeBytes(of: version.bigEndian) { bytes += $0 }
        return bytes
    }
}

/// A secret as the store keeps it: encrypted with a key of its own, which is wrapped by a key of the keyring.
struct SealedSecret: Equatable, Sendable {
    /// The only way there is so far: AES-256-GCM for both.
    static let aes256GCM: Int64 = 1

    var algorithm = SealedSecret.aes256GCM
    /// The key of the keyring that wraps.
    var keyID: String
    /// `nonce ‖ wrapped data key ‖ tag`, 60 bytes.
    var wrappedKey: [UInt8]
    /// `nonce ‖ ciphertext ‖ tag`.
    var sealed: [UInt8]
}
