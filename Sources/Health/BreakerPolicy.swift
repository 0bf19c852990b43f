/// When a target's breaker opens, and for how long.
///
/// It opens when at least `minimumRequests` outcomes are in the window, and of those `failurePercent` or more, or
/// `failureCount` or more, are failures. A policy with neither never opens one, and goes through one opened by another's.
public struct BreakerPolicy: BitwiseCopyable, Sendable, Equatable {
    /// Failures in the window; 0 for not by count.
    public let failureCount: UInt32
    /// Percent of the window's outcomes; 0 for not by ratio.
    public let failurePercent: UInt8
    public let minimumRequests: UInt32
    /// How long it stays open the first time; twice as long after each probe that failed.
    public let cooldownNanoseconds: UInt64
    /// How far back outcomes count, in whole buckets of 6 s, the present one included: 6 s to 60 s.
    public let windowNanoseconds: UInt64

    /// Half of at least ten requests within a minute, then 30 s.
    ///
    /// A ratio alone would open on the first failure of a quiet target, a count alone on the noise of a busy one.
    public static let standard = BreakerPolicy(failurePercent: 50, minimumRequests: 10)
    /// Never opens.
    public static let never = BreakerPolicy()

    public init(
        failureCount: UInt32 = 0, failurePercent: UInt8 = 0, minimumRequests: UInt32 = 0,
        cooldownNanoseconds: UInt64 = 30_000_000_000, windowNanoseconds: UInt64 = 60_000_000_000
    ) {
        self.failureCount = failureCount
        self.failurePercent = failurePercent
        self.minimumRequests = minimumRequests
        self.cooldownNanoseconds = cooldownNanoseconds
        self.windowNanoseconds = windowNanoseconds
    }

    public var isEnabled: Bool { failureCount > 0 || failurePercent > 0 }

    /// Whether these outcomes open the breaker.
    public func opens(after counts: OutcomeCounts) -> Bool {
        let total = counts.successes + counts.failures
        guard counts.failures > 0, total >= UInt64(minimumRequests) else { return false }
        let isByCount = failureCount > 0 && counts.failures >= UInt64(failureCount)
        return isByCount || failurePercent > 0 && counts.failures * 100 >= total * UInt64(failurePercent)
    }

    /// How long the breaker stays open after so many probes failed in a row: twice as long for each, at most ten minutes (or
    /// `cooldownNanoseconds` when that is longer), and up to a tenth more or less, as `random` says: processes that saw one
    /// outage must not probe in step.
    func openNanoseconds(doublings: UInt8, random: UInt64) -> UInt64 {
        let cap = max(HealthLimits.longestCooldownNanoseconds, cooldownNanoseconds)
        var length = cooldownNanoseconds
        for _ in 0..<doublings where length < cap { length = length > cap / 2 ? cap : length * 2 }
        let spread = length / 10
        // Twice a tenth of a UInt64 is a UInt64.
        let jitter = random.multipliedFullWidth(by: 2 * spread + 1).high
        return Monotonic.sum(length - spread, jitter)
    }
}

/// Outcomes of a window. Those of the caller's own making are not in it.
public struct OutcomeCounts: BitwiseCopyable, Sendable, Equatable {
    /// At most 10 × 2²², so that sums and percentages cannot overflow.
    public internal(set) var successes: UInt64
    public internal(set) var failures: UInt64

    public init(successes: UInt64 = 0, failures: UInt64 = 0) {
        self.successes = min(successes, UInt64(UInt32.max))
        self.failures = min(failures, UInt64(UInt32.max))
    }
}
