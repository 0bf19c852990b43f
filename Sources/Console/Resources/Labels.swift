import JSON
import Store

/// `/labels`: names for versions of prompts, as `pp-x@staging`. Three of them are there for everybody.
enum Labels {
    private static let members = [
        BodyField("name", .text(atMost: ConsoleLimits.labelByteCount), required: true, "what stands behind a prompt's `@`"),
        BodyField("description", .text(atMost: ConsoleLimits.descriptionByteCount), "what it is for"),
        BodyField("color_code", .text(atMost: ConsoleLimits.entryByteCount), "the colour it is shown in"),
    ]

    private static let creation = BodyShape(members + [Listing.workspace, Listing.organisation])

    private static let change = BodyShape(
        members.map(\.optional) + [BodyField("workspace_id", .copy, "it stays in its workspace"), Listing.organisation])

    private static let filters = Listing.page + [Listing.workspace, Listing.search, Listing.organisation]

    static let routes = [
        Route(.post, "/labels", .scope("labels.create"), "Makes a label.", body: creation) { (console, call) throws(ConsoleError) in
            try console.makeLabel(call)
        },
        Route(.get, "/labels", .scope("labels.list"), "Lists labels: a workspace's, the organisation's and those of everybody.", query: filters) {
            (console, call) throws(ConsoleError) in try console.listLabels(call)
        },
        Route(.get, "/labels/{id}", .scope("labels.read"), "Reads a label.", query: [Listing.workspace, Listing.organisation]) {
            (console, call) throws(ConsoleError) in try console.readLabel(call)
        },
        Route(.put, "/labels/{id}", .scope("labels.update"), "Changes a label. Under a new name it stays on the versions that have it.", body: change) {
            (console, call) throws(ConsoleError) in try console.changeLabel(call)
        },
        Route(.delete, "/labels/{id}", .scope("labels.delete"), "Deletes a label; requests that name a version by it are refused from then on.") {
            (console, call) throws(ConsoleError) in try console.deleteLabel(call)
        },
    ]

    static func answer(_ label: PromptLabel) -> DocumentNode {
        .object([
            "id": .text(label.id), "name": .text(label.name), "description": .text(label.description), "color_code": .text(label.colorCode),
            "organisation_id": .text(label.head.organisationID), "organization_id": .text(label.head.organisationID), "workspace_id": .text(label.workspaceID),
            "is_universal": .flag(false), "status": .text(label.status.rawValue), "owner_id": .text(label.head.createdBy),
            "created_at": .time(label.head.createdAt), "last_updated_at": .time(label.head.updatedAt), "object": .text("label"),
        ])
    }

    static func universal(_ name: String, _ scope: Scope) -> DocumentNode {
        .object([
            "id": .text(name), "name": .text(name), "description": .null, "color_code": .null, "organisation_id": .text(scope.organisationID),
            "organization_id": .text(scope.organisationID), "workspace_id": .null, "is_universal": .flag(true), "status": .text("active"),
            "object": .text("label"),
        ])
    }

    static func fill(_ label: inout PromptLabel, _ body: Body) {
        body.set("name", &label.head.name)
        body.set("description", &label.description)
        body.set("color_code", &label.colorCode)
    }
}

extension Console {
    fileprivate func makeLabel(_ call: Call) throws(ConsoleError) -> DocumentNode {
        var label = PromptLabel()
        label.head.organisationID = call.scope.organisationID
        label.workspaceID = try workspace(call.body.text("workspace_id"), call.caller)?.id
        Labels.fill(&label, call.body)
        let made = try create(label, call)
        return .object(["success": .flag(true), "id": .text(made.id), "object": .text("label")])
    }

    fileprivate func listLabels(_ call: Call) throws(ConsoleError) -> DocumentNode {
        var query = try listQuery(call)
        query.includesShared = true
        let universal = PromptLabel.universal.map { ($0, Labels.universal($0, call.scope)) }
        return try listing(PromptLabel.self, query, file: universal, isWhole: true) { Labels.answer($0) }
    }

    fileprivate func readLabel(_ call: Call) throws(ConsoleError) -> DocumentNode {
        if PromptLabel.universal.contains(call.id) { return Labels.universal(call.id, call.scope) }
        let workspace = try workspace(call.query.text("workspace_id"), call.caller)?.id
        return Labels.answer(try label(call.id, usedIn: workspace, call.scope))
    }

    /// A label of the workspace, or of the whole organisation.
    ///
    /// - Parameter workspace: nil for all of them.
    func label(_ id: String, usedIn workspace: String?, _ scope: Scope) throws(ConsoleError) -> PromptLabel {
        let label = try found(PromptLabel.self, id, in: Scope(organisationID: scope.organisationID))
        guard label.workspaceID == nil || workspace == nil || label.workspaceID == workspace else { throw .notFound("there is no label \(quoted(id))") }
        return label
    }

    private func labelToChange(_ call: Call) throws(ConsoleError) -> PromptLabel {
        guard !PromptLabel.universal.contains(call.id) else { throw .conflict("the label \(quoted(call.id)) is there for everybody, and is not changed") }
        return try findToChange(PromptLabel.self, call)
    }

    fileprivate func changeLabel(_ call: Call) throws(ConsoleError) -> DocumentNode {
        let label = try labelToChange(call)
        _ = try update(PromptLabel.self, label.id, call) { Labels.fill(&$0, call.body) }
        return .empty
    }

    fileprivate func deleteLabel(_ call: Call) throws(ConsoleError) -> DocumentNode { try delete(PromptLabel.self, try labelToChange(call).id, call) }
}
