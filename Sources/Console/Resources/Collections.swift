import JSON
import Store

/// `/collections`: folders of prompts and partials.
enum Collections {
    private static let name = BodyField("name", .text(atMost: ConsoleLimits.nameByteCount), required: true, "what it is called")

    private static let creation = BodyShape([
        name, BodyField("parent_collection_id", .text(atMost: ConsoleLimits.identifierByteCount), "the collection it is in, by id or slug"),
        BodyField("slug", .text(atMost: ConsoleLimits.identifierByteCount), "a name for bodies and paths; made from its name when it is left out"),
        Listing.workspace, Listing.organisation,
    ])

    private static let change = BodyShape([name, BodyField("workspace_id", .copy, "it stays in its workspace"), Listing.organisation])

    private static let filters = Listing.page + [Listing.workspace, Listing.search, Listing.organisation]

    static let routes = [
        Route(.post, "/collections", .scope("collections.create"), "Makes a collection.", body: creation) { (console, call) throws(ConsoleError) in
            try console.makeCollection(call)
        },
        Route(.get, "/collections", .scope("collections.list"), "Lists collections, and how much is in each.", query: filters) {
            (console, call) throws(ConsoleError) in try console.listCollections(call)
        },
        Route(.get, "/collections/{id}", .scope("collections.read"), "Reads a collection and the collections in it.") {
            (console, call) throws(ConsoleError) in try console.readCollection(call)
        },
        Route(.put, "/collections/{id}", .scope("collections.update"), "Gives a collection another name.", body: change) {
            (console, call) throws(ConsoleError) in try console.changeCollection(call)
        },
        Route(.delete, "/collections/{id}", .scope("collections.delete"), "Deletes a collection that has nothing in it.") {
            (console, call) throws(ConsoleError) in try console.delete(PromptCollection.self, try console.findToChange(PromptCollection.self, call).id, call)
        },
    ]

    static func answer(_ collection: PromptCollection, _ contents: CollectionContents) -> DocumentNode {
        .object([
            "id": .text(collection.id), "slug": .text(collection.slug), "name": .text(collection.name),
            "organisation_id": .text(collection.head.organisationID), "workspace_id": .text(collection.workspaceID),
            "parent_collection_id": .text(collection.parentID), "is_default": .flag(false), "status": .text(collection.status.rawValue),
            "owner_id": .text(collection.head.createdBy), "created_at": .time(collection.head.createdAt),
            "last_updated_at": .time(collection.head.updatedAt), "collection_details": details(contents), "object": .text("collection"),
        ])
    }

    private static func details(_ contents: CollectionContents) -> DocumentNode {
        .object([
            "child_collections_count": .number(contents.collectionCount), "prompts_count": .number(contents.promptCount),
            "child_collections_last_updated_at": .time(contents.collectionsChangedAt), "prompts_last_updated_at": .time(contents.promptsChangedAt),
        ])
    }
}

extension Console {
    /// The collection that a body or a query names by id or slug; nil for none.
    func collection(_ named: String?, field: String, _ call: Call) throws(ConsoleError) -> PromptCollection? {
        guard let named else { return nil }
        do throws(StoreError) {
            return try store.find(PromptCollection.self, named, in: call.scope)
        } catch .notFound {
            throw .invalid(field, "names no collection that this API key reaches")
        } catch {
            throw ConsoleError(error)
        }
    }

    /// The workspace of what a body makes: its collection's, where it is in one.
    func workspaceID(in collection: PromptCollection?, _ call: Call) throws(ConsoleError) -> String? {
        guard let collection else { return try workspace(call.body.text("workspace_id"), call.caller)?.id }
        if let named = call.body.text("workspace_id"), try workspace(named, call.caller)?.id != collection.workspaceID {
            throw .invalid("workspace_id", "is not the workspace of the collection \(quoted(collection.name))")
        }
        return collection.workspaceID
    }

    fileprivate func makeCollection(_ call: Call) throws(ConsoleError) -> DocumentNode {
        let parent = try collection(call.body.text("parent_collection_id"), field: "parent_collection_id", call)
        var made = PromptCollection()
        made.head.organisationID = call.scope.organisationID
        made.workspaceID = try workspaceID(in: parent, call)
        made.parentID = parent?.id
        made.slug = call.body.text("slug")
        call.body.set("name", &made.head.name)
        made = try create(made, call)
        return .object(["success": .flag(true), "id": .text(made.id), "slug": .text(made.slug), "object": .text("collection")])
    }

    private func shown(_ collection: PromptCollection) throws(ConsoleError) -> DocumentNode {
        Collections.answer(collection, try ask { (store) throws(StoreError) in try store.contents(of: collection) })
    }

    fileprivate func listCollections(_ call: Call) throws(ConsoleError) -> DocumentNode {
        try listing(PromptCollection.self, try listQuery(call)) { (collection) throws(ConsoleError) in try shown(collection) }
    }

    fileprivate func readCollection(_ call: Call) throws(ConsoleError) -> DocumentNode {
        let collection = try findToChange(PromptCollection.self, call)
        var query = ListQuery(call.scope)
        query.equal.append(("parent_collection_id", .text(collection.id)))
        query.pageSize = Int(ConsoleLimits.pageRowCount)
        var children: [DocumentNode] = []
        for child in try page(PromptCollection.self, query).rows { children.append(try shown(child)) }
        return try shown(collection).with(["child_collections": .list(children)])
    }

    fileprivate func changeCollection(_ call: Call) throws(ConsoleError) -> DocumentNode {
        let collection = try findToChange(PromptCollection.self, call)
        _ = try update(PromptCollection.self, collection.id, call) { call.body.set("name", &$0.head.name) }
        return .empty
    }
}
