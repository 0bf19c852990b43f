import Bytes
import HTTP
import Ledger
import Reactor

/// A client's HTTP/1.1 connection: bytes received and not yet consumed, and the exchange in progress.
///
/// Requests are taken one at a time; what a pipelining client sends ahead waits in `inbound` or in
/// the kernel. Between requests the connection holds no buffer at all.
final class ClientConnection: Connection {
    /// The peer's address, for records.
    let peer: InlineText<48>
    /// Whether the peer is this machine, and the listener cannot be reached from another.
    let isLoopback: Bool
    var exchange: Exchange?
    var credentials = CredentialMemory()

    /// Received bytes; `consumed..<filled` are not yet used up.
    private(set) var inbound: Block?
    private(set) var consumed = 0
    private(set) var filled = 0

    /// Requests begun.
    private(set) var requestCount = 0

    /// Nothing more is answered: input is read and dropped until the peer closes or time is up.
    private var isLingering = false
    private var lingeredByteCount = 0
    private var isClosed = false
    private var isServing = false

    init(_ socket: consuming Socket, peer: InlineText<48>, isLoopback: Bool, token: Token, worker: Worker) {
        self.peer = peer
        self.isLoopback = isLoopback
        super.init(socket, token: token, worker: worker)
    }

    // MARK: Events

    /// Something may have changed: an event, a timer that moved work on, a turn of the ready list.
    func proceed() {
        if isClosed { return }
        if hasUnsent {
            switch flush() {
            case .failed: return abort()
            // A reader that is slow and reads is not stalled.
            case .part: setDeadline(stallDeadline)
            case .all: setDeadline(exchange?.attempt.totalDeadline ?? (isLingering ? lingerDeadline : idleDeadline))
            }
        }
        if isLingering { return linger() }
        if hungUp { return abort() }
        if let exchange { return exchange.advance() }
        serve()
    }

    /// Serves requests until there is no whole one, or the turn's share is used.
    private func serve() {
        isServing = true
        defer { isServing = false }
        var served = 0
        while !isClosed, !isLingering, exchange == nil, !hasUnsent {
            guard consumed < filled || isReadable else { return rest() }
            if served == GatewayLimits.requestsPerTurn { return worker.resume(token) }
            served += 1
            requestCount += 1
            let exchange = worker.leaseExchange()
            self.exchange = exchange
            exchange.begin(on: self)
        }
    }

    func deadlinePassed() {
        if isClosed { return }
        if isLingering { return hasUnsent ? abort() : close() }
        if let exchange { return exchange.clientDeadlinePassed() }
        if hasUnsent { return abort() }
        // Idle between requests: a plain close is what keep-alive clients expect.
        close()
    }

    // MARK: Input

    enum Fill {
        case filled
        case blocked
        case ended
        case failed
        /// The byte budget of the process is spent.
        case noMemory
    }

    private var inboundBase: UnsafeMutablePointer<UInt8>? {
        switch inbound {
        case .some(let block): block.base
        case nil: nil
        }
    }

    private var inboundCapacity: Int {
        switch inbound {
        case .some(let block): block.capacity
        case nil: 0
        }
    }

    /// The received bytes from the request's first on.
    var unread: ByteSlice {
        guard let base = inboundBase else { return ByteSlice("") }
        return ByteSlice(base + consumed, count: filled - consumed)
    }

    /// Reads once more behind what is there, in a block of at least `capacity` bytes.
    func fill(capacity wanted: Int = BufferLimits.largestPooledBlockByteCount) -> Fill {
        guard isReadable else { return .blocked }
        guard makeRoom(for: wanted), let base = inboundBase else { return .noMemory }
        switch read(into: base + filled, capacity: inboundCapacity - filled) {
        case .moved(let count):
            filled += count
            worker.turnByteCount &+= count
            return .filled
        case .blocked: return .blocked
        case .closed: return .ended
        case .failed: return .failed
        }
    }

