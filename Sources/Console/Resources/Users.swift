import JSON
import Store

/// `/admin/users` and `/admin/users/invites`: people of the organisation. An invited user is one who has not been here yet; no mail is sent.
enum Users {
    private static let roles = User.Role.allCases.map(\.rawValue)

    private static let place = BodyShape([
        BodyField("id", .text(atMost: ConsoleLimits.identifierByteCount), required: true, "the workspace, by id or slug"),
        BodyField("role", .choice(Membership.Role.allCases.map(\.rawValue)), "what they may do there; `member` when it is left out"),
    ])

    private static let invitation = BodyShape([
        BodyField("email", .text(atMost: ConsoleLimits.emailByteCount), required: true, "their address"),
        BodyField("role", .choice(roles), required: true, "what they may do in the organisation"),
        BodyField("first_name", .text(atMost: ConsoleLimits.emailByteCount / 2), "their first name"),
        BodyField("last_name", .text(atMost: ConsoleLimits.emailByteCount / 2), "their last name"),
        BodyField("workspaces", .list(of: .object(place), atMost: ConsoleLimits.memberCount), "workspaces they are taken into"), Listing.organisation,
    ])

    private static let change = BodyShape([
        BodyField("role", .choice(roles), "what they may do in the organisation"), Listing.status,
        BodyField("first_name", .text(atMost: ConsoleLimits.emailByteCount / 2), "their first name"),
        BodyField("last_name", .text(atMost: ConsoleLimits.emailByteCount / 2), "their last name"), Listing.organisation,
    ])

    private static let filters =
        Listing.page + [
            BodyField("email", .text(atMost: ConsoleLimits.emailByteCount), "one user's address"), BodyField("role", .choice(roles), "users of one role alone"),
            Listing.search, Listing.organisation,
        ]

    static let routes = [
        Route(
            .post, "/admin/users/invites", .scope("organisation_users.create"), "Makes a user who has not been here yet. No mail is sent.", body: invitation
        ) {
            (console, call) throws(ConsoleError) in try console.invite(call)
        },
        Route(
            .get, "/admin/users/invites", .scope("organisation_users.list"), "Lists users who have not been here yet.",
            query: filters + [BodyField("status", .choice(["pending"]), "those not accepted, which are all that are kept")]
        ) { (console, call) throws(ConsoleError) in try console.listUsers(call, isInvited: true) },
        Route(.get, "/admin/users/invites/{id}", .scope("organisation_users.read"), "Reads an invitation.") { (console, call) throws(ConsoleError) in
            invite(try console.invited(call))
        },
        Route(.delete, "/admin/users/invites/{id}", .scope("organisation_users.delete"), "Takes an invitation back.") { (console, call) throws(ConsoleError) in
            try console.deleteUser(try console.invited(call), call)
        },
        Route(
            .get, "/admin/users", .scope("organisation_users.list"), "Lists users, invited ones as well.",
            query: filters + [BodyField("status", .choice(["active", "disabled", "invited"]), "whether they may come in")]
        ) { (console, call) throws(ConsoleError) in try console.listUsers(call, isInvited: false) },
        Route(.get, "/admin/users/{id}", .scope("organisation_users.read"), "Reads a user, and which workspaces they are in.") {
            (console, call) throws(ConsoleError) in try console.readUser(call)
        },
        Route(.put, "/admin/users/{id}", .scope("organisation_users.update"), "Changes a user.", body: change) { (console, call) throws(ConsoleError) in
            try console.changeUser(call)
        },
        Route(.delete, "/admin/users/{id}", .scope("organisation_users.delete"), "Deletes a user who holds no key.") { (console, call) throws(ConsoleError) in
            try console.deleteUser(try console.user(call), call)
        },
    ]

    /// What is before the first blank, and what is behind it.
    static func names(of user: User) -> (first: String?, last: String?) {
        let parts = user.name.split(separator: " ", maxSplits: 1).map { String($0) }
        return (parts.first, parts.count > 1 ? parts[1] : nil)
    }

