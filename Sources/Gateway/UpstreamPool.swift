import Bytes
import Reactor
import TLS

/// The connections of one worker to one origin: idle ones, a cap, and a queue for the cap.
final class UpstreamPool {
    let origin: Origin
    let tlsOrigin: TLSOrigin?
    let worker: Worker

    /// Last in, first out: the warmest connection is used, the others come of age and close.
    private var idle: ContiguousArray<UpstreamConnection> = []
    /// Connections that are idle or busy, and dials under way.
    private var liveCount = 0
    private var dialCount = 0

    private struct Ticket {
        let exchange: Exchange
        let number: UInt64
        /// It has just met a stale connection: one that others have used is not for it while a dial is under way.
        let wantsFresh: Bool
    }
    /// First in, first out. Who gives up leaves its ticket behind; the number tells.
    private var queue: ContiguousArray<Ticket> = []
    private var queueHead = 0
    private(set) var waitingCount = 0

    init(origin: Origin, tlsOrigin: TLSOrigin?, worker: Worker) {
        self.origin = origin
        self.tlsOrigin = tlsOrigin
        self.worker = worker
    }

    enum Lease {
        case ready(UpstreamConnection)
        /// `connectionReady` or `connectionFailed` of the exchange will be called.
        case queued
        /// The queue is full.
        case refused
    }

    /// A connection for `exchange`; a fresh one when `fresh`, for who has just met a stale one.
    func lease(for exchange: Exchange, fresh: Bool) -> Lease {
        if !fresh, let connection = popIdle() {
            connection.state = .busy(exchange)
            return .ready(connection)
        }
        guard waitingCount < worker.limits.queueLength else { return .refused }
        exchange.ticket &+= 1
        queue.append(Ticket(exchange: exchange, number: exchange.ticket, wantsFresh: fresh))
        waitingCount += 1
        // No more dials than waiters, no more connections than the cap.
        if liveCount < worker.limits.connectionsPerOrigin, dialCount < waitingCount { startDial() }
        return .queued
    }

    private func popIdle() -> UpstreamConnection? {
        while let connection = idle.popLast() {
            if !connection.peerClosed, !connection.hungUp { return connection }
            discardLive(connection)
        }
        return nil
    }

    /// `exchange` no longer waits.
    func cancel(_ exchange: Exchange) {
        exchange.ticket &+= 1
        waitingCount -= 1
        // Tickets of those who gave up must not pile up while nothing comes free.
        if queue.count - queueHead > 2 * waitingCount + 64 {
            queue = ContiguousArray(queue[queueHead...].filter { $0.exchange.ticket == $0.number })
            queueHead = 0
        }
    }

    /// The first that waits for such a connection as `connection` is.
    private func popWaiting(for connection: UpstreamConnection) -> Exchange? {
        guard connection.isReused, dialCount > 0 else { return popWaiting() }
        // A ticket that is used out of turn stays behind, as those do of who gave up.
        for index in queueHead..<queue.count where !queue[index].wantsFresh && queue[index].exchange.ticket == queue[index].number {
            queue[index].exchange.ticket &+= 1
            waitingCount -= 1
            return queue[index].exchange
        }
        return nil
    }

    private func popWaiting() -> Exchange? {
        while queueHead < queue.count {
            let ticket = queue[queueHead]
            queueHead += 1
            if queueHead == queue.count {
                queue.removeAll(keepingCapacity: true)
                queueHead = 0
            } else if queueHead >= 1024 {
                queue.removeFirst(queueHead)
                queueHead = 0
            }
            if ticket.exchange.ticket == ticket.number {
                ticket.exchange.ticket &+= 1
                waitingCount -= 1
                return ticket.exchange
            }
        }
        return nil
    }

    private func startDial() {
        liveCount += 1
        dialCount += 1
        worker.startDial(for: self)
    }

    /// Whether the origin may lead to `address`: a name can resolve to anything, at any time.
    func allows(_ address: IPAddress) -> Bool {
        switch address.addressClass {
        case .global: true
        case .loopback, .unspecified: origin.mayBeLoopback
        case .privateUse, .carrierGradeNAT, .linkLocal, .multicast, .reserved: origin.mayBePrivate
        }
    }

    // MARK: What becomes of connections

    func connected(_ connection: UpstreamConnection) {
        dialCount -= 1
        hand(connection)
    }

    func dialFailed(_ failure: DialFailure) {
        dialCount -= 1
        liveCount -= 1
        // Another connection comes free sooner than a descriptor does: who waits takes that, or gives up in its time.
        if case .unreachable(let error) = failure, error.isShortage, liveCount > 0 { return }
        popWaiting()?.connectionFailed(failure)
        replaceDials()
    }

    /// The exchange is done with the connection, which can carry another.
    func release(_ connection: UpstreamConnection) {
        connection.isReused = true
        if connection.isOfAge { return discard(connection) }
        hand(connection)
    }

    private func hand(_ connection: UpstreamConnection) {
        if let exchange = popWaiting(for: connection) {
            connection.state = .busy(exchange)
            return exchange.connectionReady(connection)
        }
        guard !worker.isDraining, idle.count < worker.limits.idleConnectionsPerOrigin else { return discardLive(connection) }
        connection.state = .idle
        // Also one that has carried nothing yet: who it was dialled for took another, or left.
        connection.isReused = true
        connection.setDeadline(worker.now.adding(nanoseconds: worker.limits.upstreamIdleNanoseconds))
        idle.append(connection)
    }

    /// Closes a connection, whatever it was doing.
    func discard(_ connection: UpstreamConnection) {
        idle.removeAll { $0 === connection }
        discardLive(connection)
        replaceDials()
    }

    private func discardLive(_ connection: UpstreamConnection) {
        guard case .closed = connection.state else {
            connection.close()
            worker.forget(connection)
            liveCount -= 1
            return
        }
    }

    private func replaceDials() {
        while liveCount < worker.limits.connectionsPerOrigin, dialCount < waitingCount { startDial() }
    }

    /// Whether nothing is connected, dialled or waited for.
    var isUnused: Bool { liveCount == 0 && waitingCount == 0 }

    /// Closes what is idle: the worker is draining.
    func closeIdle() {
        while let connection = idle.popLast() { discardLive(connection) }
    }
}
