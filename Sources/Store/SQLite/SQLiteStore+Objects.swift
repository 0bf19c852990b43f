import Bytes
import GRDB

/// The columns that every table of objects begins with.
private let headColumns = [
    "id", "organisation_id", "workspace_id", "slug", "name", "status", "created_by", "created_at", "updated_at", "deleted_at", "revision",
]

extension Layout {
    /// The columns in the table itself, the head's first.
    var tableColumns: [String] { headColumns + inTable.map(\.name) }

    var insertSQL: String {
        let names = tableColumns
        return "INSERT INTO \(table) (\(names.joined(separator: ", "))) VALUES (\(names.map { _ in "?" }.joined(separator: ", ")))"
    }

    /// All columns, by id and the revision that was read.
    var updateSQL: String {
        "UPDATE \(table) SET \(tableColumns.dropFirst().map { "\($0) = ?" }.joined(separator: ", ")) WHERE id = ? AND revision = ?"
    }

    var selectSQL: String { "SELECT \(tableColumns.joined(separator: ", ")) FROM \(table)" }

    /// The values of `tableColumns`.
    func values(of object: Object) -> [DatabaseValue] {
        let head = object.head
        return [
            head.id.databaseValue, head.organisationID.databaseValue, head.workspaceID.databaseValue, head.slug.databaseValue, head.name.databaseValue,
            head.status.rawValue.databaseValue, head.createdBy.databaseValue, head.createdAt.databaseValue, head.updatedAt.databaseValue,
            head.deletedAt.databaseValue, head.revision.databaseValue,
        ] + inTable.map { $0.get(object).databaseValue }
    }

    /// An object from a row of `tableColumns`; what is sealed is not in it yet.
    func object(_ row: Row) -> Object {
        var object = Object()
        var head = ObjectHead()
        head.id = row[0]
        head.organisationID = row[1]
        head.workspaceID = row[2]
        head.slug = row[3]
        head.name = row[4]
        head.status = (row[5] as String?).flatMap { ObjectStatus(rawValue: $0) } ?? .disabled
        head.createdBy = row[6]
        head.createdAt = row[7]
        head.updatedAt = row[8]
        head.deletedAt = row[9]
        head.revision = row[10]
        object.head = head
        // What is null is as it is in an object of which nothing is said.
        for (index, column) in inTable.enumerated() where !row.hasNull(atIndex: headColumns.count + index) {
            column.set(&object, ColumnValue(row[headColumns.count + index] as DatabaseValue))
        }
        return object
    }

    /// - Throws: `.invalid` for the first thing that is too long or of the wrong kind.
    func check(_ object: Object) throws(StoreError) {
        let head = object.head
        try Text.check(head.name, "name", atMost: StoreLimits.nameByteCount)
        if let slug = head.slug { try Slug.check(slug, prefix: slugPrefix) }
        if let workspace = head.workspaceID { try Text.check(workspace, "workspace_id", atMost: StoreLimits.slugByteCount) }
        for column in columns { try column.check(object) }
        try (object as? any SelfChecking)?.checkItself()
    }
}

extension SQLiteStore {
    // MARK: Making

    public func create<Object: CreatableObject>(_ object: Object, by actor: AuditActor) throws(StoreError) -> Object {
        try insert(object, by: actor, action: "create") { _, _ in }
    }

    /// Makes an object with what belongs to it, in one transaction.
    func insert<Object: StoredObject>(
        _ object: Object, by actor: AuditActor, action: String, known: [SecretBytes] = [], and rest: (Database, Object) throws -> Void
    ) throws(StoreError) -> Object {
        let layout = Object.layout
        var object = object
        object.head.id = newID()
        object.head.createdAt = clock()
        object.head.updatedAt = object.head.createdAt
        object.head.createdBy = actor.id
        object.head.deletedAt = nil
        object.head.revision = 1
        if Object.self == Organisation.self { object.head.organisationID = object.head.id }
        var makeSlug: (() throws -> String)?
        if object.head.slug == nil, let prefix = layout.slugPrefix {
            let name = object.head.name
            object.head.slug = try Slug.make(prefix, from: name)
            makeSlug = { try Slug.make(prefix, from: name) }
        }
        if var config = object as? Config {
            config.version = 1
            if let numbered = config as? Object { object = numbered }
        }
        try layout.check(object)
        let whole = object
        return try changing { database in
            try count(layout, 1, in: database)
            try checkReferences(of: whole, in: database)
            try standAside(for: whole, in: database)
            let made = try insertRow(whole, in: database, makeSlug: makeSlug)
            try sealColumns(of: made, before: nil, in: database)
            try keepVersion(of: made, before: nil, in: database)
            try rest(database, made)
            var event = AuditEvent(actor, action, layout.table, id: made.id)
            event.place(made.head)
            event.after = ChangeText(layout, Masking(known: known)).whole(made)
            return (made, event)
        }
    }