    static func name(_ body: Body, before: (first: String?, last: String?)) -> String {
        let first = body.has("first_name") ? body.text("first_name") : before.first
        let last = body.has("last_name") ? body.text("last_name") : before.last
        return [first, last].compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: " ")
    }

    static func answer(_ user: User) -> DocumentNode {
        let names = names(of: user)
        return .object([
            "id": .text(user.id), "email": .text(user.email), "first_name": .text(names.first), "last_name": .text(names.last),
            "role": .text(user.role.rawValue), "status": .text(user.status.rawValue), "created_at": .time(user.head.createdAt),
            "last_updated_at": .time(user.head.updatedAt), "organisation_id": .text(user.head.organisationID),
            "organization_id": .text(user.head.organisationID), "object": .text("user"),
        ])
    }

    static func invite(_ user: User) -> DocumentNode {
        .object([
            "id": .text(user.id), "email": .text(user.email), "role": .text(user.role.rawValue), "status": .text("pending"),
            "created_at": .time(user.head.createdAt), "invited_by": .text(user.head.createdBy), "object": .text("user-invite"),
        ])
    }
}

extension Console {
    /// People are the organisation's: a key of a workspace reaches none.
    private func checkReach(_ call: Call) throws(ConsoleError) {
        guard call.caller.key.workspaceID == nil else { throw .forbidden("this API key is of a workspace, and users are the organisation's") }
    }

    fileprivate func user(_ call: Call) throws(ConsoleError) -> User {
        try checkReach(call)
        return try findToChange(User.self, call)
    }

    fileprivate func invited(_ call: Call) throws(ConsoleError) -> User {
        let user = try user(call)
        guard user.status == .invited else { throw .notFound("there is no invitation \(quoted(call.id))") }
        return user
    }

    fileprivate func invite(_ call: Call) throws(ConsoleError) -> DocumentNode {
        try checkReach(call)
        var user = User()
        user.head.organisationID = call.scope.organisationID
        user.email = (call.body.text("email") ?? "").lowercased()
        user.role = call.body.text("role").flatMap { User.Role(rawValue: $0) } ?? .member
        user.status = .invited
        user.name = Users.name(call.body, before: (nil, nil))
        var places: [(workspace: Workspace, role: Body)] = []
        for (index, place) in call.body.bodies("workspaces").enumerated() {
            guard let named = try? workspace(place.text("id"), call.caller) else {
                throw .invalid("workspaces[\(index)].id", "names no workspace of this organisation")
            }
            places.append((named, place))
        }
        let (object, workspaces) = (user, places)
        let made = try ask { (store) throws(StoreError) in
            try store.together { (store) throws(StoreError) in
                let made = try store.create(object, by: call.actor)
                for place in workspaces {
                    let member = Body(node: .object([("id", .text(made.id)), ("role", .text(place.role.text("role") ?? "member"))]))
                    _ = try Members.add([member], to: place.workspace, in: store, call.actor)
                }
                return made
            }
        }
        return Users.invite(made).with(["invite_link": .null, "success": .flag(true)])
    }

    fileprivate func listUsers(_ call: Call, isInvited: Bool) throws(ConsoleError) -> DocumentNode {
        try checkReach(call)
        var query = ListQuery(call.scope)
        query.page = Int(call.query.integer("current_page") ?? 0)
        query.pageSize = Int(call.query.integer("page_size") ?? ConsoleLimits.usualPageRowCount)
        query.search = call.query.text("search")
        if isInvited {
            query.equal.append(("status", .text(ObjectStatus.invited.rawValue)))
        } else if let status = call.query.text("status") {
            query.equal.append(("status", .text(status)))
        }
        if let email = call.query.text("email") { query.equal.append(("email", .text(email.lowercased()))) }
        if let role = call.query.text("role") { query.equal.append(("role", .text(role))) }
        return try listing(User.self, query) { isInvited ? Users.invite($0) : Users.answer($0) }
    }

    fileprivate func readUser(_ call: Call) throws(ConsoleError) -> DocumentNode {
        let user = try user(call)
        var query = ListQuery(call.scope)
        query.equal = [("user_id", .text(user.id))]
        query.pageSize = Int(ConsoleLimits.pageRowCount)
        let places = try page(Membership.self, query)
        return Users.answer(user).with(["workspace_ids": .texts(places.rows.compactMap(\.workspaceID))])
    }

    fileprivate func changeUser(_ call: Call) throws(ConsoleError) -> DocumentNode {
        let user = try user(call)
        let updated = try update(User.self, user.id, call) { object in
            if let role = call.body.text("role").flatMap({ User.Role(rawValue: $0) }) { object.role = role }
            object.name = Users.name(call.body, before: Users.names(of: object))
            call.body.setStatus(&object.head.status)
        }
        return Users.answer(updated).with(["success": .flag(true)])
    }

    fileprivate func deleteUser(_ user: User, _ call: Call) throws(ConsoleError) -> DocumentNode {
        return try delete(User.self, user.id, call)
    }
}
