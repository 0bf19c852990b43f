/// What a decision is made from besides its program: the request, and how the targets fare.
public protocol Circumstances: RequestFacts {
    /// 0 where a target may be tried; else when it may again, in the nanoseconds of the monotonic clock.
    func hindrance(_ target: Int) -> UInt64
    /// Requests under way at a target, all workers' together.
    func inFlight(_ target: Int) -> Int
    /// How long a target takes, the longer the higher; comparable between targets alone.
    func latencyScore(_ target: Int) -> UInt64
    /// For whom the request is made, hashed: what two tenants share is not told to either.
    var tenant: UInt64 { get }
    /// Seconds since 1970.
    var wallSeconds: UInt64 { get }
    mutating func random() -> UInt64
}

/// Why a decision names the target it names.
public enum PickReason: UInt8, BitwiseCopyable, Sendable, CaseIterable {
    /// There is no other.
    case only
    /// The first in order that may be tried.
    case first
    /// The one before it failed.
    case fallback
    case weighted, roundRobin, leastBusy, leastLatency, sticky, prefixAffinity
    /// A condition holds.
    case condition
    /// No condition holds.
    case otherwise
    /// None may be tried: the one that may soonest.
    case leastBad

    public var text: StaticString {
        switch self {
        case .only: "only"
        case .first: "first"
        case .fallback: "fallback"
        case .weighted: "weighted"
        case .roundRobin: "round_robin"
        case .leastBusy: "least_busy"
        case .leastLatency: "least_latency"
        case .sticky: "sticky"
        case .prefixAffinity: "prefix_affinity"
        case .condition: "condition"
        case .otherwise: "default"
        case .leastBad: "least_bad"
        }
    }
}

/// Why no target could be decided on.
public enum RoutingFault: Error, Sendable {
    /// No condition holds and there is no default.
    case noConditionHolds
}
