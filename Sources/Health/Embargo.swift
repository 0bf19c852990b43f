import Synchronization

/// A time for which a target is left alone.
struct Embargo: ~Copyable, Sendable {
    // Written by the worker that reads a refusal, read by all that pick. Acquire and release, so that of several workers that
    // are refused at once one is told that it was first.
    private let end = Atomic<UInt64>(0)
    // Written by that one, read by operators. Relaxed: it may be of the time before for a moment.
    private let began = Atomic<UInt64>(0)

    var since: UInt64 { began.load(ordering: .relaxed) }

    /// When it is over; nil when it is.
    func until(_ now: UInt64) -> UInt64? {
        let end = end.load(ordering: .acquiring)
        return end > now ? end : nil
    }

    /// Closes until then, or leaves a longer time as it is; true when it was open.
    func close(until: UInt64, now: UInt64) -> Bool {
        guard until > now else { return false }
        let before = end.max(until, ordering: .acquiringAndReleasing).oldValue
        guard before <= now else { return false }
        began.store(now, ordering: .relaxed)
        return true
    }

    func reopen() { end.store(0, ordering: .releasing) }
}
