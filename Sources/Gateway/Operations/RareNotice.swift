import Reactor
import Synchronization

/// When a line that could come a thousand times a second is told: once in a while, with how many were not.
///
/// Shared by workers; relaxed, since nothing else hangs on it.
final class RareNotice: Sendable {
    /// By the monotonic clock; 0 before the first.
    private let toldAt = Atomic<UInt64>(0)
    private let untold = Atomic<UInt64>(0)
    /// From one that is told to the next.
    private let interval: UInt64

    init(everyNanoseconds interval: UInt64) { self.interval = interval }

    /// - Returns: how many were kept quiet since the last that was told; nil when this one is to be as well.
    func isDue(now: Instant) -> UInt64? {
        let last = toldAt.load(ordering: .relaxed)
        guard last == 0 || now.nanoseconds >= last &+ interval,
            toldAt.compareExchange(expected: last, desired: max(1, now.nanoseconds), ordering: .relaxed).exchanged
        else {
            untold.wrappingAdd(1, ordering: .relaxed)
            return nil
        }
        return untold.exchange(0, ordering: .relaxed)
    }
}
