import CLinux
import Glibc
import Reactor
import Testing

@testable import Supervisor

@Suite("Sockets a supervisor holds")
struct ListenerSetTests {
    private func isOpen(_ descriptor: CInt) -> Bool { fcntl(descriptor, F_GETFD) >= 0 }

    /// Which socket a descriptor names: another test may be given the number of a closed one at once.
    private func socket(_ descriptor: CInt) -> UInt? {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? UInt(status.st_ino) : nil
    }

    private func port(_ descriptor: CInt) -> UInt16 { Listener.address(of: descriptor).port }

    @Test("a process gets the sockets that the one before it had, as many as there are")
    func kept() throws {
        var set = ListenerSet()
        defer { set.close() }
        let first = try set.sockets(for: "127.0.0.1:0", count: 3, asker: 1)
        #expect(first.count == 3)
        #expect(Set(first.map(port)).count == 1)
        #expect(try set.sockets(for: "127.0.0.1:0", count: 8, asker: 2) == first)
        #expect(try set.sockets(for: "127.0.0.1:0", count: 1, asker: 3) == first)
    }

    @Test("an address listed twice is two")
    func twice() throws {
        var set = ListenerSet()
        defer { set.close() }
        let first = try set.sockets(for: "127.0.0.1:0", count: 1, asker: 1)
        let second = try set.sockets(for: "127.0.0.1:0", count: 1, asker: 1)
        #expect(port(first[0]) != port(second[0]))
        #expect(try set.sockets(for: "127.0.0.1:0", count: 1, asker: 2) == first)
        #expect(try set.sockets(for: "127.0.0.1:0", count: 1, asker: 2) == second)
    }

    @Test("what the new one does not want is closed once it serves; what a failed one wanted is closed when it ends")
    func closed() throws {
        var set = ListenerSet()
        defer { set.close() }
        let old = try set.sockets(for: "127.0.0.1:0", count: 1, asker: 1)
        let shared = try set.sockets(for: "[::1]:0", count: 1, asker: 1)
        let oldSocket = socket(old[0])
        // A candidate that fails.
        _ = try set.sockets(for: "[::1]:0", count: 1, asker: 2)
        let failed = try set.sockets(for: "127.0.0.2:0", count: 1, asker: 2)
        let failedSocket = socket(failed[0])
        set.forget(2, hasSuccessor: false)
        #expect(socket(failed[0]) != failedSocket && isOpen(old[0]) && isOpen(shared[0]))
        // One that succeeds.
        _ = try set.sockets(for: "[::1]:0", count: 1, asker: 3)
        set.keep(those: [3])
        #expect(socket(old[0]) != oldSocket && isOpen(shared[0]))
        set.forget(1, hasSuccessor: false)
        #expect(isOpen(shared[0]))
    }

    @Test("a crash closes nothing")
    func crash() throws {
        var set = ListenerSet()
        defer { set.close() }
        let sockets = try set.sockets(for: "127.0.0.1:0", count: 2, asker: 1)
        set.forget(1, hasSuccessor: true)
        #expect(sockets.allSatisfy(isOpen))
        #expect(try set.sockets(for: "127.0.0.1:0", count: 2, asker: 2) == sockets)
    }

