import JSON
import Store

/// `/admin/workspaces/{id}/users`: who is in a workspace.
enum Members {
    private static let role = BodyField("role", .choice(Membership.Role.allCases.map(\.rawValue)), "what they may do there; `member` when it is left out")

    /// A user and a role.
    static let shape = BodyShape([BodyField("id", .text(atMost: ConsoleLimits.identifierByteCount), required: true, "the user"), role])

    private static let creation = BodyShape([
        BodyField("users", .list(of: .textOrObject(shape, member: "id"), atMost: ConsoleLimits.memberCount), required: true, "who, with a role"),
        BodyField("workspace_id", .copy, "said by the path"),
    ])

    private static let change = BodyShape([
        BodyField("role", .choice(Membership.Role.allCases.map(\.rawValue)), required: true, "what they may do there"),
        BodyField("user_id", .copy, "said by the path"), BodyField("workspace_id", .copy, "said by the path"),
    ])

    private static let filters = Listing.page + [role, BodyField("email", .text(atMost: ConsoleLimits.emailByteCount), "one user's address")]

    static let routes = [
        Route(.post, "/admin/workspaces/{id}/users", .scope("workspace_users.create"), "Takes users into a workspace: all of them, or none.", body: creation) {
            (console, call) throws(ConsoleError) in try console.addMembers(call)
        },
        Route(.get, "/admin/workspaces/{id}/users", .scope("workspace_users.list"), "Lists who is in a workspace.", query: filters) {
            (console, call) throws(ConsoleError) in try console.listMembers(call)
        },
        Route(.get, "/admin/workspaces/{id}/users/{user_id}", .scope("workspace_users.read"), "Reads somebody's place in a workspace.") {
            (console, call) throws(ConsoleError) in try console.answer(try console.membership(call))
        },
        Route(.put, "/admin/workspaces/{id}/users/{user_id}", .scope("workspace_users.update"), "Changes somebody's role in a workspace.", body: change) {
            (console, call) throws(ConsoleError) in try console.changeMember(call)
        },
        Route(.delete, "/admin/workspaces/{id}/users/{user_id}", .scope("workspace_users.delete"), "Takes somebody out of a workspace.") {
            (console, call) throws(ConsoleError) in try console.removeMember(call)
        },
    ]

    static func add(_ users: [Body], to workspace: Workspace, in store: any Store, _ actor: AuditActor) throws(StoreError) -> [Membership] {
        var members: [Membership] = []
        for user in users {
            var membership = Membership()
            membership.head.organisationID = workspace.head.organisationID
            membership.workspaceID = workspace.id
            membership.userID = user.text("id")
            membership.role = user.text("role").flatMap { Membership.Role(rawValue: $0) } ?? .member
            members.append(try store.create(membership, by: actor))
        }
        return members
    }
}

extension Console {
    private func members(of workspace: Workspace) -> ListQuery {
        ListQuery(Scope(organisationID: workspace.head.organisationID, workspaceID: workspace.id))
    }

    fileprivate func addMembers(_ call: Call) throws(ConsoleError) -> DocumentNode {
        let workspace = try findToChange(Workspace.self, call)
        let users = call.body.bodies("users")
        try ask { (store) throws(StoreError) in
            try store.together { (store) throws(StoreError) in _ = try Members.add(users, to: workspace, in: store, call.actor) }
        }
        return .object(["success": .flag(true)])
    }

    fileprivate func listMembers(_ call: Call) throws(ConsoleError) -> DocumentNode {
        let workspace = try findToChange(Workspace.self, call)
        var query = members(of: workspace)
        query.page = Int(call.query.integer("current_page") ?? 0)
        query.pageSize = Int(call.query.integer("page_size") ?? ConsoleLimits.usualPageRowCount)
        if let role = call.query.text("role") { query.equal.append(("role", .text(role))) }
        if let email = call.query.text("email") {
            var users = ListQuery(Scope(organisationID: workspace.head.organisationID))
            users.equal = [("email", .text(email.lowercased()))]
            let found = try page(User.self, users)
            query.equal.append(("user_id", .text(found.rows.first?.id ?? "")))
        }
        return try listing(Membership.self, query) { (membership) throws(ConsoleError) in try answer(membership) }
    }

    fileprivate func membership(_ call: Call) throws(ConsoleError) -> Membership {
        let workspace = try findToChange(Workspace.self, call)
        let user = call.parameters.last ?? ""
        var query = members(of: workspace)
        query.equal = [("user_id", .text(user))]
        let found = try page(Membership.self, query)
        guard let membership = found.rows.first else { throw .notFound("there is no user \(quoted(user)) in this workspace") }
        return membership
    }

    fileprivate func answer(_ membership: Membership) throws(ConsoleError) -> DocumentNode {
        let id = membership.userID ?? ""
        let user = try found(User.self, id, in: Scope(organisationID: membership.head.organisationID))
        let names = Users.names(of: user)
        return .object([
            "id": .text(user.id), "email": .text(user.email), "first_name": .text(names.first), "last_name": .text(names.last),
            "org_role": .text(user.role.rawValue), "role": .text(membership.role.rawValue), "status": .text(user.status.rawValue),
            "created_at": .time(membership.head.createdAt), "last_updated_at": .time(membership.head.updatedAt),
            "workspace_id": .text(membership.workspaceID), "object": .text("workspace-user"),
        ])
    }

    fileprivate func changeMember(_ call: Call) throws(ConsoleError) -> DocumentNode {
        let membership = try membership(call)
        let role = call.body.text("role").flatMap { Membership.Role(rawValue: $0) } ?? membership.role
        let updated = try update(Membership.self, membership.id, call) { $0.role = role }
        return try answer(updated).with(["success": .flag(true)])
    }

    fileprivate func removeMember(_ call: Call) throws(ConsoleError) -> DocumentNode {
        let membership = try membership(call)
        return try delete(Membership.self, membership.id, call)
    }
}
