import JSON
import Store

/// `/prompts`: saved prompts, their versions and which of them are published.
enum Prompts {
    private static let content = [
        BodyField(
            "string", .text(atMost: ConsoleLimits.templateByteCount), required: true,
            "the messages' JSON, or a completion's text, with tags for what is filled in"),
        BodyField("parameters", .anyObject, "what goes into the request with it: `temperature`, `max_tokens` and so on"),
        BodyField("model", .text(atMost: ConsoleLimits.entryByteCount), "the model it is for"),
        BodyField("virtual_key", .text(atMost: ConsoleLimits.entryByteCount), "the virtual key or provider it is sent with, by slug"),
        BodyField("functions", .list(of: .anyObject, atMost: ConsoleLimits.entryCount), "functions, as requests have them"),
        BodyField("tools", .list(of: .anyObject, atMost: ConsoleLimits.entryCount), "tools, as requests have them"),
        BodyField("tool_choice", .any, "a text or an object, as requests have it"),
        BodyField("template_metadata", .anyObject, aliases: ["prompt_metadata"], "what editors keep of it; `template_type` is `chat` for messages"),
        BodyField("is_raw_template", .flag, "whether it is JSON only once it is rendered"),
    ]

    static let contentNames = content.map(\.name)

    private static let name = BodyField("name", .text(atMost: ConsoleLimits.nameByteCount), required: true, "what it is called")

    private static let creation = BodyShape(
        [name, PromptVersions.collection] + content + [PromptVersions.about, PromptVersions.slug, Listing.workspace, Listing.organisation]
    ) { faults(of: $0) }

    private static let change = BodyShape(
        ([name, PromptVersions.collection] + content).map(\.optional) + [
            PromptVersions.about, BodyField("patch", .flag, "whether the new version has what is left out as the newest one has it"),
            BodyField("slug", .copy, "said by the path"), BodyField("workspace_id", .copy, "it stays in its workspace"), Listing.organisation,
        ]
    ) { faults(of: $0) }

    private static let labelling = BodyShape([
        BodyField("label_id", .text(atMost: ConsoleLimits.identifierByteCount), "the label, which leaves the version that had it; `null` for none")
    ])

    private static let filters =
        Listing.page + [
            Listing.workspace, Listing.search, Listing.organisation,
            BodyField("collection_id", .text(atMost: ConsoleLimits.identifierByteCount), "the collection they are in, by id or slug"),
        ]

    static let routes = [
        Route(.post, "/prompts", .scope("prompts.create"), "Saves a prompt, and publishes its first version.", body: creation) {
            (console, call) throws(ConsoleError) in try console.makePrompt(call)
        },
        Route(.get, "/prompts", .scope("prompts.list"), "Lists prompts, without what they say.", query: filters) { (console, call) throws(ConsoleError) in
            try console.listPrompts(call)
        },
        Route(.get, "/prompts/{id}", .scope("prompts.read"), "Reads a prompt as it is published, or the version behind an `@`: a number, `latest`, a label.") {
            (console, call) throws(ConsoleError) in try console.readPrompt(try console.versioned(Prompt.self, call))
        },
        Route(.put, "/prompts/{id}", .scope("prompts.update"), "Changes a prompt; what it says is one more version, not published yet.", body: change) {
            (console, call) throws(ConsoleError) in try console.changePrompt(call)
        },
        Route(.delete, "/prompts/{id}", .scope("prompts.delete"), "Deletes a prompt and all of its versions.") { (console, call) throws(ConsoleError) in
            try console.delete(Prompt.self, try console.findToChange(Prompt.self, call).id, call)
        },
        Route(.put, "/prompts/{id}/makeDefault", .scope("prompts.publish"), "Publishes a version.", body: PromptVersions.publishing) {
            (console, call) throws(ConsoleError) in try console.publish(Prompt.self, call)
        },
        Route(
            .get, "/prompts/{id}/versions", .scope("prompts.read"), "Lists the versions of a prompt, the newest first.", query: PromptVersions.page,
            answersList: true
        ) { (console, call) throws(ConsoleError) in try console.listPromptVersions(call) },
        Route(.get, "/prompts/{id}/versions/{version}", .scope("prompts.read"), "Reads a version, by its id or number.") {
            (console, call) throws(ConsoleError) in
            let prompt = try console.findToChange(Prompt.self, call)
            return try console.readPrompt(FoundPrompt(owner: prompt, version: try console.version(named: call.parameters[1], of: prompt)))
        },
        Route(.put, "/prompts/{id}/versions/{version}", .scope("prompts.publish"), "Puts a label on a version.", body: labelling) {
            (console, call) throws(ConsoleError) in try console.labelVersion(call)
        },
    ]

