import Bytes
import Configuration
import Glibc
import JSON
import Testing

@Suite("Secrets")
struct SecretTests {
    private static let literal = "sk-live-0123456789abcdef9f2c"

    private func configuration(_ secret: String) throws -> ServerConfiguration {
        try Fixture.configuration("version: 1\nvirtual_keys:\n  a: {provider: openai, api_key: \"\(secret)\"}\n")
    }

    /// A file of its own with `text` and `mode`, gone after `body`.
    private func withFile(_ text: String, mode: mode_t = 0o600, _ body: (String) throws -> Void) throws {
        var path = Array("/tmp/sluice-secret-XXXXXX".utf8CString)
        let descriptor = mkstemp(&path)
        guard descriptor >= 0 else { throw Fixture.Unexpected(text: "no temporary file") }
        let name = String(decoding: path.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { unlink(name) }
        _ = text.withCString { write(descriptor, $0, strlen($0)) }
        fchmod(descriptor, mode)
        close(descriptor)
        try body(name)
    }

    @Test("no way of printing a configuration shows a secret")
    func neverPrinted() throws {
        let configuration = try configuration(SecretTests.literal)
        let key = try #require(configuration.virtualKeys[0].apiKey)
        #expect("\(key)" == "…9f2c")
        #expect(String(reflecting: key) == "…9f2c")
        var dumped = ""
        dump(configuration, to: &dumped)
        dump(configuration.resolveSecrets(environment: { _ in nil }).secrets, to: &dumped)
        #expect(!dumped.contains("0123456789"))
        #expect(!"\(configuration)".contains("0123456789"))
    }

    @Test("a short secret shows nothing of itself")
    func shortSecret() throws {
        let key = try #require(configuration("hunter2-9f2c").virtualKeys[0].apiKey)
        #expect("\(key)" == "…")
    }

    @Test("literals, variables and files are looked up, a line break at a file's end aside")
    func resolved() throws {
        func value(_ secret: String) throws -> String {
            let resolved = try configuration(secret).resolveSecrets(environment: { $0 == "KEY" ? "from-env" : nil })
            #expect(resolved.diagnostics.isEmpty)
            return String(try #require(resolved.secrets.virtualKeys[0]).bytes)
        }
        #expect(try value(SecretTests.literal) == SecretTests.literal)
        #expect(try value("env:KEY") == "from-env")
        try withFile("from-file\r\n", mode: 0o444) { path in
            let found = try value("file:\(path)")
            #expect(found == "from-file")
        }
    }

    @Test("a service account's key file may have lines and blanks, and more bytes than what a header line carries; nothing else may")
    func accounts() throws {
        func found(_ text: String) throws -> (text: String?, fault: String) {
            var result: (String?, String) = (nil, "")
            try withFile(text) { path in
                let resolved = try configuration("file:\(path)").resolveSecrets(environment: { _ in nil })
                result = (resolved.secrets.virtualKeys[0].map { String($0.bytes) }, resolved.diagnostics.rendered(path: "f"))
            }
            return result
        }
        let file = "{\n  \"private_key\": \"x y\"\n}\n"
        #expect(try found(file).text == String(file.dropLast()))
        let longest = "{" + String(repeating: " ", count: ConfigurationLimits.accountByteCount - 2) + "}"
        #expect(try found(longest).text == longest)
        #expect(try found("{ " + longest.dropFirst()).fault.contains("is longer than 8192 bytes"))
        #expect(try found("a b").fault.contains("cannot carry"))
        #expect(try found(String(repeating: "k", count: ConfigurationLimits.secretByteCount + 1)).fault.contains("is longer than 4096 bytes"))
    }

    @Test("what cannot be looked up is told with the place of its reference")
    func unresolved() throws {
        func fault(_ secret: String) throws -> String {
            let resolved = try configuration(secret).resolveSecrets(environment: { $0 == "EMPTY" ? "" : $0 == "BAD" ? "a\nb" : nil })
            #expect(resolved.secrets.virtualKeys[0] == nil)
            return resolved.diagnostics.rendered(path: "f")
        }
        #expect(try fault("env:KEY") == "f:3:34: variable KEY is not set; export it before starting\n")
        #expect(try fault("env:EMPTY") == "f:3:34: variable EMPTY is empty\n")
        #expect(try fault("env:BAD") == "f:3:34: variable BAD has a character that a header field cannot carry\n")
        #expect(try fault("file:/nowhere/key") == "f:3:34: /nowhere/key cannot be read: No such file or directory\n")
        #expect(try fault("file:/tmp") == "f:3:34: /tmp is not a file\n")
        try withFile("") { path in
            let line = try fault("file:\(path)")
            #expect(line == "f:3:34: \(path) is empty\n")
        }
        try withFile("key", mode: 0o622) { path in
            let line = try fault("file:\(path)")
            #expect(line == "f:3:34: \(path) can be written by others (mode 622); chmod 600 \(path)\n")
        }
        try withFile(String(repeating: "x", count: 5000)) { path in
            let line = try fault("file:\(path)")
            #expect(line == "f:3:34: \(path) is longer than 4096 bytes\n")
        }
    }
}
