import Bytes
import JSON

/// Writing of the conversation, as turns.
///
/// The API wants the user first, tool results before all else of their turn, thinking before all else of its message, and no blank
/// texts. It names calls by `[a-zA-Z0-9_-]+`: any other byte of an id becomes `_`, and a call without one is named by its number.
extension AnthropicRequest {
    /// How many calls and results without an id were written: the next one's name.
    private struct Nameless {
        var calls = 0
        var results = 0
    }

    static func writeSystem(_ request: ChatRequest, to writer: inout ByteWriter) throws(TranslationFault) {
        var count = 0
        for index in request.parts.indices where request.parts[index].role == .system {
            guard case .text(let text) = request.parts[index].content else {
                let path = request.path(of: index)
                throw TranslationFault(.unsupported, "\(path): the target's system prompt is text and nothing else", parameter: path)
            }
            if text.isBlank { continue }
            writer.append(count == 0 ? ",\"system\":[" : ",")
            writeText(text, request.parts[index].cacheMark, to: &writer)
            count += 1
        }
        if count > 0 { writer.append("]") }
    }

    static func writeMessages(_ request: ChatRequest, to writer: inout ByteWriter, _ notes: inout TranslationNotes) throws(TranslationFault) {
        writer.append(",\"messages\":[")
        var nameless = Nameless()
        var at = 0
        var isFirst = true
        while let start = request.firstWritable(from: at) {
            let role = request.parts[start].role
            var end = start + 1
            while end < request.parts.count, request.parts[end].role == role || !request.isWritable(end) { end += 1 }
            if isFirst, role == .assistant {
                writePlaceholder(to: &writer)
                notes.change("messages")
                isFirst = false
            }
            if !isFirst { writer.append(",") }
            if role == .user {
                try writeUserTurn(request, start..<end, &nameless, to: &writer)
            } else {
                try writeAssistantTurn(request, start..<end, &nameless, to: &writer)
            }
            isFirst = false
            at = end
        }
        if isFirst {
            writePlaceholder(to: &writer)
            notes.change("messages")
        }
        writer.append("]")
        noteLosses(request, &notes)
    }

    /// What stands where the API demands that the user speak and the client has no such message.
    private static func writePlaceholder(to writer: inout ByteWriter) { writer.append("{\"role\":\"user\",\"content\":\".\"}") }

    private static func writeUserTurn(
        _ request: ChatRequest, _ turn: Range<Int>, _ nameless: inout Nameless, to writer: inout ByteWriter
    ) throws(TranslationFault) {
        writer.append("{\"role\":\"user\",\"content\":")
        if let text = request.onlyText(in: turn) {
            writer.append(asIs: text)
            return writer.append("}")
        }
        writer.append("[")
        var isFirst = true
        for index in turn where request.isResult(index) && request.isWritable(index) {
            writer.append(isFirst ? "" : ",")
            try writeResult(request, index, &nameless, to: &writer)
            isFirst = false
        }
        for index in turn where !request.isResult(index) && !request.parts[index].isInResult && request.isWritable(index) {
            writer.append(isFirst ? "" : ",")
            try writeBlock(request, index, &nameless, to: &writer)
            isFirst = false
        }
        writer.append("]}")
    }

    private static func writeAssistantTurn(
        _ request: ChatRequest, _ turn: Range<Int>, _ nameless: inout Nameless, to writer: inout ByteWriter
    ) throws(TranslationFault) {
        writer.append("{\"role\":\"assistant\",\"content\":[")
        var isFirst = true
        var start = turn.lowerBound
        while start < turn.upperBound {
            var end = start + 1
            while end < turn.upperBound, !request.parts[end].opensMessage { end += 1 }
            for index in start..<end where request.isThinking(index) && request.isWritable(index) {
                writer.append(isFirst ? "" : ",")
                try writeBlock(request, index, &nameless, to: &writer)
                isFirst = false
            }
            for index in start..<end where !request.isThinking(index) && request.isWritable(index) {
                writer.append(isFirst ? "" : ",")
                try writeBlock(request, index, &nameless, to: &writer)
                isFirst = false
            }
            start = end
        }
        writer.append("]}")
    }

    // MARK: Blocks

