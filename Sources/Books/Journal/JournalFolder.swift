import CLinux
import Glibc

/// One segment of the journal, as it lies in its folder.
public struct Segment: Sendable {
    public let name: SegmentName
    public let path: String
    /// Whether a process writes it, or was killed while it did.
    public let isOpen: Bool
}

/// The folder of the journal: its segments, and what is done with them from outside.
public struct JournalFolder: Sendable {
    public let path: String

    /// The journal of a folder for state.
    public init(dataDirectory: String) { path = dataDirectory + "/books/journal" }

    /// Makes what of the folder is not there.
    func make(in dataDirectory: String) throws(JournalError) {
        for folder in [dataDirectory, dataDirectory + "/books", path] {
            guard mkdir(folder, 0o700) == 0 || errno == EEXIST else { throw JournalError(folder, "mkdir", errno) }
        }
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { throw .notAFolder(path: path) }
    }

    /// The segments, the oldest first; none where there is no folder.
    public func segments() throws(JournalError) -> [Segment] {
        var found: [Segment] = []
        for file in try files() {
            for (suffix, isOpen) in [(SegmentName.sealedSuffix, false), (SegmentName.openSuffix, true)] where file.hasSuffix(suffix) {
                guard let name = SegmentName(String(file.dropLast(suffix.utf8.count))) else { continue }
                found.append(Segment(name: name, path: path + "/" + file, isOpen: isOpen))
            }
        }
        // One that was sealed while the folder was read is there once.
        found.sort { ($0.name, $0.isOpen ? 1 : 0) < ($1.name, $1.isOpen ? 1 : 0) }
        return found.enumerated().filter { $0.offset == 0 || found[$0.offset - 1].name != $0.element.name }.map(\.element)
    }

    /// Whether a segment is there under neither of its names: one that is sealed while its folder is read may be missed there.
    public func isGone(_ name: SegmentName) -> Bool {
        [SegmentName.openSuffix, SegmentName.sealedSuffix].allSatisfy { suffix in
            var status = stat()
            return lstat("\(path)/\(name)\(suffix)", &status) != 0 && errno == ENOENT
        }
    }

