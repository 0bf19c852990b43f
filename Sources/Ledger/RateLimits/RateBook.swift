import Synchronization

/// The slots of a file of limits, and what is done to one of them at a time.
// Unchecked: the addresses do not change, and what they lead to is atomics.
struct RateBook: @unchecked Sendable {
    let table: SlotTable
    let slots: UnsafeMutablePointer<RateSlot>

    enum Outcome {
        case admitted(RateAdmission.Holding)
        case refused
        case awaitsSlot
    }

    /// Counts the charge, or nothing.
    /// - Parameter now: milliseconds on the monotonic clock.
    func admit(_ charge: RateCharge, now: UInt64) -> Outcome {
        guard let slot = table.slot(of: charge.key) else { return .awaitsSlot }
        switch charge.limit {
        case .rate(_, let period): return use(charge, slot, period: period.milliseconds, now: now)
        case .concurrency: return enter(charge, slot, now: now)
        }
    }

    private func use(_ charge: RateCharge, _ slot: Int, period: UInt64, now: UInt64) -> Outcome {
        let (amount, limit) = (UInt64(charge.amount), UInt64(charge.limit.count))
        var old = slots[slot].state.load(ordering: .acquiring)
        while true {
            // In this order: what was read is this key's.
            guard table.holds(charge.key, slot), old != RateWord.retired.pair else { return .awaitsSlot }
            // After the state: whoever has used it since has changed that, too.
            let last = slots[slot].last.load(ordering: .acquiring)
            var new = RateWord(old).moved(to: now, last: last, period: period)
            guard new.left(of: limit, now: now, period: period) >= amount else { return .refused }
            if last < now { slots[slot].last.max(now, ordering: .acquiringAndReleasing) }
            new.used &+= amount
            let result = slots[slot].state.compareExchange(expected: old, desired: new.pair, ordering: .acquiringAndReleasing)
            if result.exchanged {
                return .admitted(RateAdmission.Holding(slot: UInt32(truncatingIfNeeded: slot), period: period, start: new.start, amount: amount))
            }
            old = result.original
        }
    }

    private func enter(_ charge: RateCharge, _ slot: Int, now: UInt64) -> Outcome {
        let (amount, limit) = (UInt64(charge.amount), UInt64(charge.limit.count))
        var old = slots[slot].state.load(ordering: .acquiring)
        while true {
            guard table.holds(charge.key, slot), old != RateWord.retired.pair else { return .awaitsSlot }
            var new = ConcurrencyWord(old)
            guard new.count <= limit, limit &- new.count >= amount else { return .refused }
            if slots[slot].last.load(ordering: .relaxed) < now { slots[slot].last.max(now, ordering: .relaxed) }
            new.count &+= amount
            let result = slots[slot].state.compareExchange(expected: old, desired: new.pair, ordering: .acquiringAndReleasing)
            if result.exchanged {
                return .admitted(RateAdmission.Holding(slot: UInt32(truncatingIfNeeded: slot), start: new.generation, amount: amount))
            }
            old = result.original
        }
    }

    /// Whether the charge would be counted as things are; one that has no slot yet was never used.
    func hasRoom(for charge: RateCharge, now: UInt64) -> Bool {
        let (amount, limit) = (UInt64(charge.amount), UInt64(charge.limit.count))
        guard amount <= limit else { return false }
        guard let slot = table.slot(of: charge.key) else { return true }
        let state = slots[slot].state.load(ordering: .acquiring)
        guard table.holds(charge.key, slot), state != RateWord.retired.pair else { return true }
        guard case .rate(_, let period) = charge.limit else {
            let count = ConcurrencyWord(state).count
            return count <= limit && limit &- count >= amount
        }
        let word = RateWord(state).moved(to: now, last: slots[slot].last.load(ordering: .acquiring), period: period.milliseconds)
        return word.left(of: limit, now: now, period: period.milliseconds) >= amount
    }

    /// Counts `amount` in the place of what was counted. Where that was is a stretch that may be over by now: then there is nothing to change.
    func change(_ holding: RateAdmission.Holding, to amount: UInt64) {
        let slot = Int(holding.slot)
        var old = slots[slot].state.load(ordering: .acquiring)
        while old != RateWord.retired.pair {
            guard let new = holding.period == 0 ? left(holding, ConcurrencyWord(old)) : changed(holding, RateWord(old), to: amount) else { return }
            let result = slots[slot].state.compareExchange(expected: old, desired: new, ordering: .acquiringAndReleasing)
            if result.exchanged { return }
            old = result.original
        }
    }

    private func changed(_ holding: RateAdmission.Holding, _ word: RateWord, to amount: UInt64) -> WordPair? {
        var word = word
        if word.start == holding.start {
            word.used = RateBook.replaced(holding.amount, amount, in: word.used)
        } else if word.start == holding.start &+ holding.period {
            word.before = RateBook.replaced(holding.amount, amount, in: word.before)
        } else {
            return nil
        }
        return word.pair
    }

    private static func replaced(_ old: UInt64, _ new: UInt64, in sum: UInt64) -> UInt64 {
        min((sum > old ? sum &- old : 0) &+ min(new, RateWord.most), RateWord.most)
    }

    private func left(_ holding: RateAdmission.Holding, _ word: ConcurrencyWord) -> WordPair? {
        guard word.generation == holding.start else { return nil }
        return ConcurrencyWord(generation: word.generation, count: word.count > holding.amount ? word.count &- holding.amount : 0).pair
    }

    /// How a charge's limit stands, and when its amount would fit; nil for a wait that cannot be told.
    func reading(of charge: RateCharge, now: UInt64) -> (reading: RateReading, retryMilliseconds: UInt64?) {
        let limit = charge.limit.count
        let untouched = RateReading(limit: limit, remaining: limit, resetMilliseconds: 0)
        let isPossible = charge.amount <= limit
        guard let slot = table.slot(of: charge.key) else { return (untouched, isPossible ? 0 : nil) }
        let state = slots[slot].state.load(ordering: .acquiring)
        guard table.holds(charge.key, slot), state != RateWord.retired.pair else { return (untouched, isPossible ? 0 : nil) }
        guard case .rate(_, let period) = charge.limit else {
            let left = UInt64(limit) - min(UInt64(limit), ConcurrencyWord(state).count)
            return (RateReading(limit: limit, remaining: Int64(left), resetMilliseconds: 0), UInt64(charge.amount) <= left ? 0 : nil)
        }
        let (length, last) = (period.milliseconds, min(slots[slot].last.load(ordering: .acquiring), now))
        let word = RateWord(state).moved(to: now, last: last, period: length)
        let left = word.left(of: UInt64(limit), now: now, period: length)
        let isUnused = word.used == 0 && word.before == 0
        let reading = RateReading(limit: limit, remaining: Int64(left), resetMilliseconds: isUnused ? 0 : last + length - now)
        guard isPossible else { return (reading, nil) }
        let fits = word.fits(UInt64(charge.amount), in: UInt64(limit), now: now, last: last, period: length)
        return (reading, fits - now)
    }
}
