import COpenSSL
import Glibc
import Reactor
import Synchronization

/// One end of a connection, used as a test reads: send this, pause, expect that. Blocking, and
/// never for longer than `patienceSeconds` without a byte.
final class Wire: @unchecked Sendable {
    // Unchecked: a wire belongs to one thread at a time; only `hangUp` may come from another.
    private let descriptor: CInt
    private let isOpen = Mutex(true)
    private var session: OpaquePointer?
    /// Received and not yet taken.
    private var waiting: [UInt8] = []
    /// How the other side ended, once it has.
    private(set) var ending: Ending?

    enum Ending: Equatable {
        case closed, reset, silent
    }

    static let patienceSeconds = 20

    init(adopting descriptor: CInt) {
        self.descriptor = descriptor
        var patience = timeval(tv_sec: Wire.patienceSeconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var yes: CInt = 1
        setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<CInt>.size))
    }

    /// Connected to `address`; nil when that is refused.
    /// - Parameter receiveByteCount: the kernel's buffer for what comes; small makes back-pressure visible soon.
    convenience init?(to address: SocketAddress, receiveByteCount: Int? = nil) {
        let descriptor = socket(address.family, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        precondition(descriptor >= 0, "a test machine has a descriptor left")
        if var size = receiveByteCount.map(CInt.init) {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<CInt>.size))
        }
        var raw = address.raw
        let length = raw.length
        let result = withUnsafeMutableBytes(of: &raw.address) { bytes in
            connect(descriptor, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), length)
        }
        guard result == 0 else {
            Glibc.close(descriptor)
            return nil
        }
        self.init(adopting: descriptor)
    }

    deinit { close() }

    /// Takes the server's side of a TLS handshake; false when it fails.
    func acceptTLS(_ context: OpaquePointer) -> Bool {
        session = SSL_new(context)
        SSL_set_fd(session, descriptor)
        ERR_clear_error()
        return SSL_accept(session) == 1
    }

    /// Takes the client's side, and sends `bytes` with its last flight; false when it fails.
    func connectTLS(_ context: OpaquePointer, sending bytes: [UInt8] = []) -> Bool {
        session = SSL_new(context)
        SSL_set_fd(session, descriptor)
        _ = openssl_set_server_name(session, "localhost")
        ERR_clear_error()
        var on: CInt = 1
        // Corked: what follows the handshake leaves with it.
        if !bytes.isEmpty { setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_CORK, &on, socklen_t(MemoryLayout<CInt>.size)) }
        guard SSL_connect(session) == 1 else { return false }
        if !bytes.isEmpty {
            guard send(bytes) else { return false }
            on = 0
            setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_CORK, &on, socklen_t(MemoryLayout<CInt>.size))
        }
        return true
    }

    /// Whether the TLS session was resumed.
    var isResumed: Bool { SSL_session_reused(session) == 1 }

    // MARK: Sending

    /// Sends all of it; false when the other side no longer takes it.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool { send(bytes[...]) }

    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    /// Sends in pieces of `count` bytes, far enough apart that each is a read of its own.
    @discardableResult
    func send(_ bytes: [UInt8], piecesOf count: Int, pauseMicroseconds: UInt32 = 300) -> Bool {
        var at = 0
        while at < bytes.count {
            if !send(bytes[at..<min(at + count, bytes.count)]) { return false }
            at += count
            usleep(pauseMicroseconds)
        }
        return true
    }

    private func send(_ bytes: ArraySlice<UInt8>) -> Bool {
        var left = bytes
        while !left.isEmpty {
            let count = left.withUnsafeBytes { raw -> Int in
                if let session { return Int(SSL_write(session, raw.baseAddress, CInt(raw.count))) }
                return Glibc.send(descriptor, raw.baseAddress, raw.count, CInt(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            left = left.dropFirst(count)
        }
        return true
    }

    /// Sends `block` over and over, beginning at `first`, until nothing has been taken for `milliseconds`,
    /// or `limit` bytes have.
    /// - Returns: how many bytes were taken.
    func sendUntilStalled(_ block: [UInt8], from first: Int = 0, milliseconds: Int, limit: Int) -> Int {
        var sent = 0
        while sent < limit {
            var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            guard Glibc.poll(&poll, 1, CInt(milliseconds)) == 1 else { break }
            let offset = (first + sent) % block.count
            let count = block.withUnsafeBytes { raw in
                Glibc.send(descriptor, raw.baseAddress.map { $0 + offset }, min(block.count - offset, limit - sent), CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT))
            }
            if count <= 0 { break }
            sent += count
        }
        return sent
    }

    /// Says that no more will be sent.
    func finishSending() { shutdown(descriptor, CInt(SHUT_WR)) }

    func close() {
        if session != nil {
            SSL_free(session)
            session = nil
        }
        isOpen.withLock { isOpen in
            if isOpen { Glibc.close(descriptor) }
            isOpen = false
        }
    }

    /// Closes with a reset.
    func reset() {
        var abrupt = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &abrupt, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    /// Makes reads and writes on any thread end.
    func hangUp() { isOpen.withLock { if $0 { shutdown(descriptor, CInt(SHUT_RDWR)) } } }

    // MARK: Receiving

    /// Receives once; false at the end.
    func receive() -> Bool {
        guard ending == nil else { return false }
        var piece = [UInt8](repeating: 0, count: 65_536)
        let count = piece.withUnsafeMutableBytes { raw -> Int in
            if let session { return Int(SSL_read(session, raw.baseAddress, CInt(raw.count))) }
            return recv(descriptor, raw.baseAddress, raw.count, 0)
        }
        if count > 0 {
            waiting += piece[..<count]
            return true
        }
        ending = count == 0 ? .closed : errno == EAGAIN ? .silent : .reset
        return false
    }

    /// The next `count` bytes; fewer at the end.
    func take(_ count: Int) -> [UInt8] {
        while waiting.count < count, receive() {}
        guard count < waiting.count else {
            defer { waiting = [] }
            return waiting
        }
        let taken = Array(waiting.prefix(count))
        waiting.removeFirst(taken.count)
        return taken
    }

    /// Everything through `mark`; nil when the end comes before it.
    func take(through mark: String) -> [UInt8]? {
        let wanted = Array(mark.utf8)
        var searched = 0
        while true {
            if let start = waiting.firstRange(of: wanted, from: max(0, searched - wanted.count)) {
                let taken = Array(waiting[..<(start + wanted.count)])
                waiting.removeFirst(taken.count)
                return taken
            }
            searched = waiting.count
            if !receive() { return nil }
        }
    }

    /// Everything up to the end.
    func takeAll() -> [UInt8] {
        while receive() {}
        defer { waiting = [] }
        return waiting
    }

    /// Whether something comes, or the end, within `milliseconds`.
    func hears(within milliseconds: Int) -> Bool {
        if !waiting.isEmpty { return true }
        var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return Glibc.poll(&poll, 1, CInt(milliseconds)) == 1
    }

    /// Waits for the other side to be gone.
    /// - Returns: milliseconds that took; nil when it stays.
    func millisecondsUntilEnd() -> Int? {
        let start = Instant.now()
        while receive() {}
        waiting = []
        return ending == .silent ? nil : Int(Instant.now().nanoseconds(since: start) / 1_000_000)
    }
}

extension [UInt8] {
    /// Where `wanted` first starts at or after `offset`.
    func firstRange(of wanted: [UInt8], from offset: Int = 0) -> Int? {
        guard count >= wanted.count else { return nil }
        return (offset...Swift.max(offset, count - wanted.count)).first { start in
            start + wanted.count <= count && self[start..<start + wanted.count].elementsEqual(wanted)
        }
    }

    var text: String { String(decoding: self, as: UTF8.self) }
}

func pause(milliseconds: Int) { usleep(UInt32(milliseconds) * 1000) }

/// Whether it comes true; what a busy machine is late with is waited for.
func soon(_ condition: () -> Bool) -> Bool {
    for _ in 0..<2000 {
        if condition() { return true }
        pause(milliseconds: 5)
    }
    return condition()
}

/// What one thread opens and others wait at.
final class Latch: Sendable {
    private let isOpen = Atomic(false)

    func open() { isOpen.store(true, ordering: .releasing) }

    func wait() {
        while !isOpen.load(ordering: .acquiring) { pause(milliseconds: 1) }
    }
}
