/// A question to the books that is kept, so that its answer can be fetched as a file.
public struct LogExport: CreatableObject {
    /// What has become of it.
    public enum State: String, Sendable, CaseIterable {
        case draft
        /// It may be fetched.
        case success
        case stopped
    }

    public enum Format: String, Sendable, CaseIterable { case jsonl, csv }

    public var head = ObjectHead()
    public var description: String?
    /// Which rows, as JSON.
    public var filters: String?
    /// Which members of a row; all where it is empty.
    public var fields: [String] = []
    public var format = Format.jsonl
    public var state = State.draft
    /// When it was started: rows of later requests are no part of it. Milliseconds since 1970.
    public var startedAt: Int64?
    /// Rows there were when it was made, changed or started last.
    public var rowCount: Int64 = 0

    public init() {}

    public static let layout = Layout<LogExport>(
        table: "log_exports", kind: "export", limit: StoreLimits.exportCount,
        columns: [
            .text("description", \.description, atMost: StoreLimits.descriptionByteCount),
            .document("filters", \.filters, namesTell: false), .list("fields", \.fields),
            .choice("format", \.format), .choice("state", \.state), .time("started_at", \.startedAt), .integer("row_count", \.rowCount, in: 0...Int64.max),
        ])
}
