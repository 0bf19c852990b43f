import JSON

/// Bounds of a routing config and of what it compiles to.
public enum PolicyLimits {
    /// Bytes of one config's text: as much as the document parser reads.
    public static let textByteCount = DocumentLimits.textByteCount

    /// Levels of `targets` inside `targets`, the config itself being the first. Real ones have three.
    public static let depth = 8

    /// Targets of one config, strategies included.
    public static let targetCount = 256

    /// Repeats of one target. More would hold a client longer than it waits: 1 + 2 + 4 + 8 + 16 s already.
    public static let retryAttemptCount = 5

    /// Milliseconds all waits before repeats of one request may take together: what a client's own time-out bears.
    public static let retryWaitMilliseconds: Int64 = 60_000

    /// Milliseconds a breaker stays open at first: under a tenth of a second it protects nothing, over an hour it is a removal.
    public static let cooldownMilliseconds: ClosedRange<Int64> = 100...3_600_000

    /// Rows of all queries of one config, operands apart.
    public static let queryCount = 256

    /// Patterns of one config in a header: each may take a second to compile, while others' wait.
    public static let headerPatternCount = 16

    /// Bytes of a member of the body that are searched for what is deeper in it: each test looks anew.
    public static let searchedByteCount = 64 << 10

    /// Levels of `$and` and `$or` in one query.
    public static let queryDepth = 8

    /// Values of one `$in` or `$nin`.
    public static let operandCount = 256

    /// Fields one sticky choice hashes.
    public static let hashFieldCount = 8

    /// Bytes of system, tools and first message each that prefix affinity hashes: what stays the same in a conversation.
    public static let affinityPrefixByteCount: Int64 = 4096

    /// Credentials of one target's pool.
    public static let poolCount = 64

    /// A weight: far above any that tells targets apart, and sums of 256 stay exact.
    public static let weight = 1_000_000.0

    /// Override parameters of one target, its ancestors' included. No dialect has more fields.
    public static let overrideCount = 128

    /// Client header fields one target copies upstream; a request has at most 100.
    public static let forwardHeaderCount = 64

    /// Bytes of a credential or of a provider option, which travel in one header line.
    public static let credentialByteCount = 4096

    /// Bytes of a service account's key file: 2.4 KiB, twice that with the longest key.
    public static let accountByteCount = 8 << 10
    /// Bytes of the name of a cloud's region, as `us-gov-west-1`: it becomes part of a host name.
    public static let regionByteCount = 48

    /// Bytes of a role's ARN, and of the external id it is assumed with: the most AWS takes.
    public static let roleByteCount = 2048
    public static let externalIDByteCount = 1224

    /// Bytes of a bucket's name: Cloud Storage's may have 222, S3's 63.
    public static let bucketByteCount = 222

    /// Bytes of an object's key: the most S3 and Cloud Storage take.
    public static let objectKeyByteCount = 1024

    /// Bytes of a custom host. The line of a request head has 8 KiB for host and path together.
    public static let customHostByteCount = 2048

    /// Bytes of the name of a provider, a virtual key or a config.
    public static let nameByteCount = 64

    /// Policies of the file, and as many of a store.
    public static let policyCount = 256

    /// Conditions of a policy, values of a condition, bytes of a value, and what a policy is grouped by.
    public static let policyConditionCount = 32
    public static let policyValueCount = 256
    public static let policyValueByteCount = 256
    public static let policyGroupCount = 8

    /// Budgets, and rate limits, of one key, virtual key, workspace or integration.
    public static let spendingLimitCount = 4

    /// Thresholds of one budget: the ledger's.
    public static let alertThresholdCount = 4

    /// The largest budget, the ledger's: in nano-dollars, 18 million dollars; in tokens and requests more than anybody has.
    public static let spendingAmount: Int64 = 18_014_398_509_481_983

    /// The longest period of a budget, in days.
    public static let resetDays: Int64 = 366

    /// The largest rate limit, the ledger's.
    public static let rateCount: Int64 = 17_592_186_044_415

    /// Events a second that a kept stream is given again at: one each millisecond, the step of the workers' timers.
    public static let cacheReplayEventsPerSecond: Int64 = 1000

    /// Seconds a cached answer may be kept for: ten years.
    public static let cacheAgeSeconds: Int64 = 315_360_000

    /// Seconds a cached answer is kept for where the config does not say: a day, as the reference has it.
    public static let defaultCacheAgeSeconds: UInt32 = 86_400

    /// Milliseconds a target may take to answer: a day, which is a mistake already.
    public static let requestTimeoutMilliseconds: Int64 = 86_400_000
}
