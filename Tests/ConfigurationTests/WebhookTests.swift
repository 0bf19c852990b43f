import Bytes
import Configuration
import JSON
import Policy
import Testing

@Suite("alert_webhooks")
struct WebhookTests {
    private func lines(_ webhook: String) -> [String] { Fixture.lines("version: 1\nalert_webhooks:\n  ops: \(webhook)") }

    @Test("secrets are looked up, and a host is known by its name and a port of its own")
    func resolved() throws {
        let configuration = try Fixture.configuration(
            """
            version: 1
            alert_webhooks:
              ops:
                url: env:HOOK
                secret: whsec_c2VjcmV0IQ==
                headers: {Authorization: env:TOKEN, X-Team: a b}
                ca_file: /ca.pem
              plain: {url: "http://[::1]:8080/a?b=c"}
            """)
        let found = configuration.resolveSecrets { ["HOOK": "https://Hooks.example.com/T/B?x=#".replacing("#", with: "1"), "TOKEN": "Bearer t"][$0] }
        #expect(found.diagnostics.isEmpty, "\(found.diagnostics)")
        let hooks = found.secrets.alertWebhooks
        #expect(hooks.map(\.name) == ["ops", "plain"] && hooks.map(\.host) == ["Hooks.example.com", "[::1]:8080"])
        #expect(hooks[0].url.withBytes { String($0) } == "https://Hooks.example.com/T/B?x=1" && hooks[0].caFile == "/ca.pem")
        #expect(hooks[0].secret?.withBytes { String($0) } == "whsec_c2VjcmV0IQ==" && hooks[1].secret == nil)
        #expect(hooks[0].headers.map(\.name) == ["Authorization", "X-Team"])
        #expect(hooks[0].headers.map { $0.value.withBytes { String($0) } } == ["Bearer t", "a b"])
        var dumped = "\(configuration)"
        dump(configuration, to: &dumped)
        dump(found.secrets, to: &dumped)
        #expect(!dumped.contains("/T/B") && !dumped.contains("Bearer") && !dumped.contains("c2Vj"))
    }

    @Test("a reference that leads to nothing, or to what is none, is told with its place, and the text is not", arguments: [
        ("url", "env:NONE", "variable NONE is not set"), ("url", "env:BAD", "variable BAD does not start with http:// or https://"),
        ("secret", "env:NONE", "variable NONE is not set"), ("secret", "env:HALF", "variable HALF begins with whsec_, and no base64 follows"),
        ("headers", "{a: env:NONE}", "variable NONE is not set"), ("headers", "{a: env:LINE}", "variable LINE has a character that a header field cannot carry"),
        ("headers", "{a: env:BRACE}", "variable BRACE has a character that a header field cannot carry"),
        ("headers", "{a: env:BLANK}", "variable BLANK has a character that a header field cannot carry"),
    ])
    func unresolved(key: String, value: String, says: String) throws {
        let url = key == "url" ? "" : "url: https://a.example, "
        let configuration = try Fixture.configuration("version: 1\nalert_webhooks:\n  ops: {\(url)\(key): \(value)}")
        let environment = ["BAD": "ftp://hidden", "HALF": "whsec_hidden!", "LINE": "hidden\r\nx: y", "BRACE": "{\"hidden\n\"}", "BLANK": "hidden "]
        let found = configuration.resolveSecrets { environment[$0] }
        #expect(found.secrets.alertWebhooks.isEmpty)
        let told = found.diagnostics.rendered(path: "f")
        #expect(told.contains(says) && !told.contains("hidden") && told.hasPrefix("f:3:"), "\(told)")
    }

    @Test("what is wrong in the file is told, and no text that may be a secret", arguments: [
        ("{}", #"f:3:8: "url" is missing"#),
        ("{url: 5}", #"f:3:14: "url" must be text, not a number"#),
        ("{url: \"ftp://hidden\"}", #"f:3:14: "url" does not start with http:// or https://; write https://hooks.example.com/path, or env:NAME or file:/path where it is"#),
        ("{url: \"https://u:hidden@a.example\"}", #"f:3:14: "url" carries a user name or an "@"; write https://hooks.example.com/path, or env:NAME or file:/path where it is"#),
        ("{url: \"https://a.example/hidden#x\"}", #"f:3:14: "url" has a query or a fragment; write https://hooks.example.com/path, or env:NAME or file:/path where it is"#),
        ("{url: \"https://a.example/?hidden#x\"}", #"f:3:14: "url" has a query or a fragment; write https://hooks.example.com/path, or env:NAME or file:/path where it is"#),
        ("{url: \"env:1\"}", #"f:3:14: "url" is no address; write https://hooks.example.com/path, or env:NAME or file:/path where it is"#),
        ("{url: \"https://a.example\", secret: whsec_hidden!}", #"f:3:43: "secret" is no secret; write env:NAME, file:/path, or the secret itself: any text, or whsec_ and base64"#),
        ("{url: \"https://a.example\", secrets: x}", #"f:3:35: unknown key "secrets"; did you mean "secret"?"#),
        ("{url: \"https://a.example\", headers: {\"a b\": x}}", #"f:3:45: "a b" is no header name"#),
        ("{url: \"https://a.example\", headers: {Host: x}}", #"f:3:45: header "Host" is the gateway's own"#),
        ("{url: \"https://a.example\", headers: {content-type: x}}", #"f:3:45: header "content-type" is the gateway's own"#),
        ("{url: \"https://a.example\", headers: {Webhook-Signature: x}}", #"f:3:45: header "Webhook-Signature" is the gateway's own"#),
        ("{url: \"https://a.example\", headers: {a: \"x\\ny\"}}", #"f:3:48: "a" is no secret; write env:NAME, file:/path, or the value itself, which a header field can carry"#),
        ("{url: \"http://a.example/\", headers: {a: b}}", #"f:3:14: warning: "headers" will cross the network unencrypted; write https://"#),
    ])
    func faults(webhook: String, line: String) {
        let told = lines(webhook)
        #expect(told == [line])
        #expect(!told.joined().contains("hidden"))
    }

    @Test("private and loopback hosts are the operator's to name", arguments: ["http://127.0.0.1:1/x", "http://10.0.0.7/x", "http://hooks.internal", "https://[fd00::1]/"])
    func hosts(url: String) {
        #expect(lines("{url: \"\(url)\", headers: {a: b}}").isEmpty)
    }

    @Test("as many as may be are declared, with as many headers, and one more is a fault")
    func edges() {
        func hooks(_ count: Int) -> [String] {
            Fixture.lines("version: 1\nalert_webhooks:\n" + (0..<count).map { "  h\($0): {url: \"https://a.example\"}\n" }.joined())
        }
        #expect(hooks(ConfigurationLimits.webhookCount).isEmpty)
        #expect(hooks(ConfigurationLimits.webhookCount + 1).first?.contains("17 entries; up to 16 are possible") ?? false)
        func headers(_ count: Int) -> [String] {
            lines("{url: \"https://a.example\", headers: {" + (0..<count).map { "a\($0): b" }.joined(separator: ", ") + "}}")
        }
        #expect(headers(ConfigurationLimits.webhookHeaderCount).isEmpty)
        #expect(headers(ConfigurationLimits.webhookHeaderCount + 1).first?.contains("17 entries; up to 16 are possible") ?? false)
    }
}
