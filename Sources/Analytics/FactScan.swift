import Books
import Foundation
import GRDB

/// One question to the chunks of one day's file, and to its rows that are in no chunk yet.
///
/// What is asked of kinds and of metadata is answered once for each of them; rows are told apart by their numbers then.
struct FactScan {
    private let query: RowQuery
    private let wanted: Set<FactChunk.Column>
    /// By the number of a kind, or of a mark: what is not chosen is -1.
    private var kindLabels: [Int32] = []
    private var markLabels: [Int32]?
    private(set) var traits: [FactTraits] = []
    private(set) var names: [String] = []

    /// - Parameter wanted: columns that the question reads beside those by which rows are chosen.
    init(_ query: RowQuery, _ label: RowLabel, wanted: Set<FactChunk.Column>, _ database: Database) throws {
        self.query = query
        var columns: Set<FactChunk.Column> = [.at, .kind]
        if !query.metadata.isEmpty || label.metadataName != nil { columns.insert(.mark) }
        if query.tokens != nil || query.promptTokens != nil { columns.insert(.tokensIn) }
        if query.tokens != nil || query.completionTokens != nil { columns.insert(.tokensOut) }
        if query.cost != nil { columns.insert(.cost) }
        self.wanted = columns.union(wanted)
        try readKinds(label, database)
        if self.wanted.contains(.mark) { try readMarks(label, database) }
    }

    private mutating func readKinds(_ label: RowLabel, _ database: Database) throws {
        let count = Int(clamping: try Int64.fetchOne(database, sql: "SELECT max(number) FROM kinds") ?? 0) + 1
        kindLabels = [Int32](repeating: -1, count: count)
        traits = [FactTraits](repeating: FactTraits(), count: count)
        let isOfMarks = label.metadataName != nil
        let (expression, arguments) = isOfMarks ? ("''", []) : label.sql
        var condition = query.kindCondition()
        condition.add("level = \(RowKind.Level.whole.rawValue)")
        if !isOfMarks { condition.add(label.condition) }
        let sql = """
            SELECT number, status >= 400, cache = \(RowKind.hit), cache > 0, retries > 0, fallback, \(expression) FROM kinds WHERE \(condition.sql)
            """
        var known: [String: Int32] = [:]
        let cursor = try Row.fetchCursor(database, sql: sql, arguments: arguments + condition.arguments)
        while let row = try cursor.next() {
            let number = Int(row[0] as Int64)
            guard traits.indices.contains(number), let name = DayBooks.text(row[6]) else { continue }
            traits[number] = FactTraits(isError: row[1], isHit: row[2], isCacheable: row[3], isRetried: row[4], isFallback: row[5])
            kindLabels[number] = isOfMarks ? 0 : FactScan.label(name, &known, &names)
        }
    }

    private mutating func readMarks(_ label: RowLabel, _ database: Database) throws {
        let count = Int(clamping: try Int64.fetchOne(database, sql: "SELECT max(number) FROM marks") ?? 0) + 1
        var labels = [Int32](repeating: 0, count: count)
        if let name = label.metadataName { labels = try readValues(of: name, label, count: count, database) }
        for (name, values) in query.metadata {
            var isChosen = [Bool](repeating: false, count: count)
            let sql = "SELECT mark FROM mark_values WHERE name = ? AND value IN (\(Condition.places(values)))"
            let cursor = try Int64.fetchCursor(database, sql: sql, arguments: StatementArguments([name] + values))
            while let mark = try cursor.next() {
                if isChosen.indices.contains(Int(mark)) { isChosen[Int(mark)] = true }
            }
            for mark in labels.indices where !isChosen[mark] { labels[mark] = -1 }
        }
        markLabels = labels
    }

    /// The labels of marks by the values that one member of their metadata has.
    private mutating func readValues(of name: String, _ label: RowLabel, count: Int, _ database: Database) throws -> [Int32] {
        // Requests that say nothing of it are in no group, but those of no user are.
        var none: Int32 = -1
        if case .group(.user) = label {
            none = Int32(truncatingIfNeeded: names.count)
            names.append("")
        }
        let isCounted = if case .counted = label { true } else { false }
        var labels = [Int32](repeating: none, count: count)
        // The first of a name goes before others.
        var places = [Int64](repeating: .max, count: count)
        // In the order of the table: nothing has to be sorted, and marks of one value come together.
        let cursor = try Row.fetchCursor(database, sql: "SELECT mark, place, value FROM mark_values WHERE name = ? ORDER BY value", arguments: [name])
        var last: (value: String, label: Int32)?
        while let row = try cursor.next() {
            let (mark, place, value) = (Int(row[0] as Int64), row[1] as Int64, row[2] as String)
            if last?.value != value {
                if value.isEmpty, isCounted || none >= 0 {
                    last = (value, none)
                } else {
                    last = (value, Int32(truncatingIfNeeded: names.count))
                    names.append(value)
                }
            }
            guard let last, labels.indices.contains(mark), place < places[mark] else { continue }
            (labels[mark], places[mark]) = (last.label, place)
        }
        return labels
    }