    /// A block that holds `wanted` bytes from `consumed` on and has room for more.
    private func makeRoom(for wanted: Int) -> Bool {
        guard let current = inbound.take() else {
            inbound = worker.blocks.lease(atLeast: max(wanted, BufferLimits.largestPooledBlockByteCount))
            consumed = 0
            filled = 0
            return inbound != nil
        }
        let held = filled - consumed
        if current.capacity - consumed >= wanted, filled < current.capacity {
            inbound = consume current
            return true
        }
        // Bodies of unknown length double; those of known length are asked for at once.
        guard let larger = worker.blocks.lease(atLeast: max(wanted, held + held / 2, BufferLimits.largestPooledBlockByteCount)) else {
            inbound = consume current
            return false
        }
        larger.copy(current.slice(consumed..<filled), to: 0)
        inbound = consume larger
        consumed = 0
        filled = held
        return true
    }

    /// Moves waiting bytes to a block of their size, before a wait that may be long.
    func shrinkInbound() {
        guard let current = inbound.take() else { return }
        let held = filled - consumed
        if held == 0 {
            consumed = 0
            filled = 0
            return
        }
        guard held <= current.capacity / 4, let smaller = worker.blocks.lease(atLeast: held) else {
            inbound = consume current
            return
        }
        smaller.keep(current.slice(consumed..<filled))
        inbound = consume smaller
        consumed = 0
        filled = held
    }

    /// Hands over the block with all unread bytes, for who passes them on from where they lie;
    /// `unread`, taken before, stays valid as long as the block.
    func takeInbound() -> Block? {
        consumed = 0
        filled = 0
        return inbound.take()
    }

    /// Puts back bytes that were handed over and not used: they belong to the next request.
    func putBack(_ bytes: ByteSlice) -> Bool {
        guard let block = worker.blocks.lease(atLeast: bytes.count) else { return false }
        block.copy(bytes, to: 0)
        inbound = consume block
        filled = bytes.count
        return true
    }

    /// Marks the first `byteCount` unread bytes as used.
    func consume(_ byteCount: Int) {
        precondition(byteCount <= filled - consumed, "no more is used than was received")
        consumed += byteCount
        if consumed == filled {
            inbound = nil
            consumed = 0
            filled = 0
        }
    }

    /// Forgets the unread bytes from offset `count` on.
    func truncate(to count: Int) {
        precondition(count <= filled - consumed, "only bytes that are there are forgotten")
        filled = consumed + count
    }

    /// Moves `range` of the unread bytes down to `offset`: chunked bodies lose their framing in place.
    func compact(_ range: Range<Int>, to offset: Int) {
        guard range.lowerBound != offset else { return }
        let bytes = unread[range]
        inbound?.copy(bytes, to: consumed + offset)
    }

    /// Nothing to do until the peer sends: give the block back and wait for the next request.
    private func rest() {
        inbound = nil
        consumed = 0
        filled = 0
        if peerClosed { return close() }
        if worker.isDraining { return close() }
        setDeadline(idleDeadline)
    }

    private var idleDeadline: Instant { worker.now.adding(nanoseconds: worker.limits.idleNanoseconds) }
    private var stallDeadline: Instant { worker.now.adding(nanoseconds: worker.limits.writeStallNanoseconds) }
    private var lingerDeadline: Instant { worker.now.adding(nanoseconds: worker.limits.lingerNanoseconds) }

    // MARK: Ending

    /// The exchange has been answered and recorded; `reusable` when the next request may follow on this connection.
    func exchangeEnded(reusable: Bool) {
        exchange = nil
        guard !isClosed else { return }
        if !reusable || (worker.isDraining && consumed == filled) { return finish() }
        if hasUnsent { return setDeadline(stallDeadline) }
        // The loop in `serve` goes on by itself; an answer that ended on an upstream's event comes here.
        if isServing { return }
        if consumed < filled || isReadable { worker.resume(token) } else { rest() }
    }

    /// Closes once everything has been sent: FIN first, so that a peer still sending reads its answer
    /// before the reset that its unread bytes would cause (RFC 9112 §9.6).
    private func finish() {
        isLingering = true
        setDeadline(hasUnsent ? stallDeadline : lingerDeadline)
        linger()
    }

    private func linger() {
        guard !hasUnsent else { return }
        if lingeredByteCount == 0 { shutdownWriting() }
        inbound = nil
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
    func abort() {
        if isClosed { return }
        resetOnClose()
        close()
    }

    func close() {
        if isClosed { return }
        isClosed = true
        if let exchange {
            self.exchange = nil
            exchange.clientGone()
        }
        inbound = nil
        credentials.forget()
        closeTransport()
        worker.forget(self)
    }
}
