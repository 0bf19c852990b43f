import Bytes
import JSON
import Policy
import Store

/// `/virtual-keys`: names for providers' credentials.
enum VirtualKeys {
    // MARK: Bodies

    private static let deployment = BodyShape([
        BodyField("deploymentName", .text(atMost: ConsoleLimits.entryByteCount), required: true, "the deployment"),
        BodyField("apiVersion", .text(atMost: ConsoleLimits.identifierByteCount), "the version of Azure's API"),
        BodyField("alias", .copy, "not read: one deployment is used"), BodyField("is_default", .copy, "not read: one deployment is used"),
    ])

    /// Of an integration as well, for those of its providers that say nothing of their own.
    static let pricing = BodyShape([
        BodyField(
            "multiplier", .amount(0...ConsoleLimits.priceMultiplier),
            "the part of the price book's prices that is charged: `0.9` is a discount of a tenth; at most six decimals"),
        BodyField("fixed", .amount(0...ConsoleLimits.budgetDollars), "dollars for each request, whatever it took"),
    ]) { body in
        (body.number("multiplier") == nil) == (body.number("fixed") == nil) ? [BodyFault("", "has one of multiplier and fixed")] : []
    }

    /// What a virtual key and a provider have in common.
    static let members =
        [
            BodyField("name", .text(atMost: ConsoleLimits.nameByteCount), required: true, "what it is called"),
            BodyField("slug", .text(atMost: ConsoleLimits.identifierByteCount), "what requests and configs name it by; made from its name when it is left out"),
            BodyField("note", .text(atMost: ConsoleLimits.descriptionByteCount), "what it is for"),
            BodyField("expires_at", .time, "when it ceases to be used; `null` for never"),
            BodyField(
                "allowed_models", .list(of: .text(atMost: ConsoleLimits.entryByteCount), atMost: ConsoleLimits.entryCount),
                "models it may be used for, with `*` at an end; empty for all"),
            BodyField("pricing", .object(pricing), "what its requests cost in place of the price book's prices; `null` for those"),
        ] + LimitShapes.members(usageLimits: 1)

    static let changeMembers = [
        Listing.status, BodyField("reset_usage", .flag, "sets what it has used to nothing"),
        BodyField("workspace_id", .copy, "it stays in its workspace"), Listing.organisation,
    ]

    private static let settings = [
        BodyField("key", .text(atMost: ConsoleLimits.credentialByteCount), "the credential; or where it is found, as `env:NAME` or `file:/run/secrets/NAME`"),
        BodyField(
            "model_config", .anyObject, aliases: ["modelConfig"], "what requests to the provider need beside a credential, by the keys of a config's target"),
        BodyField(
            "deploymentName", .text(atMost: ConsoleLimits.entryByteCount), aliases: ["deployment_name"],
            "Azure's deployment: `deployment_id` of `model_config`"),
        BodyField("deploymentConfig", .oneOrMore(deployment, atMost: 1), aliases: ["deployment_config"], "Azure's deployment and version, in one"),
    ] + ProviderSettings.members

    private static let creation = BodyShape(
        members + settings + [
            BodyField("provider", .text(atMost: ConsoleLimits.identifierByteCount), required: true, "the provider's id, as `openai`"),
            Listing.workspace, Listing.organisation,
        ]
    ) { LimitShapes.faults(of: $0) }

    private static let change = BodyShape(
        members.map(\.optional) + settings + changeMembers + [BodyField("provider", .copy, "a virtual key stays with its provider")]
    ) { LimitShapes.faults(of: $0) }

    static let filters =
        Listing.page + [
            Listing.workspace, Listing.search, Listing.status, Listing.organisation,
            BodyField("provider", .text(atMost: ConsoleLimits.identifierByteCount), "those of one provider alone"),
        ]

    // MARK: Routes

    static let routes = [
        Route(.post, "/virtual-keys", .scope("virtual_keys.create"), "Makes a virtual key.", body: creation) {
            (console, call) throws(ConsoleError) in try console.makeVirtualKey(call)
        },
        Route(.get, "/virtual-keys", .scope("virtual_keys.list"), "Lists virtual keys, without their credentials.", query: filters) {
            (console, call) throws(ConsoleError) in try console.listVirtualKeys(call) { answer($0, $1, $2, now: call.now) }
        },
        Route(.get, "/virtual-keys/{slug}", .scope("virtual_keys.read"), "Reads a virtual key, without its credential.") {
            (console, call) throws(ConsoleError) in try console.readVirtualKey(call) { answer($0, $1, $2, now: call.now) }
        },
        Route(
            .put, "/virtual-keys/{slug}", .scope("virtual_keys.update"), "Changes a virtual key; its slug leads to the new credential at once.", body: change
        ) {
            (console, call) throws(ConsoleError) in try console.changeVirtualKey(call)
        },
        Route(.delete, "/virtual-keys/{slug}", .scope("virtual_keys.delete"), "Deletes a virtual key, and its credential for good.") {
            (console, call) throws(ConsoleError) in try console.deleteVirtualKey(call)
        },
    ]

