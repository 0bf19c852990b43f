/// How one attempt at a target ended, as far as policy cares.
///
/// An attempt that got no response has no status of its own. The gateway will answer 502, 503 or 504
/// for it, other gateways answer 500 or 408; a config that lists any of these means such an
/// attempt, so each stands for all.
public enum Outcome: Sendable, Equatable {
    /// The upstream answered with this status.
    case status(Int)
    /// No connection, or it broke before the response head: listed as 500, 502 or 503.
    case unreachable
    /// The target has no place for something in the request, or no token could be had for it: nothing was sent. Always a reason to go on.
    case unfit
    /// No response head in time: listed as 408 or 504.
    case timedOut

    public var isSuccess: Bool {
        if case .status(let status) = self { return (200...299).contains(status) }
        return false
    }

    /// Whether a list of statuses names this outcome.
    public func isListed(in statuses: StatusSet) -> Bool {
        switch self {
        case .status(let status): statuses.contains(status)
        case .unreachable: statuses.contains(500) || statuses.contains(502) || statuses.contains(503)
        case .unfit: true
        case .timedOut: statuses.contains(408) || statuses.contains(504)
        }
    }
}
