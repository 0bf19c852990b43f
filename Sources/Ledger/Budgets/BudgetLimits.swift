/// Bounds of the budget ledger, and of the files of shared memory that it and the rate limits live in.
public enum BudgetLimits {
    /// Budgets of one request: up to four each of key, workspace, virtual key and integration, and as many policies as two of them. Each costs a
    /// compare-exchange or two.
    public static let budgetsPerRequest = 24

    /// Budgets that one entry of an open reservation lists: a request takes as many entries as it needs.
    static let holdingsPerEntry = 8

    /// Budgets a ledger remembers at once, one for each value of a grouped policy: 8 MiB of file.
    public static let defaultSlotCount = 1 << 16

    /// The most it can be made for: 128 MiB of file, which must stay in memory.
    public static let largestSlotCount = 1 << 20

    /// Reservations open at once, in all processes: the requests that two may have under way during an upgrade (`limits.in_flight`). 5 MiB of file.
    public static let defaultOpenCount = 1 << 15

    /// The most it can be made for.
    public static let largestOpenCount = 1 << 16

    /// The largest cap, and the most that may be spent or reserved in one window: 2⁵⁴ − 1, which is 18 million dollars in nano-dollars. Both
    /// sums and the window share one atomic word of 128 bits.
    public static let largestAmount: Int64 = 18_014_398_509_481_983

    /// Thresholds one budget may raise an alert at.
    public static let alertThresholds = 4

    /// Days of the longest period of `everyDays`, a leap year's.
    public static let longestPeriodDays = 366

    /// Days a window has been over before its slot may be another's: whoever still holds on to it has long given up.
    static let retiredAfterDays = 2

    /// Slots that are looked at for one key. With nine in ten taken, one key in 700,000 finds none free.
    static let probeCount = 128

    /// A grant against power loss is one part in so many of the cap, which is what a budget may lose when the power goes.
    static let grantShare: Int64 = 64

    /// It holds so many requests like the last, though, so that budgets of a few requests do not wait for the disk at each.
    static let grantedRequests: Int64 = 4

    /// Processes that have a ledger open at once. Two are usual, during an upgrade.
    static let processCount = 64

    /// Bytes that are kept of a value which an account is of: more than metadata has on the wire.
    public static let accountValueByteCount = 256

    /// Names of accounts that are no more, in their file, before it is written anew.
    static let deadNames = 1024

    /// Entries of open reservations that a worker takes at once: the bits of a word.
    static let entriesPerBlock = 64
}
