/// What is read of a span's attributes, and the names it has, the surest first.
///
/// The dialects: OpenTelemetry's conventions for generative AI and what they were before, Langfuse's, OpenInference's, Traceloop's (OpenLLMetry), and
/// the Vercel AI SDK's.
enum Meaning: CaseIterable {
    case provider, model, served
    case input, output, total, cacheRead, cacheWrite, reasoning, audioInput, audioOutput, freshInput, usageDetails
    case finishReason, user, session
    case stream, firstTokenSeconds, firstTokenMilliseconds, firstTokenTime
    case error, level, httpStatus
    case promptName, promptVersion
    case serverAddress, serverPort, serverURL
    case agent, tool, traceName, tags, environment, release, version, service
    case metadata, invocation

    var names: [String] {
        switch self {
        case .provider: ["gen_ai.provider.name", "gen_ai.system", "llm.provider", "ai.model.provider", "llm.system", "llm.vendor"]
        case .model:
            [
                "gen_ai.request.model", "langfuse.observation.model.name", "llm.request.model_name", "ai.model.id", "llm.request.model", "llm.model_name",
                "embedding.model_name",
            ]
        case .served: ["gen_ai.response.model", "llm.response.model_name", "ai.response.model", "llm.response.model"]
        case .input:
            [
                "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt", "ai.usage.inputTokens", "ai.usage.promptTokens",
                "llm.usage.prompt_tokens", "ai.usage.tokens",
            ]
        case .output:
            [
                "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.token_count.completion", "ai.usage.outputTokens",
                "ai.usage.completionTokens", "llm.usage.completion_tokens",
            ]
        case .total: ["gen_ai.usage.total_tokens", "llm.token_count.total", "llm.usage.total_tokens", "ai.usage.totalTokens"]
        case .cacheRead:
            [
                "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens", "llm.token_count.prompt_details.cache_read",
                "llm.token_count.prompt_details.cache_input", "ai.usage.inputTokenDetails.cacheReadTokens", "ai.usage.cachedInputTokens",
            ]
        case .cacheWrite:
            [
                "gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_creation_input_tokens", "llm.token_count.prompt_details.cache_write",
                "ai.usage.inputTokenDetails.cacheWriteTokens",
            ]
        case .reasoning:
            [
                "gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens", "llm.token_count.completion_details.reasoning",
                "ai.usage.outputTokenDetails.reasoningTokens", "ai.usage.reasoningTokens", "llm.usage.reasoning_tokens",
            ]
        case .audioInput: ["llm.token_count.prompt_details.audio"]
        case .audioOutput: ["llm.token_count.completion_details.audio"]
        case .freshInput: ["ai.usage.inputTokenDetails.noCacheTokens"]
        case .usageDetails: ["langfuse.observation.usage_details"]
        case .finishReason:
            [
                "gen_ai.response.finish_reasons", "gen_ai.response.finish_reason", "ai.response.finishReason", "gen_ai.completion.0.finish_reason",
                "gen_ai.response.stop_reason", "llm.finish_reason", "llm.response.finish_reason", "llm.response.stop_reason",
            ]
        case .user:
            [
                "user.id", "langfuse.user.id", "enduser.id", "ai.telemetry.metadata.userId", "traceloop.association.properties.user_id", "gen_ai.user",
                "llm.user",
            ]
        case .session:
            [
                "session.id", "langfuse.session.id", "ai.telemetry.metadata.sessionId", "traceloop.association.properties.session_id",
                "gen_ai.conversation.id",
            ]
        case .stream: ["gen_ai.request.stream", "gen_ai.is_streaming", "llm.is_streaming"]
        case .firstTokenSeconds: ["gen_ai.response.time_to_first_chunk", "gen_ai.server.time_to_first_token"]
        case .firstTokenMilliseconds: ["ai.response.msToFirstChunk"]
        case .firstTokenTime: ["langfuse.observation.completion_start_time"]
        case .error: ["error.type", "exception.type"]
        case .level: ["langfuse.observation.level"]
        case .httpStatus: ["http.response.status_code", "http.status_code"]
        case .promptName: ["langfuse.observation.prompt.name", "gen_ai.prompt.name", "traceloop.prompt.key", "prompt.id"]
        case .promptVersion: ["langfuse.observation.prompt.version", "traceloop.prompt.version", "llm.prompt_template.version"]
        case .serverAddress: ["server.address"]
        case .serverPort: ["server.port"]
        case .serverURL: ["gen_ai.openai.api_base", "llm.openai.api_base", "url.full"]
        case .agent: ["gen_ai.agent.name", "agent.name"]
        case .tool: ["gen_ai.tool.name", "tool.name", "ai.toolCall.name"]
        case .traceName: ["langfuse.trace.name"]
        case .tags: ["langfuse.trace.tags", "tag.tags", "ai.telemetry.metadata.tags"]
        case .environment: ["langfuse.environment", "deployment.environment.name", "deployment.environment"]
        case .release: ["langfuse.release"]
        case .version: ["langfuse.version", "service.version"]
        case .service: ["service.name"]
        case .metadata: ["metadata", "langfuse.trace.metadata", "langfuse.observation.metadata"]
        case .invocation: ["llm.invocation_parameters"]
        }
    }
}

/// The names of all meanings, made once.
public struct AttributeNames: Sendable {
    /// What stands before names of metadata that callers choose.
    static let metadataPrefixes = [
        "langfuse.trace.metadata.", "langfuse.observation.metadata.", "ai.telemetry.metadata.", "traceloop.association.properties.",
    ]

    private static let table: [Meaning: [String]] = Dictionary(uniqueKeysWithValues: Meaning.allCases.map { ($0, $0.names) })
    /// Of a choice that an event tells, why it ended.
    static let choiceReason = "finish_reason"

    private static let known = Set(table.values.flatMap { $0 } + SpanRole.names + [choiceReason])

    static func of(_ meaning: Meaning) -> [String] { table[meaning] ?? [] }

    /// Whether an attribute of this name is read at all.
    public static func isRead(_ name: String) -> Bool { known.contains(name) || metadataPrefixes.contains { name.hasPrefix($0) } }
}

extension Attributes {
    /// The first of its names that says something.
    func value(_ meaning: Meaning) -> AttributeValue? {
        for name in AttributeNames.of(meaning) {
            if let value = self[name], value != .nothing, value != .text("") { return value }
        }
        return nil
    }

    func text(_ meaning: Meaning) -> String? { value(meaning)?.text }

    /// A count of something; none where it is less than nothing.
    func count(_ meaning: Meaning) -> Int64? { value(meaning)?.integer.map { max(0, $0) } }
}
