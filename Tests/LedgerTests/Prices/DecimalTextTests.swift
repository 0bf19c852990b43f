import Bytes
@testable import Ledger
import Testing

@Suite("Decimal text")
struct DecimalTextTests {
    private func scaled(_ text: String, _ exponent: Int) -> Result<DecimalText.Scaled, DecimalFault> {
        Result { () throws(DecimalFault) in
            try Array(text.utf8).withByteSlice { (bytes) throws(DecimalFault) in try DecimalText.scaled(bytes, exponent: exponent) }
        }
    }

    @Test("a number is scaled exactly, however it is written", arguments: [
        ("0.000125", 13, 1_250_000_000, false), ("1.25e-4", 13, 1_250_000_000, false), ("1.25E-04", 13, 1_250_000_000, false),
        ("125e-6", 13, 1_250_000_000, false), ("3.625e-07", 13, 3_625_000, false), ("0", 13, 0, false), ("0.000", 13, 0, false), ("-0", 13, 0, false),
        ("-0.0e5", 13, 0, false), ("0e999999999", 13, 0, false), ("5", 0, 5, false), ("1000", 15, 1_000_000_000_000_000_000, false),
        ("2.5e-06", 15, 2_500_000_000, false), ("1e+3", 0, 1000, false), ("0.1", 1, 1, false),
        // Digits past the unit: to the nearest, a half up.
        ("0.00007499999999999999", 13, 750_000_000, true), ("0.00008000000000000001", 13, 800_000_000, true), ("0.00000833333333333333", 13, 83_333_333, true),
        ("0.5", 0, 1, true), ("1.4", 0, 1, true), ("1.5", 0, 2, true),
        // What costs something is never free.
        ("0.4", 0, 1, true), ("1e-30", 13, 1, true), ("1e-400", 13, 1, true), ("1e-99999999999", 13, 1, true),
        ("0.0000000000000000000000000000000000000000001", 0, 1, true),
        // More digits than are kept.
        ("1.00000000000000000000000000000000000000000000000001", 0, 1, true), ("1.00000000000000000000000000000000000000000000000000", 0, 1, false),
    ] as [(String, Int, Int64, Bool)])
    func exact(text: String, exponent: Int, value: Int64, isRounded: Bool) {
        #expect(scaled(text, exponent) == .success(DecimalText.Scaled(value: value, isRounded: isRounded)))
    }

    @Test("what is no number, less than nothing or too much is refused", arguments: [
        ("", DecimalFault.malformed), ("NaN", .malformed), ("Infinity", .malformed), ("1.", .malformed), (".5", .malformed), ("1e", .malformed),
        ("1e+", .malformed), ("--1", .malformed), ("1 ", .malformed), (" 1", .malformed), ("1_000", .malformed), ("0x10", .malformed), ("1,5", .malformed),
        ("-1", .negative), ("-1e-300", .negative), ("1e400", .tooLarge), ("1e99999999999999999999", .tooLarge),
        ("1000000000000000001", .tooLarge), ("123456789012345678901234567890123456789012345678901234567890", .tooLarge),
    ])
    func refused(text: String, fault: DecimalFault) { #expect(scaled(text, 0) == .failure(fault)) }

    @Test("text is written back without a digit too many", arguments: [
        (0, "0"), (1, "0.000000001"), (2_500_000_000, "2.5"), (10_000_000_000, "10"), (20_000_000, "0.02"), (.max, "18446744073.709551615"),
    ] as [(UInt64, String)])
    func written(number: UInt64, text: String) {
        #expect(DecimalText.text(number, fractionDigits: 9) == text)
        guard number <= UInt64(PriceLimits.unitPrice) else { return }
        #expect(scaled(text, 9) == .success(DecimalText.Scaled(value: Int64(number), isRounded: false)))
    }
}
