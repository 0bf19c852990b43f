import Books
import Bytes
import Foundation
import GRDB
import JSON

/// What of a record has a column of its own: what is filtered, summed and sorted by.
struct DayRow {
    let record: RequestRecord
    /// Tries of the same target again, of a request that came to be answered.
    let retries: Int
    /// Whether another target than the first answered.
    let isFallback: Bool

    init(_ record: RequestRecord) {
        self.record = record
        guard !record.attempts.isEmpty, record.isSuccess, case .array(let tries)? = DocumentParser.parse(record.attempts).document?.root.value else {
            retries = record.isSuccess ? max(0, Int(record.figures.attempts) - 1) : 0
            isFallback = false
            return
        }
        let targets = tries.compactMap { DayRow.text("target", of: $0) }
        retries = tries.filter { DayRow.text("why", of: $0) == "retry" }.count
        isFallback = targets.first != nil && targets.first != record.target && targets.contains(record.target)
    }

    private static func text(_ name: String, of node: DocumentNode) -> String? {
        guard case .object(let members) = node.value, case .string(let text)? = members.first(where: { $0.name == name })?.value.value else { return nil }
        return text
    }

    /// Milliseconds since 1970.
    var at: Int64 { Int64(clamping: record.figures.wallNanoseconds / 1_000_000) }
    var cost: Int64 { record.billedCost ?? 0 }
    var saved: Int64 { max(0, record.figures.saved) }
    var totalMicroseconds: Int64 { Int64(clamping: record.figures.totalNanoseconds / 1000) }
    var tokensIn: Int64 { record.billedInputTokens ?? 0 }
    var tokensOut: Int64 { record.billedOutputTokens ?? 0 }

    // MARK: Writing

    static let insertion = """
        INSERT INTO requests (id, at, trace, span, kind, mark, shared, tokens_in, tokens_out, cost, saved, total_us, own)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING
        """

    func arguments(_ parts: RecordParts, kind: Int64, mark: Int64, shared: Int64) -> StatementArguments {
        [
            parts.identifier.data, at, record.trace, record.span, kind, mark, shared, tokensIn, tokensOut, cost, saved, totalMicroseconds, Data(parts.own),
        ]
    }

    static let spanInsertion = """
        INSERT INTO spans (id, at, trace, span, parent, name, kind, workspace, status, duration_us, mark, shared, own)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING
        """

    /// Of an observation.
    func spanArguments(_ parts: RecordParts, mark: Int64, shared: Int64) -> StatementArguments {
        [
            parts.identifier.data, at, record.trace, record.span, record.parentSpan, record.spanName, record.kind, record.workspace,
            Int64(record.figures.status), totalMicroseconds, mark, shared, Data(parts.own),
        ]
    }
}
