import Bytes
import Reactor
import Synchronization

/// How a sleeping thread is called; shared by those who call.
final class Signal: Sendable {
    let wakeup: Wakeup
    init() throws(SystemError) { wakeup = try Wakeup() }
}

/// A ring of packed access records from one worker to the log thread.
///
/// One writes, one reads; neither waits. When the reader falls behind records are dropped and
/// counted: a slow disk must not slow a request, and nothing is lost unsaid.
final class AccessRing: @unchecked Sendable {
    // Unchecked for the two below: each byte of `storage` belongs to the worker or to the log thread, as
    // `head` and `tail` say; `current` is the log thread's.
    private let storage: UnsafeMutablePointer<UInt8>
    private var current = AccessRecord()
    private let mask: Int

    // Written by the worker, read by the log thread: releases the record before it.
    private let head = Atomic<Int>(0)
    // Written by the log thread, read by the worker: releases the places it has read.
    private let tail = Atomic<Int>(0)
    // Written by the worker, taken by the log thread; a count alone, so relaxed.
    private let dropped = Atomic<Int>(0)

    /// What its reader counts requests by.
    let labels: MetricSettings
    /// Whom the worker calls when the ring has become half full.
    private let halfFull: Signal?

    /// - Parameter capacity: bytes, a power of two.
    init(capacity: Int = GatewayLimits.accessRingByteCount, labels: MetricSettings = MetricSettings(), halfFull: Signal? = nil) {
        (self.labels, self.halfFull) = (labels, halfFull)
        precondition(capacity > 0 && capacity & (capacity - 1) == 0, "a ring's capacity is a power of two")
        // A record may start at the last byte and lies in one piece: it goes on behind the ring's end.
        storage = .allocate(capacity: capacity + AccessRecord.largestPackedByteCount)
        mask = capacity - 1
    }

    deinit { storage.deallocate() }

    /// - Parameter tries: the attempts, as JSON; empty where there was one and no choice.
    func push(_ record: inout AccessRecord, tries: ByteSlice = ByteSlice("")) {
        let at = head.load(ordering: .relaxed)
        let start = tail.load(ordering: .acquiring)
        // What lies behind the ring's end is counted as its first bytes, so that none is in use twice.
        guard at + AccessRecord.largestPackedByteCount - start <= mask + 1 else {
            dropped.add(1, ordering: .relaxed)
            return
        }
        var writer = ByteWriter(storage + at & mask, capacity: AccessRecord.largestPackedByteCount)
        record.figures.triesByteCount = UInt16(min(tries.count, GatewayLimits.triesByteCount))
        record.pack(to: &writer)
        if !tries.isEmpty { writer.append(tries.prefix(Int(record.figures.triesByteCount))) }
        head.store(at + writer.count, ordering: .releasing)
        // Once on the way there: the ring is never fuller at the next push than it is now.
        let half = (mask + 1) / 2
        if at - start < half && at + writer.count - start >= half { halfFull?.wakeup.signal() }
    }

    /// Calls `body` with each waiting record and its tries, oldest first.
    func drain(_ body: (inout AccessRecord, ByteSlice) -> Void) {
        let end = head.load(ordering: .acquiring)
        var at = tail.load(ordering: .relaxed)
        while at < end {
            let bytes = ByteSlice(storage + at & mask, count: AccessRecord.largestPackedByteCount)
            let start = current.unpack(bytes)
            let end = start + Int(current.figures.triesByteCount)
            body(&current, bytes[start..<end])
            at += end
            tail.store(at, ordering: .releasing)
        }
    }

    /// Records dropped since the last call.
    func takeDropped() -> Int { dropped.exchange(0, ordering: .relaxed) }
}
