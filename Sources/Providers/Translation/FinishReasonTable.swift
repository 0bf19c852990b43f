public import JSON

/// Why an answer ended, in each dialect's words; one table for all.
///
/// | normal form | OpenAI | Anthropic |
/// |---|---|---|
/// | stop, other | `stop` | `end_turn` |
/// | stopSequence | `stop` | `stop_sequence` |
/// | length | `length` | `max_tokens` |
/// | toolCalls | `tool_calls` | `tool_use` |
/// | contentFilter, refusal | `content_filter` | `refusal` |
/// | pause | `stop` | `pause_turn` |
/// - Source: openai-python `types/chat/chat_completion.py`; anthropic-sdk-python `types/stop_reason.py`
public enum FinishReasonTable {
    /// OpenAI's `finish_reason`.
    public static func openAI(_ reason: FinishReason) -> StaticString {
        switch reason {
        case .stop, .stopSequence, .pause, .other: "stop"
        case .length: "length"
        case .toolCalls: "tool_calls"
        case .contentFilter, .refusal: "content_filter"
        }
    }

    /// Anthropic's `stop_reason`.
    public static func anthropic(_ reason: FinishReason) -> StaticString {
        switch reason {
        case .stop, .other: "end_turn"
        case .stopSequence: "stop_sequence"
        case .length: "max_tokens"
        case .toolCalls: "tool_use"
        case .contentFilter, .refusal: "refusal"
        case .pause: "pause_turn"
        }
    }

    /// What a `finish_reason` means: OpenAI's own words, and those that compatible hosts hand on from their engines.
    public static func read(openAI word: JSONString) -> FinishReason {
        if word == "stop" || word == "eos" || word == "eos_token" || word == "end_turn" || word == "STOP" { return .stop }
        if word == "length" || word == "max_tokens" || word == "model_length" || word == "MAX_TOKENS" { return .length }
        if word == "tool_calls" || word == "function_call" || word == "tool_use" { return .toolCalls }
        if word == "content_filter" || word == "content_filtered" || word == "guardrail_intervened" { return .contentFilter }
        if word == "sensitive" || word == "SAFETY" { return .contentFilter }
        if word == "stop_sequence" { return .stopSequence }
        if word == "refusal" { return .refusal }
        if word == "pause_turn" { return .pause }
        return .other
    }
}
