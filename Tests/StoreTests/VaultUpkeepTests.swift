import Bytes
import Foundation
import GRDB
import Testing
@testable import Store

@Suite("Vault of the store")
struct VaultUpkeepTests {
    private let world: World

    init() throws { world = try World() }

    private var store: SQLiteStore { world.store }

    private func credentials() throws -> [String] {
        let rows = try store.snapshotRows(SecretReferenceRules())
        #expect(rows.faults.isEmpty)
        return rows.virtualKeys.map { $0.credentials[0].secret.text }
    }

    private func fill(_ count: Int) throws -> [String] {
        try (0..<count).map { number in
            let secret = "sk-\(number)-0123456789abcdef"
            _ = try world.virtualKey("vk-\(number)", secret)
            return secret
        }
    }

    @Test("a record copied over another does not open: not of another key, not of another tenant, not of another version")
    func copiedRows() throws {
        let (_, first) = try world.virtualKey("first", "sk-first-0123456789abcdef")
        let (_, second) = try world.virtualKey("second", "sk-second-0123456789abcdef")
        var other = Organisation()
        other.name = "Other"
        let stranger = try store.create(other, by: .system)
        func steal(_ sql: String) throws -> [SnapshotFault] {
            try store.writing { try $0.execute(sql: sql) }
            defer { try? world.reopen() }
            return try store.snapshotRows(SecretReferenceRules()).faults
        }
        let id = first.id + "/secret"
        let refused = VaultError.refused(secret: id).description
        let columns = "(wrapped_key, sealed, key_id) = (SELECT wrapped_key, sealed, key_id FROM secrets WHERE id = '\(second.id)/secret')"
        let before = try #require(try world.secrets().first { $0.name.id == id })
        #expect(try steal("UPDATE secrets SET \(columns) WHERE id = '\(id)'").map(\.reason) == [refused])
        let restore = """
            UPDATE secrets SET wrapped_key = x'\(Hexadecimal.text(before.secret.wrappedKey))', sealed = x'\(Hexadecimal.text(before.secret.sealed))'
            WHERE id = '\(id)'
            """
        #expect(try steal(restore).isEmpty)
        #expect(try steal("UPDATE secrets SET version = version + 1 WHERE id = '\(id)'").map(\.reason) == [refused])
        #expect(try steal("UPDATE secrets SET version = version - 1 WHERE id = '\(id)'").isEmpty)
        #expect(try steal("UPDATE secrets SET organisation_id = '\(stranger.id)' WHERE id = '\(id)'").map(\.reason) == [refused])
    }

    @Test("one secret that does not open leaves the others, and is named")
    func oneDamaged() throws {
        let secrets = try fill(5)
        let bad = try #require(try world.secrets().first { $0.name.id.hasSuffix("/secret") })
        try store.writing { try $0.execute(sql: "UPDATE secrets SET sealed = zeroblob(60) WHERE id = ?", arguments: [bad.name.id]) }
        let rows = try store.snapshotRows(SecretReferenceRules())
        #expect(rows.faults.count == 1 && rows.faults[0].kind == "credential" && rows.faults[0].reason.contains("does not open"))
        #expect(rows.virtualKeys.flatMap { $0.credentials.map(\.secret.text) } == Array(secrets.dropFirst()))
        let report = try store.examineVault(SecretReferenceRules())
        #expect(report.faults.map(\.id) == [bad.name.id] && report.secretCount == 10)
        // One whose wrapped key is damaged does not keep the others from being rewrapped.
        try store.writing { try $0.execute(sql: "UPDATE secrets SET wrapped_key = zeroblob(60) WHERE id = ?", arguments: [bad.name.id]) }
        let newest = try store.rotateKeyring(by: .system)
        let progress = try store.rewrap(atMost: .max, by: .system)
        #expect(progress == RewrapProgress(rewrapped: 9, left: 1, failed: [bad.name.id], newestKey: newest))
    }

    @Test("whenever rewrapping stops, everything opens, and the next run does the rest", arguments: [1, 3, 7])
    func rewrapCrashes(step: Int) throws {
        let secrets = try fill(6)
        let sealed = Dictionary(uniqueKeysWithValues: try world.secrets().map { ($0.name.id, $0.secret.sealed) })
        var newest = ""
        for _ in 0..<2 {
            newest = try store.rotateKeyring(by: .system)
            var left = 12
            while left > 0 {
                let progress = try store.rewrap(atMost: step, by: .system)
                #expect(progress.rewrapped == min(step, left) && progress.newestKey == newest && progress.failed.isEmpty)
                left = progress.left
                // The process is gone, in the midst of it; a new one finds what there is.
                try world.reopen()
                #expect(try credentials() == secrets)
            }
        }
        #expect(try store.rewrap(atMost: .max, by: .system).rewrapped == 0)
        let rows = try world.secrets()
        #expect(rows.allSatisfy { $0.secret.keyID == newest && sealed[$0.name.id] == $0.secret.sealed })
    }

