import Bytes
import JSON
import Store

/// `/integrations`: providers' accounts, from which providers get their credential.
enum Integrations {
    private static let members = [
        BodyField("name", .text(atMost: ConsoleLimits.nameByteCount), required: true, "what it is called"),
        BodyField("description", .text(atMost: ConsoleLimits.descriptionByteCount), "what it is for"),
        BodyField("key", .text(atMost: ConsoleLimits.credentialByteCount), "the credential; or where it is found, as `env:NAME` or `file:/run/secrets/NAME`"),
        BodyField("slug", .text(atMost: ConsoleLimits.identifierByteCount), "a name for paths; made from its name when it is left out"),
        BodyField(
            "pricing", .object(VirtualKeys.pricing),
            "what requests of its providers cost in place of the price book's prices, where a provider has no `pricing` of its own; `null` for those"),
        BodyField("configurations", .anyObject, "what requests to the provider need beside a credential, by the keys of a config's target"),
    ]

    private static let creation = BodyShape(
        members + [
            BodyField("ai_provider_id", .text(atMost: ConsoleLimits.identifierByteCount), required: true, "the provider's id, as `openai`"),
            Listing.workspace, Listing.organisation,
        ])

    private static let change = BodyShape(
        members.map(\.optional) + [
            Listing.status, BodyField("ai_provider_id", .copy, "an integration stays with its provider"),
            BodyField("workspace_id", .copy, "it stays in its workspace"), Listing.organisation,
        ])

    private static let filters =
        Listing.page + [
            Listing.workspace, Listing.search, Listing.status, Listing.organisation,
            BodyField("type", .choice(["organisation", "workspace", "all"]), "the organisation's, the workspaces', or all"),
        ]

    static func scope(isOfWorkspace: Bool, _ action: String) -> String { "\(isOfWorkspace ? "workspace" : "organisation")_integrations.\(action)" }

    private static func either(_ action: String) -> Route.Permission {
        .oneOf([scope(isOfWorkspace: false, action), scope(isOfWorkspace: true, action)])
    }

    static let routes = [
        Route(.post, "/integrations", either("create"), "Makes an integration: a provider's credential.", body: creation) {
            (console, call) throws(ConsoleError) in try console.makeIntegration(call)
        },
        Route(.get, "/integrations", either("list"), "Lists integrations, without their credentials.", query: filters) {
            (console, call) throws(ConsoleError) in try console.listIntegrations(call)
        },
        Route(.get, "/integrations/{slug}", either("read"), "Reads an integration, without its credential.") {
            (console, call) throws(ConsoleError) in try console.readIntegration(call)
        },
        Route(.put, "/integrations/{slug}", either("update"), "Changes an integration; its providers use the new credential at once.", body: change) {
            (console, call) throws(ConsoleError) in try console.changeIntegration(call)
        },
        Route(.delete, "/integrations/{slug}", either("delete"), "Deletes an integration that no provider uses, and its credential for good.") {
            (console, call) throws(ConsoleError) in try console.deleteIntegration(call)
        },
    ]

    static func answer(_ integration: Integration, _ credentials: [ProviderCredential]) -> DocumentNode {
        .object([
            "id": .text(integration.id), "slug": .text(integration.slug), "name": .text(integration.name), "description": .text(integration.description),
            "ai_provider_id": .text(integration.provider), "status": .text(integration.status.rawValue),
            "type": .text(integration.workspaceID == nil ? "organisation" : "workspace"), "masked_key": Secrets.shown(credentials),
            "configurations": Secrets.masked(integration.configurations), "allow_all_models": .flag(integration.allowsAllModels),
            "pricing": .stored(integration.pricing),
            "global_workspace_access": .object(["enabled": .flag(integration.isForAllWorkspaces)]), "owner_id": .text(integration.head.createdBy),
            "created_at": .time(integration.head.createdAt), "last_updated_at": .time(integration.head.updatedAt),
            "workspace_id": .text(integration.workspaceID), "organisation_id": .text(integration.head.organisationID),
            "organization_id": .text(integration.head.organisationID), "source": .text("store"), "object": .text("integration"),
        ])
    }

    static func fill(_ integration: inout Integration, _ body: Body, configurations: DocumentNode?) {
        body.set("name", &integration.head.name)
        body.set("slug", &integration.head.slug)
        body.set("description", &integration.description)
        body.setDocument("pricing", &integration.pricing)
        body.setStatus(&integration.head.status)
        if let configurations { integration.configurations = configurations.members.isEmpty ? nil : configurations.jsonText }
    }
}

