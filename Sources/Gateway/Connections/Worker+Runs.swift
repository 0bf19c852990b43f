import Bytes
import JSON

/// Putting together what leaves in one call.
extension Worker {
    /// Appends the edited body to the runs; one too finely cut is copied together. False when there is
    /// no memory for that.
    func appendSplice() -> Bool {
        if !runs.lacksRoom(for: splice.runCount + GatewayLimits.runsKeptFree) {
            splice.forEachRun { runs.append($0) }
            return true
        }
        guard let block = blocks.lease(atLeast: splice.byteCount) else { return false }
        var writer = ByteWriter(block.base, capacity: block.capacity)
        splice.write(into: &writer)
        runs.append(writer.written)
        runs.blocks.add(block)
        return true
    }

    /// Copies the runs from `first` on into one: there are more than one call can send. False when there
    /// is no memory for that; the runs are then as they were.
    func coalesceRuns(from first: Int) -> Bool {
        guard runs.scratch != nil || leaseScratch() else { return false }
        let isContinued = first < runs.count && runs.isScratch(first)
        let byteCount = runs.byteCount(from: isContinued ? first + 1 : first)
        guard let room = runs.claimScratch(byteCount) else { return false }
        var at = 0
        for index in (isContinued ? first + 1 : first)..<runs.count {
            (room + at).update(from: runs.runs[index].base, count: runs.runs[index].count)
            at += runs.runs[index].count
        }
        runs.removeLast(from: isContinued ? first + 1 : first)
        runs.append(ByteSlice(room, count: byteCount))
        return true
    }

    private func leaseScratch() -> Bool {
        runs.scratch = blocks.lease(atLeast: BufferLimits.largestPooledBlockByteCount)
        return runs.scratch != nil
    }
}
