import Bytes
import Glibc
import Reactor
import TLS

/// The connections of one worker to one origin: idle ones, shared ones, a cap, and a queue for the cap.
///
/// What is spoken on a connection is known once it is there (ALPN). Until the first has told, those who wait do so for one dial, not
/// each for its own; an origin that turns out to speak HTTP/1.1 is dialled for each of them then, and from then on.
final class UpstreamPool {
    let origin: Origin
    let tlsOrigin: TLSOrigin?
    let worker: Worker

    /// Last in, first out: the warmest connection is used, the others come of age and close.
    private var idle: ContiguousArray<UpstreamConnection> = []
    /// Those of HTTP/2, the oldest first: it is filled before the next is, so that what is not needed any more comes to rest.
    private var shared: ContiguousArray<HTTP2Upstream> = []
    /// Exchanges that a connection yet to be made is hoped to take.
    private(set) var hopedPerConnection: Int
    /// Connections that are idle, busy or shared, and dials under way.
    private var liveCount = 0 { didSet { worker.poolFigures.live += liveCount - oldValue } }
    private var dialCount = 0 { didSet { worker.poolFigures.dials += dialCount - oldValue } }

    private struct Ticket {
        let exchange: Exchange
        let number: UInt64
        /// It has just met a stale connection: one that others have used is not for it while a dial is under way.
        let wantsFresh: Bool
    }
    /// First in, first out. Who gives up leaves its ticket behind; the number tells.
    private var queue: ContiguousArray<Ticket> = []
    private var queueHead = 0
    private(set) var waitingCount = 0 { didSet { worker.poolFigures.waiting += waitingCount - oldValue } }

    init(origin: Origin, tlsOrigin: TLSOrigin?, worker: Worker) {
        self.origin = origin
        self.tlsOrigin = tlsOrigin
        self.worker = worker
        hopedPerConnection = origin.wire == .http1 ? 1 : worker.limits.http2Upstream.concurrentStreams
    }

    enum Lease {
        case ready(UpstreamCall)
        /// `connectionReady` or `connectionFailed` of the exchange will be called.
        case queued
        /// The queue is full.
        case refused
    }

    /// A connection for `exchange`; a fresh one when `fresh`, for who has just met a stale one.
    func lease(for exchange: Exchange, fresh: Bool) -> Lease {
        if let link = shared.first(where: { $0.room > 0 && (!fresh || $0.isKnownAlive) }) { return .ready(link.begin(exchange)) }
        if !fresh, let connection = popIdle() {
            connection.state = .busy(exchange)
            return .ready(connection)
        }
        // Who will be taken by a dial, under way or begun for it, takes no place from those who wait for others to be done.
        guard liveCount < worker.limits.connectionsPerOrigin || waitingCount - hopedRoom < worker.limits.queueLength else { return .refused }
        exchange.ticket &+= 1
        queue.append(Ticket(exchange: exchange, number: exchange.ticket, wantsFresh: fresh))
        waitingCount += 1
        replaceDials()
        return .queued
    }

    private func popIdle() -> UpstreamConnection? {
        while let connection = idle.popLast() {
            worker.poolFigures.idle -= 1
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

    /// The first that waits for a connection that may be stale, or may not.
    private func popWaiting(mayBeStale: Bool) -> Exchange? {
        guard mayBeStale, dialCount > 0 else { return popWaiting() }
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
        guard origin.wire == .http2 || connection.applicationProtocol == .http2 else {
            worker.upstreamMetrics.count(.http1)
            hopedPerConnection = 1
            hand(connection)
            return replaceDials()
        }
        worker.upstreamMetrics.count(.http2)
        guard let link = HTTP2Upstream(connection) else {
            discardLive(connection)
            popWaiting()?.connectionFailed(.unreachable(SystemError("connect", code: ENOMEM)))
            return replaceDials()
        }
        connection.state = .shared(link)
        shared.append(link)
        roomCame(link)
        if worker.isDraining, link.openCount == 0 { link.retire() }
        link.proceed()
    }

    func dialFailed(_ failure: DialFailure) {
        dialCount -= 1
        liveCount -= 1
        // Who waits takes a connection that comes free, or gives up in its time.
        if case .unreachable(let error) = failure, error.isShortage, liveCount > 0 { return }
        // All that it was for and that nothing else under way will take; and not those who come while they are told.
        for _ in 0..<min(hopedPerConnection, max(0, waitingCount - hopedRoom)) { popWaiting()?.connectionFailed(failure) }
        replaceDials()
    }

    // MARK: Shared connections

    /// `link` may take streams that it did not.
    func roomCame(_ link: HTTP2Upstream) {
        if let limit = link.streamLimit { hopedPerConnection = max(1, limit) }
        while waitingCount > 0, link.room > 0, let exchange = popWaiting(mayBeStale: !link.isKnownAlive) {
            exchange.connectionReady(link.begin(exchange))
        }
        replaceDials()
    }

    /// `link` takes no more streams; what was hoped of it is not to be.
    func retired(_ link: HTTP2Upstream) {
        shared.removeAll { $0 === link }
        replaceDials()
    }

    /// How many of those who wait will be taken by what is under way, as far as can be told.
    private var hopedRoom: Int { shared.reduce(dialCount * hopedPerConnection) { $0 + $1.roomToCome(of: hopedPerConnection) } }

    /// The exchange is done with the connection, which can carry another.
    func release(_ connection: UpstreamConnection) {
        connection.isReused = true
        // What has come behind an answer would be the next exchange's, whoever asks.
        if connection.isOfAge || !connection.isQuiet() { return discard(connection) }
        hand(connection)
    }

    private func hand(_ connection: UpstreamConnection) {
        if let exchange = popWaiting(mayBeStale: connection.isReused) {
            connection.state = .busy(exchange)
            return exchange.connectionReady(connection)
        }
        // Where descriptors are short another worker, or another origin, may have none at all.
        guard !worker.isDraining, idle.count < worker.limits.idleConnectionsPerOrigin, !worker.admission.isShort(now: worker.now) else {
            return discardLive(connection)
        }
        connection.state = .idle
        // Also one that has carried nothing yet: who it was dialled for took another, or left.
        connection.isReused = true
        connection.setDeadline(worker.now.adding(nanoseconds: worker.limits.upstreamIdleNanoseconds))
        idle.append(connection)
        worker.poolFigures.idle += 1
    }

    /// Closes a connection, whatever it was doing.
    func discard(_ connection: UpstreamConnection) {
        let before = idle.count
        idle.removeAll { $0 === connection }
        worker.poolFigures.idle -= before - idle.count
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

    /// No more dials than waiters need, no more connections than the cap.
    private func replaceDials() {
        while waitingCount > 0, liveCount < worker.limits.connectionsPerOrigin, hopedRoom < waitingCount { startDial() }
    }

    /// Whether nothing is connected, dialled or waited for.
    var isUnused: Bool { liveCount == 0 && waitingCount == 0 }

    /// Closes what is idle, and begins nothing more on what is shared: the worker is draining.
    func closeIdle() {
        for link in shared where link.openCount == 0 { link.retire() }
        while let connection = idle.popLast() {
            worker.poolFigures.idle -= 1
            discardLive(connection)
        }
    }
}