    // MARK: Answers

    static func answer(_ key: VirtualKey, _ credentials: [ProviderCredential], _ budgets: Budgets, now: Int64) -> DocumentNode {
        .object([
            "id": .text(key.id), "slug": .text(key.slug), "name": .text(key.name), "note": .text(key.note), "provider": .text(key.provider),
            "status": .text(status(of: key, budgets, now: now)), "usage_limits": budgets.object, "rate_limits": .stored(key.rateLimits),
            "model_config": Secrets.masked(key.modelConfig), "allowed_models": .texts(key.allowedModels), "pricing": .stored(key.pricing),
            "expires_at": .time(key.expiresAt), "created_at": .time(key.head.createdAt), "last_updated_at": .time(key.head.updatedAt),
            "secret_mappings": .list([]), "masked_key": Secrets.shown(credentials), "integration_id": .text(key.integrationID), "workspace_id": .text(key.workspaceID),
            "organisation_id": .text(key.head.organisationID), "organization_id": .text(key.head.organisationID), "source": .text("store"),
            "object": .text("virtual-key"),
        ])
    }

    static func status(of key: VirtualKey, _ budgets: Budgets, now: Int64) -> String {
        let isExpired = key.status == .active && key.expiresAt.map { $0 <= now } ?? false
        return isExpired ? "expired" : budgets.status(key.status)
    }

    /// A virtual key of the configuration file.
    static func declared(_ slug: String, provider: String, _ budgets: Budgets, object: String) -> DocumentNode {
        .object([
            "id": .text(slug), "slug": .text(slug), "name": .text(slug), "note": .null, "provider": .text(provider),
            "status": .text(budgets.status(.active)), "usage_limits": budgets.object, "rate_limits": .null, "expires_at": .null, "source": .text("file"), "object": .text(object),
        ])
    }

    static func fill(_ key: inout VirtualKey, _ body: Body) {
        body.set("name", &key.head.name)
        body.set("slug", &key.head.slug)
        body.set("note", &key.note)
        body.set("expires_at", &key.expiresAt)
        body.set("allowed_models", &key.allowedModels)
        body.setDocument("pricing", &key.pricing)
        body.setDocument("usage_limits", &key.usageLimits)
        body.setDocument("rate_limits", &key.rateLimits)
        body.setStatus(&key.head.status)
    }

    /// `model_config` with what a body says beside it put into it; nil where the body says nothing of either.
    static func settings(_ body: Body, before: DocumentNode) -> DocumentNode? {
        let deployment = body.bodies("deploymentConfig").first
        var named = ProviderSettings.names.compactMap { name in body.value(name).map { (name, $0) } }
        for (name, text) in [
            ("deployment_id", body.text("deploymentName") ?? deployment?.text("deploymentName")), ("api_version", deployment?.text("apiVersion")),
        ] where !named.contains(where: { $0.0 == name }) {
            if let text { named.append((name, .text(text))) }
        }
        guard body.has("model_config") || !named.isEmpty else { return nil }
        let base = body.has("model_config") ? ProviderSettings.snakeCase(body.value("model_config") ?? .empty) : before
        let kept = base.members.filter { member in !named.contains { $0.0 == member.name } }.map { ($0.name, $0.value) }
        return .object(kept + named)
    }
}

extension Console {
    fileprivate func makeVirtualKey(_ call: Call) throws(ConsoleError) -> DocumentNode {
        var key = VirtualKey()
        key.head.organisationID = call.scope.organisationID
        key.workspaceID = try workspace(call.body.text("workspace_id"), call.caller)?.id
        try call.checkExpiry()
        try checkCredits(call)
        try checkSlug(call.body.text("slug"))
        key.provider = try provider(call.body.text("provider"), field: "provider")
        VirtualKeys.fill(&key, call.body)
        let value = try Secrets.credential(call.body.text("key"))
        if let settings = VirtualKeys.settings(call.body, before: .null) {
            try checkSettings(settings, provider: key.provider, hasCredential: value != nil, field: "model_config")
            key.modelConfig = settings.members.isEmpty ? nil : settings.jsonText
        }
        if value == nil, key.modelConfig == nil, needsCredential(key.provider) {
            throw .invalid("key", "is missing: provider \(quoted(key.provider)) takes a credential")
        }
        let (object, actor) = (key, call.actor)
        let made = try ask { (store) throws(StoreError) in
            try store.together { (store) throws(StoreError) in
                let made = try store.create(object, by: actor)
                if let value { _ = try store.addCredential(Secrets.row(of: made), value, by: actor) }
                return made
            }
        }
        return .object([
            "success": .flag(true), "data": .object(["slug": .text(made.slug)]), "id": .text(made.id), "slug": .text(made.slug),
            "object": .text("virtual-key"),
        ])
    }

