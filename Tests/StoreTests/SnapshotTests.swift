import Bytes
import Foundation
import GRDB
import Testing
@testable import Store

@Suite("Rows for a snapshot")
struct SnapshotTests {
    private let world: World

    init() throws { world = try World() }

    private var store: SQLiteStore { world.store }

    @Test("they hold all that is not deleted, as of one moment, with credentials opened")
    func everything() throws {
        let (key, own) = try world.virtualKey("own", "sk-own-0123456789abcdef")
        let second = try store.addCredential(world.credential(of: key, weight: 3), .secret(bytes("sk-own-two")), by: .system)
        var integration = Integration()
        integration.head.organisationID = world.organisation
        integration.name = "Azure"
        integration.provider = "azure-openai"
        integration.configurations = #"{"azure_resource_name":"r"}"#
        integration = try store.create(integration, by: .system)
        var shared = ProviderCredential()
        shared.head.organisationID = world.organisation
        shared.integrationID = integration.id
        _ = try store.addCredential(shared, .secret(bytes("sk-shared")), by: .system)
        var provided = VirtualKey()
        provided.head.organisationID = world.organisation
        provided.name = "provided"
        provided.provider = "azure-openai"
        provided.integrationID = integration.id
        provided = try store.create(provided, by: .system)
        let config = try store.create(world.config("c"), by: .system)
        let gone = try store.create(world.config("gone"), by: .system)
        try store.delete(Config.self, gone.id, in: world.scope, at: nil, by: .system)
        let disabled = try store.issue(world.key("disabled"), secret: nil, by: .system).key
        let changed = try store.update(APIKey.self, disabled.id, in: world.scope, at: nil, by: .system) { $0.status = .disabled }

        let rows = try store.snapshotRows(SecretReferenceRules())
        #expect(rows.generation == (try store.generation()) && rows.faults.isEmpty)
        #expect(rows.keys == [changed] && rows.configs == [config] && rows.integrations == [integration])
        #expect(rows.organisations.count == 1 && rows.workspaces.map(\.slug) == ["ws-default"])
        #expect(rows.virtualKeys.map(\.key) == [key, provided])
        #expect(rows.virtualKeys[0].credentials.map(\.id) == [own.id, second.id] && rows.virtualKeys[0].credentials.map(\.weight) == [1, 3])
        #expect(rows.virtualKeys[0].credentials.map(\.secret.text) == ["sk-own-0123456789abcdef", "sk-own-two"])
        #expect(rows.virtualKeys[1].credentials.map(\.secret.text) == ["sk-shared"])
    }

    @Test("what became of keys is told alone where nothing else has changed, as it is now")
    func keyChanges() throws {
        let kept = try store.issue(world.key("kept"), secret: nil, by: .system).key
        let start = try store.snapshotRows(SecretReferenceRules()).sequence
        #expect(try store.keyChanges(after: start)?.keys == [])
        let made = try store.issue(world.key("made"), secret: nil, by: .system).key
        let changed = try store.update(APIKey.self, kept.id, in: world.scope, at: nil, by: .system) { $0.status = .disabled }
        let gone = try store.issue(world.key("gone"), secret: nil, by: .system).key
        try store.delete(APIKey.self, gone.id, in: world.scope, at: nil, by: .system)
        let changes = try #require(try store.keyChanges(after: start))
        #expect(changes.keys == [changed, made] && changes.gone == [gone.id])
        #expect(changes.generation == (try store.generation()) && changes.sequence > start)
        // What was refused has changed nothing, nor what no request is served by.
        var denied = AuditEvent(.system, "create", "configs")
        denied.outcome = .denied
        try store.record(denied)
        try store.record(AuditEvent(.system, AuditEvent.usageReset, "workspaces", id: "w"))
        try store.record(AuditEvent(.system, "rewrap", "keyring"))
        let nothing = try #require(try store.keyChanges(after: changes.sequence))
        #expect(nothing.isAll && nothing.keys.isEmpty && nothing.gone.isEmpty)
        _ = try store.create(world.config("c"), by: .system)
        #expect(try store.keyChanges(after: start)?.isAll == false)
        let rows = try store.snapshotRows(SecretReferenceRules(), keysAfter: start)
        #expect(rows.keys.isEmpty && rows.keyChanges?.keys == [changed, made] && rows.keyChanges?.gone == [gone.id] && rows.configs.count == 1)
        // Whose workspace has changed is another, whatever its row says.
        _ = try world.workspace("w")
        #expect(try store.keyChanges(after: start) == nil)
        #expect(try store.snapshotRows(SecretReferenceRules(), keysAfter: start).keys.count == 2)
    }

