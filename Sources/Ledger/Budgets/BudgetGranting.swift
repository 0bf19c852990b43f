import Synchronization

/// One round of grants: what is asked and what will soon be is pledged in the slots; once that is on the disk it is granted.
///
/// All of it under the file's lock.
struct BudgetGranting {
    private let book: BudgetBook
    private let durability: BudgetLedger.Durability
    /// By slot: what is asked beyond what is committed, in all charges together, and of the largest.
    private var asked: [Int: (sum: UInt64, most: UInt64, day: Int)] = [:]
    private var pledges: [(slot: Int, pledge: BudgetGrant)] = []

    init(_ book: BudgetBook, _ durability: BudgetLedger.Durability) {
        self.book = book
        self.durability = durability
    }

    /// Finds the charges' slots, gives them some where they have none.
    /// - Returns: the places of those for which there is none.
    mutating func ask(_ charges: [BudgetCharge], wallNanoseconds: UInt64) -> [Int] {
        let today = BudgetWindow.day(wallNanoseconds: wallNanoseconds)
        var unplaced: [Int] = []
        for (index, charge) in charges.enumerated() {
            let window = charge.rule.period.window(onDay: today)
            let found = book.table.slot(of: charge.key)
            guard let slot = found ?? book.table.claim(charge.key, prepare: { book.begin($0, overDay: window.endDay) }) else {
                unplaced.append(index)
                continue
            }
            let cap = charge.rule.cap(wallNanoseconds: wallNanoseconds)
            let amount = UInt64(min(charge.amount, cap))
            book.slots[slot].cap.store(UInt64(cap), ordering: .relaxed)
            book.slots[slot].lastAmount.store(amount, ordering: .relaxed)
            let before = asked[slot] ?? (0, 0, 0)
            asked[slot] = (min(before.sum + amount, BudgetWord.mostAmount), max(before.most, amount), max(before.day, window.startDay))
        }
        return unplaced
    }

    /// Takes up the slots that workers have marked.
    mutating func takeWanting(_ wordCount: Int) {
        book.isWanting.pointee.store(false, ordering: .sequentiallyConsistent)
        for index in 0..<wordCount where book.wanting[index].load(ordering: .sequentiallyConsistent) != 0 {
            var bits = book.wanting[index].exchange(0, ordering: .sequentiallyConsistent)
            while bits != 0 {
                let slot = index * 64 + bits.trailingZeroBitCount
                bits &= bits - 1
                if asked[slot] == nil { asked[slot] = (0, book.slots[slot].lastAmount.load(ordering: .relaxed), 0) }
            }
        }
    }

    /// Writes down what is to be granted.
    /// - Returns: whether there is anything to sync.
    mutating func pledge() -> Bool {
        guard durability == .powerLoss else { return false }
        for (slot, want) in asked {
            let state = BudgetWord(book.slots[slot].state.load(ordering: .acquiring))
            if state.isRetired { continue }
            let tag = state.tag.moved(to: want.day)
            let committed = state.tag == tag ? state.committed : 0
            let cap = book.slots[slot].cap.load(ordering: .relaxed)
            // Overshoot may have taken it past the cap.
            let wanted = max(committed, min(cap, committed + want.sum + BudgetBook.block(cap: cap, amount: want.most)))
            let pledged = BudgetGrant(book.slots[slot].pledged.load(ordering: .acquiring))
            let granted = BudgetGrant(book.slots[slot].granted.load(ordering: .acquiring))
            if granted.amount(in: tag) >= wanted, granted.tag == tag { continue }
            // Stored again also when it is the same: the sync that was to write it may have failed.
            let pledge = BudgetGrant(tag: tag, amount: max(wanted, pledged.amount(in: tag)))
            book.slots[slot].pledged.store(pledge.pair, ordering: .releasing)
            pledges.append((slot, pledge))
        }
        return !pledges.isEmpty
    }

    /// The disk has it.
    func publish() {
        for (slot, pledge) in pledges { book.slots[slot].granted.store(pledge.pair, ordering: .releasing) }
    }

    /// The disk has not: next time then.
    func giveUp() {
        for (slot, want) in asked { book.want(slot, want.most) }
    }
}

extension BudgetBook {
    /// Changes what a slot holds; what it holds then.
    @discardableResult
    func update(_ slot: Int, _ change: (BudgetWord) -> BudgetWord) -> BudgetWord {
        var old = BudgetWord(slots[slot].state.load(ordering: .acquiring))
        while true {
            let new = change(old)
            let result = slots[slot].state.compareExchange(expected: old.pair, desired: new.pair, ordering: .sequentiallyConsistent)
            if result.exchanged { return new }
            old = BudgetWord(result.original)
        }
    }

    /// Readies a slot for another key. Its generation is the next: nothing that is reserved in it can be settled any more.
    func begin(_ slot: Int, overDay: Int?) {
        clear(slot)
        slots[slot].cap.store(0, ordering: .relaxed)
        slots[slot].lastAmount.store(0, ordering: .relaxed)
        slots[slot].overDay.store(overDay.map { UInt64($0) } ?? .max, ordering: .relaxed)
        slots[slot].overshoot.store(0, ordering: .relaxed)
        slots[slot].refusedTag.store(0, ordering: .relaxed)
        update(slot) { BudgetWord(tag: BudgetTag(generation: $0.tag.generation &+ 1, day: 0)) }
    }

    private func clear(_ slot: Int) {
        slots[slot].granted.store(BudgetGrant.none.pair, ordering: .releasing)
        slots[slot].pledged.store(BudgetGrant.none.pair, ordering: .releasing)
    }

    /// Takes the slot from its key, after its state says so.
    func retire(_ slot: Int) {
        clear(slot)
        table.retire(slot)
    }

    func retireIfOver(_ slot: Int, today: UInt64) -> Bool {
        let state = BudgetWord(slots[slot].state.load(ordering: .acquiring))
        // Somebody was killed while he took it away.
        if state.isRetired {
            retire(slot)
            return true
        }
        let overDay = slots[slot].overDay.load(ordering: .relaxed)
        let isOver = overDay > UInt64(state.tag.day) && overDay <= today && today - overDay >= UInt64(BudgetLimits.retiredAfterDays)
        guard isOver, state.reserved == 0 else { return false }
        guard slots[slot].state.compareExchange(expected: state.pair, desired: state.retired.pair, ordering: .sequentiallyConsistent).exchanged else {
            return false
        }
        retire(slot)
        return true
    }
}
