/// What is wrong with a message, and where.
///
/// `at` counts bytes from the start of the head, or of the body's wire bytes for chunked bodies.
public enum HTTPError: Error, Equatable, Sendable {
    case bareCarriageReturn(at: Int)
    case bareLineFeed(at: Int)
    case controlByte(UInt8, at: Int)
    case tooManyEmptyLines(limit: Int)

    case invalidMethod(at: Int)
    case unknownMethod(at: Int)
    case connectRefused
    case http2Preface
    case invalidTarget(at: Int)
    case fragmentInTarget(at: Int)
    case invalidAuthority(at: Int)
    case missingVersion(at: Int)
    case malformedVersion(at: Int)
    case unsupportedVersion(at: Int)
    case invalidStatusLine(at: Int)
    case unsolicitedUpgrade

    case startLineTooLong(limit: Int)
    case headTooLong(limit: Int)
    case tooManyFields(limit: Int)

    case invalidFieldName(at: Int)
    case foldedLine(at: Int)
    case invalidConnection(at: Int)
    case unsupportedExpectation(at: Int)

    case missingHost
    case repeatedHost(at: Int)
    case invalidHost(at: Int)
    case authorityIsNotHost(at: Int)

    case invalidContentLength(at: Int)
    case repeatedContentLength(at: Int)
    case invalidTransferEncoding(at: Int)
    case unknownTransferCoding(at: Int)
    case repeatedTransferEncoding(at: Int)
    case transferEncodingInHTTP10(at: Int)
    case contentLengthWithTransferEncoding(at: Int)

    case invalidChunkSize(at: Int)
    case chunkSizeOverflow(at: Int)
    case invalidChunkExtension(at: Int)
    case chunkExtensionsTooLong(limit: Int)
    case unterminatedChunk(at: Int)
    case forbiddenTrailer(FieldName, at: Int)
    case trailersTooLong(limit: Int)
}

extension HTTPError {
    /// The status a client is answered with. The same fault in an upstream's answer is the
    /// gateway's 502, whatever this says.
    public var status: Int {
        switch self {
        case .startLineTooLong: 414
        case .unsupportedExpectation: 417
        case .headTooLong, .tooManyFields, .trailersTooLong: 431
        case .unknownMethod, .connectRefused, .unknownTransferCoding: 501
        case .http2Preface, .unsupportedVersion: 505
        default: 400
        }
    }

    /// One sentence for the peer: where, what, and what would be right.
    public var message: String {
        switch self {
        case .bareCarriageReturn(let at): "byte \(at) is a carriage return without a line feed; lines end with CRLF"
        case .bareLineFeed(let at): "byte \(at) is a line feed without a carriage return; lines end with CRLF"
        case .controlByte(let byte, let at): "byte \(at) is the control character \(byte), which no head may hold"
        case .tooManyEmptyLines(let limit): "more than \(limit) empty lines before the request line"
        case .invalidMethod(let at): "byte \(at) is no method character"
        case .unknownMethod: "the method is not one this gateway knows; methods are upper case"
        case .connectRefused: "CONNECT is not offered; this is a gateway, not a tunnel"
        case .http2Preface: "HTTP/2 with prior knowledge is not offered here; use HTTP/1.1"
        case .invalidTarget(let at): "byte \(at) is not allowed in a request target; use /path or http://host/path, percent-encoded"
        case .fragmentInTarget(let at): "byte \(at) starts a fragment, which is never sent in a request target"
        case .invalidAuthority(let at): "the authority at byte \(at) is not host[:port]"
        case .missingVersion(let at): "the request line ends at byte \(at) without a version; use HTTP/1.1"
        case .malformedVersion(let at): "byte \(at) does not continue HTTP/1.1"
        case .unsupportedVersion: "only HTTP/1.0 and HTTP/1.1 are offered here"
        case .invalidStatusLine(let at): "byte \(at) does not continue a status line"
        case .unsolicitedUpgrade: "status 101 answers an upgrade nobody asked for"
        case .startLineTooLong(let limit): "the start line is longer than \(limit) bytes"
        case .headTooLong(let limit): "the head is longer than \(limit) bytes"
        case .tooManyFields(let limit): "more than \(limit) header fields"
        case .invalidFieldName(let at): "byte \(at) is not allowed in a field name; a name is a token followed by a colon"
        case .foldedLine(let at): "the line at byte \(at) starts with a blank; folded lines are not accepted"
        case .invalidConnection(let at): "the connection field at byte \(at) is no list of names"
        case .unsupportedExpectation(let at): "the expectation at byte \(at) is not 100-continue"
        case .missingHost: "an HTTP/1.1 request needs a host field"
        case .repeatedHost(let at): "the host field at byte \(at) is a second one"
        case .invalidHost(let at): "the host field at byte \(at) is not host[:port]"
        case .authorityIsNotHost(let at): "the request target at byte \(at) names another host than the host field"
        case .invalidContentLength(let at): "the content-length at byte \(at) is no decimal number below 2^63"
        case .repeatedContentLength(let at): "the content-length at byte \(at) is a second one"
        case .invalidTransferEncoding(let at): "the transfer-encoding at byte \(at) is not chunked"
        case .unknownTransferCoding(let at): "the transfer-encoding at byte \(at) names a coding other than chunked"
        case .repeatedTransferEncoding(let at): "the transfer-encoding at byte \(at) is a second one"
        case .transferEncodingInHTTP10(let at): "the transfer-encoding at byte \(at) stands in an HTTP/1.0 message"
        case .contentLengthWithTransferEncoding(let at):
            "the field at byte \(at) gives the body a second length; send content-length or transfer-encoding, not both"
        case .invalidChunkSize(let at): "body byte \(at) does not continue a chunk size line"
        case .chunkSizeOverflow(let at): "the chunk size at body byte \(at) has more than 16 digits or passes 2^63"
        case .invalidChunkExtension(let at): "body byte \(at) does not continue a chunk extension"
        case .chunkExtensionsTooLong(let limit): "the body's chunk extensions are longer than \(limit) bytes"
        case .unterminatedChunk(let at): "body byte \(at) should end its chunk with CRLF"
        case .forbiddenTrailer(let name, let at): "the trailer at body byte \(at) is \(name), which may only stand in the head"
        case .trailersTooLong(let limit): "the trailer section is longer than \(limit) bytes"
        }
    }
}
