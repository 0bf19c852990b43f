import Bytes
import JSON

/// Anthropic's requests as a whole.
/// - Source: platform.claude.com/docs/en/api/messages, …/agents-and-tools/tool-use, …/build-with-claude/extended-thinking,
///   …/api/migration-2026-10-21
enum AnthropicCheck {
    /// - Parameter isOlder: whether API version 2023-06-01 is spoken.
    static func fault(in body: JSONValue, at endpoint: Endpoint, isOlder: Bool) -> RequestFault? {
        fault(in: body, at: endpoint, isOlder ? .olderAnthropic : .anthropic, isOlder: isOlder)
    }

    /// The same at Vertex AI.
    static func vertexFault(in body: JSONValue, at endpoint: Endpoint) -> RequestFault? { fault(in: body, at: endpoint, .vertexAnthropic, isOlder: true) }

    private static func fault(in body: JSONValue, at endpoint: Endpoint, _ rules: RequestRules, isOlder: Bool) -> RequestFault? {
        switch endpoint {
        case .messages:
            return rules.check(body, as: "MessagesRequest") ?? samplingFault(body) ?? thinkingFault(body) ?? toolFault(body)
                ?? turnFault(body, isOlder: isOlder) ?? cacheFault(body)
        case .countTokens: return rules.check(body, as: "CountTokensRequest") ?? toolFault(body) ?? turnFault(body, isOlder: isOlder)
        default: return nil
        }
    }

    private static func samplingFault(_ body: JSONValue) -> RequestFault? {
        if let fault = RequestMeasure.outside(body, "temperature", 0...1) ?? RequestMeasure.outside(body, "top_p", 0...1)
            ?? RequestMeasure.outside(body, "top_k", 0...Int(Int32.max)) ?? RequestMeasure.outside(body, "max_tokens", 1...Int(Int32.max))
        {
            return fault
        }
        if let stops = body["stop_sequences"] {
            for (index, stop) in stops.elements.enumerated() where isBlank(stop) {
                return RequestFault("stop_sequences[\(index)]", "must contain non-whitespace")
            }
        }
        guard let schema = body["output_config"]?["format"]?["schema"] else { return nil }
        return RequestMeasure.openObject(schema, needsAll: false, "output_config.format.schema")
    }

    private static func thinkingFault(_ body: JSONValue) -> RequestFault? {
        guard let thinking = body["thinking"], thinking["type"]?.is("enabled") == true else { return nil }
        guard let budget = thinking["budget_tokens"]?.integer, budget >= 1024 else {
            return RequestFault("thinking.budget_tokens", "must be at least 1024")
        }
        if let most = body["max_tokens"]?.integer, budget >= most {
            return RequestFault("thinking.budget_tokens", "must be less than max_tokens")
        }
        if let temperature = body["temperature"], !(temperature.bytes == "1" || temperature.bytes == "1.0") {
            return RequestFault("temperature", "must be 1 when thinking is enabled")
        }
        if body["top_k"] != nil { return RequestFault("top_k", "cannot be given when thinking is enabled") }
        if let choice = body["tool_choice"]?["type"], choice.is("any") || choice.is("tool") {
            return RequestFault("tool_choice", "cannot force a tool when thinking is enabled")
        }
        return nil
    }

    private static func toolFault(_ body: JSONValue) -> RequestFault? {
        guard let tools = body["tools"], !tools.isEmptyContainer else {
            return body["tool_choice"].map { _ in RequestFault("tool_choice", "is only allowed when tools are given") }
        }
        for (index, tool) in tools.elements.enumerated() {
            if tool["name"] != nil, !RequestMeasure.isName(tool["name"], atMost: 128) {
                return RequestFault("tools[\(index)].name", "has up to 128 letters, digits, _ and -")
            }
            if let schema = tool["input_schema"], schema["type"]?.is("object") != true {
                return RequestFault("tools[\(index)].input_schema.type", "must be \"object\"")
            }
        }
        if let name = body["tool_choice"]?["name"]?.string?.content {
            let isDeclared = tools.elements.contains { $0["name"]?.spells(name) == true }
            if !isDeclared { return RequestFault("tool_choice.name", "is \(String(name)), which is none of the tools") }
        }
        return nil
    }

    // MARK: Turns

    /// What a turn leaves for the next: messages of one role in a row are one turn.
    private struct Turn {
        var isUser = false
        /// Calls of the assistant's turn that wait for their results.
        var waiting: [[UInt8]] = []
        /// Whether the user's turn has other content already, behind which no result may stand.
        var hasOther = false
    }

    private static func turnFault(_ body: JSONValue, isOlder: Bool) -> RequestFault? {
        guard let messages = body["messages"], !messages.isEmptyContainer else {
            return RequestFault("messages", "has at least one message")
        }
        var turn: Turn?
        let last = messages.count - 1
        for (index, message) in messages.elements.enumerated() {
            let path = "messages[\(index)]"
            if message["role"]?.is("system") == true { continue }
            let isUser = message["role"]?.is("user") == true
            if turn == nil, !isUser { return RequestFault("\(path).role", "must be user in the first message") }
            var now = turn ?? Turn(isUser: isUser)
            if now.isUser != isUser {
                if isUser { now.hasOther = false } else if let id = now.waiting.first { return unanswered(id, "messages[\(index - 1)]") }
                now.isUser = isUser
            }
            if let fault = contentFault(message, path, &now, isLast: index == last, isOlder: isOlder) { return fault }
            turn = now
        }
        guard let turn, let id = turn.waiting.first else { return nil }
        return unanswered(id, "messages[\(messages.count)]")
    }

