import Bytes
import JSON
import Testing

@testable import Providers

@Suite("Requests for Anthropic")
struct AnthropicRequestWriteTests {
    private let ink = AnthropicInk()

    /// A conversation of one user's text, for a model.
    private func request(_ model: String = "claude-opus-4-1", _ text: String = "hi") throws -> ChatRequest {
        var request = ChatRequest()
        request.model = try ink.string(model)
        request.append(ChatRequest.Part(.user, .text(try ink.string(text)), opensMessage: true))
        return request
    }

    private func give(_ request: inout ChatRequest, _ parameter: ChatRequest.Parameter, _ name: String, _ json: String) throws {
        request.give(parameter, try ink.string(name), try ink.value(json))
    }

    /// The part of a body after its messages.
    private func tail(_ body: String) -> String {
        guard let range = body.ranges(of: "\"content\":\"hi\"}]").last else { return body }
        return String(body[range.upperBound...].dropLast())
    }

    @Test("the request of the Portkey reference (case 25) is written as its section 6.2 says, stop as an array")
    func referenceRequest() throws {
        var request = ChatRequest()
        request.model = try ink.string("claude-3-opus-20240229")
        typealias Part = ChatRequest.Part
        request.append(Part(.system, .text(try ink.string("be brief")), opensMessage: true))
        request.append(
            Part(.user, .text(try ink.string("what is this")), opensMessage: true, cacheMark: try ink.value(#"{"type":"ephemeral","ttl":"1h"}"#)))
        let data = ChatRequest.Media(.image, .base64(type: ByteSlice("image/png"), data: ByteSlice("iVBORw0KGgo=")))
        request.append(Part(.user, .media(data), opensMessage: false))
        request.append(Part(.user, .media(ChatRequest.Media(.image, .url(try ink.string("https://a.example/b.png")))), opensMessage: false))
        request.append(Part(.assistant, .text(try ink.string("let me look")), opensMessage: true))
        let arguments = ChatRequest.Arguments.text(try ink.string(#"{"q":"cät"}"#))
        request.append(
            Part(.assistant, .toolCall(id: try ink.string("call_1"), name: try ink.string("look"), arguments: arguments, signature: nil), opensMessage: false))
        request.append(Part(.user, .toolResult(id: try ink.string("call_1"), name: nil, isError: false), opensMessage: true))
        request.append(Part(.user, .text(try ink.string("a cat")), opensMessage: false, isInResult: true))
        request.append(Part(.system, .text(try ink.string("in German")), opensMessage: true))
        request.append(
            ChatRequest.Tool(
                name: try ink.string("look"), description: try ink.string("looks"),
                parameters: try ink.value(
                    ##"{"type":"object","properties":{"q":{"$ref":"#/$defs/q"}},"$defs":{"q":{"type":"string"}},"additionalProperties":false}"##)))
        try give(&request, .tools, "tools", "[]")
        request.toolChoice = .required
        try give(&request, .toolChoice, "tool_choice", #""required""#)
        try give(&request, .temperature, "temperature", "1.7")
        try give(&request, .stop, "stop", #""END""#)
        try give(&request, .maxTokens, "max_tokens", "256")
        try give(&request, .user, "user", #""u-1""#)
        try give(&request, .seed, "seed", "7")
        try give(&request, .count, "n", "2")
        let written = try AnthropicWritten(request)
        #expect(
            written.body == [
                #"{"model":"claude-3-opus-20240229","max_tokens":256"#,
                #","system":[{"type":"text","text":"be brief"},{"type":"text","text":"in German"}]"#,
                #","messages":[{"role":"user","content":[{"type":"text","text":"what is this","cache_control":{"type":"ephemeral","ttl":"1h"}}"#,
                #",{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="}}"#,
                #",{"type":"image","source":{"type":"url","url":"https://a.example/b.png"}}]}"#,
                #",{"role":"assistant","content":[{"type":"text","text":"let me look"}"#,
                #",{"type":"tool_use","id":"call_1","name":"look","input":{"q":"cät"}}]}"#,
                #",{"role":"user","content":[{"type":"tool_result","tool_use_id":"call_1","content":"a cat"}]}]"#,
                ##","tools":[{"name":"look","description":"looks","input_schema":{"type":"object","properties":{"q":{"$ref":"#/$defs/q"}}"##,
                #","$defs":{"q":{"type":"string"}},"additionalProperties":false}}]"#,
                #","tool_choice":{"type":"any"},"temperature":1,"stop_sequences":["END"],"metadata":{"user_id":"u-1"}}"#,
            ].joined())
        #expect(written.notes == "dropped: seed, n; changed: temperature")
    }

    // MARK: Parameters

    struct Mapping: CustomTestStringConvertible {
        var model = "claude-opus-4-1"
        var parameter: ChatRequest.Parameter
        var name: String
        var value: String
        var tail: String
        var notes = ""
        var testDescription: String { "\(model) \(name)=\(value)" }
    }

    static let parameters: [Mapping] = [
        Mapping(parameter: .temperature, name: "temperature", value: "0.3", tail: #","temperature":0.3"#),
        Mapping(parameter: .temperature, name: "temperature", value: "1.0", tail: #","temperature":1.0"#),
        Mapping(parameter: .temperature, name: "temperature", value: "2e0", tail: #","temperature":1"#, notes: "changed: temperature"),
        Mapping(parameter: .temperature, name: "temperature", value: "11e-1", tail: #","temperature":1"#, notes: "changed: temperature"),
        Mapping(model: "claude-opus-4-7", parameter: .temperature, name: "temperature", value: "0.3", tail: "", notes: "dropped: temperature"),
        Mapping(model: "claude-sonnet-5", parameter: .topP, name: "top_p", value: "0.3", tail: "", notes: "dropped: top_p"),
        Mapping(parameter: .topP, name: "top_p", value: "0.3", tail: #","top_p":0.3"#),
        Mapping(parameter: .topK, name: "top_k", value: "5", tail: #","top_k":5"#),
        Mapping(parameter: .stop, name: "stop", value: #"["a","b"]"#, tail: #","stop_sequences":["a","b"]"#),
        Mapping(parameter: .stop, name: "stop", value: #"["\n","b"]"#, tail: #","stop_sequences":["b"]"#, notes: "changed: stop"),
        Mapping(parameter: .stop, name: "stop", value: #"" ""#, tail: "", notes: "changed: stop"),
        Mapping(parameter: .stop, name: "stop", value: "[]", tail: ""),
        Mapping(parameter: .user, name: "user", value: #""u\u00e4""#, tail: #","metadata":{"user_id":"u\u00e4"}"#),
        Mapping(parameter: .safetyIdentifier, name: "safety_identifier", value: #""u""#, tail: #","metadata":{"user_id":"u"}"#),
        Mapping(parameter: .serviceTier, name: "service_tier", value: #""auto""#, tail: #","service_tier":"auto""#),
        Mapping(parameter: .serviceTier, name: "service_tier", value: #""default""#, tail: #","service_tier":"standard_only""#),
        Mapping(parameter: .serviceTier, name: "service_tier", value: #""flex""#, tail: "", notes: "dropped: service_tier"),
        Mapping(parameter: .count, name: "n", value: "1", tail: ""),
        Mapping(parameter: .count, name: "n", value: "3", tail: "", notes: "dropped: n"),
        Mapping(parameter: .frequencyPenalty, name: "frequency_penalty", value: "0.0", tail: ""),
        Mapping(parameter: .presencePenalty, name: "presence_penalty", value: "0.5", tail: "", notes: "dropped: presence_penalty"),
        Mapping(parameter: .logprobs, name: "logprobs", value: "false", tail: ""),
        Mapping(parameter: .logprobs, name: "logprobs", value: "true", tail: "", notes: "dropped: logprobs"),
        Mapping(parameter: .modalities, name: "modalities", value: #"["text"]"#, tail: ""),
        Mapping(parameter: .modalities, name: "modalities", value: #"["text","audio"]"#, tail: "", notes: "dropped: modalities"),
        Mapping(parameter: .promptCacheKey, name: "prompt_cache_key", value: #""k""#, tail: "", notes: "dropped: prompt_cache_key"),
        Mapping(parameter: .metadata, name: "metadata", value: #"{"a":"b"}"#, tail: "", notes: "dropped: metadata"),
    ]

    @Test("a parameter is sent as Anthropic takes it, or told", arguments: parameters)
    func parametersAreMapped(mapping: Mapping) throws {
        var request = try request(mapping.model)
        try give(&request, mapping.parameter, mapping.name, mapping.value)
        let written = try AnthropicWritten(request)
        #expect(tail(written.body) == mapping.tail)
        #expect(written.notes == mapping.notes)
    }

    @Test("every parameter that is given is honoured or told", arguments: ChatRequest.Parameter.allCases)
    func nothingIsLostUnsaid(parameter: ChatRequest.Parameter) throws {
        var request = try request()
        try give(&request, parameter, "the_name", parameter == .maxTokens ? "5" : parameter == .stop ? #"["s"]"# : "[{}]")
        // What is parsed into fields of its own counts as said by them.
        request.format = .jsonObject
        request.toolChoice = .required
        let written = try AnthropicWritten(request)
        let isSent = written.body != (try AnthropicWritten(try self.request()).body)
        let isTrivial = parameter == .parallelToolCalls || parameter == .reasoning
        #expect(isSent || isTrivial || written.notes.contains("the_name"))
    }

    @Test("temperature and top_p together lose top_p on the models that refuse them together")
    func oneSampler() throws {
        for (model, notes) in [("claude-sonnet-4-5", "dropped: top_p"), ("claude-sonnet-4-20250514", "")] {
            var request = try request(model)
            try give(&request, .temperature, "temperature", "0.5")
            try give(&request, .topP, "top_p", "0.5")
            #expect(try AnthropicWritten(request).notes == notes)
        }
    }

    @Test("max_tokens is the model's limit when the client leaves it to the model", arguments: [
        ("claude-opus-5-5", 128_000), ("anthropic/claude-sonnet-4-6", 128_000), ("us.anthropic.claude-haiku-4-5-20251001-v1:0", 64_000),
        ("claude-opus-4-1-20250805", 32_000), ("claude-3-5-haiku-latest", 8192), ("claude-3-haiku-20240307", 4096), ("kimi-k2", 4096),
        ("claude-ode-7", 64_000),
    ])
    func defaultMaxTokens(model: String, limit: Int) throws {
        #expect(try AnthropicWritten(try request(model)).body.contains(#","max_tokens":\#(limit),"#))
    }

    // MARK: Tools and format

    @Test("tool choices are Anthropic's, with one call at a time where the client forbids more")
    func toolChoices() throws {
        let choices: [(ChatRequest.ToolChoice?, Bool?, String)] = [
            (.auto, nil, #","tool_choice":{"type":"auto"}"#),
            (.required, true, #","tool_choice":{"type":"any"}"#),
            (.required, false, #","tool_choice":{"type":"any","disable_parallel_tool_use":true}"#),
            (ChatRequest.ToolChoice.none, false, #","tool_choice":{"type":"none"}"#),
            (nil, false, #","tool_choice":{"type":"auto","disable_parallel_tool_use":true}"#),
            (nil, true, ""),
        ]
        for (choice, allowsParallel, expected) in choices {
            var request = try request()
            request.append(ChatRequest.Tool(name: try ink.string("t"), description: nil, parameters: nil))
            request.toolChoice = choice
            request.allowsParallelCalls = allowsParallel
            let written = try AnthropicWritten(request)
            #expect(tail(written.body) == #","tools":[{"name":"t","input_schema":{"type":"object","properties":{}}}]"# + expected)
            #expect(written.notes == "")
        }
    }

    @Test("a schema without a type gets the type the API demands, and loses nothing")
    func schemaType() throws {
        var request = try request()
        request.append(
            ChatRequest.Tool(name: try ink.string("t"), description: nil, parameters: try ink.value(#"{"type":null,"anyOf":[{}]}"#), isStrict: true))
        let written = try AnthropicWritten(request)
        #expect(tail(written.body) == #","tools":[{"name":"t","input_schema":{"type":"object","anyOf":[{}]}}]"#)
        #expect(written.notes == "changed: tools", "Claude 4.1 has no strict tools")
    }

    @Test("a forced tool is left to the model where the model takes none, and told")
    func forcedToolsAreRefusedByNewModels() throws {
        var request = try request("claude-opus-5-5")
        request.append(ChatRequest.Tool(name: try ink.string("t"), description: nil, parameters: nil))
        request.toolChoice = .named(try ink.string("t"))
        try give(&request, .toolChoice, "tool_choice", "{}")
        let written = try AnthropicWritten(request)
        #expect(written.body.contains(#""tool_choice":{"type":"auto"}"#))
        #expect(written.notes == "changed: tool_choice")
    }

    @Test("a JSON schema goes to output_config; JSON without a schema is told as dropped")
    func formats() throws {
        var request = try request("claude-sonnet-4-5")
        try give(&request, .format, "response_format", "{}")
        request.format = .jsonSchema(name: nil, schema: try ink.value(#"{"type":"object"}"#), isStrict: true)
        #expect(tail(try AnthropicWritten(request).body) == #","output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}}"#)
        request.format = .jsonObject
        let written = try AnthropicWritten(request)
        #expect(tail(written.body) == "")
        #expect(written.notes == "dropped: response_format")
    }

    // MARK: Thinking

    struct Thinking: CustomTestStringConvertible {
        var model: String
        var reasoning: ChatRequest.Reasoning
        var maxTokens: String?
        var tail: String
        var notes = ""
        var isForced = false
        var testDescription: String { "\(model) \(reasoning) of \(maxTokens ?? "all") \(isForced)" }
    }

    static var thinkings: [Thinking] {[
        Thinking(model: "claude-sonnet-4-5", reasoning: .effort(.low), tail: #","thinking":{"type":"enabled","budget_tokens":2048}"#),
        Thinking(model: "claude-sonnet-4-5", reasoning: .effort(.max), tail: #","thinking":{"type":"enabled","budget_tokens":32000}"#),
        Thinking(
            model: "claude-sonnet-4-5", reasoning: .effort(.high), maxTokens: "4096", tail: #","thinking":{"type":"enabled","budget_tokens":2048}"#,
            notes: "changed: reasoning_effort"),
        Thinking(
            model: "claude-sonnet-4-5", reasoning: .effort(.minimal), maxTokens: "500", tail: #","thinking":{"type":"enabled","budget_tokens":1024}"#,
            notes: "changed: max_completion_tokens"),
        Thinking(
            model: "claude-sonnet-4-5", reasoning: .budget(5), tail: #","thinking":{"type":"enabled","budget_tokens":1024}"#,
            notes: "changed: reasoning_effort"),
        Thinking(model: "claude-sonnet-4-5", reasoning: .off, tail: ""),
        Thinking(
            model: "claude-opus-4-5", reasoning: .effort(.max),
            tail: #","thinking":{"type":"enabled","budget_tokens":32000},"output_config":{"effort":"high"}"#, notes: "changed: reasoning_effort"),
        Thinking(model: "claude-opus-4-6", reasoning: .effort(.medium), tail: #","thinking":{"type":"adaptive"},"output_config":{"effort":"medium"}"#),
        Thinking(
            model: "claude-opus-4-6", reasoning: .effort(.xhigh), tail: #","thinking":{"type":"adaptive"},"output_config":{"effort":"high"}"#,
            notes: "changed: reasoning_effort"),
        Thinking(
            model: "claude-opus-5", reasoning: .effort(.minimal), tail: #","thinking":{"type":"adaptive"},"output_config":{"effort":"low"}"#,
            notes: "changed: reasoning_effort"),
        Thinking(
            model: "claude-opus-4-8", reasoning: .budget(9000), tail: #","thinking":{"type":"adaptive"},"output_config":{"effort":"high"}"#,
            notes: "changed: reasoning_effort"),
        Thinking(model: "claude-opus-4-8", reasoning: .off, tail: ""),
        Thinking(model: "claude-opus-5", reasoning: .off, tail: #","thinking":{"type":"disabled"}"#),
        Thinking(model: "claude-sonnet-5-5", reasoning: .off, tail: #","thinking":{"type":"between_tools"}"#),
        Thinking(model: "claude-opus-5-5", reasoning: .off, tail: #","output_config":{"effort":"low"}"#, notes: "changed: reasoning_effort"),
        Thinking(model: "claude-3-5-sonnet-latest", reasoning: .effort(.high), tail: "", notes: "dropped: reasoning_effort"),
        Thinking(model: "claude-sonnet-4-5", reasoning: .effort(.high), tail: "", notes: "changed: reasoning_effort", isForced: true),
        Thinking(
            model: "claude-opus-5", reasoning: .effort(.high), tail: #","thinking":{"type":"adaptive"},"output_config":{"effort":"high"}"#, isForced: true),
    ]}

    @Test("thinking is asked for in the model's own words", arguments: thinkings.indices)
    func thinkingIsMapped(index: Int) throws {
        let thinking = Self.thinkings[index]
        var request = try request(thinking.model)
        request.reasoning = thinking.reasoning
        try give(&request, .reasoning, "reasoning_effort", #""x""#)
        if let limit = thinking.maxTokens { try give(&request, .maxTokens, "max_completion_tokens", limit) }
        if thinking.isForced {
            request.append(ChatRequest.Tool(name: try ink.string("t"), description: nil, parameters: nil))
            request.toolChoice = .required
        }
        let written = try AnthropicWritten(request)
        let tools = #","tools":[{"name":"t","input_schema":{"type":"object","properties":{}}}],"tool_choice":{"type":"any"}"#
        #expect(tail(written.body) == (thinking.isForced ? tools : "") + thinking.tail)
        #expect(written.notes == thinking.notes)
    }

    @Test("thinking takes no temperature and no top_k")
    func thinkingTakesNoTemperature() throws {
        var request = try request("claude-sonnet-4-5")
        request.reasoning = .effort(.low)
        try give(&request, .reasoning, "reasoning_effort", #""low""#)
        try give(&request, .temperature, "temperature", "0.2")
        try give(&request, .topK, "top_k", "5")
        try give(&request, .topP, "top_p", "0.96")
        let written = try AnthropicWritten(request)
        #expect(tail(written.body) == #","thinking":{"type":"enabled","budget_tokens":2048},"top_p":0.96"#)
        #expect(written.notes == "dropped: temperature, top_k")
    }

    @Test("a tool loop that began without thinking goes on without it, where the model has budgets", arguments: [
        ("claude-sonnet-4-5", false, false), ("claude-sonnet-4-5", true, true), ("claude-opus-4-6", false, true),
    ])
    func toolLoops(model: String, hasThinking: Bool, thinks: Bool) throws {
        var request = try request(model)
        var opens = true
        if hasThinking {
            request.append(.init(.assistant, .thinking(try ink.string("hm"), signature: try ink.string("s1g")), opensMessage: true))
            opens = false
        }
        let call = ChatRequest.Content.toolCall(id: try ink.string("c"), name: try ink.string("t"), arguments: .text(try ink.string("")), signature: nil)
        request.append(.init(.assistant, call, opensMessage: opens))
        request.append(.init(.user, .toolResult(id: try ink.string("c"), name: nil, isError: false), opensMessage: true))
        request.append(.init(.user, .text(try ink.string("r")), opensMessage: false, isInResult: true))
        request.append(.init(.user, .text(try ink.string("and?")), opensMessage: true))
        request.reasoning = .effort(.high)
        try give(&request, .reasoning, "reasoning_effort", #""high""#)
        let written = try AnthropicWritten(request)
        #expect(written.body.contains(#""thinking":{"#) == thinks)
        #expect(written.notes == (thinks ? "" : "changed: reasoning_effort"))
    }

    // MARK: Conversations

    @Test("results of one turn come first in one message, and what one role says in a row is one message")
    func turnsAreMerged() throws {
        var request = ChatRequest()
        request.model = try ink.string("claude-opus-4-1")
        let text = { (role: ChatRequest.Role, text: String) in ChatRequest.Part(role, .text(try ink.string(text)), opensMessage: true) }
        request.append(try text(.user, "a"))
        request.append(try text(.assistant, " \n"))
        request.append(try text(.user, "b"))
        for id in ["x:1", ""] {
            let call = ChatRequest.Content.toolCall(id: try ink.string(id), name: try ink.string("t"), arguments: .text(try ink.string("{}")), signature: nil)
            request.append(.init(.assistant, call, opensMessage: true))
        }
        request.append(.init(.assistant, .thinking(try ink.string("t"), signature: try ink.string("s")), opensMessage: false))
        request.append(.init(.user, .toolResult(id: try ink.string("x:1"), name: nil, isError: true), opensMessage: true))
        request.append(try text(.user, "c"))
        request.append(.init(.user, .toolResult(id: nil, name: nil, isError: false), opensMessage: true))
        request.append(.init(.user, .text(try ink.string("r")), opensMessage: false, isInResult: true))
        request.append(.init(.user, .text(try ink.string("")), opensMessage: false, isInResult: true))
        let written = try AnthropicWritten(request)
        #expect(
            written.body.hasSuffix(
                [
                    #""messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}"#,
                    #",{"role":"assistant","content":[{"type":"tool_use","id":"x_1","name":"t","input":{}},{"type":"thinking","thinking":"t","signature":"s"}"#,
                    #",{"type":"tool_use","id":"call_0","name":"t","input":{}}]}"#,
                    #",{"role":"user","content":[{"type":"tool_result","tool_use_id":"x_1","is_error":true}"#,
                    #",{"type":"tool_result","tool_use_id":"call_0","content":[{"type":"text","text":"r"}]},{"type":"text","text":"c"}]}]}"#,
                ].joined()))
    }

    @Test("where the user does not speak first a placeholder does, and the client is told")
    func userSpeaksFirst() throws {
        var request = ChatRequest()
        request.model = try ink.string("claude-opus-4-1")
        request.append(.init(.system, .text(try ink.string("s")), opensMessage: true))
        #expect(try AnthropicWritten(request).body.hasSuffix(#""messages":[{"role":"user","content":"."}]}"#))
        request.append(.init(.assistant, .refusal(try ink.string("no")), opensMessage: true))
        request.append(.init(.assistant, .thinking(try ink.string("other's"), signature: nil), opensMessage: false))
        let written = try AnthropicWritten(request)
        #expect(written.body.hasSuffix(#""messages":[{"role":"user","content":"."},{"role":"assistant","content":[{"type":"text","text":"no"}]}]}"#))
        #expect(written.notes == "dropped: thinking; changed: messages")
    }

    @Test("documents are sent as the API takes them", arguments: [
        ("application/pdf", "AAAA", #""source":{"type":"base64","media_type":"application/pdf","data":"AAAA"},"title":"n""#),
        ("", "AAAA", #""source":{"type":"base64","media_type":"application/pdf","data":"AAAA"},"title":"n""#),
        ("text/csv", "YSJiCsOk8J+YgP8=", #""source":{"type":"text","media_type":"text/plain","data":"a\"b\nä😀\#u{FFFD}"},"title":"n""#),
        (#"text\/plain"#, #"Pz8\/"#, #""source":{"type":"text","media_type":"text/plain","data":"???"},"title":"n""#),
    ])
    func documents(type: String, data: String, expected: String) throws {
        var request = try request()
        let source = ChatRequest.Media.Source.base64(type: try ink.raw(type).content, data: try ink.raw(data).content)
        request.append(.init(.user, .media(.init(.document, source, name: try ink.string("n"))), opensMessage: true))
        #expect(try AnthropicWritten(request).body.contains(#"{"type":"document",\#(expected)}"#))
    }

    @Test("base64 text of any length keeps its characters whole")
    func longBase64() throws {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        for count in 0..<40 {
            let text = String(repeating: "aä€😀", count: count) + String(repeating: "b", count: count % 3)
            var bits = text.utf8.flatMap { byte in (0..<8).map { byte >> (7 - $0) & 1 } }
            while bits.count % 6 != 0 { bits.append(0) }
            let encoded = stride(from: 0, to: bits.count, by: 6).map { start in digits[Int(bits[start..<start + 6].reduce(0) { $0 << 1 | $1 })] }
            var isBase64 = false
            #expect(written { writer in encoded.withByteSlice { isBase64 = Base64Text.decode($0, into: &writer) } } == text)
            #expect(isBase64)
        }
    }

    @Test("what the API has no place for is refused with its place", arguments: ["audio", "zip", "assistant", "arguments", "model", "messages"])
    func refusals(what: String) throws {
        var request = try request()
        switch what {
        case "audio": request.append(.init(.user, .media(.init(.audio, .url(try ink.string("u")))), opensMessage: false))
        case "zip":
            request.append(.init(.user, .media(.init(.document, .base64(type: ByteSlice("application/zip"), data: ByteSlice("")))), opensMessage: false))
        case "assistant":
            request.append(.init(.assistant, .text(try ink.string("a")), opensMessage: true))
            request.append(.init(.assistant, .media(.init(.image, .url(try ink.string("u")))), opensMessage: false))
        case "arguments":
            let arguments = ChatRequest.Arguments.text(try ink.string("[1]"))
            request.append(.init(.assistant, .toolCall(id: nil, name: try ink.string("t"), arguments: arguments, signature: nil), opensMessage: true))
        case "model": request.model = nil
        default: request.begin(); request.model = try ink.string("m")
        }
        let expected = [
            "audio": "messages[0].content[1]", "zip": "messages[0].content[1]", "assistant": "messages[1].content[1]",
            "arguments": "messages[1].content[0]",
        ]
        do {
            _ = try AnthropicWritten(request)
            Issue.record("\(what) was written")
        } catch let fault as TranslationFault {
            #expect(fault.parameter == expected[what] ?? what)
            #expect(fault.kind == (what == "audio" || what == "zip" || what == "assistant" ? .unsupported : .invalid))
        }
    }
}
