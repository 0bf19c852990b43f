import JSON
import Store

/// Pages of objects, as all lists have them.
enum Listing {
    static let page = [
        BodyField("current_page", .integer(0...ConsoleLimits.pageCount), aliases: ["currentPage", "page"], "the page, from 0"),
        BodyField("page_size", .integer(1...ConsoleLimits.pageRowCount), aliases: ["pageSize", "limit"], "rows of a page"),
    ]
    static let search = BodyField("search", .text(atMost: ConsoleLimits.nameByteCount), "what the name or the slug contains")
    static let organisation = BodyField(
        "organisation_id", .text(atMost: ConsoleLimits.identifierByteCount), aliases: ["organization_id"], "the organisation, which is the API key's own")
    static let workspace = BodyField("workspace_id", .text(atMost: ConsoleLimits.identifierByteCount), "a workspace, by id or slug")
    static let status = BodyField("status", .choice(["active", "disabled"]), "whether it may be used")

    static func of(_ rows: [DocumentNode], total: Int, more: KeyValuePairs<String, DocumentNode> = [:]) -> DocumentNode {
        DocumentNode.object(["object": .text("list"), "total": .number(total), "data": .list(rows)]).with(more)
    }

    /// Rows as a bare list, as Portkey describes some answers; an object for its SDK, which reads nothing else.
    static func bare(_ rows: [DocumentNode], total: Int, _ call: Call) -> DocumentNode {
        call.request.isPortkeySDK ? of(rows, total: total) : .list(rows)
    }
}

extension Console {
    /// A query for the page, the workspace and the search that a call asks for.
    func listQuery(_ call: Call) throws(ConsoleError) -> ListQuery {
        var query = ListQuery(call.scope)
        query.scope.workspaceID = try workspace(call.query.text("workspace_id"), call.caller)?.id
        query.page = Int(call.query.integer("current_page") ?? 0)
        query.pageSize = Int(call.query.integer("page_size") ?? ConsoleLimits.usualPageRowCount)
        query.search = call.query.text("search")
        if let status = call.query.text("status") { query.equal.append(("status", .text(status))) }
        return query
    }

    /// A page of the store's objects, and behind the last of them the file's, where the whole organisation is looked at.
    ///
    /// - Parameter isWhole: whether it is; nil where the query says so by itself.
    func listing<Object: StoredObject>(
        _ kind: Object.Type, _ query: ListQuery, file: [(name: String, row: DocumentNode)] = [], isWhole: Bool? = nil,
        _ row: (Object) throws(ConsoleError) -> DocumentNode
    ) throws(ConsoleError) -> DocumentNode {
        let page = try page(Object.self, query)
        var rows: [DocumentNode] = []
        for object in page.rows { rows.append(try row(object)) }
        let isWhole = isWhole ?? (query.scope.workspaceID == nil && query.equal.isEmpty)
        let search = query.search?.lowercased()
        let declared = isWhole ? file.filter { search.map($0.name.lowercased().contains) ?? true } : []
        let (start, end) = (query.page * query.pageSize, query.page * query.pageSize + query.pageSize)
        for (index, entry) in declared.enumerated() where (start..<end).contains(page.total + index) { rows.append(entry.row) }
        return Listing.of(rows, total: page.total + declared.count)
    }

    /// What the store has by this id or slug; nil where the file declares it.
    ///
    /// - Parameters:
    ///   - id: nil for the path's first parameter.
    ///   - names: the file's, which a key of a workspace does not see.
    func find<Object: StoredObject>(_ kind: Object.Type, _ call: Call, id: String? = nil, file names: [String]) throws(ConsoleError) -> Object? {
        let named = try workspace(call.query.text("workspace_id"), call.caller)
        let object: Object
        do throws(StoreError) {
            object = try store.find(kind, id ?? call.id, in: call.scope)
        } catch .notFound where call.scope.workspaceID == nil && names.contains(call.id) {
            return nil
        } catch {
            throw ConsoleError(error)
        }
        // What belongs to the whole organisation is every workspace's to name.
        if let named, let own = object.workspaceID, own != named.id { throw .notFound("there is nothing of this name in the workspace \(quoted(named.name))") }
        return object
    }

    /// What the store has by this id or slug, to be changed.
    func findToChange<Object: StoredObject>(_ kind: Object.Type, _ call: Call, id: String? = nil, file names: [String] = []) throws(ConsoleError) -> Object {
        guard let object = try find(kind, call, id: id, file: names) else {
            throw .conflict("\(quoted(call.id)) is declared in the configuration file, and is changed there")
        }
        return object
    }
}
