import Reactor
import Testing

@testable import Gateway

@Suite("Streams")
struct StreamTests {
    static let withUsage = "{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include_usage\":true}}"
    static let withoutUsage = "{\"model\":\"m\",\"stream\":true}"

    /// Everything a stream may hold that a careless relay would change.
    static let odd: [UInt8] =
        Array(": OPENROUTER PROCESSING\n\nevent: x\r\nid: 7\r\ndata: {\"a\":1}\r\n\r\ndata:no blank\rdata: two\r\r\nretry: 3\ndata: \"".utf8)
        + [0xFF, 0xC3, 0x28, 0xE2, 0x82] + Array("\"\n\n\u{FEFF}data: {\"usage\":null}\n\ndata: [DONE]\n\n\n: end without an end".utf8)

    @Test("a stream whose client asked for usage itself is passed byte for byte at every cut")
    func exactAtEverySplit() throws {
        let odd = StreamTests.odd
        let upstream = try ScriptedUpstream { peer in
            for split in 0...odd.count {
                guard peer.request() != nil else { return }
                peer.wire.send(Array(Text.streamHead.utf8) + (split > 0 ? Text.chunk(Array(odd[..<split])) : []))
                pause(milliseconds: 1)
                peer.wire.send((split < odd.count ? Text.chunk(Array(odd[split...])) : []) + Array(Text.lastChunk.utf8))
            }
        }
        let gateway = try TestGateway(World(upstream))
        let client = try gateway.connect()
        for split in 0...odd.count {
            client.send(Text.request(body: StreamTests.withUsage))
            let answer = client.takeAnswer()
            #expect(answer.isWhole && answer.body == odd, "cut at \(split)")
        }
        #expect(upstream.requests.allSatisfy { $0.text == StreamTests.withUsage })
    }

    @Test("a stream without usage events is passed byte for byte at every cut of its bytes, though one was asked for")
    func exactThoughFiltered() throws {
        let odd = StreamTests.odd
        let wire = Array((Text.streamHead).utf8) + Text.chunk(odd) + Array(Text.lastChunk.utf8)
        let upstream = try ScriptedUpstream { peer in
            for split in stride(from: 1, to: wire.count, by: 1) {
                guard peer.request() != nil else { return }
                peer.wire.send(Array(wire[..<split]))
                pause(milliseconds: 1)
                peer.wire.send(Array(wire[split...]))
            }
        }
        let gateway = try TestGateway(World(upstream))
        let client = try gateway.connect()
        for split in stride(from: 1, to: wire.count, by: 1) {
            client.send(Text.request(body: StreamTests.withoutUsage))
            let answer = client.takeAnswer()
            #expect(answer.isWhole && answer.body == odd, "cut at \(split)")
        }
    }

    @Test("a stream that ends with its connection keeps what follows its last event")
    func unendedEventOfClosedStream() throws {
        let upstream = try ScriptedUpstream { peer in
            peer.request()
            peer.wire.send(Array("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n".utf8) + StreamTests.odd)
        }
        let gateway = try TestGateway(World(upstream))
        for version in ["HTTP/1.0", "HTTP/1.1"] {
            let answer = try gateway.ask(Text.request(body: StreamTests.withoutUsage, version: version))
            #expect(answer.isWhole && answer.body == StreamTests.odd)
        }
    }

