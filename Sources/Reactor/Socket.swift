public import Bytes
import CLinux
import Glibc

/// What a read or a write did.
public enum Transfer: BitwiseCopyable {
    /// This many bytes were moved, at least one.
    case moved(Int)
    /// Nothing can be moved until epoll says so.
    case blocked
    /// The peer has closed; there is no more to read.
    case closed
    /// The socket has failed, with this `errno`.
    case failed(CInt)
}

/// A connected, nonblocking stream socket; closes its descriptor when the value ends.
public struct Socket: ~Copyable {
    public let descriptor: CInt

    /// Takes over `descriptor`, which the caller must not close.
    public init(adopting descriptor: CInt) {
        precondition(descriptor >= 0, "a socket needs an open descriptor")
        self.descriptor = descriptor
    }

    deinit { _ = Glibc.close(descriptor) }

    /// Starts to connect; writable once connected, and `connectError` then says how it went.
    /// - Returns: the descriptor, for a `Socket` to adopt.
    public static func connecting(to address: SocketAddress) throws(SystemError) -> CInt {
        let descriptor = withUnsafePointer(to: address.raw) { linux_connect($0) }
        if descriptor < 0 { throw SystemError("connect", code: -descriptor) }
        return descriptor
    }

    /// Why connecting failed; nil when it did not.
    public borrowing func connectError() -> SystemError? {
        let code = linux_socket_error(descriptor)
        return code == 0 ? nil : SystemError("connect", code: code)
    }

    public borrowing func read(into memory: UnsafeMutablePointer<UInt8>, capacity: Int) -> Transfer {
        Socket.received(linux_receive(descriptor, memory, capacity))
    }

    /// Looks at what the next read would find, and leaves it there.
    public borrowing func peek(into memory: UnsafeMutablePointer<UInt8>, capacity: Int) -> Transfer {
        Socket.received(linux_peek(descriptor, memory, capacity))
    }

    private static func received(_ count: Int) -> Transfer {
        if count > 0 { return .moved(count) }
        return count == 0 ? .closed : outcome(of: CInt(truncatingIfNeeded: -count))
    }

    public borrowing func write(_ bytes: ByteSlice) -> Transfer {
        let count = linux_send(descriptor, bytes.base, bytes.count)
        return count >= 0 ? .moved(count) : Socket.outcome(of: CInt(truncatingIfNeeded: -count))
    }

    /// Writes the runs in order with one call; at most `IOV_MAX` (1024) of them.
    public borrowing func write(_ runs: UnsafePointer<ByteSlice>, count: Int) -> Transfer {
        // A slice is an address and a length, as an iovec is; Socket's tests hold the two layouts equal.
        let written = runs.withMemoryRebound(to: iovec.self, capacity: count) {
            linux_write_runs(descriptor, $0, CInt(count))
        }
        return written >= 0 ? .moved(written) : Socket.outcome(of: CInt(truncatingIfNeeded: -written))
    }

    /// Bytes written that the peer's host has not acknowledged, also once the connection has ended. Nil of what is no TCP connection.
    public borrowing func unacknowledgedByteCount() -> Int? {
        let count = linux_unacknowledged(descriptor)
        return count >= 0 ? Int(count) : nil
    }

    /// Says that no more will be written (FIN).
    public borrowing func shutdownWriting() { _ = Glibc.shutdown(descriptor, CInt(SHUT_WR)) }

    /// Makes the close abort the connection (RST): the peer must not take it for a clean end.
    public borrowing func resetOnClose() { _ = linux_set_reset_on_close(descriptor) }

    private static func outcome(of code: CInt) -> Transfer {
        code == EAGAIN || code == EINTR ? .blocked : .failed(code)
    }
}

/// A listening socket, IP (SO_REUSEPORT, one a worker) or Unix-domain.
public struct Listener: ~Copyable {
    public let descriptor: CInt

    /// Takes over `descriptor`, which listens.
    public init(adopting descriptor: CInt) {
        precondition(descriptor >= 0, "a listener needs an open descriptor")
        self.descriptor = descriptor
    }

    public init(_ address: SocketAddress, backlog: Int = ReactorLimits.listenBacklog) throws(SystemError) {
        descriptor = try Listener.open(address, backlog: backlog)
    }

    /// Binds and listens.
    /// - Returns: the descriptor, for a `Listener` to adopt.
    public static func open(_ address: SocketAddress, backlog: Int = ReactorLimits.listenBacklog) throws(SystemError) -> CInt {
        let descriptor = withUnsafePointer(to: address.raw) { linux_listen($0, CInt(backlog), CInt(ReactorLimits.unsentByteCount)) }
        if descriptor < 0 { throw SystemError("listen", code: -descriptor) }
        return descriptor
    }

    /// Whether another process listens on `address` already. SO_REUSEPORT would share it in silence,
    /// and each would get some of the other's connections.
    public static func isTaken(_ address: SocketAddress) -> Bool {
        withUnsafePointer(to: address.raw) { linux_is_taken($0) } == 1
    }

    /// What there is where a Unix socket is to be.
    public enum Occupant: CInt, Sendable {
        /// Or a socket that nobody listens on any more.
        case nobody = 0
        case listener = 1
        case otherFile = 2
    }

    /// - Parameter address: a Unix socket's.
    public static func occupant(of address: SocketAddress) -> Occupant {
        withUnsafePointer(to: address.raw) { Occupant(rawValue: linux_local_occupant($0)) } ?? .listener
    }

    /// Another handle on a listener that several workers accept from: a Unix path has no SO_REUSEPORT.
    public init(sharing other: borrowing Listener) throws(SystemError) {
        descriptor = fcntl(other.descriptor, F_DUPFD_CLOEXEC, 0)
        if descriptor < 0 { throw SystemError("fcntl", code: errno) }
    }

    deinit { _ = Glibc.close(descriptor) }

    /// The address it is bound to: the port chosen where 0 was asked for.
    public borrowing func address() -> SocketAddress { Listener.address(of: descriptor) }

    /// The address that a listening socket is bound to.
    public static func address(of descriptor: CInt) -> SocketAddress {
        var raw = linux_address()
        _ = linux_local_address(descriptor, &raw)
        return SocketAddress(raw: raw)
    }

    /// One waiting connection; nil when none waits.
    public borrowing func accept() throws(SystemError) -> (descriptor: CInt, peer: SocketAddress)? {
        var raw = linux_address()
        let accepted = linux_accept(descriptor, &raw)
        if accepted >= 0 { return (accepted, SocketAddress(raw: raw)) }
        switch -accepted {
        // The connection is gone again, or none was there (accept(2), "Error handling").
        case EAGAIN, EINTR, ECONNABORTED, EPROTO, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH:
            return nil
        case let code:
            throw SystemError("accept4", code: code)
        }
    }
}
