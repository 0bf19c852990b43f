import Bytes

/// The member names usage is told by, and what each means where it stands.
enum MemberNames {
    static func slot(of name: ByteSlice, in container: UsageScan.Container) -> UsageScan.Slot {
        switch container {
        case .root: root(name)
        case .wrapper: wrapper(name)
        case .choice: choice(name)
        case .delta: name == "stop_reason" ? .word(.finishReason) : .skipped
        case .usage: usage(name)
        case .inputDetails: inputDetails(name)
        case .outputDetails: outputDetails(name)
        case .cacheCreation: cacheCreation(name)
        case .cachedDetails: cachedDetails(name)
        case .iteration: iteration(name)
        case .serverTools: name == "web_search_requests" ? .count(.webSearches) : .skipped
        case .choices, .iterations: .skipped
        case .geminiRoot: geminiRoot(name)
        case .geminiCandidate: name == "finishReason" ? .word(.finishReason) : .skipped
        case .geminiFeedback: name == "blockReason" ? .word(.finishReason) : .skipped
        case .geminiUsage: geminiUsage(name)
        case .geminiModality: geminiModality(name)
        case .geminiCandidates, .geminiPrompt, .geminiCache, .geminiOutput: .skipped
        case .vertexPrediction: name == "embeddings" ? .object(.vertexEmbedding) : .skipped
        case .vertexEmbedding: name == "statistics" ? .object(.vertexStatistics) : .skipped
        case .vertexStatistics: name == "token_count" ? .count(.modality) : .skipped
        case .vertexPredictions: .skipped
        case .bedrockRoot: bedrockRoot(name)
        case .bedrockUsage: bedrockUsage(name)
        case .bedrockDetail: name == "ttl" ? .word(.modality) : name == "inputTokens" ? .count(.modality) : .skipped
        case .bedrockDetails: .skipped
        case .bedrockTier: name == "type" ? .word(.serviceTier) : .skipped
        }
    }

    private static func root(_ name: ByteSlice) -> UsageScan.Slot {
        switch name.count {
        case 4: name == "type" ? .word(.type) : .skipped
        case 5:
            if name == "usage" { .object(.usage) }
            else if name == "model" { .word(.model) }
            else if name == "delta" { .object(.delta) }
            else { .skipped }
        case 6:
            if name == "x_groq" { .object(.wrapper) }
            else if name == "status" { .word(.finishReason) }
            else { .skipped }
        case 7:
            if name == "choices" { .array(.choices) }
            else if name == "message" { .object(.wrapper) }
            else { .skipped }
        case 8: name == "response" ? .object(.wrapper) : .skipped
        case 11: name == "stop_reason" ? .word(.finishReason) : .skipped
        case 12: name == "service_tier" ? .word(.serviceTier) : .skipped
        default: .skipped
        }
    }

    private static func wrapper(_ name: ByteSlice) -> UsageScan.Slot {
        if name == "usage" { return .object(.usage) }
        if name == "model" { return .word(.model) }
        if name == "stop_reason" || name == "status" { return .word(.finishReason) }
        if name == "service_tier" { return .word(.serviceTier) }
        return .skipped
    }

    /// Moonshot puts the usage into the last chunk's choice.
    private static func choice(_ name: ByteSlice) -> UsageScan.Slot {
        if name == "finish_reason" { return .word(.finishReason) }
        if name == "usage" { return .object(.usage) }
        return .skipped
    }

    private static func usage(_ name: ByteSlice) -> UsageScan.Slot {
        switch name.count {
        case 5: name == "speed" ? .word(.speed) : .skipped
        case 10: name == "iterations" ? .array(.iterations) : .skipped
        case 12:
            if name == "input_tokens" { .count(.prompt) }
            else if name == "total_tokens" { .count(.total) }
            else if name == "service_tier" { .word(.serviceTier) }
            else { .skipped }
        case 13:
            if name == "prompt_tokens" { .count(.prompt) }
            else if name == "output_tokens" { .count(.completion) }
            else if name == "cached_tokens" { .count(.cached) }
            else { .skipped }
        case 14: name == "cache_creation" ? .object(.cacheCreation) : .skipped
        case 15:
            if name == "citation_tokens" { .count(.citations) }
            // Anthropic's; OpenRouter has it under both names.
            else if name == "server_tool_use" { .object(.serverTools) }
            else { .skipped }
        case 16: name == "reasoning_tokens" ? .count(.reasoning) : .skipped
        case 17: name == "completion_tokens" ? .count(.completion) : .skipped
        // Perplexity's
        case 18: name == "num_search_queries" ? .count(.webSearches) : .skipped
        case 19: name == "input_token_details" ? .object(.inputDetails) : .skipped
        case 20:
            if name == "input_tokens_details" || name == "prompt_token_details" { .object(.inputDetails) }
            else if name == "output_token_details" { .object(.outputDetails) }
            else if name == "prompt_audio_seconds" { .count(.audioSeconds) }
            else { .skipped }
        case 21:
            if name == "prompt_tokens_details" { .object(.inputDetails) }
            else if name == "output_tokens_details" { .object(.outputDetails) }
            else { .skipped }
        case 23:
            if name == "cache_read_input_tokens" || name == "prompt_cache_hit_tokens" { .count(.cached) }
            else if name == "server_tool_use_details" { .object(.serverTools) }
            else { .skipped }
        case 25: name == "completion_tokens_details" ? .object(.outputDetails) : .skipped
        case 27: name == "cache_creation_input_tokens" ? .count(.cacheWrite) : .skipped
        default: .skipped
        }
    }

