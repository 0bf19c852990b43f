import Glibc
import Reactor

/// A file that holds this process's id, for who looks for it. It is locked: of two that are told the same path the second does not start,
/// and the file stays the first's.
public final class PidFile: Sendable {
    private let path: String
    /// The lock is this open file's, so that a binary that takes it over has the lock, too.
    let descriptor: CInt

    public convenience init(at path: String) throws(StartFault) { try self.init(at: path, isThere: PidFile.isFile) }

    /// - Parameter isThere: whether the file that was opened is still the one at the path.
    init(at path: String, isThere: (CInt, String) -> Bool) throws(StartFault) {
        self.path = path
        descriptor = try PidFile.lock(path, isThere)
        try write()
    }

    /// Takes over what the binary before this one had: the id is the same.
    init(adopting descriptor: CInt, at path: String) {
        self.path = path
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    private static func lock(_ path: String, _ isThere: (CInt, String) -> Bool) throws(StartFault) -> CInt {
        for _ in 0..<SupervisorLimits.pidFileTries {
            let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
            guard descriptor >= 0 else { throw StartFault("--pid-file \(path): \(SystemError("open", code: errno).reason)") }
            // A file system that knows no locks (EOPNOTSUPP, ENOLCK) is no reason not to start.
            if flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
                defer { close(descriptor) }
                throw StartFault("--pid-file \(path): \(holder(descriptor)) has it, and runs; stop it or name another file")
            }
            if isThere(descriptor, path) { return descriptor }
            close(descriptor)
        }
        throw StartFault("--pid-file \(path): others create and remove it all the time")
    }

    private static func holder(_ descriptor: CInt) -> String {
        var room = [UInt8](repeating: 0, count: 16)
        let count = pread(descriptor, &room, room.count, 0)
        let text = String(decoding: room.prefix(max(0, count)).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        return pid_t(text).map { "process \($0)" } ?? "another process"
    }

    private static func isFile(_ descriptor: CInt, _ path: String) -> Bool {
        var (ours, there) = (stat(), stat())
        return fstat(descriptor, &ours) == 0 && stat(path, &there) == 0 && ours.st_dev == there.st_dev && ours.st_ino == there.st_ino
    }

    /// Whoever reads meanwhile finds an id, if perhaps the one before.
    private func write() throws(StartFault) {
        let text = Array("\(getpid())\n".utf8)
        guard pwrite(descriptor, text, text.count, 0) == text.count, ftruncate(descriptor, text.count) == 0 else {
            let reason = SystemError("write", code: errno).reason
            remove()
            throw StartFault("--pid-file \(path): \(reason)")
        }
    }

    /// Unless another file has its place, or it is a device that happens to be there.
    public func remove() {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, PidFile.isFile(descriptor, path) else { return }
        unlink(path)
    }
}
