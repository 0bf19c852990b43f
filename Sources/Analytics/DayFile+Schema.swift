import Books
import GRDB

/// The tables of a day's file.
///
///     requests ─ kind ──▶ kinds      who asked for what, and what came of it: what is chosen, grouped and added up by
///              ├ shared ▶ shared     texts of records that many have alike
///              └ mark ──▶ marks ─▶ mark_values     metadata and users
///     sums, latencies     roll-ups, written with the rows
///     chunks              the columns of some thousand rows, beside each other
///     spans               observations, which no question about requests counts
extension DayFile {
    static let schema =
        """
        CREATE TABLE positions (segment TEXT NOT NULL PRIMARY KEY, offset INTEGER NOT NULL) WITHOUT ROWID;

        """ + tables + observations + view()

    private static let tables = """
        CREATE TABLE kinds (
            number INTEGER PRIMARY KEY, hash INTEGER NOT NULL, level INTEGER NOT NULL, workspace TEXT NOT NULL, key TEXT NOT NULL, virtual_key TEXT NOT NULL,
            config TEXT NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL, served TEXT NOT NULL, prompt TEXT NOT NULL, prompt_version INTEGER NOT NULL,
            status INTEGER NOT NULL, cache INTEGER NOT NULL, retries INTEGER NOT NULL, fallback INTEGER NOT NULL, user TEXT NOT NULL);
        CREATE INDEX kinds_hash ON kinds (hash);
        CREATE TABLE shared (number INTEGER PRIMARY KEY, hash INTEGER NOT NULL, texts BLOB NOT NULL);
        CREATE INDEX shared_hash ON shared (hash);
        CREATE TABLE marks (number INTEGER PRIMARY KEY, hash INTEGER NOT NULL, texts BLOB NOT NULL, metadata TEXT NOT NULL, user TEXT NOT NULL);
        CREATE INDEX marks_hash ON marks (hash);
        CREATE TABLE mark_values (
            name TEXT NOT NULL, value TEXT NOT NULL, mark INTEGER NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (name, value, mark, place)) WITHOUT ROWID;
        CREATE TABLE requests (
            number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, at INTEGER NOT NULL, trace TEXT NOT NULL, span TEXT NOT NULL, kind INTEGER NOT NULL,
            mark INTEGER NOT NULL, shared INTEGER NOT NULL, tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL, cost INTEGER NOT NULL,
            saved INTEGER NOT NULL, total_us INTEGER NOT NULL, own BLOB NOT NULL);
        CREATE INDEX requests_at ON requests (at);
        CREATE INDEX requests_trace ON requests (trace);
        CREATE INDEX requests_span ON requests (span) WHERE span <> '';
        CREATE TABLE spans (
            number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, at INTEGER NOT NULL, trace TEXT NOT NULL, span TEXT NOT NULL, parent TEXT NOT NULL,
            name TEXT NOT NULL, kind TEXT NOT NULL, workspace TEXT NOT NULL, status INTEGER NOT NULL, duration_us INTEGER NOT NULL, mark INTEGER NOT NULL,
            shared INTEGER NOT NULL, own BLOB NOT NULL);
        CREATE INDEX spans_trace ON spans (trace);
        CREATE TABLE sums (
            level INTEGER NOT NULL, start INTEGER NOT NULL, kind INTEGER NOT NULL, requests INTEGER NOT NULL, errors INTEGER NOT NULL,
            retried INTEGER NOT NULL, fallbacks INTEGER NOT NULL, tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL, cost INTEGER NOT NULL,
            saved INTEGER NOT NULL, total_us INTEGER NOT NULL, hits INTEGER NOT NULL, hit_us INTEGER NOT NULL, cacheable INTEGER NOT NULL,
            last INTEGER NOT NULL, PRIMARY KEY (level, start, kind)) WITHOUT ROWID;
        CREATE TABLE latencies (
            step INTEGER NOT NULL, start INTEGER NOT NULL, workspace TEXT NOT NULL, histogram BLOB NOT NULL, PRIMARY KEY (step, start, workspace)) WITHOUT ROWID;
        CREATE TABLE chunks (
            first INTEGER PRIMARY KEY, last INTEGER NOT NULL, from_at INTEGER NOT NULL, to_at INTEGER NOT NULL, facts BLOB NOT NULL);

        """

