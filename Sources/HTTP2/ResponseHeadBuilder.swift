public import Bytes
import HTTP

/// Makes the head of an HTTP/1.1 answer of a header block's fields, as strict as the bytes a parser lets through.
///
///     :status, content-type: …   →   HTTP/1.1 200
///                                    content-type: …
///                                    transfer-encoding: chunked
///
/// What comes out is read again by `ResponseParser`: every step after it sees one kind of answer. A body without a length is announced
/// as chunks, which is how the stream's bytes are then framed.
/// - Source: RFC 9113 §8.2, §8.3, §8.6
public struct ResponseHeadBuilder: ~Copyable {
    /// Why there is no head.
    public enum Fault: Equatable, Sendable {
        /// The fields are no answer (RFC 9113 §8.1.1).
        case malformed
        /// More than `HTTP2Limits.headerListByteCount`.
        case tooLarge
        case noMemory
    }

    /// How an answer's body ends.
    public enum Framing: Equatable, Sendable {
        /// It has none, whatever its fields say.
        case none
        /// After as many bytes.
        case length(Int64)
        /// With the stream.
        case open
    }

    /// A finished head: the first `count` bytes of `block`.
    public struct Head: ~Copyable {
        public let block: Block
        public let count: Int
        public let framing: Framing

        public consuming func takeBlock() -> Block { block }
    }

    private let limits: HTTP2Limits
    /// A trailer section: checked, and not kept.
    private let isTrailers: Bool
    private var text: HeadText
    private var status = 0
    private var hasFields = false
    private var contentLength: Int64?
    /// Bytes of the fields so far, as RFC 9113 §6.5.2 counts them.
    private(set) var listByteCount = 0

    public private(set) var fault: Fault?

    public init(limits: HTTP2Limits, blocks: BlockPool, isTrailers: Bool = false) {
        self.limits = limits
        self.isTrailers = isTrailers
        text = HeadText(blocks)
    }

    /// Whether it is the head of an interim answer (RFC 9110 §15.2).
    public var isInterim: Bool { (100...199).contains(status) }

    // MARK: Fields

    /// Takes the next field; after a fault the rest is only counted.
    public mutating func add(_ name: ByteSlice, _ value: ByteSlice) {
        listByteCount += name.count + value.count + 32
        if listByteCount > limits.headerListByteCount { fault = .tooLarge }
        guard fault == nil else { return }
        guard FieldSyntax.isFieldValue(value) else { return fail() }
        if name.count > 0, name[0] == UInt8(ascii: ":") { return addPseudo(name, value) }
        hasFields = true
        guard HeadField.isName(name) else { return fail() }
        let known = FieldName(token: name)
        if isTrailers {
            if FieldNameSet.forbiddenInTrailers.contains(known) { fail() }
            return
        }
        // The status comes first (RFC 9113 §8.3).
        guard status > 0 else { return fail() }
        switch known {
        case .connection, .keepAlive, .proxyConnection, .transferEncoding, .upgrade, .http2Settings, .te: return fail()
        case .contentLength:
            guard contentLength == nil, let length = value.decimal else { return fail() }
            contentLength = length
        default: break
        }
        text.append(field: name, value)
        if text.isShort { fault = .noMemory }
    }

    private mutating func fail() { if fault == nil { fault = .malformed } }

    private mutating func addPseudo(_ name: ByteSlice, _ value: ByteSlice) {
        guard !isTrailers, !hasFields, name == ":status", status == 0, value.count == 3, let number = value.decimal, (100...599).contains(number),
            // Nothing can be upgraded to (RFC 9113 §8.6).
            number != 101
        else { return fail() }
        status = Int(number)
        text.append(ByteSlice("HTTP/1.1 "))
        text.append(value)
        text.append(ByteSlice(" \r\n"))
        if text.isShort { fault = .noMemory }
    }

    // MARK: The end

    /// The head, if its fields were one.
    /// - Parameter isEnded: no DATA will follow.
    /// - Parameter toHead: it answers HEAD: its fields speak of a body that it has not.
    public mutating func finish(isEnded: Bool, toHead: Bool) -> Head? {
        if status == 0 { fail() }
        var framing = Framing.none
        if !toHead, !isInterim, status != 204, status != 304 {
            if let contentLength {
                if isEnded, contentLength > 0 { fail() }
                framing = .length(contentLength)
            } else if isEnded {
                framing = .length(0)
                text.append(field: "content-length", ByteSlice("0"))
            } else {
                framing = .open
                text.append(field: "transfer-encoding", ByteSlice("chunked"))
            }
        }
        text.append(ByteSlice("\r\n"))
        if text.isShort, fault == nil { fault = .noMemory }
        guard fault == nil, let block = text.takeBlock() else { return nil }
        return Head(block: block, count: text.count, framing: framing)
    }
}
