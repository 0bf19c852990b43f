import Bytes
import Foundation
import GRDB
import Ledger
import Testing
@testable import Store

@Suite("Gateway keys and credentials of the store")
struct KeyTests {
    private let world: World

    init() throws { world = try World() }

    private var store: SQLiteStore { world.store }

    private func whose(_ secret: String) throws -> String? { try bytes(secret).whose(in: store) }

    @Test("a key's secret is told once, found by its digest, and in no file of the store")
    func shownOnce() throws {
        let issued = try store.issue(world.key("prod"), secret: nil, by: .system)
        #expect(Array(issued.secret.utf8).withByteSlice { GatewayKey.form(of: $0) } == .wellFormed)
        #expect(issued.key.lastFour == issued.secret.suffix(4))
        #expect(try whose(issued.secret) == issued.key.id)
        #expect(try whose(issued.secret + "x") == nil)
        try world.close()
        for name in try FileManager.default.contentsOfDirectory(atPath: world.folder.path) {
            let content = try Data(contentsOf: URL(fileURLWithPath: world.folder.file(name)))
            #expect(content.range(of: Data(issued.secret.utf8.dropFirst(20).prefix(20))) == nil, "\(name)")
        }
    }

    @Test("the digest is HMAC-SHA-256 of the key's SHA-256, by a pepper of the keyring: another keyring knows no key")
    func peppered() throws {
        let secret = "sk-brought-along-0123456789abcdef"
        let issued = try store.issue(world.key("prod"), secret: bytes(secret), by: .system)
        #expect(issued.secret == secret)
        let plain = bytes(secret).keyDigest
        #expect(issued.key.digest == store.pepper.digest(of: plain).bytes && issued.key.digest != plain.bytes)
        let other = Vault(try Keyring(madeOn: Date()), from: .file("/nowhere"))
        #expect(other.pepper.digest(of: plain) != store.pepper.digest(of: plain))
    }

    @Test("a key that is brought along has 32 bytes or more, printable", arguments: [
        "", String(repeating: "k", count: 31), String(repeating: "k", count: 20) + " " + String(repeating: "k", count: 20), String(repeating: "k", count: 513),
        "{" + String(repeating: "k", count: 40), String(repeating: "é", count: 20),
    ])
    func badSecrets(secret: String) throws {
        guard case .invalid(field: "key", _) = failure({ _ = try store.issue(world.key("a"), secret: bytes(secret), by: .system) }) else {
            Issue.record("taken")
            return
        }
    }

    @Test("the shortest and the longest key that may be brought along are taken, and not twice", arguments: [StoreLimits.broughtKeyByteCount, 512])
    func broughtBounds(count: Int) throws {
        let secret = bytes(String(repeating: "k", count: count))
        #expect(try whose(secret.text) == nil)
        let key = try store.issue(world.key("a"), secret: secret, by: .system).key
        #expect(try whose(secret.text) == key.id)
        #expect(failure { _ = try store.issue(world.key("b"), secret: secret, by: .system) } == .taken(kind: "API key", field: "digest"))
    }

    @Test("after a rotation both secrets open until the transition is over; id, limits and name stay")
    func rotation() throws {
        let first = try store.issue(world.key("prod"), secret: nil, by: .system)
        let second = try store.rotate(first.key.id, in: world.scope, by: .system)
        #expect(second.key.id == first.key.id && second.key.name == "prod" && second.secret != first.secret)
        #expect(second.key.previousExpiresAt == world.clock.now + StoreLimits.usualTransitionMilliseconds)
        #expect(try whose(first.secret) == first.key.id && whose(second.secret) == first.key.id)
        // One transition at a time.
        let until = try #require(second.key.previousExpiresAt)
        #expect(failure { _ = try store.rotate(first.key.id, in: world.scope, transition: 1, by: .system) } == .inTransition(until: until))
        world.clock.pass(StoreLimits.usualTransitionMilliseconds - 1)
        #expect(try whose(first.secret) == first.key.id)
        world.clock.pass(1)
        #expect(try whose(first.secret) == nil && whose(second.secret) == first.key.id)
        let third = try store.rotate(first.key.id, in: world.scope, transition: 1000, by: .system)
        #expect(try whose(second.secret) == first.key.id && whose(third.secret) == first.key.id)
    }

    @Test("a rotation without transition shuts out the old secret, and one in transition, at once")
    func rotationAtOnce() throws {
        let first = try store.issue(world.key("leaked"), secret: nil, by: .system)
        let second = try store.rotate(first.key.id, in: world.scope, transition: 1_000_000, by: .system)
        let third = try store.rotate(first.key.id, in: world.scope, transition: 0, by: .system)
        #expect(try [first.secret, second.secret].allSatisfy { try whose($0) == nil } && whose(third.secret) == first.key.id)
        #expect(third.key.previousDigest == nil && third.key.previousExpiresAt == nil)
    }

