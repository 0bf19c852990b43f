public import Bytes
import HTTP

/// Makes the head of an HTTP/1.1 request of a header block's fields, as strict as the bytes a parser lets through.
///
///     :method, :path, :authority, :scheme  →  POST /path HTTP/1.1
///     content-type: …                         host: authority
///     cookie: a  cookie: b                    content-type: …
///                                             cookie: a; b
///
/// What comes out is read again by `RequestParser`: every step after it sees one kind of request, and no request of HTTP/2 can
/// become two of HTTP/1.1. Anything that one of the two could read otherwise than the other makes the block malformed.
/// - Source: RFC 9113 §8.2, §8.3, §10.3
public struct RequestHeadBuilder: ~Copyable {
    /// Why there is no head.
    public enum Fault: Equatable, Sendable {
        /// The fields are no request (RFC 9113 §8.1.1).
        case malformed
        /// More than `HTTP2Limits.headerListByteCount`.
        case tooLarge
        case noMemory
    }

    /// A finished head: bytes `range` of `block`.
    public struct Head: ~Copyable {
        public let block: Block
        public let range: Range<Int>
        /// How long the body is to be; nil when its fields do not say.
        public let contentLength: Int64?

        public consuming func takeBlock() -> Block { block }
    }

    private let limits: HTTP2Limits
    /// A trailer section: checked, and not kept.
    private let isTrailers: Bool

    private var text: HeadText
    private var method = 0..<0
    private var path = 0..<0
    private var authority = 0..<0
    private var hasScheme = false
    private var hasHost = false
    /// Where the request line starts, once the fields after the pseudo-header fields have begun.
    private var start: Int?
    private var cookies: HeadText
    private var contentLength: Int64?
    private var listByteCount = 0

    public private(set) var fault: Fault?

    public init(limits: HTTP2Limits, blocks: BlockPool, isTrailers: Bool = false) {
        self.limits = limits
        text = HeadText(blocks)
        cookies = HeadText(blocks)
        self.isTrailers = isTrailers
    }

    // MARK: Fields

    /// Takes the next field; after a fault the rest is only counted.
    public mutating func add(_ name: ByteSlice, _ value: ByteSlice) {
        listByteCount += name.count + value.count + 32
        if listByteCount > limits.headerListByteCount { fault = .tooLarge }
        guard fault == nil else { return }
        guard FieldSyntax.isFieldValue(value) else { return fail() }
        if name.count > 0, name[0] == UInt8(ascii: ":") { return addPseudo(name, value) }
        guard HeadField.isName(name) else { return fail() }
        if isTrailers {
            if FieldNameSet.forbiddenInTrailers.contains(FieldName(token: name)) { fail() }
            return
        }
        if start == nil { startHead() }
        switch FieldName(token: name) {
        case .connection, .keepAlive, .proxyConnection, .transferEncoding, .upgrade, .http2Settings:
            fail()
        case .te:
            // Says nothing to an upstream: trailers are not passed on.
            if !value.equalsIgnoringCase("trailers") { fail() }
        case .host: addHost(value)
        case .cookie: addCookie(value)
        case .contentLength:
            guard contentLength == nil, let length = value.decimal else { return fail() }
            contentLength = length
            append(name, value)
        default: append(name, value)
        }
    }

    private mutating func fail() { if fault == nil { fault = .malformed } }

    private mutating func addPseudo(_ name: ByteSlice, _ value: ByteSlice) {
        // Before all others, each once, none of them empty (RFC 9113 §8.3).
        guard start == nil, !isTrailers, !value.isEmpty else { return fail() }
        if name == ":method", method.isEmpty {
            guard FieldSyntax.isToken(value) else { return fail() }
            method = stash(value)
        } else if name == ":path", path.isEmpty {
            guard isPath(value) else { return fail() }
            path = stash(value)
        } else if name == ":authority", authority.isEmpty {
            authority = stash(value)
        } else if name == ":scheme", !hasScheme {
            guard value.equalsIgnoringCase("http") || value.equalsIgnoringCase("https") else { return fail() }
            hasScheme = true
        } else {
            fail()
        }
    }

