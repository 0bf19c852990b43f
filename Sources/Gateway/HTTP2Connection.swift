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
final class HTTP2Connection: HTTP2Sink {
    /// Whose socket it is; it owns this, and lets go of it when it closes.
    let transport: ClientConnection
    private let worker: Worker
    private var session: HTTP2Session?
    private var streams: ContiguousArray<HTTP2Stream> = []
    /// Streams that heard of something, and those whose turn it is.
    private var stirred: ContiguousArray<HTTP2Stream> = []
    private var serving: ContiguousArray<HTTP2Stream> = []
    /// Streams with something to say, and those that were asked for it in this write.
    private var writing: ContiguousArray<HTTP2Stream> = []
    private var written: ContiguousArray<HTTP2Stream> = []
    private var isScheduled = false
    private var begunCount = 0
    private var isShuttingDown = false
    private var headBegunAt: Instant?
    /// Since when there has been no stream: pings, and frames that never become whole, keep nothing open.
    private var idleSince: Instant?
    private var isShort = false

    /// Nil when there is no memory for a session.
    init?(_ transport: ClientConnection) {
        self.transport = transport
        worker = transport.worker
        session = HTTP2Session(
            limits: worker.limits.http2, blocks: worker.blocks, scratch: worker.http2.scratch, sink: self, now: worker.now.nanoseconds)
        if session == nil { return nil }
    }

    // MARK: Reading

    /// Reads what has come, as much as is this connection's share of a turn.
    func proceed() {
        if worker.isDraining { shutDown() }
        var movedCount = 0
        // While what was written waits, nothing is read that asks for more: what nghttp2 queues has no bound.
        while transport.isReadable, !transport.hasUnsent, !isOver {
            guard movedCount < GatewayLimits.bytesPerTurn else {
                worker.resume(transport.token)
                break
            }
            switch transport.read(into: worker.http2.readScratch, capacity: GatewayLimits.readByteCount) {
            case .moved(let count):
                movedCount += count
                take(ByteSlice(worker.http2.readScratch, count: count))
            case .blocked: break
            case .closed, .failed: return transport.close()
            }
        }
        schedule()
    }

    /// Takes bytes of the connection, and gives every stream that heard of something its turn.
    func take(_ bytes: ByteSlice) {
        session?.receive(bytes, now: worker.now.nanoseconds)
        if session?.isMidHead == true { headBegunAt = headBegunAt ?? worker.now } else { headBegunAt = nil }
        serve()
    }

    private func serve() {
        guard !stirred.isEmpty else { return }
        swap(&stirred, &serving)
        for stream in serving {
            stream.isStirred = false
            worker.turnByteCount = 0
            stream.proceed()
        }
        serving.removeAll(keepingCapacity: true)
    }

    private var isOver: Bool { session?.failure != nil || session == nil }

    /// Notes that `stream` is to have a turn.
    func stir(_ stream: HTTP2Stream) {
        guard !stream.isStirred else { return }
        stream.isStirred = true
        stirred.append(stream)
    }

    /// Opens a stream's window for what its exchange has taken, wider where it collects a long body.
    func open(_ stream: HTTP2Stream, for byteCount: Int, collecting wanted: Int) {
        if wanted > worker.limits.http2.streamWindowByteCount { session?.widen(stream.identifier, to: wanted) }
        session?.open(stream.identifier, for: byteCount)
        schedule()
    }

    // MARK: Writing

    /// Notes that `stream` has something to say in the next write.
    func note(_ stream: HTTP2Stream) {
        if !stream.isWriting {
            stream.isWriting = true
            writing.append(stream)
        }
        schedule()
    }

    func reset(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode) {
        session?.reset(stream.identifier, code)
        schedule()
    }

    func schedule() {
        guard !isScheduled, session != nil else { return }
        isScheduled = true
        worker.http2.schedule(self)
    }

    /// Writes what there is to say, at the end of a turn.
    func write() {
        isScheduled = false
        guard let session else { return }
        for stream in writing { stream.submit(to: session) }
        if !transport.hasUnsent, session.hasFrames {
            session.send(now: worker.now.nanoseconds)
            worker.http2.frames.close()
            let hasMoved = !worker.http2.frames.runs.isEmpty
            if isShort { worker.http2.frames.runs.removeAll() }
            guard !isShort, send() else { return transport.abort() }
            // The share of one turn is one write.
            if hasMoved, !transport.hasUnsent, session.hasFrames { worker.resume(transport.token) }
        }
        swap(&writing, &written)
        for stream in written {
            stream.isWriting = false
            stream.wrote()
        }
        written.removeAll(keepingCapacity: true)
        serve()
        finishIfOver()
        setDeadline()
    }

