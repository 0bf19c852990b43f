public import Bytes

extension ByteWriter {
    /// Appends `text` as a JSON string, quotes included.
    ///
    /// The result is valid JSON for any bytes: quotes, backslashes and control bytes are escaped, and each
    /// byte that is no part of valid UTF-8 becomes U+FFFD.
    public mutating func append(jsonString text: ByteSlice) {
        append(UInt8(ascii: "\""))
        append(jsonContent: text)
        append(UInt8(ascii: "\""))
    }

    /// The same without the quotes, for a string put together from parts. A character must not straddle two parts.
    public mutating func append(jsonContent text: ByteSlice) {
        var at = 0
        while at < text.count {
            let stop = firstIndex(of: NotPlain.self, in: text.base, from: at, to: text.count)
            if stop > at { append(text[at..<stop]) }
            if stop == text.count { return }
            at = stop
            if text[at] < 0x80 {
                appendEscape(of: text[at])
                at += 1
                continue
            }
            let length = UTF8Sequence.length(at: text.base + at, atMost: text.count - at)
            if length > 0 { append(text[at..<at + length]) } else { append("\u{FFFD}") }
            at += max(length, 1)
        }
    }

    private mutating func appendEscape(of byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): append("\\\"")
        case UInt8(ascii: "\\"): append("\\\\")
        case 0x0A: append("\\n")
        case 0x0D: append("\\r")
        case 0x09: append("\\t")
        default:
            append("\\u00")
            append(byte < 0x10 ? "0" : "1")
            append(hexadecimal: UInt64(byte & 15))
        }
    }
}
