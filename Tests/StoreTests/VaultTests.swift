import Bytes
import Foundation
import Testing
@testable import Store

@Suite("Vault")
struct VaultTests {
    private let vault: Vault
    private let name = SecretName(tenant: "org-a", id: "vk-1/secret", version: 3)

    init() throws {
        let keyring = try Keyring(madeOn: Date())
        vault = Vault(keyring, from: .text(keyring.text))
    }

    @Test("what was sealed opens in its own place", arguments: ["", "a", String(repeating: "x", count: StoreLimits.secretByteCount)])
    func roundTrip(text: String) throws {
        let sealed = try bytes(text).withBytes { try vault.seal($0, as: name) }
        #expect(try vault.open(sealed, as: name).text == text)
        #expect(sealed.wrappedKey.count == 60 && sealed.sealed.count == text.utf8.count + 28)
    }

    @Test("a secret of one byte more than the limit is refused")
    func tooLong() throws {
        let text = bytes(String(repeating: "x", count: StoreLimits.secretByteCount + 1))
        #expect(throws: VaultError.tooLong) { try text.withBytes { try vault.seal($0, as: name) } }
    }

    @Test("the same secret, sealed twice, has nothing in common")
    func sealsDiffer() throws {
        let (first, second) = (try vault.seal(ByteSlice("sk-1"), as: name), try vault.seal(ByteSlice("sk-1"), as: name))
        #expect(first.wrappedKey != second.wrappedKey && first.sealed != second.sealed)
    }

