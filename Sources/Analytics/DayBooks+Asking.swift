public import Books
import Bytes
import Foundation
import GRDB
import Ledger

/// Questions over several days: each day's file is asked, and the answers are put together.
extension DayBooks {
    /// One record, by its id, of a request or an observation; nil where there is none, or it is another workspace's.
    public func record(_ id: String, workspace: String?) throws(AnalyticsError) -> RequestRecord? {
        // An id begins with its time, and the day on which its request ended is that one or soon after.
        guard let identifier = Array(id.utf8).withByteSlice({ Identifier(text: $0) }) else { return nil }
        let first = Int(clamping: identifier.high >> 16 / 86_400_000)
        guard first < 1 << 30 else { return nil }
        for day in first...first + 1 {
            guard let file = try file(day: day) else { continue }
            let own = workspace == nil ? "" : " AND workspace = ?"
            let workspaces = StatementArguments(workspace.map { [$0] } ?? [])
            let bytes = try reading(file) { database in
                // Rows of an earlier program have it in writing.
                try Data.fetchOne(
                    database, sql: "SELECT record FROM records WHERE id IN (?, ?)" + own, arguments: [identifier.data, identifier.description] + workspaces)
                    ?? Data.fetchOne(
                        database, sql: "SELECT record FROM observations WHERE number = (SELECT number FROM spans WHERE id = ?)" + own,
                        arguments: [identifier.data] + workspaces)
            }
            guard let bytes else { continue }
            return DayBooks.record(bytes)
        }
        return nil
    }

    /// A page of records, the latest first, and how many there are.
    public func page(_ query: RowQuery, offset: Int, count: Int) throws(AnalyticsError) -> (records: [RequestRecord], total: Int) {
        var total = 0
        var records: [RequestRecord] = []
        var skip = offset
        let feedback = try query.isOfFeedback ? feedbackFile() : nil
        if query.isOfFeedback, feedback == nil { return ([], 0) }
        for day in days().reversed() where query.days.contains(day) {
            guard let file = try file(day: day) else { continue }
            var ofDay = query
            ofDay.onlyDay = day
            let found = try number(of: ofDay)
            let wanted = count - records.count
            if found > skip, wanted > 0 {
                let rows = try reading(file, beside: feedback) { [skip] database in
                    let isByRows = try isByRows || query.isOfRows || DayFile.hasEarlierRows(database)
                    return try isByRows ? DayBooks.rows(query, skip: skip, most: wanted, database) : DayBooks.facts(query, skip: skip, most: wanted, database)
                }
                records += rows.compactMap { DayBooks.record($0) }
            }
            total += found
            skip = max(0, skip - found)
        }
        return (records, total)
    }

    private func number(of query: RowQuery) throws(AnalyticsError) -> Int {
        var number: Int64 = 0
        try tally(query, by: nil, .none, countsAlone: true) { _, _, sums in number += sums.requests }
        return Int(clamping: number)
    }

    private static func rows(_ query: RowQuery, skip: Int, most: Int, _ database: Database) throws -> [Data] {
        let condition = query.condition()
        let sql = "SELECT record FROM records WHERE \(condition.sql) ORDER BY at DESC, number DESC LIMIT ? OFFSET ?"
        return try Data.fetchAll(database, sql: sql, arguments: condition.arguments + [most, skip])
    }

    /// The same by chunks, which say which rows to read.
    private static func facts(_ query: RowQuery, skip: Int, most: Int, _ database: Database) throws -> [Data] {
        let scan = try FactScan(query, .none, wanted: [], database)
        let wanted = skip + most
        var found: [(at: Int64, number: Int64)] = []
        // The time that as many as are wanted are not before.
        var least = Int64.min
        func settle() {
            guard found.count >= wanted else { return }
            found.sort { $0 > $1 }
            found.removeLast(found.count - wanted)
            least = found.last?.at ?? least
        }
        try scan.eachChunk(from: query.from, to: query.to, database) { first, facts in
            let times = facts[.at]
            if let latest = times.max(), latest < least { return false }
            scan.eachRow(facts, from: query.from, to: query.to) { index, _, _ in
                if times[index] >= least { found.append((times[index], first + Int64(index))) }
            }
            settle()
            return true
        }
        found.sort { $0 > $1 }
        let question = try database.cachedStatement(sql: "SELECT record FROM records WHERE number = ?")
        return try found.dropFirst(skip).prefix(most).compactMap { try Data.fetchOne(question, arguments: [$0.number]) }
    }

    /// Sums by points of a graph: their beginnings, in milliseconds since 1970.
    public func sums(_ query: RowQuery, by step: GraphStep) throws(AnalyticsError) -> [Int64: RowSums] {
        var sums: [Int64: RowSums] = [:]
        try tally(query, by: step, .none) { point, _, more in sums[point, default: RowSums()].add(more) }
        return sums
    }

    /// Sums by groups.
    public func groups(_ query: RowQuery, by group: RowGroup) throws(AnalyticsError) -> [String: RowSums] {
        var groups: [String: RowSums] = [:]
        try tally(query, by: nil, .group(group)) { (_, name, more) throws(AnalyticsError) in
            groups[name, default: RowSums()].add(more)
            if groups.count > mostGroups { throw .tooMany }
        }
        return groups
    }

    /// Requests by points and by something else.
    public func counts(_ query: RowQuery, by step: GraphStep, and column: CountedColumn) throws(AnalyticsError) -> [Int64: [String: Int64]] {
        var counts: [Int64: [String: Int64]] = [:]
        // What is told of one point comes together, mostly.
        var (point, ofPoint): (Int64?, [String: Int64]) = (nil, [:])
        var size = 0
        try tally(query, by: step, .counted(column), countsAlone: true) { (start, name, more) throws(AnalyticsError) in
            if start != point {
                if let point { counts[point] = ofPoint }
                (point, ofPoint) = (start, counts.removeValue(forKey: start) ?? [:])
            }
            let known = ofPoint.count
            ofPoint[name, default: 0] += more.requests
            size += ofPoint.count - known
            if size > mostGroups { throw .tooMany }
        }
        if let point { counts[point] = ofPoint }
        return counts
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
