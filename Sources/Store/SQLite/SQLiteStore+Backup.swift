import Foundation
import GRDB
import Glibc

/// What a backup holds.
public struct BackupSummary: Sendable, Equatable {
    public let byteCount: Int64
    /// The last row of its audit log.
    public let auditSequence: Int64
    public let generation: Int64
}

extension SQLiteStore {
    public func backup(to target: String, by actor: AuditActor) throws(StoreError) -> BackupSummary {
        guard Glibc.access(target, F_OK) != 0 else { throw .exists(path: target) }
        var event = AuditEvent(actor, "backup", "store")
        event.after = String(decoding: DocumentText.object([("file", target)]), as: UTF8.self)
        // First, so that the copy tells of itself.
        try record(event)
        let fresh = target + ".new-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        let descriptor = Glibc.open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .unreachable(path: target, detail: String(cString: strerror(errno))) }
        Glibc.close(descriptor)
        defer { for end in ["", "-journal", "-wal", "-shm"] { unlink(fresh + end) } }
        let summary = try copy(to: fresh, target)
        try Self.publish(fresh, as: target)
        return summary
    }

    /// Copies all pages as of one moment, and looks the copy over: its pages, its references, its audit log, its secrets' keys.
    private func copy(to fresh: String, _ target: String) throws(StoreError) -> BackupSummary {
        do {
            let queue = try DatabaseQueue(path: fresh)
            defer { try? queue.close() }
            try pool.backup(to: queue)
            // One file, with nothing beside it that could be forgotten.
            try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = DELETE") }
            return try queue.read { database in
                let pages = try String.fetchOne(database, sql: "PRAGMA integrity_check(1)")
                guard pages == "ok" else { throw StoreError.corrupt(path: target, detail: pages ?? "no answer") }
                guard try Row.fetchOne(database, sql: "PRAGMA foreign_key_check") == nil else {
                    throw StoreError.corrupt(path: target, detail: "a row names another that is not there")
                }
                let size = try Int64.fetchOne(database, sql: "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size") ?? 0
                return BackupSummary(byteCount: size, auditSequence: try Self.lastSequence(in: database), generation: try Self.generation(in: database))
            }
        } catch {
            throw StoreError(error, target)
        }
    }

    private static func publish(_ fresh: String, as target: String) throws(StoreError) {
        let descriptor = Glibc.open(fresh, O_RDONLY | O_CLOEXEC)
        let isKept = descriptor >= 0 && fsync(descriptor) == 0
        let reason = String(cString: strerror(errno))
        if descriptor >= 0 { Glibc.close(descriptor) }
        guard isKept else { throw .unreachable(path: target, detail: reason) }
        // A link, unlike a rename, takes nobody else's place.
        guard link(fresh, target) == 0 else {
            if errno == EEXIST { throw .exists(path: target) }
            throw .unreachable(path: target, detail: String(cString: strerror(errno)))
        }
        let folder = Glibc.open(KeyringFile.folder(of: target), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { return }
        fsync(folder)
        Glibc.close(folder)
    }
}
