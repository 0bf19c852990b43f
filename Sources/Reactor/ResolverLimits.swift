/// Bounds of name resolution.
public enum ResolverLimits {
    /// Names kept with their addresses or their absence: thousands of upstreams, under 1 MB.
    public static let cachedNames = 4096

    /// Names asked for at once; more say that something loops.
    public static let namesInFlight = 256

    /// Connections that wait for one name.
    public static let waitersPerName = 4096

    /// Addresses kept of one name and family: more than anyone tries before a request's time is up.
    public static let addressesPerFamily = 16

    /// Milliseconds a server has to answer before the next is asked, or the same once more.
    public static let attemptTimeoutMilliseconds = 1000

    /// Rounds over the servers. The second waits twice as long.
    public static let attempts = 2

    /// Nanoseconds a caller waits at most, whatever the servers do.
    public static let lookupNanoseconds: UInt64 = 5_000_000_000

    /// Nanoseconds the second family is waited for once the first has answered (RFC 8305 §3).
    public static let resolutionDelayNanoseconds: UInt64 = 50_000_000

    /// An answer's least and longest life in nanoseconds: 1 s, so that a TTL of 0 does not ask for each
    /// connection; 1 h, so that a mistaken TTL of a month does not outlive its correction.
    public static let shortestLifeNanoseconds: UInt64 = 1_000_000_000
    public static let longestLifeNanoseconds: UInt64 = 3_600_000_000_000

    /// Life of an answer that one of the families is missing from for no good reason.
    public static let partialLifeNanoseconds: UInt64 = 10_000_000_000

    /// Life of "no such name" and "no address".
    public static let absenceNanoseconds: UInt64 = 5_000_000_000

    /// Life of a failure to find out, so that a broken server is not asked for each connection.
    public static let failureNanoseconds: UInt64 = 1_000_000_000

    /// How long an expired answer serves on when it cannot be renewed; it does so once.
    public static let staleNanoseconds: UInt64 = 300_000_000_000

    /// Least time between two readings of /etc/resolv.conf, which follow a failure: a laptop changes its
    /// network and a container its servers, and c-ares reads the file only when it starts.
    public static let reopenNanoseconds: UInt64 = 10_000_000_000
}
