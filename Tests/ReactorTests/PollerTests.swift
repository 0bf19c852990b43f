import Bytes
import Glibc
import Reactor
import Testing

@Suite("Poller")
struct PollerTests {
    @Test("nothing ready is no event, after the time given")
    func waits() throws {
        let poller = try Poller()
        #expect(poller.wait(milliseconds: 0) == 0)
        #expect(poller.wait(milliseconds: 5) == 0)
    }

    @Test("a wait ends at its own time, before the one that was set last and after it, each time anew")
    func waitsUntil() throws {
        var poller = try Poller()
        let start = Instant.now()
        func milliseconds(_ count: UInt64) -> Instant { start.adding(nanoseconds: count * 1_000_000) }
        #expect(poller.wait(until: start, now: start) == 0, "what has passed is not waited for")
        // Later, earlier than what is set, the same again: none ends early, and of what ends for nothing there is a turn or two.
        for end in [20, 30, 60, 61, 61] as [UInt64] {
            var turns = 0
            while Instant.now() < milliseconds(end), turns < 5 {
                _ = poller.wait(until: milliseconds(end), now: .now())
                turns += 1
            }
            #expect(Instant.now() >= milliseconds(end))
        }
        // A timer that is set for long is moved where something is due sooner.
        let later = Instant.now().adding(nanoseconds: 3_600_000_000_000)
        let waker = try SharedWakeup()
        try poller.watch(waker.wakeup.descriptor, token: 1)
        waker.wakeup.signal()
        #expect(poller.wait(until: later, now: .now()) == 1)
        let soon = Instant.now().adding(nanoseconds: 5_000_000)
        #expect(poller.wait(until: soon, now: .now()) == 1)
        #expect(Instant.now() >= soon)
        #expect(Token(rawValue: poller.event(0).token) == Token(rawValue: .max))
    }

    @Test("a watched socket is reported once for what is ready, with its token, and again only for more")
    func reportsEdges() throws {
        let pair = try Loopback()
        let poller = try Poller()
        let token = Token(kind: 3, generation: 0xFF_FFFF, slot: .max).rawValue
        try poller.watch(pair.server.descriptor, token: token)
        #expect(poller.next() == [Ready(token, .writable)])
        #expect(poller.wait(milliseconds: 0) == 0)
        #expect(pair.client.write(ByteSlice("a")).movedCount == 1)
        #expect(poller.next() == [Ready(token, [.readable, .writable])])
        #expect(poller.wait(milliseconds: 0) == 0, "unread bytes are no new edge")
        #expect(pair.client.write(ByteSlice("b")).movedCount == 1)
        #expect(poller.next() == [Ready(token, [.readable, .writable])])
    }

    @Test("a blocked writer is told when there is room again")
    func reportsRoom() throws {
        let pair = try Loopback()
        let poller = try Poller()
        try poller.watch(pair.client.descriptor, token: 1)
        #expect(poller.next() == [Ready(1, .writable)])
        let filled = pair.client.fill()
        #expect(poller.wait(milliseconds: 0) == 0)
        #expect(pair.server.readText(filled).utf8.count == filled)
        #expect(poller.next() == [Ready(1, .writable)])
    }

    @Test("a peer's FIN is told apart from a reset")
    func reportsEnds() throws {
        let pair = try Loopback()
        let poller = try Poller()
        try poller.watch(pair.client.descriptor, token: 1)
        _ = poller.next()
        pair.server.shutdownWriting()
        #expect(poller.next() == [Ready(1, [.readable, .writable, .peerClosed])])
        pair.server.resetOnClose()
        let client = pair.closingServer()
        let ready = poller.next()
        #expect(ready.count == 1 && !ready[0].readiness.isDisjoint(with: .hungUp))
        // After a FIN the kernel says EPIPE for the reset (tcp_reset, CLOSE_WAIT).
        #expect(client.connectError()?.code == EPIPE)
    }

    @Test("a level-triggered descriptor is reported for as long as it is ready and wanted")
    func reportsLevels() throws {
        let wakeup = try Wakeup()
        let poller = try Poller()
        try poller.watchLevel(wakeup.descriptor, .readable, token: 7)
        #expect(poller.wait(milliseconds: 0) == 0)
        wakeup.signal()
        #expect(poller.next() == [Ready(7, .readable)])
        #expect(poller.next() == [Ready(7, .readable)])
        try poller.changeLevel(wakeup.descriptor, [], token: 7)
        #expect(poller.wait(milliseconds: 0) == 0)
        try poller.changeLevel(wakeup.descriptor, .readable, token: 8)
        #expect(poller.next() == [Ready(8, .readable)])
        poller.unwatch(wakeup.descriptor)
        #expect(poller.wait(milliseconds: 0) == 0)
    }

    @Test("a descriptor is watched once; what is no descriptor, not at all")
    func refuses() throws {
        let wakeup = try Wakeup()
        let poller = try Poller()
        try poller.watch(wakeup.descriptor, token: 1)
        #expect(throws: SystemError("epoll_ctl", code: EEXIST)) { try poller.watch(wakeup.descriptor, token: 2) }
        #expect(throws: SystemError("epoll_ctl", code: EBADF)) { try poller.watch(-1, token: 3) }
    }

    @Test("more ready descriptors than one wait returns are all reported, by several")
    func reportsManyInTurns() throws {
        let wakeups = try (0..<300).map { _ in try SharedWakeup() }
        let poller = try Poller()
        for (index, shared) in wakeups.enumerated() {
            try poller.watch(shared.wakeup.descriptor, token: UInt64(index))
            shared.wakeup.signal()
        }
        var seen = Set<UInt64>()
        while seen.count < 300 {
            let ready = poller.next()
            guard !ready.isEmpty else { break }
            for event in ready where event.readiness.contains(.readable) { seen.insert(event.token) }
        }
        #expect(seen.count == 300)
    }
}

/// A wake-up an array can hold.
final class SharedWakeup {
    let wakeup: Wakeup
    init() throws { wakeup = try Wakeup() }
}

struct Ready: Equatable {
    let token: UInt64
    let readiness: Readiness

    init(_ token: UInt64, _ readiness: Readiness) {
        self.token = token
        self.readiness = readiness
    }
}

extension Poller {
    /// The events of the next wait, which ends after two seconds at the latest.
    borrowing func next() -> [Ready] {
        let count = wait(milliseconds: 2000)
        return (0..<count).map { index in
            let event = event(index)
            return Ready(event.token, event.readiness)
        }
    }
}
