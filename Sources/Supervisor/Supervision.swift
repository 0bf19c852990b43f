import Glibc
import Reactor

/// What a supervisor does next: a state machine without I/O and without a clock.
///
///     begin ─▶ starting ─ ready ─▶ serving ◀─ ready ─ starting ◀─ back-off ◀─┐
///                 │                 │   └───────── ended unasked ─────────────┘
///        ended: so do we            │
///                        upgrade ─▶ candidate ─ ready ─▶ current; the one before drains; become the new binary
///                                       └ ended, late: the one before goes on serving
///     stop, from anywhere ─▶ all drain ─▶ exit;  stop again ─▶ all killed, exit
struct Supervision: Sendable {
    enum Event: Equatable, Sendable {
        case begin
        /// This process has become the new binary.
        case resumed
        case couldNotBecome(reason: String)
        case spawned(Int, pid: pid_t)
        case spawnFailed(Int, reason: String)
        case said(Int, ServingMessage)
        case ended(pid: pid_t, Death)
        case stop(signal: CInt)
        case reload
        /// Asked for by who waits to be told what becomes of it.
        case upgrade
        /// The same by SIGUSR2, to which there is no answer.
        case upgradeSignal
        /// Time has passed.
        case time
    }

    enum Binary: String, Sendable {
        /// The file this process was started from, even if another has its place now.
        case running
        /// The file at its path.
        case replacement
        /// What was at its path when the last upgrade began, even if another has its place now.
        case upgraded
    }

    enum Action: Equatable, Sendable {
        case spawn(Int, Binary)
        case order(Int, SupervisorMessage.Order)
        case kill(Int)
        /// Nobody is listened to any more.
        case closeListeners
        /// What none of these processes asked for is closed.
        case keepListeners(of: [Int])
        case say(String)
        case notify(Notice)
        /// To who asked for the upgrade.
        case answer(UpgradeOutcome)
        case becomeReplacement
        case exit(CInt)
    }

    let readyNanoseconds: UInt64
    /// How often the service manager wants to hear that all is well.
    let watchdogNanoseconds: UInt64?
    /// How long workers may not turn before their process is ended for it; nil for ever.
    let hangNanoseconds: UInt64?

    var processes: [ServingProcess] = []
    var lastNumber = 0
    var restartCount: UInt64 = 0
    var upgradeCount: UInt64 = 0
    var backOff = BackOff()
    /// Whether anything ever served: before that there is nothing to keep up.
    var hasServed = false
    /// What a restart starts.
    var binary = Binary.running
    private var restartAt: Instant?
    private var isStopping = false
    private var exitStatus: CInt = 0
    private var isUnanswered = false
    private var checkCount: UInt64 = 0
    private var checkedAt: Instant?
    /// When the workers are asked next whether they turn.
    private var checkAt: Instant?

    private var now = Instant(nanoseconds: 0)
    private var actions: [Action] = []

    init(
        readyNanoseconds: UInt64 = SupervisorLimits.readyNanoseconds, watchdogNanoseconds: UInt64? = nil,
        hangNanoseconds: UInt64? = SupervisorLimits.hangNanoseconds
    ) {
        self.readyNanoseconds = readyNanoseconds
        self.watchdogNanoseconds = watchdogNanoseconds
        self.hangNanoseconds = hangNanoseconds
    }

    /// Upgrades by the time that this process serves: its own is one of them.
    func upgradeCount(before number: Int) -> UInt64 { upgradeCount + (find(number)?.role == .candidate ? 1 : 0) }

    /// When `time` is next due.
    var nextDeadline: Instant? {
        (processes.compactMap(\.deadline) + [restartAt, checkAt].compactMap { $0 }).min()
    }

