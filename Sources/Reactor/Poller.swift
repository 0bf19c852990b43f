import CLinux
import Glibc

/// What a descriptor has become ready for.
public struct Readiness: OptionSet, BitwiseCopyable, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public static let readable = Readiness(rawValue: EPOLLIN.rawValue)
    public static let writable = Readiness(rawValue: EPOLLOUT.rawValue)
    /// The peer has closed its sending side (EPOLLRDHUP).
    public static let peerClosed = Readiness(rawValue: EPOLLRDHUP.rawValue)
    /// Both sides are closed, or the socket has an error (EPOLLHUP, EPOLLERR).
    public static let hungUp = Readiness(rawValue: EPOLLHUP.rawValue | EPOLLERR.rawValue)
}

/// One epoll instance. Owns its descriptor, not those it watches.
///
/// Sockets are registered once, edge-triggered, for reading and writing together: afterwards
/// no request costs an `epoll_ctl`. Whoever owns a socket remembers that it was ready until a
/// read or a write says otherwise.
public struct Poller: ~Copyable {
    private let descriptor: CInt
    private let events: UnsafeMutablePointer<epoll_event>
    /// Events that one wait may count; when it does, there may be more.
    public let capacity = 256

    public init() throws(SystemError) {
        descriptor = epoll_create1(CInt(EPOLL_CLOEXEC))
        if descriptor < 0 { throw SystemError("epoll_create1", code: errno) }
        events = .allocate(capacity: capacity)
        events.initialize(repeating: epoll_event(), count: capacity)
    }

    deinit {
        events.deallocate()
        close(descriptor)
    }

    /// Watches a socket, edge-triggered, for everything; `token` comes back with its events.
    public func watch(_ socket: CInt, token: UInt64) throws(SystemError) {
        try control(EPOLL_CTL_ADD, socket, EPOLLIN.rawValue | EPOLLOUT.rawValue | EPOLLRDHUP.rawValue | EPOLLET.rawValue, token)
    }

    /// Watches a descriptor, level-triggered: it is reported for as long as it is ready.
    public func watchLevel(_ descriptor: CInt, _ interest: Readiness, token: UInt64) throws(SystemError) {
        try control(EPOLL_CTL_ADD, descriptor, interest.rawValue, token)
    }

    /// Changes what a level-triggered descriptor is watched for.
    public func changeLevel(_ descriptor: CInt, _ interest: Readiness, token: UInt64) throws(SystemError) {
        try control(EPOLL_CTL_MOD, descriptor, interest.rawValue, token)
    }

    /// Stops watching. Closing a descriptor does the same unless it was duplicated.
    public func unwatch(_ watched: CInt) {
        var event = epoll_event()
        _ = epoll_ctl(descriptor, EPOLL_CTL_DEL, watched, &event)
    }

    private func control(_ operation: CInt, _ watched: CInt, _ mask: UInt32, _ token: UInt64) throws(SystemError) {
        var event = epoll_event()
        event.events = mask
        event.data.u64 = token
        if epoll_ctl(descriptor, operation, watched, &event) < 0 { throw SystemError("epoll_ctl", code: errno) }
    }

    /// Sleeps until something is ready or `milliseconds` have passed (−1: no limit); the number of events.
    public borrowing func wait(milliseconds: CInt) -> Int {
        let count = linux_wait(descriptor, events, CInt(capacity), milliseconds)
        // EINTR is a turn with no events; nothing else can happen to a valid descriptor.
        return count < 0 ? 0 : Int(count)
    }

    /// The event at `index`, of those the last `wait` counted.
    public borrowing func event(_ index: Int) -> (token: UInt64, readiness: Readiness) {
        assert(index >= 0 && index < capacity)
        let event = events[index]
        return (event.data.u64, Readiness(rawValue: event.events))
    }
}
