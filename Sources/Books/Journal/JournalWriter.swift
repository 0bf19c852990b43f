import Bytes
import CLinux
import Glibc

/// Appends records to segments of one process, one after the other. Belongs to the bookkeeper's thread.
struct JournalWriter: ~Copyable {
    private struct Open {
        let name: SegmentName
        let descriptor: CInt
        /// What is known to have been written.
        var byteCount: Int
        var isSynced = true
    }

    let folder: JournalFolder
    private let process: UInt32
    private let segmentByteCount: Int
    private var current: Open?
    private var sequence = 0

    private let batch = UnsafeMutablePointer<UInt8>.allocate(capacity: BooksLimits.batchByteCount)
    private var batchCount = 0
    private var batchRecords = 0
    /// Bytes of the batch that are in the file.
    private var writtenCount = 0

    init(_ folder: JournalFolder, process: UInt32, segmentByteCount: Int) {
        self.folder = folder
        self.process = process
        self.segmentByteCount = segmentByteCount
    }

    deinit {
        if let current { close(current.descriptor) }
        batch.deallocate()
    }

    var own: SegmentName? { current?.name }
    /// Records that wait in the batch.
    var waiting: Int { batchRecords }

    /// Puts a record into the batch; false when it must be written first.
    mutating func add(_ record: ByteSlice) -> Bool {
        // One of which a part is in the file must not grow behind it, or it might be two segments'.
        guard writtenCount == 0, batchCount + Frame.headByteCount + record.count <= BooksLimits.batchByteCount else { return false }
        Frame.write(record, to: batch + batchCount)
        batchCount += Frame.headByteCount + record.count
        batchRecords += 1
        return true
    }

    /// Writes the batch. What fails is tried again with the next call, from where it stopped.
    /// - Returns: records and bytes that are in the file now.
    mutating func write(wallNanoseconds: UInt64) throws(JournalError) -> (records: Int, byteCount: Int) {
        guard batchCount > 0 else { return (0, 0) }
        if writtenCount == 0, let open = current {
            let isFull = open.byteCount > SegmentHeader.byteCount && open.byteCount + batchCount > segmentByteCount
            if isFull || open.name.day != SegmentName.day(wallNanoseconds) { try seal() }
        }
        if current == nil { current = try begin(wallNanoseconds) }
        guard var open = current else { return (0, 0) }
        open.isSynced = false
        defer { current = open }
        while writtenCount < batchCount {
            let count = Glibc.write(open.descriptor, batch + writtenCount, batchCount - writtenCount)
            if count < 0 {
                if errno == EINTR { continue }
                throw JournalError(folder.path + "/\(open.name)", "write", errno)
            }
            writtenCount += count
            open.byteCount += count
        }
        defer { (batchCount, batchRecords, writtenCount) = (0, 0, 0) }
        return (batchRecords, batchCount)
    }

    /// Has the disk take what was written: from then on it outlives a power failure.
    ///
    /// A segment of which it did not is ended: the kernel tells of a failure once, and a later success says nothing of what was written before.
    mutating func sync() throws(JournalError) {
        guard let open = current, !open.isSynced else { return }
        guard fdatasync(open.descriptor) != 0 else {
            current?.isSynced = true
            return
        }
        let code = errno
        if writtenCount == 0 {
            try? folder.seal(open.name, isEmpty: false)
            close(open.descriptor)
            current = nil
        }
        throw .unsynced(path: folder.path + "/\(open.name)", code: code)
    }

    /// Ends the present segment where its day is over.
    mutating func sealIfOver(wallNanoseconds: UInt64) throws(JournalError) {
        if let open = current, writtenCount == 0, open.name.day != SegmentName.day(wallNanoseconds) { try seal() }
    }

    /// Ends the present segment.
    mutating func seal() throws(JournalError) {
        guard let open = current else { return }
        try sync()
        try folder.seal(open.name, isEmpty: open.byteCount <= SegmentHeader.byteCount)
        // With the descriptor goes the lock: not before it has its name.
        close(open.descriptor)
        current = nil
    }

    /// Makes a segment beside its name, so that whoever finds the name finds it locked and with its header. What is told of a failure is the same each time.
    private mutating func begin(_ wallNanoseconds: UInt64) throws(JournalError) -> Open {
        let name = SegmentName(wallNanoseconds: wallNanoseconds, process: process, sequence: sequence)
        sequence += 1
        let draft = folder.path + "/\(name)" + SegmentName.draftSuffix
        let descriptor = Glibc.open(draft, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw JournalError(folder.path, "open", errno) }
        do throws(JournalError) {
            let locked = linux_lock_byte(descriptor, JournalFolder.lockOffset, 0)
            guard locked == 0 else { throw JournalError(folder.path, "fcntl", -locked) }
            let header = SegmentHeader.bytes
            let count = Glibc.write(descriptor, header, header.count)
            guard count == header.count else { throw JournalError(folder.path, "write", count < 0 ? errno : ENOSPC) }
            guard rename(draft, folder.path + "/\(name)" + SegmentName.openSuffix) == 0 else { throw JournalError(folder.path, "rename", errno) }
            try folder.sync()
        } catch {
            close(descriptor)
            unlink(draft)
            throw error
        }
        return Open(name: name, descriptor: descriptor, byteCount: SegmentHeader.byteCount)
    }
}

extension SegmentName {
    /// Days since 1970.
    static func day(_ wallNanoseconds: UInt64) -> Int { Int(clamping: wallNanoseconds / 86_400_000_000_000) }
}
