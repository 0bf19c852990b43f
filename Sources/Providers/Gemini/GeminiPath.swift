public import Bytes
public import JSON

/// The paths of the Gemini API's methods.
///
/// - Source: ai.google.dev/api/generate-content, …/api/embeddings, …/api/tokens: `POST /v1beta/{model=models/*}:method`
public enum GeminiPath {
    public enum Verb: BitwiseCopyable, Sendable, CaseIterable {
        case generate
        /// As server-sent events; without `alt=sse` the answer would be one array.
        case stream
        case embed
        case batchEmbed
        case countTokens
        /// Vertex AI's, for embeddings.
        case predict

        var ending: StaticString {
            switch self {
            case .generate: ":generateContent"
            case .stream: ":streamGenerateContent?alt=sse"
            case .embed: ":embedContent"
            case .batchEmbed: ":batchEmbedContents"
            case .countTokens: ":countTokens"
            case .predict: ":predict"
            }
        }
    }

    /// Writes `/v1beta/models/{model}:method`, or the same below another `version`; the model percent-encoded, its leading `models/` taken for granted.
    ///
    /// - Returns: false, and nothing written, when the model cannot be one segment of a path: empty, longer than names are, with
    ///   a control, or with a dot segment, which hosts that decode before they route would resolve.
    public static func write(model: JSONString, verb: Verb, below version: StaticString = "/v1beta", to writer: inout ByteWriter) -> Bool {
        guard let plain = model.plain else {
            var decoded = ModelText()
            var isWhole = false
            decoded.replace { text in
                model.decode(into: &text)
                isWhole = !text.overflowed
            }
            return isWhole && decoded.withBytesInPlace { write(decoded: $0, verb, version, &writer) }
        }
        return write(decoded: plain, verb, version, &writer)
    }

    private static func write(decoded name: ByteSlice, _ verb: Verb, _ version: StaticString, _ writer: inout ByteWriter) -> Bool {
        let model = GeminiModel.withoutPrefix(name)
        guard isSegment(model) else { return false }
        writer.append(version)
        writer.append("/models/")
        writer.append(percentEncoded: model)
        writer.append(verb.ending)
        return true
    }

    /// Whether a model's name can be one segment of a path.
    static func isSegment(_ model: ByteSlice) -> Bool { ModelSegment.isOne(model, byteCount: Limits.geminiModelByteCount) }
}
