import Bytes
import Foundation
import GRDB
import JSON
import Testing
@testable import Store

@Suite("Audit log")
struct AuditTests {
    private let world: World

    init() throws { world = try World() }

    private var store: SQLiteStore { world.store }

    private var actor: AuditActor {
        var actor = AuditActor(.user, id: "user-1")
        actor.keyID = "key-1"
        actor.role = "admin"
        actor.method = "PUT"
        actor.path = "/v1/configs/pc-a"
        actor.requestID = "request-1"
        actor.address = "192.0.2.7"
        actor.agent = "portkey/1"
        return actor
    }

    /// Seven more rows.
    private func fill() throws {
        for number in 0..<7 { _ = try store.create(world.config("config \(number)"), by: actor) }
    }

    private func latest() throws -> AuditRow { try #require(try store.audit(AuditQuery()).rows.first) }

    /// Changes the table as somebody would who has the file.
    private func tamper(_ sql: String) throws {
        try store.writing { database in
            try database.execute(sql: "DROP TRIGGER IF EXISTS audit_is_not_changed; DROP TRIGGER IF EXISTS audit_is_not_deleted")
            try database.execute(sql: sql)
        }
    }

    // MARK: What is told

    @Test("each change has its row: who, with what, from where, what it was before and after")
    func changes() throws {
        let config = try store.create(world.config("a", #"{"retry":{"attempts":2}}"#), by: actor)
        world.clock.pass(10)
        let created = try latest()
        #expect(created.event.actor == actor && created.event.action == "create")
        #expect(created.event.resource == "configs" && created.event.resourceID == config.id)
        #expect(created.event.organisationID == world.organisation && created.event.outcome == .done && created.event.before == nil)
        #expect(created.at == world.clock.now - 10 && created.event.after?.contains(#""text":{"retry":{"attempts":2}}"#) == true)

        _ = try store.update(Config.self, config.id, in: world.scope, at: nil, by: actor) { $0.text = #"{"retry":{"attempts":3}}"# }
        let updated = try latest()
        #expect(updated.event.action == "update" && updated.sequence == created.sequence + 1 && updated.at == created.at + 10)
        #expect(updated.event.before == #"{"text":{"retry":{"attempts":2}},"version":1}"#)
        #expect(updated.event.after == #"{"text":{"retry":{"attempts":3}},"version":2}"#)

        try store.delete(Config.self, config.id, in: world.scope, at: nil, by: actor)
        let deleted = try latest()
        #expect(deleted.event.action == "delete" && deleted.event.after == nil && deleted.event.before?.contains(#""attempts":3"#) == true)
    }

    @Test("denied attempts are kept as well, cut to their bounds and without what looks like a key")
    func denied() throws {
        var event = AuditEvent(actor, "delete", "virtual_keys", id: "sk-proj-0123456789abcdefghij")
        event.outcome = .denied
        event.reason = "scope virtual_keys.delete is missing; presented gsk_0123456789abcdefghijklmnop"
        event.actor.agent = String(repeating: "é", count: StoreLimits.auditTextByteCount)
        event.before = #"{"key":"open sesame","name":"a"}"#
        event.after = "no JSON: open sesame"
        try store.record(event)
        let row = try latest()
        #expect(row.event.before == #"{"key":"…","name":"a"}"# && row.event.after == #""…""#)
        #expect(row.event.outcome == .denied && row.event.resourceID == "…ghij")
        #expect(row.event.reason == "scope virtual_keys.delete is missing; presented …mnop")
        #expect(row.event.actor.agent == String(repeating: "é", count: StoreLimits.auditTextByteCount / 2))
        #expect(try store.verifyAudit().faults.isEmpty)
    }

    @Test("no secret of a key, a credential, a config or a setting is in the log")
    func noSecrets() throws {
        let (key, credential) = try world.virtualKey("openai", "sk-first-0123456789abcdef")
        _ = try store.replaceCredential(credential.id, in: world.scope, with: .secret(bytes("plain-but-known-secret")), by: actor)
        _ = try store.update(VirtualKey.self, key.id, in: world.scope, at: nil, by: actor) { $0.modelConfig = #"{"azure":{"clientSecret":"Tr0ub4dor"}}"# }
        let issued = try store.issue(world.key("a"), secret: nil, by: actor)
        let rotated = try store.rotate(issued.key.id, in: world.scope, transition: 0, by: actor)
        let target = #"{"provider":"openai","api_key":"short","custom_host":"https://h/?key=AIzaSyA0123456789abcdefg"}"#
        _ = try store.create(world.config("c", #"{"targets":[\#(target)]}"#), by: actor)
        var text = ""
        try store.exportAudit(AuditQuery()) { text += String(decoding: $0, as: UTF8.self) }
        for secret in [
            "sk-first-0123456789", "wJalrXUtnFEMI", "plain-but-known", "Tr0ub4dor", "short", "AIzaSyA", String(issued.secret.dropLast(4)),
            String(rotated.secret.dropLast(4)),
        ] {
            #expect(!text.contains(secret), "\(secret) is in the log")
        }
        #expect(text.contains(#""deployment":"gpt""#) && text.contains(#""provider":"openai""#))
        // A change that masks alike is still one that is told.
        _ = try store.update(VirtualKey.self, key.id, in: world.scope, at: nil, by: actor) { $0.modelConfig = #"{"azure":{"clientSecret":"Other"}}"# }
        #expect(try latest().event.after?.contains("model_config") == true)
    }

    @Test("an object longer than a row takes is told by its length and digest")
    func longObjects() throws {
        let text = "[" + (0..<20_000).map { "\($0)" }.joined(separator: ",") + "]"
        _ = try store.create(world.config("long", text), by: actor)
        let after = try #require(try latest().event.after)
        #expect(after.hasPrefix(#"{"bytes":"#) && after.contains("sha256:") && after.utf8.count < 200)
        #expect(try store.verifyAudit().faults.isEmpty)
    }

    @Test("a clock that is set back does not turn the order of rows")
    func clockSetBack() throws {
        _ = try store.create(world.config("a"), by: actor)
        let before = try latest().at
        world.clock.pass(-100_000)
        _ = try store.create(world.config("b"), by: actor)
        #expect(try latest().at == before)
    }

    @Test("rows are found by who, what, where and when")
    func queries() throws {
        try fill()
        world.clock.pass(1000)
        _ = try store.create(world.config("late"), by: .system)
        var query = AuditQuery()
        query.actorID = "user-1"
        #expect(try store.audit(query).total == 7)
        query.address = "192.0.2.8"
        #expect(try store.audit(query).total == 0)
        query = AuditQuery()
        query.from = world.clock.now
        #expect(try store.audit(query).total == 1)
        (query.from, query.before) = (nil, world.clock.now)
        query.resource = "configs"
        query.pageSize = 5
        #expect(try store.audit(query).total == 7 && store.audit(query).rows.count == 5)
        query.page = 1
        #expect(try store.audit(query).rows.count == 2)
        query.organisationID = "other"
        #expect(try store.audit(query).total == 0)
        query.pageSize = StoreLimits.pageRowCount + 1
        #expect(failure { _ = try store.audit(query) } == .invalid(field: "page_size", reason: "is not between 1 and \(StoreLimits.pageRowCount)"))
    }

    @Test("an export has a line of JSON for each row, in order, with the hashes that hold them together")
    func export() throws {
        try fill()
        var lines: [String] = []
        try store.exportAudit(AuditQuery()) { lines.append(String(decoding: $0, as: UTF8.self)) }
        #expect(lines.count == Int(try store.audit(AuditQuery()).total) && lines.allSatisfy { $0.hasSuffix("}\n") && $0.utf8.count { $0 == 0x0A } == 1 })
        var previous = String(repeating: "0", count: 64)
        for (index, line) in lines.enumerated() {
            let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            #expect(object["sequence"] as? Int == index + 1 && object["previous"] as? String == previous)
            previous = try #require(object["hash"] as? String)
        }
        #expect(try store.verifyAudit().head == previous)
        #expect(lines.last?.contains(#""at":"2023-11-14T22:13:20.000Z""#) == true, "\(lines.last ?? "")")
    }

    // MARK: The chain

    @Test("what was written is whole, also after a restart")
    func whole() throws {
        try fill()
        let verdict = try store.verifyAudit()
        #expect(verdict.faults.isEmpty && verdict.rowCount == 9)
        try world.reopen()
        #expect(try store.verifyAudit() == verdict)
    }

    @Test("the database itself refuses to change or delete a row")
    func triggers() throws {
        try fill()
        for sql in ["UPDATE audit SET actor_id = 'x' WHERE sequence = 3", "DELETE FROM audit WHERE sequence = 3", "DELETE FROM audit"] {
            guard case .unexpected(let detail) = failure({ try store.writing { try $0.execute(sql: sql) } }) else {
                Issue.record("done: \(sql)")
                continue
            }
            #expect(detail.contains("the audit log is not"))
        }
        #expect(try store.verifyAudit().faults.isEmpty)
    }

    @Test("a row of which any column was changed is named", arguments: AuditEvent.columns + ["at"])
    func changedRow(column: String) throws {
        try fill()
        try tamper("UPDATE audit SET \(column) = \(column == "at" ? "at + 1" : "'x'") WHERE sequence = 5")
        #expect(try store.verifyAudit().faults == [.changed(5)])
    }

    @Test("text moved from one column into the next is a change")
    func movedText() throws {
        try fill()
        try tamper("UPDATE audit SET method = method || path, path = '' WHERE sequence = 5")
        #expect(try store.verifyAudit().faults == [.changed(5)])
    }

    @Test("a row whose hash was made anew no longer carries the next one")
    func rehashedRow() throws {
        try fill()
        let rows = try store.audit(AuditQuery()).rows
        var row = try #require(rows.first { $0.sequence == 5 })
        row = AuditRow(sequence: 5, at: row.at, event: AuditEvent(.system, "create", "configs"), previous: row.previous, hash: row.hash)
        let hash = AuditChain.hash(sequence: 5, at: row.at, values: row.event.values, previous: row.previous)
        let assignments = zip(AuditEvent.columns, row.event.values).map { "\($0) = \($1.map { "'\($0)'" } ?? "NULL")" }.joined(separator: ", ")
        try tamper("UPDATE audit SET \(assignments), hash = x'\(Hexadecimal.text(hash))' WHERE sequence = 5")
        #expect(try store.verifyAudit().faults == [.reordered(6)])
    }

    @Test("missing rows are named: one, several, the first, the last")
    func missingRows() throws {
        try fill()
        try tamper("DELETE FROM audit WHERE sequence = 5")
        #expect(try store.verifyAudit().faults == [.missing(after: 4, before: 6)])
        #expect(AuditFault.missing(after: 4, before: 6).description == "row 5 is missing")
        try tamper("DELETE FROM audit WHERE sequence IN (1, 6)")
        #expect(try store.verifyAudit().faults == [.missing(after: 0, before: 2), .missing(after: 4, before: 7)])
        try tamper("DELETE FROM audit WHERE sequence >= 8")
        #expect(try store.verifyAudit().faults == [.missing(after: 0, before: 2), .missing(after: 4, before: 7), .cutOff(last: 7, written: 9)])
        try tamper("DELETE FROM audit")
        #expect(try store.verifyAudit().faults == [.cutOff(last: 0, written: 9)])
    }

    @Test("rows that were exchanged are named")
    func reorderedRows() throws {
        try fill()
        for (from, to) in [(4, 100), (5, 4), (100, 5)] { try tamper("UPDATE audit SET sequence = \(to) WHERE sequence = \(from)") }
        let faults = try store.verifyAudit().faults
        #expect(faults.contains(.reordered(4)) && faults.contains(.changed(4)) && faults.contains(.changed(5)))
    }

    @Test("a row that was put behind the last is named, and an end that was moved along with it is no longer signed")
    func addedRow() throws {
        try fill()
        let last = try latest()
        let event = AuditEvent(.system, "create", "configs")
        let hash = AuditChain.hash(sequence: 10, at: last.at, values: event.values, previous: last.hash)
        try tamper("""
            INSERT INTO audit (sequence, at, outcome, action, resource, actor, previous, hash)
            VALUES (10, \(last.at), 'done', 'create', 'configs', 'system', x'\(Hexadecimal.text(last.hash))', x'\(Hexadecimal.text(hash))')
            """)
        #expect(try store.verifyAudit().faults == [.added(after: 9)])
        try tamper("UPDATE audit_end SET sequence = 10, hash = x'\(Hexadecimal.text(hash))'")
        #expect(try store.verifyAudit().faults == [.forged(last: 10)])
        try tamper("DELETE FROM audit_end")
        #expect(try store.verifyAudit().faults == [.endless])
    }
}

@Suite("Masking")
struct MaskingTests {
    private func masked(_ json: String, known: [String] = []) -> String {
        String(decoding: Masking(known: known.map { bytes($0) }).document(json, namesTell: true).json, as: UTF8.self)
    }

    @Test("what a name says is a secret is masked, in any spelling", arguments: [
        "key", "api_key", "apiKey", "X-Api-Key", "aws_secret_access_key", "awsSecretAccessKey", "password", "client_secret", "clientSecret", "Authorization",
        "session_token", "aws_session_token", "private_key", "credentials", "cookie", "azure_entra_client_secret", "vertex_service_account_json", "api_keys",
    ])
    func secretNames(name: String) {
        #expect(masked(#"{"\#(name)":"open sesame"}"#) == #"{"\#(name)":"…"}"#)
        #expect(masked(#"{"a":[{"\#(name)":{"b":"open sesame"}}]}"#) == #"{"a":[{"\#(name)":"…"}]}"#)
        #expect(masked(#"{"\#(name)":"open sesame of thieves"}"#) == #"{"\#(name)":"…eves"}"#)
    }

    @Test("other names are left alone", arguments: [
        "max_tokens", "virtual_key", "tokens", "keyword", "model", "monkey_name", "cache_key", "aws_access_key_id", "token_count",
    ])
    func otherNames(name: String) { #expect(masked(#"{"\#(name)":"open sesame"}"#) == #"{"\#(name)":"open sesame"}"#) }

    @Test("what looks like a key is masked wherever it stands", arguments: [
        "sk-proj-0123456789abcdef", "sk_live_0123456789abcdefghij", "AKIAIOSFODNN7EXAMPLE", "AIzaSyA0123456789abcdef", "ghp_0123456789abcdefghij",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "gsk_0123456789abcdef", "0123456789abcdef0123456789abcdef", "hf_abcdefghijklmnop",
    ])
    func looksLikeAKey(secret: String) {
        let end = "…" + secret.suffix(4)
        #expect(masked(#"{"note":"use \#(secret), please"}"#) == #"{"note":"use \#(end), please"}"#)
        #expect(masked(#"{"url":"https://h/?k=\#(secret)&b=1"}"#) == #"{"url":"https://h/?k=\#(end)&b=1"}"#)
    }

    @Test("names, versions, addresses and identifiers are not", arguments: [
        "claude-3-5-sonnet-20241022", "01935c5e-7a1b-7c3d-9e4f-0123456789ab", "https://example.openai.azure.com/openai/deployments/gpt", "pc-fallba-9f2c1a",
        "an ordinary sentence about nothing in particular", "anthropic.claude-3-haiku-20240307-v1:0",
    ])
    func looksLikeNoKey(text: String) { #expect(masked(#"{"a":"\#(text)"}"#) == #"{"a":"\#(text)"}"#) }

    @Test("a known secret is masked in any text, also in a name")
    func knownSecrets() {
        #expect(masked(#"{"a":"x open-sesame-of-thieves y","open-sesame-of-thieves":1}"#, known: ["open-sesame-of-thieves"]) == #"{"a":"x …eves y","…eves":1}"#)
        #expect(masked(#"{"a":"-----BEGIN PRIVATE KEY-----\nabc"}"#) == #"{"a":"…"}"#)
        #expect(masked("{") == #""…""#)
    }
}