    /// `/` and what may follow it, or `*`; the parser knows for which methods. No blank, so that the request line stays one.
    private func isPath(_ value: ByteSlice) -> Bool {
        guard value[0] == UInt8(ascii: "/") || value == "*" else { return false }
        for index in 0..<value.count {
            let byte = value[index]
            if byte <= 0x20 || byte >= 0x7F || byte == UInt8(ascii: "#") { return false }
        }
        return true
    }

    private mutating func addHost(_ value: ByteSlice) {
        guard !hasHost else { return fail() }
        hasHost = true
        if authority.isEmpty { return append("host", value) }
        // Two names for one request are how one is smuggled past a check of the other.
        guard isSame(text.slice(authority), value) else { return fail() }
    }

    /// Whether two texts are the same but for the case of ASCII letters.
    private func isSame(_ left: ByteSlice, _ right: ByteSlice) -> Bool {
        guard left.count == right.count else { return false }
        for index in 0..<left.count where ASCII.lowercased(left[index]) != ASCII.lowercased(right[index]) { return false }
        return true
    }

    // MARK: Writing

    private mutating func startHead() {
        guard !method.isEmpty else { return fail() }
        let isConnect = isMethod("CONNECT")
        if isConnect {
            // It names no resource (RFC 9113 §8.5). The parser refuses it; what it is refused with is of no matter.
            guard path.isEmpty, !hasScheme, !authority.isEmpty else { return fail() }
        } else {
            guard !path.isEmpty, hasScheme, path.count > 1 || isSlash || isMethod("OPTIONS") else { return fail() }
        }
        // At once, so that what lies in it already stays where it is.
        guard text.reserve(method.count + path.count + authority.count + 32) else { return failShort() }
        start = text.count
        text.append(text.slice(method))
        text.append(ByteSlice(" "))
        text.append(isConnect ? ByteSlice("/") : text.slice(path))
        text.append(ByteSlice(" HTTP/1.1\r\n"))
        if !authority.isEmpty { text.append(field: "host", text.slice(authority)) }
    }

    private mutating func failShort() { if fault == nil { fault = .noMemory } }

    private func isMethod(_ wanted: StaticString) -> Bool {
        text.slice(method) == wanted
    }

    private var isSlash: Bool { text.slice(path).hasPrefix("/") }

    private mutating func addCookie(_ crumb: ByteSlice) {
        // One field in HTTP/1.1 (RFC 9113 §8.2.3).
        if cookies.count > 0 { cookies.append(ByteSlice("; ")) }
        cookies.append(crumb)
        if cookies.isShort { failShort() }
    }

    private mutating func append(_ name: ByteSlice, _ value: ByteSlice) {
        text.append(field: name, value)
        if text.isShort { failShort() }
    }

    private mutating func append(_ name: StaticString, _ value: ByteSlice) { append(ByteSlice(name), value) }

    private mutating func stash(_ value: ByteSlice) -> Range<Int> {
        let start = text.count
        text.append(value)
        if text.isShort { failShort() }
        return start..<text.count
    }

    // MARK: The end

    /// The head, if its fields were one.
    /// - Parameter hasBody: whether DATA will follow. Without a length the body is announced as chunks, which is how the stream's
    ///   bytes are then framed.
    public mutating func finish(hasBody: Bool) -> Head? {
        if start == nil, fault == nil { startHead() }
        if !hasBody, let contentLength, contentLength > 0 { fail() }
        guard fault == nil, let start else { return nil }
        if cookies.count > 0 { append("cookie", cookies.slice(0..<cookies.count)) }
        if hasBody, contentLength == nil { append("transfer-encoding", ByteSlice("chunked")) }
        text.append(ByteSlice("\r\n"))
        if text.isShort { failShort() }
        guard fault == nil, let block = text.takeBlock() else { return nil }
        return Head(block: block, range: start..<text.count, contentLength: contentLength)
    }
}
