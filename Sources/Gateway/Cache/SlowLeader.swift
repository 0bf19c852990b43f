import Bytes
import Cache
import HTTP
import Reactor

/// A client that takes its answer slower than it comes, while others wait for the same.
extension Exchange {
    /// Leaves the client to an exchange that follows this one's flight, as the others do, and goes on without: nobody waits for the
    /// slowest. False where nobody else would gain by it.
    ///
    /// What the client has been sent ends between two chunks, and what it has not is the log from here on.
    func leavesBehind(_ client: Client) -> Bool {
        guard caching.isEntered, let flight = caching.flight, flight.stage == .begun, flight.isFollowed else { return false }
        guard answer.isCommitted, body.isConsumed, !(client is AbsentClient) else { return false }
        let other = worker.leaseExchange()
        other.takeOver(client, from: self, flight)
        let absent = worker.makeAbsent(for: flight, of: client)
        absent.exchange = self
        self.client = absent
        caching.isOrphaned = true
        caching.isRecorded = true
        absent.setDeadline(attempt.totalDeadline)
        worker.resume(absent.token)
        return true
    }

    /// Has this exchange taken up again when somebody else waits for the same answer: its client has not taken what there is.
    func noteStalled(_ client: Client) {
        guard caching.isEntered, let flight = caching.flight, !(client is AbsentClient) else { return }
        worker.noteStalled(flight, client.token)
    }

    /// The client that it was left by has left the other one, too, or gets no whole answer there, and its request is told of there: what the answer costs
    /// has a record of its own.
    func tellOfItself() {
        caching.isRecorded = false
        bookNotes.lost = LostAttempts()
        trail.forgetCharges()
        requestID = worker.nextIdentifier(wallNanoseconds: record.figures.wallNanoseconds)
        identifier.removeAll()
        requestID.write(into: &identifier)
    }

    /// Goes on for `client`, whose request and record come from `leader`.
    private func takeOver(_ client: Client, from leader: Exchange, _ flight: Flight) {
        swap(&request, &leader.request)
        headByteCount = leader.headByteCount
        // The place is the client's request's; who goes on for others is bounded by their flight.
        admittedCaller = leader.admittedCaller.take()
        startedAt = leader.startedAt
        requestID = leader.requestID
        identifier = leader.identifier
        traceIdentifier = leader.traceIdentifier
        allowedOrigin = leader.allowedOrigin
        endpoint = leader.endpoint
        plan = leader.plan
        takeTimes(of: leader.attempt)
        trail = leader.trail
        record = leader.record
        bookNotes = leader.bookNotes
        // Whose they are is noted when an attempt is settled, and the leader's has not ended.
        if worker.recorder != nil, let spending = leader.attempt.spending { bookNotes.noteLimits(of: spending) }
        screening = leader.screening
        (keepsBodies, bodyNotes) = (leader.keepsBodies, leader.bodyNotes)
        leader.keepsBodies = false
        body.isWhole = true
        body.isConsumed = true
        body.consumedCount = leader.body.consumedCount
        answer.beginReplay(isStream: flight.head.isStream, leader.answer.framing)
        answer.clientReusable = leader.answer.clientReusable
        answer.status = leader.answer.status
        caching.isLookedUp = true
        caching.status = leader.caching.status
        caching.followed = flight
        caching.isLeftBehind = true
        caching.position = flight.log.writtenByteCount
        step = .lookup
        goOn(for: client)
        worker.follow(flight, client.token)
    }

    /// Takes what a record tells of the attempt that is answered. It stays the leader's: nothing of it is sent, counted or charged here.
    private func takeTimes(of answered: Attempt) {
        attempt.total = answered.total
        attempt.totalDeadline = answered.totalDeadline
        attempt.key = answered.key
        attempt.begunAt = answered.begunAt
        attempt.queuedNanoseconds = answered.queuedNanoseconds
        attempt.sentAt = answered.sentAt
        attempt.firstByteNanoseconds = answered.firstByteNanoseconds
    }
}
