import Synchronization

/// The use of a limit: two stretches of one period each, the present and the one before, in one atomic word of 128 bits.
///
///     40: millisecond the present stretch began  44: used in it  44: used in the one before
///
/// Of what was used in the stretch before counts the part that a window of one period, ending now, reaches back into it, as if it had been used evenly.
/// After a period without use the present stretch begins with the next: so what users expect of "100 per minute" holds when they look, a
/// hundred at once and no more in the minute that follows. In any other minute at most twice the limit is let through, and that only when use is
/// bunched against the border of two stretches; even use is let through at exactly the limit's rate.
struct RateWord: BitwiseCopyable, Equatable {
    static let most: UInt64 = 1 << 44 - 1
    private static let timeMask: UInt64 = 1 << 40 - 1
    /// A slot whose key is being taken away.
    static let retired = RateWord(start: timeMask, used: most, before: most)

    /// On the monotonic clock; 34 years fit.
    var start: UInt64
    var used: UInt64
    var before: UInt64

    init(start: UInt64, used: UInt64 = 0, before: UInt64 = 0) {
        self.start = start & RateWord.timeMask
        self.used = min(used, RateWord.most)
        self.before = min(before, RateWord.most)
    }

    @inline(__always)
    init(_ pair: WordPair) {
        let (high, low) = (UInt64(pair.first), UInt64(pair.second))
        start = high &>> 24
        used = (high & (1 << 24 - 1)) &<< 20 | low &>> 44
        before = low & RateWord.most
    }

    @inline(__always)
    var pair: WordPair { WordPair(first: UInt(start &<< 24 | used &>> 20), second: UInt(used &<< 44 | before)) }

    /// The same use, seen from `now`.
    /// - Parameters:
    ///   - last: when the last use began; what was used a period before is over.
    ///   - period: in milliseconds.
    func moved(to now: UInt64, last: UInt64, period: UInt64) -> RateWord {
        // Nothing of ours begins so late: the file was damaged.
        if start > now &+ period { return RateWord(start: now) }
        // Threads read the clock at different times: who is behind counts as of the stretch's begin.
        let now = max(now, start)
        if used | before == 0 || now &- start >= 2 &* period || now >= last &+ period { return RateWord(start: now) }
        if now &- start < period { return self }
        return RateWord(start: start &+ period, used: 0, before: used)
    }

    /// What is left of `limit` at `now`, in the present stretch.
    func left(of limit: UInt64, now: UInt64, period: UInt64) -> UInt64 {
        guard limit > used else { return 0 }
        // What counts of before, rounded down, and what was used just a period ago no longer: so even use at the limit's rate passes.
        let reach = period &- 1 &- min(period &- 1, max(now, start) &- start)
        let counted = UInt64(truncatingIfNeeded: UInt128(before) * UInt128(reach) / UInt128(period))
        let left = limit &- used
        return counted >= left ? 0 : left &- counted
    }

    /// The first millisecond, from `now` on, at which `amount` fits if nothing else is used.
    /// - Parameter amount: at most `limit`.
    func fits(_ amount: UInt64, in limit: UInt64, now: UInt64, last: UInt64, period: UInt64) -> UInt64 {
        let now = max(now, start)
        if amount == 0 { return now }
        let quiet = last &+ period
        if used &+ amount <= limit {
            let wait = RateWord.milliseconds(until: limit &- used &- amount, isLeftOf: before, period: period)
            return max(now, min(quiet, start &+ wait))
        }
        // Not before the present stretch is the one before.
        let wait = RateWord.milliseconds(until: limit &- amount, isLeftOf: used, period: period)
        return max(now, min(quiet, start &+ period &+ wait))
    }

    /// How far into a stretch no more than `room` counts of what was used in the one before.
    private static func milliseconds(until room: UInt64, isLeftOf before: UInt64, period: UInt64) -> UInt64 {
        guard before > room else { return 0 }
        // before × (period − 1 − wait) < (room + 1) × period
        let reach = (UInt128(room &+ 1) * UInt128(period) - 1) / UInt128(before)
        return period &- 1 &- min(period &- 1, UInt64(truncatingIfNeeded: reach))
    }
}

/// One limit's place in the file: a cache line.
struct RateSlot: ~Copyable {
    // See SlotTable.
    private let keyLow: Atomic<UInt64>
    private let keyHigh: Atomic<UInt64>
    // A RateWord, or of a limit of concurrency a ConcurrencyWord. Written by all who are admitted, by compare-exchange.
    let state: Atomic<WordPair>
    // The latest millisecond of any use. Raised before the use is counted, so that it is never too early.
    let last: Atomic<UInt64>
    /// The milliseconds of its period, for who looks for slots that are over. Relaxed.
    let period: Atomic<UInt64>
    /// Raised whenever the slot is given to another key. Under the file's lock.
    let generation: Atomic<UInt64>
    private let unused: Atomic<UInt64>
}

/// How many requests are under way: a generation of the slot, and their number.
struct ConcurrencyWord: BitwiseCopyable, Equatable {
    var generation: UInt64
    var count: UInt64

    init(generation: UInt64, count: UInt64) {
        self.generation = generation
        self.count = count
    }

    @inline(__always)
    init(_ pair: WordPair) {
        generation = UInt64(pair.first)
        count = UInt64(pair.second)
    }

    var pair: WordPair { WordPair(first: UInt(generation), second: UInt(count)) }
}
