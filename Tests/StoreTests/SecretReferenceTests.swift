import Bytes
import Foundation
import Testing
@testable import Store

@Suite("References to secrets")
struct SecretReferenceTests {
    private let folder = Folder()

    private var rules: SecretReferenceRules {
        SecretReferenceRules(environment: { ["OPENAI_API_KEY": "sk-env", "EMPTY": "", "LINES": "a\nb"][$0] }, folders: [folder.path])
    }

    private func resolve(_ text: String) throws -> String { try SecretReference(text).resolve(rules).text }

    @Test("a variable, a file, and a member of a JSON file are looked up")
    func lookedUp() throws {
        try folder.write("sk-file\n", to: "key")
        try folder.write(#"{"openai":{"key":"sk-json","n":1},"a":["x"]}"#, to: "all.json")
        #expect(try resolve("env:OPENAI_API_KEY") == "sk-env")
        #expect(try resolve("file:\(folder.file("key"))") == "sk-file")
        #expect(try resolve("file:\(folder.file("all.json"))#openai.key") == "sk-json")
        #expect(try resolve("file:\(folder.file("all.json"))").hasPrefix("{"))
    }

    @Test("each look-up sees what is there now")
    func notKept() throws {
        try folder.write("sk-1", to: "key")
        #expect(try resolve("file:\(folder.file("key"))") == "sk-1")
        try folder.write("sk-2", to: "key")
        #expect(try resolve("file:\(folder.file("key"))") == "sk-2")
    }

    @Test("what is no reference is refused", arguments: [
        ("sk-1", SecretReferenceError.unknownKind), ("file:relative", .unknownKind), ("file:", .unknownKind), ("vault:kv/a", .unknownKind),
        ("env:", .noVariableName),
        ("env:1A", .noVariableName), ("env:A B", .noVariableName), ("env:SLUICE_KEYRING", .ownVariable("SLUICE_KEYRING")), ("file:/", .noPath),
        ("file:/a#", .noPath), ("file:/a#b..c", .noPath), ("file:/a\0b", .noPath),
        ("env:" + String(repeating: "A", count: StoreLimits.referenceByteCount - 3), .tooLong),
    ])
    func refused(text: String, error: SecretReferenceError) {
        #expect(throws: error) { try SecretReference(text) }
    }

    @Test("a reference as long as the limit is taken")
    func longest() throws {
        let text = "env:" + String(repeating: "A", count: StoreLimits.referenceByteCount - 4)
        #expect(try SecretReference(text).description == text && text.utf8.count == StoreLimits.referenceByteCount)
    }

    @Test("what is found and is no credential is refused, without telling it")
    func unusable() throws {
        try folder.write("", to: "empty")
        try folder.write(String(repeating: "x", count: StoreLimits.referencedFileByteCount + 1), to: "long")
        try folder.write(#"{"a":1,"b":{"c":"x y"}}"#, to: "json")
        #expect(throws: SecretReferenceError.notSet("NONE")) { try resolve("env:NONE") }
        #expect(throws: SecretReferenceError.unusable("variable EMPTY", .empty)) { try resolve("env:EMPTY") }
        #expect(throws: SecretReferenceError.unusable("variable LINES", .unprintable)) { try resolve("env:LINES") }
        #expect(throws: SecretReferenceError.unusable(folder.file("empty"), .empty)) { try resolve("file:\(folder.file("empty"))") }
        #expect(throws: SecretReferenceError.notJSON(folder.file("long"))) { try resolve("file:\(folder.file("long"))") }
        #expect(throws: SecretReferenceError.notJSON(folder.file("empty"))) { try resolve("file:\(folder.file("empty"))#a") }
        #expect(throws: SecretReferenceError.noMember(folder.file("json"), "a")) { try resolve("file:\(folder.file("json"))#a") }
        #expect(throws: SecretReferenceError.noMember(folder.file("json"), "b.d")) { try resolve("file:\(folder.file("json"))#b.d") }
        #expect(throws: SecretReferenceError.unusable(folder.file("json"), .unprintable)) { try resolve("file:\(folder.file("json"))#b.c") }
    }

    @Test("files outside the folders are not read, by no detour")
    func outside() throws {
        let other = Folder()
        try other.write("sk-other", to: "key")
        let inner = Folder()
        try FileManager.default.createSymbolicLink(atPath: folder.file("link"), withDestinationPath: other.file("key"))
        let detour = folder.path + "/../" + URL(fileURLWithPath: other.path).lastPathComponent + "/key"
        for path in [other.file("key"), folder.file("link"), detour, "/etc/passwd"] {
            #expect(throws: SecretReferenceError.outside(path, folders: [folder.path])) { try resolve("file:\(path)") }
        }
        // A folder whose name only begins alike.
        #expect(throws: SecretReferenceError.self) {
            try SecretReference("file:\(other.file("key"))").resolve(SecretReferenceRules(folders: [String(other.path.dropLast(4))]))
        }
        #expect(try SecretReference("file:\(other.file("key"))").resolve(SecretReferenceRules(folders: [inner.path, other.path])).text == "sk-other")
    }

    @Test("a link within the folders is followed: mounted secrets are such")
    func linkWithin() throws {
        try folder.write("sk-1", to: "data")
        try FileManager.default.createSymbolicLink(atPath: folder.file("key"), withDestinationPath: folder.file("data"))
        #expect(try resolve("file:\(folder.file("key"))") == "sk-1")
    }

    @Test("a file that others may write is not trusted")
    func writable() throws {
        let path = try folder.write("sk-1", to: "key", mode: 0o666)
        #expect(throws: SecretReferenceError.writable(path, mode: "666")) { try resolve("file:\(path)") }
        #expect(throws: SecretReferenceError.notAFile(folder.path + "/.")) {
            try SecretReference("file:\(folder.path)/.").resolve(SecretReferenceRules(folders: [folder.path + "/.."]))
        }
    }
}