    /// The record of a row, as the journal has it.
    private static func record(of table: String) -> String {
        "CAST(x'0\(RecordParts.version)' || \(table).id || \(table).own || shared.texts || marks.texts AS BLOB)"
    }

    /// Spans that are no requests.
    private static let observations = """
        CREATE VIEW observations AS SELECT spans.number AS number, spans.at AS at, spans.trace AS trace, spans.workspace AS workspace,
            \(record(of: "spans")) AS record
        FROM spans CROSS JOIN shared ON shared.number = spans.shared CROSS JOIN marks ON marks.number = spans.mark;

        """

    /// Rows as questions know them, with their records as the journal has them.
    ///
    /// - Parameter hasEarlier: whether there are rows of a program that had one wide table and sums of minutes.
    private static func view(hasEarlier: Bool = false) -> String {
        // Rows are gone through in their own order: the others are looked up.
        let own = """
            CREATE VIEW records AS SELECT requests.number AS number, requests.id AS id, requests.at AS at, requests.trace AS trace, requests.span AS span,
                kinds.workspace AS workspace, kinds.key AS key, kinds.virtual_key AS virtual_key, marks.user AS user, kinds.config AS config,
                kinds.provider AS provider, kinds.model AS model, kinds.served AS served, kinds.prompt AS prompt, kinds.prompt_version AS prompt_version,
                kinds.status AS status, kinds.cache AS cache, kinds.retries AS retries, kinds.fallback AS fallback, requests.tokens_in AS tokens_in,
                requests.tokens_out AS tokens_out, requests.cost AS cost, requests.saved AS saved, requests.total_us AS total_us,
                marks.metadata AS metadata, requests.mark AS mark, \(record(of: "requests")) AS record
            FROM requests CROSS JOIN kinds ON kinds.number = requests.kind CROSS JOIN shared ON shared.number = requests.shared
                CROSS JOIN marks ON marks.number = requests.mark
            """
        // Their numbers are below all others: nobody follows them.
        let earlier = """
             UNION ALL SELECT rowid - \(1 << 40), id, at, trace, span, workspace, key, virtual_key, user, config, provider, model, served, prompt,
                prompt_version, status, cache, retries, fallback, tokens_in, tokens_out, cost, saved, total_us, metadata, NULL, record
            FROM \(earlierTable)
            """
        return own + (hasEarlier ? earlier : "") + ";\n"
    }

    static let earlierTable = "earlier_records"

    /// Records of the first programs have no prompts.
    static let laterColumns = [
        BooksDatabase.LaterColumn(table: "records", name: "prompt", definition: "TEXT NOT NULL DEFAULT ''"),
        BooksDatabase.LaterColumn(table: "records", name: "prompt_version", definition: "INTEGER NOT NULL DEFAULT 0"),
    ]

    /// Makes of a file with one wide table one of this program's. Its rows stay what they are, and questions read them.
    static func upgrade(_ database: Database) throws {
        try BooksDatabase.add(laterColumns, to: database)
        try database.execute(sql: "DROP TABLE IF EXISTS rollups; ALTER TABLE records RENAME TO \(earlierTable);\n" + tables + observations + view(hasEarlier: true))
    }

    /// Whether it has rows that are in no roll-up.
    static func hasEarlierRows(_ database: Database) throws -> Bool {
        try Int64.fetchOne(database, sql: "SELECT 1 FROM sqlite_master WHERE name = ?", arguments: [earlierTable]) != nil
    }

    /// Deletes every row there is.
    static func clear(_ database: Database) throws {
        try database.execute(sql: withoutJudgements)
        if try hasEarlierRows(database) { try database.execute(sql: "DROP VIEW records; DROP TABLE \(earlierTable);\n" + view()) }
        for table in ["requests", "spans", "kinds", "shared", "marks", "mark_values", "sums", "latencies", "chunks", "positions"] {
            try database.execute(sql: "DELETE FROM \(table)")
        }
    }
}
