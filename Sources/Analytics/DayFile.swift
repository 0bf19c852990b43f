import Books
import GRDB

/// The rows of one day (UTC): one SQLite file, derived from the segments of that day, and dropped as a whole.
///
/// How far each segment is in the rows is written in the transaction that writes them: whatever happens between two, a record has one row.
final class DayFile: Sendable {
    static let version: Int64 = 1
    static let suffix = ".sqlite"

    let path: String
    let pool: DatabasePool

    /// Opens the file, or makes it.
    init(path: String) throws(AnalyticsError) {
        self.path = path
        // What a power failure takes of the rows is derived again: their position went with them.
        let settings = "PRAGMA synchronous = NORMAL; PRAGMA trusted_schema = OFF"
        pool = try BooksDatabase.open(path, settings: settings, schema: DayFile.schema, version: DayFile.version, columns: DayFile.laterColumns)
    }

    func close() { try? pool.close() }

    private static let schema = """
        CREATE TABLE positions (segment TEXT NOT NULL PRIMARY KEY, offset INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE records (
            id TEXT NOT NULL PRIMARY KEY, at INTEGER NOT NULL, trace TEXT NOT NULL, span TEXT NOT NULL, workspace TEXT NOT NULL, key TEXT NOT NULL,
            virtual_key TEXT NOT NULL, user TEXT NOT NULL, config TEXT NOT NULL, endpoint TEXT NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL,
            served TEXT NOT NULL, status INTEGER NOT NULL, cache INTEGER NOT NULL, retries INTEGER NOT NULL, fallback INTEGER NOT NULL,
            tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL, cost INTEGER NOT NULL, saved INTEGER NOT NULL, total_us INTEGER NOT NULL,
            metadata TEXT NOT NULL, record BLOB NOT NULL);
        CREATE INDEX records_at ON records (at);
        CREATE INDEX records_trace ON records (trace);
        CREATE TABLE rollups (
            minute INTEGER NOT NULL, workspace TEXT NOT NULL, key TEXT NOT NULL, virtual_key TEXT NOT NULL, config TEXT NOT NULL, provider TEXT NOT NULL,
            model TEXT NOT NULL, status INTEGER NOT NULL, cache INTEGER NOT NULL,
            requests INTEGER NOT NULL, retried INTEGER NOT NULL, fallbacks INTEGER NOT NULL, tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL,
            cost INTEGER NOT NULL, saved INTEGER NOT NULL, total_us INTEGER NOT NULL,
            PRIMARY KEY (minute, workspace, key, virtual_key, config, provider, model, status, cache)) WITHOUT ROWID;
        """

    /// Records of earlier programs have no prompts.
    static let laterColumns = [
        BooksDatabase.LaterColumn(table: "records", name: "prompt", definition: "TEXT NOT NULL DEFAULT ''"),
        BooksDatabase.LaterColumn(table: "records", name: "prompt_version", definition: "INTEGER NOT NULL DEFAULT 0"),
    ]

    // MARK: Deriving

    /// Takes what a segment has that has no row yet, up to a batch.
    func take(_ segment: Segment) throws(AnalyticsError) -> Taken {
        do {
            return try pool.write { database in
                let name = segment.name.description
                let start = try Int64.fetchOne(database, sql: "SELECT offset FROM positions WHERE segment = ?", arguments: [name]) ?? 0
                return try DayFile.take(segment, from: start, most: AnalyticsLimits.batchRecords, database)
            }
        } catch {
            throw AnalyticsError(error, path)
        }
    }

    /// What was taken of a segment.
    struct Taken {
        /// Records.
        var count = 0
        var hasMore = false
        /// How far it was read.
        var offset: Int64 = 0
        /// Bytes that are no records.
        var damaged = 0
    }

    /// Makes all rows of the day anew, from what the journal has of it.
    func rebuild(from journal: JournalFolder, day: Int, force: Bool) throws(AnalyticsError) -> DayBooks.Rebuilt {
        do {
            return try pool.writeWithoutTransaction { database in
                var rebuilt = DayBooks.Rebuilt.records(0, segments: 0)
                // Others who write rows wait from here on.
                try database.inTransaction(.immediate) {
                    let segments = try journal.segments().filter { $0.name.day == day }
                    let known = try String.fetchSet(database, sql: "SELECT segment FROM positions")
                    let missing = known.subtracting(segments.map(\.name.description))
                    guard missing.isEmpty || force else {
                        rebuilt = .refused(missing: missing.sorted())
                        return .rollback
                    }
                    try database.execute(sql: "DELETE FROM records; DELETE FROM rollups; DELETE FROM positions")
                    var count = 0
                    for segment in segments { count += try DayFile.take(segment, from: 0, most: .max, database).count }
                    rebuilt = .records(count, segments: segments.count)
                    return .commit
                }
                return rebuilt
            }
        } catch {
            throw AnalyticsError(error, path)
        }
    }

    private static func take(_ segment: Segment, from start: Int64, most: Int, _ database: Database) throws -> Taken {
        var reader = try SegmentReader(segment, from: start)
        var taken = Taken()
        let insertion = try database.makeStatement(sql: DayRow.insertion)
        var rollups: [RollupKey: RollupSums] = [:]
        reading: while taken.count < most {
            switch try reader.next() {
            case .record(let bytes):
                taken.count += 1
                // One of a later version has no row: the program that wrote it knows what to make of it.
                guard let record = try? RequestRecord(bytes) else { continue }
                let row = DayRow(record)
                try insertion.execute(arguments: row.arguments(bytes))
                // One that has its row already, whichever segment it was in, is in the sums.
                if database.changesCount > 0 { rollups[RollupKey(row, record), default: RollupSums()].add(row, record) }
            case .damaged(let byteCount): taken.damaged += byteCount
            // Nobody goes on with one that is sealed.
            case .torn where !segment.isOpen:
                taken.damaged += Int(try reader.byteCount() - reader.offset)
                break reading
            case .end, .torn: break reading
            }
        }
        let addition = try database.makeStatement(sql: RollupSums.addition)
        for (key, sums) in rollups { try addition.execute(arguments: key.arguments + sums.arguments) }
        try database.execute(
            sql: "INSERT INTO positions (segment, offset) VALUES (?, ?) ON CONFLICT (segment) DO UPDATE SET offset = excluded.offset",
            arguments: [segment.name.description, reader.offset])
        taken.hasMore = taken.count == most
        taken.offset = reader.offset
        return taken
    }
}
