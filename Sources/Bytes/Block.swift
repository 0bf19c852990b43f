import Glibc

/// Leased memory; goes back to its pool when the value ends.
public struct Block: ~Copyable {
    public let base: UnsafeMutablePointer<UInt8>
    public let capacity: Int
    // The pool keeps itself alive while anything is leased: a counted reference in each block would
    // cost two atomic operations a lease.
    private let pool: Unmanaged<BlockPool>

    init(base: UnsafeMutablePointer<UInt8>, capacity: Int, pool: BlockPool) {
        self.base = base
        self.capacity = capacity
        self.pool = .passUnretained(pool)
    }

    deinit { pool._withUnsafeGuaranteedRef { $0.takeBack(base, capacity: capacity) } }

    /// The bytes in `bounds`; valid while the block is leased.
    @inlinable
    public func slice(_ bounds: Range<Int>) -> ByteSlice {
        precondition(bounds.lowerBound >= 0 && bounds.upperBound <= capacity, "a slice lies inside its block")
        return ByteSlice(UnsafePointer(base + bounds.lowerBound), count: bounds.count)
    }

    /// Copies `bytes`, which are still to be written, to `offset`; the pool counts what is copied.
    public func copy(_ bytes: ByteSlice, to offset: Int) {
        precondition(offset >= 0 && bytes.count <= capacity - offset, "a copy lies inside its block")
        memmove(base + offset, bytes.base, bytes.count)
        pool._withUnsafeGuaranteedRef { $0.copiedByteCount &+= bytes.count }
    }

    /// Copies `bytes` to `offset` to keep them: they have been written, or wait for the rest of their
    /// head. The large block they came in is free for the next read.
    public func keep(_ bytes: ByteSlice, at offset: Int = 0) {
        precondition(offset >= 0 && bytes.count <= capacity - offset, "a copy lies inside its block")
        memmove(base + offset, bytes.base, bytes.count)
        pool._withUnsafeGuaranteedRef { $0.keptByteCount &+= bytes.count }
    }
}

/// One worker's buffers: free lists of power-of-four size classes over a shared budget.
///
/// Not thread-safe: each worker has its own. Free blocks are linked through their own first
/// bytes, so a lease and its return are a few instructions and touch memory that is warm.
public final class BlockPool {
    private let budget: ByteBudget
    private var free = InlineArray<4, UnsafeMutableRawPointer?>(repeating: nil)
    private var idleByteCounts = InlineArray<4, Int>(repeating: 0)
    /// Of each class.
    private let mostIdleByteCount: Int

    /// Blocks out on lease.
    private var leasedCount = 0

    /// Bytes copied between their read and their write since the start. A plaintext stream adds none.
    public internal(set) var copiedByteCount = 0

    /// Bytes copied to be kept for a while, after their write or before their message was whole.
    public internal(set) var keptByteCount = 0

    /// - Parameter sharers: pools of the same budget, this one included: what all keep together is an eighth of it at most, or a large block each.
    public init(budget: ByteBudget, sharers: Int = 1) {
        self.budget = budget
        let share = budget.limitByteCount / (32 * max(1, sharers))
        mostIdleByteCount = min(BufferLimits.idleByteCountPerClass, max(BufferLimits.largestPooledBlockByteCount, share))
    }

    deinit {
        for index in 0..<4 {
            let capacity = BlockPool.capacity(ofClass: index)
            while let memory = free[index] {
                free[index] = memory.load(as: UnsafeMutableRawPointer?.self)
                Glibc.free(memory)
                budget.refund(capacity)
            }
        }
    }

    /// Memory for at least `byteCount` bytes, uninitialised; nil when the budget is spent.
    public func lease(atLeast byteCount: Int) -> Block? {
        guard let index = BlockPool.sizeClass(for: byteCount) else { return leaseLarge(byteCount) }
        let capacity = BlockPool.capacity(ofClass: index)
        if let memory = free[index] {
            free[index] = memory.load(as: UnsafeMutableRawPointer?.self)
            idleByteCounts[index] -= capacity
            return block(memory, capacity: capacity)
        }
        return allocate(capacity)
    }

    private func leaseLarge(_ byteCount: Int) -> Block? {
        // Whole pages, so that a body that grows does not move at every step.
        let (rounded, overflowed) = byteCount.addingReportingOverflow(4095)
        return overflowed ? nil : allocate(rounded & ~4095)
    }

    private func allocate(_ capacity: Int) -> Block? {
        guard budget.charge(capacity) else { return nil }
        guard let memory = malloc(capacity) else {
            budget.refund(capacity)
            return nil
        }
        return block(memory, capacity: capacity)
    }

    private func block(_ memory: UnsafeMutableRawPointer, capacity: Int) -> Block {
        if leasedCount == 0 { _ = Unmanaged.passUnretained(self).retain() }
        leasedCount += 1
        return Block(base: memory.assumingMemoryBound(to: UInt8.self), capacity: capacity, pool: self)
    }

    fileprivate func takeBack(_ base: UnsafeMutablePointer<UInt8>, capacity: Int) {
        defer {
            leasedCount -= 1
            if leasedCount == 0 { Unmanaged.passUnretained(self).release() }
        }
        let memory = UnsafeMutableRawPointer(base)
        guard let index = BlockPool.sizeClass(for: capacity), BlockPool.capacity(ofClass: index) == capacity,
            idleByteCounts[index] + capacity <= mostIdleByteCount
        else {
            Glibc.free(memory)
            budget.refund(capacity)
            return
        }
        memory.storeBytes(of: free[index], as: UnsafeMutableRawPointer?.self)
        free[index] = memory
        idleByteCounts[index] += capacity
    }

    private static func capacity(ofClass index: Int) -> Int {
        BufferLimits.smallestBlockByteCount << (2 * index)
    }

    /// 0, 1, 2, 3 for 1, 4, 16, 64 KiB; nil above.
    private static func sizeClass(for byteCount: Int) -> Int? {
        var index = 0
        while index < 4 {
            if byteCount <= capacity(ofClass: index) { return index }
            index += 1
        }
        return nil
    }
}
