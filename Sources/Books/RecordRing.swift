import Bytes
import Synchronization

/// What becomes of a record for which there is no room.
public enum RecordDuty: Sendable {
    /// It is counted as unrecorded, also where what room there is may be needed for others.
    case whereThereIsRoom
    /// It is counted as unrecorded.
    case bestEffort
    /// It is kept all the same: its request was let in because it would be.
    case required
}

/// A ring of records from one worker to the bookkeeper's thread.
///
/// One writes, one reads; neither waits. A record is written where it is to lie, and read there: none is allocated. Only where the ring is full, a required
/// record is copied apart, behind a lock: requests are refused by then, so that those under way are all there are.
public final class RecordRing: @unchecked Sendable {
    // Unchecked for this one: each of its bytes belongs to the worker or to the bookkeeper, as `head` and `tail` say.
    private let storage: UnsafeMutablePointer<UInt8>
    private let capacity: Int
    private static let lengthByteCount = 4
    private static let largest = lengthByteCount + BooksLimits.recordByteCount

    // Written by the worker, read by the bookkeeper: releases the record before it.
    private let head = Atomic<Int>(0)
    // Written by the bookkeeper, read by the worker: releases the places it has read.
    private let tail = Atomic<Int>(0)
    // Written by the worker, read by whoever asks; a count alone, so relaxed.
    private let unrecordedCount = Atomic<Int>(0)
    // Written under the lock, read by the bookkeeper before it takes the lock; a hint alone, so relaxed.
    private let hasOverdue = Atomic<Bool>(false)
    private let overdue = Mutex<[[UInt8]]>([])

    /// - Parameter capacity: bytes, a power of two.
    public init(capacity: Int = BooksLimits.ringByteCount) {
        precondition(capacity >= 2 * RecordRing.largest && capacity & (capacity - 1) == 0, "a ring's capacity is a power of two, and has room for records")
        self.capacity = capacity
        // A record may start at the last byte and lies in one piece: it goes on behind the ring's end.
        storage = .allocate(capacity: capacity + RecordRing.largest)
    }

    deinit { storage.deallocate() }

    /// Whether the bookkeeper is behind: a request that must be recorded is better refused. Half of the ring is left for those under way.
    public var isBehind: Bool { head.load(ordering: .relaxed) - tail.load(ordering: .relaxed) > capacity / 2 || hasOverdue.load(ordering: .relaxed) }

    /// Requests of which there is no record.
    public var unrecorded: Int { unrecordedCount.load(ordering: .relaxed) }

    /// Bytes that wait.
    public var waitingByteCount: Int { max(0, head.load(ordering: .relaxed) - tail.load(ordering: .relaxed)) }

    /// Puts a record behind those that wait. Called by the worker alone, or by threads that take turns.
    public func push(_ duty: RecordDuty, _ body: (inout RecordWriter) -> Void) {
        if duty == .whereThereIsRoom, isBehind {
            unrecordedCount.add(1, ordering: .relaxed)
            return
        }
        // Acquiring, for threads that take turns at pushing: the next one releases with its own record what the one before has written.
        let at = head.load(ordering: .acquiring)
        // What lies behind the ring's end is counted as its first bytes, so that none is in use twice.
        guard at + RecordRing.largest - tail.load(ordering: .acquiring) <= capacity else { return pushLate(duty, body) }
        let place = storage + at & (capacity - 1)
        var writer = RecordWriter(place + RecordRing.lengthByteCount)
        body(&writer)
        var length = UInt32(truncatingIfNeeded: writer.byteCount).littleEndian
        UnsafeMutableRawPointer(place).copyMemory(from: &length, byteCount: RecordRing.lengthByteCount)
        head.store(at + RecordRing.lengthByteCount + writer.byteCount, ordering: .releasing)
    }

    private func pushLate(_ duty: RecordDuty, _ body: (inout RecordWriter) -> Void) {
        guard duty == .required else {
            unrecordedCount.add(1, ordering: .relaxed)
            return
        }
        let bytes = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: BooksLimits.recordByteCount) { room -> [UInt8] in
            guard let base = room.baseAddress else { return [] }
            var writer = RecordWriter(base)
            body(&writer)
            // As long as it is, and no longer: there may be many.
            return Array(UnsafeBufferPointer(rebasing: room[..<writer.byteCount]))
        }
        let isKept = overdue.withLock { overdue in
            guard overdue.count < BooksLimits.overdueRecords else { return false }
            overdue.append(bytes)
            hasOverdue.store(true, ordering: .relaxed)
            return true
        }
        if !isKept { unrecordedCount.add(1, ordering: .relaxed) }
    }

    /// Calls `body` with the bytes of each waiting record, oldest first, for as long as it takes them. Called by the bookkeeper alone.
    func drain(_ body: (ByteSlice) -> Bool) {
        let end = head.load(ordering: .acquiring)
        var at = tail.load(ordering: .relaxed)
        while at < end {
            let place = storage + at & (capacity - 1)
            let length = Int(UInt32(littleEndian: UnsafeRawPointer(place).loadUnaligned(as: UInt32.self)))
            guard body(ByteSlice(place + RecordRing.lengthByteCount, count: length)) else { return }
            at += RecordRing.lengthByteCount + length
            tail.store(at, ordering: .releasing)
        }
        // Behind the ring's own: they came when it was full.
        guard hasOverdue.load(ordering: .relaxed) else { return }
        overdue.withLock { overdue in
            var taken = 0
            while taken < overdue.count, overdue[taken].withByteSlice({ body($0) }) { taken += 1 }
            overdue.removeFirst(taken)
            if overdue.isEmpty { hasOverdue.store(false, ordering: .relaxed) }
        }
    }
}
