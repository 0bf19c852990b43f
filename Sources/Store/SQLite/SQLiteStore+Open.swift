import Foundation
import GRDB
import Glibc

extension SQLiteStore {
    /// Opens the store of a data directory, or makes one where there is none; takes it to this version's schema, and looks it over.
    ///
    /// - Parameters:
    ///   - needsEveryKey: whether a secret whose key the keyring has not is a reason to refuse; else only what needs it fails.
    ///   - note: told what an operator should read: that a keyring was made, and has to be copied.
    public static func open(
        in directory: String, keyring source: KeyringSource, needsEveryKey: Bool = true, note: (String) -> Void = { _ in }
    ) throws(StoreError) -> SQLiteStore {
        try open(in: directory, keyring: source, needsEveryKey: needsEveryKey, clock: { Wall.now() }, note: note)
    }

    static func open(
        in directory: String, keyring source: KeyringSource, needsEveryKey: Bool = true, clock: @escaping @Sendable () -> Int64,
        busyMilliseconds: Int = StoreLimits.busyMilliseconds, note: (String) -> Void = { _ in }
    ) throws(StoreError) -> SQLiteStore {
        let path = directory + "/" + fileName
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw .unreachable(path: directory, detail: String(cString: strerror(errno)))
        }
        try makeFile(path)
        let pool = try patiently(busyMilliseconds) { () throws(StoreError) in
            try probe(path)
            do {
                return try DatabasePool(path: path, configuration: configuration(busyMilliseconds))
            } catch {
                throw StoreError(error, path)
            }
        }
        do {
            try migrate(pool, path, to: Schema.steps)
            try check(pool, path)
            let vault = Vault(try keyring(source, pool, clock(), note), from: source)
            let store = try SQLiteStore(path: path, pool: pool, vault: vault, clock: clock)
            try store.checkKeyring(needsEveryKey)
            try store.makeFirstOrganisation()
            return store
        } catch {
            try? pool.close()
            throw StoreError(error, path)
        }
    }

    /// Tries again for as long as others may hold the file: SQLite does not wait for who is just making the log beside it.
    private static func patiently<Value>(_ milliseconds: Int, _ body: () throws(StoreError) -> Value) throws(StoreError) -> Value {
        let deadline = ContinuousClock.now + .milliseconds(milliseconds)
        while true {
            do throws(StoreError) {
                return try body()
            } catch {
                guard case .busy = error, ContinuousClock.now < deadline else { throw error }
                usleep(StoreLimits.busyPauseMicroseconds)
            }
        }
    }

    /// An empty file that its owner alone may read: SQLite gives the files beside it the same mode.
    private static func makeFile(_ path: String) throws(StoreError) {
        let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if descriptor >= 0 {
            Glibc.close(descriptor)
        } else if errno == EROFS || errno == EACCES {
            throw .readOnly(path: path)
        } else if errno != EEXIST {
            throw .unreachable(path: path, detail: String(cString: strerror(errno)))
        }
    }

    private static func configuration(_ busyMilliseconds: Int) -> GRDB.Configuration {
        var configuration = GRDB.Configuration()
        configuration.busyMode = .timeout(Double(busyMilliseconds) / 1000)
        configuration.maximumReaderCount = StoreLimits.readerCount
        configuration.prepareDatabase { database in
            // A change that was answered is on the disk; what is deleted is overwritten; a damaged page is noticed where it is read.
            try database.execute(sql: "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF")
        }
        return configuration
    }

    /// Whether the file is a store this version can work with; nothing is written to it.
    private static func probe(_ path: String) throws(StoreError) {
        var configuration = GRDB.Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(Double(StoreLimits.busyMilliseconds) / 1000)
        do {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            defer { try? queue.close() }
            try queue.read { try checkVersion($0, path) }
        } catch {
            throw StoreError(error, path)
        }
    }

    private static func checkVersion(_ database: Database, _ path: String) throws {
        let tables = try Int64.fetchOne(database, sql: "SELECT count(*) FROM sqlite_schema") ?? 0
        guard tables > 0 else { return }
        guard try Int64.fetchOne(database, sql: "PRAGMA application_id") == Schema.applicationID else { throw StoreError.foreign(path: path) }
        let version = try Int64.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        guard version <= Schema.version else { throw StoreError.newer(path: path, found: version, known: Schema.version) }
    }

    /// Takes the steps that are not taken yet, each in a transaction of its own. Of two processes that start at once, one takes them.
    static func migrate(_ pool: DatabasePool, _ path: String, to steps: [String]) throws(StoreError) {
        do {
            var isDone = false
            while !isDone {
                isDone = try pool.write { database in
                    try checkVersion(database, path)
                    let version = Int(try Int64.fetchOne(database, sql: "PRAGMA user_version") ?? 0)
                    guard version < steps.count else { return true }
                    try database.execute(sql: steps[version])
                    try database.execute(sql: "PRAGMA application_id = \(Schema.applicationID); PRAGMA user_version = \(version + 1)")
                    return false
                }
            }
        } catch {
            throw StoreError(error, path)
        }
    }

    private static func check(_ pool: DatabasePool, _ path: String) throws(StoreError) {
        do {
            let found = try pool.read { try String.fetchOne($0, sql: "PRAGMA quick_check(1)") }
            guard found == "ok" else { throw StoreError.corrupt(path: path, detail: found ?? "no answer") }
        } catch {
            throw StoreError(error, path)
        }
    }

    // MARK: Keyring

    private static func keyring(_ source: KeyringSource, _ pool: DatabasePool, _ now: Int64, _ note: (String) -> Void) throws -> Keyring {
        if let found = try source.load() { return found }
        let isKnown = try pool.read { try Int64.fetchOne($0, sql: "SELECT count(*) FROM keyring_checks") ?? 0 } > 0
        // Another in its place would open nothing, and the loss would be noticed when the first one is long gone.
        guard !isKnown else { throw KeyringError.gone(path: source.description) }
        let made = try source.create(madeOn: Date(timeIntervalSince1970: Double(now) / 1000))
        note("made the keyring \(source.description): copy it to a safe place now, apart from the store's backups; without it no secret can be read again")
        return made
    }

    /// That the keyring is the one the store was used with, and has every key that something is wrapped by.
    private func checkKeyring(_ needsEveryKey: Bool) throws(StoreError) {
        let checks = vault.keyChecks
        try writing { database in
            for (name, check) in checks {
                guard let known = try Data.fetchOne(database, sql: "SELECT value FROM keyring_checks WHERE name = ?", arguments: [name]) else { continue }
                guard [UInt8](known) == check else { throw KeyringError.changed(name == "pepper" ? "the pepper" : name) }
            }
            let used = try Row.fetchAll(database, sql: "SELECT key_id, min(id) FROM secrets GROUP BY key_id")
            let ids = Set(vault.keyIDs)
            for row in used where needsEveryKey && !ids.contains(row[0] as String) {
                throw VaultError.unknownKey(row[0], secret: row[1], keyring: vault.source.description)
            }
            try note(checks, in: database)
        }
    }

    private func note(_ checks: [(name: String, check: [UInt8])], in database: Database) throws {
        for (name, check) in checks {
            try database.execute(sql: "INSERT OR IGNORE INTO keyring_checks VALUES (?, ?)", arguments: [name, check.blob])
        }
    }

    public func reloadKeyring() throws(StoreError) {
        do {
            try vault.reload()
        } catch {
            throw .vault(error)
        }
        try checkKeyring(false)
    }

    // MARK: First objects

    /// Of two processes that start at once, the second finds the slug taken, and what it wanted there.
    private func makeFirstOrganisation() throws(StoreError) {
        if try reading({ try Int64.fetchOne($0, sql: "SELECT count(*) FROM organisations") ?? 0 }) == 0 {
            var organisation = Organisation()
            organisation.name = "Default"
            organisation.slug = "org-default"
            do throws(StoreError) { _ = try create(organisation, by: .system) } catch .taken {}
        }
        guard try reading({ try Int64.fetchOne($0, sql: "SELECT count(*) FROM workspaces") ?? 0 }) == 0 else { return }
        var workspace = Workspace()
        workspace.head.organisationID = try firstOrganisation().id
        workspace.name = "Default"
        workspace.slug = "ws-default"
        workspace.isDefault = true
        do throws(StoreError) { _ = try create(workspace, by: .system) } catch .taken {}
    }

    public func firstOrganisation() throws(StoreError) -> Organisation {
        let id = try reading { try String.fetchOne($0, sql: "SELECT id FROM organisations WHERE deleted_at IS NULL ORDER BY created_at, id LIMIT 1") }
        guard let id else { throw .notFound(kind: Organisation.layout.kind, id: "first") }
        return try find(Organisation.self, id, in: Scope(organisationID: id))
    }
}