    /// - Parameter makeSlug: makes up another slug where the object's is taken; nil where somebody wanted that one and no other.
    /// - Returns: the object with the slug that it has.
    func insertRow<Object: StoredObject>(_ object: Object, in database: Database, makeSlug: (() throws -> String)?) throws -> Object {
        let layout = Object.layout
        var object = object
        var triesLeft = makeSlug == nil ? 0 : StoreLimits.slugTries
        while true {
            do {
                try unique(layout) { try database.execute(sql: layout.insertSQL, arguments: StatementArguments(layout.values(of: object))) }
                return object
            } catch StoreError.taken(_, field: "slug") where triesLeft > 0 {
                triesLeft -= 1
                object.head.slug = try makeSlug?()
            }
        }
    }

    /// - Throws: `.full`, when there are as many of the kind as there may be.
    private func count<Object>(_ layout: Layout<Object>, _ change: Int, in database: Database) throws {
        try database.execute(
            sql: "INSERT INTO object_counts VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET live = live + excluded.live", arguments: [layout.table, change])
        let live = try Int.fetchOne(database, sql: "SELECT live FROM object_counts WHERE name = ?", arguments: [layout.table]) ?? 0
        guard change < 0 || live <= layout.limit else { throw StoreError.full(kind: layout.kind, limit: layout.limit) }
    }

    /// That whatever an object names is there, and in its organisation.
    private func checkReferences<Object: StoredObject>(of object: Object, in database: Database) throws {
        if Object.self != Organisation.self {
            let found = try Int.fetchOne(
                database, sql: "SELECT 1 FROM organisations WHERE id = ? AND deleted_at IS NULL", arguments: [object.head.organisationID])
            guard found != nil else { throw StoreError.unknownReference(field: "organisation_id", kind: "organisation") }
        }
        if let workspace = object.head.workspaceID {
            try checkReference("workspace_id", workspace, "workspaces", "workspace", of: object.head, in: database)
        }
        for column in Object.layout.columns {
            guard case .reference(let table, let kind) = column.kind, case .text(let id) = column.get(object) else { continue }
            try checkReference(column.name, id, table, kind, of: object.head, in: database)
        }
    }

    private func checkReference(_ field: String, _ id: String, _ table: String, _ kind: String, of head: ObjectHead, in database: Database) throws {
        let found = try Int.fetchOne(
            database, sql: "SELECT 1 FROM \(table) WHERE id = ? AND organisation_id = ? AND deleted_at IS NULL", arguments: [id, head.organisationID])
        guard found != nil else { throw StoreError.unknownReference(field: field, kind: kind) }
    }

    /// There is one default config of a workspace, and one default workspace: the last that was made one.
    private func standAside<Object: StoredObject>(for object: Object, in database: Database) throws {
        let head = object.head
        let change = "is_default = 0, revision = revision + 1, updated_at = \(clock())"
        if let config = object as? Config, config.isDefault {
            try database.execute(
                sql: "UPDATE configs SET \(change) WHERE organisation_id = ? AND workspace_id IS ? AND id <> ? AND is_default = 1",
                arguments: [head.organisationID, head.workspaceID, head.id])
        } else if let workspace = object as? Workspace, workspace.isDefault {
            try database.execute(
                sql: "UPDATE workspaces SET \(change) WHERE organisation_id = ? AND id <> ? AND is_default = 1", arguments: [head.organisationID, head.id])
        }
    }

