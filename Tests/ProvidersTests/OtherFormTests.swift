import Bytes
import JSON
import Testing

@testable import Providers

/// Completions and responses of one form, said in the other.
@Suite("Answers in their other form")
struct OtherFormTests {
    private func text(_ body: (inout Translator, inout ByteWriter) throws(TranslationFault) -> Void) throws -> String {
        var translator = Translator()
        var fault: TranslationFault?
        let text = written(capacity: 1 << 15) { writer in
            do throws(TranslationFault) { try body(&translator, &writer) } catch { fault = error }
        }
        if let fault { throw fault }
        return text
    }

    /// The events' data, and what `body` writes of them.
    private func fromEvents(
        _ events: [String], _ body: (inout Translator, inout ByteWriter, Translator.Events) throws(TranslationFault) -> Void
    ) throws -> String {
        let all = Array(events.joined(separator: "\n").utf8)
        return try all.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return "" }
            let whole = ByteSlice(base, count: buffer.count)
            return try text { (translator, writer) throws(TranslationFault) in
                try body(&translator, &writer) { at in
                    guard at < whole.count else { return nil }
                    let end = whole.firstIndex(of: 0x0A, from: at) ?? whole.count
                    defer { at = end + 1 }
                    return whole[at..<end]
                }
            }
        }
    }

    private static let completion = """
        {"id":"cmpl-1","object":"text_completion","created":5,"model":"m","choices":[{"text":"one \\"two\\"\\n","index":0,"logprobs":null,"finish_reason":"stop"},\
        {"text":"three","index":1,"logprobs":null,"finish_reason":"length"}],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}
        """

    @Test("a completion is streamed as an event for each choice, with the usage where that is asked for")
    func completionStream() throws {
        let head = #"data: {"id":"cmpl-1","object":"text_completion","created":5,"model":"m","choices":["#
        let one = #"{"text":"one \"two\"\n","index":0,"logprobs":null,"finish_reason":"stop"}"#
        let two = #"{"text":"three","index":1,"logprobs":null,"finish_reason":"length"}"#
        for includesUsage in [false, true] {
            let stream = try withBytes(Self.completion) { answer in
                try text { (translator, writer) throws(TranslationFault) in
                    try translator.writeCompletionStream(answer, includesUsage: includesUsage, to: &writer)
                }
            }
            let end = includesUsage ? "],\"usage\":null}\n\n" : "]}\n\n"
            let usage = includesUsage ? head + #"],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}"# + "\n\n" : ""
            #expect(stream == head + one + end + head + two + end + usage + "data: [DONE]\n\n")
        }
    }

    @Test("a stream of completions adds up to the whole, choice by choice")
    func wholeCompletion() throws {
        func event(_ text: String, _ index: Int, _ finish: String = "null") -> String {
            #"{"id":"cmpl-1","object":"text_completion","created":5,"model":"m","choices":[{"text":""# + text + #"","index":"# + "\(index)"
                + #","logprobs":null,"finish_reason":"# + finish + "}]}"
        }
        let events = [event("one ", 0), event("th", 1), event(#"\"two\"\n"#, 0, #""stop""#), event("ree", 1, #""length""#)]
        let stated = #"{"id":"cmpl-1","object":"text_completion","created":5,"model":"m","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}"#
        #expect(try fromEvents(events + [stated]) { (translator, writer, events) throws(TranslationFault) in
            try translator.writeWholeCompletion(usage: nil, to: &writer, events)
        } == Self.completion)
        var usage = Usage()
        (usage.input, usage.output) = (3, 4)
        #expect(try fromEvents(events) { (translator, writer, events) throws(TranslationFault) in
            try translator.writeWholeCompletion(usage: usage, to: &writer, events)
        } == Self.completion)
    }

    @Test(
        "a completion with log probabilities, or with a member of its host's own, is left in its form",
        arguments: [#""logprobs":{"tokens":["a"]}"#, #""logprobs":null,"stop_reason":"x""#])
    func completionWithoutPlace(members: String) throws {
        let answer = #"{"id":"c","object":"text_completion","created":5,"model":"m","choices":[{"text":"a","index":0,"# + members + #","finish_reason":"stop"}]}"#
        #expect(throws: TranslationFault.self) {
            try withBytes(answer) { answer in
                try text { (translator, writer) throws(TranslationFault) in try translator.writeCompletionStream(answer, includesUsage: false, to: &writer) }
            }
        }
        #expect(throws: TranslationFault.self) {
            try fromEvents([answer]) { (translator, writer, events) throws(TranslationFault) in
                try translator.writeWholeCompletion(usage: nil, to: &writer, events)
            }
        }
    }

    private static let message =
        #"{"id":"msg_1","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[],"text":"hi"}]}"#
    private static let call = #"{"type":"function_call","id":"fc_1","call_id":"call_1","name":"f","arguments":"{\"a\":1}","status":"completed"}"#

    private static func response(_ items: String) -> String {
        #"{"id":"resp_1","object":"response","created_at":5,"status":"completed","model":"m","output":["# + items + #"],"usage":{"input_tokens":3,"output_tokens":4}}"#
    }

    @Test("a response is streamed as its events, numbered, from its creation to the whole of it")
    func responseStream() throws {
        let whole = Self.response(Self.message + "," + Self.call)
        let begun = #"{"id":"resp_1","object":"response","created_at":5,"status":"in_progress","model":"m","output":[],"usage":null}"#
        let stream = try withBytes(whole) { answer in
            try text { (translator, writer) throws(TranslationFault) in try translator.writeResponseStream(answer, to: &writer) }
        }
        let place = #""item_id":"msg_1","output_index":0,"content_index":0"#
        let events = [
            ("response.created", #""response":"# + begun),
            ("response.in_progress", #""response":"# + begun),
            ("response.output_item.added", #""output_index":0,"item":{"id":"msg_1","type":"message","status":"in_progress","role":"assistant","content":[]}"#),
            ("response.content_part.added", place + #","part":{"type":"output_text","annotations":[],"text":""}"#),
            ("response.output_text.delta", place + #","logprobs":[],"delta":"hi""#),
            ("response.output_text.done", place + #","logprobs":[],"text":"hi""#),
            ("response.content_part.done", place + #","part":{"type":"output_text","annotations":[],"text":"hi"}"#),
            ("response.output_item.done", #""output_index":0,"item":"# + Self.message),
            (
                "response.output_item.added",
                #""output_index":1,"item":{"type":"function_call","id":"fc_1","call_id":"call_1","name":"f","arguments":"","status":"in_progress"}"#
            ),
            ("response.function_call_arguments.delta", #""item_id":"fc_1","output_index":1,"delta":"{\"a\":1}""#),
            ("response.function_call_arguments.done", #""item_id":"fc_1","output_index":1,"arguments":"{\"a\":1}""#),
            ("response.output_item.done", #""output_index":1,"item":"# + Self.call),
            ("response.completed", #""response":"# + whole),
        ]
        let wanted = events.enumerated().map { number, event in
            "event: \(event.0)\ndata: {\"type\":\"\(event.0)\",\"sequence_number\":\(number),\(event.1)}\n\n"
        }
        #expect(stream == wanted.joined())
        // And back.
        let lines = stream.split(separator: "\n").filter { $0.hasPrefix("data: ") }.map { String($0.dropFirst(6)) }
        let said = try fromEvents(lines) { (translator, writer, events) throws(TranslationFault) in try translator.writeWholeResponse(to: &writer, events) }
        #expect(said == whole)
    }

    @Test(
        "a response with an item or a note that has events of its own is left in its form",
        arguments: [
            #"{"type":"web_search_call","id":"ws_1","status":"completed"}"#,
            #"{"id":"msg_1","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[{"type":"url_citation"}],"text":"a"}]}"#,
            #"{"id":"msg_1","type":"message","status":"completed","role":"assistant","content":[{"type":"refusal","refusal":"no"}]}"#,
            #"{"type":"message","role":"assistant","content":[]}"#,
        ])
    func responseWithoutPlace(item: String) throws {
        #expect(throws: TranslationFault.self) {
            try withBytes(Self.response(item)) { answer in
                try text { (translator, writer) throws(TranslationFault) in try translator.writeResponseStream(answer, to: &writer) }
            }
        }
    }

    @Test("a stream that does not end with its response adds up to nothing")
    func unfinished() {
        #expect(throws: TranslationFault.self) {
            try fromEvents([#"{"type":"response.created","response":{}}"#]) { (translator, writer, events) throws(TranslationFault) in
                try translator.writeWholeResponse(to: &writer, events)
            }
        }
    }
}
