public import JSON
import Bytes

/// The body of `POST /v1/chat/completions`: read when the client speaks OpenAI, written when the provider does.
///
/// A member that says what OpenAI does anyway (`"n":1`, `"logprobs":false`) is as good as absent: no client is warned about it.
/// - Source: openai-python 3.57 `types/chat/completion_create_params.py`; Portkey's `thinking`, `top_k`, `cache_control`, `content_blocks`
public enum OpenAIRequest {
    /// Reads `body` as what is asked, forgetting what `request` was.
    public static func read(_ body: JSONValue, into request: inout ChatRequest) throws(TranslationFault) {
        request.begin()
        guard body.isObject else { throw TranslationFault(.invalid, "the request body must be a JSON object") }
        for (name, value) in body.members where !value.isNull { try readMember(name, value, into: &request) }
        // By name, so that of a member given twice the last counts, as for any reader of JSON; and once, whatever a body repeats.
        try readLimit(body, into: &request)
        try readReasoning(body, into: &request)
        try readTools(body, into: &request)
        guard let messages = body["messages"], messages.isArray, !messages.isEmptyContainer else {
            throw TranslationFault(.invalid, "messages must be an array of at least one message", parameter: "messages")
        }
        var number = 0
        for message in messages.elements {
            var reader = OpenAIMessageReader(message, number: number, firstPart: request.parts.count)
            try reader.read(into: &request)
            number += 1
        }
    }

    /// Whether the member is read with others it belongs to.
    private static func isReadLater(_ name: JSONString) -> Bool {
        name == "messages" || name == "tools" || name == "functions" || name == "tool_choice" || name == "function_call"
            || name == "max_tokens" || name == "max_completion_tokens" || name == "reasoning_effort" || name == "thinking"
    }

    private static func readMember(_ name: JSONString, _ value: JSONValue, into request: inout ChatRequest) throws(TranslationFault) {
        if let row = OpenAIParameter(name) {
            try row.shape.check(value, name)
            if !row.isDefault(value) { request.give(row.parameter, name, value) }
        } else if isReadLater(name) {
            return
        } else if name == "model" {
            try OpenAIParameter.Shape.string.check(value, name)
            request.model = value.string
        } else if name == "stream" {
            try OpenAIParameter.Shape.bool.check(value, name)
            request.isStream = value.bool ?? false
        } else if name == "stream_options" {
            try readStreamOptions(value, name, into: &request)
        } else if name == "parallel_tool_calls" {
            try OpenAIParameter.Shape.bool.check(value, name)
            request.allowsParallelCalls = value.bool
            // True is the default.
            if value.bool == false { request.give(.parallelToolCalls, name, value) }
        } else if name == "response_format" {
            try readFormat(value, name, into: &request)
        } else {
            request.giveExtra(name, value)
        }
    }

    /// Of `max_tokens` and its successor the latter wins.
    private static func readLimit(_ body: JSONValue, into request: inout ChatRequest) throws(TranslationFault) {
        let older = JSONString(content: ByteSlice("max_tokens"), hasEscapes: false)
        let newer = JSONString(content: ByteSlice("max_completion_tokens"), hasEscapes: false)
        let limit = body["max_tokens"]
        if let limit { try OpenAIParameter.Shape.count.check(limit, older) }
        guard let successor = body["max_completion_tokens"] else {
            if let limit { request.give(.maxTokens, older, limit) }
            return
        }
        try OpenAIParameter.Shape.count.check(successor, newer)
        request.give(.maxTokens, newer, successor)
        if limit != nil { request.giveExtra(older) }
    }

    private static func readStreamOptions(_ value: JSONValue, _ name: JSONString, into request: inout ChatRequest) throws(TranslationFault) {
        try OpenAIParameter.Shape.object.check(value, name)
        for (option, setting) in value.members {
            if option == "include_usage" { request.wantsUsage = setting.bool ?? false } else if setting.bool != false { request.giveExtraOnce(option) }
        }
    }
}

extension ChatRequest {
    /// Notes a member found inside another, which may recur with every message. Looks back a few names only.
    mutating func giveExtraOnce(_ name: JSONString) {
        for extra in extras.prefix(Limits.comparedExtras) where extra.name.content == name.content { return }
        giveExtra(name)
    }
}
