public import Bytes

/// Names of which one may be used: each as it is written or, with `*` at its end, all that begin so. None are no restriction.
public struct NamePatterns: Sendable {
    private struct Pattern: Sendable {
        let text: [UInt8]
        let isBeginning: Bool
    }

    private let patterns: [Pattern]

    public init(_ texts: [String]) {
        patterns = texts.map { text in
            let isBeginning = text.utf8.last == UInt8(ascii: "*")
            return Pattern(text: Array(isBeginning ? text.utf8.dropLast() : text.utf8[...]), isBeginning: isBeginning)
        }
    }

    public var isEmpty: Bool { patterns.isEmpty }

    /// Whether one of them is meant by `name`; what has no name is meant by none.
    public func include(_ name: ByteSlice) -> Bool {
        if name.isEmpty { return false }
        for pattern in patterns {
            let isMeant = pattern.text.withByteSlice { text in
                pattern.isBeginning ? name.count >= text.count && name.prefix(text.count) == text : name == text
            }
            if isMeant { return true }
        }
        return false
    }
}
