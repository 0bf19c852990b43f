public import Glibc

/// Appends bytes and numbers to memory someone else owns, and notes when they did not fit.
///
/// Nothing is written past the end: the write that would pass it, and every later one, is dropped
/// and `overflowed` is set. Callers check it once, at the end.
@frozen
public struct ByteWriter {
    public let base: UnsafeMutablePointer<UInt8>
    public let capacity: Int
    @usableFromInline var length = 0
    @usableFromInline var isOverflowed = false

    @inlinable
    public init(_ base: UnsafeMutablePointer<UInt8>, capacity: Int) {
        precondition(capacity >= 0, "a writer's capacity is a length")
        self.base = base
        self.capacity = capacity
    }

    /// Bytes written so far.
    @inlinable @inline(__always)
    public var count: Int { length }

    /// Whether anything was dropped for want of room.
    @inlinable @inline(__always)
    public var overflowed: Bool { isOverflowed }

    /// What has been written; valid as long as the memory is.
    @inlinable
    public var written: ByteSlice { ByteSlice(base, count: length) }

    @inlinable @inline(__always)
    public mutating func append(_ bytes: ByteSlice) {
        guard reserve(bytes.count) else { return }
        memcpy(base + length, bytes.base, bytes.count)
        advance(bytes.count)
    }

    @inlinable @inline(__always)
    public mutating func append(_ literal: StaticString) { append(ByteSlice(literal)) }

    @inlinable @inline(__always)
    public mutating func append(_ byte: UInt8) {
        guard reserve(1) else { return }
        base[length] = byte
        advance(1)
    }

    /// The text's UTF-8. Not for the hot path: the string may have to be made contiguous. Disfavoured,
    /// or every literal would be taken for a `String`.
    @_disfavoredOverload
    public mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            guard let start = utf8.baseAddress else { return }
            append(ByteSlice(start, count: utf8.count))
        }
    }

    /// The next `byteCount` bytes, for the caller to fill; nil when they do not fit.
    @inlinable
    public mutating func claim(_ byteCount: Int) -> UnsafeMutablePointer<UInt8>? {
        guard reserve(byteCount) else { return nil }
        advance(byteCount)
        return base + (length - byteCount)
    }

    /// The number in decimal digits.
    public mutating func append(decimal number: UInt64) {
        guard number >= 10 else { return append(UInt8(truncatingIfNeeded: 0x30 &+ number)) }
        var count = 2
        var scale: UInt64 = 100
        // 2⁶⁴ − 1 has 20 digits; the scale of the last would not fit.
        while count < 20, number >= scale {
            count &+= 1
            scale = count < 20 ? scale &* 10 : scale
        }
        guard let digits = claim(count) else { return }
        var rest = number
        // Two digits a division.
        while count > 1 {
            count &-= 2
            let pair = UInt8(truncatingIfNeeded: rest % 100)
            rest /= 100
            digits[count] = 0x30 &+ pair / 10
            digits[count &+ 1] = 0x30 &+ pair % 10
        }
        if count > 0 { digits[0] = UInt8(truncatingIfNeeded: 0x30 &+ rest) }
    }

    public mutating func append(decimal number: Int) {
        if number < 0 { append(UInt8(ascii: "-")) }
        append(decimal: UInt64(number.magnitude))
    }

    /// The number in lower-case hexadecimal digits, without leading zeros.
    public mutating func append(hexadecimal number: UInt64) {
        var shift = number == 0 ? 0 : (63 - number.leadingZeroBitCount) & ~3
        while shift >= 0 {
            append(ByteWriter.hexDigit(UInt8(truncatingIfNeeded: number >> UInt64(shift)) & 15))
            shift -= 4
        }
    }

    /// The number's four bytes, the most significant first.
    public mutating func append(bigEndian number: UInt32) {
        for index in 0..<4 { append(UInt8(truncatingIfNeeded: number >> UInt32(24 - 8 * index))) }
    }

    /// Each byte as two lower-case hexadecimal digits.
    public mutating func append(hexadecimalOf bytes: ByteSlice) {
        for index in 0..<bytes.count {
            append(ByteWriter.hexDigit(bytes[index] >> 4))
            append(ByteWriter.hexDigit(bytes[index] & 15))
        }
    }

    /// All but the unreserved as `%XX`, so that the text is one segment of a path, or one value, whatever it holds.
    /// - Source: RFC 3986 §2.1, §2.3
    public mutating func append(percentEncoded text: ByteSlice) {
        for index in 0..<text.count {
            let byte = text[index]
            if ASCII.isLetter(byte) || ASCII.isDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
                || byte == UInt8(ascii: "~")
            {
                append(byte)
            } else {
                append(UInt8(ascii: "%"))
                append(ByteWriter.upperHexDigit(byte >> 4))
                append(ByteWriter.upperHexDigit(byte & 15))
            }
        }
    }

    private static func upperHexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 &+ value : 0x37 &+ value }

    @usableFromInline
    static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? 0x30 &+ value : 0x57 &+ value
    }

    @inlinable @inline(__always)
    mutating func reserve(_ needed: Int) -> Bool {
        if isOverflowed || needed > capacity - length {
            isOverflowed = true
            return false
        }
        return true
    }

    @inlinable @inline(__always)
    mutating func advance(_ written: Int) { length += written }
}
