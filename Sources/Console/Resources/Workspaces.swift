import JSON
import Store

/// `/admin/workspaces`: parts of the organisation.
enum Workspaces {
    private static let defaults = BodyShape([BodyField("metadata", .texts, "metadata that its requests have")])

    private static let members =
        [
            BodyField("name", .text(atMost: ConsoleLimits.nameByteCount), required: true, "what it is called"),
            BodyField("description", .text(atMost: ConsoleLimits.descriptionByteCount), "what it is for"),
            BodyField("defaults", .object(defaults), "what its requests have when they say nothing"),
            BodyField("is_default", .flag, "whether it is the one for what names none"),
        ] + LimitShapes.members(usageLimits: ConsoleLimits.usageLimitCount)

    private static let creation = BodyShape(
        members + [
            BodyField(
                "slug", .text(atMost: ConsoleLimits.identifierByteCount), "a name for paths, beginning with `ws-`; made from its name when it is left out"),
            BodyField("users", .list(of: .textOrObject(Members.shape, member: "id"), atMost: ConsoleLimits.memberCount), "who is in it, by id, with a role"),
            Listing.organisation,
        ]
    ) { LimitShapes.faults(of: $0) }

    private static let change = BodyShape(
        members.map(\.optional) + [Listing.status, BodyField("reset_usage", .flag, "sets what it has used to nothing"), Listing.organisation]
    ) { LimitShapes.faults(of: $0) }

    private static let deletion = BodyShape([
        BodyField("workspace_id", .copy, "said by the path"), BodyField("name", .text(atMost: ConsoleLimits.nameByteCount), "its name, to be sure"),
    ])

    private static let filters =
        Listing.page + [
            Listing.search, Listing.status, Listing.organisation, BodyField("name", .text(atMost: ConsoleLimits.nameByteCount), "what the name contains"),
            BodyField("exact_name", .text(atMost: ConsoleLimits.nameByteCount), "the name"),
        ]

    static let routes = [
        Route(.post, "/admin/workspaces", .scope("workspaces.create"), "Makes a workspace.", body: creation) { (console, call) throws(ConsoleError) in
            try console.makeWorkspace(call)
        },
        Route(.get, "/admin/workspaces", .scope("workspaces.list"), "Lists workspaces.", query: filters) { (console, call) throws(ConsoleError) in
            try console.listWorkspaces(call)
        },
        Route(.get, "/admin/workspaces/{id}", .scope("workspaces.read"), "Reads a workspace and who is in it.") { (console, call) throws(ConsoleError) in
            try console.readWorkspace(call)
        },
        Route(.put, "/admin/workspaces/{id}", .scope("workspaces.update"), "Changes a workspace.", body: change) { (console, call) throws(ConsoleError) in
            try console.changeWorkspace(call)
        },
        Route(.delete, "/admin/workspaces/{id}", .scope("workspaces.delete"), "Deletes a workspace that has nothing in it.", body: deletion) {
            (console, call) throws(ConsoleError) in try console.deleteWorkspace(call)
        },
    ]

    static func answer(_ workspace: Workspace, _ budgets: Budgets) -> DocumentNode {
        .object([
            "id": .text(workspace.id), "slug": .text(workspace.slug), "name": .text(workspace.name), "description": .text(workspace.description),
            "organisation_id": .text(workspace.head.organisationID), "organization_id": .text(workspace.head.organisationID),
            "is_default": .number(workspace.isDefault ? 1 : 0), "status": .text(budgets.status(workspace.status)), "created_at": .time(workspace.head.createdAt),
            "last_updated_at": .time(workspace.head.updatedAt), "defaults": .stored(workspace.defaults),
            "usage_limits": budgets.list, "rate_limits": .stored(workspace.rateLimits), "object": .text("workspace"),
        ])
    }

    static func fill(_ workspace: inout Workspace, _ body: Body) {
        body.set("name", &workspace.head.name)
        body.set("description", &workspace.description)
        body.set("is_default", &workspace.isDefault)
        body.setDocument("defaults", &workspace.defaults)
        body.setDocument("usage_limits", &workspace.usageLimits)
        body.setDocument("rate_limits", &workspace.rateLimits)
        body.setStatus(&workspace.head.status)
    }
}

extension Console {
    fileprivate func makeWorkspace(_ call: Call) throws(ConsoleError) -> DocumentNode {
        guard call.caller.key.workspaceID == nil else { throw .forbidden("this API key is of a workspace, and makes no other") }
        try checkCredits(call)
        var workspace = Workspace()
        workspace.head.organisationID = call.scope.organisationID
        workspace.slug = call.body.text("slug")
        Workspaces.fill(&workspace, call.body)
        let users = call.body.bodies("users")
        let object = workspace
        let (made, members) = try ask { (store) throws(StoreError) in
            try store.together { (store) throws(StoreError) in
                let made = try store.create(object, by: call.actor)
                return (made, try Members.add(users, to: made, in: store, call.actor))
            }
        }
        // What the SDK reads has texts alone here.
        let rows = members.map { DocumentNode.object(["id": .text($0.userID), "role": .text($0.role.rawValue)]) }
        return shown(made, call.now).with(["users": .list(rows), "success": .flag(true)])
    }

    fileprivate func listWorkspaces(_ call: Call) throws(ConsoleError) -> DocumentNode {
        var query = try listQuery(call)
        if let name = call.query.text("name") { query.search = name }
        if let name = call.query.text("exact_name") { query.equal.append(("name", .text(name))) }
        return try listing(Workspace.self, query) { shown($0, call.now) }
    }

    fileprivate func readWorkspace(_ call: Call) throws(ConsoleError) -> DocumentNode {
        let workspace = try findToChange(Workspace.self, call)
        var query = ListQuery(Scope(organisationID: workspace.head.organisationID, workspaceID: workspace.id))
        query.pageSize = Int(ConsoleLimits.pageRowCount)
        let members = try page(Membership.self, query)
        let rows = members.rows.map { DocumentNode.object(["id": .text($0.userID), "role": .text($0.role.rawValue)]) }
        return shown(workspace, call.now).with(["users": .list(rows)])
    }

    fileprivate func changeWorkspace(_ call: Call) throws(ConsoleError) -> DocumentNode {
        let workspace = try findToChange(Workspace.self, call)
        try checkReset(call)
        try checkCredits(call)
        if workspace.isDefault, call.body.flag("is_default") == false { throw .conflict("one workspace is the default: make another one that") }
        let updated = try update(Workspace.self, workspace.id, call) { Workspaces.fill(&$0, call.body) }
        try resetUsage(call, .workspace, updated, updated.usageLimits)
        return shown(updated, call.now).with(["success": .flag(true)])
    }

    private func shown(_ workspace: Workspace, _ now: Int64) -> DocumentNode {
        Workspaces.answer(workspace, budgets(.workspace, id: workspace.id, workspace.usageLimits, now: now))
    }

    fileprivate func deleteWorkspace(_ call: Call) throws(ConsoleError) -> DocumentNode {
        let workspace = try findToChange(Workspace.self, call)
        if let name = call.body.text("name"), name != workspace.name { throw .invalid("name", "is not the name of this workspace") }
        guard !workspace.isDefault else { throw .conflict("the default workspace stays: make another one that first") }
        return try delete(Workspace.self, workspace.id, call)
    }
}
