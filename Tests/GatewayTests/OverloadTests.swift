import Reactor
import Testing

@testable import Gateway

@Suite("Overload")
struct OverloadTests {
    @Test("a worker that is behind sheds some of what comes, with the answer of any overload, and none when it no longer is")
    func lag() throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        var world = World(upstream)
        // Every turn that is not followed by as long a sleep is then behind.
        world.limits.lagNanoseconds = 1
        let gateway = try TestGateway(world)
        var shed = 0
        for _ in 0..<200 where shed == 0 {
            let clients = try (0..<8).map { _ in try gateway.connect() }
            for client in clients { client.send(String(repeating: Text.request(), count: 16)) }
            for client in clients {
                for _ in 0..<16 {
                    let answer = client.takeAnswer()
                    guard answer.status == 503 else {
                        #expect(answer.status == 200)
                        continue
                    }
                    shed += 1
                    #expect(answer.text.contains("\"code\":\"overloaded\""))
                    #expect(answer["retry-after"] == "1")
                }
            }
        }
        #expect(shed > 0)
        // One at a time leaves the worker time to sleep.
        var calm = 0
        for _ in 0..<2000 where calm < 5 {
            pause(milliseconds: 5)
            calm = try gateway.ask(Text.request()).status == 200 ? calm + 1 : 0
        }
        #expect(calm == 5)
    }

    @Test("a request that is shed keeps its connection, when its body has come")
    func keepsConnection() throws {
        let upstream = try ScriptedUpstream { peer in
            while peer.request() != nil {
                pause(milliseconds: 300)
                peer.wire.send(Text.answer())
            }
        }
        var world = World(upstream)
        world.limits.inFlight = 1
        let gateway = try TestGateway(world)
        let first = try gateway.connect(), second = try gateway.connect()
        first.send(Text.request())
        pause(milliseconds: 100)
        second.send(Text.request())
        #expect(second.takeAnswer().status == 503)
        #expect(first.takeAnswer().status == 200)
        second.send(Text.request())
        #expect(second.takeAnswer().status == 200)
    }
}
