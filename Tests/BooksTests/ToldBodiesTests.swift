import Testing

@testable import Books

@Suite("Bodies that others tell of")
struct ToldBodiesTests {
    private func told(_ line: String, _ fields: [(String, String)] = [], _ body: String = "") -> KeptMessage {
        var message = KeptMessage()
        message.line = line
        message.fields = fields.map { KeptMessage.Field(name: $0.0, value: $0.1) }
        message.body = Array(body.utf8)
        return message
    }

    private func kept(_ message: KeptMessage, most: Int = 100, keeping: [String] = []) -> KeptBodies {
        var kept = KeptBodies()
        (kept.request, kept.answer) = (message, message)
        kept.leaveOut(by: FieldRedaction(keeping: keeping), most: most)
        return kept
    }

    @Test("fields are kept as of the gateway's own requests: values that may be secrets are left out, and parameters of a target")
    func redaction() {
        let head = told("POST https://api.example/v1/chat?key=sk-1&limit=2 HTTP/1.1", [("Authorization", "Bearer sk-2"), ("accept", "a"), ("x-team", "b"), ("x-own", "sk-3")])
        let kept = kept(head, keeping: ["x-team"])
        #expect(kept.request?.line == "POST https://api.example/v1/chat?key=[redacted]&limit=2 HTTP/1.1")
        #expect(kept.request?.fields.map(\.value) == ["[redacted]", "a", "b", "[redacted]"] && kept.answer?.fields == kept.request?.fields)
    }

    @Test("a request whose method begins as an answer's line does is one all the same")
    func method() {
        var kept = KeptBodies()
        kept.request = told("HTTP/x https://api.example/v1?key=sk-1 HTTP/1.1")
        kept.leaveOut(by: FieldRedaction(), most: 100)
        #expect(kept.request?.line == "HTTP/x https://api.example/v1?key=[redacted] HTTP/1.1")
    }

    @Test("a value with a line's end in it makes no other field, and a name that is none is left out", arguments: ["\r\n", "\n", "\r", "\u{0}"])
    func lines(end: String) {
        let head = told("POST /a HTTP/1.1\(end)x-a: b", [("accept", "a\(end)authorization: sk-1"), ("accept: b\(end)c", "d"), ("", "e"), ("é", "f")])
        let kept = kept(head)
        #expect(kept.request?.fields.map(\.name) == ["accept"])
        #expect(kept.request?.line.unicodeScalars.allSatisfy { $0.value >= 0x20 } == true)
        #expect(KeptBodies(kept.bytes) == kept)
    }

    @Test("a body of the limit is kept whole, and one of a byte more is cut and says so")
    func limit() {
        let whole = kept(told("", [], "12345"), most: 5)
        #expect(whole.flags == [] && whole.request?.body == Array("12345".utf8))
        let cut = kept(told("", [], "123456"), most: 5)
        #expect(cut.flags == [.requestCut, .answerCut] && cut.request?.body == Array("12345".utf8) && cut.answer?.body == cut.request?.body)
        #expect(KeptBodies(cut.bytes) == cut)
    }
}
