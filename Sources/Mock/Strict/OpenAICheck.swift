import Bytes
import JSON

/// OpenAI's requests as a whole.
/// - Source: platform.openai.com/docs/api-reference/chat/create
enum OpenAICheck {
    static func fault(in body: JSONValue, at endpoint: Endpoint, _ rules: RequestRules) -> RequestFault? {
        switch endpoint {
        case .chat: rules.check(body, as: "ChatRequest") ?? chatFault(body)
        case .completions: rules.check(body, as: "CompletionRequest") ?? samplingFault(body)
        case .responses: rules.check(body, as: "ResponseRequest")
        case .embeddings: rules.check(body, as: "EmbeddingRequest")
        default: nil
        }
    }

    private static func chatFault(_ body: JSONValue) -> RequestFault? {
        samplingFault(body) ?? pairFault(body) ?? toolFault(body) ?? formatFault(body) ?? turnFault(body)
    }

    private static func samplingFault(_ body: JSONValue) -> RequestFault? {
        if let fault = RequestMeasure.outside(body, "temperature", 0...2) ?? RequestMeasure.outside(body, "top_p", 0...1)
            ?? RequestMeasure.outside(body, "presence_penalty", -2...2) ?? RequestMeasure.outside(body, "frequency_penalty", -2...2)
            ?? RequestMeasure.outside(body, "n", 1...128) ?? RequestMeasure.outside(body, "top_logprobs", 0...20)
            ?? RequestMeasure.outside(body, "max_tokens", 1...Int(Int32.max))
            ?? RequestMeasure.outside(body, "max_completion_tokens", 1...Int(Int32.max))
        {
            return fault
        }
        if let stop = body["stop"], stop.count > 4 { return RequestFault("stop", "has at most 4 sequences") }
        if body["stream_options"] != nil, body["stream"]?.bool != true {
            return RequestFault("stream_options", "is only allowed when stream is true")
        }
        return nil
    }

    /// Members that need or exclude each other.
    private static func pairFault(_ body: JSONValue) -> RequestFault? {
        if body["max_tokens"] != nil, body["max_completion_tokens"] != nil {
            return RequestFault("max_tokens", "cannot be given together with max_completion_tokens")
        }
        if body["top_logprobs"] != nil, body["logprobs"]?.bool != true {
            return RequestFault("top_logprobs", "needs logprobs to be true")
        }
        if let modalities = body["modalities"], modalities.elements.contains(where: { $0.is("audio") }), body["audio"] == nil {
            return RequestFault("audio", "is required when modalities have audio")
        }
        if let metadata = body["metadata"], metadata.count > 16 { return RequestFault("metadata", "has at most 16 members") }
        return nil
    }

    private static func toolFault(_ body: JSONValue) -> RequestFault? {
        guard let tools = body["tools"] else {
            if body["tool_choice"] != nil { return RequestFault("tool_choice", "is only allowed when tools are given") }
            if body["parallel_tool_calls"] != nil { return RequestFault("parallel_tool_calls", "is only allowed when tools are given") }
            return nil
        }
        if tools.isEmptyContainer { return RequestFault("tools", "has at least one tool") }
        for (index, tool) in tools.elements.enumerated() {
            let member = tool["function"] != nil ? "function" : "custom"
            let definition = tool["function"] ?? tool["custom"]
            guard RequestMeasure.isName(definition?["name"], atMost: 64) else {
                return RequestFault("tools[\(index)].\(member).name", "has up to 64 letters, digits, _ and -")
            }
            if definition?["strict"]?.bool == true, let schema = definition?["parameters"],
                let fault = RequestMeasure.openObject(schema, needsAll: true, "tools[\(index)].function.parameters")
            {
                return fault
            }
        }
        if let name = (body["tool_choice"]?["function"] ?? body["tool_choice"]?["custom"])?["name"]?.string?.content {
            let isDeclared = tools.elements.contains { ($0["function"] ?? $0["custom"])?["name"]?.spells(name) == true }
            if !isDeclared { return RequestFault("tool_choice", "names \(String(name)), which is none of the tools") }
        }
        return nil
    }

    private static func formatFault(_ body: JSONValue) -> RequestFault? {
        guard let format = body["response_format"]?["json_schema"] else { return nil }
        guard RequestMeasure.isName(format["name"], atMost: 64) else {
            return RequestFault("response_format.json_schema.name", "has up to 64 letters, digits, _ and -")
        }
        guard format["strict"]?.bool == true, let schema = format["schema"] else { return nil }
        return RequestMeasure.openObject(schema, needsAll: true, "response_format.json_schema.schema")
    }

    /// Calls are answered each by one message right behind them.
    private static func turnFault(_ body: JSONValue) -> RequestFault? {
        guard let messages = body["messages"], !messages.isEmptyContainer else {
            return RequestFault("messages", "has at least one message")
        }
        var waiting: [[UInt8]] = []
        for (index, message) in messages.elements.enumerated() {
            let path = "messages[\(index)]"
            if message["role"]?.is("tool") == true {
                guard let id = message["tool_call_id"]?.string?.content else { continue }
                guard let found = waiting.firstIndex(of: [UInt8](id)) else {
                    return RequestFault("\(path).tool_call_id", "answers no call of the assistant's message before: \(String(id))")
                }
                waiting.remove(at: found)
                continue
            }
            if let id = waiting.first { return unanswered(id, path) }
            guard message["role"]?.is("assistant") == true else { continue }
            if message["content"] == nil, message["tool_calls"] == nil, message["function_call"] == nil, message["audio"] == nil,
                message["refusal"] == nil
            {
                return RequestFault("\(path).content", "is required unless there are tool_calls")
            }
            guard let calls = message["tool_calls"] else { continue }
            if calls.isEmptyContainer { return RequestFault("\(path).tool_calls", "has at least one call") }
            for call in calls.elements { if let id = call["id"]?.string?.content { waiting.append([UInt8](id)) } }
        }
        return waiting.first.map { unanswered($0, "messages[\(messages.count)]") }
    }

    private static func unanswered(_ id: [UInt8], _ path: String) -> RequestFault {
        RequestFault(path, "must be the tool's message that answers call \(String(decoding: id, as: UTF8.self))")
    }
}