    @Test("it does not open as another tenant's, as another secret, or as another version")
    func boundToItsPlace() throws {
        let sealed = try vault.seal(ByteSlice("sk-1"), as: name)
        let others = [
            SecretName(tenant: "org-b", id: name.id, version: 3), SecretName(tenant: name.tenant, id: "vk-2/secret", version: 3),
            SecretName(tenant: name.tenant, id: name.id, version: 2), SecretName(tenant: name.tenant, id: name.id, version: 4),
            // The same bytes, parted elsewhere.
            SecretName(tenant: "org-av", id: "k-1/secret", version: 3),
        ]
        for other in others { #expect(throws: VaultError.refused(secret: other.id)) { try vault.open(sealed, as: other) } }
    }

    @Test("two records of one tenant do not open with their parts exchanged")
    func partsDoNotMix() throws {
        let first = try vault.seal(ByteSlice("sk-1"), as: name)
        let other = SecretName(tenant: name.tenant, id: "vk-2/secret", version: 3)
        let second = try vault.seal(ByteSlice("sk-2"), as: other)
        var mixed = first
        mixed.wrappedKey = second.wrappedKey
        #expect(throws: VaultError.refused(secret: name.id)) { try vault.open(mixed, as: name) }
        mixed = first
        mixed.sealed = second.sealed
        #expect(throws: VaultError.refused(secret: name.id)) { try vault.open(mixed, as: name) }
    }

    @Test("with any one byte of a record flipped, it does not open")
    func eachByteCounts() throws {
        let sealed = try vault.seal(ByteSlice("sk-0123456789"), as: name)
        for index in sealed.wrappedKey.indices {
            var bad = sealed
            bad.wrappedKey[index] ^= 1
            #expect(throws: VaultError.refused(secret: name.id)) { try vault.open(bad, as: name) }
        }
        for index in sealed.sealed.indices {
            var bad = sealed
            bad.sealed[index] ^= 0x80
            #expect(throws: VaultError.refused(secret: name.id)) { try vault.open(bad, as: name) }
        }
        for index in sealed.keyID.utf8.indices {
            var id = Array(sealed.keyID.utf8)
            id[sealed.keyID.utf8.distance(from: sealed.keyID.utf8.startIndex, to: index)] ^= 1
            var bad = sealed
            bad.keyID = String(decoding: id, as: UTF8.self)
            #expect(throws: VaultError.unknownKey(bad.keyID, secret: name.id, keyring: "SLUICE_KEYRING")) { try vault.open(bad, as: name) }
        }
        var bad = sealed
        bad.algorithm ^= 1
        #expect(throws: VaultError.unknownAlgorithm(0, secret: name.id)) { try vault.open(bad, as: name) }
    }

    @Test("after a rotation the old key still opens and the new one wraps; rewrapping leaves the ciphertext as it is")
    func rotation() throws {
        let folder = Folder()
        let source = KeyringSource.file(folder.file("keyring"))
        let vault = Vault(try source.create(madeOn: Date()), from: source)
        let old = try vault.seal(ByteSlice("sk-1"), as: name)
        #expect(try vault.rewrap(old, as: name) == nil)
        let id = try source.rotate(madeOn: Date())
        try vault.reload()
        #expect(try vault.open(old, as: name).text == "sk-1")
        #expect(try vault.seal(ByteSlice("sk-2"), as: name).keyID == id)
        let new = try #require(try vault.rewrap(old, as: name))
        #expect(new.keyID == id && new.sealed == old.sealed && new.wrappedKey != old.wrappedKey)
        #expect(try vault.open(new, as: name).text == "sk-1")
    }

    @Test("a key that another process added is found when a secret needs it, and wraps the next one")
    func keyAddedBeside() throws {
        let folder = Folder()
        let source = KeyringSource.file(folder.file("keyring"))
        let vault = Vault(try source.create(madeOn: Date()), from: source)
        let id = try source.rotate(madeOn: Date())
        let beside = Vault(try #require(try source.load()), from: source)
        #expect(try vault.open(try beside.seal(ByteSlice("sk-1"), as: name), as: name).text == "sk-1")
        #expect(try vault.seal(ByteSlice("sk-2"), as: name).keyID == id)
    }

    @Test("another keyring opens nothing, and says which key is wanted")
    func anotherKeyring() throws {
        let sealed = try vault.seal(ByteSlice("sk-1"), as: name)
        let other = try Keyring(madeOn: Date(timeIntervalSince1970: 0))
        let stranger = Vault(other, from: .text(other.text))
        #expect(throws: VaultError.unknownKey(sealed.keyID, secret: name.id, keyring: "SLUICE_KEYRING")) { try stranger.open(sealed, as: name) }
    }

    @Test("a key of the same name that is another key does not open")
    func sameNameAnotherKey() throws {
        let sealed = try vault.seal(ByteSlice("sk-1"), as: name)
        let random = try #require(AES256GCM.randomKey())
        var digits: [UInt8] = []
        random.withBytes { Hexadecimal.append($0, to: &digits) }
        let pepper = "6fd11ab3c58e02947bd0aa6c41f83e95d2077a1be49c3f5860b2d81e94735ac6"
        let text = "\(Keyring.magic) pepper \(pepper) key \(sealed.keyID) \(String(decoding: digits, as: UTF8.self))"
        let impostor = Vault(try Keyring(bytes(text)), from: .text(bytes(text)))
        #expect(throws: VaultError.refused(secret: name.id)) { try impostor.open(sealed, as: name) }
    }

    @Test("a reload that would bring another pepper, or another key under a known name, is refused, and the old ones go on")
    func changedKeyring() throws {
        let folder = Folder()
        let source = KeyringSource.file(folder.file("keyring"))
        let vault = Vault(try source.create(madeOn: Date()), from: source)
        let sealed = try vault.seal(ByteSlice("sk-1"), as: name)
        try folder.write(try Keyring(madeOn: Date()).text.text, to: "keyring")
        #expect(throws: VaultError.keyring(.changed("the pepper"))) { try vault.reload() }
        #expect(try vault.open(sealed, as: name).text == "sk-1")
        #expect(throws: VaultError.keyring(.changed("the pepper"))) { try vault.seal(ByteSlice("sk-2"), as: name) }
    }

    @Test("neither a secret's nor a key's bytes are in what describes them")
    func nothingIsPrinted() throws {
        let sealed = try vault.seal(ByteSlice("sk-0123456789abcdef-secret"), as: name)
        let opened = try vault.open(sealed, as: name)
        #expect("\(opened)" == "…cret")
        #expect(!String(reflecting: opened).contains("0123456789") && !"\(Mirror(reflecting: opened).children.map { $0 })".contains("0123456789"))
    }
}
