/// What a budget counts. The ledger does not care; callers tell by it which amounts can be compared.
public enum BudgetUnit: UInt8, BitwiseCopyable, Hashable, Sendable {
    /// In nano-dollars.
    case cost
    case tokens
    case requests
}

/// How much may be spent in a window, and when to raise an alert: a snapshot's, not the ledger's. A changed rule holds for the next
/// reservation, with what the window has spent so far.
public struct BudgetRule: BitwiseCopyable, Equatable, Sendable {
    /// More than the cap, until a time.
    public struct Raise: BitwiseCopyable, Equatable, Sendable {
        /// On top of the cap, in its unit.
        public let amount: Int64
        /// Wall-clock seconds since 1970 from which it no longer holds.
        public let until: Int64

        public init(amount: Int64, until: Int64) {
            self.amount = amount
            self.until = until
        }
    }

    public let unit: BudgetUnit
    /// The most that may be spent in a window; 0 for nothing at all.
    public let cap: Int64
    public let period: BudgetPeriod
    public let raise: Raise?
    // Ascending; `.max` where there is none.
    @usableFromInline
    let thresholds: SIMD4<Int64>

    /// - Parameter thresholds: spent amounts at which an alert is due, in any order.
    /// - Throws: when a number is out of its bounds, which says which.
    public init(unit: BudgetUnit, cap: Int64, period: BudgetPeriod, raise: Raise? = nil, thresholds: [Int64] = []) throws(BudgetRuleError) {
        guard cap >= 0, cap <= BudgetLimits.largestAmount else { throw .capOutOfBounds(cap) }
        if let raise {
            guard raise.amount >= 0, raise.amount <= BudgetLimits.largestAmount - cap else { throw .raiseOutOfBounds(raise.amount, cap: cap) }
        }
        if case .everyDays(let count, _) = period, count < 1 || Int(count) > BudgetLimits.longestPeriodDays { throw .periodOutOfBounds(days: Int(count)) }
        guard thresholds.count <= BudgetLimits.alertThresholds else { throw .tooManyThresholds(thresholds.count) }
        var sorted = SIMD4<Int64>(repeating: .max)
        for (index, threshold) in thresholds.sorted().enumerated() {
            guard threshold > 0, threshold <= BudgetLimits.largestAmount else { throw .thresholdOutOfBounds(threshold) }
            sorted[index] = threshold
        }
        self.unit = unit
        self.cap = cap
        self.period = period
        self.raise = raise
        self.thresholds = sorted
    }

    /// What holds at a time: the cap, or what it is raised to.
    public func cap(wallNanoseconds: UInt64) -> Int64 {
        guard let raise, Int64(wallNanoseconds / 1_000_000_000) < raise.until else { return cap }
        return cap + raise.amount
    }

    /// The least of the thresholds; the largest number where there is none.
    @inlinable
    public var firstThreshold: Int64 { thresholds[0] }

    /// The thresholds that `movement` has passed, ascending. Since no two movements of a window overlap, each is passed once a window,
    /// by one of those who settle; after a reset it may be passed again.
    public func thresholds(passedBy movement: BudgetMovement) -> [Int64] {
        // Most pass none, and then nothing is allocated.
        guard movement.spentAfter > movement.spentBefore, movement.spentAfter >= firstThreshold else { return [] }
        return (0..<BudgetLimits.alertThresholds).map { thresholds[$0] }.filter { $0 > movement.spentBefore && $0 <= movement.spentAfter }
    }
}

/// Why a budget's rule cannot be.
public enum BudgetRuleError: Error, Equatable, CustomStringConvertible {
    case capOutOfBounds(Int64)
    case raiseOutOfBounds(Int64, cap: Int64)
    case periodOutOfBounds(days: Int)
    case tooManyThresholds(Int)
    case thresholdOutOfBounds(Int64)

    public var description: String {
        switch self {
        case .capOutOfBounds(let cap): "a cap of \(cap); 0 to \(BudgetLimits.largestAmount) are possible"
        case .raiseOutOfBounds(let amount, let cap): "a cap of \(cap) raised by \(amount); up to \(BudgetLimits.largestAmount) together are possible"
        case .periodOutOfBounds(let days): "a period of \(days) days; 1 to \(BudgetLimits.longestPeriodDays) are possible"
        case .tooManyThresholds(let count): "\(count) alert thresholds; up to \(BudgetLimits.alertThresholds) are possible"
        case .thresholdOutOfBounds(let threshold): "an alert threshold of \(threshold); 1 to \(BudgetLimits.largestAmount) are possible"
        }
    }
}

/// What one settlement added to the spend of its window.
public struct BudgetMovement: BitwiseCopyable, Equatable, Sendable {
    public let spentBefore: Int64
    public let spentAfter: Int64
}
