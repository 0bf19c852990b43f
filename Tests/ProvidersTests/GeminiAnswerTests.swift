import Bytes
import JSON
import Testing

@testable import Providers

@Suite("Gemini answers")
struct GeminiAnswerTests {
    private func whole(_ text: String) throws -> GeminiMessage {
        try withJSON(text) { value in
            var message = GeminiMessage()
            try GeminiAnswerReader.readAnswer(value) { message.add($0) }
            return message
        }
    }

    private func stream(_ events: [String]) throws -> (message: GeminiMessage, isComplete: Bool) {
        var reader = GeminiAnswerReader()
        var message = GeminiMessage()
        for event in events {
            try withJSON(event) { try reader.readEvent(type: ByteSlice(""), $0) { message.add($0) } }
        }
        return (message, reader.isComplete)
    }

    @Test("a whole answer and a stream of it come to the same message", arguments: GeminiTranscript.all)
    func wholeEqualsStreamed(transcript: GeminiTranscript) throws {
        let expected = try transcript.file("txt")
        let answer = try transcript.file("json")
        #expect(try whole(answer).description == expected)
        let streamed = try stream(transcript.events())
        #expect(streamed.message.description == expected)
        #expect(streamed.isComplete)
        // A stream asked for without `alt=sse` is one array.
        #expect(try whole("[" + transcript.events().joined(separator: ",") + "]").description == expected)
    }

