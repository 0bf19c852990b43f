import CLinux
import Glibc
import Reactor

/// Keeps one serving process up, and changes its binary: `Supervision` decides, this does.
///
/// One thread, no byte of a client's. It holds the listening sockets and hands them to each serving process that asks.
public final class Supervisor {
    /// What the command line says.
    public struct Settings: Sendable {
        /// As the process was started, the program's name first.
        public var arguments: [String]
        public var readyNanoseconds = SupervisorLimits.readyNanoseconds
        /// Nil where a serving process may hang for ever.
        public var hangNanoseconds: UInt64? = SupervisorLimits.hangNanoseconds
        /// Where this process's id is written, for who asks for an upgrade.
        public var pidFile: String?

        public init(arguments: [String]) { self.arguments = arguments }
    }

    private let settings: Settings
    private let executable: Executable
    /// What serving processes and the next binary are given, but for our own names.
    private let environment: Environment
    private let notifier: ServiceNotifier
    private var supervision: Supervision
    private var listeners: ListenerSet
    private var channels: [Int: ServingChannel] = [:]
    private let signals: SignalDescriptor
    private let requests: PacketSocket?
    /// Who asked for the upgrade that is under way.
    private var asker: PacketSocket?
    /// What the upgrade that is under way started, and what the last one did: the first becomes the second once it serves.
    private var candidate: ProgramFile?
    private var upgraded: ProgramFile?
    private let pidFile: PidFile?
    private var exitStatus: CInt?
    private let first: Supervision.Event

    /// Takes up what the binary before this one left, where there is any.
    public init(_ settings: Settings) throws(StartFault) {
        var environment = Environment.current()
        self.settings = settings
        executable = Executable(
            startedAs: settings.arguments.first ?? "sluice", searchPath: environment["PATH"] ?? "", workingDirectory: Executable.workingDirectory)
        notifier = ServiceNotifier(environment, pid: getpid())
        supervision = Supervision(
            readyNanoseconds: settings.readyNanoseconds, watchdogNanoseconds: notifier.watchdogNanoseconds, hangNanoseconds: settings.hangNanoseconds)
        signal(SIGPIPE, SIG_IGN)
        // Whoever started us may ignore it; then nobody would learn of a child's end (waitpid(2)).
        signal(SIGCHLD, SIG_DFL)
        do throws(SystemError) {
            signals = try SignalDescriptor([SIGTERM, SIGINT, SIGHUP, SIGUSR2, SIGCHLD])
        } catch {
            throw StartFault("\(error)")
        }
        var inheritance = Inheritance()
        if let text = environment[Environment.Name.state] {
            guard let state = Inheritance(text) else { throw StartFault("\(Environment.Name.state) is no supervisor's state") }
            inheritance = state
            for descriptor in inheritance.descriptors { linux_set_close_on_exec(descriptor, 1) }
            ProgramFile.close(startedFrom: environment)
            supervision.adopt(inheritance)
            listeners = ListenerSet(inheritance.listeners, asker: inheritance.processes.first { $0.role == .current }?.number ?? 0)
            channels = inheritance.channels.mapValues { ServingChannel(PacketSocket(adopting: $0)) }
            asker = inheritance.asker.map { PacketSocket(adopting: $0) }
            first = .resumed
        } else {
            listeners = ListenerSet()
            for line in listeners.adoptActivated(environment, pid: getpid()) { Supervisor.say(line) }
            first = .begin
        }
        environment.remove(Environment.Name.all + Environment.Name.ofSockets)
        self.environment = environment
        do throws(SystemError) {
            requests = if let inherited = inheritance.requests { PacketSocket(adopting: inherited) } else { try UpgradeRequests.listen() }
        } catch {
            requests = nil
            Supervisor.say("upgrades can be asked for with SIGUSR2 only: \(error)")
        }
        do throws(StartFault) {
            let inherited = inheritance.pidFile
            pidFile = try settings.pidFile.map { path throws(StartFault) in
                if let inherited { PidFile(adopting: inherited, at: path) } else { try PidFile(at: path) }
            }
        } catch {
            // A service that runs is not given up for it: the id is the one that the file had.
            guard case .resumed = first else { throw error }
            pidFile = nil
            Supervisor.say("\(error)")
        }
    }

