import Bytes
import JSON
import Store

/// `/api-keys`: keys of this gateway.
enum APIKeys {
    /// Where a key belongs and who holds it, which says by which scopes it is managed.
    struct Kind: Equatable {
        let isOfWorkspace: Bool
        let holder: APIKey.Holder

        init(isOfWorkspace: Bool, holder: APIKey.Holder) {
            self.isOfWorkspace = isOfWorkspace
            self.holder = holder
        }

        init(of key: APIKey) { self.init(isOfWorkspace: key.workspaceID != nil, holder: key.holder) }

        /// Keys of an organisation are managed as its service keys, whoever holds them.
        func scope(_ action: String) -> String {
            switch (isOfWorkspace, holder) {
            case (false, _): "organisation_service_api_keys.\(action)"
            case (true, .service): "workspace_service_api_keys.\(action)"
            case (true, .user): "workspace_user_api_keys.\(action)"
            }
        }

        /// As the wire says it.
        var name: String { (isOfWorkspace ? "workspace-" : "organisation-") + holder.rawValue }
    }

    private static func oneOf(_ action: String) -> Route.Permission {
        .oneOf(["organisation_service_api_keys", "workspace_service_api_keys", "workspace_user_api_keys"].map { "\($0).\(action)" })
    }

    // MARK: Bodies

    private static let defaults = BodyShape([
        BodyField("metadata", .texts, "metadata that its requests have"),
        BodyField("config_id", .text(atMost: ConsoleLimits.identifierByteCount), "the stored config of requests that bring none, by id or slug"),
        BodyField("allow_config_override", .flag, "whether a request may bring another config; true when it is left out"),
    ])

    private static let rotation = BodyShape([
        BodyField("rotation_period", .choice(["weekly", "monthly"]), "how often"),
        BodyField("rotation_period_days", .integer(1...365), "days, in the place of `rotation_period`"),
        BodyField("next_rotation_at", .date, "when next"),
        BodyField(
            "key_transition_period_ms", .integer(0...ConsoleLimits.transitionMilliseconds), "how long the secret before still opens"),
    ])

    private static func names(_ name: String, _ summary: String) -> BodyField {
        BodyField(name, .list(of: .text(atMost: ConsoleLimits.entryByteCount), atMost: ConsoleLimits.entryCount), summary)
    }

    private static let members =
        [
            BodyField("name", .text(atMost: ConsoleLimits.nameByteCount), required: true, "what it is called"),
            BodyField("description", .text(atMost: ConsoleLimits.descriptionByteCount), "what it is for"),
            BodyField(
                "scopes", .list(of: .text(atMost: ConsoleLimits.entryByteCount), atMost: ConsoleLimits.entryCount), required: true,
                "what it may do, as `completions.write`; `admin` for everything"),
        ] + LimitShapes.members(usageLimits: 1)
        + [
            BodyField("defaults", .object(defaults), "what its requests have when they say nothing"),
            BodyField(
                "alert_emails", .list(of: .text(atMost: ConsoleLimits.emailByteCount), atMost: ConsoleLimits.entryCount),
                "kept for who reads alerts; no mail is sent"),
            BodyField("expires_at", .time, "when it ceases to open; `null` for never"),
            BodyField("rotation_policy", .object(rotation), "kept for who rotates keys; nothing is rotated by itself"),
            names("allowed_models", "models it may use, with `*` at an end; empty for all"),
            names("allowed_providers", "providers and virtual keys it may use; empty for all"),
            names("allowed_endpoints", "paths it may ask; empty for all"),
            names("allowed_networks", "addresses and networks it may come from, as 192.0.2.0/24; empty for all"),
        ]

    private static let creation = BodyShape(
        members + [
            BodyField("workspace_id", .text(atMost: ConsoleLimits.identifierByteCount), "its workspace, by id or slug"),
            BodyField("user_id", .text(atMost: ConsoleLimits.identifierByteCount), "who holds it, for keys of users"),
            BodyField("key", .text(atMost: ConsoleLimits.credentialByteCount), "a secret to bring along from elsewhere; made when it is left out"),
            Listing.organisation, BodyField("type", .copy, "said by the path"), BodyField("sub-type", .copy, aliases: ["sub_type"], "said by the path"),
        ]
    ) { LimitShapes.faults(of: $0) }