    fileprivate func changeVirtualKey(_ call: Call) throws(ConsoleError) -> DocumentNode {
        let key = try findToChange(VirtualKey.self, call, file: file.virtualKeySlugs)
        try call.checkExpiry()
        try checkCredits(call)
        try checkReset(call)
        if call.body.text("slug") != key.slug { try checkSlug(call.body.text("slug")) }
        let before = DocumentNode.stored(key.modelConfig)
        let settings = try VirtualKeys.settings(call.body, before: before).map { (given) throws(ConsoleError) in
            try Secrets.restored(given, from: before, field: "model_config")
        }
        let value = try Secrets.credential(call.body.text("key"))
        if let settings {
            let hasCredential = value != nil ? true : try !credentials(of: key).isEmpty
            try checkSettings(settings, provider: key.provider, hasCredential: hasCredential, field: "model_config")
        }
        if value != nil, key.integrationID != nil { throw .conflict("the credential of this virtual key is its integration's, and is changed there") }
        let updated = try ask { (store) throws(StoreError) in
            try store.together { (store) throws(StoreError) in
                let updated = try store.update(VirtualKey.self, key.id, in: call.scope, at: nil, by: call.actor) { object in
                    VirtualKeys.fill(&object, call.body)
                    if let settings { object.modelConfig = settings.members.isEmpty ? nil : settings.jsonText }
                }
                if let value { try Secrets.replace(of: Secrets.row(of: updated), by: value, in: store, call.actor) }
                return updated
            }
        }
        try resetUsage(call, .virtualKey, updated, updated.usageLimits)
        return .object(["success": .flag(true), "id": .text(updated.id), "slug": .text(updated.slug), "object": .text("virtual-key")])
    }

    // MARK: For providers as well

    func listVirtualKeys(
        _ call: Call, _ row: (VirtualKey, [ProviderCredential], Budgets) -> DocumentNode
    ) throws(ConsoleError) -> DocumentNode {
        var query = try listQuery(call)
        if let provider = call.query.text("provider") { query.equal.append(("provider", .text(provider))) }
        let object = call.route.pattern == "/providers" ? "provider" : "virtual-key"
        let declared = file.virtualKeySlugs.map { ($0, self.declared($0, object: object, call.now)) }
        return try listing(VirtualKey.self, query, file: declared) { (key) throws(ConsoleError) in
            row(key, try credentials(of: key), budgets(of: key, call.now))
        }
    }

    func readVirtualKey(_ call: Call, _ row: (VirtualKey, [ProviderCredential], Budgets) -> DocumentNode) throws(ConsoleError) -> DocumentNode {
        guard let key = try find(VirtualKey.self, call, file: file.virtualKeySlugs) else {
            let object = call.route.pattern.hasPrefix("/providers") ? "provider" : "virtual-key"
            return declared(call.id, object: object, call.now)
        }
        return row(key, try credentials(of: key), budgets(of: key, call.now))
    }

    private func budgets(of key: VirtualKey, _ now: Int64) -> Budgets { budgets(.virtualKey, id: key.id, key.usageLimits, now: now) }

    private func declared(_ slug: String, object: String, _ now: Int64) -> DocumentNode {
        let budgets = budgets(.virtualKey, declared: slug, file.virtualKeyLimits[slug] ?? SpendingLimits(), now: now)
        return VirtualKeys.declared(slug, provider: file.provider(of: slug), budgets, object: object)
    }

    func deleteVirtualKey(_ call: Call) throws(ConsoleError) -> DocumentNode {
        let key = try findToChange(VirtualKey.self, call, file: file.virtualKeySlugs)
        return try delete(VirtualKey.self, key.id, call)
    }

    /// Its own credentials, or its integration's.
    private func credentials(of key: VirtualKey) throws(ConsoleError) -> [ProviderCredential] {
        try ask { (store) throws(StoreError) in try Secrets.rows(of: Secrets.row(of: key), in: store) }
    }

    /// A slug that the file has would lead somewhere else.
    func checkSlug(_ slug: String?) throws(ConsoleError) {
        if let slug, file.virtualKeySlugs.contains(slug) { throw .conflict("the configuration file has a virtual key \(quoted(slug)) already") }
    }
}

extension FileObjects {
    var virtualKeySlugs: [String] { catalog.virtualKeys.map(\.slug) }

    func provider(of slug: String) -> String {
        guard let key = catalog.virtualKeys.first(where: { $0.slug == slug }) else { return "" }
        return catalog.providers[key.provider].id
    }
}
