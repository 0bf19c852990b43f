public import Bytes
import Glibc
public import JSON

extension FileReference {
    /// The file's bytes, which are wiped with their last reference; nil, with a diagnostic, when they cannot be had.
    ///
    /// - Parameter isKey: whether nobody but its owner may be able to read it.
    public func read(isKey: Bool, _ diagnostics: inout [Diagnostic]) -> SecretBytes? {
        // Nonblocking, or a FIFO in its place would hold the start.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            diagnostics.append(fault("cannot be read: \(String(cString: strerror(errno)))"))
            return nil
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            diagnostics.append(fault("is not a file"))
            return nil
        }
        let mode = String(status.st_mode & 0o777, radix: 8)
        if isKey, status.st_mode & 0o077 != 0 {
            diagnostics.append(fault("is a private key that others can read or write (mode \(mode))", hint: "chmod 600 \(path)"))
            return nil
        }
        if status.st_mode & 0o022 != 0 {
            diagnostics.append(fault("can be written by others (mode \(mode))", hint: "chmod 644 \(path)"))
            return nil
        }
        return read(descriptor, &diagnostics)
    }

    private func read(_ descriptor: CInt, _ diagnostics: inout [Diagnostic]) -> SecretBytes? {
        let capacity = ConfigurationLimits.pemByteCount + 1
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: capacity) { room in
            guard let base = room.baseAddress else { return nil }
            defer { explicit_bzero(base, capacity) }
            var filled = 0
            while filled < capacity {
                let count = Glibc.read(descriptor, base + filled, capacity - filled)
                guard count >= 0 else {
                    diagnostics.append(fault("cannot be read: \(String(cString: strerror(errno)))"))
                    return nil
                }
                if count == 0 { return SecretBytes(ByteSlice(base, count: filled)) }
                filled += count
            }
            diagnostics.append(fault("has more than \(ConfigurationLimits.pemByteCount) bytes"))
            return nil
        }
    }
}
