/// Why a body cannot be carried over into another dialect.
public struct TranslationFault: Error {
    public enum Kind: Sendable {
        /// The client's body breaks its own dialect's rules.
        case invalid
        /// The target has nothing like it, and leaving it out would change what is asked.
        case unsupported
        /// The provider's answer is not of its dialect.
        case unreadable
    }

    public var kind: Kind
    /// Says what is wrong and what would be right, in the client's words.
    public var message: String
    /// Where, as `messages[3].content[0]`; empty when the message says so.
    public var parameter: String

    public init(_ kind: Kind, _ message: String, parameter: String = "") {
        self.kind = kind
        self.message = message
        self.parameter = parameter
    }
}
