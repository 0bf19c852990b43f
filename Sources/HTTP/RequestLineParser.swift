import Bytes

/// Reads the empty lines before a request and its request line, and can stop at any byte.
///
///     start → method → target start → path → query → version → (field lines)
///                            ↓         ↑
///                          scheme → authority
///
/// Every state keeps only offsets. The fault of a byte is raised when that byte is seen.
/// - Source: RFC 9112 §2.2, §3
struct RequestLineParser {
    private enum Phase { case start, method, targetStart, scheme, authority, path, query, asterisk, version }

    private var phase = Phase.start
    private var position = 0
    private var mark = 0
    private var lineStart = 0
    private var emptyLines = 0
    private var authority = 0..<0

    /// The offset after the request line, or nil when it is not whole.
    mutating func parse(
        _ head: ByteSlice, _ limits: HTTPLimits, into request: inout RequestHead
    ) throws(HTTPError) -> Int? {
        if phase == .start {
            guard try skipEmptyLines(head, limits) else { return nil }
        }
        // The version is followed by its CRLF, which the limit does not count.
        let limit = lineStart + limits.startLineByteCount
        let line = head.prefix(min(head.count, limit))
        while phase != .version {
            guard try step(line, &request) else {
                if position >= limit { throw .startLineTooLong(limit: limits.startLineByteCount) }
                return nil
            }
        }
        return try finishVersion(head, limit, limits, &request)
    }

    /// The authority of an absolute target, to be compared with Host.
    var authorityRange: Range<Int> { authority }

    private mutating func skipEmptyLines(_ head: ByteSlice, _ limits: HTTPLimits) throws(HTTPError) -> Bool {
        while position < head.count {
            let byte = head[position]
            if byte == ByteScan.lineFeed { throw .bareLineFeed(at: position) }
            guard byte == ByteScan.carriageReturn else {
                lineStart = position
                mark = position
                phase = .method
                return true
            }
            guard position + 1 < head.count else { return false }
            guard head[position + 1] == ByteScan.lineFeed else { throw .bareCarriageReturn(at: position) }
            emptyLines += 1
            if emptyLines > limits.emptyLineCount { throw .tooManyEmptyLines(limit: limits.emptyLineCount) }
            position += 2
        }
        return false
    }

    /// Reads one element of the line; false when its bytes ran out.
    @inline(__always)
    private mutating func step(_ line: ByteSlice, _ request: inout RequestHead) throws(HTTPError) -> Bool {
        switch phase {
        case .method: try readMethod(line, &request)
        case .targetStart: try startTarget(line, &request)
        case .scheme: try readScheme(line)
        case .authority: try readAuthority(line, &request)
        case .path, .query: try readPath(line, &request)
        case .asterisk: try readAsterisk(line, &request)
        case .start, .version: true
        }
    }

    private mutating func readMethod(_ line: ByteSlice, _ request: inout RequestHead) throws(HTTPError) -> Bool {
        while position < line.count, line[position] != ByteScan.space {
            let byte = line[position]
            if ByteScan.isControl(byte) { throw .control(byte, at: position) }
            guard ByteScan.isToken(byte) else { throw .invalidMethod(at: position) }
            position += 1
            if position - mark > HTTPLimits.methodByteCount { throw .unknownMethod(at: mark) }
        }
        guard position < line.count else { return false }
        let bytes = line[mark..<position]
        if bytes.isEmpty { throw .invalidMethod(at: position) }
        guard let method = Method(bytes) else {
            throw bytes == "PRI" ? .http2Preface : .unknownMethod(at: mark)
        }
        if method == .connect { throw .connectRefused }
        request.method = method
        request.methodRange = mark..<position
        position += 1
        mark = position
        phase = .targetStart
        return true
    }

    private mutating func startTarget(_ line: ByteSlice, _ request: inout RequestHead) throws(HTTPError) -> Bool {
        guard position < line.count else { return false }
        switch line[position] {
        case UInt8(ascii: "/"):
            phase = .path
            request.pathRange = mark..<mark
        case UInt8(ascii: "*") where request.method == .options:
            request.targetForm = .asterisk
            phase = .asterisk
            position += 1
        case UInt8(ascii: "h"), UInt8(ascii: "H"):
            request.targetForm = .absolute
            phase = .scheme
        case let byte:
            throw targetFault(byte)
        }
        return true
    }

