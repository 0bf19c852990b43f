/// Bounds and constants of what is known of upstream targets.
public enum HealthLimits {
    /// Targets the process remembers, and as many retry budgets: about 1 KiB each. A file of configs has hundreds;
    /// inline configs may name any number.
    public static let entryCount = 4096

    /// Buckets of the window in which successes and failures are counted.
    static let windowBucketCount = 10

    /// Length of one bucket; ten are the longest window a breaker can look back on. The same for all policies, since targets
    /// are shared between configs.
    static let windowBucketNanoseconds: UInt64 = 6_000_000_000

    /// The longest a breaker stays open, jitter apart, however often its probes failed: an outage is over some time.
    static let longestCooldownNanoseconds: UInt64 = 600_000_000_000

    /// How long a probe that says nothing keeps others out. Its exchange reports or abandons it long before; this is for one
    /// that is lost.
    static let probeHoldNanoseconds: UInt64 = 120_000_000_000

    /// The longest a provider's word that a quota is spent is believed. Resets may be a day away; one refused request an hour
    /// costs less than a mistaken header.
    static let longestParkNanoseconds: UInt64 = 3_600_000_000_000

    /// How long a remaining quota holds when the provider does not say when it resets: rates are by the minute.
    static let quotaLifeNanoseconds: UInt64 = 60_000_000_000

    /// The time in which an estimate of latency forgets 63 % of an old sample, while new ones come.
    static let latencyDecayNanoseconds: UInt64 = 10_000_000_000

    /// How long an estimate without new samples stands as it is.
    static let latencyGraceNanoseconds: UInt64 = 1_000_000_000

    /// The time in which it then loses 63 % of what it is above the estimate of an unknown target: one that was ten times
    /// slower than others is tried again after 6 to 8 s, sooner when they are busy.
    static let latencyIdleDecayNanoseconds: UInt64 = 2_000_000_000

    /// Time to the first token of a target without samples: what a fast model needs. It is tried soon, but counts in flight as
    /// much as others do, so that not all requests go there at once.
    static let unknownFirstTokenNanoseconds: UInt64 = 200_000_000

    /// Time for each further token of a target without samples: a fast model's.
    static let unknownOutputTokenNanoseconds: UInt64 = 10_000_000

    /// Output tokens that a score charges for. A short answer's: more would drown the time to the first token, which is what
    /// people wait for.
    static let scoredTokenCount: UInt64 = 32

    /// Buckets of the histogram of times to the first token: four to each doubling, from 1 ms to 68 s.
    static let histogramBucketCount = 64

    /// The time in which the histogram forgets half of its samples.
    static let histogramHalfLifeNanoseconds: UInt64 = 120_000_000_000

    /// Samples below which a quantile is unknown: of 20, one is above the 95th percentile.
    static let quantileSampleCount: UInt64 = 20

    /// What a first try pays into a retry budget, in thousandths of a retry: at most one retry to five requests (Finagle's).
    static let retryDepositThousandths: UInt32 = 200

    /// What a first try pays into a hedging budget, in thousandths: at most one hedge to twenty requests.
    static let hedgeDepositThousandths: UInt32 = 50

    /// The most a budget holds, in thousandths: a hundred retries at once, however long all went well before.
    static let budgetCapThousandths: UInt32 = 100_000

    /// What a retry budget starts with and is filled up to by time alone, in thousandths: ten retries, so that a target with
    /// little traffic has its retries.
    static let retryReserveThousandths: UInt32 = 10_000

    /// How long time takes to bring a thousandth of that back: a retry every ten seconds. Envoy's and Finagle's three a second
    /// would double the load of a failing target that gets three requests a second.
    static let retryRefillMilliseconds: UInt32 = 10

    /// What a hedging budget starts with, in thousandths; time adds nothing, a hedge is a luxury.
    static let hedgeReserveThousandths: UInt32 = 1000
}
