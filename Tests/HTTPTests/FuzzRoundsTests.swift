import Bytes
import Testing

@Suite("Seeded fuzz rounds")
struct FuzzRoundsTests {
    static let heads = [
        "POST /v1/chat/completions?a=b HTTP/1.1\r\nHost: a:80\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http://a/x HTTP/1.1\r\nHost: a\r\nConnection: close, x-a\r\nExpect: 100-continue\r\n\r\n",
        "\r\nPOST / HTTP/1.1\r\nHost: [::1]\r\nTransfer-Encoding: chunked\r\n\r\n3;a=\"b\"\r\nabc\r\n0\r\nX: y\r\n\r\n",
        "OPTIONS * HTTP/1.0\r\nx-portkey-config: \t{\"a\": 1} \r\n\r\n",
    ]
    static let responses = [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 204 \r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nab\r\n0\r\n\r\n",
        "HTTP/1.0 500 Internal\r\nDate: x\r\n\r\nuntil close",
    ]
    static let bodies = [
        "3\r\nabc\r\n0a;x=\"\\\"y\";z\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n", "0\r\n\r\n", "7fffffffffffffff\r\nab",
        "1\r\na\r\n1\r\nb\r\n0\r\nHost: a\r\n\r\n",
    ]
    static let streams = [
        "\u{FEFF}event: e\r\ndata: {\"a\":1}\r\n\r\n: c\n\ndata: a\ndata: b\nid: 1\nretry: 3\n\n", "data\r\rdata:\r\n\rdata: x\n\r\n",
    ]
    /// Headers and payload; the byte before them is the headers' length.
    static let messages = [
        "\u{26}\u{0D}:message-type\u{07}\u{0}\u{05}event\u{0B}:event-type\u{07}\u{0}\u{01}e{\"delta\":{}}",
        "\u{17}\u{0D}:message-type\u{07}\u{0}\u{05}error", "\u{04}\u{01}a\u{04}\u{0}\u{0}\u{0}\u{01}",
    ]
    static let tokens = [
        "\r", "\n", "\r\n", "\r\n\r\n", ":", " ", "\t", ";", ",", "0", "ffff", "\0", "\u{7F}", "é", "Host: a\r\n",
        "Transfer-Encoding: chunked\r\n", "Content-Length: 1\r\n", "Connection: close\r\n", "HTTP/1.1", "data: ", "\"", "#", "?",
    ]

    @Test("no mutated input breaks an invariant", arguments: 0..<5)
    func mutated(_ target: Int) {
        var random = SeededGenerator.announced("fuzz target \(target)")
        let seeds = [FuzzRoundsTests.heads, FuzzRoundsTests.responses, FuzzRoundsTests.bodies, FuzzRoundsTests.streams, FuzzRoundsTests.messages][target]
        let run = [fuzzRequestHead, fuzzResponseHead, fuzzChunked, fuzzEventStream, fuzzAmazonEventStream][target]
        for _ in 0..<1500 {
            var bytes = Array((seeds.randomElement(using: &random) ?? "").utf8)
            for _ in 0..<Int.random(in: 0...3, using: &random) { mutate(&bytes, &random) }
            bytes.withByteSlice { run($0) }
        }
    }

    private func mutate(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
        let at = Int.random(in: 0...bytes.count, using: &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0 where at < bytes.count: bytes[at] = UInt8.random(in: 0...255, using: &random)
        case 1 where at < bytes.count: bytes.remove(at: at)
        case 2: bytes.insert(contentsOf: (FuzzRoundsTests.tokens.randomElement(using: &random) ?? "").utf8, at: at)
        case 3:
            let end = Int.random(in: at...bytes.count, using: &random)
            bytes.insert(contentsOf: Array(bytes[at..<end]), at: Int.random(in: 0...bytes.count, using: &random))
        default: bytes.removeLast(bytes.count - at)
        }
    }
}
