/// Bounds of rows derived from the journal, and of what is asked of them.
public enum AnalyticsLimits {
    /// Records that one transaction takes.
    static let batchRecords = 4096

    /// Rows whose columns lie together: enough that few are begun, and what has none yet is read quickly.
    static let chunkRows = 4096

    /// Kinds, texts and metadata whose numbers one day's file remembers: some ten megabytes.
    static let rememberedTerms = 1 << 16

    /// Between two looks into the journal.
    static let intervalMilliseconds: Int32 = 250

    /// Between two tries to write rows where it failed.
    static let faultMilliseconds: Int32 = 2000

    /// Between two looks for day files that are too old.
    static let upkeepNanoseconds: UInt64 = 60_000_000_000

    /// For another process's transaction.
    static let busySeconds = 10.0

    /// Between two tries to open a file that another is just making.
    static let busyPauseMicroseconds: UInt32 = 20_000

    /// Day files that are held open: a month, and a few for what is asked of days before.
    static let openDays = 40

    /// Days that one question may span.
    public static let dayCount = 3660

    /// Points of one graph: minutes of three hours, hours of a week, or days.
    static let minutesOfGraph: Int64 = 180
    static let hoursOfGraph: Int64 = 168

    /// Groups that one question may come to before they are paged: users, values of metadata.
    public static let groupCount = 1_000_000

    /// The most that a sum of requests, tokens or microseconds says: what every reader of JSON has exactly.
    public static let largestSum: Int64 = 1 << 53

    /// The most that a sum of money says, in nano-dollars: four billion dollars.
    public static let largestCost: Int64 = 1 << 62

    /// Rows of one page of logs.
    public static let pageRowCount = 1000

    /// Spans of one trace that are shown: more than people look through, and a megabyte of them.
    public static let traceSpanCount = 2000

    /// Requests that are looked at for a list of traces: some tens of milliseconds.
    static let traceRowCount = 20_000

    /// Days of one trace, the latest first.
    static let traceDayCount = 40

    /// Rows that are looked at for the own requests of what one body tells of, questions among them: some hundred milliseconds, a second
    /// or two where nearly all are of other workspaces. Calls behind those are counted.
    public static let ownSpanRowCount = 20_000

    /// The same of one trace, so that a large one leaves some to others.
    static let ownSpanRowCountOfTrace = 5000

    /// Rows of other workspaces in the same traces that count as one of them: they are passed over, and not read.
    static let othersRowsOfOne = 16

    /// Values of one filter.
    public static let filterValueCount = 64

    /// Bytes that all feedback may take: some millions at their longest, and more than people give in the days that are kept.
    static let feedbackByteCount = 4 << 30

    /// Feedback that is shown with one log.
    static let feedbackOfLogCount = 100

    /// Bytes of a trace, as a record has it of `x-portkey-trace-id`; what is longer is cut.
    static let traceByteCount = 128

    /// Between two looks into the rings of bodies: a ring has room for what comes in ten times as long.
    static let bodyIntervalMilliseconds: Int32 = 20

    /// The same where nothing has come for a second.
    static let bodyIdleMilliseconds: Int32 = 100
    static let bodyIdleNanoseconds: UInt64 = 1_000_000_000

    /// What bodies leave of a disk to the journal and the rows: so much, or a twentieth of a small one.
    static let bodyFloorByteCount: Int64 = 1 << 30
    static let bodyFloorShare: Int64 = 20

    /// From a request's end until its bodies are written, at most, while the disk keeps up: a look, a batch, and some time to write.
    public static let bodyDelayMilliseconds: Int32 = 500

    /// What is compressed and not yet written, before it is written at once; of what others have told of, what is taken between two looks into the rings.
    static let bodyBatchByteCount = 4 << 20

    /// Between two looks for files of bodies that are too old or take too much.
    static let bodyUpkeepNanoseconds: UInt64 = 10_000_000_000

    /// What others have told of may take in memory until the thread takes it, cut as it is kept: what some requests with spans bring, each of up to 16 MiB.
    static let toldBodiesByteCount = 32 << 20

    /// Files of bodies that are held open: an hour's each, and those that are asked for.
    static let openBodyFiles = 8

    /// What bodies of one request come to at most before they are compressed: three of the longest that may be set, and their heads.
    static let bodiesByteCount = 16 << 20

    /// Zstandard's own: what a record costs beside it is small, and what a higher one spares as well.
    static let zstdLevel: Int32 = 3
}
