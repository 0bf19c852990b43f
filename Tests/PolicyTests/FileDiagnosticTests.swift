import JSON
import Policy
import Testing

/// What an operator reads: place, fault, and what would be right.
@Suite("Diagnostics of file configs")
struct FileDiagnosticTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let config: String
        let lines: [String]

        init(_ config: String, _ lines: String...) {
            self.config = config
            self.lines = lines
        }

        var testDescription: String { quoted(config) }
    }

    static let cases: [Case] = [
        Case(
            "{\n  \"provder\": \"openai\"\n}", "c:1:1: the target names no provider; give it a provider or a virtual_key",
            "c:2:3: unknown key \"provder\"; did you mean \"provider\"?"),
        Case(#"{"provider":"opnai"}"#, #"c:1:13: unknown provider "opnai"; did you mean "openai"?"#),
        Case(#"{"provider":"quux"}"#, #"c:1:13: unknown provider "quux"; known: openai, anthropic, groq, ollama"#),
        Case(#"{"provider":"bedrock"}"#, #"c:1:13: provider "bedrock" is not supported yet"#),
        Case(
            #"{"provider":"groq","aws_secret_access_key":"s"}"#, "c:1:44: a secret access key needs its id; set aws_access_key_id"),
        Case(
            #"{"provider":"groq","aws_access_key_id":"AK"}"#,
            "c:1:40: an access key needs its secret; set aws_secret_access_key, or name a virtual_key that holds it"),
        Case(
            #"{"provider":"groq","api_key":"k","aws_access_key_id":"AK","aws_secret_access_key":"s"}"#,
            "c:1:83: a target has an api_key or an aws_secret_access_key, not both"),
        Case(#"{"virtual_key":"claude","aws_access_key_id":"AK/","aws_region":"eu-west-3"}"#, #"c:1:45: "aws_access_key_id" is letters and digits"#),
        Case(#"{"provider":"groq","aws_region":"evil.example/"}"#, #"c:1:33: "aws_region" is a name such as eu-central-1"#),
        Case(#"{"provider":"groq","aws_region":"\#(String(repeating: "a", count: PolicyLimits.regionByteCount))"}"#),
        Case(
            #"{"provider":"groq","aws_region":"\#(String(repeating: "a", count: PolicyLimits.regionByteCount + 1))"}"#,
            #"c:1:33: "aws_region" is a name such as eu-central-1"#),
        Case(#"{"provider":"groq","aws_session_token":"t"}"#, "c:1:40: a session token needs its access key; set aws_access_key_id"),
        Case(
            #"{"provider":"groq","aws_auth_type":"assumedRole"}"#,
            "c:1:36: a role to assume needs its ARN; set aws_role_arn"),
        Case(
            #"{"virtual_key":"claude","aws_access_key_id":"AK","aws_role_arn":"arn:aws:iam::12:role/r"}"#,
            #"c:1:65: "aws_role_arn" is an ARN such as arn:aws:iam::123456789012:role/name"#),
        Case(
            #"{"virtual_key":"claude","aws_role_arn":"arn:aws:iam::123456789012:role/r"}"#,
            "c:1:40: a role is assumed with an access key; set aws_access_key_id"),
        Case(#"{"virtual_key":"claude","aws_external_id":"e1"}"#, "c:1:43: an external id belongs to a role; set aws_role_arn"),
        Case(#"{"provider":"groq","aws_auth_type":"magic"}"#, #"c:1:36: unknown aws_auth_type "magic"; one of accessKey, apiKey, assumedRole"#),
        Case(
            #"{"virtual_key":"claude","aws_access_key_id":"AK","aws_auth_type":"apiKey"}"#,
            #"c:1:66: aws_auth_type "apiKey" sends a Bedrock API key, and signs nothing; drop aws_access_key_id"#),
        Case(#"{"provider":"@opena-prod"}"#, #"c:1:13: no virtual key "opena-prod"; did you mean "openai-prod"?"#),
        Case(#"{"virtual_key":"zzz"}"#, #"c:1:16: no virtual key "zzz"; declared: "openai-prod", "claude""#),
        Case(#"{"provider":"openai","virtual_key":"claude"}"#, #"c:1:36: virtual key "claude" is not for provider "openai""#),
        Case(#"{"virtual_key":"claude","api_key":"k"}"#, "c:1:16: a target has an api_key or a virtual_key, not both"),
        Case(#"{"provider":"openai","retry":{"attempts":6}}"#, #"c:1:42: "attempts" must be a whole number from 0 to 5, not 6"#),
        Case(#"{"provider":"openai","retry":{"attempts":1.5}}"#, #"c:1:42: "attempts" must be a whole number from 0 to 5, not 1.5"#),
        Case(#"{"provider":"openai","retry":{"attempts":1e400}}"#, #"c:1:42: "attempts" must be a whole number from 0 to 5, not 1e400"#),
        Case(#"{"provider":"openai","retry":3}"#, #"c:1:30: "retry" must be a mapping, not a number"#),
        Case(#"{"provider":"openai","retry":{"attempts":1,"on_status_codes":[42]}}"#, "c:1:63: a status is 100 to 599, not 42"),
        Case(#"{"provider":"openai","request_timeout":"5s"}"#, #"c:1:40: "request_timeout" must be a number, not text"#),
        Case(#"{"provider":"openai","request_timeout":-1}"#, #"c:1:40: "request_timeout" must be a whole number from 0 to 86400000, not -1"#),
        Case(#"{"provider":"openai","custom_host":"http://10.1.1.1"}"#, "c:1:36: custom_host is a private or reserved address; list it under trusted_hosts to allow it"),
        Case(#"{"provider":"openai","custom_host":"ftp://x"}"#, "c:1:36: custom_host does not start with http:// or https://"),
        Case(#"{"provider":"openai","forward_headers":["a b","Host"]}"#, #"c:1:41: "a b" is no header name"#, #"c:1:47: header "host" is the gateway's own and cannot be forwarded"#),
        Case(#"{"provider":"openai","forward_headers":["x-portkey-forward-headers"]}"#, #"c:1:41: header "x-portkey-forward-headers" is the gateway's own and cannot be forwarded"#),
        Case(#"{"provider":"openai","override_params":{"model":4}}"#, #"c:1:49: "model" must be text, not a number"#),
        Case(#"{"provider":"openai","strict_open_ai_compliance":"no"}"#, #"c:1:50: "strict_open_ai_compliance" must be true or false, not text"#),
        Case(#"{"provider":"openai","api_key":"a\nb"}"#, #"c:1:32: "api_key" has a character that a header field cannot carry"#),
        Case(#"{"provider":"openai","api_key":""}"#, #"c:1:32: "api_key" must have 1 to 4096 bytes"#),
        Case(#"{"strategy":{"mode":"fallbak"},"targets":[{"provider":"openai"}]}"#, #"c:1:21: unknown strategy "fallbak"; did you mean "fallback"?"#),
        Case(#"{"strategy":{"mode":"conditional","conditions":[{}],"default":"a"},"targets":[{"provider":"openai"}]}"#, #"c:1:49: "query" is missing"#),
        Case(#"{"strategy":{"mode":"fallback"}}"#, #"c:1:1: "strategy" needs "targets" beside it"#),
        Case(#"{"strategy":{"mode":"fallback"},"targets":[]}"#, #"c:1:43: "targets" is empty; name at least one target"#),
        Case(#"{"provider":"openai","on_status_codes":[500]}"#, #"c:1:40: warning: "on_status_codes" has no effect here; write it inside "strategy" or "retry""#),
        Case(#"{"provider":"openai","input_guardrails":[{"default.contains":{}}]}"#, #"c:1:62: "words" is missing"#),
        Case(#"{"provider":"openai","input_guardrails":[{"regexMatch":{"rule":"(a"}}]}"#, #"c:1:64: the pattern cannot be used: the group is not closed at its byte 0"#),
        Case(#"{"provider":"openai","before_request_hooks":[{"checks":[{"id":"default.jwt"}]}]}"#, #"c:1:63: check "default.jwt" is not supported yet"#),
        Case(#"{"provider":"openai","after_request_hooks":[{"checks":[{"id":"default.notNul"}]}]}"#, #"c:1:62: unknown check "default.notNul"; did you mean "default.notNull"?"#),
        Case(#"{"provider":"openai","input_guardrails":[]}"#),
        Case(#"{"provider":"openai","input_mutators":[{"default.addPrefix":{"prefix":"x"}}]}"#, #"c:1:22: "input_mutators" is not supported yet"#),
        Case(#"{"provider":"openai","apiKey":"a","api_key":"b"}"#, #"c:1:35: "api_key" says "apiKey" again; keep "api_key""#),
        Case(#"{"provider":"openai","name":"é","nmae":1}"#, #"c:1:33: unknown key "nmae"; did you mean "name"?"#),
        Case("{\"a\":\n [1,]}", #"c:2:5: expected a value, not "]""#),
        Case("{\"a\": 01}", "c:1:7: a number has no leading zero"),
        Case(#"{"a": "\ud800"}"#, "c:1:8: a surrogate without its pair is no character"),
        Case(#"{"a": 1} x"#, #"c:1:10: unexpected "x" after the end of the value"#),
    ]

    @Test("each fault is told with its place and what would be right", arguments: cases)
    func diagnostics(_ given: Case) {
        let compiled = Fixture.compile(given.config)
        #expect(compiled.diagnostics.inTextOrder.map { $0.rendered(path: "c") } == given.lines)
        #expect((compiled.program == nil) == compiled.diagnostics.hasErrors)
    }

    @Test("all faults are told at once, each with its pointer")
    func allAtOnce() {
        let compiled = Fixture.compile(
            #"{"strategy":{"mode":"x"},"targets":[{"provider":"y"},{"retry":{"attempts":9}},{"custom_host":"http://metadata/"}]}"#)
        #expect(
            Set(compiled.diagnostics.map(\.pointer)) == [
                "/strategy/mode", "/targets/0/provider", "/targets/1/retry/attempts", "/targets/1", "/targets/2/custom_host", "/targets/2",
            ])
    }

    @Test("depth and number of targets are bounded, and the bound is named")
    func bounds() {
        func nested(_ levels: Int) -> String {
            levels == 1 ? #"{"provider":"openai"}"# : #"{"strategy":{"mode":"single"},"targets":[\#(nested(levels - 1))]}"#
        }
        #expect(Fixture.compile(nested(8)).program != nil)
        #expect(Fixture.compile(nested(9)).diagnostics.map(\.message) == ["targets are nested deeper than 8 levels"])
        #expect(Fixture.compile(nested(40)).diagnostics.first?.message == "nested deeper than 64 levels")

        func wide(_ count: Int) -> String {
            let targets = Array(repeating: #"{"provider":"openai"}"#, count: count).joined(separator: ",")
            return #"{"strategy":{"mode":"fallback"},"targets":[\#(targets)]}"#
        }
        #expect(Fixture.compile(wide(256)).program != nil)
        #expect(Fixture.compile(wide(257)).diagnostics.map(\.message) == ["more than 256 targets"])

        let long = #"{"provider":"openai","name":"\#(String(repeating: "a", count: 256 << 10))"}"#
        #expect(Fixture.compile(long).diagnostics.map(\.message) == ["the text is \(long.utf8.count) bytes; at most 262144 are read"])
    }

    @Test("at most 100 faults are told, the rest as one", arguments: [ConfigOrigin.file, .header])
    func faultsAreBounded(origin: ConfigOrigin) {
        let codes = Array(repeating: "9", count: 5_000).joined(separator: ",")
        let keys = (0..<5_000).map { #""key-\#($0)":1"# }.joined(separator: ",")
        let config = #"{"provider":"openai","retry":{"attempts":1,"on_status_codes":[\#(codes)]},\#(keys)}"#
        let compiled = Fixture.compile(config, origin: origin)
        #expect(compiled.diagnostics.count == 101)
        #expect(compiled.diagnostics.last?.message == "there are more faults")
        #expect(compiled.program == nil)
    }

    @Test("no message repeats a credential")
    func noSecretInMessages() {
        for config in [
            #"{"provider":"openai","api_key":"sk-secret\u0000"}"#, #"{"provider":"openai","api_key":["sk-secret"]}"#,
            #"{"virtual_key":"claude","api_key":"sk-secret"}"#, #"{"provider":"openai","api_key":"sk-secret","api_key":"sk-secret"}"#,
        ] {
            #expect(!Fixture.compile(config).diagnostics.rendered(path: "c").contains("sk-secret"))
        }
    }
}