    mutating func take(_ event: Event, at now: Instant) -> [Action] {
        self.now = now
        switch event {
        case .begin: spawn(.current, .running, deadline: nil)
        case .resumed: resumed()
        case .couldNotBecome(let reason): couldNotBecome(reason)
        case .spawned(let number, let pid): update(number) { $0.pid = pid }
        case .spawnFailed(let number, let reason): spawnFailed(number, reason)
        case .said(let number, let message): said(number, message)
        case .ended(let pid, let death):
            guard let index = processes.firstIndex(where: { $0.pid == pid }) else { break }
            ended(processes.remove(at: index), death)
        case .stop(let signal): stop(signal)
        case .reload: reload()
        case .upgrade: upgrade(isAwaited: true)
        case .upgradeSignal: upgrade(isAwaited: false)
        case .time: timePassed()
        }
        let taken = actions
        actions = []
        return taken
    }

    // MARK: Processes

    private var current: ServingProcess? { processes.first { $0.role == .current } }
    private var candidate: ServingProcess? { processes.first { $0.role == .candidate } }

    private func find(_ number: Int) -> ServingProcess? { processes.first { $0.number == number } }

    private mutating func update(_ number: Int, _ change: (inout ServingProcess) -> Void) {
        guard let index = processes.firstIndex(where: { $0.number == number }) else { return }
        change(&processes[index])
    }

    private mutating func spawn(_ role: ServingProcess.Role, _ binary: Binary, deadline: Instant?) {
        lastNumber += 1
        processes.append(ServingProcess(number: lastNumber, role: role, startedAt: now, deadline: deadline))
        actions.append(.spawn(lastNumber, binary))
    }

    private mutating func kill(_ number: Int, because reason: String) {
        update(number) { process in
            process.deadline = nil
            process.killReason = reason
        }
        actions.append(.kill(number))
    }

    /// Tells it to end, and gives it time to answer how long that takes.
    private mutating func end(_ number: Int, _ order: SupervisorMessage.Order) {
        let deadline = now.adding(nanoseconds: SupervisorLimits.answerNanoseconds)
        update(number) { $0.deadline = deadline }
        actions.append(.order(number, order))
    }

    private mutating func spawnFailed(_ number: Int, _ reason: String) {
        guard let index = processes.firstIndex(where: { $0.number == number }) else { return }
        let process = processes.remove(at: index)
        actions.append(.say("a serving process could not be started: \(reason)"))
        switch process.role {
        case .candidate: upgradeFailed("it could not be started: \(reason)")
        case .current, .draining:
            if hasServed { restart(after: process) } else { actions.append(.exit(1)) }
        }
    }

    // MARK: What they say

    private mutating func said(_ number: Int, _ message: ServingMessage) {
        guard let process = find(number) else { return }
        switch message {
        case .hello(let protocolVersion, let version, let build):
            update(number) { process in
                process.version = version
                process.build = build
            }
            if protocolVersion != ServingMessage.protocolVersion {
                kill(number, because: "speaks protocol \(protocolVersion), not \(ServingMessage.protocolVersion): stop the service and start it again")
            }
        case .ready: ready(process)
        case .draining(let milliseconds):
            guard process.role == .draining || isStopping, process.killReason == nil else { return }
            let (nanoseconds, overflowed) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
            let time = overflowed ? UInt64.max : nanoseconds
            let deadline = now.adding(nanoseconds: time).adding(nanoseconds: SupervisorLimits.drainSlackNanoseconds)
            update(number) { $0.deadline = deadline }
            if isStopping { actions.append(.notify(.extend(milliseconds: deadline.nanoseconds(since: now) / 1_000_000))) }
        case .reloading: if process.role == .current { actions.append(.notify(.reloading)) }
        case .reloaded: if process.role == .current, !isStopping { actions.append(.notify(.ready)) }
        case .alive(let number): if number == checkCount { isUnanswered = false }
        case .listen: break
        }
    }

