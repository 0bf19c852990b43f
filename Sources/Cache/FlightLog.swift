public import Bytes
import Glibc
import Synchronization

/// Bytes that are appended by one thread and read by any, where they lie, as soon as they have been published.
///
/// Pieces of growing size; none moves, and what has been published in one never changes.
public final class FlightLog: @unchecked Sendable {
    // Unchecked for the pieces: one is put in its place before the count that makes it known, and the bytes of each are written before
    // the count that covers them. Both are released by the store to `published` and acquired by the load of it; the order is the one that
    // `Flight.followerCount` needs.
    private let pieces: UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>
    private let published = Atomic<Int>(0)
    private let budget: ByteBudget
    private var written = 0
    private var capacity = 0
    private var pieceCount = 0
    /// Something was appended that there was no room for: what is here is not all. The writer's alone.
    public private(set) var isFull = false

    public init(budget: ByteBudget) {
        self.budget = budget
        pieces = .allocate(capacity: FlightLimits.pieces)
        pieces.initialize(repeating: nil, count: FlightLimits.pieces)
    }

    deinit {
        for index in 0..<pieceCount { free(pieces[index]) }
        budget.refund(capacity)
        pieces.deallocate()
    }

    /// Bytes that may be read.
    public var byteCount: Int { published.load(ordering: .sequentiallyConsistent) }

    /// Bytes that have been appended, for who appends.
    public var writtenByteCount: Int { written }

    /// Appends a copy of `bytes`, to be read when `publish` is called; false when there is no room for them, or was none before. The writer's alone.
    public func append(_ bytes: ByteSlice) -> Bool {
        guard !isFull else { return false }
        var at = 0
        while at < bytes.count {
            if written == capacity, !grow() {
                isFull = true
                return false
            }
            let place = FlightLog.place(of: written)
            let count = min(bytes.count - at, FlightLog.size(of: place.piece) - place.offset)
            guard let piece = pieces[place.piece] else { return false }
            (piece + place.offset).update(from: bytes.base + at, count: count)
            at += count
            written += count
        }
        return true
    }

    /// Lets readers have what was appended. The writer's alone.
    public func publish() { published.store(written, ordering: .sequentiallyConsistent) }

    /// The bytes from `position` to the end of their piece, or of what is published.
    public func bytes(from position: Int) -> ByteSlice {
        let end = byteCount
        precondition(position >= 0 && position <= end, "what is read has been published")
        guard position < end else { return ByteSlice("") }
        let place = FlightLog.place(of: position)
        guard let piece = pieces[place.piece] else { return ByteSlice("") }
        return ByteSlice(piece + place.offset, count: min(end - position, FlightLog.size(of: place.piece) - place.offset))
    }

    private func grow() -> Bool {
        let size = FlightLog.size(of: pieceCount)
        guard pieceCount < FlightLimits.pieces, budget.charge(size) else { return false }
        guard let memory = malloc(size) else {
            budget.refund(size)
            return false
        }
        pieces[pieceCount] = memory.bindMemory(to: UInt8.self, capacity: size)
        pieceCount += 1
        capacity += size
        return true
    }

    private static func size(of piece: Int) -> Int { FlightLimits.firstPieceByteCount << piece }

    /// Piece `n` begins at `first × (2ⁿ − 1)`.
    private static func place(of position: Int) -> (piece: Int, offset: Int) {
        let piece = Int.bitWidth - 1 - (position / FlightLimits.firstPieceByteCount + 1).leadingZeroBitCount
        return (piece, position - FlightLimits.firstPieceByteCount * ((1 << piece) - 1))
    }
}

extension FlightLog {
    /// Copies all that was appended to `place`, which has room for it. The writer's alone.
    public func copy(to place: UnsafeMutablePointer<UInt8>) {
        publish()
        var position = 0
        while position < writtenByteCount {
            let run = bytes(from: position)
            (place + position).update(from: run.base, count: run.count)
            position += run.count
        }
    }
}
