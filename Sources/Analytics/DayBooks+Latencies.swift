import Foundation
import GRDB

extension DayBooks {
    /// How long requests took, by points.
    public func latencies(_ query: RowQuery, by step: GraphStep) throws(AnalyticsError) -> [Int64: LatencyHistogram] {
        let (from, to) = (max(0, query.from), query.to)
        let first = from % step.rawValue == 0 ? from : from.start(of: step).addingReportingOverflow(step.rawValue).partialValue
        let end = to.start(of: step)
        // Histograms are kept of workspaces, by hour and by day.
        let isOfRollups = step != .minute && query.isOf(.user) && first >= from && first < end
        let rest = isOfRollups ? [(from, first), (end, to)] : [(from, to)]
        let condition = query.condition()
        var histograms: [Int64: LatencyHistogram] = [:]
        try eachDay(query) { database, hasRows in
            if hasRows {
                let sql = "SELECT at / \(step.rawValue), total_us FROM records WHERE \(condition.sql)"
                let cursor = try Row.fetchCursor(database, sql: sql, arguments: condition.arguments)
                while let row = try cursor.next() {
                    histograms[(row[0] as Int64) * step.rawValue, default: LatencyHistogram()].add(microseconds: row[1])
                }
                return
            }
            if isOfRollups {
                let ofWorkspace = query.workspace == nil ? "" : " AND workspace = ?"
                let sql = "SELECT start, histogram FROM latencies WHERE step = ? AND start >= ? AND start < ?" + ofWorkspace
                let arguments: StatementArguments = [step.rawValue, first, end] + StatementArguments(query.workspace.map { [$0] } ?? [])
                let cursor = try Row.fetchCursor(database, sql: sql, arguments: arguments)
                while let row = try cursor.next() {
                    let more = try LatencyHistogram(row[1] as Data)
                    histograms[row[0], default: LatencyHistogram()].add(more)
                }
            }
            var scan: FactScan?
            for (from, to) in rest where from < to {
                let known = try scan ?? FactScan(query, .none, wanted: [.microseconds], database)
                scan = known
                try known.eachChunk(from: from, to: to, database) { _, facts in
                    let (times, microseconds) = (facts[.at], facts[.microseconds])
                    known.eachRow(facts, from: from, to: to) { index, _, _ in
                        histograms[times[index].start(of: step), default: LatencyHistogram()].add(microseconds: microseconds[index])
                    }
                    return true
                }
            }
        }
        return histograms
    }
}
