/// What one unit of something costs: nano-dollars a million, so that the price of a token is a whole number.
public struct UnitPrice: BitwiseCopyable, Sendable, Hashable, Comparable {
    /// From 0 to `PriceLimits.unitPrice`.
    public let nanodollarsPerMillion: Int64

    /// - Parameter nanodollarsPerMillion: nil is returned when it is out of bounds.
    public init?(nanodollarsPerMillion: Int64) {
        guard nanodollarsPerMillion >= 0, nanodollarsPerMillion <= PriceLimits.unitPrice else { return nil }
        self.nanodollarsPerMillion = nanodollarsPerMillion
    }

    init(unchecked nanodollarsPerMillion: Int64) { self.nanodollarsPerMillion = nanodollarsPerMillion }

    public static let zero = UnitPrice(unchecked: 0)

    public static func < (left: UnitPrice, right: UnitPrice) -> Bool { left.nanodollarsPerMillion < right.nanodollarsPerMillion }

    /// For people: what a million units cost, `2.5`.
    public var dollarsPerMillion: String { DecimalText.text(nanodollarsPerMillion.magnitude, fractionDigits: 9) }

    /// For people: what a unit costs, `0.01`.
    public var dollars: String { DecimalText.text(nanodollarsPerMillion.magnitude, fractionDigits: 15) }
}

/// A bill in the making: parts are added exactly, and the sum is rounded once.
public struct Charge: BitwiseCopyable, Sendable {
    /// Millionths of a nano-dollar; at most its type's largest, where it stays.
    private(set) var sum: Int128 = 0

    public init() {}

    /// Adds `count` units; a count below 0 adds nothing.
    public mutating func add(_ count: Int64, at price: UnitPrice) {
        guard count > 0 else { return }
        let (total, overflowed) = sum.addingReportingOverflow(Int128(count) * Int128(price.nanodollarsPerMillion))
        sum = overflowed ? .max : total
    }

    /// What is to be paid, rounded up to a whole nano-dollar.
    public func total(_ adjustment: PriceAdjustment = .none) -> Nanodollars {
        if let fixed = adjustment.fixed { return fixed }
        let (scaled, overflowed) = sum.multipliedReportingOverflow(by: Int128(adjustment.multiplierMillionths))
        guard !overflowed else { return .max }
        let divisor: Int128 = 1_000_000_000_000
        let (quotient, remainder) = scaled.quotientAndRemainder(dividingBy: divisor)
        guard quotient < Int128(Int64.max) else { return .max }
        return Nanodollars(Int64(quotient) + (remainder > 0 ? 1 : 0))
    }
}
