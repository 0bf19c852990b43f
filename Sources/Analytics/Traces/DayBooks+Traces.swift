import Books
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
    /// where it is of no kind, as that of a client of HTTP. The latest are looked at.
    ///
    /// - Parameters:
    ///   - workspace: whose requests and spans alone are looked at.
    ///   - first: the day of the first call, since 1970: its requests ended on it, on the next one, or on the last.
    ///   - last: the day on which they are told of.
    ///   - kind: of such spans.
    ///   - more: those that have no rows yet.
    ///   - rows: that may still be looked at, of which one trace has a share; each question counts as one, too.
    public func ownSpans(
        ofTrace told: String, workspace: String, from first: Int, to last: Int, kind: String, beside more: [(span: String, parent: String)],
        rowsLeft rows: inout Int
    ) throws(AnalyticsError) -> Set<String> {
        let trace = Feedback.trace(told)
        let share = min(rows, AnalyticsLimits.ownSpanRowCountOfTrace)
        var left = share
        defer { rows -= share - left }
        var files: [DayFile] = []
        for day in Set([first, first + 1, last]).sorted() where first <= day && day <= last {
            if let file = try file(day: day) { files.append(file) }
        }
        var own: Set<String> = []
        for file in files {
            left = try reading(file) { try DayBooks.add(&own, ofTrace: trace, workspace, $0, most: left) }
        }
        own.remove("")
        if own.isEmpty { return [] }
        var parents = Dictionary(more.map { ($0.span, $0.parent) }) { first, _ in first }
        for file in files {
            left = try reading(file) { try DayBooks.add(&parents, ofTrace: trace, workspace, kind, $0, most: left) }
        }
        for start in own {
            var span = start
            while let parent = parents[span], !parent.isEmpty, own.insert(parent).inserted { span = parent }
        }
        return own
    }

    /// Adds what the gateway's own requests say: of as many as a trace is shown with. Those that others tell of are counted as rows. So are those of other
    /// workspaces, but many as one: else whoever has many under the same trace would hide a workspace's own.
    ///
    /// - Returns: rows that are left to be looked at.
    private static func add(_ own: inout Set<String>, ofTrace trace: String, _ workspace: String, _ database: Database, most: Int) throws -> Int {
        guard most > 0 else { return 0 }
        let question = try database.cachedStatement(sql: "SELECT iif(workspace = ?, record, NULL) FROM records WHERE trace = ? ORDER BY number DESC")
        let rows = try Row.fetchCursor(question, arguments: [workspace, trace])
        var (left, count, passed) = (most - 1, 0, 0)
        while left > 0, count < AnalyticsLimits.traceSpanCount, let row = try rows.next() {
            let bytes: Data? = row[0]
            guard let bytes else {
                passed += 1
                if passed.isMultiple(of: AnalyticsLimits.othersRowsOfOne) { left -= 1 }
                continue
            }
            left -= 1
            guard let record = DayBooks.record(bytes), record.figures.flags.isDisjoint(with: [.reported, .observation]) else { continue }
            count += 1
            own.formUnion([record.span, record.parentSpan])
        }
        return left
    }

    /// Adds which span is below which, of those of a kind. Of other workspaces many rows count as one here, too.
    private static func add(
        _ parents: inout [String: String], ofTrace trace: String, _ workspace: String, _ kind: String, _ database: Database, most: Int
    ) throws -> Int {
        guard most > 0 else { return 0 }
        let question = try database.cachedStatement(sql: "SELECT span, parent, kind = ?, workspace = ? FROM spans WHERE trace = ? ORDER BY number DESC")
        let rows = try Row.fetchCursor(question, arguments: [kind, workspace, trace])
        var (left, count, passed) = (most - 1, 0, 0)
        while left > 0, count < AnalyticsLimits.traceSpanCount, let row = try rows.next() {
            let (isOfKind, isOwn): (Bool, Bool) = (row[2], row[3])
            if !isOwn { passed += 1 }
            if isOwn || passed.isMultiple(of: AnalyticsLimits.othersRowsOfOne) { left -= 1 }
            guard isOwn, isOfKind else { continue }
            let (span, parent): (String, String) = (row[0], row[1])
            count += 1
            if parents[span] == nil { parents[span] = parent }
        }
        return left
    }

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
