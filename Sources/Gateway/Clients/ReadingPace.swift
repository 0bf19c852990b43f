import Reactor

/// How a client takes an answer that waits for it: some of it in each write-stall time, and after a grace as much as the least rate asks for.
///
/// Who takes a byte now and then never stalls, and would hold its buffers and a connection to a provider for as long as it likes. What is not
/// there to be taken counts for nothing: the time begins when the answer has to wait, and ends when nothing of it does.
struct ReadingPace {
    private var waitsSince: Instant?
    private var takenCount: UInt64 = 0

    /// Until when some more has to be taken; `taken` bytes have been since this was asked last.
    mutating func deadline(now: Instant, taken: Int, _ limits: WorkerLimits) -> Instant {
        let stall = now.adding(nanoseconds: limits.writeStallNanoseconds)
        guard let since = waitsSince else {
            waitsSince = now
            takenCount = 0
            return limits.answerBytesPerSecond > 0 ? min(stall, now.adding(nanoseconds: limits.answerGraceNanoseconds)) : stall
        }
        takenCount &+= UInt64(clamping: taken)
        guard limits.answerBytesPerSecond > 0 else { return stall }
        // Seconds first: a long answer times a thousand million would not fit.
        let earnedSeconds = min(takenCount / UInt64(limits.answerBytesPerSecond), 1 << 30)
        let byRate = since.adding(nanoseconds: limits.answerGraceNanoseconds).adding(nanoseconds: earnedSeconds * 1_000_000_000)
        return min(stall, byRate)
    }

    /// Nothing waits any more.
    mutating func rest() { waitsSince = nil }
}
