import Glibc
import Synchronization
import Testing

@testable import Gateway

@Suite("Back-pressure from slow clients")
struct BackPressureTests {
    /// An upstream that streams an endless pattern and counts what was taken of it.
    final class Source: Sendable {
        let taken = Mutex(0)

        static func byte(_ index: Int) -> UInt8 { UInt8(truncatingIfNeeded: index &* 13 &+ index >> 11) }
        static let block: [UInt8] = (0..<(1 << 16)).map(byte)

        /// A script that sends `byteCount` bytes of known length.
        func script(_ byteCount: Int) -> ScriptedUpstream.Script {
            { peer in
                peer.request()
                peer.wire.send("HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: \(byteCount)\r\n\r\n")
                var sent = 0
                while sent < byteCount {
                    let count = peer.wire.sendUntilStalled(Source.block, from: sent, milliseconds: 4000, limit: min(byteCount - sent, 1 << 16))
                    if count == 0 { return }
                    sent += count
                    self.taken.withLock { $0 = sent }
                }
            }
        }

        func settled() -> Int {
            var last = -1
            while true {
                let now = taken.withLock { $0 }
                if now == last { return now }
                last = now
                pause(milliseconds: 80)
            }
        }
    }

    private static let byteCount = 30_000_000

    private static func isExact(_ body: [UInt8], from start: Int) -> Bool {
        var at = 0
        while at < body.count {
            let offset = (start + at) % (1 << 16)
            let count = min(body.count - at, (1 << 16) - offset)
            let isEqual = body.withUnsafeBytes { left in
                Source.block.withUnsafeBytes { right in
                    guard let left = left.baseAddress, let right = right.baseAddress else { return false }
                    return memcmp(left + at, right + offset, count) == 0
                }
            }
            if !isEqual { return false }
            at += count
        }
        return true
    }

    @Test("a client that reads nothing stops its upstream; when it reads on, every byte is there")
    func stalledClient() throws {
        let source = Source()
        let upstream = try ScriptedUpstream(source.script(BackPressureTests.byteCount))
        let gateway = try TestGateway(World(upstream))
        let client = try gateway.connect(receiveByteCount: 65_536)
        client.send(Text.request("GET /v1/files/f/content", body: nil))
        let stalledAt = source.settled()
        // Ours is one block; the rest is with the kernel, for two connections.
        #expect(stalledAt < BackPressureTests.byteCount * 2 / 3)
        let head = client.takeHead()
        #expect(head.status == 200)
        var taken = 0
        var exact = true
        while taken < BackPressureTests.byteCount {
            let piece = client.take(min(1 << 20, BackPressureTests.byteCount - taken))
            if piece.isEmpty { break }
            exact = exact && BackPressureTests.isExact(piece, from: taken)
            taken += piece.count
        }
        #expect(taken == BackPressureTests.byteCount)
        #expect(exact)
    }

    @Test("a stalled client holds no more than a block, and others are served")
    func oneStalledClientCostsABlock() throws {
        let source = Source()
        let upstream = try ScriptedUpstream(source.script(BackPressureTests.byteCount), { $0.answer(Text.answer()) })
        var world = World(upstream)
        // What one stalled answer, a head and another small exchange take.
        world.limits.memoryByteCount = 4 * 65_536
        let gateway = try TestGateway(world)
        let client = try gateway.connect(receiveByteCount: 65_536)
        client.send(Text.request("GET /v1/files/f/content", body: nil))
        _ = source.settled()
        for _ in 0..<10 { #expect(try gateway.ask(Text.request()).status == 200) }
        client.reset()
    }

    @Test("a client that takes nothing for the write-stall time is cut off, and its upstream with it")
    func writeStall() throws {
        let noticed = Noticed()
        let source = Source()
        let script = source.script(BackPressureTests.byteCount)
        let upstream = try ScriptedUpstream { peer in
            script(peer)
            noticed.note()
        }
        var world = World(upstream)
        world.limits.writeStallNanoseconds = World.milliseconds(100)
        let gateway = try TestGateway(world)
        let client = try gateway.connect(receiveByteCount: 65_536)
        client.send(Text.request("GET /v1/files/f/content", body: nil))
        #expect(noticed.wait() != nil)
        let answer = client.takeAnswer()
        #expect(!answer.isWhole)
        #expect(client.ending == .reset)
    }

    @Test("the same of one that goes on sending")
    func writeStallOfSender() throws {
        let upstream = try ScriptedUpstream(Source().script(BackPressureTests.byteCount))
        var world = World(upstream)
        world.limits.writeStallNanoseconds = World.milliseconds(200)
        let gateway = try TestGateway(world)
        let client = try gateway.connect(receiveByteCount: 65_536)
        client.send(Text.request("GET /v1/files/f/content", body: nil))
        var count = 0
        // Of a next request, a byte at a time, for up to ten seconds.
        while count < 500, client.send("G") {
            count += 1
            pause(milliseconds: 20)
        }
        #expect(count < 500, "it could send for fifty times the write-stall time")
    }

    @Test("a client that takes a little now and then is cut off once it is behind the least rate")
    func leastRate() throws {
        let upstream = try ScriptedUpstream(Source().script(BackPressureTests.byteCount))
        var world = World(upstream)
        world.limits.answerGraceNanoseconds = World.milliseconds(300)
        world.limits.answerBytesPerSecond = 1 << 20
        let gateway = try TestGateway(world)
        let client = try gateway.connect(receiveByteCount: 65_536)
        client.send(Text.request("GET /v1/files/f/content", body: nil))
        #expect(client.takeHead().status == 200)
        // A hundredth of the rate, for ten times the grace.
        for _ in 0..<150 {
            #expect(!client.take(200).isEmpty)
            pause(milliseconds: 20)
        }
        // What the kernel has of it is taken; the rest is not to be had.
        while !client.take(65_536).isEmpty {}
        #expect(client.ending == .reset)
    }

    @Test("a client that takes its time, but takes, is not cut off by the write-stall time or the gap", arguments: ["stall", "gap"])
    func slowClientIsServed(limit: String) throws {
        let byteCount = 12_000_000
        let upstream = try ScriptedUpstream(Source().script(byteCount))
        var world = World(upstream)
        if limit == "stall" { world.limits.writeStallNanoseconds = World.milliseconds(300) } else { world.limits.gapNanoseconds = World.milliseconds(300) }
        let gateway = try TestGateway(world)
        let client = try gateway.connect(receiveByteCount: 65_536)
        client.send(Text.request("GET /v1/files/f/content", body: nil))
        #expect(client.takeHead().status == 200)
        var taken = 0
        while taken < byteCount {
            // About 0.8 s in all.
            let count = client.take(min(150_000, byteCount - taken)).count
            if count == 0 { break }
            taken += count
            pause(milliseconds: 10)
        }
        #expect(taken == byteCount)
    }

    @Test("a client that stops for longer than the gap finds its answer whole when it comes back")
    func gapIsTheUpstreams() throws {
        let byteCount = 12_000_000
        let upstream = try ScriptedUpstream(Source().script(byteCount))
        var world = World(upstream)
        // Longer than a busy machine keeps the upstream's thread from its core.
        world.limits.gapNanoseconds = World.milliseconds(500)
        let gateway = try TestGateway(world)
        let client = try gateway.connect(receiveByteCount: 65_536)
        client.send(Text.request("GET /v1/files/f/content", body: nil))
        pause(milliseconds: 1500)
        #expect(client.takeHead().status == 200)
        #expect(client.take(byteCount).count == byteCount)
    }
}
