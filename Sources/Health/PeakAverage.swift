import Glibc
import Synchronization

/// A moving average of a latency that jumps up to each larger sample and comes down slowly (peak EWMA): being late to notice
/// a slow target costs more than being late to forgive it.
///
/// It decays by time, not by number of samples, so a target with little traffic is forgiven as soon as a busy one. Once samples
/// stay out it comes down on its own, or a target that was slow once would never be asked again; but not below the estimate of
/// an unknown target, or it would look like the best of all.
/// - Source: Finagle, `PeakEwma`
struct PeakAverage: ~Copyable, Sendable {
    // Written by every worker that has a sample, read by those that pick. Relaxed: estimate (a Float) and instant (the low half
    // of the milliseconds) are one word, which publishes nothing else. 0 before the first sample.
    private let word = Atomic<UInt64>(0)
    private let unknown: Float

    /// - Parameter unknownNanoseconds: the estimate before the first sample.
    init(unknownNanoseconds: UInt64) { unknown = Float(unknownNanoseconds) }

    private static func instant(_ now: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: now / Monotonic.nanosecondsPerMillisecond) }

    /// Milliseconds from `earlier`; 0 when another worker's clock was read later than ours.
    private static func age(_ instant: UInt32, since earlier: UInt32) -> Float {
        Float(max(0, Int32(bitPattern: instant &- earlier)))
    }

    private static func milliseconds(_ nanoseconds: UInt64) -> Float { Float(nanoseconds / Monotonic.nanosecondsPerMillisecond) }

    func note(nanoseconds: UInt64, now: UInt64) {
        let sample = max(1, Float(nanoseconds))
        let instant = PeakAverage.instant(now)
        var old = word.load(ordering: .relaxed)
        while true {
            let (before, stamp) = PeakAverage.parts(old)
            let age = PeakAverage.age(instant, since: stamp)
            let present = before > 0 ? decayed(before, age: age) : 0
            var estimate = sample
            if sample < present {
                // Within one millisecond the weight is nothing; writing would only move the instant on.
                guard age > 0 else { return }
                let kept = expf(-age / PeakAverage.milliseconds(HealthLimits.latencyDecayNanoseconds))
                estimate = present * kept + sample * (1 - kept)
            }
            let isLater = before == 0 || age > 0
            let result = word.compareExchange(
                expected: old, desired: UInt64(estimate.bitPattern) << 32 | UInt64(isLater ? instant : stamp), ordering: .relaxed)
            if result.exchanged { return }
            old = result.original
        }
    }

    /// Nanoseconds; nil before the first sample.
    func estimate(now: UInt64) -> Double? {
        let (before, stamp) = PeakAverage.parts(word.load(ordering: .relaxed))
        return before > 0 ? Double(decayed(before, age: PeakAverage.age(PeakAverage.instant(now), since: stamp))) : nil
    }

    /// Nanoseconds, those of an unknown target before the first sample.
    func estimateOrUnknown(now: UInt64) -> Double { estimate(now: now) ?? Double(unknown) }

    private static func parts(_ word: UInt64) -> (estimate: Float, instant: UInt32) {
        (Float(bitPattern: UInt32(truncatingIfNeeded: word >> 32)), UInt32(truncatingIfNeeded: word))
    }

    private func decayed(_ estimate: Float, age: Float) -> Float {
        let idle = age - PeakAverage.milliseconds(HealthLimits.latencyGraceNanoseconds)
        guard idle > 0, estimate > unknown else { return estimate }
        return unknown + (estimate - unknown) * expf(-idle / PeakAverage.milliseconds(HealthLimits.latencyIdleDecayNanoseconds))
    }
}
