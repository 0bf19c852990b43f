/// An answer that is given part by part, however long it is.
public struct ConsoleStream: Sendable {
    public enum Kind: Sendable {
        /// Server-sent events, for as long as the client stays.
        case events
        /// A line of JSON each.
        case lines
        /// Comma-separated values (RFC 4180).
        case table
    }

    public enum Part: Sendable, Equatable {
        case bytes([UInt8])
        /// There is nothing to say yet.
        case nothing
        case end
        /// What was given is not whole.
        case failed
    }

    public let kind: Kind
    /// What a client that keeps it is to call it.
    public let fileName: String?
    /// The next part. Asked for again and again, by one thread at a time; what is at its end stays there. Blocks on the store.
    public let next: @Sendable (_ nowMilliseconds: Int64) -> Part

    init(_ kind: Kind, fileName: String? = nil, next: @escaping @Sendable (_ nowMilliseconds: Int64) -> Part) {
        self.kind = kind
        self.fileName = fileName
        self.next = next
    }
}
