import Bytes
@testable import Guardrails
import JSON
import Testing

@Suite("Texts of requests and answers")
struct TextTests {
    private func text(_ member: String, at place: RequestTextPlace) throws -> String {
        var texts = CheckedTexts()
        return try Array(member.utf8).withByteSlice { bytes in
            try texts.read(JSONView(bytes), at: place)
            #expect(texts.count == 1)
            return String(texts[0])
        }
    }

    @Test("a request's text is its last message's, its prompt or its input", arguments: [
        (#"[{"role":"system","content":"no"},{"role":"user","content":"yes"}]"#, RequestTextPlace.messages, "yes"),
        (#"[{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"x"}},{"type":"text","text":"b"}]}]"#, .messages, "a\nb"),
        (#"[{"role":"user","content":"a\n\u00e9\ud83d\ude00"}]"#, .messages, "a\né😀"),
        (#"[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"in"}]}]}]"#, .messages, "in"),
        (#"[{"role":"user","content":[{"type":"tool_result","content":"in"}]}]"#, .messages, "in"),
        (#"[{"role":"assistant","content":null,"tool_calls":[]}]"#, .messages, ""),
        (#"[]"#, .messages, ""), (#"{}"#, .messages, ""), (#"[7]"#, .messages, ""), (#"["x"]"#, .messages, "x"),
        (#""once""#, .prompt, "once"), (#"["a","b"]"#, .prompt, "a\nb"), (#"[1,2]"#, .prompt, ""), (#"[[1],[2]]"#, .input, ""),
        (#""in""#, .items, "in"),
        (#"[{"role":"user","content":"first"},{"role":"user","content":[{"type":"input_text","text":"last"}]}]"#, .items, "last"),
        (#"[{"type":"function_call_output","call_id":"c","output":"tool"}]"#, .items, "tool"),
        (#"[{"type":"input_text","text":"part"}]"#, .items, "part"),
        (#"[{"type":"x","text":"a","content":"b","output":"c"}]"#, .items, "a\nb\nc"),
        (#"[{"role":"user","Content":"x"}]"#, .messages, "x"), (#"[{"role":"user","c\u004fntent":"x"}]"#, .messages, "x"),
        (#"[{"content":[{"type":"document","title":"t","context":"c","source":{"type":"text","media_type":"text/plain","data":"d"}}]}]"#, .messages, "t\nc\nd"),
        (#"[{"content":[{"type":"document","source":{"type":"content","content":[{"type":"text","text":"d"}]}}]}]"#, .messages, "d"),
        (#"[{"content":[{"type":"document","source":{"type":"content","content":"d"}}]}]"#, .messages, "d"),
        (#"[{"content":[{"type":"document","source":{"type":"base64","data":"no"}}]}]"#, .messages, ""),
        (#"[{"content":[{"type":"image","source":{"type":"url","url":"no"},"title":"no"}]}]"#, .messages, ""),
    ])
    func request(member: String, place: RequestTextPlace, expected: String) throws {
        #expect(try text(member, at: place) == expected)
    }

    @Test("what is not there is the empty text")
    func missing() throws {
        var texts = CheckedTexts()
        try texts.read(nil, at: .messages)
        #expect(texts.count == 1)
        #expect(texts[0].isEmpty)
    }

    @Test("a member given twice is no text: two readers could take two", arguments: [
        (#"[{"content":"a","content":"b"}]"#, "content"), (#"[{"content":[{"text":"a","t\u0065xt":"b"}]}]"#, "text"),
        (#"[{"content":"a","Content":"b"}]"#, "content"), (#"[{"c\u004fNTENT":"a","content":"b"}]"#, "content"),
        (#"[{"content":[{"type":"document","source":{"type":"text","data":"a","Data":"b"}}]}]"#, "data"),
    ])
    func duplicates(member: String, name: String) {
        #expect(throws: TextFault.self) { try text(member, at: .messages) }
        do { _ = try text(member, at: .messages) } catch {
            guard case .duplicate(let found)? = error as? TextFault else { return #expect(Bool(false), "\(error)") }
            #expect(found.description == name)
        }
    }

    @Test("an answer has a text for each choice, in the dialect it is in", arguments: [
        (#"{"choices":[{"message":{"content":"a"}},{"message":{"content":"b\n"}}]}"#, AnswerTextPlace.chatChoices, ["a", "b\n"]),
        (#"{"choices":[{"message":{"content":null,"tool_calls":[]}}]}"#, .chatChoices, [""]),
        (#"{"choices":[{"message":{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}}]}"#, .chatChoices, ["a\nb"]),
        (#"{"choices":[{"text":"a"}]}"#, .textChoices, ["a"]),
        (#"{"choices":[{"message":{"content":null,"tool_calls":[{"function":{"name":"f","arguments":"{\"a\":1}"}}]}}]}"#, .chatChoices, [#"{"a":1}"#]),
        (#"{"choices":[{"message":{"content":"a","refusal":"b","function_call":{"arguments":"c"}}}]}"#, .chatChoices, ["a\nb\nc"]),
        (#"{"output":[{"type":"function_call","arguments":"x"},{"type":"message","content":[{"type":"refusal","refusal":"y"}]}]}"#, .output, ["x\ny"]),
        (#"{"content":[{"type":"thinking","thinking":"no"},{"type":"text","text":"a"},{"type":"text","text":"b"}]}"#, .content, ["a\nb"]),
        (#"{"output":[{"type":"reasoning","content":[{"text":"no"}]},{"type":"message","content":[{"type":"output_text","text":"a"}]}]}"#, .output, ["a"]),
        (#"{"error":{"message":"no"}}"#, .chatChoices, [""]), (#"{}"#, .content, [""]), (#"{}"#, .output, [""]), (#"{"choices":[]}"#, .chatChoices, [""]),
    ])
    func answer(content: String, place: AnswerTextPlace, expected: [String]) throws {
        var texts = CheckedTexts()
        try Array(content.utf8).withByteSlice { try texts.read(answer: $0, at: place) }
        #expect((0..<texts.count).map { String(texts[$0]) } == expected)
    }

    @Test("what is no JSON object cannot be read", arguments: ["", "x", "[]", "{\"choices\":", "{} {}"])
    func unreadable(content: String) {
        var texts = CheckedTexts()
        #expect(throws: TextFault.notAnObject) {
            try Array(content.utf8).withByteSlice { (bytes) throws(TextFault) in try texts.read(answer: bytes, at: .chatChoices) }
        }
    }

    @Test("texts of one request after another do not mix, and large memory is let go")
    func reuse() throws {
        var texts = CheckedTexts()
        let long = String(repeating: "é", count: GuardrailLimits.keptTextByteCount)
        for expected in ["a\nb", long, "c"] {
            let parts = expected == "a\nb" ? #"["a","b"]"# : "[\"\(expected)\"]"
            try Array(parts.utf8).withByteSlice { try texts.read(JSONView($0), at: .prompt) }
            #expect(String(texts[0]) == expected)
            texts.removeAll()
            #expect(texts.count == 0)
        }
    }

    @Test("content is looked for to a depth, and what is deeper is refused")
    func depth() throws {
        // The limit counts the lists and objects around a text: [ { four times is eight.
        #expect(GuardrailLimits.contentDepth == 8)
        func nested(_ levels: Int) -> String {
            "[{" + String(repeating: #""content":[{"#, count: levels) + #""text":"in""# + String(repeating: "}]", count: levels) + "}]"
        }
        #expect(try text(nested(4), at: .messages) == "in")
        #expect(throws: TextFault.tooDeep) { try text(nested(5), at: .messages) }
    }

    @Test("the suffix of a text completion is a part of its text", arguments: [
        (#""once""#, #""end""#, "once\nend"), (#"["a","b"]"#, #""c\n""#, "a\nb\nc\n"), (#""once""#, "null", "once"),
    ])
    func suffix(prompt: String, suffix: String, expected: String) throws {
        var texts = CheckedTexts()
        try Array(prompt.utf8).withByteSlice { prompt in
            try Array(suffix.utf8).withByteSlice { suffix in
                try texts.read(JSONView(prompt), suffix: JSONView(suffix), at: .prompt)
                #expect(String(texts[0]) == expected)
            }
        }
    }

    @Test("tokens are no text, which is told", arguments: [
        (#"[1,2]"#, true), (#"[[1],[2]]"#, true), (#"["a",1]"#, true), (#"["a","1"]"#, false), (#""1""#, false),
    ])
    func tokens(prompt: String, hasNumbers: Bool) throws {
        var texts = CheckedTexts()
        try Array(prompt.utf8).withByteSlice { bytes in
            try texts.read(JSONView(bytes), at: .prompt)
            let found = texts.hasNumbers
            #expect(found == hasNumbers)
        }
        texts.removeAll()
        let found = texts.hasNumbers
        #expect(!found)
    }

    @Test("an answer of more texts than are looked at is not read, empty as they may be")
    func choices() throws {
        func answer(_ count: Int) -> [UInt8] {
            let choices = repeatElement("{}", count: count).joined(separator: ",")
            return Array("{\"choices\":[\(choices)]}".utf8)
        }
        var texts = CheckedTexts()
        try answer(GuardrailLimits.textCount).withByteSlice { try texts.read(answer: $0, at: .chatChoices) }
        let count = texts.count
        #expect(count == GuardrailLimits.textCount)
        #expect(throws: TextFault.tooManyTexts) {
            try answer(GuardrailLimits.textCount + 1).withByteSlice { (bytes) throws(TextFault) in try texts.read(answer: bytes, at: .chatChoices) }
        }
    }
}
