import Bytes
import Glibc

/// Reads a journal from its beginning, its end or a time on, and goes on with what is added; the gateway that writes it may run or not.
public struct JournalTail {
    private let folder: JournalFolder
    /// How far each segment was read.
    private var offsets: [SegmentName: Int64] = [:]

    public init(_ folder: JournalFolder) { self.folder = folder }

    /// The last `count` records that `isWanted`, the oldest first; what comes later is what `readOn` reads.
    public mutating func last(_ count: Int, where isWanted: (RequestRecord) -> Bool) throws(JournalError) -> [RequestRecord] {
        var found: [RequestRecord] = []
        for segment in try folder.segments().reversed() {
            // Whatever is not looked at now is not later either.
            if found.count >= count, !segment.isOpen {
                offsets[segment.name] = .max
                continue
            }
            var own: [RequestRecord] = []
            try read(segment) { record in
                guard isWanted(record) else { return }
                own.append(record)
                if own.count > 2 * count { own.removeFirst(own.count - count) }
            }
            found = own + found
        }
        found.sort { $0.identifier < $1.identifier }
        return found.suffix(count)
    }

    /// Calls `body` with the records that were not read yet.
    ///
    /// - Parameter nanoseconds: segments whose last record was written before are passed over.
    public mutating func readOn(since nanoseconds: UInt64 = 0, _ body: (RequestRecord) -> Void) throws(JournalError) {
        for segment in try folder.segments() {
            if offsets[segment.name] == .max { continue }
            if nanoseconds > 0, offsets[segment.name] == nil, isOver(segment, before: nanoseconds) {
                offsets[segment.name] = .max
                continue
            }
            try read(segment, body)
        }
    }

    private func isOver(_ segment: Segment, before nanoseconds: UInt64) -> Bool {
        var status = stat()
        guard !segment.isOpen, stat(segment.path, &status) == 0 else { return false }
        return UInt64(clamping: status.st_mtim.tv_sec) < nanoseconds / 1_000_000_000
    }

    private mutating func read(_ segment: Segment, _ body: (RequestRecord) -> Void) throws(JournalError) {
        do throws(JournalError) {
            var reader = try SegmentReader(segment, from: offsets[segment.name] ?? 0)
            defer { offsets[segment.name] = reader.offset }
            while true {
                switch try reader.next() {
                // One of a later program's version is told of by that program.
                case .record(let bytes): if let record = try? RequestRecord(bytes) { body(record) }
                case .damaged: break
                case .end, .torn: return
                }
            }
        } catch .inaccessible(_, _, ENOENT) {
            // Removed between the look into the folder and now.
            return
        }
    }
}
