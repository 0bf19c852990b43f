import Bytes

/// The versions this gateway speaks. No head of a message says HTTP/2: see `RequestHead.cameOver`.
public enum HTTPVersion: UInt8, Sendable, BitwiseCopyable {
    case http10, http11, http2
}

/// How long a message's body is (RFC 9112 §6.3).
public enum BodyFraming: Equatable, Sendable {
    case none
    /// Exactly so many bytes; zero when a length of zero was stated.
    case length(Int64)
    case chunked
    /// Until the connection closes. Responses only.
    case untilClose
}

/// What reading a head came to.
public enum ParseProgress: Equatable, Sendable {
    /// The head is not whole yet; call again with the same bytes and more.
    case needMore
    /// The head ends before this offset, where the body or the next message starts.
    case complete(Int)
}

/// What a message's `Connection` fields ask for (RFC 9110 §7.6.1).
public struct ConnectionOptions: OptionSet, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let close = ConnectionOptions(rawValue: 1)
    public static let keepAlive = ConnectionOptions(rawValue: 2)
    public static let upgrade = ConnectionOptions(rawValue: 4)
    /// Names fields besides these: they are for this connection only and must be removed.
    public static let fields = ConnectionOptions(rawValue: 8)
}

/// The framing a head's fields have stated so far, each checked when its line is whole.
///
/// Stricter than RFC 9112 §6.3 allows, because two readers of one ambiguous message are how requests are
/// smuggled: a second Content-Length is an error even when equal, and so is any Transfer-Encoding but
/// exactly `chunked`, or one beside a Content-Length.
struct StatedFraming {
    private(set) var contentLength: Int64?
    private(set) var isChunked = false
    private(set) var options: ConnectionOptions = []

    /// Takes a `Content-Length`, `Transfer-Encoding` or `Connection` line; others change nothing.
    mutating func note(_ line: FieldLine, in head: ByteSlice, version: HTTPVersion) throws(HTTPError) {
        let value = head[line.valueRange]
        let at = line.range.lowerBound
        switch line.name {
        case .contentLength:
            if contentLength != nil { throw .repeatedContentLength(at: at) }
            if isChunked { throw .contentLengthWithTransferEncoding(at: at) }
            guard let length = value.decimal else { throw .invalidContentLength(at: at) }
            contentLength = length
        case .transferEncoding:
            if isChunked { throw .repeatedTransferEncoding(at: at) }
            if contentLength != nil { throw .contentLengthWithTransferEncoding(at: at) }
            if version == .http10 { throw .transferEncodingInHTTP10(at: at) }
            guard value.equalsIgnoringCase("chunked") else { throw StatedFraming.codingFault(value, at: at) }
            isChunked = true
        case .connection:
            try noteConnection(value, at: at)
        default: break
        }
    }

    /// Whether the connection may carry another message after this one.
    func keepsAlive(_ version: HTTPVersion) -> Bool {
        if options.contains(.close) { return false }
        return version == .http11 || options.contains(.keepAlive)
    }

    private mutating func noteConnection(_ value: ByteSlice, at offset: Int) throws(HTTPError) {
        if value.equalsIgnoringCase("keep-alive") {
            options.insert(.keepAlive)
            return
        }
        var list = FieldList(value)
        while let element = list.next() {
            if element.isEmpty { continue }
            guard FieldSyntax.isToken(element) else { throw .invalidConnection(at: offset) }
            if element.equalsIgnoringCase("close") {
                options.insert(.close)
            } else if element.equalsIgnoringCase("keep-alive") {
                options.insert(.keepAlive)
            } else {
                if element.equalsIgnoringCase("upgrade") { options.insert(.upgrade) }
                options.insert(.fields)
            }
        }
    }

    /// 501 when the list is well-formed and could frame a body, were its codings known; else 400.
    private static func codingFault(_ value: ByteSlice, at offset: Int) -> HTTPError {
        var list = FieldList(value)
        var elements = 0
        var chunked = 0
        var endsChunked = false
        while let element = list.next() {
            guard FieldSyntax.isToken(element) else { return .invalidTransferEncoding(at: offset) }
            elements += 1
            endsChunked = element.equalsIgnoringCase("chunked")
            if endsChunked { chunked += 1 }
        }
        let framesABody = elements == 1 || (endsChunked && chunked == 1)
        return framesABody ? .unknownTransferCoding(at: offset) : .invalidTransferEncoding(at: offset)
    }
}
