/// Bounds of what is written of requests, and of where.
public enum BooksLimits {
    /// What one worker's records may take while they wait for the disk: some ten thousand of the usual size, so that a disk that stalls
    /// for a second is not noticed.
    public static let ringByteCount = 4 << 20

    /// The longest record: its metadata, its attempts and what its guardrails came to at their longest, 8 KiB, and 2 KiB for all other texts.
    public static let recordByteCount = 10 << 10

    /// The longest text of a record but its metadata, its attempts and its guardrails; what is longer is cut.
    public static let textByteCount = 512

    /// Metadata of one request, in bytes of JSON; what is longer is left out, and the record says so.
    public static let metadataByteCount = 4096

    /// What of the metadata lies in the request itself; what is longer is copied apart.
    public static let shortMetadataByteCount = 192

    /// The attempts of one record: eight, each with its target's path, its credential, two words, its times and what it took; what is longer is left out.
    public static let attemptsByteCount = 2560

    /// What the guardrails of one record came to: some twenty, each with its id and three words; what is longer is left out.
    public static let guardrailsByteCount = 1536

    /// Characters of a value of metadata; what is longer is cut when it is read (the wire reference §3.1).
    public static let metadataValueCount = 128

    /// Records that are due although the ring is full, of requests that were let in before it was: as many as may be under way.
    public static let overdueRecords = 65_536

    /// What one request may have cost, in nano-dollars, nine million dollars: what every reader of JSON has exactly, so that no sum of a record overflows.
    public static let cost: Int64 = 1 << 53

    /// Between two looks into the rings: what a `kill -9` may lose of answers that were sent.
    public static let intervalMilliseconds: Int32 = 20

    /// What somebody waits at most for the journal to have what was recorded, and for that to have rows: several times what they take while the disk keeps up.
    public static let settlingWaitNanoseconds: UInt64 = 200_000_000

    /// Of a batch that is written with one call.
    static let batchByteCount = 1 << 20

    /// Between two tries to write where the disk failed.
    static let faultMilliseconds: Int32 = 200

    /// Between two looks for segments that are too old, or whose process has ended.
    static let upkeepNanoseconds: UInt64 = 5_000_000_000

    /// Of a process, until it removes what is too old: the wall clock of a machine that has just started may be far off.
    public static let settlingNanoseconds: UInt64 = 600_000_000_000

    /// Segments that one folder may have: at the smallest size that may be set, and the largest sum.
    static let segmentCount = 1 << 20

    /// What a reader takes of a segment at once.
    static let readByteCount = 256 << 10

    /// What one worker's bodies may take while they wait for the thread that keeps them: one request, what was sent and one answer at the longest
    /// that may be set, or a second of streams. It is memory only where it has been used.
    public static let bodyRingByteCount = 8 << 20

    /// Of that, what is left for the ends of exchanges of which something was dropped: more than may be under way.
    static let bodyEndsByteCount = 64 << 10

    /// Bytes of one part that are copied at once: what a read of an answer brings.
    static let bodyPieceByteCount = 64 << 10

    /// A head that is kept beside a body, with room for the framing of what follows.
    public static let bodyHeadByteCount = 64 << 10

    /// Bytes of a stream that are kept to be put together: most of them say again and again what is said once in the whole.
    public static let bodyStreamByteCount = 8 << 20

    /// What exchanges under way may have here before they end; the oldest are given up past it.
    public static let bodyAssemblyByteCount = 128 << 20

    /// What is written around a stream's texts when they are put together.
    static let wholeSlackByteCount = 16 << 10

    /// Between two looks of who follows the journal.
    public static let followMilliseconds: Int32 = 100
}
