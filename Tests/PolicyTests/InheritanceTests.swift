import JSON
import Policy
import Testing

/// What targets take from the levels above them (wire reference §3.3).
@Suite("Inheritance")
struct InheritanceTests {
    @Test("override parameters are merged key by key, the child's winning in the parent's place")
    func overrides() throws {
        let program = try Fixture.program(
            #"""
            {"override_params": {"model": "a", "temperature": 0.50, "stop": ["x"]},
             "strategy": {"mode": "fallback"},
             "targets": [
               {"provider": "openai", "api_key": "k"},
               {"provider": "openai", "api_key": "k", "override_params": {"temperature": 1e0, "seed": 12345678901234567890}},
               {"strategy": {"mode": "single"}, "override_params": {"model": "b"},
                "targets": [{"provider": "openai", "api_key": "k", "override_params": {"stop": {"deep": [null, true]}}}]}]}
            """#)
        #expect(program.overrideText(0) == #""model":"a","temperature":0.50,"stop":["x"]"#)
        #expect(program.overrideText(1) == #""model":"a","temperature":1e0,"stop":["x"],"seed":12345678901234567890"#)
        #expect(program.overrideText(2) == #""model":"b","temperature":0.50,"stop":{"deep":[null,true]}"#)
    }

    @Test("targets that override nothing share their parent's rows, so 256 of them cost one list")
    func sharedRows() throws {
        let target = #"{"provider":"openai","api_key":"k"}"#
        let targets = Array(repeating: target, count: 256).joined(separator: ",")
        let program = try Fixture.program(
            #"{"override_params":{"a":1,"b":2},"strategy":{"mode":"fallback"},"targets":[\#(targets)]}"#)
        #expect(program.targets.count == 256)
        #expect(program.overrides.count == 2)
        #expect(program.overrideText(255) == #""a":1,"b":2"#)
    }

    @Test("an override's name, member and value are apart, and an escaped name is decoded")
    func overrideParts() throws {
        let program = try Fixture.program(#"{"provider":"openai","override_params":{"a\"b":"line\nend","":1}}"#)
        let rows = program.targets[0].overrides.rows.map { program.overrides[$0] }
        #expect(program.text(rows[0].name) == #"a"b"#)
        #expect(program.text(rows[0].member) == #""a\"b":"line\nend""#)
        #expect(program.text(rows[0].value) == #""line\nend""#)
        #expect(rows[1].name.isEmpty)
        #expect(program.text(rows[1].member) == #""":1"#)
    }

    @Test("retry is replaced as a whole, never merged")
    func retry() throws {
        let program = try Fixture.program(
            #"""
            {"retry": {"attempts": 3, "on_status_codes": [500], "use_retry_after_header": true},
             "strategy": {"mode": "fallback"},
             "targets": [{"provider": "openai", "api_key": "k"}, {"provider": "openai", "api_key": "k", "retry": {"attempts": 1}}]}
            """#)
        #expect(program.targets[0].retry == RetryPolicy(attempts: 3, statuses: StatusSet([500]), usesRetryAfter: true))
        #expect(program.targets[1].retry == RetryPolicy(attempts: 1, statuses: RetryPolicy.defaultStatuses, usesRetryAfter: false))
    }

    @Test("cache is replaced as a whole, never merged; an age may be a text")
    func cache() throws {
        let program = try Fixture.program(
            #"""
            {"cache": {"mode": "semantic", "max_age": "60", "tool_calls": true, "single_flight": false, "scope": "global",
                       "stale_while_revalidate": 5, "stale_if_error": "7"},
             "strategy": {"mode": "fallback"},
             "targets": [{"provider": "openai", "api_key": "k"}, {"provider": "openai", "api_key": "k", "cache": {"mode": "simple"}}]}
            """#)
        let first = try #require(program.targets[0].cache)
        #expect(first.mode == .semantic && first.maxAgeSeconds == 60 && first.keepsToolCalls && !first.joinsFlights && first.isGlobal)
        #expect(first.staleWhileRevalidateSeconds == 5 && first.staleIfErrorSeconds == 7)
        #expect(program.targets[1].cache == CacheRule(mode: .simple, maxAgeSeconds: 86_400))
        #expect(try Fixture.program(#"{"provider":"openai","api_key":"k"}"#).targets[0].cache == nil)
    }

    @Test("timeout, host and strictness are the child's where it says something, else the parent's")
    func scalars() throws {
        let program = try Fixture.program(
            #"""
            {"request_timeout": 5000, "custom_host": "https://eu.example.com/v1/", "strict_open_ai_compliance": false,
             "strategy": {"mode": "fallback"},
             "targets": [
               {"provider": "openai", "api_key": "k", "request_timeout": 0, "custom_host": ""},
               {"provider": "openai", "api_key": "k", "request_timeout": 70, "custom_host": "http://[2606:4700::1111]:8080",
                "strict_open_ai_compliance": true}]}
            """#)
        let first = program.targets[0]
        #expect(first.requestTimeoutMilliseconds == 5000)
        #expect(!first.isStrict)
        let host = try #require(first.host)
        #expect(host.isSecure)
        #expect(program.text(host.name) == "eu.example.com")
        #expect(host.port == 443)
        #expect(program.text(host.pathPrefix) == "/v1")
        let second = program.targets[1]
        #expect(second.requestTimeoutMilliseconds == 70)
        #expect(second.isStrict)
        let literal = try #require(second.host)
        #expect(!literal.isSecure && literal.isIPv6Literal && literal.port == 8080)
        #expect(program.text(literal.name) == "2606:4700::1111")
    }

    @Test("forward_headers are replaced, also by an empty list, and compared in lower case with hyphens")
    func forwardHeaders() throws {
        let program = try Fixture.program(
            #"""
            {"forward_headers": ["X_Foo", "Authorization", "x-foo"], "strategy": {"mode": "fallback"},
             "targets": [{"provider": "openai", "api_key": "k"},
                         {"provider": "openai", "api_key": "k", "forward_headers": ["X-Bar"]},
                         {"provider": "openai", "api_key": "k", "forward_headers": []}]}
            """#)
        #expect(program.headerText(0) == ["x-foo", "authorization"])
        #expect(program.headerText(1) == ["x-bar"])
        #expect(program.headerText(2) == [])
    }

    @Test("provider, credential and provider options are not inherited")
    func notInherited() {
        let compiled = Fixture.compile(
            #"""
            {"provider": "openai", "api_key": "k", "openai_project": "p", "strategy": {"mode": "single"}, "targets": [{"retry": {"attempts": 1}}]}
            """#)
        #expect(compiled.program == nil)
        #expect(compiled.diagnostics.map(\.pointer) == ["", "/targets/0"])
        #expect(compiled.diagnostics.map(\.severity) == [.warning, .error])
    }

    @Test("a target's guardrails are added to its ancestors', and siblings do not share theirs")
    func guardrails() throws {
        let program = try Fixture.program(
            #"""
            {"input_guardrails": [{"id": "top", "notNull": {}, "deny": true}], "afterRequestHooks": [{"id": "out", "checks": [{"id": "default.notNull"}]}],
             "strategy": {"mode": "fallback"},
             "targets": [{"provider": "ollama", "before_request_hooks": [{"id": "own", "checks": [{"id": "notNull"}]}],
                          "default_input_guardrails": [{"id": "more", "notNull": {}}]},
                         {"provider": "ollama"}]}
            """#)
        #expect(program.inputHooks(of: program.targets[0])?.hooks.map(\.denies) == [true, false, false])
        #expect(program.inputHooks(of: program.targets[1])?.hooks.count == 1)
        #expect(program.targets.map { program.outputHooks(of: $0)?.hooks.count } == [1, 1])
    }

    @Test("hooks of all levels together are bounded")
    func guardrailBound() {
        func hooks(_ count: Int) -> String { "[\(Array(repeating: #"{"notNull":{}}"#, count: count).joined(separator: ","))]" }
        func config(_ inner: Int) -> String {
            #"{"input_guardrails":\#(hooks(16)),"strategy":{"mode":"single"},"targets":[{"provider":"ollama","input_guardrails":\#(hooks(inner))}]}"#
        }
        #expect(Fixture.compile(config(16)).program != nil)
        #expect(Fixture.compile(config(17)).diagnostics.map(\.message) == ["with its ancestors' more than 32 hooks of one side"])
    }

    @Test("camel case and both spellings of the retry-after key are read")
    func spellings() throws {
        let program = try Fixture.program(
            #"""
            {"provider": "anthropic", "apiKey": "k", "requestTimeout": 9, "overrideParams": {"max_tokens": 5}, "anthropicVersion": "2024-01-01",
             "retry": {"attempts": 2, "onStatusCodes": [418], "use_retry_after_headers": true}}
            """#)
        let target = program.targets[0]
        #expect(target.requestTimeoutMilliseconds == 9)
        #expect(program.text(target.options.anthropicVersion) == "2024-01-01")
        #expect(program.overrideText(0) == #""max_tokens":5"#)
        #expect(target.retry == RetryPolicy(attempts: 2, statuses: StatusSet([418]), usesRetryAfter: true))
        guard case .literal(let key) = target.credential else {
            Issue.record("the key is a literal")
            return
        }
        #expect(program.text(key) == "k")
    }

    @Test("a model \"@slug/name\" names the virtual key of a target without a provider, and loses the slug")
    func modelNamesVirtualKey() throws {
        let program = try Fixture.program(
            #"""
            {"override_params": {"model": "@openai-prod/gpt/4o", "n": 1}, "strategy": {"mode": "fallback"},
             "targets": [{"request_timeout": 5}, {"override_params": {"model": "@claude/opus"}},
                         {"provider": "groq", "api_key": "k", "override_params": {"model": "@cf/meta"}}]}
            """#)
        #expect(program.needsGatewayKey)
        #expect(program.targets.map(\.provider) == [0, 1, 2])
        #expect(program.overrideText(0) == #""model":"gpt/4o","n":1"#)
        #expect(program.overrideText(1) == #""model":"opus","n":1"#)
        #expect(program.overrideText(2) == #""model":"@cf/meta","n":1"#)
        guard case .virtualKey(1) = program.targets[1].credential else {
            Issue.record("the second target uses virtual key 1")
            return
        }
    }
}
