import JSON
import Store

/// `/configs`: saved configs and the texts they had.
enum Configs {
    private static let members = [
        BodyField("name", .text(atMost: ConsoleLimits.nameByteCount), required: true, "what it is called"),
        BodyField("config", .objectOrText, required: true, "the config, as an object or as its JSON in a text"),
        BodyField("is_default", .flag, aliases: ["isDefault"], "whether it is for requests of its workspace that name none"),
    ]

    private static let slug = BodyField(
        "slug", .text(atMost: ConsoleLimits.identifierByteCount), "what requests name it by, beginning with `pc-`; made from its name when it is left out")

    private static let creation = BodyShape(members + [slug, Listing.workspace, Listing.organisation])

    private static let change = BodyShape(
        members.map(\.optional) + [
            Listing.status, BodyField("slug", .copy, "said by the path"), BodyField("workspace_id", .copy, "it stays in its workspace"), Listing.organisation,
        ])

    private static let filters = Listing.page + [Listing.workspace, Listing.search, Listing.status, Listing.organisation]

    static let routes = [
        Route(.post, "/configs", .scope("configs.create"), "Saves a config.", body: creation) { (console, call) throws(ConsoleError) in
            try console.makeConfig(call)
        },
        Route(.get, "/configs", .scope("configs.list"), "Lists configs, without their texts.", query: filters) { (console, call) throws(ConsoleError) in
            try console.listConfigs(call)
        },
        Route(.get, "/configs/{slug}", .scope("configs.read"), "Reads a config; secrets in it are masked.") { (console, call) throws(ConsoleError) in
            try console.readConfig(call)
        },
        Route(.put, "/configs/{slug}", .scope("configs.update"), "Changes a config; secrets that come back masked stay as they are.", body: change) {
            (console, call) throws(ConsoleError) in try console.changeConfig(call)
        },
        Route(.delete, "/configs/{slug}", .scope("configs.delete"), "Deletes a config that no key uses.") { (console, call) throws(ConsoleError) in
            try console.deleteConfig(call)
        },
        Route(.get, "/configs/{slug}/versions", .scope("configs.read"), "Lists the texts that a config had, the latest first.") {
            (console, call) throws(ConsoleError) in try console.listVersions(call)
        },
    ]

    static func version(_ id: String, _ number: Int64) -> String { "\(id)@\(number)" }

    /// A row of a list: everything but the text.
    static func row(_ config: Config) -> DocumentNode {
        .object([
            "id": .text(config.id), "slug": .text(config.slug), "name": .text(config.name), "organisation_id": .text(config.head.organisationID),
            "organization_id": .text(config.head.organisationID), "workspace_id": .text(config.workspaceID), "is_default": .number(config.isDefault ? 1 : 0),
            "status": .text(config.status.rawValue), "owner_id": .text(config.head.createdBy), "created_at": .time(config.head.createdAt),
            "last_updated_at": .time(config.head.updatedAt), "version_id": .text(version(config.id, config.version)), "format": .text("json"),
            "type": .text("ORG_CONFIG"), "source": .text("store"), "object": .text("config"),
        ])
    }

    static func answer(_ config: Config) -> DocumentNode {
        let text = Secrets.masked(config.text)
        return row(config).with(["config": text, "success": .flag(true), "data": .object(["config": text])])
    }

    /// A config of the configuration file, of which the console knows the name.
    static func declared(_ name: String) -> DocumentNode {
        .object([
            "id": .text(name), "slug": .text(name), "name": .text(name), "config": .null, "is_default": .number(0), "status": .text("active"),
            "source": .text("file"), "object": .text("config"),
        ])
    }

    static func fill(_ config: inout Config, _ body: Body, text: DocumentNode?) {
        body.set("name", &config.head.name)
        body.set("is_default", &config.isDefault)
        body.setStatus(&config.head.status)
        if let text { config.text = text.jsonText }
    }
}

extension Console {
    fileprivate func makeConfig(_ call: Call) throws(ConsoleError) -> DocumentNode {
        var config = Config()
        config.head.organisationID = call.scope.organisationID
        config.workspaceID = try workspace(call.body.text("workspace_id"), call.caller)?.id
        config.slug = call.body.text("slug")
        if let slug = config.slug, file.catalog.configNames.names.contains(slug) {
            throw .conflict("the configuration file has a config \(quoted(slug)) already")
        }
        let text = call.body.value("config") ?? .null
        try checkConfig(text, in: Scope(organisationID: config.head.organisationID, workspaceID: config.workspaceID))
        Configs.fill(&config, call.body, text: text)
        let made = try create(config, call)
        let version = DocumentNode.text(Configs.version(made.id, made.version))
        return .object([
            "success": .flag(true), "data": .object(["id": .text(made.id), "slug": .text(made.slug), "version_id": version]), "id": .text(made.id),
            "version_id": version, "slug": .text(made.slug), "object": .text("config"),
        ])
    }

    fileprivate func listConfigs(_ call: Call) throws(ConsoleError) -> DocumentNode {
        let declared = file.catalog.configNames.names.map { ($0, Configs.declared($0)) }
        return try listing(Config.self, try listQuery(call), file: declared) { Configs.row($0) }
    }

    fileprivate func readConfig(_ call: Call) throws(ConsoleError) -> DocumentNode {
        guard let config = try find(Config.self, call, file: file.catalog.configNames.names) else { return Configs.declared(call.id) }
        return Configs.answer(config)
    }

    fileprivate func changeConfig(_ call: Call) throws(ConsoleError) -> DocumentNode {
        let config = try findToChange(Config.self, call, file: file.catalog.configNames.names)
        let text = try call.body.value("config").map { (given) throws(ConsoleError) in
            try Secrets.restored(given, from: .stored(config.text), field: "config")
        }
        if let text { try checkConfig(text, in: Scope(organisationID: config.head.organisationID, workspaceID: config.workspaceID)) }
        // What was masked was read at this revision.
        let updated = try update(Config.self, config.id, call, at: config.revision) { Configs.fill(&$0, call.body, text: text) }
        let version = DocumentNode.text(Configs.version(updated.id, updated.version))
        return .object([
            "success": .flag(true), "data": .object(["version_id": version]), "id": .text(updated.id), "slug": .text(updated.slug), "version_id": version,
            "object": .text("config"),
        ])
    }

    fileprivate func deleteConfig(_ call: Call) throws(ConsoleError) -> DocumentNode {
        let config = try findToChange(Config.self, call, file: file.catalog.configNames.names)
        return try delete(Config.self, config.id, call)
    }

    fileprivate func listVersions(_ call: Call) throws(ConsoleError) -> DocumentNode {
        // The file's texts are the file's.
        guard let config = try find(Config.self, call, file: file.catalog.configNames.names) else { return Listing.of([], total: 0) }
        let versions = try ask { (store) throws(StoreError) in try store.configVersions(config.id, in: call.scope) }
        return Listing.of(
            versions.map { version in
                .object([
                    "id": .text(Configs.version(config.id, version.number)), "version": .number(version.number), "config": Secrets.masked(version.text),
                    "created_at": .time(version.createdAt), "created_by": .text(version.createdBy), "object": .text("config-version"),
                ])
            }, total: versions.count)
    }
}
