import GRDB

/// Sums over several days, each from where it is told soonest: roll-ups where they have what is asked for, else chunks, else rows.
extension DayBooks {
    /// Where a part of a question is answered from.
    private enum Source {
        case sums(RowKind.Level)
        case facts
    }

    /// - Parameters:
    ///   - step: of points of a graph; nil for one point, 0.
    ///   - countsAlone: whether only the number of requests is wanted.
    ///   - add: given a point's beginning in milliseconds since 1970, a label, and what a part of its requests comes to.
    func tally(
        _ query: RowQuery, by step: GraphStep?, _ label: RowLabel, countsAlone: Bool = false, _ add: (Int64, String, RowSums) throws(AnalyticsError) -> Void
    ) throws(AnalyticsError) {
        let parts = DayBooks.parts(query, step, label)
        let (sql, arguments) = DayBooks.sqlOfRows(query, step, label, countsAlone)
        try eachDay(query) { database, hasRows in
            if hasRows {
                let cursor = try Row.fetchCursor(database, sql: sql, arguments: arguments)
                while let row = try cursor.next() {
                    guard let name = DayBooks.text(row[1]) else { continue }
                    try add((row[0] as Int64) * (step?.rawValue ?? 0), name, RowSums(row, from: 2, countsAlone: countsAlone))
                }
                return
            }
            // Made for the first part that needs it.
            var scan: FactScan?
            for (from, to, source) in parts {
                switch source {
                case .sums(let level): try DayBooks.addSums(query, level, from: from, to: to, step, label, countsAlone, database, add)
                case .facts:
                    // Most days have none before or behind what roll-ups have, and the scan would read all their kinds.
                    guard try FactScan.hasRows(from: from, to: to, database) else { continue }
                    let wanted = countsAlone ? [] : Set(FactChunk.Column.allCases).subtracting([.mark])
                    let known = try scan ?? FactScan(query, label, wanted: wanted, database)
                    scan = known
                    try DayBooks.addFacts(known, countsAlone, from: from, to: to, step, database, add)
                }
            }
        }
    }

    /// Each day's file, the latest first, and whether it is to be asked by its rows.
    func eachDay(_ query: RowQuery, _ body: (Database, _ hasRows: Bool) throws -> Void) throws(AnalyticsError) {
        let feedback = try query.isOfFeedback ? feedbackFile() : nil
        if query.isOfFeedback, feedback == nil { return }
        for day in days().reversed() where query.days.contains(day) {
            guard let file = try file(day: day) else { continue }
            try reading(file, beside: feedback) { database in
                try body(database, isByRows || query.isOfRows || DayFile.hasEarlierRows(database))
            }
        }
    }

    /// Whole days or hours come from roll-ups that have what is asked for, and what is left before and behind them from chunks.
    private static func parts(_ query: RowQuery, _ step: GraphStep?, _ label: RowLabel) -> [(from: Int64, to: Int64, Source)] {
        let (from, to) = (max(0, query.from), query.to)
        let levels: [RowKind.Level] = step == .minute ? [] : step == .hour ? [.outline] : [.outlineOfDay, .user, .whole]
        guard let level = levels.first(where: { query.isOf($0) && label.isOf($0) }) else { return [(from, to, .facts)] }
        let unit = level.step.rawValue
        let first = from % unit == 0 ? from : from.start(of: level.step).addingReportingOverflow(unit).partialValue
        let end = to.start(of: level.step)
        guard first >= from, first < end else { return [(from, to, .facts)] }
        // What is empty is not asked for: that would read the kinds of each day.
        return [(from, first, .facts), (first, end, .sums(level)), (end, to, .facts)].filter { $0.0 < $0.1 }
    }

    // MARK: Rows

