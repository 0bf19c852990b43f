import Bytes
import HTTP2
import Reactor

/// An upstream's HTTP/2 connection: the session and the streams of one socket.
///
///     socket ─ read ─▶ session ─ head, body, end, reset ─▶ UpstreamStream ─▶ exchange
///     socket ◀─ writev ─ FrameList ◀─ frames ─ session ◀─ runs that wait ─ UpstreamStream
///
/// What the streams of a turn have to say leaves in one write at its end. A connection that takes no more streams, because its peer
/// says so or it is of age, is retired: it ends with the last of its streams.
final class HTTP2Upstream: HTTP2Link, HTTP2ClientSink {
    /// Whose socket it is; it owns this, and lets go of it when it closes.
    let transport: UpstreamConnection
    private var session: HTTP2ClientSession?
    private let streams = HTTP2Streams<UpstreamStream>()

    /// Streams that count at the peer: begun, and not closed.
    private(set) var openCount = 0
    private var heardAt: Instant
    private var restedAt: Instant
    /// Since when a sign of life is awaited: of its settings, or of an answer to a PING.
    private var askedAt: Instant?
    private var isRetired = false
    /// It was silent while somebody waited in vain: nothing is begun on it before it is heard of.
    private var isSuspect = false
    /// There may be room that there was not.
    private var hasNews = false
    /// A stream of it has come to its end: the next may find that it has died since.
    private(set) var isReused = false
    /// It could not be written to. What had come before that is still read.
    private var isBroken = false

    /// Nil when there is no memory for a session.
    init?(_ transport: UpstreamConnection) {
        self.transport = transport
        heardAt = transport.worker.now
        restedAt = heardAt
        askedAt = heardAt
        super.init(transport)
        session = HTTP2ClientSession(
            limits: worker.limits.http2Upstream, blocks: worker.blocks, scratch: worker.http2.scratch, sink: self, now: worker.now.nanoseconds)
        if session == nil { return nil }
        schedule()
    }

    // MARK: For the pool

    /// Streams that can be begun now.
    var room: Int {
        guard !isRetired, !isSuspect, !isBroken, let session, session.takesRequests, !transport.peerClosed, !transport.hungUp else { return 0 }
        // Before it has spoken, no more than others of the origin have taken.
        let limit = session.hasSettings ? session.streamLimit : min(session.streamLimit, transport.pool.hopedPerConnection)
        return max(0, limit - openCount)
    }

    /// Whether its peer has said how many streams it takes, and how many it takes then.
    var streamLimit: Int? { session?.hasSettings == true ? session?.streamLimit : nil }

    /// Streams that will be taken once the peer has spoken, if it takes as many as are hoped for. One that says it takes none has to
    /// say more first: another connection would hear the same.
    func roomToCome(of hoped: Int) -> Int {
        guard !isRetired, !isSuspect, let session, session.failure == nil else { return 0 }
        if session.hasSettings { return session.streamLimit == 0 ? hoped : 0 }
        return max(0, hoped - openCount)
    }

    /// Whether it was heard of a moment ago: it can then not be stale.
    var isKnownAlive: Bool { !isReused || worker.now.nanoseconds(since: heardAt) < GatewayLimits.aliveNanoseconds }

    /// Begins a stream for `exchange`. Only where there is room.
    ///
    /// One that has been silent for long is asked for a sign of life along with the request: where none comes, what has gone to it
    /// goes to another connection before the exchange's own time is up.
    func begin(_ exchange: Exchange) -> UpstreamStream {
        let stream = worker.http2.addCall { UpstreamStream(of: self, for: exchange, token: $0) }
        stream.isReused = isReused
        streams.add(stream)
        openCount += 1
        worker.upstreamMetrics.count(.stream)
        if worker.now.nanoseconds(since: heardAt) >= worker.limits.pingIdleNanoseconds { ping() }
        schedule()
        return stream
    }

    private func ping() {
        guard askedAt == nil, session != nil else { return }
        askedAt = worker.now
        session?.ping()
        schedule()
    }

    /// Begins no more streams; closes once those begun are over.
    func retire() {
        guard !isRetired else { return }
        isRetired = true
        transport.pool.retired(self)
        for stream in streams.all { stream.failUnsent() }
        schedule()
    }

    // MARK: Reading

    func proceed() {
        if let waiting = transport.nextUnsent {
            switch transport.flush() {
            case .failed: noteBroken()
            // A reader that is slow and reads is not stalled; one that only sends is.
            case .part: if transport.nextUnsent?.base != waiting.base { transport.setDeadline(stallDeadline) }
            // A PING that waited behind it leaves now.
            case .all: if askedAt != nil { askedAt = worker.now }
            }
        }
        if case .ended = readShare(until: { self.session?.failure != nil || self.session == nil }) { return lose() }
        if isBroken, !transport.isReadable { return lose() }
        schedule()
    }

    /// A write has failed. Answers, and the reason, may have come before; reading finds the end.
    private func noteBroken() {
        guard !isBroken else { return }
        isBroken = true
        transport.isReadable = true
        worker.resume(transport.token)
    }

    override func take(_ bytes: ByteSlice) {
        heardAt = worker.now
        askedAt = nil
        if isSuspect {
            isSuspect = false
            hasNews = true
        }
        session?.receive(bytes, now: worker.now.nanoseconds)
        streams.serve(worker)
        tellNews()
    }

    private func tellNews() {
        guard hasNews else { return }
        hasNews = false
        transport.pool.roomCame(self)
    }

    func stir(_ stream: UpstreamStream) {
        streams.stir(stream)
        schedule()
    }

