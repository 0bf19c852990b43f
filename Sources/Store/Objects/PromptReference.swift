import Bytes

/// Which prompt or partial, and which version of it: `pp-x`, `pp-x@12`, `pp-x@latest`, `pp-x@production`.
public struct PromptReference: Sendable, Equatable {
    public enum Version: Sendable, Equatable {
        /// What nobody named, or named `default`.
        case published
        /// The newest, published or not.
        case latest
        case number(Int64)
        case label(String)
    }

    public var idOrSlug: String
    public var version: Version

    public init(_ idOrSlug: String, _ version: Version) {
        self.idOrSlug = idOrSlug
        self.version = version
    }

    /// Reads a reference as it stands in a path or a template.
    public init(_ text: String) {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        idOrSlug = parts.first.map { String($0) } ?? ""
        version = parts.count < 2 ? .published : Version(String(parts[1]))
    }
}

extension PromptReference.Version {
    init(_ text: String) {
        switch text {
        case "", "default": self = .published
        case "latest": self = .latest
        // A number that no version has is that of no version.
        case _ where Self.isNumber(text): self = .number(Int64(text) ?? .max)
        default: self = .label(text)
        }
    }

    /// What could be a label's name, were it not for what it says already.
    static func isTaken(_ name: String) -> Bool { ["latest", "default"].contains(name) || isNumber(name) }

    private static func isNumber(_ text: String) -> Bool { !text.isEmpty && text.utf8.allSatisfy { ASCII.isDigit($0) } }

    /// As it stands behind an `@`; empty for what is published.
    var text: String {
        switch self {
        case .published: ""
        case .latest: "latest"
        case .number(let number): "\(number)"
        case .label(let name): name
        }
    }
}

/// What a reference leads to.
public struct FoundPrompt<Owner: Versioned>: Sendable {
    /// The prompt, or the partial.
    public let owner: Owner
    public let version: PromptVersion
    public var template: PromptTemplate { PromptTemplate(json: version.template ?? "") }

    public init(owner: Owner, version: PromptVersion) {
        self.owner = owner
        self.version = version
    }
}
