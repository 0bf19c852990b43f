public import Books
import Foundation
import GRDB

extension DayBooks {
    /// A trace's spans, of the latest days first where there are more than are shown; nil where there are none.
    ///
    /// - Parameter workspace: whose spans alone are looked at; nil for all.
    public func trace(_ told: String, workspace: String?) throws(AnalyticsError) -> TraceTree? {
        let most = AnalyticsLimits.traceSpanCount
        let arguments = StatementArguments([Feedback.trace(told)] + (workspace.map { [$0] } ?? []))
        var found: [Data] = []
        for day in days().suffix(AnalyticsLimits.traceDayCount).reversed() where found.count <= most {
            guard let file = try file(day: day) else { continue }
            // One more than are shown tells that there are more.
            let left = most + 1 - found.count
            found += try reading(file) { database in
                var rows: [Data] = []
                for table in ["records", "observations"] {
                    let sql = """
                        SELECT record FROM \(table) WHERE trace = ? \(workspace == nil ? "" : "AND workspace = ?") ORDER BY at, number LIMIT \(left)
                        """
                    rows += try Data.fetchAll(database, sql: sql, arguments: arguments)
                }
                return rows
            }
        }
        let records = found.prefix(most).compactMap { DayBooks.record($0) }
        return records.isEmpty ? nil : TraceTree(records, isTruncated: found.count > most)
    }

    /// Spans of a trace that stand for the gateway's own requests: those that a request says it is, or is below, and those that such a span is below
    /// where it is of no kind, as that of a client of HTTP.
    ///
    /// - Parameters:
    ///   - days: on which the requests ended, since 1970; the last of them are looked at.
    ///   - more: observations that have no rows yet.
    public func ownSpans(ofTrace told: String, days: ClosedRange<Int>, beside more: [RequestRecord]) throws(AnalyticsError) -> Set<String> {
        let days = days.suffix(AnalyticsLimits.ownSpanDayCount)
        var own: Set<String> = []
        for record in try records(ofTrace: told, days, in: "records") where record.figures.flags.isDisjoint(with: [.reported, .observation]) {
            own.formUnion([record.span, record.parentSpan])
        }
        own.remove("")
        if own.isEmpty { return [] }
        let others = try records(ofTrace: told, days, in: "observations") + more
        let parents = Dictionary(others.filter { $0.kind == DayBooks.plainKind }.map { ($0.span, $0.parentSpan) }) { first, _ in first }
        for start in own {
            var span = start
            while let parent = parents[span], !parent.isEmpty, own.insert(parent).inserted { span = parent }
        }
        return own
    }

    /// As many of each day as a trace is shown with.
    private func records(ofTrace told: String, _ days: Slice<ClosedRange<Int>>, in table: String) throws(AnalyticsError) -> [RequestRecord] {
        var found: [RequestRecord] = []
        for day in days {
            guard let file = try file(day: day) else { continue }
            let rows = try reading(file) { database in
                let question = try database.cachedStatement(sql: "SELECT record FROM \(table) WHERE trace = ? LIMIT \(AnalyticsLimits.traceSpanCount)")
                return try Data.fetchAll(question, arguments: [Feedback.trace(told)])
            }
            found += rows.compactMap { DayBooks.record($0) }
        }
        return found
    }

    /// Of spans that say nothing of what they are.
    private static let plainKind = "span"

    /// Traces that have such requests, that with the latest first, and whether there may be more.
    ///
    /// As many requests are looked at as one question may cost: traces whose latest is behind those are not found.
    ///
    /// - Returns: each with all its spans that the query's workspace may see, those that do not meet the rest of the query among them.
    public func traces(_ query: RowQuery, skip: Int, most: Int) throws(AnalyticsError) -> (traces: [(id: String, tree: TraceTree)], hasMore: Bool) {
        var names: [String] = []
        var known: Set<String> = []
        var left = AnalyticsLimits.traceRowCount
        let feedback = try query.isOfFeedback ? feedbackFile() : nil
        if query.isOfFeedback, feedback == nil { return ([], false) }
        let condition = query.condition()
        let sql = "SELECT trace FROM records WHERE \(condition.sql) ORDER BY at DESC, number DESC LIMIT ?"
        for day in days().reversed() where query.days.contains(day) && left > 0 && names.count <= skip + most {
            guard let file = try file(day: day) else { continue }
            let arguments = condition.arguments + [left]
            left -= try reading(file, beside: feedback) { database in
                var count = 0
                let cursor = try String.fetchCursor(database, sql: sql, arguments: arguments)
                // One more than are asked for tells that there are more.
                while names.count <= skip + most, let name = try cursor.next() {
                    count += 1
                    if known.insert(name).inserted { names.append(name) }
                }
                return count
            }
        }
        var traces: [(id: String, tree: TraceTree)] = []
        for name in names.dropFirst(skip).prefix(most) {
            if let tree = try trace(name, workspace: query.workspace) { traces.append((name, tree)) }
        }
        return (traces, names.count > skip + most || left == 0)
    }
}
