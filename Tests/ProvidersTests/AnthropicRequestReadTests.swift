import Bytes
import JSON
import Testing

@testable import Providers

@Suite("Requests in Anthropic's dialect")
struct AnthropicRequestReadTests {
    private let ink = AnthropicInk()

    private func read(_ json: String, requiresMaxTokens: Bool = true) throws -> ChatRequest {
        var request = ChatRequest()
        try AnthropicRequest.read(try ink.value(json), into: &request, requiresMaxTokens: requiresMaxTokens)
        return request
    }

    /// A body with a user's text and `members`.
    private func body(_ members: String, content: String = #""hi""#) -> String {
        #"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":\#(content)}]\#(members)}"#
    }

    /// What is told when a writer that honours nothing writes the request.
    private func told(_ request: ChatRequest) -> String {
        var notes = TranslationNotes()
        request.noteDropped(&notes)
        return written { notes.write(into: &$0) }
    }

    // MARK: Conversation

    @Test("a conversation becomes parts, each message opened by its first")
    func conversation() throws {
        let request = try read(
            #"""
            {"messages":[
              {"role":"user","content":[{"type":"text","text":"a\n","cache_control":{"type":"ephemeral"}},
                {"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA=="}},
                {"type":"image","source":{"type":"url","url":"https://u"}}]},
              {"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"s"},{"type":"redacted_thinking","data":"d"},
                {"type":"tool_use","id":"i","name":"n","input":{"a":[1]}}]},
              {"role":"user","content":[{"type":"tool_result","tool_use_id":"i","is_error":true,"content":[{"type":"text","text":"r"},
                {"type":"image","source":{"type":"file","file_id":"f"}}]},{"type":"tool_result","tool_use_id":"j","content":"x"},{"type":"text","text":"b"}]},
              {"role":"system","content":"late"}
            ],"system":[{"type":"text","text":"s1"},{"type":"text","text":"s2","cache_control":{"type":"ephemeral","ttl":"1h"}}],
            "model":"claude-opus-5-5","max_tokens":10,"stream":true}
            """#)
        #expect(
            request.parts.map(spelled) == [
                "+system text s1", #" system text s2 {"type":"ephemeral","ttl":"1h"}"#, #"+user text a\n {"type":"ephemeral"}"#,
                " user image image/png AA==", " user image https://u", "+assistant thinking t s", " assistant redacted d",
                #" assistant call i n {"a":[1]}"#, "+user result i error", " user (text r", " user (image f", " user result j", " user (text x",
                " user text b", "+system text late",
            ])
        #expect(request.isStream && request.wantsUsage)
        #expect(request.model.map { String($0.content) } == "claude-opus-5-5")
        #expect(told(request) == "dropped: max_tokens")
    }

    @Test("documents keep their title, context and content", arguments: [
        (#"{"type":"base64","media_type":"application/pdf","data":"AA"}"#, ["document application/pdf AA 'T'"]),
        (#"{"type":"text","media_type":"text/plain","data":"d"}"#, ["document text d 'T'"]),
        (#"{"type":"url","url":"u"}"#, ["document u 'T'"]),
        (#"{"type":"file","file_id":"f"}"#, ["document f 'T'"]),
        (#"{"type":"content","content":"c"}"#, ["text T", "text c"]),
        (#"{"type":"content","content":[{"type":"text","text":"c"},{"type":"image","source":{"type":"url","url":"u"}}]}"#, ["text T", "text c", "image u"]),
    ])
    func documents(source: String, expected: [String]) throws {
        let content = #"[{"type":"document","title":"T","context":"C","citations":{"enabled":true},"source":\#(source)}]"#
        let request = try read(body("", content: content))
        #expect(request.parts.map { String(spelled($0).dropFirst(6)) } == ["text C"] + expected)
        #expect(told(request) == "dropped: max_tokens, citations")
    }

    // MARK: Parameters

    @Test("parameters are taken over under the client's names")
    func parameters() throws {
        let request = try read(
            body(
                #"""
                ,"temperature":0.5,"top_p":0.9,"top_k":4,"stop_sequences":["a"],"metadata":{"user_id":"u","x":1},"service_tier":"auto",
                "container":"c","mcp_servers":[],"context_management":{},"inference_geo":null,"output_config":{"task_budget":{"total":1}}
                """#))
        #expect(request.value(of: .user)?.is("u") ?? false)
        #expect(
            told(request)
                == "dropped: max_tokens, temperature, top_p, top_k, stop_sequences, metadata, service_tier, x, container, mcp_servers, context_management, task_budget")
    }

    @Test("tool choices are taken over")
    func toolChoices() throws {
        for (json, expected) in [
            (#"{"type":"auto"}"#, "auto nil"), (#"{"type":"any","disable_parallel_tool_use":true}"#, "required Optional(false)"),
            (#"{"type":"none"}"#, "none nil"), (#"{"type":"tool","name":"n","disable_parallel_tool_use":false}"#, "named n Optional(true)"),
        ] {
            let request = try read(body(#","tools":[{"name":"n","input_schema":{}}],"tool_choice":\#(json)"#))
            let choice =
                switch try #require(request.toolChoice) {
                case .auto: "auto"
                case .none: "none"
                case .required: "required"
                case .named(let name): "named \(String(name.content))"
                }
            #expect("\(choice) \(String(describing: request.allowsParallelCalls))" == expected)
            #expect(request.has(.parallelToolCalls) == (request.allowsParallelCalls != nil))
        }
    }

    @Test("thinking and effort become reasoning", arguments: [
        (#","thinking":{"type":"enabled","budget_tokens":2000}"#, "budget(2000)"), (#","thinking":{"type":"adaptive"}"#, "adaptive"),
        (#","thinking":{"type":"disabled"}"#, "off"), (#","thinking":{"type":"between_tools"}"#, "off"),
        (#","thinking":{"type":"adaptive"},"output_config":{"effort":"max"}"#, "effort(max)"),
        (#","output_config":{"effort":"low"},"thinking":{"type":"disabled"}"#, "off"), (#","output_config":{"effort":"xhigh"}"#, "effort(xhigh)"),
        (#","thinking":null,"output_config":{"effort":null}"#, "nil"),
    ])
    func reasoning(members: String, expected: String) throws {
        let request = try read(body(members))
        let spelled = request.reasoning.map { "\($0)".replacing("Providers.ChatRequest.Effort.", with: "") } ?? "nil"
        #expect(spelled == expected)
        #expect(request.has(.reasoning) == (expected != "nil"))
    }

    @Test("a tool is taken whole, and what only Anthropic knows of it is told")
    func tools() throws {
        let request = try read(
            body(
                #","tools":[{"type":"custom","name":"n","description":"d","input_schema":{"type":"object"},"strict":true,"cache_control":{"type":"ephemeral"},"defer_loading":true}]"#
            ))
        let tool = try #require(request.tools.first)
        #expect(tool.parameters.map { String($0.bytes) } == #"{"type":"object"}"#)
        #expect(tool.isStrict == true && tool.cacheMark != nil)
        #expect(told(request) == "dropped: max_tokens, tools, defer_loading")
    }

    @Test("a schema for the output is its format, in the old member too", arguments: [
        #","output_config":{"format":{"type":"json_schema","schema":{"a":1}}}"#, #","output_format":{"type":"json_schema","schema":{"a":1}}"#,
    ])
    func formats(members: String) throws {
        guard case .jsonSchema(nil, let schema, nil) = try read(body(members)).format else {
            Issue.record("no schema")
            return
        }
        #expect(String(schema.bytes) == #"{"a":1}"#)
    }

    // MARK: Refusals

    @Test("a body the API would refuse is invalid, with its place", arguments: [
        (#"[]"#, ""), (#"{"model":"m","messages":[]}"#, "max_tokens"), (#"{"max_tokens":1}"#, "messages"), (#"{"max_tokens":"1","messages":[]}"#, "max_tokens"),
        (#"{"max_tokens":1,"messages":[{"role":"tool","content":"x"}]}"#, "messages[0].role"),
        (#"{"max_tokens":1,"messages":[{"role":"user"}]}"#, "messages[0].content"),
        (#"{"max_tokens":1,"messages":[{"role":"user","content":[{"text":"x"}]}]}"#, "messages[0].content[0].type"),
        (#"{"max_tokens":1,"messages":[{"role":"user","content":[{"type":"tool_use","id":"i","name":"n","input":{}}]}]}"#, "messages[0].content[0]"),
        (#"{"max_tokens":1,"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"i","name":"n","input":"{}"}]}]}"#, "messages[0].content[0].input"),
        (#"{"max_tokens":1,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"x"}}]}]}"#, "messages[0].content[0].source"),
        (#"{"max_tokens":1,"messages":[],"thinking":{"type":"enabled","budget_tokens":10}}"#, "thinking.budget_tokens"),
        (#"{"max_tokens":1,"messages":[],"tools":[{"name":"n"}]}"#, "tools[0].input_schema"),
        (#"{"max_tokens":1,"messages":[],"tool_choice":{"type":"x"}}"#, "tool_choice.type"),
        (#"{"max_tokens":1,"messages":[],"stop_sequences":"x"}"#, "stop_sequences"), (#"{"max_tokens":1,"messages":[],"stream":"yes"}"#, "stream"),
        (#"{"max_tokens":1,"messages":[],"system":[{"type":"image"}]}"#, "system[0]"),
    ])
    func invalid(json: String, parameter: String) throws {
        do {
            _ = try read(json)
            Issue.record("\(json) was read")
        } catch let fault as TranslationFault {
            #expect(fault.kind == .invalid)
            #expect(fault.parameter == parameter)
        }
    }

    @Test("blocks and tools that only Anthropic's servers run are refused by name", arguments: [
        "server_tool_use", "web_search_tool_result", "search_result", "container_upload", "mcp_tool_use",
    ])
    func serverBlocks(type: String) throws {
        do {
            _ = try read(body("", content: #"[{"type":"\#(type)"}]"#))
            Issue.record("\(type) was read")
        } catch let fault as TranslationFault {
            #expect(fault.kind == .unsupported && fault.message.contains(type) && fault.parameter == "messages[0].content[0]")
        }
        let tool = #expect(throws: TranslationFault.self) { try read(body(#","tools":[{"type":"bash_20250124","name":"bash"}]"#)) }
        #expect(tool?.message.contains("bash_20250124") ?? false)
    }

    @Test("count_tokens needs no max_tokens")
    func countTokens() throws {
        let json = #"{"model":"m","messages":[{"role":"user","content":"a"}]}"#
        #expect(throws: TranslationFault.self) { try read(json) }
        #expect(try read(json, requiresMaxTokens: false).parts.count == 1)
    }
}

/// A part in one line, for comparisons: `+` where a message opens, `(` inside a result.
private func spelled(_ part: ChatRequest.Part) -> String {
    func text(_ string: JSONString?) -> String { string.map { String($0.content) } ?? "-" }
    let content =
        switch part.content {
        case .text(let string): "text \(text(string))"
        case .media(let media):
            "\(media.kind) "
                + {
                    switch media.source {
                    case .url(let url): text(url)
                    case .base64(let type, let data): "\(String(type)) \(String(data))"
                    case .text(let string): "text \(text(string))"
                    case .file(let file): text(file)
                    }
                }() + (media.name.map { " '\(String($0.content))'" } ?? "")
        case .toolCall(let id, let name, .json(let value), _): "call \(text(id)) \(text(name)) \(String(value.bytes))"
        case .toolCall(let id, let name, .text(let value), _): "call \(text(id)) \(text(name)) \(text(value))"
        case .toolResult(let id, _, let isError): "result \(text(id))\(isError ? " error" : "")"
        case .thinking(let string, let signature): "thinking \(text(string)) \(text(signature))"
        case .redactedThinking(let string): "redacted \(text(string))"
        case .refusal(let string): "refusal \(text(string))"
        }
    return "\(part.opensMessage ? "+" : " ")\(part.role) \(part.isInResult ? "(" : "")\(content)\(part.cacheMark.map { " \(String($0.bytes))" } ?? "")"
}

@Suite("Conversations through Anthropic's dialect")
struct AnthropicConversationTests {
    /// What must come back, turn by turn: results apart, thinking before the rest of its message.
    private func turns(_ request: ChatRequest, isSource: Bool) -> [String] {
        var turns: [(role: ChatRequest.Role, first: [String], rest: [String])] = []
        var isInResult = false
        for part in request.parts where part.role != .system {
            var line = spelled(part).dropFirst()
            if isSource {
                switch part.content {
                case .text(let text) where text.isBlank && !part.isInResult: continue
                case .thinking(_, signature: nil): continue
                default: break
                }
                line = Substring(String(line).replacing("refusal ", with: "text "))
            }
            if turns.last?.role != part.role { turns.append((part.role, [], [])) }
            isInResult = part.isInResult
            if case .toolResult = part.content { isInResult = true }
            if isInResult { turns[turns.count - 1].first.append(String(line)) } else { turns[turns.count - 1].rest.append(String(line)) }
        }
        return turns.map { "\($0.role): \(($0.first + $0.rest).joined(separator: "; "))" }
    }

    @Test("any conversation of OpenAI's shape keeps what it says")
    func conversationsSurvive() throws {
        var random = SeededGenerator("conversations through Anthropic's dialect")
        for _ in 0..<300 {
            let ink = AnthropicInk()
            var request = ChatRequest()
            request.model = try ink.string("claude-sonnet-5")
            var calls = 0
            let words = ["", " ", "a", "ä\n\"", "😀\\", "{}", "\u{0}"]
            func word() throws -> JSONString { try ink.string(words.randomElement(using: &random) ?? "") }
            request.append(.init(.user, .text(try ink.string("start")), opensMessage: true))
            for _ in 0..<Int.random(in: 0..<8, using: &random) {
                switch Int.random(in: 0..<4, using: &random) {
                case 0: request.append(.init(.system, .text(try word()), opensMessage: true))
                case 1:
                    request.append(.init(.user, .text(try word()), opensMessage: true))
                    let media = ChatRequest.Media(Bool.random(using: &random) ? .image : .document, .url(try word()))
                    request.append(.init(.user, .media(media), opensMessage: false))
                case 2: request.append(.init(.assistant, Bool.random(using: &random) ? .text(try word()) : .refusal(try ink.string("no")), opensMessage: true))
                default:
                    let signature = Bool.random(using: &random) ? try ink.string("sig") : nil
                    request.append(.init(.assistant, .thinking(try word(), signature: signature), opensMessage: true))
                    let first = calls
                    for _ in 0...Int.random(in: 0..<3, using: &random) {
                        let arguments = ChatRequest.Arguments.json(try ink.value(#"{"k":"\u00e9","n":[1,{}]}"#))
                        let call = ChatRequest.Content.toolCall(id: try ink.string("call_\(calls)"), name: try ink.string("f"), arguments: arguments, signature: nil)
                        request.append(.init(.assistant, call, opensMessage: false))
                        calls += 1
                    }
                    for id in first..<calls {
                        let isError = Bool.random(using: &random)
                        request.append(.init(.user, .toolResult(id: try ink.string("call_\(id)"), name: nil, isError: isError), opensMessage: true))
                        request.append(.init(.user, .text(try word()), opensMessage: false, isInResult: true))
                    }
                }
            }
            let body = try AnthropicWritten(request).body
            var back = ChatRequest()
            try AnthropicRequest.read(try ink.value(body), into: &back)
            #expect(turns(back, isSource: false) == turns(request, isSource: true), "\(body)")
            let system = request.parts.filter { if case .text(let text) = $0.content { $0.role == .system && !text.isBlank } else { false } }
            #expect(back.parts.filter { $0.role == .system }.map { spelled($0).dropFirst() } == system.map { spelled($0).dropFirst() })
        }
    }
}
