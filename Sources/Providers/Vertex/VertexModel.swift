public import Bytes

/// Whose model it is that a name of Vertex AI's means: `anthropic.claude-sonnet-4-5@20250929`, `gemini-2.5-pro`.
///
/// One project's models speak several dialects, told by who made them.
/// - Source: the wire reference §6.3b; cloud.google.com/vertex-ai/generative-ai/docs/partner-models/use-partner-models
public struct VertexModel: BitwiseCopyable, Equatable, Sendable {
    public enum Publisher: UInt8, BitwiseCopyable, Sendable {
        /// `google.`, and names without a publisher: Gemini's dialect.
        case google
        /// `anthropic.`: Anthropic's messages.
        case anthropic
        /// `mistralai.`: OpenAI's chat completions, on the model's own path.
        case mistral
        /// `meta.`: OpenAI's chat completions, all models on one path.
        case meta
        /// `endpoints.ID`: a model deployed to an endpoint of the project's, which speaks OpenAI's chat completions.
        case endpoint
        /// `PUBLISHER/MODEL`, as Google itself writes it: like `meta`, under that very name.
        case written
    }

    public let publisher: Publisher
    /// Bytes of the name that say the publisher, and are no part of the model's own name.
    public let prefixByteCount: Int

    private static let prefixes: [(StaticString, Publisher)] = [
        ("google.", .google), ("google/", .google), ("anthropic.", .anthropic), ("anthropic/", .anthropic), ("mistralai.", .mistral),
        ("mistralai/", .mistral), ("meta.", .meta), ("meta/", .meta), ("endpoints.", .endpoint), ("endpoints/", .endpoint),
    ]

    /// - Parameter name: a string's content; an escape in it is no part of a publisher.
    public init(named name: ByteSlice) {
        for (prefix, publisher) in VertexModel.prefixes where name.hasPrefix(prefix) {
            self.publisher = publisher
            prefixByteCount = prefix.utf8CodeUnitCount
            return
        }
        publisher = name.firstIndex(of: UInt8(ascii: "/")) == nil || name.hasPrefix("models/") ? .google : .written
        prefixByteCount = 0
    }

    public var dialect: Dialect {
        switch publisher {
        case .google: .gemini
        case .anthropic: .anthropic
        case .mistral, .meta, .endpoint, .written: .openAI
        }
    }

    /// How a request of a client that speaks `spoken` gets to the model.
    public func passage(of endpoint: Endpoint, spoken: Dialect) -> Passage {
        let passage = Passage.of(endpoint, spoken: spoken, to: dialect, isServed: false)
        guard passage == .direct, endpoint.body == .collected else { return passage }
        switch endpoint {
        case .chatCompletions, .messages, .countTokens: return .direct
        default: return .impossible
        }
    }

    /// What a body that goes to the model as it came says in `model`.
    public enum Naming: BitwiseCopyable, Sendable {
        /// Nothing: the path says it.
        case absent
        /// The name without its publisher.
        case bare
        /// The name behind its publisher and a slash.
        case slashed
        /// The empty text: the endpoint has one model.
        case empty
    }

    public func naming(at endpoint: Endpoint) -> Naming {
        switch publisher {
        case .anthropic: endpoint == .countTokens ? .bare : .absent
        case .google, .mistral, .written: .bare
        case .meta: .slashed
        case .endpoint: .empty
        }
    }
}
