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
}
