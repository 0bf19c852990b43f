import Synchronization

/// What a provider's answer said of the quota that is left. Members it did not mention are nil.
/// - Source: `x-ratelimit-remaining-requests` and its kin (OpenAI), `anthropic-ratelimit-requests-remaining` and its kin
public struct QuotaReading: BitwiseCopyable, Sendable, Equatable {
    public var remainingRequests: UInt64?
    public var limitRequests: UInt64?
    public var remainingTokens: UInt64?
    public var limitTokens: UInt64?
    /// When all of it is there again, monotonic nanoseconds.
    public var resetAt: UInt64?

    public init(
        remainingRequests: UInt64? = nil, limitRequests: UInt64? = nil, remainingTokens: UInt64? = nil, limitTokens: UInt64? = nil,
        resetAt: UInt64? = nil
    ) {
        self.remainingRequests = remainingRequests
        self.limitRequests = limitRequests
        self.remainingTokens = remainingTokens
        self.limitTokens = limitTokens
        self.resetAt = resetAt
    }

    /// Thousandths that are left, of requests or of tokens, whichever is less; nil when it says nothing of either.
    var share: UInt64? {
        let requests = QuotaReading.share(remainingRequests, of: limitRequests)
        let tokens = QuotaReading.share(remainingTokens, of: limitTokens)
        guard let requests else { return tokens }
        return min(requests, tokens ?? requests)
    }

    private static func share(_ remaining: UInt64?, of limit: UInt64?) -> UInt64? {
        guard let remaining else { return nil }
        if remaining == 0 { return 0 }
        guard let limit, limit > 0 else { return nil }
        if remaining >= limit { return 1000 }
        let product = remaining.multipliedFullWidth(by: 1000)
        return limit.dividingFullWidth(product).quotient
    }
}

/// The share of its quota that a target has left until it resets.
struct QuotaShare: ~Copyable, Sendable {
    // Written by every worker that reads an answer's head, read by those that pick. Relaxed: share (10 bits) and the
    // milliseconds it holds until are one word. The last answer wins, be it an older one.
    private let word = Atomic<UInt64>(0)

    func note(_ reading: QuotaReading, now: UInt64) {
        guard let share = reading.share else { return }
        let latest = Monotonic.sum(now, HealthLimits.longestParkNanoseconds)
        let resetAt = min(reading.resetAt ?? Monotonic.sum(now, HealthLimits.quotaLifeNanoseconds), latest)
        let until = Monotonic.milliseconds(roundingUp: resetAt, limit: UInt64.max >> 10)
        word.store(until << 10 | share, ordering: .relaxed)
    }

    /// Thousandths; all of them when nothing is known or the reset has passed.
    func thousandths(now: UInt64) -> Int {
        let word = word.load(ordering: .relaxed)
        guard now / Monotonic.nanosecondsPerMillisecond < word >> 10 else { return 1000 }
        return Int(word & 1023)
    }
}
