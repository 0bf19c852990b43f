import Bytes
import Testing

@Suite("Block pool and byte budget")
struct BlockPoolTests {
    static let sizes: [Int] = [1024, 4096, 16_384, 65_536]

    @Test("a lease is the smallest of 1, 4, 16 and 64 KiB that fits", arguments: [
        (0, 1024), (1, 1024), (1024, 1024), (1025, 4096), (4096, 4096), (4097, 16_384), (16_385, 65_536), (65_536, 65_536),
    ] as [(Int, Int)])
    func sizeClasses(_ wanted: Int, _ capacity: Int) {
        let pool = BlockPool(budget: ByteBudget())
        #expect(pool.capacityOfLease(wanted) == capacity)
    }

    @Test("above 64 KiB a lease is whole pages", arguments: [(65_537, 69_632), (69_632, 69_632), (20_971_520, 20_971_520)] as [(Int, Int)])
    func largeLeases(_ wanted: Int, _ capacity: Int) {
        let pool = BlockPool(budget: ByteBudget())
        #expect(pool.capacityOfLease(wanted) == capacity)
    }

    @Test("a size past Int is refused, not wrapped around")
    func refusesAbsurdSizes() {
        let budget = ByteBudget()
        let pool = BlockPool(budget: budget)
        for wanted in [Int.max, Int.max - 4094, Int.max - 4095] {
            #expect(!pool.grants(wanted))
        }
        #expect(budget.heldByteCount == 0)
    }

    @Test("a lease that would pass the budget is refused and costs nothing; one that meets it is granted")
    func budgetHasAnEdge() {
        let budget = ByteBudget(limitByteCount: 5 << 10)
        let pool = BlockPool(budget: budget)
        lease(1, ofByteCount: 4 << 10, from: pool) {
            lease(1, ofByteCount: 1 << 10, from: pool) {
                #expect(budget.heldByteCount == 5 << 10)
                #expect(!pool.grants(1))
                #expect(budget.heldByteCount == 5 << 10)
            }
        }
    }