    private static func sqlOfRows(
        _ query: RowQuery, _ step: GraphStep?, _ label: RowLabel, _ countsAlone: Bool
    ) -> (sql: String, arguments: StatementArguments) {
        let (expression, own) = label.sql
        let condition = query.condition()
        let point = step.map { "at / \($0.rawValue)" } ?? "0"
        let sql = """
            SELECT \(point) AS point, \(expression) AS name, \(countsAlone ? "count(*)" : RowSums.columnsOfRows) FROM records WHERE \(condition.sql) AND \(label.condition)
            GROUP BY point, name
            """
        return (sql, own + condition.arguments)
    }

    // MARK: Roll-ups

    private static func addSums(
        _ query: RowQuery, _ level: RowKind.Level, from: Int64, to: Int64, _ step: GraphStep?, _ label: RowLabel, _ countsAlone: Bool,
        _ database: Database, _ add: (Int64, String, RowSums) throws(AnalyticsError) -> Void
    ) throws {
        let (expression, own) = label.sql
        var condition = query.kindCondition()
        condition.add(label.condition)
        condition.add("sums.level = \(level.rawValue) AND sums.start >= ? AND sums.start < ?", [from, to])
        let point = step.map { "sums.start / \($0.rawValue)" } ?? "0"
        // A day's users are a row each already, but for those of several workspaces: `add` puts these together, and SQLite has nothing to sort.
        let isApart = level == .user && label.isOfUser
        let columns = isApart ? RowSums.stored.joined(separator: ", ") : RowSums.columnsOfSums
        let requests = isApart ? "requests" : "total(requests)"
        let sql = """
            SELECT \(point) AS point, \(expression) AS name, \(countsAlone ? requests : columns) FROM sums CROSS JOIN kinds ON kinds.number = sums.kind
            WHERE \(condition.sql)\(isApart ? "" : " GROUP BY point, name")
            """
        let cursor = try Row.fetchCursor(database, sql: sql, arguments: own + condition.arguments)
        while let row = try cursor.next() {
            guard let name = text(row[1]) else { continue }
            try add((row[0] as Int64) * (step?.rawValue ?? 0), name, RowSums(row, from: 2, countsAlone: countsAlone))
        }
    }

    // MARK: Chunks

    private static func addFacts(
        _ scan: FactScan, _ countsAlone: Bool, from: Int64, to: Int64, _ step: GraphStep?, _ database: Database,
        _ add: (Int64, String, RowSums) throws(AnalyticsError) -> Void
    ) throws {
        // The sums of each point of each label; of a label's, those that were begun last lead to the others. A day has few points, and its rows come by them.
        var slots: [(sums: RowSums, point: Int64, label: Int32, before: Int32)] = []
        var latest = [Int32](repeating: -1, count: scan.names.count)
        try scan.eachChunk(from: from, to: to, database) { _, facts in
            let (times, tokensIn, tokensOut) = (facts[.at], facts[.tokensIn], facts[.tokensOut])
            let (cost, saved, microseconds) = (facts[.cost], facts[.saved], facts[.microseconds])
            scan.eachRow(facts, from: from, to: to) { index, kind, label in
                let point = step.map { times[index] / $0.rawValue } ?? 0
                var slot = Int(latest[Int(label)])
                while slot >= 0, slots[slot].point != point { slot = Int(slots[slot].before) }
                if slot < 0 {
                    slot = slots.count
                    slots.append((RowSums(), point, label, latest[Int(label)]))
                    latest[Int(label)] = Int32(truncatingIfNeeded: slot)
                }
                if countsAlone {
                    slots[slot].sums.requests.add(1)
                    return
                }
                slots[slot].sums.add(
                    scan.traits[kind], at: times[index], tokensIn: tokensIn[index], tokensOut: tokensOut[index], cost: cost[index], saved: saved[index],
                    microseconds: microseconds[index])
            }
            return true
        }
        for slot in slots { try add(slot.point * (step?.rawValue ?? 0), scan.names[Int(slot.label)], slot.sums) }
    }
}
