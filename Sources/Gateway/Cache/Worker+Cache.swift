import Bytes
import Cache
import Reactor

/// A worker's part in flights.
extension Worker {
    /// The most bytes an answer may have to be kept.
    var largestStoredByteCount: Int {
        guard let answers = sharedCache?.answers else { return 0 }
        return answers.largestBlobByteCount - GatewayLimits.storedHeadByteCount
    }

    /// Its way into the cache, awake until the worker sleeps; nil where answers are not kept.
    var cache: CacheParticipant? {
        if let participant, participant.isParked { participant.unpark() }
        return participant
    }

    /// Waits for events. No answer of the cache is held here, and while it sleeps none is looked for. A turn that has had nothing to do with
    /// the cache leaves it parked: waking up for nothing takes more than a hundred instructions a turn, of the four thousand of a streamed event.
    func sleep(until end: Instant?) -> Int {
        guard let participant else { return poller.wait(until: end, now: now) }
        if now >= nextSweep {
            nextSweep = now.adding(nanoseconds: GatewayLimits.cacheSweepNanoseconds)
            cache?.sweepExpired(now: now.nanoseconds)
        }
        if participant.isParked, participant.isNeeded { participant.unpark() }
        if !participant.isParked {
            if let end, end <= now { participant.quiesce() } else { participant.park() }
        }
        return poller.wait(until: end, now: now)
    }

    /// Tells all who wait for `flight` that there is more of it, or no more.
    func announce(_ flight: Flight) {
        flight.announce { index in
            if index == self.index { wakeFollowers(of: flight) } else { sharedCache?.peers.send(.flight(flight), to: index) }
        }
    }

    /// Takes up again what on this worker waits for `flight`.
    func wakeFollowers(of flight: Flight) {
        flight.look(on: index)
        guard let tokens = followers[ObjectIdentifier(flight)] else { return }
        for token in tokens { resume(Token(rawValue: token)) }
    }

    /// The request of `client` waits for `flight` from here on.
    func follow(_ flight: Flight, _ client: Token) {
        followers[ObjectIdentifier(flight), default: []].insert(client.rawValue)
        guard flight.follow(on: index) else { return }
        if flight.leader == index { receive(.flightJoined(flight)) } else { sharedCache?.peers.send(.flightJoined(flight), to: flight.leader) }
    }

    /// The client of `flight`'s leader takes its answer slower than it comes; nobody waits for the same yet.
    func noteStalled(_ flight: Flight, _ client: Token) { stalled[ObjectIdentifier(flight)] = client.rawValue }

    /// Who leads `flight` and is held up by its client.
    @discardableResult
    func forgetStalled(_ flight: Flight) -> Token? {
        guard !stalled.isEmpty else { return nil }
        return stalled.removeValue(forKey: ObjectIdentifier(flight)).map { Token(rawValue: $0) }
    }

    /// Whether requests of other workers wait for what is fetched here for clients that have left.
    var fetchesForOthers: Bool { absents.all.contains { $0.exchange?.caching.flight?.isFollowed == true } }

    func leave(_ flight: Flight, _ client: Token) {
        if flight.leave() {
            if flight.leader == index { receive(.flightLeft(flight)) } else { sharedCache?.peers.send(.flightLeft(flight), to: flight.leader) }
        }
        guard var tokens = followers.removeValue(forKey: ObjectIdentifier(flight)) else { return }
        tokens.remove(client.rawValue)
        if !tokens.isEmpty { followers[ObjectIdentifier(flight)] = tokens }
    }

    // MARK: Without a client

    /// Takes the place of `client`, for whom others wait.
    func makeAbsent(inPlaceOf client: Client, for flight: Flight) -> AbsentClient {
        let absent = makeAbsent(for: flight, of: client)
        absent.takeInbound(of: client)
        return absent
    }

    /// The same, where nothing of what the client has sent is needed.
    func makeAbsent(for flight: Flight, of client: Client) -> AbsentClient {
        let absent = absents.insert { AbsentClient(of: client, token: $0, worker: self) }
        orphans[ObjectIdentifier(flight)] = absent.token.rawValue
        return absent
    }

    /// Says again what `client` has said. Nil when there is no memory for that.
    func makeAbsent(sayingAgain bytes: ByteSlice, of client: Client) -> AbsentClient? {
        let absent = absents.insert { AbsentClient(of: client, token: $0, worker: self) }
        guard absent.says(bytes) else {
            absent.close()
            return nil
        }
        return absent
    }

    /// Who leads `flight` in place of a client that has left.
    func absent(for flight: Flight) -> AbsentClient? {
        orphans[ObjectIdentifier(flight)].flatMap { absents.object(for: Token(rawValue: $0)) }
    }

    func forget(_ absent: AbsentClient) { absents.remove(absent.token) }
}
