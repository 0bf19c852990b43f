import Bytes
import JSON

/// What Vertex AI's `:predict` has of its own where texts become embeddings.
///
/// - Source: cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api
enum VertexEmbeddings {
    static func write(_ text: JSONString, to writer: inout ByteWriter) {
        writer.append("{\"content\":")
        GeminiText.quote(text.content, &writer)
        writer.append("}")
    }

    /// Writes what follows the texts.
    static func writeEnd(dimensions: JSONValue?, to writer: inout ByteWriter) {
        writer.append("]")
        if let dimensions {
            writer.append(",\"parameters\":{\"outputDimensionality\":")
            writer.append(dimensions.bytes)
            writer.append("}")
        }
        writer.append("}")
    }

    /// The tokens of all texts.
    static func tokenCount(_ predictions: JSONValue) -> Int {
        var sum: Int64 = 0
        for prediction in predictions.elements {
            guard let count = prediction["embeddings"]?["statistics"]?["token_count"] else { continue }
            // Some models count in doubles: 8.0.
            let whole = count.bytes.prefix(count.bytes.firstIndex(of: UInt8(ascii: ".")) ?? count.bytes.count)
            guard count.isNumber, let tokens = whole.decimal else { continue }
            sum = min(sum + min(tokens, Limits.tokenCount), Limits.tokenCount)
        }
        return Int(sum)
    }
}