    @Test("of more rows than are looked through, and of a log that is shorter than it was, nothing is told")
    func tooManyChanges() throws {
        let start = try store.snapshotRows(SecretReferenceRules()).sequence
        var denied = AuditEvent(.system, "create", "configs")
        denied.outcome = .denied
        try store.together { (store) throws(StoreError) in for _ in 0..<StoreLimits.keyChangeCount { try store.record(denied) } }
        #expect(try store.keyChanges(after: start) != nil)
        try store.record(denied)
        #expect(try store.keyChanges(after: start) == nil)
        #expect(try store.keyChanges(after: start + 5000) == nil)
    }

    @Test("the files' mark is the same while nobody writes, another after a write, and settled once that is long ago")
    func mark() throws {
        _ = try store.issue(world.key("one"), secret: nil, by: .system)
        let before = store.mark()
        #expect(!before.isSettled)
        _ = try store.generation()
        #expect(store.mark() == before)
        usleep(20_000)
        _ = try store.issue(world.key("two"), secret: nil, by: .system)
        #expect(store.mark() != before)
        var past = [timespec(tv_sec: 1_700_000_000, tv_nsec: 0), timespec(tv_sec: 1_700_000_000, tv_nsec: 0)]
        for end in ["", "-wal"] { #expect(utimensat(AT_FDCWD, store.path + end, &past, 0) == 0) }
        #expect(store.mark().isSettled)
    }

    @Test("a reference that leads nowhere costs its credential alone; when it leads somewhere again, the next rows have it")
    func references() throws {
        let (key, _) = try world.virtualKey("openai", "sk-own-0123456789abcdef")
        let reference = try store.addCredential(world.credential(of: key), .reference(try SecretReference("env:LATER")), by: .system)
        var rows = try store.snapshotRows(SecretReferenceRules(environment: { _ in nil }))
        #expect(rows.virtualKeys[0].credentials.count == 1)
        #expect(rows.faults.map(\.id) == [reference.id] && rows.faults[0].description.contains("LATER is not set"))
        rows = try store.snapshotRows(SecretReferenceRules(environment: { _ in "sk-later" }))
        #expect(rows.virtualKeys[0].credentials.map(\.secret.text) == ["sk-own-0123456789abcdef", "sk-later"] && rows.faults.isEmpty)
    }

    /// Nothing fails for being slow. With `SLUICE_LONG` they are 100,000 keys and 10,000 virtual keys, whose figure counts in a release build.
    @Test("rows of many keys are read in one go, and the time is told")
    func manyKeys() throws {
        let isLong = ProcessInfo.processInfo.environment["SLUICE_LONG"] != nil
        let (keyCount, virtualCount) = isLong ? (100_000, 10_000) : (2000, 200)
        let first = try store.issue(world.key("first"), secret: nil, by: .system).key
        let layout = APIKey.layout
        try store.writing { database in
            let statement = try database.makeStatement(sql: layout.insertSQL)
            for number in 1..<keyCount {
                var key = first
                key.head.id = store.newID()
                key.head.name = "key \(number)"
                key.digest = store.pepper.digest(of: bytes("secret of \(number)").keyDigest).bytes
                try statement.execute(arguments: StatementArguments(layout.values(of: key)))
            }
            let virtual = try database.makeStatement(sql: VirtualKey.layout.insertSQL)
            let credential = try database.makeStatement(sql: ProviderCredential.layout.insertSQL)
            for number in 0..<virtualCount {
                var key = VirtualKey()
                key.head = first.head
                key.head.id = store.newID()
                key.head.slug = "vk-\(number)"
                key.provider = "openai"
                key.modelConfig = #"{"deployment":"gpt-\#(number)"}"#
                try virtual.execute(arguments: StatementArguments(VirtualKey.layout.values(of: key)))
                try store.sealColumns(of: key, before: nil, in: database)
                var one = world.credential(of: key)
                one.head = key.head
                one.head.id = store.newID()
                try credential.execute(arguments: StatementArguments(ProviderCredential.layout.values(of: one)))
                try store.keep(bytes("sk-\(number)-0123456789abcdef"), one.id + "/secret", owner: one.head, in: database)
            }
        }
        let clock = ContinuousClock()
        var rows = SnapshotRows()
        let times = try (0..<3).map { _ in try clock.measure { rows = try store.snapshotRows(SecretReferenceRules()) } }
        #expect(rows.keys.count == keyCount && rows.virtualKeys.count == virtualCount && rows.faults.isEmpty)
        #expect(rows.virtualKeys.last?.credentials.first?.secret.text == "sk-\(virtualCount - 1)-0123456789abcdef")
        print("snapshot of \(keyCount) keys and \(virtualCount) virtual keys: \(times.map { "\($0)" }.joined(separator: ", "))")
    }
}
