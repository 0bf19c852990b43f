import Bytes
import HTTP
import HTTP2

// Properties of a client's session for any bytes of its server. A broken one traps, which libFuzzer keeps as a finding.

/// The first byte says how the rest is cut; what comes of them must not depend on it.
func fuzzHTTP2Client(_ input: ByteSlice) {
    guard input.count > 1 else { return }
    let frames = [UInt8](input.dropFirst(1))
    let whole = FuzzedAsker()
    whole.receive(frames)
    let pieces = FuzzedAsker()
    let size = 1 + Int(input[0]) % 31
    for at in stride(from: 0, to: frames.count, by: size) { pieces.receive(Array(frames[at..<min(at + size, frames.count)])) }
    precondition(whole.hasFailed == pieces.hasFailed, "a connection fails by what came, and not by how")
    // What a frame that fails the connection was preceded by may have been told in one and not in the other.
    if !whole.hasFailed {
        precondition(whole.calls.map(\.whole) == pieces.calls.map(\.whole), "the answers do not depend on how their bytes came")
        for call in whole.calls { call.check() }
    }
    whole.finish()
    pieces.finish()
}

/// Asks for eight things, and takes what it is told.
final class FuzzedAsker: HTTP2ClientSink {
    struct Call: Equatable {
        var isHead = false
        var head: [UInt8]?
        var framing: ResponseHeadBuilder.Framing?
        var body: [UInt8] = []
        var isEnded = false
        var isMalformed = false
        var isClosed = false

        /// Of a body that is cut short, how much has come turns on where its frame was.
        var whole: Call {
            var whole = self
            if !isEnded || isMalformed { whole.body = [] }
            return whole
        }

        /// The head is one the parser takes whole, or refuses; and what ends is as long as was said.
        func check() {
            guard let head else {
                precondition(body.isEmpty && !isEnded, "nothing comes before a head")
                return
            }
            let isWhole = head.withByteSlice { bytes in
                var parser = ResponseParser()
                var answer = ResponseHead()
                do throws(HTTPError) {
                    return try parser.parse(bytes, answering: isHead ? .head : .post, into: &answer) == .complete(bytes.count) && !answer.isInterim
                } catch {
                    return true
                }
            }
            precondition(isWhole, "a head is one whole answer")
            guard isEnded, !isMalformed else { return }
            switch framing {
            case .length(let length): precondition(Int64(body.count) == length, "a body that ends is as long as its head said")
            case .some(.none): precondition(body.isEmpty, "what has no body has none")
            case .open, nil: break
            }
        }
    }

    private(set) var calls: [Call] = []
    private var streams: [Int32] = []
    private var unsent: [Int] = []
    private var session: HTTP2ClientSession?
    private let scratch = HTTP2Scratch()
    private let blocks = BlockPool(budget: ByteBudget())

    init() {
        session = HTTP2ClientSession(limits: .towardsUpstreams, blocks: blocks, scratch: scratch, sink: self, now: 0)
        for index in 0..<8 {
            calls.append(Call(isHead: index == 3))
            unsent.append(index % 2 == 0 ? 20_000 : 0)
            let head = "\(index == 3 ? "HEAD" : "POST") /v1 HTTP/1.1\r\nhost: a\r\n\r\n"
            let stream = Array(head.utf8).withByteSlice { session?.request(head: $0, isTLS: true, hasBody: index % 2 == 0, tag: UInt64(index + 1)) }
            streams.append((stream ?? nil) ?? 0)
        }
        session?.send(now: 0)
    }

    var hasFailed: Bool { session?.failure != nil }

    func receive(_ bytes: [UInt8]) {
        bytes.withByteSlice { session?.receive($0, now: 1) }
    }

    func finish() {
        session?.send(now: 2)
        for (index, stream) in streams.enumerated() where stream > 0 {
            session?.open(stream, for: calls[index].body.count)
            session?.resume(stream)
        }
        session?.reset(1, .cancel)
        session?.ping()
        session?.send(now: 2)
        session = nil
    }

    private func change(_ tag: UInt64, _ body: (inout Call) -> Void) {
        precondition(tag > 0 && tag <= UInt64(calls.count), "a tag is one that was given")
        body(&calls[Int(tag) - 1])
    }

    func awaited(_ tag: UInt64) -> HTTP2ClientSession.Awaited {
        let call = calls[Int(tag) - 1]
        return call.head != nil ? .trailers : call.isHead ? .headAlone : .head
    }

    func requestLeft(_ tag: UInt64) {}
    func interimCame(_ tag: UInt64) { precondition(calls[Int(tag) - 1].head == nil, "an interim answer comes before the answer") }

    func answerBegan(_ tag: UInt64, _ head: consuming ResponseHeadBuilder.Head, isEnded: Bool) {
        let count = head.count
        let framing = head.framing
        let block = head.takeBlock()
        change(tag) {
            precondition($0.head == nil && !$0.isClosed, "a stream has one answer")
            $0.head = [UInt8](block.slice(0..<count))
            $0.framing = framing
            $0.isEnded = isEnded
        }
    }

    func answerMalformed(_ tag: UInt64) { change(tag) { $0.isMalformed = true } }

    func bodyCame(for tag: UInt64, _ bytes: ByteSlice) {
        change(tag) {
            precondition(!$0.isEnded && !$0.isClosed, "nothing comes after the end")
            $0.body += [UInt8](bytes)
        }
    }

    func messageEnded(_ tag: UInt64) {
        change(tag) {
            precondition(!$0.isEnded && !$0.isClosed, "an answer ends once")
            $0.isEnded = true
        }
    }

    func streamClosed(_ tag: UInt64, code: HTTP2ErrorCode) {
        change(tag) {
            precondition(!$0.isClosed, "a stream closes once")
            $0.isClosed = true
        }
    }

    func settingsCame() {}
    func wentAway() {}

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
