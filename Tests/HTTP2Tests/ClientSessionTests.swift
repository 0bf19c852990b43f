import Bytes
import HTTP
import Testing

@testable import HTTP2

private let ok: [(String, String)] = [(":status", "200"), ("content-type", "text/plain")]

@Suite("HTTP/2 session with an upstream")
struct HTTP2ClientSessionTests {
    @Test("the first frame forbids pushes and names the windows and the header list's bound (RFC 9113 §6.5.2)")
    func settings() throws {
        let asker = Asker()
        asker.send()
        let settings = try #require(asker.of(type: 4).first).payload
        var values: [UInt8: Int] = [:]
        for at in stride(from: 0, to: settings.count, by: 6) {
            values[settings[at + 1]] = settings[(at + 2)..<(at + 6)].reduce(0) { $0 << 8 | Int($1) }
        }
        let limits = HTTP2Limits.towardsUpstreams
        #expect(values[2] == 0)
        #expect(values[3] == nil)
        #expect(values[4] == limits.streamWindowByteCount)
        #expect(values[6] == limits.headerListByteCount)
    }

    @Test("a request's head is said in fields, pseudo-header fields first, without those of the hop, in lower case")
    func request() throws {
        let asker = Asker()
        let head = """
            POST /v1/chat?a=b HTTP/1.1\r\nHost: api.example:444\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r
            Authorization: Bearer sk\r\nX-A: 1\r\nx-a:  2 \r\n\r\n
            """
        #expect(asker.ask(head, "hello") == 1)
        #expect(
            Fields.decode(try #require(asker.of(type: 1).first).payload) == [
                ":method: POST", ":scheme: https", ":path: /v1/chat?a=b", ":authority: api.example:444", "authorization: Bearer sk", "x-a: 1", "x-a: 2",
            ])
        #expect(asker.of(type: 0).map(\.payload) == [Array("hello".utf8)])
        #expect(asker.of(type: 0).first?.flags == 1)
        #expect(asker.calls[0].hasLeft)
    }

    @Test("a credential enters no compression table: callers of different trust share it (RFC 7541 §7.1.3)")
    func credentials() throws {
        let asker = Asker()
        let head = "GET / HTTP/1.1\r\nhost: a\r\nauthorization: Bearer sk-1\r\nx-goog-api-key: k\r\nx-plain: one\r\n\r\n"
        for _ in 0..<2 { asker.ask(head) }
        let blocks = asker.of(type: 1).map { String(decoding: $0.payload, as: UTF8.self).unicodeScalars.count }
        // The second time, what is in the table takes a byte; a credential takes as many as before.
        let never = asker.of(type: 1).map { frame in frame.payload.filter { $0 & 0xF0 == 0x10 }.count }
        #expect(blocks[1] < blocks[0])
        #expect(never[0] >= 2 && never[1] >= 2)
    }

    @Test("a request has left with its frame, also when that is the last that a write takes")
    func leavesWithItsFrame() {
        let asker = Asker()
        asker.stopsAt = 1
        asker.ask()
        asker.ask()
        #expect(asker.of(type: 1).count == 1)
        #expect(asker.calls.map(\.hasLeft) == [true, false])
    }

    @Test("what no two messages have alike pushes nothing out of the compression table")
    func uniqueFields() throws {
        let asker = Asker()
        for number in 0..<90 {
            let digits = String(number, radix: 2)
            let id = String(repeating: "0", count: 40 - digits.count) + digits
            asker.ask("GET / HTTP/1.1\r\nhost: a\r\nx-plain: one\r\nx-request-id: \(id)\r\ntraceparent: \(id)\r\n\r\n")
        }
        let blocks = asker.of(type: 1).map(\.payload.count)
        #expect(blocks.count == 90)
        #expect(blocks[1] < blocks[0])
        // 8 KB of them have passed by a table of 4.
        #expect(Set(blocks.dropFirst()).count == 1)
    }

    @Test(
        "an answer's head is that of HTTP/1.1",
        arguments: [
            ("GET", [(":status", "200"), ("content-length", "3")], false, "HTTP/1.1 200 \r\ncontent-length: 3\r\n\r\n", .length(3)),
            ("GET", [(":status", "200")], false, "HTTP/1.1 200 \r\ntransfer-encoding: chunked\r\n\r\n", .open),
            ("GET", [(":status", "500")], true, "HTTP/1.1 500 \r\ncontent-length: 0\r\n\r\n", .length(0)),
            ("GET", [(":status", "204")], true, "HTTP/1.1 204 \r\n\r\n", .none),
            ("GET", [(":status", "304"), ("content-length", "9")], true, "HTTP/1.1 304 \r\ncontent-length: 9\r\n\r\n", .none),
            ("HEAD", [(":status", "200"), ("content-length", "9")], true, "HTTP/1.1 200 \r\ncontent-length: 9\r\n\r\n", .none),
            ("GET", [(":status", "200"), ("set-cookie", "a"), ("set-cookie", "b")], true,
             "HTTP/1.1 200 \r\nset-cookie: a\r\nset-cookie: b\r\ncontent-length: 0\r\n\r\n", .length(0)),
        ] as [(String, [(String, String)], Bool, String, ResponseHeadBuilder.Framing)])
    func answerHead(method: String, fields: [(String, String)], isEnded: Bool, head: String, framing: ResponseHeadBuilder.Framing) throws {
        let asker = Asker()
        asker.ask("\(method) /v1/models HTTP/1.1\r\nhost: a\r\n\r\n")
        asker.receive(FrameWriter.server().headers(1, fields, end: isEnded).take())
        #expect(asker.calls[0].head == head)
        #expect(asker.calls[0].framing == framing)
        var parsed = ResponseHead()
        var parser = ResponseParser()
        let asked = try #require(Array(method.utf8).withByteSlice { HTTP.Method($0) })
        try Array(head.utf8).withByteSlice { (bytes) throws(HTTPError) in
            #expect(try parser.parse(bytes, answering: asked, into: &parsed) == .complete(bytes.count))
        }
    }

    @Test("the same answers come of bytes whole, split at every offset, and one at a time")
    func splits() {
        let writer = FrameWriter.server([0, 3, 0, 0, 0, 7])
        writer.headers(1, [(":status", "103"), ("link", "x")], end: false).headers(1, ok, end: false).data(1, "hel").data(1, "lo")
        writer.headers(1, [("x-trailer", "1")]).headers(3, [(":status", "404")], end: false)
        writer.frame(6, 0, 0, Array(repeating: 7, count: 8)).data(3, "no", end: true)
        let bytes = writer.take()
        func calls(_ pieces: [[UInt8]]) -> [Asker.Call] {
            let asker = Asker()
            asker.ask()
            asker.ask()
            for piece in pieces { asker.receive(piece) }
            #expect(asker.held?.streamLimit == 7)
            #expect(asker.failure == nil)
            return asker.calls
        }
        let whole = calls([bytes])
        #expect(whole.map(\.body) == ["hello", "no"])
        #expect(whole.map(\.isEnded) == [true, true])
        #expect(whole.map(\.interimCount) == [1, 0])
        for at in 1..<bytes.count { #expect(calls([Array(bytes[..<at]), Array(bytes[at...])]) == whole) }
        #expect(calls(bytes.map { [$0] }) == whole)
    }

    @Test(
        "what is no answer is malformed, its stream is reset with PROTOCOL_ERROR, and the connection goes on (RFC 9113 §8.1.1)",
        arguments: [
            [("content-type", "a")], [("x-a", "1"), (":status", "200")], [(":status", "200"), (":status", "200")], [(":status", "20")], [(":status", "2000")],
            [(":status", "0x1")], [(":status", "099")], [(":status", "600")], [(":status", "101")], [(":path", "/"), (":status", "200")],
            [(":status", "200"), (":other", "1")], [(":status", "200"), ("connection", "close")], [(":status", "200"), ("transfer-encoding", "chunked")],
            [(":status", "200"), ("upgrade", "h2c")], [(":status", "200"), ("keep-alive", "1")], [(":status", "200"), ("proxy-connection", "1")],
            [(":status", "200"), ("te", "trailers")], [(":status", "200"), ("Upper", "1")], [(":status", "200"), ("x y", "1")], [(":status", "200"), ("", "1")],
            [(":status", "200"), ("x", "a\r\nb: c")], [(":status", "200"), ("x", "a\0")], [(":status", "200"), ("content-length", "x")],
            [(":status", "200"), ("content-length", "-1")], [(":status", "200"), ("content-length", "1"), ("content-length", "1")],
            [(":status", "200"), ("content-length", "99999999999999999999")],
        ] as [[(String, String)]])
    func malformed(fields: [(String, String)]) {
        let asker = Asker()
        asker.ask()
        asker.ask()
        asker.receive(FrameWriter.server().headers(1, fields, end: false).headers(3, ok).take())
        asker.send()
        #expect(asker.calls[0].head == nil)
        #expect(asker.calls[0].isMalformed)
        #expect(asker.calls[0].closed != nil)
        #expect(asker.failure == nil)
        #expect(asker.calls[1].isEnded)
        #expect(asker.resetCodes[3] == nil)
    }

    @Test(
        "a body that is not as long as its head says is malformed (RFC 9113 §8.1.1)",
        arguments: [("3", "ab", true), ("3", "abcd", false), ("0", "a", false)])
    func contentLength(length: String, body: String, end: Bool) {
        let asker = Asker()
        asker.ask()
        asker.receive(FrameWriter.server().headers(1, [(":status", "200"), ("content-length", length)], end: false).data(1, body, end: end).take())
        asker.send()
        #expect(asker.calls[0].isMalformed)
        #expect(asker.calls[0].closed != nil)
        #expect(!asker.calls[0].isEnded)
        #expect(asker.failure == nil)
    }

    @Test("a length without a body is malformed, and DATA in answer to HEAD as well")
    func lengthAlone() {
        let asker = Asker()
        asker.ask()
        asker.ask("HEAD / HTTP/1.1\r\nhost: a\r\n\r\n")
        asker.receive(FrameWriter.server().headers(1, [(":status", "200"), ("content-length", "3")]).headers(3, ok, end: false).data(3, "a").take())
        asker.send()
        #expect(asker.calls.map(\.isMalformed) == [true, true])
        #expect(asker.calls.map(\.body) == ["", ""])
    }

    @Test("trailers are checked and not handed on; a pseudo-header field among them, or none of an end, is malformed")
    func trailers() {
        let asker = Asker()
        for _ in 0..<3 { asker.ask() }
        let writer = FrameWriter.server()
        for stream in [1, 3, 5] as [UInt32] { writer.headers(stream, ok, end: false).data(stream, "a") }
        writer.headers(1, [("x-sum", "1")]).headers(3, [(":status", "200")]).headers(5, [("content-length", "1")])
        asker.receive(writer.take())
        asker.send()
        #expect(asker.calls.map(\.isEnded) == [true, false, false])
        #expect(asker.calls.map(\.isMalformed) == [false, true, true])
    }

    @Test("a head past the bound costs its stream; a block that goes on past four times it, the connection")
    func largeHead() {
        var limits = HTTP2Limits.towardsUpstreams
        limits.headerListByteCount = 1000
        let asker = Asker(limits: limits)
        for _ in 0..<3 { asker.ask() }
        let fits = [(":status", "200"), ("x", String(repeating: "a", count: 1000 - 42 - 33))]
        asker.receive(FrameWriter.server().headers(1, fits).headers(3, [fits[0], ("x", fits[1].1 + "a")]).take())
        asker.send()
        #expect(asker.calls.map { $0.head != nil } == [true, false, false])
        #expect(asker.calls[1].isMalformed)
        #expect(asker.failure == nil)
        asker.receive(FrameWriter(preface: false).headers(5, [fits[0]] + (0..<5).map { ("x\($0)", fits[1].1) }).take())
        #expect(asker.failure == .enhanceYourCalm)
    }

    @Test("GOAWAY: what is above the last stream is closed as refused, what is below goes on, and nothing is begun any more")
    func goaway() {
        let asker = Asker()
        for _ in 0..<3 { asker.ask() }
        asker.receive(FrameWriter.server().goaway(3).headers(3, ok, end: false).data(3, "late", end: true).take())
        #expect(asker.wentAwayCount == 1)
        #expect(asker.calls.map(\.closed) == [nil, 0, 7])
        #expect(asker.calls[1].body == "late")
        #expect(asker.held?.takesRequests == false)
        #expect(asker.ask() == nil)
    }

    @Test("a stream that the peer resets is closed with its code, and is no malformed answer")
    func resetByPeer() {
        let asker = Asker()
        for _ in 0..<2 { asker.ask() }
        asker.receive(FrameWriter.server().reset(1, 7).headers(3, ok, end: false).reset(3, 2).take())
        #expect(asker.calls.map(\.closed) == [7, 2])
        #expect(asker.calls.map(\.isMalformed) == [false, false])
        #expect(asker.failure == nil)
    }

    @Test("until the peer has said how many streams it takes few are begun; then as many, up to our own bound")
    func streamLimit() {
        let asker = Asker()
        #expect(asker.held?.streamLimit == HTTP2Limits.towardsUpstreams.streamsBeforeSettings)
        asker.receive(FrameWriter.server([0, 3, 0, 0, 0, 1]).take())
        #expect(asker.held?.streamLimit == 1)
        asker.receive(FrameWriter.server([0, 3, 0xFF, 0xFF, 0xFF, 0xFF]).take())
        #expect(asker.held?.streamLimit == HTTP2Limits.towardsUpstreams.concurrentStreams)
        asker.receive(FrameWriter.server([0, 3, 0, 0, 0, 0]).take())
        #expect(asker.held?.streamLimit == 0)
    }

    @Test("a body waits for the peer's window, and goes on when that opens (RFC 9113 §5.2)")
    func requestWindow() {
        let asker = Asker()
        asker.receive(FrameWriter.server([0, 4, 0, 0, 0, 10]).take())
        asker.ask("POST / HTTP/1.1\r\nhost: a\r\n\r\n", "0123456789abcdef")
        #expect(asker.of(type: 0).map { String(decoding: $0.payload, as: UTF8.self) } == ["0123456789"])
        asker.receive(FrameWriter(preface: false).frame(8, 0, 1, FrameWriter.number(4)).take())
        asker.send()
        asker.receive(FrameWriter(preface: false).frame(8, 0, 1, FrameWriter.number(40)).take())
        asker.send()
        #expect(asker.of(type: 0).map { String(decoding: $0.payload, as: UTF8.self) } == ["0123456789", "abcd", "ef"])
        #expect(asker.of(type: 0).map(\.flags) == [0, 0, 1])
    }

    @Test("a stream's window opens for what was taken and for nothing else")
    func answerWindow() {
        let asker = Asker()
        asker.ask()
        let window = HTTP2Limits.towardsUpstreams.streamWindowByteCount
        // The wider window counts from when the peer has said that it knows of it.
        let writer = FrameWriter.server().frame(4, 1, 0, [])
        writer.headers(1, ok, end: false)
        for _ in 0..<(window / 16384) { writer.data(1, String(repeating: "x", count: 16384)) }
        asker.receive(writer.take())
        asker.send()
        #expect(asker.calls[0].body.count == window)
        #expect(!asker.of(type: 8).contains { $0.stream == 1 })
        asker.held?.open(1, for: window)
        asker.send()
        #expect(asker.of(type: 8).filter { $0.stream == 1 }.map(\.payload) == [FrameWriter.number(UInt32(window))])
        // As much again, and a byte past it, which is the peer's fault (RFC 9113 §6.9.1).
        for _ in 0..<(window / 16384) { asker.receive(FrameWriter(preface: false).data(1, String(repeating: "x", count: 16384)).take()) }
        asker.send()
        #expect(asker.resetCodes.isEmpty && asker.of(type: 7).isEmpty)
        asker.receive(FrameWriter(preface: false).data(1, "x").take())
        asker.send()
        #expect(asker.resetCodes == [1: 3] || asker.of(type: 7).count == 1)
    }

    @Test("a push is a connection error, whether or not the peer has seen our settings")
    func push() {
        let asker = Asker()
        asker.ask()
        let writer = FrameWriter.server()
        writer.frame(5, 4, 1, FrameWriter.number(2) + writer.block(get))
        asker.receive(writer.take())
        #expect(asker.failure == .protocolError)
    }

    @Test(
        "frames that carry nothing end the connection once they are too many, and none too few",
        arguments: [(6, 0, 0, 8), (4, 0, 0, 0), (2, 0, 1, 5), (0, 0, 1, 0), (3, 0, 99, 4), (10, 0, 1, 1)] as [(UInt8, UInt8, UInt32, Int)])
    func floods(type: UInt8, flags: UInt8, stream: UInt32, count: Int) {
        var limits = HTTP2Limits.towardsUpstreams
        limits.controlBurst = 50
        let asker = Asker(limits: limits)
        asker.ask()
        // SETTINGS, which count.
        asker.receive(FrameWriter.server().headers(1, ok, end: false).take())
        let frame = FrameWriter(preface: false).frame(type, flags, stream, Array(repeating: 0, count: count)).take()
        if type == 3 {
            // Of a stream that was never begun: at once (RFC 9113 §6.4).
            asker.receive(frame)
            asker.send()
            #expect(asker.of(type: 7).map { $0.payload.dropFirst(7).first } == [1])
            return
        }
        for _ in 0..<49 { asker.receive(frame) }
        #expect(asker.failure == nil)
        asker.receive(frame)
        #expect(asker.failure == .enhanceYourCalm)
    }

    @Test("interim answers without end count as well")
    func interimFlood() {
        var limits = HTTP2Limits.towardsUpstreams
        limits.controlBurst = 50
        let asker = Asker(limits: limits)
        asker.ask()
        asker.receive(FrameWriter.server().take())
        for _ in 0..<49 { asker.receive(FrameWriter(preface: false).headers(1, [(":status", "103")], end: false).take()) }
        #expect(asker.failure == nil)
        asker.receive(FrameWriter(preface: false).headers(1, [(":status", "103")], end: false).take())
        #expect(asker.failure == .enhanceYourCalm)
    }

    @Test("resets that answer streams of ours do not count, however many: we have begun them")
    func manyRefused() {
        var limits = HTTP2Limits.towardsUpstreams
        limits.controlBurst = 50
        limits.resetBurst = 50
        let asker = Asker(limits: limits)
        asker.receive(FrameWriter.server().take())
        for index in 0..<200 {
            asker.ask()
            asker.receive(FrameWriter(preface: false).reset(UInt32(2 * index + 1), 7).take())
        }
        #expect(asker.failure == nil)
        #expect(asker.calls.allSatisfy { $0.closed == 7 })
    }

    @Test("a connection on which many streams were given up gets no more, and those that are on it go on")
    func manyCancelled() {
        let asker = Asker()
        asker.receive(FrameWriter.server().take())
        let first = asker.ask() ?? 0
        for _ in 0..<HTTP2Limits.cancelBurst {
            asker.held?.cancel(asker.ask() ?? 0, now: asker.now)
            asker.send()
        }
        #expect(asker.resetCodes.count == HTTP2Limits.cancelBurst && asker.held?.takesRequests == true)
        asker.held?.cancel(asker.ask() ?? 0, now: asker.now)
        asker.send()
        #expect(asker.held?.takesRequests == false && asker.ask() == nil)
        asker.receive(FrameWriter(preface: false).headers(UInt32(first), ok, end: false).data(UInt32(first), "late", end: true).take())
        #expect(asker.calls[0].body == "late" && asker.failure == nil)
    }

    @Test("what is on its way for a stream that we have cancelled is let pass, and its bytes do not stop the others")
    func afterCancel() {
        let asker = Asker()
        asker.ask()
        asker.ask()
        asker.held?.reset(1, .cancel)
        asker.send()
        #expect(asker.resetCodes == [1: 8])
        let writer = FrameWriter.server()
        writer.headers(1, ok, end: false)
        // More than the connection's window in all.
        for _ in 0..<600 { writer.data(1, String(repeating: "x", count: 16384)) }
        writer.headers(3, ok)
        for piece in stride(from: 0, to: writer.bytes.count, by: 65536) {
            asker.receive(Array(writer.bytes[piece..<min(piece + 65536, writer.bytes.count)]))
            asker.send()
        }
        #expect(asker.failure == nil)
        #expect(asker.calls[0].body.isEmpty)
        #expect(asker.calls[1].isEnded)
    }

    @Test("a PING of ours is a PING frame, and is not answered by another")
    func ping() {
        let asker = Asker()
        asker.held?.ping()
        asker.send()
        #expect(asker.of(type: 6).map(\.flags) == [0])
        asker.receive(FrameWriter.server().frame(6, 1, 0, Array(repeating: 0, count: 8)).take())
        asker.send()
        #expect(asker.of(type: 6).count == 1)
        #expect(asker.failure == nil)
    }

    @Test(
        "a connection whose bytes are no frames fails",
        arguments: ["HTTP/1.1 400 Bad Request\r\n\r\n", String(repeating: "\u{0}", count: 64), "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"])
    func noFrames(text: String) {
        let asker = Asker()
        asker.ask()
        asker.receive(Array(text.utf8))
        asker.send()
        #expect(asker.failure != nil || asker.of(type: 7).count == 1)
    }
}
