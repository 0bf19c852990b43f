public import Bytes
import CNghttp2
import HTTP

/// The client's side: requests out, and answers in, their heads in HTTP/1.1's words.
///
/// Its peer is an upstream, which may be as hostile as any client: what it sends that carries nothing is counted, too. What answers
/// a stream of ours is not, since we have asked for it.
public final class HTTP2ClientSession: HTTP2Session {
    private unowned let client: any HTTP2ClientSink
    /// The header block being decoded.
    private var builder: ResponseHeadBuilder?
    private var continuations = 0
    /// The stream that the peer reset last.
    private var resetByPeer: Int32 = 0

    /// Streams that may still be given up: peers end connections on which too many are.
    private var cancels: TokenBucket
    private var hasCancelledTooMany = false

    /// The peer takes no more streams.
    public private(set) var isGoingAway = false
    /// The peer has said how many streams it takes.
    public private(set) var hasSettings = false

    /// What becomes known while a header block comes.
    public enum Awaited {
        /// An answer's head, or an interim one before it.
        case head
        /// The same, to a request with HEAD.
        case headAlone
        case trailers
    }

    /// - Parameter now: nanoseconds of a monotonic clock, as in all that follows.
    public init?(limits: HTTP2Limits, blocks: BlockPool, scratch: HTTP2Scratch, sink: any HTTP2ClientSink, now: UInt64) {
        client = sink
        cancels = TokenBucket(burst: HTTP2Limits.cancelBurst, perSecond: HTTP2Limits.cancelsPerSecond, now: now)
        super.init(.client, limits: limits, blocks: blocks, scratch: scratch, sink: sink, now: now)
    }

    /// Streams that may be open at once: as many as the peer takes, and no more than we want on one connection.
    public var streamLimit: Int {
        guard hasSettings else { return min(limits.concurrentStreams, limits.streamsBeforeSettings) }
        return min(limits.concurrentStreams, Int(nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS)))
    }

    /// Whether streams can be begun: identifiers are used once (RFC 9113 §5.1.1), and a connection on which many were given up is left to
    /// those that are on it.
    public var takesRequests: Bool { failure == nil && !isGoingAway && !hasCancelledTooMany && nghttp2_session_check_request_allowed(session) != 0 }

    /// Asks on a new stream, with the head of an HTTP/1.1 request, whole and ours; fields of the hop are left out.
    /// - Parameter hasBody: whether body bytes wait or may come.
    /// - Parameter tag: how the sink knows the stream; not zero.
    /// - Returns: the stream; nil when the head cannot be said in HTTP/2, or no stream can be begun.
    public func request(head: ByteSlice, isTLS: Bool, hasBody: Bool, tag: UInt64) -> Int32? {
        guard takesRequests, let count = scratch.read(request: head, isTLS: isTLS) else { return nil }
        let stream = cnghttp2_request(
            session, scratch.fields, count, hasBody ? HTTP2Session.readBody : nil, UnsafeMutableRawPointer(bitPattern: UInt(tag)))
        check(stream)
        return stream > 0 ? stream : nil
    }

    /// Gives up a stream whose answer is not wanted any more.
    public func cancel(_ stream: Int32, now: UInt64) {
        reset(stream, .cancel)
        if !cancels.take(1, now: now) { hasCancelledTooMany = true }
    }

    /// Asks whether the peer is still there.
    public func ping() { check(nghttp2_submit_ping(session, flags, nil)) }

    // MARK: Counting

    override func frameBegan(_ header: FrameHeader) -> Bool {
        if header.type == FrameType.continuation {
            continuations += 1
            return continuations <= limits.continuationFrames
        }
        beginFrame()
        let isOpen = nghttp2_session_find_stream(session, header.stream) != nil
        switch header.type {
        case FrameType.headers:
            continuations = 0
            // What a stream that we have reset was answered with may be on its way.
            return isOpen || budget.takeControlFrame(now: now)
        case FrameType.data: return isOpen || header.byteCount >= limits.usefulDataByteCount || budget.takeControlFrame(now: now)
        // It ends a stream of ours, of which there are as many as we begin.
        case FrameType.resetStream: return isOpen || budget.takeControlFrame(now: now)
        case FrameType.pushPromise:
            // Our settings forbid it, also before the peer has said that it knows them: it has no reason to promise.
            fail(.protocolError)
            return true
        default: return budget.takeControlFrame(now: now)
        }
    }

    // MARK: What nghttp2 tells

    override func headersBegan(_ frame: nghttp2_frame) {
        guard let tag = tag(of: frame.hd.stream_id) else { return }
        builder = ResponseHeadBuilder(limits: limits, blocks: blocks, isTrailers: client.awaited(tag) == .trailers)
    }

    override func fieldCame(_ name: ByteSlice, _ value: ByteSlice) -> Bool {
        builder?.add(name, value)
        // The stream is reset for a head that is too large; a block that goes on and on ends the connection.
        return (builder?.listByteCount ?? 0) <= limits.headerListByteCount * HTTP2Limits.blocksDecodedInVain || calm()
    }

    override func headersCame(_ frame: nghttp2_frame) -> Bool {
        guard var builder = builder.take() else { return true }
        let stream = frame.hd.stream_id
        guard let tag = tag(of: stream) else { return true }
        let isEnded = frame.hd.flags & FrameFlag.endStream != 0
        let awaited = client.awaited(tag)
        if awaited == .trailers {
            guard builder.fault == nil else { return refuse(stream, tag, .protocolError) }
            if isEnded { client.messageEnded(tag) }
            return true
        }
        if builder.isInterim, builder.fault == nil {
            client.interimCame(tag)
            return budget.takeControlFrame(now: now) || calm()
        }
        guard let head = builder.finish(isEnded: isEnded, toHead: awaited == .headAlone) else {
            return refuse(stream, tag, builder.fault == .noMemory ? .cancel : .protocolError)
        }
        client.answerBegan(tag, head, isEnded: isEnded)
        return true
    }

    private func refuse(_ stream: Int32, _ tag: UInt64, _ code: HTTP2ErrorCode) -> Bool {
        if code != .cancel { client.answerMalformed(tag) }
        reset(stream, code)
        return true
    }

    override func controlCame(_ frame: nghttp2_frame) -> Bool {
        switch frame.hd.type {
        case FrameType.resetStream: resetByPeer = frame.hd.stream_id
        case FrameType.goaway:
            isGoingAway = true
            client.wentAway()
        case FrameType.settings where frame.hd.flags & FrameFlag.acknowledgement == 0:
            hasSettings = true
            client.settingsCame()
        default: break
        }
        return true
    }

    override func streamClosed(_ stream: Int32, _ code: UInt32) {
        if let tag = tag(of: stream), stream != resetByPeer {
            switch HTTP2ErrorCode(rawValue: code) {
            case .noError, .cancel, .refusedStream: break
            // nghttp2 has found what came to be no answer: a length that is not kept, DATA where none may be.
            default: client.answerMalformed(tag)
            }
        }
        super.streamClosed(stream, code)
    }

    override func frameLeaves(_ frame: ByteSlice) {
        // Not in `frameLeft`: that comes with the frame after this one, which may be in a later write.
        guard let stream = FrameHeader.stream(ofHeaders: frame), let tag = tag(of: stream) else { return }
        client.requestLeft(tag)
    }

    override func frameLeft(_ frame: nghttp2_frame) -> Bool { frame.hd.type != FrameType.resetStream || resetLeft(frame) }
}
