import Bytes

/// The elements of a JSON array, as ranges of the valid text it stands in.
struct ArrayElements {
    private let text: ByteSlice
    private var at: Int
    private let end: Int

    /// - Parameter range: a value of `text`, which has been judged valid; no array has no elements.
    init(_ text: ByteSlice, _ range: Range<Int>) {
        self.text = text
        end = range.upperBound
        at = !range.isEmpty && text[range.lowerBound] == UInt8(ascii: "[") ? range.lowerBound + 1 : range.upperBound
    }

    mutating func next() -> Range<Int>? {
        while at < end, ArrayElements.separates(text[at]) { at += 1 }
        guard at < end, text[at] != UInt8(ascii: "]") else { return nil }
        let start = at
        var depth = 0
        while at < end {
            let byte = text[at]
            switch byte {
            case UInt8(ascii: "\""): skipString()
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                depth += 1
                at += 1
            case UInt8(ascii: "]") where depth == 0: return start..<at
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                depth -= 1
                at += 1
            case _ where depth == 0 && ArrayElements.separates(byte): return start..<at
            default: at += 1
            }
        }
        return start..<at
    }

    private mutating func skipString() {
        at += 1
        while at < end {
            let byte = text[at]
            at += 1
            if byte == UInt8(ascii: "\"") { return }
            if byte == UInt8(ascii: "\\") { at += 1 }
        }
        at = min(at, end)
    }

    private static func separates(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ",") || byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }
}
