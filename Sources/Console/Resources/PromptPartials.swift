import JSON
import Store

/// `/prompts/partials`: texts that prompts have in common, in versions as prompts are.
enum PromptPartials {
    private static let name = BodyField("name", .text(atMost: ConsoleLimits.nameByteCount), required: true, "what it is called")
    private static let string = BodyField(
        "string", .text(atMost: ConsoleLimits.templateByteCount), required: true, "the text, with tags for what is filled in")

    private static let creation = BodyShape([
        name, string, PromptVersions.collection, PromptVersions.about, PromptVersions.slug, Listing.workspace, Listing.organisation,
    ])

    private static let change = BodyShape([
        name.optional, string.optional, PromptVersions.collection,
        BodyField("description", .text(atMost: ConsoleLimits.descriptionByteCount), aliases: ["version_description"], "what is new in the version"),
        BodyField("status", .choice(["active", "archived"]), "whether prompts may name it"), BodyField("slug", .copy, "said by the path"),
        BodyField("workspace_id", .copy, "it stays in its workspace"), Listing.organisation,
    ])

    private static let filters =
        Listing.page + [
            Listing.workspace, Listing.search, Listing.organisation,
            BodyField("collection_id", .text(atMost: ConsoleLimits.identifierByteCount), "the collection they are in, by id or slug"),
        ]

    /// Whoever may do the same with prompts may do it with what is in them.
    private static func either(_ verb: String) -> Route.Permission { .oneOf(["partials.\(verb)", "prompts.\(verb)"]) }

    static let routes = [
        Route(.post, "/prompts/partials", either("create"), "Saves a partial, and publishes its first version.", body: creation) {
            (console, call) throws(ConsoleError) in try console.makePartial(call)
        },
        Route(.get, "/prompts/partials", either("list"), "Lists partials, without their texts.", query: filters, answersList: true) {
            (console, call) throws(ConsoleError) in try console.listPartials(call)
        },
        Route(.get, "/prompts/partials/{id}", either("read"), "Reads a partial as it is published, or the version behind an `@`: a number or `latest`.") {
            (console, call) throws(ConsoleError) in PromptPartials.answer(try console.versioned(PromptPartial.self, call))
        },
        Route(.put, "/prompts/partials/{id}", either("update"), "Changes a partial; a text is one more version, not published yet.", body: change) {
            (console, call) throws(ConsoleError) in try console.changePartial(call)
        },
        Route(.delete, "/prompts/partials/{id}", either("delete"), "Deletes a partial; prompts that name it are refused from then on.") {
            (console, call) throws(ConsoleError) in
            try console.delete(PromptPartial.self, try console.findToChange(PromptPartial.self, call).id, call)
        },
        Route(
            .put, "/prompts/partials/{id}/makeDefault", .scope("prompts.publish"), "Publishes a version, for all prompts that name the partial without one.",
            body: PromptVersions.publishing
        ) { (console, call) throws(ConsoleError) in try console.publish(PromptPartial.self, call) },
        Route(
            .get, "/prompts/partials/{id}/versions", either("read"), "Lists the versions of a partial, the newest first.", query: PromptVersions.page,
            answersList: true
        ) { (console, call) throws(ConsoleError) in try console.listPartialVersions(call) },
    ]

    static func row(_ partial: PromptPartial) -> DocumentNode {
        .object([
            "id": .text(partial.id), "slug": .text(partial.slug), "name": .text(partial.name), "collection_id": .text(partial.collectionID),
            "organisation_id": .text(partial.head.organisationID), "workspace_id": .text(partial.workspaceID), "status": .text(partial.status.rawValue),
            "owner_id": .text(partial.head.createdBy), "created_at": .time(partial.head.createdAt), "last_updated_at": .time(partial.head.updatedAt),
            "published_version": .number(partial.publishedVersion), "latest_version": .number(partial.latestVersion), "object": .text("partial"),
        ])
    }

    static func answer(_ found: FoundPrompt<PromptPartial>) -> DocumentNode {
        row(found.owner).with([
            "string": .text(found.template.string), "version": .number(found.version.number), "version_description": .text(found.version.description),
            "version_status": PromptVersions.status(found.version, of: found.owner), "prompt_partial_version_id": .text(found.version.id),
        ])
    }

    static func version(_ version: PromptVersion, of partial: PromptPartial) -> DocumentNode {
        .object([
            "prompt_partial_id": .text(partial.id), "prompt_partial_version_id": .text(version.id), "slug": .text(partial.slug),
            "version": .number(version.number), "string": .text(FoundPrompt(owner: partial, version: version).template.string),
            "description": .text(version.description), "created_at": .time(version.head.createdAt), "created_by": .text(version.head.createdBy),
            "prompt_version_status": PromptVersions.status(version, of: partial), "object": .text("partial"),
        ])
    }

    static func saved(_ found: FoundPrompt<PromptPartial>) -> DocumentNode {
        .object([
            "success": .flag(true), "id": .text(found.owner.id), "slug": .text(found.owner.slug), "version_id": .text(found.version.id),
            "prompt_partial_version_id": .text(found.version.id), "version": .number(found.version.number), "object": .text("partial"),
        ])
    }
}

extension Console {
    fileprivate func makePartial(_ call: Call) throws(ConsoleError) -> DocumentNode {
        var template = PromptTemplate()
        call.body.set("string", &template.string)
        return PromptPartials.saved(try make(try new(PromptPartial.self, call), template, call))
    }

    fileprivate func listPartials(_ call: Call) throws(ConsoleError) -> DocumentNode {
        var query = try listQueryByCollection(call)
        // A bare list does not say that there is more.
        if call.query.integer("page_size") == nil { query.pageSize = Int(ConsoleLimits.pageRowCount) }
        let page = try page(PromptPartial.self, query)
        return Listing.bare(page.rows.map { PromptPartials.row($0) }, total: page.total, call)
    }

    fileprivate func changePartial(_ call: Call) throws(ConsoleError) -> DocumentNode {
        let partial = try findToChange(PromptPartial.self, call)
        var template: PromptTemplate?
        if let text = call.body.text("string") {
            var new = PromptTemplate()
            new.string = text
            template = new
        }
        let collection = try collectionToMove(partial, call)
        let saved = try save(partial, template, about: call.body.text("description"), at: nil, call) { changed in
            call.body.set("name", &changed.head.name)
            call.body.setStatus(&changed.head.status)
            changed.collectionID = collection
        }
        return PromptPartials.saved(saved)
    }

    fileprivate func listPartialVersions(_ call: Call) throws(ConsoleError) -> DocumentNode {
        let partial = try findToChange(PromptPartial.self, call)
        let page = try versions(of: partial, call)
        return Listing.bare(page.rows.map { PromptPartials.version($0, of: partial) }, total: page.total, call)
    }
}
