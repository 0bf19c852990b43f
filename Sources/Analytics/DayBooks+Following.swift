public import Books
import GRDB

/// How far rows have been read that are asked for part by part.
public struct RowPosition: Sendable {
    /// Nil before the first.
    fileprivate var day: Int?
    fileprivate var at = Int64.min
    fileprivate var number = Int64.min

    public init() {}
}

/// From where on rows are new to who follows them.
public struct RowEnd: Sendable {
    /// The number of the last row known, by day.
    fileprivate var rows: [Int: Int64] = [:]
}

/// Rows part by part: those there are, and those that come.
extension DayBooks {
    /// The next rows, up to `most`, and whether there may be more: by the days on which their requests ended, and within those by when they began.
    ///
    /// What comes meanwhile before the position is not told of.
    public func next(_ query: RowQuery, _ position: inout RowPosition, most: Int) throws(AnalyticsError) -> (records: [RequestRecord], hasMore: Bool) {
        let condition = query.condition()
        let feedback = try query.isOfFeedback ? feedbackFile() : nil
        if query.isOfFeedback, feedback == nil { return ([], false) }
        var left = most
        let sql = "SELECT at, number, record FROM records WHERE \(condition.sql) AND (at, number) > (?, ?) ORDER BY at, number LIMIT ?"
        var records: [RequestRecord] = []
        for day in days() where query.days.contains(day) && day >= position.day ?? day {
            guard left > 0, let file = try file(day: day) else { continue }
            if position.day != day {
                position = RowPosition()
                position.day = day
            }
            let (at, number, wanted) = (position.at, position.number, left)
            let rows = try reading(file, beside: feedback) { try Row.fetchAll($0, sql: sql, arguments: condition.arguments + [at, number, wanted]) }
            if let last = rows.last { (position.at, position.number) = (last["at"], last["number"]) }
            records += rows.compactMap { DayBooks.record($0["record"]) }
            left -= rows.count
        }
        return (records, left == 0)
    }

    /// The end that the rows have now.
    public func end() throws(AnalyticsError) -> RowEnd {
        var end = RowEnd()
        for day in followedDays {
            guard let file = try file(day: day) else { continue }
            end.rows[day] = try reading(file) { try DayBooks.lastRow($0) }
        }
        return end
    }

    /// Rows that have come behind `end`, which moves on: up to `most`, those of one call by when their requests began, and whether there may be more.
    ///
    /// - Parameter query: its times are not looked at.
    public func rows(behind end: inout RowEnd, _ query: RowQuery, most: Int) throws(AnalyticsError) -> (records: [RequestRecord], hasMore: Bool) {
        var query = query
        (query.from, query.to) = (0, .max)
        let condition = query.condition()
        let feedback = try query.isOfFeedback ? feedbackFile() : nil
        let sql = "SELECT number, record FROM records WHERE number > ? AND number <= ? AND \(condition.sql) ORDER BY number LIMIT ?"
        var records: [RequestRecord] = []
        let days = followedDays
        end.rows = end.rows.filter { days.contains($0.key) }
        for day in days {
            guard let file = try file(day: day) else { continue }
            let (start, wanted) = (end.rows[day] ?? 0, most - records.count)
            guard wanted > 0 else { continue }
            let (last, rows) = try reading(file, beside: feedback) { database in
                let last = try DayBooks.lastRow(database)
                // Rows that were made anew count from the first again, and who follows has seen them.
                guard last > start, !query.isOfFeedback || feedback != nil else { return (last, [Row]()) }
                return (last, try Row.fetchAll(database, sql: sql, arguments: [start, last] + condition.arguments + [wanted]))
            }
            end.rows[day] = rows.count == wanted ? rows.last?["number"] ?? last : last
            records += rows.compactMap { DayBooks.record($0["record"]) }
        }
        // Workers' records are written one worker's after the other's.
        return (records.sorted { $0.identifier < $1.identifier }, records.count >= most)
    }

    /// Rows come to the file of the day, and for a while after midnight to that of the day before.
    private var followedDays: ClosedRange<Int> {
        let today = today
        return today - 1...today
    }

    private static func lastRow(_ database: Database) throws -> Int64 { try Int64.fetchOne(database, sql: "SELECT max(number) FROM requests") ?? 0 }
}
