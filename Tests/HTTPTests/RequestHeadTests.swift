import Bytes
import HTTP
import Testing

/// The fault of a request's bytes, however they are cut; nil when there is none.
func requestFault(_ text: String, limits: HTTPLimits = HTTPLimits()) -> HTTPError? {
    let bytes = text.latin1 ?? Array(text.utf8)
    if let difference = tracesAgree(bytes, limits: limits) { Issue.record("\(text.prefix(200).debugDescription): \(difference)") }
    return ConnectionReader.trace(bytes, limits: limits).fault
}

/// Parses one whole head and looks at it.
func withRequest(_ text: String, _ body: (borrowing RequestHead, ByteSlice) -> Void) {
    var parser = RequestParser()
    var head = RequestHead()
    Array(text.utf8).withByteSlice { bytes in
        do {
            let progress = try parser.parse(bytes, into: &head)
            guard case .complete = progress else {
                Issue.record("\(text.debugDescription) is not complete")
                return
            }
            body(head, bytes)
        } catch {
            Issue.record("\(text.debugDescription): \(error)")
        }
    }
}

@Suite("Request head")
struct RequestHeadTests {
    @Test("a fault is raised by the byte that shows it, without waiting for the head's end", arguments: [
        ("GET /x HTTP/1.1\rH", HTTPError.bareCarriageReturn(at: 15)),
        ("GET /x HTTP/1.1\n", .bareLineFeed(at: 15)),
        ("GET  ", .invalidTarget(at: 4)),
        (" ", .invalidMethod(at: 0)),
        ("G@", .invalidMethod(at: 1)),
        ("\0", .controlByte(0, at: 0)),
        ("GET\t", .invalidMethod(at: 3)),
        ("\n", .bareLineFeed(at: 0)),
        ("\r\r", .bareCarriageReturn(at: 0)),
        ("GET /\u{7F}", .controlByte(0x7F, at: 5)),
        ("GET /é", .invalidTarget(at: 5)),
        ("GET /a#", .fragmentInTarget(at: 6)),
        ("GET /a?b#", .fragmentInTarget(at: 8)),
        ("GET a", .invalidTarget(at: 4)),
        ("GET *", .invalidTarget(at: 4)),
        ("OPTIONS *a", .invalidTarget(at: 9)),
        ("GET hx", .invalidTarget(at: 5)),
        ("GET https:/x", .invalidTarget(at: 11)),
        ("GET http:///", .invalidAuthority(at: 11)),
        ("GET http://a:b/", .invalidAuthority(at: 11)),
        ("GET http://u@a/", .invalidAuthority(at: 11)),
        ("GET /\r", .missingVersion(at: 5)),
        ("GET / \r", .malformedVersion(at: 6)),
        ("GET /  ", .malformedVersion(at: 6)),
        ("GET / h", .malformedVersion(at: 6)),
        ("GET / HTTP/2", .unsupportedVersion(at: 11)),
        ("GET / HTTP/1.2", .unsupportedVersion(at: 13)),
        ("GET / HTTP/11", .malformedVersion(at: 12)),
        ("GET / HTTP/1.1 ", .malformedVersion(at: 14)),
        ("PRI ", .http2Preface),
        ("CONNECT ", .connectRefused),
        ("get ", .unknownMethod(at: 0)),
        ("ABCDEFGHIJKLMNOPQR", .unknownMethod(at: 0)),
        ("GET / HTTP/1.1\r\n ", .foldedLine(at: 16)),
        ("GET / HTTP/1.1\r\nA: b\r\n\t", .foldedLine(at: 22)),
        ("GET / HTTP/1.1\r\n:", .invalidFieldName(at: 16)),
        ("GET / HTTP/1.1\r\nHost ", .invalidFieldName(at: 20)),
        ("GET / HTTP/1.1\r\nHost\r", .invalidFieldName(at: 20)),
        ("GET / HTTP/1.1\r\nHost: a\n", .bareLineFeed(at: 23)),
        ("GET / HTTP/1.1\r\nHost: a\rb", .bareCarriageReturn(at: 23)),
        ("GET / HTTP/1.1\r\nHost: a\u{1}", .controlByte(1, at: 23)),
        ("GET / HTTP/1.1\r\n\rx", .bareCarriageReturn(at: 16)),
        ("GET / HTTP/1.1\r\n\n", .bareLineFeed(at: 16)),
    ])
    func faultsAtOnce(_ text: String, _ fault: HTTPError) {
        #expect(requestFault(text) == fault)
        // A byte less is no fault yet.
        let bytes = text.latin1 ?? Array(text.utf8)
        #expect(ConnectionReader.trace(Array(bytes.dropLast())).fault == nil)
    }

