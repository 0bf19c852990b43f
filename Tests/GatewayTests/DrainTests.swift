import Glibc
import Reactor
import Synchronization
import Testing

@testable import Gateway

@Suite("Listening and draining")
struct DrainTests {
    private func slowStream(_ count: Int) throws -> ScriptedUpstream {
        try ScriptedUpstream { peer in
            while peer.request() != nil {
                peer.wire.send(Text.streamHead)
                for number in 0..<count {
                    guard peer.wire.send(Text.chunk(Text.event("{\"n\":\(number)}"))) else { return }
                    pause(milliseconds: 10)
                }
                peer.wire.send(Text.lastChunk)
            }
        }
    }

    @Test("a drain lets streams finish, closes idle connections, refuses new ones, and then all is over")
    func drain() throws {
        let upstream = try slowStream(20)
        var world = World(upstream)
        world.limits.drainNanoseconds = World.milliseconds(5000)
        let gateway = try TestGateway(world, workers: 2)
        let idle = try (0..<4).map { _ in try gateway.connect() }
        for client in idle {
            client.send(Text.request("GET /health", body: nil))
            #expect(client.takeAnswer().status == 200)
        }
        let streaming = try (0..<8).map { _ in try gateway.connect() }
        for client in streaming { client.send(Text.request(body: StreamTests.withUsage)) }
        for client in streaming { #expect(client.takeHead().status == 200) }
        gateway.gateway.drain()
        for client in idle {
            #expect(client.takeAll().isEmpty)
            #expect(client.ending == .closed)
        }
        // Each worker takes the message in a turn of its own.
        let isRefused = (0..<200).contains { _ in
            if Wire(to: gateway.address) == nil { return true }
            pause(milliseconds: 5)
            return false
        }
        #expect(isRefused)
        for client in streaming {
            var events = 0
            while let chunk = client.takeChunk(), !chunk.isEmpty { events += chunk.count / 14 }
            #expect(events >= 20)
            #expect(client.takeAll().isEmpty && client.ending == .closed)
        }
        gateway.stop()
    }

    @Test("an answer begun in a drain says that its connection closes")
    func drainTellsClients() throws {
        let upstream = try ScriptedUpstream { peer in
            peer.request()
            pause(milliseconds: 300)
            peer.wire.send(Text.answer())
        }
        var world = World(upstream)
        world.limits.drainNanoseconds = World.milliseconds(20_000)
        let gateway = try TestGateway(world)
        let client = try gateway.connect()
        client.send(Text.request())
        #expect(soon { !upstream.requests.isEmpty })
        gateway.gateway.drain()
        let answer = client.takeAnswer()
        #expect(answer.status == 200 && answer.isWhole)
        #expect(answer["connection"] == "close")
    }

    @Test("a drain ends at its deadline, with what is left cut off")
    func drainDeadline() throws {
        let upstream = try slowStream(1000)
        var world = World(upstream)
        world.limits.drainNanoseconds = World.milliseconds(100)
        let gateway = try TestGateway(world)
        let client = try gateway.connect()
        client.send(Text.request(body: StreamTests.withUsage))
        #expect(client.takeHead().status == 200)
        let start = Instant.now()
        gateway.stop()
        #expect(Instant.now().nanoseconds(since: start) < 2_000_000_000)
        while let chunk = client.takeChunk() { #expect(!chunk.isEmpty, "a cut stream has no last chunk") }
    }

    @Test("a handover lets clients between two requests ask once more, and tells them that their connection ends; those that ask for nothing are let go")
    func handover() throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        let gateway = try TestGateway(World(upstream), workers: 2)
        let clients = try (0..<6).map { _ in try gateway.connect() }
        for client in clients {
            client.send(Text.request())
            #expect(client.takeAnswer().status == 200)
        }
        let start = Instant.now()
        gateway.gateway.drain(.handover)
        #expect(!clients[5].hears(within: 300))
        for client in clients[..<3] {
            client.send(Text.request())
            let answer = client.takeAnswer()
            #expect(answer.status == 200 && answer["connection"] == "close")
            #expect(client.takeAll().isEmpty && client.ending == .closed)
        }
        for client in clients[3...] { #expect(client.takeAll().isEmpty && client.ending == .closed) }
        gateway.gateway.wait()
        let waited = Instant.now().nanoseconds(since: start)
        #expect(waited >= GatewayLimits.handoverIdleNanoseconds && waited < GatewayLimits.handoverIdleNanoseconds + 3_000_000_000)
    }

    @Test("a handover may take its own time, and a stop that comes later shortens it")
    func handoverTimes() throws {
        let upstream = try slowStream(1000)
        var world = World(upstream)
        world.limits.drainNanoseconds = World.milliseconds(100)
        world.limits.handoverNanoseconds = World.milliseconds(60_000)
        let gateway = try TestGateway(world)
        let client = try gateway.connect()
        client.send(Text.request(body: StreamTests.withUsage))
        #expect(client.takeHead().status == 200)
        #expect(gateway.gateway.drain(.handover) == World.milliseconds(60_000))
        pause(milliseconds: 400)
        #expect(client.takeChunk() != nil, "the stream goes on past the time to stop")
        let start = Instant.now()
        #expect(gateway.gateway.drain(.stop) == World.milliseconds(100))
        gateway.gateway.wait()
        #expect(Instant.now().nanoseconds(since: start) < 2_000_000_000)
    }

    @Test("sockets that are there already are all accepted from, whatever the number of workers", arguments: [(3, 1), (1, 3), (2, 2), (5, 3)])
    func givenSockets(sockets: Int, workers: Int) throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        let descriptors = try ListenerGroup.open(.loopback(), count: sockets)
        // As a supervisor has them, too: then the gateway's end leaves them listening.
        let kept = descriptors.map { dup($0) }
        defer { for descriptor in kept { close(descriptor) } }
        let gateway = try TestGateway(World(upstream), workers: workers, sockets: descriptors)
        for _ in 0..<40 { #expect(try gateway.ask(Text.request()).status == 200) }
        gateway.stop()
        let waiting = try #require(Wire(to: gateway.address), "the kernel goes on taking connections")
        #expect(!waiting.hears(within: 50))
        // A second gateway finds it waiting there.
        let next = try TestGateway(World(upstream), workers: workers, sockets: kept.map { dup($0) })
        waiting.send(Text.request())
        #expect(waiting.takeAnswer().status == 200)
        next.stop()
    }

    @Test("a roll call is answered once, after every worker has turned")
    func rollCall() throws {
        let gateway = try TestGateway(World(try ScriptedUpstream(answering: Text.answer())), workers: 3)
        let answers = Mutex(0)
        for _ in 0..<5 { gateway.gateway.whenAllHaveTurned { answers.withLock { $0 += 1 } } }
        #expect((0..<200).contains { _ in
            pause(milliseconds: 5)
            return answers.withLock { $0 } == 5
        })
        gateway.stop()
        gateway.gateway.whenAllHaveTurned { answers.withLock { $0 += 1 } }
        pause(milliseconds: 50)
        #expect(answers.withLock { $0 } == 5, "a worker that does not turn answers for nobody")
    }

