public import Books
import Foundation
import GRDB
import Synchronization

/// Feedback: what is said of traces is kept, and joined with the rows of their requests when somebody asks.
///
/// It belongs to the requests of its trace that its own workspace made, whenever those have their rows.
extension DayBooks {
    /// - Parameter makes: whether one is made where there is none.
    func feedbackFile(makes: Bool = false) throws(AnalyticsError) -> FeedbackFile? {
        let result = feedbackOpened.withLock { opened in
            Result { () throws(AnalyticsError) -> FeedbackFile? in
                if let opened { return opened }
                guard makes || FileManager.default.fileExists(atPath: feedbackPath) else { return nil }
                let file = try FeedbackFile(path: feedbackPath)
                opened = file
                return file
            }
        }
        return try result.get()
    }

    // MARK: Giving

    /// Keeps all of it, or nothing; it is on the disk when this returns.
    /// - Returns: the ids it was given, in its order.
    public func give(_ feedback: [Feedback]) throws(AnalyticsError) -> [String] {
        let named = feedback.map { entry in
            var entry = entry
            entry.id = UUID().uuidString.lowercased()
            return entry
        }
        try noting { () throws(AnalyticsError) in try feedbackFile(makes: true)?.add(named) }
        feedbackCount.add(UInt64(named.count), ordering: .relaxed)
        return named.map(\.id)
    }

    /// - Returns: false where the workspace has none of this id.
    public func change(feedback id: String, workspace: String, _ change: FeedbackChange) throws(AnalyticsError) -> Bool {
        try noting { () throws(AnalyticsError) in try feedbackFile()?.change(id, workspace: workspace, change) ?? false }
    }

    /// Removes what was given before the days that are kept.
    func dropOldFeedback(before day: Int) {
        // Told where it fails, and tried again.
        _ = try? noting { () throws(AnalyticsError) in try feedbackFile()?.drop(before: Int64(day) * 86_400_000) }
    }

    /// Tells operators of a failure once, until it is over.
    @discardableResult
    private func noting<Result>(_ body: () throws(AnalyticsError) -> Result) throws(AnalyticsError) -> Result {
        do throws(AnalyticsError) {
            let result = try body()
            if note(feedbackFault: "") { report("feedback is kept again") }
            return result
        } catch {
            if note(feedbackFault: "\(error)") { report("feedback: \(error)") }
            throw error
        }
    }

    /// Whether it was another before.
    private func note(feedbackFault text: String) -> Bool {
        feedbackFault.withLock { fault in
            defer { fault = text }
            return fault != text
        }
    }

    // MARK: Asking

    /// What the traces of these records have, in their order.
    public func feedback(of records: [RequestRecord]) throws(AnalyticsError) -> [FeedbackSums] {
        try noting { () throws(AnalyticsError) in
            guard let file = try feedbackFile() else { return records.map { _ in FeedbackSums() } }
            return try file.sums(of: records.map { ($0.workspace, $0.trace) })
        }
    }

    /// The first that a record's trace was given, up to a bound.
    public func feedback(on record: RequestRecord) throws(AnalyticsError) -> [Feedback] {
        try noting { () throws(AnalyticsError) in try feedbackFile()?.list(workspace: record.workspace, trace: record.trace) ?? [] }
    }

    /// Feedback on requests by points of a graph, and how much there is of each value. Each is counted once: where its trace made several of the
    /// requests, at the time of the latest.
    public func feedback(_ query: RowQuery, by step: GraphStep) throws(AnalyticsError) -> (points: [Int64: FeedbackSums], scores: [Int64: Int64]) {
        let condition = query.condition()
        let sql = """
            SELECT opinion.number AS number, opinion.value AS value, opinion.weight AS weight, max(asked.at) AS latest
            FROM (SELECT workspace, trace, at FROM records WHERE \(condition.sql)) AS asked
            JOIN \(FeedbackFile.schemaName).feedback AS opinion ON opinion.workspace = asked.workspace AND opinion.trace = asked.trace
            GROUP BY opinion.number
            """
        var points: [Int64: FeedbackSums] = [:]
        var scores: [Int64: Int64] = [:]
        var seen: Set<Int64> = []
        try eachRow(query, sql, condition.arguments, isOfFeedback: true) { (row) throws(AnalyticsError) in
            guard seen.insert(row["number"]).inserted else { return }
            if seen.count > mostGroups { throw .tooMany }
            let (latest, value) = (row["latest"] as Int64, row["value"] as Int64)
            points[latest / step.rawValue * step.rawValue, default: FeedbackSums()].add(value: value, weight: row["weight"])
            scores[value, default: 0] += 1
        }
        return (points, scores)
    }

    /// Feedback by groups of the requests: once in each that its trace has requests in.
    public func feedback(_ query: RowQuery, by group: RowGroup) throws(AnalyticsError) -> [String: GroupFeedback] {
        let condition = query.condition()
        let (expression, own) = group.sql
        let opinions = FeedbackFile.schemaName + ".feedback AS opinion"
        var groups: [String: GroupFeedback] = [:]
        var seen: [String: Set<Int64>] = [:]
        var count = 0
        let given = """
            SELECT opinion.number AS number, opinion.value AS value, opinion.weight AS weight, asked.name AS name
            FROM (SELECT workspace, trace, \(expression) AS name FROM records WHERE \(condition.sql)) AS asked
            JOIN \(opinions) ON opinion.workspace = asked.workspace AND opinion.trace = asked.trace GROUP BY opinion.number, asked.name
            """
        try eachRow(query, given, own + condition.arguments, isOfFeedback: true) { (row) throws(AnalyticsError) in
            guard let name = DayBooks.text(row["name"]), seen[name, default: []].insert(row["number"]).inserted else { return }
            count += 1
            if count > mostGroups { throw .tooMany }
            groups[name, default: GroupFeedback()].sums.add(value: row["value"], weight: row["weight"])
        }
        let having = """
            SELECT \(expression) AS name, count(*) AS number FROM records
            WHERE \(condition.sql) AND EXISTS (SELECT 1 FROM \(opinions) WHERE opinion.workspace = records.workspace AND opinion.trace = records.trace) GROUP BY name
            """
        try eachRow(query, having, own + condition.arguments, isOfFeedback: true) { row in
            guard let name = DayBooks.text(row["name"]) else { return }
            groups[name, default: GroupFeedback()].requests += row["number"] as Int64
        }
        return groups
    }
}
