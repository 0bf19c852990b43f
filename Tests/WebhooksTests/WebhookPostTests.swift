import Bytes
import Ledger
import Testing

@testable import Webhooks

@Suite("Posts to webhooks")
struct WebhookPostTests {
    @Test("the signature is the specification's of its own example (Standard Webhooks 1.0.0)")
    func example() throws {
        let hook = webhook(secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        let key = try #require(hook.key)
        let code = SigningKey.signature("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, Array(#"{"test": 2432232314}"#.utf8), key)
        #expect(base64(code) == "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    }

    private func base64(_ bytes: [UInt8]) -> String {
        let text = Wiped(capacity: 4 * bytes.count) { writer in bytes.withByteSlice { writer.append(base64: $0) } }
        return text.withBytes { String($0) }
    }

    @Test("a secret without whsec_, or with what is no base64 behind it, is the key as it is", arguments: ["plain text", "whsec_!", "whsec_", "whsec_a"])
    func plainKeys(text: String) throws {
        let key = try #require(webhook(secret: text).key)
        #expect(key.withBytes { String($0) } == text)
    }

    @Test("the fields are the message's own, then the receiver's, each with a NUL behind it; without a secret there is no signature")
    func fields() throws {
        var maker = try IdentifierMaker()
        let id = maker.next(wallNanoseconds: 1_700_000_000_000_000_000)
        let post = WebhookPost(message: WebhookMessage(id: id, body: Array("{}".utf8)), wallSeconds: 1_700_000_001)
        func lines(_ hook: Webhook) -> [String] {
            let fields = post.fields(hook)
            return fields.withBytes { String($0) }.split(separator: "\0", omittingEmptySubsequences: false).map(String.init)
        }
        let own = ["content-type: application/json", "user-agent: sluice", "expect:", "webhook-id: \(id)", "webhook-timestamp: 1700000001"]
        #expect(lines(webhook()) == own + ["", ""])
        let token = Webhook.Field(name: "Authorization", value: secret("Bearer " + String(repeating: "t", count: 4089)))
        let signed = lines(webhook(secret: "s", fields: [Webhook.Field](repeating: token, count: 16)))
        #expect(Array(signed.prefix(5)) == own)
        #expect(signed[5] == "webhook-signature: v1," + base64(SigningKey.signature("\(id)", 1_700_000_001, post.message.body, secret("s"))))
        #expect(signed.count == 24 && signed[6...21].allSatisfy { $0 == "Authorization: Bearer " + String(repeating: "t", count: 4089) })
    }

    @Test("a receiver that is not there is told with its host, and not with its path")
    func unreachable() throws {
        var maker = try IdentifierMaker()
        let message = WebhookMessage(id: maker.next(wallNanoseconds: 0), body: Array("{}".utf8))
        let hook = Webhook(name: "ops", host: "127.0.0.1:1", url: secret("http://127.0.0.1:1/hidden-path"))
        let fault = try #require(WebhookPost(message: message, wallSeconds: 1).send(to: hook))
        #expect(fault.contains("127.0.0.1") && !fault.contains("hidden-path"), "\(fault)")
    }
}
