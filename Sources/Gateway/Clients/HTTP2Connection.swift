import Bytes
import HTTP2
import Reactor

/// A client's HTTP/2 connection: the session and the streams of one socket.
///
/// What is read goes to the session, which stirs streams; each then has its turn. What they say waits until the end of the worker's
/// turn, and leaves in one write: a head with the first bytes of its body, and the frames of all streams together.
///
///     socket ─ read ─▶ session ─ events ─▶ streams ─▶ exchanges
///     socket ◀─ writev ─ FrameList ◀─ frames ─ session ◀─ bytes that wait ─ streams
final class HTTP2Connection: HTTP2Link, HTTP2ServerSink {
    /// Whose socket it is; it owns this, and lets go of it when it closes.
    let transport: ClientConnection
    private var session: HTTP2ServerSession?
    private let streams = HTTP2Streams<HTTP2Stream>()
    private var begunCount = 0
    /// When its end was announced.
    private var shutDownAt: Instant?
    private var headBegunAt: Instant?
    /// Since when there has been no stream: pings, and frames that never become whole, keep nothing open.
    private var idleSince: Instant?

    /// Nil when there is no memory for a session.
    init?(_ transport: ClientConnection) {
        self.transport = transport
        super.init(transport)
        session = HTTP2ServerSession(
            limits: worker.limits.http2, blocks: worker.blocks, scratch: worker.http2.scratch, sink: self, now: worker.now.nanoseconds)
        if session == nil { return nil }
    }

    // MARK: Reading

    /// Reads what has come, as much as is this connection's share of a turn.
    func proceed() {
        if worker.isDraining { shutDown() }
        // While what was written waits, nothing is read that asks for more: what nghttp2 queues has no bound.
        if case .ended = readShare(until: { isOver || transport.hasUnsent }) { return transport.close() }
        schedule()
    }

    /// Takes bytes of the connection, and gives every stream that heard of something its turn.
    override func take(_ bytes: ByteSlice) {
        session?.receive(bytes, now: worker.now.nanoseconds)
        if session?.isMidHead == true { headBegunAt = headBegunAt ?? worker.now } else { headBegunAt = nil }
        streams.serve(worker)
    }

    private var isOver: Bool { session?.failure != nil || session == nil }

    /// Notes that `stream` is to have a turn.
    func stir(_ stream: HTTP2Stream) { streams.stir(stream) }

    /// Opens a stream's window for what its exchange has taken, wider where it collects a long body.
    func open(_ stream: HTTP2Stream, for byteCount: Int, collecting wanted: Int) {
        if wanted > worker.limits.http2.streamWindowByteCount { session?.widen(stream.identifier, to: wanted) }
        session?.open(stream.identifier, for: byteCount)
        schedule()
    }

    // MARK: Writing

    /// Notes that `stream` has something to say in the next write.
    func note(_ stream: HTTP2Stream) {
        streams.note(stream)
        schedule()
    }

    func reset(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode) {
        session?.reset(stream.identifier, code)
        schedule()
    }

    override func writeTurn() {
        guard let session else { return }
        for stream in streams.writing { stream.submit(to: session) }
        guard sendFrames(of: session) else { return transport.abort() }
        streams.settleWritten()
        streams.serve(worker)
        finishIfOver()
        setDeadline()
    }

    // MARK: Ending

    /// Announces that no more streams are begun; the connection closes when those begun are over.
    private func shutDown() {
        guard shutDownAt == nil else { return }
        shutDownAt = worker.now
        session?.shutDown()
        schedule()
    }

    private func finishIfOver() {
        guard let session, session.isOver else { return }
        while let stream = streams.last { stream.lose() }
        guard sendFarewell(of: session) else { return transport.abort() }
        self.session = nil
        transport.finish()
    }

    /// The time is up for which the connection may wait as it does.
    func deadlinePassed() {
        guard !transport.hasUnsent, let session else { return transport.abort() }
        if let headDeadline, headDeadline <= worker.now { session.end(.enhanceYourCalm) }
        if let goodbyeDeadline, goodbyeDeadline <= worker.now { session.concludeShutDown() }
        shutDown()
        write()
    }

    /// For the header block that has begun.
    private var headDeadline: Instant? { headBegunAt?.adding(nanoseconds: worker.limits.headerNanoseconds) }

    /// For the client to say that it has read that the connection ends.
    private var goodbyeDeadline: Instant? {
        guard session?.awaitsGoodbye == true else { return nil }
        return shutDownAt?.adding(nanoseconds: worker.limits.goodbyeNanoseconds)
    }

    private func setDeadline() {
        guard session != nil, !transport.hasUnsent else { return }
        switch (headDeadline, goodbyeDeadline) {
        case (let head?, let goodbye?): transport.setDeadline(min(head, goodbye))
        case (let only?, nil), (nil, let only?): transport.setDeadline(only)
        case (nil, nil) where streams.isEmpty:
            let since = idleSince ?? worker.now
            idleSince = since
            transport.setDeadline(since.adding(nanoseconds: worker.limits.idleNanoseconds))
        case (nil, nil): transport.clearDeadline()
        }
    }

    /// The socket is closed: nobody is left at the other end of any stream.
    func transportClosed() {
        session = nil
        while let stream = streams.last { stream.lose() }
        streams.removeTurns()
    }

    /// Forgets a stream that is no more.
    func remove(_ stream: HTTP2Stream) {
        streams.remove(stream)
        if streams.isEmpty { schedule() }
    }

    // MARK: HTTP2Sink

    func requestBegan(on identifier: Int32, _ head: consuming RequestHeadBuilder.Head, isEnded: Bool) -> UInt64 {
        let range = head.range
        let length = head.contentLength
        let stream = worker.http2.add { HTTP2Stream(identifier, of: self, contentLength: length, isEnded: isEnded, token: $0) }
        stream.adopt(head.takeBlock(), range)
        streams.add(stream)
        idleSince = nil
        begunCount += 1
        if begunCount >= worker.limits.requestsPerConnection { shutDown() }
        stir(stream)
        return stream.token.rawValue
    }

    func bodyCame(for tag: UInt64, _ bytes: ByteSlice) { worker.http2.stream(tag)?.take(bytes) }

    func messageEnded(_ tag: UInt64) { worker.http2.stream(tag)?.takeEnd() }

    func streamClosed(_ tag: UInt64, code: HTTP2ErrorCode) { worker.http2.stream(tag)?.noteClosed() }

    func waiting(for tag: UInt64, upTo most: Int) -> HTTP2Waiting { waiting(of: worker.http2.stream(tag), upTo: most) }

    func take(dataHeader: ByteSlice, byteCount: Int, of tag: UInt64) -> Bool {
        take(dataHeader: dataHeader, byteCount: byteCount, of: worker.http2.stream(tag), among: streams)
    }
}
