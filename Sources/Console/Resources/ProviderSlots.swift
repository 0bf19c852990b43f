import JSON
import Store

/// `/providers`: virtual keys whose credential is an integration's, in the shape that came after `/virtual-keys`. Either lists both.
enum ProviderSlots {
    private static let integration = BodyField(
        "integration_id", .text(atMost: ConsoleLimits.identifierByteCount), required: true, "the integration whose credential it uses, by id or slug")

    private static let creation = BodyShape(VirtualKeys.members + [integration, Listing.workspace, Listing.organisation]) { LimitShapes.faults(of: $0) }

    private static let change = BodyShape(
        VirtualKeys.members.map(\.optional) + VirtualKeys.changeMembers + [BodyField("integration_id", .copy, "a provider stays with its integration")]
    ) { LimitShapes.faults(of: $0) }

    static let routes = [
        Route(.post, "/providers", .scope("providers.create"), "Makes a provider: a name for an integration's credential.", body: creation) {
            (console, call) throws(ConsoleError) in try console.makeProvider(call)
        },
        Route(.get, "/providers", .scope("providers.list"), "Lists providers.", query: VirtualKeys.filters) { (console, call) throws(ConsoleError) in
            // What the SDK reads rows by has an object here, where there is a list.
            try console.listVirtualKeys(call) { answer($0, $1, $2, now: call.now, hidesRates: call.request.isPortkeySDK) }
        },
        Route(.get, "/providers/{slug}", .scope("providers.read"), "Reads a provider.", query: [Listing.workspace, Listing.organisation]) {
            (console, call) throws(ConsoleError) in try console.readVirtualKey(call) { answer($0, $1, $2, now: call.now) }
        },
        Route(.put, "/providers/{slug}", .scope("providers.update"), "Changes a provider.", query: [Listing.workspace, Listing.organisation], body: change) {
            (console, call) throws(ConsoleError) in try console.changeProvider(call)
        },
        Route(
            .delete, "/providers/{slug}", .scope("providers.delete"), "Deletes a provider; its integration stays.",
            query: [Listing.workspace, Listing.organisation]
        ) {
            (console, call) throws(ConsoleError) in try console.deleteVirtualKey(call)
        },
    ]

    static func answer(
        _ key: VirtualKey, _ credentials: [ProviderCredential], _ budgets: Budgets, now: Int64, hidesRates: Bool = false
    ) -> DocumentNode {
        .object([
            "id": .text(key.id), "slug": .text(key.slug), "name": .text(key.name), "note": .text(key.note), "provider": .text(key.provider),
            "integration_id": .text(key.integrationID), "status": .text(VirtualKeys.status(of: key, budgets, now: now)),
            "usage_limits": budgets.object, "rate_limits": hidesRates ? .null : .stored(key.rateLimits),
            "allowed_models": .texts(key.allowedModels), "pricing": .stored(key.pricing), "expires_at": .time(key.expiresAt),
            "created_at": .time(key.head.createdAt), "last_updated_at": .time(key.head.updatedAt), "masked_key": Secrets.shown(credentials),
            "workspace_id": .text(key.workspaceID), "organisation_id": .text(key.head.organisationID), "organization_id": .text(key.head.organisationID), "source": .text("store"),
            "object": .text("provider"),
        ])
    }
}

extension Console {
    fileprivate func makeProvider(_ call: Call) throws(ConsoleError) -> DocumentNode {
        let named = call.body.text("integration_id") ?? ""
        let integration: Integration
        do throws(StoreError) {
            integration = try store.find(Integration.self, named, in: Scope(organisationID: call.scope.organisationID))
        } catch .notFound {
            throw .invalid("integration_id", "names no integration of this workspace")
        } catch {
            throw ConsoleError(error)
        }
        let workspace = try workspace(call.body.text("workspace_id"), call.caller)?.id
        guard integration.workspaceID == nil ? integration.isOpen(to: workspace) : integration.workspaceID == workspace else {
            throw .invalid("integration_id", "names no integration of this workspace")
        }
        try call.checkExpiry()
        try checkCredits(call)
        try checkSlug(call.body.text("slug"))
        var key = VirtualKey()
        key.head.organisationID = call.scope.organisationID
        key.workspaceID = workspace
        key.provider = integration.provider
        key.integrationID = integration.id
        VirtualKeys.fill(&key, call.body)
        let made = try create(key, call)
        return .object(["id": .text(made.id), "slug": .text(made.slug), "object": .text("provider"), "success": .flag(true)])
    }

    fileprivate func changeProvider(_ call: Call) throws(ConsoleError) -> DocumentNode {
        let key = try findToChange(VirtualKey.self, call, file: file.virtualKeySlugs)
        try call.checkExpiry()
        try checkCredits(call)
        try checkReset(call)
        if call.body.text("slug") != key.slug { try checkSlug(call.body.text("slug")) }
        let updated = try update(VirtualKey.self, key.id, call) { VirtualKeys.fill(&$0, call.body) }
        try resetUsage(call, .virtualKey, updated, updated.usageLimits)
        return .object(["id": .text(updated.id), "slug": .text(updated.slug), "object": .text("provider"), "success": .flag(true)])
    }
}
