public import Bytes

/// Writing heads and chunk framing. Room is the writer's own affair: check `overflowed` once, at the end.
///
/// Names and values are written as they are. What did not come out of a parser is checked first, with
/// `FieldSyntax`.
extension ByteWriter {
    /// `HTTP/1.1 200 OK` and its CRLF; unknown statuses get an empty reason.
    /// - Parameter status: three digits.
    public mutating func append(statusLine status: Int) {
        precondition(status >= 100 && status <= 999, "a status has three digits")
        append("HTTP/1.1 ")
        append(decimal: status)
        append(UInt8(ascii: " "))
        append(StatusReason.phrase(status))
        append("\r\n")
    }

    /// `POST /path?query HTTP/1.1` and its CRLF; `target` is taken as sent.
    public mutating func append(requestLine method: ByteSlice, target: ByteSlice) {
        append(method)
        append(UInt8(ascii: " "))
        append(target)
        append(" HTTP/1.1\r\n")
    }

    @inlinable
    public mutating func append(field name: StaticString, _ value: ByteSlice) {
        append(name)
        append(": ")
        append(value)
        append("\r\n")
    }

    @inlinable
    public mutating func append(field name: StaticString, _ value: StaticString) {
        append(field: name, ByteSlice(value))
    }

    public mutating func append(field name: ByteSlice, _ value: ByteSlice) {
        append(name)
        append(": ")
        append(value)
        append("\r\n")
    }

    public mutating func append(field name: StaticString, decimal value: UInt64) {
        append(name)
        append(": ")
        append(decimal: value)
        append("\r\n")
    }

    /// The line that starts a chunk of `byteCount` payload bytes; the chunk ends with CRLF.
    /// - Parameter byteCount: above zero, since zero is the last chunk's.
    public mutating func append(chunkSize byteCount: Int) {
        precondition(byteCount > 0, "a chunk of no bytes would end the body")
        append(hexadecimal: UInt64(byteCount))
        append("\r\n")
    }

    /// The last chunk and an empty trailer section.
    public mutating func appendLastChunk() { append("0\r\n\r\n") }

    /// The empty line that ends a head.
    @inlinable
    public mutating func appendEndOfHead() { append("\r\n") }
}

/// Reason phrases (RFC 9110 §15; RFC 6585).
public enum StatusReason {
    public static func phrase(_ status: Int) -> StaticString {
        switch status {
        case 100: "Continue"
        case 101: "Switching Protocols"
        case 103: "Early Hints"
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 203: "Non-Authoritative Information"
        case 204: "No Content"
        case 205: "Reset Content"
        case 206: "Partial Content"
        case 300: "Multiple Choices"
        case 301: "Moved Permanently"
        case 302: "Found"
        case 303: "See Other"
        case 304: "Not Modified"
        case 307: "Temporary Redirect"
        case 308: "Permanent Redirect"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 402: "Payment Required"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 406: "Not Acceptable"
        case 407: "Proxy Authentication Required"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 410: "Gone"
        case 411: "Length Required"
        case 412: "Precondition Failed"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 416: "Range Not Satisfiable"
        case 417: "Expectation Failed"
        case 421: "Misdirected Request"
        case 422: "Unprocessable Content"
        case 425: "Too Early"
        case 426: "Upgrade Required"
        case 428: "Precondition Required"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 451: "Unavailable For Legal Reasons"
        case 499: "Client Closed Request"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        case 507: "Insufficient Storage"
        case 529: "Site Overloaded"
        default: ""
        }
    }
}
