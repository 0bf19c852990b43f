import Synchronization

/// A ring of access records from one worker to the log thread.
///
/// One writes, one reads; neither waits. When the reader falls behind records are dropped and
/// counted: a slow disk must not slow a request, and nothing is lost unsaid.
final class AccessRing: @unchecked Sendable {
    private let records: UnsafeMutablePointer<AccessRecord>
    private let mask: Int

    // Written by the worker, read by the log thread: releases the record before it.
    private let head = Atomic<Int>(0)
    // Written by the log thread, read by the worker: releases the places it has read.
    private let tail = Atomic<Int>(0)
    // Written by the worker, taken by the log thread; a count alone, so relaxed.
    private let dropped = Atomic<Int>(0)

    init(capacity: Int = GatewayLimits.accessRecordsPerWorker) {
        precondition(capacity > 0 && capacity & (capacity - 1) == 0, "a ring's capacity is a power of two")
        records = .allocate(capacity: capacity)
        records.initialize(repeating: AccessRecord(), count: capacity)
        mask = capacity - 1
    }

    deinit { records.deallocate() }

    func push(_ record: borrowing AccessRecord) {
        let at = head.load(ordering: .relaxed)
        guard at - tail.load(ordering: .acquiring) <= mask else {
            dropped.add(1, ordering: .relaxed)
            return
        }
        records[at & mask] = copy record
        head.store(at + 1, ordering: .releasing)
    }

    /// Calls `body` with each waiting record where it lies, oldest first.
    func drain(_ body: (inout AccessRecord) -> Void) {
        let end = head.load(ordering: .acquiring)
        var at = tail.load(ordering: .relaxed)
        while at < end {
            body(&records[at & mask])
            at += 1
            tail.store(at, ordering: .releasing)
        }
    }

    /// Records dropped since the last call.
    func takeDropped() -> Int { dropped.exchange(0, ordering: .relaxed) }
}
