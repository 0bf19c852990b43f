public import Bytes
public import JSON

/// OpenAI's `/v1/embeddings` by way of `:batchEmbedContents`.
///
/// - Source: ai.google.dev/api/embeddings; platform.openai.com/docs/api-reference/embeddings
public enum GeminiEmbeddings {
    /// How the client wants its numbers. OpenAI's SDKs ask for base64 of their own accord.
    public enum Encoding: UInt8, BitwiseCopyable, Sendable {
        case float
        case base64
    }

    // MARK: The request

    /// Writes `body`, a request of OpenAI's, for Gemini; how the answer is to be written.
    ///
    /// - Parameter isVertex: for `:predict` of Vertex AI.
    public static func write(
        _ body: JSONValue, isVertex: Bool = false, to writer: inout ByteWriter, _ notes: inout TranslationNotes
    ) throws(TranslationFault) -> Encoding {
        guard let model = body["model"]?.string else { throw invalid("expected the name of a model", "model") }
        guard let input = body["input"] else { throw invalid("expected a string or an array of strings", "input") }
        let dimensions = body["dimensions"]
        if let dimensions, (dimensions.integer ?? 0) <= 0 { throw invalid("expected a whole number from 1 on", "dimensions") }
        let encoding = try encoding(body["encoding_format"])

        writer.append(isVertex ? "{\"instances\":[" : "{\"requests\":[")
        let write = { (text: JSONString, writer: inout ByteWriter) in
            if isVertex { VertexEmbeddings.write(text, to: &writer) } else { GeminiEmbeddings.write(text, model, dimensions, &writer) }
        }
        if let text = input.string {
            write(text, &writer)
        } else {
            try writeEach(of: input, &writer, write)
        }
        if isVertex { VertexEmbeddings.writeEnd(dimensions: dimensions, to: &writer) } else { writer.append("]}") }
        noteDropped(body, &notes)
        return encoding
    }

    private static func encoding(_ format: JSONValue?) throws(TranslationFault) -> Encoding {
        guard let format else { return .float }
        if format.is("base64") { return .base64 }
        guard format.is("float") else { throw invalid("expected \"float\" or \"base64\"", "encoding_format") }
        return .float
    }

    private static func writeEach(
        of input: JSONValue, _ writer: inout ByteWriter, _ write: (JSONString, inout ByteWriter) -> Void
    ) throws(TranslationFault) {
        guard input.isArray, !input.isEmptyContainer else { throw invalid("expected a string or an array of strings", "input") }
        var list = GeminiList("", "")
        var index = 0
        for element in input.elements {
            guard let text = element.string else {
                guard element.isNumber || element.isArray else { throw invalid("expected a string or an array of strings", "input[\(index)]") }
                throw TranslationFault(.unsupported, "Gemini does not take tokens, which are OpenAI's own; expected strings", parameter: "input")
            }
            list.next(&writer)
            write(text, &writer)
            index += 1
        }
    }

    private static func write(_ text: JSONString, _ model: JSONString, _ dimensions: JSONValue?, _ writer: inout ByteWriter) {
        writer.append("{\"model\":\"models/")
        writer.append(GeminiModel.withoutPrefix(model.content))
        writer.append("\",\"content\":{\"parts\":[")
        GeminiPart.write(text: text.content, to: &writer)
        writer.append("]}")
        if let dimensions {
            writer.append(",\"outputDimensionality\":")
            writer.append(dimensions.bytes)
        }
        writer.append("}")
    }

    private static func noteDropped(_ body: JSONValue, _ notes: inout TranslationNotes) {
        for (name, value) in body.members where !value.isNull {
            if name == "model" || name == "input" || name == "dimensions" || name == "encoding_format" { continue }
            notes.drop(name.content)
        }
    }

    // MARK: The answer

