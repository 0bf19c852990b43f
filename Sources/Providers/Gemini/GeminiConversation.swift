import Bytes
import JSON

/// What has been said, as `contents` and `systemInstruction`.
///
/// A turn is all that one side says until the other speaks, whatever number of messages the client made of it: Gemini wants
/// user and model to take turns, and a function's response in the turn after its call.
struct GeminiConversation {
    let parts: ContiguousArray<ChatRequest.Part>
    let model: GeminiModel
    /// The client sent nothing but system messages, which OpenAI allows: they are said by the user then.
    private let isSystemOnly: Bool

    struct Turn {
        var isModel: Bool
        var range: Range<Int>
    }

    init(_ parts: ContiguousArray<ChatRequest.Part>, _ model: GeminiModel) {
        self.parts = parts
        self.model = model
        var isSystemOnly = true
        for part in parts where part.role != .system { isSystemOnly = false }
        self.isSystemOnly = isSystemOnly
    }

    // MARK: Contents

    func writeContents(to writer: inout ByteWriter, _ notes: inout TranslationNotes) throws(TranslationFault) {
        note(&notes)
        writer.append("[")
        var turns = GeminiList("", "")
        var previous: Turn?
        var at = 0
        while let turn = turn(from: at) {
            turns.next(&writer)
            writer.append(turn.isModel ? "{\"role\":\"model\",\"parts\":[" : "{\"role\":\"user\",\"parts\":[")
            if turn.isModel { try writeModelTurn(turn, to: &writer, &notes) } else { try writeUserTurn(turn, after: previous, to: &writer) }
            writer.append("]}")
            previous = turn
            at = turn.range.upperBound
        }
        guard turns.isOpen else { throw TranslationFault(.invalid, "expected at least one message with content", parameter: "messages") }
        writer.append("]")
    }

    /// The turn that starts at `start` or after it; nil when nothing more is said.
    private func turn(from start: Int) -> Turn? {
        var first = start
        while first < parts.count, isSilent(parts[first]) { first += 1 }
        guard first < parts.count else { return nil }
        let isModel = parts[first].role == .assistant
        var end = first + 1
        while end < parts.count, isSilent(parts[end]) || (parts[end].role == .assistant) == isModel { end += 1 }
        return Turn(isModel: isModel, range: first..<end)
    }

    /// Whether nothing is written for the part among the turns: Gemini refuses parts without data.
    func isSilent(_ part: ChatRequest.Part) -> Bool {
        if part.role == .system, !isSystemOnly { return true }
        switch part.content {
        case .text(let text), .refusal(let text): return text.content.isEmpty
        case .thinking(_, let signature): return signature.map { $0.content.isEmpty || GeminiSignature.isForeign($0) } ?? true
        case .redactedThinking: return true
        case .media, .toolCall, .toolResult: return false
        }
    }

    // MARK: The system's words

    func writeSystem(to writer: inout ByteWriter, _ notes: inout TranslationNotes) throws(TranslationFault) {
        if isSystemOnly {
            if !parts.isEmpty { notes.change("messages") }
            return
        }
        var list = GeminiList(",\"systemInstruction\":{\"parts\":[", "]}")
        for (index, part) in parts.enumerated() where part.role == .system {
            switch part.content {
            case .text(let text):
                guard !text.content.isEmpty else { continue }
                list.next(&writer)
                GeminiPart.write(text: text.content, to: &writer)
            default: throw fault(.unsupported, "a system message for Gemini has text only", at: index)
            }
        }
        list.close(&writer)
    }

    // MARK: Notes and places

    /// Tells of what is not carried over with the messages.
    private func note(_ notes: inout TranslationNotes) {
        var hasSpoken = false
        var isSystemMoved = false
        var marks = false
        var details = false
        var names = false
        var thoughts = false
        for part in parts {
            if part.role != .system { hasSpoken = true } else if hasSpoken { isSystemMoved = true }
            if part.cacheMark != nil { marks = true }
            switch part.content {
            case .media(let media):
                if let detail = media.detail, !(detail == "auto") { details = true }
                if media.name != nil { names = true }
            case .thinking, .redactedThinking: if isSilent(part) { thoughts = true }
            default: break
            }
        }
        if isSystemMoved { notes.change("messages") }
        if marks { notes.drop("cache_control") }
        if details { notes.drop("detail") }
        if names { notes.drop("filename") }
        if thoughts { notes.drop("thinking") }
    }

    /// A fault of the part at `index`, named by its message and its place in it.
    func fault(_ kind: TranslationFault.Kind, _ message: String, at index: Int) -> TranslationFault {
        var messageIndex = -1
        var opening = 0
        for at in 0...index where parts[at].opensMessage {
            messageIndex += 1
            opening = at
        }
        return TranslationFault(kind, message, parameter: "messages[\(max(messageIndex, 0))].content[\(index - opening)]")
    }
}
