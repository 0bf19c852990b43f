import Bytes
import JSON

extension GeminiConversation {
    // MARK: The model's turns

    func writeModelTurn(_ turn: Turn, to writer: inout ByteWriter, _ notes: inout TranslationNotes) throws(TranslationFault) {
        var list = GeminiList("", "")
        var hasCalled = false
        // A signature whose thinking led to the call that comes next: Gemini had put it on the call.
        var pending: JSONString?
        for index in turn.range where !isSilent(parts[index]) {
            switch parts[index].content {
            case .toolCall(let id, let name, let arguments, let given):
                list.next(&writer)
                let signature = given ?? pending
                pending = nil
                let isUnsigned = signature == nil && !hasCalled && model.isThirdGeneration
                if isUnsigned { notes.change("thought_signature") }
                hasCalled = true
                try writeCall(id, name, arguments, signature?.content ?? (isUnsigned ? ByteSlice(GeminiSignature.missing) : nil), index, to: &writer)
            case .thinking(_, let signature):
                guard let signature else { continue }
                switch content(after: index, in: turn) {
                case .toolCall(_, _, _, nil): pending = signature
                // The same signature in both its places.
                case .toolCall(_, _, _, let given?) where GeminiText.areSame(given, signature): break
                default:
                    list.next(&writer)
                    GeminiPart.write(text: ByteSlice(""), signature: signature, to: &writer)
                }
            case .text(let text), .refusal(let text):
                list.next(&writer)
                GeminiPart.write(text: text.content, to: &writer)
            case .media(let media):
                list.next(&writer)
                try write(media, index, to: &writer)
            case .toolResult: throw fault(.invalid, "expected a tool's result in a message of the user or the tool", at: index)
            case .redactedThinking: break
            }
        }
    }

    /// What comes next in the turn.
    private func content(after index: Int, in turn: Turn) -> ChatRequest.Content? {
        for next in (index + 1)..<max(turn.range.upperBound, index + 1) where !isSilent(parts[next]) { return parts[next].content }
        return nil
    }

    private func writeCall(
        _ id: JSONString?, _ name: JSONString, _ arguments: ChatRequest.Arguments, _ signature: ByteSlice?, _ index: Int, to writer: inout ByteWriter
    ) throws(TranslationFault) {
        writer.append("{\"functionCall\":{")
        var list = GeminiList("", "")
        if let id, !id.content.isEmpty { list.member("id", id.content, &writer) }
        list.member("name", name.content, &writer)
        list.member("args", &writer)
        switch arguments {
        case .json(let value):
            guard value.isObject else { throw fault(.invalid, "expected the arguments of a tool call to be a JSON object", at: index) }
            writer.append(value.bytes)
        case .text(let text): try writeArguments(text, index, to: &writer)
        }
        writer.append("}")
        if let signature {
            writer.append(",\"thoughtSignature\":")
            GeminiText.quote(signature, &writer)
        }
        writer.append("}")
    }

    /// JSON inside a string becomes JSON; nothing becomes an empty object.
    private func writeArguments(_ text: JSONString, _ index: Int, to writer: inout ByteWriter) throws(TranslationFault) {
        let start = writer.count
        text.decode(into: &writer)
        // What did not fit is written, and judged, with more memory.
        guard !writer.overflowed else { return }
        let written = writer.written.dropFirst(start)
        var first = 0
        while first < written.count, written[first] <= 0x20 { first += 1 }
        if first == written.count { return writer.append("{}") }
        do throws(JSONError) {
            try JSONText.validate(written)
        } catch {
            throw fault(.invalid, "the arguments of a tool call are not JSON: \(error)", at: index)
        }
        guard written[first] == UInt8(ascii: "{") else {
            throw fault(.invalid, "expected the arguments of a tool call to be a JSON object", at: index)
        }
    }

    // MARK: The user's turns

    /// Results come first: Gemini wants the responses where the calls ended.
    func writeUserTurn(_ turn: Turn, after previous: Turn?, to writer: inout ByteWriter) throws(TranslationFault) {
        var list = GeminiList("", "")
        var calls = GeminiCalls(parts, previous?.range ?? 0..<0)
        for index in turn.range {
            guard case .toolResult(let id, let name, let isError) = parts[index].content else { continue }
            guard let called = try calls.name(of: id, self, at: index) ?? name else {
                throw fault(.invalid, "this tool result answers no tool call of the message before it", at: index)
            }
            list.next(&writer)
            try writeResult(id, called, isError: isError, index, in: turn, to: &writer)
        }
        for index in turn.range where !isSilent(parts[index]) {
            switch parts[index].content {
            case .text(let text), .refusal(let text):
                if parts[index].isInResult { continue }
                list.next(&writer)
                GeminiPart.write(text: text.content, to: &writer)
            case .media(let media):
                if parts[index].isInResult, isInsideResponse(media) { continue }
                list.next(&writer)
                try write(media, index, to: &writer)
            case .toolResult, .redactedThinking, .thinking: continue
            case .toolCall: throw fault(.invalid, "expected a tool call in a message of the assistant", at: index)
            }
        }
    }

