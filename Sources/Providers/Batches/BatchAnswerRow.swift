public import Bytes
import JSON

/// Says the rows of a provider's answers to a batch as OpenAI's clients read them. A row says itself whose dialect it is in.
///
/// - Source: platform.openai.com/docs/api-reference/batch/request-output; Amazon Bedrock User Guide, "View the results of a batch inference
///   job"; cloud.google.com/vertex-ai/generative-ai/docs/multimodal/batch-prediction-from-cloud-storage
public struct BatchAnswerRow: ~Copyable {
    private var tape = JSONTape()
    private var root: JSONValue?

    public init() {}

    /// Reads a row, which is borrowed until the next; false when it is no JSON object.
    public mutating func read(_ line: ByteSlice) -> Bool {
        root = try? tape.parse(line)
        return root?.isObject == true
    }

    /// Writes the row just read as one of OpenAI's, without a line's end. Given more memory after an overflow it writes the same.
    ///
    /// - Parameter number: its place in the file, from 1.
    /// - Throws: `.unreadable` for an answer that is none of its dialect.
    public func write(_ number: Int, _ options: AnswerOptions, _ translator: inout Translator, to writer: inout ByteWriter) throws(TranslationFault) {
        guard let root else { return }
        writeStart(number, root, to: &writer)
        guard let answer = answer(root) else {
            writeError(root, to: &writer)
            return
        }
        // An OpenAI-compatible host's row may have the whole response already.
        if answer["status_code"] != nil, answer["body"] != nil {
            writer.append(answer.bytes)
        } else {
            writer.append("{\"status_code\":200,\"request_id\":\"batch_req_")
            writer.append(decimal: number)
            writer.append("\",\"body\":")
            if let translation = BatchAnswerRow.translation(of: answer) {
                try translator.writeAnswer(answer.bytes, translation, options, to: &writer)
            } else {
                writer.append(answer.bytes)
            }
            writer.append("}")
        }
        writer.append(",\"error\":null}")
    }

    /// Writes a row that says that this one cannot be read.
    public func writeFailure(_ number: Int, _ message: ByteSlice, to writer: inout ByteWriter) {
        writeStart(number, root, to: &writer)
        writer.append("null,\"error\":{\"code\":\"unreadable\",\"message\":")
        writer.append(jsonString: message)
        writer.append("}}")
    }

    private func writeStart(_ number: Int, _ root: JSONValue?, to writer: inout ByteWriter) {
        writer.append("{\"id\":\"batch_req_")
        writer.append(decimal: number)
        writer.append("\",\"custom_id\":")
        if let id = root.flatMap({ BatchAnswerRow.name(of: $0) }) { writer.append(id.bytes) } else { writer.append("null") }
        writer.append(",\"response\":")
    }

    private static func name(of root: JSONValue) -> JSONValue? {
        for name in ["recordId", "custom_id", "requestId"] as [StaticString] {
            if let id = root[name], id.isString { return id }
        }
        // Vertex AI keeps what was taken out of a row beside its answer, or in the row as it was.
        return root["instance"]?["requestId"].flatMap { $0.isString ? $0 : nil }
    }

    /// What was answered; nil where nothing was.
    private func answer(_ root: JSONValue) -> JSONValue? {
        if let output = root["modelOutput"] { return output }
        // Vertex AI's rows that failed have a status, and an empty response or none.
        if let status = root["status"]?.string, !status.content.isEmpty { return nil }
        if let response = root["response"], response.isObject, !response.isEmptyContainer { return response }
        // An embedding stands in the row itself.
        if let predictions = root["predictions"], predictions.isArray, !predictions.isEmptyContainer { return root }
        return nil
    }

    /// Nil for OpenAI's own, and for what is none that is known here.
    private static func translation(of answer: JSONValue) -> Translation? {
        if answer["output"]?["message"] != nil { return Translation(.chat, from: .openAI, to: .bedrock) }
        if answer["type"]?.is("message") == true { return Translation(.chat, from: .openAI, to: .anthropic) }
        if answer["candidates"] != nil || answer["promptFeedback"] != nil { return Translation(.chat, from: .openAI, to: .gemini) }
        return answer["predictions"] == nil ? nil : Translation(.embeddings, from: .openAI, to: .gemini)
    }

    /// Writes `null`, and what went wrong.
    private func writeError(_ root: JSONValue, to writer: inout ByteWriter) {
        let error = root["error"]
        let code = error?["errorCode"] ?? error?["code"]
        let message = error?["errorMessage"] ?? error?["message"] ?? root["status"]
        writer.append("null,\"error\":{\"code\":\"")
        if let text = code?.string {
            writer.append(text.content)
        } else if let code, code.isNumber {
            writer.append(code.bytes)
        } else {
            writer.append("failed")
        }
        writer.append("\",\"message\":")
        if let message, message.isString { writer.append(message.bytes) } else { writer.append("\"the provider gave no answer and no reason\"") }
        writer.append("}}")
    }
}
