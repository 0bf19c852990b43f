import GRDB
import Glibc

/// How the books' SQLite files are opened, and made where there are none.
enum BooksDatabase {
    /// - Parameters:
    ///   - settings: SQL that each connection begins with.
    ///   - version: of `schema`, which a new file is given.
    static func open(_ path: String, settings: String, schema: String, version: Int64) throws(AnalyticsError) -> DatabasePool {
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
            guard try pool.read({ try isNew($0, path, version) }) else { return pool }
            try pool.write { database in
                if try isNew(database, path, version) { try database.execute(sql: schema + "PRAGMA user_version = \(version)") }
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
}
