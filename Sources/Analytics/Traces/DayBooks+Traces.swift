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
}
