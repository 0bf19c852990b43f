import CLinux
import Glibc

/// Opens a file of shared memory, or makes it: the calls on the path, before anything is mapped.
///
/// A new file is made whole beside its name and then given it, so that whoever finds the name finds all of it; nothing that has the
/// name is ever written to before it was found to be ours.
struct LedgerFileOpening {
    let path: String
    let kind: LedgerFileLayout.Kind

    /// - Parameter layout: of a file that must be made first.
    func open(making layout: LedgerFileLayout) throws(LedgerFileError) -> (descriptor: CInt, layout: LedgerFileLayout) {
        if let found = try openExisting() { return found }
        try make(layout)
        guard let made = try openExisting() else { throw .inaccessible(path: path, call: "open", code: ENOENT) }
        return made
    }

    /// nil when there is none.
    private func openExisting() throws(LedgerFileError) -> (descriptor: CInt, layout: LedgerFileLayout)? {
        let descriptor = Glibc.open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        if descriptor < 0 {
            if errno == ENOENT { return nil }
            // A folder; a symbolic link; a socket or a pipe nobody reads from.
            if errno == EISDIR || errno == ELOOP || errno == ENXIO { throw .notAFile(path: path) }
            throw .inaccessible(path: path, call: "open", code: errno)
        }
        do throws(LedgerFileError) {
            return (descriptor, try check(descriptor))
        } catch {
            close(descriptor)
            throw error
        }
    }

    /// What is mapped must be there: a page past the file's end ends the process that touches it (SIGBUS).
    private func check(_ descriptor: CInt) throws(LedgerFileError) -> LedgerFileLayout {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .inaccessible(path: path, call: "fstat", code: errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile(path: path) }
        var words = InlineArray<6, UInt64>(repeating: 0)
        let wanted = LedgerFileLayout.headerWordCount * 8
        let count = withUnsafeMutableBytes(of: &words) { pread(descriptor, $0.baseAddress, wanted, 0) }
        guard count >= 0 else { throw .inaccessible(path: path, call: "read", code: errno) }
        guard count == wanted else { throw .foreign(path: path) }
        let layout = try LedgerFileLayout(words, path: path, kind: kind)
        guard Int(status.st_size) == layout.byteCount else {
            throw .wrongSize(path: path, byteCount: Int(status.st_size), expected: layout.byteCount)
        }
        return layout
    }

    private func make(_ layout: LedgerFileLayout) throws(LedgerFileError) {
        let draft = path + ".new"
        let descriptor = Glibc.open(draft, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
        guard descriptor >= 0 else { throw .inaccessible(path: draft, call: "open", code: errno) }
        defer { close(descriptor) }
        // Whoever else makes one waits here, and then finds it made.
        let locked = linux_lock_byte(descriptor, 0, 1)
        guard locked == 0 else { throw .cannotLock(path: draft, code: -locked) }
        if access(path, F_OK) == 0 {
            // Unless the draft has become the file meanwhile, it is what a process left that was killed while it made one.
            unlink(draft)
            return
        }
        do throws(LedgerFileError) {
            try write(layout, descriptor, draft)
        } catch {
            unlink(draft)
            throw error
        }
    }

    private func write(_ layout: LedgerFileLayout, _ descriptor: CInt, _ draft: String) throws(LedgerFileError) {
        guard ftruncate(descriptor, 0) == 0 else { throw .inaccessible(path: draft, call: "ftruncate", code: errno) }
        // All of its room now: a write to memory that finds the disk full ends the process (SIGBUS).
        let code = posix_fallocate(descriptor, 0, layout.byteCount)
        guard code == 0 else { throw .noRoom(path: path, byteCount: layout.byteCount, code: code) }
        let words = layout.headerWords
        let count = withUnsafeBytes(of: words) { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
        guard count == LedgerFileLayout.headerWordCount * 8 else { throw .noRoom(path: path, byteCount: layout.byteCount, code: count < 0 ? errno : ENOSPC) }
        guard fsync(descriptor) == 0 else { throw .cannotSync(path: draft, code: errno) }
        guard rename(draft, path) == 0 else { throw .inaccessible(path: path, call: "rename", code: errno) }
        try syncFolder()
    }

    /// Or the name may be gone after a power failure, and the budgets with it.
    private func syncFolder() throws(LedgerFileError) {
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let descriptor = Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .inaccessible(path: folder, call: "open", code: errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .cannotSync(path: folder, code: errno) }
    }
}
