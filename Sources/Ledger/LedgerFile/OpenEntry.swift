import Synchronization

/// One request that holds something, or eight of the things it holds, as the processes that outlive its own will find it: 160 bytes of a file of shared
/// memory.
///
/// It is filled in after what it holds was counted in the slots, and emptied before that is taken out again. So what is listed is counted,
/// whenever the process is killed; what was counted and not listed then stays counted in full.
///
/// Entries come in blocks; a process makes a block its own by setting the block's word, and only it fills and empties them.
struct OpenEntry: ~Copyable {
    /// What owns the blocks of a process that has ended; and the same where the machine has ended with it, so that what is
    /// listed may be older than the slots.
    static let abandonedOwner: UInt64 = 0xFFFF
    static let lostOwner: UInt64 = 0xFFFE
    static func owner(process: Int) -> UInt64 { UInt64(process) + 1 }

    /// A slot, what the slot needs to know it by, and how much.
    struct Holding: BitwiseCopyable, Equatable {
        var slot: UInt32 = 0
        var tag: UInt32 = 0
        var amount: UInt64 = 0
    }

    // Written by the thread whose the entry is, or by who holds the file's lock once its process has ended. Read by the latter, and by
    // who counts what is open. `state` is the number of holdings, 0 when empty, stored last with release and loaded with acquire: who
    // sees it sees the rest.
    private let state: Atomic<UInt64>
    private let wallNanoseconds: Atomic<UInt64>
    private let requestHigh: Atomic<UInt64>
    private let requestLow: Atomic<UInt64>
    private let words: InlineArray<16, Atomic<UInt64>>

    /// Holdings listed, 0 when empty. The file may have been damaged: never more than fit.
    var count: Int { Int(min(state.load(ordering: .acquiring), UInt64(BudgetLimits.holdingsPerEntry))) }

    var request: Identifier { Identifier(high: requestHigh.load(ordering: .relaxed), low: requestLow.load(ordering: .relaxed)) }
    var openedAt: UInt64 { wallNanoseconds.load(ordering: .relaxed) }

    func holding(_ index: Int) -> Holding {
        let place = words[2 * index].load(ordering: .relaxed)
        return Holding(
            slot: UInt32(truncatingIfNeeded: place), tag: UInt32(truncatingIfNeeded: place >> 32), amount: words[2 * index + 1].load(ordering: .relaxed))
    }

    func set(_ index: Int, _ holding: Holding) {
        words[2 &* index].store(UInt64(holding.slot) | UInt64(holding.tag) << 32, ordering: .relaxed)
        words[2 &* index &+ 1].store(holding.amount, ordering: .relaxed)
    }

    func list(_ count: Int, of request: Identifier, wallNanoseconds: UInt64) {
        self.wallNanoseconds.store(wallNanoseconds, ordering: .relaxed)
        requestHigh.store(request.high, ordering: .relaxed)
        requestLow.store(request.low, ordering: .relaxed)
        state.store(UInt64(count), ordering: .releasing)
    }

    func clear() { state.store(0, ordering: .releasing) }
}
