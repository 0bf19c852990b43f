/// Every bound of this module: number, unit, reason.
public enum PatternLimits {
    /// Bytes of one pattern's text. Those people write have some hundred.
    public static let textByteCount = 4096

    /// Groups inside groups. Hyperscan takes time by the power of two for `((a)*)*`: 128 s for 32 of them, 1 ms for these.
    static let depth = 12

    /// Byte classes of a pattern with its repeats written out: what its compile time and its database grow with.
    static let positionCount = 1024

    /// Byte classes of what is repeated without end.
    static let loopPositionCount = 384

    /// The same where it holds such a repeat itself: the compiler takes time by the cube of it, 8 s for 400 and a quarter second for 100.
    static let nestedLoopPositionCount = 128

    /// Pairs of byte classes that may follow each other; by these a compile takes seconds for some patterns of few positions.
    static let edgeCount = 8192

    /// Anchors and word boundaries, repeats written out. Some thousand of them took 44 s and 1.5 GB.
    static let assertionCount = 128

    /// Bytes of one compiled pattern.
    static let databaseByteCount = 1 << 20

    /// Patterns a scratch remembers to fit (8 bytes each). One more than these is looked at anew each time.
    static let fittedCount = 1024

    /// Words of one set.
    public static let wordCount = 1024

    /// Bytes of one word.
    public static let wordByteCount = 1024

    /// Bytes of all words of a set: their database grows with them.
    public static let wordsByteCount = 64 << 10
}
