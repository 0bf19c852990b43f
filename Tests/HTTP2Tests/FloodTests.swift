import Testing

@testable import HTTP2

/// Frames that carry nothing, as many as are accepted and one more; bars of docs: GOAWAY with ENHANCE_YOUR_CALM within 2,000 frames.
@Suite("HTTP/2 floods")
struct FloodTests {
    /// Frames taken before the connection failed; the frames come one by one.
    private func taken(_ peer: Recorder, _ writer: FrameWriter, most: Int = 5000, _ frame: (Int) -> Void) -> Int {
        peer.receive(writer.take())
        for index in 0..<most {
            frame(index)
            peer.receive(writer.take())
            peer.send()
            if peer.failure != nil || peer.isOver { return index }
        }
        return most
    }

    // The connection's first SETTINGS is one of the thousand.
    @Test("of control frames a thousand are taken in a burst", arguments: [
        ("PING", UInt8(6), UInt8(0), [UInt8](repeating: 0, count: 8)), ("SETTINGS", 4, 0, []), ("SETTINGS with entries", 4, 0, [0, 3, 0, 0, 0, 100]),
        ("WINDOW_UPDATE", 8, 0, [0, 0, 0, 1]), ("unknown", 0xBE, 0, [1, 2, 3]), ("ALTSVC", 10, 0, [0, 0]),
        ("PING acknowledged", 6, 1, [UInt8](repeating: 0, count: 8)),
    ])
    func control(_ name: String, _ type: UInt8, _ flags: UInt8, _ payload: [UInt8]) {
        let peer = Recorder()
        let writer = FrameWriter()
        let count = taken(peer, writer) { _ in writer.frame(type, flags, 0, payload) }
        #expect(count == 999 && peer.failure == .enhanceYourCalm)
    }

    @Test("PRIORITY frames count, too")
    func priority() {
        let peer = Recorder()
        let writer = FrameWriter()
        let count = taken(peer, writer) { writer.frame(2, 0, UInt32(2 * $0 + 1), [0, 0, 0, 0, 15]) }
        #expect(count == 999 && peer.failure == .enhanceYourCalm)
    }

    @Test("empty DATA frames count (CVE-2019-9518), padded ones, too")
    func emptyData() {
        for padding in [0, 10] {
            let peer = Recorder()
            let writer = FrameWriter().headers(1, post, end: false)
            let count = taken(peer, writer) { _ in
                writer.frame(0, padding > 0 ? 8 : 0, 1, padding > 0 ? [UInt8(padding)] + [UInt8](repeating: 0, count: padding) : [])
            }
            #expect(count == 999 && peer.failure == .enhanceYourCalm)
        }
    }

    @Test("the budget fills at a hundred frames a second")
    func refill() {
        let peer = Recorder()
        let writer = FrameWriter()
        let count = taken(peer, writer) { index in
            peer.now += 9_999_999
            _ = index
            writer.frame(6, 0, 0, [UInt8](repeating: 0, count: 8))
        }
        #expect(count == 5000 && peer.failure == nil)
        let fast = Recorder()
        let other = FrameWriter()
        let burst = taken(fast, other, most: 5000) { _ in
            fast.now += 5_000_000
            other.frame(6, 0, 0, [UInt8](repeating: 0, count: 8))
        }
        #expect(burst > 1900 && burst < 2100 && fast.failure == .enhanceYourCalm)
    }

    @Test("payload makes up for control frames: a client that acknowledges each event is served for as long as there are events")
    func useful() {
        let peer = Recorder()
        let writer = FrameWriter()
        peer.receive(writer.headers(1, get).take())
        peer.answer(0, "HTTP/1.1 200 OK\r\n\r\n", "data: x\n\n", after: .more)
        for _ in 0..<3000 {
            peer.bodies[1] = (Array("data: x\n\n".utf8), .more)
            peer.held?.resume(1)
            peer.send()
            writer.frame(8, 0, 0, [0, 0, 0, 9]).frame(8, 0, 1, [0, 0, 0, 9]).frame(6, 0, 0, [UInt8](repeating: 1, count: 8))
            peer.receive(writer.take())
        }
        #expect(peer.failure == nil)
    }

    @Test("DATA of a byte makes up for nothing")
    func tinyData() {
        let peer = Recorder()
        let writer = FrameWriter().headers(1, post, end: false)
        let count = taken(peer, writer) { _ in writer.data(1, "x").frame(6, 0, 0, [UInt8](repeating: 0, count: 8)) }
        #expect(count == 999 && peer.failure == .enhanceYourCalm)
    }

    @Test("a thousand streams may be reset in a burst (CVE-2023-44487), whatever payload comes with them")
    func rapidReset() {
        let peer = Recorder()
        let writer = FrameWriter()
        let count = taken(peer, writer) { index in
            writer.headers(UInt32(2 * index + 1), post, end: false).data(UInt32(2 * index + 1), String(repeating: "x", count: 300))
            writer.frame(3, 0, UInt32(2 * index + 1), FrameWriter.number(8))
        }
        #expect(count == 1000 && peer.failure == .enhanceYourCalm)
    }

    @Test("resets fill at 33 a second")
    func slowResets() {
        let peer = Recorder()
        let writer = FrameWriter()
        let count = taken(peer, writer, most: 3000) { index in
            peer.now += 31_000_000
            writer.headers(UInt32(2 * index + 1), get).frame(3, 0, UInt32(2 * index + 1), FrameWriter.number(8))
        }
        #expect(count == 3000)
    }

