import Bytes
import HTTP
import Testing

@Suite("Response head")
struct ResponseHeadTests {
    private func trace(_ text: String, to method: HTTP.Method = .get) -> MessageTrace {
        let bytes = text.latin1 ?? Array(text.utf8)
        if let difference = tracesAgree(bytes, responsesTo: method) { Issue.record("\(text.debugDescription): \(difference)") }
        return ConnectionReader.trace(bytes, responsesTo: method)
    }

    @Test("what real servers send is taken: any reason or none, any bytes in it", arguments: [
        ("HTTP/1.1 200 OK", ["1.1", "200", "OK"]), ("HTTP/1.1 200", ["1.1", "200", ""]), ("HTTP/1.1 200 ", ["1.1", "200", ""]),
        ("HTTP/1.0 999 \u{E9}\tb ", ["1.0", "999", "\u{E9}\tb "]), ("HTTP/1.1 429  x", ["1.1", "429", " x"]),
    ])
    func takesStatusLines(_ line: String, _ startLine: [String]) {
        #expect(trace(line + "\r\nContent-Length: 0\r\n\r\n").messages.map(\.startLine) == [startLine])
    }

    @Test("a faulty response is refused by the byte that shows it", arguments: [
        ("\r\n", HTTPError.malformedVersion(at: 0)), ("HTTP/1.1  ", .invalidStatusLine(at: 9)),
        ("HTTP/1.1 0", .invalidStatusLine(at: 9)), ("HTTP/1.1 20x", .invalidStatusLine(at: 11)),
        ("HTTP/1.1 2000", .invalidStatusLine(at: 12)), ("HTTP/1.1 200\n", .bareLineFeed(at: 12)),
        ("HTTP/1.1 200\rx", .bareCarriageReturn(at: 12)), ("HTTP/1.1 200 a\u{0}", .controlByte(0, at: 14)),
        ("HTTP/1.1 200 OK\n", .bareLineFeed(at: 15)), ("HTTP/2", .unsupportedVersion(at: 5)),
        ("HTTP/1.1 200 OK\r\n A", .foldedLine(at: 17)),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n", .repeatedContentLength(at: 36)),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n", .contentLengthWithTransferEncoding(at: 36)),
        ("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n", .transferEncodingInHTTP10(at: 17)),
        ("HTTP/1.1 101 \r\n\r\n", .unsolicitedUpgrade),
    ])
    func refuses(_ text: String, _ fault: HTTPError) {
        #expect(trace(text).fault == fault)
    }

    @Test("a body's length follows RFC 9112 §6.3", arguments: [
        ("200", "Content-Length: 3\r\n", HTTP.Method.get, BodyFraming.length(3), true),
        ("200", "Transfer-Encoding: Chunked\r\n", .get, .chunked, true),
        ("200", "", .get, .untilClose, false),
        ("200", "Content-Length: 3\r\n", .head, .none, true),
        ("200", "", .head, .none, true),
        ("304", "Content-Length: 3\r\n", .get, .none, true),
        ("204", "Content-Length: 0\r\n", .get, .none, true),
        ("204", "Content-Length: 3\r\n", .get, .none, false),
        ("103", "Transfer-Encoding: chunked\r\n", .get, .none, false),
        ("200", "Content-Length: 0\r\nConnection: close\r\n", .get, .length(0), false),
    ])
    func frames(_ status: String, _ lines: String, _ method: HTTP.Method, _ framing: BodyFraming, _ keepAlive: Bool) {
        let message = trace("HTTP/1.1 \(status) \r\n\(lines)\r\n", to: method).messages.first
        #expect(message?.framing == framing)
        #expect(message?.keepAlive == keepAlive)
    }

    @Test("an interim response is followed by the final one")
    func passesInterimResponses() {
        let trace = trace("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 \r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
        #expect(trace.messages.map { $0.startLine[1] } == ["100", "103", "200"])
        #expect(trace.messages.last?.fields == [["Content-Length", "1"]])
    }

    @Test("a status line may have as many bytes as the limit, a head too")
    func boundsHeads() {
        var limits = HTTPLimits()
        limits.startLineByteCount = 30
        limits.headByteCount = 60
        func fault(_ text: String) -> HTTPError? {
            #expect(tracesAgree(Array(text.utf8), responsesTo: .get, limits: limits) == nil)
            return ConnectionReader.trace(Array(text.utf8), responsesTo: .get, limits: limits).fault
        }
        let reason = String(repeating: "r", count: 17)
        #expect(fault("HTTP/1.1 200 \(reason)\r\n\r\n") == nil)
        #expect(fault("HTTP/1.1 200 \(reason)r") == .startLineTooLong(limit: 30))
        #expect(fault("HTTP/1.1 200 \r\nX: " + String(repeating: "x", count: 38) + "\r\n\r\n") == nil)
        #expect(fault("HTTP/1.1 200 \r\nX: " + String(repeating: "x", count: 39) + "\r\n\r\n") == .headTooLong(limit: 60))
    }
}