    /// Whether the medium goes into the function's response. Only Gemini 3 takes any there, and no addresses and no sound; else
    /// it follows the responses as the user's own.
    /// - Source: ai.google.dev/gemini-api/docs/function-calling, "Multimodal function responses"
    private func isInsideResponse(_ media: ChatRequest.Media) -> Bool {
        switch media.source {
        case .base64: model.isThirdGeneration && media.kind != .audio
        case .text: true
        case .url, .file: false
        }
    }

    /// The result's text goes as it is, under `output` or `error`: an object in its place would be read as the response only
    /// when it has neither name, and its numbers as doubles, which long ids do not survive.
    /// - Source: ai.google.dev/api/caching#FunctionResponse
    private func writeResult(
        _ id: JSONString?, _ name: JSONString, isError: Bool, _ index: Int, in turn: Turn, to writer: inout ByteWriter
    ) throws(TranslationFault) {
        writer.append("{\"functionResponse\":{")
        var list = GeminiList("", "")
        if let id, !id.content.isEmpty { list.member("id", id.content, &writer) }
        list.member("name", name.content, &writer)
        list.member("response", &writer)
        writer.append(isError ? "{\"error\":" : "{\"output\":")
        var end = index + 1
        var textCount = 0
        while end < turn.range.upperBound, parts[end].isInResult {
            if text(inResult: end) != nil { textCount += 1 }
            end += 1
        }
        if textCount != 1 { writer.append(textCount == 0 ? "\"\"" : "[") }
        var texts = GeminiList("", textCount > 1 ? "]" : "")
        for at in (index + 1)..<end {
            guard let text = text(inResult: at) else { continue }
            texts.next(&writer)
            GeminiText.quote(text.content, &writer)
        }
        texts.close(&writer)
        writer.append("}")
        var media = GeminiList(",\"parts\":[", "]")
        for at in (index + 1)..<end {
            guard case .media(let medium) = parts[at].content, isInsideResponse(medium), case .base64 = medium.source else { continue }
            media.next(&writer)
            try write(medium, at, to: &writer)
        }
        media.close(&writer)
        writer.append("}}")
    }

    private func text(inResult index: Int) -> JSONString? {
        switch parts[index].content {
        case .text(let text), .refusal(let text): text
        case .media(let media): if case .text(let text) = media.source { text } else { nil }
        default: nil
        }
    }

    private func write(_ media: ChatRequest.Media, _ index: Int, to writer: inout ByteWriter) throws(TranslationFault) {
        if let wrong = GeminiPart.write(media, to: &writer) { throw fault(wrong.kind, wrong.message, at: index) }
    }
}

/// The calls of a model's turn, by which its results find their function's name.
struct GeminiCalls {
    private let parts: ContiguousArray<ChatRequest.Part>
    private let range: Range<Int>
    /// Where the next result's call probably is: results come in the order of their calls.
    private var next: Int
    private var isTooLong = false

    init(_ parts: ContiguousArray<ChatRequest.Part>, _ range: Range<Int>) {
        self.parts = parts
        self.range = range
        next = range.lowerBound
        isTooLong = range.count > Limits.geminiTurnCallCount
    }

    /// The name of the call with this id; nil when the turn has none.
    mutating func name(of id: JSONString?, _ conversation: GeminiConversation, at index: Int) throws(TranslationFault) -> JSONString? {
        guard let id, !id.content.isEmpty else { return nil }
        if isTooLong {
            throw conversation.fault(.invalid, "expected a turn of at most \(Limits.geminiTurnCallCount) parts before this tool result", at: index)
        }
        for offset in 0..<range.count {
            var at = next + offset
            if at >= range.upperBound { at -= range.count }
            if case .toolCall(let called?, let name, _, _) = parts[at].content, GeminiText.areSame(called, id) {
                next = at + 1 < range.upperBound ? at + 1 : range.lowerBound
                return name
            }
        }
        return nil
    }
}