    @Test("framing and routing fields are judged when their line is whole", arguments: [
        ("Host: a\r\nHost: a\r\n", HTTPError.repeatedHost(at: 26)),
        ("Host: \r\n", .invalidHost(at: 17)),
        ("Host: a b\r\n", .invalidHost(at: 17)),
        ("Content-Length: 1\r\nContent-Length: 1\r\n", .repeatedContentLength(at: 36)),
        ("Content-Length: 1, 1\r\n", .invalidContentLength(at: 17)),
        ("Content-Length: \r\n", .invalidContentLength(at: 17)),
        ("Content-Length: -1\r\n", .invalidContentLength(at: 17)),
        ("Content-Length: 9223372036854775808\r\n", .invalidContentLength(at: 17)),
        ("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", .contentLengthWithTransferEncoding(at: 36)),
        ("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n", .contentLengthWithTransferEncoding(at: 45)),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", .repeatedTransferEncoding(at: 45)),
        ("Transfer-Encoding: gzip, chunked\r\n", .unknownTransferCoding(at: 17)),
        ("Transfer-Encoding: identity\r\n", .unknownTransferCoding(at: 17)),
        ("Transfer-Encoding: chunked, chunked\r\n", .invalidTransferEncoding(at: 17)),
        ("Transfer-Encoding: chunked, gzip\r\n", .invalidTransferEncoding(at: 17)),
        ("Transfer-Encoding: , chunked\r\n", .invalidTransferEncoding(at: 17)),
        ("Transfer-Encoding: chunked;q=1\r\n", .invalidTransferEncoding(at: 17)),
        ("Transfer-Encoding:\r\n", .invalidTransferEncoding(at: 17)),
        ("Connection: a b\r\n", .invalidConnection(at: 17)),
        ("Expect: 200-ok\r\n", .unsupportedExpectation(at: 17)),
    ])
    func faultyFields(_ lines: String, _ fault: HTTPError) {
        #expect(requestFault("POST / HTTP/1.1\r\n" + lines) == fault)
        #expect(requestFault("POST / HTTP/1.1\r\n" + lines.dropLast()) == nil)
    }

    @Test("an HTTP/1.1 request without Host is refused, an HTTP/1.0 one is not")
    func needsHost() {
        #expect(requestFault("GET / HTTP/1.1\r\n\r\n") == .missingHost)
        #expect(requestFault("GET / HTTP/1.0\r\n\r\n") == nil)
        #expect(requestFault("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n") == .transferEncodingInHTTP10(at: 17))
    }

    @Test("hosts that are host[:port] are taken", arguments: [
        "a", "a.b-c_d", "a:", "a:80", "127.0.0.1:65535", "[::1]", "[::1]:80", "[1:2:3:4:5:6:7:8]", "[::ffff:1.2.3.4]",
        "[1::]", "a%20b", "A",
    ])
    func takesHosts(_ host: String) {
        #expect(requestFault("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n") == nil)
    }

    @Test("other hosts are not", arguments: [
        ":80", "a:65536", "a:8 0", "a:80a", "a:b:c", "a/b", "a#b", "a?b", "a@b", "a\\b", "a%2", "a%zz", "é", "[::1", "::1",
        "[]", "[:]", "[1]", "[1:2:3:4:5:6:7]", "[1:2:3:4:5:6:7:8:9]", "[::1::]", "[12345::]", "[::1.2.3]", "[::256.1.1.1]",
        "[::1]a", "[fe80::1%eth0]", "[1:]", "[:1]", "[::1.2.3.4:5]",
    ])
    func refusesHosts(_ host: String) {
        #expect(requestFault("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n") == .invalidHost(at: 16))
    }

