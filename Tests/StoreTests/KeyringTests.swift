import Bytes
import Foundation
import Glibc
import Testing
@testable import Store

@Suite("Keyring")
struct KeyringTests {
    private static let pepper = "6fd11ab3c58e02947bd0aa6c41f83e95d2077a1be49c3f5860b2d81e94735ac6"
    private static let first = "81c05e7723b96fd4480a9bee16f2c37d5a8844d1e0937b62fc1d09a83ee45b70"
    private static let second = "c40f7be2915d38a6037ce1f4885a2bd960fe14b37283c9ed5106af9d42e87b31"

    private func digits(_ secret: SecretBytes) -> String {
        secret.withBytes { Hexadecimal.text(Array(UnsafeBufferPointer(start: $0.base, count: $0.count))) }
    }

    private func read(_ text: String) throws -> Keyring { try Keyring(bytes(text)) }

    @Test("it is written as it is read, over lines or in one, with comments")
    func written() throws {
        let text = "\(Keyring.magic) # ours\npepper \(Self.pepper)\n\n# old\nkey a \(Self.first)\nkey 2026-b \(Self.second.uppercased())"
        let line = "\(Keyring.magic) pepper \(Self.pepper) key a \(Self.first) key 2026-b \(Self.second)"
        for keyring in [try read(text), try read(line), try read(try read(text).text.text)] {
            #expect(keyring.keys.map(\.id) == ["a", "2026-b"] && keyring.newest.id == "2026-b")
            #expect(digits(try #require(keyring.key("a")).secret) == Self.first && digits(keyring.pepper) == Self.pepper)
        }
    }

    @Test("what is no keyring is refused, and the line named", arguments: [
        ("", KeyringError.notAKeyring),
        ("sluice-keyring-2 pepper a", .notAKeyring),
        ("MAGIC", .missing("pepper")),
        ("MAGIC pepper PEPPER", .missing("key")),
        ("MAGIC key a FIRST", .missing("pepper")),
        ("MAGIC pepper PEPPER key a", .cutShort("key a", line: 1)),
        ("MAGIC\npepper PEPPER\nkey", .badName(line: 3)),
        ("MAGIC pepper PEPPER key a/b FIRST", .badName(line: 1)),
        ("MAGIC pepper PEPPER\npepper PEPPER", .twice("pepper", line: 2)),
        ("MAGIC pepper PEPPER key a FIRST\nkey a SECOND", .twice("key a", line: 2)),
        ("MAGIC pepper FIRST key a FIRST", .twice("the pepper as key a", line: 1)),
        ("MAGIC pepper PEPPER\nkeys a FIRST", .unknownWord(line: 2)),
        ("MAGIC pepper abcd key a FIRST", .wrongLength("pepper", line: 1, digits: 4)),
        ("MAGIC pepper PEPPER key a FIRST00", .wrongLength("key a", line: 1, digits: 66)),
        ("MAGIC pepper PEPPER key a xFIRSTSHORT", .noHexadecimal("key a", line: 1)),
    ])
    func refused(text: String, error: KeyringError) {
        let text = text.replacing("MAGIC", with: Keyring.magic).replacing("PEPPER", with: Self.pepper)
            .replacing("FIRSTSHORT", with: String(Self.first.dropLast())).replacing("FIRST", with: Self.first).replacing("SECOND", with: Self.second)
        #expect(throws: error) { try read(text) }
        #expect(!error.description.contains(Self.first))
    }

    @Test("keys that somebody chose, or that were published, are refused", arguments: [
        String(repeating: "00", count: 32), String(repeating: "ff", count: 32), String(repeating: "0123456789abcdef", count: 4),
        (0..<32).map { Hexadecimal.text([UInt8($0)]) }.joined(), (0..<32).map { Hexadecimal.text([UInt8(200 - 3 * $0)]) }.joined(),
        Hexadecimal.text(Array("correct horse battery staple, 32".utf8)), Hexadecimal.text(Array("sk-1234567890abcdefghijklmnopqrs".utf8)),
        "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4", "FEFFE9928665731C6D6A8F9467308308FEFFE9928665731C6D6A8F9467308308",
    ])
    func guessable(digits: String) {
        #expect(throws: KeyringError.guessable("key a", line: 1)) { try read("\(Keyring.magic) pepper \(Self.pepper) key a \(digits)") }
    }

    @Test("keys that were made are never taken for chosen ones")
    func madeKeysPass() throws {
        for _ in 0..<500 { _ = try read(try Keyring(madeOn: Date()).text.text) }
    }

