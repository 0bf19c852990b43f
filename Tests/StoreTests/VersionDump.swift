import Bytes
import Foundation
import GRDB
import Testing
@testable import Store

/// `Versions/N.sql`: a small store as version N wrote it, for `FileTests` to open with this one.
///
/// A new step of `Schema` wants a new file: run `SLUICE_WRITE_VERSION=1 swift test --filter VersionDump`, and never change an old one.
@Suite("VersionDump")
struct VersionDump {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Versions")

    static func file(_ version: Int64) -> URL { folder.appending(path: "\(version).sql") }

    @Test("there is a dump of every version")
    func complete() throws {
        let path = Self.file(Schema.version).path
        if ProcessInfo.processInfo.environment["SLUICE_WRITE_VERSION"] != nil, !FileManager.default.fileExists(atPath: path) { try write(to: path) }
        for version in 1...Schema.version {
            let text = try String(contentsOf: Self.file(version), encoding: .utf8)
            #expect(text.hasSuffix("PRAGMA application_id = \(Schema.applicationID);\nPRAGMA user_version = \(version);\n"), "\(version)")
        }
    }

    private func write(to path: String) throws {
        let world = try World()
        try FileManager.default.copyItem(at: Self.folder.appending(path: "keyring.txt"), to: URL(fileURLWithPath: world.folder.file("kept")))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: world.folder.file("kept"))
        // Begun anew, with the keyring that the dumps share.
        try world.close()
        for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: world.path + end) }
        try world.reopen(.file(world.folder.file("kept")))
        let (store, organisation) = (world.store, try world.store.firstOrganisation().id)
        var config = world.config("kept", #"{"retry":{"attempts":2}}"#)
        config.head.organisationID = organisation
        config = try store.create(config, by: .system)
        let scope = Scope(organisationID: organisation)
        _ = try store.update(Config.self, config.id, in: scope, at: nil, by: .system) { $0.text = #"{"retry":{"attempts":3}}"# }
        var guardrail = Guardrail()
        guardrail.head.organisationID = organisation
        guardrail.name = "words"
        guardrail.text = #"{"checks":[],"actions":{}}"#
        _ = try store.create(guardrail, by: .system)
        try writePrompt(store, organisation)
        var key = world.key("prod")
        key.head.organisationID = organisation
        _ = try store.issue(key, secret: bytes("sk-kept-key-0123456789-0123456789ab"), by: .system)
        var virtual = VirtualKey()
        virtual.head.organisationID = organisation
        virtual.name = "openai"
        virtual.provider = "openai"
        virtual = try store.create(virtual, by: .system)
        var credential = world.credential(of: virtual)
        credential.head.organisationID = organisation
        _ = try store.addCredential(credential, .secret(bytes("sk-kept-0123456789abcdef")), by: .system)
        _ = try store.addCredential(credential, .reference(try SecretReference("env:KEPT_KEY")), by: .system)
        try Data(try dump(store).utf8).write(to: URL(fileURLWithPath: path))
    }

    /// A prompt of two versions in a collection, with a label on the first, and a partial.
    private func writePrompt(_ store: SQLiteStore, _ organisation: String) throws {
        var collection = PromptCollection()
        collection.head.organisationID = organisation
        collection.name = "greetings"
        collection = try store.create(collection, by: .system)
        var label = PromptLabel()
        label.head.organisationID = organisation
        label.name = "first"
        label = try store.create(label, by: .system)
        var prompt = Prompt()
        prompt.head.organisationID = organisation
        prompt.name = "hello"
        prompt.slug = "pp-hello"
        prompt.collectionID = collection.id
        prompt = try store.create(prompt, by: .system)
        var version = prompt.nextVersion()
        version.template = #"{"string":"Hello {{name}}","model":"gpt"}"#
        _ = try store.create(version, by: .system)
        prompt = try store.update(Prompt.self, prompt.id, in: Scope(organisationID: organisation), at: nil, by: .system) { $0.latestVersion = 2 }
        version = prompt.nextVersion()
        version.template = #"{"string":"Good day, {{name}}","model":"gpt"}"#
        _ = try store.create(version, by: .system)
        var labelling = PromptLabelling()
        labelling.head.organisationID = organisation
        labelling.promptID = prompt.id
        labelling.labelID = label.id
        _ = try store.create(labelling, by: .system)
        var partial = PromptPartial()
        partial.head.organisationID = organisation
        partial.name = "tone"
        partial.slug = "pp-tone"
        partial = try store.create(partial, by: .system)
        version = partial.nextVersion()
        version.template = #"{"string":"Be kind."}"#
        _ = try store.create(version, by: .system)
    }

    private func dump(_ store: SQLiteStore) throws -> String {
        try store.reading { database in
            var lines: [String] = []
            for table in try Row.fetchAll(database, sql: "SELECT name, sql FROM sqlite_schema WHERE type = 'table' ORDER BY rowid") {
                let name: String = table[0]
                lines.append((table[1] as String) + ";")
                let columns = try String.fetchAll(database, sql: "SELECT name FROM pragma_table_info(?)", arguments: [name])
                let values = columns.map { "quote(\($0))" }.joined(separator: " || ', ' || ")
                let rows = try String.fetchAll(database, sql: "SELECT \(values) FROM \(name)")
                lines += rows.map { "INSERT INTO \(name) VALUES (\($0));" }
            }
            lines += try String.fetchAll(database, sql: "SELECT sql || ';' FROM sqlite_schema WHERE type <> 'table' AND sql IS NOT NULL ORDER BY rowid")
            lines += ["PRAGMA application_id = \(Schema.applicationID);", "PRAGMA user_version = \(Schema.version);", ""]
            return lines.joined(separator: "\n")
        }
    }
}
