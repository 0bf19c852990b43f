import Testing

@Suite("Request bodies that stream through")
struct StreamedBodyTests {
    static let body: [UInt8] = (0..<400_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 9) }

    private func head(_ fields: [String]) -> String {
        Text.request("POST /v1/audio/transcriptions", fields + ["Content-Type: multipart/form-data; boundary=b"], body: nil)
    }

    @Test("a multipart body with a length arrives byte for byte")
    func withLength() throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        let gateway = try TestGateway(World(upstream))
        let client = try gateway.connect()
        for pieces in [400_000, 30_011] {
            client.send(head(["Content-Length: 400000"]))
            client.send(StreamedBodyTests.body, piecesOf: pieces)
            #expect(client.takeAnswer().status == 200)
        }
        #expect(upstream.requests.map(\.body) == [StreamedBodyTests.body, StreamedBodyTests.body])
        #expect(upstream.requests.allSatisfy { $0["content-length"] == "400000" && $0["content-type"] == "multipart/form-data; boundary=b" })
        #expect(upstream.connectionCount == 1)
    }

    @Test("it begins to arrive before it is whole")
    func isNotCollected() throws {
        let upstream = try ScriptedUpstream { peer in
            peer.requestHead()
            #expect(peer.wire.take(5).text == "first")
            peer.wire.send("HTTP/1.1 100 Continue\r\n\r\n")
            #expect(peer.wire.take(6).text == "second")
            peer.wire.send(Text.answer())
        }
        let gateway = try TestGateway(World(upstream))
        let client = try gateway.connect()
        client.send(head(["Content-Length: 11", "Expect: 100-continue"]))
        #expect(client.takeAnswer().status == 100)
        client.send("first")
        pause(milliseconds: 40)
        client.send("second")
        #expect(client.takeAnswer().status == 200)
    }

    @Test("a chunked body is framed anew at every cut: no extension, no trailer, the next request kept apart")
    func chunkedAtEverySplit() throws {
        let upstream = try ScriptedUpstream { peer in
            while let request = peer.request() { peer.wire.send(Text.answer(body: "{\"got\":\"\(request.text)\"}")) }
        }
        let gateway = try TestGateway(World(upstream))
        let client = try gateway.connect()
        let head = head(["Transfer-Encoding: chunked", "Trailer: X-Sum"])
        let framed = "5;name=\"v\"\r\nhello\r\n00b\r\n, streaming\r\n1\r\n.\r\n0\r\nX-Sum: 1\r\n\r\n"
        let wire = Array((head + framed + Text.request("GET /health", body: nil)).utf8)
        for split in head.utf8.count..<wire.count {
            client.send(Array(wire[..<split]))
            pause(milliseconds: 1)
            client.send(Array(wire[split...]))
            #expect(client.takeAnswer().text == "{\"got\":\"hello, streaming.\"}", "cut at \(split)")
            #expect(client.takeAnswer().text == "{\"status\":\"ok\"}")
        }
        #expect(upstream.requests.allSatisfy { $0.isWhole && $0["trailer"] == nil && $0["transfer-encoding"] == "chunked" })
    }

    @Test("thousands of chunks of one byte arrive")
    func tinyChunks() throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        let gateway = try TestGateway(World(upstream))
        let client = try gateway.connect()
        client.send(head(["Transfer-Encoding: chunked"]) + String(repeating: "1\r\nx\r\n", count: 20_000) + Text.lastChunk)
        #expect(client.takeAnswer().status == 200)
        #expect(upstream.requests.first?.body == [UInt8](repeating: UInt8(ascii: "x"), count: 20_000))
    }

    @Test("a chunk that is none ends both connections, with a 400 for the client")
    func brokenChunk() throws {
        let upstream = try ScriptedUpstream { peer in
            let request = peer.request()
            #expect(request?.isWhole == false)
        }
        let gateway = try TestGateway(World(upstream))
        let client = try gateway.connect()
        client.send(head(["Transfer-Encoding: chunked"]) + "3\r\nabc\r\n")
        pause(milliseconds: 20)
        client.send("oops\r\n")
        let answer = client.takeAnswer()
        #expect(answer.status == 400)
        #expect(answer.errorCode == "malformed_request")
        #expect(client.millisecondsUntilEnd() != nil)
    }

    @Test("an answer that comes before the body's end reaches the client at once")
    func earlyAnswer() throws {
        let upstream = try ScriptedUpstream { peer in
            peer.requestHead()
            peer.wire.send(Text.answer("403 Forbidden", ["Connection: close"], body: "{\"no\":1}"))
            _ = peer.wire.take(1000)
        }
        let gateway = try TestGateway(World(upstream))
        let client = try gateway.connect()
        client.send(head(["Content-Length: 1000000"]))
        client.send([UInt8](repeating: 1, count: 1000))
        let answer = client.takeAnswer()
        #expect(answer.status == 403)
        #expect(answer.text == "{\"no\":1}")
        // What is left of the body is no request.
        client.send(Text.request("GET /health", body: nil))
        #expect(client.takeAnswer().startLine.isEmpty)
    }

    @Test("an upstream that closes in the middle of a body is a 502, and is not asked again")
    func upstreamClosesEarly() throws {
        let upstream = try ScriptedUpstream { peer in
            peer.requestHead()
            _ = peer.wire.take(10)
        }
        let gateway = try TestGateway(World(upstream))
        let client = try gateway.connect()
        client.send(head(["Content-Length: 100000"]) + "0123456789")
        let answer = client.takeAnswer()
        #expect(answer.status == 502)
        #expect(upstream.requests.count == 1)
    }

    @Test("a client that leaves in the middle of its body ends the upstream's request")
    func clientLeaves() throws {
        let noticed = Noticed()
        let upstream = try ScriptedUpstream { peer in
            let request = peer.request()
            #expect(request?.isWhole == false)
            noticed.note()
        }
        let gateway = try TestGateway(World(upstream))
        let client = try gateway.connect()
        client.send(head(["Content-Length: 100"]) + "part")
        pause(milliseconds: 200)
        client.close()
        #expect(noticed.wait() != nil)
    }

    @Test("while the upstream takes nothing the client is not read from, and nothing is lost after")
    func backPressure() throws {
        let go = Noticed()
        let upstream = try ScriptedUpstream { peer in
            peer.requestHead()
            _ = go.wait()
            var isExact = true
            for _ in 0..<50 where isExact { isExact = peer.wire.take(400_000) == StreamedBodyTests.body }
            peer.wire.send(Text.answer(body: "{\"exact\":\(isExact)}"))
        }
        var world = World(upstream)
        // Shorter than the upstream's pause, which is not the client's fault.
        world.limits.bodyGraceNanoseconds = World.milliseconds(400)
        let gateway = try TestGateway(world)
        let client = try gateway.connect()
        let body = StreamedBodyTests.body
        client.send(head(["Content-Length: 20000000"]))
        let taken = client.sendUntilStalled(body, milliseconds: 600, limit: 20_000_000)
        // Kernel buffers of two connections, and one block of ours.
        #expect(taken < 18_000_000)
        go.note()
        let rest = client.sendUntilStalled(body, from: taken, milliseconds: 2000, limit: 20_000_000 - taken)
        #expect(taken + rest == 20_000_000)
        #expect(client.takeAnswer().text == "{\"exact\":true}")
    }

    @Test("an upload that takes longer than the first-byte time is not cut for that")
    func longUpload() throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        var world = World(upstream)
        world.limits.firstByteNanoseconds = World.milliseconds(100)
        let gateway = try TestGateway(world)
        let client = try gateway.connect()
        client.send(head(["Content-Length: 10"]))
        for _ in 0..<10 {
            pause(milliseconds: 25)
            client.send("x")
        }
        #expect(client.takeAnswer().status == 200)
    }
}
