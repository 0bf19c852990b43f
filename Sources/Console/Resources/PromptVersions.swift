import JSON
import Store

/// What prompts and partials have in common: versions, one of which is published.
enum PromptVersions {
    static let about = BodyField("version_description", .text(atMost: ConsoleLimits.descriptionByteCount), "what is new in the version")
    static let collection = BodyField("collection_id", .text(atMost: ConsoleLimits.identifierByteCount), "the collection it is in, by id or slug")
    static let slug = BodyField(
        "slug", .text(atMost: ConsoleLimits.identifierByteCount), "what it is named by, beginning with `pp-`; made from its name when it is left out")

    static let publishing = BodyShape([
        BodyField("version", .integer(1...ConsoleLimits.versionCount), required: true, "the number of the version that is for whoever names none")
    ])

    /// The latest are on the first page.
    static let page = [
        Listing.page[0], BodyField("page_size", .integer(1...ConsoleLimits.versionRowCount), aliases: ["pageSize", "limit"], "versions of a page"),
    ]

    /// Portkey's word for what is published, and for what is not.
    static func status<Owner: Versioned>(_ version: PromptVersion, of owner: Owner) -> DocumentNode {
        .text(version.number == owner.publishedVersion ? "active" : "archived")
    }
}

extension Console {
    /// The prompt or partial that a path names, and the version that it names behind an `@`.
    func versioned<Owner: Versioned>(_ kind: Owner.Type, _ call: Call) throws(ConsoleError) -> FoundPrompt<Owner> {
        let reference = PromptReference(call.id)
        let owner = try findToChange(kind, call, id: reference.idOrSlug)
        return FoundPrompt(owner: owner, version: try version(reference.version, of: owner))
    }

    func version<Owner: Versioned>(_ wanted: PromptReference.Version, of owner: Owner) throws(ConsoleError) -> PromptVersion {
        try ask { (store) throws(StoreError) in try store.promptVersion(wanted, of: owner) }
    }

    /// A version by its id, or by its number.
    func version<Owner: Versioned>(named text: String, of owner: Owner) throws(ConsoleError) -> PromptVersion {
        if let number = Int64(text) { return try version(.number(number), of: owner) }
        let found = try found(PromptVersion.self, text, in: Scope(organisationID: owner.head.organisationID))
        guard [found.promptID, found.partialID].contains(owner.id) else { throw .notFound("there is no version \(quoted(text))") }
        return found
    }

    /// A page of versions, the newest first.
    func versions<Owner: Versioned>(of owner: Owner, _ call: Call) throws(ConsoleError) -> Page<PromptVersion> {
        var query = ListQuery(Scope(organisationID: owner.head.organisationID))
        query.equal = [(Owner.versionOwner, .text(owner.id))]
        query.page = Int(call.query.integer("current_page") ?? 0)
        query.pageSize = Int(call.query.integer("page_size") ?? ConsoleLimits.versionRowCount)
        return try page(PromptVersion.self, query)
    }

    /// A prompt or partial as a body has it, yet to be made: in the collection and the workspace that it names.
    func new<Owner: Versioned>(_ kind: Owner.Type, _ call: Call) throws(ConsoleError) -> Owner {
        let collection = try collection(call.body.text("collection_id"), field: "collection_id", call)
        var owner = Owner()
        owner.head.organisationID = call.scope.organisationID
        owner.workspaceID = try workspaceID(in: collection, call)
        owner.collectionID = collection?.id
        owner.slug = call.body.text("slug")
        call.body.set("name", &owner.head.name)
        return owner
    }

    /// What a list asks for, in the collection that it names.
    func listQueryByCollection(_ call: Call) throws(ConsoleError) -> ListQuery {
        var query = try listQuery(call)
        if let collection = try collection(call.query.text("collection_id"), field: "collection_id", call) {
            query.equal.append(("collection_id", .text(collection.id)))
        }
        return query
    }

    /// Makes a prompt or partial with its first version, which is published.
    func make<Owner: Versioned>(_ owner: Owner, _ template: PromptTemplate, _ call: Call) throws(ConsoleError) -> FoundPrompt<Owner> {
        try check(template: template, isPartial: Owner.self == PromptPartial.self)
        let about = call.body.text("version_description")
        return try ask { (store) throws(StoreError) in
            try store.together { (store) throws(StoreError) in
                let made = try store.create(owner, by: call.actor)
                return try Self.add(template, about, to: made, in: store, call.actor)
            }
        }
    }

    private static func add<Owner: Versioned>(
        _ template: PromptTemplate, _ about: String?, to owner: Owner, in store: any Store, _ actor: AuditActor
    ) throws(StoreError) -> FoundPrompt<Owner> {
        var version = owner.nextVersion()
        version.template = template.json
        version.description = about
        return FoundPrompt(owner: owner, version: try store.create(version, by: actor))
    }

    /// Changes a prompt or partial, and gives it one more version where a template is given. Without one, `about` is said of the newest.
    ///
    /// - Parameters:
    ///   - about: nil for what stays, or is not said.
    ///   - revision: that of which the template was taken; nil where it is new throughout.
    func save<Owner: Versioned>(
        _ owner: Owner, _ template: PromptTemplate?, about: String?, at revision: Int64?, _ call: Call, _ fill: (inout Owner) -> Void
    ) throws(ConsoleError) -> FoundPrompt<Owner> {
        if let template { try check(template: template, isPartial: Owner.self == PromptPartial.self) }
        return try ask { (store) throws(StoreError) in
            try store.together { (store) throws(StoreError) in
                let changed = try store.update(Owner.self, owner.id, in: call.scope, at: revision, by: call.actor) { (changed) throws(StoreError) in
                    fill(&changed)
                    if template != nil { changed.latestVersion += 1 }
                }
                if let template { return try Self.add(template, about, to: changed, in: store, call.actor) }
                let latest = try store.promptVersion(.latest, of: changed)
                guard let about else { return FoundPrompt(owner: changed, version: latest) }
                let told = try store.update(PromptVersion.self, latest.id, in: call.scope, at: nil, by: call.actor) { $0.description = about }
                return FoundPrompt(owner: changed, version: told)
            }
        }
    }

    /// Takes a prompt or partial to another collection, where the body says one: of the same workspace.
    func collectionToMove<Owner: Versioned>(_ owner: Owner, _ call: Call) throws(ConsoleError) -> String? {
        guard call.body.has("collection_id") else { return owner.collectionID }
        let collection = try collection(call.body.text("collection_id"), field: "collection_id", call)
        guard collection == nil || collection?.workspaceID == owner.workspaceID else { throw .invalid("collection_id", "is a collection of another workspace") }
        return collection?.id
    }

    /// Makes another version the one for whoever names none.
    func publish<Owner: Versioned>(_ kind: Owner.Type, _ call: Call) throws(ConsoleError) -> DocumentNode {
        let owner = try findToChange(kind, call)
        let published = try version(.number(call.body.integer("version") ?? 0), of: owner)
        _ = try update(kind, owner.id, call) { $0.publishedVersion = published.number }
        return .empty
    }
}
