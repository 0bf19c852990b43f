import CLinux
import Glibc
import Reactor

/// Where a supervisor hears who wants an upgrade and waits to learn what becomes of it: `sluice upgrade`. SIGUSR2 asks for the same
/// and learns nothing.
///
/// The name is abstract, so there is no file to find, to protect or to leave behind. Both sides look at who the other is.
enum UpgradeRequests {
    private static let question = "upgrade"

    /// Names one process of one process-id namespace: two containers may share a network.
    private static func name(of pid: pid_t) -> String? {
        var room = [CChar](repeating: 0, count: 64)
        guard readlink("/proc/self/ns/pid", &room, room.count - 1) > 0 else { return nil }
        let space = room.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
        return "sluice/upgrade/\(space)/\(pid)"
    }

    /// A nonblocking listener.
    static func listen() throws(SystemError) -> PacketSocket {
        guard let name = name(of: getpid()) else { throw SystemError("readlink", code: errno) }
        let descriptor = linux_packet_listen(name)
        if descriptor < 0 { throw SystemError("bind", code: -descriptor) }
        return PacketSocket(adopting: descriptor)
    }

    /// Who asks next, if it may; nil when nobody waits.
    static func accept(from listener: PacketSocket) -> PacketSocket? {
        var peer = linux_address()
        let descriptor = linux_accept(listener.descriptor, &peer)
        guard descriptor >= 0 else { return nil }
        let asker = PacketSocket(adopting: descriptor)
        var (pid, user) = (CInt(0), CUnsignedInt(0))
        guard linux_peer(descriptor, &pid, &user) == 0, user == 0 || user == geteuid() else { return nil }
        return asker
    }

    /// Whether what has come is the question.
    static func isQuestion(_ text: String) -> Bool { text == question }

    static func answer(_ outcome: UpgradeOutcome, to asker: PacketSocket) {
        let text =
            switch outcome {
            case .done(let text): "done \(text)"
            case .failed(let reason): "failed \(reason)"
            }
        // Whoever has gone does not want to know.
        try? asker.send(text)
    }

    /// Asks the supervisor with this process id, and waits for what comes of it.
    static func ask(_ pid: pid_t) throws(UpgradeFault) -> UpgradeOutcome {
        guard let name = name(of: pid) else { throw UpgradeFault("/proc is not there to read") }
        let descriptor = linux_packet_connect(name)
        guard descriptor >= 0 else {
            throw UpgradeFault("process \(pid) is no supervisor of sluice that can be reached: is it running, as this user, without --no-supervisor?")
        }
        let socket = PacketSocket(adopting: descriptor)
        var (peer, user) = (CInt(0), CUnsignedInt(0))
        guard linux_peer(descriptor, &peer, &user) == 0, peer == pid else { throw UpgradeFault("somebody else answers for process \(pid)") }
        do {
            try socket.send(question)
            let deadline = Instant.now().adding(nanoseconds: SupervisorLimits.upgradeAnswerNanoseconds)
            while true {
                switch try socket.receive() {
                case .message(let text, _): return try outcome(text)
                case .end: throw UpgradeFault("the supervisor has ended, or may not be asked by this user")
                case .nothing: break
                }
                let left = deadline.nanoseconds(since: .now())
                guard left > 0 else { throw UpgradeFault("no answer within \(Lifetime.text(SupervisorLimits.upgradeAnswerNanoseconds))") }
                var entry = pollfd(fd: socket.descriptor, events: Int16(POLLIN), revents: 0)
                _ = poll(&entry, 1, CInt(min(left / 1_000_000 + 1, 1000)))
            }
        } catch let fault as UpgradeFault {
            throw fault
        } catch {
            throw UpgradeFault("the supervisor cannot be asked: \(error)")
        }
    }

    private static func outcome(_ text: String) throws(UpgradeFault) -> UpgradeOutcome {
        let words = text.split(separator: " ", maxSplits: 1).map { String($0) }
        switch (words.first, words.count) {
        case ("done", 2): return .done(words[1])
        case ("failed", 2): return .failed(words[1])
        default: throw UpgradeFault("the supervisor answered \"\(text)\"")
        }
    }
}

/// Why an upgrade could not be asked for.
public struct UpgradeFault: Error, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}

/// Asks a running supervisor to change its binary.
public struct UpgradeRequest: Sendable {
    private let pid: pid_t

    public init(supervisor pid: Int32) { self.pid = pid }

    /// Returns once the new binary serves, or will not.
    public func send() throws(UpgradeFault) -> UpgradeOutcome { try UpgradeRequests.ask(pid) }
}
