import Bytes
import Glibc
import HTTP

/// How the end of an answer's body is told.
enum AnswerFraming {
    case length(Int)
    case chunked
    case untilClose
    /// The status allows no body (RFC 9110 §15.3.5, §15.4.5).
    case none
}

/// What an answer's head says.
struct AnswerHead {
    var status = 200
    var framing = AnswerFraming.none
    var isStream = false
    var dialect = Dialect.openAI
    var serial: UInt64 = 0
    var retryAfter: Int?
    var location: StaticString?
    var allow: StaticString?
    var keepsAlive = true
    /// Whether the client has to be told that the connection is kept (HTTP/1.0).
    var saysKeepAlive = false

    /// Field lines of a transcript, which then says all but the framing.
    var played: ByteSlice?

    private var contentType: StaticString {
        if dialect == .bedrock { return isStream ? "application/vnd.amazon.eventstream" : "application/json" }
        if dialect == .gemini { return isStream ? "text/event-stream" : "application/json; charset=UTF-8" }
        return isStream ? "text/event-stream; charset=utf-8" : "application/json"
    }

    func write(date: ByteSlice, into output: inout Output) {
        output.write(atMost: 1024 + (played?.count ?? 0)) { writer in
            writer.append(statusLine: status)
            writer.append(field: "date", date)
            if let played { writer.append(played) } else { writeProvider(&writer) }
            switch framing {
            case .none, .untilClose: break
            case .length(let count): writer.append(field: "content-length", decimal: UInt64(count))
            case .chunked: writer.append(field: "transfer-encoding", "chunked")
            }
            if isStream, played == nil { writer.append(field: "cache-control", "no-cache") }
            if let retryAfter { writer.append(field: "retry-after", decimal: UInt64(retryAfter)) }
            if let location { writer.append(field: "location", location) }
            if let allow { writer.append(field: "allow", allow) }
            if !keepsAlive {
                writer.append(field: "connection", "close")
            } else if saysKeepAlive {
                writer.append(field: "connection", "keep-alive")
            }
            writer.appendEndOfHead()
        }
    }
}

extension AnswerHead {
    private func writeProvider(_ writer: inout ByteWriter) {
        writer.append(field: "server", "sluice-mock")
        if dialect == .bedrock, status >= 400 {
            writer.append("x-amzn-errortype: ")
            writer.append(ErrorAnswer.exceptionName(status))
            writer.append(":http://internal.amazon.com/coral/com.amazon.bedrock/\r\n")
        }
        if dialect != .gemini {
            writer.append(dialect == .anthropic ? "request-id: req_mock" : dialect == .bedrock ? "x-amzn-requestid: req_mock" : "x-request-id: req_mock")
            writer.append(hexadecimal: serial)
            writer.append("\r\n")
        }
        if case .none = framing { return }
        writer.append(field: "content-type", contentType)
    }
}

/// The Date field's text, written once a second (IMF-fixdate, RFC 9110 §5.6.7).
struct DateText {
    private var text = InlineText<32>()
    private var seconds: UInt64 = .max

    mutating func update(seconds now: UInt64) {
        guard now != seconds else { return }
        seconds = now
        var instant = time_t(now)
        var parts = tm()
        gmtime_r(&instant, &parts)
        let days = ByteSlice("SunMonTueWedThuFriSat")
        let months = ByteSlice("JanFebMarAprMayJunJulAugSepOctNovDec")
        text.removeAll()
        text.append(days.dropFirst(Int(parts.tm_wday) * 3).prefix(3))
        text.append(ByteSlice(", "))
        appendTwo(parts.tm_mday)
        text.append(0x20)
        text.append(months.dropFirst(Int(parts.tm_mon) * 3).prefix(3))
        text.append(0x20)
        appendTwo((parts.tm_year + 1900) / 100)
        appendTwo((parts.tm_year + 1900) % 100)
        text.append(0x20)
        appendTwo(parts.tm_hour)
        text.append(UInt8(ascii: ":"))
        appendTwo(parts.tm_min)
        text.append(UInt8(ascii: ":"))
        appendTwo(parts.tm_sec)
        text.append(ByteSlice(" GMT"))
    }

    private mutating func appendTwo(_ number: CInt) {
        text.append(UInt8(truncatingIfNeeded: 0x30 + number / 10 % 10))
        text.append(UInt8(truncatingIfNeeded: 0x30 + number % 10))
    }

    func withBytes(_ body: (ByteSlice) -> Void) { text.withBytes(body) }
}
