import Synchronization

/// The budgets of one data directory: how much of each is spent and reserved, in a file of shared memory that outlives its processes.
///
/// **Never overrun.** A request reserves the most it may cost before it is sent, and settles what it did cost afterwards; what is spent and
/// reserved is one atomic word a budget. A process that is killed leaves what it had reserved counted in full. No lock is taken for a request.
///
/// **Across a power failure** nothing is forgotten either (`Durability.powerLoss`): what is committed may not pass what is on the disk as granted, and
/// after another boot all that was granted counts as spent. At most a block of each budget is lost that way, a 64th of its cap or four requests.
///
/// **Windows** only move on. A clock that jumps a year ahead begins next year's windows, and set right again goes on in those: nothing is emptied or
/// counted twice, and `reset` brings a budget back to the present.
///
/// Workers reserve and settle at a `desk()` each. Everything else here is the back office's, takes the file's lock and may wait for the disk.
public final class BudgetLedger: Sendable {
    public enum Durability: Sendable {
        /// Crashes of processes are outlived. After a power failure budgets may be what they were half a minute before.
        case processCrash
        /// Power failures as well.
        case powerLoss
    }

    public let durability: Durability
    /// What processes had reserved and not yet listed, or no longer, when they were killed; counted as spent when this one opened the ledger alone.
    public let unlisted: [BudgetRecovery.Unlisted]

    let file: LedgerFile
    let book: BudgetBook
    private let wantingCount: Int

    /// Opens the file at `path`, or makes it, for reading and writing by its owner alone. All processes must have the same durability.
    /// - Parameters:
    ///   - slotCount: budgets of a new file, a power of two; an old one keeps its own.
    ///   - openCount: reservations open at once, of a new file.
    ///   - boot: for tests: which boot this is to be taken for.
    public init(
        path: String, durability: Durability = .powerLoss, slotCount: Int = BudgetLimits.defaultSlotCount,
        openCount: Int = BudgetLimits.defaultOpenCount, boot: BootIdentity? = nil
    ) throws(LedgerFileError) {
        let present = if let boot { boot } else { try BootIdentity.current() }
        var unlisted: [BudgetRecovery.Unlisted] = []
        file = try LedgerFile(path: path, kind: .budgets, slotCount: slotCount, entryCount: openCount, boot: present) { file throws(LedgerFileError) in
            unlisted = try BudgetRecovery.prepare(file)
        }
        self.unlisted = unlisted
        self.durability = durability
        wantingCount = (file.layout.slotCount + 63) / 64
        let wanting = UnsafeMutablePointer<Atomic<UInt64>>.allocate(capacity: wantingCount)
        for index in 0..<wantingCount { (wanting + index).initialize(to: Atomic(0)) }
        let isWanting = UnsafeMutablePointer<Atomic<Bool>>.allocate(capacity: 1)
        isWanting.initialize(to: Atomic(false))
        book = BudgetBook(
            table: file.table, slots: file.slots(as: BudgetSlot.self), isGranted: durability == .powerLoss, wanting: wanting, isWanting: isWanting)
    }

    deinit {
        book.wanting.deallocate()
        book.isWanting.deallocate()
    }

    /// Makes this ledger's keys.
    public func keyMaker() -> LedgerKeyMaker { file.keyMaker() }

    /// One for each thread that reserves.
    public func desk() -> BudgetDesk { BudgetDesk(self, file, book) }

    // MARK: The back office's

    /// Whether some budget will soon need a larger grant: then `grant` is to be called within some milliseconds, with nothing asked. One load.
    public var needsGrant: Bool { book.isWanting.pointee.load(ordering: .acquiring) }

    /// Makes room on the disk for what is asked, and for budgets that will soon need more: one sync for all.
    /// - Returns: the places in `asked` of charges for whose budgets there was no slot; see `LedgerFileError.full`.
    /// - Throws: `.cannotSync`, and then nothing is granted; to be called again.
    public func grant(_ asked: [BudgetCharge] = [], wallNanoseconds: UInt64) throws(LedgerFileError) -> [Int] {
        try file.locked { () throws(LedgerFileError) in
            var granting = BudgetGranting(book, durability)
            let unplaced = granting.ask(asked, wallNanoseconds: wallNanoseconds)
            granting.takeWanting(wantingCount)
            do throws(LedgerFileError) {
                if granting.pledge() { try file.sync() }
            } catch {
                granting.giveUp()
                throw error
            }
            granting.publish()
            return unplaced
        }
    }

