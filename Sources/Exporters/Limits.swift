/// Every bound of this module: number, unit, reason.
public enum ExporterLimits {
    /// Bytes of one batch, which is all that an exporter holds, past which it is full whatever it may have of records: a fifth of what OpenTelemetry's
    /// collector takes in one post.
    static let batchByteCount = 4 << 20

    /// Bytes of the journal that are looked through for records to send before the thread looks at anything else.
    static let scanByteCount = 16 << 20

    /// Attributes of one span from the metadata of its request.
    static let metadataCount = 64

    /// The fields of one post that are the exporter's own, in bytes.
    static let ownFieldsByteCount = 512

    /// Of an answer: what is read of it, and what is taken besides before the connection is closed.
    static let answerByteCount = 4096
    static let skippedByteCount = 64 << 10

    /// Characters of what a sink says of itself, in a line of the log.
    static let saidCount = 200

    /// Between two looks at the journal, where a batch may wait for longer; and between two while its sink is away.
    static let lookNanoseconds: UInt64 = 250_000_000
    static let awayLookNanoseconds: UInt64 = 1_000_000_000

    /// Until a sink that failed is tried again: twice as long after each try, a fifth more or less, so that gateways that failed together do not come together.
    static let firstRetryNanoseconds: UInt64 = 1_000_000_000
    static let longestRetryNanoseconds: UInt64 = 60_000_000_000

    /// The longest that a sink can ask to be left alone with Retry-After.
    static let longestAskedNanoseconds: UInt64 = 3_600_000_000_000

    /// Until an exporter that could not begin tries to, or looks whether another process has ended.
    static let beginNanoseconds: UInt64 = 1_000_000_000

    /// Between two times that a position is written where nothing was sent: what no sink wants is read again after a crash.
    static let saveNanoseconds: UInt64 = 5_000_000_000

    /// Between two lines about what a sink has refused for good.
    static let refusalNanoseconds: UInt64 = 60_000_000_000

    /// Bytes of a file of positions: the largest number of segments that a journal may have, and a line for each.
    static let positionByteCount = 64 << 20

    /// The end of a file that is looked at for a line that was cut: twice the longest that a record can be as JSON.
    static let tornByteCount = 128 << 10

    /// For what is recorded when the process ends; what is not sent by then is sent after the next start.
    static let finalNanoseconds: UInt64 = 800_000_000
    public static let endMilliseconds = 1000
}
