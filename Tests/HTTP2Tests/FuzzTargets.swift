import Bytes
import HTTP
import HTTP2

// Properties of the session for any bytes. A broken one traps, which libFuzzer keeps as a finding.

/// The first byte says how the rest is cut; what comes of them must not depend on it.
func fuzzHTTP2(_ input: ByteSlice) {
    guard input.count > 1 else { return }
    let frames = [UInt8](input.dropFirst(1))
    let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + [0, 0, 0, 4, 0, 0, 0, 0, 0]
    let whole = FuzzedPeer()
    whole.receive(preface + frames)
    let pieces = FuzzedPeer()
    let bytes = preface + frames
    let size = 1 + Int(input[0]) % 31
    var at = 0
    while at < bytes.count {
        pieces.receive(Array(bytes[at..<min(at + size, bytes.count)]))
        at += size
    }
    precondition(whole.heads == pieces.heads, "the requests do not depend on how their bytes came")
    precondition(whole.ended == pieces.ended, "nor which of them are whole")
    for index in whole.ended { precondition(whole.bodies[index] == pieces.bodies[index], "nor the bodies of those") }
    whole.answerAll()
    pieces.answerAll()
    precondition(whole.heads.allSatisfy(FuzzedPeer.isOneRequest), "a head is one whole request, or none that the parser takes")
}

/// Answers whatever it is asked.
final class FuzzedPeer: HTTP2ServerSink {
    private(set) var heads: [[UInt8]] = []
    private(set) var bodies: [[UInt8]] = []
    private(set) var ended: Set<Int> = []
    private var streams: [Int32] = []
    private var unsent: [Int] = []
    private var session: HTTP2ServerSession?
    private let scratch = HTTP2Scratch()
    private let blocks = BlockPool(budget: ByteBudget())

    init() {
        session = HTTP2ServerSession(limits: HTTP2Limits(), blocks: blocks, scratch: scratch, sink: self, now: 0)
    }

    func receive(_ bytes: [UInt8]) { bytes.withByteSlice { session?.receive($0, now: 1) } }

    func answerAll() {
        for stream in streams {
            Array("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n".utf8).withByteSlice { _ = session?.respond(to: stream, head: $0, hasBody: true) }
        }
        session?.send(now: 2)
        for (index, stream) in streams.enumerated() {
            session?.open(stream, for: bodies[index].count)
            session?.resume(stream)
        }
        session?.send(now: 2)
        session = nil
    }

    /// The parser reads all of it as a head, or refuses it; it never leaves bytes over, which would be another request's.
    static func isOneRequest(_ head: [UInt8]) -> Bool {
        head.withByteSlice { bytes in
            var parser = RequestParser()
            var request = RequestHead()
            do throws(HTTPError) {
                return try parser.parse(bytes, into: &request) == .complete(bytes.count)
            } catch {
                return true
            }
        }
    }

    func requestBegan(on stream: Int32, _ head: consuming RequestHeadBuilder.Head, isEnded: Bool) -> UInt64 {
        let range = head.range
        let block = head.takeBlock()
        heads.append([UInt8](block.slice(range)))
        bodies.append([])
        streams.append(stream)
        unsent.append(20_000)
        if isEnded { ended.insert(heads.count - 1) }
        return UInt64(heads.count)
    }

    func bodyCame(for tag: UInt64, _ bytes: ByteSlice) { bodies[Int(tag) - 1] += [UInt8](bytes) }
    func messageEnded(_ tag: UInt64) {
        precondition(tag > 0 && tag <= UInt64(heads.count))
        ended.insert(Int(tag) - 1)
    }

    func streamClosed(_ tag: UInt64, code: HTTP2ErrorCode) { precondition(tag > 0 && tag <= UInt64(heads.count)) }
    var takesFrames: Bool { true }
    func take(frame: ByteSlice) { precondition(frame.count >= 9, "a frame has a header") }

    func waiting(for tag: UInt64, upTo most: Int) -> HTTP2Waiting {
        let left = unsent[Int(tag) - 1]
        return left > most ? HTTP2Waiting(byteCount: most, after: .more) : HTTP2Waiting(byteCount: left, after: .end)
    }

    func take(dataHeader: ByteSlice, byteCount: Int, of tag: UInt64) -> Bool {
        unsent[Int(tag) - 1] -= byteCount
        return true
    }
}
