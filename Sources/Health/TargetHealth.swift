import Synchronization

/// What the process knows of one upstream target: one (tenant, origin, credential, model).
///
/// Shared by all workers; every call is a few atomic operations, takes no lock, allocates nothing, and takes the clock and
/// random bits as values. Instants are monotonic nanoseconds.
public final class TargetHealth: Sendable {
    /// For operators: provider, host, model, and the credential's label, never the credential.
    public let description: String

    private let breaker = Breaker()
    private let parking = Embargo()
    private let quarantining = Embargo()
    private let quota = QuotaShare()
    private let firstToken = PeakAverage(unknownNanoseconds: HealthLimits.unknownFirstTokenNanoseconds)
    private let outputToken = PeakAverage(unknownNanoseconds: HealthLimits.unknownOutputTokenNanoseconds)
    private let firstTokens = LatencyHistogram()
    // Written by every worker when an attempt begins and ends, read by those that pick. Relaxed: a count alone.
    private let flying = Atomic<Int>(0)

    public init(description: String) { self.description = description }

    // MARK: In flight

    /// Counts an attempt; each is ended once.
    public func begin() { flying.wrappingAdd(1, ordering: .relaxed) }

    public func end() { flying.wrappingSubtract(1, ordering: .relaxed) }

    /// Attempts under way, of all workers.
    public var inFlight: Int { max(0, flying.load(ordering: .relaxed)) }

    // MARK: Admission

    /// Whether the target may be sent a request. A credential that was refused outweighs the breaker, and that a spent quota.
    public func availability(now: UInt64, policy: BreakerPolicy) -> Availability {
        if let until = quarantining.until(now) { return .quarantined(until: until) }
        let breaker = policy.isEnabled ? breaker.availability(now: now) : .available
        if case .open = breaker { return breaker }
        if let until = parking.until(now) { return .parked(until: until) }
        return breaker
    }

    /// Admits one request, as the breaker's probe when it is due; nil when the target is not available, or another request
    /// was first to probe it.
    ///
    /// Give what it returns to `report`, whatever becomes of the request.
    public func admit(now: UInt64, policy: BreakerPolicy) -> Admission? {
        switch availability(now: now, policy: policy) {
        case .available, .probe: policy.isEnabled ? breaker.admit(now: now) : breaker.admitRegardless()
        case .open, .parked, .quarantined: nil
        }
    }

    /// Admits a request whatever the state, and never as the probe: for when no target is available, and one that may fail is
    /// better than none.
    public func admitRegardless() -> Admission { breaker.admitRegardless() }

    /// Says what became of an admitted request.
    ///
    /// - A probe's success closes the breaker and clears the window; its failure opens it for twice as long; a probe that was
    ///   ignored leaves its place to the next request.
    /// - Any other counts in the window, unless the breaker opened or was probed since it was admitted. Only a failure opens
    ///   the breaker, so a success never does by making the window full enough.
    /// - Parameter random: 64 random bits, for the jitter of a cooldown.
    @discardableResult
    public func report(
        _ outcome: AttemptOutcome, of admission: Admission, policy: BreakerPolicy, now: UInt64, random: UInt64
    ) -> BreakerChange {
        switch outcome {
        case .success: return breaker.succeed(admission, now: now)
        case .failure: return breaker.fail(admission, policy: policy, now: now, random: random)
        case .ignored:
            breaker.abandon(admission)
            return .none
        }
    }

    /// Gives a probe's place back: its request ended without saying anything of the target. The same as reporting `.ignored`,
    /// where there is no clock at hand.
    public func abandon(_ admission: Admission) { breaker.abandon(admission) }

    /// Outcomes of the last `nanoseconds`, in whole buckets of 6 s, at most 60 s.
    public func counts(now: UInt64, nanoseconds: UInt64 = .max) -> OutcomeCounts { breaker.window.counts(now: now, nanoseconds: nanoseconds) }

    // MARK: Quota and credential

