import Glibc
import Synchronization

/// The memory of a cache's entries, side by side: a place for each slot of its table, and for those that are in limbo.
///
/// Places that were given back are a stack, whose word counts what was taken from it: a place that was taken and given back meanwhile is not
/// mistaken for never taken.
final class CacheEntryPool: Sendable {
    private let memory: CacheMemory
    // The address does not change, and each place is of who has taken it.
    private nonisolated(unsafe) let entries: UnsafeMutablePointer<CacheEntry>
    // The place below each on the stack, numbered from 1; 0 for none. Written by who gives a place back, read by who takes one. Relaxed: the
    // exchange of `top` publishes it, and who reads an outdated one fails to exchange.
    private nonisolated(unsafe) let below: UnsafeMutablePointer<Atomic<UInt32>>
    let capacity: Int

    // The number of the topmost place, and in the upper half how often one was taken. Exchanged by whoever takes or gives back. Acquire
    // and release: who takes a place has it after who gave it back.
    private let top = LoneWord()
    // Places that were ever taken from behind the stack. Relaxed: each goes to one taker, that is all.
    private let used = LoneWord()

    /// nil when there is no memory, or none whose addresses fit a slot.
    init?(capacity: Int) {
        let capacity = min(capacity, Int(UInt32.max) - 1)
        let entriesByteCount = capacity * MemoryLayout<CacheEntry>.stride
        guard let memory = CacheMemory(byteCount: entriesByteCount + capacity * MemoryLayout<UInt32>.stride) else { return nil }
        guard SlotWord.canHold(memory.base + memory.byteCount) else {
            memory.free()
            return nil
        }
        assert(MemoryLayout<CacheEntry>.stride == 64)
        self.memory = memory
        self.capacity = capacity
        entries = memory.base.bindMemory(to: CacheEntry.self, capacity: capacity)
        below = (memory.base + entriesByteCount).bindMemory(to: Atomic<UInt32>.self, capacity: capacity)
    }

    deinit { memory.free() }

    /// An entry, initialized; nil when as many are in use as there are places.
    func make(_ entry: CacheEntry) -> UnsafeMutablePointer<CacheEntry>? {
        guard let place = take() else { return nil }
        place.initialize(to: entry)
        return place
    }

    /// Gives up the entry's blob and its place.
    func free(_ entry: UnsafeMutablePointer<CacheEntry>) {
        entry.pointee.blob.release()
        // Who still reads it finds no key, and no blob: a fault, not a foreign answer.
        UnsafeMutableRawPointer(entry).initializeMemory(as: UInt64.self, repeating: 0, count: MemoryLayout<CacheEntry>.stride / 8)
        let number = UInt64(entry - entries) + 1
        var old = top.value.load(ordering: .relaxed)
        while true {
            below[Int(number) - 1].store(UInt32(truncatingIfNeeded: old), ordering: .relaxed)
            let result = top.value.weakCompareExchange(expected: old, desired: (old >> 32) << 32 | number, ordering: .acquiringAndReleasing)
            if result.exchanged { return }
            old = result.original
        }
    }

    private func take() -> UnsafeMutablePointer<CacheEntry>? {
        var old = top.value.load(ordering: .acquiring)
        while let index = CacheEntryPool.index(old) {
            let next = UInt64(below[index].load(ordering: .relaxed))
            let result = top.value.weakCompareExchange(expected: old, desired: ((old >> 32) &+ 1) << 32 | next, ordering: .acquiringAndReleasing)
            if result.exchanged { return entries + index }
            old = result.original
        }
        let index = used.value.wrappingAdd(1, ordering: .relaxed).oldValue
        return index < UInt64(capacity) ? entries + Int(index) : nil
    }

    private static func index(_ word: UInt64) -> Int? {
        let number = UInt32(truncatingIfNeeded: word)
        return number == 0 ? nil : Int(number) - 1
    }
}