    private static func faults(of body: Body) -> [BodyFault] {
        switch body.value("tool_choice")?.value {
        case nil, .string, .object: []
        default: [BodyFault("tool_choice", "must be a text or an object")]
        }
    }

    /// What a body says, over what was.
    static func template(_ body: Body, over before: PromptTemplate) -> PromptTemplate {
        var template = before
        body.set("string", &template.string)
        body.set("is_raw_template", &template.isRaw)
        body.set("virtual_key", &template.virtualKey)
        body.set("model", &template.model)
        if body.has("parameters") { template.parameters = body.value("parameters") }
        if body.has("functions") { template.functions = body.value("functions") }
        if body.has("tools") { template.tools = body.value("tools") }
        if body.has("tool_choice") { template.toolChoice = body.value("tool_choice") }
        if body.has("template_metadata") { template.metadata = body.value("template_metadata") }
        return template
    }

    // MARK: Answers

    static func row(_ prompt: Prompt, model: String?) -> DocumentNode {
        .object([
            "id": .text(prompt.id), "slug": .text(prompt.slug), "name": .text(prompt.name), "collection_id": .text(prompt.collectionID),
            "organisation_id": .text(prompt.head.organisationID), "workspace_id": .text(prompt.workspaceID), "model": .text(model),
            "status": .text(prompt.status.rawValue), "owner_id": .text(prompt.head.createdBy), "created_at": .time(prompt.head.createdAt),
            "last_updated_at": .time(prompt.head.updatedAt), "published_version": .number(prompt.publishedVersion),
            "latest_version": .number(prompt.latestVersion), "object": .text("prompt"),
        ])
    }

    static func answer(_ found: FoundPrompt<Prompt>, labels: [String]) -> DocumentNode {
        let (version, template) = (found.version, found.template)
        return row(found.owner, model: template.model).with([
            "string": .text(template.string), "parameters": template.parameters ?? .empty, "prompt_version": .number(version.number),
            "prompt_version_id": .text(version.id), "prompt_version_status": PromptVersions.status(version, of: found.owner),
            "prompt_version_description": .text(version.description), "prompt_version_label_id": .text(labels.first),
            "prompt_version_label_ids": .texts(labels), "virtual_key": .text(template.virtualKey), "functions": template.functions ?? .list([]),
            "tools": template.tools ?? .list([]), "tool_choice": template.toolChoice ?? .null, "template_metadata": template.metadata ?? .empty,
            "is_raw_template": .flag(template.isRaw),
        ])
    }

    static func version(_ version: PromptVersion, of prompt: Prompt, labels: [String]) -> DocumentNode {
        .object([
            "id": .text(version.id), "prompt_id": .text(prompt.id), "slug": .text(prompt.slug), "prompt_template": .stored(version.template),
            "prompt_version": .number(version.number), "prompt_description": .text(version.description), "label_id": .text(labels.first),
            "label_ids": .texts(labels), "created_at": .time(version.head.createdAt), "created_by": .text(version.head.createdBy),
            "status": PromptVersions.status(version, of: prompt), "object": .text("prompt"),
        ])
    }

    static func saved(_ found: FoundPrompt<Prompt>) -> DocumentNode {
        .object([
            "success": .flag(true), "id": .text(found.owner.id), "slug": .text(found.owner.slug), "version_id": .text(found.version.id),
            "prompt_version_id": .text(found.version.id), "prompt_version": .number(found.version.number), "object": .text("prompt"),
        ])
    }
}

extension Console {
    fileprivate func makePrompt(_ call: Call) throws(ConsoleError) -> DocumentNode {
        let prompt = try new(Prompt.self, call)
        let template = Prompts.template(call.body, over: PromptTemplate())
        try checkVirtualKey(of: template, prompt)
        return Prompts.saved(try make(prompt, template, call))
    }

    private func checkVirtualKey(of template: PromptTemplate, _ prompt: Prompt) throws(ConsoleError) {
        guard let key = template.virtualKey else { return }
        try check(virtualKey: key, in: Scope(organisationID: prompt.head.organisationID, workspaceID: prompt.workspaceID))
    }

    fileprivate func listPrompts(_ call: Call) throws(ConsoleError) -> DocumentNode {
        try listing(Prompt.self, try listQueryByCollection(call)) { (prompt) throws(ConsoleError) in
            let published = FoundPrompt(owner: prompt, version: try version(.published, of: prompt))
            return Prompts.row(prompt, model: published.template.model)
        }
    }

    fileprivate func readPrompt(_ found: FoundPrompt<Prompt>) throws(ConsoleError) -> DocumentNode {
        Prompts.answer(found, labels: try labels(of: found.owner)[found.version.number] ?? [])
    }

