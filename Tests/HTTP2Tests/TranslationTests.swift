import Bytes
import HTTP
import Testing

@testable import HTTP2

/// No request of HTTP/2 becomes another, or two, of HTTP/1.1 (RFC 9113 §10.3; HAProxy's h2_desync_attacks).
@Suite("HTTP/2 to HTTP/1.1")
struct TranslationTests {
    /// Fields in place of those of `get`, or beside them.
    struct Case: CustomTestStringConvertible, Sendable {
        var what: String
        var fields: [(String, String)]
        /// Fields of `get` that are left out.
        var without: Set<String> = []
        /// Put first instead of last.
        var first = false

        var testDescription: String { what }

        var all: [(String, String)] {
            let base = get.filter { !without.contains($0.0) }
            return first ? fields + base : base + fields
        }
    }

    static let malformed: [Case] = [
        Case(what: "CR LF in a value", fields: [("x", "a\r\nhost: evil")]),
        Case(what: "CR in a value", fields: [("x", "a\rb")]),
        Case(what: "LF in a value", fields: [("x", "a\nb")]),
        Case(what: "NUL in a value", fields: [("x", "a\0b")]),
        Case(what: "DEL in a value", fields: [("x", "a\u{7F}b")]),
        Case(what: "a blank before a value", fields: [("x", " a")]),
        Case(what: "a blank behind a value", fields: [("x", "a ")]),
        Case(what: "a tab behind a value", fields: [("x", "a\t")]),
        Case(what: "a colon in a name", fields: [("x:y", "a")]),
        Case(what: "a capital in a name", fields: [("X-own", "a")]),
        Case(what: "a blank in a name", fields: [("x y", "a")]),
        Case(what: "CR LF in a name", fields: [("x\r\nhost", "a")]),
        Case(what: "NUL in a name", fields: [("x\0", "a")]),
        Case(what: "a name of no bytes", fields: [("", "a")]),
        Case(what: "a name beyond ASCII", fields: [("x\u{E9}", "a")]),
        Case(what: "transfer-encoding", fields: [("transfer-encoding", "chunked")]),
        Case(what: "transfer-encoding identity", fields: [("transfer-encoding", "identity")]),
        Case(what: "connection", fields: [("connection", "close")]),
        Case(what: "connection that names a field", fields: [("connection", "content-length")]),
        Case(what: "keep-alive", fields: [("keep-alive", "timeout=5")]),
        Case(what: "proxy-connection", fields: [("proxy-connection", "keep-alive")]),
        Case(what: "upgrade", fields: [("upgrade", "h2c")]),
        Case(what: "http2-settings", fields: [("http2-settings", "AAMAAABk")]),
        Case(what: "te gzip", fields: [("te", "gzip")]),
        Case(what: "te trailers and more", fields: [("te", "trailers, deflate")]),
        Case(what: "content-length that is no number", fields: [("content-length", "1a")]),
        Case(what: "content-length with a sign", fields: [("content-length", "+1")]),
        Case(what: "content-length of nothing", fields: [("content-length", "")]),
        Case(what: "content-length twice", fields: [("content-length", "0"), ("content-length", "0")]),
        Case(what: "content-length as a list", fields: [("content-length", "0, 0")]),
        Case(what: "content-length past 2^63", fields: [("content-length", "9223372036854775808")]),
        Case(what: "content-length of a body that does not come", fields: [("content-length", "5")]),
        Case(what: "a path with a blank", fields: [(":path", "/ HTTP/1.1")], without: [":path"], first: true),
        Case(what: "a path with CR LF", fields: [(":path", "/ HTTP/1.1\r\nhost: evil\r\n\r\nGET /")], without: [":path"], first: true),
        Case(what: "a path with a tab", fields: [(":path", "/\t")], without: [":path"], first: true),
        Case(what: "a path with a fragment", fields: [(":path", "/#x")], without: [":path"], first: true),
        Case(what: "a path beyond ASCII", fields: [(":path", "/\u{E9}")], without: [":path"], first: true),
        Case(what: "a path of no bytes", fields: [(":path", "")], without: [":path"], first: true),
        Case(what: "a path that starts with no slash", fields: [(":path", "v1/models")], without: [":path"], first: true),
        Case(what: "a path that is a URL", fields: [(":path", "http://evil/")], without: [":path"], first: true),
        Case(what: "an asterisk of a GET", fields: [(":path", "*")], without: [":path"], first: true),
        Case(what: "no path", fields: [], without: [":path"]),
        Case(what: "two paths", fields: [(":path", "/other")], first: true),
        Case(what: "no method", fields: [], without: [":method"]),
        Case(what: "two methods", fields: [(":method", "POST")], first: true),
        Case(what: "a method with a blank", fields: [(":method", "GET /x")], without: [":method"], first: true),
        Case(what: "a method with CR LF", fields: [(":method", "GET / HTTP/1.1\r\n\r\nGET")], without: [":method"], first: true),
        Case(what: "a method of no bytes", fields: [(":method", "")], without: [":method"], first: true),
        Case(what: "no scheme", fields: [], without: [":scheme"]),
        Case(what: "two schemes", fields: [(":scheme", "https")], first: true),
        Case(what: "another scheme", fields: [(":scheme", "ftp")], without: [":scheme"], first: true),
        Case(what: "a scheme with a blank", fields: [(":scheme", "http ")], without: [":scheme"], first: true),
        Case(what: "two authorities", fields: [(":authority", "localhost")], first: true),
        Case(what: "an authority of no bytes", fields: [(":authority", "")], without: [":authority"], first: true),
        Case(what: "an authority with CR LF", fields: [(":authority", "a\r\nx: y")], without: [":authority"], first: true),
        Case(what: "a host that is not the authority", fields: [("host", "evil")]),
        Case(what: "a host that is the authority and another", fields: [("host", "localhost"), ("host", "localhost")]),
        Case(what: "two hosts and no authority", fields: [("host", "a"), ("host", "a")], without: [":authority"]),
        Case(what: "an unknown pseudo-header field", fields: [(":own", "a")], first: true),
        Case(what: "a response's pseudo-header field", fields: [(":status", "200")], first: true),
        Case(what: "a protocol that was not offered", fields: [(":protocol", "websocket")], first: true),
        Case(what: "a pseudo-header field behind another", fields: [("x", "a"), (":path", "/")], without: [":path"]),
        Case(what: "CONNECT with a path", fields: [(":method", "CONNECT")], without: [":method"], first: true),
    ]

