/// Bounds of the console.
public enum ConsoleLimits {
    /// Bytes of a request's body: the largest config, of 256 KiB, and a few members beside it.
    public static let bodyByteCount = 272 << 10
    /// Values in a body: a config's, and a few beside it.
    public static let bodyNodeCount = 65_536
    /// Bytes of a request's query.
    public static let queryByteCount = 8192
    /// Bytes of a parameter that lists values: half of a query.
    static let listByteCount = 4096
    /// Bytes of a path: the longest route, and names in it.
    public static let pathByteCount = 1024

    /// Faults told of one body.
    static let faultCount = 16

    /// Bytes of a name, as the store takes.
    static let nameByteCount = 256
    /// Bytes of a description or a note, as the store takes.
    static let descriptionByteCount = 4096
    /// Bytes of an id or a slug.
    static let identifierByteCount = 64
    /// Bytes of an e-mail address (RFC 5321 §4.5.3.1.3).
    static let emailByteCount = 254
    /// Bytes of a provider's credential or a reference to one.
    static let credentialByteCount = 65_536
    /// Bytes of one entry of a list: a scope, a model, a network.
    static let entryByteCount = 256
    /// Entries of a list, as the store takes.
    static let entryCount = 256
    /// The largest multiplier of prices: the ledger's.
    static let priceMultiplier: Int64 = 1000
    /// Bytes of a value of metadata, as on the wire.
    static let metadataByteCount = 128
    /// All of a key's or a workspace's metadata, in bytes of JSON: a record has room for both.
    static let metadataTextByteCount = 2048
    /// Pairs of metadata.
    static let metadataCount = 64
    /// Limits of usage of one object: one of each kind.
    static let usageLimitCount = 3
    /// Dollars of a budget: what fits the ledger in nano-dollars.
    static let budgetDollars: Int64 = 18_014_398
    /// Tokens or requests of a budget.
    static let countedAmount: Int64 = 18_014_398_509_481
    /// Rows of a page.
    static let pageRowCount: Int64 = 1000
    /// Rows of a page when none are asked for.
    static let usualPageRowCount: Int64 = 100
    /// Pages: what the store counts rows by.
    static let pageCount: Int64 = 131_072
    /// Milliseconds for which a rotated key's secret before still opens, at most: 30 days.
    static let transitionMilliseconds: Int64 = 2_592_000_000
    /// Members that a workspace is given in one request.
    static let memberCount = 256
    /// Bytes of a label's name, as the store takes.
    static let labelByteCount = 64
    /// Bytes of a version of a prompt: its template and what goes with it, as the store takes.
    static let templateByteCount = 256 << 10
    /// Versions of a prompt, as the store takes.
    static let versionCount: Int64 = 4096
    /// Versions on a page: each comes with what it says, and a page of the longest is 25 MB.
    static let versionRowCount: Int64 = 100
    /// Feedback that is given in one request: what a body has room for.
    static let feedbackCount = 1000
    /// Bytes of a body that tells of requests: one with a long conversation in it, or several.
    public static let reportByteCount = 1 << 20
    /// Requests that one body tells of.
    static let reportCount = 1000
    /// Bytes of its URL.
    static let reportURLByteCount = 8192
    /// Fields of its head, and of its answer's, that are kept, and bytes of a head: as many as of a request of our own.
    static let reportFieldCount = 100
    static let reportHeadByteCount = 64 << 10
    /// Bytes of a body of spans or log records as it is sent: a batch of 512 spans with 8 KiB of messages each.
    public static let telemetryByteCount = 4 << 20
    /// Bytes of the same when it is unpacked: messages become a quarter, mostly.
    static let unpackedTelemetryByteCount = 16 << 20
    /// Nanoseconds for which a span may have begun before it was told of: its record is found by the day on which it was written.
    static let spanAgeNanoseconds: UInt64 = 3_600_000_000_000
    /// Milliseconds for which a call may have begun before its span is told of, for its request to be looked for on its day: a week, as exporters that could
    /// not send for long may keep it.
    static let ownCallMilliseconds: Int64 = 604_800_000
    /// A body that is shown as JSON: the longest that is kept, and the values in it; one with more is shown as text.
    static let shownBodyByteCount = 2 << 20
    static let shownBodyNodeCount = 1 << 18
    /// Rows of one part of a file or a tail: a few are read in a millisecond, and others are answered between two.
    static let exportRowCount = 64
    /// The same with requests and answers in them, each of which may be megabytes.
    static let exportBodyRowCount = 4
    /// Seconds for which a link to a file opens.
    static let exportLinkSeconds: Int64 = 3600
    /// Milliseconds after which it is looked again whether who follows a tail still may: it is told so by a comment, which keeps proxies from closing it.
    static let tailCheckMilliseconds: Int64 = 15_000
    /// Milliseconds that a request took which is told of: a day.
    static let reportMilliseconds = 86_400_000.0
    /// Traces on a page: each is read whole.
    static let traceRowCount: Int64 = 100
    static let usualTraceRowCount = 20
    /// Spans within each other that a trace is written with: some readers of JSON follow 64 levels, and a span takes two. What is deeper stands beside
    /// the last.
    static let traceDepth = 30
}
