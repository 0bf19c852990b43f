import Testing

@testable import Gateway

@Suite("Pools of upstream connections")
struct UpstreamPoolTests {
    @Test("requests of many clients one after the other share one connection")
    func connectionsAreReused() throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        let gateway = try TestGateway(World(upstream))
        for _ in 0..<20 { #expect(try gateway.ask(Text.request()).status == 200) }
        #expect(upstream.requests.count == 20)
        #expect(upstream.connectionCount == 1)
    }

    @Test("a connection whose answer says close is not used again")
    func closingConnectionsAreDropped() throws {
        let upstream = try ScriptedUpstream(answering: Text.answer("200 OK", ["Connection: close"]))
        let gateway = try TestGateway(World(upstream))
        for _ in 0..<3 { #expect(try gateway.ask(Text.request()).isWhole) }
        #expect(upstream.connectionCount == 3)
    }

    @Test("a fresh connection that closes before it answers is a 502")
    func deadFreshConnection() throws {
        let upstream = try ScriptedUpstream { $0.request() }
        let gateway = try TestGateway(World(upstream))
        let answer = try gateway.ask(Text.request())
        #expect(answer.status == 502)
        #expect(answer.errorCode == "upstream_closed")
        #expect(upstream.requests.count == 1)
    }

    @Test("a fresh connection that closes in the middle of its head is a 502", arguments: [false, true])
    func deadInTheHead(resets: Bool) throws {
        let upstream = try ScriptedUpstream { peer in
            peer.request()
            peer.wire.send("HTTP/1.1 200 OK\r\nContent-")
            pause(milliseconds: 10)
            if resets { peer.wire.reset() }
        }
        let gateway = try TestGateway(World(upstream))
        #expect(try gateway.ask(Text.request()).errorCode == "upstream_closed")
        #expect(upstream.requests.count == 1)
    }

    @Test("a reused connection that dies unanswered is replaced by a fresh one, once and unseen", arguments: [false, true])
    func staleConnectionIsReplaced(resets: Bool) throws {
        let upstream = try ScriptedUpstream(
            { peer in
                peer.request()
                peer.wire.send(Text.answer())
                peer.request()
                if resets { peer.wire.reset() }
            },
            { $0.answer(Text.answer(body: "{\"fresh\":1}")) })
        let gateway = try TestGateway(World(upstream))
        _ = try gateway.ask(Text.request())
        let answer = try gateway.ask(Text.request(body: "{\"model\":\"twice\"}"))
        #expect(answer.status == 200)
        #expect(answer.text == "{\"fresh\":1}")
        #expect(answer["x-portkey-retry-attempt-count"] == "0")
        #expect(upstream.requests.map(\.text).suffix(2) == ["{\"model\":\"twice\"}", "{\"model\":\"twice\"}"])
        #expect(upstream.requests.count == 3)
    }

    @Test("a reused connection that dies long after the request had begun it: no second request, unless it may be done twice", arguments: ["POST", "GET"])
    func lateEndIsNoStaleConnection(method: String) throws {
        let upstream = try ScriptedUpstream(
            { peer in
                peer.request()
                peer.wire.send(Text.answer())
                peer.request()
                pause(milliseconds: 1 + Int(GatewayLimits.staleNanoseconds / 1_000_000))
            },
            { $0.answer(Text.answer()) })
        let gateway = try TestGateway(World(upstream))
        let request = method == "GET" ? Text.request("GET /v1/models", body: nil) : Text.request()
        _ = try gateway.ask(request)
        let answer = try gateway.ask(request)
        #expect(method == "GET" ? answer.status == 200 : answer.errorCode == "upstream_closed")
        #expect(upstream.requests.count == (method == "GET" ? 3 : 2))
    }

    @Test("a reused connection that dies, and a fresh one that dies too, are a 502")
    func twiceDead() throws {
        let upstream = try ScriptedUpstream(
            { peer in
                peer.request()
                peer.wire.send(Text.answer())
                peer.request()
            },
            { $0.request() })
        let gateway = try TestGateway(World(upstream))
        _ = try gateway.ask(Text.request())
        let answer = try gateway.ask(Text.request())
        #expect(answer.errorCode == "upstream_closed")
        #expect(upstream.requests.count == 3)
        #expect(upstream.connectionCount == 2)
    }

    @Test("a reused connection that dies after an interim answer had reached its server: no second request")
    func interimAnswerIsAnAnswer() throws {
        let upstream = try ScriptedUpstream(
            { peer in
                peer.request()
                peer.wire.send(Text.answer())
                peer.request()
                peer.wire.send("HTTP/1.1 102 Processing\r\n\r\n")
                pause(milliseconds: 20)
            },
            { $0.answer(Text.answer()) })
        let gateway = try TestGateway(World(upstream))
        _ = try gateway.ask(Text.request())
        #expect(try gateway.ask(Text.request()).errorCode == "upstream_closed")
        #expect(upstream.requests.count == 2)
    }

    @Test("an idle connection that closed is noticed, not used")
    func idleCloseIsNoticed() throws {
        let upstream = try ScriptedUpstream { peer in
            peer.request()
            peer.wire.send(Text.answer())
        }
        let gateway = try TestGateway(World(upstream))
        for _ in 0..<3 {
            #expect(try gateway.ask(Text.request()).status == 200)
            pause(milliseconds: 10)
        }
        #expect(upstream.requests.count == 3)
    }

    @Test("an idle connection closes after its time")
    func idleTimeout() throws {
        let upstream = try ScriptedUpstream { peer in
            peer.request()
            peer.wire.send(Text.answer())
            #expect(peer.wire.millisecondsUntilEnd() != nil)
        }
        var world = World(upstream)
        world.limits.upstreamIdleNanoseconds = World.milliseconds(30)
        let gateway = try TestGateway(world)
        _ = try gateway.ask(Text.request())
        pause(milliseconds: 100)
        _ = try gateway.ask(Text.request())
        #expect(upstream.connectionCount == 2)
    }

    @Test("at the cap requests wait their turn, and all are answered on the connections there are")
    func queueAtTheCap() throws {
        let upstream = try ScriptedUpstream { peer in
            while peer.request() != nil {
                pause(milliseconds: 5)
                peer.wire.send(Text.answer())
            }
        }
        var world = World(upstream)
        world.limits.connectionsPerOrigin = 2
        let gateway = try TestGateway(world)
        let clients = try (0..<12).map { _ in try gateway.connect() }
        for client in clients { client.send(Text.request()) }
        for client in clients { #expect(client.takeAnswer().status == 200) }
        #expect(upstream.connectionCount == 2)
    }

    /// Answers the first request once `go` is noted, having noted it as `asked`, and every other at once.
    private static func holding(_ asked: Noticed, until go: Noticed) throws -> ScriptedUpstream {
        try ScriptedUpstream { peer in
            peer.request()
            asked.note()
            _ = go.wait()
            peer.wire.send(Text.answer())
            peer.answer(Text.answer())
        }
    }

    @Test("what a request waits for a connection is its queue time and not the gateway's, and of that only what its dial took is for connecting")
    func queueTime() throws {
        let asked = Noticed()
        let go = Noticed()
        let upstream = try UpstreamPoolTests.holding(asked, until: go)
        var world = World(upstream)
        world.limits.connectionsPerOrigin = 1
        let worker = try TestWorker(world)
        let (first, second) = (try worker.connect(), try worker.connect())
        first.send(Text.request())
        #expect(asked.wait() != nil)
        second.send(Text.request())
        pause(milliseconds: 50)
        go.note()
        for client in [first, second] { #expect(client.takeAnswer().status == 200) }
        first.send(Text.request())
        #expect(first.takeAnswer().status == 200)
        let figures = worker.stop().map(\.figures)
        #expect(figures.count == 3)
        for figures in figures { #expect(figures.gatewayNanoseconds + figures.queueNanoseconds <= figures.totalNanoseconds) }
        // It has waited for its own dial, from beginning to end.
        #expect(figures[0].queueNanoseconds > 0 && figures[0].connectNanoseconds == figures[0].queueNanoseconds)
        #expect(figures[1].queueNanoseconds > 0 && figures[1].connectNanoseconds == 0)
        #expect(figures[2].queueNanoseconds == 0 && figures[2].connectNanoseconds == 0)
    }

    @Test("a wait that comes to nothing is queue time as well: a time that is up, a client that leaves", arguments: ["late", "leaves"])
    func queueTimeInVain(way: String) throws {
        let upstream = try ScriptedUpstream { peer in
            peer.request()
            _ = peer.wire.millisecondsUntilEnd()
        }
        var world = World(upstream)
        world.limits.connectionsPerOrigin = 1
        world.limits.queueNanoseconds = World.milliseconds(way == "late" ? 60 : 5000)
        let worker = try TestWorker(world)
        let first = try worker.connect()
        first.send(Text.request())
        pause(milliseconds: 30)
        let second = try worker.connect()
        second.send(Text.request())
        if way == "leaves" {
            pause(milliseconds: 30)
            second.close()
            pause(milliseconds: 30)
        } else {
            #expect(second.takeAnswer().status == 503)
        }
        first.close()
        let records = worker.stop()
        let figures = try #require(records.first).figures
        #expect(figures.queueNanoseconds > 0 && figures.connectNanoseconds == 0)
        #expect(figures.gatewayNanoseconds + figures.queueNanoseconds <= figures.totalNanoseconds)
    }

    @Test("past the queue's length a request is 503 at once, and one that waited too long is 503 then")
    func queueBounds() throws {
        let upstream = try ScriptedUpstream { peer in
            peer.request()
            pause(milliseconds: 300)
            peer.wire.send(Text.answer())
            peer.answer(Text.answer())
        }
        var world = World(upstream)
        world.limits.connectionsPerOrigin = 1
        world.limits.queueLength = 1
        world.limits.queueNanoseconds = World.milliseconds(60)
        let gateway = try TestGateway(world)
        let first = try gateway.connect()
        first.send(Text.request())
        pause(milliseconds: 20)
        let second = try gateway.connect()
        second.send(Text.request())
        pause(milliseconds: 20)
        let third = try gateway.ask(Text.request())
        #expect(third.status == 503)
        #expect(third["retry-after"] != nil)
        let late = second.takeAnswer()
        #expect(late.status == 503)
        #expect(late.errorCode == "upstream_busy")
        #expect(first.takeAnswer().status == 200)
        // The one that gave up has left the queue: its client's next request is served.
        second.send(Text.request())
        #expect(second.takeAnswer().status == 200)
        #expect(upstream.requests.count == 2)
    }

    @Test("a burst at an origin that nobody is connected to waits for its dials, not in the queue: the cap is what bounds it")
    func burstAtAColdOrigin() throws {
        let upstream = try ScriptedUpstream { peer in
            peer.request()
            peer.wire.send(Text.answer())
        }
        var world = World(upstream)
        world.limits.connectionsPerOrigin = 12
        world.limits.queueLength = 1
        let gateway = try TestGateway(world)
        let clients = try (0..<12).map { _ in try gateway.connect() }
        for client in clients { client.send(Text.request()) }
        for client in clients { #expect(client.takeAnswer().status == 200) }
    }

    @Test("a client that leaves the queue takes nobody's turn")
    func leavingTheQueue() throws {
        let asked = Noticed()
        let go = Noticed()
        let upstream = try UpstreamPoolTests.holding(asked, until: go)
        var world = World(upstream)
        world.limits.connectionsPerOrigin = 1
        let gateway = try TestGateway(world)
        let first = try gateway.connect()
        first.send(Text.request())
        _ = asked.wait()
        let leaver = try gateway.connect()
        leaver.send(Text.request())
        let third = try gateway.connect()
        third.send(Text.request())
        pause(milliseconds: 50)
        leaver.reset()
        pause(milliseconds: 50)
        go.note()
        #expect(first.takeAnswer().status == 200)
        #expect(third.takeAnswer().status == 200)
        #expect(upstream.requests.count == 2)
    }

    @Test("a refused connection is a 502 that names the provider")
    func connectionRefused() throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        let gateway = try TestGateway(World(upstream))
        upstream.stopListening()
        let answer = try gateway.ask(Text.request())
        #expect(answer.status == 502)
        #expect(answer.errorCode == "upstream_unreachable")
        #expect(answer.text.contains("upstream up"))
        #expect(answer["x-portkey-provider"] == "up")
    }

    @Test("a name without an address is a 502")
    func unresolvableName() throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        var world = World(upstream)
        world.providers[0].host = "no-such-host.invalid"
        let answer = try TestGateway(world).ask(Text.request())
        #expect(answer.status == 502)
        #expect(answer.errorCode == "upstream_unresolved")
    }

    @Test("a name with several addresses reaches the one that answers")
    func severalAddresses() throws {
        // localhost is ::1 and 127.0.0.1 on most machines; the upstream listens on the latter alone.
        let upstream = try ScriptedUpstream(answering: Text.answer())
        var world = World(upstream)
        world.providers[0].host = "localhost"
        let answer = try TestGateway(world).ask(Text.request())
        #expect(answer.status == 200)
        #expect(upstream.requests.first?["host"] == "localhost:\(upstream.port)")
    }
}
