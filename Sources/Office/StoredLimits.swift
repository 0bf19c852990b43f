import Bytes
public import Gateway
import JSON
public import Policy

/// Whose spending the store limits, and how far.
public struct LimitedHolder: Sendable {
    public let scope: SpendingTerms.Scope
    /// In messages: a key's name, a virtual key's slug.
    public let name: String
    /// What stays when it is named otherwise.
    public let identity: String
    public let limits: SpendingLimits
}

/// What holders may spend, in the books' words.
public struct LimitedTerms: Sendable {
    /// Nil where there are none, and why is told with each holder.
    public let books: AccountBooks?
    /// In the order of the holders; what is wrong where there are none.
    public let terms: [Result<SpendingTerms?, LimitFault>]

    public init(books: AccountBooks?, terms: [Result<SpendingTerms?, LimitFault>]) {
        self.books = books
        self.terms = terms
    }
}

/// Why limits cannot be kept.
public struct LimitFault: Error, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}

/// Limits as the store has them: JSON, in Portkey's shape.
struct StoredLimits: Sendable {
    let limits: SpendingLimits
    /// What is wrong with them; nil for nothing.
    let fault: String?

    init(usage: String?, rates: String?) {
        var reader = SchemaReader(refusesUnknownKeys: true)
        var limits = SpendingLimits()
        var isReadable = true
        func field(_ text: String?) -> Field? {
            guard let text else { return nil }
            guard let root = Array(text.utf8).withByteSlice({ DocumentParser.parse($0).document?.root }) else {
                isReadable = false
                return nil
            }
            return Field(node: root, path: DocumentPath(), keyPosition: root.position)
        }
        if let found = field(usage) { limits.usage = reader.usageLimits(found) }
        if let found = field(rates) { limits.rates = reader.rateLimits(found) }
        self.limits = limits
        fault = isReadable ? reader.diagnostics.first { $0.severity == .error }?.message : "its limits are no JSON"
    }
}