    func files() throws(JournalError) -> [String] {
        guard let folder = opendir(path) else {
            if errno == ENOENT { return [] }
            throw JournalError(path, "opendir", errno)
        }
        defer { closedir(folder) }
        var names: [String] = []
        while names.count < BooksLimits.segmentCount, let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: entry.pointee.d_name)) { String(cString: $0) }
            }
            names.append(name)
        }
        return names
    }

    /// Or a name may be gone after a power failure.
    func sync() throws(JournalError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw JournalError(path, "open", errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw JournalError(path, "fsync", errno) }
    }

    // MARK: Recovery

    /// Byte of a segment whose lock its writer has: far behind its end.
    static let lockOffset: Int64 = 1 << 62

    /// Seals the segments whose processes have ended: what lies behind the last whole record is put aside, and told.
    ///
    /// - Parameters:
    ///   - own: the one that this process writes.
    ///   - report: told of what was found, and of those that cannot be recovered yet.
    func recover(own: SegmentName?, report: (String) -> Void) throws(JournalError) {
        for file in try files() {
            if file.hasSuffix(SegmentName.draftSuffix) {
                removeDraft(path + "/" + file)
            } else if file.hasSuffix(SegmentName.openSuffix), let name = SegmentName(String(file.dropLast(SegmentName.openSuffix.utf8.count))), name != own {
                do throws(JournalError) { try recover(name, report) } catch { report("\(name) cannot be sealed yet: \(error)") }
            }
        }
    }

    private func removeDraft(_ draft: String) {
        let descriptor = open(draft, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        if linux_lock_byte(descriptor, JournalFolder.lockOffset, 0) == 0 { unlink(draft) }
    }

    private func recover(_ name: SegmentName, _ report: (String) -> Void) throws(JournalError) {
        let file = path + "/\(name)" + SegmentName.openSuffix
        let descriptor = open(file, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            // Its writer has just sealed it.
            if errno == ENOENT { return }
            throw JournalError(file, "open", errno)
        }
        defer { close(descriptor) }
        // Its process is alive, or another has begun to look after it.
        guard linux_lock_byte(descriptor, JournalFolder.lockOffset, 0) == 0 else { return }
        let (end, damaged): (Int64, Int)
        do throws(JournalError) {
            (end, damaged) = try JournalFolder.wholeByteCount(of: file)
        } catch .otherVersion {
            // A later program's, which knows how to go on with it.
            return
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw JournalError(file, "fstat", errno) }
        let torn = Int(status.st_size) - Int(end)
        if torn > 0 {
            let aside = path + "/\(name)" + SegmentName.tornSuffix
            try JournalFolder.copy(descriptor, from: end, torn, to: aside)
            guard ftruncate(descriptor, off_t(end)) == 0 else { throw JournalError(file, "ftruncate", errno) }
            report("\(file): its process was killed while it wrote a record; the last \(torn) bytes are no whole one, and are kept in \(aside)")
        }
        if damaged > 0 { report("\(file): \(damaged) bytes of it were changed by the disk; the records around them are read") }
        guard fsync(descriptor) == 0 else { throw JournalError(file, "fsync", errno) }
        try seal(name, isEmpty: end <= SegmentHeader.byteCount)
    }

    /// A segment without records is not kept.
    func seal(_ name: SegmentName, isEmpty: Bool) throws(JournalError) {
        let open = path + "/\(name)" + SegmentName.openSuffix
        let result = isEmpty ? unlink(open) : rename(open, path + "/\(name)" + SegmentName.sealedSuffix)
        guard result == 0 || errno == ENOENT else { throw JournalError(open, "rename", errno) }
        try sync()
    }

    /// How far its records go, and how many bytes between them are none. A file that has not even a header goes to 0.
    private static func wholeByteCount(of file: String) throws(JournalError) -> (end: Int64, damaged: Int) {
        do throws(JournalError) {
            var reader = try SegmentReader(path: file)
            var damaged = 0
            while true {
                switch try reader.next() {
                case .record: break
                case .damaged(let count): damaged += count
                case .end, .torn: return (reader.offset, damaged)
                }
            }
        } catch .foreign {
            return (0, 0)
        }
    }

    private static func copy(_ descriptor: CInt, from start: Int64, _ count: Int, to path: String) throws(JournalError) {
        let copy = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard copy >= 0 else { throw JournalError(path, "open", errno) }
        defer { close(copy) }
        let buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: BooksLimits.readByteCount)
        defer { buffer.deallocate() }
        var done = 0
        while done < count {
            let found = pread(descriptor, buffer, min(count - done, BooksLimits.readByteCount), off_t(start) + off_t(done))
            guard found > 0 else { throw JournalError(path, "read", found < 0 ? errno : EIO) }
            guard write(copy, buffer, found) == found else { throw JournalError(path, "write", errno) }
            done += found
        }
    }

    // MARK: Retention

    /// Removes sealed segments that are older, or more, than is wanted, the oldest first.
    ///
    /// - Parameter mayGo: asked of each; one that is still needed stays, whatever its age.
    /// - Returns: how many are gone, and how many bytes are left.
    func retire(olderThan oldest: Int64, keeping byteCount: Int64, mayGo: (SegmentName) -> Bool) throws(JournalError) -> (removed: Int, leftByteCount: Int64) {
        var sealed: [(segment: Segment, byteCount: Int64, seconds: Int64)] = []
        var total: Int64 = 0
        for segment in try segments() {
            var status = stat()
            guard stat(segment.path, &status) == 0 else { continue }
            total += Int64(status.st_size)
            if !segment.isOpen { sealed.append((segment, Int64(status.st_size), Int64(status.st_mtim.tv_sec))) }
        }
        var removed = 0
        for entry in sealed where (entry.seconds < oldest || total > byteCount) && mayGo(entry.segment.name) {
            guard unlink(entry.segment.path) == 0 || errno == ENOENT else { throw JournalError(entry.segment.path, "unlink", errno) }
            unlink(path + "/\(entry.segment.name)" + SegmentName.tornSuffix)
            total -= entry.byteCount
            removed += 1
        }
        return (removed, total)
    }
}