    @Test("a Unix socket is listened on, by all workers, and counts as this machine")
    func unixSocket() throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        var world = World(upstream)
        world.providers[0].credential = "operator"
        let path = "/tmp/sluice-test-\(getpid())-\(UInt32.random(in: 0...(.max))).sock"
        defer { unlink(path) }
        let gateway = try TestGateway(world, workers: 2, listen: try #require(SocketAddress(localPath: path)))
        for _ in 0..<10 {
            let answer = try gateway.ask("GET /v1/models HTTP/1.1\r\nHost: localhost\r\nx-portkey-provider: up\r\n\r\n")
            #expect(answer.status == 200)
        }
        #expect(upstream.requests.first?["authorization"] == "Bearer operator")
    }

    @Test("a socket file left by a process that is gone is replaced")
    func staleSocketFile() throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        let path = "/tmp/sluice-test-\(getpid())-\(UInt32.random(in: 0...(.max))).sock"
        defer { unlink(path) }
        let address = try #require(SocketAddress(localPath: path))
        for _ in 0..<2 {
            let gateway = try TestGateway(World(upstream), listen: address)
            #expect(try gateway.ask(Text.request("GET /ready", body: nil)).text == "{\"status\":\"ready\"}")
        }
    }

    @Test("several workers serve at once, each with its own pool")
    func severalWorkers() throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        let gateway = try TestGateway(World(upstream), workers: 4)
        let clients = try (0..<40).map { _ in try gateway.connect() }
        for _ in 0..<5 {
            for client in clients { client.send(Text.request()) }
            for client in clients { #expect(client.takeAnswer().status == 200) }
        }
        #expect(upstream.requests.count == 200)
    }

    @Test("past the cap on clients a connection is closed at once")
    func clientCap() throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        var world = World(upstream)
        world.limits.clients = 2
        let gateway = try TestGateway(world)
        let admitted = try (0..<2).map { _ in try gateway.connect() }
        for client in admitted {
            client.send(Text.request("GET /health", body: nil))
            #expect(client.takeAnswer().status == 200)
        }
        let refused = try gateway.connect()
        #expect(refused.takeAll().isEmpty)
        #expect(refused.ending != .silent)
        admitted[0].close()
        pause(milliseconds: 30)
        let next = try gateway.connect()
        next.send(Text.request("GET /health", body: nil))
        #expect(next.takeAnswer().status == 200)
    }

    @Test("a snapshot is adopted from the next request on, and one in flight keeps its own")
    func adoption() throws {
        let adopted = Latch()
        defer { adopted.open() }
        let old = try ScriptedUpstream { peer in
            while peer.request() != nil {
                adopted.wait()
                peer.wire.send(Text.answer(body: "{\"old\":1}"))
            }
        }
        let new = try ScriptedUpstream(answering: Text.answer(body: "{\"new\":1}"))
        let gateway = try TestGateway(World(old))
        let client = try gateway.connect()
        client.send(Text.request())
        #expect(soon { !old.requests.isEmpty })
        gateway.gateway.adopt(try World(new).snapshot(version: 2))
        adopted.open()
        #expect(client.takeAnswer().text == "{\"old\":1}")
        client.send(Text.request())
        #expect(client.takeAnswer().text == "{\"new\":1}")
    }
}
