import Testing

@Suite("Framing of answers")
struct AnswerFramingTests {
    @Test("answers without a body have none, and the connection goes on")
    func bodilessAnswers() throws {
        let upstream = try ScriptedUpstream { peer in
            peer.request()
            peer.wire.send("HTTP/1.1 200 OK\r\nContent-Length: 4711\r\nETag: x\r\n\r\n")
            peer.request()
            peer.wire.send("HTTP/1.1 204 No Content\r\n\r\n")
            peer.request()
            peer.wire.send("HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n")
            peer.request()
            peer.wire.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            peer.answer(Text.answer())
        }
        let gateway = try TestGateway(World(upstream))
        let client = try gateway.connect()
        client.send(Text.request("HEAD /v1/models", body: nil))
        let head = client.takeAnswer(withoutBody: true)
        #expect(head.status == 200)
        #expect(head["content-length"] == "4711")
        client.send(Text.request("DELETE /v1/files/f", body: nil))
        let empty = client.takeAnswer()
        #expect(empty.status == 204)
        #expect(empty["content-length"] == nil && empty["transfer-encoding"] == nil)
        client.send(Text.request("GET /v1/models", body: nil))
        #expect(client.takeAnswer().status == 304)
        client.send(Text.request("HEAD /v1/models", body: nil))
        #expect(client.takeAnswer(withoutBody: true).status == 200)
        client.send(Text.request())
        #expect(client.takeAnswer().text == "{\"id\":\"a\"}")
        #expect(upstream.connectionCount == 1)
    }

    @Test("interim answers stop here, however they are cut (RFC 9110 §15.2)", arguments: [1, 7, 4096])
    func interimAnswersAreSkipped(pieces: Int) throws {
        let upstream = try ScriptedUpstream { peer in
            while peer.request() != nil {
                let answer = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + Text.answer()
                peer.wire.send(Array(answer.utf8), piecesOf: pieces, pauseMicroseconds: 100)
            }
        }
        let gateway = try TestGateway(World(upstream))
        let client = try gateway.connect()
        for _ in 0..<2 {
            client.send(Text.request())
            let answer = client.takeAnswer()
            #expect(answer.status == 200)
            #expect(answer["link"] == nil)
            #expect(answer.text == "{\"id\":\"a\"}")
        }
    }

    @Test("an answer that switches protocols was not asked for: 502")
    func switchingProtocolsIsRefused() throws {
        let upstream = try ScriptedUpstream(answering: "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n")
        let gateway = try TestGateway(World(upstream))
        let answer = try gateway.ask(Text.request())
        #expect(answer.status == 502)
        #expect(answer.errorCode == "upstream_malformed")
    }

    static let chunked = "5\r\nhello\r\n1;name=\"v\"\r\n \r\n10\r\nchunked bodies, \r\n6\r\nwhole.\r\n0\r\nX-Trailer: t\r\n\r\n"
    static let payload = "hello chunked bodies, whole."

    @Test("a chunked answer is the same cut at every byte, and its trailer is dropped")
    func chunkedAtEverySplit() throws {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
        let whole = Array((head + AnswerFramingTests.chunked).utf8)
        let upstream = try ScriptedUpstream { peer in
            for split in 1..<whole.count {
                peer.request()
                peer.wire.send(Array(whole[..<split]))
                pause(milliseconds: 1)
                peer.wire.send(Array(whole[split...]))
            }
        }
        let gateway = try TestGateway(World(upstream))
        let client = try gateway.connect()
        for split in 1..<whole.count {
            client.send(Text.request("GET /v1/files/f/content", body: nil))
            let answer = client.takeAnswer()
            #expect(answer.isWhole && answer.text == AnswerFramingTests.payload, "cut at \(split): \(answer.text)")
            #expect(answer["x-trailer"] == nil)
        }
        #expect(upstream.connectionCount == 1)
    }

