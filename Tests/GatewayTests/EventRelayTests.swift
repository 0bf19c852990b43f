import Bytes
import Glibc
import HTTP
import Health
import Providers
import Testing

@testable import Gateway

@Suite("Events that pass without a step")
struct EventRelayTests {
    static let deltas = ["a", "two words", "{\\\"usage\\\":1}", "ü€", String(repeating: "long ", count: 60)].map {
        Text.event("{\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\($0)\"},\"finish_reason\":null}],\"usage\":null}")
    }
    static let first = Text.event("{\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\"}}]}")
    static let stop = Text.event("{\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":null}")

    static func count(_ bytes: [UInt8]) -> Int? { bytes.withByteSlice { EventRelay.eventCount($0) } }

    @Test("whole chunks of one event each are counted; a cut anywhere else is none")
    func wholeChunks() {
        let chunks = EventRelayTests.deltas.map { Array(Text.chunk($0).utf8) }
        let all = chunks.flatMap { $0 }
        var ends = [0]
        for chunk in chunks { ends.append((ends.last ?? 0) + chunk.count) }
        for cut in 0...all.count {
            let count = ends.firstIndex(of: cut)
            #expect(EventRelayTests.count(Array(all[..<cut])) == count, "the first \(cut) bytes")
            #expect(EventRelayTests.count(Array(all[cut...])) == count.map { chunks.count - $0 }, "from byte \(cut) on")
        }
    }