    private static func writeBlock(
        _ request: ChatRequest, _ index: Int, _ nameless: inout Nameless, to writer: inout ByteWriter
    ) throws(TranslationFault) {
        let part = request.parts[index]
        switch part.content {
        case .text(let text), .refusal(let text): writeText(text, part.cacheMark, to: &writer)
        case .media(let media): try AnthropicMedia.write(media, part, at: { request.path(of: index) }, to: &writer)
        case .toolCall(let id, let name, let arguments, signature: _):
            writer.append("{\"type\":\"tool_use\",\"id\":")
            writeID(id, &nameless.calls, to: &writer)
            writer.append(",\"name\":")
            writer.append(asIs: name)
            writer.append(",\"input\":")
            try writeArguments(arguments, request, index, to: &writer)
            writeCacheMark(part.cacheMark, to: &writer)
            writer.append("}")
        case .thinking(let thinking, let signature):
            writer.append("{\"type\":\"thinking\",\"thinking\":")
            writer.append(asIs: thinking)
            writer.append(",\"signature\":\"")
            if let signature { writer.append(signature.content) }
            writer.append("\"}")
        case .redactedThinking(let data):
            writer.append("{\"type\":\"redacted_thinking\",\"data\":")
            writer.append(asIs: data)
            writer.append("}")
        case .toolResult: break
        }
    }

    private static func writeText(_ text: JSONString, _ mark: JSONValue?, to writer: inout ByteWriter) {
        writer.append("{\"type\":\"text\",\"text\":")
        writer.append(asIs: text)
        writeCacheMark(mark, to: &writer)
        writer.append("}")
    }

    /// One text stays a string, which may be blank; anything more is blocks.
    private static func writeResult(
        _ request: ChatRequest, _ index: Int, _ nameless: inout Nameless, to writer: inout ByteWriter
    ) throws(TranslationFault) {
        guard case .toolResult(let id, name: _, let isError) = request.parts[index].content else { return }
        writer.append("{\"type\":\"tool_result\",\"tool_use_id\":")
        writeID(id, &nameless.results, to: &writer)
        var end = index + 1
        while end < request.parts.count, request.parts[end].isInResult { end += 1 }
        if end == index + 2, case .text(let text) = request.parts[index + 1].content, request.parts[index + 1].cacheMark == nil {
            writer.append(",\"content\":")
            writer.append(asIs: text)
        } else {
            var count = 0
            for inner in index + 1..<end where request.isWritable(inner) {
                writer.append(count == 0 ? ",\"content\":[" : ",")
                try writeBlock(request, inner, &nameless, to: &writer)
                count += 1
            }
            if count > 0 { writer.append("]") }
        }
        if isError { writer.append(",\"is_error\":true") }
        writeCacheMark(request.parts[index].cacheMark, to: &writer)
        writer.append("}")
    }

    static func writeArguments(
        _ arguments: ChatRequest.Arguments, _ request: ChatRequest, _ index: Int, to writer: inout ByteWriter
    ) throws(TranslationFault) {
        switch arguments {
        case .json(let value):
            if value.isObject { return writer.append(value.bytes) }
        case .text(let text):
            if text.isBlank { return writer.append("{}") }
            if writer.append(objectIn: text) { return }
        }
        let path = request.path(of: index)
        throw TranslationFault(.invalid, "\(path): a tool call's arguments must be a JSON object", parameter: path)
    }

    private static func writeID(_ id: JSONString?, _ namelessCount: inout Int, to writer: inout ByteWriter) {
        writer.append("\"")
        if let content = id?.content, !content.isEmpty {
            for index in 0..<content.count {
                let byte = content[index]
                let isPlain = ASCII.isLetter(byte) || ASCII.isDigit(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
                writer.append(isPlain ? byte : UInt8(ascii: "_"))
            }
        } else {
            writer.append("call_")
            writer.append(decimal: namelessCount)
            namelessCount += 1
        }
        writer.append("\"")
    }

    // MARK: Losses

    private static func noteLosses(_ request: ChatRequest, _ notes: inout TranslationNotes) {
        var hasThinking = false
        var hasMark = false
        var hasDetail = false
        for part in request.parts {
            switch part.content {
            case .thinking(_, signature: let signature):
                hasThinking = hasThinking || signature?.content.isEmpty ?? true
                hasMark = hasMark || part.cacheMark != nil
            case .redactedThinking: hasMark = hasMark || part.cacheMark != nil
            case .text(let text): hasMark = hasMark || text.isBlank && part.cacheMark != nil
            case .media(let media): hasDetail = hasDetail || media.detail.map { !($0 == "auto") } ?? false
            case .toolCall, .toolResult, .refusal: break
            }
        }
        // Thinking without the provider's signature is another provider's: the API takes none but its own.
        if hasThinking { notes.drop("thinking") }
        if hasMark { notes.drop("cache_control") }
        if hasDetail { notes.drop("detail") }
    }
}
