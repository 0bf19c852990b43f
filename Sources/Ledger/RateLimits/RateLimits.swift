/// Bounds of rate limits.
public enum RateLimits {
    /// Limits that a request is counted in at once: up to four each of key and workspace, or of virtual key and integration, and as many policies. Of
    /// these no more than eight limit how many are under way at once: what an entry of the file lists.
    public static let limitsPerRequest = 16

    /// Limits remembered at once, one for each value of a grouped policy: 4 MiB of file.
    public static let defaultSlotCount = 1 << 16

    /// The largest limit of requests or tokens in a period: 2⁴⁴ − 1, since two counts and a time share one atomic word of 128 bits.
    public static let largestCount: Int64 = 17_592_186_044_415

    /// For which nobody has asked for a limit, on top of its period, before its slot may be another's.
    static let retiredAfterMilliseconds: UInt64 = 3_600_000
}
