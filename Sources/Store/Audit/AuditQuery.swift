import GRDB

/// Which rows of the audit log.
public struct AuditQuery: Sendable {
    /// Nil for all organisations, and what belongs to none.
    public var organisationID: String?
    public var workspaceID: String?
    public var action: String?
    public var resource: String?
    public var resourceID: String?
    public var actorID: String?
    public var address: String?
    public var requestID: String?
    public var outcome: AuditEvent.Outcome?
    /// Milliseconds since 1970: from, and before.
    public var from: Int64?
    public var before: Int64?
    /// From 0, the latest rows first.
    public var page = 0
    public var pageSize = StoreLimits.usualPageRowCount

    public init() {}

    /// The condition, and its values in order.
    func place() throws(StoreError) -> (sql: String, values: [DatabaseValue]) {
        let texts = [
            ("organisation_id", organisationID), ("workspace_id", workspaceID), ("action", action), ("resource", resource), ("resource_id", resourceID),
            ("actor_id", actorID), ("address", address), ("request_id", requestID), ("outcome", outcome?.rawValue),
        ]
        var conditions: [String] = []
        var values: [DatabaseValue] = []
        for (column, text) in texts {
            guard let text else { continue }
            try Text.check(text, column, atMost: StoreLimits.auditTextByteCount)
            conditions.append("\(column) = ?")
            values.append(text.databaseValue)
        }
        for (condition, time) in [("at >= ?", from), ("at < ?", before)] {
            guard let time else { continue }
            conditions.append(condition)
            values.append(time.databaseValue)
        }
        return (conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND "), values)
    }
}
