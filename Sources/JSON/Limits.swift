/// Every bound of this module: number, unit, reason.
public enum JSONLimits {
    /// Levels of nesting a text may have: far more than a tool's schema needs, and few enough
    /// for an upstream whose parser recurses.
    public static let depth = 512

    /// The highest depth limit that may be asked for: levels the nesting bitmap has room for.
    public static let deepest = 1024

    /// Top-level members one scan records (40 bytes each): several times what the providers' APIs define.
    public static let members = 256

    /// Names one scan watches for; one bit each in a word.
    public static let names = 64

    /// Bytes of one watched name, so that an escaped key is decoded into a fixed place.
    public static let nameByteCount = 64

    /// Edits one splice holds: overrides, model, stream options, with room to spare.
    public static let edits = 64

    /// Bytes of a captured member's value: room for a `usage` object of some forty counters.
    public static let capturedByteCount = 2048

    /// Values and names of a text that is translated (16 bytes each, 16 MB at most): some 200,000 messages, or
    /// the numbers of 300 embeddings of 3,072.
    public static let tapeNodes = 1 << 20

    /// Bytes of a number's text that is read as a double: every double is told exactly by fewer.
    public static let doubleByteCount = 1100

    /// Objects and arrays a writer may have open: one bit each in a word.
    public static let openContainers = 64
}
