import Bytes
import HTTP
import Ledger
import Reactor

/// What an exchange needs of its client: bytes received and not yet consumed, a way back, a deadline.
///
/// Two kinds: an HTTP/1.1 connection, and one stream of an HTTP/2 connection. Both are `Connection`s; a
/// stream's bytes go through the socket of another.
class Client: Connection {
    final private(set) var peer: Peer
    final var exchange: Exchange?
    /// What its TLS handshake came to; nil in plaintext, and until it is done.
    final var clientSecurity: ConnectionSecurity?
    /// For whom the address is that it has connected to.
    final var serves = ListenerRole.all

    /// Received bytes; `consumed..<filled` are not yet used up.
    final private(set) var inbound: Block?
    final private(set) var consumed = 0
    final private(set) var filled = 0
    /// Bytes that the last `fill` found.
    final var foundCount = 0
    private final var pace = ReadingPace()

    init(_ socket: consuming Socket?, peer: Peer, token: Token, worker: Worker) {
        self.peer = peer
        super.init(socket, token: token, worker: worker)
    }

    /// The peer is a proxy, and has told for whom it has connected; nil when it does not say.
    final func speaks(for client: IPAddress?) { peer = Peer(client, through: peer) }

    /// Until when it has to take some more of what waits for it, `taken` bytes having gone since that was asked last.
    final func readingDeadline(taken: Int = 0) -> Instant { pace.deadline(now: worker.now, taken: taken, worker.limits) }

    /// It has taken all there was.
    final func noteAllTaken() { pace.rest() }

    // MARK: What the two kinds do differently

    enum Fill {
        case filled
        case blocked
        case ended
        case failed
        /// The byte budget of the process is spent.
        case noMemory
    }

    /// Takes in more, behind what is there, in a block of at least `capacity` bytes.
    func fill(capacity wanted: Int = BufferLimits.largestPooledBlockByteCount) -> Fill { .failed }

    /// Something may have changed: an event, a timer that moved work on, a turn of the ready list.
    func proceed() {}

    func deadlinePassed() {}

    /// The exchange has been answered and recorded; `reusable` when the next request may follow.
    /// - Parameter isComplete: false when the answer was cut.
    func exchangeEnded(reusable: Bool, isComplete: Bool) {}

    /// Ends it so that the peer cannot take what it got for complete.
    func abort() {}

    func close() {}

    /// Whose `secret` is, when its connection presented it last.
    func recall(_ secret: ByteSlice, snapshotVersion: UInt64) -> Principal? { nil }

    /// Remembers for its connection that `secret` is `principal`'s.
    func remember(_ secret: ByteSlice, as principal: Principal, snapshotVersion: UInt64) {}

    /// Whether what looks like the preface of HTTP/2 is taken for it: the request ends, and the connection goes on so.
    func takesPreface() -> Bool { false }

    /// Whether it takes its answer slower than it comes.
    var isSlow: Bool { hasUnsent }

    /// The version the requests are carried in, where their heads do not say.
    var carriedVersion: HTTPVersion? { nil }

    /// Requests begun.
    var requestCount: Int { 1 }

    // MARK: Input

    final private var inboundBase: UnsafeMutablePointer<UInt8>? {
        switch inbound {
        case .some(let block): block.base
        case nil: nil
        }
    }

    final private var inboundCapacity: Int {
        switch inbound {
        case .some(let block): block.capacity
        case nil: 0
        }
    }

    /// The received bytes from the request's first on.
    final var unread: ByteSlice {
        guard let base = inboundBase else { return ByteSlice("") }
        return ByteSlice(base + consumed, count: filled - consumed)
    }

    /// Where more received bytes go: behind what is there. Nil when there is no memory for `wanted` bytes in all.
    final func room(for wanted: Int) -> UnsafeMutableBufferPointer<UInt8>? {
        guard makeRoom(for: wanted), let base = inboundBase else { return nil }
        return UnsafeMutableBufferPointer(start: base + filled, count: inboundCapacity - filled)
    }

    /// Counts bytes written to `room` as received.
    final func noteReceived(_ count: Int) {
        precondition(count <= inboundCapacity - filled, "no more is received than there was room for")
        filled += count
    }

    /// Takes over bytes `range` of `block` as received.
    final func adopt(_ block: consuming Block, _ range: Range<Int>) {
        inbound = consume block
        consumed = range.lowerBound
        filled = range.upperBound
    }

    /// A block that holds `wanted` bytes from `consumed` on and has room for more.
    final func makeRoom(for wanted: Int) -> Bool {
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
    final func shrinkInbound() {
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
    final func takeInbound() -> Block? {
        consumed = 0
        filled = 0
        return inbound.take()
    }

    /// Puts back bytes that were handed over and not used: they belong to the next request.
    final func putBack(_ bytes: ByteSlice) -> Bool {
        guard let block = worker.blocks.lease(atLeast: bytes.count) else { return false }
        block.copy(bytes, to: 0)
        inbound = consume block
        filled = bytes.count
        return true
    }

    /// Marks the first `byteCount` unread bytes as used.
    final func consume(_ byteCount: Int) {
        precondition(byteCount <= filled - consumed, "no more is used than was received")
        consumed += byteCount
        if consumed == filled {
            inbound = nil
            consumed = 0
            filled = 0
        }
    }

    /// Forgets the unread bytes from offset `count` on.
    final func truncate(to count: Int) {
        precondition(count <= filled - consumed, "only bytes that are there are forgotten")
        filled = consumed + count
    }

    /// Moves `range` of the unread bytes down to `offset`: chunked bodies lose their framing in place.
    final func compact(_ range: Range<Int>, to offset: Int) {
        guard range.lowerBound != offset else { return }
        let bytes = unread[range]
        inbound?.copy(bytes, to: consumed + offset)
    }

    /// Takes over all that `other` has received and not used.
    final func takeInbound(of other: Client) {
        inbound = other.inbound.take()
        consumed = other.consumed
        filled = other.filled
        other.consumed = 0
        other.filled = 0
    }

    /// Lets go of everything received.
    final func dropInbound() {
        inbound = nil
        consumed = 0
        filled = 0
    }
}
