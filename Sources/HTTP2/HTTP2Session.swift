public import Bytes
import CNghttp2
import HTTP

/// The server's side of one HTTP/2 connection, without a socket: bytes in, events and frames out, through `HTTP2Sink`.
///
/// Frames, HPACK, stream states and flow control are nghttp2's. Ours are the request's head (`RequestHeadBuilder`), the glitch
/// budget, and that DATA leaves from where it lies. A window opens for what was taken of a stream, and for nothing else.
///
/// It allocates what nghttp2 does: of each stream its record, its fields and the frames that wait.
/// - Source: RFC 9113
public final class HTTP2Session {
    let limits: HTTP2Limits
    private let blocks: BlockPool
    private let scratch: HTTP2Scratch
    // The owner's, which lets go of the session first.
    unowned let sink: any HTTP2Sink
    private var session: OpaquePointer?

    private var scanner = FrameScanner()
    private var budget: GlitchBudget
    private var now: UInt64
    /// The header block being decoded.
    private var builder: RequestHeadBuilder?
    private var block = HeaderBlock()
    private var resets = RecentResets()
    private var frameDataByteCount = 0

    /// Why the connection has to end at once; nil while it need not.
    public private(set) var failure: HTTP2ErrorCode?

    /// What is known of the header block whose frames are coming.
    private struct HeaderBlock {
        var stream: Int32 = 0
        var byteCount = 0
        var continuations = 0
        /// It has come to no request so far.
        var isWasted = false
    }

    /// - Parameter now: nanoseconds of a monotonic clock, as in all that follows.
    public init?(limits: HTTP2Limits, blocks: BlockPool, scratch: HTTP2Scratch, sink: any HTTP2Sink, now: UInt64) {
        self.limits = limits
        self.blocks = blocks
        self.scratch = scratch
        self.sink = sink
        self.now = now
        budget = GlitchBudget(limits, now: now)
        var server = HTTP2Session.callbacks
        var bounds = cnghttp2_bounds(
            // It counts a header that comes in pieces more than once; ours is exact.
            continuations: 16 * limits.continuationFrames, settings: limits.settingsEntries, acknowledgements: limits.acknowledgements,
            header_table: limits.headerTableByteCount,
            // Ours counts first: it knows what we were made to reset.
            reset_burst: UInt64(10 * limits.resetBurst), resets_per_second: UInt64(10 * limits.resetsPerSecond))
        var made: OpaquePointer?
        guard cnghttp2_server_new(&made, &server, &bounds, Unmanaged.passUnretained(self).toOpaque()) == 0 else { return nil }
        session = made
        guard sendSettings() else { return nil }
    }

    deinit { nghttp2_session_del(session) }

    private func sendSettings() -> Bool {
        let entries: [(nghttp2_settings_id, Int)] = [
            (NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.concurrentStreams),
            (NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.streamWindowByteCount),
            (NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.headerListByteCount),
            (NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, limits.headerTableByteCount),
            (NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1),
        ]
        let settings = entries.map { nghttp2_settings_entry(settings_id: Int32(bitPattern: $0.0.rawValue), value: UInt32(clamping: $0.1)) }
        guard nghttp2_submit_settings(session, flags, settings, settings.count) == 0 else { return false }
        return nghttp2_session_set_local_window_size(session, flags, 0, Int32(clamping: limits.connectionWindowByteCount)) == 0
    }

    private var flags: UInt8 { UInt8(NGHTTP2_FLAG_NONE.rawValue) }

    // MARK: Receiving

    /// Takes the next bytes of the connection; the sink hears of what they come to before this returns.
    public func receive(_ bytes: ByteSlice, now: UInt64) {
        self.now = now
        var given = 0
        var at = 0
        while failure == nil, let header = scanner.next(bytes, from: &at) {
            // All before the header, but not its last byte: what is asked about streams is then true of this frame's moment.
            give(bytes[given..<max(given, at - 1)])
            given = max(given, at - 1)
            if failure == nil, !frameBegan(header) { fail(.enhanceYourCalm) }
        }
        give(bytes.dropFirst(given))
    }

