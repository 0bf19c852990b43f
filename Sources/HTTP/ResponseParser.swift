public import Bytes

/// Reads response heads, one after another, from a buffer that grows between calls.
///
/// An upstream is not trusted: the field rules are those of `RequestParser`, and an empty line before the
/// status line is an error, since on a reused connection it is a byte of something else. What real servers
/// do is taken: no reason phrase, bytes above 127 in it, any status from 100 to 999.
/// - Source: RFC 9112 §4, §6.3
public struct ResponseParser {
    private enum Phase { case statusLine, fields }

    private let limits: HTTPLimits
    private var phase = Phase.statusLine
    private var position = 0
    private var fieldLines = FieldLineParser(at: 0)
    private var stated = StatedFraming()

    public init(limits: HTTPLimits = HTTPLimits()) {
        precondition(limits.headByteCount <= HTTPLimits.largestHeadByteCount, "offsets into a head are 32-bit")
        self.limits = limits
    }

    /// Reads on.
    ///
    /// - Parameters:
    ///   - buffer: the bytes from the head's first one. Each call for one head gets the same bytes and
    ///     more, at any address; after `.complete` the next call starts another head.
    ///   - method: the request's, since an answer to HEAD has no body.
    public mutating func parse(
        _ buffer: ByteSlice, answering method: Method, into head: inout ResponseHead
    ) throws(HTTPError) -> ParseProgress {
        let window = buffer.prefix(min(buffer.count, limits.headByteCount))
        if phase == .statusLine {
            if position == 0 { head.reset() }
            guard try readStatusLine(window, &head) else { return try starve(buffer) }
            fieldLines = FieldLineParser(at: position)
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
                case .contentLength, .transferEncoding, .connection:
                    try stated.note(head.fields[index], in: window, version: head.version)
                default: break
                }
            case .end(let end):
                try finish(&head, answering: method)
                phase = .statusLine
                position = 0
                stated = StatedFraming()
                return .complete(end)
            }
        }
    }

    private func starve(_ buffer: ByteSlice) throws(HTTPError) -> ParseProgress {
        if buffer.count >= limits.headByteCount { throw .headTooLong(limit: limits.headByteCount) }
        return .needMore
    }

    /// `HTTP/1.1 200 OK`: the first thirteen bytes have fixed places, the reason is any text.
    private mutating func readStatusLine(_ window: ByteSlice, _ head: inout ResponseHead) throws(HTTPError) -> Bool {
        if position == 0 { readUsualStart(window, &head) }
        while position < min(window.count, 13) {
            try readFixed(window[position], &head)
            // The space before an absent reason phrase may be absent too.
            if position == 12, window[position] == ByteScan.carriageReturn { break }
            position += 1
        }
        guard position >= 12, position < window.count else { return false }
        let line = window.prefix(min(window.count, limits.startLineByteCount + 1))
        position = ByteScan.firstControl(line.base, position, line.count)
        if position > limits.startLineByteCount || (position == line.count && line.count > limits.startLineByteCount) {
            throw .startLineTooLong(limit: limits.startLineByteCount)
        }
        guard position < window.count else { return false }
        guard window[position] == ByteScan.carriageReturn else {
            throw .control(window[position], at: position)
        }
        guard position + 1 < window.count else { return false }
        guard window[position + 1] == ByteScan.lineFeed else { throw .bareCarriageReturn(at: position) }
        head.reasonRange = min(13, position)..<position
        position += 2
        return true
    }

    /// Takes `HTTP/1.1 200 ` at once, which is what nearly every response starts with; else nothing.
    private mutating func readUsualStart(_ window: ByteSlice, _ head: inout ResponseHead) {
        guard window.count >= 13, window.hasPrefix("HTTP/1.1 "), window[12] == ByteScan.space,
            let status = window[9..<12].decimal, status >= 100
        else { return }
        head.version = .http11
        head.status = Int(status)
        position = 13
    }

    private func readFixed(_ byte: UInt8, _ head: inout ResponseHead) throws(HTTPError) {
        if let fault = VersionSyntax.fault(byte, position, at: position) { throw fault }
        switch position {
        case 0..<7: break
        case 7:
            head.version = byte == UInt8(ascii: "1") ? .http11 : .http10
            head.status = 0
        case 8:
            guard byte == ByteScan.space else { throw .invalidStatusLine(at: position) }
        case 9...11:
            guard ASCII.isDigit(byte), position > 9 || byte != UInt8(ascii: "0") else {
                throw .invalidStatusLine(at: position)
            }
            head.status = head.status * 10 + Int(byte - UInt8(ascii: "0"))
        default:
            guard byte == ByteScan.space || byte == ByteScan.carriageReturn else {
                throw byte == ByteScan.lineFeed ? .bareLineFeed(at: position) : .invalidStatusLine(at: position)
            }
        }
    }

    /// The order of RFC 9112 §6.3.
    private func finish(_ head: inout ResponseHead, answering method: Method) throws(HTTPError) {
        // No upgrade is ever asked for; what follows a 101 would be another protocol's bytes.
        if head.status == 101 { throw .unsolicitedUpgrade }
        head.connection = stated.options
        head.keepAlive = stated.keepsAlive(head.version)
        let statesABody = stated.isChunked || (stated.contentLength ?? 0) > 0
        if method == .head || head.status == 304 {
            head.framing = .none
        } else if head.status < 200 || head.status == 204 {
            // A server that states a body here may well send it: do not read on as if it had not.
            if statesABody { head.keepAlive = false }
            head.framing = .none
        } else if stated.isChunked {
            head.framing = .chunked
        } else if let length = stated.contentLength {
            head.framing = .length(length)
        } else {
            head.framing = .untilClose
            head.keepAlive = false
        }
    }
}
