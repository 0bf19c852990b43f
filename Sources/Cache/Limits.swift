/// Bounds of the response cache.
public enum CacheLimits {
    /// Bytes of answers and of their table, for the process: at 1 KiB to 4 KiB an answer, 60,000 to 200,000 of them.
    public static let defaultByteCapacity = 256 << 20

    /// The least that may be set: a few answers' worth, or each would push out the one before.
    public static let smallestByteCapacity = 1 << 20

    /// An answer may take up to one part in so many of the capacity, 4 MiB of the default: making room for it must not take a
    /// worker's turn longer than copying it does, and one answer must not push out thousands.
    static let largestShare = 64

    /// Evicted answers that somebody may still read take up to one part in so many of the capacity, on top of it. Then nothing is
    /// stored until each worker has ended its turn.
    static let limboShare = 16

    /// One slot of the table for so many bytes of capacity, 1.6 % of it. An answer of 1 KiB with what it takes besides then finds
    /// the table less than half full, and nine in ten in the first bucket it may be in.
    static let slotByteCount = 512

    /// Slots of a bucket: with their heats they are one cache line of 64 bytes.
    static let slotsPerBucket = 7

    /// The most hits an entry is remembered for: each is worth one pass of the hand. Two bits do as well as more (S3-FIFO), and
    /// an answer that was asked for a thousand times yesterday must not stay all day.
    static let mostHeat: UInt8 = 3

    /// What an entry takes beside its answer's bytes: itself, the blob's object, and the allocator's share of two allocations.
    static let entryOverheadByteCount = 144

    /// The size of the pages that the table and its entries are to lie in, and that smaller ones are not worth (Linux on x86-64 and arm64).
    static let hugePageByteCount = 2 << 20

    /// One call of `sweepExpired` looks at one part in so many of the table: called once a second, what has expired is gone a
    /// minute later, at less than a millisecond a call.
    static let sweepShare = 64

    /// Entries in one link of a limbo's list, which makes it 512 bytes.
    static let limboLinkEntryCount = 61

    /// Links freed in one turn, about 1,000 entries: some 100 µs.
    static let freedLinksPerTurn = 16
}
