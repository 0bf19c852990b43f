/// Where one thread asks whether requests may go on. No lock, no allocation, no system call.
///
/// Not to be used by two threads at once; what it has admitted is finished at the same desk.
public final class RateDesk {
    private let file: LedgerFile
    private let book: RateBook
    private let entries: EntryDesk

    init(_ file: LedgerFile, _ book: RateBook) {
        self.file = file
        self.book = book
        entries = EntryDesk(file)
    }

    /// Counts the request in all its limits, or in none: one that is refused uses nothing up.
    /// - Parameters:
    ///   - nowNanoseconds: on the monotonic clock.
    ///   - admission: must be empty; set when the verdict is `admitted`.
    public func admit(_ charges: Span<RateCharge>, for request: Identifier, nowNanoseconds: UInt64, into admission: inout RateAdmission) -> RateVerdict {
        precondition(!admission.isOpen, "what is admitted is finished before anything is admitted in its place")
        let places = RateDesk.places(charges)
        guard charges.count <= RateLimits.limitsPerRequest, places <= BudgetLimits.holdingsPerEntry else { return .tooManyLimits }
        if charges.isEmpty { return .admitted }
        let now = nowNanoseconds / 1_000_000
        // Looked at first, so that nothing is counted, even for a moment, where a later limit is in the way.
        if charges.count > 1, !haveRoom(charges, now: now), let refusal = refusal(of: charges, now: now) { return .refused(refusal) }
        var entry = RateAdmission.noEntry
        if places > 0 {
            guard let taken = entries.take() else { return .tooManyOpen }
            entry = taken
        }
        var listed = 0
        for index in charges.indices {
            let outcome = book.admit(charges[index], now: now)
            if case .admitted(let holding) = outcome {
                admission.holdings[index] = holding
                if holding.period == 0 { listed = list(holding, entry, listed) }
                continue
            }
            for earlier in (0..<index).reversed() { book.change(admission.holdings[earlier], to: 0) }
            if entry != RateAdmission.noEntry { entries.give(entry) }
            guard case .refused = outcome else { return .awaitsSlot }
            return .refused(refusal(of: charges, now: now) ?? overtaken(charges[index], index, now: now))
        }
        admission.count = charges.count
        admission.entry = entry
        if entry != RateAdmission.noEntry { file.entry(entry).pointee.list(listed, of: request, wallNanoseconds: nowNanoseconds) }
        return .admitted
    }

    /// How many of the limits are of concurrency.
    private static func places(_ charges: Span<RateCharge>) -> Int {
        var count = 0
        for index in charges.indices {
            if case .concurrency = charges[index].limit { count += 1 }
        }
        return count
    }

    private func list(_ holding: RateAdmission.Holding, _ entry: Int, _ count: Int) -> Int {
        file.entry(entry).pointee.set(
            count, OpenEntry.Holding(slot: holding.slot, tag: UInt32(truncatingIfNeeded: holding.start), amount: holding.amount))
        return count + 1
    }

    private func haveRoom(_ charges: Span<RateCharge>, now: UInt64) -> Bool {
        for index in charges.indices where !book.hasRoom(for: charges[index], now: now) { return false }
        return true
    }

    /// Which limit is in the way longest; nil when none is.
    private func refusal(of charges: Span<RateCharge>, now: UInt64) -> RateRefusal? {
        var longest: RateRefusal?
        for index in charges.indices {
            let (reading, retry) = book.reading(of: charges[index], now: now)
            if retry == 0 { continue }
            let refusal = RateRefusal(index: index, reading: reading, retryMilliseconds: retry)
            guard let known = longest else {
                longest = refusal
                continue
            }
            // What cannot be told is longest.
            if known.retryMilliseconds ?? .max < retry ?? .max { longest = refusal }
        }
        return longest
    }

    /// It was refused, and by now there is room again: another request was taken back.
    private func overtaken(_ charge: RateCharge, _ index: Int, now: UInt64) -> RateRefusal {
        RateRefusal(index: index, reading: book.reading(of: charge, now: now).reading, retryMilliseconds: 1)
    }

    /// Sets right what a charge was expected to use, when it is known; counted where the expectation was, also past the limit.
    /// - Parameter index: the charge's place. Only of rates.
    public func adjust(_ admission: inout RateAdmission, _ index: Int, to amount: Int64) {
        guard index < admission.count, admission.holdings[index].period > 0 else { return }
        let amount = UInt64(max(0, amount))
        book.change(admission.holdings[index], to: amount)
        admission.holdings[index].amount = min(amount, RateWord.most)
    }

    /// The request is over: its places in limits of concurrency are free again; `admission` is empty afterwards. Of an empty one nothing comes.
    public func finish(_ admission: inout RateAdmission) {
        if admission.entry != RateAdmission.noEntry {
            // First: what is listed is counted.
            file.entry(admission.entry).pointee.clear()
            entries.give(admission.entry)
            for index in 0..<admission.count where admission.holdings[index].period == 0 { book.change(admission.holdings[index], to: 0) }
        }
        admission.entry = RateAdmission.noEntry
        admission.count = 0
    }

    /// Takes back all that was counted, as if the request had never asked: for one that another rule refused after it was admitted.
    public func withdraw(_ admission: inout RateAdmission) {
        for index in 0..<admission.count where admission.holdings[index].period > 0 { book.change(admission.holdings[index], to: 0) }
        finish(&admission)
    }

    /// How a limit stands.
    public func reading(of charge: RateCharge, nowNanoseconds: UInt64) -> RateReading {
        book.reading(of: charge, now: nowNanoseconds / 1_000_000).reading
    }
}
