public import Bytes

/// One member of an object, as offsets into the text it was scanned from.
public struct Member: Equatable, Sendable {
    /// The name, inside its quotes.
    public let key: Range<Int>
    /// The whole value, a string's quotes included.
    public let value: Range<Int>
    public let kind: JSONKind
    public let keyHasEscapes: Bool
    /// Whether the value is a string with escapes in it.
    public let valueHasEscapes: Bool

    /// The member's first byte: the name's opening quote.
    var start: Int { key.lowerBound - 1 }
    /// Past the member's last byte.
    var end: Int { value.upperBound }
}

extension Member {
    public func name(in text: ByteSlice) -> JSONString {
        JSONString(content: text[key], hasEscapes: keyHasEscapes)
    }

    /// The value's bytes as they stand.
    public func bytes(in text: ByteSlice) -> ByteSlice { text[value] }

    /// The value, when it is a string.
    public func string(in text: ByteSlice) -> JSONString? {
        guard kind == .string else { return nil }
        return JSONString(content: text[value.lowerBound + 1..<value.upperBound - 1], hasEscapes: valueHasEscapes)
    }

    /// The value, when it is true or false.
    public var bool: Bool? {
        switch kind {
        case .true: true
        case .false: false
        default: nil
        }
    }

    /// The value, when it is a number written without fraction and exponent that `Int64` holds.
    public func integer(in text: ByteSlice) -> Int64? {
        kind == .number ? JSONNumber.integer(text[value]) : nil
    }
}

/// Readings of a number's text.
public enum JSONNumber {
    /// The value of `-`? digits; nil with a fraction or exponent, or past `Int64`.
    public static func integer(_ text: ByteSlice) -> Int64? {
        guard !text.isEmpty, text[0] == UInt8(ascii: "-") else { return text.decimal }
        let digits = text.dropFirst(1)
        if digits == "9223372036854775808" { return .min }
        guard let magnitude = digits.decimal else { return nil }
        return -magnitude
    }
}
