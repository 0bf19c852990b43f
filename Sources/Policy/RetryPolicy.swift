/// When and how often one target is tried again before its parent hears of the failure.
public struct RetryPolicy: BitwiseCopyable, Sendable, Equatable {
    /// 429, 500, 502, 503 and 504: what asks to be tried again.
    public static let defaultStatuses = StatusSet([429, 500, 502, 503, 504])
    public static let none = RetryPolicy(attempts: 0, statuses: defaultStatuses, usesRetryAfter: false)

    /// Tries after the first, at most `PolicyLimits.retryAttemptCount`.
    public let attempts: UInt8
    public let statuses: StatusSet
    /// Whether a 429 or a 503 may say how long to wait.
    public let usesRetryAfter: Bool
    /// Whether repeats are bounded by what first tries have earned; see `RetryBudget`.
    public internal(set) var hasBudget = true
    /// Of all waits of one request together.
    public internal(set) var maxWaitMilliseconds = UInt32(PolicyLimits.retryWaitMilliseconds)

    public init(attempts: UInt8, statuses: StatusSet, usesRetryAfter: Bool) {
        precondition(attempts <= PolicyLimits.retryAttemptCount, "attempts are bounded by the compiler")
        self.attempts = attempts
        self.statuses = statuses
        self.usesRetryAfter = usesRetryAfter
    }

    /// Whether `outcome` is worth another try, were there any left.
    ///
    /// A connection that failed always is: nothing was answered, whatever the list says.
    /// A time-out is only when listed: the provider may still be at work on it.
    public func repeats(after outcome: Outcome) -> Bool {
        outcome == .unreachable || outcome != .unfit && outcome.isListed(in: statuses)
    }

    /// The wait before try `number` of the repeats, from 1: 1 s, then twice the one before, each up to a tenth more
    /// or less, so that clients that failed together do not come back together.
    ///
    /// - Parameter random: any 64 bits.
    public func backoffMilliseconds(beforeRepeat number: Int, random: UInt64) -> UInt64 {
        let base: UInt64 = 1000 << UInt64(min(max(number, 1), PolicyLimits.retryAttemptCount) - 1)
        return base - base / 10 + random % (base / 5 + 1)
    }
}