    fileprivate func changePrompt(_ call: Call) throws(ConsoleError) -> DocumentNode {
        let prompt = try findToChange(Prompt.self, call)
        let given = Prompts.contentNames.filter { call.body.has($0) }
        var (template, about): (PromptTemplate?, String?) = (nil, call.body.text("version_description"))
        // A virtual key alone is changed as by a patch: what the newest version says goes on.
        let isPatch = call.body.flag("patch") == true || given == ["virtual_key"]
        if isPatch, !given.isEmpty {
            let latest = FoundPrompt(owner: prompt, version: try version(.latest, of: prompt))
            template = Prompts.template(call.body, over: latest.template)
            if !call.body.has("version_description") { about = latest.version.description }
        } else if !given.isEmpty {
            for name in ["string", "parameters"] where call.body.value(name) == nil {
                throw .invalid(name, "is missing; with `patch: true` what is left out stays as the newest version has it")
            }
            template = Prompts.template(call.body, over: PromptTemplate())
        }
        if let template, call.body.has("virtual_key") { try checkVirtualKey(of: template, prompt) }
        let collection = try collectionToMove(prompt, call)
        let saved = try save(prompt, template, about: about, at: isPatch ? prompt.revision : nil, call) { changed in
            call.body.set("name", &changed.head.name)
            changed.collectionID = collection
        }
        return Prompts.saved(saved)
    }

    // MARK: Versions

    fileprivate func listPromptVersions(_ call: Call) throws(ConsoleError) -> DocumentNode {
        let prompt = try findToChange(Prompt.self, call)
        let (page, labels) = (try versions(of: prompt, call), try labels(of: prompt))
        return Listing.bare(page.rows.map { Prompts.version($0, of: prompt, labels: labels[$0.number] ?? []) }, total: page.total, call)
    }

    private func labellings(_ filters: [(column: String, value: ColumnValue)], of prompt: Prompt) throws(ConsoleError) -> [PromptLabelling] {
        var query = ListQuery(Scope(organisationID: prompt.head.organisationID))
        query.equal = [("prompt_id", .text(prompt.id))] + filters
        query.pageSize = Int(ConsoleLimits.pageRowCount)
        return try page(PromptLabelling.self, query).rows
    }

    /// The labels that each version of a prompt has, by its number; the one that was put there last is the first.
    private func labels(of prompt: Prompt) throws(ConsoleError) -> [Int64: [String]] {
        let rows = try labellings([], of: prompt).sorted { ($0.head.updatedAt, $0.id) > ($1.head.updatedAt, $1.id) }
        return Dictionary(grouping: rows, by: \.number).mapValues { $0.map(\.labelID) }
    }

    fileprivate func labelVersion(_ call: Call) throws(ConsoleError) -> DocumentNode {
        let prompt = try findToChange(Prompt.self, call)
        let version = try version(named: call.parameters[1], of: prompt)
        guard call.body.has("label_id") else { throw .invalid("label_id", "is missing; null takes the labels of the version away") }
        guard let id = call.body.text("label_id") else {
            let rows = try labellings([("number", .integer(version.number))], of: prompt)
            try ask { (store) throws(StoreError) in
                try store.together { (store) throws(StoreError) in
                    for row in rows { try store.delete(PromptLabelling.self, row.id, in: call.scope, at: row.revision, by: call.actor) }
                }
            }
            return .empty
        }
        try checkLabel(id, of: prompt)
        if let row = try labellings([("label_id", .text(id))], of: prompt).first {
            _ = try update(PromptLabelling.self, row.id, call) { $0.number = version.number }
            return .empty
        }
        var labelling = PromptLabelling()
        labelling.head.organisationID = prompt.head.organisationID
        labelling.workspaceID = prompt.workspaceID
        labelling.promptID = prompt.id
        labelling.labelID = id
        labelling.number = version.number
        _ = try create(labelling, call)
        return .empty
    }

    /// That a label is there for the prompt: everybody's, the organisation's or its workspace's.
    private func checkLabel(_ id: String, of prompt: Prompt) throws(ConsoleError) {
        guard !PromptLabel.universal.contains(id) else { return }
        do throws(StoreError) {
            let label = try store.find(PromptLabel.self, id, in: Scope(organisationID: prompt.head.organisationID))
            guard label.workspaceID == nil || label.workspaceID == prompt.workspaceID else { throw .notFound(kind: "label", id: id) }
        } catch .notFound {
            throw .invalid("label_id", "names no label of the prompt's workspace, of the organisation or of everybody; labels are named by id")
        } catch {
            throw ConsoleError(error)
        }
    }
}