    @Test("the usage in passing is the usage that is read", arguments: GeminiTranscript.all)
    func usageInPassing(transcript: GeminiTranscript) throws {
        let answer = try transcript.file("json")
        let expected = try whole(answer).lastUsage
        var passing = UsageReader(.gemini)
        withBytes(answer) { passing.readAnswer($0) }
        #expect(passing.usage == expected)
        #expect(passing.model.string == "gemini-2.5-flash")
        var relayed = UsageReader(.gemini)
        for event in try transcript.events() { withBytes(event) { #expect(relayed.readEvent($0) == .usage) } }
        #expect(relayed.usage == expected)
        #expect(try transcript.file("txt").contains(" \(relayed.finishReason.string)\n"))
    }

    @Test("an error in a stream is a failure, and what came before it stands")
    func errorsInStreams() throws {
        let transcript = GeminiTranscript.error
        let streamed = try stream(transcript.events())
        #expect(try streamed.message.description == transcript.file("txt"))
        #expect(!streamed.isComplete)
        let last = try #require(try transcript.events().last)
        #expect(try stream(["[\(last)]"]).message.description.hasPrefix("failure UNAVAILABLE 503"))
        #expect(try whole(last).description.hasPrefix("failure UNAVAILABLE 503"))
        var reader = UsageReader(.gemini)
        withBytes("[\(last)]") { #expect(reader.readEvent($0) == .error) }
    }

    @Test("each finish reason has its meaning", arguments: [
        ("STOP", "stop"), ("MAX_TOKENS", "length"), ("CONTINUATION", "length"), ("SAFETY", "contentFilter"), ("RECITATION", "contentFilter"),
        ("LANGUAGE", "contentFilter"), ("BLOCKLIST", "contentFilter"), ("PROHIBITED_CONTENT", "contentFilter"), ("SPII", "contentFilter"),
        ("IMAGE_SAFETY", "contentFilter"), ("IMAGE_PROHIBITED_CONTENT", "contentFilter"), ("IMAGE_RECITATION", "contentFilter"),
        ("MALFORMED_FUNCTION_CALL", "other"), ("UNEXPECTED_TOOL_CALL", "other"), ("OTHER", "other"), ("NO_IMAGE", "other"), ("A_NEW_WORD", "other"),
    ])
    func finishReasons(word: String, reason: String) throws {
        #expect(try whole(#"{"candidates":[{"finishReason":"\#(word)"}]}"#).description == "begin - -\n0 finish \(reason) \(word)\n")
    }

    @Test("a candidate ends once, and not with an unspecified reason")
    func endsOnce() throws {
        let events = [#"{"candidates":[{"finishReason":"FINISH_REASON_UNSPECIFIED"}]}"#, #"{"candidates":[{"finishReason":"STOP"}]}"#]
        #expect(try !stream([events[0]]).isComplete)
        #expect(try stream(events + [events[1]]).message.description == "begin - -\n0 finish stop STOP\n")
    }

    @Test("a call's signature ends the thinking before it, where there is some")
    func signedCalls() throws {
        let thought = #"{"text":"hm","thought":true}"#
        let call = #"{"functionCall":{"name":"f"},"thoughtSignature":"s"}"#
        #expect(
            try whole(#"{"candidates":[{"content":{"parts":[\#(thought),\#(call),\#(call)]},"finishReason":"STOP"}]}"#).description
                == "begin - -\n0 thinking hm\n0 signature s\n0 call 0 - f s {}\n0 call 1 - f s {}\n0 finish toolCalls STOP\n")
    }

    @Test("a whole answer of usage alone is an empty message")
    func usageAlone() throws {
        #expect(try whole(#"{"usageMetadata":{"promptTokenCount":2}}"#).description == "begin - -\n0 finish other -\nusage input 2\n")
    }

    @Test("what is no answer of Gemini's is unreadable", arguments: [
        "{}", "[]", "1", "null", #"{"choices":[]}"#, #"{"candidates":{}}"#, #"{"candidates":[1]}"#, #"{"candidates":[{"index":-1}]}"#,
        #"{"candidates":[{"index":16}]}"#, #"{"candidates":[{"index":"0"}]}"#, #"{"candidates":[{"content":{"parts":[1]}}]}"#,
        #"{"candidates":[{"content":{"parts":[{"functionCall":{"args":{}}}]}}]}"#,
        #"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":[]}}]}}]}"#,
    ])
    func unreadable(answer: String) throws {
        #expect { try whole(answer) } throws: { ($0 as? TranslationFault)?.kind == .unreadable }
    }

    @Test("errors are read, alone and in an array", arguments: [
        (#"{"error":{"code":429,"message":"m\n","status":"RESOURCE_EXHAUSTED","details":[]}}"#, #"RESOURCE_EXHAUSTED 429 m\n"#),
        (#"[{"error":{"code":400,"message":"m","status":"INVALID_ARGUMENT"}}]"#, "INVALID_ARGUMENT 400 m"),
        (#"{"error":{"status":"INTERNAL"}}"#, "INTERNAL - INTERNAL"), (#"{"error":"invalid_grant","error_description":"d"}"#, "invalid_grant - d"),
        (#"{"error":{}}"#, "none"), (#"{"error":null}"#, "none"), (#"{}"#, "none"), (#"[]"#, "none"), (#"[1]"#, "none"), (#""x""#, "none"),
    ])
    func errors(body: String, expected: String) throws {
        let read = try withJSON(body) { value -> String in
            guard let fault = GeminiError.read(value) else { return "none" }
            return "\(String(fault.type?.content ?? ByteSlice(""))) \(fault.code.map { String($0.bytes) } ?? "-") \(String(fault.message.content))"
        }
        #expect(read == expected)
    }
}

@Suite("Gemini embeddings and token counts")
struct GeminiEmbeddingsTests {
    private func request(_ body: String) throws -> (translated: Translated, encoding: GeminiEmbeddings.Encoding?) {
        try withJSON(body) { value in
            var encoding: GeminiEmbeddings.Encoding?
            let translated = try Translated { encoding = try GeminiEmbeddings.write(value, to: &$0, &$1) }
            return (translated, encoding)
        }
    }

    private func answer(_ body: String, _ encoding: GeminiEmbeddings.Encoding) throws -> Translated {
        try withJSON(body) { value in
            try Translated { writer, _ in try GeminiEmbeddings.writeAnswer(value, model: ByteSlice("models/e"), encoding, to: &writer) }
        }
    }

    @Test("one request becomes a batch, one of each text")
    func requests() throws {
        let one = try request(#"{"model":"gemini-embedding-001","input":"a\n","encoding_format":"base64","dimensions":768,"user":"u"}"#)
        #expect(one.translated.text == #"{"requests":[{"model":"models/gemini-embedding-001","content":{"parts":[{"text":"a\n"}]},"outputDimensionality":768}]}"#)
        #expect(one.translated.notes == "dropped: user")
        #expect(one.encoding == .base64)
        let two = try request(#"{"model":"models/e","input":["a","b"]}"#)
        #expect(two.translated.text == #"{"requests":[{"model":"models/e","content":{"parts":[{"text":"a"}]}},{"model":"models/e","content":{"parts":[{"text":"b"}]}}]}"#)
        #expect(two.encoding == .float)
    }

    @Test("what cannot be embedded is refused", arguments: [
        (#"{"input":"a"}"#, "invalid model"), (#"{"model":"m"}"#, "invalid input"), (#"{"model":"m","input":[]}"#, "invalid input"),
        (#"{"model":"m","input":[1,2]}"#, "unsupported input"), (#"{"model":"m","input":[[1],[2]]}"#, "unsupported input"),
        (#"{"model":"m","input":["a",{}]}"#, "invalid input[1]"), (#"{"model":"m","input":"a","dimensions":0}"#, "invalid dimensions"),
        (#"{"model":"m","input":"a","encoding_format":"hex"}"#, "invalid encoding_format"),
    ])
    func faults(body: String, expected: String) throws { #expect(try request(body).translated.fault == expected) }

    @Test("numbers go as they are, or as base64 of 32-bit floats rounded once", arguments: [
        ("[0.1,-2.5e-3]", "zczMPQrXI7s="), ("[]", ""), ("[1]", "AACAPw=="), ("[1,1,1]", "AACAPwAAgD8AAIA/"),
        // Halfway between two floats when rounded to a double first.
        ("[1.00000017881393432617187499]", "AQCAPw=="), ("[1.00000017881393432617187501]", "AgCAPw=="), ("[-0,1e-50]", "AAAAgAAAAAA="),
    ])
    func encodings(values: String, digits: String) throws {
        let body = #"{"embeddings":[{"values":\#(values)}]}"#
        let head = #"{"object":"list","data":[{"object":"embedding","index":0,"embedding":"#
        let tail = #"}],"model":"e","usage":{"prompt_tokens":0,"total_tokens":0}}"#
        #expect(try answer(body, .float).text == head + values + tail)
        #expect(try answer(body, .base64).text == head + "\"" + digits + "\"" + tail)
    }

    @Test("several embeddings, one alone, and usage where it is given")
    func answers() throws {
        #expect(
            try answer(#"{"embeddings":[{"values":[1]},{"values":[2]}],"usageMetadata":{"promptTokenCount":7,"totalTokenCount":7}}"#, .float).text
                == #"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[1]},{"object":"embedding","index":1,"embedding":[2]}],"model":"e","usage":{"prompt_tokens":7,"total_tokens":7}}"#)
        #expect(try answer(#"{"embedding":{"values":[1]}}"#, .float).text.hasPrefix(#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[1]}]"#))
        for body in ["{}", #"{"embeddings":[{}]}"#, #"{"embeddings":[{"values":["1"]}]}"#, #"{"embeddings":[1]}"#] {
            #expect(try answer(body, .float).fault == "unreadable ")
            #expect(try answer(body, .base64).fault == "unreadable ")
        }
        #expect(try answer(#"{"embeddings":[{"values":[1e99]}]}"#, .base64).fault == "unreadable ")
    }

    @Test("a token count is asked of the whole request, and answered as Anthropic does")
    func tokenCounts() throws {
        let text = #"{"model":"gemini-2.5-pro","parts":[{"role":"system","text":"s"},{"text":"q"}]}"#
        let asked = try withJSON(text) { value in
            var request = NormalForm.request(value)
            return try Translated { try GeminiCountTokens.write(&request, to: &$0, &$1) }
        }
        #expect(
            asked.text
                == #"{"generateContentRequest":{"model":"models/gemini-2.5-pro","contents":[{"role":"user","parts":[{"text":"q"}]}],"systemInstruction":{"parts":[{"text":"s"}]}}}"#)
        for (body, expected) in [(#"{"totalTokens":31,"promptTokensDetails":[]}"#, #"{"input_tokens":31}"#), ("{}", #"{"input_tokens":0}"#)] {
            let answered = try withJSON(body) { value in try Translated { writer, _ in try GeminiCountTokens.writeAnswer(value, to: &writer) } }
            #expect(answered.text == expected)
        }
        for body in ["[]", #"{"totalTokens":-1}"#, #"{"totalTokens":"1"}"#, #"{"x":1}"#] {
            let answered = try withJSON(body) { value in try Translated { writer, _ in try GeminiCountTokens.writeAnswer(value, to: &writer) } }
            #expect(answered.fault == "unreadable ")
        }
    }
}
