public import Books
import GRDB

/// Why rows cannot be written or asked for.
public enum AnalyticsError: Error, Equatable, CustomStringConvertible {
    case diskFull(path: String)
    case busy(path: String)
    /// A later program's.
    case newer(path: String, found: Int64, known: Int64)
    case unusable(path: String, detail: String)
    /// The file with the feedback, which nothing makes anew.
    case feedback(path: String, detail: String)
    /// A segment cannot be read.
    case journal(JournalError)
    /// It would come to more groups than are counted.
    case tooMany

    init(_ error: any Error, _ path: String) {
        switch error {
        case let error as AnalyticsError: self = error
        case let error as JournalError: self = .journal(error)
        case let error as DatabaseError where error.resultCode == .SQLITE_FULL: self = .diskFull(path: path)
        case let error as DatabaseError where error.resultCode == .SQLITE_BUSY: self = .busy(path: path)
        case let error as DatabaseError: self = .unusable(path: path, detail: error.message ?? "code \(error.extendedResultCode.rawValue)")
        default: self = .unusable(path: path, detail: "\(error)")
        }
    }

    /// The same, of the file with the feedback.
    var ofFeedback: AnalyticsError {
        switch self {
        case .diskFull(let path):
            .feedback(path: path, detail: "there is no room for it, on the disk or in the \(AnalyticsLimits.feedbackByteCount) bytes that it may take")
        case .unusable(let path, let detail):
            .feedback(path: path, detail: "\(detail); put a copy back, or move it away to begin anew: feedback is kept nowhere else")
        default: self
        }
    }

    public var description: String {
        switch self {
        case .diskFull(let path): "\(path): the disk is full; the journal keeps what has no row yet"
        case .busy(let path): "\(path): another process holds it"
        case .newer(let path, let found, let known): "\(path): its schema is version \(found), this program knows \(known)"
        case .unusable(let path, let detail): "\(path): \(detail); move it away, and `sluice books rebuild` makes it anew from the journal"
        case .feedback(let path, let detail): "\(path): \(detail)"
        case .journal(let error): error.description
        case .tooMany: "there are more than \(AnalyticsLimits.groupCount) groups; ask for a shorter time, or filter"
        }
    }
}
