/// Bounds of answers that are being fetched for several requests.
public enum FlightLimits {
    /// The first piece of an answer's log: most answers of a chat need no second. Each later one is twice the one before.
    static let firstPieceByteCount = 8 << 10

    /// Pieces of one log, 32 MiB together: the longest streams, of 128,000 tokens in events of 250 bytes each. A longer answer goes to
    /// the request that asked first, and is cut for those that had joined it.
    static let pieces = 12

    /// Places of the table that joins are found by, 8 bytes each. Of a thousand answers being fetched at once thirty find theirs taken
    /// and cannot be joined.
    static let places = 32_768

    /// Workers that may follow one flight, one bit each: as many as a process may have.
    public static let workers = 256
}