    private func give(_ bytes: ByteSlice) {
        guard failure == nil, !bytes.isEmpty else { return }
        let taken = nghttp2_session_mem_recv(session, bytes.base, bytes.count)
        if taken < 0 { fail(HTTP2Session.code(ofFault: taken)) }
    }

    /// Whether a request's head has begun and is not whole.
    public var isMidHead: Bool { builder != nil }

    /// Whether all that was to be said has been said: the connection can be closed.
    public var isOver: Bool {
        failure != nil || (nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0)
    }

    /// Opens the stream's window for `byteCount` bytes of its body that have been taken.
    public func open(_ stream: Int32, for byteCount: Int) {
        check(nghttp2_session_consume_stream(session, stream, byteCount))
    }

    /// Lets the stream send up to `byteCount` bytes before they are taken.
    public func widen(_ stream: Int32, to byteCount: Int) {
        let wanted = Int32(clamping: min(byteCount, limits.collectedWindowByteCount))
        guard wanted > nghttp2_session_get_stream_effective_local_window_size(session, stream) else { return }
        check(nghttp2_session_set_local_window_size(session, flags, stream, wanted))
    }

    // MARK: Sending

    /// Whether there are frames to be sent.
    public var hasFrames: Bool { failure == nil && nghttp2_session_want_write(session) != 0 }

