/// The wire format of a request, its answer, its stream and its errors.
public enum Dialect: UInt8, BitwiseCopyable, Sendable {
    /// OpenAI's REST API, and what is compatible with it.
    case openAI
    /// Anthropic's Messages API.
    case anthropic
    /// Google's Gemini API, `generateContent` and its kin. Spoken to hosts only: no client of the gateway speaks it.
    case gemini
    /// Amazon Bedrock's Converse API. Spoken to hosts only, as Gemini's is.
    case bedrock

    /// Whether clients of the gateway speak it.
    public var isClients: Bool {
        switch self {
        case .openAI, .anthropic: true
        case .gemini, .bedrock: false
        }
    }
}

/// What carries a request to a host.
public enum Scheme: UInt8, Sendable {
    case http
    case https

    public var defaultPort: UInt16 { self == .http ? 80 : 443 }
}
