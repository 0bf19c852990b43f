import Synchronization

/// A word that shares its cache line, and the one the processor fetches along with it, with nothing.
struct LoneWord: ~Copyable, Sendable {
    let value: Atomic<UInt64>
    private let rest = InlineArray<15, UInt64>(repeating: 0)

    init(_ value: UInt64 = 0) { self.value = Atomic(value) }
}

/// The place of one participant: what the others have to know of it.
final class CacheMember: Sendable {
    /// Seen by one that holds nothing, however long it sleeps.
    static let parked = UInt64.max

    // Keeps the words below off the line of the object's reference count.
    private let front = LoneWord()
    // The epoch this participant has announced: it holds nothing that was taken out of the table before that began. Written by
    // it, read by those that free. Release and acquire: what it read before it announced happens before what is freed after.
    // While it is parked those that free write it too, the same value: see `Reclamation.leastSeen`.
    let seen = LoneWord(parked)
    let counters = CacheCounters()
    // Whether a participant has this place. Taken and given back by compare-exchange; acquire and release, so that the next one
    // goes on with the counts of the last.
    let isTaken = Atomic<Bool>(false)
}
