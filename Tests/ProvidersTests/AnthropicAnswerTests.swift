import Bytes
import JSON
import Testing

@testable import Providers

@Suite("Anthropic's answers")
struct AnthropicAnswerTests {
    private let ink = AnthropicInk()

    private func readWhole(_ json: String) throws -> [AnswerPiece] {
        var pieces: [AnswerPiece] = []
        try AnthropicAnswerReader.readAnswer(try ink.value(json)) { pieces.append($0) }
        return pieces
    }

    private func writeWhole(_ pieces: [AnswerPiece], _ options: AnswerOptions = AnswerOptions(), capacity: Int = 1 << 14) throws -> String {
        var fault: TranslationFault?
        let text = written(capacity: capacity) { writer in
            do throws(TranslationFault) {
                try AnthropicAnswerWriter.writeAnswer(options, to: &writer) { emit in for piece in pieces { emit(piece) } }
            } catch { fault = error }
        }
        if let fault { throw fault }
        return text
    }

    private func writeStream(_ pieces: [AnswerPiece], _ options: AnswerOptions = AnswerOptions()) -> String {
        var stream = AnthropicAnswerWriter(options)
        return written(capacity: 1 << 15) { writer in
            for piece in pieces { stream.write(piece, to: &writer) }
            stream.end(to: &writer)
            stream.end(to: &writer)
        }
    }

    // MARK: Reading