    /// Hands frames to the sink until there are none, or it takes no more.
    public func send(now: UInt64) {
        self.now = now
        while failure == nil, sink.takesFrames {
            var frame: UnsafePointer<UInt8>?
            let count = nghttp2_session_mem_send(session, &frame)
            if count < 0 { return fail(HTTP2Session.code(ofFault: count)) }
            guard count > 0, let frame else { return }
            sink.take(frame: ByteSlice(frame, count: count))
        }
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

    /// More body bytes wait for a stream that was answered, or it has ended.
    public func resume(_ stream: Int32) {
        // Refused when it had not run out of bytes: then nothing need be said.
        _ = nghttp2_session_resume_data(session, stream)
    }

    /// Ends a stream.
    public func reset(_ stream: Int32, _ code: HTTP2ErrorCode) {
        check(nghttp2_submit_rst_stream(session, flags, stream, code.rawValue))
    }

    /// Says that no more streams are taken; those begun go on.
    public func shutDown() {
        check(nghttp2_submit_goaway(session, flags, nghttp2_session_get_last_proc_stream_id(session), HTTP2ErrorCode.noError.rawValue, nil, 0))
    }

    /// Writes the last frame of a connection that failed, GOAWAY with the reason.
    public func writeFarewell(to writer: inout ByteWriter) {
        let last = UInt32(bitPattern: max(0, nghttp2_session_get_last_proc_stream_id(session)))
        // Length, type and flags, stream (RFC 9113 §4.1); then the last stream and the reason (§6.8).
        writer.append(bigEndian: 8 << 8 | UInt32(FrameType.goaway))
        writer.append(0)
        writer.append(bigEndian: 0)
        writer.append(bigEndian: last)
        writer.append(bigEndian: (failure ?? .noError).rawValue)
    }

    /// Out of memory is the only way in which what we ask for fails for good.
    private func check(_ result: CInt) {
        if result == NGHTTP2_ERR_NOMEM.rawValue || result == NGHTTP2_ERR_CALLBACK_FAILURE.rawValue { fail(.internalError) }
    }

    /// Ends the connection for `code`, unless it has ended for another reason.
    public func end(_ code: HTTP2ErrorCode) { fail(code) }

    private func fail(_ code: HTTP2ErrorCode) {
        if failure == nil { failure = code }
    }

    private static func code(ofFault fault: Int) -> HTTP2ErrorCode {
        switch Int32(clamping: fault) {
        case NGHTTP2_ERR_BAD_CLIENT_MAGIC.rawValue: .protocolError
        case NGHTTP2_ERR_FLOODED.rawValue, NGHTTP2_ERR_TOO_MANY_CONTINUATIONS.rawValue: .enhanceYourCalm
        default: .internalError
        }
    }

    // MARK: Counting

    /// A frame's header has come; its payload, and what nghttp2 makes of it, come next. False when the client is to calm down.
    private func frameBegan(_ header: FrameHeader) -> Bool {
        if header.type == FrameType.continuation {
            block.byteCount += header.byteCount
            block.continuations += 1
            return block.continuations <= limits.continuationFrames
        }
        guard settleBlock() else { return false }
        frameDataByteCount = 0
        switch header.type {
        case FrameType.headers:
            // Trailers of a stream that we reset may be on their way; nobody else has a reason.
            if isOfClosedStream(header), !resets.contains(header.stream) { fail(.streamClosed) }
            block = HeaderBlock(stream: header.stream, byteCount: header.byteCount, isWasted: true)
        case FrameType.data:
            guard isOfClosedStream(header) else { break }
            if !resets.contains(header.stream) { reset(header.stream, .streamClosed) }
            return budget.takeControlFrame(now: now)
        case FrameType.resetStream: return budget.takeReset(now: now)
        case FrameType.priority:
            // Priorities are not heeded, but still have a form (RFC 9113 §6.3); nghttp2 ignores them whole.
            if header.stream == 0 { fail(.protocolError) }
            return budget.takeControlFrame(now: now)
        default: return budget.takeControlFrame(now: now)
        }
        return true
    }

    /// The header block that came last is whole.
    private func settleBlock() -> Bool {
        guard block.isWasted else { return true }
        block.isWasted = false
        if nghttp2_session_find_stream(session, block.stream) == nil { resets.insert(block.stream) }
        return budget.takeWastedBlock(block.byteCount, now: now)
    }

    private func isOfClosedStream(_ header: FrameHeader) -> Bool {
        let stream = header.stream
        return stream > 0 && stream % 2 == 1 && stream <= nghttp2_session_get_last_proc_stream_id(session)
            && nghttp2_session_find_stream(session, stream) == nil
    }

    private func calm() -> Bool {
        fail(.enhanceYourCalm)
        return false
    }

    // MARK: What nghttp2 tells

    func headersBegan(_ frame: nghttp2_frame) {
        builder = RequestHeadBuilder(limits: limits, blocks: blocks, isTrailers: frame.headers.cat != NGHTTP2_HCAT_REQUEST)
    }

    /// False ends the connection.
    func fieldCame(_ name: ByteSlice, _ value: ByteSlice) -> Bool {
        builder?.add(name, value)
        return builder?.fault != .tooLarge || calm()
    }

    /// A whole frame has come, and was found to be in order. False ends the connection.
    func frameCame(_ frame: nghttp2_frame) -> Bool {
        switch frame.hd.type {
        case FrameType.headers: headersCame(frame)
        case FrameType.data:
            if frame.hd.flags & FrameFlag.endStream != 0 {
                if let tag = tag(of: frame.hd.stream_id) { sink.requestEnded(tag) }
            } else if frameDataByteCount == 0 {
                return budget.takeControlFrame(now: now) || calm()
            }
        default: break
        }
        return true
    }

    private func headersCame(_ frame: nghttp2_frame) {
        guard var builder = builder.take() else { return }
        let stream = frame.hd.stream_id
        let isEnded = frame.hd.flags & FrameFlag.endStream != 0
        if frame.headers.cat != NGHTTP2_HCAT_REQUEST {
            guard builder.fault == nil else { return reset(stream, .protocolError) }
            block.isWasted = false
            if isEnded, let tag = tag(of: stream) { sink.requestEnded(tag) }
            return
        }
        guard let head = builder.finish(hasBody: !isEnded) else {
            // What was not begun may be sent again.
            return reset(stream, builder.fault == .noMemory ? .refusedStream : .protocolError)
        }
        block.isWasted = false
        cnghttp2_take_turns(session, stream)
        let tag = sink.requestBegan(on: stream, head, isEnded: isEnded)
        check(nghttp2_session_set_stream_user_data(session, stream, UnsafeMutableRawPointer(bitPattern: UInt(tag))))
    }

    func dataCame(_ stream: Int32, _ bytes: ByteSlice) {
        frameDataByteCount += bytes.count
        budget.noteData(bytes.count, isOurs: false)
        // One stream that is not read must not stop the others: each has its own window.
        check(nghttp2_session_consume_connection(session, bytes.count))
        if let tag = tag(of: stream) { sink.bodyCame(for: tag, bytes) }
    }

    func streamClosed(_ stream: Int32, _ code: UInt32) {
        if let tag = tag(of: stream) { sink.streamClosed(tag, code: HTTP2ErrorCode(rawValue: code)) }
    }

    private func tag(of stream: Int32) -> UInt64? {
        nghttp2_session_get_stream_user_data(session, stream).map { UInt64(UInt(bitPattern: $0)) }
    }

    // MARK: What nghttp2 asks

    /// Bytes of the next DATA frame; nil when there are none yet.
    func dataWanted(_ stream: Int32, upTo most: Int, _ flags: inout UInt32) -> Int? {
        guard let tag = tag(of: stream) else { return nil }
        let waiting = sink.waiting(for: tag, upTo: most)
        flags |= NGHTTP2_DATA_FLAG_NO_COPY.rawValue
        switch waiting.after {
        case .more:
            return waiting.byteCount > 0 ? waiting.byteCount : nil
        case .end:
            flags |= NGHTTP2_DATA_FLAG_EOF.rawValue
        case .reset(let code):
            flags |= NGHTTP2_DATA_FLAG_EOF.rawValue | NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
            reset(stream, code)
        }
        return waiting.byteCount
    }

    func dataLeaves(_ frame: nghttp2_frame, _ header: ByteSlice, _ count: Int) -> Int32 {
        guard sink.takesFrames else { return NGHTTP2_ERR_WOULDBLOCK.rawValue }
        guard let tag = tag(of: frame.hd.stream_id) else { return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue }
        guard sink.take(dataHeader: header, byteCount: count, of: tag) else { return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue }
        budget.noteData(count, isOurs: true)
        return sink.takesFrames ? 0 : NGHTTP2_ERR_PAUSE.rawValue
    }

    /// A frame has been handed over. False ends the connection.
    func frameLeft(_ frame: nghttp2_frame) -> Bool {
        let stream = frame.hd.stream_id
        switch frame.hd.type {
        case FrameType.resetStream:
            resets.insert(stream)
            switch HTTP2ErrorCode(rawValue: frame.rst_stream.error_code) {
            // Of our own accord.
            case .noError, .internalError, .cancel: break
            default: return budget.takeReset(now: now) || calm()
            }
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

enum FrameType {
    static let data: UInt8 = 0
    static let headers: UInt8 = 1
    static let priority: UInt8 = 2
    static let resetStream: UInt8 = 3
    static let goaway: UInt8 = 7
    static let continuation: UInt8 = 9
}

enum FrameFlag {
    static let endStream: UInt8 = 1
}

/// The streams last reset from our side: frames for them may have been on their way.
struct RecentResets {
    private var streams = InlineArray<32, Int32>(repeating: 0)
    private var next = 0

    mutating func insert(_ stream: Int32) {
        streams[next] = stream
        next = (next + 1) % HTTP2Limits.rememberedResets
    }

    func contains(_ stream: Int32) -> Bool {
        for index in 0..<HTTP2Limits.rememberedResets where streams[index] == stream { return true }
        return false
    }
}
