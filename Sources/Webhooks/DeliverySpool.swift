import Bytes
import Glibc
import Ledger

/// What is not delivered yet, on disk: a file for each message and webhook, whose name says both. Whoever delivers it removes it, so that it outlives
/// restarts, crashes and upgrades.
final class DeliverySpool {
    struct Name: Hashable {
        let id: Identifier
        let webhook: String

        init(_ id: Identifier, _ webhook: String) {
            self.id = id
            self.webhook = webhook
        }

        /// `01935c5e-7a1b-7c3d-9e4f-0123456789ab@ops`
        init?(_ file: String) {
            let parts = file.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let id = Array(parts[0].utf8).withByteSlice({ Identifier(text: $0) }) else { return nil }
            self.init(id, String(parts[1]))
        }

        var file: String { "\(id)@\(webhook)" }
    }

    let path: String
    /// Held by each process that has messages there; -1 where it cannot be.
    private var lock: CInt = -1

    init(path: String) { self.path = path }

    deinit {
        if lock >= 0 { close(lock) }
    }

    /// Whether no other process has messages there: then all that lie there are nobody's.
    func isAlone() -> Bool {
        if lock < 0 {
            guard mkdir(path, 0o700) == 0 || errno == EEXIST else { return false }
            lock = open(path + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        }
        guard lock >= 0 else { return false }
        // Shared again in any case: an attempt that fails may have lost what was held.
        defer { _ = flock(lock, LOCK_SH) }
        return flock(lock, LOCK_EX | LOCK_NB) == 0
    }

    /// - Returns: what is in the way; nil when it is there.
    func store(_ message: WebhookMessage, for webhook: String) -> String? {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { return fault(path) }
        let target = path(of: Name(message.id, webhook))
        // Under another name until it is whole: what is cut by a crash is no message.
        let draft = target + DeliverySpool.draftSuffix
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return fault(draft) }
        let written = message.body.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        var code = written < 0 ? errno : written < message.body.count ? ENOSPC : 0
        // Before it has its name: a power failure leaves it whole, or not at all.
        if code == 0, fsync(descriptor) != 0 { code = errno }
        close(descriptor)
        guard code == 0 else {
            unlink(draft)
            return fault(draft, code)
        }
        guard rename(draft, target) == 0 else {
            let fault = fault(target)
            unlink(draft)
            return fault
        }
        syncFolder()
        return nil
    }

    /// Has the disk take the folder's names.
    private func syncFolder() {
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { return }
        fsync(folder)
        close(folder)
    }

    func remove(_ name: Name) { unlink(path(of: name)) }

    /// Whether nobody else has delivered it. A disk that does not answer says nothing of that.
    func holds(_ name: Name) -> Bool { access(path(of: name), F_OK) == 0 || errno != ENOENT || access(path, F_OK) != 0 }

    /// What is there, the oldest first.
    func names() -> [Name] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [Name] = []
        while names.count < WebhookLimits.waiting * WebhookLimits.webhookCount, let entry = readdir(folder) {
            let file = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: entry.pointee.d_name)) { String(cString: $0) }
            }
            if file.hasSuffix(DeliverySpool.draftSuffix) { removeOldDraft(path + "/" + file) } else if let name = Name(file) { names.append(name) }
        }
        return names.sorted { $0.id < $1.id }
    }

    /// Nil where it is gone, or is none.
    func read(_ name: Name) -> WebhookMessage? {
        let descriptor = open(path(of: name), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: WebhookLimits.messageByteCount)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count > 0, count < bytes.count else { return nil }
        bytes.removeLast(bytes.count - count)
        return WebhookMessage(id: name.id, body: bytes)
    }

    // MARK: Files

    /// No webhook's name has it.
    private static let draftSuffix = "~"

    /// One that is not being written.
    private func removeOldDraft(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0, time(nil) - status.st_mtim.tv_sec > Int(WebhookLimits.leftoverMilliseconds / 1000) else { return }
        unlink(path)
    }

    private func path(of name: Name) -> String { "\(path)/\(name.file)" }

    private func fault(_ path: String, _ code: CInt = errno) -> String { "\(path): \(String(cString: strerror(code)))" }
}
