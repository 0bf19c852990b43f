public import Bytes
import Foundation
import Glibc

/// Where the keyring is: in a file, or in the variable `SLUICE_KEYRING` itself.
public enum KeyringSource: Sendable, CustomStringConvertible {
    case file(String)
    case text(SecretBytes)

    /// What `SLUICE_KEYRING` says: a keyring's text, or the path of one; without it `keyring` in the data directory.
    public init(variable: String?, dataDirectory: String) {
        guard let variable, !variable.isEmpty else {
            self = .file(dataDirectory + "/keyring")
            return
        }
        if variable.hasPrefix(Keyring.magic) {
            self = .text(Array(variable.utf8).withByteSlice { SecretBytes($0) })
        } else {
            self = .file(variable)
        }
    }

    public var description: String {
        switch self {
        case .file(let path): path
        case .text: "SLUICE_KEYRING"
        }
    }

    /// The keyring; nil where its file is not there.
    func load() throws(KeyringError) -> Keyring? {
        switch self {
        case .text(let text): return try Keyring(text)
        case .file(let path):
            guard let text = try KeyringFile.read(path) else { return nil }
            return try Keyring(text)
        }
    }

    /// Writes a keyring where none is. One that another process wrote meanwhile is what counts.
    func create(madeOn date: Date) throws(KeyringError) -> Keyring {
        guard case .file(let path) = self else { throw .inVariable }
        let made = try Keyring(madeOn: date)
        guard try KeyringFile.write(made.text, to: path, replacing: false) else {
            guard let other = try load() else { throw .gone(path: path) }
            return other
        }
        return made
    }

    /// Adds a key to the file, which wraps from now on, and returns its name. Processes that do so at once wait for each other.
    func rotate(madeOn date: Date) throws(KeyringError) -> String {
        guard case .file(let path) = self else { throw .inVariable }
        let lock = KeyringFile.Lock(beside: path)
        defer { lock?.release() }
        guard lock != nil, var keyring = try load() else { throw .gone(path: path) }
        let id = try keyring.addKey(madeOn: date)
        _ = try KeyringFile.write(keyring.text, to: path, replacing: true)
        return id
    }
}

/// A keyring's file: read by its owner alone, and changed whole or not at all.
enum KeyringFile {
    /// Holds other processes off the folder's keyring until it is released.
    struct Lock {
        private let descriptor: CInt

        init?(beside path: String) {
            descriptor = open(KeyringFile.folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard descriptor >= 0 else { return nil }
            while flock(descriptor, LOCK_EX) != 0 {
                guard errno == EINTR else {
                    close(descriptor)
                    return nil
                }
            }
        }

        func release() { close(descriptor) }
    }

    /// Its text; nil where there is no such file.
    static func read(_ path: String) throws(KeyringError) -> SecretBytes? {
        // Nonblocking, or a FIFO in its place would hold the start.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw .unreadable(path: path, reason: String(cString: strerror(errno)))
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { throw .notAFile(path: path) }
        guard status.st_mode & 0o077 == 0 else { throw .loose(path: path, mode: String(status.st_mode & 0o777, radix: 8)) }
        guard status.st_uid == geteuid() || status.st_uid == 0 else { throw .strangersFile(path: path, owner: status.st_uid) }
        guard status.st_size <= StoreLimits.keyringByteCount else { throw .tooLong }
        let text = SecretBytes(count: Int(status.st_size)) { out in
            var filled = 0
            while filled < Int(status.st_size) {
                let count = Glibc.read(descriptor, out + filled, Int(status.st_size) - filled)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                filled += count
            }
            return true
        }
        guard let text else { throw .unreadable(path: path, reason: "it became shorter while it was read") }
        return text
    }

    /// Writes a file of mode 0600 and makes it outlive the machine's power; false, and nothing changed, where one is and must stay.
    static func write(_ text: SecretBytes, to path: String, replacing: Bool) throws(KeyringError) -> Bool {
        let fresh = path + ".new-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        let descriptor = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .unwritable(path: path, reason: String(cString: strerror(errno))) }
        defer { unlink(fresh) }
        var written = 0
        while written < text.count {
            let count = Glibc.write(descriptor, text.bytes.base + written, text.count - written)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            written += count
        }
        let isKept = written == text.count && fsync(descriptor) == 0
        let reason = String(cString: strerror(errno))
        close(descriptor)
        guard isKept else { throw .unwritable(path: path, reason: reason) }
        // A link fails where a file is: of two that start at once, one makes the keyring.
        if (replacing ? rename(fresh, path) : link(fresh, path)) != 0 {
            if !replacing, errno == EEXIST { return false }
            throw .unwritable(path: path, reason: String(cString: strerror(errno)))
        }
        let folder = open(folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if folder >= 0 {
            fsync(folder)
            close(folder)
        }
        return true
    }

    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