    private static let change = BodyShape(
        members.map(\.optional) + [
            Listing.status, BodyField("reset_usage", .flag, "sets what it has used to nothing"), BodyField("id", .copy, "said by the path"),
            BodyField("workspace_id", .copy, "a key stays in its workspace"), BodyField("user_id", .copy, "a key stays with its user"), Listing.organisation,
        ]
    ) { LimitShapes.faults(of: $0) }

    private static let rotationBody = BodyShape([
        BodyField(
            "key_transition_period_ms", .integer(0...ConsoleLimits.transitionMilliseconds),
            "how long the secret before still opens; half an hour when it is left out")
    ])

    private static let filters =
        Listing.page + [
            Listing.workspace, Listing.search, Listing.status, Listing.organisation,
            BodyField("type", .choice(["organisation-service", "organisation-user", "workspace-service", "workspace-user"]), "keys of one kind alone"),
            BodyField("user_id", .text(atMost: ConsoleLimits.identifierByteCount), "keys of one user alone"),
        ]

    // MARK: Routes

    private static func creation(_ kind: Kind, _ path: String) -> Route {
        Route(.post, "/api-keys/\(path)", .scope(kind.scope("create")), "Makes a gateway key. Its secret is in the answer, and nowhere else.", body: creation) {
            (console, call) throws(ConsoleError) in try console.makeKey(call, kind)
        }
    }

    static let routes = [
        creation(Kind(isOfWorkspace: false, holder: .service), "organisation/service"),
        creation(Kind(isOfWorkspace: false, holder: .user), "organisation/user"),
        creation(Kind(isOfWorkspace: true, holder: .service), "workspace/service"),
        creation(Kind(isOfWorkspace: true, holder: .user), "workspace/user"),
        Route(.get, "/api-keys", oneOf("list"), "Lists gateway keys.", query: filters) { (console, call) throws(ConsoleError) in try console.listKeys(call) },
        Route(.get, "/api-keys/{id}", oneOf("read"), "Reads a gateway key.") { (console, call) throws(ConsoleError) in try console.readKey(call) },
        Route(.put, "/api-keys/{id}", oneOf("update"), "Changes a gateway key.", body: change) {
            (console, call) throws(ConsoleError) in try console.changeKey(call)
        },
        Route(.delete, "/api-keys/{id}", oneOf("delete"), "Deletes a gateway key: it opens no more.") {
            (console, call) throws(ConsoleError) in try console.deleteKey(call)
        },
        Route(.post, "/api-keys/{id}/rotate", oneOf("update"), "Gives a gateway key another secret.", body: rotationBody) {
            (console, call) throws(ConsoleError) in try console.rotateKey(call)
        },
    ]

    // MARK: Answers

    static func answer(_ key: APIKey, _ budgets: Budgets, now: Int64) -> DocumentNode {
        let isExpired = key.status == .active && key.expiresAt.map { $0 <= now } ?? false
        let status = isExpired ? "expired" : budgets.status(key.status)
        let transition = key.previousExpiresAt.flatMap { $0 > now ? $0 : nil }
        return .object([
            "id": .text(key.id), "key": .text(masked(key.lastFour)), "name": .text(key.name), "description": .text(key.description),
            "type": .text(Kind(of: key).name), "organisation_id": .text(key.head.organisationID), "organization_id": .text(key.head.organisationID),
            "workspace_id": .text(key.workspaceID), "user_id": .text(key.userID), "status": .text(status),
            "created_at": .time(key.head.createdAt), "last_updated_at": .time(key.head.updatedAt), "creation_mode": .text(key.origin.rawValue),
            "rate_limits": .stored(key.rateLimits), "usage_limits": budgets.object, "scopes": .texts(key.scopes),
            "defaults": .object([
                "metadata": .stored(key.defaultMetadata), "config_id": .text(key.defaultConfigID), "allow_config_override": .flag(key.allowsConfigOverride),
            ]),
            "alert_emails": .texts(key.alertEmails), "expires_at": .time(key.expiresAt), "rotation_policy": .stored(key.rotationPolicy),
            "allowed_models": .texts(key.allowedModels), "allowed_providers": .texts(key.allowedProviders),
            "allowed_endpoints": .texts(key.allowedEndpoints), "allowed_networks": .texts(key.allowedNetworks), "last_used_at": .time(key.lastUsedAt),
            "key_transition_expires_at": .time(transition), "source": .text("store"), "object": .text("api-key"),
        ])
    }

