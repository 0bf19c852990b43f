import CLinux
import Glibc
public import Reactor
import Synchronization

/// A serving process's side: whom it asks for sockets, whom it tells how it is, and who tells it what to do.
///
/// With a supervisor that is the supervisor, and signals that come to this process itself. Without one it is signals and the service
/// manager, and the sockets are its own.
public final class ServingLink: Sendable {
    /// Where a serving process finds its channel.
    static let descriptor: CInt = 3
    /// What a serving process is called, for ps: the supervisor has the path it was started by.
    static let programName = "sluice:serving"

    private enum Counterpart: Sendable {
        case supervisor(PacketSocket)
        case serviceManager(ServiceNotifier)
    }

    /// What this process is told.
    public enum Call: Sendable {
        /// By the supervisor, or by the first signal that stops.
        case stop(signal: CInt?)
        case stopAtOnce
        case drain
        case reload
        case check(UInt64)
        /// SIGUSR2 to a process that has no supervisor, or is not one.
        case upgradeOutOfPlace
        /// What `end` says.
        case over
    }

    /// Restarts and upgrades of the service before this process.
    public let restartCount: UInt64
    public let upgradeCount: UInt64
    public let isSupervised: Bool
    private let counterpart: Counterpart
    private let signals: SignalDescriptor
    private let over: Wakeup
    /// The sockets of a process that has no supervisor.
    private let own = Mutex(ListenerSet())
    private let stopSignalCount = Atomic(0)
    private let isOrphaned = Atomic(false)
    private let checkCount = Atomic<UInt64>(0)
    private let isUnanswered = Atomic(false)

    /// Of this process, from its environment. To be made before other threads are: they inherit which signals are blocked.
    /// - Parameter alone: do without a supervisor.
    /// - Returns: nil when there is neither a supervisor nor leave to be alone.
    public static func open(alone: Bool) throws(StartFault) -> ServingLink? {
        let environment = Environment.current()
        guard let control = environment[Environment.Name.control] else { return alone ? try ServingLink(alone: environment) : nil }
        let isOurs = CInt(control) == descriptor && fcntl(descriptor, F_GETFD) >= 0
        guard isOurs, let supervisor = environment[Environment.Name.supervisor].flatMap({ pid_t($0) }) else {
            throw StartFault("\(Environment.Name.control) is set, and not by a supervisor: unset it")
        }
        linux_die_with_parent()
        // It may have gone before the kernel knew what we want.
        guard getppid() == supervisor else { throw StartFault("the supervisor is gone") }
        return try ServingLink(supervised: environment)
    }

    private convenience init(supervised environment: Environment) throws(StartFault) {
        linux_set_close_on_exec(ServingLink.descriptor, 1)
        ProgramFile.close(startedFrom: environment)
        try self.init(.supervisor(PacketSocket(adopting: ServingLink.descriptor)), environment)
    }

    private convenience init(alone environment: Environment) throws(StartFault) {
        try self.init(.serviceManager(ServiceNotifier(environment, pid: getpid())), environment)
        let lines = own.withLock { $0.adoptActivated(environment, pid: getpid()) }
        for line in lines { ServingLink.say(line) }
    }

    private init(_ counterpart: Counterpart, _ environment: Environment) throws(StartFault) {
        self.counterpart = counterpart
        isSupervised = if case .supervisor = counterpart { true } else { false }
        restartCount = environment[Environment.Name.restarts].flatMap { UInt64($0) } ?? 0
        upgradeCount = environment[Environment.Name.upgrades].flatMap { UInt64($0) } ?? 0
        for name in Environment.Name.all { unsetenv(name) }
        signal(SIGPIPE, SIG_IGN)
        do throws(SystemError) {
            signals = try SignalDescriptor([SIGTERM, SIGINT, SIGHUP, SIGUSR2])
            over = try Wakeup()
        } catch {
            throw StartFault("\(error)")
        }
    }

    // MARK: What it says

    public func hello(version: String, build: String) {
        tell(.hello(protocolVersion: ServingMessage.protocolVersion, version: version, build: build))
    }

    public func ready() { tell(.ready, notice: .ready) }

    public func draining(nanoseconds: UInt64) { tell(.draining(milliseconds: nanoseconds / 1_000_000), notice: .stopping) }

    public func reloading() { tell(.reloading, notice: .reloading) }

    public func reloaded(isAdopted: Bool) { tell(.reloaded(isAdopted: isAdopted), notice: .ready) }

    /// All workers have turned since `check` was asked.
    public func alive(_ number: UInt64) {
        isUnanswered.store(false, ordering: .relaxed)
        // By a worker, which must not wait; one that the supervisor does not hear of it asks for again.
        tell(.alive(number), notice: .watchdog, waits: false)
    }

