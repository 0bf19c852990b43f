import Bytes
import JSON

/// Writes what was said as OpenAI's `messages`.
///
/// Anthropic takes turns of one role for one turn and lets a user's turn answer tools; OpenAI wants each call answered by a tool message
/// right after the turn that made it. So of a run of user messages the tool results come first, then the pictures and documents inside them,
/// in a user message that says which call they are of (tool messages hold text alone), then what the user said. A run of the
/// assistant's is one message. System parts become one system message, in front.
/// - Source: openai-python `types/chat/chat_completion_*_message_param.py`; docs.anthropic.com "Handle tool use and tool result blocks"
struct OpenAIMessageWriter {
    private var isFirst = true
    /// Calls and results without ids so far: the nth of one belongs to the nth of the other.
    var bareCallCount = 0
    var bareResultCount = 0
    var hasThinking = false
    var hasSignatures = false
    var hasErrors = false
    var hasResultMedia = false
    var hasTextFiles = false
    private var hasMovedSystem = false
    private var endsWithAssistant = false
    /// Whether a part was marked for the prompt cache.
    private(set) var hasMarks = false

    mutating func write(_ request: ChatRequest, to writer: inout ByteWriter) throws(TranslationFault) {
        try writeSystem(request, to: &writer)
        var at = 0
        while at < request.parts.count {
            let role = request.parts[at].role
            var end = at + 1
            while end < request.parts.count, request.parts[end].role == role || request.parts[end].role == .system { end += 1 }
            switch role {
            case .system: end = at + 1
            case .user: try writeUser(request, at..<end, to: &writer)
            case .assistant: try writeAssistant(request, at..<end, to: &writer)
            }
            if role != .system { endsWithAssistant = role == .assistant }
            at = end
        }
    }

    /// Tells of all that was said otherwise, or left out.
    func note(_ notes: inout TranslationNotes) {
        if hasMarks { notes.drop("cache_control") }
        if hasThinking { notes.drop("thinking") }
        if hasSignatures { notes.drop("thought_signature") }
        if hasErrors { notes.change("is_error") }
        if hasResultMedia { notes.change("tool_result") }
        if hasTextFiles { notes.change("document") }
        if hasMovedSystem { notes.change("system") }
        // A turn begun for the model to go on with; OpenAI answers with a turn of its own.
        if endsWithAssistant { notes.change("messages") }
    }

    mutating func open(_ role: StaticString, to writer: inout ByteWriter) {
        writer.append(isFirst ? "{\"role\":\"" : ",{\"role\":\"")
        isFirst = false
        writer.append(role)
        writer.append("\"")
    }

    // MARK: System

    private mutating func writeSystem(_ request: ChatRequest, to writer: inout ByteWriter) throws(TranslationFault) {
        var count = 0
        var isLater = false
        for part in request.parts {
            if part.cacheMark != nil { hasMarks = true }
            if part.role == .system {
                count += 1
                hasMovedSystem = hasMovedSystem || isLater
            } else {
                isLater = true
            }
        }
        guard count > 0 else { return }
        open("system", to: &writer)
        writer.append(count > 1 ? ",\"content\":[" : ",\"content\":")
        var isFirst = true
        for index in request.parts.indices where request.parts[index].role == .system {
            guard case .text(let text) = request.parts[index].content else { throw unsupported("a system prompt of OpenAI's has text alone", request, index) }
            if !isFirst { writer.append(",") }
            isFirst = false
            if count > 1 { OpenAIMessageWriter.writeText(text, to: &writer) } else { writer.append(quoted: text) }
        }
        writer.append(count > 1 ? "]}" : "}")
    }

    static func writeText(_ text: JSONString, to writer: inout ByteWriter) {
        writer.append("{\"type\":\"text\",\"text\":")
        writer.append(quoted: text)
        writer.append("}")
    }

    // MARK: The assistant

