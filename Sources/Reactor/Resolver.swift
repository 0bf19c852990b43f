public import Bytes

/// Finds the addresses of host names through c-ares, on the worker's own loop, and remembers them.
///
/// One per worker. Nothing here blocks but the reading of `/etc/hosts`, and nothing calls back: the
/// worker watches `descriptor` (level-triggered, for reading), calls `process` when it is readable or
/// `nextDeadline` has come, and then takes the completions.
public final class Resolver {
    /// What a caller who had to wait is told.
    public struct Completion: Sendable {
        /// What the caller gave to `resolve`.
        public let token: UInt64
        /// Never `.pending`.
        public let resolution: Resolution
    }

    private var channel: ResolverChannel
    private var names = ResolverNames()
    /// The names whose callers wait.
    private var asking: ContiguousArray<ResolverLookup> = []
    private var completions: ContiguousArray<Completion> = []
    private var takenCompletions = 0
    /// The turn's time, for answers that come in from c-ares.
    private var now = Instant(nanoseconds: 0)
    /// Whether the servers have failed since the system's configuration was read, and when it may be again.
    private var hasFailed = false
    private var reopensAt = Instant(nanoseconds: 0)

    /// - Parameter servers: name servers as `address:port`, separated by commas; the system's when nil.
    public init(
        servers: String? = nil, attemptTimeoutMilliseconds: Int = ResolverLimits.attemptTimeoutMilliseconds,
        attempts: Int = ResolverLimits.attempts
    ) throws(ResolverSetupError) {
        channel = try ResolverChannel(
            .init(servers: servers, attemptTimeoutMilliseconds: attemptTimeoutMilliseconds, attempts: attempts))
    }

    /// Readable when the resolver has something to process. Owned by the resolver.
    public var descriptor: CInt { channel.descriptor }

    /// Names remembered now.
    public var nameCount: Int { names.count }

    /// The addresses of `host`, or `.pending`: then a completion with `token` follows.
    ///
    /// Numeric addresses and `localhost` (RFC 6761 §6.3) are answered without asking anyone. Both
    /// families are asked for, whichever the caller wants; callers of one name share the questions.
    /// - Parameter version: the only version the caller can use; both when nil.
    public func resolve(
        _ host: ByteSlice, only version: IPAddress.Version? = nil, token: UInt64, now: Instant
    ) -> Resolution {
        self.now = now
        if let known = HostName.withoutAsking(host) { return Resolver.selected(known, version) }
        guard HostName.isValid(host) else { return .failed(.invalidName) }
        let lookup = names.lookup(for: host, at: now)
        if lookup.isFresh(at: now) && !lookup.isAsking { return lookup.resolution(version) }
        if !lookup.isAsking {
            guard asking.count < ResolverLimits.namesInFlight else { return .failed(.tooManyLookups) }
            ask(lookup)
            // The hosts file, or a failure to send anything, answers at once.
            if !lookup.isAsking { return lookup.resolution(version) }
        }
        guard lookup.waiters.count < ResolverLimits.waitersPerName else { return .failed(.tooManyLookups) }
        lookup.waiters.append(.init(token: token, version: version))
        return .pending
    }

    /// Takes back a `resolve` that has not completed; its token is not heard of again.
    public func cancel(token: UInt64) {
        for lookup in asking { lookup.waiters.removeAll { $0.token == token } }
        completions[takenCompletions...].removeAll { $0.token == token }
    }

    /// Serves sockets, retries and deadlines.
    public func process(now: Instant) {
        self.now = now
        channel.process()
        for lookup in asking where lookup.deadline <= now { lookup.settle(at: now) }
        tell()
    }

    /// When `process` must be called although nothing is readable; nil when nothing is being asked.
    public func nextDeadline(now: Instant) -> Instant? {
        var next = channel.nanosecondsToWait.map { now.adding(nanoseconds: $0) }
        for lookup in asking {
            // Settled while another name was asked for: its callers are still to be told.
            guard lookup.isAsking else { return now }
            next = min(next ?? .distantFuture, lookup.deadline)
        }
        return next
    }

    /// The next completion; nil when there is none.
    public func nextCompletion() -> Completion? {
        guard takenCompletions < completions.count else {
            completions.removeAll(keepingCapacity: true)
            takenCompletions = 0
            return nil
        }
        defer { takenCompletions += 1 }
        return completions[takenCompletions]
    }

    private func ask(_ lookup: ResolverLookup) {
        if hasFailed && asking.isEmpty && reopensAt <= now && channel.nanosecondsToWait == nil {
            channel.reopen()
            hasFailed = false
            reopensAt = now.adding(nanoseconds: ResolverLimits.reopenNanoseconds)
        }
        lookup.ask(at: now)
        // RFC 8305 §3: AAAA first, A right behind.
        channel.ask(ResolverQuestion(lookup, .v6, of: self))
        channel.ask(ResolverQuestion(lookup, .v4, of: self))
        if lookup.isAsking { asking.append(lookup) }
    }

    /// Takes an answer from c-ares. Callers are told when `process` is done with its sockets.
    func take(_ answer: FamilyAnswer, for question: ResolverQuestion) {
        if case .failed(let error) = answer, !error.isAuthoritative { hasFailed = true }
        guard question.round == question.lookup.round else { return }
        question.lookup.take(answer, question.version, at: now)
    }

    /// Completes the callers of every name that has been settled.
    private func tell() {
        for lookup in asking where !lookup.isAsking {
            for waiter in lookup.waiters {
                completions.append(Completion(token: waiter.token, resolution: lookup.resolution(waiter.version)))
            }
            lookup.waiters.removeAll()
        }
        asking.removeAll { !$0.isAsking }
    }

    /// Addresses that need no asking, for a caller who wants `version`.
    private static func selected(_ known: [IPAddress], _ version: IPAddress.Version?) -> Resolution {
        ResolvedAddresses(addresses: known, expiresAt: .distantFuture, isStale: false).only(version)
            .map { .addresses($0) } ?? .failed(.noAddress)
    }
}

@available(*, unavailable, message: "a resolver belongs to one worker")
extension Resolver: Sendable {}
