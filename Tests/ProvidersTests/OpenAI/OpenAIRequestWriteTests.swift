import Bytes
import JSON
import Testing

@testable import Providers

@Suite("OpenAI requests, written")
struct OpenAIRequestWriteTests {
    private typealias Part = ChatRequest.Part

    private static func text(_ role: ChatRequest.Role, _ text: StaticString, opens: Bool = true, inResult: Bool = false) -> Part {
        Part(role, .text(OpenAIDialect.string(text)), opensMessage: opens, isInResult: inResult)
    }

    private static func call(_ id: StaticString, opens: Bool = false) -> Part {
        let arguments = ChatRequest.Arguments.text(OpenAIDialect.string("{}"))
        return Part(
            .assistant, .toolCall(id: OpenAIDialect.string(id), name: OpenAIDialect.string("f"), arguments: arguments, signature: nil),
            opensMessage: opens)
    }

    private static func result(_ id: StaticString, isError: Bool = false, opens: Bool = true) -> Part {
        Part(.user, .toolResult(id: OpenAIDialect.string(id), name: nil, isError: isError), opensMessage: opens)
    }

    private static func media(
        _ kind: ChatRequest.Media.Kind, _ source: ChatRequest.Media.Source, opens: Bool = true, inResult: Bool = false, role: ChatRequest.Role = .user
    ) -> Part {
        Part(role, .media(ChatRequest.Media(kind, source)), opensMessage: opens, isInResult: inResult)
    }

    private static func base64(_ type: StaticString) -> ChatRequest.Media.Source { .base64(type: ByteSlice(type), data: ByteSlice("AA")) }

    private func written(_ parts: [Part]) throws -> (body: String, notes: String) {
        var request = ChatRequest()
        for part in parts { request.append(part) }
        return try OpenAIDialect.written(&request)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let parts: @Sendable () -> [ChatRequest.Part]
        let messages: String
        let notes: String

        init(_ name: String, _ parts: @escaping @Sendable () -> [ChatRequest.Part], _ messages: String, _ notes: String = "") {
            testDescription = name
            self.parts = parts
            self.messages = messages
            self.notes = notes
        }
    }

