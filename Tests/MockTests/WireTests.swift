import Glibc
import Mock
import Testing

@Suite("Mock provider on the wire")
struct WireTests {
    @Test("a request is answered the same whole, cut in two anywhere, and a byte at a time")
    func splitsChangeNothing() throws {
        let head = "POST /any HTTP/1.1\r\nhost: m\r\n"
        let plain = Array("\(head)content-length: 5\r\n\r\nhello".utf8)
        let chunked = Array("\(head)transfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n".utf8)
        try withServer { server in
            let client = try TestClient(server)
            for request in [plain, chunked] {
                client.send(request)
                let whole = client.answer().body
                #expect(whole.contains(#""body":"hello""#))
                for cut in 1..<request.count {
                    client.send(Array(request[..<cut]))
                    if cut % 4 == 0 { usleep(300) }
                    client.send(Array(request[cut...]))
                    #expect(client.answer().body == whole)
                }
                for byte in request {
                    client.send([byte])
                    usleep(100)
                }
                #expect(client.answer().body == whole)
            }
        }
    }

    @Test("pipelined requests are answered in order, also behind one that takes its time")
    func pipeliningKeepsOrder() throws {
        try withServer { server in
            let client = try TestClient(server)
            client.chat("mock?reply=first&latency=30")
            for number in 0..<100 { client.post("/echo/\(number)", "") }
            client.chat("mock?tokens=3&gap=5", streams: true)
            client.chat("mock?reply=last")
            #expect(client.answer().body.contains("first"))
            for number in 0..<100 { #expect(client.answer().body.contains(#""target":"/echo/\#(number)""#)) }
            #expect(client.answer().events.count == 6)
            #expect(client.answer().body.contains("last"))
        }
    }

    @Test("a body is waited for with 100 Continue when the client asks (RFC 9110 §10.1.1)")
    func expectationsAreMet() throws {
        try withServer { server in
            let client = try TestClient(server)
            client.send("POST /any HTTP/1.1\r\nhost: m\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n")
            #expect(client.answer().status == 100)
            client.send("ok")
            #expect(client.answer().body.contains(#""body":"ok""#))
        }
    }

    @Test("HEAD has no body, HTTP/1.0 no chunks, and what is not HTTP is refused and closed")
    func oddClients() throws {
        try withServer { server in
            let client = try TestClient(server)
            client.send("HEAD /v1/models HTTP/1.1\r\nhost: m\r\n\r\nGET /v1/models HTTP/1.1\r\nhost: m\r\n\r\n")
            #expect(client.answer(toHead: true).field("content-length") != nil)
            #expect(client.answer().isWhole)
            let old = try TestClient(server)
            let body = #"{"model":"mock?tokens=2","stream":true}"#
            old.send("POST /v1/chat/completions HTTP/1.0\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)")
            let answer = old.answer()
            #expect(answer.field("transfer-encoding") == nil && answer.field("connection") == "close")
            #expect(answer.events.last == "[DONE]" && answer.isWhole)
            let wrong = try TestClient(server)
            wrong.send("GET /x HTTP/1.1\nhost: m\n\n")
            #expect(wrong.answer().status == 400)
            #expect(wrong.sawEnd())
            let huge = try TestClient(server)
            huge.send("POST /x HTTP/1.1\r\nhost: m\r\ncontent-length: 9223372036854775807\r\n\r\n")
            #expect(huge.answer().status == 413)
        }
    }

    @Test("a cut stream ends without its last chunk, after as many events as scripted", arguments: [1, 2, 5])
    func cutsAreUnclean(_ events: Int) throws {
        try withServer { server in
            let client = try TestClient(server)
            client.chat("mock?tokens=9&cut=\(events)", streams: true)
            let answer = client.answer()
            #expect(answer.status == 200 && answer.events.count == events && !answer.isWhole)
            #expect(client.isEnded)
        }
    }

    @Test("faults happen where the script says")
    func faults() throws {
        try withServer { server in
            func ask(_ model: String, streams: Bool) throws -> (TestClient, TestClient.Answer) {
                let client = try TestClient(server)
                client.chat(model, streams: streams)
                return (client, client.answer())
            }
            for streams in [false, true] {
                let nothing = try TestClient(server)
                nothing.chat("mock?cut=0", streams: streams)
                #expect(nothing.sawEnd() && nothing.rest.isEmpty)
                let noise = try TestClient(server)
                noise.chat("mock?malformed=0", streams: streams)
                #expect(noise.sawEnd() && noise.rest.hasPrefix("HTTP/1.1 2OO"))
            }
            let broken = try ask("mock?malformed=2", streams: true)
            #expect(broken.1.events.count == 2 && !broken.1.isWhole && broken.0.rest == "zz not a chunk\r\n")
            let garbled = try ask("mock?garbage=1&tokens=2", streams: true).1
            #expect(garbled.isWhole && garbled.events.count == 6 && garbled.events[1].contains("not JSON"))
            #expect(try !ask("mock?malformed=1", streams: false).1.isWhole)
            #expect(try !ask("mock?cut=1", streams: false).1.isWhole)
            let half = try ask("mock?garbage=1", streams: false).1
            #expect(half.isWhole && !half.body.hasSuffix("}"))
        }
    }

    @Test("latency and gaps are kept to")
    func pacing() throws {
        try withServer { server in
            let client = try TestClient(server)
            let held = milliseconds {
                client.chat("mock?latency=50")
                _ = client.answer()
            }
            #expect(held >= 50)
            let paced = milliseconds {
                client.chat("mock?latency=20&tokens=5&gap=20", streams: true)
                #expect(client.answer().events.count == 8)
            }
            #expect(paced >= 100)
            #expect(paced < 1000)
        }
    }

    @Test("a connection is closed when the script says so, announced or not")
    func closing() throws {
        try withServer { server in
            let closing = try TestClient(server)
            closing.chat("mock?close=1")
            let answer = closing.answer()
            #expect(answer.isWhole && answer.field("connection") == "close" && closing.sawEnd())
            let stale = try TestClient(server)
            stale.chat("mock?stale=1")
            let promise = stale.answer()
            #expect(promise.isWhole && promise.field("connection") == nil && stale.sawEnd())
        }
    }

    @Test("a client that goes away in mid-answer is counted and its connection closed at once", arguments: [
        "mock?hang=1", "mock?latency=60000", "mock?tokens=1000&gap=50", "mock?hang_after=3",
    ])
    func abortsAreCounted(_ model: String) throws {
        try withServer { server in
            let client = try TestClient(server)
            client.chat(model, streams: true)
            while server.statistics().requests == 0 { usleep(500) }
            usleep(5000)
            client.disconnect()
            let taken = milliseconds {
                while server.statistics().openConnections > 0 { usleep(500) }
            }
            #expect(taken < 1000)
            #expect(server.statistics().abortedByClient == 1)
            #expect(server.statistics().completedStreams == 0)
        }
    }

    @Test("a big answer reaches a slow reader whole")
    func bigAnswers() throws {
        try withServer { server in
            for streams in [false, true] {
                let client = try TestClient(server)
                client.chat("mock?size=2000000", streams: streams)
                usleep(20_000)
                let answer = client.answer()
                #expect(answer.isWhole && answer.body.utf8.count > 2_000_000)
            }
            #expect(server.statistics().completedStreams == 1)
        }
    }

    @Test("stopping ends streams and threads at once")
    func stopping() throws {
        let server = try MockServer(listen: .init(numeric: "127.0.0.1", port: 0)!, workers: 2)
        let clients = try (0..<8).map { _ in try TestClient(server) }
        for client in clients { client.chat("mock?tokens=100000&gap=10", streams: true) }
        for client in clients { client.read() }
        let taken = milliseconds {
            server.stop()
            server.wait()
            server.wait()
        }
        #expect(taken < 1000)
        for client in clients { #expect(!client.answer().isWhole) }
    }
}
