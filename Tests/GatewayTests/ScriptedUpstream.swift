import Glibc
import Reactor
import Synchronization

/// A provider that does what a test says, connection by connection, on blocking sockets and
/// threads of its own, and keeps what it was asked.
final class ScriptedUpstream: Sendable {
    /// What is done with one connection; it closes when the script returns.
    typealias Script = @Sendable (Peer) -> Void

    /// The upstream's side of one connection.
    struct Peer: Sendable {
        let wire: Wire
        fileprivate let records: Records

        /// The next request, kept; nil when the gateway has closed instead.
        @discardableResult
        func request() -> Message? {
            let request = wire.takeRequest()
            if request.startLine.isEmpty { return nil }
            records.keep(request)
            return request
        }

        /// The head of the next request, kept; its body is the script's to take.
        @discardableResult
        func requestHead() -> Message {
            let head = wire.takeHead()
            records.keep(head)
            return head
        }

        /// Answers every further request alike.
        func answer(_ text: String) {
            while request() != nil, wire.send(text) {}
        }
    }

    private let records: Records
    let port: UInt16

    /// The first connection plays the first script, and so on; the last is played by all later ones.
    init(tls: ServerContext? = nil, _ scripts: Script...) throws {
        (records, port) = try Records.listening(scripts, tls)
    }

    /// Plays `answer` to every request.
    convenience init(tls: ServerContext? = nil, answering answer: String) throws {
        try self.init(tls: tls) { $0.answer(answer) }
    }

    deinit { records.close() }

    /// Refuses connections from now on; those it has go on.
    func stopListening() { records.stopListening() }

    var requests: [Message] { records.kept.withLock { $0.requests } }
    var connectionCount: Int { records.kept.withLock { $0.connectionCount } }
    var failedHandshakes: Int { records.kept.withLock { $0.failedHandshakes } }
    var resumedHandshakes: Int { records.kept.withLock { $0.resumedHandshakes } }
}

/// What an upstream's threads share: they may run a little longer than the upstream.
private final class Records: Sendable {
    struct Kept {
        var requests: [Message] = []
        var wires: [Wire] = []
        var threads: [Thread] = []
        var connectionCount = 0
        var failedHandshakes = 0
        var resumedHandshakes = 0
    }

    let kept = Mutex(Kept())
    private let acceptor = Mutex<Thread?>(nil)
    private let listener: CInt
    private let scripts: [ScriptedUpstream.Script]
    private let tls: ServerContext?

    private init(listener: CInt, _ scripts: [ScriptedUpstream.Script], _ tls: ServerContext?) {
        self.listener = listener
        self.scripts = scripts
        self.tls = tls
    }

    static func listening(_ scripts: [ScriptedUpstream.Script], _ tls: ServerContext?) throws -> (Records, port: UInt16) {
        let listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var raw = SocketAddress.loopback().raw
        _ = withUnsafePointer(to: &raw.address.any) { bind(listener, $0, raw.length) }
        listen(listener, 512)
        var length = raw.length
        _ = withUnsafeMutablePointer(to: &raw.address.any) { getsockname(listener, $0, &length) }
        let records = Records(listener: listener, scripts, tls)
        let thread = try Thread.start("upstream") { records.acceptAll() }
        records.acceptor.withLock { $0 = thread }
        return (records, SocketAddress(raw: raw).port)
    }

    private func acceptAll() {
        while true {
            let accepted = accept(listener, nil, nil)
            guard accepted >= 0 else { return }
            let wire = Wire(adopting: accepted)
            let number = kept.withLock { kept in
                kept.connectionCount += 1
                kept.wires.append(wire)
                return kept.connectionCount
            }
            guard let thread = try? Thread.start("upstream peer", { self.play(number, wire) }) else { return }
            kept.withLock { $0.threads.append(thread) }
        }
    }

    private func play(_ number: Int, _ wire: Wire) {
        defer { wire.close() }
        if let tls {
            guard wire.acceptTLS(tls.pointer) else { return kept.withLock { $0.failedHandshakes += 1 } }
            if wire.isResumed { kept.withLock { $0.resumedHandshakes += 1 } }
        }
        scripts[min(number, scripts.count) - 1](ScriptedUpstream.Peer(wire: wire, records: self))
    }

    func keep(_ request: Message) { kept.withLock { $0.requests.append(request) } }

    func stopListening() {
        guard let thread = acceptor.withLock({ $0.take() }) else { return }
        shutdown(listener, CInt(SHUT_RDWR))
        thread.join()
        Glibc.close(listener)
    }

    func close() {
        stopListening()
        let (wires, threads) = kept.withLock { ($0.wires, $0.threads) }
        for wire in wires { wire.hangUp() }
        for thread in threads { thread.join() }
    }
}

extension SocketAddress {
    /// 127.0.0.1.
    static func loopback(port: UInt16 = 0) -> SocketAddress {
        guard let address = SocketAddress(numeric: "127.0.0.1", port: port) else { preconditionFailure("127.0.0.1 is an address") }
        return address
    }
}