    private mutating func ready(_ process: ServingProcess) {
        guard !process.isReady, process.killReason == nil, !isStopping else { return }
        update(process.number) { process in
            process.isReady = true
            process.deadline = nil
            process.isReloadDue = false
        }
        if process.isReloadDue { actions.append(.order(process.number, .reload)) }
        switch process.role {
        case .current:
            // Its file may have other addresses than that of the one before.
            actions.append(.keepListeners(of: [process.number] + [candidate?.number].compactMap { $0 }))
            if hasServed { actions.append(.say("serving process \(process.pid) is ready")) }
            hasServed = true
            isUnanswered = false
            actions.append(.notify(.ready))
            actions.append(.notify(.status("serving")))
            if checkAt == nil { setCheck() }
        case .candidate: takeOver(process)
        case .draining: break
        }
    }

    /// The new binary serves: whatever served before it drains.
    private mutating func takeOver(_ candidate: ServingProcess) {
        upgradeCount += 1
        backOff.reset()
        restartAt = nil
        isUnanswered = false
        let before = current
        if let before {
            update(before.number) { $0.role = .draining }
            end(before.number, .drain)
        }
        update(candidate.number) { $0.role = .current }
        let rest = before.map { "; process \($0.pid) finishes what it has" } ?? ""
        actions.append(.keepListeners(of: [candidate.number]))
        actions.append(.say("upgraded: process \(candidate.pid) serves, version \(candidate.version), build \(candidate.build)\(rest)"))
        actions.append(.becomeReplacement)
    }

    private mutating func resumed() {
        setCheck()
        actions.append(.notify(.ready))
        actions.append(.notify(.status("serving")))
        actions.append(.answer(.done(standing)))
    }

    private mutating func couldNotBecome(_ reason: String) {
        binary = .upgraded
        let note = "the supervisor itself is still the one before: \(reason)"
        actions.append(.say(note))
        actions.append(.notify(.ready))
        actions.append(.answer(.done("\(standing); \(note)")))
    }

    private var standing: String {
        guard let current else { return "upgraded" }
        return "process \(current.pid) serves, version \(current.version), build \(current.build)"
    }

    // MARK: Ends

    private mutating func ended(_ process: ServingProcess, _ death: Death) {
        if isStopping { return endedInStop(process, death) }
        switch process.role {
        case .draining:
            if death == .exited(0) {
                actions.append(.say("process \(process.pid) has finished what it had"))
            } else {
                actions.append(.say(process.obituary(death, at: now) + "; it was draining"))
            }
        case .candidate:
            actions.append(.say(process.obituary(death, at: now)))
            upgradeFailed(process.killReason.map { "it \($0)" } ?? "it \(death.text) before it was ready")
        case .current:
            guard hasServed else {
                // It has said why, unless it could not.
                if case .killed = death { actions.append(.say(process.obituary(death, at: now) + "; it never was ready")) }
                return actions.append(.exit(process.killReason == nil ? death.exitStatus : 1))
            }
            restart(after: process, process.obituary(death, at: now))
        }
    }

    private mutating func restart(after process: ServingProcess, _ obituary: String? = nil) {
        restartCount += 1
        isUnanswered = false
        let delay = backOff.delay(afterLife: process.age(at: now), hasServed: process.isReady)
        let wait = delay == 0 ? "now" : "in \(Lifetime.text(delay))"
        if let obituary { actions.append(.say("\(obituary); restart \(restartCount) \(wait)")) }
        actions.append(.notify(.status("restart \(restartCount) \(wait)")))
        if delay == 0 { startAgain() } else { restartAt = now.adding(nanoseconds: delay) }
    }

    private mutating func startAgain() {
        restartAt = nil
        spawn(.current, binary, deadline: now.adding(nanoseconds: readyNanoseconds))
    }

    private mutating func endedInStop(_ process: ServingProcess, _ death: Death) {
        if process.role != .candidate, death != .exited(0) {
            actions.append(.say(process.obituary(death, at: now) + "; it was stopping"))
            if process.role == .current { exitStatus = process.killReason == nil ? death.exitStatus : 1 }
        }
        if processes.isEmpty { actions.append(.exit(exitStatus)) }
    }

    // MARK: What the operator asks