    /// Supervises until the service is stopped, or could not start.
    /// - Returns: the status to exit with.
    public func run() -> CInt {
        feed(first)
        reap()
        while exitStatus == nil {
            sleep()
            for channel in channels.values { channel.flush() }
            for (number, channel) in channels { read(channel, of: number) }
            takeSignals()
            hearRequests()
            feed(.time)
        }
        pidFile?.remove()
        return exitStatus ?? 0
    }

    // MARK: Events

    private func sleep() {
        var entries = [pollfd(fd: signals.descriptor, events: Int16(POLLIN), revents: 0)]
        entries += channels.values.map { pollfd(fd: $0.descriptor, events: Int16($0.waiting.isEmpty ? POLLIN : POLLIN | POLLOUT), revents: 0) }
        if let requests { entries.append(pollfd(fd: requests.descriptor, events: Int16(POLLIN), revents: 0)) }
        let left = supervision.nextDeadline.map { $0.nanoseconds(since: .now()) / 1_000_000 + 1 }
        _ = poll(&entries, nfds_t(entries.count), CInt(min(left ?? 3_600_000, 3_600_000)))
    }

    private func read(_ channel: ServingChannel, of number: Int) {
        while channels[number] != nil {
            switch try? channel.receive() {
            case .message(let text, let descriptors):
                for descriptor in descriptors { close(descriptor) }
                guard let message = ServingMessage(text) else {
                    Supervisor.say("a serving process says what nobody knows: \(text)")
                    continue
                }
                if case .listen(let count, let address) = message { hand(address, count, to: number, over: channel) }
                feed(.said(number, message))
            case .nothing: return
            // Its end comes as a signal.
            case .end, nil: channels[number] = nil
            }
        }
    }

    private func takeSignals() {
        while let signal = signals.next() {
            switch signal {
            case SIGTERM, SIGINT: feed(.stop(signal: signal))
            case SIGHUP: feed(.reload)
            case SIGUSR2: feed(.upgradeSignal)
            default: reap()
            }
        }
    }

    private func reap() {
        var status: CInt = 0
        while true {
            let pid = linux_ended_child()
            guard pid > 0 else { return }
            // What it said before its end comes before its end. It may have this process replaced, whose successor then finds the end.
            let process = supervision.processes.first { $0.pid == pid }
            if let process, let channel = channels[process.number] { read(channel, of: process.number) }
            guard linux_take_ended_child(pid, &status) == 0, let process else { continue }
            let role = supervision.processes.first { $0.pid == pid }?.role ?? process.role
            channels[process.number] = nil
            if role == .candidate { candidate = nil }
            listeners.forget(process.number, hasSuccessor: role == .current)
            feed(.ended(pid: pid, Death(status: status)))
        }
    }

    private func hearRequests() {
        guard let requests else { return }
        while let newcomer = UpgradeRequests.accept(from: requests) {
            // It sends at once; who does not has nothing to ask.
            var entry = pollfd(fd: newcomer.descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, 100) > 0, case .message(let text, let descriptors)? = try? newcomer.receive() else { continue }
            // None is asked for.
            for descriptor in descriptors { close(descriptor) }
            guard UpgradeRequests.isQuestion(text) else { continue }
            guard asker == nil else {
                UpgradeRequests.answer(.failed("an upgrade is under way"), to: newcomer)
                continue
            }
            asker = newcomer
            feed(.upgrade)
        }
    }

    // MARK: Actions

    private func feed(_ event: Supervision.Event) {
        for action in supervision.take(event, at: .now()) { perform(action) }
    }

    private func perform(_ action: Supervision.Action) {
        switch action {
        case .spawn(let number, let binary): spawn(number, binary)
        case .order(let number, let order): channels[number]?.give(order)
        case .kill(let number):
            if let pid = supervision.processes.first(where: { $0.number == number })?.pid, pid > 0 { Glibc.kill(pid, SIGKILL) }
        case .closeListeners: listeners.close()
        case .keepListeners(let numbers): listeners.keep(those: numbers)
        case .say(let line): Supervisor.say(line)
        case .notify(let notice): notifier.send(notice)
        case .answer(let outcome):
            if let asker { UpgradeRequests.answer(outcome, to: asker) }
            asker = nil
        case .becomeReplacement: becomeReplacement()
        case .exit(let status): exitStatus = exitStatus ?? status
        }
    }

