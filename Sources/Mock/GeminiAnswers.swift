import Bytes
import JSON

extension Ask {
    /// What a body of Gemini's asks for; its model stands in the path.
    init(gemini body: JSONValue, endpoint: Endpoint) {
        // Gemini knows no user; its labels may.
        if let user = body["labels"]?["user"]?.string { self.user = user.content }
        if case .stream = endpoint { streams = true }
        let asked = body["generateContentRequest"] ?? body
        var byteCount = Ask.textByteCount(asked["systemInstruction"])
        for name in ["contents", "content"] as [StaticString] {
            guard let contents = asked[name] else { continue }
            if contents.isArray {
                for content in contents.elements { byteCount += Ask.textByteCount(content) }
            } else {
                byteCount += Ask.textByteCount(contents)
            }
        }
        promptTokens = (byteCount + 3) / 4
    }

    /// Bytes of a content's text parts, as they stand between their quotes.
    private static func textByteCount(_ content: JSONValue?) -> Int {
        guard let parts = content?["parts"] else { return 0 }
        var sum = 0
        for part in parts.elements { sum += part["text"]?.string?.content.count ?? 0 }
        return sum
    }
}

/// Answers of Gemini's that are not generated.
/// - Source: ai.google.dev/api (models, tokens, embeddings)
enum GeminiAnswers {
    static func writeTokens(_ count: Int, into output: inout Output) {
        output.append("{\"totalTokens\":")
        output.append(decimal: count)
        output.append(",\"promptTokensDetails\":[{\"modality\":\"TEXT\",\"tokenCount\":")
        output.append(decimal: count)
        output.append("}]}")
    }

    static func writeEmbedding(of body: JSONValue?, into output: inout Output) {
        output.append("{\"embedding\":")
        writeVector(of: body, into: &output)
        output.append("}")
    }

    static func writeEmbeddings(of body: JSONValue?, into output: inout Output) {
        output.append("{\"embeddings\":[")
        var isFirst = true
        if let requests = body?["requests"] {
            for request in requests.elements {
                if !isFirst { output.append(",") }
                isFirst = false
                writeVector(of: request, into: &output)
            }
        }
        output.append("]}")
    }

    /// Vertex AI's answer for texts.
    static func writePredictions(of body: JSONValue?, into output: inout Output) {
        output.append("{\"predictions\":[")
        var isFirst = true
        let parameters = body?["parameters"]
        guard let instances = body?["instances"] else { return output.append("]}") }
        for instance in instances.elements {
            if !isFirst { output.append(",") }
            isFirst = false
            let text = instance["content"]
            output.append("{\"embeddings\":{\"statistics\":{\"truncated\":false,\"token_count\":")
            output.append(decimal: ((text?.string?.content.count ?? 0) + 3) / 4)
            output.append("},\"values\":")
            writeValues(of: text, parameters?["outputDimensionality"], into: &output)
            output.append("}}")
        }
        output.append("]}")
    }

    /// The vector that OpenAI's endpoint gives for the same text.
    private static func writeVector(of request: JSONValue?, into output: inout Output) {
        output.append("{\"values\":")
        writeValues(of: request?["content"]?["parts"]?.elements.first { $0["text"] != nil }?["text"], request?["outputDimensionality"], into: &output)
        output.append("}")
    }

    private static func writeValues(of text: JSONValue?, _ dimensions: JSONValue?, into output: inout Output) {
        let asked = dimensions?.integer.map { Int(clamping: $0) } ?? MockLimits.embeddingDimensions
        Embedding(of: text?.bytes ?? ByteSlice("")).write(min(max(asked, 1), MockLimits.largestEmbedding), isBase64: false, into: &output)
    }

    static func writeModels(into output: inout Output) {
        output.append("{\"models\":[")
        writeModel(ByteSlice("mock"), into: &output)
        output.append(",")
        writeModel(ByteSlice("mock?tokens=200&gap=20"), into: &output)
        output.append("]}")
    }

    /// - Parameter name: the inside of a JSON string.
    static func writeModel(_ name: ByteSlice, into output: inout Output) {
        output.append("{\"name\":\"models/")
        output.append(name)
        output.append("\",\"version\":\"001\",\"displayName\":\"")
        output.append(name)
        output.append(
            """
            ","description":"A scripted model","inputTokenLimit":1048576,"outputTokenLimit":65536,"supportedGenerationMethods":\
            ["generateContent","streamGenerateContent","countTokens","embedContent","batchEmbedContents"]}
            """)
    }
}