    /// Opens a stream's window for what its exchange has taken.
    func open(_ identifier: Int32, for byteCount: Int) {
        session?.open(identifier, for: byteCount)
        schedule()
    }

    // MARK: Writing

    /// Notes that `stream` has something to say in the next write.
    func note(_ stream: UpstreamStream) {
        streams.note(stream)
        schedule()
    }

    override func writeTurn() {
        guard let session, !isBroken else { return }
        for stream in streams.writing { stream.submit(to: session, isTLS: transport.pool.origin.isTLS) }
        guard sendFrames(of: session) else { return noteBroken() }
        streams.settleWritten()
        streams.serve(worker)
        tellNews()
        finishIfOver()
        setDeadline()
    }

    /// Bodies lie in their clients' blocks, which may be gone before the socket takes more.
    override func keptPart() -> Bool { transport.ownUnsent() }

    // MARK: Ending

    /// `stream` is of no more use to its exchange.
    /// - Parameter inVain: its answer was waited for and is not whole.
    func finish(_ stream: UpstreamStream, inVain: Bool) {
        if inVain, worker.now.nanoseconds(since: heardAt) >= GatewayLimits.suspectNanoseconds {
            isSuspect = true
            ping()
        }
        if stream.identifier > 0, !stream.isClosed { session?.cancel(stream.identifier, now: worker.now.nanoseconds) }
        uncount(stream)
        streams.remove(stream)
        worker.http2.forget(stream)
        // Told at the end of the turn: whoever lets go of a stream is in the middle of its exchange, which may itself be waiting.
        hasNews = true
        schedule()
    }

    private func uncount(_ stream: UpstreamStream) {
        guard stream.isCounted else { return }
        stream.isCounted = false
        openCount -= 1
        isReused = true
        if openCount == 0 { restedAt = worker.now }
    }

    private func finishIfOver() {
        guard let session else { return }
        // Of age, out of identifiers, or of no more use.
        if transport.isOfAge || !session.takesRequests || worker.isDraining && openCount == 0 { retire() }
        if session.isOver || isRetired && openCount == 0 && !transport.hasUnsent { lose() }
    }

    /// The connection is no more: what streams have got they still hand over, and what was not looked at is asked again.
    private func lose() {
        guard let session else { return }
        if session.failure == nil, openCount == 0 { session.shutDown() }
        _ = sendFrames(of: session) && sendFarewell(of: session)
        // The pool closes the socket, which tells the streams.
        transport.pool.discard(transport)
    }

    /// The socket is closed; of what was written to it the peer's host had acknowledged so many bytes.
    func transportClosed(acknowledged: UInt64) {
        guard session != nil else { return }
        session = nil
        isRetired = true
        transport.pool.retired(self)
        for stream in streams.all {
            uncount(stream)
            stream.lose(acknowledged: acknowledged)
            // In a turn of its own: whoever closed the socket may be in the middle of another's.
            worker.resume(stream.token)
        }
        streams.removeTurns()
    }

    /// The time is up for which the connection may wait as it does.
    func deadlinePassed() {
        guard session != nil else { return }
        if transport.hasUnsent { return lose() }
        if let askedAt, worker.now >= askedAt.adding(nanoseconds: worker.limits.pingNanoseconds) {
            worker.upstreamMetrics.count(.silent)
            return lose()
        }
        if streams.isEmpty, worker.now >= restedAt.adding(nanoseconds: worker.limits.upstreamIdleNanoseconds) { retire() }
        schedule()
    }

    private func setDeadline() {
        guard session != nil, !transport.hasUnsent else { return }
        if let askedAt {
            transport.setDeadline(askedAt.adding(nanoseconds: worker.limits.pingNanoseconds))
        } else if streams.isEmpty {
            transport.setDeadline(restedAt.adding(nanoseconds: worker.limits.upstreamIdleNanoseconds))
        } else {
            transport.clearDeadline()
        }
    }

    // MARK: HTTP2Sink

    func awaited(_ tag: UInt64) -> HTTP2ClientSession.Awaited { worker.http2.call(tag)?.awaited ?? .trailers }
    func requestLeft(_ tag: UInt64) { worker.http2.call(tag)?.headLeft() }
    func interimCame(_ tag: UInt64) { worker.http2.call(tag)?.isReused = false }

    func answerBegan(_ tag: UInt64, _ head: consuming ResponseHeadBuilder.Head, isEnded: Bool) {
        worker.http2.call(tag)?.take(head, isEnded: isEnded)
    }

    func answerMalformed(_ tag: UInt64) { worker.http2.call(tag)?.noteMalformed() }
    func bodyCame(for tag: UInt64, _ bytes: ByteSlice) { worker.http2.call(tag)?.take(bytes) }
    func messageEnded(_ tag: UInt64) { worker.http2.call(tag)?.takeEnd() }

    func streamClosed(_ tag: UInt64, code: HTTP2ErrorCode) {
        hasNews = true
        guard let stream = worker.http2.call(tag) else { return }
        uncount(stream)
        if code == .refusedStream { worker.upstreamMetrics.count(.refused) }
        stream.noteClosed(code)
    }

    func settingsCame() { hasNews = true }

    func wentAway() {
        worker.upstreamMetrics.count(.wentAway)
        // What has not left yet need not.
        retire()
    }

    func waiting(for tag: UInt64, upTo most: Int) -> HTTP2Waiting { waiting(of: worker.http2.call(tag), upTo: most) }

    func take(dataHeader: ByteSlice, byteCount: Int, of tag: UInt64) -> Bool {
        take(dataHeader: dataHeader, byteCount: byteCount, of: worker.http2.call(tag), among: streams)
    }
}
