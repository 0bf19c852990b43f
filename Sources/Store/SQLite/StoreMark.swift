import Glibc

/// When a store's files were last written to, as the file system has it: two that are equal, and settled, have no change between them.
///
/// Much cheaper than a transaction, for who looks twenty times a second.
public struct StoreMark: Equatable, Sendable {
    private struct File: Equatable, Sendable {
        var seconds = 0
        var nanoseconds = 0
        var byteCount: off_t = 0

        /// One that is not there is empty.
        init(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return }
            (seconds, nanoseconds, byteCount) = (status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_size)
        }
    }

    private let database: File
    private let log: File
    /// Whether the last write is so long ago that readers see it, and another would have another time.
    public let isSettled: Bool

    /// - Parameter path: of the database; its write-ahead log lies beside it.
    init(of path: String) {
        (database, log) = (File(path), File(path + "-wal"))
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        isSettled = [database, log].allSatisfy { now.tv_sec - $0.seconds >= StoreLimits.settleSeconds }
    }

    public static func == (left: StoreMark, right: StoreMark) -> Bool { left.database == right.database && left.log == right.log }
}