    @Test("a malformed request is reset with PROTOCOL_ERROR and goes no further", arguments: malformed)
    func malformedByFrames(_ given: Case) {
        let peer = Recorder()
        peer.receive(FrameWriter().headers(1, given.all).take())
        peer.send()
        #expect(peer.requests.isEmpty && peer.resetCodes[1] == 1 && peer.failure == nil)
    }

    @Test("our own judge finds it, too, without nghttp2's", arguments: malformed)
    func malformedByFields(_ given: Case) {
        let result = build(given.all)
        #expect(result.head == nil && result.fault == .malformed)
    }

    @Test("what one can take for another request is refused by the parser behind", arguments: [
        ("a host with userinfo", ":authority", "user@localhost", HTTPError.invalidHost(at: 25)),
        ("a host with a path", ":authority", "localhost/x", .invalidHost(at: 25)),
        ("a method nobody knows", ":method", "get", .unknownMethod(at: 0)),
        ("the preface's", ":method", "PRI", .http2Preface),
    ])
    func parsed(_ what: String, _ name: String, _ value: String, _ fault: HTTPError) {
        let head = build(get.map { $0.0 == name ? (name, value) : $0 }).head ?? ""
        #expect(parse(head) == .failure(fault), "\(what)")
    }

    @Test("CONNECT is refused by the parser behind")
    func connect() {
        let head = build([(":method", "CONNECT"), (":authority", "example.com:443")]).head ?? ""
        #expect(parse(head) == .failure(.connectRefused))
    }

