import Reactor

/// How a client takes an answer that waits for it: some of it in each write-stall time, and after a grace as much as the least rate asks for.
///
/// Who takes a byte now and then never stalls, and would hold its buffers and a connection to a provider for as long as it likes. What is not
/// there to be taken counts for nothing: the time begins when the answer has to wait, and ends when nothing of it does.
struct ReadingPace {
    /// When the client falls behind the rate; nil while nothing waits.
    private var dueAt: Instant?

    /// Until when some more has to be taken; `taken` bytes have been since this was asked last.
    mutating func deadline(now: Instant, taken: Int, _ limits: WorkerLimits) -> Instant {
        let stall = now.adding(nanoseconds: limits.writeStallNanoseconds)
        guard limits.answerBytesPerSecond > 0 else { return stall }
        let grace = now.adding(nanoseconds: limits.answerGraceNanoseconds)
        guard let due = dueAt else {
            dueAt = grace
            return min(stall, grace)
        }
        // A thousand million of either is more than a grace can be worth, and their product fits.
        let earned = min(UInt64(clamping: taken), 1_000_000_000) * 1_000_000_000 / UInt64(limits.answerBytesPerSecond)
        // Who is ahead of the rate earns no more than another grace from now, or a fast start would buy hours of a byte a minute.
        let next = min(due.adding(nanoseconds: earned), grace)
        dueAt = next
        return min(stall, next)
    }

    /// Nothing waits any more.
    mutating func rest() { dueAt = nil }
}