    private func send() -> Bool {
        switch transport.send(&worker.http2.frames.runs) {
        case .failed: return false
        case .part: transport.setDeadline(worker.now.adding(nanoseconds: worker.limits.writeStallNanoseconds))
        case .all: break
        }
        return true
    }

    // MARK: Ending

    /// Begins no more streams; the connection closes when those begun are over.
    private func shutDown() {
        guard !isShuttingDown else { return }
        isShuttingDown = true
        session?.shutDown()
        schedule()
    }

    private func finishIfOver() {
        guard let session, session.isOver else { return }
        while let stream = streams.last { stream.lose() }
        if session.failure != nil, let block = worker.blocks.lease(atLeast: BufferLimits.smallestBlockByteCount) {
            var farewell = ByteWriter(block.base, capacity: block.capacity)
            session.writeFarewell(to: &farewell)
            worker.http2.frames.runs.append(farewell.written)
            worker.http2.frames.runs.blocks.add(block)
            guard send() else { return transport.abort() }
        }
        self.session = nil
        transport.finish()
    }

    /// The time is up for which the connection may wait as it does.
    func deadlinePassed() {
        guard !transport.hasUnsent, let session else { return transport.abort() }
        if headBegunAt != nil { session.end(.enhanceYourCalm) }
        shutDown()
        write()
    }

    private func setDeadline() {
        guard session != nil, !transport.hasUnsent else { return }
        if let headBegunAt {
            transport.setDeadline(headBegunAt.adding(nanoseconds: worker.limits.headerNanoseconds))
        } else if streams.isEmpty {
            let since = idleSince ?? worker.now
            idleSince = since
            transport.setDeadline(since.adding(nanoseconds: worker.limits.idleNanoseconds))
        } else {
            transport.clearDeadline()
        }
    }

    /// The socket is closed: nobody is left at the other end of any stream.
    func transportClosed() {
        session = nil
        while let stream = streams.last { stream.lose() }
        stirred = []
        writing = []
    }

    /// Forgets a stream that is no more.
    func remove(_ stream: HTTP2Stream) {
        let last = streams.count - 1
        precondition(stream.position <= last && streams[stream.position] === stream, "a stream is where it says")
        streams[stream.position] = streams[last]
        streams[stream.position].position = stream.position
        streams.removeLast()
        if streams.isEmpty { schedule() }
    }

    // MARK: HTTP2Sink

    func requestBegan(on identifier: Int32, _ head: consuming RequestHeadBuilder.Head, isEnded: Bool) -> UInt64 {
        let range = head.range
        let length = head.contentLength
        let stream = worker.http2.add { HTTP2Stream(identifier, of: self, contentLength: length, isEnded: isEnded, token: $0) }
        stream.adopt(head.takeBlock(), range)
        stream.position = streams.count
        streams.append(stream)
        idleSince = nil
        begunCount += 1
        if begunCount >= worker.limits.requestsPerConnection { shutDown() }
        stir(stream)
        return stream.token.rawValue
    }

    func bodyCame(for tag: UInt64, _ bytes: ByteSlice) { worker.http2.stream(tag)?.take(bytes) }

    func requestEnded(_ tag: UInt64) { worker.http2.stream(tag)?.takeEnd() }

    func streamClosed(_ tag: UInt64, code: HTTP2ErrorCode) { worker.http2.stream(tag)?.noteClosed() }

    var takesFrames: Bool { !isShort && worker.http2.frames.hasRoom }

    func take(frame: ByteSlice) {
        if !worker.http2.frames.append(frame, worker.blocks) { isShort = true }
    }

    func waiting(for tag: UInt64, upTo most: Int) -> HTTP2Waiting {
        worker.http2.stream(tag)?.waiting(upTo: most, runs: worker.http2.frames.payloadRuns) ?? HTTP2Waiting(byteCount: 0, after: .more)
    }

    func take(dataHeader: ByteSlice, byteCount: Int, of tag: UInt64) -> Bool {
        guard let stream = worker.http2.stream(tag) else { return false }
        guard stream.waiting(upTo: byteCount, runs: worker.http2.frames.payloadRuns).byteCount == byteCount else { return false }
        take(frame: dataHeader)
        if byteCount > 0 { stream.give(byteCount, to: &worker.http2.frames) }
        if !stream.isWriting {
            stream.isWriting = true
            writing.append(stream)
        }
        return true
    }
}