    /// Empties a budget's window, or begins the present one where the clock had run ahead. What is reserved stays counted, unless the window is another then.
    /// - Returns: whether there is such a budget.
    @discardableResult
    public func reset(_ key: LedgerKey, _ rule: BudgetRule, wallNanoseconds: UInt64) throws(LedgerFileError) -> Bool {
        try file.locked { () throws(LedgerFileError) in
            guard let slot = file.table.slot(of: key) else { return false }
            let day = rule.period.window(onDay: BudgetWindow.day(wallNanoseconds: wallNanoseconds)).startDay
            let before = BudgetWord(book.slots[slot].state.load(ordering: .acquiring))
            book.slots[slot].refusedTag.store(0, ordering: .relaxed)
            if before.tag.day == day, before.spent == 0 { return true }
            // Nobody may spend what the lower pledge will not cover.
            book.slots[slot].granted.store(BudgetGrant.none.pair, ordering: .sequentiallyConsistent)
            let emptied = book.update(slot) { old in
                if old.tag.day == day { return BudgetWord(tag: old.tag, reserved: old.reserved) }
                let isBack = day < old.tag.day
                return BudgetWord(tag: isBack ? BudgetTag(generation: old.tag.generation &+ 1, day: day) : old.tag.moved(to: day))
            }
            book.note(rule.cap(wallNanoseconds: wallNanoseconds), rule.period.window(onDay: emptied.tag.day), slot)
            guard durability == .powerLoss else { return true }
            let block = BudgetBook.block(cap: UInt64(rule.cap), amount: book.slots[slot].lastAmount.load(ordering: .relaxed))
            let pledge = BudgetGrant(tag: emptied.tag, amount: min(emptied.reserved + block, max(UInt64(rule.cap), emptied.reserved)))
            book.slots[slot].pledged.store(pledge.pair, ordering: .releasing)
            try file.sync()
            book.slots[slot].granted.store(pledge.pair, ordering: .releasing)
            let after = BudgetWord(book.slots[slot].state.load(ordering: .acquiring))
            if after.committed > pledge.amount { book.want(slot, book.slots[slot].lastAmount.load(ordering: .relaxed)) }
            return true
        }
    }

    /// Forgets a budget that is no more, with all that was spent. What is still reserved from it will be settled in vain.
    @discardableResult
    public func remove(_ key: LedgerKey) throws(LedgerFileError) -> Bool {
        try file.locked { () throws(LedgerFileError) in
            guard let slot = file.table.slot(of: key) else { return false }
            book.update(slot) { $0.retired }
            book.retire(slot)
            return true
        }
    }

    /// Frees the slots of budgets whose window is long over and that hold nothing: they begin anew when they are next asked for. To be called
    /// every hour or so, and when `grant` found no slot.
    /// - Returns: how many are free again.
    @discardableResult
    public func retireOver(wallNanoseconds: UInt64) throws(LedgerFileError) -> Int {
        try file.locked { () throws(LedgerFileError) in
            let today = UInt64(BudgetWindow.day(wallNanoseconds: wallNanoseconds))
            var count = 0
            for slot in 0..<file.layout.slotCount where file.table.key(slot) != nil && book.retireIfOver(slot, today: today) { count += 1 }
            return count
        }
    }

    /// Looks for processes that have ended, and settles what they had reserved at its full amount: what it did cost nobody knows.
    /// - Parameter report: told of each reservation first, so that a record can be written; where it returns false the reservation stays, and is reported
    ///   again next time. Killed in between, it is reported again as well: records are told apart by the request's identifier.
    public func recover(_ report: (BudgetRecovery.Abandoned) -> Bool) throws(LedgerFileError) -> BudgetRecovery {
        try file.locked { () throws(LedgerFileError) in
            try file.buryDead()
            var recovery = BudgetRecovery()
            recovery.settleAbandoned(file, book, report)
            return recovery
        }
    }

    // MARK: Figures

    /// How a budget stands; nil when nothing was reserved in this window.
    public func usage(of key: LedgerKey, _ rule: BudgetRule, wallNanoseconds: UInt64) -> BudgetUsage? {
        let window = rule.period.window(onDay: BudgetWindow.day(wallNanoseconds: wallNanoseconds))
        guard let slot = file.table.slot(of: key), let state = book.state(of: key, in: window) else { return nil }
        return BudgetUsage(
            spent: Int64(state.spent), reserved: Int64(state.reserved), startDay: state.tag.day, resetsAt: rule.period.window(onDay: state.tag.day).endsAt,
            overshoot: Int64(clamping: book.slots[slot].overshoot.load(ordering: .relaxed)), leastRefused: book.leastRefused(slot, state))
    }

    /// Whether a budget has a slot.
    public func holds(_ key: LedgerKey) -> Bool { file.table.slot(of: key) != nil }

    /// How many budgets there can be.
    public var slotCount: Int { file.layout.slotCount }

    /// Reservations listed now, of all processes, also of those that have ended.
    public var openCount: Int {
        (0..<file.layout.entryCount).reduce(0) { sum, index in sum + (file.entry(index).pointee.count > 0 ? 1 : 0) }
    }

    /// Budgets that have a slot.
    public var budgetCount: Int { (0..<file.layout.slotCount).reduce(0) { $0 + (file.table.key($1) == nil ? 0 : 1) } }
}

/// How a budget stands in its window. Amounts are in its rule's unit.
public struct BudgetUsage: Equatable, Sendable {
    public let spent: Int64
    public let reserved: Int64
    /// The day, since 1970 and in UTC, on which the window began.
    public let startDay: Int
    /// When the window is over, in wall-clock seconds since 1970; nil for never.
    public let resetsAt: Int64?
    /// What requests did cost beyond what was reserved for them, in this window and those before.
    public let overshoot: Int64
    /// The least that a request would have taken which was refused in this window; nil when none was.
    public let leastRefused: Int64?

    /// Whether requests are refused at this cap: it is spent, or what is left is too little for the least that was asked of it.
    public func isExhausted(cap: Int64) -> Bool { spent >= cap || leastRefused.map { $0 > cap - spent } ?? false }
}
