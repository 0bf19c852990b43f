import Bytes
import Ledger
import Synchronization

/// Why a secret could not be sealed or opened. Never holds a byte of it.
public enum VaultError: Error, Equatable, CustomStringConvertible {
    /// It is wrapped by a key that the keyring does not have.
    case unknownKey(String, secret: String, keyring: String)
    /// What is stored was changed, stands in another's place, or was wrapped by another key of the same name.
    case refused(secret: String)
    case unknownAlgorithm(Int64, secret: String)
    /// A credential has neither a secret nor a reference.
    case absent(secret: String)
    case tooLong
    case noRandomBytes
    case keyring(KeyringError)

    public var description: String {
        switch self {
        case .unknownKey(let id, let secret, let keyring):
            "secret \(secret) is wrapped by key \"\(id)\", which the keyring \(keyring) does not have: put that key back from the keyring's copy"
        case .refused(let secret):
            "secret \(secret) does not open: its row was changed, or belongs elsewhere; set it anew, or restore a backup"
        case .unknownAlgorithm(let number, let secret):
            "secret \(secret) is sealed in a way (\(number)) that this version does not know: a later one wrote it"
        case .absent(let secret): "secret \(secret) is not there: set it anew, or restore a backup"
        case .tooLong: "a secret has at most \(StoreLimits.secretByteCount) bytes"
        case .noRandomBytes: "the system's random source gave nothing"
        case .keyring(let error): error.description
        }
    }
}

/// Seals secrets and opens them: envelope encryption with the keys of a keyring.
///
/// Each secret has a random key of its own, wrapped by the newest key of the keyring. Both ciphertexts are bound to tenant, secret
/// and version, so a row copied over another does not open.
final class Vault: Sendable {
    let source: KeyringSource
    private let keyring: Mutex<Keyring>
    /// For the digests of gateway keys.
    let pepper: KeyPepper
    /// Signs the end of the audit chain.
    let seal: KeyPepper
    let links: LinkSigner

    init(_ keyring: Keyring, from source: KeyringSource) {
        self.source = source
        pepper = KeyPepper(keyring.pepper.bytes, purpose: "sluice gateway keys")
        seal = KeyPepper(keyring.pepper.bytes, purpose: "sluice audit chain")
        links = LinkSigner(KeyPepper(keyring.pepper.bytes, purpose: "sluice signed links"))
        self.keyring = Mutex(keyring)
    }

    /// Seals `text` by a key of its own.
    func seal(_ text: ByteSlice, as name: SecretName) throws(VaultError) -> SealedSecret {
        guard text.count <= StoreLimits.secretByteCount else { throw .tooLong }
        // Another process may have added a key since, rewrapped everything with it, and dropped the one that is known here.
        if case .file = source { try reload() }
        let wrapping = keyring.withLock { $0.newest }
        guard let key = AES256GCM.randomKey(),
            let wrapped = key.withBytes({ AES256GCM.seal($0, key: wrapping.secret, bound: Vault.wrapBound(name, wrapping.id)) }),
            let sealed = AES256GCM.seal(text, key: key, bound: Vault.secretBound(name))
        else { throw .noRandomBytes }
        return SealedSecret(keyID: wrapping.id, wrappedKey: wrapped, sealed: sealed)
    }

    func open(_ secret: SealedSecret, as name: SecretName) throws(VaultError) -> SecretBytes {
        let key = try dataKey(of: secret, name)
        guard let text = AES256GCM.open(secret.sealed, key: key, bound: Vault.secretBound(name)) else { throw .refused(secret: name.id) }
        return text
    }

    /// The same secret, its key wrapped by the newest key of the keyring; nil when it is already. What it protects is not touched.
    func rewrap(_ secret: SealedSecret, as name: SecretName) throws(VaultError) -> SealedSecret? {
        let wrapping = keyring.withLock { $0.newest }
        guard secret.keyID != wrapping.id else { return nil }
        let key = try dataKey(of: secret, name)
        let wrapped = key.withBytes { AES256GCM.seal($0, key: wrapping.secret, bound: Vault.wrapBound(name, wrapping.id)) }
        guard let wrapped else { throw .noRandomBytes }
        var rewrapped = secret
        rewrapped.keyID = wrapping.id
        rewrapped.wrappedKey = wrapped
        return rewrapped
    }

    private func dataKey(of secret: SealedSecret, _ name: SecretName) throws(VaultError) -> SecretBytes {
        guard secret.algorithm == SealedSecret.aes256GCM else { throw .unknownAlgorithm(secret.algorithm, secret: name.id) }
        guard let wrapping = try wrappingKey(secret.keyID) else {
            throw .unknownKey(secret.keyID, secret: name.id, keyring: source.description)
        }
        guard let key = AES256GCM.open(secret.wrappedKey, key: wrapping, bound: Vault.wrapBound(name, secret.keyID)),
            key.count == AES256GCM.keyByteCount
        else { throw .refused(secret: name.id) }
        return key
    }

    /// A key by its name. One that is unknown may have been added to the file since: by `sluice vault rotate`, beside this process.
    private func wrappingKey(_ id: String) throws(VaultError) -> SecretBytes? {
        if let known = keyring.withLock({ $0.key(id) }) { return known.secret }
        guard case .file = source else { return nil }
        try reload()
        return keyring.withLock { $0.key(id)?.secret }
    }

    /// Reads the keyring again. Another pepper is another keyring: gateway keys would all be strangers.
    func reload() throws(VaultError) {
        do throws(KeyringError) {
            guard let fresh = try source.load() else { throw KeyringError.gone(path: source.description) }
            try keyring.withLock { kept throws(KeyringError) in
                guard fresh.pepper.bytes.equalsInConstantTime(kept.pepper.bytes) else { throw .changed("the pepper") }
                for key in fresh.keys {
                    guard let old = kept.key(key.id) else { continue }
                    guard old.secret.bytes.equalsInConstantTime(key.secret.bytes) else { throw .changed("key \(key.id)") }
                }
                kept = fresh
            }
        } catch {
            throw .keyring(error)
        }
    }

    /// Names of the keys and what tells each from another of the same name, without telling the key.
    var keyChecks: [(name: String, check: [UInt8])] {
        keyring.withLock { keyring in
            [("pepper", keyring.pepper)].map { (name: $0.0, check: Vault.check(of: $0.1)) }
                + keyring.keys.map { (name: "key \($0.id)", check: Vault.check(of: $0.secret)) }
        }
    }

    var keyIDs: [String] { keyring.withLock { $0.keys.map(\.id) } }

    private static func check(of key: SecretBytes) -> [UInt8] {
        Array(KeyPepper(key.bytes, purpose: "sluice key check").digest(of: KeyDigest(of: ByteSlice("sluice key check"))).bytes.prefix(8))
    }

    private static func secretBound(_ name: SecretName) -> [UInt8] { name.bound(to: "sluice secret 1") }

    private static func wrapBound(_ name: SecretName, _ keyID: String) -> [UInt8] { name.bound(to: "sluice wrapped key 1", keyID) }
}
