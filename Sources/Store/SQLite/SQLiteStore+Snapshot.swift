import Bytes
import GRDB

extension SQLiteStore {
    public func snapshotRows(_ rules: SecretReferenceRules) throws(StoreError) -> SnapshotRows {
        try reading { database in
            var rows = SnapshotRows()
            rows.generation = try Int64.fetchOne(database, sql: "SELECT value FROM meta WHERE name = 'generation'") ?? 0
            rows.organisations = try all(database)
            rows.workspaces = try all(database)
            rows.users = try all(database)
            rows.policies = try all(database)
            rows.keys = try allKeys(database)
            (rows.prompts, rows.partials) = try prompted(in: database)
            var secrets = SnapshotSecrets(try currentSecrets(database), vault, rules)
            rows.configs = (try all(database) as [Config]).compactMap { secrets.opened($0) }
            rows.guardrails = (try all(database) as [Guardrail]).compactMap { secrets.opened($0) }
            rows.integrations = (try all(database) as [Integration]).compactMap { secrets.opened($0) }
            let credentials = try all(database) as [ProviderCredential]
            let ofKeys = Dictionary(grouping: credentials.filter { $0.virtualKeyID != nil }) { $0.virtualKeyID ?? "" }
            let ofIntegrations = Dictionary(grouping: credentials.filter { $0.integrationID != nil }) { $0.integrationID ?? "" }
            rows.virtualKeys = (try all(database) as [VirtualKey]).compactMap { key in
                guard let key = secrets.opened(key) else { return nil }
                let own = ofKeys[key.id] ?? key.integrationID.flatMap { ofIntegrations[$0] } ?? []
                return SnapshotRows.Slot(key: key, credentials: own.compactMap { secrets.open($0) })
            }
            rows.faults = secrets.faults
            return rows
        }
    }

    /// In the order in which they were made.
    func all<Object: StoredObject>(_ database: Database) throws -> [Object] {
        let layout = Object.layout
        var objects: [Object] = []
        let cursor = try Row.fetchCursor(database, sql: layout.selectSQL + " WHERE deleted_at IS NULL ORDER BY id")
        while let row = try cursor.next() { objects.append(layout.object(row)) }
        return objects
    }

    private func allKeys(_ database: Database) throws -> [APIKey] { try all(database) }

    /// All but the texts that configs had, and what prompts say.
    private func currentSecrets(_ database: Database) throws -> [String: SecretRow] {
        var secrets: [String: SecretRow] = [:]
        let place = "id NOT GLOB '*/v[0-9]*' AND id NOT GLOB '*/\(PromptVersion.templateColumn)'"
        let cursor = try Row.fetchCursor(database, sql: "SELECT \(SecretRow.columns) FROM secrets WHERE \(place)")
        while let row = try cursor.next() {
            let secret = SecretRow(row)
            secrets[secret.name.id] = secret
        }
        return secrets
    }
}

/// Opens the secrets of a snapshot, and notes those that do not open.
private struct SnapshotSecrets {
    private let secrets: [String: SecretRow]
    private let vault: Vault
    private let rules: SecretReferenceRules
    /// A reference that many share is looked up once.
    private var found: [String: Result<SecretBytes, SecretReferenceError>] = [:]
    private(set) var faults: [SnapshotFault] = []

    init(_ secrets: [String: SecretRow], _ vault: Vault, _ rules: SecretReferenceRules) {
        self.secrets = secrets
        self.vault = vault
        self.rules = rules
    }

    /// The object with its sealed columns; nil where one of them does not open.
    mutating func opened<Object: StoredObject>(_ object: Object) -> Object? {
        var object = object
        for column in Object.layout.columns where column.isSealed {
            guard let row = secrets[object.id + "/" + column.name] else { continue }
            do {
                column.set(&object, .text(try vault.open(row.secret, as: row.name).string))
            } catch {
                note(object, "\(error)")
                return nil
            }
        }
        return object
    }

    mutating func open(_ credential: ProviderCredential) -> SnapshotRows.OpenCredential? {
        do {
            let secret = try value(of: credential)
            return SnapshotRows.OpenCredential(
                id: credential.id, name: credential.name, weight: credential.weight, status: credential.status, expiresAt: credential.expiresAt,
                secret: secret)
        } catch {
            note(credential, "\(error)")
            return nil
        }
    }

    private mutating func value(of credential: ProviderCredential) throws -> SecretBytes {
        guard let text = credential.reference else {
            guard let row = secrets[SQLiteStore.credentialSecretID(credential.id)] else { throw VaultError.absent(secret: credential.id) }
            return try vault.open(row.secret, as: row.name)
        }
        let result = found[text] ?? SnapshotSecrets.lookUp(text, rules)
        found[text] = result
        return try result.get()
    }

    private static func lookUp(_ text: String, _ rules: SecretReferenceRules) -> Result<SecretBytes, SecretReferenceError> {
        do throws(SecretReferenceError) {
            return .success(try SecretReference(text).resolve(rules))
        } catch {
            return .failure(error)
        }
    }

    private mutating func note<Object: StoredObject>(_ object: Object, _ reason: String) {
        faults.append(SnapshotFault(kind: Object.layout.kind, id: object.id, name: object.slug ?? object.name, reason: reason))
    }
}