    /// Of one of Anthropic's turns: what it was, whose, and what it took.
    private static func iteration(_ name: ByteSlice) -> UsageScan.Slot {
        if name == "type" { return .word(.modality) }
        if name == "model" { return .word(.turnModel) }
        let slot = usage(name)
        return switch slot {
        case .count, .object: slot
        case .array, .word, .skipped: .skipped
        }
    }

    private static func inputDetails(_ name: ByteSlice) -> UsageScan.Slot {
        switch name.count {
        case 12:
            if name == "audio_tokens" { .count(.audioInput) }
            else if name == "image_tokens" { .count(.imageInput) }
            else { .skipped }
        case 13: name == "cached_tokens" ? .count(.cached) : .skipped
        case 14: name == "cache_creation" ? .object(.cacheCreation) : .skipped
        case 18: name == "cache_write_tokens" ? .count(.cacheWrite) : .skipped
        case 21: name == "cached_tokens_details" ? .object(.cachedDetails) : .skipped
        case 27: name == "cache_creation_input_tokens" ? .count(.cacheWrite) : .skipped
        default: .skipped
        }
    }

    private static func cachedDetails(_ name: ByteSlice) -> UsageScan.Slot {
        if name == "audio_tokens" { return .count(.cachedAudio) }
        if name == "image_tokens" { return .count(.cachedImage) }
        return .skipped
    }

    /// Anthropic calls thinking what OpenAI calls reasoning.
    private static func outputDetails(_ name: ByteSlice) -> UsageScan.Slot {
        if name == "reasoning_tokens" || name == "thinking_tokens" { return .count(.reasoning) }
        if name == "audio_tokens" { return .count(.audioOutput) }
        if name == "image_tokens" { return .count(.imageOutput) }
        return .skipped
    }

    private static func cacheCreation(_ name: ByteSlice) -> UsageScan.Slot {
        if name == "ephemeral_5m_input_tokens" { return .count(.cacheWrite5m) }
        if name == "ephemeral_1h_input_tokens" { return .count(.cacheWrite1h) }
        return .skipped
    }

    // MARK: Gemini

    private static func geminiRoot(_ name: ByteSlice) -> UsageScan.Slot {
        if name == "candidates" { return .array(.geminiCandidates) }
        if name == "usageMetadata" { return .object(.geminiUsage) }
        if name == "modelVersion" { return .word(.model) }
        if name == "promptFeedback" { return .object(.geminiFeedback) }
        if name == "predictions" { return .array(.vertexPredictions) }
        return .skipped
    }

    private static func geminiUsage(_ name: ByteSlice) -> UsageScan.Slot {
        switch name.count {
        case 11: name == "serviceTier" || name == "trafficType" ? .word(.serviceTier) : .skipped
        case 15: name == "totalTokenCount" ? .count(.total) : .skipped
        case 16: name == "promptTokenCount" ? .count(.prompt) : .skipped
        case 18:
            if name == "thoughtsTokenCount" { .count(.reasoning) }
            else if name == "cacheTokensDetails" { .array(.geminiCache) }
            else { .skipped }
        case 19: name == "promptTokensDetails" ? .array(.geminiPrompt) : .skipped
        case 20: name == "candidatesTokenCount" ? .count(.completion) : .skipped
        case 23:
            if name == "cachedContentTokenCount" { .count(.cached) }
            else if name == "toolUsePromptTokenCount" { .count(.toolUse) }
            else if name == "candidatesTokensDetails" { .array(.geminiOutput) }
            else { .skipped }
        default: .skipped
        }
    }

    private static func geminiModality(_ name: ByteSlice) -> UsageScan.Slot {
        if name == "modality" { return .word(.modality) }
        if name == "tokenCount" { return .count(.modality) }
        return .skipped
    }

    // MARK: Bedrock

    private static func bedrockRoot(_ name: ByteSlice) -> UsageScan.Slot {
        if name == "usage" { return .object(.bedrockUsage) }
        if name == "stopReason" { return .word(.finishReason) }
        if name == "serviceTier" { return .object(.bedrockTier) }
        return .skipped
    }

    private static func bedrockUsage(_ name: ByteSlice) -> UsageScan.Slot {
        switch name.count {
        case 11:
            if name == "inputTokens" { .count(.prompt) }
            else if name == "totalTokens" { .count(.total) }
            else { .skipped }
        case 12:
            if name == "outputTokens" { .count(.completion) }
            else if name == "cacheDetails" { .array(.bedrockDetails) }
            else { .skipped }
        case 20: name == "cacheReadInputTokens" ? .count(.cached) : .skipped
        case 21: name == "cacheWriteInputTokens" ? .count(.cacheWrite) : .skipped
        default: .skipped
        }
    }
}
