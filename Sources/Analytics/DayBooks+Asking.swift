public import Books
import Bytes
import Foundation
import GRDB

/// What groups are made by.
public enum RowGroup: Sendable {
    case user, provider, model, status, key, config, workspace, virtualKey, prompt
    /// Each version of each prompt: `pp-hello-0a1b2c@3`.
    case promptVersion
    case metadata(String)

    /// An expression over a row, with its argument.
    var sql: (expression: String, arguments: StatementArguments) {
        switch self {
        case .user: ("user", [])
        case .provider: ("provider", [])
        // The one that served, where the provider says it.
        case .model: ("CASE served WHEN '' THEN model ELSE served END", [])
        case .status: ("status", [])
        case .key: ("key", [])
        case .config: ("config", [])
        case .workspace: ("workspace", [])
        case .virtualKey: ("virtual_key", [])
        case .prompt: ("prompt", [])
        case .promptVersion: ("CASE prompt WHEN '' THEN '' ELSE prompt || '@' || prompt_version END", [])
        case .metadata(let name): ("(SELECT value FROM json_each(metadata) WHERE json_each.key = ?)", [name])
        }
    }
}

/// Questions over several days: each day's file is asked, and the answers are put together.
extension DayBooks {
    /// One record, by its id; nil where there is none, or it is another workspace's.
    public func record(_ id: String, workspace: String?) throws(AnalyticsError) -> RequestRecord? {
        // An id begins with its time, and the day on which its request ended is that one or soon after.
        let digits = id.prefix(13).replacing("-", with: "")
        guard let milliseconds = Int64(digits, radix: 16) else { return nil }
        let first = Int(clamping: milliseconds / 86_400_000)
        guard first < 1 << 30 else { return nil }
        for day in first...first + 1 {
            guard let file = try file(day: day) else { continue }
            let bytes = try reading(file) { database in
                try Data.fetchOne(
                    database, sql: "SELECT record FROM records WHERE id = ?" + (workspace == nil ? "" : " AND workspace = ?"),
                    arguments: StatementArguments([id] + (workspace.map { [$0] } ?? [])))
            }
            guard let bytes else { continue }
            return DayBooks.record(bytes)
        }
        return nil
    }

    /// A page of records, the latest first, and how many there are.
    public func page(_ query: RowQuery, offset: Int, count: Int) throws(AnalyticsError) -> (records: [RequestRecord], total: Int) {
        let (condition, arguments) = query.condition()
        var total = 0
        var records: [RequestRecord] = []
        var skip = offset
        let feedback = try query.isOfFeedback ? feedbackFile() : nil
        if query.isOfFeedback, feedback == nil { return ([], 0) }
        for day in query.days.reversed() {
            guard let file = try file(day: day) else { continue }
            let wanted = count - records.count
            let (found, rows) = try reading(file, beside: feedback) { database in
                let found = try Int.fetchOne(database, sql: "SELECT count(*) FROM records WHERE \(condition)", arguments: arguments) ?? 0
                guard found > skip, wanted > 0 else { return (found, [Data]()) }
                let sql = "SELECT record FROM records WHERE \(condition) ORDER BY at DESC, id DESC LIMIT ? OFFSET ?"
                return (found, try Data.fetchAll(database, sql: sql, arguments: arguments + [wanted, skip]))
            }
            total += found
            skip = max(0, skip - found)
            records += rows.compactMap { DayBooks.record($0) }
        }
        return (records, total)
    }

    /// Sums by points of a graph: their beginnings, in milliseconds since 1970.
    public func sums(_ query: RowQuery, by step: GraphStep) throws(AnalyticsError) -> [Int64: RowSums] {
        let isOfRollups = query.isOfRollups
        let (condition, arguments) = isOfRollups ? query.condition(time: ("minute", 60_000)) : query.condition()
        let point = isOfRollups ? "minute / \(step.rawValue / 60_000)" : "at / \(step.rawValue)"
        let sql = """
            SELECT \(point) AS point, \(RowSums.columns(ofRollups: isOfRollups)) FROM \(isOfRollups ? "rollups" : "records") WHERE \(condition) GROUP BY point
            """
        var sums: [Int64: RowSums] = [:]
        try eachRow(query, sql, arguments) { row in
            let beginning = (row["point"] as Int64) * step.rawValue
            sums[beginning] = (sums[beginning] ?? RowSums()) + RowSums(row)
        }
        return sums
    }

