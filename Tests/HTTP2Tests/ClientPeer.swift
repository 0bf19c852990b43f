import Bytes
import CNghttp2

@testable import HTTP2

/// A client's session with somebody at its other end who writes down what it says, and what it hears.
final class Asker: HTTP2ClientSink {
    struct Call: Equatable {
        var stream: Int32 = 0
        var head: String?
        var framing: ResponseHeadBuilder.Framing?
        var body = ""
        var isEnded = false
        var isMalformed = false
        var interimCount = 0
        var hasLeft = false
        var closed: UInt32?
    }

    private(set) var calls: [Call] = []
    private(set) var frames: [Recorder.Frame] = []
    private(set) var wentAwayCount = 0
    private(set) var settingsCount = 0
    /// Requests' bodies, by tag.
    var bodies: [UInt64: (bytes: [UInt8], after: HTTP2Waiting.After)] = [:]
    var takesFrames = true
    /// The kind of frame after which it takes no more.
    var stopsAt: UInt8?
    private var methods: [String] = []
    private var session: HTTP2ClientSession?
    private let scratch = HTTP2Scratch()
    let blocks = BlockPool(budget: ByteBudget())
    var now: UInt64 = 1_000_000_000

    init(limits: HTTP2Limits = .towardsUpstreams) {
        session = HTTP2ClientSession(limits: limits, blocks: blocks, scratch: scratch, sink: self, now: now)
    }

    var failure: HTTP2ErrorCode? { session?.failure }
    var held: HTTP2ClientSession? { session }

    func end() { session = nil }

    func receive(_ bytes: [UInt8]) { bytes.withByteSlice { session?.receive($0, now: now) } }

    /// Whole, or in pieces of `size`.
    func receive(_ bytes: [UInt8], by size: Int) {
        for at in stride(from: 0, to: bytes.count, by: size) { receive(Array(bytes[at..<min(at + size, bytes.count)])) }
    }

    func send() { session?.send(now: now) }

    /// Asks, and says so; the stream, or nil.
    @discardableResult
    func ask(_ head: String = "POST /v1/chat/completions HTTP/1.1\r\nhost: api.example\r\n\r\n", _ body: String = "") -> Int32? {
        let tag = UInt64(calls.count + 1)
        if !body.isEmpty { bodies[tag] = (Array(body.utf8), .end) }
        calls.append(Call())
        methods.append(String(head.prefix { $0 != " " }))
        let stream = Array(head.utf8).withByteSlice { session?.request(head: $0, isTLS: true, hasBody: !body.isEmpty, tag: tag) }
        calls[calls.count - 1].stream = stream ?? 0
        send()
        return stream ?? nil
    }

    func of(type: UInt8) -> [Recorder.Frame] { frames.filter { $0.type == type } }

    /// The error codes of RST_STREAM frames, by stream.
    var resetCodes: [UInt32: UInt8] { Dictionary(of(type: 3).map { ($0.stream, $0.payload.last ?? 0) }, uniquingKeysWith: { first, _ in first }) }

    // MARK: HTTP2ClientSink

    private func change(_ tag: UInt64, _ body: (inout Call) -> Void) {
        precondition(tag > 0 && tag <= UInt64(calls.count), "a tag is one that was given")
        body(&calls[Int(tag) - 1])
    }

    func awaited(_ tag: UInt64) -> HTTP2ClientSession.Awaited {
        if calls[Int(tag) - 1].head != nil { return .trailers }
        return methods[Int(tag) - 1] == "HEAD" ? .headAlone : .head
    }

    func requestLeft(_ tag: UInt64) { change(tag) { $0.hasLeft = true } }
    func interimCame(_ tag: UInt64) { change(tag) { $0.interimCount += 1 } }

    func answerBegan(_ tag: UInt64, _ head: consuming ResponseHeadBuilder.Head, isEnded: Bool) {
        let count = head.count
        let framing = head.framing
        let block = head.takeBlock()
        change(tag) {
            $0.head = String(block.slice(0..<count))
            $0.framing = framing
            $0.isEnded = isEnded
        }
    }

    func answerMalformed(_ tag: UInt64) { change(tag) { $0.isMalformed = true } }
    func bodyCame(for tag: UInt64, _ bytes: ByteSlice) { change(tag) { $0.body += String(bytes) } }
    func messageEnded(_ tag: UInt64) { change(tag) { $0.isEnded = true } }
    func streamClosed(_ tag: UInt64, code: HTTP2ErrorCode) { change(tag) { $0.closed = code.rawValue } }
    func settingsCame() { settingsCount += 1 }
    func wentAway() { wentAwayCount += 1 }

    func take(frame: ByteSlice) {
        var bytes = [UInt8](frame)
        if bytes.starts(with: Array("PRI * HTTP/2.0".utf8)) { bytes = Array(bytes.dropFirst(24)) }
        guard bytes.count >= 9 else { return }
        frames.append(Recorder.frame(bytes))
        if frames.last?.type == stopsAt { takesFrames = false }
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
}

extension FrameWriter {
    /// What a server begins with.
    static func server(_ settings: [UInt8] = []) -> FrameWriter {
        let writer = FrameWriter(preface: false)
        writer.frame(4, 0, 0, settings)
        return writer
    }

    @discardableResult
    func goaway(_ last: UInt32, _ code: UInt32 = 0) -> FrameWriter { frame(7, 0, 0, FrameWriter.number(last) + FrameWriter.number(code)) }

    @discardableResult
    func reset(_ stream: UInt32, _ code: UInt32) -> FrameWriter { frame(3, 0, stream, FrameWriter.number(code)) }
}