    /// A key of the configuration file, of which the console knows the name.
    static func answer(_ key: FileObjects.Key, _ budgets: Budgets, now: Int64) -> DocumentNode {
        .object([
            "id": .text(key.name), "key": .null, "name": .text(key.name), "description": .null, "type": .text("organisation-service"),
            "status": .text(key.expiresAt.map { $0 <= now } ?? false ? "expired" : budgets.status(.active)), "usage_limits": budgets.object, "expires_at": .time(key.expiresAt),
            "source": .text("file"), "object": .text("api-key"),
        ])
    }

    static func fill(_ key: inout APIKey, _ body: Body, configID: String?) {
        body.set("name", &key.head.name)
        body.set("description", &key.description)
        body.set("scopes", &key.scopes)
        body.setDocument("usage_limits", &key.usageLimits)
        body.setDocument("rate_limits", &key.rateLimits)
        body.setDocument("rotation_policy", &key.rotationPolicy)
        body.set("alert_emails", &key.alertEmails)
        body.set("expires_at", &key.expiresAt)
        body.set("allowed_models", &key.allowedModels)
        body.set("allowed_providers", &key.allowedProviders)
        body.set("allowed_endpoints", &key.allowedEndpoints)
        body.set("allowed_networks", &key.allowedNetworks)
        body.setStatus(&key.head.status)
        guard body.has("defaults") else { return }
        let defaults = body.body("defaults") ?? .none
        key.defaultMetadata = nil
        defaults.setDocument("metadata", &key.defaultMetadata)
        key.defaultConfigID = configID
        key.allowsConfigOverride = defaults.flag("allow_config_override") ?? true
    }

    /// A secret by its end.
    static func masked(_ lastFour: String) -> String { "****" + lastFour }
}

extension Console {
    fileprivate func makeKey(_ call: Call, _ kind: APIKeys.Kind) throws(ConsoleError) -> DocumentNode {
        var key = APIKey()
        key.head.organisationID = call.scope.organisationID
        key.holder = kind.holder
        let named = try workspace(call.body.text("workspace_id"), call.caller)
        if kind.isOfWorkspace {
            guard let named else { throw .invalid("workspace_id", "is missing: a key of a workspace names its workspace") }
            key.workspaceID = named.id
        } else if call.caller.key.workspaceID != nil {
            throw .forbidden("this API key is of a workspace, and makes no keys of the organisation")
        }
        key.userID = call.body.text("user_id")
        APIKeys.fill(&key, call.body, configID: try checkedConfig(call))
        let secret = call.body.text("key").map { Array($0.utf8).withByteSlice { SecretBytes($0) } }
        let (made, actor) = (key, call.actor)
        let issued = try ask { (store) throws(StoreError) in try store.issue(made, secret: secret, by: actor) }
        return .object([
            "id": .text(issued.key.id), "key": .text(issued.secret), "object": .text("api-key"), "success": .flag(true),
            "data": .object(["id": .text(issued.key.id), "key": .text(issued.secret)]),
        ])
    }

    /// What a body says of a key and the store does not see to; the id of the config it names.
    private func checkedConfig(_ call: Call) throws(ConsoleError) -> String? {
        try call.checkExpiry()
        try checkCredits(call)
        let scopes = call.body.texts("scopes")
        try Scopes.check(scopes)
        try call.caller.checkHolds(scopes)
        return try configID(call.body.body("defaults")?.text("config_id"), call)
    }

    /// The id of a stored config that is named by id or slug.
    private func configID(_ named: String?, _ call: Call) throws(ConsoleError) -> String? {
        guard let named else { return nil }
        do throws(StoreError) {
            return try store.find(Config.self, named, in: call.scope).id
        } catch .notFound {
            let isDeclared = file.catalog.configNames.names.contains(named)
            throw .invalid("defaults.config_id", isDeclared ? "names a config of the file; name a stored one" : "names no config that this API key reaches")
        } catch {
            throw ConsoleError(error)
        }
    }

