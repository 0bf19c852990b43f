import Bytes
import COpenSSL
import Glibc
import TLS
import Testing

@testable import TLS

@Suite("TLS server under attack")
struct HostileClientTests {
    private let listener: Listener

    init() throws { listener = try Listener([Certificate(.init(names: "DNS:a.example")).forServer()]) }

    /// What a session comes to that is sent `bytes` and nothing more.
    private func outcome(of bytes: [UInt8], closing: Bool = true) throws -> TLSError? {
        let link = Link()
        defer { link.close() }
        var server = try listener.accept(link)
        _ = bytes.withUnsafeBytes { Glibc.write(link.client, $0.baseAddress, $0.count) }
        if closing { shutdown(link.client, CInt(SHUT_WR)) }
        if case .failed(let error) = server.handshake() { return error }
        return nil
    }

    @Test("plaintext is told from TLS, whatever its method", arguments: [
        "GET / HTTP/1.1\r\n\r\n", "POST /v1/chat/completions HTTP/1.1\r\n", "PUT / HTTP/1.1\r\n", "HEAD / HTTP/1.1\r\n", "DELETE /v1/files/1 HTTP/1.1\r\n",
        "PATCH / HTTP/1.1\r\n", "OPTIONS * HTTP/1.1\r\n", "CONNECT a.example:443 HTTP/1.1\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "hello there",
    ])
    func knowsPlaintext(_ text: String) throws {
        #expect(try outcome(of: Array(text.utf8), closing: false) == .notTLS)
    }

    @Test("plaintext behind the beginning of a handshake is no plaintext client: it has been answered in TLS")
    func knowsBrokenTLS() throws {
        let link = Link()
        defer { link.close() }
        let client = try Client()
        try client.connect(link)
        var server = try listener.accept(link)
        client.step()
        guard case .wantsRead = server.handshake() else { throw Unexpected("no answer to the hello") }
        _ = Array("GET / HTTP/1.1\r\n\r\n".utf8).withUnsafeBytes { Glibc.write(link.client, $0.baseAddress, $0.count) }
        guard case .failed(let error) = server.handshake() else { throw Unexpected("it did not fail") }
        #expect(error != .notTLS)
    }

    @Test("garbage never passes, whole or cut at any byte", arguments: [0x00, 0x14, 0x15, 0x16, 0x17, 0x80, 0xFF] as [UInt8])
    func refusesGarbage(_ first: UInt8) throws {
        let seed = UInt64(getenv("SLUICE_SEED").flatMap { UInt64(String(cString: $0)) } ?? .random(in: 1...(.max)))
        var state = seed
        for length in [1, 4, 5, 6, 64, 1_000, 20_000] {
            var bytes = [first, 3, 1, UInt8(min(length >> 8, 64)), UInt8(truncatingIfNeeded: length)]
            while bytes.count < length {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                bytes.append(UInt8(truncatingIfNeeded: state >> 33))
            }
            #expect(try outcome(of: Array(bytes.prefix(length))) != nil, "\(length) bytes, SLUICE_SEED=\(seed)")
        }
    }

    @Test("a hello with any one byte changed, or cut at any byte, stops nothing but itself")
    func survivesMutation() throws {
        let link = Link()
        let client = try Client(.init(protocols: [8] + Array("http/1.1".utf8)))
        try client.connect(link)
        client.step()
        var hello = [UInt8](repeating: 0, count: 4_096)
        let count = Glibc.read(link.server, &hello, hello.count)
        hello = Array(hello.prefix(max(0, count)))
        link.close()
        #expect(hello.count > 100)
        for offset in hello.indices {
            var changed = hello
            changed[offset] ^= 0xFF
            _ = try outcome(of: changed)
            #expect(try outcome(of: Array(hello[..<offset])) != nil)
        }
        #expect(try outcome(of: hello, closing: false) == nil)
        #expect(try listener.greet(Client()) == nil)
    }

    /// An open session with `client`, and what `act` makes of it.
    private func afterHandshake(_ client: Client, _ act: (inout TLSSession, Link) throws -> Void) throws {
        let link = Link()
        defer { link.close() }
        try client.connect(link)
        var server = try listener.accept(link)
        #expect(shakeHands(&server, client) == nil)
        try act(&server, link)
    }

    private func read(_ server: inout TLSSession) -> TLSTransfer {
        var byte: UInt8 = 0
        return server.read(into: &byte, capacity: 1)
    }

    @Test("a renegotiation is refused, and the connection goes on as it was (TLS 1.2)")
    func refusesRenegotiation() throws {
        try afterHandshake(Client(.init(highestVersion: TLS1_2_VERSION))) { server, link in
            _ = link
            guard case .wantsRead = read(&server) else { throw Unexpected("nothing was sent") }
        }
        let client = try Client(.init(highestVersion: TLS1_2_VERSION))
        try afterHandshake(client) { server, _ in
            client.renegotiate()
            guard case .wantsRead = read(&server) else { throw Unexpected("the session did not go on") }
            client.step()
            // OpenSSL's client takes the warning no_renegotiation for the end.
            #expect(client.failure == "no renegotiation")
        }
    }

    @Test("key updates are taken up to the bound, and one more ends the connection", arguments: [0, 1])
    func boundsKeyUpdates(_ excess: Int) throws {
        let client = try Client()
        try afterHandshake(client) { server, _ in
            for _ in 0..<TLSLimits.messagesAfterHandshake {
                client.updateKeys()
                client.write([1])
            }
            for _ in 0..<TLSLimits.messagesAfterHandshake {
                guard case .moved(1) = read(&server) else { throw Unexpected("an update within the bound ended it") }
            }
            for _ in 0..<excess { client.updateKeys() }
            client.write([2])
            switch (read(&server), excess) {
            case (.moved(1), 0), (.closed, 1): break
            case (let other, _): Issue.record("\(excess) too many: \(other)")
            }
        }
    }

    @Test("a flood of key updates is ended within one read")
    func endsFlood() throws {
        let client = try Client()
        try afterHandshake(client) { server, _ in
            for _ in 0..<10 * TLSLimits.messagesAfterHandshake {
                client.updateKeys()
                // A zero-length write sends the update alone.
                client.write([])
            }
            if case .moved = read(&server) { throw Unexpected("there is nothing to read") }
            guard case .closed = read(&server) else { throw Unexpected("it goes on") }
        }
    }

    @Test("no data ahead of the handshake is taken: sessions do not allow it (RFC 8446 §4.2.10)")
    func takesNoEarlyData() throws {
        let client = try Client()
        #expect(try listener.greet(client) == nil)
        #expect(SSL_SESSION_get_max_early_data(client.takeTicket()) == 0)
    }

    @Test("what is sent ahead all the same is skipped up to the bound, and never read", arguments: [1, 2])
    func skipsEarlyData(_ times: Int) throws {
        let first = try Client()
        #expect(try listener.greet(first) == nil)
        let link = Link()
        defer { link.close() }
        let client = try Client(resuming: first.takeTicket())
        try client.connect(link)
        client.writeEarly([UInt8](repeating: 0x65, count: times * TLSLimits.skippedEarlyByteCount))
        var server = try listener.accept(link)
        let error = shakeHands(&server, client)
        guard times == 1 else { return #expect(error != nil) }
        #expect(error == nil)
        client.write([7])
        var byte: UInt8 = 0
        guard case .moved(1) = server.read(into: &byte, capacity: 1) else { throw Unexpected("the session does not go on") }
        #expect(byte == 7)
    }
}
