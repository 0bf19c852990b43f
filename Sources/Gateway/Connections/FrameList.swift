import Bytes

/// Frames gathered for one write: small ones one behind the other in a block, DATA as runs over the blocks it lies in.
struct FrameList: ~Copyable {
    var runs = RunList()
    private var block: Block?
    private var used = 0

    /// Runs a DATA frame takes at most beside its payload's: its header's.
    private static let runsPerHeader = 1

    /// Whether another frame fits: a header, and a run of its payload.
    var hasRoom: Bool { runs.byteCount < GatewayLimits.bytesPerTurn && !runs.lacksRoom(for: 2 + FrameList.runsPerHeader) }

    /// Runs a DATA frame's payload may have.
    var payloadRuns: Int { GatewayLimits.runsPerWrite - runs.count - FrameList.runsPerHeader }

    /// Copies a frame, or its header; false when there is no memory.
    mutating func append(_ frame: ByteSlice, _ blocks: BlockPool) -> Bool {
        if used + frame.count > capacity {
            if let full = block.take() { runs.blocks.add(full) }
            guard let larger = blocks.lease(atLeast: max(frame.count, runs.isEmpty ? GatewayLimits.frameBlockByteCount : 4 * GatewayLimits.frameBlockByteCount))
            else { return false }
            block = consume larger
            used = 0
        }
        guard let place = claim(frame.count) else { return false }
        place.update(from: frame.base, count: frame.count)
        return true
    }

    /// The next bytes of the block, to be filled by the caller; nil when they do not fit.
    mutating func claim(_ byteCount: Int) -> UnsafeMutablePointer<UInt8>? {
        guard let base, used + byteCount <= capacity else { return nil }
        runs.append(ByteSlice(base + used, count: byteCount))
        used += byteCount
        return base + (used - byteCount)
    }

    /// Makes the runs ready to be sent, with every block they lie in.
    mutating func close() {
        if let block = block.take() { runs.blocks.add(block) }
        used = 0
    }

    private var base: UnsafeMutablePointer<UInt8>? {
        switch block {
        case .some(let block): block.base
        case nil: nil
        }
    }

    private var capacity: Int {
        switch block {
        case .some(let block): block.capacity
        case nil: 0
        }
    }
}