    @Test("what is right stays what it was")
    func wellFormed() {
        #expect(build(get).head == "GET /v1/models HTTP/1.1\r\nhost: localhost\r\n\r\n")
        #expect(build(get + [("te", "trailers")]).head == "GET /v1/models HTTP/1.1\r\nhost: localhost\r\n\r\n")
        #expect(build(get + [("host", "LocalHost"), ("x", "\u{E9}\ta")]).head == "GET /v1/models HTTP/1.1\r\nhost: localhost\r\nx: \u{E9}\ta\r\n\r\n")
        #expect(build(get.filter { $0.0 != ":authority" } + [("host", "here")]).head == "GET /v1/models HTTP/1.1\r\nhost: here\r\n\r\n")
        #expect(
            build([(":method", "OPTIONS"), (":scheme", "https"), (":path", "*"), (":authority", "a")]).head == "OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n")
    }

    @Test("cookies in crumbs are one cookie (RFC 9113 §8.2.3)")
    func cookies() {
        let head = build(get + [("cookie", "a=1"), ("x", "y"), ("cookie", "b=2"), ("cookie", "c=3")]).head
        #expect(head == "GET /v1/models HTTP/1.1\r\nhost: localhost\r\nx: y\r\ncookie: a=1; b=2; c=3\r\n\r\n")
        let many = (0..<300).map { ("cookie", "k\($0)=\(String(repeating: "v", count: 100))") }
        #expect(build(get + many).head?.hasSuffix(many.map(\.1).joined(separator: "; ") + "\r\n\r\n") == true)
    }

    @Test("a body without a length is chunks, one with a length is not")
    func framing() {
        #expect(build(post, hasBody: true).head?.hasSuffix("transfer-encoding: chunked\r\n\r\n") == true)
        #expect(build(post + [("content-length", "3")], hasBody: true).head?.contains("transfer-encoding") == false)
        #expect(build(post).head?.contains("transfer-encoding") == false)
    }

    @Test("every head that is made is one whole request to the parser")
    func oneRequest() {
        for hasBody in [false, true] {
            for fields in [get, post, get + [("cookie", "a"), ("cookie", "b")], post + [("x", ""), ("y", "a, b"), ("content-length", "0")]] {
                let head = build(fields, hasBody: hasBody).head ?? ""
                #expect(parse(head) == .success(head.unicodeScalars.count))
            }
        }
    }

    @Test("a header list of 65,536 bytes is taken, and one of a byte more is too large (RFC 9113 §6.5.2)")
    func listSize() {
        let own = get.reduce(0) { $0 + $1.0.utf8.count + $1.1.utf8.count + 32 }
        let room = 65_536 - own - 2 * 33
        let half = String(repeating: "v", count: room / 2)
        let rest = String(repeating: "v", count: room - room / 2)
        #expect(build(get + [("a", half), ("b", rest)]).fault == nil)
        #expect(build(get + [("a", half), ("b", rest + "v")]).fault == .tooLarge)
    }

    @Test("a content-length that its DATA do not come to resets the stream", arguments: [["12345"], ["123", "4567"], ["123456789"]])
    func bodyLength(_ pieces: [String]) {
        let peer = Recorder()
        let writer = FrameWriter()
        writer.headers(1, post + [("content-length", "6")], end: false)
        for (index, piece) in pieces.enumerated() { writer.data(1, piece, end: index == pieces.count - 1) }
        peer.receive(writer.take())
        peer.send()
        #expect(peer.resetCodes[1] == 1 && !peer.requests[0].isEnded && peer.requests[0].closed == 1)
    }

    @Test("a trailer that may not stand there resets the stream", arguments: [
        ("content-length", "5"), ("host", "evil"), ("transfer-encoding", "chunked"), (":path", "/"), ("authorization", "x"), ("X", "y"), ("x", "a\r\nb"),
        ("x-portkey-config", "{}"), ("connection", "close"),
    ])
    func trailers(_ name: String, _ value: String) {
        let peer = Recorder()
        let writer = FrameWriter()
        peer.receive(writer.headers(1, post, end: false).data(1, "x").headers(1, [(name, value)]).take())
        peer.send()
        #expect(peer.resetCodes[1] == 1 && !peer.requests[0].isEnded)
    }

    // MARK: -

    private func build(_ fields: [(String, String)], hasBody: Bool = false) -> (head: String?, fault: RequestHeadBuilder.Fault?) {
        var builder = RequestHeadBuilder(limits: HTTP2Limits(), blocks: BlockPool(budget: ByteBudget()))
        for (name, value) in fields {
            latin1(name).withByteSlice { name in latin1(value).withByteSlice { value in builder.add(name, value) } }
        }
        guard let head = builder.finish(hasBody: hasBody) else { return (nil, builder.fault) }
        let range = head.range
        let block = head.takeBlock()
        return (String(String.UnicodeScalarView([UInt8](block.slice(range)).map { Unicode.Scalar($0) })), nil)
    }

    private func latin1(_ text: String) -> [UInt8] { text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) } }

    private func parse(_ head: String) -> Result<Int, HTTPError> {
        latin1(head).withByteSlice { bytes in
            var parser = RequestParser()
            var request = RequestHead()
            do throws(HTTPError) {
                guard case .complete(let count) = try parser.parse(bytes, into: &request) else { return .success(-1) }
                return .success(count)
            } catch {
                return .failure(error)
            }
        }
    }
}
