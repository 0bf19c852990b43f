import Glibc
import Reactor

/// What a supervisor knows of one serving process.
struct ServingProcess: Equatable, Sendable {
    enum Role: String, Sendable {
        /// It serves, or is about to after a start or a restart.
        case current
        /// The next binary's, until it is ready.
        case candidate
        /// Another has taken over: it finishes what it has.
        case draining
    }

    /// In order of their starts; process ids come again.
    let number: Int
    var role: Role
    var pid: pid_t = 0
    let startedAt: Instant
    var isReady = false
    /// Whether its configuration is to be read again once it is ready.
    var isReloadDue = false
    /// As it says itself; it may run another binary than the supervisor.
    var version = "unknown"
    var build = "unknown"
    /// By when it must be ready, answer an order, or have ended; past it the process is killed.
    var deadline: Instant?
    /// Why the supervisor killed it.
    var killReason: String?

    init(number: Int, role: Role, startedAt: Instant, deadline: Instant?) {
        self.number = number
        self.role = role
        self.startedAt = startedAt
        self.deadline = deadline
    }

    /// Nanoseconds.
    func age(at now: Instant) -> UInt64 { now.nanoseconds(since: startedAt) }

    /// What is written about it when it has ended and should not have: one line, complete.
    func obituary(_ death: Death, at now: Instant) -> String {
        let cause = killReason.map { "was killed since it \($0)" } ?? death.text
        return "serving process \(pid) \(cause) after \(Lifetime.text(age(at: now))); version \(version), build \(build)"
    }
}

/// How a process ended.
enum Death: Equatable, Sendable {
    case exited(CInt)
    case killed(signal: CInt)

    /// As `linux_take_ended_child` has it.
    init(status: CInt) { self = status >= 0 ? .exited(status) : .killed(signal: -status) }

    var text: String {
        switch self {
        case .exited(let status): "ended with status \(status)"
        case .killed(let signal): "was killed by signal \(signal) (\(Death.name(of: signal)))"
        }
    }

    /// What a shell makes of it.
    var exitStatus: CInt {
        switch self {
        case .exited(let status): status
        case .killed(let signal): 128 + signal
        }
    }

    private static func name(of signal: CInt) -> String { strsignal(signal).map { String(cString: $0).lowercased() } ?? "unknown" }
}

/// A span of time as a person says it.
enum Lifetime {
    static func text(_ nanoseconds: UInt64) -> String {
        let milliseconds = nanoseconds / 1_000_000
        let seconds = milliseconds / 1000
        return switch seconds {
        case 0: "\(milliseconds) ms"
        case ..<120: "\(seconds) s"
        case ..<7200: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3600) h \(seconds / 60 % 60) min"
        default: "\(seconds / 86_400) d \(seconds / 3600 % 24) h"
        }
    }
}
