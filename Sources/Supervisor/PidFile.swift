import Glibc
import Reactor

/// A file that holds this process's id, for who looks for it.
public struct PidFile: Sendable {
    private let path: String

    public init(at path: String) throws(StartFault) {
        self.path = path
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw StartFault("--pid-file \(path): \(SystemError("open", code: errno).reason)") }
        defer { close(descriptor) }
        var text = "\(getpid())\n"
        let count = text.utf8.count
        guard text.withUTF8({ write(descriptor, $0.baseAddress, $0.count) }) == count else { throw StartFault("--pid-file \(path): cannot be written") }
    }

    public func remove() { unlink(path) }
}
