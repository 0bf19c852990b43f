import GRDB

/// A whole day's feedback, as kinds of requests have it: no request is looked at.
struct Judgements {
    /// The groups' names, and which of them a kind is in; kinds that are not asked for are in none.
    private var names: [String] = []
    private var places: [Int64: Int] = [:]

    /// Whether they have what is asked for.
    static func have(_ query: RowQuery, _ label: RowLabel, day: Int, _ database: Database) throws -> Bool {
        try query.isOfKinds && query.isOfWhole(day: day) && label.isOf(.whole) && !DayFile.hasEarlierRows(database)
    }

    init(_ query: RowQuery, _ label: RowLabel, _ database: Database) throws {
        let condition = query.kindCondition()
        let (expression, own) = label.sql
        var known: [String: Int] = [:]
        let sql = "SELECT number, \(expression) FROM kinds WHERE level = ? AND \(condition.sql)"
        for row in try Row.fetchAll(database, sql: sql, arguments: own + [RowKind.Level.whole.rawValue] + condition.arguments) {
            guard let name = DayBooks.text(row[1]) else { continue }
            let place = known[name] ?? names.count
            if place == names.count {
                names.append(name)
                known[name] = place
            }
            places[row[0]] = place
        }
    }

    private static let question = """
        SELECT judgements.number, opinion.value, opinion.weight, judgements.kind, judgements.at, judgements.first, judgements.requests
        FROM judgements CROSS JOIN \(FeedbackFile.schemaName).feedback AS opinion ON opinion.number = judgements.number ORDER BY judgements.number
        """

    /// Each of the feedback, with the time of the latest of its requests.
    func each(
        _ database: Database, _ body: (_ number: Int64, _ value: Int64, _ weight: Int64, _ latest: Int64) throws(AnalyticsError) -> Void
    ) throws {
        var (number, value, weight, latest): (Int64, Int64, Int64, Int64) = (0, 0, 0, 0)
        let cursor = try Row.fetchCursor(database, sql: Self.question)
        while let row = try cursor.next() {
            guard places[row[3]] != nil else { continue }
            if row[0] != number {
                if number > 0 { try body(number, value, weight, latest) }
                (number, value, weight, latest) = (row[0], row[1], row[2], row[4])
            } else {
                latest = max(latest, row[4])
            }
        }
        if number > 0 { try body(number, value, weight, latest) }
    }

    func add(to groups: inout FeedbackGroups, _ database: Database) throws {
        let groupPlaces = names.map { groups.place(of: $0) }
        // Of a trace that has several, each tells the same requests of a kind.
        var told: Set<Int64> = []
        let cursor = try Row.fetchCursor(database, sql: Self.question)
        while let row = try cursor.next() {
            guard let place = places[row[3]] else { continue }
            try groups.add(row[0], value: row[1], weight: row[2], at: groupPlaces[place])
            if told.insert(row[5]).inserted { groups.add(requests: row[6], at: groupPlaces[place]) }
        }
    }
}

/// Feedback by groups, counted once in each.
struct FeedbackGroups {
    private var places: [String: Int] = [:]
    private var sums: [GroupFeedback] = []
    private var seen: [Set<Int64>] = []
    private var count = 0
    /// How much feedback may be counted.
    private let most: Int

    init(most: Int) { self.most = most }

    mutating func place(of name: String) -> Int {
        if let known = places[name] { return known }
        places[name] = sums.count
        sums.append(GroupFeedback())
        seen.append([])
        return sums.count - 1
    }

    mutating func add(_ number: Int64, value: Int64, weight: Int64, at place: Int) throws(AnalyticsError) {
        guard seen[place].insert(number).inserted else { return }
        count += 1
        if count > most { throw .tooMany }
        sums[place].sums.add(value: value, weight: weight)
    }

    mutating func add(requests: Int64, at place: Int) { sums[place].requests += requests }

    /// Those that have any.
    var groups: [String: GroupFeedback] { places.mapValues { sums[$0] }.filter { $0.value != GroupFeedback() } }
}
