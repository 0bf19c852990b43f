public import Bytes

/// What a key's owner is charged in place of the book's price: a discount, a markup, or an amount for each request.
public struct PriceAdjustment: BitwiseCopyable, Sendable, Hashable {
    /// Millionths: 800,000 is a discount of a fifth. From 0 to `PriceLimits.multiplier`.
    public let multiplierMillionths: Int64
    /// What each request costs, whatever it consumed.
    public let fixed: Nanodollars?

    public static let none = PriceAdjustment(unchecked: 1_000_000, fixed: nil)

    private init(unchecked multiplierMillionths: Int64, fixed: Nanodollars?) {
        self.multiplierMillionths = multiplierMillionths
        self.fixed = fixed
    }

    /// - Returns: nil for a multiplier below 0 or past `PriceLimits.multiplier`.
    public init?(multiplierMillionths: Int64) {
        guard multiplierMillionths >= 0, multiplierMillionths <= PriceLimits.multiplier else { return nil }
        self.init(unchecked: multiplierMillionths, fixed: nil)
    }

    /// A multiplier as a configuration writes it: `0.8`. Nil for what is no number, is out of bounds, or has more than six decimals.
    public init?(multiplier text: ByteSlice) {
        guard let scaled = try? DecimalText.scaled(text, exponent: 6, limit: PriceLimits.multiplier), !scaled.isRounded else { return nil }
        self.init(unchecked: scaled.value, fixed: nil)
    }

    /// - Returns: nil for less than nothing.
    public init?(fixed: Nanodollars) {
        guard fixed >= .zero else { return nil }
        self.init(unchecked: 1_000_000, fixed: fixed)
    }

    /// An amount in dollars as a configuration writes it: `0.005`. Nil for what is no number, is out of bounds, or has more than nine decimals.
    public init?(fixedDollars text: ByteSlice) {
        guard let scaled = try? DecimalText.scaled(text, exponent: 9), !scaled.isRounded else { return nil }
        self.init(unchecked: 1_000_000, fixed: Nanodollars(scaled.value))
    }
}
