import Bytes
import JSON
import Testing

@testable import Providers

@Suite("Bedrock answers")
struct BedrockAnswerTests {
    private func whole(_ text: String) throws -> BedrockMessage {
        try withJSON(text) { value in
            var message = BedrockMessage()
            try BedrockAnswerReader.readAnswer(value) { message.add($0) }
            return message
        }
    }

    private func stream(_ events: [(type: String, data: String)]) throws -> (message: BedrockMessage, reader: BedrockAnswerReader) {
        var reader = BedrockAnswerReader()
        var message = BedrockMessage()
        for event in events {
            try withBytes(event.type) { type in try withJSON(event.data) { try reader.readEvent(type: type, $0) { message.add($0) } } }
        }
        return (message, reader)
    }

    @Test("a whole answer and a stream of it come to the same message", arguments: BedrockTranscript.all)
    func wholeEqualsStreamed(transcript: BedrockTranscript) throws {
        let expected = try transcript.file("txt")
        #expect(try whole(transcript.file("json")).description == expected)
        let events = try transcript.events()
        let streamed = try stream(events)
        #expect(streamed.message.description == expected)
        #expect(streamed.reader.isComplete && streamed.reader.hasEnded)
        // Whole with its stop, ended with its usage: what is cut before is neither.
        let cut = try stream(Array(events.dropLast()))
        #expect(cut.reader.isComplete && !cut.reader.hasEnded)
        #expect(try !stream(Array(events.dropLast(2))).reader.isComplete)
    }

