import CLinux
import Glibc

/// The variables of a process, as values: what a supervisor was given, and what it gives on.
public struct Environment: Equatable, Sendable {
    /// `NAME=value`, byte for byte.
    private(set) var entries: [[UInt8]]

    /// Names of ours: how a supervisor and what it starts find each other. None is set by an operator.
    enum Name {
        /// The descriptor of a serving process's channel to its supervisor.
        static let control = "SLUICE_CONTROL"
        /// The process id of that supervisor.
        static let supervisor = "SLUICE_SUPERVISOR"
        /// Restarts and upgrades before this start.
        static let restarts = "SLUICE_RESTARTS"
        static let upgrades = "SLUICE_UPGRADES"
        /// What a supervisor leaves to the binary it becomes.
        static let state = "SLUICE_STATE"
        /// The descriptor of the file that a process was started from.
        static let program = "SLUICE_PROGRAM"
        static let all = [control, supervisor, restarts, upgrades, state, program]
        /// A service manager's, which are for the process it started.
        static let ofServiceManager = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"] + ofSockets
        static let ofSockets = ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"]
        /// Settings of the runtime's own crash reports.
        static let backtrace = "SWIFT_BACKTRACE"
    }

    init(_ variables: KeyValuePairs<String, String> = [:]) { entries = variables.map { Array("\($0.key)=\($0.value)".utf8) } }

    /// This process's.
    public static func current() -> Environment {
        var environment = Environment()
        guard var next = linux_environment() else { return environment }
        while let entry = next.pointee {
            let bytes = UnsafeRawBufferPointer(start: entry, count: strlen(entry))
            environment.entries.append(Array(bytes))
            next += 1
        }
        return environment
    }

    public subscript(name: String) -> String? {
        let start = Array("\(name)=".utf8)
        return entries.first { $0.starts(with: start) }.map { String(decoding: $0.dropFirst(start.count), as: UTF8.self) }
    }

    mutating func set(_ name: String, _ value: String) {
        remove([name])
        entries.append(Array("\(name)=\(value)".utf8))
    }

    mutating func remove(_ names: [String]) {
        let starts = names.map { Array("\($0)=".utf8) }
        entries.removeAll { entry in starts.contains { entry.starts(with: $0) } }
    }
}
