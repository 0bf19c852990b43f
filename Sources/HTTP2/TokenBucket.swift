/// What a peer may do in a burst, and how fast it may do it for long. Time comes in as a value.
struct TokenBucket {
    private let burst: Int
    private let perSecond: UInt64
    private(set) var tokens: Int
    private var countedAt: UInt64

    /// - Parameter now: nanoseconds of a monotonic clock.
    init(burst: Int, perSecond: Int, now: UInt64) {
        precondition(burst > 0 && perSecond > 0, "a bucket holds something and fills")
        self.burst = burst
        self.perSecond = UInt64(perSecond)
        tokens = burst
        countedAt = now
    }

    /// Takes `count` tokens; false when there are not as many.
    mutating func take(_ count: Int, now: UInt64) -> Bool {
        if tokens < count { refill(now) }
        guard tokens >= count else {
            tokens = 0
            return false
        }
        tokens -= count
        return true
    }

    /// Gives tokens back, up to the burst.
    mutating func give(_ count: Int) { tokens = min(burst, tokens + count) }

    private mutating func refill(_ now: UInt64) {
        guard now > countedAt else { return }
        let nanosecondsPerToken = max(1, 1_000_000_000 / perSecond)
        let gained = (now - countedAt) / nanosecondsPerToken
        if gained >= UInt64(burst) {
            tokens = burst
            countedAt = now
        } else {
            give(Int(gained))
            countedAt += gained * nanosecondsPerToken
        }
    }
}
