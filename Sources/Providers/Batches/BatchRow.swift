public import Bytes
public import JSON

/// One request of a batch's file, as OpenAI's clients write it: a line with a name, an endpoint and a body. Slices are borrowed.
/// - Source: platform.openai.com/docs/api-reference/batch/request-input
public struct BatchRow {
    /// The client's name for the request, a JSON string.
    public let customID: ByteSlice
    /// A JSON object.
    public let body: ByteSlice

    /// - Throws: `.invalid` for a line that is no request of a chat.
    public init(_ line: ByteSlice, _ tape: inout JSONTape) throws(TranslationFault) {
        let root: JSONValue
        do throws(JSONError) {
            root = try tape.parse(line)
        } catch {
            throw TranslationFault(.invalid, "no JSON object: \(error)")
        }
        guard let id = root["custom_id"], id.isString else { throw TranslationFault(.invalid, "custom_id: required, a text", parameter: "custom_id") }
        guard let body = root["body"], body.isObject else { throw TranslationFault(.invalid, "body: required, an object", parameter: "body") }
        if let url = root["url"], !url.is("/v1/chat/completions") {
            throw TranslationFault(.unsupported, "url: batches of this provider are of /v1/chat/completions", parameter: "url")
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

    /// Writes what stands behind it.
    public func writeEnd(to writer: inout ByteWriter) { writer.append("}\n") }
}
