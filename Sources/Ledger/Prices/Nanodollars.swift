/// An amount of money in billionths of a US dollar: the unit of every bill, budget and record.
///
/// The largest, 2⁶³ − 1, is 9.2 billion dollars. What would be more stays there, so that a sum never wraps into somebody's favour.
public struct Nanodollars: BitwiseCopyable, Sendable, Hashable, Comparable {
    public let count: Int64

    @inlinable
    public init(_ count: Int64) { self.count = count }

    public static let zero = Nanodollars(0)
    public static let max = Nanodollars(.max)

    @inlinable
    public static func < (left: Nanodollars, right: Nanodollars) -> Bool { left.count < right.count }

    /// The sum, or the nearest amount there is.
    @inlinable
    public static func + (left: Nanodollars, right: Nanodollars) -> Nanodollars {
        let (sum, overflowed) = left.count.addingReportingOverflow(right.count)
        return Nanodollars(overflowed ? (left.count < 0 ? .min : .max) : sum)
    }
}

extension Nanodollars: CustomStringConvertible {
    /// Dollars with all their digits: `$0.000325`, `$12.50`. For messages.
    public var description: String {
        let digits = DecimalText.text(count.magnitude, fractionDigits: 9, leastFractionDigits: 2)
        return count < 0 ? "-$\(digits)" : "$\(digits)"
    }

    /// Dollars with all their digits, as JSON has a number: `0.000325`, `12.5`.
    public var jsonText: String { (count < 0 ? "-" : "") + DecimalText.text(count.magnitude, fractionDigits: 9) }
}