    @Test("the usage in passing is the usage that is read, in pieces of any size", arguments: BedrockTranscript.all)
    func usageInPassing(transcript: BedrockTranscript) throws {
        let answer = Array(try transcript.file("json").utf8)
        let expected = try whole(transcript.file("json")).lastUsage
        for size in [1, 7, answer.count] {
            var passing = UsageReader(.bedrock)
            for start in stride(from: 0, to: answer.count, by: size) {
                Array(answer[start..<min(answer.count, start + size)]).withByteSlice { passing.readAnswer($0) }
            }
            #expect(passing.usage == expected, "\(size) at a time")
        }
        var relayed = UsageReader(.bedrock)
        for event in try transcript.events() {
            withBytes(event.data) { #expect(relayed.readEvent($0) == (event.type == "metadata" ? .usage : .ordinary)) }
        }
        #expect(relayed.usage == expected)
        #expect(relayed.deltaCount == (try transcript.events().filter { $0.type == "contentBlockDelta" }.count))
        #expect(try transcript.file("txt").contains(" \(relayed.finishReason.string) "))
    }

    @Test("each stop reason has its meaning", arguments: [
        ("end_turn", "stop"), ("tool_use", "toolCalls"), ("max_tokens", "length"), ("model_context_window_exceeded", "length"),
        ("stop_sequence", "stopSequence"), ("guardrail_intervened", "contentFilter"), ("content_filtered", "contentFilter"),
        ("malformed_model_output", "other"), ("malformed_tool_use", "other"), ("a_new_word", "other"),
    ])
    func stopReasons(word: String, reason: String) throws {
        #expect(try stream([("messageStop", #"{"stopReason":"\#(word)"}"#)]).message.description == "finish \(reason) \(word) -\n")
    }

    @Test("calls whose blocks interleave keep their arguments apart")
    func interleaved() throws {
        let streamed = try stream([
            ("contentBlockStart", #"{"contentBlockIndex":4,"start":{"toolUse":{"toolUseId":"a","name":"f"}}}"#),
            ("contentBlockStart", #"{"contentBlockIndex":2,"start":{"toolUse":{"toolUseId":"b","name":"g"}}}"#),
            ("contentBlockDelta", #"{"contentBlockIndex":2,"delta":{"toolUse":{"input":"{1"}}}"#),
            ("contentBlockDelta", #"{"contentBlockIndex":4,"delta":{"toolUse":{"input":"{2"}}}"#),
            ("contentBlockDelta", #"{"contentBlockIndex":2,"delta":{"toolUse":{"input":"}"}}}"#),
        ])
        #expect(streamed.message.description == "call 0 a f {2\ncall 1 b g {1}\n")
    }

    @Test("pictures, and what only Bedrock has")
    func natives() throws {
        let streamed = try stream([
            ("contentBlockStart", #"{"contentBlockIndex":0,"start":{"image":{"format":"webp"}}}"#),
            ("contentBlockDelta", #"{"contentBlockIndex":0,"delta":{"image":{"source":{"bytes":"AA=="}}}}"#),
            ("contentBlockStart", #"{"contentBlockIndex":1,"start":{"toolResult":{"toolUseId":"x"}}}"#),
            ("contentBlockDelta", #"{"contentBlockIndex":1,"delta":{"toolResult":[{"text":"y"}]}}"#), ("contentBlockStart", #"{"contentBlockIndex":2,"start":{}}"#),
            ("somethingNew", "1"),
        ])
        #expect(
            streamed.message.description
                == """
                image image/webp AA==
                native contentBlockStart {"toolResult":{"toolUseId":"x"}}
                native contentBlockDelta {"toolResult":[{"text":"y"}]}

                """)
        let answer = #"{"output":{"message":{"content":[{"image":{"format":"gif","source":{"bytes":"AA=="}}},{"image":{"format":"png","source":{"s3Location":{}}}},{"guardContent":{}}]}}}"#
        #expect(
            try whole(answer).description
                == "begin\nimage image/gif AA==\nnative image {\"format\":\"png\",\"source\":{\"s3Location\":{}}}\nnative contentBlock {\"guardContent\":{}}\nfinish other - -\n")
    }

    @Test("as many calls as are told apart are read, and one more is not")
    func callLimit() throws {
        func calls(_ count: Int) -> [(type: String, data: String)] {
            (0..<count).map { ("contentBlockStart", #"{"contentBlockIndex":\#($0),"start":{"toolUse":{"name":"f"}}}"#) }
        }
        #expect(try stream(calls(Limits.openCalls)).message.description.split(separator: "\n").count == Limits.openCalls)
        #expect { try stream(calls(Limits.openCalls + 1)) } throws: { ($0 as? TranslationFault)?.kind == .unreadable }
    }

    @Test("what is no answer of Converse's is unreadable", arguments: [
        "{}", "[]", "1", "null", #"{"output":{}}"#, #"{"output":{"message":{"content":{}}}}"#, #"{"output":{"message":{"content":[1]}}}"#,
        #"{"output":{"message":{"content":[{"toolUse":{}}]}}}"#, #"{"output":{"message":{"content":[{"toolUse":{"name":"f","input":"{}"}}]}}}"#,
    ])
    func unreadable(answer: String) throws {
        #expect { try whole(answer) } throws: { ($0 as? TranslationFault)?.kind == .unreadable }
    }

    @Test("nor is an event that lacks what its name promises", arguments: [
        ("contentBlockDelta", "{}"), ("contentBlockDelta", #"{"contentBlockIndex":0,"delta":1}"#), ("contentBlockDelta", #"{"delta":{"text":"a"}}"#),
        ("contentBlockDelta", #"{"contentBlockIndex":-1,"delta":{"text":"a"}}"#), ("contentBlockStart", "{}"), ("contentBlockStart", #"{"start":{"toolUse":{"name":"f"}}}"#),
        ("contentBlockStart", #"{"contentBlockIndex":0,"start":{"toolUse":{}}}"#), ("contentBlockDelta", #"{"contentBlockIndex":0,"delta":{"toolUse":{"input":"a"}}}"#),
        ("contentBlockDelta", #"{"contentBlockIndex":0,"delta":{"toolUse":{"input":{}}}}"#),
    ])
    func unreadableEvents(type: String, data: String) throws {
        #expect { try stream([(type, data)]) } throws: { ($0 as? TranslationFault)?.kind == .unreadable }
    }
}

@Suite("Bedrock errors")
struct BedrockErrorTests {
    @Test("errors are read whoever words them", arguments: [
        (#"{"message":"m\n"}"#, #"- m\n"#), (#"{"Message":"m"}"#, "- m"), (#"{"__type":"ThrottlingException","message":"m"}"#, "ThrottlingException m"),
        (#"{"originalMessage":"m","originalStatusCode":500}"#, "- m"), (#"{"message":1}"#, "none"), ("{}", "none"), ("[]", "none"), (#""x""#, "none"),
    ])
    func errors(body: String, expected: String) throws {
        let read = try withJSON(body) { value -> String in
            guard let fault = BedrockError.read(value) else { return "none" }
            return "\(fault.type.map { String($0.content) } ?? "-") \(String(fault.message.content))"
        }
        #expect(read == expected)
    }

    @Test("the type's name is what stands before its address and behind its namespace", arguments: [
        ("ThrottlingException:http://internal.amazon.com/coral/com.amazon.bedrock/", "ThrottlingException"), ("com.amazon#AccessDenied", "AccessDenied"),
        ("ValidationException", "ValidationException"), ("", ""), (":x", ""), ("a b", ""), ("a\"b", ""), ("é", ""),
    ])
    func names(field: String, name: String) { withBytes(field) { #expect(String(BedrockError.name(in: $0)) == name) } }

    @Test("an exception has the status it would have had as an answer", arguments: [
        ("throttlingException", 429), ("ThrottlingException", 429), ("validationException", 400), ("modelStreamErrorException", 424),
        ("serviceUnavailableException", 503), ("internalServerException", 500), ("accessDeniedException", 403), ("newException", 500), ("", 500),
    ])
    func statuses(type: String, status: Int) { withBytes(type) { #expect(BedrockError.status(of: $0) == status) } }

    private func failure(_ type: String, _ data: String, to client: Dialect, twice: Bool = false) -> String {
        var translator = Translator()
        let stream = StreamTranslation(Translation(.chat, from: client, to: .bedrock), AnswerOptions())
        var scratch = [UInt8](repeating: 0, count: 16 << 10)
        let text = withBytes(type) { type in
            withBytes(data) { data in
                scratch.withUnsafeMutableBufferPointer { room in
                    written(capacity: Translator.failureByteCount(data)) { output in
                        guard let base = room.baseAddress else { return }
                        for _ in 0..<(twice ? 2 : 1) {
                            var scratch = ByteWriter(base, capacity: room.count)
                            translator.writeFailure(type: type, data, stream, scratch: &scratch, to: &output)
                        }
                        stream.end(to: &output)
                    }
                }
            }
        }
        #expect(stream.hasFailed && !stream.isComplete)
        return text
    }

    @Test("an exception in a stream becomes the client's error, never a stop (reference §12, 32)")
    func exceptions() {
        #expect(
            failure("throttlingException", #"{"message":"slow \"down\""}"#, to: .openAI, twice: true)
                == "data: {\"error\":{\"message\":\"slow \\\"down\\\"\",\"type\":\"throttlingException\",\"param\":null,\"code\":null}}\n\n")
        #expect(
            failure("throttlingException", #"{"message":"m"}"#, to: .anthropic)
                == "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"message\":\"m\"}}\n\n")
        // What is no JSON is said as it is, whatever it holds.
        #expect(failure("x\u{0}", "gone \"now\"\n", to: .anthropic).contains(#""message":"gone \"now\"\n"}"#))
        #expect(failure("", "", to: .openAI).contains("ended with an error"))
        #expect(failure("internalServerException", String(repeating: "\u{1}", count: 100_000), to: .openAI).hasSuffix("}\n\n"))
    }

    @Test("a stream's beginning is told by its frames", arguments: [
        ("messageStart", #"{"role":"assistant"}"#, StreamOpening.nothing), ("contentBlockStart", #"{"contentBlockIndex":0,"start":{}}"#, .nothing),
        ("contentBlockStart", #"{"contentBlockIndex":0,"start":{"toolUse":{"name":"f"}}}"#, .content), ("contentBlockDelta", "{}", .content),
        ("messageStop", "{}", .content), ("metadata", "{}", .content), ("contentBlockStart", "not json", .nothing),
    ])
    func openings(type: String, data: String, expected: StreamOpening) {
        withBytes(type) { type in withBytes(data) { #expect(StreamOpening(converse: type, isFailure: false, $0) == expected) } }
        withBytes(type) { type in withBytes(data) { #expect(StreamOpening(converse: type, isFailure: true, $0) == .failed(status: 500)) } }
    }

    @Test("an error answer keeps its message, the type of its field and its id")
    func answers() {
        var translator = Translator()
        func written(_ client: Dialect) -> String {
            var scratch = [UInt8](repeating: 0, count: 1024)
            return scratch.withUnsafeMutableBufferPointer { room in
                ProvidersTests.written { output in
                    guard let base = room.baseAddress else { return }
                    var scratch = ByteWriter(base, capacity: room.count)
                    translator.writeError(
                        ByteSlice(#"{"message":"no"}"#), status: 403, provider: ByteSlice("bedrock"), requestID: ByteSlice("r-1"),
                        type: ByteSlice("AccessDeniedException:http://x"), Translation(.chat, from: client, to: .bedrock), scratch: &scratch, to: &output)
                }
            }
        }
        #expect(written(.openAI) == #"{"error":{"message":"no","type":"AccessDeniedException","param":null,"code":null},"provider":"bedrock","request_id":"r-1"}"#)
        #expect(written(.anthropic) == #"{"type":"error","error":{"type":"permission_error","message":"no"},"request_id":"r-1"}"#)
    }
}
