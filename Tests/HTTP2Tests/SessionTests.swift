import Bytes
import Testing

@testable import HTTP2

@Suite("HTTP/2 session")
struct SessionTests {
    @Test("a request becomes the same HTTP/1.1 head, whole, split anywhere, and byte by byte")
    func splitting() {
        let writer = FrameWriter()
        writer.headers(1, post + [("content-type", "application/json"), ("content-length", "5")], end: false)
        writer.data(1, "hel").data(1, "lo", end: true)
        let bytes = writer.take()
        let whole = Recorder()
        whole.receive(bytes)
        #expect(whole.requests.count == 1)
        #expect(
            whole.requests[0].head
                == "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 5\r\n\r\n")
        #expect(whole.requests[0].body == "hello" && whole.requests[0].isEnded)
        for size in 1...64 {
            let split = Recorder()
            split.receive(bytes, by: size)
            #expect(split.requests == whole.requests, "pieces of \(size)")
        }
        for at in 1..<bytes.count {
            let split = Recorder()
            split.receive(Array(bytes[..<at]))
            split.receive(Array(bytes[at...]))
            #expect(split.requests == whole.requests, "split at \(at)")
        }
    }

    @Test("a header block may come in CONTINUATION frames")
    func continuation() {
        let writer = FrameWriter()
        let block = writer.block(get)
        writer.frame(1, 1, 1, Array(block[..<5])).frame(9, 0, 1, Array(block[5..<9])).frame(9, 4, 1, Array(block[9...]))
        let peer = Recorder()
        peer.receive(writer.take())
        #expect(peer.requests.first?.head == "GET /v1/models HTTP/1.1\r\nhost: localhost\r\n\r\n")
    }

    @Test("the server's settings come first, and say its bounds (RFC 9113 §3.4)")
    func settings() {
        let peer = Recorder()
        peer.send()
        let first = peer.frames.first
        #expect(first?.type == 4 && first?.flags == 0)
        let entries = stride(from: 0, to: first?.payload.count ?? 0, by: 6).map { at in
            [Int(first!.payload[at + 1]), first!.payload[(at + 2)..<(at + 6)].reduce(0) { $0 << 8 | Int($1) }]
        }
        #expect(entries == [[3, 100], [4, 65535], [6, 65536], [1, 4096], [9, 1]])
        // The connection's window is opened to its size.
        #expect(peer.of(type: 8).first == Recorder.Frame(type: 8, flags: 0, stream: 0, payload: FrameWriter.number(1024 * 1024 - 65535)))
    }

    @Test("an answer's head and body leave as frames, its last DATA with END_STREAM, and without fields of the hop")
    func answering() {
        let peer = Recorder()
        peer.receive(FrameWriter().headers(1, get).take())
        peer.send()
        peer.frames = []
        peer.answer(0, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nconnection: close\r\ntransfer-encoding: chunked\r\nx-Own:  a b \r\n\r\n", "hello")
        peer.send()
        #expect(peer.frames.map(\.type) == [1, 0])
        #expect(peer.frames[1] == Recorder.Frame(type: 0, flags: 1, stream: 1, payload: Array("hello".utf8)))
        #expect(Fields.decode(peer.frames[0].payload) == [":status: 200", "content-type: text/plain", "x-own: a b"])
        #expect(peer.requests[0].closed == 0)
    }

    @Test("an answer without a body ends with its head")
    func noBody() {
        let peer = Recorder()
        peer.receive(FrameWriter().headers(1, get).take())
        peer.answer(0, "HTTP/1.1 204 No Content\r\n\r\n")
        peer.send()
        #expect(peer.of(type: 1).first?.flags == 5 && peer.of(type: 0).isEmpty)
    }

    @Test("an answer that was cut is reset after what there was of it")
    func cutAnswer() {
        let peer = Recorder()
        peer.receive(FrameWriter().headers(1, get).take())
        peer.answer(0, "HTTP/1.1 200 OK\r\n\r\n", "data: half", after: .reset(.internalError))
        peer.send()
        #expect(peer.frames.suffix(3).map(\.type) == [1, 0, 3])
        #expect(peer.of(type: 0).first?.flags == 0 && peer.resetCodes[1] == 2)
    }

    @Test("an answer that is complete before its request is followed by RST_STREAM with NO_ERROR (RFC 9113 §8.1)")
    func earlyAnswer() {
        let peer = Recorder()
        peer.receive(FrameWriter().headers(1, post + [("content-length", "100")], end: false).take())
        peer.answer(0, "HTTP/1.1 413 Content Too Large\r\n\r\n", "{}")
        peer.send()
        #expect(peer.frames.suffix(3).map(\.type) == [1, 0, 3] && peer.resetCodes[1] == 0)
    }

    @Test("an interim answer precedes the answer")
    func interim() {
        let peer = Recorder()
        peer.receive(FrameWriter().headers(1, post + [("expect", "100-continue")], end: false).take())
        Array("HTTP/1.1 100 Continue\r\n\r\n".utf8).withByteSlice { peer.held?.sendInterim(to: 1, head: $0) }
        peer.send()
        #expect(Fields.decode(peer.of(type: 1)[0].payload) == [":status: 100"] && peer.of(type: 1)[0].flags == 4)
    }

    @Test("windows open for what was taken, and for nothing else")
    func windows() {
        let peer = Recorder()
        let writer = FrameWriter()
        writer.headers(1, post + [("content-length", "60000")], end: false)
        for _ in 0..<6 { writer.data(1, String(repeating: "x", count: 10_000)) }
        peer.receive(writer.take())
        peer.send()
        // The connection's own was large enough; the stream's waits for its exchange.
        #expect(peer.of(type: 8).filter { $0.stream == 1 }.isEmpty)
        peer.held?.open(1, for: 60_000)
        peer.send()
        #expect(peer.of(type: 8).last == Recorder.Frame(type: 8, flags: 0, stream: 1, payload: FrameWriter.number(60_000)))
    }

    @Test("more than a stream's window is a flow-control error")
    func windowPassed() {
        let peer = Recorder()
        let writer = FrameWriter()
        writer.headers(1, post, end: false)
        // Exactly the window, and one byte.
        for _ in 0..<4 { writer.data(1, String(repeating: "x", count: 16_000)) }
        writer.data(1, String(repeating: "x", count: 65_535 - 64_000))
        peer.receive(writer.take())
        #expect(peer.requests[0].body.utf8.count == 65_535)
        peer.receive(writer.data(1, "y").take())
        peer.send()
        #expect(peer.goawayCode == 3 || peer.resetCodes[1] == 3)
        // Of what nghttp2 lets through with the fault there is a frame at most.
        peer.receive(writer.data(1, "zzz").take())
        #expect(peer.requests[0].body.utf8.count == 65_536)
    }

    @Test("a widened window is announced once")
    func widening() {
        let peer = Recorder()
        peer.receive(FrameWriter().headers(1, post, end: false).take())
        peer.held?.widen(1, to: 200_000)
        peer.held?.widen(1, to: 100_000)
        peer.held?.widen(1, to: 1 << 30)
        peer.send()
        let updates = peer.of(type: 8).filter { $0.stream == 1 }.map { $0.payload.reduce(0) { $0 << 8 | Int($1) } }
        #expect(updates.reduce(0, +) == 1024 * 1024 - 65_535)
    }

    @Test("a body that does not fit the client's window goes out as that opens")
    func answerWindow() {
        let peer = Recorder()
        peer.receive(FrameWriter().headers(1, get).take())
        peer.answer(0, "HTTP/1.1 200 OK\r\n\r\n", String(repeating: "x", count: 100_000))
        peer.send()
        #expect(peer.of(type: 0).reduce(0) { $0 + $1.payload.count } == 65_535)
        let writer = FrameWriter(preface: false)
        peer.receive(writer.frame(8, 0, 0, FrameWriter.number(100_000)).frame(8, 0, 1, FrameWriter.number(100_000)).take())
        peer.send()
        #expect(peer.of(type: 0).reduce(0) { $0 + $1.payload.count } == 100_000 && peer.of(type: 0).last?.flags == 1)
    }

    @Test("streams take turns, whatever priorities their client names")
    func turns() {
        let peer = Recorder()
        let writer = FrameWriter()
        writer.headers(1, get + [("priority", "u=7")]).headers(3, get + [("priority", "u=0")])
        peer.receive(writer.take())
        for index in 0..<2 { peer.answer(index, "HTTP/1.1 200 OK\r\n\r\n", String(repeating: "x", count: 32_000)) }
        peer.send()
        #expect(peer.of(type: 0).map(\.stream) == [1, 3, 1, 3])
    }

    @Test("frames wait while the sink takes none")
    func backPressure() {
        let peer = Recorder()
        peer.takesFrames = false
        peer.receive(FrameWriter().headers(1, get).take())
        peer.answer(0, "HTTP/1.1 200 OK\r\n\r\n", "hello")
        peer.send()
        #expect(peer.frames.isEmpty && peer.held?.hasFrames == true)
        peer.takesFrames = true
        peer.send()
        #expect(peer.of(type: 0).count == 1)
    }

    @Test("the streams past the cap are refused, and may be sent again (RFC 9113 §5.1.2)")
    func streamCap() {
        let peer = Recorder()
        let writer = FrameWriter()
        for stream in 0..<101 { writer.headers(UInt32(2 * stream + 1), get) }
        peer.receive(writer.take())
        peer.send()
        #expect(peer.requests.count == 100 && peer.resetCodes == [201: 7])
    }

    @Test("PING is answered with the same bytes")
    func ping() {
        let peer = Recorder()
        peer.receive(FrameWriter().frame(6, 0, 0, [1, 2, 3, 4, 5, 6, 7, 8]).take())
        peer.send()
        #expect(peer.of(type: 6) == [Recorder.Frame(type: 6, flags: 1, stream: 0, payload: [1, 2, 3, 4, 5, 6, 7, 8])])
    }

    @Test("a client's RST_STREAM is told, and ends its stream")
    func reset() {
        let peer = Recorder()
        let writer = FrameWriter()
        writer.headers(1, get).frame(3, 0, 1, FrameWriter.number(8))
        peer.receive(writer.take())
        #expect(peer.requests[0].closed == 8)
    }

    /// The last streams that GOAWAY frames have named.
    private func lastStreams(_ peer: Recorder) -> [[UInt8]] { peer.of(type: 7).map { Array($0.payload[..<4]) } }

    private static let anyStream: [UInt8] = [0x7F, 0xFF, 0xFF, 0xFF]

    @Test("an end is announced first: streams that are on their way are begun until the client has read so, later ones are not")
    func shutdown() {
        let peer = Recorder()
        let writer = FrameWriter()
        peer.receive(writer.headers(1, get).take())
        peer.held?.shutDown()
        peer.send()
        #expect(lastStreams(peer) == [Self.anyStream] && peer.frames.last?.type == 6, "the PING comes after what it asks about")
        peer.receive(writer.headers(3, get).take())
        #expect(peer.requests.count == 2 && peer.held?.awaitsGoodbye == true && !peer.isOver)
        peer.receive(writer.frame(6, 1, 0, peer.frames.last?.payload ?? []).take())
        peer.send()
        #expect(lastStreams(peer) == [Self.anyStream, [0, 0, 0, 3]] && peer.goawayCode == 0)
        peer.receive(writer.headers(5, get).take())
        peer.send()
        #expect(peer.requests.count == 2 && !peer.isOver)
        for index in 0..<2 { peer.answer(index, "HTTP/1.1 200 OK\r\n\r\n", "late") }
        peer.send()
        #expect(peer.of(type: 0).count == 2 && peer.requests.map(\.closed) == [0, 0] && peer.isOver)
    }

    @Test("an idle connection is over once its client has said that it has read of the end")
    func idleShutdown() {
        let peer = Recorder()
        let writer = FrameWriter()
        peer.receive(writer.take())
        peer.held?.shutDown()
        peer.send()
        #expect(!peer.isOver)
        // An answer to something else, and a PING of the client's own, say it as little as silence; but nobody asks anything else.
        peer.receive(writer.frame(6, 0, 0, [UInt8](repeating: 0, count: 8)).take())
        #expect(peer.held?.awaitsGoodbye == true)
        peer.receive(writer.frame(6, 1, 0, [UInt8](repeating: 0, count: 8)).take())
        peer.send()
        #expect(lastStreams(peer) == [Self.anyStream, [0, 0, 0, 0]] && peer.isOver)
    }

    @Test("who does not say that it has read of the end is not waited for")
    func deafClient() {
        let peer = Recorder()
        let writer = FrameWriter()
        peer.receive(writer.headers(1, get).take())
        peer.held?.shutDown()
        peer.held?.concludeShutDown()
        peer.receive(writer.headers(3, get).take())
        #expect(peer.requests.count == 2 && peer.held?.hasFrames == true)
        peer.send()
        #expect(lastStreams(peer) == [[0, 0, 0, 3]])
        peer.receive(writer.headers(5, get).take())
        peer.send()
        #expect(peer.requests.count == 2)
        for index in 0..<2 { peer.answer(index, "HTTP/1.1 200 OK\r\n\r\n", "late") }
        peer.send()
        #expect(peer.requests.map(\.closed) == [0, 0] && peer.isOver)
    }

    @Test("one that is begun when the last GOAWAY has been put behind other frames is refused, and may be sent again")
    func begunBehindGoaway() {
        let peer = Recorder()
        let writer = FrameWriter()
        peer.receive(writer.headers(1, get).take())
        peer.answer(0, "HTTP/1.1 200 OK\r\n\r\n", "late", after: .more)
        peer.held?.shutDown()
        peer.held?.concludeShutDown()
        peer.most = 1
        peer.send()
        peer.most = .max
        #expect(peer.of(type: 7).isEmpty, "GOAWAY has not left")
        peer.receive(writer.headers(3, get).take())
        peer.send()
        #expect(peer.requests.count == 1 && peer.resetCodes[3] == 7 && lastStreams(peer) == [[0, 0, 0, 1]])
    }

    @Test("a header block that comes to nothing is over with its last byte: others do not wait for it")
    func droppedBlock() {
        for fields in [get + [("connection", "close")], [get[0], get[1], get[3]], get + [("Upper", "x")], post + [("content-length", "5")]] {
            let peer = Recorder()
            let writer = FrameWriter()
            peer.receive(writer.headers(1, fields).take())
            peer.send()
            #expect(peer.resetCodes[1] == 1 && peer.held?.isMidHead == false, "\(fields)")
        }
    }

    @Test("a PRIORITY frame that depends on itself ends the connection, wherever it is cut; one that does not is passed over")
    func priorityOfItself() {
        for (dependency, isFault) in [(3, true), (0x8000_0003, true), (1, false)] as [(UInt32, Bool)] {
            let bytes = FrameWriter().frame(2, 0, 3, FrameWriter.number(dependency) + [16]).take()
            for size in [1, 3, bytes.count] {
                let peer = Recorder()
                peer.receive(bytes, by: size)
                #expect((peer.failure == .protocolError) == isFault)
            }
        }
        let short = Recorder()
        short.receive(FrameWriter().frame(2, 0, 3, [0, 0, 0]).frame(6, 0, 0, [1, 2, 3, 4, 5, 6, 7, 8]).take())
        short.send()
        #expect(short.failure != nil || short.goawayCode != nil || short.resetCodes[3] != nil || short.of(type: 6).count == 1)
    }

    @Test("as many resets are remembered as there may be streams: trailers that were on their way end nothing")
    func manyLateTrailers() {
        let peer = Recorder()
        let writer = FrameWriter()
        for index in 0..<100 { peer.receive(writer.headers(UInt32(2 * index + 1), post, end: false).take()) }
        for index in 0..<100 { peer.held?.reset(Int32(2 * index + 1), .noError) }
        peer.send()
        for index in 0..<100 { peer.receive(writer.headers(UInt32(2 * index + 1), [("checksum", "1")]).take()) }
        #expect(peer.failure == nil && peer.requests.count == 100)
    }

    @Test("trailers are checked and dropped")
    func trailers() {
        let peer = Recorder()
        let writer = FrameWriter()
        writer.headers(1, post, end: false).data(1, "x").headers(1, [("checksum", "1")])
        peer.receive(writer.take())
        #expect(peer.requests[0].body == "x" && peer.requests[0].isEnded)
    }

    @Test("a preface that is none ends the connection")
    func badPreface() {
        let peer = Recorder()
        peer.receive(Array("PRI * HTTP/2.0\r\n\r\nXX".utf8))
        #expect(peer.failure == .protocolError && peer.isOver)
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = bytes.withUnsafeMutableBufferPointer { buffer in
            var writer = ByteWriter(buffer.baseAddress!, capacity: buffer.count)
            peer.held?.writeFarewell(to: &writer)
            return writer.count
        }
        #expect(Array(bytes[..<count]) == [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
    }

    @Test("frames for a stream that was closed: DATA resets it, HEADERS end the connection (RFC 9113 §5.1)")
    func closedStream() {
        let peer = Recorder()
        let writer = FrameWriter()
        peer.receive(writer.headers(1, get).take())
        peer.answer(0, "HTTP/1.1 200 OK\r\n\r\n", "x")
        peer.send()
        peer.receive(writer.data(1, "late").take())
        peer.send()
        #expect(peer.resetCodes[1] == 5 && peer.failure == nil)
        let other = Recorder()
        let again = FrameWriter()
        other.receive(again.headers(1, get).take())
        other.answer(0, "HTTP/1.1 200 OK\r\n\r\n", "x")
        other.send()
        other.receive(again.headers(1, get).take())
        #expect(other.failure == .streamClosed)
    }

    @Test("what a client sent before it learnt that we reset its stream is no fault of its")
    func lateFrames() {
        let peer = Recorder()
        let writer = FrameWriter()
        peer.receive(writer.headers(1, post, end: false).take())
        peer.held?.reset(1, .cancel)
        peer.send()
        peer.receive(writer.data(1, "late").headers(1, [("checksum", "1")]).take())
        peer.send()
        #expect(peer.failure == nil && peer.of(type: 3).count == 1)
    }
}
