public import Bytes
import Glibc

/// What comes next in a segment.
public enum SegmentStep {
    /// A record, until the next call.
    case record(ByteSlice)
    /// So many bytes that are no record, between records that are: the disk has changed them.
    case damaged(Int)
    /// No more for now.
    case end
    /// Behind the last record lies what is not a whole one: it is being written, or its writer was killed then.
    case torn
}

/// Reads a segment from an offset on, also while it is written.
public struct SegmentReader: ~Copyable {
    let path: String
    private let descriptor: CInt
    private let buffer: UnsafeMutablePointer<UInt8>
    /// Of the file: where the buffer begins.
    private var bufferStart: Int64
    private var bufferCount = 0
    /// Behind the last record that was read.
    public private(set) var offset: Int64

    private static let capacity = BooksLimits.readByteCount

    /// - Parameter offset: 0 for the first record, or what `offset` of another reader of it was.
    public init(path: String, from offset: Int64 = 0) throws(JournalError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw JournalError(path, "open", errno) }
        let buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: SegmentReader.capacity)
        do throws(JournalError) {
            let found = SegmentReader.read(descriptor, buffer, SegmentHeader.byteCount, at: 0)
            guard found >= 0 else { throw JournalError(path, "read", errno) }
            try SegmentHeader.check(ByteSlice(buffer, count: found), path: path)
        } catch {
            close(descriptor)
            buffer.deallocate()
            throw error
        }
        self.path = path
        self.descriptor = descriptor
        self.buffer = buffer
        self.offset = min(max(offset, Int64(SegmentHeader.byteCount)), JournalFolder.lockOffset)
        bufferStart = self.offset
    }

    /// Reads one that was found in its folder, also where it has been sealed since.
    public init(_ segment: Segment, from offset: Int64 = 0) throws(JournalError) {
        do throws(JournalError) {
            try self.init(path: segment.path, from: offset)
        } catch .inaccessible(_, _, ENOENT) where segment.isOpen {
            try self.init(path: String(segment.path.dropLast(SegmentName.openSuffix.utf8.count)) + SegmentName.sealedSuffix, from: offset)
        }
    }

    deinit {
        close(descriptor)
        buffer.deallocate()
    }

    public mutating func next() throws(JournalError) -> SegmentStep {
        switch try look(at: offset) {
        case .whole(let record):
            offset += Int64(Frame.headByteCount + record.count)
            return .record(record)
        case .absent: return .end
        case .none:
            // What is damaged has others behind it; what is torn has not.
            guard let next = try nextWhole() else { return .torn }
            // It may have been written since, and others behind it.
            bufferCount = 0
            if case .whole(let record) = try look(at: offset) {
                offset += Int64(Frame.headByteCount + record.count)
                return .record(record)
            }
            defer { offset = next }
            return .damaged(Int(next - offset))
        }
    }

    /// Where the next record begins behind what is none: no text of a record has the zeros of a length, so that none is found within another.
    private mutating func nextWhole() throws(JournalError) -> Int64? {
        var place = offset + 1
        while true {
            switch try look(at: place) {
            case .whole: return place
            case .absent: return nil
            case .none: place += 1
            }
        }
    }

    /// Behind the last byte, as of now.
    public func byteCount() throws(JournalError) -> Int64 {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw JournalError(path, "fstat", errno) }
        return Int64(status.st_size)
    }

    private enum Look {
        case whole(ByteSlice)
        /// There is nothing.
        case absent
        /// What is there is no record.
        case none
    }

    private mutating func look(at place: Int64) throws(JournalError) -> Look {
        let head = try bytes(at: place, Frame.headByteCount)
        guard !head.isEmpty else { return .absent }
        guard head.count == Frame.headByteCount else { return .none }
        let length = Int(Frame.number(head, at: 0))
        guard (1...SegmentReader.largestRecord).contains(length) else { return .none }
        let frame = try bytes(at: place, Frame.headByteCount + length)
        guard frame.count == Frame.headByteCount + length else { return .none }
        let record = frame.dropFirst(Frame.headByteCount)
        guard Frame.checksum(frame.prefix(4), record) == Frame.number(frame, at: 4) else { return .none }
        return .whole(record)
    }

    /// A later program may write longer ones.
    private static let largestRecord = 8 * BooksLimits.recordByteCount

    /// As many of the bytes at `place` as there are.
    private mutating func bytes(at place: Int64, _ count: Int) throws(JournalError) -> ByteSlice {
        if place < bufferStart || place + Int64(count) > bufferStart + Int64(bufferCount) {
            let found = SegmentReader.read(descriptor, buffer, SegmentReader.capacity, at: place)
            guard found >= 0 else { throw JournalError(path, "read", errno) }
            bufferStart = place
            bufferCount = found
        }
        let start = Int(place - bufferStart)
        return ByteSlice(buffer + start, count: min(count, bufferCount - start))
    }

    private static func read(_ descriptor: CInt, _ buffer: UnsafeMutablePointer<UInt8>, _ count: Int, at place: Int64) -> Int {
        var total = 0
        while total < count {
            let found = pread(descriptor, buffer + total, count - total, off_t(place) + off_t(total))
            if found < 0 {
                if errno == EINTR { continue }
                return -1
            }
            if found == 0 { break }
            total += found
        }
        return total
    }
}
