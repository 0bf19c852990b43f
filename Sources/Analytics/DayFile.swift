import Books
import Foundation
import GRDB
import Ledger
import Synchronization

/// The rows of one day (UTC): one SQLite file, derived from the segments of that day, and dropped as a whole.
///
/// How far each segment is in the rows is written in the transaction that writes them: whatever happens between two, a record has one row.
final class DayFile: Sendable {
    /// 1 had one wide table, and sums of minutes.
    static let version: Int64 = 2
    static let suffix = ".sqlite"

    let path: String
    let pool: DatabasePool
    private let terms = Mutex(DayTerms())

    /// Opens the file, or makes it.
    init(path: String) throws(AnalyticsError) {
        self.path = path
        // What a power failure takes of the rows is derived again: their position went with them.
        let settings = "PRAGMA synchronous = NORMAL; PRAGMA trusted_schema = OFF"
        pool = try BooksDatabase.open(path, settings: settings, schema: DayFile.schema, version: DayFile.version, upgrade: DayFile.upgrade)
    }

    func close() { try? pool.close() }

    /// Gives back what the log beside the file takes, some megabytes, which would stay for as long as the day is kept.
    func settle() { _ = try? pool.writeWithoutTransaction { try $0.checkpoint(.truncate) } }

    // MARK: Deriving

    /// Takes what a segment has that has no row yet, up to a batch.
    func take(_ segment: Segment) throws(AnalyticsError) -> Taken {
        do {
            return try pool.writeWithoutTransaction { database in
                var taken = Taken()
                try inTransaction(database) { terms in
                    let name = segment.name.description
                    let start = try Int64.fetchOne(database, sql: "SELECT offset FROM positions WHERE segment = ?", arguments: [name]) ?? 0
                    taken = try DayFile.take(segment, from: start, most: AnalyticsLimits.batchRecords, database, &terms)
                    return .commit
                }
                return taken
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
                try inTransaction(database, .immediate) { terms in
                    let segments = try journal.segments().filter { $0.name.day == day }
                    let known = try String.fetchSet(database, sql: "SELECT segment FROM positions")
                    let missing = known.subtracting(segments.map(\.name.description))
                    guard missing.isEmpty || force else {
                        rebuilt = .refused(missing: missing.sorted())
                        return .rollback
                    }
                    try DayFile.clear(database)
                    terms = DayTerms()
                    var count = 0
                    for segment in segments {
                        var taken = Taken(hasMore: true)
                        while taken.hasMore {
                            try terms.begin(database)
                            taken = try DayFile.take(segment, from: taken.offset, most: AnalyticsLimits.batchRecords, database, &terms)
                            count += taken.count
                        }
                    }
                    rebuilt = .records(count, segments: segments.count)
                    return .commit
                }
                return rebuilt
            }
        } catch {
            throw AnalyticsError(error, path)
        }
    }

    /// What a transaction has remembered that fails, also where it ends, is forgotten: its numbers will be others'.
    private func inTransaction(
        _ database: Database, _ kind: Database.TransactionKind? = nil, _ body: (inout DayTerms) throws -> Database.TransactionCompletion
    ) throws {
        try terms.withLock { terms in
            do {
                try database.inTransaction(kind) {
                    try terms.begin(database)
                    return try body(&terms)
                }
            } catch {
                terms = DayTerms()
                throw error
            }
        }
    }

    private static func take(_ segment: Segment, from start: Int64, most: Int, _ database: Database, _ terms: inout DayTerms) throws -> Taken {
        var reader = try SegmentReader(segment, from: start)
        var taken = Taken()
        var rollups = RollupBatch()
        reading: while taken.count < most {
            switch try reader.next() {
            case .record(let bytes):
                taken.count += 1
                // One of a later version has no row: the program that wrote it knows what to make of it.
                guard let record = try? RequestRecord(bytes), let parts = try? RecordParts(bytes) else { continue }
                try add(DayRow(record), parts, to: &rollups, database, &terms)
            case .damaged(let byteCount): taken.damaged += byteCount
            // Nobody goes on with one that is sealed.
            case .torn where !segment.isOpen:
                taken.damaged += Int(try reader.byteCount() - reader.offset)
                break reading
            case .end, .torn: break reading
            }
        }
        try rollups.write(to: database)
        try database.execute(
            sql: "INSERT INTO positions (segment, offset) VALUES (?, ?) ON CONFLICT (segment) DO UPDATE SET offset = excluded.offset",
            arguments: [segment.name.description, reader.offset])
        taken.hasMore = taken.count == most
        taken.offset = reader.offset
        // Nothing comes behind one that is sealed, but what other segments of the day have.
        try FactChunk.make(database, withRest: !taken.hasMore && !segment.isOpen)
        return taken
    }

    /// A row of its own, and what it adds to the roll-ups; nothing where the record has its row already, whichever segment it was in.
    private static func add(
        _ row: DayRow, _ parts: RecordParts, to rollups: inout RollupBatch, _ database: Database, _ terms: inout DayTerms
    ) throws {
        if try hasOtherRow(row.record, parts, database) { return }
        let shared = try terms.number(ofShared: parts.shared, database)
        let mark = try terms.mark(parts.metadata, row.record, database)
        if row.record.figures.flags.contains(.observation) {
            try database.cachedStatement(sql: DayRow.spanInsertion).execute(arguments: row.spanArguments(parts, mark: mark.number, shared: shared))
            return
        }
        let kinds = try terms.kinds(of: row, user: mark.user, database)
        try database.cachedStatement(sql: DayRow.insertion).execute(arguments: row.arguments(parts, kind: kinds.whole, mark: mark.number, shared: shared))
        if database.changesCount > 0 { rollups.add(row, kinds: kinds) }
    }
}

extension DayFile {
    /// Whether the same span was told of before as the other of the two, a request or an observation: what came first stands, and is counted or not.
    private static func hasOtherRow(_ record: RequestRecord, _ parts: RecordParts, _ database: Database) throws -> Bool {
        let isObservation = record.figures.flags.contains(.observation)
        // The gateway's own have ids of their own.
        guard isObservation || record.figures.flags.contains(.reported) else { return false }
        let question = try database.cachedStatement(sql: "SELECT 1 FROM \(isObservation ? "requests" : "spans") WHERE id = ?")
        return try Int64.fetchOne(question, arguments: [parts.identifier.data]) != nil
    }
}

extension Identifier {
    /// As rows have it: in the order of time.
    var data: Data {
        var data = Data(capacity: 16)
        for word in [high, low] { withUnsafeBytes(of: word.bigEndian) { data.append(contentsOf: $0) } }
        return data
    }
}
