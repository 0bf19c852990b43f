import JSON
import Store

/// `/audit-logs`: who changed what, and who was denied.
enum AuditLogs {
    private static func text(_ name: String, _ summary: String) -> BodyField { BodyField(name, .text(atMost: ConsoleLimits.entryByteCount), summary) }

    private static let filters =
        Listing.page + [
            BodyField("start_time", .time, "rows from then on"), BodyField("end_time", .time, "rows before then"), Listing.workspace, Listing.organisation,
            text("action", "`create`, `update`, `delete`, `rotate`, …"), text("resource_type", "what kind of object: `api_keys`, `virtual_keys`, …"),
            text("resource_id", "one object's id"), text("user_id", "a user's or a key's id"), text("client_ip", "an address"),
            text("request_id", "one request's id"), BodyField("outcome", .choice(AuditEvent.Outcome.allCases.map(\.rawValue)), "whether it was done"),
        ]

    static let routes = [
        Route(.get, "/audit-logs", .scope("audit_logs.list"), "Lists the audit log's rows, the latest first.", query: filters) {
            (console, call) throws(ConsoleError) in try console.listAudit(call)
        }
    ]

    static func answer(_ row: AuditRow) -> DocumentNode {
        let (event, actor) = (row.event, row.event.actor)
        return .object([
            "id": .number(row.sequence), "timestamp": .time(row.at), "method": .text(actor.method), "uri": .text(actor.path),
            "request_id": .text(actor.requestID), "user_id": .text(actor.id), "user_type": .text(actor.kind.rawValue), "key_id": .text(actor.keyID),
            "role": .text(actor.role), "organisation_id": .text(event.organisationID), "organization_id": .text(event.organisationID),
            "workspace_id": .text(event.workspaceID), "resource_type": .text(event.resource), "resource_id": .text(event.resourceID),
            "action": .text(event.action), "outcome": .text(event.outcome.rawValue), "reason": .text(event.reason), "client_ip": .text(actor.address),
            "before": .stored(event.before), "after": .stored(event.after), "object": .text("audit-log"),
        ])
    }
}

extension Console {
    fileprivate func listAudit(_ call: Call) throws(ConsoleError) -> DocumentNode {
        var query = AuditQuery()
        query.organisationID = call.scope.organisationID
        query.workspaceID = try workspace(call.query.text("workspace_id"), call.caller)?.id
        query.from = call.query.integer("start_time")
        query.before = call.query.integer("end_time")
        if let from = query.from, let before = query.before, from >= before { throw .invalid("end_time", "is not after start_time") }
        query.action = call.query.text("action")
        query.resource = call.query.text("resource_type")
        query.resourceID = call.query.text("resource_id")
        query.actorID = call.query.text("user_id")
        query.address = call.query.text("client_ip")
        query.requestID = call.query.text("request_id")
        query.outcome = call.query.text("outcome").flatMap { AuditEvent.Outcome(rawValue: $0) }
        query.page = Int(call.query.integer("current_page") ?? 0)
        query.pageSize = Int(call.query.integer("page_size") ?? ConsoleLimits.usualPageRowCount)
        let page = try ask { (store) throws(StoreError) in try store.audit(query) }
        return .object(["object": .text("list"), "total": .number(page.total), "records": .list(page.rows.map { AuditLogs.answer($0) })])
    }
}
