public import Bytes

/// The forms of a request target that a gateway takes (RFC 9112 §3.2).
public enum TargetForm: UInt8, Sendable {
    /// `/path?query`
    case origin
    /// `http://authority/path?query`; the authority equals the Host field.
    case absolute
    /// `*`, with OPTIONS only.
    case asterisk
}

/// A request's head: facts, and offsets into its bytes.
///
/// Made once and filled again for each request of its owner. Offsets count from the slice the parser
/// was given, which may be at another address by the time they are used.
public struct RequestHead: ~Copyable {
    public internal(set) var method = Method.get
    public internal(set) var version = HTTPVersion.http11
    public internal(set) var framing = BodyFraming.none
    public internal(set) var connection: ConnectionOptions = []
    /// Whether the connection may carry another request after this one.
    public internal(set) var keepAlive = true
    /// Whether the client waits for `100 Continue` before it sends its body (RFC 9110 §10.1.1).
    public internal(set) var expectsContinue = false
    /// Whether the client would like another protocol. It never gets one; the request is answered as it is.
    public internal(set) var upgradeRequested = false

    public internal(set) var methodRange = 0..<0
    public internal(set) var targetForm = TargetForm.origin
    /// The whole target, as sent.
    public internal(set) var targetRange = 0..<0
    /// The path, as sent, percent-encodings and all; empty when an absolute target has none, which means `/`.
    public internal(set) var pathRange = 0..<0
    /// The query without its question mark; nil when there is none, empty when it is.
    public internal(set) var queryRange: Range<Int>?
    /// The Host field's value; nil only for HTTP/1.0 requests without one.
    public internal(set) var hostRange: Range<Int>?

    public internal(set) var fields: FieldTable

    /// - Parameter limits: the parser's; the table made here is what bounds the number of fields.
    public init(limits: HTTPLimits = HTTPLimits()) {
        fields = FieldTable(capacity: limits.fieldCount)
    }

    /// The path to ask an upstream for, never empty.
    public func path(in message: ByteSlice) -> ByteSlice {
        pathRange.isEmpty ? ByteSlice("/") : message[pathRange]
    }

    /// Says that the request came in another version than its head's, which was made of that version's fields.
    public mutating func cameOver(_ version: HTTPVersion) { self.version = version }

    mutating func reset() {
        // Of the request before, until they have been read: a refusal of what cannot be read goes by them.
        method = .get
        version = .http11
        connection = []
        framing = .none
        expectsContinue = false
        upgradeRequested = false
        targetForm = .origin
        queryRange = nil
        hostRange = nil
        fields.removeAll()
    }
}
