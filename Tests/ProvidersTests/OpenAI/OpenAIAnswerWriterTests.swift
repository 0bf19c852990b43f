import Bytes
import JSON
import Testing

@testable import Providers

@Suite("OpenAI answers, written")
struct OpenAIAnswerWriterTests {
    private static func s(_ literal: StaticString) -> JSONString { OpenAIDialect.string(literal) }

    private static var begin: AnswerPiece { AnswerPiece(.begin(id: s("msg_1"), model: s("claude"))) }
    private static var stop: AnswerPiece { AnswerPiece(.finish(.stop, word: s("end_turn"), sequence: nil)) }
    private static let head = #"{"id":"msg_1","object":"chat.completion.chunk","created":7,"model":"claude","choices":[{"index":0,"delta":"#
    private static let tail = #","logprobs":null,"finish_reason":null}]}"#

    /// A chunk of choice 0 that has not ended.
    private static func chunk(_ delta: String, choice: Int = 0) -> String { head.replacing(#""index":0"#, with: #""index":\#(choice)"#) + delta + tail }

    private static func last(_ reason: String, choice: Int = 0) -> String {
        chunk("{}", choice: choice).replacing(#""finish_reason":null"#, with: #""finish_reason":"\#(reason)""#)
    }

    private static let role = chunk(#"{"role":"assistant","content":""}"#)

    private static var usage: AnswerPiece {
        var usage = Usage()
        usage.input = 10
        usage.cachedRead = 3
        usage.cacheWrite5m = 4
        usage.output = 5
        usage.reasoning = 2
        return AnswerPiece(.usage(usage))
    }

    private static let usageObject =
        #"{"prompt_tokens":17,"completion_tokens":7,"total_tokens":24,"prompt_tokens_details":{"cached_tokens":3,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":2,"audio_tokens":0}}"#

    @Test("text is one role chunk, content chunks, one finish chunk, [DONE]")
    func text() {
        let found = OpenAIDialect.stream(OpenAIDialect.options(), [
            Self.begin, AnswerPiece(.text(Self.s("a"))), AnswerPiece(.text(Self.s("b"))), Self.stop, Self.usage,
        ])
        #expect(found == [Self.role, Self.chunk(#"{"content":"a"}"#), Self.chunk(#"{"content":"b"}"#), Self.last("stop"), "[DONE]"])
    }

    @Test("calls keep their indexes, get ids and arguments where there are none, and end with tool_calls")
    func calls() {
        let found = OpenAIDialect.stream(OpenAIDialect.options(), [
            Self.begin, AnswerPiece(.toolCall(id: Self.s("c"), name: Self.s("f"), signature: Self.s("sig")), slot: 0),
            AnswerPiece(.argumentsText(Self.s(#"{\"a\":"#)), slot: 0), AnswerPiece(.argumentsText(Self.s("1}")), slot: 0),
            AnswerPiece(.toolCall(id: nil, name: Self.s("g"), signature: nil), slot: 1), Self.stop,
        ])
        #expect(found == [
            Self.role, Self.chunk(#"{"tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"f","arguments":""}}]}"#),
            Self.chunk(#"{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":"}}]}"#), Self.chunk(#"{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]}"#),
            Self.chunk(#"{"tool_calls":[{"index":1,"id":"call_req_0_1","type":"function","function":{"name":"g","arguments":""}}]}"#),
            Self.chunk(#"{"tool_calls":[{"index":1,"function":{"arguments":"{}"}}]}"#), Self.last("tool_calls"), "[DONE]",
        ])
    }

    @Test("usage is a chunk of its own, only for who asked, and others have null")
    func usageChunk() {
        let found = OpenAIDialect.stream(OpenAIDialect.options(includesUsage: true), [Self.begin, Self.usage, Self.stop])
        let withNull = [Self.role, Self.last("stop")].map { String($0.dropLast()) + #","usage":null}"# }
        #expect(found == withNull + [#"{"id":"msg_1","object":"chat.completion.chunk","created":7,"model":"claude","choices":[],"usage":"# + Self.usageObject + "}", "[DONE]"])
        let loose = OpenAIDialect.stream(OpenAIDialect.options(isStrict: false, includesUsage: true), [Self.begin, Self.usage, Self.stop])
        #expect(loose[2].hasSuffix(#","cache_creation_input_tokens":4,"cache_read_input_tokens":3}}"#))
    }

    @Test("strict leaves thinking, pictures and native members out; loose has content_blocks for them")
    func blocks() throws {
        try OpenAIDialect.withValue("{\"b\":\n1}") { value in
            let pieces = [
                Self.begin, AnswerPiece(.thinking(Self.s("h"))), AnswerPiece(.signature(Self.s("s"))), AnswerPiece(.redactedThinking(Self.s("d"))),
                AnswerPiece(.text(Self.s("a"))), AnswerPiece(.image(type: ByteSlice("image/png"), data: ByteSlice("AA"))), AnswerPiece(.native(name: "safety", value)), Self.stop,
            ]
            #expect(OpenAIDialect.stream(OpenAIDialect.options(), pieces) == [Self.role, Self.chunk(#"{"content":"a"}"#), Self.last("stop"), "[DONE]"])
            let loose = OpenAIDialect.stream(OpenAIDialect.options(isStrict: false), pieces)
            #expect(loose == [
                Self.role, Self.chunk(#"{"content_blocks":[{"index":0,"delta":{"thinking":"h"}}]}"#), Self.chunk(#"{"content_blocks":[{"index":0,"delta":{"signature":"s"}}]}"#),
                Self.chunk(#"{"content_blocks":[{"index":1,"delta":{"data":"d"}}]}"#), Self.chunk(#"{"content":"a","content_blocks":[{"index":2,"delta":{"text":"a"}}]}"#),
                Self.chunk(#"{"content_blocks":[{"index":3,"delta":{"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}}}]}"#),
                Self.chunk(#"{"safety":{"b":1}}"#), Self.last("end_turn"), "[DONE]",
            ])
        }
    }

    @Test("each choice has one role chunk and one finish chunk, even if the provider forgets it")
    func choices() {
        let found = OpenAIDialect.stream(OpenAIDialect.options(), [Self.begin, AnswerPiece(.text(Self.s("a")), choice: 1), Self.stop, Self.stop])
        #expect(found == [
            Self.role, Self.chunk(#"{"role":"assistant","content":""}"#, choice: 1), Self.chunk(#"{"content":"a"}"#, choice: 1), Self.last("stop"), Self.last("stop", choice: 1), "[DONE]",
        ])
    }

    @Test("an answer without id and model has the request's; one that says nothing still ends")
    func fallbacks() {
        let found = OpenAIDialect.stream(OpenAIDialect.options(), [])
        #expect(found.count == 3 && found[0].hasPrefix(#"{"id":"chatcmpl-req","object":"chat.completion.chunk","created":7,"model":"asked","#))
        var options = OpenAIDialect.options()
        options.model.set(ByteSlice(#"cut \u00"#))
        #expect(OpenAIDialect.stream(options, [])[0].contains(#""model":"","#))
    }

    @Test("a failure is the stream's last event")
    func failure() {
        let fault = UpstreamFault(message: Self.s("busy"), type: Self.s("overloaded_error"))
        let found = OpenAIDialect.stream(OpenAIDialect.options(), [Self.begin, AnswerPiece(.failure(fault)), AnswerPiece(.text(Self.s("late")))])
        #expect(found == [Self.role, #"{"error":{"message":"busy","type":"overloaded_error","param":null,"code":null}}"#])
    }

    @Test("ends are said in OpenAI's words, or in the provider's own when not strict", arguments: [
        (FinishReason.stop, "stop"), (.stopSequence, "stop"), (.length, "length"), (.toolCalls, "tool_calls"), (.contentFilter, "content_filter"),
        (.refusal, "content_filter"), (.pause, "stop"), (.other, "stop"),
    ])
    func ends(reason: FinishReason, word: String) {
        let piece = AnswerPiece(.finish(reason, word: Self.s("native"), sequence: nil))
        #expect(OpenAIDialect.stream(OpenAIDialect.options(), [Self.begin, piece]).contains(Self.last(word)))
        #expect(OpenAIDialect.stream(OpenAIDialect.options(isStrict: false), [Self.begin, piece]).contains(Self.last("native")))
    }

    // MARK: Whole answers

    private func whole(_ message: String, _ reason: String = "stop", _ rest: String = "") -> String {
        #"{"id":"msg_1","object":"chat.completion","created":7,"model":"claude","choices":[{"index":0,"message":{"role":"assistant","# + message
            + #"},"logprobs":null,"finish_reason":"\#(reason)"}]\#(rest)}"#
    }

    @Test("a whole answer joins its texts")
    func wholeText() throws {
        let pieces = [Self.begin, AnswerPiece(.thinking(Self.s("h"))), AnswerPiece(.text(Self.s("a"))), AnswerPiece(.text(Self.s("b"))), Self.stop, Self.usage]
        #expect(try OpenAIDialect.whole(OpenAIDialect.options(), pieces) == whole(#""content":"ab","refusal":null"#, "stop", #","usage":"# + Self.usageObject))
        #expect(try OpenAIDialect.whole(OpenAIDialect.options(), [Self.begin]) == whole(#""content":"","refusal":null"#))
        let refusal = [Self.begin, AnswerPiece(.refusal(Self.s("no"))), AnswerPiece(.finish(.refusal, word: nil, sequence: nil))]
        #expect(try OpenAIDialect.whole(OpenAIDialect.options(), refusal) == whole(#""content":null,"refusal":"no""#, "content_filter"))
    }

    @Test("content is null when there are only calls, whose arguments are JSON in a string")
    func wholeCalls() throws {
        try OpenAIDialect.withValue(#"{"a":"b"}"#) { json in
            let pieces = [
                Self.begin, AnswerPiece(.toolCall(id: nil, name: Self.s("f"), signature: Self.s("sig"))), AnswerPiece(.arguments(json)),
                AnswerPiece(.toolCall(id: Self.s("c"), name: Self.s("g"), signature: nil), slot: 1), Self.stop,
            ]
            let calls = #""content":null,"refusal":null,"tool_calls":[{"id":"call_req_0_0","type":"function","function":{"name":"f","arguments":"{\"a\":\"b\"}"}},{"id":"c","type":"function","function":{"name":"g","arguments":"{}"}}]"#
            let found = try OpenAIDialect.whole(OpenAIDialect.options(), pieces)
            #expect(found == whole(calls, "tool_calls"))
            let loose = try OpenAIDialect.whole(OpenAIDialect.options(isStrict: false), pieces)
            #expect(loose.contains(#""arguments":"{\"a\":\"b\"}","thought_signature":"sig"}"#))
        }
    }

    @Test("loose answers have what was said as blocks, in order, and native members once")
    func wholeBlocks() throws {
        try OpenAIDialect.withValue("[1,2]") { value in
            let native = value.elements.map { AnswerPiece(.native(name: "grounding", $0)) }
            let pieces = [
                Self.begin, AnswerPiece(.thinking(Self.s("h"))), AnswerPiece(.thinking(Self.s("i"))), AnswerPiece(.signature(Self.s("s"))),
                AnswerPiece(.thinking(Self.s("j"))),
                AnswerPiece(.redactedThinking(Self.s("d"))), AnswerPiece(.text(Self.s("a"))), AnswerPiece(.text(Self.s("b"))),
                AnswerPiece(.image(type: ByteSlice("image/png"), data: ByteSlice("AA"))), AnswerPiece(.native(name: "safety", value)),
            ] + native + [Self.stop]
            let blocks = #""content":"ab","refusal":null,"content_blocks":[{"type":"thinking","thinking":"hi","signature":"s"},{"type":"thinking","thinking":"j"},{"type":"redacted_thinking","data":"d"},{"type":"text","text":"ab"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}}],"safety":[1,2],"grounding":[1,2]"#
            let found = try OpenAIDialect.whole(OpenAIDialect.options(isStrict: false), pieces)
            #expect(found == whole(blocks, "end_turn"))
        }
    }

    @Test("a failure instead of an answer is an error body, and faults pass through")
    func wholeFailure() throws {
        let pieces = [AnswerPiece(.failure(UpstreamFault(message: Self.s("m"))))]
        #expect(try OpenAIDialect.whole(OpenAIDialect.options(), pieces) == #"{"error":{"message":"m","type":"api_error","param":null,"code":null}}"#)
        _ = written { bytes in
            do throws(TranslationFault) {
                try OpenAIAnswerWriter.writeAnswer(OpenAIDialect.options(), to: &bytes) { (_: (AnswerPiece) -> Void) throws(TranslationFault) in
                    throw TranslationFault(.unreadable, "x")
                }
                #expect(Bool(false), "the fault was lost")
            } catch { #expect(error.message == "x") }
        }
    }
}
