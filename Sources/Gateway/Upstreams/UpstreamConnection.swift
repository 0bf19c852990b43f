import Bytes
import HTTP
import Reactor
import TLS

/// A connection to an origin, as its pool sees it.
///
///     connecting ─▶ handshaking ─▶ idle ⇄ busy ─▶ closed
///                        └───────▶ shared ──────▶ closed
final class UpstreamConnection: UpstreamCall {
    enum State {
        case connecting(Dial)
        case handshaking(Dial)
        case idle
        case busy(Exchange)
        /// It speaks HTTP/2: every exchange is one of its streams'.
        case shared(HTTP2Upstream)
        case closed
    }

    /// Whoever it was busy with takes none of its events any more once it is anything else.
    var state: State { didSet { eventTaker = nil } }
    private let openedAt: Instant
    /// When its dial began, and when it could be used.
    private var dialledAt = Instant.distantFuture
    private var madeAt = Instant(nanoseconds: 0)

    init(_ socket: consuming Socket, dial: Dial, token: Token, pool: UpstreamPool) {
        state = .connecting(dial)
        openedAt = pool.worker.now
        super.init(socket, pool: pool, token: token)
    }

    /// Whether it has carried requests for long enough.
    var isOfAge: Bool { worker.now.nanoseconds(since: openedAt) >= worker.limits.upstreamAgeNanoseconds }

    /// It can be used, after a dial that began then.
    func made(since dial: Instant) {
        dialledAt = dial
        madeAt = worker.now
    }

    override func makingNanoseconds(since begin: Instant) -> UInt64 { madeAt.nanoseconds(since: max(begin, dialledAt)) }

    func proceed() {
        if let eventTaker, eventTaker._withUnsafeGuaranteedRef({ $0.takeEvents(self) }) { return }
        switch state {
        case .connecting(let dial): finishConnecting(dial)
        case .handshaking(let dial): handshake(dial)
        case .busy(let exchange): exchange.advance()
        case .shared(let link): link.proceed()
        // An idle upstream that speaks or closes is of no more use.
        case .idle: if !isQuiet() { pool.discard(self) }
        case .closed: break
        }
    }

    func deadlinePassed() {
        switch state {
        case .connecting(let dial), .handshaking(let dial): dial.timedOut(self)
        case .busy(let exchange): exchange.upstreamDeadlinePassed(self)
        case .idle: pool.discard(self)
        case .shared(let link): link.deadlinePassed()
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

    /// Whether nothing has come that nobody asked for, nor an end. Over TLS it may have come with an answer's last bytes, and be known to
    /// the session alone; session tickets, which servers send when they like, are none.
    func isQuiet() -> Bool {
        if isReadable {
            var byte: UInt8 = 0
            guard case .blocked = read(into: &byte, capacity: 1) else { return false }
        }
        return !peerClosed && !hungUp
    }

    /// An idle connection that is closed just as a request leaves tells so within a round trip. A server that took longer has read what
    /// was asked, and may have done it.
    override func mayRepeat(_ method: HTTP.Method, sentAt: Instant) -> Bool {
        isReused && (method.isIdempotent || worker.now.nanoseconds(since: sentAt) <= GatewayLimits.staleNanoseconds)
    }

    override func release() { pool.release(self) }
    override func discard() { pool.discard(self) }

    func close() {
        guard case .shared(let link) = state else { return closeSocket() }
        let acknowledged = acknowledgedByteCount
        closeSocket()
        link.transportClosed(acknowledged: acknowledged)
    }

    private func closeSocket() {
        state = .closed
        dropInbound()
        closeTransport()
    }
}
