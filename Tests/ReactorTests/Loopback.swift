import Bytes
import CLinux
import Glibc
import Reactor

/// Two ends of one connection over loopback.
struct Loopback: ~Copyable {
    let client: Socket
    let server: Socket

    init() throws {
        // A write to a closed peer is an error to be returned; the gateway ignores the signal as well.
        signal(SIGPIPE, SIG_IGN)
        let listener = try Listener(loopback())
        let connecting = try Socket.connecting(to: listener.address())
        let other = try accepted(listener).descriptor
        client = Socket(adopting: connecting)
        server = Socket(adopting: other)
    }

    /// Ends one side early, by closing it.
    consuming func closingServer() -> Socket { client }
}

func loopback(port: UInt16 = 0) -> SocketAddress {
    guard let address = SocketAddress(numeric: "127.0.0.1", port: port) else { preconditionFailure("a numeric address parses") }
    return address
}

/// The next connection, waited for at most two seconds.
func accepted(_ listener: borrowing Listener) throws -> (descriptor: CInt, peer: SocketAddress) {
    for _ in 0..<2000 {
        if let next = try listener.accept() { return next }
        usleep(1000)
    }
    throw SystemError("accept4", code: ETIMEDOUT)
}

extension Socket {
    /// What arrives within two seconds: `count` bytes, or fewer before the end or an error.
    borrowing func readText(_ count: Int) -> String {
        var bytes: [UInt8] = []
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: count)
        defer { memory.deallocate() }
        while bytes.count < count {
            switch settledRead(into: memory, capacity: count - bytes.count) {
            case .moved(let moved): bytes += UnsafeBufferPointer(start: memory, count: moved)
            case .blocked, .closed, .failed: return String(decoding: bytes, as: UTF8.self)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// One read's outcome, once it is something else than "not yet".
    borrowing func settledRead(into memory: UnsafeMutablePointer<UInt8>, capacity: Int) -> Transfer {
        for _ in 0..<2000 {
            let outcome = read(into: memory, capacity: capacity)
            if case .blocked = outcome { usleep(1000) } else { return outcome }
        }
        return .blocked
    }

    borrowing func settledRead() -> Transfer {
        var byte: UInt8 = 0
        return withUnsafeMutablePointer(to: &byte) { settledRead(into: $0, capacity: 1) }
    }

    /// Writes until the kernel takes no more; how many bytes it took.
    borrowing func fill() -> Int {
        let piece = [UInt8](repeating: 0x61, count: 65_536)
        var total = 0
        while case .moved(let count) = piece.withByteSlice({ write($0) }) { total += count }
        return total
    }
}

extension Transfer {
    var movedCount: Int? { if case .moved(let count) = self { count } else { nil } }
    var isBlocked: Bool { if case .blocked = self { true } else { false } }
    var isClosed: Bool { if case .closed = self { true } else { false } }
    var failure: CInt? { if case .failed(let code) = self { code } else { nil } }
}