    @Test("a batch that is broken off is not half there")
    func brokenBatch() throws {
        let secrets = try fill(3)
        let old = try world.secrets()
        _ = try store.rotateKeyring(by: .system)
        // The fourth row refuses: the disk gives up in the middle of a batch.
        try store.writing { database in
            try database.execute(sql: "CREATE TRIGGER broken BEFORE UPDATE ON secrets WHEN old.id = '\(old[3].name.id)' BEGIN SELECT RAISE(ABORT, 'disk'); END")
        }
        #expect(failure { _ = try store.rewrap(atMost: .max, by: .system) } == .unexpected("disk"))
        #expect(try world.secrets().map(\.secret) == old.map(\.secret))
        try store.writing { try $0.execute(sql: "DROP TRIGGER broken") }
        #expect(try store.rewrap(atMost: .max, by: .system).rewrapped == 6)
        #expect(try credentials() == secrets)
    }

    @Test("secrets of more than one batch are rewrapped in one run")
    func manyBatches() throws {
        let count = StoreLimits.rewrapBatch + 1
        let organisation = try store.firstOrganisation()
        try store.writing { database in
            for number in 0..<count { try store.keep(bytes("secret \(number)"), "x/\(number)", owner: organisation.head, in: database) }
        }
        _ = try store.rotateKeyring(by: .system)
        #expect(try store.rewrap(atMost: .max, by: .system).rewrapped == count)
        #expect(try store.examineVault(SecretReferenceRules()).orphans.count == count)
    }

    @Test("after rotation and rewrapping the old key can be taken out of the keyring, and a gateway that still has it goes on with the new one")
    func retiredKey() throws {
        let secrets = try fill(2)
        let keyring = world.folder.file("keyring")
        // Another process: `sluice vault rotate`, `sluice vault rewrap`.
        let beside = try SQLiteStore.open(in: world.folder.path, keyring: .file(keyring))
        let newest = try beside.rotateKeyring(by: .system)
        _ = try beside.rewrap(atMost: .max, by: .system)
        try beside.pool.close()
        let text = try #require(try KeyringFile.read(keyring)).text
        let old = try #require(store.vault.keyIDs.first)
        try world.folder.write(text.split(separator: "\n").filter { !$0.contains("key \(old)") }.joined(separator: "\n"), to: "keyring")
        #expect(try credentials() == secrets)
        _ = try world.virtualKey("later")
        #expect(try world.secrets().allSatisfy { $0.secret.keyID == newest })
        try world.reopen()
        #expect(try credentials().dropLast() == secrets[...])
    }

    @Test("a keyring in a variable is added to by who set it")
    func keyringInVariable() throws {
        let text = try #require(try KeyringFile.read(world.folder.file("keyring")))
        try world.reopen(.text(text))
        #expect(failure { _ = try store.rotateKeyring(by: .system) } == .keyring(.inVariable))
        let more = text.text + "key by-hand c40f7be2915d38a6037ce1f4885a2bd960fe14b37283c9ed5106af9d42e87b31"
        try world.reopen(.text(bytes(more)))
        _ = try world.virtualKey("openai")
        #expect(try world.secrets().allSatisfy { $0.secret.keyID == "by-hand" })
    }

    @Test("an examination counts what each key wraps, and finds orphans, missing secrets and references that lead nowhere")
    func examination() throws {
        let (key, credential) = try world.virtualKey("openai")
        _ = try store.addCredential(world.credential(of: key), .reference(try SecretReference("env:PRESENT")), by: .system)
        let lost = try store.addCredential(world.credential(of: key), .reference(try SecretReference("env:ABSENT")), by: .system)
        let rules = SecretReferenceRules(environment: { $0 == "PRESENT" ? "sk-1" : nil })
        let first = try #require(store.vault.keyIDs.first)
        let newest = try store.rotateKeyring(by: .system)
        var report = try store.examineVault(rules)
        #expect(report.isHealthy && report.secretCount == 2 && report.unresolved.map(\.id) == [lost.id])
        #expect(report.secretsOfKey.map(\.key) == [first, newest] && report.secretsOfKey.map(\.count) == [2, 0])
        try store.writing { database in
            try database.execute(sql: "DELETE FROM secrets WHERE id = ?", arguments: [credential.id + "/secret"])
            try store.keep(bytes("nobody's"), "nobody/secret", owner: store.firstHead(database), in: database)
        }
        report = try store.examineVault(rules)
        #expect(!report.isHealthy && report.orphans == ["nobody/secret"] && report.faults.map(\.id) == [credential.id])
    }
}

extension SQLiteStore {
    fileprivate func firstHead(_ database: Database) throws -> ObjectHead {
        var head = ObjectHead()
        head.organisationID = try String.fetchOne(database, sql: "SELECT id FROM organisations") ?? ""
        head.id = "nobody"
        return head
    }
}
