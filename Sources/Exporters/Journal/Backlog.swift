import Books
import Glibc

/// What of the journal an exporter has still to send.
struct Backlog {
    /// Segments that were removed before all of them was sent.
    struct Lost: Equatable {
        var segments = 0
        var byteCount: Int64 = 0
    }

    private let folder: JournalFolder
    /// What the sink has taken.
    private(set) var position: JournalPosition
    /// Those that have more, the oldest first, as of the last look.
    private var segments: [Segment] = []
    private var byteCounts: [SegmentName: Int64] = [:]
    /// Bytes that wait, as of the last look.
    private(set) var byteCount: Int64 = 0
    /// Segments that this program cannot read.
    private var unreadable: Set<SegmentName> = []

    init(_ folder: JournalFolder, _ position: JournalPosition) {
        self.folder = folder
        self.position = position
    }

    /// The position of who wants what comes from now on alone.
    static func end(of folder: JournalFolder) throws(JournalError) -> JournalPosition {
        var position = JournalPosition()
        for segment in try folder.segments() {
            if !segment.isOpen {
                position.places[segment.name] = .done
            } else if let offset = try end(of: segment) {
                position.places[segment.name] = .at(offset)
            }
        }
        return position
    }

    /// Behind the last whole record of a segment that is written, for what is behind that comes from now on; nil where it is gone by now.
    private static func end(of segment: Segment) throws(JournalError) -> Int64? {
        do throws(JournalError) {
            var reader = try SegmentReader(segment)
            while true {
                switch try reader.next() {
                case .record, .damaged: continue
                case .end, .torn: return reader.offset
                }
            }
        } catch {
            if case .inaccessible(_, _, ENOENT) = error { return nil }
            guard error.isOfContent else { throw error }
            return byteCount(of: segment)
        }
    }

    // MARK: Looking

    /// Sees which segments there are, and how much of them waits.
    ///
    /// - Parameter held: who has read records that its sink has not taken yet; segments that they are from are looked at once they are behind it.
    /// - Returns: whether the position has other segments now, and what was lost of those that are gone.
    mutating func look(_ held: ExportBatch) throws(JournalError) -> (isOther: Bool, lost: Lost) {
        let found = try folder.segments()
        var isOther = false
        segments = []
        byteCount = 0
        for segment in found {
            let place = position.places[segment.name] ?? .at(0)
            if position.places.updateValue(place, forKey: segment.name) == nil { isOther = true }
            guard case .at(let offset) = place, let count = Backlog.byteCount(of: segment) else { continue }
            byteCounts[segment.name] = count
            byteCount += max(0, count - offset)
            segments.append(segment)
        }
        return (isOther: isOther, lost: forget(allBut: Set(found.map(\.name)).union(held.ends.keys), &isOther))
    }

    /// Strikes out what is gone. An empty segment is not kept, and nothing is lost with it.
    private mutating func forget(allBut names: Set<SegmentName>, _ isOther: inout Bool) -> Lost {
        var lost = Lost()
        for (name, place) in position.places where !names.contains(name) && folder.isGone(name) {
            isOther = true
            position.places[name] = nil
            unreadable.remove(name)
            // Where it went while nobody looked, nobody knows whether there was more.
            let count = byteCounts.removeValue(forKey: name) ?? .max
            guard case .at(let offset) = place, count > max(offset, Backlog.emptyByteCount) else { continue }
            lost.segments += 1
            if count < .max { lost.byteCount += count - offset }
        }
        return lost
    }

    /// Of a segment without records: its header.
    private static let emptyByteCount: Int64 = 16

    /// Nil where it is gone by now.
    private static func byteCount(of segment: Segment) -> Int64? {
        var status = stat()
        if stat(segment.path, &status) == 0 { return Int64(status.st_size) }
        // It may have been sealed since, and have another name.
        guard segment.isOpen, let reader = try? SegmentReader(segment), let count = try? reader.byteCount() else { return nil }
        return count
    }

    // MARK: Reading

    /// Adds to a batch what comes behind it, until it is full or there is no more.
    ///
    /// - Parameter tell: told of segments that cannot be read.
    /// - Returns: whether there may be more, and the first fault of those that could not be read this time, which hold up no others.
    mutating func gather(
        into batch: inout ExportBatch, atMost count: Int, where isWanted: (RequestRecord) -> Bool, tell: (String) -> Void
    ) -> (hasMore: Bool, fault: JournalError?) {
        var left = ExporterLimits.scanByteCount
        var fault: JournalError?
        for segment in segments {
            guard case .at(let start) = batch.ends[segment.name] ?? position.places[segment.name] ?? .done else { continue }
            if segment.isOpen, start >= byteCounts[segment.name] ?? 0 { continue }
            do throws(JournalError) {
                var reader = try SegmentReader(segment, from: start)
                var isOver = false
                // Also where reading fails: what the batch has is not read again. More may come to a segment that is written.
                defer { batch.ends[segment.name] = isOver && !segment.isOpen ? .done : .at(reader.offset) }
                isOver = try Backlog.read(&reader, into: &batch, atMost: count, left: &left, where: isWanted)
                if !isOver { return (hasMore: true, fault: fault) }
            } catch {
                if case .inaccessible(_, _, ENOENT) = error { continue }
                guard error.isOfContent else {
                    fault = fault ?? error
                    continue
                }
                if unreadable.insert(segment.name).inserted { tell("\(error); its records are not exported") }
                if !segment.isOpen { batch.ends[segment.name] = .done }
            }
        }
        return (hasMore: false, fault: fault)
    }

    /// - Returns: whether the segment has no more for now.
    private static func read(
        _ reader: inout SegmentReader, into batch: inout ExportBatch, atMost count: Int, left: inout Int, where isWanted: (RequestRecord) -> Bool
    ) throws(JournalError) -> Bool {
        while batch.count < count, batch.byteCount < ExporterLimits.batchByteCount, left > 0 {
            switch try reader.next() {
            case .record(let bytes):
                left -= bytes.count
                // One of a later program's version is that program's to export.
                if let record = try? RequestRecord(bytes), isWanted(record) { batch.add(record) }
            case .damaged(let count):
                left -= count
                batch.damagedByteCount += count
            case .end, .torn: return true
            }
        }
        return false
    }

    /// The sink has a batch, or never will.
    ///
    /// - Returns: whether the position is another now.
    mutating func pass(_ batch: ExportBatch) -> Bool {
        let before = position
        for (name, place) in batch.ends where position.places[name] != nil { position.places[name] = place }
        return position != before
    }
}
