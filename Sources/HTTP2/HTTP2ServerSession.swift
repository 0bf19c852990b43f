public import Bytes
import CNghttp2
import HTTP

/// The server's side: requests in, their heads in HTTP/1.1's words, and answers out.
public final class HTTP2ServerSession: HTTP2Session {
    private unowned let server: any HTTP2ServerSink
    /// The header block being decoded.
    private var builder: RequestHeadBuilder?
    private var block = HeaderBlock()
    /// Streams whose wasted blocks have been counted, and whose reset has not left.
    private var paid: RecentResets

    /// What is known of the header block whose frames are coming.
    private struct HeaderBlock {
        var stream: Int32 = 0
        var byteCount = 0
        var continuations = 0
        /// It has come to no request so far.
        var isWasted = false
    }

    /// - Parameter now: nanoseconds of a monotonic clock, as in all that follows.
    public init?(limits: HTTP2Limits, blocks: BlockPool, scratch: HTTP2Scratch, sink: any HTTP2ServerSink, now: UInt64) {
        server = sink
        paid = RecentResets(count: HTTP2Limits.rememberedResets)
        super.init(.server, limits: limits, blocks: blocks, scratch: scratch, sink: sink, now: now)
    }

    /// Whether a request's head has begun and is not whole.
    public var isMidHead: Bool { builder != nil }

    /// Lets the stream send up to `byteCount` bytes before they are taken.
    public func widen(_ stream: Int32, to byteCount: Int) {
        let wanted = Int32(clamping: min(byteCount, limits.collectedWindowByteCount))
        guard wanted > nghttp2_session_get_stream_effective_local_window_size(session, stream) else { return }
        check(nghttp2_session_set_local_window_size(session, flags, stream, wanted))
    }

    /// Answers a stream with the head of an HTTP/1.1 response, whole and valid; fields of the hop are left out.
    /// - Parameter hasBody: whether body bytes wait or may come.
    /// - Returns: false when the head cannot be said in HTTP/2.
    public func respond(to stream: Int32, head: ByteSlice, hasBody: Bool) -> Bool {
        guard let count = scratch.read(head) else { return false }
        return cnghttp2_respond(session, stream, scratch.fields, count, hasBody ? HTTP2Session.readBody : nil) == 0
    }

    /// Sends an interim response (RFC 9110 §15.2) before the answer.
    public func sendInterim(to stream: Int32, head: ByteSlice) {
        guard let count = scratch.read(head) else { return }
        check(nghttp2_submit_headers(session, flags, stream, nil, scratch.fields, count, nil))
    }

    // MARK: Ending

    /// Announces that no more streams will be taken; from when the client has read it, or `concludeShutDown`, none is.
    public override func shutDown() {
        if ending == .none { ending = .wanted }
    }

    /// Whether the end is announced, and the client has yet to say that it has read so.
    public var awaitsGoodbye: Bool { ending == .wanted || ending == .announced }

    /// Has the next frames say that no more streams are taken, though the client may not know yet: what it begins meanwhile is refused.
    public func concludeShutDown() {
        if awaitsGoodbye { ending = .due }
    }

    // MARK: Counting

    override func frameBegan(_ header: FrameHeader) -> Bool {
        if header.type == FrameType.continuation {
            block.byteCount += header.byteCount
            block.continuations += 1
            return block.continuations <= limits.continuationFrames
        }
        guard settleBlock() else { return false }
        beginFrame()
        switch header.type {
        case FrameType.headers:
            // Trailers of a stream that we reset may be on their way; nobody else has a reason.
            if isOfClosedStream(header) {
                if !resets.contains(header.stream) { fail(.streamClosed) }
                guard budget.takeControlFrame(now: now) else { return false }
            }
            block = HeaderBlock(stream: header.stream, byteCount: header.byteCount, isWasted: true)
        case FrameType.data:
            guard isOfClosedStream(header) else { break }
            if !resets.contains(header.stream) { reset(header.stream, .streamClosed) }
            return budget.takeControlFrame(now: now)
        case FrameType.resetStream: return budget.takeReset(now: now)
        case FrameType.priority:
            // Priorities are not heeded, but still have a form (RFC 9113 §6.3); nghttp2 ignores them whole.
            if header.stream == 0 || header.dependency == header.stream { fail(.protocolError) }
            return budget.takeControlFrame(now: now)
        default: return budget.takeControlFrame(now: now)
        }
        return true
    }

