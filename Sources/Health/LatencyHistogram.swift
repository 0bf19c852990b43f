import Synchronization

/// How latencies are distributed: 64 buckets, four to each doubling, from 1 ms to 68 s.
///
/// A bucket's upper edge is at most a quarter above its lower one, which is as well as a quantile of it is known. Old samples
/// are halved away.
struct LatencyHistogram: ~Copyable, Sendable {
    /// 2²⁰ ns, 1.05 ms, and 16 doublings of it.
    private static let lowestOctave = 20
    private static let octaveCount = 16

    // Written by every worker that has a sample, read by those that hedge. Relaxed: each is a count of its own, and a quantile
    // taken while others count is of some mixture of before and after.
    private let buckets = InlineArray<64, Atomic<UInt32>> { _ in Atomic(0) }
    // The half-life in which samples were last halved: whoever moves it on halves them. Acquire and release, that two halvings
    // follow each other.
    private let halvedIn = Atomic<UInt64>(0)

    init() { assert(buckets.count == HealthLimits.histogramBucketCount) }

    /// Those below the first bucket are in it, those above the last in the last.
    static func index(_ nanoseconds: UInt64) -> Int {
        let inside = min(max(nanoseconds, 1 << lowestOctave), 1 << (lowestOctave + octaveCount) - 1)
        let octave = 63 - inside.leadingZeroBitCount
        return (octave - lowestOctave) * 4 + Int(inside >> (octave - 2) & 3)
    }

    /// The first latency above a bucket, nanoseconds.
    static func upperEdge(_ index: Int) -> UInt64 { UInt64(index % 4 + 5) << (lowestOctave + index / 4 - 2) }

    func note(nanoseconds: UInt64, now: UInt64) {
        forget(now)
        buckets[LatencyHistogram.index(nanoseconds)].wrappingAdd(1, ordering: .relaxed)
    }

    private func forget(_ now: UInt64) {
        let halfLife = now / HealthLimits.histogramHalfLifeNanoseconds
        let last = halvedIn.load(ordering: .acquiring)
        guard halfLife > last else { return }
        guard halvedIn.compareExchange(expected: last, desired: halfLife, ordering: .acquiringAndReleasing).exchanged else { return }
        for index in 0..<HealthLimits.histogramBucketCount { halve(index, times: halfLife - last) }
    }

    private func halve(_ index: Int, times: UInt64) {
        var old = buckets[index].load(ordering: .relaxed)
        while old > 0 {
            // A shift past the width leaves nothing.
            let result = buckets[index].compareExchange(expected: old, desired: old >> times, ordering: .relaxed)
            if result.exchanged { return }
            old = result.original
        }
    }

    /// The latency that `thousandths` of the samples do not pass, as the upper edge of its bucket; nil under
    /// `HealthLimits.quantileSampleCount` samples.
    func quantile(thousandths: Int) -> UInt64? {
        var total: UInt64 = 0
        for index in 0..<HealthLimits.histogramBucketCount { total += UInt64(buckets[index].load(ordering: .relaxed)) }
        guard total >= HealthLimits.quantileSampleCount else { return nil }
        let share = UInt64(min(max(thousandths, 0), 1000))
        var left = max(1, (total * share + 999) / 1000)
        for index in 0..<HealthLimits.histogramBucketCount {
            let count = UInt64(buckets[index].load(ordering: .relaxed))
            if count >= left { return LatencyHistogram.upperEdge(index) }
            left -= count
        }
        // Others halved the counts while they were walked.
        return LatencyHistogram.upperEdge(HealthLimits.histogramBucketCount - 1)
    }
}
