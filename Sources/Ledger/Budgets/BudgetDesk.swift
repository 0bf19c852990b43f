/// Where one thread reserves from the ledger's budgets, and settles what it has reserved. No lock, no allocation, no system call.
///
/// Not to be used by two threads at once, not even one after the other for the same reservation: the entry that lists it is this desk's.
public final class BudgetDesk {
    private let ledger: BudgetLedger
    private let file: LedgerFile
    private let book: BudgetBook
    private let entries: EntryDesk
    private var calendar = BudgetCalendar()

    init(_ ledger: BudgetLedger, _ file: LedgerFile, _ book: BudgetBook) {
        self.ledger = ledger
        self.file = file
        self.book = book
        entries = EntryDesk(file)
    }

    /// Reserves each charge's amount in its budget, or nothing in any: what does not fit in one is taken back from those before, the last first.
    ///
    /// A budget has room when what is spent and reserved in the window of this time, with the amount, is within its cap. Between being reserved and
    /// taken back again an amount is in nobody's way but for some 10 ns, since all budgets are looked at before the first is changed.
    /// - Parameters:
    ///   - request: whose it is, should the process be killed before it is settled.
    ///   - wallNanoseconds: since 1970. A clock that is set back changes nothing: windows only move on.
    ///   - reservation: must be empty; set when the verdict is `reserved`.
    public func reserve(
        _ charges: Span<BudgetCharge>, for request: Identifier, wallNanoseconds: UInt64, into reservation: inout BudgetReservation
    ) -> BudgetVerdict {
        precondition(!reservation.isOpen, "what is reserved is settled before anything is reserved in its place")
        guard charges.count <= BudgetLimits.budgetsPerRequest else { return .tooManyBudgets }
        if charges.isEmpty { return .reserved }
        let day = BudgetWindow.day(wallNanoseconds: wallNanoseconds)
        if charges.count > 1, let refusal = firstWithoutRoom(charges, onDay: day, wallNanoseconds: wallNanoseconds) { return .refused(refusal) }
        guard takeEntries(for: charges.count, into: &reservation) else { return .tooManyOpen }
        for index in charges.indices {
            let verdict: BudgetVerdict
            let window = calendar.window(charges[index].rule.period, onDay: day)
            switch book.reserve(charges[index], in: window, wallNanoseconds: wallNanoseconds) {
            case .reserved(let holding):
                reservation.holdings[index] = holding
                file.entry(reservation.entries[index / BudgetLimits.holdingsPerEntry]).pointee.set(index % BudgetLimits.holdingsPerEntry, holding)
                continue
            case .refused(var refusal):
                refusal.index = index
                verdict = .refused(refusal)
            case .awaitsGrant: verdict = .awaitsGrant
            }
            for earlier in (0..<index).reversed() { book.settle(reservation.holdings.span[earlier], actual: 0) }
            giveEntries(BudgetReservation.entryCount(charges.count), of: &reservation)
            return verdict
        }
        reservation.count = charges.count
        for index in 0..<BudgetReservation.entryCount(charges.count) {
            let listed = min(charges.count - index * BudgetLimits.holdingsPerEntry, BudgetLimits.holdingsPerEntry)
            file.entry(reservation.entries[index]).pointee.list(listed, of: request, wallNanoseconds: wallNanoseconds)
        }
        return .reserved
    }

    /// Entries for so many holdings, or none.
    private func takeEntries(for holdings: Int, into reservation: inout BudgetReservation) -> Bool {
        for index in 0..<BudgetReservation.entryCount(holdings) {
            guard let entry = entries.take() else {
                giveEntries(index, of: &reservation)
                return false
            }
            reservation.entries[index] = entry
        }
        return true
    }

    // Changes nothing of the reservation, which is lent for not being copied.
    private func giveEntries(_ count: Int, of reservation: inout BudgetReservation) {
        for index in 0..<count { entries.give(reservation.entries[index]) }
    }

    private func firstWithoutRoom(_ charges: Span<BudgetCharge>, onDay day: Int, wallNanoseconds: UInt64) -> BudgetRefusal? {
        for index in charges.indices {
            let window = calendar.window(charges[index].rule.period, onDay: day)
            guard var refusal = book.refusal(of: charges[index], in: window, wallNanoseconds: wallNanoseconds) else { continue }
            refusal.index = index
            return refusal
        }
        return nil
    }

    /// Puts what the request did cost in the place of what was reserved, in each budget; `reservation` is empty afterwards. Of an empty one nothing comes.
    ///
    /// What was spent beyond the reservation is added all the same, and counted as overshoot: it has been billed. A window that is over by now is
    /// left as it was.
    /// - Parameters:
    ///   - actual: asked for each charge, by its place, and in its unit; what is negative counts as 0.
    ///   - settled: told of each charge, by its place, after it was settled.
    public func settle(
        _ reservation: inout BudgetReservation, actual: (Int) -> Int64, settled: (Int, BudgetSettlement) -> Void = { _, _ in }
    ) {
        let count = reservation.count
        guard count > 0 else { return }
        // First: what is listed is counted. Killed from here on, the rest stays counted in full.
        let entryCount = BudgetReservation.entryCount(count)
        for index in 0..<entryCount { file.entry(reservation.entries[index]).pointee.clear() }
        giveEntries(entryCount, of: &reservation)
        // Where they lie: read one by one, each would have all of them copied first.
        let holdings = reservation.holdings.span
        for index in 0..<count {
            let (holding, spent) = (holdings[index], actual(index))
            let movement = book.settle(holding, actual: spent)
            settled(index, BudgetSettlement(movement: movement, isOvershot: spent > 0 && UInt64(spent) > holding.amount))
        }
        reservation.count = 0
    }

    /// Takes back what was reserved: nothing was spent.
    public func release(_ reservation: inout BudgetReservation) { settle(&reservation) { _ in 0 } }

    /// What is neither spent nor reserved of the charge's budget, whatever its amount; 0 when it is exhausted.
    public func left(of charge: BudgetCharge, wallNanoseconds: UInt64) -> Int64 {
        book.left(of: charge, in: window(of: charge, wallNanoseconds), wallNanoseconds: wallNanoseconds)
    }

    /// Notes that a request was refused for want of the charge's amount, which is the least that it would have taken: for those who are shown the budget.
    public func noteRefused(_ charge: BudgetCharge, wallNanoseconds: UInt64) {
        book.noteRefused(charge, in: window(of: charge, wallNanoseconds), wallNanoseconds: wallNanoseconds)
    }

    /// The least that is left of the budgets in one unit, and whose it is: what a request can be cut to. nil when no charge has the unit.
    public func leastLeft(of charges: Span<BudgetCharge>, _ unit: BudgetUnit, wallNanoseconds: UInt64) -> (index: Int, left: Int64)? {
        var least: (index: Int, left: Int64)?
        for index in charges.indices where charges[index].rule.unit == unit {
            let left = left(of: charges[index], wallNanoseconds: wallNanoseconds)
            if left < least?.left ?? .max { least = (index, left) }
        }
        return least
    }

    private func window(of charge: BudgetCharge, _ wallNanoseconds: UInt64) -> BudgetWindow {
        calendar.window(charge.rule.period, onDay: BudgetWindow.day(wallNanoseconds: wallNanoseconds))
    }
}
