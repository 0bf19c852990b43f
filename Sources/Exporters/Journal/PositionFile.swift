import Books
import Glibc

/// Why an exporter's position cannot be read or kept.
struct PositionFault: Error, Equatable, CustomStringConvertible {
    let path: String
    let call: String
    let code: Int32

    var description: String { "\(path): \(call): \(String(cString: strerror(code)))" }
}

/// The file of one exporter's position, and the lock that lets one process at a time export for its name.
///
/// The lock is held as long as the object lives, and is gone with its process.
final class PositionFile: Sendable {
    /// What a look at the lock comes to.
    enum Opened {
        case own(PositionFile)
        /// Another process, or an exporter of this one that has not ended yet, has it.
        case held
    }

    enum Found: Equatable {
        case nothing
        case position(JournalPosition)
        /// What is there is no position, or part of one.
        case damaged
    }

    let path: String
    private let lock: CInt

    private init(path: String, lock: CInt) {
        self.path = path
        self.lock = lock
    }

    deinit { close(lock) }

    /// - Parameter folder: made where it is not there; what it lies in is.
    static func open(in folder: String, name: String) throws(PositionFault) -> Opened {
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST else { throw PositionFault(path: folder, call: "mkdir", code: errno) }
        let path = folder + "/" + name
        let lock = Glibc.open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard lock >= 0 else { throw PositionFault(path: path + ".lock", call: "open", code: errno) }
        if flock(lock, LOCK_EX | LOCK_NB) == 0 { return .own(PositionFile(path: path + ".position", lock: lock)) }
        let code = errno
        close(lock)
        if code == EWOULDBLOCK { return .held }
        throw PositionFault(path: path + ".lock", call: "flock", code: code)
    }

    /// Where its exporter begins: what the file says, else as a new one does.
    ///
    /// - Parameter tell: told where the file cannot be made sense of.
    func position(of journal: JournalFolder, startsAtOldest: Bool, tell: (String) -> Void) throws -> JournalPosition {
        switch try load() {
        case .position(let position): return position
        case .damaged:
            tell("\(path) is no position; what the journal has is exported again")
            return JournalPosition()
        case .nothing:
            let position = startsAtOldest ? JournalPosition() : try Backlog.end(of: journal)
            try save(position)
            return position
        }
    }

    func load() throws(PositionFault) -> Found {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return .nothing }
            throw PositionFault(path: path, call: "open", code: errno)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw PositionFault(path: path, call: "fstat", code: errno) }
        guard status.st_size <= ExporterLimits.positionByteCount else { return .damaged }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size) + 1)
        let count = read(descriptor, &bytes, bytes.count)
        guard count >= 0 else { throw PositionFault(path: path, call: "read", code: errno) }
        guard let position = JournalPosition(text: String(decoding: bytes.prefix(count), as: UTF8.self)) else { return .damaged }
        return .position(position)
    }

    /// Puts a position in the place of the one before: whichever a crash leaves is whole.
    func save(_ position: JournalPosition) throws(PositionFault) {
        // No exporter's name has it.
        let draft = path + "~"
        let descriptor = Glibc.open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw PositionFault(path: draft, call: "open", code: errno) }
        let text = Array(position.text.utf8)
        let written = write(descriptor, text, text.count)
        var code = written < 0 ? errno : written < text.count ? ENOSPC : 0
        if code == 0, fdatasync(descriptor) != 0 { code = errno }
        close(descriptor)
        guard code == 0 else {
            unlink(draft)
            throw PositionFault(path: draft, call: "write", code: code)
        }
        let isFirst = access(path, F_OK) != 0
        guard rename(draft, path) == 0 else { throw PositionFault(path: path, call: "rename", code: errno) }
        if isFirst { try syncFolder() }
    }

    /// Or the first position may be gone after a power failure, and what was recorded until then is not sent. Of those after it the one before is enough.
    private func syncFolder() throws(PositionFault) {
        let folder = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
        let descriptor = Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw PositionFault(path: folder, call: "open", code: errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw PositionFault(path: folder, call: "fsync", code: errno) }
    }
}
