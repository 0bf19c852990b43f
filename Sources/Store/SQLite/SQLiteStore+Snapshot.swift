import Bytes
import GRDB

extension SQLiteStore {
    public func snapshotRows(_ rules: SecretReferenceRules) throws(StoreError) -> SnapshotRows {
        try reading { database in
            var secrets = SnapshotSecrets(try currentSecrets(database), vault, rules)
            var rows = try others(try all(database), try all(database), &secrets, in: database)
            rows.keys = try all(database)
            rows.configs = (try all(database) as [Config]).compactMap { secrets.opened($0) }
            let credentials = try all(database) as [ProviderCredential]
            let ofKeys = Dictionary(grouping: credentials.filter { $0.virtualKeyID != nil }) { $0.virtualKeyID ?? "" }
            let ofIntegrations = Dictionary(grouping: credentials.filter { $0.integrationID != nil }) { $0.integrationID ?? "" }
            rows.virtualKeys = (try all(database) as [VirtualKey]).compactMap { key in
                guard let key = secrets.opened(key) else { return nil }
                let own = ofKeys[key.id] ?? key.integrationID.flatMap { ofIntegrations[$0] } ?? []
                return SnapshotRows.Slot(key: key, credentials: own.compactMap { secrets.open($0, of: key) })
            }
            rows.faults = secrets.faults
            return rows
        }
    }

    /// All but keys, virtual keys and configs.
    private func others(
        _ guardrails: [Guardrail], _ integrations: [Integration], _ secrets: inout SnapshotSecrets, in database: Database
    ) throws -> SnapshotRows {
        var rows = SnapshotRows()
        (rows.generation, rows.sequence) = (try Self.generation(in: database), try Self.lastSequence(in: database))
        rows.organisations = try all(database)
        rows.workspaces = try all(database)
        rows.policies = try all(database)
        (rows.prompts, rows.partials) = try prompted(in: database)
        rows.guardrails = guardrails.compactMap { secrets.opened($0) }
        rows.integrations = integrations.compactMap { secrets.opened($0) }
        return rows
    }

    static func generation(in database: Database) throws -> Int64 {
        try Int64.fetchOne(database, sql: "SELECT value FROM meta WHERE name = 'generation'") ?? 0
    }

    static func lastSequence(in database: Database) throws -> Int64 { try Int64.fetchOne(database, sql: "SELECT sequence FROM audit_end") ?? 0 }

    // MARK: Changes

    public func changes(after sequence: Int64, _ rules: SecretReferenceRules) throws(StoreError) -> ObjectChanges? {
        try reading { database in
            guard let marks = try marks(after: sequence, in: database) else { return nil }
            var changes = ObjectChanges()
            (changes.generation, changes.sequence, changes.workspaces) = (marks.generation, marks.sequence, marks.workspaces)
            for id in marks.keys.sorted() {
                if let key: APIKey = try object(id, database) { changes.keys.made.append(key) } else { changes.keys.gone.append(id) }
            }
            try addTargets(marks, to: &changes, rules, in: database)
            if marks.hasOthers { changes.others = try others(rules, in: database) }
            return changes
        }
    }

    private func others(_ rules: SecretReferenceRules, in database: Database) throws -> SnapshotRows {
        let (guardrails, integrations): ([Guardrail], [Integration]) = (try all(database), try all(database))
        let names = guardrails.flatMap { secretIDs(of: $0) } + integrations.flatMap { secretIDs(of: $0) }
        var secrets = SnapshotSecrets(try self.secrets(names, database), vault, rules)
        var rows = try others(guardrails, integrations, &secrets, in: database)
        rows.faults = secrets.faults
        return rows
    }

    /// Ids of what audit rows tell of.
    private struct Marks {
        let generation: Int64
        let sequence: Int64
        var keys: Set<String> = []
        var virtualKeys: Set<String> = []
        var configs: Set<String> = []
        var workspaces: Set<String> = []
        var hasOthers = false
    }

    /// Each change has its audit row in the same transaction: what changed is what they tell.
    private func marks(after sequence: Int64, in database: Database) throws -> Marks? {
        var marks = Marks(generation: try Self.generation(in: database), sequence: try Self.lastSequence(in: database))
        // A store that was put in another's place may have fewer.
        guard (sequence...sequence + Int64(StoreLimits.changeCount)).contains(marks.sequence) else { return nil }
        let sql = "SELECT resource, resource_id FROM audit WHERE sequence > ? AND outcome = 'done' AND action <> ? ORDER BY sequence"
        for row in try Row.fetchAll(database, sql: sql, arguments: [sequence, AuditEvent.usageReset]) {
            guard let resource = row[0] as String?, !Self.besideDataPlane.contains(resource) else { continue }
            switch (resource, row[1] as String?) {
            case (APIKey.layout.table, let id?): marks.keys.insert(id)
            case (VirtualKey.layout.table, let id?): marks.virtualKeys.insert(id)
            case (Config.layout.table, let id?): marks.configs.insert(id)
            case (ProviderCredential.layout.table, let id?):
                let owner = try Row.fetchOne(database, sql: "SELECT virtual_key_id, integration_id FROM credentials WHERE id = ?", arguments: [id])
                if let key = owner?[0] as String? { marks.virtualKeys.insert(key) }
                if let integration = owner?[1] as String? { try mark(virtualKeysOf: integration, &marks, in: database) }
            case (Integration.layout.table, let id?):
                try mark(virtualKeysOf: id, &marks, in: database)
                marks.hasOthers = true
            case (Workspace.layout.table, let id?):
                try mark(keysOf: id, &marks, in: database)
                marks.hasOthers = true
            case (_, _):
                guard Self.few.contains(resource) else { return nil }
                marks.hasOthers = true
            }
        }
        return marks.virtualKeys.count <= StoreLimits.changeCount ? marks : nil
    }

