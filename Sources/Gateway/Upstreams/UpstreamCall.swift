import Bytes
import HTTP
import Reactor

/// What an exchange needs of its upstream: a way to send its request, the answer's bytes, a deadline, an end.
///
/// Two kinds: an HTTP/1.1 connection, and one stream of an HTTP/2 connection. Both are `Connection`s and say everything in HTTP/1.1's
/// words, so that no step knows which it has; a stream's bytes go through the socket of another.
class UpstreamCall: Connection {
    /// The exchange it is busy with, while that passes on events without a step. Not counted: who holds it is whose exchange it is.
    final var eventTaker: Unmanaged<Exchange>?
    final let pool: UpstreamPool
    /// Whether it has carried an exchange before: if it dies now, it may have been stale all along, and what was asked be asked again.
    final var isReused = false

    /// A response head that has come in part.
    private final var inbound: Block?
    final private(set) var inboundCount = 0

    init(_ socket: consuming Socket?, pool: UpstreamPool, token: Token) {
        self.pool = pool
        super.init(socket, token: token, worker: pool.worker)
    }

    // MARK: What the two kinds do differently

    /// What is spoken to it.
    var version: HTTPVersion { .http11 }

    /// How much of the time since `begin` went by while its connection was being made: its name resolved, dialled, its handshake done.
    func makingNanoseconds(since begin: Instant) -> UInt64 { 0 }

    /// The exchange is done with it, cleanly: another may follow.
    func release() {}

    /// The exchange has no use for it any more, whatever comes.
    func discard() {}

    /// Whether what was sent then may be asked again, unseen, once this has ended without a byte of an answer.
    func mayRepeat(_ method: HTTP.Method, sentAt: Instant) -> Bool { isReused }

    /// Whether what came was no answer at all.
    var isMalformed: Bool { false }

    // MARK: A head in pieces

    /// Hands over what has come of a head, in a block with room for more; nil when nothing has.
    final func takeInbound() -> Block? {
        guard let held = inbound.take() else { return nil }
        let count = inboundCount
        inboundCount = 0
        if held.capacity - count >= BufferLimits.smallestBlockByteCount { return held }
        guard let roomy = worker.blocks.lease(atLeast: max(BufferLimits.largestPooledBlockByteCount, 2 * count)) else { return nil }
        roomy.keep(held.slice(0..<count))
        return roomy
    }

    /// Keeps bytes `start..<count` of `block` until more of the head comes.
    final func keepInbound(_ block: consuming Block, from start: Int = 0, count: Int) {
        let held = count - start
        if held <= block.capacity / 4, let smaller = worker.blocks.lease(atLeast: held) {
            smaller.keep(block.slice(start..<count))
            inbound = consume smaller
        } else {
            if start > 0 { block.keep(block.slice(start..<count)) }
            inbound = consume block
        }
        inboundCount = held
    }

    final func dropInbound() { inbound = nil }
}
