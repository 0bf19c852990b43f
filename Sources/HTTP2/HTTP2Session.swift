public import Bytes
import CNghttp2
import HTTP

/// One end of an HTTP/2 connection, without a socket: bytes in, events and frames out, through `HTTP2Sink`.
///
/// Two kinds: `HTTP2ServerSession` towards clients, `HTTP2ClientSession` towards upstreams. Frames, HPACK, stream states and flow
/// control are nghttp2's. Ours are the messages' heads, the glitch budget, and that DATA leaves from where it lies. A window opens for
/// what was taken of a stream, and for nothing else.
///
/// It allocates what nghttp2 does: of each stream its record, its fields and the frames that wait.
/// - Source: RFC 9113
public class HTTP2Session {
    final let limits: HTTP2Limits
    final let blocks: BlockPool
    final let scratch: HTTP2Scratch
    // The owner's, which lets go of the session first.
    private unowned let sink: any HTTP2Sink
    final private(set) var session: OpaquePointer?

    private final var scanner: FrameScanner
    final var budget: GlitchBudget
    final private(set) var now: UInt64
    final var resets: RecentResets
    final var ending = Ending.none
    private final var frameDataByteCount = 0

    /// Why the connection has to end at once; nil while it need not.
    public final private(set) var failure: HTTP2ErrorCode?

    enum Side {
        case server, client
    }

    /// How far it is said that no more streams are taken (RFC 9113 §6.8).
    enum Ending: Equatable {
        case none
        /// To be announced by a GOAWAY that refuses none yet: streams may be on their way.
        case wanted
        case announced
        /// Whoever read the announcement begins no more: what has come is all that will.
        case due
        /// The last stream of the peer's that is taken up.
        case said(last: Int32)
    }

    /// - Parameter now: nanoseconds of a monotonic clock, as in all that follows.
    init?(_ side: Side, limits: HTTP2Limits, blocks: BlockPool, scratch: HTTP2Scratch, sink: any HTTP2Sink, now: UInt64) {
        self.limits = limits
        self.blocks = blocks
        self.scratch = scratch
        self.sink = sink
        self.now = now
        scanner = FrameScanner(prefaceByteCount: side == .server ? FrameScanner.prefaceByteCount : 0)
        budget = GlitchBudget(limits, now: now)
        // Each of the streams that are open may be reset, and as many begun before the peer knows.
        resets = RecentResets(count: max(HTTP2Limits.rememberedResets, 2 * limits.concurrentStreams))
        var called = HTTP2Session.callbacks
        var bounds = cnghttp2_bounds(
            // It counts a header that comes in pieces more than once; ours is exact.
            continuations: 16 * limits.continuationFrames, settings: limits.settingsEntries, acknowledgements: limits.acknowledgements,
            header_table: limits.headerTableByteCount, sent_block: HTTP2Limits.sentBlockByteCount,
            // Ours counts first: it knows what we were made to reset.
            reset_burst: UInt64(10 * limits.resetBurst), resets_per_second: UInt64(10 * limits.resetsPerSecond))
        var made: OpaquePointer?
        let owner = Unmanaged.passUnretained(self).toOpaque()
        let result = side == .server ? cnghttp2_server_new(&made, &called, &bounds, owner) : cnghttp2_client_new(&made, &called, &bounds, owner)
        guard result == 0 else { return nil }
        session = made
        guard sendSettings(side) else { return nil }
    }

    deinit { nghttp2_session_del(session) }

    private final func sendSettings(_ side: Side) -> Bool {
        let entries: [(nghttp2_settings_id, Int)] = [
            // No server may push (RFC 9113 §8.4).
            side == .server ? (NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.concurrentStreams) : (NGHTTP2_SETTINGS_ENABLE_PUSH, 0),
            (NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.streamWindowByteCount),
            (NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.headerListByteCount),
            (NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, limits.headerTableByteCount),
            (NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1),
        ]
        let settings = entries.map { nghttp2_settings_entry(settings_id: Int32(bitPattern: $0.0.rawValue), value: UInt32(clamping: $0.1)) }
        guard nghttp2_submit_settings(session, flags, settings, settings.count) == 0 else { return false }
        return nghttp2_session_set_local_window_size(session, flags, 0, Int32(clamping: limits.connectionWindowByteCount)) == 0
    }

    final var flags: UInt8 { UInt8(NGHTTP2_FLAG_NONE.rawValue) }

    // MARK: Receiving