    @Test("an event leaves as soon as it has come, with the fields that keep proxies from gathering")
    func eventsAreNotHeld() throws {
        let upstream = try ScriptedUpstream { peer in
            peer.request()
            peer.wire.send(Text.streamHead)
            for number in 0..<3 {
                peer.wire.send(Text.chunk(Text.event("{\"n\":\(number)}")))
                pause(milliseconds: 60)
            }
            peer.wire.send(Text.lastChunk)
        }
        let gateway = try TestGateway(World(upstream))
        for body in [StreamTests.withUsage, StreamTests.withoutUsage] {
            let client = try gateway.connect()
            client.send(Text.request(body: body))
            let head = client.takeHead()
            #expect(head["x-accel-buffering"] == "no")
            #expect(head["cache-control"]?.contains("no-transform") == true)
            #expect(head["content-length"] == nil)
            for number in 0..<3 {
                let start = Instant.now()
                #expect(client.takeChunk()?.text == Text.event("{\"n\":\(number)}"))
                // Held until the next event it would come 60 ms later, and the first with nothing to wait for.
                if number > 0 { #expect(Instant.now().nanoseconds(since: start) < 150_000_000) }
            }
            #expect(client.takeChunk() == [])
        }
    }

    // MARK: Usage

    static let events = ["{\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"usage\":null}", "{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":null}"]
    static let usage = "{\"id\":\"c\",\"choices\":[],\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":22,\"total_tokens\":33}}"

    @Test(
        "usage is asked for where the client did not, whatever stream_options it sent",
        arguments: [
            ("{\"model\":\"m\",\"stream\":true}", "{\"stream_options\":{\"include_usage\":true},\"model\":\"m\",\"stream\":true}", true),
            ("{\"stream\":true,\"stream_options\":null}", "{\"stream\":true,\"stream_options\":{\"include_usage\":true}}", true),
            ("{\"stream\":true,\"stream_options\":{}}", "{\"stream\":true,\"stream_options\":{\"include_usage\":true}}", true),
            ("{\"stream\":true,\"stream_options\":{\"x\":1}}", "{\"stream\":true,\"stream_options\":{\"include_usage\":true,\"x\":1}}", true),
            ("{\"stream\":true,\"stream_options\":{\"include_usage\":false}}", "{\"stream\":true,\"stream_options\":{\"include_usage\":true}}", true),
            ("{\"stream\":true,\"stream_options\":{\"include_usage\":true}}", "{\"stream\":true,\"stream_options\":{\"include_usage\":true}}", false),
            ("{\"stream\":true,\"stream_options\":7}", "{\"stream\":true,\"stream_options\":7}", false),
            ("{\"stream\":false}", "{\"stream\":false}", false),
        ])
    func usageIsAskedFor(sent: String, arrives: String, isRemoved: Bool) throws {
        let all = (StreamTests.events + [StreamTests.usage, "[DONE]"]).map(Text.event)
        let kept = (StreamTests.events + ["[DONE]"]).map(Text.event)
        let upstream = try ScriptedUpstream(answering: Text.stream(all))
        let gateway = try TestGateway(World(upstream))
        let answer = try gateway.ask(Text.request(body: sent))
        #expect(upstream.requests.first?.text == arrives)
        #expect(answer.text == (isRemoved ? kept : all).joined())
    }

    @Test("the usage event that only we asked for is removed at every cut, and nothing else")
    func usageIsRemovedAtEverySplit() throws {
        let all = (StreamTests.events + [StreamTests.usage, "[DONE]"]).map(Text.event).joined()
        let kept = (StreamTests.events + ["[DONE]"]).map(Text.event).joined()
        let wire = Array((Text.streamHead + Text.chunk(all) + Text.lastChunk).utf8)
        let first = Text.streamHead.utf8.count
        let upstream = try ScriptedUpstream { peer in
            for split in first..<wire.count {
                guard peer.request() != nil else { return }
                peer.wire.send(Array(wire[..<split]))
                pause(milliseconds: 1)
                peer.wire.send(Array(wire[split...]))
            }
        }
        let worker = try TestWorker(World(upstream))
        let client = try worker.connect()
        for split in first..<wire.count {
            client.send(Text.request(body: StreamTests.withoutUsage))
            let answer = client.takeAnswer()
            #expect(answer.isWhole && answer.text == kept, "cut at \(split)")
        }
        client.close()
        let records = worker.stop()
        #expect(records.count == wire.count - first)
        #expect(records.allSatisfy { $0.figures.cost.inputTokens == 11 && $0.figures.cost.outputTokens == 22 })
        #expect(records.allSatisfy { $0.figures.isStream && $0.figures.status == 200 })
    }

    @Test("usage is recorded of a stream that passes through untouched, byte by byte")
    func usageOfPassingStreams() throws {
        let all = (StreamTests.events + [StreamTests.usage, "[DONE]"]).map(Text.event).joined()
        let upstream = try ScriptedUpstream { peer in
            while peer.request() != nil {
                peer.wire.send(Text.streamHead)
                for byte in all.utf8 { peer.wire.send(Text.chunk([byte])) }
                peer.wire.send(Text.lastChunk)
            }
        }
        let worker = try TestWorker(World(upstream))
        let client = try worker.connect()
        client.send(Text.request(body: StreamTests.withUsage))
        #expect(client.takeAnswer().text == all)
        client.close()
        let record = try #require(worker.stop().first)
        #expect(record.figures.cost.inputTokens == 11)
        #expect(record.figures.cost.outputTokens == 22)
    }

    @Test("usage is recorded of an answer that is no stream")
    func usageOfWholeAnswers() throws {
        let body = "{\"id\":\"x\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}"
        let upstream = try ScriptedUpstream { peer in
            while peer.request() != nil { peer.wire.send(Array(Text.answer(body: body).utf8), piecesOf: 13) }
        }
        let worker = try TestWorker(World(upstream))
        let client = try worker.connect()
        client.send(Text.request())
        #expect(client.takeAnswer().text == body)
        client.close()
        let record = try #require(worker.stop().first)
        #expect(record.figures.cost.inputTokens == 3 && record.figures.cost.outputTokens == 4)
        #expect(!record.figures.isStream)
    }

    // MARK: Cut streams

    @Test("a stream cut in the middle ends with an error event and no last chunk, in the client's dialect", arguments: ["openai", "anthropic"], ["close", "reset", "bad chunk", "gap"])
    func cutStreams(dialect: String, way: String) throws {
        let event = dialect == "openai" ? Text.event("{\"a\":1}") : "event: ping\n" + Text.event("{\"type\":\"ping\"}")
        let upstream = try ScriptedUpstream { peer in
            peer.request()
            peer.wire.send(Text.streamHead + Text.chunk(event))
            pause(milliseconds: 20)
            switch way {
            case "reset": peer.wire.reset()
            case "bad chunk": peer.wire.send("not a size\r\n")
            default: break
            }
            if way != "close" { _ = peer.wire.millisecondsUntilEnd() }
        }
        var world = World(upstream)
        world.providers[0].like = dialect
        world.limits.gapNanoseconds = World.milliseconds(way == "gap" ? 80 : 5000)
        let gateway = try TestGateway(world)
        let path = dialect == "openai" ? "POST /v1/chat/completions" : "POST /v1/messages"
        let client = try gateway.connect()
        client.send(Text.request(path, body: StreamTests.withoutUsage))
        let answer = client.takeAnswer()
        #expect(answer.status == 200)
        #expect(!answer.isWhole)
        #expect(answer.text.hasPrefix(event))
        let error = String(answer.text.dropFirst(event.count))
        #expect(error.hasPrefix(dialect == "openai" ? "data: {\"error\":{\"message\":" : "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":"))
        #expect(error.hasSuffix("}\n\n"))
        #expect(client.ending != .silent)
    }

    @Test("an error event begins on a line of its own when the stream was cut inside an event")
    func cutInsideAnEvent() throws {
        for body in [StreamTests.withUsage, StreamTests.withoutUsage] {
            let upstream = try ScriptedUpstream { peer in
                peer.request()
                peer.wire.send(Text.streamHead + Text.chunk(Text.event("{\"a\":1}") + "data: {\"b\":"))
                pause(milliseconds: 10)
            }
            let gateway = try TestGateway(World(upstream))
            let answer = try gateway.ask(Text.request(body: body))
            #expect(!answer.isWhole)
            let events = answer.text.split(separator: "\n\n").map(String.init)
            #expect(events.first == "data: {\"a\":1}")
            #expect(events.last?.hasPrefix("data: {\"error\":") == true)
        }
    }

    @Test("a close-delimited stream ends cleanly with its connection; a reset one does not", arguments: [false, true])
    func closeDelimitedStreams(resets: Bool) throws {
        let upstream = try ScriptedUpstream { peer in
            peer.request()
            peer.wire.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + Text.event("{\"a\":1}"))
            pause(milliseconds: 10)
            if resets { peer.wire.reset() }
        }
        let gateway = try TestGateway(World(upstream))
        let answer = try gateway.ask(Text.request(body: StreamTests.withoutUsage))
        #expect(answer.isWhole == !resets)
        #expect(answer.text.hasPrefix(Text.event("{\"a\":1}")))
        #expect(answer.text.contains("stream_interrupted") == resets)
    }

    @Test("no byte of a same-dialect plaintext stream is copied between its read and its write")
    func nothingIsCopied() throws {
        let event = Text.event("{\"choices\":[{\"delta\":{\"content\":\"word \"}}]}")
        let upstream = try ScriptedUpstream { peer in
            while peer.request() != nil {
                peer.wire.send(Text.streamHead)
                for _ in 0..<20 {
                    for _ in 0..<10 { peer.wire.send(Text.chunk(event)) }
                    pause(milliseconds: 2)
                }
                // Parts of chunks too: their framing is made anew around bytes that stay where they are.
                peer.wire.send(Array((Text.chunk(event) + Text.chunk(event)).utf8), piecesOf: 37)
                peer.wire.send(Text.lastChunk)
            }
        }
        let worker = try TestWorker(World(upstream))
        let client = try worker.connect()
        for _ in 0..<3 {
            client.send(Text.request(body: StreamTests.withUsage))
            #expect(client.takeAnswer().text == String(repeating: event, count: 202))
        }
        client.close()
        _ = worker.stop()
        // The requests themselves move to a block of their size while they wait for their answers.
        #expect(worker.worker.blocks.copiedByteCount <= 3 * Text.request(body: StreamTests.withUsage).utf8.count)
    }
}
