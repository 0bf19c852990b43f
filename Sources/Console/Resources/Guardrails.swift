import JSON
import Policy
import Store

/// `/guardrails`: checks that configs name.
enum Guardrails {
    private static let members = [
        BodyField("name", .text(atMost: ConsoleLimits.nameByteCount), required: true, "what it is called"),
        BodyField("checks", .list(of: .anyObject, atMost: ConsoleLimits.entryCount), required: true, "what is looked at: each with the `id` of a check and its `parameters`"),
        BodyField("actions", .anyObject, required: true, "what follows: `deny`, and feedback by `on_success` and `on_fail`"),
    ]

    private static let slug = BodyField(
        "slug", .text(atMost: ConsoleLimits.identifierByteCount), "what configs name it by, beginning with `pg-`; made from its name when it is left out")

    private static let creation = BodyShape(members + [slug, Listing.workspace, Listing.organisation])

    private static let change = BodyShape(
        members.map(\.optional) + [
            BodyField("slug", .copy, "said by the path"), BodyField("workspace_id", .copy, "it stays in its workspace"), Listing.organisation,
        ])

    private static let filters = Listing.page + [Listing.workspace, Listing.search, Listing.organisation]

    static let routes = [
        Route(.post, "/guardrails", .scope("guardrails.create"), "Makes a guardrail.", body: creation) { (console, call) throws(ConsoleError) in
            try console.makeGuardrail(call)
        },
        Route(.get, "/guardrails", .scope("guardrails.list"), "Lists guardrails, without their checks.", query: filters) {
            (console, call) throws(ConsoleError) in try console.listGuardrails(call)
        },
        Route(.get, "/guardrails/{id}", .scope("guardrails.read"), "Reads a guardrail.") { (console, call) throws(ConsoleError) in
            Guardrails.answer(try console.guardrail(call))
        },
        Route(.put, "/guardrails/{id}", .scope("guardrails.update"), "Changes a guardrail, for all configs that name it.", body: change) {
            (console, call) throws(ConsoleError) in try console.changeGuardrail(call)
        },
        Route(.delete, "/guardrails/{id}", .scope("guardrails.delete"), "Deletes a guardrail; configs that name it refuse their requests from then on.") {
            (console, call) throws(ConsoleError) in try console.delete(Guardrail.self, try console.guardrail(call).id, call)
        },
    ]

    static func row(_ guardrail: Guardrail) -> DocumentNode {
        .object([
            "id": .text(guardrail.id), "slug": .text(guardrail.slug), "name": .text(guardrail.name), "organisation_id": .text(guardrail.head.organisationID),
            "organization_id": .text(guardrail.head.organisationID), "workspace_id": .text(guardrail.workspaceID), "status": .text(guardrail.status.rawValue),
            "owner_id": .text(guardrail.head.createdBy), "created_at": .time(guardrail.head.createdAt), "last_updated_at": .time(guardrail.head.updatedAt),
            "version_id": .text(version(guardrail)), "source": .text("store"), "object": .text("guardrail"),
        ])
    }

    static func answer(_ guardrail: Guardrail) -> DocumentNode {
        let text = DocumentNode.stored(guardrail.text)
        return row(guardrail).with(["checks": text["checks"] ?? .list([]), "actions": text["actions"] ?? .empty])
    }

    static func version(_ guardrail: Guardrail) -> String { "\(guardrail.id)@\(guardrail.version)" }

    /// The text that a body gives, over what was.
    static func text(_ body: Body, before: DocumentNode) -> DocumentNode {
        .object(["checks", "actions"].compactMap { name in (body.value(name) ?? before[name]).map { (name, $0) } })
    }
}

extension Console {
    fileprivate func guardrail(_ call: Call) throws(ConsoleError) -> Guardrail { try findToChange(Guardrail.self, call, file: []) }

    fileprivate func makeGuardrail(_ call: Call) throws(ConsoleError) -> DocumentNode {
        var guardrail = Guardrail()
        guardrail.head.organisationID = call.scope.organisationID
        guardrail.workspaceID = try workspace(call.body.text("workspace_id"), call.caller)?.id
        guardrail.slug = call.body.text("slug")
        let text = Guardrails.text(call.body, before: .null)
        try check(guardrail: text)
        call.body.set("name", &guardrail.head.name)
        guardrail.text = text.jsonText
        let made = try create(guardrail, call)
        return .object([
            "success": .flag(true), "id": .text(made.id), "slug": .text(made.slug), "version_id": .text(Guardrails.version(made)), "object": .text("guardrail"),
        ])
    }

    fileprivate func listGuardrails(_ call: Call) throws(ConsoleError) -> DocumentNode {
        try listing(Guardrail.self, try listQuery(call), file: []) { Guardrails.row($0) }
    }

    fileprivate func changeGuardrail(_ call: Call) throws(ConsoleError) -> DocumentNode {
        let guardrail = try guardrail(call)
        let text = Guardrails.text(call.body, before: .stored(guardrail.text))
        try check(guardrail: text)
        let updated = try update(Guardrail.self, guardrail.id, call, at: guardrail.revision) { changed in
            call.body.set("name", &changed.head.name)
            guard text.jsonText != changed.text else { return }
            changed.text = text.jsonText
            changed.version += 1
        }
        return .object([
            "success": .flag(true), "id": .text(updated.id), "slug": .text(updated.slug), "version_id": .text(Guardrails.version(updated)),
            "object": .text("guardrail"),
        ])
    }

    /// It is held to what a hook of a config is held to.
    private func check(guardrail text: DocumentNode) throws(ConsoleError) {
        let hook = DocumentNode.list([KeptGuardrail.hook(text, id: "")])
        let faults = hook.json.withByteSlice { PolicyCompiler.faults(ofGuardrails: $0) }
        guard !faults.isEmpty else { return }
        throw .invalid(faults.prefix(ConsoleLimits.faultCount).map { fault in
            let steps = fault.path.steps.dropFirst().map(Console.place)
            // What follows stands among the hook's own members.
            let field = (steps.first == ".checks" ? "checks" : "actions" + (steps.first ?? "")) + steps.dropFirst().joined()
            return BodyFault(field, fault.hint.map { "\(fault.message); \($0)" } ?? fault.message)
        })
    }
}