    /// Says which field another has, in the place of SQLite's words.
    private func unique<Object>(_ layout: Layout<Object>, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_CONSTRAINT_UNIQUE {
            // "UNIQUE constraint failed: virtual_keys.organisation_id, virtual_keys.slug"
            let field = error.message?.split(separator: ".").last.map { String($0) } ?? "value"
            throw StoreError.taken(kind: layout.kind, field: field)
        }
    }

    // MARK: Finding

    public func find<Object: StoredObject>(_ kind: Object.Type, _ idOrSlug: String, in scope: Scope) throws(StoreError) -> Object {
        try reading { try fetch(kind, idOrSlug, scope, $0) }
    }

    func fetch<Object: StoredObject>(_ kind: Object.Type, _ idOrSlug: String, _ scope: Scope, _ database: Database) throws -> Object {
        let layout = Object.layout
        let isIt = layout.slugPrefix == nil ? "id = :id" : "(id = :id OR slug = :id)"
        var sql = layout.selectSQL + " WHERE \(isIt) AND organisation_id = :organisation AND deleted_at IS NULL"
        var arguments: [String: DatabaseValue] = ["id": idOrSlug.databaseValue, "organisation": scope.organisationID.databaseValue]
        if let workspace = scope.workspaceID {
            sql += " AND \(Object.self == Workspace.self ? "id" : "workspace_id") = :workspace"
            arguments["workspace"] = workspace.databaseValue
        }
        // Whoever makes a slug of another's id gains nothing.
        sql += " ORDER BY id = :id DESC LIMIT 1"
        guard let row = try Row.fetchOne(database, sql: sql, arguments: StatementArguments(arguments)) else {
            throw StoreError.notFound(kind: layout.kind, id: idOrSlug)
        }
        return try opened(layout.object(row), in: database)
    }

    public func list<Object: StoredObject>(_ kind: Object.Type, _ query: ListQuery) throws(StoreError) -> Page<Object> {
        let layout = Object.layout
        guard query.page >= 0, query.page <= StoreLimits.keyCount, (1...StoreLimits.pageRowCount).contains(query.pageSize) else {
            throw .invalid(field: "page_size", reason: "is not between 1 and \(StoreLimits.pageRowCount)")
        }
        var conditions = ["organisation_id = ?"]
        var values = [query.scope.organisationID.databaseValue]
        if let workspace = query.scope.workspaceID {
            let isShared = query.includesShared ? " OR workspace_id IS NULL" : ""
            conditions.append(Object.self == Workspace.self ? "id = ?" : "(workspace_id = ?\(isShared))")
            values.append(workspace.databaseValue)
        }
        if !query.includesDeleted { conditions.append("deleted_at IS NULL") }
        let hidden = layout.columns.filter { if case .hidden = $0.kind { true } else { false } }.map(\.name)
        let names = Set(layout.tableColumns).subtracting(hidden)
        for (column, value) in query.equal {
            guard names.contains(column) else { throw .invalid(field: column, reason: "is nothing to filter a \(layout.kind) by") }
            conditions.append("\(column) IS ?")
            values.append(value.databaseValue)
        }
        if let search = query.search, !search.isEmpty {
            try Text.check(search, "search", atMost: StoreLimits.nameByteCount)
            conditions.append("(instr(lower(name), lower(?)) > 0 OR instr(lower(slug), lower(?)) > 0)")
            values += [search.databaseValue, search.databaseValue]
        }
        let place = "WHERE " + conditions.joined(separator: " AND ")
        return try reading { database in
            let total = try Int.fetchOne(database, sql: "SELECT count(*) FROM \(layout.table) \(place)", arguments: StatementArguments(values)) ?? 0
            let rows = try Row.fetchAll(
                database, sql: "\(layout.selectSQL) \(place) ORDER BY id DESC LIMIT \(query.pageSize) OFFSET \(query.page * query.pageSize)",
                arguments: StatementArguments(values))
            return Page(rows: try rows.map { try opened(layout.object($0), in: database) }, total: total)
        }
    }

    // MARK: Changing

    public func update<Object: StoredObject>(
        _ kind: Object.Type, _ idOrSlug: String, in scope: Scope, at revision: Int64?, by actor: AuditActor,
        _ change: (inout Object) throws(StoreError) -> Void
    ) throws(StoreError) -> Object {
        try alter(kind, idOrSlug, in: scope, at: revision, by: actor, action: "update") { object, _ in try change(&object) }
    }

