import Bytes
public import JSON

/// Anthropic's Messages API, as a client asks with it.
///
/// Written against the body of `POST /v1/messages` in versions 2023-06-01 and 2026-10-21, whose requests differ in what the second
/// leaves out. `count_tokens` takes the same body without `max_tokens`.
/// - Source: Claude Platform docs "Messages"; `anthropic.types` of the Python SDK 2.14 (`MessageCreateParams` and what it names)
public enum AnthropicRequest {
    /// Reads a client's body.
    /// - Parameter requiresMaxTokens: false for `count_tokens`.
    /// - Throws: `.invalid` for what the API would refuse, `.unsupported` for blocks and tools that only Anthropic's own servers run.
    public static func read(_ body: JSONValue, into request: inout ChatRequest, requiresMaxTokens: Bool = true) throws(TranslationFault) {
        request.begin()
        guard body.isObject else { throw TranslationFault(.invalid, "the body must be a JSON object") }
        request.wantsUsage = true
        for (name, value) in body.members where !value.isNull { try read(name, value, into: &request) }
        if requiresMaxTokens, !request.has(.maxTokens) {
            throw TranslationFault(.invalid, "max_tokens: required, the most tokens the answer may have", parameter: "max_tokens")
        }
        try readReasoning(body, into: &request)
        if let system = body["system"] { try readSystem(system, at: "system", into: &request) }
        guard let messages = body["messages"], messages.isArray else {
            throw TranslationFault(.invalid, "messages: required, an array of messages", parameter: "messages")
        }
        for (index, message) in messages.elements.enumerated() { try readMessage(message, index, into: &request) }
    }

    /// Reads one member whose meaning does not hang on others.
    private static func read(_ name: JSONString, _ value: JSONValue, into request: inout ChatRequest) throws(TranslationFault) {
        if name == "model" {
            request.model = try string(value, "model")
        } else if name == "max_tokens" {
            guard let count = value.integer, count >= 0 else {
                throw TranslationFault(.invalid, "max_tokens: must be a number of tokens", parameter: "max_tokens")
            }
            request.give(.maxTokens, name, value)
        } else if name == "stream" {
            guard let isStream = value.bool else { throw TranslationFault(.invalid, "stream: must be true or false", parameter: "stream") }
            request.isStream = isStream
        } else if name == "temperature" {
            request.give(.temperature, name, try number(value, "temperature"))
        } else if name == "top_p" {
            request.give(.topP, name, try number(value, "top_p"))
        } else if name == "top_k" {
            request.give(.topK, name, try number(value, "top_k"))
        } else if name == "stop_sequences" {
            try readStops(name, value, into: &request)
        } else if name == "metadata" {
            readMetadata(name, value, into: &request)
        } else if name == "service_tier" {
            _ = try string(value, "service_tier")
            request.give(.serviceTier, name, value)
        } else if name == "tools" {
            try readTools(name, value, into: &request)
        } else if name == "tool_choice" {
            try readToolChoice(name, value, into: &request)
        } else if name == "output_config" {
            try readOutputConfig(name, value, into: &request)
        } else if name == "output_format" {
            // Where structured outputs stood while they were a beta.
            try readFormat(name, value, into: &request)
        } else if !(name == "system" || name == "messages" || name == "thinking") {
            request.giveExtra(name, value)
        }
    }

    private static func readStops(_ name: JSONString, _ value: JSONValue, into request: inout ChatRequest) throws(TranslationFault) {
        guard value.isArray else { throw TranslationFault(.invalid, "stop_sequences: must be an array of strings", parameter: "stop_sequences") }
        for stop in value.elements { _ = try string(stop, "stop_sequences") }
        if !value.isEmptyContainer { request.give(.stop, name, value) }
    }

    private static func readMetadata(_ name: JSONString, _ value: JSONValue, into request: inout ChatRequest) {
        for member in value.members where !member.value.isNull {
            if member.name == "user_id" { request.give(.user, name, member.value) } else { request.giveOnce(member.name) }
        }
    }

    // MARK: Values

    static func string(_ value: JSONValue?, _ path: @autoclosure () -> String) throws(TranslationFault) -> JSONString {
        guard let text = value?.string else { throw TranslationFault(.invalid, "\(path()): must be a string", parameter: path()) }
        return text
    }

    /// A name of the client's, short enough for a sentence.
    static func shown(_ name: JSONString) -> String { String(name.content.prefix(min(name.content.count, Limits.noteNameByteCount))) }

    private static func number(_ value: JSONValue, _ name: String) throws(TranslationFault) -> JSONValue {
        guard value.isNumber else { throw TranslationFault(.invalid, "\(name): must be a number", parameter: name) }
        return value
    }
}

extension ChatRequest {
    /// Notes a member of a block or a tool that only Anthropic has, once for all that have it.
    ///
    /// Only among the first names is it looked for: more than the API has, and few enough for a body that has nothing but names.
    mutating func giveOnce(_ name: JSONString) {
        for known in extras.prefix(64) where known.name.content == name.content { return }
        giveExtra(name)
    }
}
