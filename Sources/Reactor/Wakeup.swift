import CLinux
import Glibc

/// An eventfd: how another thread gets a sleeping loop to turn.
public struct Wakeup: ~Copyable, Sendable {
    public let descriptor: CInt

    public init() throws(SystemError) {
        descriptor = eventfd(0, CInt(EFD_CLOEXEC) | CInt(EFD_NONBLOCK))
        if descriptor < 0 { throw SystemError("eventfd", code: errno) }
    }

    deinit { close(descriptor) }

    /// Makes the descriptor readable. Safe from any thread and from a signal handler.
    public func signal() {
        var one: UInt64 = 1
        _ = Glibc.write(descriptor, &one, 8)
    }

    /// Sleeps until signalled. For threads without a loop of their own.
    ///
    /// - Parameter milliseconds: how long at most (−1: no limit).
    public func wait(milliseconds: Int32 = -1) {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        if poll(&entry, 1, milliseconds) > 0 { clear() }
    }

    /// Makes the descriptor unreadable again.
    public func clear() {
        var count: UInt64 = 0
        _ = Glibc.read(descriptor, &count, 8)
    }
}
