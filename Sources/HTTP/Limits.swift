/// The bounds of one HTTP message and of an event stream, passed to each parser.
///
/// Every byte count is of wire bytes. A bound is the largest size that is still accepted.
public struct HTTPLimits: Sendable, Equatable {
    /// A request line or status line, without its line end: 8 KiB, what servers and proxies commonly
    /// take (RFC 9112 §3 asks for at least 8,000). Longer is 414.
    public var startLineByteCount = 8 * 1024

    /// A whole head, from the first byte to the empty line's end: 64 KiB. Inline policies travel in
    /// header fields and may be tens of KiB; nothing legitimate is larger. Longer is 431.
    public var headByteCount = 64 * 1024

    /// Field lines of one head, and of one trailer section: 100. SDKs send about 20, a browser behind
    /// two proxies about 40; the table is allocated for this many once. More is 431.
    public var fieldCount = 100

    /// Empty lines tolerated before a request line: 4. RFC 9112 §2.2 asks for at least one; more than a
    /// few is a peer that has lost its place.
    public var emptyLineCount = 4

    /// Chunk extensions of one body, all chunks together: 4 KiB. Nobody uses them; without a bound a
    /// body of one-byte chunks can carry any amount of bytes nobody counts (CVE-2023-39326).
    public var chunkExtensionByteCount = 4 * 1024

    /// A trailer section, its last empty line included: 8 KiB. Trailers are a checksum or a timing.
    public var trailerByteCount = 8 * 1024

    /// One line, or all data of one event, of a parsed event stream, or a whole message of Amazon's: 4 MiB. A generated image in
    /// base64 fits; the parser's memory for one stream is at most three times this. AWS allows messages of 16 MiB, which no
    /// model's deltas come near.
    public var eventByteCount = 4 * 1024 * 1024

    public init() {}

    /// The longest method name read before it is refused as unknown, in bytes. The longest registered
    /// one is `UPDATEREDIRECTREF`, the longest known here has 11.
    static let methodByteCount = 17

    /// Offsets into a head are 32-bit, which halves the field table.
    static let largestHeadByteCount = Int(Int32.max)
}
