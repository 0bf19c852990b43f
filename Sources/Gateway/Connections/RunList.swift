import Bytes

/// Runs of bytes that leave together, in order, in one call, with the blocks they lie in.
///
/// A slice has an iovec's layout, so nothing is converted. What a run points to is static, or in a
/// block held here, or owned by somebody who outlives the send.
struct RunList: ~Copyable {
    let runs: UnsafeMutablePointer<ByteSlice>
    private(set) var count = 0
    private(set) var byteCount = 0
    /// The last run is a place kept: nothing may be joined to it.
    private var isReserved = false
    var blocks = BlockList()
    /// Where runs are copied together when there are too many; leaves with the other blocks.
    var scratch: Block?
    private var scratchUsed = 0

    init() { runs = .allocate(capacity: GatewayLimits.runsPerWrite) }

    deinit { runs.deallocate() }

    var isEmpty: Bool { count == 0 }

    /// The runs, for as long as the list stays as it is.
    var list: UnsafeBufferPointer<ByteSlice> { UnsafeBufferPointer(start: runs, count: count) }

    /// Whether another `runs` would not fit.
    func lacksRoom(for runs: Int) -> Bool { GatewayLimits.runsPerWrite - count < runs }

    mutating func append(_ run: ByteSlice) {
        guard !run.isEmpty else { return }
        byteCount += run.count
        if count > 0, !isReserved, runs[count - 1].base + runs[count - 1].count == run.base {
            // What lies together leaves together: one run costs the kernel less than two.
            runs[count - 1] = ByteSlice(runs[count - 1].base, count: runs[count - 1].count + run.count)
            return
        }
        isReserved = false
        precondition(count < GatewayLimits.runsPerWrite, "a run list has room for what is appended")
        runs[count] = run
        count += 1
    }

    mutating func append(_ literal: StaticString) { append(ByteSlice(literal)) }

    /// Keeps the next run apart from those before it, wherever it lies.
    mutating func seal() { isReserved = true }

    /// Keeps a place for a run that is known later; `fill` it, or it stays empty.
    mutating func reserve() -> Int {
        precondition(count < GatewayLimits.runsPerWrite, "a run list has room for what is appended")
        runs[count] = ByteSlice("")
        count += 1
        isReserved = true
        return count - 1
    }

    mutating func fill(_ index: Int, with run: ByteSlice) {
        precondition(index < count && runs[index].isEmpty, "a reserved place is filled once")
        runs[index] = run
        byteCount += run.count
    }

    /// Gives up a kept place that was not filled: an empty run must not reach a transport.
    mutating func cancel(_ index: Int) {
        guard index < count, runs[index].isEmpty else { return }
        (runs + index).update(from: runs + index + 1, count: count - index - 1)
        count -= 1
        isReserved = false
    }

    /// Bytes of the runs from `index` on.
    func byteCount(from index: Int) -> Int {
        var sum = 0
        for at in index..<max(index, count) { sum += runs[at].count }
        return sum
    }

    /// Takes back all runs from `index` on.
    mutating func removeLast(from index: Int) {
        precondition(index <= count, "only runs that are there are taken back")
        isReserved = false
        while count > index {
            count -= 1
            byteCount -= runs[count].count
        }
    }

    mutating func removeAll() {
        count = 0
        byteCount = 0
        isReserved = false
        scratch = nil
        scratchUsed = 0
        blocks.removeAll()
    }

    /// Whether the run at `index` lies in the scratch block, so that what is copied next joins it.
    func isScratch(_ index: Int) -> Bool {
        guard let base = scratchBase else { return false }
        return runs[index].base >= base && runs[index].base < base + scratchUsed
    }

    /// The next `byteCount` bytes of the scratch block; nil when they do not fit.
    mutating func claimScratch(_ byteCount: Int) -> UnsafeMutablePointer<UInt8>? {
        guard let base = scratchBase, scratchUsed + byteCount <= scratchCapacity else { return nil }
        defer { scratchUsed += byteCount }
        return base + scratchUsed
    }

    private var scratchBase: UnsafeMutablePointer<UInt8>? {
        switch scratch {
        case .some(let block): block.base
        case nil: nil
        }
    }

    private var scratchCapacity: Int {
        switch scratch {
        case .some(let block): block.capacity
        case nil: 0
        }
    }

    /// Hands all blocks over to who sends the rest.
    mutating func giveBlocks(to list: inout BlockList) {
        if let block = scratch.take() { blocks.add(block) }
        scratchUsed = 0
        list.takeAll(from: &blocks)
    }

    /// Drops the first `sent` bytes.
    mutating func dropFirst(_ sent: Int) {
        precondition(sent <= byteCount, "no more can leave than was there")
        var left = sent
        var first = 0
        while first < count, left >= runs[first].count {
            left -= runs[first].count
            first += 1
        }
        if left > 0 { runs[first] = runs[first].dropFirst(left) }
        if first > 0 { runs.update(from: runs + first, count: count - first) }
        count -= first
        byteCount -= sent
    }
}

/// A few leased blocks, kept until what lies in them has been sent.
struct BlockList: ~Copyable {
    private var first: Block?
    private var second: Block?
    private var third: Block?
    /// More than three at once are rare: an error event behind output that waits.
    private var others: ContiguousArray<BoxedBlock> = []
    /// What runs lie in that is no pool's: a cached answer, or one that others read as well.
    private var owner: AnyObject?
    private var otherOwners: ContiguousArray<AnyObject> = []

    private final class BoxedBlock {
        let block: Block
        init(_ block: consuming Block) { self.block = block }
    }

    mutating func add(_ block: consuming Block) {
        if first == nil {
            first = consume block
        } else if second == nil {
            second = consume block
        } else if third == nil {
            third = consume block
        } else {
            others.append(BoxedBlock(block))
        }
    }

    /// Keeps `object`, in which runs lie, alive.
    mutating func keep(_ object: AnyObject) {
        if owner == nil || owner === object {
            owner = object
        } else if otherOwners.last !== object {
            otherOwners.append(object)
        }
    }

    /// Takes over all blocks of another list.
    mutating func takeAll(from other: inout BlockList) {
        if let block = other.first.take() { add(block) }
        if let block = other.second.take() { add(block) }
        if let block = other.third.take() { add(block) }
        others.append(contentsOf: other.others)
        other.others = []
        if let object = other.owner.take() { keep(object) }
        for object in other.otherOwners { keep(object) }
        other.otherOwners = []
    }

    mutating func removeAll() {
        first = nil
        second = nil
        third = nil
        if !others.isEmpty { others = [] }
        if owner != nil { owner = nil }
        if !otherOwners.isEmpty { otherOwners = [] }
    }
}
