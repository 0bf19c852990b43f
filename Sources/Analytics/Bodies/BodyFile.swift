import Books
import Foundation
import GRDB
import Ledger

/// The bodies of the requests that began in one hour (UTC): one SQLite file, dropped as a whole.
final class BodyFile: Sendable {
    static let version: Int64 = 1

    let path: String
    private let pool: DatabasePool

    init(path: String) throws(AnalyticsError) {
        self.path = path
        let settings = "PRAGMA synchronous = NORMAL; PRAGMA trusted_schema = OFF"
        pool = try BooksDatabase.open(path, settings: settings, schema: BodyFile.schema, version: BodyFile.version)
    }

    func close() { try? pool.close() }

    /// Of an exchange: `KeptBodies` in writing, `size` bytes of it, as a frame of Zstandard.
    private static let schema = "CREATE TABLE bodies (id BLOB NOT NULL UNIQUE, size INTEGER NOT NULL, frame BLOB NOT NULL);"

    /// Of what has one id, the first that says something stays: what says only that it was cut gives way.
    func write(_ entries: [BodyEntry]) throws(AnalyticsError) {
        do {
            try pool.write { database in
                let insertion = try database.makeStatement(sql: """
                    INSERT INTO bodies (id, size, frame) VALUES (?, ?, ?)
                    ON CONFLICT (id) DO UPDATE SET size = excluded.size, frame = excluded.frame WHERE bodies.size <= \(KeptBodies.emptyByteCount)
                    """)
                for entry in entries { try insertion.execute(arguments: [BodyFile.key(entry.id), entry.byteCount, Data(entry.frame)]) }
            }
        } catch {
            throw AnalyticsError(error, path)
        }
    }

    /// Nil also for what is damaged.
    func read(_ id: Identifier) throws(AnalyticsError) -> KeptBodies? {
        do {
            let row = try pool.read { try Row.fetchOne($0, sql: "SELECT size, frame FROM bodies WHERE id = ?", arguments: [BodyFile.key(id)]) }
            return row.flatMap { BodyEntry.bodies(of: [UInt8]($0["frame"] as Data), byteCount: $0["size"]) }
        } catch {
            throw AnalyticsError(error, path)
        }
    }

    private static func key(_ id: Identifier) -> Data {
        var bytes = Data()
        for word in [id.high, id.low] {
            for shift in stride(from: UInt64(56), through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
        }
        return bytes
    }
}