    @Test(
        "what is not a plain chunk of one ordinary event is left to the steps",
        arguments: [
            "0\r\n\r\n", Text.chunk(stop), Text.chunk(deltas[0] + deltas[1]), Text.chunk("data: [DONE]\n\n"), Text.chunk(": still here\n\n"), "\r\n",
            Text.chunk(deltas[0].replacing("\n\n", with: "\r\n\r\n")), Text.chunk(deltas[0]).replacing("\r\ndata", with: ";x=1\r\ndata"),
            Text.chunk(deltas[0]) + "\r\n", "+" + Text.chunk(deltas[0]), "FFFFFFFFFFFFFFFF\r\n" + deltas[0] + "\r\n", "FFFFFFF\r\n" + deltas[0] + "\r\n",
            Text.chunk(deltas[0].replacing("\"id\"", with: "\"error\"")),
        ])
    func othersAreLeft(wire: String) { #expect(EventRelayTests.count(Array(wire.utf8)) == nil) }

    @Test("what is counted the whole way finds as well, whatever bytes are another's", arguments: 0..<16 as Range<UInt64>)
    func countedIsFound(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var countedWires = 0
        for _ in 0..<500 {
            var wire = (0...random.next() % 3).flatMap { _ in Array(Text.chunk(EventRelayTests.deltas[Int(random.next() % 4)]).utf8) }
            for _ in 0..<random.next() % 3 { wire[Int(random.next() % UInt64(wire.count))] = Array("\r\n0aF:{}\"; d".utf8)[Int(random.next() % 12)] }
            guard let counted = EventRelayTests.count(wire) else { continue }
            countedWires += 1
            #expect(EventRelayTests.found(wire) == counted, "seed \(seed): \(wire.text)")
        }
        #expect(countedWires > 100)
    }

    /// Ordinary events that decoder, scanner and reader of usage find in `wire`, one a chunk; nil where there is anything else.
    static func found(_ wire: [UInt8]) -> Int? {
        var decoder = ChunkedDecoder()
        var scanner = EventBoundaryScanner()
        var usage = UsageReader(.openAI)
        Array(first.utf8).withByteSlice { first in
            if let event = scanner.next(first), let data = event.payload { _ = usage.readEvent(first[data]) }
        }
        var count = 0
        return wire.withByteSlice { wire in
            var at = 0
            while let step = try? decoder.next(wire, from: at) {
                guard case .payload(let run) = step else { return step == .needMore && decoder.isBetweenChunks ? count : nil }
                let payload = wire[run]
                guard let event = scanner.next(payload), event.end == payload.count, let data = event.payload else { return nil }
                guard usage.readEvent(payload[data]) == .ordinary else { return nil }
                count += 1
                at = run.upperBound
            }
            return nil
        }
    }

    // MARK: On the way

    static let usage = Text.event("{\"id\":\"c\",\"choices\":[],\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":22,\"total_tokens\":33}}")

    /// Sends the events one by one, so that each is read by itself, or all at once.
    static func send(_ events: [String], to wire: Wire, apart: Bool) {
        guard apart else { return _ = wire.send(events.map { Text.chunk($0) }.joined()) }
        for event in events {
            wire.send(Text.chunk(event))
            pause(milliseconds: 2)
        }
    }

    @Test(
        "a stream of which some events pass so is the client's byte for byte, and recorded as if none had",
        arguments: [StreamTests.withUsage, StreamTests.withoutUsage])
    func mixedStreams(body: String) throws {
        let kept = [Self.first] + Self.deltas + [": comment\n\n"] + Self.deltas + [Self.stop]
        let last = Text.event("[DONE]")
        let upstream = try ScriptedUpstream { peer in
            for apart in [false, true] where peer.request() != nil {
                peer.wire.send(Text.streamHead)
                Self.send(kept + [Self.usage, last], to: peer.wire, apart: apart)
                peer.wire.send(Text.lastChunk)
            }
        }
        let worker = try TestWorker(World(upstream))
        let client = try worker.connect()
        for _ in 0..<2 {
            client.send(Text.request(body: body))
            let answer = client.takeAnswer()
            #expect(answer.isWhole && answer.text == (kept + (body == StreamTests.withUsage ? [Self.usage] : []) + [last]).joined())
        }
        client.close()
        let records = worker.stop()
        #expect(worker.worker.load[.passedEvents] > 0)
        try #require(records.count == 2)
        #expect(records[0].figures.cost.outputTokens == 22 && records[1].figures.cost.outputTokens == 22)
        // Framing of ours, where an event was taken out, is as long as theirs or shorter.
        if body == StreamTests.withUsage { #expect(records[0].figures.sentByteCount == records[1].figures.sentByteCount) }
    }

    @Test("a stream that is cut behind events that passed says so, and is recorded as if none had", arguments: ["close", "reset", "bad chunk", "gap"])
    func cutStreams(way: String) throws {
        func script(apart: Bool) -> ScriptedUpstream.Script {
            { peer in
                peer.request()
                peer.wire.send(Text.streamHead)
                Self.send([Self.first], to: peer.wire, apart: true)
                Self.send(Self.deltas, to: peer.wire, apart: apart)
                pause(milliseconds: 20)
                switch way {
                case "reset": return peer.wire.reset()
                case "close": return
                case "bad chunk": peer.wire.send("not a size\r\n")
                default: break
                }
                _ = peer.wire.millisecondsUntilEnd()
            }
        }
        let upstream = try ScriptedUpstream(script(apart: false), script(apart: true))
        var world = World(upstream)
        world.limits.gapNanoseconds = World.milliseconds(way == "gap" ? 80 : 5000)
        let worker = try TestWorker(world)
        for _ in 0..<2 {
            let client = try worker.connect()
            client.send(Text.request(body: StreamTests.withUsage))
            let answer = client.takeAnswer()
            #expect(!answer.isWhole)
            let all = ([Self.first] + Self.deltas).joined()
            #expect(answer.text.hasPrefix(all) && answer.text.dropFirst(all.count).hasPrefix("data: {\"error\":{\"message\":"))
            #expect(client.ending != .silent)
            client.close()
        }
        let records = worker.stop()
        #expect(worker.worker.load[.passedEvents] > 0)
        try #require(records.count == 2)
        #expect(records[0].figures.cost.outputTokens == records[1].figures.cost.outputTokens)
        #expect(records[0].figures.sentByteCount == records[1].figures.sentByteCount)
    }

    @Test("a client that leaves among events that pass takes its upstream with it, and is recorded")
    func clientLeaves() throws {
        let noticed = Noticed()
        let upstream = try ScriptedUpstream { peer in
            peer.request()
            peer.wire.send(Text.streamHead)
            Self.send([Self.first] + Self.deltas, to: peer.wire, apart: true)
            if peer.wire.millisecondsUntilEnd() != nil { noticed.note() }
        }
        let worker = try TestWorker(World(upstream))
        let client = try worker.connect()
        client.send(Text.request(body: StreamTests.withUsage))
        _ = client.takeHead()
        for event in [Self.first] + Self.deltas { #expect(client.takeChunk()?.text == event) }
        client.reset()
        #expect(noticed.wait() != nil)
        let record = try #require(worker.stop().first)
        #expect(worker.worker.load[.passedEvents] > 0 && record.figures.wasAborted)
        #expect(record.figures.sentByteCount > UInt64(Self.deltas.joined().utf8.count))
    }

    @Test("a client that does not read stops its upstream among events that pass; when it reads on, every one is there")
    func stalledClient() throws {
        let chunk = Array(Text.chunk(Self.deltas[4]).utf8)
        let many = 60_000
        let upstream = try ScriptedUpstream { peer in
            peer.request()
            peer.wire.send(Text.streamHead)
            // Some by themselves, so that they pass; the rest as fast as they are taken.
            Self.send([Self.first, Self.deltas[4], Self.deltas[4]], to: peer.wire, apart: true)
            for _ in 0..<many { guard peer.wire.send(chunk) else { return } }
            peer.wire.send(Text.lastChunk)
        }
        let worker = try TestWorker(World(upstream))
        let client = try worker.connect()
        client.send(Text.request(body: StreamTests.withUsage))
        _ = client.takeHead()
        // Until all buffers are full.
        pause(milliseconds: 400)
        var body: [UInt8] = []
        while let next = client.takeChunk(), !next.isEmpty { body += next }
        let payload = Array((Self.first + String(repeating: Self.deltas[4], count: many + 2)).utf8)
        #expect(body == payload)
        client.close()
        let record = try #require(worker.stop().first)
        #expect(worker.worker.load[.passedEvents] > 0)
        #expect(record.figures.sentByteCount > UInt64(payload.count))
    }

    // MARK: Records of TLS, of which several wait at once

    private func tlsWorld(_ script: @escaping ScriptedUpstream.Script) throws -> (World, ScriptedUpstream, caFile: String) {
        let authority = try Certificate(Certificate.Request(subject: "test authority", isAuthority: true))
        let certificate = try Certificate(Certificate.Request(names: "DNS:localhost", days: -1...1), issuer: authority)
        let upstream = try ScriptedUpstream(tls: ServerContext(certificate), script)
        var world = World(upstream)
        world.providers[0].host = "localhost"
        world.providers[0].isTLS = true
        let caFile = try authority.writePEM()
        world.providers[0].caFile = caFile
        return (world, upstream, caFile)
    }

    @Test("a stream that ends in a record of its own leaves nothing open: the next answer over its connection is whole, and its client's alone")
    func endsInRecordOfItsOwn() throws {
        let (world, upstream, caFile) = try tlsWorld({ peer in
            while peer.request() != nil {
                peer.wire.send(Text.streamHead + Text.chunk(Self.first))
                pause(milliseconds: 5)
                // Records that wait together.
                for part in Self.deltas.map({ Text.chunk($0) }) + [Text.chunk(Text.event("[DONE]")), Text.lastChunk] { peer.wire.send(part) }
            }
        })
        defer { unlink(caFile) }
        let worker = try TestWorker(world)
        let all = ([Self.first] + Self.deltas + [Text.event("[DONE]")]).joined()
        for _ in 0..<3 {
            let (one, other) = (try worker.connect(), try worker.connect())
            for client in [one, other, one, one, other] {
                client.send(Text.request(body: StreamTests.withUsage))
                let answer = client.takeAnswer()
                #expect(answer.isWhole && answer.text == all)
            }
            one.close()
            other.close()
        }
        #expect(upstream.connectionCount == 1)
        let records = worker.stop()
        #expect(records.count == 15 && records.allSatisfy { !$0.figures.wasAborted && $0.figures.cost.outputTokens == records[0].figures.cost.outputTokens })
    }

    @Test("an event whose name and data come in chunks of their own stays in order", arguments: [StreamTests.withUsage, StreamTests.withoutUsage])
    func eventInTwoChunks(body: String) throws {
        let (world, upstream, caFile) = try tlsWorld({ peer in
            while peer.request() != nil {
                peer.wire.send(Text.streamHead + Text.chunk(Self.first))
                pause(milliseconds: 5)
                for _ in 0..<5 {
                    peer.wire.send(Text.chunk(Self.deltas[0]))
                    peer.wire.send(Text.chunk("event: x\n"))
                    pause(milliseconds: 3)
                    peer.wire.send(Text.chunk(Self.deltas[1]))
                    pause(milliseconds: 3)
                }
                for part in [Text.chunk(Self.usage), Text.chunk(Text.event("[DONE]")), Text.lastChunk] { peer.wire.send(part) }
            }
        })
        defer { unlink(caFile) }
        let worker = try TestWorker(world)
        let client = try worker.connect()
        client.send(Text.request(body: body))
        let answer = client.takeAnswer()
        let events = String(repeating: Self.deltas[0] + "event: x\n" + Self.deltas[1], count: 5)
        #expect(answer.isWhole && answer.text == Self.first + events + (body == StreamTests.withUsage ? Self.usage : "") + Text.event("[DONE]"))
        client.close()
        let record = try #require(worker.stop().first)
        #expect(record.figures.cost.outputTokens == 22 && upstream.connectionCount == 1)
    }
}
