import JSON
import Policy
import Store

/// `/integrations/{slug}/workspaces`: which workspaces may use an integration, and with what limits of their own.
enum IntegrationWorkspaces {
    private static let share = BodyShape(
        [
            BodyField("id", .text(atMost: ConsoleLimits.identifierByteCount), required: true, "the workspace, by id or slug"),
            BodyField("enabled", .flag, "whether it may use the integration; true when it is left out"),
            BodyField("reset_usage", .flag, "sets what it has used of the integration to nothing"),
            BodyField("create_default_provider", .flag, "false: a provider is made with POST /providers"),
            BodyField("default_provider_slug", .copy, "not read: no provider is made"), BodyField("status", .copy, "what was answered; nothing is changed by it"),
            BodyField("name", .copy, "what was answered; nothing is changed by it"),
        ] + LimitShapes.members(usageLimits: ConsoleLimits.usageLimitCount)
    ) { LimitShapes.faults(of: $0) }

    private static let change = BodyShape([
        BodyField("workspaces", .list(of: .object(share), atMost: ConsoleLimits.memberCount), "the workspaces that are changed; the others stay as they are"),
        BodyField("global_workspace_access", .any, "`{\"enabled\": true}` for workspaces that are not named, or `true`; `null` for none"),
        BodyField(
            "override_existing_workspace_access", .flag, aliases: ["override_existing_workspaces_access"], "whether those that were named before, and are not now, are as the others"),
        Listing.organisation,
    ])

    private static func either(_ action: String) -> Route.Permission {
        .oneOf([Integrations.scope(isOfWorkspace: false, action), Integrations.scope(isOfWorkspace: true, action)])
    }

    static let routes = [
        Route(.get, "/integrations/{slug}/workspaces", either("read"), "Lists which workspaces may use an integration, and what they have used of it.") {
            (console, call) throws(ConsoleError) in try console.listShares(call)
        },
        Route(.put, "/integrations/{slug}/workspaces", either("update"), "Says which workspaces may use an integration, and within what limits.", body: change) {
            (console, call) throws(ConsoleError) in try console.changeShares(call)
        },
    ]
}

extension Console {
    fileprivate func listShares(_ call: Call) throws(ConsoleError) -> DocumentNode {
        let integration = try own(call, "read")
        return try shares(of: integration, call)
    }

    private func shares(of integration: Integration, _ call: Call) throws(ConsoleError) -> DocumentNode {
        var rows: [DocumentNode] = []
        for share in IntegrationShare.list(integration.workspaces) where call.caller.key.workspaceID.map({ $0 == share.workspaceID }) ?? true {
            let identity = IntegrationShare.identity(of: integration.id, in: share.workspaceID)
            let budgets = budgets(.integration, id: identity, share.usageLimits, now: call.now)
            // What the SDK reads has objects here, where there are lists.
            let (usage, rates) = call.request.isPortkeySDK
                ? (budgets.object, DocumentNode.stored(share.rateLimits).elements.first ?? .null) : (budgets.list, .stored(share.rateLimits))
            rows.append(.object([
                "id": .text(share.workspaceID), "enabled": .flag(share.isEnabled), "usage_limits": usage, "rate_limits": rates,
                "status": .text(budgets.status(.active)),
            ]))
        }
        return .object([
            "total": .number(rows.count), "workspaces": .list(rows),
            "global_workspace_access": .object(["enabled": .flag(integration.isForAllWorkspaces)]), "object": .text("list"),
        ])
    }

    fileprivate func changeShares(_ call: Call) throws(ConsoleError) -> DocumentNode {
        let integration = try own(call, "update")
        guard integration.workspaceID == nil else { throw .conflict("this integration is of a workspace, and used there alone") }
        let given = call.body.bodies("workspaces")
        if given.contains(where: { $0.flag("reset_usage") == true }), usage == nil { throw .invalid("reset_usage", "is refused: this gateway counts no usage") }
        var shares = call.body.flag("override_existing_workspace_access") == true ? [] : IntegrationShare.list(integration.workspaces)
        var resets: [IntegrationShare] = []
        for (index, body) in given.enumerated() {
            let place = "workspaces[\(index)]"
            if body.flag("create_default_provider") == true { throw .invalid("\(place).create_default_provider", "is refused: make one with POST /providers") }
            try checkCredits(body, at: place, call)
            let space = try reachable(body.text("id") ?? "", "\(place).id", call)
            var share = shares.first { $0.workspaceID == space.id } ?? IntegrationShare(space.id)
            share.isEnabled = body.flag("enabled") ?? share.isEnabled
            body.setDocument("usage_limits", &share.usageLimits)
            body.setDocument("rate_limits", &share.rateLimits)
            shares.removeAll { $0.workspaceID == space.id }
            shares.append(share)
            if body.flag("reset_usage") == true { resets.append(share) }
        }
        let isForAll = try globalAccess(call.body)
        let text = IntegrationShare.text(shares)
        let updated = try update(Integration.self, integration.id, call, at: integration.revision) { object in
            object.workspaces = text
            if let isForAll { object.isForAllWorkspaces = isForAll }
        }
        for share in resets {
            let limits = SpendingLimits.read(usage: share.usageLimits, rates: nil).limits.usage
            try reset(call, .integration, id: IntegrationShare.identity(of: updated.id, in: share.workspaceID), limits, updated.head)
        }
        return try self.shares(of: updated, call).with(["success": .flag(true)])
    }

    /// `{"enabled": true}`, `true`, or nothing; nil where the body does not say.
    private func globalAccess(_ body: Body) throws(ConsoleError) -> Bool? {
        guard body.has("global_workspace_access") else { return nil }
        guard let value = body.value("global_workspace_access") else { return false }
        if case .boolean(let flag) = value.value { return flag }
        guard case .object(let members) = value.value, case .boolean(let flag)? = members.first(where: { $0.name == "enabled" })?.value.value else {
            throw .invalid("global_workspace_access", "must be true, false, null, or an object with enabled")
        }
        return flag
    }

    private func reachable(_ named: String, _ field: String, _ call: Call) throws(ConsoleError) -> Workspace {
        do throws(StoreError) {
            return try store.find(Workspace.self, named, in: call.scope)
        } catch .notFound {
            throw .invalid(field, "names no workspace that this API key reaches")
        } catch {
            throw ConsoleError(error)
        }
    }
}

extension Integration {
    /// Whether the whole organisation's integration may be used in a workspace; in none is where all are.
    func isOpen(to workspace: String?) -> Bool {
        guard let workspace else { return true }
        return IntegrationShare.list(workspaces).first { $0.workspaceID == workspace }?.isEnabled ?? isForAllWorkspaces
    }
}