    private mutating func writeAssistant(_ request: ChatRequest, _ run: Range<Int>, to writer: inout ByteWriter) throws(TranslationFault) {
        var hasText = false
        var hasCalls = false
        var hasRefusal = false
        for index in run where request.parts[index].role == .assistant {
            switch request.parts[index].content {
            case .text(let text): hasText = hasText || !text.content.isEmpty
            case .toolCall: hasCalls = true
            case .refusal: hasRefusal = true
            case .thinking, .redactedThinking: hasThinking = true
            case .media, .toolResult: throw unsupported("an assistant's turn has text and tool calls alone for OpenAI", request, index)
            }
        }
        open("assistant", to: &writer)
        writer.append(",\"content\":")
        if hasText || !(hasCalls || hasRefusal) { writeAssistantText(request, run, to: &writer) } else { writer.append("null") }
        if hasRefusal { writeRefusal(request, run, to: &writer) }
        if hasCalls { writeCalls(request, run, to: &writer) }
        writer.append("}")
    }

    /// The texts of a message as one, as OpenAI's own answers have it; messages are a paragraph apart.
    private func writeAssistantText(_ request: ChatRequest, _ run: Range<Int>, to writer: inout ByteWriter) {
        writer.append("\"")
        var hasAny = false
        var opensMessage = false
        for index in run where request.parts[index].role == .assistant {
            opensMessage = opensMessage || request.parts[index].opensMessage
            guard case .text(let text) = request.parts[index].content, !text.content.isEmpty else { continue }
            if hasAny, opensMessage { writer.append("\\n\\n") }
            hasAny = true
            opensMessage = false
            writer.append(text.content)
        }
        writer.append("\"")
    }

    private func writeRefusal(_ request: ChatRequest, _ run: Range<Int>, to writer: inout ByteWriter) {
        writer.append(",\"refusal\":\"")
        for index in run {
            if case .refusal(let text) = request.parts[index].content { writer.append(text.content) }
        }
        writer.append("\"")
    }

    private mutating func writeCalls(_ request: ChatRequest, _ run: Range<Int>, to writer: inout ByteWriter) {
        writer.append(",\"tool_calls\":[")
        var isFirst = true
        for index in run {
            guard case .toolCall(let id, let name, let arguments, let signature) = request.parts[index].content else { continue }
            hasSignatures = hasSignatures || signature != nil
            writer.append(isFirst ? "{\"id\":" : ",{\"id\":")
            isFirst = false
            OpenAIMessageWriter.writeID(id, &bareCallCount, to: &writer)
            writer.append(",\"type\":\"function\",\"function\":{\"name\":")
            writer.append(quoted: name)
            writer.append(",\"arguments\":")
            switch arguments {
            case .json(let value): writer.append(jsonString: value.bytes)
            case .text(let text): if text.content.isEmpty { writer.append("\"{}\"") } else { writer.append(quoted: text) }
            }
            writer.append("}}")
        }
        writer.append("]")
    }

    /// The id of a call or a result; one that has none is numbered.
    static func writeID(_ id: JSONString?, _ bareCount: inout Int, to writer: inout ByteWriter) {
        if let id { return writer.append(quoted: id) }
        writer.append("\"call_")
        writer.append(decimal: bareCount)
        writer.append("\"")
        bareCount += 1
    }

    // MARK: Faults

    func unsupported(_ message: String, _ request: ChatRequest, _ index: Int) -> TranslationFault {
        TranslationFault(.unsupported, message, parameter: OpenAIMessageWriter.place(of: index, in: request))
    }

    /// Where the client said it, as `messages[3].content[0]`, counted as Anthropic's clients do: the system prompt is no message.
    private static func place(of index: Int, in request: ChatRequest) -> String {
        let isSystem = request.parts[index].role == .system
        var message = -1
        var part = -1
        for at in 0...index where (request.parts[at].role == .system) == isSystem {
            if request.parts[at].opensMessage {
                message += 1
                part = -1
            }
            if !request.parts[at].isInResult { part += 1 }
        }
        return isSystem ? "system[\(max(part, 0))]" : "messages[\(max(message, 0))].content[\(max(part, 0))]"
    }
}
