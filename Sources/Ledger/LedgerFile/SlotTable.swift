import Synchronization

/// Slots found by their keys: open addressing with triangular probing, by all processes that have the file open.
///
/// Each slot begins with its key's two words. The upper is written before the lower, which is never 0 again once it was set, so that no
/// search ends before a key that is there. Only who holds the file's lock gives slots away or takes them back; a search takes no lock.
/// Who has found a slot must look at its key again after reading what the slot holds: it may have become another's.
// Unchecked: the address does not change, and what it leads to is atomics.
struct SlotTable: @unchecked Sendable {
    /// In the place of a key's lower word: no longer anybody's.
    private static let retired: UInt64 = 2

    private let base: UnsafeMutableRawPointer
    private let stride: Int
    let count: Int

    init(_ base: UnsafeMutableRawPointer, stride: Int, count: Int) {
        precondition(count > 0 && count & (count - 1) == 0, "the number of slots is a power of two")
        self.base = base
        self.stride = stride
        self.count = count
    }

    /// A word of a slot's key. Acquire and release: who sees a key's lower word sees its upper.
    private func word(_ slot: Int, _ offset: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
        assert(slot >= 0 && slot < count)
        return (base + (slot &* stride &+ offset)).assumingMemoryBound(to: Atomic<UInt64>.self)
    }

    /// Where `key` is.
    @inline(__always)
    func slot(of key: LedgerKey) -> Int? {
        var slot = Int(truncatingIfNeeded: key.high) & (count &- 1)
        for step in 1...BudgetLimits.probeCount {
            let low = word(slot, 0).pointee.load(ordering: .acquiring)
            if low == key.low, word(slot, 8).pointee.load(ordering: .acquiring) == key.high { return slot }
            if low == 0 { return nil }
            slot = (slot &+ step) & (count &- 1)
        }
        return nil
    }

    @inline(__always)
    func holds(_ key: LedgerKey, _ slot: Int) -> Bool {
        word(slot, 0).pointee.load(ordering: .acquiring) == key.low && word(slot, 8).pointee.load(ordering: .acquiring) == key.high
    }

    /// Whose a slot is; nil when nobody's.
    func key(_ slot: Int) -> LedgerKey? {
        let low = word(slot, 0).pointee.load(ordering: .acquiring)
        guard low & 1 == 1 else { return nil }
        return LedgerKey(low: low, high: word(slot, 8).pointee.load(ordering: .acquiring))
    }

    /// Makes a free slot the key's, which has none yet; nil when all that it may have are taken. Under the lock.
    /// - Parameter prepare: readies the slot before anybody can find it.
    func claim(_ key: LedgerKey, prepare: (Int) -> Void) -> Int? {
        var slot = Int(truncatingIfNeeded: key.high) & (count - 1)
        for step in 1...BudgetLimits.probeCount {
            if word(slot, 0).pointee.load(ordering: .acquiring) & 1 == 0 {
                prepare(slot)
                word(slot, 8).pointee.store(key.high, ordering: .releasing)
                word(slot, 0).pointee.store(key.low, ordering: .releasing)
                return slot
            }
            slot = (slot + step) & (count - 1)
        }
        return nil
    }

    /// Takes the slot from its key. Under the lock, and after nobody can change what the slot holds any more.
    func retire(_ slot: Int) { word(slot, 0).pointee.store(SlotTable.retired, ordering: .releasing) }
}
