import GRDB

/// The feedback of a folder for state: one SQLite file beside the days'. It is derived from nothing, so that nothing makes it anew.
final class FeedbackFile: Sendable {
    static let version: Int64 = 1
    /// As questions know it that read a day's file beside it.
    static let schemaName = "opinions"

    let path: String
    private let pool: DatabasePool

    /// Opens the file, or makes it.
    ///
    /// - Parameter byteCount: how large it may become.
    init(path: String, byteCount: Int = AnalyticsLimits.feedbackByteCount) throws(AnalyticsError) {
        self.path = path
        // What was answered is on the disk. A page of SQLite's has 4 KiB.
        let settings = "PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF; PRAGMA max_page_count = \(max(1, byteCount / 4096))"
        do throws(AnalyticsError) {
            pool = try BooksDatabase.open(path, settings: settings, schema: FeedbackFile.schema, version: FeedbackFile.version)
        } catch {
            throw error.ofFeedback
        }
    }

    func close() { try? pool.close() }

    private static let schema = """
        CREATE TABLE feedback (
            number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, workspace TEXT NOT NULL, trace TEXT NOT NULL, key TEXT NOT NULL, value INTEGER NOT NULL,
            weight INTEGER NOT NULL, metadata TEXT NOT NULL, given_at INTEGER NOT NULL, changed_at INTEGER NOT NULL);
        CREATE INDEX feedback_trace ON feedback (workspace, trace);
        CREATE INDEX feedback_given ON feedback (given_at);
        """

    // MARK: Writing

    /// Keeps all of it, or nothing.
    func add(_ feedback: [Feedback]) throws(AnalyticsError) {
        try writing { database in
            let sql = """
                INSERT INTO feedback (id, workspace, trace, key, value, weight, metadata, given_at, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
            let insertion = try database.makeStatement(sql: sql)
            for entry in feedback {
                try insertion.execute(arguments: [
                    entry.id, entry.workspace, entry.trace, entry.key, entry.value, entry.weight, entry.metadata, entry.givenAt, entry.changedAt,
                ])
            }
        }
    }

    /// - Returns: false where the workspace has none of this id.
    func change(_ id: String, workspace: String, _ change: FeedbackChange) throws(AnalyticsError) -> Bool {
        try writing { database in
            let sql = """
                UPDATE feedback SET value = ?, weight = ifnull(?, weight), metadata = ifnull(?, metadata), changed_at = ? WHERE id = ? AND workspace = ?
                """
            try database.execute(sql: sql, arguments: [change.value, change.weight, change.metadata, change.at, id, workspace])
            return database.changesCount > 0
        }
    }

    /// Removes what was given before then.
    func drop(before milliseconds: Int64) throws(AnalyticsError) {
        let most = AnalyticsLimits.batchRecords
        var hasMore = true
        // In batches: who gives feedback meanwhile waits for one of them alone.
        while hasMore {
            hasMore = try writing { database in
                let sql = "DELETE FROM feedback WHERE number IN (SELECT number FROM feedback WHERE given_at < ? LIMIT ?)"
                try database.execute(sql: sql, arguments: [milliseconds, most])
                return database.changesCount == most
            }
        }
    }

    // MARK: Reading

    /// What each of these traces has, in their order.
    func sums(of traces: [(workspace: String, trace: String)]) throws(AnalyticsError) -> [FeedbackSums] {
        try reading { database in
            let sql = """
                SELECT count(*) AS number, ifnull(sum(value * weight), 0) AS product, ifnull(sum(weight), 0) AS whole
                FROM feedback WHERE workspace = ? AND trace = ?
                """
            let question = try database.makeStatement(sql: sql)
            return try traces.map { entry in
                guard let row = try Row.fetchOne(question, arguments: [entry.workspace, entry.trace]) else { return FeedbackSums() }
                return FeedbackSums(count: row["number"], product: row["product"], weight: row["whole"])
            }
        }
    }

    /// The first that a trace was given, up to a bound.
    func list(workspace: String, trace: String) throws(AnalyticsError) -> [Feedback] {
        try reading { database in
            let sql = "SELECT * FROM feedback WHERE workspace = ? AND trace = ? ORDER BY given_at, number LIMIT ?"
            return try Row.fetchAll(database, sql: sql, arguments: [workspace, trace, AnalyticsLimits.feedbackOfLogCount]).map { Feedback($0) }
        }
    }

    private func writing<Result>(_ body: (Database) throws -> Result) throws(AnalyticsError) -> Result {
        do { return try pool.write(body) } catch { throw AnalyticsError(error, path).ofFeedback }
    }

    private func reading<Result>(_ body: (Database) throws -> Result) throws(AnalyticsError) -> Result {
        do { return try pool.read(body) } catch { throw AnalyticsError(error, path).ofFeedback }
    }
}

extension Feedback {
    fileprivate init(_ row: Row) {
        let weight: Int64 = row["weight"]
        let value: Int64 = row["value"]
        // A file may have been written to by others.
        self.init(
            workspace: row["workspace"], trace: row["trace"], key: row["key"], value: min(10, max(-10, value)),
            weight: min(Feedback.fullWeight, max(0, weight)), metadata: row["metadata"], givenAt: row["given_at"])
        id = row["id"]
        changedAt = row["changed_at"]
    }
}
