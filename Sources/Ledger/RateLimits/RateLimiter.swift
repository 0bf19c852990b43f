import Synchronization

/// The use of all rate limits of one data directory, in a file of shared memory: the processes of an upgrade count in it together, and it means
/// nothing after the next boot.
///
/// Workers ask at a `desk()` each. Everything else here is the back office's.
public final class RateLimiter: Sendable {
    private let file: LedgerFile
    private let book: RateBook

    /// Opens the file at `path`, or makes it, for reading and writing by its owner alone.
    /// - Parameters:
    ///   - slotCount: limits of a new file, a power of two; an old one keeps its own.
    ///   - openCount: requests at once that limits of concurrency hold for, of a new file.
    ///   - boot: for tests: which boot this is to be taken for.
    public init(
        path: String, slotCount: Int = RateLimits.defaultSlotCount, openCount: Int = BudgetLimits.defaultOpenCount, boot: BootIdentity? = nil
    ) throws(LedgerFileError) {
        let present = if let boot { boot } else { try BootIdentity.current() }
        file = try LedgerFile(path: path, kind: .rates, slotCount: slotCount, entryCount: openCount, boot: present) { file throws(LedgerFileError) in
            RateLimiter.prepare(file)
        }
        book = RateBook(table: file.table, slots: file.slots(as: RateSlot.self))
    }

    /// Nobody else is there: no request is under way; and after a boot nothing was used, since times begin anew.
    private static func prepare(_ file: LedgerFile) {
        guard file.wasAlone else { return }
        let slots = file.slots(as: RateSlot.self)
        for slot in 0..<file.layout.slotCount where file.table.key(slot) != nil {
            let isOfConcurrency = slots[slot].period.load(ordering: .relaxed) == 0
            guard file.isAfterBoot || isOfConcurrency, slots[slot].state.load(ordering: .acquiring) != RateWord.retired.pair else { continue }
            slots[slot].last.store(0, ordering: .releasing)
            let generation = slots[slot].generation.load(ordering: .relaxed)
            slots[slot].state.store(isOfConcurrency ? ConcurrencyWord(generation: generation, count: 0).pair : RateWord(start: 0).pair, ordering: .releasing)
        }
        for index in 0..<file.layout.entryCount where file.entry(index).pointee.count > 0 { file.entry(index).pointee.clear() }
        for block in 0..<file.layout.blockCount { file.blockOwner(block).pointee.store(0, ordering: .releasing) }
    }

    /// Makes this file's keys.
    public func keyMaker() -> LedgerKeyMaker { file.keyMaker() }

    /// One for each thread that asks.
    public func desk() -> RateDesk { RateDesk(file, book) }

    /// Gives slots to limits that have none. No disk is waited for.
    /// - Returns: the places in `charges` of those for which there is none; see `LedgerFileError.full`.
    public func prepare(_ charges: [RateCharge]) throws(LedgerFileError) -> [Int] {
        try file.locked { () throws(LedgerFileError) in
            var unplaced: [Int] = []
            for (index, charge) in charges.enumerated() where file.table.slot(of: charge.key) == nil {
                if file.table.claim(charge.key, prepare: { begin($0, charge.limit) }) == nil { unplaced.append(index) }
            }
            return unplaced
        }
    }

    private func begin(_ slot: Int, _ limit: RateLimit) {
        let generation = book.slots[slot].generation.wrappingAdd(1, ordering: .relaxed).newValue
        // Compared with what a file's entries have room for.
        let short = UInt64(UInt32(truncatingIfNeeded: generation))
        book.slots[slot].generation.store(short, ordering: .relaxed)
        book.slots[slot].last.store(0, ordering: .relaxed)
        switch limit {
        case .rate(_, let period):
            book.slots[slot].period.store(period.milliseconds, ordering: .relaxed)
            book.slots[slot].state.store(RateWord(start: 0).pair, ordering: .releasing)
        case .concurrency:
            book.slots[slot].period.store(0, ordering: .relaxed)
            book.slots[slot].state.store(ConcurrencyWord(generation: short, count: 0).pair, ordering: .releasing)
        }
    }

