import Bytes
import Foundation
import Testing

@testable import Tokens

/// A file of Tests/Fixtures/vertex.
private func fixture(_ name: String) throws -> String {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures/vertex")
    return try String(contentsOf: folder.appending(path: name), encoding: .utf8)
}

private func account(_ json: String) throws(ServiceAccountFault) -> ServiceAccount {
    try Array(json.utf8).withByteSlice { (bytes) throws(ServiceAccountFault) in try ServiceAccount(json: bytes) }
}

private func text(_ bytes: borrowing Wiped) -> String { bytes.withBytes { String($0) } }

@Suite("Service accounts")
struct ServiceAccountTests {
    @Test("a key file says who, of which project, and with which key")
    func reads() throws {
        let account = try account(fixture("account.json"))
        #expect(account.email == "a@p.example" && account.project == "fixture-project" && account.keyID == "k1")
        #expect(account.key.withBytes { String($0) }.hasPrefix("-----BEGIN PRIVATE KEY-----\nMII"))
    }

    @Test("the statement is the one openssl signs (RFC 7515 §3.1, RFC 7518 §3.3)")
    func assertion() throws {
        let assertion = try account(fixture("account.json")).assertion(audience: "https://t.example/token", scope: "s", wallSeconds: 1_700_000_000)
        #expect(try text(assertion) == fixture("assertion.txt").trimmingCharacters(in: .newlines))
    }

    @Test("the form asks for a token by the statement (RFC 7523 §2.1)")
    func form() throws {
        let source = TokenSource(try account(fixture("account.json")), endpoint: nil)
        #expect(source.url == "https://oauth2.googleapis.com/token" && source.subject == "service account a@p.example")
        guard let form = try source.form(wallSeconds: 1_700_000_000) else { throw Failure() }
        let written = text(form)
        #expect(written.hasPrefix("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=eyJ"))
        #expect(!written.contains("PRIVATE") && written.split(separator: ".").count == 3)
    }

    private struct Failure: Error {}

    @Test(
        "keys that are short, no RSA, encrypted, or none are refused when something is to be signed, without a word of theirs",
        arguments: ["short.pem", "ec.pem", "enc.pem", "README.md"])
    func keys(name: String) throws {
        let pem = try fixture(name)
        var escaped: [UInt8] = []
        for byte in pem.utf8 where byte != UInt8(ascii: "\"") { escaped += byte == 0x0A ? Array("\\n".utf8) : [byte] }
        let json = "{\"client_email\":\"a@p.example\",\"private_key\":\"\(String(decoding: escaped, as: UTF8.self))\"}"
        let found = try account(json)
        do throws(TokenFault) {
            _ = try found.assertion(audience: "a", scope: "s", wallSeconds: 1)
            Issue.record("a signature by \(name)")
        } catch {
            #expect(error.message == "the private_key of service account a@p.example is no RSA key in PEM of 2048 to 4096 bits")
        }
    }