    private func spawn(_ number: Int, _ binary: Supervision.Binary) {
        do throws(SystemError) {
            let (ours, theirs) = try PacketSocket.pair()
            var environment = environment
            environment.remove(Environment.Name.ofServiceManager)
            environment.set(Environment.Name.control, "\(ServingLink.descriptor)")
            environment.set(Environment.Name.supervisor, "\(getpid())")
            environment.set(Environment.Name.restarts, "\(supervision.restartCount)")
            environment.set(Environment.Name.upgrades, "\(supervision.upgradeCount(before: number))")
            // A report of the runtime's shows what registers point at, which may be a client's bytes, and takes seconds.
            if environment[Environment.Name.backtrace] == nil { environment.set(Environment.Name.backtrace, "enable=no") }
            let program = try file(of: binary)
            let path = program == nil ? Executable.running : ProgramFile.path(of: ProgramFile.spawnedDescriptor)
            if program != nil { environment.set(Environment.Name.program, "\(ProgramFile.spawnedDescriptor)") }
            let arguments = [ServingLink.programName] + settings.arguments.dropFirst()
            let pid = Executable.withTables(arguments, environment) { linux_spawn(path, program?.descriptor ?? -1, $0, $1, theirs.descriptor) }
            if pid < 0 { throw SystemError("posix_spawn", code: -pid) }
            channels[number] = ServingChannel(ours)
            feed(.spawned(number, pid: pid))
        } catch {
            feed(.spawnFailed(number, reason: "\(binary == .running ? "its own binary" : executable.path): \(error.reason)"))
        }
    }

    /// What is to be started; nil for the program that runs.
    private func file(of binary: Supervision.Binary) throws(SystemError) -> ProgramFile? {
        switch binary {
        case .running: return nil
        case .replacement:
            let program = try ProgramFile(at: executable.path)
            candidate = program
            return program
        case .upgraded: return upgraded
        }
    }

    /// Answers who wants to listen.
    private func hand(_ address: String, _ count: Int, to number: Int, over channel: ServingChannel) {
        do {
            let sockets = try listeners.sockets(for: address, count: count, asker: number)
            do {
                try channel.answer(sockets)
            } catch {
                try channel.refuse("\(error)")
            }
        } catch let error as ListenError {
            try? channel.refuse("\(error)")
        } catch {
            // It asks on and on, and reads no answer.
            Supervisor.say("a serving process cannot be answered: \(error); it is killed")
            perform(.kill(number))
        }
    }

    /// Executes the new binary in place of this one: the same process, with the same children and sockets.
    private func becomeReplacement() {
        var inheritance = Inheritance()
        supervision.fill(&inheritance)
        inheritance.channels = channels.mapValues(\.descriptor)
        inheritance.listeners = listeners.inheritance
        inheritance.asker = asker?.descriptor
        inheritance.requests = requests?.descriptor
        inheritance.pidFile = pidFile?.descriptor
        // What has just shown that it serves.
        upgraded = candidate ?? upgraded
        candidate = nil
        guard let upgraded else { return feed(.couldNotBecome(reason: "its file is not open")) }
        var environment = environment
        environment.set(Environment.Name.program, "\(upgraded.descriptor)")
        environment.set(Environment.Name.state, inheritance.text)
        let descriptors = inheritance.descriptors + [upgraded.descriptor]
        for descriptor in descriptors { linux_set_close_on_exec(descriptor, 0) }
        let arguments = [executable.path] + settings.arguments.dropFirst()
        let code = Executable.withTables(arguments, environment) { arguments, environment in
            execve(ProgramFile.path(of: upgraded.descriptor), arguments, environment)
            return errno
        }
        for descriptor in descriptors { linux_set_close_on_exec(descriptor, 1) }
        feed(.couldNotBecome(reason: SystemError("execve", code: code).description))
    }

    /// A line for the operator. It is lost where nobody reads and the pipe is full: a supervisor must not wait for that.
    private static func say(_ line: String) {
        var entry = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
        guard poll(&entry, 1, 0) > 0 else { return }
        var text = "sluice: \(line)\n"
        text.withUTF8 { bytes in _ = write(STDERR_FILENO, bytes.baseAddress, bytes.count) }
    }
}

/// Why a supervisor could not start.
public struct StartFault: Error, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
