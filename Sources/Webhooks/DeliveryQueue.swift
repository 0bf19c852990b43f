import Reactor

/// What waits to be told to one webhook, and when it is tried. No I/O, no clock.
///
/// A message that fails waits twice as long before each next try; and what is behind it waits as well, for less: one that a receiver will never take
/// must not keep others from it, and a receiver that is down is not asked for each.
struct DeliveryQueue {
    struct Delivery {
        let message: WebhookMessage
        /// Whether it is in the spool.
        var isKept: Bool
        var triesFailed = 0
        var dueAt: Instant
    }

    private(set) var deliveries: [Delivery] = []
    private var pausedUntil = Instant(nanoseconds: 0)
    /// Posts that failed since the last that did not.
    private(set) var failuresInARow = 0

    /// - Returns: false when as many wait as may.
    mutating func add(_ message: WebhookMessage, isKept: Bool, now: Instant) -> Bool {
        guard deliveries.count < WebhookLimits.waiting else { return false }
        deliveries.append(Delivery(message: message, isKept: isKept, dueAt: now))
        return true
    }

    /// What was added last is in the spool now.
    mutating func keepLast() { deliveries[deliveries.count - 1].isKept = true }

    /// Which is tried next, and when; nil when nothing waits.
    var next: (index: Int, dueAt: Instant)? {
        guard let index = deliveries.indices.min(by: { deliveries[$0].dueAt < deliveries[$1].dueAt }) else { return nil }
        return (index, max(deliveries[index].dueAt, pausedUntil))
    }

    /// The post of a delivery was taken, or there is no more sense in it.
    mutating func remove(_ index: Int) { deliveries.remove(at: index) }

    mutating func succeeded(_ index: Int) {
        remove(index)
        failuresInARow = 0
        pausedUntil = Instant(nanoseconds: 0)
    }

    /// - Parameter jitter: a random number.
    /// - Returns: nanoseconds until the webhook is tried again.
    mutating func failed(_ index: Int, now: Instant, jitter: UInt64) -> UInt64 {
        failuresInARow += 1
        deliveries[index].triesFailed += 1
        let wait = DeliveryQueue.wait(after: deliveries[index].triesFailed, atMost: WebhookLimits.longestRetryNanoseconds, jitter)
        deliveries[index].dueAt = now.adding(nanoseconds: wait)
        let pause = DeliveryQueue.wait(after: failuresInARow, atMost: WebhookLimits.longestPauseNanoseconds, jitter)
        pausedUntil = now.adding(nanoseconds: pause)
        return next.map { $0.dueAt.nanoseconds(since: now) } ?? 0
    }

    /// Doubled with each failure, a fifth more or less.
    private static func wait(after failures: Int, atMost longest: UInt64, _ jitter: UInt64) -> UInt64 {
        let doubled = min(WebhookLimits.firstRetryNanoseconds << UInt64(min(failures - 1, 30)), longest)
        return doubled - doubled / 5 + jitter % (doubled / 5 * 2 + 1)
    }
}