    @Test(
        "what is no key file says what is missing",
        arguments: [
            ("no", ServiceAccountFault.notJSON), ("[]", .notJSON), ("{", .notJSON), ("{}", .missing("client_email")),
            (#"{"type":"authorized_user"}"#, .otherType), (#"{"client_email":""}"#, .missing("client_email")),
            (#"{"client_email":7}"#, .missing("client_email")), (#"{"client_email":"a\"b"}"#, .unreadable("client_email")),
            (#"{"client_email":"a b"}"#, .unreadable("client_email")), (#"{"client_email":"a","project_id":"é"}"#, .unreadable("project_id")),
            (#"{"client_email":"a","private_key_id":"\n"}"#, .unreadable("private_key_id")), (#"{"client_email":"a"}"#, .missing("private_key")),
            (#"{"client_email":"a","private_key":""}"#, .missing("private_key")),
        ])
    func faults(json: String, fault: ServiceAccountFault) {
        #expect(throws: fault) { try account(json) }
    }

    @Test("names and files are bounded")
    func bounds() {
        let longest = String(repeating: "a", count: TokenLimits.accountNameByteCount)
        #expect(throws: ServiceAccountFault.missing("private_key")) { try account("{\"client_email\":\"\(longest)\"}") }
        #expect(throws: ServiceAccountFault.unreadable("client_email")) { try account("{\"client_email\":\"\(longest)a\"}") }
        let frame = "{\"client_email\":\"a\",\"private_key\":\"\"}".utf8.count
        func padded(_ count: Int) -> String { "{\"client_email\":\"a\",\"private_key\":\"\(String(repeating: "k", count: count))\"}" }
        #expect(throws: Never.self) { try account(padded(TokenLimits.accountByteCount - frame)) }
        #expect(throws: ServiceAccountFault.tooLong) { try account(padded(TokenLimits.accountByteCount - frame + 1)) }
    }

    @Test("digits of base64url come out without padding (RFC 4648 §5, §10)", arguments: [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("\u{3FF}\u{3FF}", "z7_Pvw")])
    func base64URL(bytes: String, digits: String) {
        let written = Wiped(capacity: 64) { writer in Array(bytes.utf8).withByteSlice { writer.append(base64URL: $0) } }
        #expect(text(written) == digits)
    }

    @Test("two readings of one file are one source, another key is another")
    func sources() throws {
        let json = try fixture("account.json")
        #expect(try TokenSource(account(json), endpoint: nil) == TokenSource(account(json), endpoint: nil))
        let changed = json.replacing("MIIE", with: "MIIF")
        #expect(try changed != json && TokenSource(account(json), endpoint: nil) != TokenSource(account(changed), endpoint: nil))
    }
}

@Suite("Identities of machines")
struct MachineIdentityTests {
    private struct Failure: Error {}

    @Test("a managed identity is asked for at the metadata service, by its client where there are several")
    func managed() throws {
        let only = TokenSource(metadata: nil, client: "")
        #expect(only.url == "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fcognitiveservices.azure.com%2F")
        #expect(TokenSource(metadata: "http://127.0.0.1:1", client: "a&b").url.hasSuffix("cognitiveservices.azure.com%2F&client_id=a%26b"))
        #expect(only.subject == "this machine")
        switch try only.form(wallSeconds: 1) {
        case .some: Issue.record("a managed identity has no form")
        case nil: break
        }
    }

    private func workload(_ path: String) -> TokenSource {
        TokenSource(authority: "https://login.example", tenant: "t", client: "c", tokenFile: path, scope: "")
    }

    private func withFile(_ bytes: [UInt8], _ body: (String) throws -> Void) throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID())")
        try Data(bytes).write(to: url)
        defer { try? FileManager.default.removeItem(at: url) }
        try body(url.path)
    }

    @Test("the cluster's token is shown to Entra, as the file has it now (RFC 7523 §2.2)")
    func federated() throws {
        try withFile(Array("one.two\n".utf8)) { path in
            let source = workload(path)
            guard let form = try source.form(wallSeconds: 1) else { throw Failure() }
            #expect(
                text(form) == "grant_type=client_credentials&client_id=c&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
                    + "&client_assertion=one.two&scope=https%3A%2F%2Fcognitiveservices.azure.com%2F.default")
            try Data("three".utf8).write(to: URL(filePath: path))
            guard let later = try source.form(wallSeconds: 1) else { throw Failure() }
            #expect(text(later).contains("&client_assertion=three&"))
        }
    }

    private func fault(_ path: String) -> String {
        do throws(TokenFault) {
            _ = try TokenFile.read(path)
            return ""
        } catch {
            return error.message
        }
    }

    @Test("a file that is not there, is none, is empty or too long is a clear refusal")
    func files() throws {
        #expect(fault("/nowhere/token").hasSuffix("/nowhere/token cannot be read: No such file or directory"))
        #expect(fault("/dev/null").hasSuffix("is not a file"))
        try withFile([0x0A]) { #expect(fault($0).hasSuffix("is empty")) }
        try withFile([UInt8](repeating: 0x61, count: TokenLimits.fileByteCount)) { #expect(fault($0).isEmpty) }
        try withFile([UInt8](repeating: 0x61, count: TokenLimits.fileByteCount + 1)) { #expect(fault($0).hasSuffix("is longer than 16384 bytes")) }
        guard case .refused(let reason) = TokenFetcher.fetch(workload("/nowhere/token")) else { throw Failure() }
        #expect(reason.contains("/nowhere/token"))
    }
}