    @Test("pools of one budget share it")
    func poolsShareABudget() {
        let budget = ByteBudget(limitByteCount: 1 << 10)
        let first = BlockPool(budget: budget)
        let second = BlockPool(budget: budget)
        lease(1, ofByteCount: 1, from: first) { #expect(!second.grants(1)) }
    }

    @Test("a returned block is leased again, without the budget being asked")
    func reuses() {
        let budget = ByteBudget(limitByteCount: 1 << 10)
        let pool = BlockPool(budget: budget)
        let first = pool.addressOfLease(100)
        #expect(first != nil)
        #expect(budget.heldByteCount == 1 << 10, "the pool keeps it")
        #expect(pool.addressOfLease(200) == first)
    }

    @Test("a pool keeps 4 MiB idle of each size and gives the rest back")
    func boundsWhatIsIdle() {
        let budget = ByteBudget()
        let pool = BlockPool(budget: budget)
        let count = BufferLimits.idleByteCountPerClass / (1 << 16) + 10
        lease(count, from: pool) { #expect(budget.heldByteCount == count << 16) }
        #expect(budget.heldByteCount == BufferLimits.idleByteCountPerClass)
    }

    @Test("a block above the pooled sizes is given back at once")
    func returnsLargeBlocks() {
        let budget = ByteBudget()
        let pool = BlockPool(budget: budget)
        lease(1, ofByteCount: 1 << 20, from: pool) { #expect(budget.heldByteCount == 1 << 20) }
        #expect(budget.heldByteCount == 0)
    }

    @Test("what pools of one budget keep together is an eighth of it at most")
    func idleShare() {
        let budget = ByteBudget(limitByteCount: 32 << 20)
        let pools = (0..<2).map { _ in BlockPool(budget: budget, sharers: 2) }
        for pool in pools {
            for byteCount in [1 << 10, 4 << 10, 16 << 10, 64 << 10] { hold(byteCount, (2 << 20) / byteCount, of: pool) }
        }
        #expect(budget.heldByteCount == 4 << 20)
    }

    /// Leases so many at once, and lets go of them.
    private func hold(_ byteCount: Int, _ count: Int, of pool: BlockPool) {
        guard count > 0, let block = pool.lease(atLeast: byteCount) else { return }
        hold(byteCount, count - 1, of: pool)
        _ = block.capacity
    }

    @Test("a pool that ends gives back all it kept")
    func returnsEverything() {
        let budget = ByteBudget()
        do {
            let pool = BlockPool(budget: budget)
            for size in BlockPoolTests.sizes { lease(3, ofByteCount: size, from: pool) {} }
            #expect(budget.heldByteCount == BlockPoolTests.sizes.reduce(0) { $0 + 3 * $1 })
        }
        #expect(budget.heldByteCount == 0)
    }

    @Test("copied bytes are counted, and land where they were sent, also from the block itself")
    func countsCopies() throws {
        let pool = BlockPool(budget: ByteBudget())
        #expect(pool.copiedByteCount == 0)
        guard let block = pool.lease(atLeast: 64) else { throw NothingLeased() }
        block.copy(ByteSlice("abcdef"), to: 0)
        #expect(pool.copiedByteCount == 6)
        // Overlapping: compaction moves a rest to the front of its own block.
        block.copy(block.slice(2..<6), to: 0)
        let front = String(block.slice(0..<6))
        #expect(front == "cdefef")
        #expect(pool.copiedByteCount == 10)
        block.copy(ByteSlice("z"), to: block.capacity - 1)
        let end = String(block.slice(block.capacity - 1..<block.capacity))
        #expect(end == "z")
        let beyond = block.slice(block.capacity..<block.capacity).count
        #expect(beyond == 0)
    }

    @Test("what is kept after its write is counted apart: it is no copy of a relayed byte")
    func countsWhatIsKept() throws {
        let pool = BlockPool(budget: ByteBudget())
        guard let block = pool.lease(atLeast: 64) else { throw NothingLeased() }
        block.keep(ByteSlice("abc"), at: 1)
        let kept = String(block.slice(1..<4))
        #expect(kept == "abc")
        #expect(pool.keptByteCount == 3)
        #expect(pool.copiedByteCount == 0)
    }

    @Test("leases and returns from several threads leave the budget at what the pools keep, then at nothing")
    func countsAcrossThreads() async {
        let budget = ByteBudget(limitByteCount: 64 << 10)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    let pool = BlockPool(budget: budget)
                    for round in 0..<5000 {
                        _ = pool.lease(atLeast: BlockPoolTests.sizes[round % 4])
                        if budget.heldByteCount < 0 { Issue.record("less than nothing is held") }
                    }
                }
            }
        }
        #expect(budget.heldByteCount == 0)
    }

    struct NothingLeased: Error {}

    /// Holds `count` blocks while `body` runs.
    private func lease(_ count: Int, ofByteCount byteCount: Int = 1 << 16, from pool: BlockPool, _ body: () -> Void) {
        guard count > 0 else { return body() }
        guard let block = pool.lease(atLeast: byteCount) else {
            Issue.record("no lease of \(byteCount) bytes")
            return
        }
        lease(count - 1, ofByteCount: byteCount, from: pool, body)
        // Leased until here: a value that is not used again may end early.
        withExtendedLifetime(block) {}
    }
}

extension BlockPool {
    /// Whether a lease is granted; it is returned at once.
    fileprivate func grants(_ byteCount: Int) -> Bool { addressOfLease(byteCount) != nil }

    fileprivate func capacityOfLease(_ byteCount: Int) -> Int? {
        guard let block = lease(atLeast: byteCount) else { return nil }
        return block.capacity
    }

    fileprivate func addressOfLease(_ byteCount: Int) -> UInt? {
        guard let block = lease(atLeast: byteCount) else { return nil }
        return UInt(bitPattern: block.base)
    }
}
