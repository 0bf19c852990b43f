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
        var points: [Int64: FeedbackSums] = [:]
        var scores: [Int64: Int64] = [:]
        var seen: Set<Int64> = []
        try eachOpinion(query) { (number, value, weight, latest) throws(AnalyticsError) in
            guard seen.insert(number).inserted else { return }
            if seen.count > mostGroups { throw .tooMany }
            points[latest / step.rawValue * step.rawValue, default: FeedbackSums()].add(value: value, weight: weight)
            scores[value, default: 0] += 1
        }
        return (points, scores)
    }

    /// Feedback by groups of the requests: once in each that its trace has requests in.
    public func feedback(_ query: RowQuery, by group: RowGroup) throws(AnalyticsError) -> [String: GroupFeedback] {
        guard let feedback = try feedbackFile() else { return [:] }
        var groups = FeedbackGroups(most: mostGroups)
        for day in days().reversed() where query.days.contains(day) {
            guard let file = try file(day: day) else { continue }
            try reading(file, beside: feedback) { database in
                if try Judgements.have(query, .group(group), database) {
                    try Judgements(query, .group(group), database).add(to: &groups, database)
                } else {
                    try DayBooks.add(query, by: group, to: &groups, database)
                }
            }
        }
        return groups.groups
    }

    /// The same of rows.
    private static func add(_ query: RowQuery, by group: RowGroup, to groups: inout FeedbackGroups, _ database: Database) throws {
        let condition = query.condition()
        let (expression, own) = group.sql
        let opinions = FeedbackFile.schemaName + ".feedback AS opinion"
        let given = """
            SELECT opinion.number, opinion.value, opinion.weight, asked.name
            FROM (SELECT DISTINCT workspace, trace, \(expression) AS name FROM records WHERE trace IN (\(DayFile.judgedTraces)) AND \(condition.sql)) AS asked
            JOIN \(opinions) ON opinion.workspace = asked.workspace AND opinion.trace = asked.trace
            """
        let cursor = try Row.fetchCursor(database, sql: given, arguments: own + condition.arguments)
        while let row = try cursor.next() {
            if let name = text(row[3]) { try groups.add(row[0], value: row[1], weight: row[2], at: groups.place(of: name)) }
        }
        let having = """
            SELECT \(expression) AS name, count(*) FROM records WHERE trace IN (\(DayFile.judgedTraces)) AND \(condition.sql)
            AND EXISTS (SELECT 1 FROM \(opinions) WHERE opinion.workspace = records.workspace AND opinion.trace = records.trace) GROUP BY name
            """
        for row in try Row.fetchAll(database, sql: having, arguments: own + condition.arguments) {
            if let name = text(row[0]) { groups.add(requests: row[1], at: groups.place(of: name)) }
        }
    }

    /// The feedback of each day's requests, with the time of the latest of them, the latest day first.
    private func eachOpinion(
        _ query: RowQuery, _ body: (_ number: Int64, _ value: Int64, _ weight: Int64, _ latest: Int64) throws(AnalyticsError) -> Void
    ) throws(AnalyticsError) {
        guard let feedback = try feedbackFile() else { return }
        let condition = query.condition()
        let chosen = """
            SELECT opinion.number, opinion.value, opinion.weight, asked.latest
            FROM (SELECT workspace, trace, max(at) AS latest FROM records WHERE trace IN (\(DayFile.judgedTraces)) AND \(condition.sql) GROUP BY workspace, trace)
                AS asked
            JOIN \(FeedbackFile.schemaName).feedback AS opinion ON opinion.workspace = asked.workspace AND opinion.trace = asked.trace
            """
        for day in days().reversed() where query.days.contains(day) {
            guard let file = try file(day: day) else { continue }
            try reading(file, beside: feedback) { database in
                if try Judgements.have(query, .none, database) { return try Judgements(query, .none, database).opinions(database, body) }
                let cursor = try Row.fetchCursor(database, sql: chosen, arguments: condition.arguments)
                while let row = try cursor.next() { try body(row[0], row[1], row[2], row[3]) }
            }
        }
    }

    /// The days whose feedback is looked after: those whose files stay open. Of days before, who asks waits for all that was said since.
    var judgedDays: [Int] { feedbackIsThere ? Array(days().suffix(AnalyticsLimits.openDays - 1)) : [] }

    private var feedbackIsThere: Bool { (try? feedbackFile()) != nil }

    /// Notes what was said and asked of a day since, so that who asks waits for little of it. Told where it fails, and tried again.
    func judge(day: Int) {
        _ = try? noting { () throws(AnalyticsError) in
            guard let feedback = try feedbackFile(), let file = try file(day: day) else { return }
            do { try file.judge(by: feedback) } catch { throw AnalyticsError(error, file.path) }
        }
    }
}