    @Test("a target's path and query are the bytes between its marks, as sent")
    func splitsTargets() {
        withRequest("GET /v1/a%2Fb?x=%20?&y HTTP/1.1\r\nHost: a\r\n\r\n") { head, bytes in
            #expect(String(bytes[head.targetRange]) == "/v1/a%2Fb?x=%20?&y")
            #expect(String(head.path(in: bytes)) == "/v1/a%2Fb")
            #expect(head.queryRange.map { String(bytes[$0]) } == "x=%20?&y")
            #expect(head.targetForm == .origin)
        }
        withRequest("GET /? HTTP/1.1\r\nHost: a\r\n\r\n") { head, _ in #expect(head.queryRange?.isEmpty == true) }
        withRequest("GET / HTTP/1.1\r\nHost: a\r\n\r\n") { head, _ in #expect(head.queryRange == nil) }
        withRequest("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n") { head, bytes in
            #expect(head.targetForm == .asterisk)
            #expect(String(head.path(in: bytes)) == "*")
        }
    }

    @Test("an absolute target gives its path, and its authority must be the Host (RFC 9112 §3.2.2)")
    func readsAbsoluteTargets() {
        withRequest("GET hTTps://A.b:80/x?y HTTP/1.1\r\nHost: a.B:80\r\n\r\n") { head, bytes in
            #expect(head.targetForm == .absolute)
            #expect(String(head.path(in: bytes)) == "/x")
            #expect(head.queryRange.map { String(bytes[$0]) } == "y")
        }
        withRequest("GET http://a?y HTTP/1.1\r\nHost: a\r\n\r\n") { head, bytes in
            #expect(String(head.path(in: bytes)) == "/")
            #expect(head.queryRange.map { String(bytes[$0]) } == "y")
        }
        #expect(requestFault("GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n") == .authorityIsNotHost(at: 11))
    }

    @Test("keep-alive follows the version and Connection, in any order and case", arguments: [
        ("HTTP/1.1", "", true), ("HTTP/1.1", "Connection: Close\r\n", false), ("HTTP/1.0", "", false),
        ("HTTP/1.0", "Connection: Keep-Alive\r\n", true), ("HTTP/1.1", "Connection: keep-alive, ,close\r\n", false),
        ("HTTP/1.0", "Connection: x\r\nConnection: keep-alive\r\n", true),
    ])
    func decidesKeepAlive(_ version: String, _ lines: String, _ keepAlive: Bool) {
        withRequest("GET / \(version)\r\nHost: a\r\n\(lines)\r\n") { head, _ in #expect(head.keepAlive == keepAlive) }
    }

    @Test("an expectation counts where a body follows, an upgrade where Connection names it")
    func readsExpectationsAndUpgrades() {
        withRequest("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\n") { head, _ in
            #expect(head.expectsContinue == true)
            #expect(head.framing == .length(1))
        }
        withRequest("GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n") { head, _ in #expect(head.expectsContinue == false) }
        withRequest("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n") { head, _ in
            #expect(head.upgradeRequested == true)
        }
        withRequest("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\n\r\n") { head, _ in #expect(head.upgradeRequested == false) }
    }

    @Test("a head used again remembers nothing of the request before")
    func forgetsTheLastRequest() {
        var parser = RequestParser()
        var head = RequestHead()
        for text in [
            "POST http://a/x?y HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\nUpgrade: x\r\nConnection: upgrade, close\r\n\r\n",
            "GET / HTTP/1.0\r\n\r\n",
        ] {
            Array(text.utf8).withByteSlice { bytes in _ = try? parser.parse(bytes, into: &head) }
        }
        #expect(head.method == .get && head.version == .http10 && head.framing == .none && !head.keepAlive)
        #expect(!head.expectsContinue && !head.upgradeRequested && head.targetForm == .origin && head.connection == [])
        #expect(head.hostRange == nil && head.queryRange == nil && head.fields.count == 0)
        #expect(!head.fields.contains(.host) && !head.fields.contains(.contentLength))
    }

    @Test("every status and message is what a client can be told", arguments: [
        (HTTPError.startLineTooLong(limit: 8), 414), (.headTooLong(limit: 8), 431), (.tooManyFields(limit: 8), 431),
        (.http2Preface, 505), (.unsupportedVersion(at: 1), 505), (.connectRefused, 501), (.unknownMethod(at: 0), 501),
        (.unknownTransferCoding(at: 1), 501), (.unsupportedExpectation(at: 1), 417), (.missingHost, 400),
        (.invalidTransferEncoding(at: 1), 400), (.trailersTooLong(limit: 8), 431), (.forbiddenTrailer(.host, at: 1), 400),
    ])
    func statuses(_ error: HTTPError, _ status: Int) {
        #expect(error.status == status)
        #expect(error.message.first?.isUppercase == false || error.message.hasPrefix("CONNECT") || error.message.hasPrefix("HTTP"))
    }
}

@Suite("Request head limits")
struct RequestHeadLimitTests {
    var limits: HTTPLimits {
        var limits = HTTPLimits()
        limits.startLineByteCount = 40
        limits.headByteCount = 120
        limits.fieldCount = 3
        return limits
    }

    @Test("a request line may have as many bytes as the limit; one more is 414 as soon as it is sure")
    func boundsTheRequestLine() {
        func line(_ count: Int) -> String { "GET /" + String(repeating: "a", count: count - 14) + " HTTP/1.1" }
        #expect(requestFault(line(40) + "\r\nHost: a\r\n\r\n", limits: limits) == nil)
        #expect(requestFault(line(41) + "\r\nHost: a\r\n\r\n", limits: limits) == .startLineTooLong(limit: 40))
        // Forty bytes of an unfinished target cannot become a line of forty.
        #expect(requestFault("GET /" + String(repeating: "a", count: 35), limits: limits) == .startLineTooLong(limit: 40))
        #expect(requestFault("GET /" + String(repeating: "a", count: 34), limits: limits) == nil)
        #expect(requestFault("GET http://" + String(repeating: "a", count: 29), limits: limits) == .startLineTooLong(limit: 40))
    }

    @Test("a head may have as many bytes as the limit, its empty line included; an unfinished one is 431 at the limit")
    func boundsTheHead() {
        func head(_ count: Int) -> String {
            let start = "GET / HTTP/1.1\r\nHost: a\r\nX: "
            return start + String(repeating: "x", count: count - start.utf8.count - 4) + "\r\n\r\n"
        }
        #expect(requestFault(head(120), limits: limits) == nil)
        #expect(requestFault(head(121), limits: limits) == .headTooLong(limit: 120))
        // Without its end, a head of 120 bytes is already too long.
        let unended = head(200)
        #expect(requestFault(String(unended.utf8.prefix(120)) ?? "", limits: limits) == .headTooLong(limit: 120))
        #expect(requestFault(String(unended.utf8.prefix(119)) ?? "", limits: limits) == nil)
    }

    @Test("as many fields as the limit are taken; the next line's first byte is 431")
    func boundsTheFields() {
        let three = "GET / HTTP/1.1\r\nHost: a\r\nA: b\r\nA: b\r\n"
        #expect(requestFault(three + "\r\n", limits: limits) == nil)
        #expect(requestFault(three + "A", limits: limits) == .tooManyFields(limit: 3))
    }

    @Test("a few empty lines before a request are passed over, more are not")
    func boundsEmptyLines() {
        let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
        #expect(requestFault(String(repeating: "\r\n", count: 4) + get) == nil)
        #expect(requestFault(String(repeating: "\r\n", count: 5) + get) == .tooManyEmptyLines(limit: 4))
    }

    @Test("a growing buffer is not read again from its start")
    func readsEachByteOnce() throws {
        // Were each call to start over, 64 KiB in pieces of 16 bytes would cost 134 million byte reads.
        let text = "GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "x", count: 65000) + "\r\n\r\n"
        var parser = RequestParser()
        var head = RequestHead()
        let start = ContinuousClock.now
        let progress = try Array(text.utf8).withByteSlice { bytes throws(HTTPError) in
            for end in stride(from: 16, to: bytes.count, by: 16) { _ = try parser.parse(bytes.prefix(end), into: &head) }
            return try parser.parse(bytes, into: &head)
        }
        #expect(progress == .complete(text.utf8.count))
        #expect(ContinuousClock.now - start < .seconds(1))
    }
}
