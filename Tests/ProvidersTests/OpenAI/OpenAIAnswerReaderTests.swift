import Bytes
import JSON
import Testing

@testable import Providers

@Suite("OpenAI answers, read")
struct OpenAIAnswerReaderTests {
    private func answer(_ message: String, _ end: String = #""finish_reason":"stop""#, _ rest: String = "") -> String {
        #"{"id":"i","model":"m","choices":[{"index":0,"message":"# + message + "," + end + "}]" + rest + "}"
    }

    @Test("a whole answer becomes pieces", arguments: [
        (#"{"role":"assistant","content":"a\nb"}"#, [#"text a\nb"#]),
        (#"{"content":""}"#, []), (#"{"content":null,"refusal":"no"}"#, ["refusal no"]),
        (#"{"content":"a","reasoning_content":"h"}"#, ["thinking h", "text a"]), (#"{"content":"a","reasoning":"h","reasoning_content":"h"}"#, ["thinking h", "text a"]),
        (#"{"content":"a","reasoning":"h","reasoning_details":[{"type":"reasoning.text","text":"h","signature":"s"}]}"#,
            ["thinking h", "signature s", #"native reasoning_details [{"type":"reasoning.text","text":"h","signature":"s"}]"#, "text a"]),
        (#"{"content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},{"function":{"name":"g","arguments":{"a":1}}}]}"#,
            ["call 0 c f", #"arguments 0 {\"a\":1}"#, "call 1 - g", #"json 1 {"a":1}"#]),
        (#"{"content":null,"tool_calls":[{"id":"c","function":{"name":"f","arguments":""},"extra_content":{"google":{"thought_signature":"s"}}}]}"#, ["call 0 c f s"]),
        (#"{"content":null,"function_call":{"name":"f","arguments":"{}"}}"#, ["call 0 - f", "arguments 0 {}"]),
        (#"{"content":[{"type":"thinking","thinking":[{"type":"text","text":"h"}]},{"type":"text","text":"a"}]}"#, ["thinking h", "text a"]),
        (#"{"content":"a","images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}}]}"#, ["text a", "image image/png AA"]),
        (#"{"content":"a","annotations":[{"type":"url_citation"}]}"#, ["text a", #"native annotations [{"type":"url_citation"}]"#]),
        (#"{"content":"a","annotations":[],"audio":null}"#, ["text a"]),
    ])
    func wholeAnswers(message: String, pieces: [String]) throws {
        #expect(try OpenAIDialect.pieces(answer(message)) == ["begin i m"] + pieces + ["finish stop stop -"])
    }

    @Test("ends of a choice, usage and errors of a whole answer", arguments: [
        (#""finish_reason":"length""#, "", ["finish length length -"]), (#""finish_reason":null"#, "", []),
        (#""finish_reason":"stop","stop_reason":"END""#, "", ["finish stopSequence stop END"]),
        (#""finish_reason":"stop","stop_reason":7"#, "", ["finish stop stop -"]),
        (#""logprobs":{"content":[]},"finish_reason":"stop""#, "", [#"logprobs {"content":[]}"#, "finish stop stop -"]),
        (#""finish_reason":"stop""#, #","usage":{"prompt_tokens":9,"completion_tokens":5,"total_tokens":14,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":2}}"#,
            ["finish stop stop -", "usage 5/4/3/2"]),
        (#""finish_reason":"stop""#, #","usage":{"prompt_tokens":99999999999999999999,"completion_tokens":-1}"#, ["finish stop stop -"]),
        (#""finish_reason":"stop""#, #","citations":["x"]"#, ["finish stop stop -", #"native citations ["x"]"#]),
        (#""finish_reason":"error""#, #","error":{"message":"late"}"#, ["finish other error -", "failure late - -"]),
    ])
    func ends(end: String, rest: String, pieces: [String]) throws {
        #expect(try OpenAIDialect.pieces(answer(#"{"content":"a"}"#, end, rest)) == ["begin i m", "text a"] + pieces)
    }

    @Test("several choices keep their numbers")
    func choices() throws {
        let body = #"{"id":"i","choices":[{"index":1,"message":{"content":"b"},"finish_reason":"stop"},{"message":{"content":"c"},"finish_reason":"length"}]}"#
        #expect(try OpenAIDialect.pieces(body) == ["begin i -", "[1] text b", "[1] finish stop stop -", "[1] text c", "[1] finish length length -"])
    }

    @Test("an error where an answer should be is a failure; anything else is unreadable", arguments: [
        (#"{"error":{"message":"m","type":"t","code":5}}"#, ["failure m t 5"]), (#"{"detail":"m"}"#, ["failure m - -"]),
        (#"{"choices":7}"#, nil), ("{}", nil), ("[]", nil), ("null", nil), (#"{"choices":[7]}"#, nil), (#"{"choices":[{"message":7}]}"#, nil),
        (#"{"choices":[{"index":128,"message":{}}]}"#, nil), (#"{"choices":[{"index":-1,"message":{}}]}"#, nil),
        (#"{"choices":[{"message":{"tool_calls":[{"id":"c"}]}}]}"#, nil), (#"{"choices":[{"message":{"tool_calls":{}}}]}"#, nil),
    ] as [(String, [String]?)])
    func failures(body: String, pieces: [String]?) throws {
        if let pieces { return #expect(try OpenAIDialect.pieces(body) == pieces) }
        let fault = #expect(throws: TranslationFault.self) { try OpenAIDialect.pieces(body) }
        #expect(fault?.kind == .unreadable)
    }

    // MARK: Streams

    private func chunk(_ delta: String, _ end: String = #""finish_reason":null"#) -> String {
        #"{"id":"i","model":"m","choices":[{"index":0,"delta":"# + delta + "," + end + "}]}"
    }

    @Test("a stream becomes the pieces of the whole answer")
    func stream() throws {
        let events = [
            #"{"id":"","model":"","choices":[],"prompt_filter_results":[]}"#, chunk(#"{"role":"assistant","content":""}"#), chunk(#"{"reasoning_content":"h"}"#),
            chunk(#"{"content":"a"}"#), chunk(#"{"content":"b"}"#),
            chunk(#"{"tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"f","arguments":""}}]}"#),
            chunk(#"{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}"#), chunk(#"{"tool_calls":[{"index":1,"id":"d","function":{"name":"g"}}]}"#),
            chunk(#"{"tool_calls":[{"index":1,"id":"d","function":{"name":"g","arguments":"{}"}},{"index":0,"id":"","function":{"name":"","arguments":" "}}]}"#),
            chunk("{}", #""finish_reason":"tool_calls""#), chunk("{}", #""finish_reason":"tool_calls""#),
            #"{"id":"i","model":"m","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#,
        ]
        let found = try OpenAIDialect.pieces(events: events)
        #expect(found.isComplete)
        #expect(found.lines == [
            "begin i m", "thinking h", "text a", "text b", "call 0 c f", "arguments 0 {}", "call 1 d g", "arguments 1 {}", "arguments 0  ",
            "finish toolCalls tool_calls -", "usage 1/0/2/0",
        ])
        let cut = try OpenAIDialect.pieces(events: Array(events.prefix(9)))
        #expect(!cut.isComplete)
    }

    @Test("calls are told apart however a host numbers them", arguments: [
        ([#"{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"1"}}]}"#, #"{"tool_calls":[{"index":0,"id":"d","function":{"name":"f","arguments":"2"}}]}"#],
            ["call 0 c f", "arguments 0 1", "call 1 d f", "arguments 1 2"]),
        ([#"{"tool_calls":[{"id":"c","function":{"name":"f","arguments":"1"}},{"id":"d","function":{"name":"g","arguments":"2"}}]}"#],
            ["call 0 c f", "arguments 0 1", "call 1 d g", "arguments 1 2"]),
        ([#"{"tool_calls":[{"id":"c","function":{"name":"f"}}]}"#, #"{"tool_calls":[{"function":{"arguments":"1"}}]}"#, #"{"tool_calls":[{"function":{"name":"g","arguments":"2"}}]}"#],
            ["call 0 c f", "arguments 0 1", "call 1 - g", "arguments 1 2"]),
        ([#"{"tool_calls":[{"index":5,"id":"c"}]}"#, #"{"tool_calls":[{"index":5,"function":{"name":"f"}}]}"#], ["call 0 - f"]),
        ([#"{"function_call":{"name":"f","arguments":""}}"#, #"{"function_call":{"arguments":"1"}}"#], ["call 0 - f", "arguments 0 1"]),
    ])
    func calls(deltas: [String], pieces: [String]) throws {
        #expect(try OpenAIDialect.pieces(events: deltas.map { chunk($0) }).lines == ["begin i m"] + pieces)
    }

    @Test("errors in a stream are failures", arguments: [
        #"{"error":{"message":"m","type":"t","code":5}}"#, #"{"id":"i","choices":[],"error":{"message":"m","type":"t","code":5}}"#,
        #"{"type":"error","error":{"message":"m","type":"t","code":5}}"#,
    ])
    func streamFailures(event: String) throws {
        #expect(try OpenAIDialect.pieces(events: [event]).lines == ["failure m t 5"])
        let inChoice = #"{"id":"i","choices":[{"index":0,"delta":{},"error":{"message":"m","type":"t","code":5}}]}"#
        #expect(try OpenAIDialect.pieces(events: [inChoice]).lines == ["begin i -", "failure m t 5"])
    }

    @Test("usage is found wherever a host puts it", arguments: [
        #"{"usage":{"prompt_tokens":1,"completion_tokens":2}}"#, #"{"x_groq":{"usage":{"prompt_tokens":1,"completion_tokens":2}}}"#,
        #"{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#,
    ])
    func usage(event: String) throws {
        #expect(try OpenAIDialect.pieces(events: [event]).lines == ["usage 1/0/2/0"])
    }

    @Test("events that are none of the dialect's are unreadable, signs of life are passed over")
    func events() throws {
        for event in ["7", "[]", #"{"choices":7}"#, #"{"choices":[7]}"#, chunk(#"{"tool_calls":[{"index":-1}]}"#), chunk(#"{"tool_calls":[{"index":0,"function":{"arguments":"x"}}]}"#)] {
            let fault = #expect(throws: TranslationFault.self) { try OpenAIDialect.pieces(events: [event]) }
            #expect(fault?.kind == .unreadable, "\(event)")
        }
        #expect(try OpenAIDialect.pieces(events: ["{}", #"{"object":"ping"}"#]).lines.isEmpty)
    }

    @Test("more calls than can be told apart are unreadable, not a trap")
    func tooManyCalls() throws {
        let many = (0..<200).map { #"{"index":\#($0),"id":"c\#($0)","function":{"name":"f"}}"# }.joined(separator: ",")
        #expect(throws: TranslationFault.self) { try OpenAIDialect.pieces(events: [chunk(#"{"tool_calls":["# + many + "]}")]) }
    }

    @Test("hosts' words for an end are known", arguments: [
        ("stop", FinishReason.stop), ("eos", .stop), ("length", .length), ("max_tokens", .length), ("tool_calls", .toolCalls), ("function_call", .toolCalls),
        ("content_filter", .contentFilter), ("sensitive", .contentFilter), ("insufficient_system_resource", .other), ("", .other),
    ])
    func words(word: String, reason: FinishReason) {
        withBytes(word) { #expect(FinishReasonTable.read(openAI: JSONString(content: $0, hasEscapes: false)) == reason) }
    }
}
