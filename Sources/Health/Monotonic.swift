/// Monotonic nanoseconds in the coarser units that fit beside other things in one atomic word.
enum Monotonic {
    static let nanosecondsPerMillisecond: UInt64 = 1_000_000

    /// Milliseconds, rounded up, at most `limit`.
    static func milliseconds(roundingUp nanoseconds: UInt64, limit: UInt64) -> UInt64 {
        let (whole, rest) = nanoseconds.quotientAndRemainder(dividingBy: nanosecondsPerMillisecond)
        return min(limit, rest == 0 ? whole : whole + 1)
    }

    /// The instant `nanoseconds` after `now`, or the end of time.
    static func sum(_ now: UInt64, _ nanoseconds: UInt64) -> UInt64 {
        let (sum, overflow) = now.addingReportingOverflow(nanoseconds)
        return overflow ? .max : sum
    }

    /// What lies between; 0 when `earlier` is the later one, which clocks read by several workers may bring about.
    static func difference(_ later: UInt64, _ earlier: UInt64) -> UInt64 { later > earlier ? later - earlier : 0 }
}
