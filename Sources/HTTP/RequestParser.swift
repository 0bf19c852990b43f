public import Bytes

/// Reads request heads, one after another, from a buffer that grows between calls.
///
/// A byte that was accepted is not scanned again, and a fault is raised as soon as a byte shows it, so
/// that a client that sends a bad line and waits is answered at once. After an error the connection's
/// framing is unknown: answer it and close; the parser is not to be used again.
///
/// Strict where leniency has let requests be smuggled (RFC 9112 §11.2): line ends are CRLF only, no folded
/// lines, no blank before a colon, one Content-Length at most, no Transfer-Encoding but exactly
/// `chunked` and never beside a Content-Length or in HTTP/1.0, exactly one valid Host in HTTP/1.1.
public struct RequestParser {
    private enum Phase { case idle, requestLine, fields }

    private let limits: HTTPLimits
    private var phase = Phase.idle
    private var requestLine = RequestLineParser()
    private var fieldLines = FieldLineParser(at: 0)
    private var stated = StatedFraming()

    public init(limits: HTTPLimits = HTTPLimits()) {
        precondition(limits.headByteCount <= HTTPLimits.largestHeadByteCount, "offsets into a head are 32-bit")
        self.limits = limits
    }

    /// Whether some bytes of a request have been taken that is not whole yet.
    public var isMidway: Bool { phase != .idle }

    /// Reads on.
    ///
    /// - Parameter buffer: the bytes from the request's first one. Each call for one request gets the
    ///   same bytes and more, at any address; after `.complete` the next call starts another request.
    public mutating func parse(
        _ buffer: ByteSlice, into head: inout RequestHead
    ) throws(HTTPError) -> ParseProgress {
        let window = buffer.prefix(min(buffer.count, limits.headByteCount))
        if phase != .fields {
            if buffer.isEmpty { return .needMore }
            if phase == .idle {
                head.reset()
                phase = .requestLine
            }
            guard let lineEnd = try requestLine.parse(window, limits, into: &head) else { return try starve(buffer) }
            fieldLines = FieldLineParser(at: lineEnd)
            phase = .fields
        }
        // A copy, whose offsets the optimiser keeps in registers.
        var lines = fieldLines
        defer { fieldLines = lines }
        while true {
            switch try lines.next(window, into: &head.fields) {
            case .needMore:
                return try starve(buffer)
            case .line(let index):
                switch head.fields[index].name {
                case .host, .contentLength, .transferEncoding, .connection, .expect: try heed(index, window, &head)
                default: break
                }
            case .end(let end):
                try finish(&head)
                requestLine = RequestLineParser()
                stated = StatedFraming()
                phase = .idle
                return .complete(end)
            }
        }
    }

    private func starve(_ buffer: ByteSlice) throws(HTTPError) -> ParseProgress {
        if buffer.count >= limits.headByteCount { throw .headTooLong(limit: limits.headByteCount) }
        return .needMore
    }

    private mutating func heed(_ index: Int, _ window: ByteSlice, _ head: inout RequestHead) throws(HTTPError) {
        let line = head.fields[index]
        switch line.name {
        case .host:
            if head.hostRange != nil { throw .repeatedHost(at: line.range.lowerBound) }
            let host = window[line.valueRange]
            guard Authority.isValid(host) else { throw .invalidHost(at: line.range.lowerBound) }
            if head.targetForm == .absolute, !isTargetAuthority(host, window) {
                throw .authorityIsNotHost(at: requestLine.authorityRange.lowerBound)
            }
            head.hostRange = line.valueRange
        case .expect:
            // HTTP/1.0 has no expectations (RFC 9110 §10.1.1).
            if head.version == .http10 { return }
            guard window[line.valueRange].equalsIgnoringCase("100-continue") else {
                throw .unsupportedExpectation(at: line.range.lowerBound)
            }
            head.expectsContinue = true
        default:
            try stated.note(line, in: window, version: head.version)
        }
    }

    private func isTargetAuthority(_ host: ByteSlice, _ window: ByteSlice) -> Bool {
        let authority = window[requestLine.authorityRange]
        guard authority.count == host.count else { return false }
        for index in 0..<host.count where ASCII.lowercased(host[index]) != ASCII.lowercased(authority[index]) {
            return false
        }
        return true
    }

    private func finish(_ head: inout RequestHead) throws(HTTPError) {
        if head.hostRange == nil, head.version == .http11 { throw .missingHost }
        if stated.isChunked {
            head.framing = .chunked
        } else if let length = stated.contentLength {
            head.framing = .length(length)
        }
        if head.framing == .none || head.framing == .length(0) { head.expectsContinue = false }
        head.connection = stated.options
        head.keepAlive = stated.keepsAlive(head.version)
        head.upgradeRequested = stated.options.contains(.upgrade) && head.fields.contains(.upgrade)
    }
}
