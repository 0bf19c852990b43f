public import Bytes
import GRDB
import Ledger

extension SQLiteStore {
    // MARK: Gateway keys

    public func issue(_ key: APIKey, secret: SecretBytes?, by actor: AuditActor) throws(StoreError) -> IssuedKey {
        let text = try secretText(secret)
        var key = key
        set(text, of: &key)
        (key.previousDigest, key.previousExpiresAt, key.lastUsedAt) = (nil, nil, nil)
        let made = try insert(key, by: actor, action: "create", known: [bytes(text)]) { _, _ in }
        return IssuedKey(key: made, secret: text)
    }

    public func rotate(_ keyID: String, in scope: Scope, transition: Int64, by actor: AuditActor) throws(StoreError) -> IssuedKey {
        guard (0...StoreLimits.transitionMilliseconds).contains(transition) else {
            throw .invalid(field: "key_transition_period_ms", reason: "is not between 0 and \(StoreLimits.transitionMilliseconds)")
        }
        let text = try secretText(nil)
        let key = try alter(APIKey.self, keyID, in: scope, at: nil, by: actor, action: "rotate", known: [bytes(text)]) { key, _ in
            let now = clock()
            // A third secret would have to push out one that is promised to open.
            if let until = key.previousExpiresAt, until > now, transition > 0 { throw StoreError.inTransition(until: until) }
            (key.previousDigest, key.previousExpiresAt) = transition > 0 ? (key.digest, now + transition) : (nil, nil)
            set(text, of: &key)
        }
        return IssuedKey(key: key, secret: text)
    }

    private func secretText(_ given: SecretBytes?) throws(StoreError) -> String {
        guard let given else {
            do { return try GatewayKey.generate() } catch { throw .unexpected("\(error)") }
        }
        let isLong = given.count >= StoreLimits.broughtKeyByteCount && given.count <= LedgerLimits.credentialByteCount
        guard isLong, CredentialFault(of: given.bytes) == nil, given.bytes[0] != UInt8(ascii: "{") else {
            let bounds = "\(StoreLimits.broughtKeyByteCount) to \(LedgerLimits.credentialByteCount)"
            throw .invalid(field: "key", reason: "is \(bounds) printable characters; leave it out to have one made")
        }
        return given.string
    }

    private func set(_ text: String, of key: inout APIKey) {
        key.digest = vault.pepper.digest(of: bytes(text).digest).bytes
        key.lastFour = String(decoding: text.utf8.suffix(4), as: UTF8.self)
    }

    private func bytes(_ text: String) -> SecretBytes { Array(text.utf8).withByteSlice { SecretBytes($0) } }

    public func key(presenting secret: ByteSlice) throws(StoreError) -> APIKey? {
        guard secret.count <= LedgerLimits.credentialByteCount else { return nil }
        let digest = vault.pepper.digest(of: KeyDigest(of: secret)).bytes.blob
        let now = clock()
        return try reading { database in
            let sql = APIKey.layout.selectSQL + " WHERE (digest = ? OR (previous_digest = ? AND previous_expires_at > ?)) AND deleted_at IS NULL"
            return try Row.fetchOne(database, sql: sql, arguments: [digest, digest, now]).map { APIKey.layout.object($0) }
        }
    }

    public func noteUse(_ uses: [String: Int64]) throws(StoreError) {
        try writing { database in
            let statement = try database.makeStatement(sql: "UPDATE api_keys SET last_used_at = max(coalesce(last_used_at, 0), ?) WHERE id = ?")
            for (id, at) in uses { try statement.execute(arguments: [at, id]) }
        }
    }

    // MARK: Credentials

    private static let secretColumn = "secret"

    static func credentialSecretID(_ credential: String) -> String { credential + "/" + secretColumn }

    public func addCredential(_ credential: ProviderCredential, _ value: CredentialValue, by actor: AuditActor) throws(StoreError) -> ProviderCredential {
        var credential = credential
        let kept = try take(value, into: &credential)
        return try insert(credential, by: actor, action: "create", known: kept.map { [$0] } ?? []) { database, made in
            if let kept { try keep(kept, Self.credentialSecretID(made.id), owner: made.head, in: database) }
        }
    }

    public func replaceCredential(_ id: String, in scope: Scope, with value: CredentialValue, by actor: AuditActor) throws(StoreError) -> ProviderCredential {
        var sample = ProviderCredential()
        let kept = try take(value, into: &sample)
        let known = kept.map { [$0] } ?? []
        return try alter(ProviderCredential.self, id, in: scope, at: nil, by: actor, action: "replace", known: known) { credential, database in
            (credential.reference, credential.lastFour) = (sample.reference, sample.lastFour)
            if let kept {
                try keep(kept, Self.credentialSecretID(credential.id), owner: credential.head, in: database)
            } else {
                try database.execute(sql: "DELETE FROM secrets WHERE id = ?", arguments: [Self.credentialSecretID(credential.id)])
            }
        }
    }

    /// Notes what may be seen of a value; the secret, where it is one to keep.
    private func take(_ value: CredentialValue, into credential: inout ProviderCredential) throws(StoreError) -> SecretBytes? {
        switch value {
        case .secret(let secret):
            if let fault = CredentialFault(of: secret.bytes) { throw .invalid(field: "key", reason: "\(fault)") }
            let end = Masking.end(of: secret.string)
            credential.reference = nil
            credential.lastFour = secret.bytes[0] == UInt8(ascii: "{") ? "" : String(end.dropFirst())
            return secret
        case .reference(let reference):
            credential.reference = reference.description
            credential.lastFour = ""
            return nil
        }
    }
}

/// A credential's value: kept in the vault, or where it is to be found.
public enum CredentialValue: Sendable {
    case secret(SecretBytes)
    case reference(SecretReference)
}

extension SecretBytes {
    fileprivate var digest: KeyDigest { withBytes { KeyDigest(of: $0) } }
}
