import Analytics
import Books
import JSON
import Store

/// Records as the rows of a file.
struct LogTable {
    /// What a row may have, in order. What came later stands behind all else: who reads columns by their places finds them where they were.
    static let names = members.filter { $0 != "object" && !later.contains($0) } + ["request", "response"] + later

    /// Those of every row of the list.
    private static let members = Logs.row(RequestRecord()).members.map(\.name)

    private static let later =
        [
            "mode", "queue_us", "connect_us", "upstream_response_time", "cache_type", "config_version", "config_digest", "service_tier", "finish_reason", "source",
            "sdk_version", "gateway_version",
        ] + Logs.details(RequestRecord()).map(\.key)

    /// What Portkey's documents, or records, call some of them as well.
    static let aliases = [
        (alias: "ai_provider", name: "ai_org"), (alias: "model", name: "ai_model"), (alias: "status_code", name: "response_status_code"),
        (alias: "user", name: "_user"), (alias: "prompt", name: "prompt_slug"),
        (alias: "estimated", name: "is_estimated"), (alias: "reported", name: "is_reported"),
    ]

    private let fields: [String]
    /// Where in a row each of them stands; nil for what is in none.
    private let places: [Int?]
    private let format: LogExport.Format

    /// - Parameters:
    ///   - fields: all where it is empty.
    ///   - denied: which are left out in any case.
    init(fields: [String], denied: [String] = [], format: LogExport.Format) {
        self.fields = LogTable.fields(fields, denied)
        places = self.fields.map { LogTable.members.firstIndex(of: $0) }
        self.format = format
    }

    static func fields(_ fields: [String], _ denied: [String]) -> [String] { (fields.isEmpty ? names : fields).filter { !denied.contains($0) } }

    var needsFeedback: Bool { fields.contains("weighted_feedback") || fields.contains("total_feedbacks") }

    /// What stands before the first row.
    var head: [UInt8] { format == .csv ? Array((fields.joined(separator: ",") + "\r\n").utf8) : [] }

    var needsBodies: Bool { fields.contains("request") || fields.contains("response") }

    func append(_ record: RequestRecord, _ feedback: FeedbackSums?, _ kept: KeptBodies? = nil, to bytes: inout [UInt8]) {
        let row = Logs.row(record, feedback).members
        let values = zip(fields, places).map { name, place in
            switch (name, place) {
            case (_, let place?): row[place].value
            case ("request", nil): Logs.request(record, kept)
            case ("response", nil): Logs.response(record, kept)
            default: DocumentNode.null
            }
        }
        switch format {
        case .jsonl: bytes += DocumentNode.object(Array(zip(fields, values))).json + [UInt8(ascii: "\n")]
        case .csv: bytes += Array((values.map { LogTable.cell($0) }.joined(separator: ",") + "\r\n").utf8)
        }
    }

    /// - Source: RFC 4180 §2
    static func cell(_ value: DocumentNode) -> String {
        let text: String
        switch value.value {
        case .null: return ""
        case .boolean(let flag): return flag ? "true" : "false"
        case .number(let number): return number.text
        // A spreadsheet would take it for a formula, and requests come with texts of anybody's.
        case .string(let found): text = found.utf8.first.map { formulaStarts.contains($0) } == true ? "'" + found : found
        case .array, .object: text = value.jsonText
        }
        let isPlain = !text.utf8.contains { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\"") || $0 == 0x0A || $0 == 0x0D }
        return isPlain ? text : "\"" + text.replacing("\"", with: "\"\"") + "\""
    }

    private static let formulaStarts = Array("=+-@\t\r".utf8)
}
