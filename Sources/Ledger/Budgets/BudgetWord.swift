import Synchronization

/// All that decides whether a budget has room, in one atomic word of 128 bits: so a reservation is one compare-exchange, and a process killed
/// between any two instructions leaves a sum that was true.
///
///     4: generation  16: day the window began on  54: spent  54: reserved
///
/// Generation and day together are the window's tag. Days only grow, so that a clock set back neither empties a window nor begins
/// one twice; a manual reset may go back, and then takes the next generation.
struct BudgetWord: BitwiseCopyable, Equatable {
    private static let amountBits: UInt64 = 54
    static let mostAmount: UInt64 = 1 << 54 - 1
    /// Of a slot whose key is being taken away; no window has it.
    private static let retiredDay = 0xFFFF

    var tag: BudgetTag
    var spent: UInt64
    var reserved: UInt64

    init(tag: BudgetTag, spent: UInt64 = 0, reserved: UInt64 = 0) {
        self.tag = tag
        self.spent = min(spent, BudgetWord.mostAmount)
        self.reserved = min(reserved, BudgetWord.mostAmount)
    }

    @inline(__always)
    init(_ pair: WordPair) {
        let (high, low) = (UInt64(pair.first), UInt64(pair.second))
        tag = BudgetTag(rawValue: UInt32(truncatingIfNeeded: high &>> 44))
        spent = (high & (1 << 44 - 1)) &<< 10 | low &>> BudgetWord.amountBits
        reserved = low & BudgetWord.mostAmount
    }

    @inline(__always)
    var pair: WordPair {
        WordPair(first: UInt(UInt64(tag.rawValue) &<< 44 | spent &>> 10), second: UInt(spent &<< BudgetWord.amountBits | reserved))
    }

    /// What the slot holds while its key is taken away: nobody's compare-exchange succeeds any more.
    var retired: BudgetWord { BudgetWord(tag: BudgetTag(generation: tag.generation, day: BudgetWord.retiredDay)) }
    var isRetired: Bool { tag.day == BudgetWord.retiredDay }

    /// Spent and reserved. Below 2⁵⁵.
    var committed: UInt64 { spent &+ reserved }

    /// Takes back a reservation and adds what was spent in its place; what does not fit is cut at the most there is.
    @inline(__always)
    mutating func settle(reserved amount: UInt64, spent actual: UInt64) {
        // Less is reserved than is taken back only in a file that somebody else wrote to.
        reserved = reserved > amount ? reserved &- amount : 0
        spent = min(spent &+ min(actual, BudgetWord.mostAmount), BudgetWord.mostAmount)
    }
}

/// Which window of a budget something belongs to.
struct BudgetTag: BitwiseCopyable, Equatable {
    let rawValue: UInt32

    init(rawValue: UInt32) { self.rawValue = rawValue & 0xF_FFFF }

    init(generation: UInt32, day: Int) {
        assert(day >= 0 && day <= 0xFFFF)
        rawValue = (generation & 0xF) << 16 | UInt32(truncatingIfNeeded: day) & 0xFFFF
    }

    var generation: UInt32 { rawValue >> 16 }
    var day: Int { Int(rawValue & 0xFFFF) }

    /// The window that holds for who wants `day`'s: this one, unless that began later.
    @inline(__always)
    func moved(to day: Int) -> BudgetTag { day > self.day ? BudgetTag(generation: generation, day: day) : self }

    /// Whether this is of a later window: of a later generation, of which few lie between two that a file holds, or a later day of the same.
    func isLater(than other: BudgetTag) -> Bool {
        let generations = (generation &- other.generation) & 0xF
        return generations == 0 ? day > other.day : generations < 8
    }
}
