public import Bytes
public import Ledger
import Synchronization

/// A ring of parts of exchanges, from one worker to the thread that keeps bodies.
///
/// One writes, one reads; neither waits. Bytes are copied once, where they lie when they come by. What finds no room is dropped and counted: records have a
/// ring of their own, and are never in the way of bodies nor behind them.
///
///     length: 4 bytes │ part: 1 │ starts: 1 │ 0: 2 │ id: 16 │ bytes
public final class BodyRing: @unchecked Sendable {
    // Unchecked for this one: each of its bytes belongs to the worker or to the reader, as `head` and `tail` say.
    private let storage: UnsafeMutablePointer<UInt8>
    private let capacity: Int
    static let headByteCount = 24
    private static let largest = headByteCount + BooksLimits.bodyPieceByteCount

    // Written by the worker, read by the reader: releases the part before it.
    private let head = Atomic<Int>(0)
    // Written by the reader, read by the worker: releases the places it has read.
    private let tail = Atomic<Int>(0)
    // Written by the worker, read by whoever asks; a count alone, so relaxed.
    private let droppedCount = Atomic<Int>(0)

    /// - Parameter capacity: bytes, a power of two.
    public init(capacity: Int = BooksLimits.bodyRingByteCount) {
        precondition(capacity >= 2 * BodyRing.largest + BooksLimits.bodyEndsByteCount && capacity & (capacity - 1) == 0, "a ring's capacity is a power of two, and has room for two parts")
        self.capacity = capacity
        // A part may start at the last byte and lies in one piece: it goes on behind the ring's end.
        storage = .allocate(capacity: capacity + BodyRing.largest)
    }

    deinit { storage.deallocate() }

    /// Exchanges of which something found no room.
    public var dropped: Int { droppedCount.load(ordering: .relaxed) }

    public func noteDropped() { droppedCount.add(1, ordering: .relaxed) }

    /// Bytes that wait.
    public var waitingByteCount: Int { max(0, head.load(ordering: .relaxed) - tail.load(ordering: .relaxed)) }

    /// Copies the first `most` bytes of `runs`, one after the other. Called by the worker alone.
    ///
    /// - Parameter starts: whether they begin their part, in place of what came of it before.
    /// - Returns: false where there is no room for all of them: then none is copied. An end has room where nothing else has any more.
    public func push(_ part: BodyPart, of id: Identifier, starts: Bool, _ runs: UnsafeBufferPointer<ByteSlice>, most: Int) -> Bool {
        var byteCount = 0
        for run in runs { byteCount += run.count }
        byteCount = min(byteCount, most)
        let needed = byteCount + (byteCount / BooksLimits.bodyPieceByteCount + 1) * BodyRing.headByteCount
        let kept = part == .end ? 0 : BooksLimits.bodyEndsByteCount
        guard waitingByteCount + needed + BodyRing.largest + kept <= capacity else { return false }
        var starts = starts
        var left = most
        var index = 0
        var offset = 0
        repeat {
            let at = head.load(ordering: .relaxed)
            // What lies behind the ring's end is counted as its first bytes, so that none is in use twice.
            guard at + BodyRing.largest - tail.load(ordering: .acquiring) <= capacity else { return false }
            let place = storage + at & (capacity - 1)
            var writer = ByteWriter(place + BodyRing.headByteCount, capacity: min(left, BooksLimits.bodyPieceByteCount))
            while index < runs.count, writer.count < writer.capacity {
                let run = runs[index].dropFirst(offset)
                let taken = min(run.count, writer.capacity - writer.count)
                writer.append(run.prefix(taken))
                offset += taken
                if taken == run.count { (index, offset) = (index + 1, 0) }
            }
            left -= writer.count
            let header = UnsafeMutableRawPointer(place)
            header.storeBytes(of: UInt32(truncatingIfNeeded: writer.count), as: UInt32.self)
            header.storeBytes(of: UInt32(part.rawValue) | (starts ? 0x100 : 0), toByteOffset: 4, as: UInt32.self)
            header.storeBytes(of: id.high, toByteOffset: 8, as: UInt64.self)
            header.storeBytes(of: id.low, toByteOffset: 16, as: UInt64.self)
            head.store(at + BodyRing.headByteCount + writer.count, ordering: .releasing)
            starts = false
        } while left > 0 && index < runs.count
        return true
    }

    /// Calls `body` with each waiting part, oldest first. Called by the reader alone.
    public func drain(_ body: (_ part: BodyPart, _ id: Identifier, _ starts: Bool, _ bytes: ByteSlice) -> Void) {
        let end = head.load(ordering: .acquiring)
        var at = tail.load(ordering: .relaxed)
        while at < end {
            let place = storage + at & (capacity - 1)
            let header = UnsafeRawPointer(place)
            let count = Int(header.loadUnaligned(as: UInt32.self))
            let word = header.loadUnaligned(fromByteOffset: 4, as: UInt32.self)
            let id = Identifier(high: header.loadUnaligned(fromByteOffset: 8, as: UInt64.self), low: header.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
            if let part = BodyPart(rawValue: UInt8(truncatingIfNeeded: word)) {
                body(part, id, word & 0x100 != 0, ByteSlice(place + BodyRing.headByteCount, count: count))
            }
            at += BodyRing.headByteCount + count
            tail.store(at, ordering: .releasing)
        }
    }
}