    static let cases = [
        Case("one text is a string", { [text(.user, "a")] }, #"{"role":"user","content":"a"}"#),
        Case("several are an array", { [text(.user, "a"), text(.user, "b", opens: false)] },
            #"{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}"#),
        Case("one system prompt is a string, in front", { [text(.system, "s"), text(.user, "a")] },
            #"{"role":"system","content":"s"},{"role":"user","content":"a"}"#),
        Case("several system prompts are one message", { [text(.system, "s"), text(.user, "a"), text(.system, "t")] },
            #"{"role":"system","content":[{"type":"text","text":"s"},{"type":"text","text":"t"}]},{"role":"user","content":"a"}"#, "changed: system"),
        Case("the assistant's texts are one, with its calls", {
            [text(.assistant, "x"), text(.assistant, "y", opens: false), call("c"), result("c"), text(.user, "r", opens: false, inResult: true)]
        }, #"{"role":"assistant","content":"xy","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"r"}"#),
        Case("a run of the assistant's is one message", { [text(.assistant, "x"), text(.assistant, "y"), call("c"), text(.user, "a")] },
            #"{"role":"assistant","content":"x\n\ny","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"user","content":"a"}"#),
        Case("calls alone have null for content", { [call("c", opens: true), text(.user, "a")] },
            #"{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"user","content":"a"}"#),
        Case("results come before what the user says, over all of a run", {
            [
                text(.user, "a"), result("c", opens: false), text(.user, "1", opens: false, inResult: true), text(.user, "2", opens: false, inResult: true),
                result("d"), text(.user, "b", opens: false),
            ]
        }, #"{"role":"tool","tool_call_id":"c","content":"1\n2"},{"role":"tool","tool_call_id":"d","content":""},{"role":"user","content":"a"},{"role":"user","content":"b"}"#),
        Case("an error stays visible", { [result("c", isError: true), text(.user, "boom", opens: false, inResult: true)] },
            #"{"role":"tool","tool_call_id":"c","content":"Error: boom"}"#, "changed: is_error"),
        Case("an error without words is still one", { [result("c", isError: true)] },
            #"{"role":"tool","tool_call_id":"c","content":"Error: the tool failed and gave no message"}"#, "changed: is_error"),
        Case("pictures inside results follow in a user message", {
            [result("c"), media(.image, base64("image/png"), opens: false, inResult: true), result("d", opens: false), text(.user, "a", opens: false)]
        }, #"{"role":"tool","tool_call_id":"c","content":"The result follows in the next user message."},{"role":"tool","tool_call_id":"d","content":""},{"role":"user","content":[{"type":"text","text":"From the result of tool call c:"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}}]},{"role":"user","content":"a"}"#,
            "changed: tool_result"),
        Case("media", {
            [
                media(.image, .url(OpenAIDialect.string("https://x"))), media(.document, base64("application/pdf"), opens: false),
                media(.document, .file(OpenAIDialect.string("file-1")), opens: false), media(.audio, base64("audio\\/wav"), opens: false),
                media(.document, .text(OpenAIDialect.string("words")), opens: false),
            ]
        }, #"{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://x"}},{"type":"file","file":{"filename":"document","file_data":"data:application/pdf;base64,AA"}},{"type":"file","file":{"file_id":"file-1"}},{"type":"input_audio","input_audio":{"data":"AA","format":"wav"}},{"type":"text","text":"words"}]}"#,
            "changed: document"),
        Case("thinking is left out, and told once", {
            [
                Part(.assistant, .thinking(OpenAIDialect.string("h"), signature: nil), opensMessage: true),
                Part(.assistant, .redactedThinking(OpenAIDialect.string("d")), opensMessage: false), text(.user, "a"),
            ]
        }, #"{"role":"assistant","content":""},{"role":"user","content":"a"}"#, "dropped: thinking"),
        Case("a turn to be gone on with is told", { [text(.user, "a"), text(.assistant, "x")] },
            #"{"role":"user","content":"a"},{"role":"assistant","content":"x"}"#, "changed: messages"),
        Case("calls and results without ids find each other", {
            [
                Part(
                    .assistant, .toolCall(id: nil, name: OpenAIDialect.string("f"), arguments: .text(OpenAIDialect.string("")), signature: nil),
                    opensMessage: true),
                Part(.user, .toolResult(id: nil, name: OpenAIDialect.string("f"), isError: false), opensMessage: true),
            ]
        }, #"{"role":"assistant","content":null,"tool_calls":[{"id":"call_0","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"call_0","content":""}"#),
    ]

    @Test("what was said becomes messages", arguments: cases)
    func messages(row: Case) throws {
        let (body, notes) = try written(row.parts())
        #expect(body == #"{"messages":["# + row.messages + "]}")
        #expect(notes == row.notes)
    }

    @Test("content that OpenAI has no place for is unsupported, and the fault says where")
    func unsupported() throws {
        let rows: [([Part], String)] = [
            ([Self.text(.user, "a"), Self.media(.document, .url(OpenAIDialect.string("https://x")), opens: false)], "messages[0].content[1]"),
            ([Self.text(.user, "a"), Self.media(.image, .file(OpenAIDialect.string("file-1")))], "messages[1].content[0]"),
            ([Self.media(.audio, Self.base64("audio/ogg"))], "messages[0].content[0]"),
            ([Self.media(.image, Self.base64("image/png"), role: .assistant)], "messages[0].content[0]"),
            ([Self.text(.system, "s"), Self.media(.image, Self.base64("image/png"), opens: false, role: .system)], "system[1]"),
        ]
        for (parts, place) in rows {
            let fault = #expect(throws: TranslationFault.self) { try written(parts) }
            #expect(fault?.kind == .unsupported)
            #expect(fault?.parameter == place)
        }
    }

    private static let asked = #"{"messages":[{"role":"user","content":"a"}],"#

    @Test("each parameter is written under OpenAI's name, or told", arguments: [
        (#""model":"m","max_tokens":5"#, #""max_completion_tokens":5"#, ""),
        (#""temperature":0.5,"top_p":1,"seed":3"#, #""temperature":0.5,"top_p":1,"seed":3"#, ""),
        (#""top_k":4"#, "", "dropped: top_k"),
        (#""stop":"x""#, #""stop":["x"]"#, ""), (#""stop":["x","y"]"#, #""stop":["x","y"]"#, ""),
        (#""service_tier":"standard_only""#, #""service_tier":"default""#, ""),
        (#""user":"u""#, #""user":"u""#, ""),
        (#""response_format":{"type":"json_object"}"#, #""response_format":{"type":"json_object"}"#, ""),
        (#""response_format":{"type":"json_schema","json_schema":{"schema":{"type":"object"},"strict":true}}"#,
            #""response_format":{"type":"json_schema","json_schema":{"name":"response","schema":{"type":"object"},"strict":true}}"#, ""),
        (#""thinking":{"type":"enabled","budget_tokens":4095}"#, #""reasoning_effort":"low""#, "changed: thinking"),
        (#""thinking":{"type":"enabled","budget_tokens":4096}"#, #""reasoning_effort":"medium""#, "changed: thinking"),
        (#""thinking":{"type":"enabled","budget_tokens":16384}"#, #""reasoning_effort":"high""#, "changed: thinking"),
        (#""thinking":{"type":"adaptive"}"#, "", "changed: thinking"), (#""thinking":{"type":"disabled"}"#, "", "dropped: thinking"),
        (#""reasoning_effort":"max""#, #""reasoning_effort":"max""#, ""),
        (#""tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],"tool_choice":"required","parallel_tool_calls":false"#,
            #""tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],"tool_choice":"required","parallel_tool_calls":false"#, ""),
        (#""tools":[{"type":"function","function":{"name":"f"},"cache_control":{}}],"tool_choice":{"type":"function","function":{"name":"f"}}"#,
            #""tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{"type":"function","function":{"name":"f"}}"#, "dropped: cache_control"),
        (#""tool_choice":"auto""#, "", "dropped: tool_choice"), (#""unknown":1"#, "", "dropped: unknown"),
    ])
    func parameters(members: String, written: String, notes: String) throws {
        try OpenAIDialect.withRequest(Self.asked + members + "}") { request in
            let found = try OpenAIDialect.written(&request)
            let start = members.hasPrefix(#""model""#) ? #"{"model":"m","messages":"# : #"{"messages":"#
            #expect(found.body == start + #"[{"role":"user","content":"a"}]"# + (written.isEmpty ? "" : ",") + written + "}")
            #expect(found.notes == notes)
        }
    }

    @Test("a stream's usage is asked for where the host takes it")
    func streamUsage() throws {
        try OpenAIDialect.withRequest(Self.asked + #""stream":true}"#) { request in
            let plain = try OpenAIDialect.written(&request).body
            #expect(plain.hasSuffix(#","stream":true}"#))
            let asking = try OpenAIDialect.written(&request, takesIncludeUsage: true).body
            #expect(asking.hasSuffix(#","stream":true,"stream_options":{"include_usage":true}}"#))
        }
    }

    @Test("too little room changes nothing but the room")
    func overflow() throws {
        try OpenAIDialect.withRequest(Self.asked + #""tools":[{"type":"function","function":{"name":"f"}}],"seed":1}"#) { request in
            let whole = try OpenAIDialect.written(&request)
            for capacity in 0..<whole.body.utf8.count {
                var notes = TranslationNotes()
                let cut = try ProvidersTests.written(capacity: capacity) { try OpenAIRequest.write(&request, RequestOptions(), to: &$0, &notes) }
                #expect(whole.body.hasPrefix(cut))
            }
            let again = try OpenAIDialect.written(&request)
            #expect(again == whole)
        }
    }
}
