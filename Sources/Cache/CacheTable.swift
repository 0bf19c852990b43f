import Synchronization

/// What stands in a slot: the address of an entry, and above it sixteen bits of its key; 0 for nothing.
struct SlotWord: RawRepresentable, Equatable, AtomicRepresentable {
    let rawValue: UInt64

    // User space ends below 2⁴⁸ on Linux, unless a program asks for more.
    private static let addressBits: UInt64 = 48
    private static let addressMask: UInt64 = 1 << addressBits - 1
    static let empty = SlotWord(rawValue: 0)

    init(rawValue: UInt64) { self.rawValue = rawValue }

    init(_ entry: UnsafeMutablePointer<CacheEntry>, tag: UInt64) {
        rawValue = UInt64(UInt(bitPattern: entry)) | tag << SlotWord.addressBits
    }

    static func canHold(_ memory: UnsafeMutableRawPointer) -> Bool { UInt64(UInt(bitPattern: memory)) & ~addressMask == 0 }

    var tag: UInt64 { rawValue >> SlotWord.addressBits }
    var entry: UnsafeMutablePointer<CacheEntry>? { UnsafeMutablePointer(bitPattern: UInt(rawValue & SlotWord.addressMask)) }
}

/// One cache line: seven slots, and how warm each of them is.
struct CacheBucket: ~Copyable {
    // Written by whoever stores, replaces, evicts or purges, by compare-exchange; read by all. Acquire and release: who sees an
    // entry's address sees what it points to.
    let slots: InlineArray<7, Atomic<SlotWord>>
    // Hits since the slot was filled or the hand last came by, up to `CacheLimits.mostHeat`. Written by readers and by the hand,
    // read by the hand. Relaxed, and plain stores: a hit that is lost to a race makes an entry a little colder, no more.
    let heats: InlineArray<8, Atomic<UInt8>>

    func warm(_ slot: Int) {
        let heat = heats[slot].load(ordering: .relaxed)
        // A hot entry's line is not written any more, so that all cores keep their copy.
        if heat < CacheLimits.mostHeat { heats[slot].store(heat + 1, ordering: .relaxed) }
    }
}

/// Where a key's entry may be: two buckets, which may be one, and the bits its slot's word begins with.
struct CachePlace {
    let first: UnsafeMutablePointer<CacheBucket>
    let second: UnsafeMutablePointer<CacheBucket>
    let tag: UInt64

    /// Slots to look at, numbered through both buckets.
    var slotCount: Int { first == second ? CacheLimits.slotsPerBucket : 2 * CacheLimits.slotsPerBucket }

    func bucket(of slot: Int) -> UnsafeMutablePointer<CacheBucket> { slot < CacheLimits.slotsPerBucket ? first : second }

    static func index(of slot: Int) -> Int { slot < CacheLimits.slotsPerBucket ? slot : slot - CacheLimits.slotsPerBucket }

    func word(_ slot: Int) -> SlotWord { bucket(of: slot).pointee.slots[CachePlace.index(of: slot)].load(ordering: .acquiring) }

    func heat(_ slot: Int) -> UInt8 { bucket(of: slot).pointee.heats[CachePlace.index(of: slot)].load(ordering: .relaxed) }

    func setHeat(_ slot: Int, _ heat: UInt8) { bucket(of: slot).pointee.heats[CachePlace.index(of: slot)].store(heat, ordering: .relaxed) }

    /// Puts `new` where `old` still is.
    func exchange(_ slot: Int, _ old: SlotWord, _ new: SlotWord) -> Bool {
        bucket(of: slot).pointee.slots[CachePlace.index(of: slot)]
            .compareExchange(expected: old, desired: new, ordering: .acquiringAndReleasing).exchanged
    }
}

/// The buckets: as many as the capacity is worth, in memory that is touched only when it is used.
// Unchecked: the address does not change, and what it leads to is atomics.
struct CacheTable: @unchecked Sendable {
    private let memory: CacheMemory
    private let buckets: UnsafeMutablePointer<CacheBucket>
    let bucketCount: Int

    /// nil when there is no memory.
    init?(bucketCount: Int) {
        assert(MemoryLayout<CacheBucket>.stride == 64)
        // Zeroed memory is empty buckets.
        guard let memory = CacheMemory(byteCount: bucketCount * MemoryLayout<CacheBucket>.stride) else { return nil }
        self.memory = memory
        self.bucketCount = bucketCount
        buckets = memory.base.bindMemory(to: CacheBucket.self, capacity: bucketCount)
    }

    var byteCount: Int { memory.byteCount }

    func free() { memory.free() }

    subscript(_ index: Int) -> UnsafeMutablePointer<CacheBucket> {
        assert(index >= 0 && index < bucketCount)
        return buckets + index
    }

    /// Both halves of a key are uniform and independent: each chooses a bucket with its upper bits, and the tag is of lower ones.
    func place(of key: CacheKey) -> CachePlace {
        CachePlace(first: buckets + index(key.low), second: buckets + index(key.high), tag: key.high & 0xFFFF)
    }

    /// The share of the table that `bits` is of all numbers: spares a division, and any number of buckets will do.
    private func index(_ bits: UInt64) -> Int { Int(bits.multipliedFullWidth(by: UInt64(bucketCount)).high) }
}