    @Test("a chunked answer is the same byte by byte, for HTTP/1.0 clients too")
    func chunkedByteByByte() throws {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
        let upstream = try ScriptedUpstream { peer in
            while peer.request() != nil { peer.wire.send(Array((head + AnswerFramingTests.chunked).utf8), piecesOf: 1, pauseMicroseconds: 100) }
        }
        let gateway = try TestGateway(World(upstream))
        let answer = try gateway.ask(Text.request("GET /v1/files/f/content", body: nil))
        #expect(answer.isWhole && answer.text == AnswerFramingTests.payload)
        let old = try gateway.ask(Text.request("GET /v1/files/f/content", ["Connection: keep-alive"], body: nil, version: "HTTP/1.0"))
        #expect(old["transfer-encoding"] == nil)
        #expect(old["connection"] == "close")
        #expect(old.isWhole && old.text == AnswerFramingTests.payload)
    }

    @Test("thousands of chunks of one byte in one read arrive", arguments: ["text/plain", "text/event-stream"])
    func floodOfTinyChunks(type: String) throws {
        let text = String(repeating: "data: {\"x\":1}\n\n", count: 600)
        let answer = "HTTP/1.1 200 OK\r\nContent-Type: \(type)\r\nTransfer-Encoding: chunked\r\n\r\n" + text.utf8.map { "1\r\n\(Character(UnicodeScalar($0)))\r\n" }.joined() + "0\r\n\r\n"
        let upstream = try ScriptedUpstream(answering: answer)
        let gateway = try TestGateway(World(upstream))
        let client = try gateway.connect()
        for body in ["{\"model\":\"m\",\"stream\":true}", "{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include_usage\":true}}"] {
            client.send(Text.request(body: body))
            let answer = client.takeAnswer()
            #expect(answer.isWhole)
            #expect(answer.text == text)
        }
    }

    @Test(
        "a broken chunk ends the answer without its last chunk, and the connection",
        arguments: ["zz\r\n", "5\r\nhello!!", "5 \r\nhello\r\n", "-1\r\n", "FFFFFFFFFFFFFFFFF\r\n", "5\nhello\r\n0\r\n\r\n", "0\r\nContent-Length: 5\r\n\r\n"])
    func brokenChunks(rest: String) throws {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
        let upstream = try ScriptedUpstream { peer in
            peer.request()
            peer.wire.send(head + rest)
            _ = peer.wire.millisecondsUntilEnd()
        }
        let gateway = try TestGateway(World(upstream))
        let client = try gateway.connect()
        client.send(Text.request("GET /v1/files/f/content", body: nil))
        let answer = client.takeAnswer()
        #expect(answer.status == 200)
        #expect(!answer.isWhole)
        #expect(client.ending != .silent)
    }

    @Test("an answer that ends with its connection is chunked for HTTP/1.1 and closed for HTTP/1.0")
    func closeDelimited() throws {
        let upstream = try ScriptedUpstream { peer in
            peer.request()
            peer.wire.send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nall of")
            pause(milliseconds: 5)
            peer.wire.send(" it")
        }
        let gateway = try TestGateway(World(upstream))
        let client = try gateway.connect()
        for _ in 0..<2 {
            client.send(Text.request("GET /v1/files/f/content", body: nil))
            let answer = client.takeAnswer()
            #expect(answer["transfer-encoding"] == "chunked")
            #expect(answer.isWhole && answer.text == "all of it")
        }
        #expect(upstream.connectionCount == 2)
        let old = try gateway.ask(Text.request("GET /v1/files/f/content", body: nil, version: "HTTP/1.0"))
        #expect(old["transfer-encoding"] == nil)
        #expect(old.isWhole && old.text == "all of it")
    }

