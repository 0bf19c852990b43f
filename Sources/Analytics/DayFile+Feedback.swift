import GRDB

/// Which feedback the day's requests have, kept beside the rows: a question looks at what was said, and not at every request for whether something was.
///
///     judgements ─ number ──▶ opinions.feedback     and for each kind of the day's requests of its trace
///                └ kind ────▶ kinds                 the first of them, from when to when, and how many there are
/// It is derived like all of the file. Both sides are only added to, and how far each was read is written with it; whoever asks has the rest read first.
extension DayFile {
    private static let judgementTables = """
        CREATE TABLE IF NOT EXISTS judgements (
            number INTEGER NOT NULL, kind INTEGER NOT NULL, first INTEGER NOT NULL, earliest INTEGER NOT NULL, latest INTEGER NOT NULL,
            requests INTEGER NOT NULL, PRIMARY KEY (number, kind)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS judgements_until (feedback INTEGER NOT NULL, id TEXT NOT NULL, row INTEGER NOT NULL);

        """

    /// For a day that is made anew; files of earlier programs have no such tables.
    static let withoutJudgements = judgementTables + "DELETE FROM judgements; DELETE FROM judgements_until;\n"

    /// The traces that feedback of the day is about, as a question chooses them.
    static let judgedTraces = """
        SELECT said.trace FROM judgements CROSS JOIN \(FeedbackFile.schemaName).feedback AS said ON said.number = judgements.number
        """

    /// Reads the day's rows with the feedback beside them, all of which they are judged by.
    func read<Result>(beside feedback: FeedbackFile, _ body: (Database) throws -> Result) throws -> Result {
        try judge(by: feedback)
        // Outside of transactions, where files are attached; it stays so for the next question on this connection.
        return try pool.unsafeRead { database in
            try DayFile.attach(feedback, to: database)
            return try body(database)
        }
    }

    /// Notes what was said since the last time, and what was asked.
    func judge(by feedback: FeedbackFile) throws {
        let isCurrent = try pool.unsafeRead { database in
            try DayFile.attach(feedback, to: database)
            let hasTables = try Int64.fetchOne(database, sql: "SELECT 1 FROM sqlite_master WHERE name = 'judgements_until'") != nil
            return try hasTables && Reach.written(in: database) == Reach.current(in: database)
        }
        if isCurrent { return }
        try pool.writeWithoutTransaction { database in
            try database.execute(sql: DayFile.judgementTables)
            try DayFile.attach(feedback, to: database)
            // A transaction that means to write from its beginning on holds the files beside it as well: rows would wait for feedback.
            let result = Result {
                try database.inTransaction(.deferred) {
                    try DayFile.judge(database)
                    return .commit
                }
            }
            try database.execute(sql: "DETACH DATABASE \(FeedbackFile.schemaName)")
            try result.get()
        }
    }

    private static func judge(_ database: Database) throws {
        // First: who has read already is not let wait for another process that writes.
        try database.execute(sql: "UPDATE judgements_until SET row = row")
        var known = try Reach.written(in: database) ?? Reach()
        let current = try Reach.current(in: database)
        // It is another file of feedback, or a part of it has gone.
        if try !known.stands(in: database) {
            try database.execute(sql: "DELETE FROM judgements")
            known = Reach()
        }
        let opinions = FeedbackFile.schemaName + ".feedback AS said"
        let said = """
            INSERT INTO judgements SELECT said.number, asked.kind, min(asked.number), min(asked.at), max(asked.at), count(*) FROM \(opinions)
            CROSS JOIN requests AS asked ON asked.trace = said.trace CROSS JOIN kinds ON kinds.number = asked.kind
            WHERE kinds.workspace = said.workspace AND said.number > ? AND said.number <= ? GROUP BY said.number, asked.kind
            """
        try database.execute(sql: said, arguments: [known.feedback, current.feedback])
        if try hasEarlierRows(database) {
            // They have no kind, and nothing is added to them.
            let earlier = """
                INSERT INTO judgements SELECT said.number, 0, 0, min(asked.at), max(asked.at), count(*) FROM \(opinions)
                CROSS JOIN \(earlierTable) AS asked ON asked.trace = said.trace AND asked.workspace = said.workspace
                WHERE said.number > ? AND said.number <= ? GROUP BY said.number
                """
            try database.execute(sql: earlier, arguments: [known.feedback, current.feedback])
        }
        if known.feedback > 0, current.row > known.row {
            let asked = """
                INSERT INTO judgements SELECT said.number, asked.kind, min(asked.number), min(asked.at), max(asked.at), count(*) FROM requests AS asked
                CROSS JOIN kinds ON kinds.number = asked.kind CROSS JOIN \(opinions) ON said.workspace = kinds.workspace AND said.trace = asked.trace
                WHERE asked.number > ? AND said.number <= ? GROUP BY said.number, asked.kind
                ON CONFLICT (number, kind) DO UPDATE SET earliest = min(earliest, excluded.earliest), latest = max(latest, excluded.latest),
                    requests = requests + excluded.requests
                """
            try database.execute(sql: asked, arguments: [known.row, known.feedback])
        }
        try database.execute(sql: "DELETE FROM judgements_until")
        try database.execute(sql: "INSERT INTO judgements_until (feedback, id, row) VALUES (?, ?, ?)", arguments: [current.feedback, current.id, current.row])
    }

    /// How far feedback and rows were read.
    private struct Reach: Equatable {
        /// The number of the last, and its id: numbers come again in a new file.
        var feedback: Int64 = 0
        var id = ""
        var row: Int64 = 0

        static func written(in database: Database) throws -> Reach? {
            try Row.fetchOne(database, sql: "SELECT feedback, id, row FROM judgements_until").map { Reach(feedback: $0["feedback"], id: $0["id"], row: $0["row"]) }
        }

        static func current(in database: Database) throws -> Reach {
            let last = try Row.fetchOne(database, sql: "SELECT number, id FROM \(FeedbackFile.schemaName).feedback ORDER BY number DESC LIMIT 1")
            return Reach(
                feedback: last?["number"] ?? 0, id: last?["id"] ?? "", row: try Int64.fetchOne(database, sql: "SELECT max(number) FROM requests") ?? 0)
        }

        /// Whether what it was read from is there.
        func stands(in database: Database) throws -> Bool {
            guard feedback > 0 else { return true }
            return try String.fetchOne(database, sql: "SELECT id FROM \(FeedbackFile.schemaName).feedback WHERE number = ?", arguments: [feedback]) == id
        }
    }

    private static func attach(_ feedback: FeedbackFile, to database: Database) throws {
        let attached = try Row.fetchAll(database, sql: "PRAGMA database_list").map { $0["name"] as String }
        guard !attached.contains(FeedbackFile.schemaName) else { return }
        try database.execute(sql: "ATTACH DATABASE ? AS \(FeedbackFile.schemaName)", arguments: [feedback.path])
    }
}
