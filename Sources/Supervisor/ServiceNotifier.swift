import CLinux
import Glibc
import Reactor

/// What a service manager is told.
enum Notice: Equatable, Sendable {
    case ready
    case reloading
    case stopping
    /// More time to stop than the unit gives.
    case extend(milliseconds: UInt64)
    case watchdog
    case status(String)
}

/// systemd's notification protocol (sd_notify(3)): a datagram of assignments for each notice.
///
/// - Source: sd_notify(3), systemd.service(5) `Type=notify`, `WatchdogSec=`
struct ServiceNotifier: Sendable {
    /// `/path`, or `@name` for an abstract one; nil when nobody wants to hear.
    let path: String?
    /// How often the manager wants to hear that all is well.
    let watchdogNanoseconds: UInt64?

    /// - Parameter environment: `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID`, which are for `pid` or for nobody.
    init(_ environment: Environment, pid: pid_t) {
        let path = environment["NOTIFY_SOCKET"]
        self.path = path.flatMap { $0.hasPrefix("/") || $0.hasPrefix("@") ? $0 : nil }
        let microseconds = environment["WATCHDOG_USEC"].flatMap { UInt64($0) } ?? 0
        let isOurs = environment["WATCHDOG_PID"].map { pid_t($0) == pid } ?? true
        let (nanoseconds, overflowed) = microseconds.multipliedReportingOverflow(by: 1000)
        watchdogNanoseconds = self.path != nil && isOurs && microseconds > 0 && !overflowed ? nanoseconds : nil
    }

    func send(_ notice: Notice) {
        guard let path else { return }
        var text = ServiceNotifier.text(notice, pid: getpid(), now: .now())
        // Nothing depends on it: a manager that does not listen is none.
        _ = text.withUTF8 { linux_datagram(path, $0.baseAddress, $0.count) }
    }

    static func text(_ notice: Notice, pid: pid_t, now: Instant) -> String {
        switch notice {
        case .ready: "READY=1\nMAINPID=\(pid)"
        case .reloading: "RELOADING=1\nMONOTONIC_USEC=\(now.nanoseconds / 1000)"
        case .stopping: "STOPPING=1"
        case .extend(let milliseconds): "EXTEND_TIMEOUT_USEC=\(milliseconds.multipliedReportingOverflow(by: 1000).partialValue)"
        case .watchdog: "WATCHDOG=1"
        case .status(let text): "STATUS=\(text)"
        }
    }
}
