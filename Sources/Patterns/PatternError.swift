/// Why a pattern was refused, in words for whoever wrote it.
public struct PatternError: Error, Equatable, Sendable {
    /// Lower case, without the pattern and without an end stop.
    public let reason: String

    /// Where in the pattern, in bytes from its beginning; nil when it is the pattern as a whole.
    public let offset: Int?

    init(_ reason: String, at offset: Int? = nil) {
        self.reason = reason
        self.offset = offset
    }
}