    /// Changes an object and what belongs to it, in one transaction. What the store gave it stays as it was.
    func alter<Object: StoredObject>(
        _ kind: Object.Type, _ idOrSlug: String, in scope: Scope, at revision: Int64?, by actor: AuditActor, action: String, known: [SecretBytes] = [],
        _ change: (inout Object, Database) throws -> Void
    ) throws(StoreError) -> Object {
        let layout = Object.layout
        return try changing { database in
            let before = try fetch(kind, idOrSlug, scope, database)
            try checkRevision(before, revision)
            var after = before
            try change(&after, database)
            var head = before.head
            (head.name, head.status, head.workspaceID) = (after.head.name, after.head.status, after.head.workspaceID)
            head.slug = after.head.slug ?? before.head.slug
            head.updatedAt = max(clock(), before.head.updatedAt)
            head.revision += 1
            after.head = head
            if var config = after as? Config, let old = before as? Config, config.text != old.text {
                config.version = old.version + 1
                if let numbered = config as? Object { after = numbered }
            }
            try layout.check(after)
            try checkReferences(of: after, in: database)
            try standAside(for: after, in: database)
            var values = layout.values(of: after)
            values.removeFirst()
            values += [before.id.databaseValue, before.revision.databaseValue]
            try unique(layout) { try database.execute(sql: layout.updateSQL, arguments: StatementArguments(values)) }
            try sealColumns(of: after, before: before, in: database)
            try keepVersion(of: after, before: before, in: database)
            var event = AuditEvent(actor, action, layout.table, id: after.id)
            event.place(after.head)
            (event.before, event.after) = ChangeText(layout, Masking(known: known)).difference(before, after)
            return (after, event)
        }
    }

    private func checkRevision<Object: StoredObject>(_ object: Object, _ wanted: Int64?) throws {
        guard let wanted, wanted != object.revision else { return }
        throw StoreError.conflict(kind: Object.layout.kind, id: object.id, expected: wanted, found: object.revision)
    }

    // MARK: Deleting

    public func delete<Object: StoredObject>(
        _ kind: Object.Type, _ idOrSlug: String, in scope: Scope, at revision: Int64?, by actor: AuditActor
    ) throws(StoreError) {
        let layout = Object.layout
        try changing { database in
            let object = try fetch(kind, idOrSlug, scope, database)
            try checkRevision(object, revision)
            for dependent in layout.dependents {
                let place = "FROM \(dependent.table) WHERE \(dependent.column) = ? AND deleted_at IS NULL"
                let count = try Int.fetchOne(database, sql: "SELECT count(*) \(place)", arguments: [object.id]) ?? 0
                guard count > 0 else { continue }
                guard dependent.goesAlong else { throw StoreError.inUse(kind: layout.kind, by: dependent.kind, count: count) }
                try database.execute(sql: "DELETE FROM secrets WHERE owner_id IN (SELECT id \(place))", arguments: [object.id])
                try database.execute(
                    sql: "UPDATE \(dependent.table) SET deleted_at = ?, revision = revision + 1 WHERE \(dependent.column) = ? AND deleted_at IS NULL",
                    arguments: [clock(), object.id])
                try database.execute(sql: "UPDATE object_counts SET live = live - ? WHERE name = ?", arguments: [count, dependent.table])
            }
            try database.execute(sql: "DELETE FROM secrets WHERE owner_id = ?", arguments: [object.id])
            try database.execute(
                sql: "UPDATE \(layout.table) SET deleted_at = ?, updated_at = ?, revision = revision + 1 WHERE id = ?",
                arguments: [clock(), clock(), object.id])
            try count(layout, -1, in: database)
            var event = AuditEvent(actor, "delete", layout.table, id: object.id)
            event.place(object.head)
            event.before = ChangeText(layout, Masking()).whole(object)
            return ((), event)
        }
    }
}

extension AuditEvent {
    mutating func place(_ head: ObjectHead) {
        organisationID = head.organisationID
        workspaceID = head.workspaceID
    }
}
