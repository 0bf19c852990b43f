import Bytes
import HTTP
import HTTP2
import Ledger
import Reactor

/// One stream of an HTTP/2 connection, as an exchange's client.
///
/// The request lies in `inbound` as HTTP/1.1 would have sent it: a head, and a body of the length its head says or in chunks. What is
/// sent waits here, as runs over the blocks it lies in, until the connection takes it for a DATA frame. What a stream that is not
/// read from holds is its window, and one that is not taken from one read of its upstream.
final class HTTP2Stream: Client, HTTP2Member {
    let identifier: Int32
    private let connection: HTTP2Connection
    var position = 0
    var isStirred = false
    var isWriting = false

    private var hasBegun = false
    private var isLost = false
    /// The stream is no more, and the exchange is not yet told.
    private var isClosed = false

    // The request's body.
    private let isChunked: Bool
    private var remaining: Int64
    /// The last byte of a body with a length: nothing goes on before END_STREAM has shown that there are no more.
    private var withheld: UInt8?
    private var isEnded: Bool
    /// Body bytes for which the window has not been opened again.
    private var ungrantedCount = 0
    /// There was no memory for a part of the body.
    private var isShort = false

    // The answer.
    private var isAnswered = false
    private var end: HTTP2Waiting.After = .more
    /// Slices of a block held here have left, and may wait in the socket's queue.
    private var hasLent = false
    private var wasStalled = false
    /// Bytes that have left since its deadline was set.
    private var takenCount = 0

    init(_ identifier: Int32, of connection: HTTP2Connection, contentLength: Int64?, isEnded: Bool, token: Token) {
        self.identifier = identifier
        self.connection = connection
        isChunked = contentLength == nil && !isEnded
        remaining = contentLength ?? 0
        self.isEnded = isEnded
        let transport = connection.transport
        super.init(nil, peer: transport.peer, token: token, worker: transport.worker)
        clientSecurity = transport.clientSecurity
        serves = transport.serves
    }

    override var carriedVersion: HTTPVersion? { .http2 }

    /// What waits for the end of the turn does not wait for the client.
    override var isSlow: Bool { wasStalled && hasUnsent }

    override func recall(_ secret: ByteSlice, snapshotVersion: UInt64) -> Principal? {
        connection.transport.recall(secret, snapshotVersion: snapshotVersion)
    }

    override func remember(_ secret: ByteSlice, as principal: Principal, snapshotVersion: UInt64) {
        connection.transport.remember(secret, as: principal, snapshotVersion: snapshotVersion)
    }

    // MARK: Events

    override func proceed() {
        if isClosed { return lose() }
        if let exchange { return exchange.advance() }
        guard !hasBegun, !isLost else { return }
        hasBegun = true
        let exchange = worker.leaseExchange()
        self.exchange = exchange
        exchange.begin(on: self)
    }

    override func deadlinePassed() {
        if let exchange { return exchange.clientDeadlinePassed() }
        // Answered, and nobody takes it.
        abort()
    }

    // MARK: The request

    /// Body bytes have come.
    func take(_ bytes: ByteSlice) {
        // An answer that is complete needs no more of its request; the window stays as it is.
        guard !isLost, !isShort, exchange != nil || !hasBegun else { return }
        ungrantedCount += bytes.count
        if isChunked {
            append(asChunk: bytes)
        } else {
            remaining -= Int64(bytes.count)
            if remaining == 0, !bytes.isEmpty {
                withheld = bytes[bytes.count - 1]
                append(bytes.prefix(bytes.count - 1))
            } else {
                append(bytes)
            }
        }
        stir()
    }

    /// The request is whole.
    func takeEnd() {
        isEnded = true
        if isChunked {
            append(ByteSlice("0\r\n\r\n"))
        } else if var last = withheld.take() {
            withUnsafePointer(to: &last) { append(ByteSlice($0, count: 1)) }
        }
        stir()
    }

    private func append(asChunk bytes: ByteSlice) {
        guard !bytes.isEmpty else { return }
        guard let room = inboundRoom(bytes.count + GatewayLimits.chunkLineByteCount) else { return }
        var writer = ByteWriter(room, capacity: bytes.count + GatewayLimits.chunkLineByteCount)
        writer.append(chunkSize: bytes.count)
        writer.append(bytes)
        writer.append("\r\n")
        noteReceived(writer.count)
    }

    private func append(_ bytes: ByteSlice) {
        guard !bytes.isEmpty, let room = inboundRoom(bytes.count) else { return }
        var writer = ByteWriter(room, capacity: bytes.count)
        writer.append(bytes)
        noteReceived(writer.count)
    }

    private func inboundRoom(_ byteCount: Int) -> UnsafeMutablePointer<UInt8>? {
        let room = room(for: unread.count + byteCount)
        if room == nil { isShort = true }
        return room?.baseAddress
    }

