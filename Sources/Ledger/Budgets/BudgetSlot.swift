import Synchronization

/// One budget's place in the ledger's file: two cache lines.
///
/// Only `state` decides, together with `granted`, which what is committed may not pass. Who reserves loads `state` first and then
/// `granted`: a reset, which lowers both, lowers `granted` first.
struct BudgetSlot: ~Copyable {
    // See SlotTable.
    private let keyLow: Atomic<UInt64>
    private let keyHigh: Atomic<UInt64>
    // A BudgetWord. Written by all who reserve and settle, by compare-exchange.
    let state: Atomic<WordPair>
    // A tag and an amount: what is on the disk as spent, should the power go. Written under the file's lock, `pledged` before it
    // is synced and `granted` after; read by who reserves. Release and acquire: who sees a grant may rely on the sync.
    let granted: Atomic<WordPair>
    let pledged: Atomic<WordPair>

    // Below: what the back office wants to know, written by whoever last reserved. Relaxed, they publish nothing.
    let cap: Atomic<UInt64>
    let lastAmount: Atomic<UInt64>
    /// The first day after the window, or `.max`: from when on the slot may be given to another.
    let overDay: Atomic<UInt64>
    /// What was spent beyond what was reserved for it, since the slot is this budget's.
    let overshoot: Atomic<UInt64>
    /// The window, as its tag and 1, in which requests were last refused, and the least that any of them would have taken: two words that may be of
    /// two refusals, for a status that is shown.
    let refusedTag: Atomic<UInt64>
    let leastRefused: Atomic<UInt64>
    private let unused: InlineArray<2, Atomic<UInt64>>
}

/// An amount that holds for one window.
struct BudgetGrant: BitwiseCopyable, Equatable {
    static let none = BudgetGrant(tag: BudgetTag(rawValue: 0), amount: 0)

    let tag: BudgetTag
    let amount: UInt64

    init(tag: BudgetTag, amount: UInt64) {
        self.tag = tag
        self.amount = min(amount, BudgetWord.mostAmount)
    }

    @inline(__always)
    init(_ pair: WordPair) { self.init(tag: BudgetTag(rawValue: UInt32(truncatingIfNeeded: pair.first)), amount: UInt64(pair.second)) }

    var pair: WordPair { WordPair(first: UInt(tag.rawValue), second: UInt(amount)) }

    /// The window that a request of `tag`'s is in: a later one when the back office, which has looked at the clock since, has moved on.
    @inline(__always)
    func latest(_ tag: BudgetTag) -> BudgetTag { amount > 0 && self.tag.isLater(than: tag) ? self.tag : tag }

    /// What it allows in a window.
    @inline(__always)
    func amount(in tag: BudgetTag) -> UInt64 { self.tag == tag ? amount : 0 }
}
