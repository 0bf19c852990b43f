public import Bytes
import CHyperscan
import Synchronization

/// A regular expression, compiled: JavaScript's syntax, matched in time linear in the text.
///
/// It matches where `RegExp.test` would, anywhere in a text, with the differences that linear time and UTF-8 ask for:
/// - look-around, back-references and Unicode properties are refused; so are `^` and `$` where they could never hold;
/// - a character is a Unicode scalar, as under the flag `u`, and `.` matches U+2028 and U+2029;
/// - `(?i)`, `(?m)` and `(?s)` may stand anywhere, and hold to the end of their group.
///
/// A text may be any bytes. The expression is compiled over the bytes of UTF-8, not in Hyperscan's own UTF-8 mode, whose
/// behaviour for others is undefined; bytes that are no UTF-8 are passed over like characters that nothing names.
///
/// Immutable, so any thread may match with it. Compiling takes a millisecond as a rule and a second at worst: not for a worker's loop.
public final class Pattern: Sendable {
    /// Hyperscan's database, which nothing writes once it is made.
    nonisolated(unsafe) let database: OpaquePointer

    /// No two patterns of a process have the same.
    let identity: UInt64

    /// Gives identities; any thread adds, and only that each is given once matters, so it is relaxed. The first is 1.
    static let identities = Atomic<UInt64>(0)

    /// Whether this processor has what Hyperscan is built for (SSSE3).
    static let isPlatformSupported = hs_valid_platform() == HS_SUCCESS

    /// - Throws: why the text is no pattern, or none that can be compiled.
    public convenience init(_ text: String, options: PatternOptions = []) throws(PatternError) {
        try self.init(Array(text.utf8), options, isPlatformSupported: Pattern.isPlatformSupported)
    }

    /// - Throws: why the text is no pattern, or none that can be compiled.
    public convenience init(_ text: ByteSlice, options: PatternOptions = []) throws(PatternError) {
        // One too long is not copied.
        try self.init(
            [UInt8](text.prefix(min(text.count, PatternLimits.textByteCount + 1))), options, isPlatformSupported: Pattern.isPlatformSupported)
    }

    init(_ text: [UInt8], _ options: PatternOptions, isPlatformSupported: Bool) throws(PatternError) {
        guard isPlatformSupported else { throw Pattern.unsupported }
        guard text.count <= PatternLimits.textByteCount else {
            throw PatternError("a pattern has at most \(PatternLimits.textByteCount) bytes", at: PatternLimits.textByteCount)
        }
        var reader = try PatternReader(text, options)
        database = try Pattern.compiled(try reader.read().text)
        identity = Pattern.identities.add(1, ordering: .relaxed).newValue
    }

    deinit { hs_free_database(database) }

    private static func compiled(_ expression: [UInt8]) throws(PatternError) -> OpaquePointer {
        var database: OpaquePointer?
        var words = [CChar](repeating: 0, count: 256)
        // The reader writes no NUL: it quotes it.
        let text = expression.map { CChar(bitPattern: $0) } + [0]
        let code = hyperscan_compile(text, &database, &words, words.count)
        guard code == HS_SUCCESS, let database else {
            throw PatternError(reason(code, String(decoding: words.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)))
        }
        var byteCount = 0
        guard hs_database_size(database, &byteCount) == HS_SUCCESS, byteCount <= PatternLimits.databaseByteCount else {
            hs_free_database(database)
            throw PatternError(tooLarge)
        }
        return database
    }

    static let unsupported = PatternError("patterns need a processor with SSSE3, which this one lacks")

    private static let tooLarge = "the pattern is too large when compiled; shorten it, or lower its repeat counts"

    /// The compiler's words in ours. Places it names are those of the expression that the reader wrote, so they are left out.
    private static func reason(_ code: CInt, _ words: String) -> String {
        if code == HS_NOMEM { return "no memory to compile the pattern" }
        if words.hasPrefix("Embedded start anchors") { return "`^` can stand only where a match can begin" }
        if words.hasPrefix("Embedded end anchors") { return "`$` can stand only where a match can end" }
        if words.hasPrefix("Pattern can never match") { return "the pattern can never match" }
        let isLarge = ["too large", "too long", "exceeds limit", "Resource limit"].contains { words.contains($0) }
        return isLarge ? tooLarge : "the pattern cannot be compiled: \(words)"
    }

    /// Whether the pattern matches anywhere in `text`. Allocates nothing once `scratch` fits.
    ///
    /// False also where memory to make it fit is missing, or past 4 GiB of text.
    public func matches(_ text: ByteSlice, _ scratch: inout PatternScratch) -> Bool { search(text, &scratch) ?? false }

    /// The same, but nil where it could not be told: memory is missing, or the text is past 4 GiB.
    public func search(_ text: ByteSlice, _ scratch: inout PatternScratch) -> Bool? {
        guard let space = scratch.space(for: database, identity) else { return nil }
        switch hyperscan_contains(database, text.base, text.count, space) {
        case 1: return true
        case 0: return false
        default: return nil
        }
    }
}