    /// The header block that came last is whole.
    private func settleBlock() -> Bool {
        // nghttp2 tells of no end of a block that it drops.
        builder = nil
        guard block.isWasted else { return true }
        block.isWasted = false
        // Counted now where its reset has yet to leave: a client that takes nothing would have it wait for ever.
        let isPaid = resets.contains(block.stream)
        if !isPaid { paid.insert(block.stream) }
        if nghttp2_session_find_stream(session, block.stream) == nil { resets.insert(block.stream) }
        return budget.takeWastedBlock(block.byteCount, isPaid: isPaid, now: now)
    }

    private func isOfClosedStream(_ header: FrameHeader) -> Bool {
        let stream = header.stream
        return stream > 0 && stream % 2 == 1 && stream <= nghttp2_session_get_last_proc_stream_id(session)
            && nghttp2_session_find_stream(session, stream) == nil
    }

    // MARK: What nghttp2 tells

    override func headersBegan(_ frame: nghttp2_frame) {
        builder = RequestHeadBuilder(limits: limits, blocks: blocks, isTrailers: frame.headers.cat != NGHTTP2_HCAT_REQUEST)
    }

    override func fieldCame(_ name: ByteSlice, _ value: ByteSlice) -> Bool {
        builder?.add(name, value)
        return builder?.fault != .tooLarge || calm()
    }

    override func headersCame(_ frame: nghttp2_frame) -> Bool {
        guard var builder = builder.take() else { return true }
        let stream = frame.hd.stream_id
        let isEnded = frame.hd.flags & FrameFlag.endStream != 0
        if frame.headers.cat != NGHTTP2_HCAT_REQUEST {
            guard builder.fault == nil else {
                reset(stream, .protocolError)
                return true
            }
            block.isWasted = false
            if isEnded, let tag = tag(of: stream) { server.messageEnded(tag) }
            return true
        }
        if case .said(let last) = ending, stream > last {
            // Begun before the client can have read that none is taken.
            reset(stream, .refusedStream)
            return true
        }
        guard let head = builder.finish(hasBody: !isEnded) else {
            // What was not begun may be sent again.
            reset(stream, builder.fault == .noMemory ? .refusedStream : .protocolError)
            return true
        }
        block.isWasted = false
        cnghttp2_take_turns(session, stream)
        let tag = server.requestBegan(on: stream, head, isEnded: isEnded)
        check(nghttp2_session_set_stream_user_data(session, stream, UnsafeMutableRawPointer(bitPattern: UInt(tag))))
        return true
    }

    override func controlCame(_ frame: nghttp2_frame) -> Bool {
        // No other PING of ours is under way. Who says too early that it has read the announcement has its own streams refused.
        if frame.hd.type == FrameType.ping, frame.hd.flags & FrameFlag.acknowledgement != 0, ending == .announced { ending = .due }
        return true
    }

    override func frameLeft(_ frame: nghttp2_frame) -> Bool {
        let stream = frame.hd.stream_id
        switch frame.hd.type {
        // Asked for only now: a PING goes before all that waits, and what answers it must have read the announcement.
        case FrameType.goaway where ending == .announced: check(nghttp2_submit_ping(session, flags, nil))
        case FrameType.resetStream:
            if stream == block.stream { builder = nil }
            return resetLeft(frame, isPaid: paid.contains(stream))
        case FrameType.headers, FrameType.data:
            // The answer is complete and the request is not: there is no use in the rest (RFC 9113 §8.1).
            if frame.hd.flags & FrameFlag.endStream != 0, nghttp2_session_get_stream_remote_close(session, stream) == 0 {
                reset(stream, .noError)
            }
        default: break
        }
        return true
    }
}
