import Bytes
import CLinux
import Glibc
import Reactor
import Testing

@Suite("Socket")
struct SocketTests {
    @Test("a byte slice is laid out as an iovec, so that runs of slices are written as they are")
    func slicesAreRuns() throws {
        #expect(MemoryLayout<ByteSlice>.size == MemoryLayout<iovec>.size)
        #expect(MemoryLayout<ByteSlice>.stride == MemoryLayout<iovec>.stride)
        #expect(MemoryLayout<ByteSlice>.alignment == MemoryLayout<iovec>.alignment)
        #expect(MemoryLayout<ByteSlice>.offset(of: \.base) == MemoryLayout<iovec>.offset(of: \.iov_base))
        #expect(MemoryLayout<ByteSlice>.offset(of: \.count) == MemoryLayout<iovec>.offset(of: \.iov_len))
    }

    @Test("runs are written in order with one call")
    func writesRuns() throws {
        let pair = try Loopback()
        let runs = [ByteSlice("ab"), ByteSlice(""), ByteSlice("c"), ByteSlice("def")]
        let outcome = runs.withUnsafeBufferPointer { runs in
            runs.baseAddress.map { pair.client.write($0, count: runs.count) }
        }
        #expect(outcome?.movedCount == 6)
        #expect(pair.server.readText(6) == "abcdef")
    }

    @Test("reading says moved, then blocked while nothing is there, then closed after the peer's FIN")
    func readsToTheEnd() throws {
        let pair = try Loopback()
        var byte: UInt8 = 0
        #expect(pair.server.read(into: &byte, capacity: 1).isBlocked)
        #expect(pair.client.write(ByteSlice("x")).movedCount == 1)
        #expect(pair.server.settledRead().movedCount == 1)
        #expect(pair.server.read(into: &byte, capacity: 1).isBlocked)
        pair.client.shutdownWriting()
        #expect(pair.server.settledRead().isClosed)
        #expect(pair.server.write(ByteSlice("y")).movedCount == 1, "a half-closed peer still reads")
        #expect(pair.client.readText(1) == "y")
    }

    @Test("writing blocks once the peer's window is full, and goes on when the peer has read")
    func writesUntilBlocked() throws {
        let pair = try Loopback()
        let filled = pair.client.fill()
        #expect(filled > 0)
        #expect(pair.client.write(ByteSlice("z")).isBlocked)
        #expect(pair.server.readText(filled).utf8.count == filled)
        #expect(pair.client.write(ByteSlice("z")).movedCount == 1)
    }

    @Test("a socket's descriptor is closed when its value ends")
    func closes() throws {
        let client = try Loopback().closingServer()
        #expect(client.settledRead().isClosed)
    }

    @Test("a reset on close reaches the peer as an error, never as a clean end")
    func resets() throws {
        let pair = try Loopback()
        pair.server.resetOnClose()
        let client = pair.closingServer()
        #expect(client.settledRead().failure == ECONNRESET)
    }

    @Test("a write to a peer that is gone fails, with one run and with several")
    func writesToNobody() throws {
        let pair = try Loopback()
        pair.server.resetOnClose()
        let client = pair.closingServer()
        #expect(client.settledRead().failure == ECONNRESET)
        #expect(client.write(ByteSlice("x")).failure == EPIPE)
        let runs = [ByteSlice("a"), ByteSlice("b")]
        let outcome = runs.withUnsafeBufferPointer { runs in runs.baseAddress.map { client.write($0, count: 2) } }
        #expect(outcome?.failure == EPIPE)
    }

    @Test("what the peer's host has not acknowledged is known, also once the connection has ended")
    func knowsWhatIsAcknowledged() throws {
        let pair = try Loopback()
        #expect(pair.client.write(ByteSlice("abc")).movedCount == 3)
        #expect(pair.server.readText(3) == "abc")
        for _ in 0..<2000 where pair.client.unacknowledgedByteCount() != 0 { usleep(1000) }
        #expect(pair.client.unacknowledgedByteCount() == 0)
        let client = pair.closingServer()
        #expect(client.settledRead().isClosed)
        // It is answered with a reset: nobody is there to take it.
        #expect(client.write(ByteSlice("defg")).movedCount == 4)
        for _ in 0..<2000 { if case .moved = client.write(ByteSlice("h")) { usleep(1000) } else { break } }
        #expect(client.write(ByteSlice("h")).failure != nil)
        #expect((client.unacknowledgedByteCount() ?? 0) >= 4)
    }

