import Bytes
import Providers
import Testing

@Suite("Beginnings of streams")
struct StreamOpeningTests {
    private func opening(_ event: String) -> StreamOpening { Array(event.utf8).withByteSlice { StreamOpening(event: $0) } }

    @Test("announcements, pings and roles are no content yet", arguments: [
        #"{"type":"ping"}"#, #"{"type":"message_start","message":{"id":"m","usage":{"input_tokens":3}}}"#,
        #"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
        #"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}"#,
        #"{"type":"response.created","response":{}}"#, #"{"type":"response.in_progress"}"#, #"{"type":"response.queued"}"#,
        #"{"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#,
        #"{"choices":[{"index":0,"delta":{"role":"assistant","content":null},"finish_reason":null}]}"#,
        #"{"choices":[],"prompt_filter_results":[]}"#, #"{"choices":[{"text":"","index":0,"finish_reason":null}]}"#,
    ])
    func nothing(event: String) { #expect(opening(event) == .nothing) }

    @Test("text, thinking, calls, ends and what nobody knows are content", arguments: [
        #"{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}"#, #"{"choices":[{"delta":{"reasoning_content":"a"}}]}"#,
        #"{"choices":[{"delta":{"tool_calls":[{"index":0}]}}]}"#, #"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#,
        #"{"choices":[{"text":"a","index":0}]}"#, #"{"type":"content_block_delta","delta":{"type":"text_delta","text":"a"}}"#,
        #"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}}"#,
        #"{"type":"message_stop"}"#, #"{"type":"response.output_text.delta","delta":"a"}"#, #"{"candidates":[{"content":{"parts":[{"text":"a"}]}}]}"#,
        "[DONE]", "not json", "[]", "", #"{"unheard":1}"#, #"{"error":null,"candidates":[]}"#,
    ])
    func content(event: String) { #expect(opening(event) == .content) }

    @Test("errors have the status their words stand for", arguments: [
        (#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#, 529),
        (#"{"error":{"message":"slow down","type":"requests","code":"rate_limit_exceeded"}}"#, 429),
        (#"{"error":{"code":503,"message":"busy","status":"UNAVAILABLE"}}"#, 503), (#"{"error":{"code":"504"}}"#, 500), (#"{"error":"broken"}"#, 500),
        (#"{"error":{"type":"insufficient_quota","code":"insufficient_quota"}}"#, 429), (#"{"error":{"code":200}}"#, 500),
        (#"{"type":"response.failed","response":{"error":{"code":"server_error","message":"x"}}}"#, 500),
        (#"{"type":"error","code":"rate_limit_exceeded","message":"x"}"#, 429), (#"{"error":{"status":"RESOURCE_EXHAUSTED"}}"#, 429),
        (#"{"error":{"code":99999999999999999999}}"#, 500),
    ])
    func failed(event: String, status: Int) { #expect(opening(event) == .failed(status: status)) }
}
