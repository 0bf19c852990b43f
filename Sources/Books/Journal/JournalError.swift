import Glibc

/// Why the journal cannot be used, and what to do about it.
public enum JournalError: Error, Equatable, CustomStringConvertible {
    case inaccessible(path: String, call: String, code: Int32)
    /// ENOSPC or EDQUOT.
    case diskFull(path: String)
    /// The disk did not take what was written.
    case unsynced(path: String, code: Int32)
    case notAFolder(path: String)
    /// It begins with something else, or is cut within its header.
    case foreign(path: String)
    case otherVersion(path: String, found: UInt32)

    init(_ path: String, _ call: String, _ code: Int32) {
        self = code == ENOSPC || code == EDQUOT ? .diskFull(path: path) : .inaccessible(path: path, call: call, code: code)
    }

    /// Whether the file is at fault, and will be the next time as well.
    public var isOfContent: Bool {
        switch self {
        case .foreign, .otherVersion: true
        case .inaccessible, .diskFull, .unsynced, .notAFolder: false
        }
    }

    public var description: String {
        switch self {
        case .inaccessible(let path, let call, let code): "\(path): \(call): \(String(cString: strerror(code)))"
        case .diskFull(let path): "\(path): the disk is full; make room, and what waits is written"
        case .unsynced(let path, let code):
            "\(path): fdatasync: \(String(cString: strerror(code))); records of the last moments may be missing from it after a power failure"
        case .notAFolder(let path): "\(path): not a folder; move it away, or name another with data:"
        case .foreign(let path): "\(path): no segment of a journal"
        case .otherVersion(let path, let found): "\(path): its format is version \(found), this program knows \(SegmentHeader.version)"
        }
    }
}
