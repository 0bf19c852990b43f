import Glibc

/// Appends batches of lines to a file, and begins another when it is too large or too old.
///
/// Of a batch that the disk took in part the part is cut off again; of one that a crash has cut, whole lines stay, and come again.
final class LinesFile: Sink {
    private let file: RotatedFile
    private var descriptor: CInt = -1

    private struct Fault: Error {
        let text: String

        init(_ path: String, _ call: String, _ code: Int32) { text = "\(path): \(call): \(String(cString: strerror(code)))" }
        init(_ text: String) { self.text = text }
    }

    init(_ file: RotatedFile) { self.file = file }

    deinit { shut() }

    func take(_ batch: ExportBatch, timeoutNanoseconds: UInt64, wallNanoseconds: UInt64) -> SinkAnswer {
        do throws(Fault) {
            let lines = batch.closed
            var status = try opened()
            if isOver(status, lines.count, wallNanoseconds) {
                try rotate(wallNanoseconds)
                status = try opened()
            }
            try append(lines, behind: status.st_size)
            return .takenWhole
        } catch {
            shut()
            return .failed(error.text, pauseNanoseconds: nil)
        }
    }

    private func shut() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }

    // MARK: The file

    /// Has the file of that name open: somebody may have moved the one before away.
    private func opened() throws(Fault) -> stat {
        var (own, named) = (stat(), stat())
        if descriptor >= 0, fstat(descriptor, &own) == 0, stat(file.path, &named) == 0, own.st_ino == named.st_ino, own.st_dev == named.st_dev { return own }
        shut()
        // Nonblocking, or a FIFO in its place would hold the thread.
        descriptor = open(file.path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0o640)
        guard descriptor >= 0 else { throw Fault(file.path, "open", errno) }
        guard fstat(descriptor, &own) == 0 else { throw Fault(file.path, "fstat", errno) }
        guard own.st_mode & S_IFMT == S_IFREG else { throw Fault("\(file.path): not a file; name another path") }
        // Gone with the descriptor. A filesystem without locks has none to hold.
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK else {
            throw Fault("\(file.path): another exporter writes it; name another path, or wait until it has ended")
        }
        try mend(&own)
        if own.st_size == 0 { syncFolder() }
        return own
    }

    /// Or the name of a file that was just begun may be gone after a power failure, and what the position says is in it. A folder that cannot be read has to
    /// do without.
    private func syncFolder() {
        let folder = open(RotatedName(path: file.path).folderPath, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { return }
        fsync(folder)
        close(folder)
    }

    /// Cuts off a line without its end: a crash has left it, and its record is sent again.
    private func mend(_ status: inout stat) throws(Fault) {
        let size = Int(status.st_size)
        guard size > 0 else { return }
        var tail = [UInt8](repeating: 0, count: min(size, ExporterLimits.tornByteCount))
        let start = size - tail.count
        guard pread(descriptor, &tail, tail.count, off_t(start)) == tail.count else { throw Fault(file.path, "read", errno) }
        guard let last = tail.last, last != UInt8(ascii: "\n") else { return }
        let end = tail.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        // Nothing of somebody else's is cut.
        guard start + end == 0 || end > 0, zip(tail[end...], LinesFile.lineStart.utf8).allSatisfy({ $0 == $1 }) else {
            throw Fault("\(file.path): its end is no line of a record; move it away, or name another path")
        }
        guard ftruncate(descriptor, off_t(start + end)) == 0, fstat(descriptor, &status) == 0 else { throw Fault(file.path, "ftruncate", errno) }
    }

    /// What each record begins with as JSON.
    private static let lineStart = #"{"time":""#

    private func append(_ lines: [UInt8], behind size: off_t) throws(Fault) {
        var sent = 0
        while sent < lines.count {
            let count = lines.withUnsafeBytes { write(descriptor, $0.baseAddress.map { $0 + sent }, lines.count - sent) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let code = count < 0 ? errno : ENOSPC
                // What cannot be cut off now is when it is opened again.
                if sent > 0 { ftruncate(descriptor, size) }
                throw Fault(file.path, "write", code)
            }
            sent += count
        }
        // The position behind it is synced as well.
        guard fdatasync(descriptor) == 0 else {
            let code = errno
            ftruncate(descriptor, size)
            throw Fault(file.path, "fdatasync", code)
        }
    }

    // MARK: Others after it

    private func isOver(_ status: stat, _ added: Int, _ wallNanoseconds: UInt64) -> Bool {
        guard status.st_size > 0 else { return false }
        if let most = file.mostBytes, Int64(status.st_size) + Int64(added) > most { return true }
        guard let period = file.periodNanoseconds else { return false }
        let written = UInt64(clamping: status.st_mtim.tv_sec).multipliedReportingOverflow(by: 1_000_000_000).partialValue
        return written / period < wallNanoseconds / period
    }

    private func rotate(_ wallNanoseconds: UInt64) throws(Fault) {
        let name = RotatedName(path: file.path)
        var number = 0
        while access(name.path(wallNanoseconds, number), F_OK) == 0, number < RotatedName.largestNumber { number += 1 }
        let own = name.path(wallNanoseconds, number)
        guard rename(file.path, own) == 0 else { throw Fault(file.path, "rename", errno) }
        shut()
        for old in name.rotated(until: own).dropLast(max(1, file.kept)) { unlink(old) }
    }
}