    private func tell(_ message: ServingMessage, notice: Notice? = nil, waits: Bool = true) {
        switch counterpart {
        // Who cannot be told is gone, and then so are we.
        case .supervisor(let channel): try? channel.send(message.text, waits: waits)
        case .serviceManager(let notifier): if let notice { notifier.send(notice) }
        }
    }

    // MARK: Sockets

    /// Listening sockets for an address, at least one; `count` where this is the first to ask.
    /// - Returns: nil when the process has to stop before it serves.
    public func sockets(for address: SocketAddress, count: Int) throws(ListenError) -> [CInt]? {
        guard case .supervisor(let channel) = counterpart else {
            return try own.withLock { (set) throws(ListenError) in try set.sockets(for: address.description, count: count, asker: 1) }
        }
        var sockets: [CInt] = []
        do {
            try channel.send(ServingMessage.listen(count: count, address: address.description).text)
            while true {
                guard case .message(let text, let descriptors) = try channel.receive(waits: true) else { return nil }
                sockets += descriptors
                switch SupervisorMessage(text) {
                case .sockets(let total): if sockets.count >= total { return sockets }
                case .refused(let reason): throw ListenError(reason)
                // Whatever else there was to do, there is nothing to finish yet.
                case .order(.stop), .order(.drain): return nil
                case .order, nil: break
                }
            }
        } catch let error as ListenError {
            throw error
        } catch {
            throw ListenError("the supervisor gives no socket for \(address): \(error)")
        }
    }

    // MARK: What it is told

    /// Sleeps until there is something to do.
    public func next() -> Call {
        while true {
            if let signal = signals.next(), let call = call(of: signal) { return call }
            if let call = orders() { return call }
            var entries = [pollfd(fd: signals.descriptor, events: Int16(POLLIN), revents: 0), pollfd(fd: over.descriptor, events: Int16(POLLIN), revents: 0)]
            var wait: CInt = -1
            switch counterpart {
            case .supervisor(let channel):
                if !isOrphaned.load(ordering: .relaxed) { entries.append(pollfd(fd: channel.descriptor, events: Int16(POLLIN), revents: 0)) }
            case .serviceManager(let notifier):
                if let interval = notifier.watchdogNanoseconds { wait = CInt(min(interval / 2_000_000, 3_600_000)) }
            }
            let count = poll(&entries, nfds_t(entries.count), wait)
            if count > 0, entries[1].revents != 0 { return .over }
            if count == 0, !isUnanswered.exchange(true, ordering: .relaxed) {
                return .check(checkCount.wrappingAdd(1, ordering: .relaxed).newValue)
            }
        }
    }

    /// Has `next` say that it is over. Safe from any thread.
    public func end() { over.signal() }

    private func call(of signal: CInt) -> Call? {
        switch signal {
        case SIGHUP: return .reload
        case SIGUSR2: return .upgradeOutOfPlace
        // A terminal sends it to the supervisor, too, which says what it means.
        case SIGINT where isSupervised: return nil
        default: return stopSignalCount.wrappingAdd(1, ordering: .relaxed).newValue > 1 ? .stopAtOnce : .stop(signal: signal)
        }
    }

    private func orders() -> Call? {
        guard case .supervisor(let channel) = counterpart, !isOrphaned.load(ordering: .relaxed) else { return nil }
        switch try? channel.receive() {
        case .message(let text, let descriptors):
            for descriptor in descriptors { close(descriptor) }
            guard case .order(let order)? = SupervisorMessage(text) else { return nil }
            switch order {
            case .stop: return .stop(signal: nil)
            case .drain: return .drain
            case .reload: return .reload
            case .check(let number): return .check(number)
            }
        case .nothing: return nil
        case .end, nil:
            // The kernel kills us with it; this is for a kernel that does not.
            isOrphaned.store(true, ordering: .relaxed)
            return .stop(signal: nil)
        }
    }

    private static func say(_ line: String) {
        var text = "sluice: \(line)\n"
        text.withUTF8 { bytes in _ = write(STDERR_FILENO, bytes.baseAddress, bytes.count) }
    }
}

/// What a process may do to itself at its start.
public enum ProcessStart {
    /// What the process is called by ps and top: a program that was started by a descriptor would be called by its number.
    public static func takeName(isSupervised: Bool) { linux_name_thread(isSupervised ? ServingLink.programName : "sluice") }


    /// Neither a file nor a program is given this process's memory when it crashes: it holds credentials.
    public static func forbidCoreDumps() { _ = linux_forbid_core_dumps() }

    /// Every connection is a descriptor, and the soft limit is for programs that use select(2).
    public static func raiseDescriptorLimit() { _ = linux_raise_descriptor_limit() }

    /// The build id that the linker gave the program, in hexadecimal.
    public static func buildIdentifier() -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { room in
            guard let start = room.baseAddress else { return "unknown" }
            start.pointee = 0
            linux_build_id(start, 128)
            return start.pointee == 0 ? "unknown" : String(cString: start)
        }
    }
}
