import Bytes
import CNghttp2

@testable import HTTP2

/// Frames as a client sends them, right or wrong: nothing here is checked.
final class FrameWriter {
    private(set) var bytes: [UInt8] = []
    private var deflater: OpaquePointer?

    init(preface: Bool = true) {
        _ = nghttp2_hd_deflate_new(&deflater, 4096)
        if preface {
            bytes = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
            frame(4, 0, 0, [])
        }
    }

    deinit { nghttp2_hd_deflate_del(deflater) }

    static func number(_ value: UInt32) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> UInt32($0)) } }

    @discardableResult
    func frame(_ type: UInt8, _ flags: UInt8, _ stream: UInt32, _ payload: [UInt8]) -> FrameWriter {
        let count = payload.count
        bytes += [UInt8(count >> 16 & 255), UInt8(count >> 8 & 255), UInt8(count & 255), type, flags]
        bytes += FrameWriter.number(stream)
        bytes += payload
        return self
    }

    /// A header block; fields go as they are, without entering the dynamic table.
    func block(_ fields: [(String, String)]) -> [UInt8] {
        var storage: [[UInt8]] = []
        for (name, value) in fields {
            storage.append(Array(name.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }))
            storage.append(Array(value.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }))
        }
        var entries: [nghttp2_nv] = []
        var pointers: [UnsafeMutablePointer<UInt8>] = []
        defer { pointers.forEach { $0.deallocate() } }
        for text in storage {
            let pointer = UnsafeMutablePointer<UInt8>.allocate(capacity: text.count + 1)
            pointer.update(from: text + [0], count: text.count + 1)
            pointers.append(pointer)
        }
        for index in stride(from: 0, to: pointers.count, by: 2) {
            entries.append(
                nghttp2_nv(name: pointers[index], value: pointers[index + 1], namelen: storage[index].count, valuelen: storage[index + 1].count, flags: 0))
        }
        var out = [UInt8](repeating: 0, count: nghttp2_hd_deflate_bound(deflater, entries, entries.count))
        let count = nghttp2_hd_deflate_hd(deflater, &out, out.count, entries, entries.count)
        return Array(out.prefix(max(0, count)))
    }

    @discardableResult
    func headers(_ stream: UInt32, _ fields: [(String, String)], end: Bool = true) -> FrameWriter {
        frame(1, end ? 5 : 4, stream, block(fields))
    }

    @discardableResult
    func data(_ stream: UInt32, _ text: String, end: Bool = false) -> FrameWriter { frame(0, end ? 1 : 0, stream, Array(text.utf8)) }

    /// What was written since the last call.
    func take() -> [UInt8] {
        defer { bytes = [] }
        return bytes
    }
}

/// The fields of an ordinary request.
let get: [(String, String)] = [(":method", "GET"), (":scheme", "http"), (":path", "/v1/models"), (":authority", "localhost")]
let post: [(String, String)] = [(":method", "POST"), (":scheme", "http"), (":path", "/v1/chat/completions"), (":authority", "localhost")]

/// A session with somebody at its other end who writes down what it says.
final class Recorder: HTTP2ServerSink {
    struct Request: Equatable {
        var stream: Int32
        var head: String
        var body = ""
        var isEnded = false
        var closed: UInt32?
    }

    struct Frame: Equatable {
        var type: UInt8
        var flags: UInt8
        var stream: UInt32
        var payload: [UInt8]
    }

    private(set) var requests: [Request] = []
    var frames: [Frame] = []
    /// Answers' bodies, by tag.
    var bodies: [UInt64: (bytes: [UInt8], after: HTTP2Waiting.After)] = [:]
    /// How many frames it has room for.
    var most = Int.max
    var takesFrames: Bool {
        get { frames.count < most }
        set { most = newValue ? .max : frames.count }
    }
    private var session: HTTP2ServerSession?
    private let scratch = HTTP2Scratch()
    let blocks = BlockPool(budget: ByteBudget())
    var now: UInt64 = 1_000_000_000

    init(limits: HTTP2Limits = HTTP2Limits()) {
        session = HTTP2ServerSession(limits: limits, blocks: blocks, scratch: scratch, sink: self, now: now)
    }

    var failure: HTTP2ErrorCode? { session?.failure }
    var isOver: Bool { session?.isOver ?? true }
    var held: HTTP2ServerSession? { session }

    /// Lets go of the session while the sink is still there.
    func end() { session = nil }

    func receive(_ bytes: [UInt8]) {
        bytes.withByteSlice { session?.receive($0, now: now) }
    }

    /// Whole, or in pieces of `size`.
    func receive(_ bytes: [UInt8], by size: Int) {
        var at = 0
        while at < bytes.count {
            receive(Array(bytes[at..<min(at + size, bytes.count)]))
            at += size
        }
    }

    func send() { session?.send(now: now) }

    func answer(_ index: Int, _ head: String, _ body: String = "", after: HTTP2Waiting.After = .end) {
        let request = requests[index]
        let tag = UInt64(index + 1)
        bodies[tag] = (Array(body.utf8), after)
        let isAnswered = Array(head.utf8).withByteSlice { session?.respond(to: request.stream, head: $0, hasBody: !body.isEmpty) }
        if isAnswered != true { frames.append(Frame(type: 255, flags: 0, stream: UInt32(request.stream), payload: [])) }
    }

    func of(type: UInt8) -> [Frame] { frames.filter { $0.type == type } }

    /// The error codes of RST_STREAM frames, by stream.
    var resetCodes: [UInt32: UInt8] { Dictionary(of(type: 3).map { ($0.stream, $0.payload.last ?? 0) }, uniquingKeysWith: { first, _ in first }) }
    var goawayCode: UInt8? { of(type: 7).last.map { $0.payload[7] } }

    // MARK: HTTP2Sink

    func requestBegan(on stream: Int32, _ head: consuming RequestHeadBuilder.Head, isEnded: Bool) -> UInt64 {
        let range = head.range
        let block = head.takeBlock()
        requests.append(Request(stream: stream, head: String(block.slice(range)), isEnded: isEnded))
        return UInt64(requests.count)
    }

    func bodyCame(for tag: UInt64, _ bytes: ByteSlice) { requests[Int(tag) - 1].body += String(bytes) }
    func messageEnded(_ tag: UInt64) { requests[Int(tag) - 1].isEnded = true }
    func streamClosed(_ tag: UInt64, code: HTTP2ErrorCode) { requests[Int(tag) - 1].closed = code.rawValue }

    func take(frame: ByteSlice) {
        let bytes = [UInt8](frame)
        frames.append(Recorder.frame(bytes))
    }

    func waiting(for tag: UInt64, upTo most: Int) -> HTTP2Waiting {
        guard let body = bodies[tag] else { return HTTP2Waiting(byteCount: 0, after: .more) }
        if body.bytes.count > most { return HTTP2Waiting(byteCount: most, after: .more) }
        return HTTP2Waiting(byteCount: body.bytes.count, after: body.after)
    }

    func take(dataHeader: ByteSlice, byteCount: Int, of tag: UInt64) -> Bool {
        let payload = Array(bodies[tag]?.bytes.prefix(byteCount) ?? [])
        bodies[tag]?.bytes.removeFirst(byteCount)
        frames.append(Recorder.frame([UInt8](dataHeader) + payload))
        return true
    }

    static func frame(_ bytes: [UInt8]) -> Frame {
        let stream = bytes[5..<9].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        return Frame(type: bytes[3], flags: bytes[4], stream: stream, payload: Array(bytes[9...]))
    }
}
