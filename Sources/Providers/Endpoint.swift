/// What a request asks for, told from its method and path.
public enum Endpoint: UInt8, BitwiseCopyable, Sendable, CaseIterable {
    case chatCompletions
    case completions
    case embeddings
    case models
    case messages
    case countTokens
    case responses
    case imagesGenerations
    case imagesEdits
    case audioSpeech
    case audioTranscriptions
    case audioTranslations
    case files
    case batches
    case fineTuning
    case moderations
    case rerank
    case realtime
    /// A stored prompt: what it is rendered to, and the answer to that.
    case promptRender
    case promptCompletions
    case health
    case ready
    case metrics
    case operatorTargets
    case operatorReload
    case operatorCache
    /// The admin API's. Which paths those are is not told here: `classify` never gives it.
    case admin
    /// Anything else under `/v1`, passed on as it is.
    case other
    /// Nothing this gateway answers, or a path that could mean another one upstream.
    case unknown

    /// What must be known of a request's body before the request is decided.
    public enum Body: UInt8, Sendable {
        /// A JSON object that names a model: collected, read by policy, replayed by retries.
        case collected
        /// Streams through as it comes.
        case streamed
        /// Answered by the gateway itself; the body is drained.
        case ignored
    }

    public var body: Body {
        switch self {
        case .chatCompletions, .completions, .embeddings, .messages, .countTokens, .responses,
            .imagesGenerations, .audioSpeech, .moderations, .rerank, .promptRender, .promptCompletions:
            .collected
        case .models, .imagesEdits, .audioTranscriptions, .audioTranslations, .files, .batches,
            .fineTuning, .realtime, .other:
            .streamed
        case .health, .ready, .metrics, .operatorTargets, .operatorReload, .operatorCache, .admin, .unknown: .ignored
        }
    }

    /// Whether the answer carries token usage that is to be read.
    public var reportsUsage: Bool {
        switch self {
        case .chatCompletions, .completions, .embeddings, .messages, .responses, .imagesGenerations,
            .imagesEdits, .audioTranscriptions, .rerank:
            true
        default: false
        }
    }

    /// Whether it names a stored prompt, which takes the place of the request that it is rendered to.
    public var namesPrompt: Bool { self == .promptRender || self == .promptCompletions }

    /// Whether `stream_options.include_usage` is a member of this endpoint's requests.
    ///
    /// Responses, messages and images always end with their usage and know no such member.
    public var takesStreamOptions: Bool { self == .chatCompletions || self == .completions }

    /// The dialect the client speaks, hence the one its errors are written in.
    ///
    /// The path decides where only one dialect has it. Both have models, files and batches: there
    /// the `anthropic-version` field, which Anthropic's SDKs send with every request, decides.
    public func clientDialect(sentAnthropicVersion: Bool) -> Dialect {
        switch self {
        case .messages, .countTokens: .anthropic
        case .models, .files, .batches, .other, .unknown: sentAnthropicVersion ? .anthropic : .openAI
        default: .openAI
        }
    }
}

/// The endpoints a provider has.
public struct EndpointSet: OptionSet, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public init(_ endpoint: Endpoint) { rawValue = 1 << UInt32(endpoint.rawValue) }

    /// The set of `endpoints`, each of which is named once.
    init(_ endpoints: Endpoint...) {
        rawValue = endpoints.reduce(0) { $0 | EndpointSet($1).rawValue }
    }

    /// What an OpenAI-compatible host has if its row says no more.
    static let chat = EndpointSet(.chatCompletions, .models, .other)
    static let completions = EndpointSet(.completions)
    static let embeddings = EndpointSet(.embeddings)
    static let responses = EndpointSet(.responses)
    static let messages = EndpointSet(.messages, .countTokens)
    static let images = EndpointSet(.imagesGenerations, .imagesEdits)
    static let speech = EndpointSet(.audioSpeech)
    static let transcription = EndpointSet(.audioTranscriptions, .audioTranslations)
    static let files = EndpointSet(.files, .batches, .fineTuning)
    static let moderations = EndpointSet(.moderations)
    static let rerank = EndpointSet(.rerank)
    static let realtime = EndpointSet(.realtime)
    /// Only paths that are not one of the endpoints known here.
    static let proxied = EndpointSet(.other, .models)
}
