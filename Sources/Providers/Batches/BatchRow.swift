public import Bytes
public import JSON

/// One request of a batch's file, as OpenAI's clients write it: a line with a name, an endpoint and a body. Slices are borrowed.
/// - Source: platform.openai.com/docs/api-reference/batch/request-input
public struct BatchRow {
    /// The client's name for the request, a JSON string.
    public let customID: ByteSlice
    /// A JSON object.
    public let body: ByteSlice
    /// Whether it asks for an embedding, and not for a chat.
    public let isEmbedding: Bool

    /// - Throws: `.invalid` for a line that is no request, `.unsupported` for one of another endpoint.
    public init(_ line: ByteSlice, _ tape: inout JSONTape) throws(TranslationFault) {
        let root: JSONValue
        do throws(JSONError) {
            root = try tape.parse(line)
        } catch {
            throw TranslationFault(.invalid, "no JSON object: \(error)")
        }
        guard let id = root["custom_id"], id.isString else { throw TranslationFault(.invalid, "custom_id: required, a text", parameter: "custom_id") }
        guard let body = root["body"], body.isObject else { throw TranslationFault(.invalid, "body: required, an object", parameter: "body") }
        let url = root["url"]
        isEmbedding = url?.is("/v1/embeddings") == true
        guard url == nil || isEmbedding || url?.is("/v1/chat/completions") == true else {
            throw TranslationFault(.unsupported, "url: rows are for /v1/chat/completions or /v1/embeddings", parameter: "url")
        }
        if body["stream"]?.bool == true { throw TranslationFault(.invalid, "stream: a batch is not streamed", parameter: "stream") }
        customID = id.bytes
        self.body = body.bytes
    }

    /// How a provider's files have requests.
    public enum Form: BitwiseCopyable, Sendable {
        /// Bedrock's: the body of a call beside the record's id.
        case record
        /// Gemini's at Vertex AI.
        case request
        /// Anthropic's at Vertex AI.
        case customRequest
        /// OpenAI's own, which other models of Vertex AI's take.
        case openAI

        /// Of a model's rows at Vertex AI.
        public init(_ model: VertexModel) {
            switch model.dialect {
            case .gemini: self = .request
            case .anthropic: self = .customRequest
            case .openAI, .bedrock: self = .openAI
            }
        }
    }

    /// Room that `writeStart` and `writeEnd` need, in bytes.
    public var byteCount: Int { customID.count + 96 }

    /// Writes what stands before the request's body.
    public func writeStart(_ form: Form, to writer: inout ByteWriter) {
        switch form {
        case .record:
            writer.append("{\"recordId\":")
            writer.append(customID)
            writer.append(",\"modelInput\":")
        case .request:
            writer.append("{\"requestId\":")
            writer.append(customID)
            writer.append(",\"request\":")
        case .customRequest:
            writer.append("{\"custom_id\":")
            writer.append(customID)
            writer.append(",\"request\":")
        case .openAI:
            writer.append("{\"custom_id\":")
            writer.append(customID)
            writer.append(",\"method\":\"POST\",\"url\":\"/v1/chat/completions\",\"body\":")
        }
    }

    /// Writes the row as Vertex AI has those of text embeddings: one text, beside the row's name.
    ///
    /// - Parameter body: the row's, as a config has changed it.
    public func writeEmbedding(
        _ body: ByteSlice, _ tape: inout JSONTape, to writer: inout ByteWriter, _ notes: inout TranslationNotes
    ) throws(TranslationFault) {
        notes.removeAll()
        guard let root = try? tape.parse(body), let input = root["input"] else {
            throw TranslationFault(.invalid, "input: required, a text", parameter: "input")
        }
        let text = input.isArray && input.count == 1 ? input.elements.first { _ in true } : input
        guard let text, text.isString else {
            throw TranslationFault(.unsupported, "input: Vertex AI's batches embed one text a row", parameter: "input")
        }
        writer.append("{\"requestId\":")
        writer.append(customID)
        writer.append(",\"content\":")
        writer.append(text.bytes)
        writeEnd(to: &writer)
        for (name, value) in root.members where !value.isNull && !(name == "model") && !(name == "input") {
            if !(name == "encoding_format" && value.is("float")) { notes.drop(name.content) }
        }
    }

    /// Writes what stands behind it.
    public func writeEnd(to writer: inout ByteWriter) { writer.append("}\n") }
}