extension Console {
    fileprivate func makeIntegration(_ call: Call) throws(ConsoleError) -> DocumentNode {
        var integration = Integration()
        integration.head.organisationID = call.scope.organisationID
        integration.workspaceID = try workspace(call.body.text("workspace_id"), call.caller)?.id
        try call.caller.check(Integrations.scope(isOfWorkspace: integration.workspaceID != nil, "create"))
        integration.provider = try provider(call.body.text("ai_provider_id"), field: "ai_provider_id")
        let value = try Secrets.credential(call.body.text("key"))
        let configurations = call.body.value("configurations").map { ProviderSettings.snakeCase($0) }
        if let configurations {
            try checkSettings(configurations, provider: integration.provider, hasCredential: value != nil, field: "configurations")
        }
        Integrations.fill(&integration, call.body, configurations: configurations)
        if value == nil, integration.configurations == nil, needsCredential(integration.provider) {
            throw .invalid("key", "is missing: provider \(quoted(integration.provider)) takes a credential")
        }
        let (object, actor) = (integration, call.actor)
        let made = try ask { (store) throws(StoreError) in
            try store.together { (store) throws(StoreError) in
                let made = try store.create(object, by: actor)
                if let value { _ = try store.addCredential(Secrets.row(of: made), value, by: actor) }
                return made
            }
        }
        return .object(["id": .text(made.id), "slug": .text(made.slug), "object": .text("integration"), "success": .flag(true)])
    }

    fileprivate func listIntegrations(_ call: Call) throws(ConsoleError) -> DocumentNode {
        var query = try listQuery(call)
        let type = call.query.text("type") ?? "all"
        if query.scope.workspaceID == nil {
            // Rows of all workspaces and of the organisation are one list: who may not see one half, names the other.
            let mayAll = call.caller.may("organisation_integrations.list") && call.caller.may("workspace_integrations.list")
            if type == "organisation" || !mayAll {
                try call.caller.check("organisation_integrations.list")
                query.equal.append(("workspace_id", .null))
            } else if type == "workspace" {
                throw .invalid("workspace_id", "is missing: type=workspace lists integrations of a workspace that is named")
            }
        } else {
            guard type != "organisation" else { throw .invalid("type", "is of the organisation, and workspace_id of a workspace") }
            try call.caller.check("workspace_integrations.list")
        }
        return try listing(Integration.self, query) { (integration) throws(ConsoleError) in
            Integrations.answer(integration, try credentials(of: integration))
        }
    }

    fileprivate func readIntegration(_ call: Call) throws(ConsoleError) -> DocumentNode {
        let integration = try own(call, "read")
        return Integrations.answer(integration, try credentials(of: integration))
    }

    func own(_ call: Call, _ action: String) throws(ConsoleError) -> Integration {
        let integration = try findToChange(Integration.self, call)
        try call.caller.check(Integrations.scope(isOfWorkspace: integration.workspaceID != nil, action))
        return integration
    }

    private func credentials(of integration: Integration) throws(ConsoleError) -> [ProviderCredential] {
        try ask { (store) throws(StoreError) in try Secrets.rows(of: Secrets.row(of: integration), in: store) }
    }

    fileprivate func changeIntegration(_ call: Call) throws(ConsoleError) -> DocumentNode {
        let integration = try own(call, "update")
        let before = DocumentNode.stored(integration.configurations)
        let given = call.body.has("configurations") ? ProviderSettings.snakeCase(call.body.value("configurations") ?? .empty) : nil
        let configurations = try given.map { (given) throws(ConsoleError) in try Secrets.restored(given, from: before, field: "configurations") }
        let value = try Secrets.credential(call.body.text("key"))
        if let configurations {
            let hasCredential = value != nil ? true : try !credentials(of: integration).isEmpty
            try checkSettings(configurations, provider: integration.provider, hasCredential: hasCredential, field: "configurations")
        }
        let updated = try ask { (store) throws(StoreError) in
            try store.together { (store) throws(StoreError) in
                let updated = try store.update(Integration.self, integration.id, in: call.scope, at: nil, by: call.actor) {
                    Integrations.fill(&$0, call.body, configurations: configurations)
                }
                if let value { try Secrets.replace(of: Secrets.row(of: updated), by: value, in: store, call.actor) }
                return updated
            }
        }
        return .object(["success": .flag(true), "id": .text(updated.id), "slug": .text(updated.slug), "object": .text("integration")])
    }

    fileprivate func deleteIntegration(_ call: Call) throws(ConsoleError) -> DocumentNode {
        let integration = try own(call, "delete")
        return try delete(Integration.self, integration.id, call)
    }
}