    @Test("connecting to a port nobody listens on is refused, and says so")
    func connectsToNobody() throws {
        let port = try Listener(loopback()).address().port
        let socket = Socket(adopting: try Socket.connecting(to: loopback(port: port)))
        let poller = try Poller()
        try poller.watch(socket.descriptor, token: 1)
        #expect(poller.wait(milliseconds: 2000) == 1)
        #expect(socket.connectError() == SystemError("connect", code: ECONNREFUSED))
        #expect(SystemError("connect", code: ECONNREFUSED).description == "connect: connection refused")
    }

    @Test("both ends are nonblocking, close on exec, and send small writes at once (TCP_NODELAY)")
    func isSetUp() throws {
        let pair = try Loopback()
        for descriptor in [pair.client.descriptor, pair.server.descriptor] {
            #expect(fcntl(descriptor, F_GETFL) & O_NONBLOCK != 0)
            #expect(fcntl(descriptor, F_GETFD) & FD_CLOEXEC != 0)
            var value: CInt = 0
            var length = socklen_t(MemoryLayout<CInt>.size)
            #expect(getsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &value, &length) == 0)
            #expect(value != 0)
        }
    }
}

@Suite("Listener")
struct ListenerTests {
    @Test("port 0 becomes the port the kernel chose")
    func choosesPort() throws {
        let listener = try Listener(loopback())
        #expect(listener.address().port != 0)
        #expect(listener.address().description == "127.0.0.1:\(listener.address().port)")
    }

    @Test("accepting says nil while nobody waits, and who came when somebody does")
    func accepts() throws {
        let listener = try Listener(loopback())
        #expect(try listener.accept() == nil)
        let client = Socket(adopting: try Socket.connecting(to: listener.address()))
        let (descriptor, peer) = try accepted(listener)
        let server = Socket(adopting: descriptor)
        var local = linux_address()
        #expect(linux_local_address(client.descriptor, &local) == 0)
        #expect(peer.description == SocketAddress(raw: local).description)
        #expect(try listener.accept() == nil)
        #expect(server.descriptor != client.descriptor)
    }

    @Test("each worker listens on one port for itself (SO_REUSEPORT)")
    func sharesPort() throws {
        let first = try Listener(loopback())
        let second = try Listener(first.address())
        #expect(first.address().port == second.address().port)
        #expect(first.descriptor != second.descriptor)
    }

    @Test("a Unix path is listened on once, and every worker accepts from a handle of its own")
    func sharesLocalPath() throws {
        let path = "/tmp/sluice-listener-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock"
        defer { unlink(path) }
        guard let address = SocketAddress(localPath: path) else { preconditionFailure("the path is short") }
        let first = try Listener(address)
        let second = try Listener(sharing: first)
        #expect(first.address().description == "unix:\(path)")
        #expect(throws: SystemError("listen", code: EADDRINUSE)) { _ = try Listener(address) }
        let client = Socket(adopting: try Socket.connecting(to: address))
        let server = Socket(adopting: try accepted(second).descriptor)
        #expect(try first.accept() == nil)
        #expect(client.write(ByteSlice("x")).movedCount == 1)
        #expect(server.readText(1) == "x")
    }

    @Test("of what a client does not read the kernel takes less than a megabyte")
    func boundsUnsent() throws {
        let listener = try Listener(loopback())
        let client = Socket(adopting: try Socket.connecting(to: listener.address()))
        let server = Socket(adopting: try accepted(listener).descriptor)
        let piece = [UInt8](repeating: 0, count: 1 << 16)
        var count = 0
        while count < 64 << 20, let moved = piece.withByteSlice({ server.write($0).movedCount }) { count += moved }
        #expect(count < 1 << 20)
        #expect(count >= ReactorLimits.unsentByteCount)
        #expect(client.descriptor >= 0)
    }

    @Test("a path longer than the kernel takes is no address")
    func refusesLongPaths() {
        #expect(SocketAddress(localPath: String(repeating: "p", count: 107)) != nil)
        #expect(SocketAddress(localPath: String(repeating: "p", count: 108)) == nil)
    }
}
