/// What may be used in a time, or at once.
public enum RateLimit: BitwiseCopyable, Hashable, Sendable {
    /// So many requests, or tokens, in each period: never more in a period that begins with the first after a quiet one; see `RateWord`.
    case rate(Int64, per: RatePeriod)
    /// So many requests at once.
    case concurrency(Int64)

    /// What of it one request can use at most.
    public var most: Int64 { count }

    /// What a limit out of bounds counts as: nothing below 0, and no more than there can be.
    var count: Int64 {
        switch self {
        case .rate(let count, _), .concurrency(let count): min(max(0, count), RateLimits.largestCount)
        }
    }
}

/// How long the time is that a rate is of.
public enum RatePeriod: UInt8, BitwiseCopyable, Hashable, CaseIterable, Sendable {
    case second
    case minute
    case hour
    case day
    case week

    public var milliseconds: UInt64 {
        switch self {
        case .second: 1000
        case .minute: 60_000
        case .hour: 3_600_000
        case .day: 86_400_000
        case .week: 604_800_000
        }
    }
}

/// One limit that a request is held to, and what it uses of it.
public struct RateCharge: BitwiseCopyable, Sendable {
    /// Of what is limited, by what and over which period: two limits of one key have a key of the ledger each.
    public let key: LedgerKey
    public let limit: RateLimit
    /// Requests or tokens, not negative; of tokens what is expected, to be set right later.
    public let amount: Int64

    public init(key: LedgerKey, limit: RateLimit, amount: Int64 = 1) {
        precondition(amount >= 0, "a request uses nothing or something")
        self.key = key
        self.limit = limit
        self.amount = amount
    }
}

/// How a limit stands, for `x-ratelimit-*`.
public struct RateReading: BitwiseCopyable, Equatable, Sendable {
    public let limit: Int64
    /// What would be let through now.
    public let remaining: Int64
    /// Until all of the limit is there again if nobody asks before; 0 when it is. Always 0 of a limit of concurrency.
    public let resetMilliseconds: UInt64
}

/// Whether a request may go on.
public enum RateVerdict: BitwiseCopyable, Equatable, Sendable {
    /// Counted in all limits.
    case admitted
    /// Counted in none.
    case refused(RateRefusal)
    /// Counted in none: a limit that was never asked for, or not for long. `prepare` must be called first, by the back office.
    case awaitsSlot
    /// Counted in none: as many requests are held to limits of concurrency as the file has entries for.
    case tooManyOpen
    /// Counted in none: more than `RateLimits.limitsPerRequest`.
    case tooManyLimits
}

/// Which limit was in the way, and for how long.
public struct RateRefusal: BitwiseCopyable, Equatable, Sendable {
    /// Its place among the charges: of several the one that is in the way longest.
    public internal(set) var index: Int
    public internal(set) var reading: RateReading
    /// When the same request would be let through by all limits, if nobody asks before: not a millisecond earlier. nil where that cannot be told: of a limit
    /// of concurrency, and of a limit that is less than what is asked.
    public internal(set) var retryMilliseconds: UInt64?
}
