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
        let integration = try integration("sk-shared") { integration in
            (integration.name, integration.provider) = ("Azure", "azure-openai")
            integration.configurations = #"{"azure_resource_name":"r"}"#
        }
        let provided = try virtualKey(of: integration)
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

    private func changes(after sequence: Int64) throws -> ObjectChanges? { try store.changes(after: sequence, SecretReferenceRules()) }

    @Test("what became of keys is told alone where nothing else has changed, as it is now")
    func keyChanges() throws {
        let kept = try store.issue(world.key("kept"), secret: nil, by: .system).key
        let start = try store.snapshotRows(SecretReferenceRules()).sequence
        #expect(try changes(after: start)?.keys.made == [])
        let made = try store.issue(world.key("made"), secret: nil, by: .system).key
        let changed = try store.update(APIKey.self, kept.id, in: world.scope, at: nil, by: .system) { $0.status = .disabled }
        let gone = try store.issue(world.key("gone"), secret: nil, by: .system).key
        try store.delete(APIKey.self, gone.id, in: world.scope, at: nil, by: .system)
        let found = try #require(try changes(after: start))
        #expect(found.keys.made == [changed, made] && found.keys.gone == [gone.id])
        #expect(found.virtualKeys.isEmpty && found.configs.isEmpty && found.others == nil)
        #expect(found.generation == (try store.generation()) && found.sequence > start)
        // What was refused has changed nothing, nor what no request is served by.
        var denied = AuditEvent(.system, "create", "configs")
        denied.outcome = .denied
        try store.record(denied)
        try store.record(AuditEvent(.system, AuditEvent.usageReset, "workspaces", id: "w"))
        try store.record(AuditEvent(.system, "rewrap", "keyring"))
        var user = User()
        user.head.organisationID = world.organisation
        user.email = "a@example.com"
        _ = try store.create(user, by: .system)
        let nothing = try #require(try changes(after: found.sequence))
        #expect(nothing.keys.isEmpty && nothing.virtualKeys.isEmpty && nothing.configs.isEmpty && nothing.others == nil)
        // What nobody knows here may be anything.
        try store.record(AuditEvent(.system, "create", "somethings", id: "s"))
        #expect(try changes(after: start) == nil)
    }

    @Test("of the kinds of which there are few all are told when one has changed, opened, and of an integration its virtual keys")
    func otherChanges() throws {
        let integration = try integration("sk-shared")
        let provided = try virtualKey(of: integration)
        _ = try world.virtualKey("own")
        let start = try store.snapshotRows(SecretReferenceRules()).sequence
        _ = try store.update(Integration.self, integration.id, in: world.scope, at: nil, by: .system) { $0.configurations = #"{"azure_resource_name":"r"}"# }
        let workspace = try world.workspace("w")
        let found = try #require(try changes(after: start))
        #expect(found.virtualKeys.made.map(\.key.id) == [provided.id] && found.keys.isEmpty && found.configs.isEmpty)
        #expect(found.others?.integrations.map(\.configurations) == [#"{"azure_resource_name":"r"}"#])
        #expect(found.others?.workspaces.map(\.id).contains(workspace.id) == true && found.others?.keys == [] && found.others?.organisations.count == 1)
    }

    private func integration(_ secret: String, _ change: (inout Integration) -> Void = { _ in }) throws -> Integration {
        var integration = Integration()
        integration.head.organisationID = world.organisation
        (integration.name, integration.provider) = ("shared", "openai")
        change(&integration)
        integration = try store.create(integration, by: .system)
        try add(secret, to: integration)
        return integration
    }

    private func add(_ secret: String, to integration: Integration) throws {
        var shared = ProviderCredential()
        shared.head.organisationID = world.organisation
        shared.integrationID = integration.id
        _ = try store.addCredential(shared, .secret(bytes(secret)), by: .system)
    }

    /// One without credentials of its own.
    private func virtualKey(of integration: Integration) throws -> VirtualKey {
        var key = VirtualKey()
        key.head.organisationID = world.organisation
        (key.name, key.provider, key.integrationID) = ("provided", integration.provider, integration.id)
        return try store.create(key, by: .system)
    }

    @Test("what became of virtual keys and configs is told with what they are now, in clear; a credential that is not found is told as a fault of its key")
    func targetChanges() throws {
        let integration = try integration("sk-shared")
        let (kept, credential) = try world.virtualKey("kept", "sk-before")
        let start = try store.snapshotRows(SecretReferenceRules()).sequence
        _ = try store.replaceCredential(credential.id, in: world.scope, with: .secret(bytes("sk-after")), by: .system)
        let provided = try virtualKey(of: integration)
        let config = try store.create(world.config("made"), by: .system)
        let (gone, _) = try world.virtualKey("gone")
        try store.delete(VirtualKey.self, gone.id, in: world.scope, at: nil, by: .system)
        let (missing, replaced) = try world.virtualKey("missing")
        let reference = try SecretReference("env:NO_SUCH_VARIABLE_HERE")
        _ = try store.replaceCredential(replaced.id, in: world.scope, with: .reference(reference), by: .system)
        let found = try #require(try changes(after: start))
        #expect(found.keys.isEmpty && found.others == nil)
        #expect(found.virtualKeys.made.map(\.key.id) == [kept.id, provided.id, missing.id] && found.virtualKeys.gone == [gone.id])
        #expect(found.virtualKeys.made.map { $0.credentials.map(\.secret.text) } == [["sk-after"], ["sk-shared"], []])
        #expect(found.configs.made == [config] && found.configs.gone == [])
        #expect(found.faults.map(\.owner) == [missing.id] && found.faults[0].kind == "credential")
        // An integration's credential is that of each of its virtual keys.
        try add("sk-second", to: integration)
        let more = try #require(try changes(after: found.sequence))
        #expect(more.virtualKeys.made.map { $0.credentials.map(\.secret.text) } == [["sk-shared", "sk-second"]] && more.others == nil)
    }

    @Test("a config that does not open any more is told as gone, and why")
    func unreadableConfig() throws {
        let config = try store.create(world.config("odd"), by: .system)
        let start = try store.snapshotRows(SecretReferenceRules()).sequence
        _ = try store.update(Config.self, config.id, in: world.scope, at: nil, by: .system) { $0.isDefault = true }
        try store.pool.write { try $0.execute(sql: "UPDATE secrets SET sealed = zeroblob(64) WHERE owner_id = ?", arguments: [config.id]) }
        let found = try #require(try changes(after: start))
        #expect(found.configs.made == [] && found.configs.gone == [config.id] && found.faults.map(\.owner) == [config.id])
    }

    @Test("of more rows than are looked through, and of a log that is shorter than it was, nothing is told")
    func tooManyChanges() throws {
        let start = try store.snapshotRows(SecretReferenceRules()).sequence
        var denied = AuditEvent(.system, "create", "configs")
        denied.outcome = .denied
        try store.together { (store) throws(StoreError) in for _ in 0..<StoreLimits.changeCount { try store.record(denied) } }
        #expect(try changes(after: start) != nil)
        try store.record(denied)
        #expect(try changes(after: start) == nil)
        #expect(try changes(after: start + 5000) == nil)
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
