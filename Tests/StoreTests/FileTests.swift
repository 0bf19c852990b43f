import Bytes
import Foundation
import GRDB
import Glibc
import Testing
@testable import Store

@Suite("The store's file")
struct FileTests {
    private let folder = Folder()

    private var source: KeyringSource { .file(folder.file("keyring")) }

    private var path: String { folder.file(SQLiteStore.fileName) }

    private func open() throws -> SQLiteStore { try SQLiteStore.open(in: folder.path, keyring: source) }

    private func use(_ body: (SQLiteStore) throws -> Void) throws {
        let store = try open()
        defer { try? store.pool.close() }
        try body(store)
    }

    // MARK: First start

    @Test("a first start makes a folder, a file and a keyring for the owner alone, and says to copy the keyring")
    func firstStart() throws {
        var notes: [String] = []
        let inner = folder.file("a/b")
        let store = try SQLiteStore.open(in: inner, keyring: KeyringSource(variable: nil, dataDirectory: inner)) { notes.append($0) }
        try store.pool.close()
        #expect(notes.count == 1 && notes[0].contains("\(inner)/keyring") && notes[0].contains("copy it"))
        #expect(try folder.mode(of: "a/b") == 0o700 && folder.mode(of: "a/b/keyring") == 0o600 && folder.mode(of: "a/b/\(SQLiteStore.fileName)") == 0o600)
        notes = []
        try SQLiteStore.open(in: inner, keyring: KeyringSource(variable: nil, dataDirectory: inner)) { notes.append($0) }.pool.close()
        #expect(notes.isEmpty)
    }

