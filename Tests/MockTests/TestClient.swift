import Bytes
import Glibc
import Mock
import Reactor
import Testing

/// A blocking client over a raw socket; reads give up after five seconds.
final class TestClient {
    struct Answer {
        var status = 0
        /// The head's lines, in lower case.
        var head = ""
        /// Without its framing.
        var body = ""
        /// Whether the body came to the end its framing promises.
        var isWhole = false

        /// The data of each server-sent event.
        var events: [String] {
            body.split { $0.isNewline }.filter { $0.hasPrefix("data: ") }.map { String($0.dropFirst(6)) }
        }

        func field(_ name: String) -> String? {
            for line in head.split(separator: "\r\n") where line.hasPrefix(name + ": ") { return String(line.dropFirst(name.count + 2)) }
            return nil
        }
    }

    private let descriptor: CInt
    /// Bytes from `start` on are not taken yet.
    private var received: [UInt8] = []
    private var start = 0
    private(set) var isEnded = false

    init(_ server: MockServer) throws {
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var limit = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        // Requests are sent in pieces on purpose: none is to wait for another's acknowledgement.
        var now: CInt = 1
        setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &now, socklen_t(MemoryLayout<CInt>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = server.address.port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        try #require(code == 0)
    }

    deinit { disconnect() }

    private var isOpen = true
    func disconnect() {
        if isOpen { Glibc.close(descriptor) }
        isOpen = false
    }

    func send(_ text: String) { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress! + sent, bytes.count - sent, CInt(MSG_NOSIGNAL)) }
            guard count > 0 else { return }
            sent += count
        }
    }

    func post(_ path: String, _ body: String, fields: String = "") {
        send("POST \(path) HTTP/1.1\r\nhost: mock\r\n\(fields)content-length: \(body.utf8.count)\r\n\r\n\(body)")
    }

    /// Asks the chat endpoint for what `model` scripts.
    func chat(_ model: String, streams: Bool = false, more: String = "") {
        post("/v1/chat/completions", #"{"model":"\#(model)","stream":\#(streams),"messages":[{"role":"user","content":"hi"}]\#(more)}"#)
    }

    /// Reads once; false at the end, on a reset, or when time is up.
    @discardableResult
    func read() -> Bool {
        var piece = [UInt8](repeating: 0, count: 65536)
        let count = recv(descriptor, &piece, piece.count, 0)
        guard count > 0 else {
            isEnded = count == 0 || errno == ECONNRESET
            return false
        }
        if start == received.count {
            received.removeAll(keepingCapacity: true)
            start = 0
        }
        received += piece[..<count]
        return true
    }

    /// Whether the server closes before time is up, whatever it sends until then.
    func sawEnd() -> Bool {
        while read() {}
        return isEnded
    }

    /// All that came and was not taken as an answer.
    var rest: String { String(decoding: received[start...], as: UTF8.self) }

    /// One answer; what follows it is kept for the next.
    func answer(toHead: Bool = false) -> Answer {
        while find("\r\n\r\n") == nil, read() {}
        guard let headEnd = find("\r\n\r\n") else { return Answer() }
        var answer = Answer()
        answer.head = String(decoding: received[start..<headEnd], as: UTF8.self).lowercased()
        answer.status = Int(answer.head.dropFirst(9).prefix(3)) ?? 0
        start = headEnd + 4
        if toHead || answer.status == 204 || answer.status == 304 || answer.status == 100 {
            answer.isWhole = true
        } else if let length = answer.field("content-length").flatMap({ Int($0) }) {
            while received.count - start < length, read() {}
            answer.isWhole = received.count - start >= length
            take(min(length, received.count - start), into: &answer)
        } else if answer.field("transfer-encoding") == "chunked" {
            takeChunks(into: &answer)
        } else {
            answer.isWhole = sawEnd()
            take(received.count - start, into: &answer)
        }
        return answer
    }

    private func take(_ count: Int, into answer: inout Answer) {
        answer.body = String(decoding: received[start..<start + count], as: UTF8.self)
        start += count
    }

    private func takeChunks(into answer: inout Answer) {
        var body: [UInt8] = []
        defer { answer.body = String(decoding: body, as: UTF8.self) }
        while true {
            while find("\r\n") == nil { if !read() { return } }
            guard let lineEnd = find("\r\n"), let size = Int(String(decoding: received[start..<lineEnd], as: UTF8.self), radix: 16)
            else { return }
            let sizeLine = lineEnd - start
            while received.count - start < sizeLine + 2 + size + 2 {
                if !read() { return }
            }
            body += received[start + sizeLine + 2..<start + sizeLine + 2 + size]
            start += sizeLine + 2 + size + 2
            if size == 0 {
                answer.isWhole = true
                return
            }
        }
    }

    private func find(_ text: StaticString) -> Int? {
        received.withByteSlice { $0.firstRange(of: ByteSlice(text), from: start)?.lowerBound }
    }
}

/// A server on a port of its own, ended with the test.
func withServer<Result>(workers: Int = 1, options: MockOptions = MockOptions(), _ body: (MockServer) throws -> Result) throws -> Result {
    let server = try MockServer(listen: SocketAddress(numeric: "127.0.0.1", port: 0)!, workers: workers, options: options)
    defer {
        server.stop()
        server.wait()
    }
    return try body(server)
}

/// Milliseconds `body` takes.
func milliseconds(_ body: () throws -> Void) rethrows -> Double {
    let start = ContinuousClock.now
    try body()
    return (ContinuousClock.now - start) / .milliseconds(1)
}
