public import Bytes
public import JSON

/// Writes the body of `Converse` and `ConverseStream`; the model is not in it but in the path: see `BedrockPath`.
///
///     client's words            Converse's
///     system, developer         system, as blocks, in order, wherever they stood
///     messages                  turns: what one role says in a row is one message
///     cache_control             a cachePoint behind what bears it
///     top_k, thinking           additionalModelRequestFields, where the model's family has them
///     guardrailConfig, …        members of Converse's own, under their own names or in snake case
///     n, seed, penalties, …     told as dropped
///
/// - Source: Amazon Bedrock API Reference, "Converse"; botocore 1.44, `bedrock-runtime/2023-09-30/service-2.json`
public enum BedrockRequest {
    /// - Throws: `.invalid` when the API could make nothing of it, `.unsupported` for content it has no block for.
    public static func write(
        _ request: inout ChatRequest, _ options: RequestOptions, to writer: inout ByteWriter, _ notes: inout TranslationNotes
    ) throws(TranslationFault) {
        writer.append("{")
        let model = try writeConversation(&request, to: &writer, &notes)
        try BedrockInference.write(&request, model, to: &writer, &notes)
        writeOwn(&request, to: &writer)
        writer.append("}")
        AnthropicRequest.honourDefaults(&request)
        request.noteDropped(&notes)
    }

    /// Writes what is read by the model: messages, system prompt, tools.
    static func writeConversation(
        _ request: inout ChatRequest, to writer: inout ByteWriter, _ notes: inout TranslationNotes
    ) throws(TranslationFault) -> BedrockModel {
        guard let name = request.model else { throw TranslationFault(.invalid, "model: required, the id of a model", parameter: "model") }
        guard !request.parts.isEmpty else { throw TranslationFault(.invalid, "messages: must have at least one message", parameter: "messages") }
        let model = BedrockModel(name)
        writer.append("\"messages\":[")
        try BedrockConversation.writeMessages(request, model, to: &writer, &notes)
        writer.append("]")
        try BedrockConversation.writeSystem(request, model, to: &writer)
        try BedrockTools.write(&request, model, to: &writer, &notes)
        return model
    }

    /// Members of Converse's own that a client of another dialect may send beside its own, as Portkey's do.
    private static let own: [(member: StaticString, names: [StaticString])] = [
        ("guardrailConfig", ["guardrailConfig", "guardrail_config"]),
        ("performanceConfig", ["performanceConfig", "performance_config"]),
        ("requestMetadata", ["requestMetadata", "request_metadata"]),
    ]

    private static func writeOwn(_ request: inout ChatRequest, to writer: inout ByteWriter) {
        for row in own {
            for name in row.names {
                guard let value = request.takeExtra(name) else { continue }
                writer.append(",\"")
                writer.append(row.member)
                writer.append("\":")
                writer.append(value.bytes)
                break
            }
        }
    }
}

/// Anthropic's `/v1/messages/count_tokens` by way of `CountTokens`.
/// - Source: Amazon Bedrock API Reference, "CountTokens"
public enum BedrockCountTokens {
    public static func write(_ request: inout ChatRequest, to writer: inout ByteWriter, _ notes: inout TranslationNotes) throws(TranslationFault) {
        writer.append("{\"input\":{\"converse\":{")
        _ = try BedrockRequest.writeConversation(&request, to: &writer, &notes)
        writer.append("}}}")
        request.noteDropped(&notes)
    }

    public static func writeAnswer(_ answer: JSONValue, to writer: inout ByteWriter) throws(TranslationFault) {
        guard let tokens = answer["inputTokens"]?.integer, tokens >= 0, tokens <= Limits.tokenCount else {
            throw TranslationFault(.unreadable, "expected a count of the Bedrock runtime; got no inputTokens")
        }
        writer.append("{\"input_tokens\":")
        writer.append(decimal: Int(tokens))
        writer.append("}")
    }
}
