import GRDB
import Glibc
import Synchronization

/// How the books' SQLite files are opened, and made where there are none.
enum BooksDatabase {
    /// A column that is added to files that are there already. Rows of a program that does not know it have what `definition` says.
    struct LaterColumn {
        let table: String
        let name: String
        let definition: String
    }

    /// - Parameters:
    ///   - settings: SQL that each connection begins with.
    ///   - version: of `schema`, which a new file is given.
    ///   - upgrade: makes a file of an earlier version one of this.
    static func open(
        _ path: String, settings: String, schema: String, version: Int64, upgrade: (Database) throws -> Void = { _ in }
    ) throws(AnalyticsError) -> DatabasePool {
        try make(path)
        do {
            let pool = try log(path, settings)
            // One that is there is only read: another process may be at work on it.
            guard try pool.read({ try found($0, path, version) }) < version else { return pool }
            try pool.write { database in
                let found = try found(database, path, version)
                guard found < version else { return }
                if found == 0 { try database.execute(sql: schema) } else { try upgrade(database) }
                try database.execute(sql: "PRAGMA user_version = \(version)")
            }
            return pool
        } catch {
            throw AnalyticsError(error, path)
        }
    }

    /// Opens the file with its log beside it. SQLite does not wait for who is just making that log: it is asked again for as long as others may hold the file.
    private static func log(_ path: String, _ settings: String) throws -> DatabasePool {
        var configuration = GRDB.Configuration()
        configuration.busyMode = .timeout(AnalyticsLimits.busySeconds)
        configuration.prepareDatabase { try $0.execute(sql: settings) }
        let deadline = ContinuousClock.now + .seconds(AnalyticsLimits.busySeconds)
        while true {
            do {
                return try DatabasePool(path: path, configuration: configuration)
            } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY && ContinuousClock.now < deadline {
                usleep(AnalyticsLimits.busyPauseMicroseconds)
            }
        }
    }

    /// One thread at a time: to close a file ends the locks that its process has on it (fcntl(2)), and another could have opened the one that is just made.
    private static let making = Mutex(())

    /// Makes the file where there is none: SQLite gives those beside it the same mode. One that is there is not opened here, as it would be closed again.
    private static func make(_ path: String) throws(AnalyticsError) {
        try making.withLock { _ throws(AnalyticsError) in try makeAlone(path) }
    }

    private static func makeAlone(_ path: String) throws(AnalyticsError) {
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        if descriptor >= 0 {
            Glibc.close(descriptor)
            return
        }
        var code = errno
        var status = stat()
        if code == EEXIST, lstat(path, &status) == 0 { code = status.st_mode & S_IFMT == S_IFLNK ? ELOOP : 0 }
        guard code == 0 else { throw code == ENOSPC ? .diskFull(path: path) : .unusable(path: path, detail: String(cString: strerror(code))) }
    }

    /// The version that the file has; 0 for a new one.
    private static func found(_ database: Database, _ path: String, _ version: Int64) throws -> Int64 {
        let found = try Int64.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        guard found <= version else { throw AnalyticsError.newer(path: path, found: found, known: version) }
        return found
    }

    /// Adds those that lack.
    static func add(_ columns: [LaterColumn], to database: Database) throws {
        for column in columns {
            let known = try Int64.fetchOne(database, sql: "SELECT 1 FROM pragma_table_info(?) WHERE name = ?", arguments: [column.table, column.name])
            if known == nil { try database.execute(sql: "ALTER TABLE \(column.table) ADD COLUMN \(column.name) \(column.definition)") }
        }
    }
}
