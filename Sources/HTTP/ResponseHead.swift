/// An upstream's response head: facts, and offsets into its bytes.
///
/// Made once and filled again for each response of its owner. Offsets count from the slice the parser
/// was given, which may be at another address by the time they are used.
public struct ResponseHead: ~Copyable {
    public internal(set) var version = HTTPVersion.http11
    /// Three digits, 100 to 999. Below 200 the head is an interim one and another follows.
    public internal(set) var status = 0
    /// The reason phrase, possibly empty, in no particular encoding.
    public internal(set) var reasonRange = 0..<0
    public internal(set) var framing = BodyFraming.none
    public internal(set) var connection: ConnectionOptions = []
    /// Whether the connection may carry another request after this response's body.
    public internal(set) var keepAlive = true
    public internal(set) var fields: FieldTable

    /// - Parameter limits: the parser's; the table made here is what bounds the number of fields.
    public init(limits: HTTPLimits = HTTPLimits()) {
        fields = FieldTable(capacity: limits.fieldCount)
    }

    public var isInterim: Bool { status < 200 }

    mutating func reset() {
        framing = .none
        connection = []
        fields.removeAll()
    }
}
