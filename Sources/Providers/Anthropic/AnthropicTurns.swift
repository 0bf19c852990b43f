import Bytes
import JSON

/// What the writer of Anthropic's requests asks of a conversation.
extension ChatRequest {
    /// Whether the part is sent as a block of a message: not blank, and when thinking, signed.
    func isWritable(_ index: Int) -> Bool {
        let part = parts[index]
        guard part.role != .system else { return false }
        switch part.content {
        case .text(let text), .refusal(let text): return !text.isBlank
        case .thinking(_, signature: let signature): return part.role == .assistant && !(signature?.content.isEmpty ?? true)
        case .redactedThinking: return part.role == .assistant
        case .toolCall: return part.role == .assistant
        case .toolResult: return part.role == .user
        case .media: return true
        }
    }

    func isResult(_ index: Int) -> Bool {
        if case .toolResult = parts[index].content { return true }
        return false
    }

    func isThinking(_ index: Int) -> Bool {
        switch parts[index].content {
        case .thinking, .redactedThinking: true
        default: false
        }
    }

    func firstWritable(from start: Int) -> Int? {
        var index = start
        while index < parts.count {
            if isWritable(index) { return index }
            index += 1
        }
        return nil
    }

    /// The turn's text, when it is all there is and bears no mark.
    func onlyText(in range: Range<Int>) -> JSONString? {
        var found: JSONString?
        for index in range where isWritable(index) {
            guard found == nil, case .text(let text) = parts[index].content, parts[index].cacheMark == nil else { return nil }
            found = text
        }
        return found
    }

    /// Where a part stands in the client's body; for messages, linear.
    func path(of index: Int) -> String {
        var message = -1
        var block = 0
        for at in 0...index {
            if parts[at].opensMessage {
                message += 1
                block = 0
            } else {
                block += 1
            }
        }
        return "messages[\(max(message, 0))].content[\(block)]"
    }
}

extension ByteWriter {
    /// Appends the JSON object that `text` holds; false when it holds none.
    ///
    /// It is decoded into its place and judged there. What does not fit is not judged: the caller writes again with more room.
    mutating func append(objectIn text: JSONString) -> Bool {
        let start = count
        text.decode(into: &self)
        return overflowed || ByteWriter.isObject(written.dropFirst(start))
    }

    /// Whether `text` is one JSON object.
    static func isObject(_ text: ByteSlice) -> Bool {
        var at = 0
        while at < text.count, text[at] <= 0x20 { at += 1 }
        guard at < text.count, text[at] == UInt8(ascii: "{") else { return false }
        do throws(JSONError) {
            try JSONText.validate(text)
            return true
        } catch {
            return false
        }
    }
}
