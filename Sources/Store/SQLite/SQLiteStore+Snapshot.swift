import Bytes
import GRDB

extension SQLiteStore {
    public func snapshotRows(_ rules: SecretReferenceRules, keysAfter sequence: Int64?) throws(StoreError) -> SnapshotRows {
        try reading { database in
            var rows = SnapshotRows()
            (rows.generation, rows.sequence) = (try Self.generation(in: database), try Self.lastSequence(in: database))
            rows.organisations = try all(database)
            rows.workspaces = try all(database)
            rows.users = try all(database)
            rows.policies = try all(database)
            rows.keyChanges = try sequence.flatMap { try keyChanges(after: $0, in: database) }
            if rows.keyChanges == nil { rows.keys = try allKeys(database) }
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

    static func generation(in database: Database) throws -> Int64 {
        try Int64.fetchOne(database, sql: "SELECT value FROM meta WHERE name = 'generation'") ?? 0
    }

    static func lastSequence(in database: Database) throws -> Int64 { try Int64.fetchOne(database, sql: "SELECT sequence FROM audit_end") ?? 0 }

    public func keyChanges(after sequence: Int64) throws(StoreError) -> KeyChanges? { try reading { try keyChanges(after: sequence, in: $0) } }

    /// Each change has its audit row in the same transaction: what changed is what they tell.
    private func keyChanges(after sequence: Int64, in database: Database) throws -> KeyChanges? {
        var changes = KeyChanges()
        (changes.generation, changes.sequence) = (try Self.generation(in: database), try Self.lastSequence(in: database))
        // A store that was put in another's place may have fewer.
        guard (sequence...sequence + Int64(StoreLimits.keyChangeCount)).contains(changes.sequence) else { return nil }
        let sql = "SELECT resource, resource_id FROM audit WHERE sequence > ? AND outcome = 'done' AND action <> ? ORDER BY sequence"
        var ids: Set<String> = []
        for row in try Row.fetchAll(database, sql: sql, arguments: [sequence, AuditEvent.usageReset]) {
            guard let resource = row[0] as String?, !Self.besideDataPlane.contains(resource) else { continue }
            if resource == APIKey.layout.table, let id = row[1] as String? {
                ids.insert(id)
            } else if Self.besideKeys.contains(resource) {
                changes.isAll = false
            } else {
                return nil
            }
        }
        for id in ids.sorted() {
            let found = try Row.fetchOne(database, sql: APIKey.layout.selectSQL + " WHERE id = ? AND deleted_at IS NULL", arguments: [id])
            if let found { changes.keys.append(APIKey.layout.object(found)) } else { changes.gone.append(id) }
        }
        return changes
    }

    /// What no request is served by, and what is done to no object.
    private static let besideDataPlane: Set = [LogExport.layout.table, "store", "audit", "keyring"]
    /// What no key has anything of but by its id. Workspaces are not among them: keys are known by their numbers.
    private static let besideKeys: Set = [
        Config.layout.table, VirtualKey.layout.table, Integration.layout.table, ProviderCredential.layout.table, Guardrail.layout.table,
        LimitPolicy.layout.table, Prompt.layout.table, PromptPartial.layout.table, PromptVersion.layout.table, PromptLabel.layout.table,
        PromptLabelling.layout.table, PromptCollection.layout.table,
    ]

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
