import Reactor

/// When a sink is tried that has failed: one batch, after waits that double. No I/O, no clock.
struct ExportBreaker: Equatable {
    enum State: Int, Sendable {
        /// Batches go as they come.
        case closed = 0
        /// Nothing goes until the wait is over.
        case open = 1
        /// One batch shows whether it is over.
        case halfOpen = 2
    }

    /// Tries that failed since the last that did not.
    private(set) var failures = 0
    private var closedUntil = Instant(nanoseconds: 0)
    /// When the first of them failed.
    private(set) var failingSince = Instant(nanoseconds: 0)

    func state(now: Instant) -> State { failures == 0 ? .closed : now < closedUntil ? .open : .halfOpen }

    /// When the sink may be tried.
    var dueAt: Instant { closedUntil }

    /// - Parameters:
    ///   - jitter: a random number.
    ///   - asked: nanoseconds that the sink wants to be left alone.
    /// - Returns: nanoseconds until it is tried again.
    mutating func fail(now: Instant, jitter: UInt64, asked: UInt64?) -> UInt64 {
        if failures == 0 { failingSince = now }
        failures += 1
        let doubled = min(ExporterLimits.firstRetryNanoseconds << UInt64(min(failures - 1, 20)), ExporterLimits.longestRetryNanoseconds)
        let own = doubled - doubled / 5 + jitter % (doubled / 5 * 2 + 1)
        let wait = max(own, min(asked ?? 0, ExporterLimits.longestAskedNanoseconds))
        closedUntil = now.adding(nanoseconds: wait)
        return wait
    }

    /// - Returns: how long it was failing; nil where it was not.
    mutating func succeed(now: Instant) -> UInt64? {
        guard failures > 0 else { return nil }
        defer { self = ExportBreaker() }
        return now.nanoseconds(since: failingSince)
    }
}