    @Test("an HTTP/1.0 client may keep its connection for answers of known length (RFC 9112 §9.3)")
    func oldClientKeepsAlive() throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        let gateway = try TestGateway(World(upstream))
        let client = try gateway.connect()
        client.send(Text.request("POST /v1/chat/completions", ["Connection: keep-alive"], version: "HTTP/1.0"))
        let first = client.takeAnswer()
        #expect(first["connection"] == "keep-alive")
        #expect(first.isWhole)
        client.send(Text.request(version: "HTTP/1.0"))
        let second = client.takeAnswer()
        #expect(second["connection"] == "close")
        #expect(second.isWhole)
        #expect(client.takeAll().isEmpty && client.ending == .closed)
    }

    @Test("an answer cut short never looks whole", arguments: ["length", "chunked", "chunked, HTTP/1.0", "reset, close-delimited"])
    func cutAnswers(kind: String) throws {
        let upstream = try ScriptedUpstream { peer in
            peer.request()
            switch kind {
            case "length": peer.wire.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart")
            case "reset, close-delimited": peer.wire.send("HTTP/1.1 200 OK\r\n\r\npart")
            default: peer.wire.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n")
            }
            pause(milliseconds: 20)
            if kind.hasPrefix("reset") { peer.wire.reset() }
        }
        let gateway = try TestGateway(World(upstream))
        let client = try gateway.connect()
        client.send(Text.request("GET /v1/files/f/content", body: nil, version: kind.hasSuffix("1.0") ? "HTTP/1.0" : "HTTP/1.1"))
        let answer = client.takeAnswer()
        #expect(answer.status == 200)
        #expect(answer.text == "part" || kind.hasSuffix("1.0"))
        #expect(!answer.isWhole)
        #expect(client.ending == .reset || client.ending == .closed)
        if kind.hasSuffix("1.0") { #expect(client.ending == .reset) }
    }

    @Test("bytes behind an answer's end reach nobody: the connection is not used again")
    func overlongAnswers() throws {
        let smuggled = Text.answer("200 OK", body: "{\"smuggled\":true}")
        let upstream = try ScriptedUpstream(
            { peer in
                peer.request()
                peer.wire.send(Text.answer(body: "{\"a\":1}") + smuggled)
                _ = peer.wire.millisecondsUntilEnd()
            },
            { peer in
                peer.request()
                peer.wire.send(Text.answer(body: "{\"a\":2}"))
                pause(milliseconds: 20)
                peer.wire.send(smuggled)
                _ = peer.wire.millisecondsUntilEnd()
            },
            { $0.answer(Text.answer(body: "{\"a\":3}")) })
        let gateway = try TestGateway(World(upstream))
        let client = try gateway.connect()
        for expected in 1...3 {
            client.send(Text.request())
            #expect(client.takeAnswer().text == "{\"a\":\(expected)}")
            pause(milliseconds: 40)
        }
        #expect(upstream.connectionCount == 3)
    }

    @Test(
        "what is no HTTP/1.1 answer is a 502 that says so",
        arguments: [
            "HTTP/2 200 OK\r\n\r\n", "garbage\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\nX: a\r\n folded\r\n\r\n", "HTTP/1.1 99 Low\r\n\r\n",
        ])
    func malformedHeads(answer text: String) throws {
        let upstream = try ScriptedUpstream { peer in
            peer.request()
            peer.wire.send(text)
            _ = peer.wire.millisecondsUntilEnd()
        }
        let gateway = try TestGateway(World(upstream))
        let answer = try gateway.ask(Text.request())
        #expect(answer.status == 502)
        #expect(answer.errorCode == "upstream_malformed")
        #expect(answer.isWhole)
    }

    @Test("a big answer arrives whole, whatever its framing", arguments: ["length", "chunked", "close"])
    func bigAnswers(framing: String) throws {
        let body = Array((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) })
        let upstream = try ScriptedUpstream { peer in
            while peer.request() != nil {
                switch framing {
                case "length":
                    peer.wire.send("HTTP/1.1 200 OK\r\nContent-Length: \(body.count)\r\n\r\n")
                    peer.wire.send(body)
                case "chunked":
                    peer.wire.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                    for start in stride(from: 0, to: body.count, by: 50_000) { peer.wire.send(Text.chunk(Array(body[start..<start + 50_000]))) }
                    peer.wire.send(Text.lastChunk)
                default:
                    peer.wire.send("HTTP/1.1 200 OK\r\n\r\n")
                    peer.wire.send(body)
                    return
                }
            }
        }
        let gateway = try TestGateway(World(upstream))
        let client = try gateway.connect()
        for _ in 0..<2 {
            client.send(Text.request("GET /v1/files/f/content", body: nil))
            let answer = client.takeAnswer()
            #expect(answer.isWhole)
            #expect(answer.body == body)
        }
    }
}
