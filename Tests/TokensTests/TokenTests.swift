import Bytes
import Testing

@testable import Tokens

@Suite("Access tokens")
struct TokenTests {
    private let source = TokenSource(authority: "https://login.example", tenant: "t-1", client: "c", secret: Array("s&e=c ret".utf8), scope: "")

    @Test("the form asks for client credentials, every value encoded (RFC 6749 §4.4.2)")
    func form() throws {
        #expect(source.url == "https://login.example/t-1/oauth2/v2.0/token")
        let scope = "https%3A%2F%2Fcognitiveservices.azure.com%2F.default"
        guard let form = try source.form(wallSeconds: 1) else { throw Failure() }
        #expect(form.withBytes { String($0) } == "grant_type=client_credentials&client_id=c&client_secret=s%26e%3Dc%20ret&scope=\(scope)")
    }

    private func read(_ answer: String, status: Int = 200) -> TokenOutcome {
        TokenFetcher.read(Array(answer.utf8), status: status, of: source, now: 1_000)
    }

    @Test("a token lives as long as the answer says, a day at most", arguments: [("3600", 3600), ("\"120\"", 120), ("1", 1), ("99999999999", 86_400), ("null", 300)])
    func granted(seconds: String, lives: UInt64) throws {
        guard case .granted(let token) = read("{\"access_token\":\"abc\",\"expires_in\":\(seconds)}") else { throw Failure() }
        #expect(token.bytes == Array("abc".utf8) && token.expiresAtNanoseconds == 1_000 + lives * 1_000_000_000)
        // The next is asked for five minutes before the end, or at half its life.
        #expect(token.renewsAtNanoseconds == token.expiresAtNanoseconds - min(300, lives) * 1_000_000_000 / (lives < 600 ? 2 : 1) || lives >= 300)
        #expect(token.renewsAtNanoseconds > 1_000 && token.renewsAtNanoseconds < token.expiresAtNanoseconds)
    }

    private struct Failure: Error {}

    @Test(
        "what is no token says why, and never the secret",
        arguments: [
            ("{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000215: Invalid client secret\"}", 401, "AADSTS7000215"),
            ("{\"access_token\":\"abc\",\"expires_in\":-5}", 200, "ended already"),
            ("<html>", 502, "no JSON"), ("{}", 200, "no access_token"), ("{\"access_token\":\"\"}", 200, "no access_token"),
        ])
    func refused(answer: String, status: Int, says: String) throws {
        guard case .refused(let reason) = read(answer, status: status) else { throw Failure() }
        #expect(reason.contains(says) && !reason.contains("s&e=c ret") && reason.contains("login.example"))
    }

    @Test("an authority that cannot be reached is a refusal, not a wait")
    func unreachable() throws {
        guard case .refused(let reason) = TokenFetcher.fetch(TokenSource(authority: "http://127.0.0.1:1", tenant: "t", client: "c", secret: [1], scope: "")) else {
            throw Failure()
        }
        #expect(reason.contains("127.0.0.1:1"))
    }
}
