import Bytes

extension ByteWriter {
    /// Writes `bytes` as a JSON string, quotes included: controls escaped, and U+FFFD in place of
    /// what is not valid UTF-8 (RFC 8259 §7, §8.1).
    mutating func append(jsonText bytes: ByteSlice) {
        append(UInt8(ascii: "\""))
        var at = 0
        while at < bytes.count {
            let byte = bytes[at]
            switch byte {
            case UInt8(ascii: "\""): append("\\\"")
            case UInt8(ascii: "\\"): append("\\\\")
            case 0x0A: append("\\n")
            case 0x0D: append("\\r")
            case 0x09: append("\\t")
            case ..<0x20, 0x7F:
                append("\\u00")
                append(hexadecimalOf: bytes[at..<(at + 1)])
            case ..<0x80: append(byte)
            default:
                let sequence = UTF8Scan.sequence(bytes, at: at)
                if sequence.isWhole { append(bytes[at..<(at + sequence.count)]) } else { append("\u{FFFD}") }
                at += sequence.count
                continue
            }
            at += 1
        }
        append(UInt8(ascii: "\""))
    }
}

/// UTF-8 beyond ASCII, by the table of Unicode §3.9 (D92).
enum UTF8Scan {
    /// The sequence that begins at `at`, or as much of its beginning as one U+FFFD stands for.
    static func sequence(_ bytes: ByteSlice, at: Int) -> (isWhole: Bool, count: Int) {
        let lead = bytes[at]
        let width: Int
        switch lead {
        case 0xC2...0xDF: width = 2
        case 0xE0...0xEF: width = 3
        case 0xF0...0xF4: width = 4
        default: return (false, 1)
        }
        for offset in 1..<width {
            guard at + offset < bytes.count else { return (false, offset) }
            let allowed = offset == 1 ? secondByte(after: lead) : 0x80...0xBF
            guard allowed.contains(bytes[at + offset]) else { return (false, offset) }
        }
        return (true, width)
    }

    /// What may follow `lead`: no overlong forms, no surrogates, nothing past U+10FFFF.
    private static func secondByte(after lead: UInt8) -> ClosedRange<UInt8> {
        switch lead {
        case 0xE0: 0xA0...0xBF
        case 0xED: 0x80...0x9F
        case 0xF0: 0x90...0xBF
        case 0xF4: 0x80...0x8F
        default: 0x80...0xBF
        }
    }
}
