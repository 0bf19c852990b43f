import Bytes

/// What can be counted in a text. Texts are valid UTF-8, being decoded JSON strings.
enum TextMeasure {
    /// The marks `.`, `!` and `?`.
    /// - Source: the wire reference §7.3
    static func sentences(_ text: ByteSlice) -> Int64 {
        var count: Int64 = 0
        for index in 0..<text.count {
            let byte = text[index]
            if byte == UInt8(ascii: ".") || byte == UInt8(ascii: "!") || byte == UInt8(ascii: "?") { count += 1 }
        }
        return count
    }

    /// Runs of what is no white space.
    static func words(_ text: ByteSlice) -> Int64 {
        var count: Int64 = 0
        var isInside = false
        var at = 0
        while at < text.count {
            let space = spaceCount(text, at: at)
            if space == 0, !isInside { count += 1 }
            isInside = space == 0
            at += max(space, 1)
        }
        return count
    }

    static func isBlank(_ text: ByteSlice) -> Bool {
        var at = 0
        while at < text.count {
            let space = spaceCount(text, at: at)
            if space == 0 { return false }
            at += space
        }
        return true
    }

    /// UTF-16 code units: a character of four bytes in UTF-8 has two.
    static func characters(_ text: ByteSlice) -> Int64 {
        var count: Int64 = 0
        for index in 0..<text.count {
            let byte = text[index]
            if byte & 0xC0 != 0x80 { count += byte >= 0xF0 ? 2 : 1 }
        }
        return count
    }

    /// Of the letters A to Z, which alone have a case here.
    static func hasLowercase(_ text: ByteSlice) -> Bool {
        for index in 0..<text.count where (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(text[index]) { return true }
        return false
    }

    static func hasUppercase(_ text: ByteSlice) -> Bool {
        for index in 0..<text.count where (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(text[index]) { return true }
        return false
    }

    /// Bytes of the white space that stands at `at`; 0 for none.
    /// - Source: ECMA-262 §12.2, §12.3, which `\s` and `trim` mean
    private static func spaceCount(_ text: ByteSlice, at: Int) -> Int {
        let first = text[at]
        if first < 0x80 { return first == 0x20 || (0x09...0x0D).contains(first) ? 1 : 0 }
        if first == 0xC2 { return at + 1 < text.count && text[at + 1] == 0xA0 ? 2 : 0 }
        guard first == 0xE1 || first == 0xE2 || first == 0xE3 || first == 0xEF, at + 2 < text.count else { return 0 }
        let scalar = UInt32(first & 0x0F) << 12 | UInt32(text[at + 1] & 0x3F) << 6 | UInt32(text[at + 2] & 0x3F)
        switch scalar {
        case 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000, 0xFEFF: return 3
        default: return 0
        }
    }
}
