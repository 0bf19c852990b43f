import Bytes
import JSON

/// What has been said, as `messages` and `system`.
///
/// Converse wants the user first and the sides in turn, a tool's result in the turn after its call, thinking before all else of its
/// message, no blank texts, and a text beside each document. Parts bear the marks of the prompt cache in the client's dialects; here
/// a mark is a block of its own, behind the part.
enum BedrockConversation {
    /// What has been numbered so far.
    struct Numbers {
        /// Calls and results without an id: the next one's name.
        var calls = 0
        var results = 0
        /// Documents, whose names must differ.
        var documents = 0
    }

    /// The commas of one list of blocks.
    struct Blocks {
        private(set) var count = 0

        mutating func next(_ writer: inout ByteWriter) {
            if count > 0 { writer.append(",") }
            count += 1
        }
    }

    static func writeSystem(_ request: ChatRequest, _ model: BedrockModel, to writer: inout ByteWriter) throws(TranslationFault) {
        var blocks = Blocks()
        for index in request.parts.indices where request.parts[index].role == .system {
            guard case .text(let text) = request.parts[index].content else {
                let path = request.path(of: index)
                throw TranslationFault(.unsupported, "\(path): the target's system prompt is text and nothing else", parameter: path)
            }
            if text.isBlank { continue }
            if blocks.count == 0 { writer.append(",\"system\":[") }
            blocks.next(&writer)
            writeText(text, to: &writer)
            writeCachePoint(request.parts[index].cacheMark, model.hasCachePoints, &blocks, to: &writer)
        }
        if blocks.count > 0 { writer.append("]") }
    }

    static func writeMessages(
        _ request: ChatRequest, _ model: BedrockModel, to writer: inout ByteWriter, _ notes: inout TranslationNotes
    ) throws(TranslationFault) {
        var numbers = Numbers()
        var turns = Blocks()
        var at = 0
        while let start = request.firstWritable(from: at) {
            let role = request.parts[start].role
            var end = start + 1
            while end < request.parts.count, request.parts[end].role == role || !request.isWritable(end) { end += 1 }
            if turns.count == 0, role == .assistant { writePlaceholder(&turns, to: &writer, &notes) }
            turns.next(&writer)
            writer.append(role == .user ? "{\"role\":\"user\",\"content\":[" : "{\"role\":\"assistant\",\"content\":[")
            if role == .user {
                try writeUserTurn(request, model, start..<end, &numbers, to: &writer, &notes)
            } else {
                try writeAssistantTurn(request, model, start..<end, &numbers, to: &writer, &notes)
            }
            writer.append("]}")
            at = end
        }
        if turns.count == 0 { writePlaceholder(&turns, to: &writer, &notes) }
        noteLosses(request, model, &notes)
    }

    /// What stands where the API demands that the user speak and the client has no such message.
    private static func writePlaceholder(_ turns: inout Blocks, to writer: inout ByteWriter, _ notes: inout TranslationNotes) {
        turns.next(&writer)
        writer.append("{\"role\":\"user\",\"content\":[{\"text\":\".\"}]}")
        notes.change("messages")
    }

    // MARK: Turns

    private static func writeUserTurn(
        _ request: ChatRequest, _ model: BedrockModel, _ turn: Range<Int>, _ numbers: inout Numbers, to writer: inout ByteWriter,
        _ notes: inout TranslationNotes
    ) throws(TranslationFault) {
        var blocks = Blocks()
        for index in turn where request.isResult(index) && request.isWritable(index) {
            blocks.next(&writer)
            try writeResult(request, index, &numbers, to: &writer, &notes)
            writeCachePoint(mark(ofResult: index, in: request), model.hasCachePoints, &blocks, to: &writer)
        }
        if lacksText(request, turn) {
            blocks.next(&writer)
            writer.append("{\"text\":\".\"}")
            notes.change("messages")
        }
        for index in turn where !request.isResult(index) && !request.parts[index].isInResult && request.isWritable(index) {
            blocks.next(&writer)
            try writeBlock(request, index, &numbers, to: &writer, &notes)
            writeCachePoint(request.parts[index].cacheMark, model.hasCachePoints, &blocks, to: &writer)
        }
    }

    /// Whether the turn has a document, and no text beside it.
    private static func lacksText(_ request: ChatRequest, _ turn: Range<Int>) -> Bool {
        var hasDocument = false
        for index in turn where !request.parts[index].isInResult && request.isWritable(index) {
            switch request.parts[index].content {
            case .text, .refusal: return false
            case .media(let media): hasDocument = hasDocument || media.kind == .document
            default: continue
            }
        }
        return hasDocument
    }

    private static func writeAssistantTurn(
        _ request: ChatRequest, _ model: BedrockModel, _ turn: Range<Int>, _ numbers: inout Numbers, to writer: inout ByteWriter,
        _ notes: inout TranslationNotes
    ) throws(TranslationFault) {
        var blocks = Blocks()
        var start = turn.lowerBound
        while start < turn.upperBound {
            var end = start + 1
            while end < turn.upperBound, !request.parts[end].opensMessage { end += 1 }
            for isThinking in [true, false] {
                for index in start..<end where request.isThinking(index) == isThinking && request.isWritable(index) {
                    blocks.next(&writer)
                    try writeBlock(request, index, &numbers, to: &writer, &notes)
                    if !isThinking { writeCachePoint(request.parts[index].cacheMark, model.hasCachePoints, &blocks, to: &writer) }
                }
            }
            start = end
        }
    }

    // MARK: Blocks

