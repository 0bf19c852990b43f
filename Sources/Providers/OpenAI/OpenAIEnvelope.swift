import Bytes
import JSON

/// What all chunks of an answer, and a whole answer, have in common: id, time, model.
struct OpenAIEnvelope: BitwiseCopyable {
    let isStrict: Bool
    let includesUsage: Bool
    private let created: Int64
    /// The request's own id, for what the provider gives no id.
    private var request: InlineText<36>
    /// As string contents.
    private var id = AnswerIDText()
    private var model: ModelText

    init(_ options: AnswerOptions) {
        isStrict = options.isStrict
        includesUsage = options.includesUsage
        created = options.created
        request = options.identifier
        model = options.model
        // A name that was cut to fit may end inside an escape.
        if !OpenAIEnvelope.isContent(model) { model.removeAll() }
        if !OpenAIEnvelope.isContent(request) { request.removeAll() }
    }

    /// Takes the provider's id and model, where they are there and not too long to keep.
    mutating func name(id: JSONString?, model: JSONString?) {
        if let id, id.content.count <= 64 { self.id.set(id.content) }
        if let model, model.content.count <= 128 { self.model.set(model.content) }
    }

    private static func isContent<let capacity: Int>(_ text: InlineText<capacity>) -> Bool {
        text.withBytes { bytes in
            for at in 0..<bytes.count where bytes[at] < 0x20 || bytes[at] > 0x7E || bytes[at] == UInt8(ascii: "\"") || bytes[at] == UInt8(ascii: "\\") {
                return OpenAIEnvelope.isValid(bytes)
            }
            return true
        }
    }

    /// The long way, for names that are not plain.
    private static func isValid(_ content: ByteSlice) -> Bool {
        var quoted = InlineText<192>()
        quoted.append(UInt8(ascii: "\""))
        quoted.append(content)
        quoted.append(UInt8(ascii: "\""))
        return quoted.withBytesInPlace { text in
            do throws(JSONError) {
                try JSONText.validate(text)
                return true
            } catch { return false }
        }
    }

    // MARK: Members

    mutating func writeHead(_ object: StaticString, to writer: inout ByteWriter) {
        writer.append("{\"id\":\"")
        if id.isEmpty {
            writer.append("chatcmpl-")
            request.withBytesInPlace { writer.append($0) }
        } else {
            id.withBytesInPlace { writer.append($0) }
        }
        writer.append("\",\"object\":\"")
        writer.append(object)
        writer.append("\",\"created\":")
        writer.append(decimal: Int(created))
        writer.append(",\"model\":\"")
        model.withBytesInPlace { writer.append($0) }
        writer.append("\",\"choices\":[")
    }

    /// Begins a chunk, up to its choices.
    mutating func open(to writer: inout ByteWriter) {
        writer.append("data: ")
        writeHead("chat.completion.chunk", to: &writer)
    }

    /// Begins a chunk of one choice, up to its delta.
    mutating func open(_ choice: Int, to writer: inout ByteWriter) {
        open(to: &writer)
        writer.append("{\"index\":")
        writer.append(decimal: choice)
        writer.append(",\"delta\":")
    }

    /// Ends a chunk after its delta.
    func close(to writer: inout ByteWriter) {
        writer.append(",\"logprobs\":null,\"finish_reason\":null")
        closeChoice(to: &writer)
    }

    /// Ends a chunk after its finish reason. With `include_usage` all chunks but the last have a null there.
    func closeChoice(to writer: inout ByteWriter) {
        writer.append(includesUsage ? "}],\"usage\":null}\n\n" : "}]}\n\n")
    }

    /// Not strict, the provider's own word.
    static func writeFinish(_ reason: FinishReason, _ word: JSONString?, hasCalls: Bool, isStrict: Bool, to writer: inout ByteWriter) {
        if !isStrict, let word { return writer.append(quoted: word) }
        // Gemini says STOP after calls; clients look for OpenAI's word before they run them.
        let isPlain = reason == .stop || reason == .stopSequence || reason == .other || reason == .pause
        writer.append(jsonString: ByteSlice(FinishReasonTable.openAI(hasCalls && isPlain ? .toolCalls : reason)))
    }

    /// The call's id, or one made of the request's, the choice and the slot: the same whenever it is asked for.
    mutating func writeCallID(_ id: JSONString?, _ choice: Int, _ slot: Int, to writer: inout ByteWriter) {
        if let id, !id.content.isEmpty { return writer.append(quoted: id) }
        writer.append("\"call_")
        request.withBytesInPlace { writer.append($0) }
        writer.append("_")
        writer.append(decimal: choice)
        writer.append("_")
        writer.append(decimal: slot)
        writer.append("\"")
    }

    func writeSignature(_ signature: JSONString?, to writer: inout ByteWriter) {
        guard !isStrict, let signature else { return }
        writer.append(",\"thought_signature\":")
        writer.append(quoted: signature)
    }

    /// The members of an `image_url` part, and the brace that ends it.
    static func writeImage(_ type: ByteSlice, _ data: ByteSlice, to writer: inout ByteWriter) {
        writer.append("\"type\":\"image_url\",\"image_url\":{\"url\":\"data:")
        writer.append(type)
        writer.append(";base64,")
        writer.append(data)
        writer.append("\"}}")
    }
}
