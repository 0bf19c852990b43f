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
    private let blocks: BlockPool
    /// A trailer section: checked, and not kept.
    private let isTrailers: Bool

    private var block: Block?
    private var count = 0
    private var method = 0..<0
    private var path = 0..<0
    private var authority = 0..<0
    private var hasScheme = false
    private var hasHost = false
    /// Where the request line starts, once the fields after the pseudo-header fields have begun.
    private var start: Int?
    private var cookies: Block?
    private var cookieCount = 0
    private var contentLength: Int64?
    private var listByteCount = 0

    public private(set) var fault: Fault?

    public init(limits: HTTP2Limits, blocks: BlockPool, isTrailers: Bool = false) {
        self.limits = limits
        self.blocks = blocks
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
        guard isName(name) else { return fail() }
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

    /// A token without capitals (RFC 9113 §8.2.1).
    private func isName(_ name: ByteSlice) -> Bool {
        guard FieldSyntax.isToken(name) else { return false }
        for index in 0..<name.count where name[index] != ASCII.lowercased(name[index]) { return false }
        return true
    }

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
        guard let base, isSame(ByteSlice(base + authority.lowerBound, count: authority.count), value) else { return fail() }
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
        let needed = count + method.count + path.count + authority.count + 32
        guard reserve(needed), let base else { return }
        var writer = ByteWriter(base + count, capacity: needed)
        writer.append(ByteSlice(base + method.lowerBound, count: method.count))
        writer.append(" ")
        if isConnect { writer.append("/") } else { writer.append(ByteSlice(base + path.lowerBound, count: path.count)) }
        writer.append(" HTTP/1.1\r\n")
        if !authority.isEmpty { writer.append(field: "host", ByteSlice(base + authority.lowerBound, count: authority.count)) }
        start = count
        count += writer.count
    }

    private func isMethod(_ wanted: StaticString) -> Bool {
        guard let base else { return false }
        return ByteSlice(base + method.lowerBound, count: method.count) == wanted
    }

    private var isSlash: Bool { base.map { $0[path.lowerBound] == UInt8(ascii: "/") } ?? false }

    private mutating func addCookie(_ crumb: ByteSlice) {
        // One field in HTTP/1.1 (RFC 9113 §8.2.3).
        let needed = cookieCount + crumb.count + 2
        if cookieCapacity < needed {
            guard let larger = blocks.lease(atLeast: max(needed, 2 * cookieCount)) else {
                fault = .noMemory
                return
            }
            if let smaller = cookies.take() { larger.copy(smaller.slice(0..<cookieCount), to: 0) }
            cookies = consume larger
        }
        if cookieCount > 0 {
            cookies?.copy(ByteSlice("; "), to: cookieCount)
            cookieCount += 2
        }
        cookies?.copy(crumb, to: cookieCount)
        cookieCount += crumb.count
    }

    private var cookieCapacity: Int {
        switch cookies {
        case .some(let block): block.capacity
        case nil: 0
        }
    }

    private mutating func append(_ name: ByteSlice, _ value: ByteSlice) {
        let needed = name.count + value.count + 4
        guard reserve(count + needed), let base else { return }
        var writer = ByteWriter(base + count, capacity: needed)
        writer.append(field: name, value)
        count += writer.count
    }

    private mutating func append(_ name: StaticString, _ value: ByteSlice) { append(ByteSlice(name), value) }

    private mutating func stash(_ value: ByteSlice) -> Range<Int> {
        guard reserve(count + value.count) else { return 0..<0 }
        block?.copy(value, to: count)
        defer { count += value.count }
        return count..<count + value.count
    }

    private var base: UnsafeMutablePointer<UInt8>? {
        switch block {
        case .some(let block): block.base
        case nil: nil
        }
    }

    /// Room for `needed` bytes in all; false, and a fault, when there is no memory.
    private mutating func reserve(_ needed: Int) -> Bool {
        guard let current = block.take() else {
            block = blocks.lease(atLeast: max(needed, HTTP2Limits.firstBlockByteCount))
            if block == nil { fault = .noMemory }
            return block != nil
        }
        if current.capacity >= needed {
            block = consume current
            return true
        }
        guard let larger = blocks.lease(atLeast: max(needed, 2 * current.capacity)) else {
            block = consume current
            fault = .noMemory
            return false
        }
        larger.copy(current.slice(0..<count), to: 0)
        block = consume larger
        return true
    }

    // MARK: The end

    /// The head, if its fields were one.
    /// - Parameter hasBody: whether DATA will follow. Without a length the body is announced as chunks, which is how the stream's
    ///   bytes are then framed.
    public mutating func finish(hasBody: Bool) -> Head? {
        if start == nil, fault == nil { startHead() }
        if !hasBody, let contentLength, contentLength > 0 { fail() }
        guard fault == nil, let start else { return nil }
        if cookieCount > 0, let crumbs = cookies.take() { append("cookie", crumbs.slice(0..<cookieCount)) }
        if hasBody, contentLength == nil { append("transfer-encoding", ByteSlice("chunked")) }
        guard reserve(count + 2), fault == nil else { return nil }
        block?.copy(ByteSlice("\r\n"), to: count)
        count += 2
        guard let block = block.take() else { return nil }
        return Head(block: block, range: start..<count, contentLength: contentLength)
    }
}