    /// Writes Gemini's answer as OpenAI's. `model`, a string's content, is the one asked for: the answer names none.
    public static func writeAnswer(_ answer: JSONValue, model: ByteSlice, _ encoding: Encoding, to writer: inout ByteWriter) throws(TranslationFault) {
        writer.append("{\"object\":\"list\",\"data\":[")
        let predictions = answer["predictions"]
        if let predictions, predictions.isArray {
            // The answer of Vertex AI's `:predict`.
            var index = 0
            for prediction in predictions.elements {
                guard let embedding = prediction["embeddings"] else { throw unreadable("a prediction without embeddings") }
                if index > 0 { writer.append(",") }
                try write(embedding, index, encoding, &writer)
                index += 1
            }
        } else if let embeddings = answer["embeddings"], embeddings.isArray {
            var index = 0
            for embedding in embeddings.elements {
                if index > 0 { writer.append(",") }
                try write(embedding, index, encoding, &writer)
                index += 1
            }
        } else if let embedding = answer["embedding"] {
            // The answer of `:embedContent`.
            try write(embedding, 0, encoding, &writer)
        } else {
            throw unreadable("neither embeddings nor embedding")
        }
        writer.append("],\"model\":")
        GeminiText.quote(GeminiModel.withoutPrefix(model), &writer)
        var tokens = predictions.map { VertexEmbeddings.tokenCount($0) } ?? 0
        if let metadata = answer["usageMetadata"] {
            var counts = GeminiUsage.read(metadata)
            tokens = Int(counts.normalised(.gemini).inputTotal)
        }
        writer.append(",\"usage\":{\"prompt_tokens\":")
        writer.append(decimal: tokens)
        writer.append(",\"total_tokens\":")
        writer.append(decimal: tokens)
        writer.append("}}")
    }

    private static func write(_ embedding: JSONValue, _ index: Int, _ encoding: Encoding, _ writer: inout ByteWriter) throws(TranslationFault) {
        guard let values = embedding["values"], values.isArray else { throw unreadable("an embedding without values") }
        writer.append("{\"object\":\"embedding\",\"index\":")
        writer.append(decimal: index)
        writer.append(",\"embedding\":")
        switch encoding {
        case .float:
            for value in values.elements where !value.isNumber { throw unreadable("a value that is no number") }
            writer.append(values.bytes)
        case .base64:
            writer.append("\"")
            var digits = Base64Digits()
            for value in values.elements {
                guard value.isNumber else { throw unreadable("a value that is no number") }
                let number = float(value)
                guard number.isFinite else { throw unreadable("a value too large for 32 bits") }
                digits.append(number.bitPattern, to: &writer)
            }
            digits.end(to: &writer)
            writer.append("\"")
        }
        writer.append("}")
    }

    /// The number, rounded once; zero when it is too small for 32 bits, and infinite when too large.
    private static func float(_ value: JSONValue) -> Float { Float(String(value.bytes)) ?? .infinity }

    private static func invalid(_ message: String, _ parameter: String) -> TranslationFault { TranslationFault(.invalid, message, parameter: parameter) }

    private static func unreadable(_ what: String) -> TranslationFault {
        TranslationFault(.unreadable, "expected embeddings of the Gemini API; got \(what)")
    }
}

/// Base64 of 32-bit words, least significant byte first, as they come (RFC 4648 §4).
private struct Base64Digits {
    private var bits: UInt32 = 0
    private var byteCount = 0

    mutating func append(_ word: UInt32, to writer: inout ByteWriter) {
        for shift in stride(from: UInt32(0), to: 32, by: 8) {
            bits = bits << 8 | (word >> shift & 0xFF)
            byteCount += 1
            if byteCount == 3 { write(digits: 4, to: &writer) }
        }
    }

    mutating func end(to writer: inout ByteWriter) {
        guard byteCount > 0 else { return }
        let count = byteCount
        bits <<= UInt32(8 * (3 - count))
        write(digits: count + 1, to: &writer)
        writer.append(count == 1 ? "==" : "=")
    }

    private mutating func write(digits: Int, to writer: inout ByteWriter) {
        for index in 0..<digits {
            let value = UInt8(truncatingIfNeeded: bits >> UInt32(18 - 6 * index)) & 63
            writer.append(Base64Digits.digit(value))
        }
        bits = 0
        byteCount = 0
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        switch value {
        case ..<26: UInt8(ascii: "A") &+ value
        case ..<52: UInt8(ascii: "a") &+ (value &- 26)
        case ..<62: UInt8(ascii: "0") &+ (value &- 52)
        case 62: UInt8(ascii: "+")
        default: UInt8(ascii: "/")
        }
    }
}