    @Test("a hundred keys are taken, and one more is not; nor is a text longer than the limit")
    func bounds() throws {
        var keyring = try Keyring(madeOn: Date())
        for _ in 1..<StoreLimits.keyringKeyCount { try keyring.addKey(madeOn: Date()) }
        #expect(try read(keyring.text.text).keys.count == StoreLimits.keyringKeyCount)
        #expect(throws: KeyringError.tooManyKeys) { try keyring.addKey(madeOn: Date()) }
        #expect(throws: KeyringError.tooManyKeys) { try read(keyring.text.text + " key one-more \(Self.first)") }
        let long = keyring.text.text
        let padded = long + "#" + String(repeating: "x", count: StoreLimits.keyringByteCount - long.utf8.count - 1)
        #expect(try read(padded).keys.count == StoreLimits.keyringKeyCount)
        #expect(throws: KeyringError.tooLong) { try read(padded + "x") }
        let name = String(repeating: "n", count: StoreLimits.keyNameByteCount)
        #expect(try read("\(Keyring.magic) pepper \(Self.pepper) key \(name) \(Self.first)").newest.id == name)
        #expect(throws: KeyringError.badName(line: 1)) { try read("\(Keyring.magic) pepper \(Self.pepper) key \(name)n \(Self.first)") }
    }

    // MARK: Sources

    @Test("the variable holds a keyring or names its file; without it the file is in the data directory")
    func sources() throws {
        #expect(KeyringSource(variable: nil, dataDirectory: "/d").description == "/d/keyring")
        #expect(KeyringSource(variable: "", dataDirectory: "/d").description == "/d/keyring")
        #expect(KeyringSource(variable: "/etc/k", dataDirectory: "/d").description == "/etc/k")
        let source = KeyringSource(variable: try Keyring(madeOn: Date()).text.text, dataDirectory: "/d")
        #expect(source.description == "SLUICE_KEYRING")
        #expect(try source.load()?.keys.count == 1)
        #expect(throws: KeyringError.inVariable) { try source.rotate(madeOn: Date()) }
    }

    @Test("a keyring's file is made for its owner alone, is not made twice, and a rotation keeps what was in it")
    func files() throws {
        let folder = Folder()
        let source = KeyringSource.file(folder.file("keyring"))
        #expect(try source.load() == nil)
        let made = try source.create(madeOn: Date())
        #expect(try folder.mode(of: "keyring") == 0o600)
        let again = try source.create(madeOn: Date())
        #expect(again.newest.id == made.newest.id && digits(again.pepper) == digits(made.pepper))
        let id = try source.rotate(madeOn: Date())
        let rotated = try #require(try source.load())
        #expect(rotated.keys.map(\.id) == [made.newest.id, id] && digits(rotated.pepper) == digits(made.pepper))
        #expect(try folder.mode(of: "keyring") == 0o600)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["keyring"])
    }

    @Test("rotations at the same time lose no key")
    func rotationsWait() async throws {
        let folder = Folder()
        let source = KeyringSource.file(folder.file("keyring"))
        _ = try source.create(madeOn: Date())
        let ids = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<8 { group.addTask { try source.rotate(madeOn: Date()) } }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(ids.count == 8)
        #expect(Set(try #require(try source.load()).keys.dropFirst().map(\.id)) == ids)
    }

    @Test("a file that others may read is refused, with what to do", arguments: [0o640, 0o604, 0o666, 0o610])
    func looseModes(mode: Int) throws {
        let folder = Folder()
        let path = try folder.write(try Keyring(madeOn: Date()).text.text, to: "keyring", mode: mode)
        let error = KeyringError.loose(path: path, mode: String(mode, radix: 8))
        #expect(throws: error) { try KeyringSource.file(path).load() }
        #expect(error.description.contains("chmod 600 \(path)"))
    }

    @Test("what is in its place and is no file is refused, and holds nobody up")
    func noFile() throws {
        let folder = Folder()
        #expect(throws: KeyringError.notAFile(path: folder.path)) { try KeyringSource.file(folder.path).load() }
        let pipe = folder.file("pipe")
        #expect(mkfifo(pipe, 0o600) == 0)
        #expect(throws: KeyringError.notAFile(path: pipe)) { try KeyringSource.file(pipe).load() }
    }

    @Test("another user's file is refused", .enabled(if: geteuid() == 0, "skipped: only root can give a file away"))
    func anothersFile() throws {
        let folder = Folder()
        let path = try folder.write(try Keyring(madeOn: Date()).text.text, to: "keyring")
        #expect(chown(path, 65534, 65534) == 0)
        #expect(throws: KeyringError.strangersFile(path: path, owner: 65534)) { try KeyringSource.file(path).load() }
    }
}
