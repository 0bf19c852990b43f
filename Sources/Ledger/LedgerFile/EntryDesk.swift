import Synchronization

/// The entries of one thread: takes a block when it has none left, gives back those it no longer needs. No lock, no allocation,
/// no system call.
final class EntryDesk {
    /// Blocks with something free that are kept: so that one more request does not take a block, and one less give it back.
    private static let spareBlocks = 3

    private let file: LedgerFile
    /// Of each block that is its own, a bit for each entry that is free.
    private let free: UnsafeMutablePointer<UInt64>
    /// Blocks of its own with something free, and where each is in the list.
    private let blocks: UnsafeMutablePointer<UInt32>
    private let places: UnsafeMutablePointer<UInt32>
    private var blockCount = 0
    /// Where it looks for a block next.
    private var hint: Int

    init(_ file: LedgerFile) {
        let count = file.layout.blockCount
        self.file = file
        free = .allocate(capacity: count)
        blocks = .allocate(capacity: count)
        places = .allocate(capacity: count)
        free.initialize(repeating: 0, count: count)
        blocks.initialize(repeating: 0, count: count)
        places.initialize(repeating: 0, count: count)
        hint = 0
    }

    deinit {
        // A block that still lists something stays this process's, until it ends.
        for index in 0..<blockCount where free[Int(blocks[index])] == .max { file.blockOwner(Int(blocks[index])).pointee.store(0, ordering: .releasing) }
        free.deallocate()
        blocks.deallocate()
        places.deallocate()
    }

    /// An empty entry; nil when all are in use.
    @inline(__always)
    func take() -> Int? {
        if blockCount == 0, !takeBlock() { return nil }
        let block = Int(blocks[blockCount &- 1])
        let bit = free[block].trailingZeroBitCount
        free[block] &= free[block] &- 1
        if free[block] == 0 { blockCount &-= 1 }
        return block &* BudgetLimits.entriesPerBlock &+ bit
    }

    /// Takes back an entry that was cleared.
    @inline(__always)
    func give(_ entry: Int) {
        let block = entry / BudgetLimits.entriesPerBlock
        if free[block] == 0 { append(block) }
        free[block] |= 1 << UInt64(entry % BudgetLimits.entriesPerBlock)
        if free[block] == .max, blockCount > EntryDesk.spareBlocks { giveBlock(block) }
    }

    private func append(_ block: Int) {
        blocks[blockCount] = UInt32(truncatingIfNeeded: block)
        places[block] = UInt32(truncatingIfNeeded: blockCount)
        blockCount += 1
    }

    private func takeBlock() -> Bool {
        let count = file.layout.blockCount
        for step in 0..<count {
            let block = (hint + step) & (count - 1)
            let owner = file.blockOwner(block)
            guard owner.pointee.load(ordering: .relaxed) == 0 else { continue }
            let mine = OpenEntry.owner(process: file.process)
            // Acquire: what its last owner did to the entries is done.
            guard owner.pointee.compareExchange(expected: 0, desired: mine, ordering: .acquiringAndReleasing).exchanged else { continue }
            for entry in 0..<BudgetLimits.entriesPerBlock { file.entry(block * BudgetLimits.entriesPerBlock + entry).pointee.clear() }
            free[block] = .max
            append(block)
            hint = block + 1
            return true
        }
        return false
    }

    private func giveBlock(_ block: Int) {
        blockCount -= 1
        let (last, place) = (blocks[blockCount], places[block])
        blocks[Int(place)] = last
        places[Int(last)] = place
        free[block] = 0
        file.blockOwner(block).pointee.store(0, ordering: .releasing)
    }
}
