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
    private let timer: CInt
    /// When the timer ends; it may have.
    private var timerEnd = Instant(nanoseconds: 0)
    /// What the timer's own event is told by.
    private static let timerToken = UInt64.max
    /// Events that one wait may count; when it does, there may be more.
    public let capacity = 256

    public init() throws(SystemError) {
        let timer = linux_timer()
        if timer < 0 { throw SystemError("timerfd_create", code: -timer) }
        let descriptor = epoll_create1(CInt(EPOLL_CLOEXEC))
        guard descriptor >= 0 else {
            let code = errno
            close(timer)
            throw SystemError("epoll_create1", code: code)
        }
        do throws(SystemError) {
            try Poller.control(descriptor, EPOLL_CTL_ADD, timer, EPOLLIN.rawValue | EPOLLET.rawValue, Poller.timerToken)
        } catch {
            close(timer)
            close(descriptor)
            throw error
        }
        (self.timer, self.descriptor) = (timer, descriptor)
        events = .allocate(capacity: capacity)
        events.initialize(repeating: epoll_event(), count: capacity)
    }

    deinit {
        events.deallocate()
        close(timer)
        close(descriptor)
    }

    /// Watches a socket, edge-triggered, for everything; `token` comes back with its events.
    public func watch(_ socket: CInt, token: UInt64) throws(SystemError) {
        try Poller.control(self.descriptor, EPOLL_CTL_ADD, socket, EPOLLIN.rawValue | EPOLLOUT.rawValue | EPOLLRDHUP.rawValue | EPOLLET.rawValue, token)
    }

    /// Watches a descriptor, level-triggered: it is reported for as long as it is ready.
    public func watchLevel(_ descriptor: CInt, _ interest: Readiness, token: UInt64) throws(SystemError) {
        try Poller.control(self.descriptor, EPOLL_CTL_ADD, descriptor, interest.rawValue, token)
    }

    /// Changes what a level-triggered descriptor is watched for.
    public func changeLevel(_ descriptor: CInt, _ interest: Readiness, token: UInt64) throws(SystemError) {
        try Poller.control(self.descriptor, EPOLL_CTL_MOD, descriptor, interest.rawValue, token)
    }

    /// Stops watching. Closing a descriptor does the same unless it was duplicated.
    public func unwatch(_ watched: CInt) {
        var event = epoll_event()
        _ = epoll_ctl(descriptor, EPOLL_CTL_DEL, watched, &event)
    }

    private static func control(_ descriptor: CInt, _ operation: CInt, _ watched: CInt, _ mask: UInt32, _ token: UInt64) throws(SystemError) {
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

    /// Sleeps until something is ready or `end` has come (nil: no limit), but not where that was before `now`; the number of events.
    ///
    /// A loop's earliest deadline is mostly a later one each time, as connections are used. To give each wait its own limit has the kernel set and unset a
    /// timer with each; here it has one that is left as it is until it ends, or something is due before that. It may wake the loop for nothing then, with
    /// an event of its own, whose token is no other's: all bits set.
    public mutating func wait(until end: Instant?, now: Instant) -> Int {
        guard let end else { return wait(milliseconds: -1) }
        if end <= now { return wait(milliseconds: 0) }
        if timerEnd <= now || end < timerEnd {
            guard linux_timer_set(timer, end.nanoseconds) == 0 else { return wait(milliseconds: 1) }
            timerEnd = end
        }
        return wait(milliseconds: -1)
    }

    /// The event at `index`, of those the last `wait` counted.
    public borrowing func event(_ index: Int) -> (token: UInt64, readiness: Readiness) {
        assert(index >= 0 && index < capacity)
        let event = events[index]
        return (event.data.u64, Readiness(rawValue: event.events))
    }
}
