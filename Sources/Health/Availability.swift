/// Whether a target may be sent a request now.
public enum Availability: BitwiseCopyable, Sendable, Equatable {
    case available
    /// The breaker's cooldown is over and nobody probes: the next request may.
    case probe
    /// The breaker is open, or its probe is under way, until this instant at the latest.
    case open(until: UInt64)
    /// The provider said that a quota is spent until then (429).
    case parked(until: UInt64)
    /// The credential was refused (401, 403) and is not tried before then.
    case quarantined(until: UInt64)
}

/// The right to send one request to a target, given back with its outcome.
public struct Admission: BitwiseCopyable, Sendable, Equatable {
    /// Which of the breaker's times it belongs to: outcomes of an earlier one say nothing of the present.
    let generation: UInt16
    /// Whether the breaker waits for this request's outcome.
    public let isProbe: Bool
}

/// What a request says of its target's health.
public enum AttemptOutcome: BitwiseCopyable, Sendable, Equatable {
    case success
    /// Unreachable, timed out, 5xx, broken off. A 429 is none: it parks the target.
    case failure
    /// Nothing: the client left, or the request itself was at fault (4xx).
    case ignored
}

/// What a report did to the breaker, for the caller to log.
public enum BreakerChange: BitwiseCopyable, Sendable, Equatable {
    case none
    case opened(until: UInt64)
    case closed
}