    @Test("streams that the client makes us reset count the same (CVE-2025-8671)", arguments: ["window", "length", "malformed", "refused"])
    func madeYouReset(_ way: String) {
        let peer = Recorder()
        let writer = FrameWriter()
        if way == "refused" { for stream in 0..<100 { writer.headers(UInt32(2 * stream + 1), get) } }
        let first = way == "refused" ? 201 : 1
        let count = taken(peer, writer) { index in
            let stream = UInt32(2 * index + first)
            switch way {
            case "window": writer.headers(stream, get).frame(8, 0, stream, [0x7F, 0xFF, 0xFF, 0xFF])
            case "length": writer.headers(stream, post + [("content-length", "1")], end: false).data(stream, "xx", end: true)
            case "malformed": writer.headers(stream, get + [("connection", "close")])
            default: writer.headers(stream, get)
            }
        }
        #expect((980...1000).contains(count) && peer.failure == .enhanceYourCalm, "\(count)")
    }

    @Test("streams that are refused count when they come: a client that takes no frame cannot have refusals pile up", arguments: ["malformed", "refused"])
    func untakenRefusals(_ way: String) {
        let peer = Recorder()
        peer.takesFrames = false
        let writer = FrameWriter()
        var count = 0
        while peer.failure == nil, count < 3000 {
            peer.receive(writer.headers(UInt32(2 * count + 1), way == "refused" ? get : get + [("connection", "close")]).take())
            count += 1
        }
        #expect(peer.failure == .enhanceYourCalm && count <= 1102, "\(count)")
    }

    @Test("eight CONTINUATION frames are taken, empty ones and others, and no ninth (VU#421644)")
    func continuation() {
        for filler in [[UInt8](), [0x40, 1, 0x78, 1, 0x79]] {
            for count in [8, 9] {
                let peer = Recorder()
                let writer = FrameWriter()
                writer.frame(1, 1, 1, writer.block(get))
                for index in 0..<count { writer.frame(9, index == count - 1 ? 4 : 0, 1, filler) }
                peer.receive(writer.take())
                peer.send()
                #expect((peer.failure == nil) == (count == 8) && peer.requests.count == (count == 8 ? 1 : 0), "\(count)")
            }
        }
    }

    @Test("a small block that names a large field many times ends the connection while it is decoded (CVE-2016-6581)")
    func headerBomb() {
        let peer = Recorder()
        let writer = FrameWriter()
        // A field of 4,000 bytes enters the dynamic table, then is named by one byte each time.
        let large: [UInt8] = [0x40, 1, 0x78, 0x7F, 0xA1, 0x1E] + [UInt8](repeating: 0x61, count: 4000)
        writer.frame(1, 5, 1, writer.block(get) + large)
        writer.frame(1, 5, 3, writer.block(get) + [UInt8](repeating: 0xBE, count: 16_000))
        peer.receive(writer.take())
        #expect(peer.requests.count == 1 && peer.failure == .enhanceYourCalm)
    }

    @Test("blocks decoded for nothing count by their size")
    func wastedBlocks() {
        let peer = Recorder()
        let writer = FrameWriter()
        let large: [UInt8] = [0x40, 1, 0x78, 0x7F, 0xA1, 0x1E] + [UInt8](repeating: 0x61, count: 4000)
        peer.receive(writer.frame(1, 5, 1, writer.block(get) + large).take())
        // Refused at the first field, so that nobody looks at the others.
        let count = taken(peer, writer) { index in
            writer.frame(1, 5, UInt32(2 * index + 3), writer.block([("connection", "x")]) + [UInt8](repeating: 0xBE, count: 16_000))
        }
        #expect(count < 20 && peer.failure == .enhanceYourCalm, "\(count)")
    }

    @Test("32 settings in a frame are taken, and no 33rd (CVE-2020-11080)")
    func settings() {
        for count in [32, 33] {
            let peer = Recorder()
            let writer = FrameWriter().frame(4, 0, 0, (0..<count).flatMap { _ in [0, 3, 0, 0, 0, 100] as [UInt8] })
            peer.receive(writer.take())
            peer.send()
            #expect((peer.failure == nil && peer.goawayCode == nil) == (count == 32))
        }
    }

    @Test("acknowledgements that nobody takes end the connection (CVE-2019-9512)")
    func acknowledgements() {
        var limits = HTTP2Limits()
        limits.controlBurst = 5000
        let peer = Recorder(limits: limits)
        peer.takesFrames = false
        let writer = FrameWriter()
        for _ in 0..<2000 { writer.frame(6, 0, 0, [UInt8](repeating: 0, count: 8)) }
        peer.receive(writer.take())
        #expect(peer.failure == .enhanceYourCalm)
    }
}

@Suite("Token bucket")
struct TokenBucketTests {
    @Test("it gives its burst and no more, and fills by the rate")
    func edges() {
        var bucket = TokenBucket(burst: 3, perSecond: 10, now: 0)
        let taken = [
            bucket.take(3, now: 0), bucket.take(1, now: 99_999_999), bucket.take(1, now: 100_000_000), bucket.take(4, now: .max),
        ]
        #expect(taken == [true, false, true, false])
        bucket.give(100)
        #expect(bucket.tokens == 3)
    }

    @Test("a clock that stands still or goes back fills nothing")
    func clock() {
        var bucket = TokenBucket(burst: 1, perSecond: 1, now: 5_000_000_000)
        let taken = [bucket.take(1, now: 5_000_000_000), bucket.take(1, now: 5_000_000_000), bucket.take(1, now: 1)]
        #expect(taken == [true, false, false])
    }
}
