import Bytes
import Testing

@testable import Tokens

private func text(_ bytes: borrowing Wiped) -> String { bytes.withBytes { String($0) } }

@Suite("Assumed roles")
struct AssumedRoleTests {
    private let role = AssumedRole(
        arn: "arn:aws:iam::123456789012:role/a+b", externalID: "e:1", region: "eu-west-3", accessKey: "AKID", secret: Array("s/+=".utf8),
        sessionToken: Array("t//==".utf8))
    private var source: TokenSource { TokenSource(role, endpoint: "https://sts.eu-west-3.amazonaws.com") }

    @Test("the form asks for the role, every value encoded; the secret is not in it")
    func form() throws {
        guard let form = try source.form(wallSeconds: 1) else { throw Failure() }
        #expect(
            text(form)
                == "Action=AssumeRole&Version=2011-06-15&RoleSessionName=sluice&DurationSeconds=3600"
                + "&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fa%2Bb&ExternalId=e%3A1")
        #expect(source.url == "https://sts.eu-west-3.amazonaws.com/")
    }

    @Test("what libcurl signs with ends with a NUL, and the fields with another")
    func signing() {
        #expect(text(role.userAndPassword()) == "AKID:s/+=\0")
        #expect(text(role.fields()) == "Accept: application/json\0X-Amz-Security-Token: t//==\0\0")
        let own = AssumedRole(arn: "a", externalID: "", region: "r", accessKey: "k", secret: [], sessionToken: [])
        #expect(text(own.fields()) == "Accept: application/json\0\0")
        #expect(!text(own.form()).contains("ExternalId"))
    }

    private func read(_ answer: String, status: Int = 200) -> TokenOutcome {
        TokenFetcher.read(Array(answer.utf8), status: status, of: source, now: 1_000, wallSeconds: 1_700_000_000)
    }

    private func answer(_ ends: String, key: String = "A") -> String {
        #"{"AssumeRoleResponse":{"AssumeRoleResult":{"Credentials":{"AccessKeyId":"\#(key)","Expiration":\#(ends),"SecretAccessKey":"b/","SessionToken":"c="}}}}"#
    }

    @Test(
        "keys live as long as the answer says, an hour at most",
        arguments: [("1.70000006E9", 60), ("1700003600", 3600), ("1.8E9", 3600), ("null", 3600)])
    func granted(ends: String, lives: UInt64) throws {
        guard case .granted(let token) = read(answer(ends)) else { throw Failure() }
        #expect(token.bytes == Array("A\0b/\0c=\0".utf8) && token.expiresAtNanoseconds == 1_000 + lives * 1_000_000_000)
    }

    @Test(
        "what gives no keys says why, and never the secret",
        arguments: [
            (#"{"Error":{"Code":"AccessDenied","Message":"not authorized"}}"#, 403, "AccessDenied: not authorized"), ("{}", 200, "no Credentials"),
            ("<Error/>", 403, "no JSON"), ("{}", 500, "500"),
        ])
    func refused(answer: String, status: Int, says: String) throws {
        guard case .refused(let reason) = read(answer, status: status) else { throw Failure() }
        #expect(reason.contains(says) && reason.contains("sts.eu-west-3") && !reason.contains("s/+="), "\(reason)")
    }

    @Test("keys that have ended, or of which a part is missing, are none")
    func halves() throws {
        guard case .refused(let ended) = read(answer("1.6E9")), case .refused(let half) = read(answer("1.8E9", key: "")) else { throw Failure() }
        #expect(ended.contains("ended already") && half.contains("without AccessKeyId"))
    }

    private struct Failure: Error {}
}