    /// Leaves the target alone until then, at most an hour: the provider answered 429. An earlier instant than one already
    /// told changes nothing.
    /// - Returns: true when it was not parked before.
    @discardableResult
    public func park(until: UInt64, now: UInt64) -> Bool {
        parking.close(until: min(until, Monotonic.sum(now, HealthLimits.longestParkNanoseconds)), now: now)
    }

    /// Leaves the target alone until then: the provider refused its credential (401, 403).
    /// - Returns: true when it was not quarantined before, so that the alarm is raised once.
    @discardableResult
    public func quarantine(until: UInt64, now: UInt64) -> Bool { quarantining.close(until: until, now: now) }

    /// Tries the credential again.
    public func clearQuarantine() { quarantining.reopen() }

    /// Remembers what an answer's head said of the quota.
    public func noteQuota(_ reading: QuotaReading, now: UInt64) { quota.note(reading, now: now) }

    /// Thousandths of the quota that are left, 0 to 1000; 1000 when unknown or reset since.
    public func quotaShare(now: UInt64) -> Int { quota.thousandths(now: now) }

    // MARK: Latency

    /// Notes how long the first token took. An attempt that timed out before it is noted with the time waited.
    public func noteFirstToken(nanoseconds: UInt64, now: UInt64) {
        firstToken.note(nanoseconds: nanoseconds, now: now)
        firstTokens.note(nanoseconds: nanoseconds, now: now)
    }

    /// Notes how long each token after the first took, on average over one answer.
    public func notePerOutputToken(nanoseconds: UInt64, now: UInt64) { outputToken.note(nanoseconds: nanoseconds, now: now) }

    /// What one more request would wait, for comparison between targets; nanoseconds times requests.
    ///
    /// (first token + 32 × further token) × (in flight + 1), so that a target that has turned slow loses requests as its queue
    /// grows, before its first slow token comes. One without samples counts as 200 ms and 10 ms.
    public func score(now: UInt64) -> UInt64 {
        let wait = firstToken.estimateOrUnknown(now: now) + Double(HealthLimits.scoredTokenCount) * outputToken.estimateOrUnknown(now: now)
        return UInt64(exactly: (wait * (Double(inFlight) + 1)).rounded()) ?? .max
    }

    /// The time to the first token that `thousandths` of the last minutes' answers did not pass, nanoseconds, to within a
    /// quarter above; nil under 20 samples. About 130 loads.
    public func firstTokenQuantile(thousandths: Int) -> UInt64? { firstTokens.quantile(thousandths: thousandths) }

    // MARK: Operators

    public func reading(now: UInt64) -> TargetReading {
        let availability = availability(now: now, policy: .standard)
        let since =
            switch availability {
            case .parked: parking.since
            case .quarantined: quarantining.since
            case .available, .probe, .open: breaker.since
            }
        return TargetReading(
            description: description, availability: availability, since: since, inFlight: inFlight, counts: counts(now: now),
            firstTokenNanoseconds: firstToken.estimate(now: now).flatMap { UInt64(exactly: $0.rounded()) },
            outputTokenNanoseconds: outputToken.estimate(now: now).flatMap { UInt64(exactly: $0.rounded()) },
            firstTokenQuantileNanoseconds: firstTokenQuantile(thousandths: 950), quotaShare: quotaShare(now: now))
    }
}

/// A target's health at one instant, for operators.
public struct TargetReading: Sendable, Equatable {
    public let description: String
    /// By a policy that has a breaker; one that has none goes through an open one.
    public let availability: Availability
    /// When that began, monotonic nanoseconds; 0 when it was always so.
    public let since: UInt64
    public let inFlight: Int
    /// Of the last minute.
    public let counts: OutcomeCounts
    /// Nil before the first sample, like the two below.
    public let firstTokenNanoseconds: UInt64?
    public let outputTokenNanoseconds: UInt64?
    /// The 95th percentile.
    public let firstTokenQuantileNanoseconds: UInt64?
    /// Thousandths.
    public let quotaShare: Int
}
