import Testing

@testable import Gateway

/// Sequences that once broke more than the request that made them.
@Suite("Hostile sequences")
struct HostileTests {
    /// Text that another request's bytes could not be.
    private func body(_ letter: Character, byteCount: Int) -> String {
        "{\"model\":\"m\",\"messages\":[\"" + String(repeating: letter, count: byteCount) + "\"]}"
    }

    @Test("a body still on its way to an upstream that has answered is nobody else's memory")
    func earlyAnswer() throws {
        let upstream = try ScriptedUpstream(
            { peer in
                // The answer's head first, then the request, slowly.
                _ = peer.wire.takeHead()
                peer.wire.send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n")
                pause(milliseconds: 100)
                let received = peer.wire.take(8_000_000)
                peer.wire.send(received.contains(UInt8(ascii: "B")) ? "no" : "ok")
            },
            { $0.answer(Text.answer()) })
        let gateway = try TestGateway(World(upstream))
        let first = try gateway.connect()
        first.send(Text.request(body: body("A", byteCount: 8_000_000)))
        #expect(first.takeHead().status == 200)
        for _ in 0..<4 { #expect(try gateway.ask(Text.request(body: body("B", byteCount: 8_000_000))).status == 200) }
        #expect(first.take(2).text == "ok")
    }

    @Test("a request refused with a connection in its hand leaves the pool able to serve")
    func refusalAfterDial() throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        var world = World(upstream)
        world.limits.queueNanoseconds = World.milliseconds(500)
        world.configs = [("plain", "{\"provider\":\"up\"}")]
        world.defaultConfig = 0
        let gateway = try TestGateway(world)
        // A credential that no field can carry is found when the request is written.
        _ = try gateway.ask(Text.request(provider: nil, key: "with\ta tab"))
        for _ in 0..<5 { #expect(try gateway.ask(Text.request()).status == 200) }
    }

    @Test("a length without its bytes holds no memory: others' bodies are still taken")
    func lengthsAreCheap() throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        var world = World(upstream)
        world.limits.memoryByteCount = 32 << 20
        let gateway = try TestGateway(world)
        let holders = try (0..<40).map { _ in try gateway.connect() }
        for holder in holders {
            holder.send("POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 20000000\r\n\r\n{")
        }
        pause(milliseconds: 100)
        #expect(try gateway.ask(Text.request(body: body("a", byteCount: 1_000_000))).status == 200)
        for holder in holders { holder.reset() }
    }

    @Test("an exchange that a timer ended serves one client at a time afterwards")
    func timedOutExchangeIsUsedOnce() throws {
        let upstream = try ScriptedUpstream(
            { peer in
                peer.request()
                peer.wire.send(Text.streamHead + Text.chunk(Text.event("{}")))
                pause(milliseconds: 400)
            },
            { peer in
                while peer.request() != nil {
                    pause(milliseconds: 60)
                    peer.wire.send(Text.answer())
                }
            })
        var world = World(upstream)
        world.limits.gapNanoseconds = World.milliseconds(100)
        let gateway = try TestGateway(world)
        let cut = try gateway.connect()
        cut.send(Text.request(version: "HTTP/1.0"))
        _ = cut.takeAll()
        let both = try (0..<2).map { _ in try gateway.connect() }
        for client in both { client.send(Text.request()) }
        for client in both { #expect(client.takeAnswer().status == 200) }
    }

    @Test("one-byte chunks by the thousand arrive whole")
    func chunkFlood() throws {
        let upstream = try ScriptedUpstream { peer in
            guard let request = peer.request() else { return }
            peer.wire.send(Text.answer(body: "{\"count\":\(request.body.count)}"))
        }
        let gateway = try TestGateway(World(upstream))
        let client = try gateway.connect()
        client.send(
            "POST /v1/files HTTP/1.1\r\nHost: a\r\nx-portkey-provider: up\r\nContent-Type: multipart/form-data; boundary=b\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n" + String(repeating: "1\r\nx\r\n", count: 20_000) + Text.lastChunk)
        #expect(client.takeAnswer().text == "{\"count\":20000}")
    }
}
