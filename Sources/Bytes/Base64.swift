extension ByteWriter {
    /// The bytes in base64, padded (RFC 4648 §4).
    public mutating func append(base64 bytes: ByteSlice) {
        let alphabet = ByteSlice("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var at = 0
        while at < bytes.count {
            let left = bytes.count - at
            let second = left > 1 ? bytes[at + 1] : 0
            let third = left > 2 ? bytes[at + 2] : 0
            let group = Int(bytes[at]) << 16 | Int(second) << 8 | Int(third)
            append(alphabet[group >> 18])
            append(alphabet[group >> 12 & 63])
            append(left > 1 ? alphabet[group >> 6 & 63] : UInt8(ascii: "="))
            append(left > 2 ? alphabet[group & 63] : UInt8(ascii: "="))
            at += 3
        }
    }

    /// The bytes that base64 stands for (RFC 4648 §4); false, and some of them may be written, where it is none: the padding may be left out, bits
    /// that stand for nothing are zero.
    public mutating func append(decodingBase64 digits: ByteSlice) -> Bool {
        var end = digits.count
        while end > 0, digits.count - end < 2, digits[end - 1] == UInt8(ascii: "=") { end -= 1 }
        guard end == digits.count || digits.count % 4 == 0, end % 4 != 1 else { return false }
        var bits: UInt32 = 0
        var bitCount: UInt32 = 0
        for index in 0..<end {
            guard let value = ByteWriter.base64Value(of: digits[index]) else { return false }
            bits = bits << 6 | value
            bitCount += 6
            guard bitCount >= 8 else { continue }
            bitCount -= 8
            append(UInt8(truncatingIfNeeded: bits >> bitCount))
        }
        return bits & (1 << bitCount - 1) == 0
    }

    private static func base64Value(of digit: UInt8) -> UInt32? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(digit - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(digit - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