    private static func unanswered(_ id: [UInt8], _ path: String) -> RequestFault {
        RequestFault(path, "must begin with the tool_result of tool_use \(String(decoding: id, as: UTF8.self))")
    }

    private static func contentFault(
        _ message: JSONValue, _ path: String, _ turn: inout Turn, isLast: Bool, isOlder: Bool
    ) -> RequestFault? {
        let path = path + ".content"
        guard let content = message["content"] else { return nil }
        let isEmpty = content.isEmptyContainer || content.string.map { $0.content.isEmpty } ?? false
        if isEmpty, !(isLast && !turn.isUser) { return RequestFault(path, "must not be empty") }
        if content.isString {
            if turn.isUser, let id = turn.waiting.first { return unanswered(id, String(path.dropLast(".content".count))) }
            return isLast && !turn.isUser && endsBlank(content) ? trailing(path) : nil
        }
        var lastText: JSONValue?
        for (index, block) in content.elements.enumerated() {
            let path = "\(path)[\(index)]"
            lastText = block["text"]
            if let fault = blockFault(block, path, &turn, isOlder: isOlder) { return fault }
        }
        if turn.isUser, let id = turn.waiting.first { return unanswered(id, String(path.dropLast(".content".count))) }
        if isLast, !turn.isUser, let lastText, endsBlank(lastText) { return trailing(path) }
        return nil
    }

    private static func blockFault(_ block: JSONValue, _ path: String, _ turn: inout Turn, isOlder: Bool) -> RequestFault? {
        guard let type = block["type"] else { return nil }
        if type.is("tool_result") {
            guard turn.isUser else { return RequestFault(path, "is a tool_result, which stands in a user's message") }
            guard let id = block["tool_use_id"]?.string?.content, let found = turn.waiting.firstIndex(of: [UInt8](id)) else {
                return RequestFault("\(path).tool_use_id", "has no tool_use in the assistant's message before")
            }
            if turn.hasOther { return RequestFault(path, "must stand before all content that is no tool_result") }
            turn.waiting.remove(at: found)
            return nil
        }
        turn.hasOther = true
        if type.is("text") {
            if block["text"].map(isBlank) ?? false { return RequestFault("\(path).text", "must contain non-whitespace text") }
            if !isOlder, turn.isUser, let citations = block["citations"], !citations.isEmptyContainer {
                return RequestFault("\(path).citations", "must be empty in a user's message since 2026-10-21")
            }
        } else if type.is("tool_use") {
            guard !turn.isUser else { return RequestFault(path, "is a tool_use, which stands in an assistant's message") }
            guard RequestMeasure.isName(block["id"], atMost: 128), let id = block["id"]?.string?.content else {
                return RequestFault("\(path).id", "has letters, digits, _ and - only")
            }
            if turn.waiting.contains([UInt8](id)) { return RequestFault("\(path).id", "must be unique: \(String(id))") }
            turn.waiting.append([UInt8](id))
        } else if type.is("thinking") || type.is("redacted_thinking") {
            guard !turn.isUser else { return RequestFault(path, "is thinking, which stands in an assistant's message") }
        } else if type.is("document"), !turn.isUser, !isOlder {
            return RequestFault(path, "is a document, which stands in a user's message since 2026-10-21")
        }
        return nil
    }

    private static func trailing(_ path: String) -> RequestFault {
        RequestFault(path, "must not end with whitespace in the final assistant's message")
    }

    private static func isBlank(_ value: JSONValue) -> Bool {
        guard let text = value.string?.content else { return false }
        var at = 0
        while at < text.count {
            if text[at] == 0x20 {
                at += 1
            } else if text[at] == UInt8(ascii: "\\"), at + 1 < text.count, "ntr".utf8.contains(text[at + 1]) {
                at += 2
            } else {
                return false
            }
        }
        return true
    }

    private static func endsBlank(_ value: JSONValue) -> Bool {
        guard let text = value.string?.content, let last = text.isEmpty ? nil : text[text.count - 1] else { return false }
        return last == 0x20 || (text.count > 1 && last == UInt8(ascii: "n") && text[text.count - 2] == UInt8(ascii: "\\"))
    }

    /// At most four points of the prompt are cached.
    private static func cacheFault(_ body: JSONValue) -> RequestFault? {
        var count = 0
        func visit(_ value: JSONValue?) {
            guard let value else { return }
            if value["cache_control"] != nil { count += 1 }
            for element in value.elements { visit(element) }
            if value.isObject, let content = value["content"] { visit(content) }
        }
        visit(body["tools"])
        visit(body["system"])
        visit(body["messages"])
        return count > 4 ? RequestFault("messages", "and system and tools have at most 4 blocks with cache_control, and have \(count)") : nil
    }
}
