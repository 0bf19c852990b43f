import Testing

@testable import Gateway

@Suite("Translated answers")
struct TranslationTests {
    /// A stream of OpenAI's, whole on the wire: its last event's finish, then `[DONE]`, each event a chunk.
    static func wire(_ texts: [String]) -> [UInt8] {
        let events = texts.enumerated().map { number, text in
            Text.event("{\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\(text)\"},\"finish_reason\":null}],\"n\":\(number)}")
        }
        let last = Text.event("{\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}")
        return Array(Text.stream(events + [last, Text.event("[DONE]")]).utf8)
    }

    private static let request = Text.request("POST /v1/messages", body: "{\"model\":\"m\",\"max_tokens\":9,\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}")

    /// What the client's events say, and nothing that differs from one request to the next.
    private static func said(_ text: String) -> [String] {
        text.split(separator: "\n\n").map { String($0) }.filter { !$0.contains("message_start") }
    }

    @Test("a stream cut anywhere says what it says whole")
    func everySplit() throws {
        let wire = TranslationTests.wire(["one", "t\\u0077o", "水"])
        let upstream = try ScriptedUpstream { peer in
            for split in 1...wire.count {
                guard peer.request() != nil else { return }
                peer.wire.send(Array(wire[..<split]))
                if split < wire.count {
                    pause(milliseconds: 1)
                    peer.wire.send(Array(wire[split...]))
                }
            }
        }
        let gateway = try TestGateway(World(upstream))
        let client = try gateway.connect()
        var whole: [String] = []
        for split in (1...wire.count) {
            client.send(TranslationTests.request)
            let answer = client.takeAnswer()
            #expect(answer.isWhole && answer.status == 200, "cut at \(split)")
            if whole.isEmpty { whole = TranslationTests.said(answer.text) }
            #expect(TranslationTests.said(answer.text) == whole, "cut at \(split)")
        }
        #expect(whole.count == 7 && whole.last?.contains("message_stop") == true)
    }

    @Test("a stream byte by byte says the same")
    func byteByByte() throws {
        let wire = TranslationTests.wire(["one", "two"])
        let upstream = try ScriptedUpstream { peer in
            peer.request()
            for byte in wire {
                peer.wire.send([byte])
                pause(milliseconds: 1)
            }
        }
        let answer = try TestGateway(World(upstream)).ask(TranslationTests.request)
        #expect(answer.isWhole && TranslationTests.said(answer.text).count == 6)
        #expect(answer.text.contains("\"text\":\"one\"") && answer.text.contains("\"text\":\"two\""))
    }

    @Test("events of one read, each in a chunk of its own, all come, however many")
    func manyChunks() throws {
        let wire = TranslationTests.wire((0..<2_000).map { "n\($0) " })
        let upstream = try ScriptedUpstream { peer in
            peer.request()
            peer.wire.send(wire)
        }
        let answer = try TestGateway(World(upstream)).ask(TranslationTests.request)
        #expect(answer.isWhole)
        for number in [0, 1, 500, 1_998, 1_999] { #expect(answer.text.contains("\"text\":\"n\(number) \"")) }
        #expect(TranslationTests.said(answer.text).filter { $0.contains("content_block_delta") }.count == 2_000)
    }

    @Test("an event of a megabyte comes whole")
    func largeEvent() throws {
        let text = String(repeating: "water ", count: 200_000)
        let wire = TranslationTests.wire([text])
        let upstream = try ScriptedUpstream { peer in
            peer.request()
            peer.wire.send(wire)
        }
        let answer = try TestGateway(World(upstream)).ask(TranslationTests.request)
        #expect(answer.isWhole && answer.text.contains(text) && answer.text.contains("message_stop"))
    }
}
