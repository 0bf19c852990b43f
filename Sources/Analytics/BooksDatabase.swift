import GRDB
import Glibc

/// How the books' SQLite files are opened, and made where there are none.
enum BooksDatabase {
    /// A column that is added to files that are there already. Rows of a program that does not know it have what `definition` says, so that such a
    /// program goes on with the file, beside this one or after it: a column is no version.
    struct LaterColumn {
        let table: String
        let name: String
        let definition: String
    }

    /// - Parameters:
    ///   - settings: SQL that each connection begins with.
    ///   - version: of `schema`, which a new file is given.
    ///   - columns: that came after `schema`, which has its tables without them.
    static func open(
        _ path: String, settings: String, schema: String, version: Int64, columns: [LaterColumn] = []
    ) throws(AnalyticsError) -> DatabasePool {
        // SQLite gives the files beside it the same mode.
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw errno == ENOSPC ? .diskFull(path: path) : .unusable(path: path, detail: String(cString: strerror(errno))) }
        Glibc.close(descriptor)
        do {
            var configuration = GRDB.Configuration()
            configuration.busyMode = .timeout(AnalyticsLimits.busySeconds)
            configuration.prepareDatabase { try $0.execute(sql: settings) }
            let pool = try DatabasePool(path: path, configuration: configuration)
            // One that is there is only read: another process may be at work on it.
            guard try pool.read({ try isNew($0, path, version) || !missing(columns, in: $0).isEmpty }) else { return pool }
            try pool.write { database in
                if try isNew(database, path, version) { try database.execute(sql: schema + "PRAGMA user_version = \(version)") }
                for column in try missing(columns, in: database) {
                    try database.execute(sql: "ALTER TABLE \(column.table) ADD COLUMN \(column.name) \(column.definition)")
                }
            }
            return pool
        } catch {
            throw AnalyticsError(error, path)
        }
    }

    private static func isNew(_ database: Database, _ path: String, _ version: Int64) throws -> Bool {
        let found = try Int64.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        guard found <= version else { throw AnalyticsError.newer(path: path, found: found, known: version) }
        return found == 0
    }

    private static func missing(_ columns: [LaterColumn], in database: Database) throws -> [LaterColumn] {
        try columns.filter { column in
            try Int64.fetchOne(database, sql: "SELECT 1 FROM pragma_table_info(?) WHERE name = ?", arguments: [column.table, column.name]) == nil
        }
    }
}