    private func stir() {
        isReadable = true
        connection.stir(self)
    }

    /// Opens the window for what has been taken in; says whether anything has come since the last call.
    override func fill(capacity wanted: Int = BufferLimits.largestPooledBlockByteCount) -> Fill {
        if isShort { return .noMemory }
        if ungrantedCount > 0, !isEnded { connection.open(self, for: ungrantedCount, collecting: wanted) }
        foundCount = ungrantedCount
        ungrantedCount = 0
        guard isReadable else { return .blocked }
        isReadable = false
        return .filled
    }

    // MARK: The answer

    /// Keeps the runs for the connection's next write.
    override func send(_ runs: inout RunList) -> Sent {
        defer { runs.removeAll() }
        guard !isLost, !isClosed, case .more = end else { return .failed }
        keep(&runs)
        connection.note(self)
        return .all
    }

    override func exchangeEnded(reusable: Bool, isComplete: Bool) {
        exchange = nil
        guard !isLost else { return }
        dropInbound()
        end = isComplete ? .end : .reset(.internalError)
        connection.note(self)
    }

    /// Says the answer's head, once it has come, and that there is more of its body.
    func submit(to session: HTTP2ServerSession) {
        guard !isLost, !isClosed else { return }
        if isAnswered { return session.resume(identifier) }
        while let head = nextUnsent, let headEnd = head.firstRange(of: ByteSlice("\r\n\r\n"))?.upperBound {
            dropUnsent(headEnd)
            // `HTTP/1.1 100 Continue`, if it is an interim one.
            if headEnd > 9, head[9] == UInt8(ascii: "1") {
                session.sendInterim(to: identifier, head: head.prefix(headEnd))
                continue
            }
            var hasBody = hasUnsent
            if case .end = end {} else { hasBody = true }
            isAnswered = session.respond(to: identifier, head: head.prefix(headEnd), hasBody: hasBody)
            if !isAnswered { session.reset(identifier, .internalError) }
            return
        }
        if case .reset(let code) = end { session.reset(identifier, code) }
    }

    /// What waits, as far as it fits into `runs` runs.
    func waiting(upTo most: Int, runs: Int) -> HTTP2Waiting {
        guard !isLost, !isClosed else { return HTTP2Waiting(byteCount: 0, after: .more) }
        let unsent = unsentByteCount(upTo: most, runs: runs)
        return HTTP2Waiting(byteCount: unsent.count, after: unsent.isAll ? end : .more)
    }

    /// Moves the next bytes into the connection's write: a few are copied behind their frame's header, so that one run holds both.
    func give(_ byteCount: Int, to frames: inout FrameList) {
        takenCount &+= byteCount
        if byteCount <= GatewayLimits.joinedDataByteCount, let place = frames.claim(byteCount) {
            copyUnsent(byteCount, to: place)
            if hasUnsent { return }
            if hasLent { lendHeld(to: &frames.runs.blocks) } else { dropHeld() }
        } else {
            moveUnsent(byteCount, to: &frames.runs)
            hasLent = true
            if !hasUnsent { lendHeld(to: &frames.runs.blocks) }
        }
    }

    private func lendHeld(to blocks: inout BlockList) {
        giveHeld(to: &blocks)
        hasLent = false
    }

    /// The connection has written; what could not be said waits for the client's window or its socket.
    func wrote() {
        guard !isLost, !isClosed else { return }
        if hasUnsent {
            wasStalled = true
            setDeadline(min(readingDeadline(taken: takenCount), exchange?.attempt.totalDeadline ?? .distantFuture))
            takenCount = 0
        } else if let exchange {
            noteAllTaken()
            if wasStalled { setDeadline(exchange.attempt.totalDeadline) }
            wasStalled = false
            // There was more to read when we stopped to wait for the client.
            if exchange.upstream?.isReadable == true || exchange.hasMoreToSay { worker.resume(token) }
        } else if !wasStalled {
            wasStalled = true
            // The end of it may wait for the window still.
            setDeadline(worker.now.adding(nanoseconds: worker.limits.writeStallNanoseconds))
        }
    }

    // MARK: Ending

    /// The stream has been closed by whichever side; the exchange is told at its next turn.
    func noteClosed() {
        isClosed = true
        connection.stir(self)
    }

    /// Ends the stream so that the client cannot take what it got for complete.
    override func abort() {
        guard !isLost, !isClosed else { return }
        connection.reset(self, .cancel)
        lose()
    }

    override func close() { abort() }

    /// Lets go of everything: nothing more is heard or said.
    func lose() {
        guard !isLost else { return }
        isLost = true
        if let exchange {
            self.exchange = nil
            exchange.clientGone()
        }
        dropInbound()
        giveHeld(toUnsentOf: connection.transport)
        closeTransport()
        connection.remove(self)
        worker.http2.forget(self)
    }
}