    /// Of many keys it is left to who asks whether they must be read.
    private func mark(keysOf workspace: String, _ marks: inout Marks, in database: Database) throws {
        let sql = "SELECT id FROM api_keys WHERE workspace_id = ? AND deleted_at IS NULL LIMIT ?"
        let ids = try String.fetchAll(database, sql: sql, arguments: [workspace, StoreLimits.changeCount + 1])
        guard ids.count <= StoreLimits.changeCount else { return }
        marks.keys.formUnion(ids)
        marks.workspaces.insert(workspace)
    }

    private func mark(virtualKeysOf integration: String, _ marks: inout Marks, in database: Database) throws {
        let sql = "SELECT id FROM virtual_keys WHERE integration_id = ? AND deleted_at IS NULL"
        marks.virtualKeys.formUnion(try String.fetchAll(database, sql: sql, arguments: [integration]))
    }

    /// Virtual keys with their credentials, and configs.
    private func addTargets(_ marks: Marks, to changes: inout ObjectChanges, _ rules: SecretReferenceRules, in database: Database) throws {
        let configs: [Config] = try marks.configs.sorted().compactMap { try object($0, database) }
        let keys: [VirtualKey] = try marks.virtualKeys.sorted().compactMap { try object($0, database) }
        let credentials = try keys.map { key in
            let own: [ProviderCredential] = try all(database, where: "virtual_key_id", is: key.id)
            return try own.isEmpty ? key.integrationID.map { try all(database, where: "integration_id", is: $0) } ?? [] : own
        }
        let names = configs.flatMap { secretIDs(of: $0) } + keys.flatMap { secretIDs(of: $0) } + credentials.joined().map { Self.credentialSecretID($0.id) }
        var secrets = SnapshotSecrets(try self.secrets(names, database), vault, rules)
        changes.configs.made = configs.compactMap { secrets.opened($0) }
        changes.virtualKeys.made = zip(keys, credentials).compactMap { key, credentials in
            secrets.opened(key).map { SnapshotRows.Slot(key: $0, credentials: credentials.compactMap { secrets.open($0, of: key) }) }
        }
        changes.configs.gone = marks.configs.subtracting(changes.configs.made.map(\.id)).sorted()
        changes.virtualKeys.gone = marks.virtualKeys.subtracting(changes.virtualKeys.made.map(\.key.id)).sorted()
        changes.faults = secrets.faults
    }

    private func secrets(_ ids: [String], _ database: Database) throws -> [String: SecretRow] {
        var secrets: [String: SecretRow] = [:]
        for id in ids {
            let found = try Row.fetchOne(database, sql: "SELECT \(SecretRow.columns) FROM secrets WHERE id = ?", arguments: [id])
            secrets[id] = found.map { SecretRow($0) }
        }
        return secrets
    }

    /// What no request is served by, and what is done to no object.
    private static let besideDataPlane: Set = [LogExport.layout.table, User.layout.table, Membership.layout.table, "store", "audit", "keyring"]
    /// Of which all are read when one has changed.
    private static let few: Set = [
        Guardrail.layout.table, LimitPolicy.layout.table, Prompt.layout.table, PromptPartial.layout.table, PromptVersion.layout.table,
        PromptLabel.layout.table, PromptLabelling.layout.table, PromptCollection.layout.table,
    ]

    /// In the order in which they were made.
    func all<Object: StoredObject>(_ database: Database) throws -> [Object] {
        try objects(database, Object.layout.selectSQL + " WHERE deleted_at IS NULL ORDER BY id", [])
    }

    private func all<Object: StoredObject>(_ database: Database, where column: String, is value: String) throws -> [Object] {
        try objects(database, Object.layout.selectSQL + " WHERE \(column) = ? AND deleted_at IS NULL ORDER BY id", [value])
    }

    private func objects<Object: StoredObject>(_ database: Database, _ sql: String, _ arguments: StatementArguments) throws -> [Object] {
        var objects: [Object] = []
        let cursor = try Row.fetchCursor(database, sql: sql, arguments: arguments)
        while let row = try cursor.next() { objects.append(Object.layout.object(row)) }
        return objects
    }

    /// Nil for one that is gone.
    private func object<Object: StoredObject>(_ id: String, _ database: Database) throws -> Object? {
        let row = try Row.fetchOne(database, sql: Object.layout.selectSQL + " WHERE id = ? AND deleted_at IS NULL", arguments: [id])
        return row.map { Object.layout.object($0) }
    }

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

    mutating func open(_ credential: ProviderCredential, of key: VirtualKey) -> SnapshotRows.OpenCredential? {
        do {
            let secret = try value(of: credential)
            return SnapshotRows.OpenCredential(
                id: credential.id, name: credential.name, weight: credential.weight, status: credential.status, expiresAt: credential.expiresAt,
                secret: secret)
        } catch {
            note(credential, "\(error)", owner: key.id)
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

    private mutating func note<Object: StoredObject>(_ object: Object, _ reason: String, owner: String? = nil) {
        faults.append(SnapshotFault(kind: Object.layout.kind, id: object.id, name: object.slug ?? object.name, reason: reason, owner: owner))
    }
}