    @Test("what cannot be listened on is refused with the reason: taken, no address, too many, stopping")
    func refused() throws {
        var other = ListenerSet()
        defer { other.close() }
        let taken = port(try other.sockets(for: "127.0.0.1:0", count: 1, asker: 1)[0])
        var set = ListenerSet()
        #expect(throws: ListenError("cannot listen on 127.0.0.1:\(taken): another process does; stop it or choose another port with --listen")) {
            _ = try set.sockets(for: "127.0.0.1:\(taken)", count: 1, asker: 1)
        }
        for text in ["", "localhost:1", "127.0.0.1", "127.0.0.1:x", "::1:80", "[127.0.0.1]:1", "unix:", "127.0.0.1:65536"] {
            #expect(throws: ListenError("\(text) is no address")) { _ = try set.sockets(for: text, count: 1, asker: 1) }
        }
        for _ in 0..<SupervisorLimits.addresses { _ = try set.sockets(for: "127.0.0.1:0", count: 1, asker: 1) }
        #expect(throws: ListenError("more than 32 addresses")) { _ = try set.sockets(for: "127.0.0.1:0", count: 1, asker: 1) }
        set.close()
        #expect(throws: ListenError("the service is stopping")) { _ = try set.sockets(for: "127.0.0.1:0", count: 1, asker: 1) }
    }

    @Test("a Unix socket is one, whatever the number of workers")
    func unixSocket() throws {
        let path = "/tmp/sluice-set-\(getpid())-\(UInt32.random(in: 0...(.max))).sock"
        defer { unlink(path) }
        var set = ListenerSet()
        defer { set.close() }
        #expect(try set.sockets(for: "unix:\(path)", count: 4, asker: 1).count == 1)
    }

    @Test("an address whose process is just ending is waited for", arguments: [false, true])
    func ending(isLocal: Bool) throws {
        let path = "/tmp/sluice-set-\(getpid())-\(UInt32.random(in: 0...(.max))).sock"
        defer { unlink(path) }
        var first = ListenerSet()
        let descriptor = try first.sockets(for: isLocal ? "unix:\(path)" : "127.0.0.1:0", count: 1, asker: 1)[0]
        let text = isLocal ? "unix:\(path)" : "127.0.0.1:\(port(descriptor))"
        let ending = try Thread.start("ending") {
            usleep(ReactorLimits.takenPauseMicroseconds * 2)
            close(descriptor)
        }
        defer { ending.join() }
        var second = ListenerSet()
        defer { second.close() }
        #expect(try second.sockets(for: text, count: 1, asker: 1).count == 1)
    }

    /// Whether a client that connects is accepted, or would be.
    private func answers(_ path: String) throws -> Bool {
        let address = try #require(SocketAddress(localPath: path))
        return Listener.occupant(of: address) == .listener
    }

    @Test("a Unix socket that another listens on is refused and left alone, one that nobody does is replaced, and another file is no socket")
    func occupiedPath() throws {
        let path = "/tmp/sluice-set-\(getpid())-\(UInt32.random(in: 0...(.max))).sock"
        defer { unlink(path) }
        var first = ListenerSet()
        _ = try first.sockets(for: "unix:\(path)", count: 1, asker: 1)
        var second = ListenerSet()
        defer { second.close() }
        #expect(throws: ListenError("cannot listen on unix:\(path): another process does; stop it or choose another path with --listen")) {
            _ = try second.sockets(for: "unix:\(path)", count: 1, asker: 1)
        }
        #expect(try answers(path))
        first.close()
        #expect(try !answers(path))
        _ = try second.sockets(for: "unix:\(path)", count: 1, asker: 1)
        #expect(try answers(path))
        second.keep(those: [])
        unlink(path)
        close(open(path, O_WRONLY | O_CREAT, 0o600))
        #expect(throws: ListenError("cannot listen on unix:\(path): there is a file that is no socket; remove it or choose another path with --listen")) {
            _ = try second.sockets(for: "unix:\(path)", count: 1, asker: 1)
        }
        #expect(access(path, F_OK) == 0)
    }

    @Test("what a restarted process asks for no more is closed once it serves, but for what the service manager opened")
    func dropped() throws {
        var manager = ListenerSet()
        let opened = try manager.sockets(for: "127.0.0.1:0", count: 1, asker: 1)[0]
        var set = ListenerSet()
        defer { set.close() }
        let adopted = set.adopt(opened)
        let activated = try #require(adopted)
        _ = try set.sockets(for: activated, count: 1, asker: 1)
        let old = try set.sockets(for: "[::1]:0", count: 2, asker: 1)
        let oldSockets = old.map(socket)
        set.forget(1, hasSuccessor: true)
        let new = try set.sockets(for: "127.0.0.2:0", count: 1, asker: 2)
        #expect(old.allSatisfy(isOpen), "its successor may still ask")
        set.keep(those: [2])
        #expect(zip(old, oldSockets).allSatisfy { socket($0) != $1 })
        #expect(isOpen(new[0]) && isOpen(opened))
        #expect(try set.sockets(for: activated, count: 1, asker: 3) == [opened])
    }

    private func option(_ descriptor: CInt, _ name: CInt) -> CInt {
        var (value, length) = (CInt(-1), socklen_t(MemoryLayout<CInt>.size))
        getsockopt(descriptor, CInt(IPPROTO_TCP), name, &value, &length)
        return value
    }

    @Test("sockets of the service manager have the options that ours have", arguments: ["127.0.0.1:0", "[::1]:0"])
    func activatedOptions(address: String) throws {
        let raw = try #require(SocketAddress(described: address))
        let bare = Glibc.socket(address.hasPrefix("[") ? AF_INET6 : AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        let isBound = withUnsafePointer(to: raw.raw) { raw in
            raw.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(bare, $0, raw.pointee.length) }
        }
        try #require(isBound == 0 && listen(bare, 1) == 0)
        var (set, own) = (ListenerSet(), ListenerSet())
        defer {
            set.close()
            own.close()
        }
        let ours = try own.sockets(for: address, count: 1, asker: 1)[0]
        let adopted = set.adopt(bare)
        #expect(adopted != nil)
        for name in [TCP_NODELAY, TCP_NOTSENT_LOWAT] {
            #expect(option(bare, name) == option(ours, name))
            #expect(option(ours, name) > 0)
        }
        #expect(fcntl(bare, F_GETFL) == fcntl(ours, F_GETFL))
    }

    @Test("sockets of the service manager are used for the addresses they are bound to (sd_listen_fds(3))")
    func activation() throws {
        var manager = ListenerSet()
        let opened = try manager.sockets(for: "127.0.0.1:0", count: 1, asker: 1)[0]
        let address = Listener.address(of: opened).description
        var set = ListenerSet()
        defer { set.close() }
        #expect(set.adopt(opened) == address)
        #expect(set.unasked == [address])
        #expect(try set.sockets(for: address, count: 4, asker: 1) == [opened])
        #expect(set.unasked.isEmpty)
        #expect(fcntl(opened, F_GETFD) & FD_CLOEXEC != 0)
    }

    @Test("a descriptor that does not listen is not taken for one that does")
    func noListener() throws {
        let (one, _) = try PacketSocket.pair()
        var set = ListenerSet()
        #expect(set.adopt(one.descriptor) == nil)
        #expect(set.adopt(99_999) == nil)
    }

    @Test("variables that are for another process are nobody's here")
    func otherProcess() {
        var set = ListenerSet()
        #expect(set.adoptActivated(Environment(["LISTEN_PID": "1", "LISTEN_FDS": "1"]), pid: 2).isEmpty)
        #expect(set.adoptActivated(Environment(["LISTEN_FDS": "1"]), pid: 2).isEmpty)
        #expect(set.adoptActivated(Environment(["LISTEN_PID": "2", "LISTEN_FDS": "x"]), pid: 2).isEmpty)
        #expect(set.unasked.isEmpty)
    }
}
