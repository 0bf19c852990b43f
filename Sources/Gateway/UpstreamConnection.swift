import Bytes
import Reactor
import TLS

/// A connection to an origin, as its pool sees it.
///
///     connecting ─▶ handshaking ─▶ idle ⇄ busy ─▶ closed
final class UpstreamConnection: Connection {
    enum State {
        case connecting(Dial)
        case handshaking(Dial)
        case idle
        case busy(Exchange)
        case closed
    }

    let pool: UpstreamPool
    var state: State
    /// Whether it has carried an exchange before: if it dies now, it may have been stale all along.
    var isReused = false
    private let openedAt: Instant

    /// A response head that has come in part.
    private var inbound: Block?
    private(set) var inboundCount = 0

    init(_ socket: consuming Socket, dial: Dial, token: Token, pool: UpstreamPool, worker: Worker) {
        self.pool = pool
        state = .connecting(dial)
        openedAt = worker.now
        super.init(socket, token: token, worker: worker)
    }

    /// Whether it has carried requests for long enough.
    var isOfAge: Bool { worker.now.nanoseconds(since: openedAt) >= worker.limits.upstreamAgeNanoseconds }

    func proceed() {
        switch state {
        case .connecting(let dial): finishConnecting(dial)
        case .handshaking(let dial): handshake(dial)
        case .busy(let exchange): exchange.advance()
        // An idle upstream that speaks or closes is of no more use.
        case .idle: if isReadable || peerClosed || hungUp { probeIdle() }
        case .closed: break
        }
    }

    func deadlinePassed() {
        switch state {
        case .connecting(let dial), .handshaking(let dial): dial.timedOut(self)
        case .busy(let exchange): exchange.upstreamDeadlinePassed(self)
        case .idle: pool.discard(self)
        case .closed: break
        }
    }

    private func finishConnecting(_ dial: Dial) {
        if hungUp || isWritable {
            if let failure = connectError() { return dial.failed(self, .unreachable(failure)) }
        }
        guard isWritable else { return }
        guard let origin = pool.tlsOrigin else { return dial.succeeded(self) }
        do throws(TLSError) {
            try startTLS(to: origin)
        } catch {
            return dial.failed(self, .tls(error))
        }
        state = .handshaking(dial)
        setDeadline(worker.now.adding(nanoseconds: worker.limits.tlsHandshakeNanoseconds))
        handshake(dial)
    }

    private func handshake(_ dial: Dial) {
        switch continueHandshake() {
        case .done?: dial.succeeded(self)
        case .failed(let failure)?: dial.failed(self, .tls(failure))
        case .wantsRead?, .wantsWrite?, nil:
            if hungUp { dial.failed(self, .unreachable(connectError() ?? SystemError("connect", code: 104))) }
        }
    }

    /// TLS servers send session tickets to idle clients; anything else, and every end, discards.
    private func probeIdle() {
        var byte: UInt8 = 0
        switch read(into: &byte, capacity: 1) {
        case .blocked: if peerClosed || hungUp { pool.discard(self) }
        case .moved, .closed, .failed: pool.discard(self)
        }
    }

    // MARK: A head in pieces

    /// Hands over what has come of a head, in a block with room for more; nil when nothing has.
    func takeInbound() -> Block? {
        guard let held = inbound.take() else { return nil }
        let count = inboundCount
        inboundCount = 0
        if held.capacity - count >= BufferLimits.smallestBlockByteCount { return held }
        guard let roomy = worker.blocks.lease(atLeast: max(BufferLimits.largestPooledBlockByteCount, 2 * count)) else { return nil }
        roomy.keep(held.slice(0..<count))
        return roomy
    }

    /// Keeps bytes `start..<count` of `block` until more of the head comes.
    func keepInbound(_ block: consuming Block, from start: Int = 0, count: Int) {
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

    func close() {
        state = .closed
        inbound = nil
        closeTransport()
    }
}
