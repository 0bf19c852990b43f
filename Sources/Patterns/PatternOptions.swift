/// How a pattern is read: the flags of a JavaScript `RegExp` that change what it matches.
public struct PatternOptions: OptionSet, Sendable, Hashable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// `i`: letters match in either case.
    public static let ignoresCase = PatternOptions(rawValue: 1)

    /// `m`: `^` and `$` match at line ends too; a line ends with `\n`.
    public static let isMultiline = PatternOptions(rawValue: 2)

    /// `s`: `.` matches line ends too.
    public static let dotMatchesAll = PatternOptions(rawValue: 4)
}
