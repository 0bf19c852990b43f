import Glibc

/// Why a file of shared memory cannot be used, and what to do about it. The file is never changed by what throws this.
public enum LedgerFileError: Error, Equatable, CustomStringConvertible {
    /// open(2) or another call on the path failed.
    case inaccessible(path: String, call: String, code: Int32)
    case notAFile(path: String)
    /// It begins with something else.
    case foreign(path: String)
    /// It is of the other kind: a file of budgets where one of rate limits was to be, or the other way round.
    case otherKind(path: String)
    case otherVersion(path: String, found: UInt32, known: UInt32)
    /// Its header does not agree with itself.
    case damaged(path: String)
    case wrongSize(path: String, byteCount: Int, expected: Int)
    case noRoom(path: String, byteCount: Int, code: Int32)
    case cannotMap(path: String, code: Int32)
    case cannotLock(path: String, code: Int32)
    /// What was spent is safe from crashes, but not from a power failure, until a later attempt succeeds.
    case cannotSync(path: String, code: Int32)
    case tooManyProcesses(path: String)
    /// The kernel does not say which boot this is.
    case noBootIdentity(code: Int32)
    /// Slots, or reservations, out of their bounds.
    case invalidSize(what: String, count: Int, largest: Int)
    /// Every slot a key may have is another's, whose window is not over.
    case full(path: String, slotCount: Int)

    public var description: String {
        switch self {
        case .inaccessible(let path, let call, let code):
            "\(path): \(call): \(text(code)); the ledger needs to read and write it, and its folder when there is none yet"
        case .notAFile(let path): "\(path): not a regular file; name another, or move it away"
        case .foreign(let path): "\(path): not a file of ours; name another, or move it away to begin a new one"
        case .otherKind(let path): "\(path): budgets and rate limits have files of their own; name another"
        case .otherVersion(let path, let found, let known):
            "\(path): its format is version \(found), this program knows \(known); start the program that wrote it, or move the file away: all budgets then begin anew"
        case .damaged(let path):
            "\(path): its header is damaged; restore it from a backup, or move it away: all budgets then begin anew"
        case .wrongSize(let path, let byteCount, let expected):
            "\(path): \(byteCount) bytes, not \(expected); restore it from a backup, or move it away: all budgets then begin anew"
        case .noRoom(let path, let byteCount, let code): "\(path): no room for \(byteCount) bytes: \(text(code)); free some space and start again"
        case .cannotMap(let path, let code): "\(path): cannot be mapped into memory: \(text(code))"
        case .cannotLock(let path, let code): "\(path): cannot be locked: \(text(code)); it must be on a file system of this machine"
        case .cannotSync(let path, let code): "\(path): cannot be written to disk: \(text(code)); no more is granted until it can"
        case .tooManyProcesses(let path): "\(path): \(BudgetLimits.processCount) processes have it open; end one"
        case .noBootIdentity(let code): "\(BootIdentity.path): \(text(code)); is /proc mounted?"
        case .invalidSize(let what, let count, let largest): "\(count) \(what); a power of two up to \(largest) is possible"
        case .full(let path, let slotCount): "\(path): all of the \(slotCount) slots that would do are taken; make a larger one"
        }
    }

    private func text(_ code: Int32) -> String { String(cString: strerror(code)) }
}
