import GRDB

extension SQLiteStore {
    public func prompt<Owner: Versioned>(_ kind: Owner.Type, _ reference: PromptReference, in scope: Scope) throws(StoreError) -> FoundPrompt<Owner> {
        try reading { database in
            let owner: Owner = try usable(reference.idOrSlug, scope, database)
            return FoundPrompt(owner: owner, version: try version(reference.version, of: owner, database))
        }
    }

    public func promptVersion<Owner: Versioned>(_ version: PromptReference.Version, of owner: Owner) throws(StoreError) -> PromptVersion {
        try reading { try self.version(version, of: owner, $0) }
    }

    /// What a request may use: of its workspace, or of the whole organisation, and not archived.
    private func usable<Owner: Versioned>(_ idOrSlug: String, _ scope: Scope, _ database: Database) throws -> Owner {
        let layout = Owner.layout
        var sql = layout.selectSQL + " WHERE (id = :id OR slug = :id) AND organisation_id = :organisation AND deleted_at IS NULL AND status = 'active'"
        var arguments: [String: DatabaseValue] = ["id": idOrSlug.databaseValue, "organisation": scope.organisationID.databaseValue]
        if let workspace = scope.workspaceID {
            sql += " AND (workspace_id IS NULL OR workspace_id = :workspace)"
            arguments["workspace"] = workspace.databaseValue
        }
        guard let row = try Row.fetchOne(database, sql: sql + " ORDER BY id = :id DESC LIMIT 1", arguments: StatementArguments(arguments)) else {
            throw StoreError.notFound(kind: layout.kind, id: idOrSlug)
        }
        return layout.object(row)
    }

    private func version<Owner: Versioned>(_ wanted: PromptReference.Version, of owner: Owner, _ database: Database) throws -> PromptVersion {
        let number: Int64? = switch wanted {
        case .published: owner.publishedVersion
        case .latest: owner.latestVersion
        case .number(let number): number
        case .label(let name): try labelled(name, owner.id, database)
        }
        let sql = PromptVersion.layout.selectSQL + " WHERE \(Owner.versionOwner) = ? AND number = ? AND deleted_at IS NULL"
        guard let number, let row = try Row.fetchOne(database, sql: sql, arguments: [owner.id, number]) else {
            throw StoreError.notFound(kind: PromptVersion.layout.kind, id: "\(owner.slug ?? owner.id)@\(wanted.text)")
        }
        return try opened(PromptVersion.layout.object(row), in: database)
    }

    /// The number of the version that has a label of this name; of two, the one of the prompt's workspace.
    private func labelled(_ name: String, _ prompt: String, _ database: Database) throws -> Int64? {
        try Int64.fetchOne(
            database,
            sql: """
                SELECT p.number FROM prompt_labels p LEFT JOIN labels l ON l.id = p.label_id
                WHERE p.prompt_id = :prompt AND p.deleted_at IS NULL AND (l.name = :name OR (l.id IS NULL AND p.label_id = :name))
                ORDER BY l.workspace_id IS NULL LIMIT 1
                """, arguments: ["prompt": prompt, "name": name])
    }

    // MARK: All of them

    public func promptTemplates(of versions: [String]) throws(StoreError) -> [String: PromptTemplate] {
        try reading { database in
            var found: [String: PromptTemplate] = [:]
            for id in versions {
                let name = "\(id)/\(PromptVersion.templateColumn)"
                guard let row = try Row.fetchOne(database, sql: "SELECT \(SecretRow.columns) FROM secrets WHERE id = ?", arguments: [name]) else { continue }
                let sealed = SecretRow(row)
                guard let text = try? vault.open(sealed.secret, as: sealed.name) else { continue }
                found[id] = PromptTemplate(json: text.string)
            }
            return found
        }
    }

    /// Prompts and partials in use, with their labels and the ids of their versions.
    func prompted(in database: Database) throws -> (prompts: [SnapshotRows.Prompted], partials: [SnapshotRows.Prompted]) {
        var prompts = (try all(database) as [Prompt]).filter { $0.status == .active }.map { SnapshotRows.Prompted($0) }
        var partials = (try all(database) as [PromptPartial]).filter { $0.status == .active }.map { SnapshotRows.Prompted($0) }
        guard !prompts.isEmpty || !partials.isEmpty else { return ([], []) }
        let places = Dictionary(uniqueKeysWithValues: prompts.enumerated().map { ($1.id, $0) })
        let partialPlaces = Dictionary(uniqueKeysWithValues: partials.enumerated().map { ($1.id, $0) })
        let versions = try Row.fetchCursor(database, sql: "SELECT id, prompt_id, partial_id, number FROM prompt_versions WHERE deleted_at IS NULL")
        while let row = try versions.next() {
            if let prompt = row[1] as String?, let place = places[prompt] { prompts[place].versions[row[3]] = row[0] }
            if let partial = row[2] as String?, let place = partialPlaces[partial] { partials[place].versions[row[3]] = row[0] }
        }
        // A workspace's label goes before one of the organisation's with its name.
        let labels = try Row.fetchCursor(
            database,
            sql: """
                SELECT p.prompt_id, coalesce(l.name, p.label_id), p.number FROM prompt_labels p LEFT JOIN labels l ON l.id = p.label_id
                WHERE p.deleted_at IS NULL ORDER BY l.workspace_id IS NULL DESC
                """)
        while let row = try labels.next() { if let place = places[row[0]] { prompts[place].labels[row[1]] = row[2] } }
        return (prompts, partials)
    }

    public func contents(of collection: PromptCollection) throws(StoreError) -> CollectionContents {
        try reading { database in
            func count(_ table: String, _ column: String) throws -> (Int, Int64?) {
                let row = try Row.fetchOne(
                    database, sql: "SELECT count(*), max(updated_at) FROM \(table) WHERE \(column) = ? AND deleted_at IS NULL", arguments: [collection.id])
                return (row?[0] ?? 0, row?[1])
            }
            let collections = try count("collections", "parent_collection_id")
            let prompts = try count("prompts", "collection_id")
            return CollectionContents(
                collectionCount: collections.0, collectionsChangedAt: collections.1, promptCount: prompts.0, promptsChangedAt: prompts.1)
        }
    }
}
