import Bytes
import Ledger
import Testing

@testable import Books

@Suite("Bodies put together")
struct BodyAssemblerTests {
    private static let id = Identifier(high: 5 << 16, low: 6)
    private static let ask = #"{"model":"gpt-4o","stream":true,"messages":[]}"#

    private static func request(_ body: String = ask, path: String = "/v1/chat/completions", _ fields: String = "") -> String {
        "POST \(path) HTTP/1.1\r\nhost: here\r\nauthorization: Bearer sk-secret\r\n\(fields)content-length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    /// Feeds parts in pieces of `step` bytes.
    private static func kept(
        _ parts: [(BodyPart, String)], flags: BodyFlags = [], most: Int = 1 << 20, step: Int = .max, form: BodyForm = .chat, keeping: [String] = []
    ) -> KeptBodies? {
        var assembler = BodyAssembler(FieldRedaction(keeping: keeping), most: most)
        for (part, text) in parts {
            let bytes = Array(text.utf8)
            var at = 0
            while at < bytes.count {
                let end = at + min(step, bytes.count - at)
                let piece = Array(bytes[at..<end])
                #expect(piece.withByteSlice { assembler.take(part, of: id, starts: at == 0, $0) } == nil)
                at = end
            }
        }
        return [flags.rawValue, form.rawValue].withByteSlice { assembler.take(.end, of: id, starts: true, $0) }
    }

    private static func chunked(_ texts: [String], isWhole: Bool = true) -> String {
        "HTTP/1.1 200\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"
            + texts.map { "\(String($0.utf8.count, radix: 16))\r\n\($0)\r\n" }.joined() + (isWhole ? "0\r\n\r\n" : "")
    }

    private static func chunk(_ delta: String, finish: String = "null") -> String {
        "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"gpt-4o-2024\",\"choices\":[{\"index\":0,\"delta\":\(delta),"
            + "\"finish_reason\":\(finish)}]}\n\n"
    }

    private static let stream = [
        chunk(#"{"role":"assistant","content":""}"#), chunk(#"{"content":"Hello"}"#), chunk(#"{"content":" there"}"#), chunk("{}", finish: "\"stop\""), "data: [DONE]\n\n",
    ]

    @Test("a whole exchange comes out in its parts, however it comes in", arguments: [1, 7, 64, Int.max])
    func whole(step: Int) throws {
        let parts: [(BodyPart, String)] = [
            (.sent, "POST /chat HTTP/1.1\r\nhost: there\r\nx-api-key: sk-upstream\r\n\r\n{\"a\":1}"), (.request, Self.request()),
            (.answer, "HTTP/1.1 200\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"),
        ]
        let kept = try #require(Self.kept(parts, step: step))
        #expect(kept.request?.method == "POST" && kept.request?.target == "/v1/chat/completions")
        #expect(kept.request?.body == Array(Self.ask.utf8))
        #expect(kept.sent?.body == Array("{\"a\":1}".utf8) && kept.answer?.body == Array("{}".utf8) && kept.flags == [])
        #expect(kept.request?.value(of: "authorization") == "[redacted]" && kept.sent?.value(of: "x-api-key") == "[redacted]")
        #expect(!String(decoding: kept.bytes, as: UTF8.self).contains("sk-"))
        #expect(KeptBodies(kept.bytes) == kept)
    }

    @Test("a stream is kept as the answer that its events come to, however it was cut into pieces", arguments: [1, 50, Int.max])
    func assembled(step: Int) throws {
        let kept = try #require(Self.kept([(.request, Self.request()), (.answer, Self.chunked(Self.stream))], step: step))
        let body = String(decoding: kept.answer?.body ?? [], as: UTF8.self)
        #expect(kept.flags == .assembled)
        #expect(body.contains(#""content":"Hello there""#) && body.contains(#""model":"gpt-4o-2024""#) && body.contains(#""finish_reason":"stop""#), "\(body)")
    }

    @Test("one that broke off is kept as it came: its whole would claim an end")
    func brokenOff() throws {
        let cut = try #require(Self.kept([(.request, Self.request()), (.answer, Self.chunked(Array(Self.stream.prefix(2)), isWhole: false))]))
        #expect(cut.flags == [] && String(decoding: cut.answer?.body ?? [], as: UTF8.self) == Self.stream[0] + Self.stream[1])
    }

    @Test("one that says what a whole answer has no place for is kept as it came")
    func raw() throws {
        let strange = ["data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\",\"unheard_of\":[1]}}]}\n\n", "data: [DONE]\n\n"]
        let kept = try #require(Self.kept([(.request, Self.request()), (.answer, Self.chunked(strange))]))
        #expect(!kept.flags.contains(.assembled) && String(decoding: kept.answer?.body ?? [], as: UTF8.self) == strange.joined())
    }

    @Test("an attempt begins anew in place of the one before")
    func attempts() throws {
        let kept = try #require(
            Self.kept([(.request, Self.request()), (.sent, "POST /a HTTP/1.1\r\n\r\nfirst"), (.sent, "POST /b HTTP/1.1\r\n\r\nsecond")]))
        #expect(kept.sent?.target == "/b" && kept.sent?.body == Array("second".utf8))
    }

    @Test("a body is kept to its bound, and one byte more is said to be cut", arguments: [10, 11])
    func cut(count: Int) throws {
        let kept = try #require(Self.kept([(.request, Self.request(String(repeating: "x", count: count)))], most: 10))
        #expect(kept.request?.body.count == 10 && kept.flags.contains(.requestCut) == (count > 10))
    }

    @Test("credentials in a target are hidden, its other parameters are kept")
    func target() throws {
        let kept = try #require(Self.kept([(.sent, "POST /v1beta/models/g:generate?key=AIza-secret&alt=sse&Sig=abc&k%65y=AIza HTTP/1.1\r\n\r\n")]))
        #expect(kept.sent?.target == "/v1beta/models/g:generate?key=[redacted]&alt=sse&Sig=[redacted]&k%65y=[redacted]")
    }

    @Test("past the room for all, the oldest exchange is given up and no other")
    func room() {
        var assembler = BodyAssembler(FieldRedaction(), most: 100, room: 1000)
        let piece = [UInt8](repeating: 1, count: 300)
        for number in UInt64(1)...4 {
            _ = piece.withByteSlice { assembler.take(.request, of: Identifier(high: number << 16, low: 0), starts: true, $0) }
        }
        #expect(assembler.givenUp == 1)
        let text = Array(Self.request().utf8)
        _ = text.withByteSlice { assembler.take(.request, of: Identifier(high: 4 << 16, low: 0), starts: true, $0) }
        let last = [UInt8(0)].withByteSlice { assembler.take(.end, of: Identifier(high: 4 << 16, low: 0), starts: true, $0) }
        #expect(last?.request?.method == "POST")
        let first = [UInt8(0)].withByteSlice { assembler.take(.end, of: Identifier(high: 1 << 16, low: 0), starts: true, $0) }
        #expect(first == nil)
    }

    @Test("what comes of an exchange that was given up is dropped, and so is its end")
    func abandoned() {
        var assembler = BodyAssembler(FieldRedaction(), most: 100, room: 500)
        let piece = [UInt8](repeating: 1, count: 300)
        let ids = (UInt64(1)...3).map { Identifier(high: $0 << 16, low: 0) }
        func give(_ part: BodyPart, _ id: Identifier, starts: Bool, _ bytes: [UInt8]) -> KeptBodies? {
            bytes.withByteSlice { assembler.take(part, of: id, starts: starts, $0) }
        }
        #expect(give(.answer, ids[0], starts: true, piece) == nil && give(.answer, ids[1], starts: true, piece) == nil && assembler.givenUp == 1)
        // The end of a chunked answer looks like the end of a head.
        #expect(give(.answer, ids[0], starts: false, Array("HTTP/1.1 200\r\n\r\n0\r\n\r\n".utf8)) == nil)
        #expect(give(.end, ids[0], starts: true, [0, 0]) == nil)
        #expect(assembler.givenUp == 1)
        // Its identifier is nobody's any more.
        #expect(give(.request, ids[0], starts: true, Array(Self.request().utf8)) == nil && give(.end, ids[0], starts: true, [0, 0])?.request != nil)
        #expect(give(.request, ids[2], starts: true, Array(Self.request().utf8)) == nil)
        #expect(give(.end, ids[2], starts: true, [BodyFlags.discarded.rawValue, 0]) == nil)
    }

    @Test("thousands of exchanges leave nothing behind")
    func many() {
        var assembler = BodyAssembler(FieldRedaction(), most: 100, room: 10_000)
        let text = Array(Self.request("x").utf8)
        for number in UInt64(1)...5000 {
            let id = Identifier(high: number << 16, low: 0)
            _ = text.withByteSlice { assembler.take(.request, of: id, starts: true, $0) }
            if number % 7 == 0 { continue }
            #expect([UInt8(0), 0].withByteSlice { assembler.take(.end, of: id, starts: true, $0) } != nil)
        }
        #expect(assembler.heldByteCount <= 10_000 && assembler.order.count < 1000)
    }

    @Test("a mark that joins the colon or the line's end before it hides no secret")
    func marks() throws {
        let text = "POST /a HTTP/1.1\r\nX-Secret:\u{301}abc:def\r\n\u{301}x-other: hush\r\naccept: a\r\n\r\n"
        let kept = try #require(Self.kept([(.request, text)]))
        #expect(!String(decoding: kept.bytes, as: UTF8.self).contains("abc") && !String(decoding: kept.bytes, as: UTF8.self).contains("hush"))
        #expect(kept.request?.value(of: "accept") == "a" && KeptBodies(kept.bytes) == kept)
    }

    @Test("what is no kept bodies is none, wherever it is cut and whichever byte is another")
    func damaged() throws {
        let whole = try #require(Self.kept([(.request, Self.request()), (.answer, Self.chunked(Self.stream))])).bytes
        for end in 0..<whole.count {
            // A cut between two sections leaves fewer of them; nothing traps.
            if let kept = KeptBodies(Array(whole[..<end])) { #expect(kept.answer?.body.isEmpty != false || end == whole.count) }
        }
        for index in whole.indices {
            var bytes = whole
            bytes[index] ^= 0xFF
            _ = KeptBodies(bytes)
        }
    }
}

@Suite("Redacted fields")
struct FieldRedactionTests {
    @Test(
        "values of fields that may hold a secret are hidden, whatever the field is called",
        arguments: ["Authorization", "x-api-key", "api-key", "X-Portkey-Api-Key", "cookie", "x-goog-api-key", "x-portkey-aws-secret-access-key", "x-unheard-of", "x-acme-token"])
    func hidden(name: String) { #expect(FieldRedaction().value("secret", of: name) == "[redacted]") }

    @Test("values that are known to hold none are kept", arguments: ["Content-Type", "user-agent", "X-Stainless-Lang", "x-portkey-metadata", "anthropic-version", "x-ratelimit-limit-requests"])
    func shown(name: String) { #expect(FieldRedaction().value("plain", of: name) == "plain") }

    @Test("a config's name is kept, one that stands there in full is not")
    func config() {
        #expect(FieldRedaction().value("pc-abc", of: "x-portkey-config") == "pc-abc")
        #expect(FieldRedaction().value(#"{"api_key":"sk"}"#, of: "X-Portkey-Config") == "[redacted]")
        #expect(FieldRedaction().value("{\u{301}\"api_key\":\"sk\"}", of: "X-Portkey-Config") == "[redacted]")
    }

    @Test("a target's parameters are told apart by bytes: a mark behind what parts them hides none", arguments: [
        ("/v1?key=sk-1&limit=2", "/v1?key=[redacted]&limit=2"), ("/v1?\u{301}key=sk-1", "/v1?\u{301}key=[redacted]"),
        ("/v1?limit=2&\u{301}key=sk-1", "/v1?limit=2&\u{301}key=[redacted]"), ("/v1?key=\u{301}sk-1", "/v1?key=[redacted]"), ("/v1", "/v1"),
    ])
    func target(told: String, kept: String) {
        #expect(FieldRedaction().line("GET \(told) HTTP/1.1") == "GET \(kept) HTTP/1.1")
        #expect(FieldRedaction().line("HTTP/1.1 200 OK?key=a b") == "HTTP/1.1 200 OK?key=a b")
    }

    @Test("fields that the operator names are kept as well, in any case")
    func named() { #expect(FieldRedaction(keeping: ["x-acme-team"]).value("search", of: "X-Acme-Team") == "search") }
}
