extension Endpoint {
    /// Its name in records.
    public var word: StaticString {
        switch self {
        case .chatCompletions: "chat.completions"
        case .completions: "completions"
        case .embeddings: "embeddings"
        case .models: "models"
        case .messages: "messages"
        case .countTokens: "messages.count_tokens"
        case .responses: "responses"
        case .imagesGenerations: "images.generations"
        case .imagesEdits: "images.edits"
        case .audioSpeech: "audio.speech"
        case .audioTranscriptions: "audio.transcriptions"
        case .audioTranslations: "audio.translations"
        case .files: "files"
        case .batches: "batches"
        case .fineTuning: "fine_tuning"
        case .moderations: "moderations"
        case .rerank: "rerank"
        case .realtime: "realtime"
        case .promptRender: "prompts.render"
        case .promptCompletions: "prompts.completions"
        case .health, .ready, .metrics, .operatorTargets, .operatorReload, .operatorCache, .admin, .unknown: "gateway"
        case .other: "other"
        }
    }

    /// Whether it is for a provider to answer, and not for the gateway itself.
    public var isOfProviders: Bool {
        switch self {
        case .health, .ready, .metrics, .operatorTargets, .operatorReload, .operatorCache, .admin, .unknown: false
        default: true
        }
    }

    /// Whether what it takes can be reckoned from its bytes where nobody has counted: texts, and neither sound nor pictures.
    public var isReckoned: Bool {
        switch self {
        case .chatCompletions, .completions, .embeddings, .messages, .responses, .rerank: true
        default: false
        }
    }

    /// Whether providers charge for it, told of or not.
    public var isBilled: Bool {
        switch self {
        case .audioSpeech, .audioTranslations, .realtime: true
        default: reportsUsage
        }
    }
}
