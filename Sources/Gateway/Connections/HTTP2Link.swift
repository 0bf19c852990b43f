import Bytes
import HTTP2
import Reactor

/// What an HTTP/2 connection is to its worker, whichever end of it we are: a socket that streams share, read in shares of a turn and
/// written once at its end.
class HTTP2Link {
    /// Whose bytes these are.
    final let socket: Connection
    final let worker: Worker
    private final var isScheduled = false
    /// There was no memory for a frame.
    private final var isShort = false

    init(_ socket: Connection) {
        self.socket = socket
        worker = socket.worker
    }

    // MARK: What the two kinds do differently

    /// Takes bytes of the connection.
    func take(_ bytes: ByteSlice) {}

    /// Writes what there is to say, at the end of a turn.
    func writeTurn() {}

    /// The socket has not taken all of a write. False when the connection cannot go on.
    func keptPart() -> Bool { true }

    // MARK: Reading

    enum ReadOutcome {
        case fine
        /// The other end is gone.
        case ended
    }

    /// Reads what has come, as much as is this connection's share of a turn, for as long as `isOver` is not so.
    final func readShare(until isOver: () -> Bool) -> ReadOutcome {
        var movedCount = 0
        while socket.isReadable, !isOver() {
            guard movedCount < GatewayLimits.bytesPerTurn else {
                worker.resume(socket.token)
                break
            }
            switch socket.read(into: worker.http2.readScratch, capacity: GatewayLimits.readByteCount) {
            case .moved(let count):
                movedCount += count
                take(ByteSlice(worker.http2.readScratch, count: count))
            case .blocked: break
            case .closed, .failed: return .ended
            }
        }
        return .fine
    }

    // MARK: Writing

    final func schedule() {
        guard !isScheduled else { return }
        isScheduled = true
        worker.http2.schedule(self)
    }

    final func write() {
        isScheduled = false
        writeTurn()
    }

    /// Hands the session's frames to the socket in one write. False when the connection cannot go on.
    final func sendFrames(of session: HTTP2Session) -> Bool {
        guard !socket.hasUnsent, session.hasFrames else { return true }
        session.send(now: worker.now.nanoseconds)
        worker.http2.frames.close()
        let hasMoved = !worker.http2.frames.runs.isEmpty
        if isShort { worker.http2.frames.runs.removeAll() }
        guard !isShort, sendRuns() else { return false }
        // The share of one turn is one write.
        if hasMoved, !socket.hasUnsent, session.hasFrames { worker.resume(socket.token) }
        return true
    }

    private final func sendRuns() -> Bool {
        switch socket.send(&worker.http2.frames.runs) {
        case .failed: return false
        case .part:
            socket.setDeadline(stallDeadline)
            return keptPart()
        case .all: return true
        }
    }

    final var stallDeadline: Instant { worker.now.adding(nanoseconds: worker.limits.writeStallNanoseconds) }

    /// Writes the last frame of a session that failed. False when there is no memory, or no socket for it.
    final func sendFarewell(of session: HTTP2Session) -> Bool {
        guard session.failure != nil, let block = worker.blocks.lease(atLeast: BufferLimits.smallestBlockByteCount) else { return true }
        var farewell = ByteWriter(block.base, capacity: block.capacity)
        session.writeFarewell(to: &farewell)
        worker.http2.frames.runs.append(farewell.written)
        worker.http2.frames.runs.blocks.add(block)
        return sendRuns()
    }

    // MARK: HTTP2Sink

    final var takesFrames: Bool { !isShort && worker.http2.frames.hasRoom }

    final func take(frame: ByteSlice) {
        if !worker.http2.frames.append(frame, worker.blocks) { isShort = true }
    }

    /// What waits of `stream`; nothing of one that is gone.
    final func waiting(of stream: (some HTTP2Member)?, upTo most: Int) -> HTTP2Waiting {
        stream?.waiting(upTo: most, runs: worker.http2.frames.payloadRuns) ?? HTTP2Waiting(byteCount: 0, after: .more)
    }

    /// Puts a DATA frame into the write. False when its payload waits no more.
    final func take<Stream: HTTP2Member>(dataHeader: ByteSlice, byteCount: Int, of stream: Stream?, among streams: HTTP2Streams<Stream>) -> Bool {
        guard let stream, waiting(of: stream, upTo: byteCount).byteCount == byteCount else { return false }
        take(frame: dataHeader)
        if byteCount > 0 { stream.give(byteCount, to: &worker.http2.frames) }
        streams.note(stream)
        return true
    }
}

/// A stream, as its connection deals out turns.
protocol HTTP2Member: AnyObject {
    /// Where the connection keeps it.
    var position: Int { get set }
    /// It has heard of something since its last turn.
    var isStirred: Bool { get set }
    /// It has something to say in the connection's next write.
    var isWriting: Bool { get set }

    /// Its turn has come.
    func proceed()

    /// What waits to be sent, as far as it fits into `runs` runs.
    func waiting(upTo most: Int, runs: Int) -> HTTP2Waiting

    /// Moves the next bytes that wait into the connection's write.
    func give(_ byteCount: Int, to frames: inout FrameList)

    /// The connection has written; what could not be said waits for the peer's window or the socket.
    func wrote()
}

/// The streams of one connection, and whose turn it is.
final class HTTP2Streams<Stream: HTTP2Member> {
    private(set) var all: ContiguousArray<Stream> = []
    /// Streams that heard of something, and those whose turn it is.
    private var stirred: ContiguousArray<Stream> = []
    private var serving: ContiguousArray<Stream> = []
    /// Streams with something to say, and those that were asked for it in this write.
    private(set) var writing: ContiguousArray<Stream> = []
    private var written: ContiguousArray<Stream> = []

    var isEmpty: Bool { all.isEmpty }
    var last: Stream? { all.last }

    func add(_ stream: Stream) {
        stream.position = all.count
        all.append(stream)
    }

    /// Forgets a stream that is no more.
    func remove(_ stream: Stream) {
        let last = all.count - 1
        precondition(stream.position <= last && all[stream.position] === stream, "a stream is where it says")
        all[stream.position] = all[last]
        all[stream.position].position = stream.position
        all.removeLast()
    }

    /// Notes that `stream` is to have a turn.
    func stir(_ stream: Stream) {
        guard !stream.isStirred else { return }
        stream.isStirred = true
        stirred.append(stream)
    }

    /// Gives every stream that heard of something its turn.
    func serve(_ worker: Worker) {
        guard !stirred.isEmpty else { return }
        swap(&stirred, &serving)
        for stream in serving {
            stream.isStirred = false
            worker.turnByteCount = 0
            stream.proceed()
        }
        serving.removeAll(keepingCapacity: true)
    }

    /// Notes that `stream` has something to say in the next write.
    func note(_ stream: Stream) {
        guard !stream.isWriting else { return }
        stream.isWriting = true
        writing.append(stream)
    }

    /// Tells those that had something to say that there was a write.
    func settleWritten() {
        swap(&writing, &written)
        for stream in written {
            stream.isWriting = false
            stream.wrote()
        }
        written.removeAll(keepingCapacity: true)
    }

    func removeTurns() {
        stirred = []
        writing = []
    }
}
