import CLinux

/// A point on the monotonic clock, in nanoseconds.
///
/// Sixty-four bits rather than `ContinuousClock.Instant`'s hundred and twenty-eight: one is
/// compared on every event. The clock reads it once a turn; tests move it by hand.
@frozen
public struct Instant: BitwiseCopyable, Comparable, Sendable {
    public let nanoseconds: UInt64

    @inlinable
    public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    /// Later than every deadline.
    public static let distantFuture = Instant(nanoseconds: .max)

    /// Reads the kernel's clock.
    public static func now() -> Instant { Instant(nanoseconds: linux_monotonic_nanoseconds()) }

    @inlinable
    public static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }

    /// The instant `nanoseconds` later, or the distant future when it would not fit.
    @inlinable
    public func adding(nanoseconds: UInt64) -> Instant {
        let (sum, overflowed) = self.nanoseconds.addingReportingOverflow(nanoseconds)
        return overflowed ? .distantFuture : Instant(nanoseconds: sum)
    }

    /// Nanoseconds from `earlier` to here; zero when it is not earlier.
    @inlinable
    public func nanoseconds(since earlier: Instant) -> UInt64 {
        earlier.nanoseconds < nanoseconds ? nanoseconds - earlier.nanoseconds : 0
    }
}

/// Nanoseconds since 1970, for records and identifiers; never for deadlines.
public func wallClockNanoseconds() -> UInt64 { linux_wall_nanoseconds() }
