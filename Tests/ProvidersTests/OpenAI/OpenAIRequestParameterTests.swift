import Bytes
import JSON
import Testing

@testable import Providers

@Suite("OpenAI requests, parameters")
struct OpenAIRequestParameterTests {
    private func body(_ members: String) -> String { #"{"model":"m","messages":[{"role":"user","content":"a"}],"# + members + "}" }

    /// What a writer that honours nothing would tell.
    private func dropped(_ members: String) throws -> String {
        try OpenAIDialect.withRequest(body(members)) { request in
            var notes = TranslationNotes()
            request.noteDropped(&notes)
            return written { notes.write(into: &$0) }
        }
    }

    @Test("every member is either a parameter or told", arguments: [
        (#""max_tokens":5"#, "dropped: max_tokens"), (#""max_completion_tokens":5"#, "dropped: max_completion_tokens"),
        (#""temperature":0,"top_p":1,"top_k":4,"stop":"x""#, "dropped: temperature, top_p, top_k, stop"),
        (#""seed":1,"n":2,"frequency_penalty":1,"presence_penalty":-1"#, "dropped: seed, n, frequency_penalty, presence_penalty"),
        (#""logit_bias":{"1":2},"logprobs":true,"top_logprobs":3"#, "dropped: logit_bias, logprobs, top_logprobs"),
        (#""user":"u","safety_identifier":"s","metadata":{"a":"b"},"store":true"#, "dropped: user, metadata, store, safety_identifier"),
        (#""service_tier":"flex","modalities":["text","audio"],"audio":{},"prediction":{},"verbosity":"low","prompt_cache_key":"k""#,
            "dropped: service_tier, modalities, audio, prediction, verbosity, prompt_cache_key"),
        (#""tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"auto","parallel_tool_calls":false"#,
            "dropped: tools, tool_choice, parallel_tool_calls"),
        (#""functions":[{"name":"f"}],"function_call":"none""#, "dropped: functions, function_call"),
        (#""response_format":{"type":"json_object"},"reasoning_effort":"low""#, "dropped: response_format, reasoning_effort"),
        (#""web_search_options":{},"anything":1"#, "dropped: web_search_options, anything"),
    ])
    func told(members: String, notes: String) throws {
        #expect(try dropped(members) == notes)
    }

    @Test("what is null, or what OpenAI does anyway, is not told", arguments: [
        #""n":1,"logprobs":false,"store":false,"frequency_penalty":0,"presence_penalty":0.0,"logit_bias":{}"#,
        #""service_tier":"auto","modalities":["text"],"response_format":{"type":"text"},"parallel_tool_calls":true,"tools":[]"#,
        #""seed":null,"tools":null,"tool_choice":null,"stop":null,"web_search_options":null,"stream_options":null"#,
    ])
    func defaults(members: String) throws {
        #expect(try dropped(members) == "")
    }

    @Test("members of messages that no other dialect has are told once")
    func messageMembers() throws {
        let messages = #"{"role":"user","name":"ann","content":"a"},{"role":"assistant","content":"b","annotations":[],"reasoning_content":"r","audio":null},{"role":"user","name":"bob","content":"c"}"#
        try OpenAIDialect.withRequest(#"{"messages":["# + messages + "]}") { request in
            #expect(request.extras.map { String($0.name.content) } == ["name", "reasoning_content"])
        }
    }

    @Test("max_completion_tokens wins over max_tokens, in either order", arguments: [
        #""max_tokens":5,"max_completion_tokens":9"#, #""max_completion_tokens":9,"max_tokens":5"#,
    ])
    func tokenLimit(members: String) throws {
        try OpenAIDialect.withRequest(body(members)) { request in
            let limit = request.honour(.maxTokens)?.integer
            #expect(limit == 9)
        }
    }

    @Test("thinking is read from OpenAI's word and from Portkey's member", arguments: [
        (#""reasoning_effort":"none""#, "off"), (#""reasoning_effort":"minimal""#, "effort(minimal)"), (#""reasoning_effort":"xhigh""#, "effort(xhigh)"),
        (#""thinking":{"type":"enabled","budget_tokens":2048}"#, "budget(2048)"), (#""thinking":{"type":"adaptive"}"#, "adaptive"),
        (#""thinking":{"type":"disabled"}"#, "off"), (#""thinking":{"type":"enabled"}"#, "adaptive"),
        (#""thinking":{"type":"adaptive"},"reasoning_effort":"high""#, "effort(high)"),
        (#""reasoning_effort":"high","thinking":{"type":"enabled","budget_tokens":2048}"#, "budget(2048)"),
    ])
    func thinking(members: String, reasoning: String) throws {
        try OpenAIDialect.withRequest(body(members)) { request in
            let found = switch request.reasoning {
            case .effort(let effort): "effort(\(effort.word))"
            case .budget(let budget): "budget(\(budget))"
            case .adaptive: "adaptive"
            case .off: "off"
            case nil: "nil"
            }
            #expect(found == reasoning)
            #expect(request.has(.reasoning))
        }
    }

    @Test("tools, choice, form and stream are read")
    func toolsAndForm() throws {
        let members = #"""
            "stream":true,"stream_options":{"include_usage":true,"include_obfuscation":false},
            "tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"},"strict":true},"cache_control":{"type":"ephemeral"}}],
            "tool_choice":{"type":"function","function":{"name":"f"}},"parallel_tool_calls":false,
            "response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"},"strict":true}}
            """#
        try OpenAIDialect.withRequest(body(members)) { request in
            #expect(request.isStream && request.wantsUsage && request.allowsParallelCalls == false)
            let tool = try #require(request.tools.first)
            #expect(tool.name == "f" && tool.isStrict == true && tool.parameters?.isObject == true && tool.cacheMark != nil)
            guard case .named(let name) = request.toolChoice, name == "f" else { return #expect(Bool(false), "the choice names f") }
            guard case .jsonSchema(let form, let schema, true) = request.format else { return #expect(Bool(false), "the form is a schema") }
            #expect(OpenAIDialect.text(form) == "n" && schema.bytes == #"{"type":"object"}"#)
            #expect(request.extras.isEmpty)
        }
    }

    @Test("a member given twice counts once, the last")
    func twice() throws {
        let body = #"{"messages":[{"role":"user","content":"a"}],"tools":[{"type":"function","function":{"name":"f"}}],"messages":[{"role":"user","content":"b"}],"tools":[{"type":"function","function":{"name":"g"}}]}"#
        try OpenAIDialect.withRequest(body) { request in
            #expect(request.parts.map(OpenAIDialect.describe) == ["user* text:b"])
            #expect(request.tools.count == 1 && request.tools[0].name == "g")
        }
    }

    @Test("a member repeated ten times as often takes some ten times as long, not a hundred times")
    func repetition() throws {
        func shortest(_ count: Int) throws -> Duration {
            let repeated = String(repeating: #""max_tokens":1,"reasoning_effort":"low","thinking":{"type":"adaptive"},"#, count: count)
            let text = body(repeated + #""max_completion_tokens":2"#)
            return try (0..<3).map { _ in
                try ContinuousClock().measure {
                    try OpenAIDialect.withRequest(text) { request in
                        let limit = request.honour(.maxTokens)?.integer
                        #expect(limit == 2)
                    }
                }
            }.min() ?? .zero
        }
        let few = try shortest(2000)
        #expect(try shortest(20_000) < few * 40)
    }
}
