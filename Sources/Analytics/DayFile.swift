import Books
import GRDB
import Glibc

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
        // SQLite gives the files beside it the same mode.
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw errno == ENOSPC ? .diskFull(path: path) : .unusable(path: path, detail: String(cString: strerror(errno))) }
        Glibc.close(descriptor)
        do {
            var configuration = GRDB.Configuration()
            configuration.busyMode = .timeout(AnalyticsLimits.busySeconds)
            configuration.prepareDatabase { database in
                // What a power failure takes of the rows is derived again: their position went with them.
                try database.execute(sql: "PRAGMA synchronous = NORMAL; PRAGMA trusted_schema = OFF")
            }
            pool = try DatabasePool(path: path, configuration: configuration)
            try pool.write { database in
                let found = try Int64.fetchOne(database, sql: "PRAGMA user_version") ?? 0
                guard found <= DayFile.version else { throw AnalyticsError.newer(path: path, found: found) }
                if found == 0 { try database.execute(sql: DayFile.schema + "PRAGMA user_version = \(DayFile.version)") }
            }
        } catch {
            throw AnalyticsError(error, path)
        }
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

    // MARK: Deriving

    /// Takes what a segment has that has no row yet, up to a batch.
    /// - Returns: how many records were taken, whether there are more, and how far the segment was read.
    func take(_ segment: Segment) throws(AnalyticsError) -> (count: Int, hasMore: Bool, offset: Int64) {
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

    /// Makes all rows anew, from these segments alone.
    /// - Returns: how many records they have.
    func rebuild(from segments: [Segment]) throws(AnalyticsError) -> Int {
        do {
            return try pool.write { database in
                try database.execute(sql: "DELETE FROM records; DELETE FROM rollups; DELETE FROM positions")
                var count = 0
                for segment in segments { count += try DayFile.take(segment, from: 0, most: .max, database).count }
                return count
            }
        } catch {
            throw AnalyticsError(error, path)
        }
    }

    /// The segments that have rows here.
    func segments() throws(AnalyticsError) -> [String] {
        do {
            return try pool.read { try String.fetchAll($0, sql: "SELECT segment FROM positions ORDER BY segment") }
        } catch {
            throw AnalyticsError(error, path)
        }
    }

    private static func take(
        _ segment: Segment, from start: Int64, most: Int, _ database: Database
    ) throws -> (count: Int, hasMore: Bool, offset: Int64) {
        var reader = try SegmentReader(path: segment.path, from: start)
        let insertion = try database.makeStatement(sql: DayRow.insertion)
        var rollups: [RollupKey: RollupSums] = [:]
        var count = 0
        reading: while count < most {
            switch try reader.next() {
            case .record(let bytes):
                count += 1
                // One of a later version has no row: the program that wrote it knows what to make of it.
                guard let record = try? RequestRecord(bytes) else { continue }
                let row = DayRow(record)
                try insertion.execute(arguments: row.arguments(bytes))
                // One that has its row already, whichever segment it was in, is in the sums.
                if database.changesCount > 0 { rollups[RollupKey(row, record), default: RollupSums()].add(row, record) }
            case .damaged: break
            case .end, .torn: break reading
            }
        }
        let addition = try database.makeStatement(sql: RollupSums.addition)
        for (key, sums) in rollups { try addition.execute(arguments: key.arguments + sums.arguments) }
        try database.execute(
            sql: "INSERT INTO positions (segment, offset) VALUES (?, ?) ON CONFLICT (segment) DO UPDATE SET offset = excluded.offset",
            arguments: [segment.name.description, reader.offset])
        return (count, count == most, reader.offset)
    }
}
