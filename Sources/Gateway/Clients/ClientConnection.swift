import Bytes
import HTTP
import Ledger
import Reactor

/// A client's HTTP/1.1 connection and the exchange in progress on it.
///
/// Requests are taken one at a time; what a pipelining client sends ahead waits in `inbound` or in
/// the kernel. Between requests the connection holds no buffer at all.
final class ClientConnection: Client {
    private var credentials = CredentialMemory()
    private var begunCount = 0
    /// The connection turned out to speak HTTP/2: every exchange is one of its streams'.
    private var http2: HTTP2Connection?
    private var hasPreface = false

    /// Nothing more is answered: input is read and dropped until the peer closes or time is up.
    private var isLingering = false
    private var lingeredByteCount = 0
    private var isClosed = false
    private var isServing = false
    /// Whether it may begin with a request of HTTP/1.1.
    var speaksHTTP1 = true
    /// The place of its listener, while it has yet to say for whom it connects.
    var awaitsProxyHeader: Int?
    /// Nil once it is done, and where there is none.
    var handshake: Handshake?

    override var requestCount: Int { begunCount }

    override func recall(_ secret: ByteSlice, snapshotVersion: UInt64) -> Principal? {
        credentials.recall(secret, snapshotVersion: snapshotVersion)
    }

    override func remember(_ secret: ByteSlice, as principal: Principal, snapshotVersion: UInt64) {
        credentials.remember(secret, as: principal, snapshotVersion: snapshotVersion)
    }

    // MARK: Events

    /// Something may have changed: an event, a timer that moved work on, a turn of the ready list.
    override func proceed() {
        if isClosed { return }
        if let slot = awaitsProxyHeader { return readProxyHeader(at: slot) }
        if let handshake { return proceed(with: handshake) }
        if hasUnsent {
            let before = flushedByteCount
            switch flush() {
            case .failed: return abort()
            // A reader that is slow and reads is not stalled; one that only sends is.
            case .part where flushedByteCount == before: break
            case .part:
                let deadline = readingDeadline(taken: flushedByteCount - before)
                setDeadline(min(deadline, exchange?.attempt.totalDeadline ?? .distantFuture))
            case .all:
                noteAllTaken()
                setDeadline(exchange?.attempt.totalDeadline ?? (isLingering ? lingerDeadline : idleDeadline))
            }
        }
        if isLingering { return linger() }
        if hungUp { return abort() }
        if let http2 { return http2.proceed() }
        if let exchange { return exchange.advance() }
        serve()
    }

    /// Serves requests until there is no whole one, or the turn's share is used.
    private func serve() {
        isServing = true
        defer { isServing = false }
        var served = 0
        while !isClosed, !isLingering, exchange == nil, !hasUnsent {
            if hasPreface { return startHTTP2() }
            guard consumed < filled || isReadable else { return rest() }
            if served == GatewayLimits.requestsPerTurn { return worker.resume(token) }
            served += 1
            begunCount += 1
            let exchange = worker.leaseExchange()
            self.exchange = exchange
            exchange.begin(on: self)
        }
    }

    // MARK: HTTP/2

    /// With prior knowledge (RFC 9113 §3.3), which a connection shows by its first bytes.
    override func takesPreface() -> Bool {
        hasPreface = worker.limits.offersHTTP2 && begunCount == 1
        return hasPreface
    }

    /// Goes on in HTTP/2, from the bytes received so far.
    func startHTTP2() {
        guard let http2 = HTTP2Connection(self) else { return abort() }
        self.http2 = http2
        if !unread.isEmpty { http2.take(unread) }
        dropInbound()
        http2.proceed()
    }

    override func deadlinePassed() {
        if isClosed { return }
        if awaitsProxyHeader != nil { return proxyHeaderTimedOut() }
        if handshake != nil { return handshakeTimedOut() }
        if isLingering { return hasUnsent ? abort() : close() }
        if let http2 { return http2.deadlinePassed() }
        if let exchange { return exchange.clientDeadlinePassed() }
        if hasUnsent { return abort() }
        // Idle between requests: a plain close is what keep-alive clients expect.
        sayGoodbye()
        close()
    }

    // MARK: Input

    /// Reads once more behind what is there, in a block of at least `capacity` bytes.
    override func fill(capacity wanted: Int = BufferLimits.largestPooledBlockByteCount) -> Fill {
        guard isReadable else { return .blocked }
        guard let room = room(for: wanted), let base = room.baseAddress else { return .noMemory }
        switch read(into: base, capacity: room.count) {
        case .moved(let count):
            noteReceived(count)
            foundCount = count
            worker.turnByteCount &+= count
            return .filled
        case .blocked: return .blocked
        case .closed: return .ended
        case .failed: return .failed
        }
    }

    /// Nothing to do until the peer sends: give the block back and wait for the next request.
    private func rest() {
        dropInbound()
        if peerClosed { return close() }
        if worker.closesIdle {
            sayGoodbye()
            return close()
        }
        setDeadline(idleDeadline)
    }

    private var idleDeadline: Instant { worker.now.adding(nanoseconds: worker.limits.idleNanoseconds) }
    private var lingerDeadline: Instant { worker.now.adding(nanoseconds: worker.limits.lingerNanoseconds) }

    // MARK: Ending

    /// The exchange has been answered and recorded; `reusable` when the next request may follow on this connection.
    override func exchangeEnded(reusable: Bool, isComplete: Bool) {
        exchange = nil
        guard !isClosed else { return }
        if !reusable || (worker.closesIdle && consumed == filled) { return finish() }
        if hasUnsent { return setDeadline(readingDeadline()) }
        // The loop in `serve` goes on by itself; an answer that ended on an upstream's event comes here.
        if isServing { return }
        if consumed < filled || isReadable { worker.resume(token) } else { rest() }
    }

    /// Closes once everything has been sent: FIN first, so that a peer still sending reads its answer
    /// before the reset that its unread bytes would cause (RFC 9112 §9.6).
    func finish() {
        isLingering = true
        setDeadline(hasUnsent ? readingDeadline() : lingerDeadline)
        linger()
    }

    private func linger() {
        guard !hasUnsent else { return }
        if lingeredByteCount == 0, !shutdownWriting() { return }
        dropInbound()
        guard let sink = worker.blocks.lease(atLeast: BufferLimits.largestPooledBlockByteCount) else { return close() }
        while isReadable {
            switch read(into: sink.base, capacity: sink.capacity) {
            case .moved(let count):
                lingeredByteCount += count
                if lingeredByteCount > GatewayLimits.lingerByteCount { return close() }
            case .blocked: break
            case .closed, .failed: return close()
            }
        }
        lingeredByteCount = max(lingeredByteCount, 1)
    }

    /// Closes so that the peer cannot take what it got for complete.
    override func abort() {
        if isClosed { return }
        resetOnClose()
        close()
    }

    override func close() {
        if isClosed { return }
        isClosed = true
        if let exchange {
            self.exchange = nil
            exchange.clientGone()
        }
        if let http2 {
            self.http2 = nil
            http2.transportClosed()
        }
        dropInbound()
        credentials.forget()
        closeTransport()
        worker.forget(self)
    }
}
