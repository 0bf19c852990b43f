import CLinux
import Glibc

/// Why an address cannot be listened on, as a person should read it.
public struct ListenError: Error, Equatable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}

/// The listening sockets of one address.
public enum ListenerGroup {
    /// Opens `count` sockets for an IP address (SO_REUSEPORT: the kernel spreads connections over them), and one for a Unix path. A socket
    /// that nobody listens on any more is replaced there.
    /// - Returns: descriptors, for listeners to adopt.
    public static func open(_ address: SocketAddress, count: Int) throws(ListenError) -> [CInt] {
        precondition(count > 0, "somebody listens")
        if !address.isLocal, address.port != 0, stays({ Listener.isTaken(address) }) {
            throw ListenError("cannot listen on \(address): another process does; stop it or choose another port with --listen")
        }
        if address.isLocal { try clear(address) }
        var descriptors: [CInt] = []
        do throws(SystemError) {
            descriptors.append(try Listener.open(address))
            // The port chosen, where 0 was asked for.
            let bound = Listener.address(of: descriptors[0])
            while !address.isLocal, descriptors.count < count { descriptors.append(try Listener.open(bound)) }
        } catch {
            for descriptor in descriptors { close(descriptor) }
            throw ListenError("cannot listen on \(address)\(descriptors.isEmpty ? "" : " for another worker"): \(error.reason)")
        }
        return descriptors
    }

    /// Whether something stays so: a process that was killed has its sockets for as long as it takes to end.
    private static func stays(_ isSo: () -> Bool) -> Bool {
        for _ in 0..<ReactorLimits.takenLooks {
            if !isSo() { return false }
            usleep(ReactorLimits.takenPauseMicroseconds)
        }
        return isSo()
    }

    /// Removes what a process that has ended left at a Unix path, and nothing else.
    private static func clear(_ address: SocketAddress) throws(ListenError) {
        _ = stays { Listener.occupant(of: address) == .listener }
        switch Listener.occupant(of: address) {
        case .nobody: _ = address.host.withCString { unlink($0) }
        case .listener: throw ListenError("cannot listen on \(address): another process does; stop it or choose another path with --listen")
        case .otherFile: throw ListenError("cannot listen on \(address): there is a file that is no socket; remove it or choose another path with --listen")
        }
    }
}
