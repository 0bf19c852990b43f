/// A way for one request from the client's dialect into the provider's, and for the answer back.
public struct Translation: BitwiseCopyable, Sendable, Equatable {
    /// What is translated.
    public enum Subject: UInt8, BitwiseCopyable, Sendable {
        /// Chat completions and messages, through the normal form.
        case chat
        case embeddings
        case countTokens
    }

    public var subject: Subject
    /// What the client speaks.
    public var client: Dialect
    /// What the provider speaks.
    public var provider: Dialect

    public init(_ subject: Subject, from client: Dialect, to provider: Dialect) {
        self.subject = subject
        self.client = client
        self.provider = provider
    }
}

/// How a request to an endpoint gets to a provider.
public enum Passage: BitwiseCopyable, Sendable, Equatable {
    /// Bytes as they are: both speak the same, or nothing reads the body.
    case direct
    case translated(Translation)
    /// The provider's dialect has nothing like the endpoint.
    case impossible

    /// The passage from a client of `spoken` at `endpoint` to a provider of `dialect`.
    ///
    /// A provider that serves the endpoint on its own paths, whatever its main dialect, is passed to directly: `isServed` says so.
    public static func of(_ endpoint: Endpoint, spoken: Dialect, to dialect: Dialect, isServed: Bool) -> Passage {
        if spoken == dialect || endpoint.body != .collected { return .direct }
        if isServed, dialect.isClients { return .direct }
        switch endpoint {
        case .chatCompletions, .messages: return .translated(Translation(.chat, from: spoken, to: dialect))
        case .embeddings where dialect == .gemini: return .translated(Translation(.embeddings, from: spoken, to: dialect))
        case .countTokens where dialect == .gemini || dialect == .bedrock: return .translated(Translation(.countTokens, from: spoken, to: dialect))
        default: return .impossible
        }
    }
}
