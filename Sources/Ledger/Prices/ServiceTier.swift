public import Bytes

/// At what terms a provider serves a request; several have prices of their own for each.
public enum ServiceTier: UInt8, CaseIterable, BitwiseCopyable, Sendable {
    case standard
    /// Jobs over files.
    case batch
    case flex, priority, fast

    /// Its name in a price book, and in `service_tier`.
    public var name: StaticString {
        switch self {
        case .standard: "standard"
        case .batch: "batch"
        case .flex: "flex"
        case .priority: "priority"
        case .fast: "fast"
        }
    }

    /// The tier a request or an answer names; nil for a name that has no prices here, `auto` and `default` among them.
    public init?(_ name: ByteSlice) {
        guard let tier = ServiceTier.allCases.first(where: { name == $0.name }) else { return nil }
        self = tier
    }

    /// The tier that a request asks for which is answered at once: none of those is served as a batch.
    public init(asked name: ByteSlice) {
        let tier = ServiceTier(name) ?? .standard
        self = tier == .batch ? .standard : tier
    }

    /// The tier an answer says it was served at: what was asked for may have been more than there was. Nil where its word is no price's, and for `batch`,
    /// which an answer that is no job's cannot have been.
    /// - Source: OpenAI API reference, `service_tier`; Anthropic, `usage.service_tier` and `usage.speed`; Amazon Bedrock, "ServiceTier"; Gemini API,
    ///   `usageMetadata.serviceTier`; Vertex AI, "TrafficType"
    public init?(served name: ByteSlice) {
        if name == "default" || name == "on_demand" || name == "ON_DEMAND" {
            self = .standard
        } else if name == "ON_DEMAND_FLEX" {
            self = .flex
        } else if name == "ON_DEMAND_PRIORITY" {
            self = .priority
        } else if let tier = ServiceTier(name), tier != .batch {
            self = tier
        } else {
            return nil
        }
    }
}