    private static func writeBlock(
        _ request: ChatRequest, _ index: Int, _ numbers: inout Numbers, to writer: inout ByteWriter, _ notes: inout TranslationNotes
    ) throws(TranslationFault) {
        let part = request.parts[index]
        switch part.content {
        case .text(let text), .refusal(let text): writeText(text, to: &writer)
        case .media(let media):
            guard part.role == .user else {
                let path = request.path(of: index)
                throw TranslationFault(.unsupported, "\(path): the target takes no pictures and files in what the assistant said", parameter: path)
            }
            try BedrockMedia.write(media, at: { request.path(of: index) }, &numbers.documents, to: &writer, &notes)
        case .toolCall(let id, let name, let arguments, signature: _):
            writer.append("{\"toolUse\":{\"toolUseId\":")
            writeID(id, &numbers.calls, to: &writer)
            writer.append(",\"name\":")
            writer.append(asIs: name)
            writer.append(",\"input\":")
            try AnthropicRequest.writeArguments(arguments, request, index, to: &writer)
            writer.append("}}")
        case .thinking(let thinking, let signature):
            writer.append("{\"reasoningContent\":{\"reasoningText\":{\"text\":")
            writer.append(asIs: thinking)
            if let signature {
                writer.append(",\"signature\":")
                writer.append(asIs: signature)
            }
            writer.append("}}}")
        case .redactedThinking(let data):
            writer.append("{\"reasoningContent\":{\"redactedContent\":")
            writer.append(asIs: data)
            writer.append("}}")
        case .toolResult: break
        }
    }

    private static func writeText(_ text: JSONString, to writer: inout ByteWriter) {
        writer.append("{\"text\":")
        writer.append(asIs: text)
        writer.append("}")
    }

    /// The result's text goes as it is: as `json` its numbers would not survive.
    private static func writeResult(
        _ request: ChatRequest, _ index: Int, _ numbers: inout Numbers, to writer: inout ByteWriter, _ notes: inout TranslationNotes
    ) throws(TranslationFault) {
        guard case .toolResult(let id, name: _, let isError) = request.parts[index].content else { return }
        writer.append("{\"toolResult\":{\"toolUseId\":")
        writeID(id, &numbers.results, to: &writer)
        writer.append(",\"content\":[")
        var blocks = Blocks()
        for inner in content(ofResult: index, in: request) where request.isWritable(inner) {
            blocks.next(&writer)
            try writeBlock(request, inner, &numbers, to: &writer, &notes)
        }
        writer.append(isError ? "],\"status\":\"error\"}}" : "]}}")
    }

    private static func content(ofResult index: Int, in request: ChatRequest) -> Range<Int> {
        var end = index + 1
        while end < request.parts.count, request.parts[end].isInResult { end += 1 }
        return index + 1..<end
    }

    /// A result's own mark, or one on what is in it: inside a result there is no place for a cache point.
    private static func mark(ofResult index: Int, in request: ChatRequest) -> JSONValue? {
        if let mark = request.parts[index].cacheMark { return mark }
        for inner in content(ofResult: index, in: request) { if let mark = request.parts[inner].cacheMark { return mark } }
        return nil
    }

    /// Writes the block that stands for Anthropic's `cache_control`, its `ttl` with it.
    static func writeCachePoint(_ mark: JSONValue?, _ isKnown: Bool, _ blocks: inout Blocks, to writer: inout ByteWriter) {
        guard let mark, isKnown else { return }
        blocks.next(&writer)
        writer.append(mark["ttl"]?.is("1h") == true ? "{\"cachePoint\":{\"type\":\"default\",\"ttl\":\"1h\"}}" : "{\"cachePoint\":{\"type\":\"default\"}}")
    }

    /// Ids are up to 64 letters, digits, `_`, `.`, `:` and `-`: any other byte becomes `_`, and of a longer id the end is kept, which
    /// is where ids differ.
    private static func writeID(_ id: JSONString?, _ namelessCount: inout Int, to writer: inout ByteWriter) {
        writer.append("\"")
        if let content = id?.content, !content.isEmpty {
            for index in max(0, content.count - Limits.bedrockCallIDByteCount)..<content.count {
                let byte = content[index]
                let isPlain = ASCII.isLetter(byte) || ASCII.isDigit(byte) || ByteSlice("_.:-").firstIndex(of: byte) != nil
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

    private static func noteLosses(_ request: ChatRequest, _ model: BedrockModel, _ notes: inout TranslationNotes) {
        var hasThinking = false
        var hasMark = false
        var hasDetail = false
        for part in request.parts {
            switch part.content {
            case .thinking(_, signature: let signature):
                hasThinking = hasThinking || signature?.content.isEmpty ?? true
                hasMark = hasMark || part.cacheMark != nil
            case .redactedThinking: hasMark = hasMark || part.cacheMark != nil
            case .text(let text): hasMark = hasMark || part.cacheMark != nil && (text.isBlank || !model.hasCachePoints)
            case .media(let media):
                hasDetail = hasDetail || media.detail.map { !($0 == "auto") } ?? false
                hasMark = hasMark || part.cacheMark != nil && !model.hasCachePoints
            case .toolCall, .toolResult, .refusal: hasMark = hasMark || part.cacheMark != nil && !model.hasCachePoints
            }
        }
        // Thinking without the provider's signature is another provider's.
        if hasThinking { notes.drop("thinking") }
        if hasMark { notes.drop("cache_control") }
        if hasDetail { notes.drop("detail") }
    }
}
