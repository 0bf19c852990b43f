public import Bytes
public import JSON

/// Anthropic's `/v1/messages/count_tokens` by way of `:countTokens`.
///
/// - Source: ai.google.dev/api/tokens; docs.anthropic.com/en/api/messages-count-tokens
public enum GeminiCountTokens {
    /// Writes `request` as what is to be counted: system words and tools count only within a whole `generateContentRequest`.
    /// Vertex AI takes the members of one as they are, but for what is no part of a prompt.
    public static func write(
        _ request: inout ChatRequest, _ options: RequestOptions = RequestOptions(), to writer: inout ByteWriter, _ notes: inout TranslationNotes
    ) throws(TranslationFault) {
        if options.isVertex {
            writer.append("{")
            try GeminiRequest.writePrompt(&request, to: &writer, &notes)
            return writer.append("}")
        }
        guard let model = request.model else { throw TranslationFault(.invalid, "expected the name of a model", parameter: "model") }
        writer.append("{\"generateContentRequest\":{\"model\":\"models/")
        writer.append(GeminiModel.withoutPrefix(model.content))
        writer.append("\",")
        try GeminiRequest.writeMembers(&request, options, to: &writer, &notes)
        writer.append("}}")
    }

    /// Writes Gemini's answer as Anthropic's. `totalTokens` includes what is cached.
    public static func writeAnswer(_ answer: JSONValue, to writer: inout ByteWriter) throws(TranslationFault) {
        // A count of nothing is left out, as any default of a protocol buffer's.
        let tokens = answer.isEmptyContainer ? 0 : answer["totalTokens"]?.integer
        guard answer.isObject, let tokens, tokens >= 0, tokens <= Limits.tokenCount else {
            throw TranslationFault(.unreadable, "expected a count of the Gemini API; got no totalTokens")
        }
        writer.append("{\"input_tokens\":")
        writer.append(decimal: Int(tokens))
        writer.append("}")
    }
}