    @Test("the longest transition is taken, and a longer or a negative one is not")
    func transitionBounds() throws {
        let key = try store.issue(world.key("a"), secret: nil, by: .system).key
        for transition in [-1, StoreLimits.transitionMilliseconds + 1, Int64.max] {
            guard case .invalid = failure({ _ = try store.rotate(key.id, in: world.scope, transition: transition, by: .system) }) else {
                Issue.record("taken: \(transition)")
                continue
            }
        }
        _ = try store.rotate(key.id, in: world.scope, transition: StoreLimits.transitionMilliseconds, by: .system)
    }

    @Test("a deleted key's secret is nobody's")
    func deleted() throws {
        let issued = try store.issue(world.key("a"), secret: nil, by: .system)
        try store.delete(APIKey.self, issued.key.id, in: world.scope, at: nil, by: .system)
        #expect(try whose(issued.secret) == nil)
    }

    @Test("when a key was last used only moves on, and is no change of the key")
    func lastUse() throws {
        let key = try store.issue(world.key("a"), secret: nil, by: .system).key
        let generation = try store.generation()
        try store.noteUse([key.id: 500, "unknown": 1])
        try store.noteUse([key.id: 400])
        let found = try store.find(APIKey.self, key.id, in: world.scope)
        #expect(found.lastUsedAt == 500 && found.revision == key.revision)
        #expect(try store.generation() == generation)
    }

    // MARK: Credentials

    @Test("a credential is in the vault, its end is told, and it is in no file of the store")
    func credentials() throws {
        let (_, credential) = try world.virtualKey("openai", "sk-proj-0123456789abcdefghijklmnop")
        #expect(credential.lastFour == "mnop" && credential.reference == nil)
        #expect(try world.secrets().map(\.name.id).contains(credential.id + "/secret"))
        try world.close()
        for name in try FileManager.default.contentsOfDirectory(atPath: world.folder.path) {
            let content = try Data(contentsOf: URL(fileURLWithPath: world.folder.file(name)))
            for secret in ["sk-proj-0123456789", "wJalrXUtnFEMIK7MDENG"] { #expect(content.range(of: Data(secret.utf8)) == nil, "\(name)") }
        }
    }

    @Test("swapped in place, the next snapshot has the new value, and the old one is not kept")
    func swapped() throws {
        let (key, credential) = try world.virtualKey("openai", "sk-old-0123456789abcdef")
        _ = try store.replaceCredential(credential.id, in: world.scope, with: .secret(bytes("sk-new-0123456789abcdef")), by: .system)
        let slot = try #require(try store.snapshotRows(SecretReferenceRules()).virtualKeys.first)
        #expect(slot.key == key && slot.credentials.map(\.secret.text) == ["sk-new-0123456789abcdef"])
        #expect(try world.secrets().first { $0.name.id == credential.id + "/secret" }?.name.version == 2)
        let reference = try SecretReference("env:NEW_KEY")
        let referring = try store.replaceCredential(credential.id, in: world.scope, with: .reference(reference), by: .system)
        #expect(referring.reference == "env:NEW_KEY" && referring.lastFour.isEmpty)
        #expect(try world.secrets().allSatisfy { $0.name.id != credential.id + "/secret" })
    }

    @Test("what no header field can carry is refused, and a key file of JSON is taken")
    func credentialValues() throws {
        let (key, _) = try world.virtualKey("openai")
        let most = StoreLimits.secretByteCount
        for text in ["", "a b", "a\r\nb", "é", String(repeating: "x", count: most + 1)] {
            guard case .invalid(field: "key", _) = failure({ _ = try store.addCredential(world.credential(of: key), .secret(bytes(text)), by: .system) }) else {
                Issue.record("taken: \(text.prefix(10))")
                continue
            }
        }
        let file = #"{"type": "service_account", "private_key": "-----BEGIN\n"}"#
        #expect(try store.addCredential(world.credential(of: key), .secret(bytes(file)), by: .system).lastFour == "")
        #expect(try store.addCredential(world.credential(of: key), .secret(bytes(String(repeating: "x", count: most))), by: .system).lastFour == "xxxx")
        var heavy = world.credential(of: key, weight: Int64(StoreLimits.weight))
        _ = try store.addCredential(heavy, .secret(bytes("sk-1")), by: .system)
        heavy.weight += 1
        guard case .invalid(field: "weight", _) = failure({ _ = try store.addCredential(heavy, .secret(bytes("sk-1")), by: .system) }) else {
            Issue.record("a weight above the limit was taken")
            return
        }
        var ownerless = heavy
        (ownerless.weight, ownerless.virtualKeyID) = (1, nil)
        guard case .invalid = failure({ _ = try store.addCredential(ownerless, .secret(bytes("sk-1")), by: .system) }) else {
            Issue.record("a credential of nobody was taken")
            return
        }
    }
}

extension SecretBytes {
    fileprivate func whose(in store: SQLiteStore) throws -> String? { try withBytes { try store.key(presenting: $0) }?.id }

}