    private mutating func stop(_ signal: CInt) {
        if isStopping {
            for process in processes { actions.append(.kill(process.number)) }
            return actions.append(.exit(130))
        }
        isStopping = true
        restartAt = nil
        checkAt = nil
        actions.append(.say("\(signal == SIGINT ? "interrupted" : "asked to stop"); finishing what is in flight (again to stop at once)"))
        actions.append(.notify(.stopping))
        actions.append(.closeListeners)
        if let candidate {
            kill(candidate.number, because: "was not ready when the service was stopped")
            actions.append(.answer(.failed("the service is stopping")))
        }
        for process in processes where process.role != .candidate { end(process.number, .stop) }
        if processes.isEmpty { actions.append(.exit(0)) }
    }

    private mutating func reload() {
        guard !isStopping else { return }
        for process in processes where process.role != .draining {
            if process.isReady {
                actions.append(.order(process.number, .reload))
            } else {
                // It may have read the file already, and cannot read it again before it serves.
                update(process.number) { $0.isReloadDue = true }
            }
        }
        // What kept it from serving may have been mended.
        if current == nil, restartAt != nil { startAgain() }
    }

    private mutating func upgrade(isAwaited: Bool) {
        let draining = processes.count { $0.role == .draining }
        let refusal: String? =
            if isStopping {
                "the service is stopping"
            } else if candidate != nil {
                "an upgrade is under way"
            } else if !hasServed {
                "the service is not ready yet"
            } else if draining >= SupervisorLimits.drainingProcesses {
                "\(draining) processes of earlier upgrades still drain"
            } else {
                nil
            }
        if let refusal {
            actions.append(.say("no upgrade: \(refusal)"))
            // Whoever waits for the upgrade that is under way is told of that one alone.
            if isAwaited { actions.append(.answer(.failed(refusal))) }
            return
        }
        actions.append(.say("upgrade: starting the binary that is at the supervisor's path now"))
        actions.append(.notify(.reloading))
        spawn(.candidate, .replacement, deadline: now.adding(nanoseconds: readyNanoseconds))
    }

    private mutating func upgradeFailed(_ reason: String) {
        actions.append(.say("the upgrade failed, and the service goes on as it was: \(reason)"))
        actions.append(.notify(.ready))
        actions.append(.answer(.failed(reason)))
    }

    // MARK: Time

    private mutating func timePassed() {
        for process in processes {
            guard let deadline = process.deadline, deadline <= now else { continue }
            let reason =
                if !process.isReady, process.role != .draining, !isStopping {
                    "was not ready within \(Lifetime.text(readyNanoseconds))"
                } else {
                    "had not ended when its drain was over"
                }
            kill(process.number, because: reason)
        }
        if let restartAt, restartAt <= now { startAgain() }
        if let checkAt, checkAt <= now {
            setCheck()
            check()
        }
    }

    /// Twice in the service manager's interval, and often enough for a hang to be noticed in time.
    private mutating func setCheck() {
        let intervals = [watchdogNanoseconds.map { $0 / 2 }, hangNanoseconds.map { min($0 / 2, SupervisorLimits.checkNanoseconds) }]
        checkAt = intervals.compactMap { $0 }.min().map { now.adding(nanoseconds: $0) }
    }

    /// The service manager hears from us as long as the workers turn, or the supervisor is at it. A process of which one does not turn any
    /// more is ended: its listener would get its share of the connections for ever.
    private mutating func check() {
        if watchdogNanoseconds != nil, !isUnanswered { actions.append(.notify(.watchdog)) }
        guard let current, current.isReady, current.killReason == nil else { return }
        guard !isUnanswered else {
            guard let hangNanoseconds, let checkedAt, now.nanoseconds(since: checkedAt) >= hangNanoseconds else { return }
            return kill(current.number, because: "had a worker that did not turn for \(Lifetime.text(hangNanoseconds))")
        }
        checkCount += 1
        isUnanswered = true
        checkedAt = now
        actions.append(.order(current.number, .check(checkCount)))
    }
}

/// What became of an upgrade, for who asked for it.
public enum UpgradeOutcome: Equatable, Sendable {
    case done(String)
    case failed(String)
}
