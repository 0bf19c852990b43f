/// One budget that a request is charged to, and the most it may cost.
public struct BudgetCharge: BitwiseCopyable, Sendable {
    public let key: LedgerKey
    public let rule: BudgetRule
    /// In the rule's unit, not negative. More than any cap is possible, and never fits.
    public let amount: Int64

    public init(key: LedgerKey, rule: BudgetRule, amount: Int64) {
        precondition(amount >= 0, "a request costs nothing or something")
        self.key = key
        self.rule = rule
        self.amount = amount
    }
}

/// What a request has reserved, until it is settled or released at the desk that gave it. Costs nothing to keep.
public struct BudgetReservation: BitwiseCopyable, Sendable {
    var holdings = InlineArray<24, OpenEntry.Holding>(repeating: OpenEntry.Holding())
    var count = 0
    /// One for each eight holdings.
    var entries = InlineArray<3, Int>(repeating: 0)

    static func entryCount(_ holdings: Int) -> Int { (holdings + BudgetLimits.holdingsPerEntry - 1) / BudgetLimits.holdingsPerEntry }

    /// Nothing reserved.
    public init() {}

    public var isOpen: Bool { count > 0 }
}

/// What came of a reservation.
public enum BudgetVerdict: BitwiseCopyable, Equatable, Sendable {
    /// In all budgets.
    case reserved
    /// In none; the first that had no room.
    case refused(BudgetRefusal)
    /// In none: `grant` must be called with the charges first, by the back office, since it may wait for the disk. Happens to the first request of a
    /// window, and to one that is much larger than those before.
    case awaitsGrant
    /// In none: as many are open as the ledger has entries for.
    case tooManyOpen
    /// In none: more than `BudgetLimits.budgetsPerRequest`.
    case tooManyBudgets
}

/// Which budget had no room.
public struct BudgetRefusal: BitwiseCopyable, Equatable, Sendable {
    /// Its place among the charges.
    public internal(set) var index: Int
    /// What is left in it, less than the charge: what is neither spent nor reserved.
    public let left: Int64
    /// Its cap, raised if it is.
    public let cap: Int64
    /// When its window is over, in wall-clock seconds since 1970; nil for never.
    public let resetsAt: Int64?
}

/// What a settlement did in one budget.
public struct BudgetSettlement: BitwiseCopyable, Equatable, Sendable {
    /// What it added to the window; nil when that was over, or emptied by a reset that moved it: spend belongs to the window it was reserved in.
    public let movement: BudgetMovement?
    /// More was spent than was reserved.
    public let isOvershot: Bool
}
