import Synchronization

/// The slots of a ledger, and what is done to one of them at a time: reserving, settling, and asking for what is left.
// Unchecked: the addresses do not change, and what they lead to is atomics.
struct BudgetBook: @unchecked Sendable {
    let table: SlotTable
    let slots: UnsafeMutablePointer<BudgetSlot>
    /// Whether what is committed may not pass what is granted.
    let isGranted: Bool
    /// A bit for each slot that will soon need a larger grant. Set by workers of this process, taken by its back office.
    let wanting: UnsafeMutablePointer<Atomic<UInt64>>
    /// Whether any of them is set: one word, for who asks with each request. Set after the bit, and taken before the bits: in one order for all, so that
    /// no bit stays behind without it.
    let isWanting: UnsafeMutablePointer<Atomic<Bool>>

    enum Outcome {
        case reserved(OpenEntry.Holding)
        case refused(BudgetRefusal)
        case awaitsGrant
    }

    // MARK: On the hot path

    /// Reserves the charge's amount, or says why not. One compare-exchange when nobody is in the way.
    /// - Parameter window: of the charge's period, at this time.
    func reserve(_ charge: BudgetCharge, in window: BudgetWindow, wallNanoseconds: UInt64) -> Outcome {
        let cap = charge.rule.cap(wallNanoseconds: wallNanoseconds)
        guard charge.amount <= cap else {
            let left = left(of: charge, in: window, wallNanoseconds: wallNanoseconds)
            return .refused(BudgetRefusal(index: 0, left: left, cap: cap, resetsAt: window.endsAt))
        }
        guard let slot = table.slot(of: charge.key) else { return .awaitsGrant }
        let amount = UInt64(charge.amount)
        var old = BudgetWord(slots[slot].state.load(ordering: .acquiring))
        while true {
            // In this order: what was read is this key's.
            guard table.holds(charge.key, slot), !old.isRetired else { return .awaitsGrant }
            // After the state: a reset lowers the grant first.
            let granted = isGranted ? BudgetGrant(slots[slot].granted.load(ordering: .acquiring)) : .none
            let tag = granted.latest(old.tag.moved(to: window.startDay))
            var new = old.tag == tag ? old : BudgetWord(tag: tag)
            let committed = new.committed &+ amount
            // Another than the clock's when that was set back, or the rule's period was changed.
            let held = tag.day == window.startDay ? window : charge.rule.period.window(onDay: tag.day)
            if committed > UInt64(cap) {
                return .refused(BudgetRefusal(index: 0, left: max(0, cap - Int64(new.committed)), cap: cap, resetsAt: held.endsAt))
            }
            if isGranted, !grants(granted.amount(in: tag), committed, of: charge, cap, slot) { return .awaitsGrant }
            note(cap, held, slot)
            new.reserved &+= amount
            let result = slots[slot].state.compareExchange(expected: old.pair, desired: new.pair, ordering: .acquiringAndReleasing)
            if result.exchanged { return .reserved(OpenEntry.Holding(slot: UInt32(truncatingIfNeeded: slot), tag: tag.rawValue, amount: amount)) }
            old = BudgetWord(result.original)
        }
    }

    /// Whether the grant holds for so much; asks for a larger one in time.
    @inline(__always)
    private func grants(_ granted: UInt64, _ committed: UInt64, of charge: BudgetCharge, _ cap: Int64, _ slot: Int) -> Bool {
        guard granted < UInt64(cap) else { return true }
        if committed &+ BudgetBook.block(cap: UInt64(cap), amount: UInt64(charge.amount)) / 2 > granted { want(slot, UInt64(charge.amount)) }
        return committed <= granted
    }

    /// How much is granted beyond what is committed.
    static func block(cap: UInt64, amount: UInt64) -> UInt64 {
        max(cap / UInt64(BudgetLimits.grantShare), min(amount, BudgetWord.mostAmount) * UInt64(BudgetLimits.grantedRequests))
    }

    func want(_ slot: Int, _ amount: UInt64) {
        slots[slot].lastAmount.store(amount, ordering: .relaxed)
        let bit: UInt64 = 1 &<< UInt64(slot & 63)
        if wanting[slot &>> 6].load(ordering: .relaxed) & bit == 0 { wanting[slot &>> 6].bitwiseOr(bit, ordering: .sequentiallyConsistent) }
        // Written only where it is not set: others' caches keep the line.
        if !isWanting.pointee.load(ordering: .sequentiallyConsistent) { isWanting.pointee.store(true, ordering: .sequentiallyConsistent) }
    }