    /// Takes the next bytes of the connection; the sink hears of what they come to before this returns.
    public final func receive(_ bytes: ByteSlice, now: UInt64) {
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

    private final func give(_ bytes: ByteSlice) {
        guard failure == nil, !bytes.isEmpty else { return }
        let taken = nghttp2_session_mem_recv(session, bytes.base, bytes.count)
        if taken < 0 { fail(HTTP2Session.code(ofFault: taken)) }
    }

    /// Whether all that was to be said has been said: the connection can be closed.
    public final var isOver: Bool {
        failure != nil || (nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0)
    }

    /// Opens the stream's window for `byteCount` bytes of its body that have been taken.
    public final func open(_ stream: Int32, for byteCount: Int) {
        check(nghttp2_session_consume_stream(session, stream, byteCount))
    }

    // MARK: Sending

    /// Whether there are frames to be sent.
    public final var hasFrames: Bool { failure == nil && (nghttp2_session_want_write(session) != 0 || ending == .wanted || ending == .due) }

    /// Hands frames to the sink until there are none, or it takes no more.
    public final func send(now: UInt64) {
        self.now = now
        sayGoaway()
        while failure == nil, sink.takesFrames {
            var frame: UnsafePointer<UInt8>?
            let count = nghttp2_session_mem_send(session, &frame)
            if count < 0 { return fail(HTTP2Session.code(ofFault: count)) }
            guard count > 0, let frame else { return }
            frameLeaves(ByteSlice(frame, count: count))
            sink.take(frame: ByteSlice(frame, count: count))
        }
    }

    /// More body bytes wait for a stream whose head was said, or it has ended.
    public final func resume(_ stream: Int32) {
        // Refused when it had not run out of bytes: then nothing need be said.
        _ = nghttp2_session_resume_data(session, stream)
    }

    /// Ends a stream.
    public final func reset(_ stream: Int32, _ code: HTTP2ErrorCode) {
        check(nghttp2_submit_rst_stream(session, flags, stream, code.rawValue))
    }

    /// Has the next frames say that no more streams are taken; those begun until then go on.
    public func shutDown() {
        if ending == .none { ending = .due }
    }

    /// Not before frames can leave: a stream that is begun while GOAWAY waits would be closed by it, though its request is under way.
    private final func sayGoaway() {
        switch ending {
        case .none, .announced, .said: break
        case .wanted:
            ending = .announced
            check(nghttp2_submit_shutdown_notice(session))
        case .due:
            let last = nghttp2_session_get_last_proc_stream_id(session)
            ending = .said(last: last)
            check(nghttp2_submit_goaway(session, flags, last, HTTP2ErrorCode.noError.rawValue, nil, 0))
        }
    }

    /// Writes the last frame of a connection that failed, GOAWAY with the reason.
    public final func writeFarewell(to writer: inout ByteWriter) {
        let last = UInt32(bitPattern: max(0, nghttp2_session_get_last_proc_stream_id(session)))
        // Length, type and flags, stream (RFC 9113 §4.1); then the last stream and the reason (§6.8).
        writer.append(bigEndian: 8 << 8 | UInt32(FrameType.goaway))
        writer.append(0)
        writer.append(bigEndian: 0)
        writer.append(bigEndian: last)
        writer.append(bigEndian: (failure ?? .noError).rawValue)
    }

    /// Out of memory is the only way in which what we ask for fails for good.
    final func check(_ result: CInt) {
        if result == NGHTTP2_ERR_NOMEM.rawValue || result == NGHTTP2_ERR_CALLBACK_FAILURE.rawValue { fail(.internalError) }
    }

    /// Ends the connection for `code`, unless it has ended for another reason.
    public final func end(_ code: HTTP2ErrorCode) { fail(code) }

    final func fail(_ code: HTTP2ErrorCode) {
        if failure == nil { failure = code }
    }

    private static func code(ofFault fault: Int) -> HTTP2ErrorCode {
        switch Int32(clamping: fault) {
        case NGHTTP2_ERR_BAD_CLIENT_MAGIC.rawValue: .protocolError
        case NGHTTP2_ERR_FLOODED.rawValue, NGHTTP2_ERR_TOO_MANY_CONTINUATIONS.rawValue: .enhanceYourCalm
        default: .internalError
        }
    }

    // MARK: What the two kinds do differently

    /// A frame's header has come; its payload, and what nghttp2 makes of it, come next. False when the peer is to calm down.
    func frameBegan(_ header: FrameHeader) -> Bool { true }

    /// A header block begins.
    func headersBegan(_ frame: nghttp2_frame) {}

    /// A field of it. False ends the connection.
    func fieldCame(_ name: ByteSlice, _ value: ByteSlice) -> Bool { true }

    /// A header block is whole, and was found to be in order. False ends the connection.
    func headersCame(_ frame: nghttp2_frame) -> Bool { true }

    /// Another frame has come that is no DATA. False ends the connection.
    func controlCame(_ frame: nghttp2_frame) -> Bool { true }

    /// A frame that is no DATA is about to be handed over.
    func frameLeaves(_ frame: ByteSlice) {}

    /// A frame has been handed over, as is told when the next one is asked for. False ends the connection.
    func frameLeft(_ frame: nghttp2_frame) -> Bool { true }

    func streamClosed(_ stream: Int32, _ code: UInt32) {
        if let tag = tag(of: stream) { sink.streamClosed(tag, code: HTTP2ErrorCode(rawValue: code)) }
    }

    // MARK: Counting

    /// Counts a new frame's header as what it is; see `frameBegan`.
    final func beginFrame() { frameDataByteCount = 0 }

    final func calm() -> Bool {
        fail(.enhanceYourCalm)
        return false
    }

    /// A reset of ours has left. Those that the peer made us send count, unless they did when what caused them came.
    final func resetLeft(_ frame: nghttp2_frame, isPaid: Bool = false) -> Bool {
        resets.insert(frame.hd.stream_id)
        switch HTTP2ErrorCode(rawValue: frame.rst_stream.error_code) {
        // Of our own accord.
        case .noError, .internalError, .cancel: return true
        default: return isPaid || budget.takeReset(now: now) || calm()
        }
    }

    // MARK: What nghttp2 tells

    /// A whole frame has come, and was found to be in order. False ends the connection.
    final func frameCame(_ frame: nghttp2_frame) -> Bool {
        switch frame.hd.type {
        case FrameType.headers: return headersCame(frame)
        case FrameType.data:
            if frame.hd.flags & FrameFlag.endStream != 0 {
                if let tag = tag(of: frame.hd.stream_id) { sink.messageEnded(tag) }
            } else if frameDataByteCount == 0 {
                return budget.takeControlFrame(now: now) || calm()
            }
            return true
        default: return controlCame(frame)
        }
    }

    final func dataCame(_ stream: Int32, _ bytes: ByteSlice) {
        frameDataByteCount += bytes.count
        budget.noteData(bytes.count, isOurs: false)
        // One stream that is not read must not stop the others: each has its own window.
        check(nghttp2_session_consume_connection(session, bytes.count))
        if let tag = tag(of: stream) { sink.bodyCame(for: tag, bytes) }
    }

    final func tag(of stream: Int32) -> UInt64? {
        nghttp2_session_get_stream_user_data(session, stream).map { UInt64(UInt(bitPattern: $0)) }
    }

    // MARK: What nghttp2 asks

    /// Bytes of the next DATA frame; nil when there are none yet.
    final func dataWanted(_ stream: Int32, upTo most: Int, _ flags: inout UInt32) -> Int? {
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

    final func dataLeaves(_ frame: nghttp2_frame, _ header: ByteSlice, _ count: Int) -> Int32 {
        guard sink.takesFrames else { return NGHTTP2_ERR_WOULDBLOCK.rawValue }
        guard let tag = tag(of: frame.hd.stream_id) else { return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue }
        guard sink.take(dataHeader: header, byteCount: count, of: tag) else { return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue }
        budget.noteData(count, isOurs: true)
        return sink.takesFrames ? 0 : NGHTTP2_ERR_PAUSE.rawValue
    }
}

enum FrameType {
    static let data: UInt8 = 0
    static let headers: UInt8 = 1
    static let priority: UInt8 = 2
    static let resetStream: UInt8 = 3
    static let settings: UInt8 = 4
    static let pushPromise: UInt8 = 5
    static let ping: UInt8 = 6
    static let goaway: UInt8 = 7
    static let continuation: UInt8 = 9
}

enum FrameFlag {
    static let endStream: UInt8 = 1
    static let acknowledgement: UInt8 = 1
}

/// The streams last reset from our side: frames for them may have been on their way.
struct RecentResets {
    private let capacity: Int
    /// Grows as streams are reset: most connections reset none.
    private var streams: ContiguousArray<Int32> = []
    private var next = 0

    init(count: Int) { capacity = count }

    mutating func insert(_ stream: Int32) {
        if streams.count < capacity {
            streams.append(stream)
        } else {
            streams[next] = stream
            next = (next + 1) % capacity
        }
    }

    func contains(_ stream: Int32) -> Bool { streams.contains(stream) }
}
