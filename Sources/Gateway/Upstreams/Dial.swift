import Bytes
import Reactor
import TLS

/// Why no connection to an origin could be had.
enum DialFailure: Error {
    case unresolvable(String)
    /// The name leads to this address, which is not allowed.
    case forbiddenAddress(SocketAddress)
    case unreachable(SystemError)
    case timedOut
    case tls(TLSError)
}

/// One attempt to get a connection: a name resolved, its addresses raced.
///
/// Addresses are tried in the resolver's order; the next starts when the last has failed or has
/// taken 250 ms, and the first to be ready wins (Happy Eyeballs, RFC 8305 §5). With TLS the
/// winner is the first to connect: handshakes are not raced.
///
/// Where the process has no descriptor left it tries again and again: others come free.
final class Dial {
    let pool: UpstreamPool
    let worker: Worker
    private let startedAt: Instant
    private var addresses: [SocketAddress] = []
    private var next = 0
    private var racing: [UpstreamConnection] = []
    private var lastFailure = DialFailure.timedOut
    private var isOver = false
    private let timer: TimerWheel.Identifier
    let token: Token

    init(token: Token, pool: UpstreamPool, worker: Worker) {
        self.token = token
        self.pool = pool
        self.worker = worker
        startedAt = worker.now
        timer = worker.timers.make(token: token.rawValue)
    }

    /// Starts on the addresses, of which those the origin may not lead to are left out.
    func begin(_ resolved: [IPAddress]) {
        addresses = resolved.filter { pool.allows($0) }.map { SocketAddress($0, port: pool.origin.port) }
        guard !addresses.isEmpty else {
            return end(resolved.first.map { .forbiddenAddress(SocketAddress($0, port: pool.origin.port)) } ?? .unresolvable("no address"))
        }
        startNext()
    }

    func unresolvable(_ reason: String) { end(.unresolvable(reason)) }

    private func startNext() {
        while next < addresses.count {
            let address = addresses[next]
            next += 1
            do throws(SystemError) {
                let connection = try worker.openUpstream(to: address, dial: self)
                racing.append(connection)
                connection.setDeadline(startedAt.adding(nanoseconds: worker.limits.connectNanoseconds))
                if next < addresses.count {
                    worker.timers.set(timer, at: worker.now.adding(nanoseconds: GatewayLimits.connectionAttemptDelayNanoseconds))
                }
                return
            } catch {
                lastFailure = .unreachable(error)
                if error.isShortage, racing.isEmpty, awaitsDescriptor() { return }
            }
        }
        if racing.isEmpty { end(lastFailure) }
    }

    /// Puts the last address off, for as long as somebody waits and there is time.
    private func awaitsDescriptor() -> Bool {
        worker.admission.noteShortage(now: worker.now)
        let again = worker.now.adding(nanoseconds: GatewayLimits.descriptorPauseNanoseconds)
        guard pool.waitingCount > 0, again < startedAt.adding(nanoseconds: worker.limits.connectNanoseconds) else { return false }
        next -= 1
        worker.timers.set(timer, at: again)
        return true
    }

    /// The attempt delay is over: the next address joins the race. Or a descriptor may have come free.
    func timerFired() {
        guard !isOver, !racing.contains(where: \.isHandshaking) else { return }
        startNext()
    }

    func timedOut(_ connection: UpstreamConnection) { failed(connection, .timedOut) }

    func failed(_ connection: UpstreamConnection, _ failure: DialFailure) {
        lastFailure = failure
        drop(connection)
        guard !isOver else { return }
        // A server that answers and fails its handshake would fail it at its other address as well.
        if case .tls = failure { return end(failure) }
        if next < addresses.count, worker.now < startedAt.adding(nanoseconds: worker.limits.connectNanoseconds) {
            startNext()
        } else if racing.isEmpty {
            end(lastFailure)
        }
    }

    func succeeded(_ connection: UpstreamConnection) {
        racing.removeAll { $0 === connection }
        finish()
        connection.made(since: startedAt)
        pool.connected(connection)
    }

    private func end(_ failure: DialFailure) {
        finish()
        pool.dialFailed(failure)
    }

    /// The worker is leaving.
    func abandon() { finish() }

    private func finish() {
        guard !isOver else { return }
        isOver = true
        for loser in racing { drop(loser) }
        racing = []
        worker.timers.destroy(timer)
        worker.forget(self)
    }

    private func drop(_ connection: UpstreamConnection) {
        racing.removeAll { $0 === connection }
        connection.close()
        worker.forget(connection)
    }
}

extension UpstreamConnection {
    fileprivate var isHandshaking: Bool {
        if case .handshaking = state { true } else { false }
    }
}
