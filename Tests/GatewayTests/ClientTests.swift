import Glibc
import Reactor
import Testing

@testable import Gateway

@Suite("Clients and their limits")
struct ClientTests {
    private func world(_ upstream: ScriptedUpstream, _ change: (inout World) -> Void = { _ in }) -> World {
        var world = World(upstream)
        change(&world)
        return world
    }

    // MARK: Time

    @Test("a head that does not come in time is 408 and the connection closes", arguments: ["GET /v1/models HTTP/1.1\r\nHost:", "G"])
    func slowHead(start: String) throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        let gateway = try TestGateway(world(upstream) { $0.limits.headerNanoseconds = World.milliseconds(60) })
        let client = try gateway.connect()
        // A byte now and then does not help: the time is for the whole head.
        client.send(start)
        for _ in 0..<5 {
            pause(milliseconds: 10)
            client.send("x")
        }
        let answer = client.takeAnswer()
        #expect(answer.status == 408)
        #expect(answer.errorCode == "request_too_slow")
        #expect(answer["connection"] == "close")
        #expect(client.millisecondsUntilEnd() != nil)
    }

    @Test("a body that falls below the least rate is 408 and the connection closes", arguments: ["collected", "chunked", "streamed"])
    func slowBody(kind: String) throws {
        let upstream = try ScriptedUpstream { peer in
            peer.requestHead()
            _ = peer.wire.millisecondsUntilEnd()
        }
        let gateway = try TestGateway(
            world(upstream) {
                $0.limits.bodyGraceNanoseconds = World.milliseconds(60)
                $0.limits.bodyBytesPerSecond = 1000
            })
        let client = try gateway.connect()
        switch kind {
        case "collected": client.send(Text.request("POST /v1/chat/completions", ["Content-Length: 100", "Content-Type: application/json"], body: nil) + "{\"model\":")
        case "chunked": client.send(Text.request("POST /v1/chat/completions", ["Transfer-Encoding: chunked", "Content-Type: application/json"], body: nil) + "2\r\n{\"")
        default: client.send(Text.request("POST /v1/files", ["Content-Length: 100", "Content-Type: multipart/form-data; boundary=b"], body: nil) + "--b")
        }
        let answer = client.takeAnswer()
        #expect(answer.status == 408)
        #expect(answer.errorCode == "request_too_slow")
        #expect(client.millisecondsUntilEnd() != nil)
        #expect(kind == "streamed" || upstream.requests.isEmpty)
    }

    @Test("a connection without a request closes after its time, before its first and after an answer")
    func idleClose() throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        let gateway = try TestGateway(world(upstream) { $0.limits.idleNanoseconds = World.milliseconds(50) })
        let silent = try gateway.connect()
        #expect(silent.millisecondsUntilEnd() != nil)
        #expect(silent.ending == .closed)
        let client = try gateway.connect()
        client.send(Text.request())
        #expect(client.takeAnswer().status == 200)
        #expect(client.takeAll().isEmpty)
        #expect(client.ending == .closed)
    }

    // MARK: Size

    @Test("a body over the limit is 413 before any of it is read; one chunk by chunk when it passes the limit")
    func bodyTooLarge() throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        let gateway = try TestGateway(world(upstream) { $0.limits.bodyByteCount = 1000 })
        let declared = try gateway.ask(Text.request("POST /v1/chat/completions", ["Content-Length: 1001", "Expect: 100-continue"], body: nil))
        #expect(declared.status == 413)
        #expect(declared.errorCode == "request_too_large")
        #expect(declared["connection"] == "close")
        let chunked = try gateway.ask(
            Text.request("POST /v1/chat/completions", ["Transfer-Encoding: chunked"], body: nil) + Text.chunk(String(repeating: " ", count: 600))
                + Text.chunk(String(repeating: " ", count: 600)))
        #expect(chunked.status == 413)
        #expect(upstream.requests.isEmpty)
        let fits = try gateway.ask(Text.request(body: "{\"model\":\"" + String(repeating: "m", count: 988) + "\"}"))
        #expect(fits.status == 200)
    }

    @Test("a refusal reaches a client that is still sending its body")
    func refusalIsNotLost() throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        let gateway = try TestGateway(world(upstream) { $0.limits.bodyByteCount = 1000 })
        let client = try gateway.connect()
        client.send(Text.request("POST /v1/chat/completions", ["Content-Length: 300000"], body: nil))
        client.send([UInt8](repeating: 0x20, count: 300_000))
        #expect(client.takeAnswer().status == 413)
    }

    @Test(
        "heads past their limits are refused with the closest status",
        arguments: [("line", 414), ("head", 431), ("fields", 431), ("upgrade", 501), ("expect", 417), ("host", 400), ("both", 400), ("length", 400), ("fold", 400), ("lf", 400)])
    func headLimits(kind: String, status: Int) throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        let gateway = try TestGateway(World(upstream))
        let many = (0..<101).map { "x-\($0): 1" }
        let request =
            switch kind {
            case "line": Text.request("GET /v1/" + String(repeating: "a", count: 9000), body: nil)
            case "head": Text.request("GET /v1/models", ["x: " + String(repeating: "a", count: 66_000)], body: nil)
            case "fields": Text.request("GET /v1/models", many, body: nil)
            case "expect": Text.request("POST /v1/chat/completions", ["Expect: 200-maybe"])
            case "host": "GET /v1/models HTTP/1.1\r\n\r\n"
            case "both": Text.request("POST /v1/chat/completions", ["Transfer-Encoding: chunked"])
            case "length": Text.request("POST /v1/chat/completions", ["Content-Length: 5"])
            case "fold": Text.request("GET /v1/models", ["x: a\r\n b"], body: nil)
            case "lf": "GET /v1/models HTTP/1.1\nHost: x\n\n"
            default: Text.request("GET /v1/models", ["Connection: upgrade", "Upgrade: websocket"], body: nil)
            }
        let answer = try gateway.ask(request)
        // An upgrade may be ignored, and then it is a request like any other (RFC 9110 §7.8).
        #expect(answer.status == status || (kind == "upgrade" && answer.status == 200))
        #expect(kind == "upgrade" || upstream.requests.isEmpty)
    }

    @Test("a client that waits for 100 Continue is told to go on, once")
    func expectContinue() throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        let gateway = try TestGateway(World(upstream))
        let client = try gateway.connect()
        for kind in ["Content-Length: 13", "Transfer-Encoding: chunked"] {
            client.send(Text.request("POST /v1/chat/completions", [kind, "Expect: 100-continue", "Content-Type: application/json"], body: nil))
            #expect(client.takeAnswer().status == 100)
            let body = "{\"model\":\"m\"}"
            client.send(kind.hasPrefix("C") ? body : Text.chunk(body) + Text.lastChunk)
            #expect(client.takeAnswer().status == 200)
        }
        // With the body right behind it nobody waits for anything.
        client.send(Text.request("POST /v1/chat/completions", ["Expect: 100-continue"]))
        #expect(client.takeAnswer().status == 200)
        #expect(upstream.requests.allSatisfy { $0["expect"] == nil })
    }

    @Test("a chunked JSON body is collected at every cut, and the request behind it is served")
    func chunkedBodyAtEverySplit() throws {
        let upstream = try ScriptedUpstream { peer in
            while let request = peer.request() { peer.wire.send(Text.answer(body: request.text.isEmpty ? "{}" : request.text)) }
        }
        let gateway = try TestGateway(World(upstream))
        let client = try gateway.connect()
        let head = Text.request("POST /v1/chat/completions", ["Transfer-Encoding: chunked", "Content-Type: application/json"], body: nil)
        let framed = "5\r\n{\"mod\r\n1;x=y\r\ne\r\n00A\r\nl\":\"model\"\r\n1\r\n}\r\n0\r\nTrailer-Field: x\r\n\r\n"
        let wire = Array((head + framed + Text.request("GET /v1/models", body: nil)).utf8)
        for split in head.utf8.count..<wire.count {
            client.send(Array(wire[..<split]))
            pause(milliseconds: 1)
            client.send(Array(wire[split...]))
            #expect(client.takeAnswer().text == "{\"model\":\"model\"}", "cut at \(split)")
            #expect(client.takeAnswer().text == "{}", "cut at \(split)")
        }
        #expect(upstream.requests.allSatisfy { $0["transfer-encoding"] == nil })
    }

    // MARK: Order

    @Test("pipelined requests are answered in order, local ones and others, however many come at once")
    func pipelining() throws {
        let upstream = try ScriptedUpstream { peer in
            while let request = peer.request() { peer.wire.send(Text.answer(body: request.text)) }
        }
        let gateway = try TestGateway(World(upstream))
        let client = try gateway.connect()
        var sent = ""
        for number in 0..<100 {
            sent += number % 3 == 0 ? Text.request("GET /health", body: nil) : Text.request(body: "{\"model\":\"\(number)\"}")
        }
        client.send(sent)
        for number in 0..<100 {
            #expect(client.takeAnswer().text == (number % 3 == 0 ? "{\"status\":\"ok\"}" : "{\"model\":\"\(number)\"}"))
        }
        client.send(String(repeating: Text.request("GET /health", body: nil), count: 200))
        for _ in 0..<200 { #expect(client.takeAnswer().status == 200) }
    }

    @Test("a request sent while a stream runs is answered after it")
    func pipeliningBehindAStream() throws {
        let events = (0..<5).map { Text.event("{\"n\":\($0)}") }
        let upstream = try ScriptedUpstream { peer in
            peer.request()
            peer.wire.send(Text.streamHead)
            for event in events {
                peer.wire.send(Text.chunk(event))
                pause(milliseconds: 10)
            }
            peer.wire.send(Text.lastChunk)
            peer.answer(Text.answer())
        }
        let gateway = try TestGateway(World(upstream))
        let client = try gateway.connect()
        client.send(Text.request(body: StreamTests.withUsage))
        pause(milliseconds: 15)
        client.send(Text.request() + Text.request("GET /health", body: nil))
        #expect(client.takeAnswer().text == events.joined())
        #expect(client.takeAnswer().text == "{\"id\":\"a\"}")
        #expect(client.takeAnswer().text == "{\"status\":\"ok\"}")
        #expect(upstream.connectionCount == 1)
    }

    @Test("a request whose answer says close is the connection's last")
    func connectionClose() throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        let gateway = try TestGateway(World(upstream))
        let client = try gateway.connect()
        client.send(Text.request("POST /v1/chat/completions", ["Connection: close"]) + Text.request())
        let answer = client.takeAnswer()
        #expect(answer["connection"] == "close")
        #expect(client.takeAll().isEmpty)
        #expect(upstream.requests.count == 1)
    }

    // MARK: Leaving

    @Test("a client that half-closes or leaves in mid-stream costs its upstream connection within 100 ms", arguments: ["close", "reset", "half"])
    func clientGone(way: String) throws {
        // Other work on the machine may take a turn; the best of three tells what the gateway does.
        var best = Int.max
        for _ in 0..<3 where best > 100 {
            let noticed = Noticed()
            let upstream = try ScriptedUpstream { peer in
                peer.request()
                peer.wire.send(Text.streamHead + Text.chunk(Text.event("{}")))
                _ = peer.wire.millisecondsUntilEnd()
                noticed.note()
            }
            let worker = try TestWorker(World(upstream))
            let client = try worker.connect()
            client.send(Text.request(body: StreamTests.withUsage))
            _ = client.takeHead()
            _ = client.takeChunk()
            let start = Instant.now()
            switch way {
            case "close": client.close()
            case "reset": client.reset()
            default: client.finishSending()
            }
            if let at = noticed.wait() { best = min(best, Int(at.nanoseconds(since: start) / 1_000_000)) }
            client.close()
            let record = try #require(worker.stop().first)
            #expect(record.figures.wasAborted)
        }
        #expect(best <= 100)
    }

    @Test("a client that leaves before its answer began is let go as well")
    func clientGoneBeforeTheAnswer() throws {
        let arrived = Noticed()
        let noticed = Noticed()
        let upstream = try ScriptedUpstream { peer in
            peer.request()
            arrived.note()
            _ = peer.wire.millisecondsUntilEnd()
            noticed.note()
        }
        let gateway = try TestGateway(World(upstream))
        let client = try gateway.connect()
        client.send(Text.request())
        #expect(arrived.wait() != nil)
        client.close()
        #expect(noticed.wait() != nil)
    }
}

/// An instant told from one thread to another.
final class Noticed: @unchecked Sendable {
    // Unchecked: `at` is written before the semaphore is posted and read after it was waited for.
    private var at = Instant(nanoseconds: 0)
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { sem_init(semaphore, 0, 0) }
    deinit { semaphore.deallocate() }

    func note() {
        at = .now()
        sem_post(semaphore)
    }

    /// When it was noted; nil when it is not within ten seconds.
    func wait() -> Instant? {
        var limit = timespec()
        clock_gettime(CLOCK_REALTIME, &limit)
        limit.tv_sec += 10
        return sem_timedwait(semaphore, &limit) == 0 ? at : nil
    }
}
