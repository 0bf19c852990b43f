import Synchronization

/// What became of the reservations of processes that have ended.
public struct BudgetRecovery: Equatable, Sendable {
    /// A reservation whose process has ended.
    public struct Abandoned: Equatable, Sendable {
        public enum Cause: Equatable, Sendable {
            /// Only the process: it is counted in full as spent.
            case crash
            /// The machine as well. What the disk has of it may be old, and it may have been settled since: what was granted counts as
            /// spent, whatever is listed.
            case powerLoss
        }

        public let request: Identifier
        /// Wall-clock nanoseconds since 1970.
        public let openedAt: UInt64
        public let cause: Cause
        /// By budget; the key is nil where the budget has no slot any more.
        public let charges: [Charge]
    }

    public struct Charge: Equatable, Sendable {
        public let key: LedgerKey?
        public let amount: Int64
    }

    /// What was reserved of a budget without being listed: its process was killed in the few instructions between the two.
    public struct Unlisted: Equatable, Sendable {
        public let key: LedgerKey
        public let amount: Int64
    }

    /// What it added to budgets, for their thresholds.
    public private(set) var movements: [(key: LedgerKey, movement: BudgetMovement)] = []
    /// Reservations settled in full.
    public private(set) var count = 0

    public static func == (left: BudgetRecovery, right: BudgetRecovery) -> Bool {
        left.count == right.count && left.movements.elementsEqual(right.movements) { $0.key == $1.key && $0.movement == $1.movement }
    }

    // MARK: While it is opened

    /// What only who has the ledger alone can do: nothing is reserved then but what is listed.
    static func prepare(_ file: LedgerFile) throws(LedgerFileError) -> [Unlisted] {
        guard file.wasAlone else { return [] }
        let slots = file.slots(as: BudgetSlot.self)
        if file.isAfterBoot {
            for slot in 0..<file.layout.slotCount where file.table.key(slot) != nil { countGranted(slots + slot) }
            try file.sync()
            return []
        }
        let listed = listedAmounts(file)
        var unlisted: [Unlisted] = []
        for slot in 0..<file.layout.slotCount {
            guard let key = file.table.key(slot) else { continue }
            var state = BudgetWord(slots[slot].state.load(ordering: .acquiring))
            let rest = state.isRetired ? 0 : state.reserved - min(state.reserved, listed[slot])
            guard rest > 0 else { continue }
            state.settle(reserved: rest, spent: rest)
            slots[slot].state.store(state.pair, ordering: .releasing)
            unlisted.append(Unlisted(key: key, amount: Int64(rest)))
        }
        return unlisted
    }

    /// After another boot: all that was granted may have been spent.
    private static func countGranted(_ slot: UnsafeMutablePointer<BudgetSlot>) {
        let state = BudgetWord(slot.pointee.state.load(ordering: .acquiring))
        if state.isRetired { return }
        let pledged = BudgetGrant(slot.pointee.pledged.load(ordering: .acquiring))
        var spent = state.committed
        var tag = state.tag
        if pledged.tag == tag {
            spent = max(spent, pledged.amount)
        } else if pledged.tag.isLater(than: tag), pledged.amount > 0 {
            (tag, spent) = (pledged.tag, pledged.amount)
        }
        slot.pointee.state.store(BudgetWord(tag: tag, spent: spent).pair, ordering: .releasing)
    }

    /// By slot, what is listed of its present window.
    private static func listedAmounts(_ file: LedgerFile) -> [UInt64] {
        let slots = file.slots(as: BudgetSlot.self)
        var amounts = [UInt64](repeating: 0, count: file.layout.slotCount)
        for index in 0..<file.layout.entryCount {
            for holding in holdings(file.entry(index), file) {
                let slot = Int(holding.slot)
                guard BudgetWord(slots[slot].state.load(ordering: .acquiring)).tag.rawValue == holding.tag else { continue }
                amounts[slot] = min(amounts[slot] + holding.amount, BudgetWord.mostAmount)
            }
        }
        return amounts
    }

    /// What an entry lists, as far as it can be true.
    private static func holdings(_ entry: UnsafeMutablePointer<OpenEntry>, _ file: LedgerFile) -> [OpenEntry.Holding] {
        (0..<entry.pointee.count).map { entry.pointee.holding($0) }
            .filter { $0.slot < file.layout.slotCount && $0.amount <= BudgetWord.mostAmount }
    }

    // MARK: Later

    /// Reports what is abandoned, and settles it. Under the file's lock.
    mutating func settleAbandoned(_ file: LedgerFile, _ book: BudgetBook, _ report: (Abandoned) -> Bool) {
        for block in 0..<file.layout.blockCount {
            let owner = file.blockOwner(block).pointee.load(ordering: .acquiring)
            guard owner == OpenEntry.abandonedOwner || owner == OpenEntry.lostOwner else { continue }
            var isDone = true
            for index in block * BudgetLimits.entriesPerBlock..<(block + 1) * BudgetLimits.entriesPerBlock where file.entry(index).pointee.count > 0 {
                isDone = settle(file.entry(index), isLost: owner == OpenEntry.lostOwner, file, book, report) && isDone
            }
            if isDone { file.blockOwner(block).pointee.store(0, ordering: .releasing) }
        }
    }

    private mutating func settle(
        _ entry: UnsafeMutablePointer<OpenEntry>, isLost: Bool, _ file: LedgerFile, _ book: BudgetBook, _ report: (Abandoned) -> Bool
    ) -> Bool {
        let holdings = BudgetRecovery.holdings(entry, file)
        let abandoned = Abandoned(
            request: entry.pointee.request, openedAt: entry.pointee.openedAt, cause: isLost ? .powerLoss : .crash,
            charges: holdings.map { Charge(key: BudgetRecovery.key(of: $0, file), amount: Int64($0.amount)) })
        guard report(abandoned) else { return false }
        // As when a request settles: what is listed is counted.
        entry.pointee.clear()
        if isLost { return true }
        for holding in holdings {
            guard let movement = book.settle(holding, actual: Int64(holding.amount)), let key = file.table.key(Int(holding.slot)) else { continue }
            movements.append((key, movement))
        }
        count += 1
        return true
    }

    /// Whose the slot is, unless it has become another's.
    private static func key(of holding: OpenEntry.Holding, _ file: LedgerFile) -> LedgerKey? {
        let slot = Int(holding.slot)
        let state = BudgetWord(file.slots(as: BudgetSlot.self)[slot].state.load(ordering: .acquiring))
        guard state.tag.generation == BudgetTag(rawValue: holding.tag).generation, !state.isRetired else { return nil }
        return file.table.key(slot)
    }
}
