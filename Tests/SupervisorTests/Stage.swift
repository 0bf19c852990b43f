import Glibc
import Reactor
import Testing

@testable import Supervisor

/// A supervision, a clock that the test moves, and pids that count up.
struct Stage {
    var supervision: Supervision
    private(set) var now = Instant(nanoseconds: 1_000_000_000_000)
    private var lastPid: pid_t = 100

    init(watchdogNanoseconds: UInt64? = nil, hangNanoseconds: UInt64? = SupervisorLimits.hangNanoseconds) {
        supervision = Supervision(watchdogNanoseconds: watchdogNanoseconds, hangNanoseconds: hangNanoseconds)
    }

    /// One that serves: process 1, pid 101.
    static func serving(watchdogNanoseconds: UInt64? = nil, hangNanoseconds: UInt64? = SupervisorLimits.hangNanoseconds) -> Stage {
        var stage = Stage(watchdogNanoseconds: watchdogNanoseconds, hangNanoseconds: hangNanoseconds)
        stage.feed(.begin)
        stage.feed(.said(1, .hello(protocolVersion: ServingMessage.protocolVersion, version: "1.0", build: "aa")))
        stage.feed(.said(1, .ready))
        return stage
    }

    /// What is done; starts succeed.
    @discardableResult
    mutating func feed(_ event: Supervision.Event) -> [Supervision.Action] {
        var actions = supervision.take(event, at: now)
        for case .spawn(let number, _) in actions {
            lastPid += 1
            actions += supervision.take(.spawned(number, pid: lastPid), at: now)
        }
        return actions
    }

    /// Lets time pass, and tells it once.
    @discardableResult
    mutating func pass(milliseconds: UInt64) -> [Supervision.Action] {
        now = now.adding(nanoseconds: milliseconds * 1_000_000)
        return feed(.time)
    }

    /// Milliseconds until something is due.
    var due: UInt64? { supervision.nextDeadline.map { $0.nanoseconds(since: now) / 1_000_000 } }

    /// From process 1 to a ready candidate of that number.
    mutating func upgrade(to number: Int) -> [Supervision.Action] {
        feed(.upgrade)
        return feed(.said(number, .ready))
    }
}

extension [Supervision.Action] {
    var lines: [String] { compactMap { if case .say(let line) = $0 { line } else { nil } } }
    var spawned: [Supervision.Binary] { compactMap { if case .spawn(_, let binary) = $0 { binary } else { nil } } }
    var killed: [Int] { compactMap { if case .kill(let number) = $0 { number } else { nil } } }
    var exitStatus: CInt? { compactMap { if case .exit(let status) = $0 { status } else { nil } }.first }
    var notices: [Notice] { compactMap { if case .notify(let notice) = $0 { notice } else { nil } } }
    var answers: [UpgradeOutcome] { compactMap { if case .answer(let outcome) = $0 { outcome } else { nil } } }
    func hasOrder(_ order: SupervisorMessage.Order, to number: Int) -> Bool { contains(.order(number, order)) }
}