    private static func label(_ name: String, _ known: inout [String: Int32], _ names: inout [String]) -> Int32 {
        if let label = known[name] { return label }
        let label = Int32(truncatingIfNeeded: names.count)
        names.append(name)
        known[name] = label
        return label
    }

    // MARK: Rows

    /// Whether any request of a day is of these times.
    static func hasRows(from: Int64, to: Int64, _ database: Database) throws -> Bool {
        try Int64.fetchOne(database.cachedStatement(sql: "SELECT 1 FROM requests WHERE at >= ? AND at < ? LIMIT 1"), arguments: [from, to]) != nil
    }

    /// Chunks that may have rows of these times, the latest first, and before them the rows that are in none.
    ///
    /// - Parameter body: given the number of the first row; what it returns ends the reading where it is false.
    func eachChunk(from: Int64, to: Int64, _ database: Database, _ body: (_ first: Int64, FactChunk) throws -> Bool) throws {
        guard from < to else { return }
        if let (first, facts) = try FactChunk.rest(database), try !body(first, facts) { return }
        // Their facts are read one by one: put in order with them, all of a day's would be, for a page that lies in the first.
        let sql = "SELECT first, last FROM chunks WHERE from_at < ? AND to_at >= ? ORDER BY to_at DESC"
        let places = try Row.fetchAll(database, sql: sql, arguments: [to, from]).map { (first: $0[0] as Int64, last: $0[1] as Int64) }
        for (first, last) in places {
            guard last >= first, last - first < Int64(AnalyticsLimits.chunkRows) else { throw DamagedRollup() }
            let question = try database.cachedStatement(sql: "SELECT facts FROM chunks WHERE first = ?")
            let cursor = try Row.fetchCursor(question, arguments: [first])
            let facts = try cursor.next()?.withUnsafeData(atIndex: 0) { data in
                try (data ?? Data()).withUnsafeBytes { try FactChunk($0, count: Int(last - first) + 1, wanted: wanted) }
            }
            if let facts, try !body(first, facts) { return }
        }
    }

    /// The rows of a chunk that are asked for, with their labels.
    @inline(__always)
    func eachRow(_ facts: FactChunk, from: Int64, to: Int64, _ body: (_ index: Int, _ kind: Int, _ label: Int32) -> Void) {
        let (times, kinds) = (facts[.at], facts[.kind])
        let marks = markLabels == nil ? [] : facts[.mark]
        let hasRanges = query.tokens != nil || query.promptTokens != nil || query.completionTokens != nil || query.cost != nil
        for index in times.indices where times[index] >= from && times[index] < to {
            let kind = Int(truncatingIfNeeded: kinds[index])
            guard kindLabels.indices.contains(kind) else { continue }
            var label = kindLabels[kind]
            guard label >= 0 else { continue }
            if let markLabels {
                let mark = Int(truncatingIfNeeded: marks[index])
                guard markLabels.indices.contains(mark), markLabels[mark] >= 0 else { continue }
                label = max(label, markLabels[mark])
            }
            if hasRanges, !isWithin(facts, index) { continue }
            body(index, kind, label)
        }
    }

    private func isWithin(_ facts: FactChunk, _ index: Int) -> Bool {
        if let range = query.tokens, !range.contains(facts[.tokensIn][index].addingReportingOverflow(facts[.tokensOut][index]).partialValue) { return false }
        if let range = query.promptTokens, !range.contains(facts[.tokensIn][index]) { return false }
        if let range = query.completionTokens, !range.contains(facts[.tokensOut][index]) { return false }
        if let range = query.cost, !range.contains(facts[.cost][index]) { return false }
        return true
    }
}

extension RowKind {
    static let hit = Int64(RecordedCache.hit.rawValue)
}
