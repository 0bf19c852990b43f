public import Health

/// When a target counts as failing, and what counts.
public struct BreakerRule: BitwiseCopyable, Sendable, Equatable {
    /// 500 and above: what says that the target is at fault. 429 never counts: it is a quota's signal.
    static let defaultStatuses = StatusSet(500...599)

    /// What counts where no config says it; nothing opens by it.
    public static let standard = BreakerRule(policy: .never, statuses: defaultStatuses)

    public let policy: BreakerPolicy
    public let statuses: StatusSet

    /// Whether an attempt that ended so counts against its target.
    public func isFailure(_ outcome: Outcome) -> Bool {
        switch outcome {
        case .status(429), .unfit: false
        case .status(let status): statuses.contains(status)
        case .unreachable, .timedOut: true
        }
    }
}

/// When a second attempt is begun beside one that has said nothing yet.
public struct HedgeRule: BitwiseCopyable, Sendable, Equatable {
    /// 0 for the time within which 95 of 100 answers of the target begin.
    public internal(set) var afterMilliseconds: UInt32 = 0
    /// Of the requests, how many thousandths may have a second attempt.
    public internal(set) var budgetThousandths: UInt32 = 50
}

/// How long a target may take; 0 leaves it to the server's own bound.
public struct TargetTimeouts: BitwiseCopyable, Sendable, Equatable {
    public internal(set) var connectMilliseconds: UInt32 = 0
    /// From the request's last byte to the first content of the answer.
    public internal(set) var firstTokenMilliseconds: UInt32 = 0
    /// Between two parts of an answer.
    public internal(set) var gapMilliseconds: UInt32 = 0
    /// All attempts of a request together.
    public internal(set) var totalMilliseconds: UInt32 = 0

    /// These over `outer`'s.
    func over(_ outer: TargetTimeouts) -> TargetTimeouts {
        var laid = outer
        if connectMilliseconds > 0 { laid.connectMilliseconds = connectMilliseconds }
        if firstTokenMilliseconds > 0 { laid.firstTokenMilliseconds = firstTokenMilliseconds }
        if gapMilliseconds > 0 { laid.gapMilliseconds = gapMilliseconds }
        if totalMilliseconds > 0 { laid.totalMilliseconds = totalMilliseconds }
        return laid
    }
}