    /// Sums by groups.
    public func groups(_ query: RowQuery, by group: RowGroup) throws(AnalyticsError) -> [String: RowSums] {
        let (condition, arguments) = query.condition()
        let (expression, own) = group.sql
        let sql = "SELECT \(expression) AS name, \(RowSums.columns(ofRollups: false)) FROM records WHERE \(condition) GROUP BY name"
        var groups: [String: RowSums] = [:]
        try eachRow(query, sql, own + arguments) { (row) throws(AnalyticsError) in
            guard let name = DayBooks.text(row["name"]) else { return }
            groups[name] = (groups[name] ?? RowSums()) + RowSums(row)
            if groups.count > mostGroups { throw .tooMany }
        }
        return groups
    }

    /// Requests by points and by something else.
    public func counts(_ query: RowQuery, by step: GraphStep, and column: CountedColumn) throws(AnalyticsError) -> [Int64: [String: Int64]] {
        let (condition, arguments) = query.condition()
        let sql = """
            SELECT at / \(step.rawValue) AS point, \(column.rawValue) AS name, count(*) AS number FROM records WHERE \(condition) AND \(column.condition)
            GROUP BY point, name
            """
        var counts: [Int64: [String: Int64]] = [:]
        var size = 0
        try eachRow(query, sql, arguments) { (row) throws(AnalyticsError) in
            guard let name = DayBooks.text(row["name"]) else { return }
            size += 1
            if size > mostGroups { throw .tooMany }
            counts[(row["point"] as Int64) * step.rawValue, default: [:]][name, default: 0] += row["number"] as Int64
        }
        return counts
    }

    /// How long requests took, by points.
    public func latencies(_ query: RowQuery, by step: GraphStep) throws(AnalyticsError) -> [Int64: LatencyHistogram] {
        let (condition, arguments) = query.condition()
        var histograms: [Int64: LatencyHistogram] = [:]
        try eachRow(query, "SELECT at / \(step.rawValue) AS point, total_us FROM records WHERE \(condition)", arguments) { row in
            histograms[(row["point"] as Int64) * step.rawValue, default: LatencyHistogram()].add(microseconds: row["total_us"])
        }
        return histograms
    }

    // MARK: Each day

    /// A row's record; nil for one of a later program's.
    static func record(_ bytes: Data) -> RequestRecord? { [UInt8](bytes).withByteSlice { try? RequestRecord($0) } }

    static func text(_ value: DatabaseValue) -> String? {
        switch value.storage {
        case .string(let text): text
        case .int64(let number): "\(number)"
        default: nil
        }
    }

    /// The rows of each day, the latest day first.
    ///
    /// - Parameters:
    ///   - isOfFeedback: whether `sql` reads feedback; where there is none it has no rows.
    ///   - body: what it throws ends the reading.
    func eachRow(
        _ query: RowQuery, _ sql: String, _ arguments: StatementArguments, isOfFeedback: Bool = false, _ body: (Row) throws(AnalyticsError) -> Void
    ) throws(AnalyticsError) {
        let isOfFeedback = isOfFeedback || query.isOfFeedback
        let feedback = try isOfFeedback ? feedbackFile() : nil
        if isOfFeedback, feedback == nil { return }
        for day in days().reversed() where query.days.contains(day) {
            guard let file = try file(day: day) else { continue }
            try reading(file, beside: feedback) { database in
                let cursor = try Row.fetchCursor(database, sql: sql, arguments: arguments)
                while let row = try cursor.next() { try body(row) }
            }
        }
    }

    func reading<Result>(
        _ file: DayFile, beside feedback: FeedbackFile? = nil, _ body: (Database) throws -> Result
    ) throws(AnalyticsError) -> Result {
        do {
            guard let feedback else { return try file.pool.read(body) }
            return try file.read(beside: feedback, body)
        } catch {
            throw AnalyticsError(error, file.path)
        }
    }
}

/// What requests are counted by beside their time.
public enum CountedColumn: String, Sendable {
    case user, status, retries

    /// Which of them are counted.
    var condition: String {
        switch self {
        case .user: "user <> ''"
        case .status: "status >= 400"
        case .retries: "retries > 0"
        }
    }
}
