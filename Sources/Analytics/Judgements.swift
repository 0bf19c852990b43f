import GRDB

/// A day's feedback, as kinds of requests have it: no request is looked at, but of traces that the question's time cuts.
struct Judgements {
    /// One of the feedback, on requests of one kind.
    struct Judgement {
        let number: Int64
        let value: Int64
        let weight: Int64
        /// Of the names.
        let place: Int
        /// The first of its trace's requests of this kind, whatever the question's time: it stands for them all.
        let first: Int64
        /// Of those within the question's time: when the latest of them began, in milliseconds since 1970, and how many there are.
        var latest: Int64
        var requests: Int64
    }

    private let times: Range<Int64>
    /// The groups' names, and which of them a kind is in; kinds that are not asked for are in none.
    private var names: [String] = []
    private var places: [Int64: Int] = [:]

    /// Whether they have what is asked for.
    static func have(_ query: RowQuery, _ label: RowLabel, _ database: Database) throws -> Bool {
        try query.isOfKinds && label.isOf(.whole) && !DayFile.hasEarlierRows(database)
    }

    init(_ query: RowQuery, _ label: RowLabel, _ database: Database) throws {
        times = query.from..<max(query.from, query.to)
        let condition = query.kindCondition()
        let (expression, own) = label.sql
        var known: [String: Int] = [:]
        let sql = "SELECT number, \(expression) FROM kinds WHERE number IN (SELECT kind FROM judgements) AND \(condition.sql)"
        let cursor = try Row.fetchCursor(database, sql: sql, arguments: own + condition.arguments)
        while let row = try cursor.next() {
            guard let name = DayBooks.text(row[1]) else { continue }
            let place = known[name] ?? names.count
            if place == names.count {
                names.append(name)
                known[name] = place
            }
            places[row[0]] = place
        }
    }

    /// In the order of their numbers.
    private func each(_ database: Database, _ body: (Judgement) throws -> Void) throws {
        let question = """
            SELECT opinion.number, opinion.value, opinion.weight, kind, first, earliest, latest, requests
            FROM judgements CROSS JOIN \(FeedbackFile.schemaName).feedback AS opinion ON opinion.number = judgements.number ORDER BY judgements.number
            """
        let cut = try database.makeStatement(
            sql: """
                SELECT max(at), count(*) FROM requests
                WHERE trace = (SELECT trace FROM \(FeedbackFile.schemaName).feedback WHERE number = ?) AND kind = ? AND at >= ? AND at < ?
                """)
        // By the first request: what is said of a trace again is said of the same requests.
        var known: [Int64: (latest: Int64, requests: Int64)] = [:]
        let cursor = try Row.fetchCursor(database, sql: question)
        while let row = try cursor.next() {
            guard let place = places[row[3]] else { continue }
            var judgement = Judgement(number: row[0], value: row[1], weight: row[2], place: place, first: row[4], latest: row[6], requests: row[7])
            let earliest: Int64 = row[5]
            guard earliest < times.upperBound, judgement.latest >= times.lowerBound else { continue }
            if !times.contains(earliest) || !times.contains(judgement.latest) {
                if known[judgement.first] == nil {
                    let arguments: StatementArguments = [judgement.number, row[3] as Int64, times.lowerBound, times.upperBound]
                    let within = try Row.fetchOne(cut, arguments: arguments)
                    known[judgement.first] = (within?[0] ?? 0, within?[1] ?? 0)
                }
                guard let within = known[judgement.first], within.requests > 0 else { continue }
                (judgement.latest, judgement.requests) = within
            }
            try body(judgement)
        }
    }

    /// Each of the feedback, with the time of the latest of its requests.
    func opinions(
        _ database: Database, _ body: (_ number: Int64, _ value: Int64, _ weight: Int64, _ latest: Int64) throws(AnalyticsError) -> Void
    ) throws {
        var last: Judgement?
        try each(database) { judgement in
            if let known = last, known.number == judgement.number {
                last?.latest = max(known.latest, judgement.latest)
            } else {
                if let last { try body(last.number, last.value, last.weight, last.latest) }
                last = judgement
            }
        }
        if let last { try body(last.number, last.value, last.weight, last.latest) }
    }

    func add(to groups: inout FeedbackGroups, _ database: Database) throws {
        let groupPlaces = names.map { groups.place(of: $0) }
        // Of a trace that has several, each tells the same requests.
        var told: Set<Int64> = []
        try each(database) { judgement in
            let place = groupPlaces[judgement.place]
            try groups.add(judgement.number, value: judgement.value, weight: judgement.weight, at: place)
            if told.insert(judgement.first).inserted { groups.add(requests: judgement.requests, at: place) }
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
