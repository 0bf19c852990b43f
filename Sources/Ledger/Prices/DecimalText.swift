import Bytes

/// Why a decimal text is no price.
enum DecimalFault: Error, Equatable {
    /// Not a JSON number.
    case malformed
    case negative
    /// Past `PriceLimits.unitPrice`.
    case tooLarge
}

/// Decimal text to whole numbers of a small unit and back, without floating point: `1.25e-06` has no exact double.
enum DecimalText {
    struct Scaled: Equatable {
        let value: Int64
        /// Whether the text had digits below the unit.
        let isRounded: Bool
    }

    /// The number `text` says, times 10^`exponent`; rounded to the nearest whole, but never to nothing.
    /// - Parameter text: as JSON writes numbers (RFC 8259 §6).
    static func scaled(_ text: ByteSlice, exponent: Int, limit: Int64 = PriceLimits.unitPrice) throws(DecimalFault) -> Scaled {
        var reader = DecimalReader(text)
        let isNegative = try reader.number()
        guard reader.mantissa != 0 else { return Scaled(value: 0, isRounded: reader.hasLostDigits) }
        guard !isNegative else { throw .negative }
        var value = reader.mantissa
        var power = reader.power + exponent
        while power > 0 {
            guard value <= UInt128(limit) else { throw .tooLarge }
            value *= 10
            power -= 1
        }
        guard power < 0 else {
            guard value <= UInt128(limit) else { throw .tooLarge }
            return Scaled(value: Int64(value), isRounded: reader.hasLostDigits)
        }
        // 2¹²⁸ has 39 digits.
        guard power >= -38 else { return Scaled(value: 1, isRounded: true) }
        var divisor: UInt128 = 1
        for _ in 0..<(-power) { divisor *= 10 }
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        let isRounded = remainder != 0 || reader.hasLostDigits
        let nearest = remainder >= divisor - remainder ? quotient + 1 : quotient
        guard nearest <= UInt128(limit) else { throw .tooLarge }
        return Scaled(value: Swift.max(Int64(nearest), 1), isRounded: isRounded)
    }

    /// `number` / 10^`fractionDigits`, without zeros at its end past the `leastFractionDigits`.
    static func text(_ number: UInt64, fractionDigits: Int, leastFractionDigits: Int = 0) -> String {
        let digits = String(number)
        let padded = String(repeating: "0", count: Swift.max(0, fractionDigits + 1 - digits.count)) + digits
        let whole = padded.dropLast(fractionDigits)
        var fraction = padded.suffix(fractionDigits)
        while fraction.count > leastFractionDigits, fraction.last == "0" { fraction.removeLast() }
        return fraction.isEmpty ? String(whole) : "\(whole).\(fraction)"
    }
}

/// Takes a JSON number apart: mantissa × 10^power.
private struct DecimalReader {
    private(set) var mantissa: UInt128 = 0
    private(set) var power = 0
    /// Whether digits other than 0 had no room in the mantissa.
    private(set) var hasLostDigits = false
    private let text: ByteSlice
    private var offset = 0

    init(_ text: ByteSlice) { self.text = text }

    /// - Returns: whether it has a minus.
    mutating func number() throws(DecimalFault) -> Bool {
        let isNegative = take(UInt8(ascii: "-"))
        guard digits(areFraction: false) > 0 else { throw .malformed }
        if take(UInt8(ascii: ".")) {
            guard digits(areFraction: true) > 0 else { throw .malformed }
        }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) { power += try exponent() }
        guard offset == text.count else { throw .malformed }
        return isNegative
    }

    private mutating func digits(areFraction: Bool) -> Int {
        let start = offset
        while offset < text.count {
            let digit = text[offset] &- 0x30
            guard digit < 10 else { break }
            offset += 1
            // 37 digits leave room for rounding; a price has a dozen.
            if mantissa < 1_000_000_000_000_000_000_000_000_000_000_000_000 {
                mantissa = mantissa * 10 + UInt128(digit)
                if areFraction { power -= 1 }
            } else {
                hasLostDigits = hasLostDigits || digit != 0
                if !areFraction { power += 1 }
            }
        }
        return offset - start
    }

    private mutating func exponent() throws(DecimalFault) -> Int {
        let isNegative = take(UInt8(ascii: "-"))
        if !isNegative { _ = take(UInt8(ascii: "+")) }
        let start = offset
        var value = 0
        while offset < text.count {
            let digit = text[offset] &- 0x30
            guard digit < 10 else { break }
            offset += 1
            // Past it a number is too large, or rounds to the smallest, whatever it says.
            value = Swift.min(value * 10 + Int(digit), 100_000)
        }
        guard offset > start else { throw .malformed }
        return isNegative ? -value : value
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard offset < text.count, text[offset] == byte else { return false }
        offset += 1
        return true
    }
}