    @Test("the files that SQLite puts beside it are the owner's alone too")
    func filesBeside() throws {
        try use { store in
            _ = try store.generation()
            for end in ["-wal", "-shm"] { #expect(try folder.mode(of: SQLiteStore.fileName + end) == 0o600) }
        }
    }

    @Test("two that start at once make one organisation and one keyring")
    func twoStarts() async throws {
        let (path, source) = (folder.path, source)
        let counts = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    let store = try SQLiteStore.open(in: path, keyring: source)
                    defer { try? store.pool.close() }
                    return try store.list(Workspace.self, ListQuery(Scope(organisationID: try store.firstOrganisation().id))).total
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(counts == [1, 1, 1, 1])
    }

    // MARK: Keyring

    @Test("without its keyring a store is not opened, and none is made in its place")
    func keyringGone() throws {
        try use { _ in }
        try FileManager.default.moveItem(atPath: folder.file("keyring"), toPath: folder.file("aside"))
        let error = StoreError.keyring(.gone(path: folder.file("keyring")))
        #expect(failure { try use { _ in } } == error && error.description.contains("put it back"))
        #expect(!FileManager.default.fileExists(atPath: folder.file("keyring")))
        try FileManager.default.moveItem(atPath: folder.file("aside"), toPath: folder.file("keyring"))
        try use { _ in }
    }

    @Test("with the keyring of another store it is not opened")
    func anotherKeyring() throws {
        try use { _ in }
        try folder.write(try Keyring(madeOn: Date()).text.text, to: "keyring")
        #expect(failure { try use { _ in } } == .keyring(.changed("the pepper")))
    }

    @Test("a keyring without a key that a secret is wrapped by is refused, unless it is to be examined")
    func keyTakenOut() throws {
        let world = try World()
        _ = try world.virtualKey("openai")
        let old = try #require(try world.secrets().first)
        _ = try world.store.rotateKeyring(by: .system)
        let text = try #require(try KeyringFile.read(world.folder.file("keyring"))).text
        let without = text.split(separator: "\n").filter { !$0.contains(old.secret.keyID) }.joined(separator: "\n")
        try world.folder.write(without, to: "keyring")
        let keyring = KeyringSource.file(world.folder.file("keyring"))
        #expect(failure { try world.reopen() } == .vault(.unknownKey(old.secret.keyID, secret: old.name.id, keyring: keyring.description)))
        try world.reload { try SQLiteStore.open(in: $0, keyring: $1, needsEveryKey: false) }
        let report = try world.store.examineVault(SecretReferenceRules())
        #expect(report.faults.count == 2 && !report.isHealthy)
        try world.folder.write(text, to: "keyring")
        try world.reopen()
        #expect(try world.store.examineVault(SecretReferenceRules()).isHealthy)
    }

    // MARK: Versions

    /// Every version there was, as `sqlite3 .dump` says it.
    private static let versions = Array(1...Schema.version)

    @Test("a database of every version there was is opened, taken to this one, and has all it had", arguments: versions)
    func earlierVersions(version: Int64) throws {
        let sql = try String(contentsOf: VersionDump.file(version), encoding: .utf8)
        let queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction { database in
            // A dump names tables before those they refer to.
            try database.execute(sql: "PRAGMA foreign_keys = OFF")
            try database.execute(sql: sql)
        }
        try queue.close()
        try folder.write(try String(contentsOf: VersionDump.folder.appending(path: "keyring.txt"), encoding: .utf8), to: "keyring")
        try use { store in
            #expect(try store.reading { try Int64.fetchOne($0, sql: "PRAGMA user_version") } == Schema.version)
            let scope = Scope(organisationID: try store.firstOrganisation().id)
            let rows = try store.snapshotRows(SecretReferenceRules(environment: { _ in "sk-from-variable" }))
            #expect(rows.faults.isEmpty && rows.keys.map(\.name) == ["prod"] && rows.configs.map(\.text) == [#"{"retry":{"attempts":3}}"#])
            #expect(rows.guardrails.map(\.text) == (version < 3 ? [] : [#"{"checks":[],"actions":{}}"#]))
            if version >= 4 {
                let found = try ["pp-hello", "pp-hello@2", "pp-hello@first"].map { try store.prompt(Prompt.self, PromptReference($0), in: scope).template.string }
                #expect(found == ["Hello {{name}}", "Good day, {{name}}", "Hello {{name}}"])
                #expect(try store.prompt(PromptPartial.self, PromptReference("pp-tone"), in: scope).template.string == "Be kind.")
            }
            #expect(rows.virtualKeys.map { $0.credentials.map(\.secret.text) } == [["sk-kept-0123456789abcdef", "sk-from-variable"]])
            #expect(try store.key(presenting: ByteSlice("sk-kept-key-0123456789-0123456789ab"))?.id == rows.keys[0].id)
            #expect(try store.configVersions(try #require(rows.configs[0].slug), in: scope).map(\.number) == [2, 1])
            #expect(try store.verifyAudit().faults.isEmpty)
            _ = try store.update(APIKey.self, rows.keys[0].id, in: scope, at: nil, by: .system) { $0.status = .disabled }
        }
    }

    @Test("a new database and one that took every step have the same schema")
    func sameSchema() throws {
        func schema(_ path: String) throws -> [String] {
            let queue = try DatabaseQueue(path: path)
            return try queue.read { try String.fetchAll($0, sql: "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name") }
        }
        try use { _ in }
        let old = folder.file("old.sqlite")
        let pool = try DatabasePool(path: old)
        for count in 1...Schema.steps.count { try SQLiteStore.migrate(pool, old, to: Array(Schema.steps.prefix(count))) }
        try pool.close()
        #expect(try schema(old) == schema(path))
    }

    @Test("a step that fails takes nothing with it, and the next start takes it again")
    func failedStep() throws {
        try use { _ in }
        let pool = try DatabasePool(path: path)
        let bad = Schema.steps + ["CREATE TABLE extra (a INTEGER); INSERT INTO nowhere VALUES (1)"]
        guard case .unexpected = failure({ try SQLiteStore.migrate(pool, path, to: bad) }) else {
            Issue.record("the step did not fail")
            return
        }
        #expect(try pool.read { try Int64.fetchOne($0, sql: "SELECT count(*) FROM sqlite_schema WHERE name = 'extra'") } == 0)
        #expect(try pool.read { try Int64.fetchOne($0, sql: "PRAGMA user_version") } == Schema.version)
        try pool.close()
        try use { _ in }
    }

    @Test("a database of a later version is refused, and is not touched")
    func laterVersion() throws {
        try use { store in try store.writing { try $0.execute(sql: "PRAGMA user_version = 1000") } }
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        let error = StoreError.newer(path: path, found: 1000, known: Schema.version)
        #expect(failure { try use { _ in } } == error && error.description.contains("later version"))
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    }

    @Test("somebody else's database is refused, and is not touched")
    func foreignDatabase() throws {
        let queue = try DatabaseQueue(path: path)
        try queue.write { try $0.execute(sql: "CREATE TABLE notes (text TEXT)") }
        try queue.close()
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(failure { try use { _ in } } == .foreign(path: path))
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    }

    // MARK: Damage

    @Test("what is no database is refused, with the way back")
    func noDatabase() throws {
        try folder.write(String(repeating: "not a database ", count: 1000), to: SQLiteStore.fileName)
        guard case .corrupt = failure({ try use { _ in } }) else {
            Issue.record("opened")
            return
        }
        #expect(StoreError.corrupt(path: path, detail: "x").description.contains("sluice backup"))
    }

    @Test("a file damaged anywhere in its pages is refused, or is whole: no damage makes it crash", arguments: 1...24)
    func damagedPages(part: Int) throws {
        try use { store in
            let organisation = try store.firstOrganisation().id
            for number in 0..<40 {
                var config = Config()
                config.head.organisationID = organisation
                config.name = "config \(number)"
                config.text = "{}"
                _ = try store.create(config, by: .system)
            }
            try store.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
        }
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let start = bytes.count * part / 25
        for index in start..<min(start + 512, bytes.count) { bytes[index] = bytes[index] &* 31 &+ 7 }
        try bytes.write(to: URL(fileURLWithPath: path))
        switch failure({ try use { store in _ = try store.snapshotRows(SecretReferenceRules()) } }) {
        case nil, .corrupt, .unexpected, .vault, .keyring, .notFound: break
        case let other: Issue.record("\(String(describing: other))")
        }
    }

    @Test("a file whose table no longer agrees with its index is refused at start")
    func damagedIndex() throws {
        try use { store in
            try store.writing { database in
                try database.execute(sql: "PRAGMA writable_schema = ON")
                let root = try Int64.fetchOne(database, sql: "SELECT rootpage FROM sqlite_schema WHERE name = 'users'")
                try database.execute(sql: "UPDATE sqlite_schema SET rootpage = ? WHERE name = 'api_keys'", arguments: [root])
            }
        }
        guard case .corrupt = failure({ try use { _ in } }) else {
            Issue.record("opened")
            return
        }
    }

    // MARK: What the system does

    @Test("a full disk is told as such, and changes nothing")
    func fullDisk() throws {
        try use { store in
            let organisation = try store.firstOrganisation().id
            let (generation, rows) = (try store.generation(), try store.audit(AuditQuery()).total)
            try store.pool.writeWithoutTransaction { database in
                let pages = try Int64.fetchOne(database, sql: "PRAGMA page_count") ?? 0
                try database.execute(sql: "PRAGMA max_page_count = \(pages)")
            }
            var config = Config()
            config.head.organisationID = organisation
            config.name = "a"
            config.text = #"["\#(String(repeating: "x", count: 100_000))"]"#
            #expect(failure { _ = try store.create(config, by: .system) } == .diskFull(path: path))
            #expect(try store.generation() == generation && store.audit(AuditQuery()).total == rows)
            try store.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = 100000") }
            _ = try store.create(config, by: .system)
        }
    }

    @Test("a database that cannot be written is told as such, and can be read")
    func readOnly() throws {
        try use { store in
            try store.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA query_only = ON") }
            var workspace = Workspace()
            workspace.head.organisationID = try store.firstOrganisation().id
            workspace.name = "a"
            #expect(failure { _ = try store.create(workspace, by: .system) } == .readOnly(path: path))
        }
    }

    @Test("a database that another process holds is told as busy, after the wait")
    func busy() throws {
        try use { _ in }
        let store = try SQLiteStore.open(in: folder.path, keyring: source, clock: { Wall.now() }, busyMilliseconds: 50)
        defer { try? store.pool.close() }
        let other = try DatabaseQueue(path: path)
        try other.inDatabase { database in
            try database.execute(sql: "BEGIN IMMEDIATE")
            #expect(failure { try store.record(AuditEvent(.system, "a", "b")) } == .busy(path: path))
            // Reading goes on.
            #expect(try store.audit(AuditQuery()).total == 2)
            try database.execute(sql: "ROLLBACK")
        }
        try store.record(AuditEvent(.system, "a", "b"))
    }

    // MARK: Backup

    @Test("a backup is one file for the owner alone, has all there was, and opens with the same keyring")
    func backup() throws {
        let world = try World()
        _ = try world.virtualKey("openai", "sk-kept-0123456789abcdef")
        let copy = world.folder.file("copy.sqlite")
        let summary = try world.store.backup(to: copy, by: .system)
        #expect(try world.folder.mode(of: "copy.sqlite") == 0o600)
        #expect(summary.byteCount == (try FileManager.default.attributesOfItem(atPath: copy)[.size] as? Int64) && summary.auditSequence == 5)
        #expect(try FileManager.default.contentsOfDirectory(atPath: world.folder.path).filter { $0.hasPrefix("copy") } == ["copy.sqlite"])
        _ = try world.virtualKey("later")
        #expect(failure { _ = try world.store.backup(to: copy, by: .system) } == .exists(path: copy))
        // The way back, as the documentation has it.
        try world.close()
        for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: world.path + end) }
        try FileManager.default.copyItem(atPath: copy, toPath: world.path)
        try world.reopen()
        let rows = try world.store.snapshotRows(SecretReferenceRules())
        #expect(rows.virtualKeys.map(\.key.slug) == ["openai"] && rows.virtualKeys[0].credentials[0].secret.text == "sk-kept-0123456789abcdef")
        #expect(try world.store.verifyAudit().faults.isEmpty)
    }

    @Test("backups made while others write are whole")
    func backupWhileWriting() async throws {
        let world = try World()
        let (store, organisation, folder) = (world.store, world.organisation, world.folder.path)
        let writer = Task.detached {
            var count = 0
            while !Task.isCancelled {
                var workspace = Workspace()
                workspace.head.organisationID = organisation
                workspace.name = "w"
                _ = try store.create(workspace, by: .system)
                count += 1
            }
            return count
        }
        for number in 0..<5 { _ = try store.backup(to: "\(folder)/copy-\(number).sqlite", by: .system) }
        writer.cancel()
        let count = try await writer.value
        #expect(try store.list(Workspace.self, ListQuery(Scope(organisationID: organisation))).total == count + 1)
        let keyring = KeyringSource.file("\(folder)/keyring")
        for number in 0..<5 {
            let inner = "\(folder)/restored-\(number)"
            try FileManager.default.createDirectory(atPath: inner, withIntermediateDirectories: true)
            try FileManager.default.copyItem(atPath: "\(folder)/copy-\(number).sqlite", toPath: "\(inner)/\(SQLiteStore.fileName)")
            let restored = try SQLiteStore.open(in: inner, keyring: keyring)
            defer { try? restored.pool.close() }
            #expect(try restored.verifyAudit().faults.isEmpty)
        }
    }

    @Test("a backup to where nothing can be written fails by name and leaves nothing")
    func backupNowhere() throws {
        try use { store in
            guard case .unreachable = failure({ _ = try store.backup(to: folder.file("none/copy"), by: .system) }) else {
                Issue.record("written")
                return
            }
        }
    }
}