    @Test("a stream with text, tools and usage is read as its pieces (case 26)")
    func toolStream() throws {
        let streamed = try AnthropicStreamed(try anthropicFixture("tool-stream.sse"))
        #expect(
            streamed.pieces == [
                "begin msg_014p7gG3wDgGV9EUtLvnow3U claude-opus-4-8", "usage 472+100+5+15 2+0", "text Okay", #"text , let's \"check\" 😀"#,
                "call[0] toolu_01T1x1fJ34qAmk2tNTrN7Up6 get_weather", #"arguments[0] {\"location\":"#, #"arguments[0]  \"San Francisco\\n, CA\"}"#,
                "call[1] toolu_02 now", "finish toolCalls tool_use -", "usage 472+100+5+15 89+0",
            ])
        #expect(streamed.isComplete)
    }

    @Test("a whole message is read as the pieces its stream adds up to")
    func wholeMessage() throws {
        #expect(
            try readWhole(try anthropicFixture("tool-message.json")).map(spelled) == [
                "begin msg_014p7gG3wDgGV9EUtLvnow3U claude-opus-4-8", #"text Okay, let's \"check\" 😀"#,
                "call[0] toolu_01T1x1fJ34qAmk2tNTrN7Up6 get_weather", #"input[0] {"location": "San Francisco\n, CA"}"#,
                "call[1] toolu_02 now", "input[1] {}", "finish toolCalls tool_use -", "usage 472+100+5+15 89+0",
            ])
    }

    @Test("thinking keeps its signature, and its tokens are counted once")
    func thinkingStream() throws {
        let pieces = try AnthropicStreamed(try anthropicFixture("thinking-stream.sse")).pieces
        #expect(
            pieces.dropFirst(2) == [
                "thinking 27 is 3³", "signature EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pki==", "redacted EmwKAhgBEgy3va3pzix", "text 27 is not prime",
                #"finish stopSequence stop_sequence \n\n"#, "usage 10+0+0+0 10+30",
            ])
    }

    @Test("blocks of server tools are native and no calls of the client's; later counts stand")
    func searchStream() throws {
        let pieces = try AnthropicStreamed(try anthropicFixture("search-stream.sse")).pieces
        #expect(
            pieces.dropFirst(2) == [
                #"content_block {"type":"server_tool_use","id":"srvtoolu_014","name":"web_search","input":{}}"#,
                #"content_block_delta {"type":"input_json_delta","partial_json":"{\"query\": \"weather\"}"}"#,
                #"content_block {"type":"web_search_tool_result","tool_use_id":"srvtoolu_014","content":[]}"#,
                #"citations {"type":"web_search_result_location","url":"https://a.example"}"#, "text Sunny.", "finish stop end_turn -",
                "usage 10682+0+0+0 510+0",
            ])
    }

    @Test("an error event is a failure, and the stream is not complete")
    func errorStream() throws {
        let streamed = try AnthropicStreamed(try anthropicFixture("error-stream.sse"))
        #expect(streamed.pieces.last == "failure overloaded_error Overloaded")
        #expect(!streamed.isComplete)
    }

    @Test("an input that stands in the block's start is the call's, and deltas do not repeat it")
    func inputAtOnce() throws {
        let streamed = try AnthropicStreamed(
            """
            event: content_block_start
            data: {"index":0,"content_block":{"type":"tool_use","id":"t","name":"n","input":{"a":1}}}

            event: content_block_delta
            data: {"index":0,"delta":{"type":"input_json_delta","partial_json":"{\\"a\\":1}"}}

            event: future_event
            data: {"type":"future_event"}
            """)
        #expect(streamed.pieces == ["call[0] t n", #"input[0] {"a":1}"#])
    }

    @Test("stop reasons are told in nobody's words", arguments: [
        ("end_turn", FinishReason.stop), ("max_tokens", .length), ("stop_sequence", .stopSequence), ("tool_use", .toolCalls), ("pause_turn", .pause),
        ("refusal", .refusal), ("model_context_window_exceeded", .length), ("something", .other),
    ])
    func stopReasons(word: String, reason: FinishReason) throws {
        let pieces = try readWhole(#"{"content":[],"stop_reason":"\#(word)","stop_details":{"explanation":"because"}}"#).map(spelled)
        #expect(pieces == ["begin - -", "refusal because", "finish \(reason) \(word) -"])
    }

    @Test("what is no message is unreadable", arguments: [
        "[]", "{}", #"{"content":"x"}"#, #"{"content":[1]}"#, #"{"content":[{"type":"tool_use","name":"n","input":[]}]}"#,
        #"{"content":[{"type":"tool_use","input":{}}]}"#,
    ])
    func unreadable(json: String) {
        #expect(throws: TranslationFault.self) { try readWhole(json) }
    }

    // MARK: Writing

    @Test("a message that was read is written as it was", arguments: ["tool", "thinking"])
    func messagesComeBack(name: String) throws {
        let message = String(try anthropicFixture("\(name)-message.json").dropLast())
        #expect(try writeWhole(try readWhole(message)) == message)
    }

    @Test("a stream of an answer adds up to the whole answer", arguments: ["tool", "thinking"])
    func streamsEqualWhole(name: String) throws {
        let message = String(try anthropicFixture("\(name)-message.json").dropLast())
        #expect(try anthropicMessage(of: try AnthropicStreamed(try anthropicFixture("\(name)-stream.sse")).events) == message)
        #expect(try anthropicMessage(of: writeStream(try readWhole(message))) == message)
    }

    private func openAIAnswer() throws -> [AnswerPiece] {
        var usage = Usage()
        (usage.input, usage.cachedRead, usage.audioInput, usage.output, usage.reasoning) = (10, 4, 1, 7, 3)
        return [
            AnswerPiece(.begin(id: try ink.string("chatcmpl-1"), model: nil)), AnswerPiece(.text(try ink.string(""))),
            AnswerPiece(.thinking(try ink.string("hm"))), AnswerPiece(.text(try ink.string("one "))), AnswerPiece(.text(try ink.string("\"two\""))),
            AnswerPiece(.text(try ink.string("other")), choice: 1),
            AnswerPiece(.toolCall(id: nil, name: try ink.string("f"), signature: nil), slot: 0),
            AnswerPiece(.argumentsText(try ink.string(#"{"a""#)), slot: 0), AnswerPiece(.argumentsText(try ink.string(#":"\n"}"#)), slot: 0),
            AnswerPiece(.toolCall(id: try ink.string("call_2"), name: try ink.string("g"), signature: nil), slot: 1),
            AnswerPiece(.argumentsText(try ink.string(" ")), slot: 1), AnswerPiece(.finish(.stop, word: nil, sequence: nil)), AnswerPiece(.usage(usage)),
        ]
    }

    @Test("an answer of another dialect is a message of Anthropic's, whole and streamed")
    func otherAnswers() throws {
        var options = AnswerOptions()
        options.identifier.set(ByteSlice("0190-aa"))
        options.model.set(ByteSlice("gpt"))
        let expected = [
            #"{"id":"msg_0190-aa","type":"message","role":"assistant","model":"gpt","content":[{"type":"thinking","thinking":"hm","signature":""}"#,
            #",{"type":"text","text":"one \"two\""},{"type":"tool_use","id":"toolu_0190-aa_0","name":"f","input":{"a":"\n"}}"#,
            #",{"type":"tool_use","id":"call_2","name":"g","input": {}}],"stop_reason":"tool_use","stop_sequence":null"#,
            #","usage":{"input_tokens":11,"cache_creation_input_tokens":0,"cache_read_input_tokens":4"#,
            #","cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":10"#,
            #","output_tokens_details":{"thinking_tokens":3}}}"#,
        ].joined()
        #expect(try writeWhole(try openAIAnswer(), options) == expected)
        let stream = writeStream(try openAIAnswer(), options)
        #expect(try anthropicMessage(of: stream) == expected.replacing("\"input\": {}", with: "\"input\": "))
        let once: Set<String> = ["message_start", "message_delta", "message_stop"]
        let framing = events(of: stream).map(\.name).filter { once.contains($0) }
        #expect(framing == ["message_start", "message_delta", "message_stop"])
    }

    @Test("finish reasons are Anthropic's words", arguments: [
        (FinishReason.stop, "end_turn"), (.stopSequence, "stop_sequence"), (.length, "max_tokens"), (.toolCalls, "end_turn"), (.contentFilter, "refusal"),
        (.refusal, "refusal"), (.pause, "pause_turn"), (.other, "end_turn"),
    ])
    func finishReasons(reason: FinishReason, word: String) throws {
        #expect(try writeWhole([AnswerPiece(.finish(reason, word: nil, sequence: nil))]).contains(#""stop_reason":"\#(word)""#))
    }

    @Test("arguments that are no object are a fault, not a broken message", arguments: ["[1]", "{\"a\":", "{} {}", "null", "{\"a\":1,}"])
    func brokenArguments(arguments: String) throws {
        let call = AnswerPiece(.toolCall(id: nil, name: try ink.string("f"), signature: nil))
        #expect(throws: TranslationFault.self) { try writeWhole([call, AnswerPiece(.argumentsText(try ink.string(arguments)))]) }
    }

    @Test("a message that does not fit is no fault: it is written again with more room")
    func overflow() throws {
        let pieces = try openAIAnswer()
        for capacity in 0..<400 { _ = try writeWhole(pieces, capacity: capacity) }
    }

    @Test("a call that is gone on with after another began ends the stream with an error")
    func interleavedCalls() throws {
        let name = try ink.string("f")
        let text = try ink.string("{")
        let stream = writeStream([
            AnswerPiece(.toolCall(id: nil, name: name, signature: nil), slot: 0), AnswerPiece(.argumentsText(text), slot: 0),
            AnswerPiece(.toolCall(id: nil, name: name, signature: nil), slot: 1), AnswerPiece(.argumentsText(text), slot: 0),
            AnswerPiece(.text(text)),
        ])
        let names = events(of: stream).map(\.name)
        #expect(names.firstIndex(of: "error") == names.count - 1)
        #expect(!names.contains("message_stop"))
    }

    @Test("a provider's failure is the stream's last event")
    func failure() throws {
        let fault = UpstreamFault(message: try ink.string("over\nloaded"), type: try ink.string("overloaded_error"))
        let stream = writeStream([AnswerPiece(.text(try ink.string("a"))), AnswerPiece(.failure(fault)), AnswerPiece(.text(try ink.string("b")))])
        #expect(stream.hasSuffix("event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"over\\nloaded\"}}\n\n"))
        #expect(throws: TranslationFault.self) { try writeWhole([AnswerPiece(.failure(fault))]) }
    }

    // MARK: Errors

    @Test("errors are read, and written with a type of Anthropic's", arguments: [
        (#"{"type":"error","error":{"type":"overloaded_error","message":"m"},"request_id":"req_1"}"#, 529,
            #"{"type":"error","error":{"type":"overloaded_error","message":"m"},"request_id":"req_1"}"#),
        (#"{"error":{"type":"invalid_request_error","message":"bad \"key\"","code":"invalid_api_key"}}"#, 401,
            #"{"type":"error","error":{"type":"authentication_error","message":"bad \"key\""}}"#),
        (#"{"error":{"type":"tokens","message":"m"}}"#, 429, #"{"type":"error","error":{"type":"rate_limit_error","message":"m"}}"#),
    ])
    func errors(body: String, status: Int, expected: String) throws {
        let fault = try #require(AnthropicError.read(try ink.value(body)))
        #expect(written { AnthropicError.write(fault, status: status, provider: ByteSlice("openai"), to: &$0) } == expected)
    }

    @Test("what is no error is none", arguments: ["{}", "[]", #"{"error":"x"}"#, #"{"error":{"message":1}}"#, #"{"message":"x"}"#])
    func noErrors(body: String) throws {
        let fault = AnthropicError.read(try ink.value(body))
        #expect(fault.map { String($0.message.content) } == nil)
    }
}
