import Synchronization

/// Successes and failures of the last minute, in a ring of ten buckets.
///
/// A bucket is one word: which stretch of time it is of (20 bits), successes and failures (22 bits each). So whoever first
/// counts in a new stretch replaces the old bucket and counts, in one exchange; nobody rotates, and no count is lost or
/// counted twice. A bucket that is full is halved, which keeps the ratio.
struct OutcomeWindow: ~Copyable, Sendable {
    private static let countBits: UInt64 = 22
    static let countMask: UInt64 = 1 << countBits - 1
    private static let stretchMask: UInt64 = 1 << 20 - 1

    // Written by every worker that reports, read by those that report failures. Relaxed: a word is all there is to know of its
    // bucket, it publishes nothing else.
    private let buckets = InlineArray<10, Atomic<UInt64>> { _ in Atomic(0) }

    init() { assert(buckets.count == HealthLimits.windowBucketCount) }

    private static func stretch(_ now: UInt64) -> UInt64 { now / HealthLimits.windowBucketNanoseconds }

    private static func slot(_ stretch: UInt64) -> Int { Int(stretch % UInt64(HealthLimits.windowBucketCount)) }

    func count(isSuccess: Bool, now: UInt64) {
        let stretch = OutcomeWindow.stretch(now)
        let slot = OutcomeWindow.slot(stretch)
        let tag = (stretch & OutcomeWindow.stretchMask) << (2 * OutcomeWindow.countBits)
        var old = buckets[slot].load(ordering: .relaxed)
        while true {
            let counts = OutcomeWindow.counts(of: old, stretch) ?? (0, 0)
            let changed = OutcomeWindow.adding(isSuccess, to: counts)
            let word = tag | changed.successes << OutcomeWindow.countBits | changed.failures
            let result = buckets[slot].compareExchange(expected: old, desired: word, ordering: .relaxed)
            if result.exchanged { return }
            old = result.original
        }
    }

    static func adding(_ isSuccess: Bool, to counts: (successes: UInt64, failures: UInt64)) -> (successes: UInt64, failures: UInt64) {
        var (successes, failures) = counts
        if (isSuccess ? successes : failures) == countMask {
            successes /= 2
            failures /= 2
        }
        return isSuccess ? (successes + 1, failures) : (successes, failures + 1)
    }

    /// The counts of a bucket's word, if it is of that stretch.
    private static func counts(of word: UInt64, _ stretch: UInt64) -> (successes: UInt64, failures: UInt64)? {
        guard word >> (2 * countBits) == stretch & stretchMask else { return nil }
        return (word >> countBits & countMask, word & countMask)
    }

    /// The outcomes of the last `nanoseconds`, in whole buckets, the present one included.
    func counts(now: UInt64, nanoseconds: UInt64) -> OutcomeCounts {
        let stretch = OutcomeWindow.stretch(now)
        let wanted = max(1, nanoseconds / HealthLimits.windowBucketNanoseconds + (nanoseconds % HealthLimits.windowBucketNanoseconds > 0 ? 1 : 0))
        var sum = OutcomeCounts()
        for age in 0..<min(wanted, UInt64(HealthLimits.windowBucketCount), Monotonic.sum(stretch, 1)) {
            let word = buckets[OutcomeWindow.slot(stretch - age)].load(ordering: .relaxed)
            guard let counts = OutcomeWindow.counts(of: word, stretch - age) else { continue }
            sum.successes += counts.successes
            sum.failures += counts.failures
        }
        return sum
    }

    func clear() {
        for slot in 0..<HealthLimits.windowBucketCount { buckets[slot].store(0, ordering: .relaxed) }
    }
}