    /// What the back office should know of the slot's rule; hardly ever changes.
    @inline(__always)
    func note(_ cap: Int64, _ window: BudgetWindow, _ slot: Int) {
        let overDay = window.endDay.map { UInt64($0) } ?? .max
        if slots[slot].cap.load(ordering: .relaxed) != UInt64(cap) { slots[slot].cap.store(UInt64(cap), ordering: .relaxed) }
        if slots[slot].overDay.load(ordering: .relaxed) != overDay { slots[slot].overDay.store(overDay, ordering: .relaxed) }
    }

    /// Puts `actual` in the place of what was reserved; nil when the window is another by now.
    @discardableResult
    func settle(_ holding: OpenEntry.Holding, actual: Int64) -> BudgetMovement? {
        let slot = Int(holding.slot)
        let actual = UInt64(max(0, actual))
        var old = BudgetWord(slots[slot].state.load(ordering: .acquiring))
        while true {
            guard old.tag.rawValue == holding.tag, !old.isRetired else { return nil }
            var new = old
            new.settle(reserved: holding.amount, spent: actual)
            let result = slots[slot].state.compareExchange(expected: old.pair, desired: new.pair, ordering: .acquiringAndReleasing)
            if result.exchanged {
                if actual > holding.amount { noteOvershoot(actual - holding.amount, slot) }
                return BudgetMovement(spentBefore: Int64(old.spent), spentAfter: Int64(new.spent))
            }
            old = BudgetWord(result.original)
        }
    }

    private func noteOvershoot(_ amount: UInt64, _ slot: Int) {
        slots[slot].overshoot.wrappingAdd(min(amount, BudgetWord.mostAmount), ordering: .relaxed)
        // It may have passed its grant.
        if isGranted { want(slot, slots[slot].lastAmount.load(ordering: .relaxed)) }
    }

    /// Notes that a request had no room for as little as this.
    func noteRefused(_ charge: BudgetCharge, in window: BudgetWindow, wallNanoseconds: UInt64) {
        // What never fits says nothing of what is left.
        guard charge.amount <= charge.rule.cap(wallNanoseconds: wallNanoseconds), let slot = table.slot(of: charge.key) else { return }
        guard let state = state(of: charge.key, in: window) else { return }
        let (tag, amount) = (UInt64(state.tag.rawValue) + 1, UInt64(charge.amount))
        guard slots[slot].refusedTag.load(ordering: .relaxed) != tag || slots[slot].leastRefused.load(ordering: .relaxed) > amount else { return }
        slots[slot].leastRefused.store(amount, ordering: .relaxed)
        slots[slot].refusedTag.store(tag, ordering: .relaxed)
    }

    /// The least that was refused in the window of `state`; nil when nothing was.
    func leastRefused(_ slot: Int, _ state: BudgetWord) -> Int64? {
        guard slots[slot].refusedTag.load(ordering: .relaxed) == UInt64(state.tag.rawValue) + 1 else { return nil }
        return Int64(min(slots[slot].leastRefused.load(ordering: .relaxed), BudgetWord.mostAmount))
    }

    /// Why the charge has no room as things are; nil when it has.
    func refusal(of charge: BudgetCharge, in window: BudgetWindow, wallNanoseconds: UInt64) -> BudgetRefusal? {
        let left = left(of: charge, in: window, wallNanoseconds: wallNanoseconds)
        guard left < charge.amount else { return nil }
        // Another than the clock's when that was set back.
        let held = state(of: charge.key, in: window).map { charge.rule.period.window(onDay: $0.tag.day) } ?? window
        return BudgetRefusal(index: 0, left: left, cap: charge.rule.cap(wallNanoseconds: wallNanoseconds), resetsAt: held.endsAt)
    }

    /// What is neither spent nor reserved.
    func left(of charge: BudgetCharge, in window: BudgetWindow, wallNanoseconds: UInt64) -> Int64 {
        let cap = charge.rule.cap(wallNanoseconds: wallNanoseconds)
        guard let state = state(of: charge.key, in: window) else { return cap }
        return max(0, cap - Int64(state.committed))
    }

    /// What a key's slot holds for the window; nil when it has none, or nothing was reserved in the window yet.
    func state(of key: LedgerKey, in window: BudgetWindow) -> BudgetWord? {
        guard let slot = table.slot(of: key) else { return nil }
        let state = BudgetWord(slots[slot].state.load(ordering: .acquiring))
        guard table.holds(key, slot), !state.isRetired else { return nil }
        return state.tag.moved(to: window.startDay) == state.tag ? state : nil
    }
}