    fileprivate func listKeys(_ call: Call) throws(ConsoleError) -> DocumentNode {
        var query = try listQuery(call)
        if let user = call.query.text("user_id") { query.equal.append(("user_id", .text(user))) }
        let wanted = call.query.text("type").map { $0.split(separator: "-").map { String($0) } }
        let mayService = call.caller.may("workspace_service_api_keys.list")
        let mayUser = call.caller.may("workspace_user_api_keys.list")
        let mayOrganisation = call.caller.may("organisation_service_api_keys.list")
        // Whose keys: of a workspace that is named, of the organisation alone, or of both where all may be seen.
        let isOfWorkspace = query.scope.workspaceID != nil || wanted?.first == "workspace"
        let isOfOrganisation = query.scope.workspaceID == nil && (wanted?.first == "organisation" || !(mayService && mayUser))
        if wanted?.first == "organisation", query.scope.workspaceID != nil { throw .invalid("type", "is of the organisation, and workspace_id of a workspace") }
        if isOfWorkspace, query.scope.workspaceID == nil { throw .invalid("workspace_id", "is missing: keys of a workspace are listed by its name") }
        if !isOfWorkspace {
            guard mayOrganisation else { throw .forbidden("this API key lists keys of a workspace alone: name it in workspace_id") }
            if isOfOrganisation { query.equal.append(("workspace_id", .null)) }
        }
        var holder = wanted?.last
        if isOfWorkspace, !(mayService && mayUser) {
            let only = mayService ? "service" : "user"
            guard holder == nil || holder == only else { throw .forbidden(Caller.denial(["workspace_\(holder ?? "")_api_keys.list"])) }
            guard mayService || mayUser else { throw .forbidden(Caller.denial(["workspace_service_api_keys.list", "workspace_user_api_keys.list"])) }
            holder = only
        }
        if let holder { query.equal.append(("holder", .text(holder))) }
        let now = call.now
        return try listing(APIKey.self, query, file: file.keys.map { ($0.name, shown($0, now)) }) { shown($0, now) }
    }

    fileprivate func readKey(_ call: Call) throws(ConsoleError) -> DocumentNode {
        guard let key = try find(APIKey.self, call, file: file.keys.map(\.name)) else {
            try call.caller.check(APIKeys.Kind(isOfWorkspace: false, holder: .service).scope("read"))
            guard let declared = file.keys.first(where: { $0.name == call.id }) else { throw .notFound("there is no API key \(quoted(call.id))") }
            return shown(declared, call.now)
        }
        try call.caller.check(APIKeys.Kind(of: key).scope("read"))
        return shown(key, call.now)
    }

    private func shown(_ key: APIKey, _ now: Int64) -> DocumentNode {
        APIKeys.answer(key, budgets(.apiKey, id: key.id, key.usageLimits, now: now), now: now)
    }

    private func shown(_ key: FileObjects.Key, _ now: Int64) -> DocumentNode {
        APIKeys.answer(key, budgets(.apiKey, declared: key.name, key.limits, now: now), now: now)
    }

    /// A key that this caller may change: of a kind that is theirs to manage, with no scope that they have not.
    private func ownKey(_ call: Call, _ action: String) throws(ConsoleError) -> APIKey {
        let key = try findToChange(APIKey.self, call, file: file.keys.map(\.name))
        try call.caller.check(APIKeys.Kind(of: key).scope(action))
        try call.caller.checkHolds(key.scopes)
        return key
    }

    fileprivate func changeKey(_ call: Call) throws(ConsoleError) -> DocumentNode {
        let key = try ownKey(call, "update")
        try checkReset(call)
        let configID = try checkedConfig(call)
        let updated = try update(APIKey.self, key.id, call) { APIKeys.fill(&$0, call.body, configID: configID) }
        try resetUsage(call, .apiKey, updated, updated.usageLimits)
        return shown(updated, call.now).with(["success": .flag(true)])
    }

    fileprivate func deleteKey(_ call: Call) throws(ConsoleError) -> DocumentNode {
        let key = try ownKey(call, "delete")
        return try delete(APIKey.self, key.id, call)
    }

    fileprivate func rotateKey(_ call: Call) throws(ConsoleError) -> DocumentNode {
        let key = try ownKey(call, "update")
        let transition = call.body.integer("key_transition_period_ms")
        let issued = try ask { (store) throws(StoreError) in
            if let transition { return try store.rotate(key.id, in: call.scope, transition: transition, by: call.actor) }
            return try store.rotate(key.id, in: call.scope, by: call.actor)
        }
        return .object([
            "id": .text(issued.key.id), "key": .text(issued.secret), "key_transition_expires_at": .time(issued.key.previousExpiresAt),
            "object": .text("api-key"),
        ])
    }
}
