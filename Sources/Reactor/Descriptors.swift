import Glibc

/// The descriptors of this process.
public enum Descriptors {
    /// How many it may have open; nil when there is no such limit.
    public static func limit() -> Int? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        // RLIM_INFINITY is the largest number there is.
        return Int(exactly: limit.rlim_cur)
    }
}
