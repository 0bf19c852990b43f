import Bytes
import JSON

/// Which members of an answer, or of one event of it, its other form has a place for.
///
/// What is null, or empty, says nothing. `system_fingerprint` and `service_tier` are left out of what is converted: they tell of the machine that
/// answered, not of the answer.
/// - Source: openai-python `types/chat/chat_completion.py`, `chat_completion_chunk.py`; anthropic-sdk-python `types/message.py`, `raw_message_stream_event.py`
enum AnswerPlaces {
    /// The first member that would be lost; nil when there is none.
    static func stranger(in answer: JSONValue, _ dialect: Dialect) -> String? { dialect == .anthropic ? anthropic(answer) : openAI(answer) }

    // MARK: OpenAI

    private static func openAI(_ answer: JSONValue) -> String? {
        if let name = other(in: answer, than: "id", "object", "created", "model", "choices", "usage", "system_fingerprint", "service_tier") { return name }
        guard let choices = answer["choices"] else { return nil }
        for choice in choices.elements {
            if let name = other(in: choice, than: "index", "message", "delta", "finish_reason", "logprobs") { return name }
            for name in ["message", "delta"] as [StaticString] {
                guard let message = choice[name], message.isObject else { continue }
                if let name = stranger(inMessage: message) { return name }
            }
        }
        return nil
    }

    private static func stranger(inMessage message: JSONValue) -> String? {
        if let name = other(in: message, than: "role", "content", "refusal", "tool_calls", "function_call") { return name }
        if let content = message["content"], content.isArray { return "content" }
        guard let calls = message["tool_calls"] else { return nil }
        for call in calls.elements {
            if let type = call["type"]?.string, !(type == "function") { return "type" }
            if let name = other(in: call, than: "id", "index", "type", "function") { return name }
            if let function = call["function"], let name = other(in: function, than: "name", "arguments") { return name }
        }
        return nil
    }

    // MARK: Anthropic

    private static func anthropic(_ answer: JSONValue) -> String? {
        guard let type = answer["type"]?.string else { return "type" }
        if type == "message" { return stranger(inAnswer: answer) }
        if type == "message_start" { return answer["message"].flatMap { stranger(inAnswer: $0) } ?? other(in: answer, than: "type", "message") }
        if type == "content_block_start" {
            return answer["content_block"].flatMap { stranger(inBlock: $0) } ?? other(in: answer, than: "type", "index", "content_block")
        }
        if type == "content_block_delta" {
            return answer["delta"].flatMap { other(in: $0, than: "type", "text", "partial_json", "thinking", "signature") }
                ?? other(in: answer, than: "type", "index", "delta")
        }
        if type == "message_delta" {
            return answer["delta"].flatMap { other(in: $0, than: "stop_reason", "stop_sequence") } ?? other(in: answer, than: "type", "delta", "usage")
        }
        return nil
    }

    private static func stranger(inAnswer answer: JSONValue) -> String? {
        if let name = other(in: answer, than: "id", "type", "role", "model", "content", "stop_reason", "stop_sequence", "usage") { return name }
        guard let content = answer["content"] else { return nil }
        for block in content.elements { if let name = stranger(inBlock: block) { return name } }
        return nil
    }

    private static func stranger(inBlock block: JSONValue) -> String? {
        other(in: block, than: "type", "text", "id", "name", "input", "thinking", "signature", "data")
    }

    /// The first member that says something and is none of these.
    static func other(in object: JSONValue, than names: StaticString...) -> String? {
        for (name, value) in object.members where !value.isNull && !value.isEmptyContainer {
            if names.contains(where: { name == $0 }) { continue }
            return String(name.content.prefix(min(name.content.count, 64)))
        }
        return nil
    }
}
