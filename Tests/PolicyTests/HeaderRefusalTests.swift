import JSON
import Policy
import Testing

/// The 400s of configs in headers, in the exact words of the wire (reference §3.2).
@Suite("Refused header configs")
struct HeaderRefusalTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let config: String
        var isNamed = false
        let message: String
        var errors: [String]?

        var testDescription: String { quoted(config) }
    }

    static let invalid = "Invalid config passed"
    static let noProvider =
        "Either x-portkey-provider needs to be passed. Or the x-portkey-config header should have a valid config with provider details in it."
    static let refinement =
        "Invalid configuration. It must have either 'provider' and 'api_key', or 'strategy' and 'targets', or 'cache', or 'retry', or 'request_timeout'"

    static let cases: [Case] = [
        Case(config: "{bad", message: "Invalid config passed. You need to pass a valid json"),
        Case(config: "pc-my-config", message: "Invalid config passed. You need to pass a valid json"),
        Case(config: "", message: "Invalid config passed. You need to pass a valid json"),
        Case(config: "{}", message: noProvider),
        Case(config: #"{"retry":{"attempts":2}}"#, message: noProvider),
        Case(config: #"{"provider":""}"#, message: noProvider),
        Case(config: "{}", isNamed: true, message: invalid, errors: ["path: , message: \(refinement)"]),
        Case(config: #"{"provider":"openai","options":[{}]}"#, message: "This version of config is not supported in this route. Please migrate to the latest version"),
        Case(
            config: #"{"strategy":{"mode":"zz"},"targets":[{"provider":"openai","api_key":"k"}]}"#, message: invalid,
            errors: ["path: strategy,mode, message: Invalid 'mode' value. Must be one of: single, loadbalance, fallback, conditional"]),
        Case(config: #"{"strategy":{"mode":"single"},"targets":[{}]}"#, message: invalid, errors: ["path: targets,0, message: \(refinement)"]),
        Case(config: #"{"targets":[{"provider":"openai","api_key":"k"}]}"#, message: invalid, errors: ["path: , message: \(refinement)"]),
        Case(
            config: #"{"provider":"zz"}"#, message: invalid,
            errors: ["path: provider, message: Invalid 'provider' value. Must be one of: openai, anthropic, groq, ollama"]),
        Case(
            config: #"{"provider":5,"api_key":true,"retry":{},"targets":{},"strategy":{}}"#, message: invalid,
            errors: [
                "path: strategy,mode, message: Required", "path: provider, message: Expected string, received number",
                "path: api_key, message: Expected string, received boolean", "path: retry,attempts, message: Required",
                "path: targets, message: Expected array, received object",
            ]),
        Case(
            config: #"{"provider":"openai","api_key":"k","custom_host":"http://10.0.0.1/v1"}"#, message: invalid,
            errors: ["path: , message: Invalid custom host"]),
        Case(
            config: #"{"provider":"openai","api_key":"k","retry":{"attempts":1,"on_status_codes":["5"]}}"#, message: invalid,
            errors: ["path: retry,on_status_codes,0, message: Expected number, received string"]),
        Case(config: "[]", message: invalid, errors: ["path: , message: Expected object, received array"]),
        Case(
            config: #"{"strategy":{"mode":"fallback"},"targets":[]}"#, message: invalid,
            errors: ["path: targets, message: \"targets\" is empty; name at least one target"]),
        Case(
            config: #"{"cache":"simple","provider":"openai","api_key":"k"}"#, message: invalid,
            errors: ["path: cache, message: Expected object, received string"]),
        Case(
            config: #"{"cache":{"mode":"clever","max_age":"soon"},"provider":"openai","api_key":"k"}"#, message: invalid,
            errors: [
                "path: cache,max_age, message: Expected number, received string",
                "path: cache,mode, message: Invalid 'cache.mode' value. Must be one of: simple, semantic",
            ]),
        Case(
            config: #"{"cache":{},"provider":"openai","api_key":"k"}"#, message: invalid, errors: ["path: cache,mode, message: Required"]),
        Case(
            config: #"{"strategy":{"mode":"loadbalance"},"targets":[{"provider":"openai","api_key":"k","weight":-0.7}]}"#, message: invalid,
            errors: ["path: targets,0,weight, message: a weight is 0 to 1000000, not -0.7"]),
        Case(
            config: #"{"strategy":{"mode":"loadbalance"},"targets":[{"provider":"openai","api_key":"k","weight":0}]}"#, message: invalid,
            errors: ["path: , message: every target's weight is 0; give one a weight above 0"]),
        Case(
            config: #"{"strategy":{"mode":"conditional"},"targets":[{"provider":"openai","api_key":"k","name":"a"}]}"#,
            message: "No conditions passed in the query router", errors: ["path: strategy, message: No conditions passed in the query router"]),
        Case(
            config: #"{"strategy":{"mode":"conditional","conditions":[{"query":{"metadata.a":1},"then":"zz"}]},"targets":[{"provider":"openai","api_key":"k","name":"a"}]}"#,
            message: "Invalid target name found in the query router: zz",
            errors: ["path: strategy,conditions,0,then, message: Invalid target name found in the query router: zz"]),
        Case(
            config: #"{"strategy":{"mode":"conditional","conditions":[{"query":{"metadata.a":{"$foo":1}},"then":"a"}]},"targets":[{"provider":"openai","api_key":"k","name":"a"}]}"#,
            message: "Unsupported operator used in the query router: $foo",
            errors: ["path: strategy,conditions,0,query,metadata.a,$foo, message: Unsupported operator used in the query router: $foo"]),
        Case(
            config: #"{"virtual_key":"nobody"}"#, message: invalid, errors: ["path: virtual_key, message: no virtual key \"nobody\""]),
        Case(
            config: #"{"provider":"openai","provider":"groq"}"#, message: invalid,
            errors: ["path: provider, message: \"provider\" is given twice; keep one"]),
    ]

    @Test("each fault has its words", arguments: cases)
    func refusal(_ given: Case) {
        guard case .failure(let refusal) = Fixture.header(given.config, requestNamesProvider: given.isNamed) else {
            Issue.record("the config is refused")
            return
        }
        #expect(refusal.message == given.message)
        #expect(refusal.errors == given.errors)
    }

    @Test("keys nobody knows pass in a header, as callers rely on")
    func unknownKeysPass() throws {
        let program = try Fixture.header(#"{"provider":"openai","api_key":"k","team":{"x":1},"retry":{"attempts":0,"why":2},"weight":1,"name":"a"}"#).get()
        #expect(program.targets.count == 1)
    }

    @Test("a config without a provider leaves it to the request's headers, which then must name one")
    func requestProvider() throws {
        let program = try Fixture.header(#"{"retry":{"attempts":2}}"#, requestNamesProvider: true).get()
        #expect(program.needsRequestProvider)
        #expect(program.targets[0].isNamedByRequest)
    }

    @Test("no header can have a virtual key's secret sent to another host")
    func virtualKeyWithHost() {
        for config in [
            #"{"virtual_key":"openai-prod","custom_host":"https://evil.example"}"#,
            #"{"custom_host":"https://evil.example","strategy":{"mode":"single"},"targets":[{"provider":"@openai-prod"}]}"#,
            #"{"custom_host":"https://evil.example","override_params":{"model":"@claude/opus"}}"#,
        ] {
            guard case .failure(.invalid(let diagnostics)) = Fixture.header(config) else {
                Issue.record("\(config) is refused")
                continue
            }
            #expect(diagnostics.map(\.message) == ["a virtual key's requests go to its own host only"])
        }
    }

    @Test("a credential written in the file is the operator's, one written in a header the caller's own")
    func whoseCredential() throws {
        let literal = #"{"provider":"openai","api_key":"k"}"#
        #expect(try Fixture.program(literal, origin: .file).needsGatewayKey)
        #expect(try !Fixture.program(literal, origin: .header).needsGatewayKey)
        #expect(try Fixture.program(#"{"virtual_key":"claude"}"#, origin: .header).needsGatewayKey)
        #expect(try !Fixture.program(#"{"provider":"openai"}"#, origin: .file).needsGatewayKey)
    }

    @Test("the caller's own credential goes to one provider and one host only")
    func oneDestination() throws {
        let same = #"{"strategy":{"mode":"fallback"},"targets":[{"provider":"openai","override_params":{"model":"a"}},{"provider":"openai"},{"provider":"ollama"}]}"#
        _ = try Fixture.header(same).get()
        for second in [#"{"provider":"groq"}"#, #"{"provider":"openai","custom_host":"https://other.example"}"#] {
            guard case .failure(let refusal) = Fixture.header(#"{"strategy":{"mode":"fallback"},"targets":[{"provider":"openai"},\#(second)]}"#) else {
                Issue.record("\(second) is refused")
                continue
            }
            #expect(refusal.errors == ["path: targets,1, message: \(HeaderRefusalTests.refinement)"])
        }
    }

    @Test("without the vault a slug that exists and one that does not are refused alike")
    func vaultIsNotProbed() {
        let errors = ["openai-prod", "nobodys-key"].map { slug -> String in
            let text = Array(#"{"virtual_key":"\#(slug)"}"#.utf8)
            let result = text.withByteSlice { PolicyCompiler(catalog: Fixture.catalog.withoutVirtualKeys, origin: .header).compile($0) }
            return result.diagnostics.map { "\($0.message)\($0.hint ?? "")" }.joined().replacing(slug, with: "")
        }
        #expect(errors[0] == errors[1])
    }
}