    /// Whether a limit has a slot.
    public func holds(_ key: LedgerKey) -> Bool { file.table.slot(of: key) != nil }

    /// How many limits there can be.
    public var slotCount: Int { file.layout.slotCount }

    /// How a charge's limit stands.
    public func reading(of charge: RateCharge, nowNanoseconds: UInt64) -> RateReading { book.reading(of: charge, now: nowNanoseconds / 1_000_000).reading }

    /// Forgets what a limit has counted. Places that requests have in a limit of concurrency stay theirs.
    /// - Returns: whether there is such a limit.
    @discardableResult
    public func reset(_ key: LedgerKey) throws(LedgerFileError) -> Bool {
        try file.locked { () throws(LedgerFileError) in
            guard let slot = file.table.slot(of: key) else { return false }
            guard book.slots[slot].period.load(ordering: .relaxed) > 0 else { return true }
            // What was counted before is found no more: another stretch.
            var old = book.slots[slot].state.load(ordering: .acquiring)
            while old != RateWord.retired.pair {
                let result = book.slots[slot].state.compareExchange(expected: old, desired: RateWord(start: 0).pair, ordering: .acquiringAndReleasing)
                if result.exchanged { break }
                old = result.original
            }
            return true
        }
    }

    /// Frees the slots of limits that nobody has asked for since long, and of which nothing is held. To be called every hour or so, and when
    /// `prepare` found no slot.
    /// - Returns: how many are free again.
    @discardableResult
    public func retireIdle(nowNanoseconds: UInt64) throws(LedgerFileError) -> Int {
        let now = nowNanoseconds / 1_000_000
        return try file.locked { () throws(LedgerFileError) in
            var count = 0
            for slot in 0..<file.layout.slotCount where file.table.key(slot) != nil && retireIfIdle(slot, now: now) { count += 1 }
            return count
        }
    }

    private func retireIfIdle(_ slot: Int, now: UInt64) -> Bool {
        let state = book.slots[slot].state.load(ordering: .acquiring)
        if state != RateWord.retired.pair {
            let period = min(book.slots[slot].period.load(ordering: .relaxed), RatePeriod.week.milliseconds)
            let last = min(book.slots[slot].last.load(ordering: .acquiring), now)
            guard now - last > period + RateLimits.retiredAfterMilliseconds, period > 0 || ConcurrencyWord(state).count == 0 else { return false }
            let result = book.slots[slot].state.compareExchange(expected: state, desired: RateWord.retired.pair, ordering: .sequentiallyConsistent)
            guard result.exchanged else { return false }
        }
        file.table.retire(slot)
        return true
    }

    /// Looks for processes that have ended, and frees the places that their requests had in limits of concurrency.
    /// - Returns: how many requests that were.
    @discardableResult
    public func recover() throws(LedgerFileError) -> Int {
        try file.locked { () throws(LedgerFileError) in
            try file.buryDead()
            var count = 0
            for block in 0..<file.layout.blockCount {
                let owner = file.blockOwner(block).pointee.load(ordering: .acquiring)
                guard owner == OpenEntry.abandonedOwner || owner == OpenEntry.lostOwner else { continue }
                for index in block * BudgetLimits.entriesPerBlock..<(block + 1) * BudgetLimits.entriesPerBlock where file.entry(index).pointee.count > 0 {
                    free(file.entry(index))
                    count += 1
                }
                file.blockOwner(block).pointee.store(0, ordering: .releasing)
            }
            return count
        }
    }

    private func free(_ entry: UnsafeMutablePointer<OpenEntry>) {
        let holdings = (0..<entry.pointee.count).map { entry.pointee.holding($0) }
        entry.pointee.clear()
        for holding in holdings where holding.slot < file.layout.slotCount {
            book.change(RateAdmission.Holding(slot: holding.slot, period: 0, start: UInt64(holding.tag), amount: holding.amount), to: 0)
        }
    }

    /// Requests that hold places in limits of concurrency now, of all processes.
    public var openCount: Int {
        (0..<file.layout.entryCount).reduce(0) { sum, index in sum + (file.entry(index).pointee.count > 0 ? 1 : 0) }
    }
}