    private mutating func readScheme(_ line: ByteSlice) throws(HTTPError) -> Bool {
        let plain = ByteSlice("http://")
        let secure = ByteSlice("https://")
        while position < line.count {
            let index = position - mark
            let byte = ASCII.lowercased(line[position])
            // The two part at the fifth byte; before it either serves.
            let wanted = index < 5 || ASCII.lowercased(line[mark + 4]) != UInt8(ascii: "s") ? plain : secure
            guard byte == wanted[index] || (index == 4 && byte == secure[4]) else { throw targetFault(line[position]) }
            position += 1
            if index > 4, index + 1 == wanted.count {
                authority = position..<position
                phase = .authority
                return true
            }
        }
        return false
    }

    private mutating func readAuthority(_ line: ByteSlice, _ request: inout RequestHead) throws(HTTPError) -> Bool {
        position = ByteScan.firstAuthorityEnd(line.base, position, line.count)
        guard position < line.count else { return false }
        authority = authority.lowerBound..<position
        let byte = line[position]
        switch byte {
        case UInt8(ascii: "/"), UInt8(ascii: "?"), ByteScan.space: break
        default: throw targetFault(byte)
        }
        guard Authority.isValid(line[authority]) else { throw .invalidAuthority(at: authority.lowerBound) }
        request.pathRange = position..<position
        phase = .path
        return true
    }

    private mutating func readPath(_ line: ByteSlice, _ request: inout RequestHead) throws(HTTPError) -> Bool {
        while true {
            position = ByteScan.firstTargetStop(line.base, position, line.count)
            guard position < line.count else { return false }
            let byte = line[position]
            if byte == ByteScan.space { break }
            guard byte == UInt8(ascii: "?") else { throw targetFault(byte) }
            if phase == .path {
                request.pathRange = request.pathRange.lowerBound..<position
                request.queryRange = (position + 1)..<(position + 1)
                phase = .query
            }
            position += 1
        }
        if let query = request.queryRange {
            request.queryRange = query.lowerBound..<position
        } else {
            request.pathRange = request.pathRange.lowerBound..<position
        }
        endTarget(&request)
        return true
    }

    private mutating func readAsterisk(_ line: ByteSlice, _ request: inout RequestHead) throws(HTTPError) -> Bool {
        guard position < line.count else { return false }
        guard line[position] == ByteScan.space else { throw targetFault(line[position]) }
        request.pathRange = mark..<position
        endTarget(&request)
        return true
    }

    private mutating func endTarget(_ request: inout RequestHead) {
        request.targetRange = mark..<position
        position += 1
        mark = position
        phase = .version
    }

    private func targetFault(_ byte: UInt8) -> HTTPError {
        switch byte {
        case ByteScan.carriageReturn: .missingVersion(at: position)
        case UInt8(ascii: "#"): .fragmentInTarget(at: position)
        case let byte where ByteScan.isControl(byte): .control(byte, at: position)
        default: .invalidTarget(at: position)
        }
    }

    private mutating func finishVersion(
        _ head: ByteSlice, _ limit: Int, _ limits: HTTPLimits, _ request: inout RequestHead
    ) throws(HTTPError) -> Int? {
        // Nearly every line ends so; the rest of this function reads what does not, byte by byte.
        if position == mark, position + 8 <= limit, head.dropFirst(position).hasPrefix("HTTP/1.1\r\n") {
            request.version = .http11
            return position + 10
        }
        while position < head.count {
            let index = position - mark
            if index < 8, position >= limit { throw .startLineTooLong(limit: limits.startLineByteCount) }
            if let fault = VersionSyntax.fault(head[position], index, at: position) { throw fault }
            switch index {
            case 7: request.version = head[position] == UInt8(ascii: "1") ? .http11 : .http10
            case 8:
                guard head[position] == ByteScan.carriageReturn else {
                    throw head[position] == ByteScan.lineFeed
                        ? .bareLineFeed(at: position) : .malformedVersion(at: position)
                }
            case 9:
                guard head[position] == ByteScan.lineFeed else { throw .bareCarriageReturn(at: position - 1) }
                return position + 1
            default: break
            }
            position += 1
        }
        return nil
    }
}

/// The eight bytes of a version, in request and status lines.
enum VersionSyntax {
    /// What is wrong with `byte` as the version's byte `index`; nothing from the ninth on.
    @inline(__always)
    static func fault(_ byte: UInt8, _ index: Int, at offset: Int) -> HTTPError? {
        let wanted = ByteSlice("HTTP/1.")
        switch index {
        case 0..<7 where byte == wanted[index]: return nil
        case 7 where byte == UInt8(ascii: "0") || byte == UInt8(ascii: "1"): return nil
        case 5, 7: return ASCII.isDigit(byte) ? .unsupportedVersion(at: offset) : .malformedVersion(at: offset)
        case 0..<8: return .malformedVersion(at: offset)
        default: return nil
        }
    }
}
