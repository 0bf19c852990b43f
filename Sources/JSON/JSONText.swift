public import Bytes

/// What a value is, told by its first byte.
public enum JSONKind: UInt8, BitwiseCopyable, Sendable {
    case string, number, object, array, `true`, `false`, null
}

/// Verdicts on whole texts of any kind.
public enum JSONText {
    /// Judges `text`: one JSON value in UTF-8, white space around it and nothing else.
    /// - Source: RFC 8259; lone surrogate escapes are accepted (§8.2), a byte order mark is not (§8.1).
    public static func validate(_ text: ByteSlice, depthLimit: Int = JSONLimits.depth) throws(JSONError) {
        precondition(depthLimit >= 0 && depthLimit <= JSONLimits.deepest, "a depth limit is at most JSONLimits.deepest")
        try Grammar(base: text.base, end: text.count, depthLimit: depthLimit).textEnd(from: 0)
    }

    /// Past the value that `text` begins with; what comes behind it is not looked at.
    /// - Throws: the offset says how far was read.
    public static func valueEnd(_ text: ByteSlice, depthLimit: Int = JSONLimits.depth) throws(JSONError) -> Int {
        precondition(depthLimit >= 0 && depthLimit <= JSONLimits.deepest, "a depth limit is at most JSONLimits.deepest")
        return try Grammar(base: text.base, end: text.count, depthLimit: depthLimit).valueEnd(from: 0, under: 0).end
    }
}
