import Bytes
import COpenSSL
import Glibc
import TLS
import Testing

@Suite("TLS session")
struct SessionTests {
    private let authority: Certificate
    private let certificate: Certificate

    init() throws {
        authority = try Certificate(.init(subject: "test root", isAuthority: true))
        certificate = try Certificate(.init(names: "DNS:a.example"), issuer: authority)
    }

    private func origin() throws -> TLSOrigin {
        try TLSOrigin(ByteSlice("a.example"), context: context(trusting: authority))
    }

    /// Writes all of `bytes`, at most `step` at a time, letting the server read when the socket is full.
    private func send(_ bytes: [UInt8], step: Int, _ client: inout TLSSession, _ server: Server) throws {
        var sent = 0
        var turns = 0
        while sent < bytes.count {
            // A copy at another address each time: a write may be repeated from anywhere.
            let run = Array(bytes[sent..<min(bytes.count, sent + step)])
            switch run.withByteSlice({ client.write($0) }) {
            case .moved(let count): sent += count
            case .wantsWrite, .wantsRead: server.step()
            case let other: throw Unexpected("write ended with \(other)")
            }
            turns += 1
            if turns > 1_000_000 { throw Unexpected("no end in sight") }
        }
        server.step()
    }

    /// Reads until `count` bytes have come, at most `step` at a time; `refill` lets the server write.
    private func receive(
        _ count: Int, step: Int, _ client: inout TLSSession, refill: () -> Void
    ) throws -> [UInt8] {
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: step)
        var idle = 0
        while received.count < count {
            switch buffer.withUnsafeMutableBufferPointer({ client.read(into: $0.baseAddress!, capacity: step) }) {
            case .moved(let moved):
                received += buffer.prefix(moved)
                idle = 0
            case .wantsRead:
                refill()
                idle += 1
                if idle > 100 { throw Unexpected("nothing comes") }
            case let other: throw Unexpected("read ended with \(other)")
            }
        }
        return received
    }

    @Test("bytes cross both ways, whatever the size of reads and writes", arguments: [
        (1, 1, 300), (7, 3, 4_000), (16_384, 1_000, 100_000), (100_000, 65_536, 3_000_000),
    ])
    func bytesCross(_ writeStep: Int, _ readStep: Int, _ count: Int) throws {
        let link = Link()
        defer { link.close() }
        let server = try Server(certificate)
        try server.accept(link)
        var client = try TLSSession(to: origin(), over: link.client)
        #expect(shakeHands(&client, server) == nil)
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        try send(bytes, step: writeStep, &client, server)
        #expect(server.received == bytes)
        var sent = 0
        let back = try receive(count, step: readStep, &client) {
            while sent < count {
                let moved = server.write(bytes[sent..<min(count, sent + writeStep)])
                if moved == 0 { break }
                sent += moved
            }
        }
        #expect(back == bytes)
    }

    @Test("a full socket takes part of a write, and the rest follows when it drains")
    func writesPartially() throws {
        let link = Link()
        defer { link.close() }
        let server = try Server(certificate)
        try server.accept(link)
        var client = try TLSSession(to: origin(), over: link.client)
        #expect(shakeHands(&client, server) == nil)
        let bytes = [UInt8](repeating: 0x61, count: 8 << 20)
        var sent = 0
        var isFull = false
        while !isFull {
            switch Array(bytes[sent...]).withByteSlice({ client.write($0) }) {
            case .moved(let count): sent += count
            case .wantsWrite: isFull = true
            case let other: throw Unexpected("write ended with \(other)")
            }
        }
        #expect(sent > 0 && sent < bytes.count)
        try send(Array(bytes[sent...]), step: bytes.count, &client, server)
        #expect(server.received.count == bytes.count)
    }

    @Test("decrypted bytes that wait in the session are counted")
    func countsPending() throws {
        let link = Link()
        defer { link.close() }
        let server = try Server(certificate)
        try server.accept(link)
        var client = try TLSSession(to: origin(), over: link.client)
        #expect(shakeHands(&client, server) == nil)
        #expect(server.write([1, 2, 3, 4, 5][...]) == 5)
        var byte: UInt8 = 0
        guard case .moved(1) = client.read(into: &byte, capacity: 1) else { throw Unexpected("no byte came") }
        #expect(byte == 1)
        let pending = client.pendingByteCount
        #expect(pending == 4)
    }

    @Test("a record read ahead is held by the session, though none of it is decrypted")
    func tellsReadAhead() throws {
        let link = Link()
        defer { link.close() }
        let server = try Server(certificate)
        try server.accept(link)
        var client = try TLSSession(to: origin(), over: link.client)
        #expect(shakeHands(&client, server) == nil)
        #expect(server.write([1][...]) == 1)
        #expect(server.write([2][...]) == 1)
        var byte: UInt8 = 0
        guard case .moved(1) = client.read(into: &byte, capacity: 1) else { throw Unexpected("no byte came") }
        let (pending, holds) = (client.pendingByteCount, client.holdsBytes)
        #expect(pending == 0)
        #expect(holds)
        guard case .moved(1) = client.read(into: &byte, capacity: 1) else { throw Unexpected("no byte came") }
        guard case .wantsRead = client.read(into: &byte, capacity: 1) else { throw Unexpected("a byte too many") }
        let stillHolds = client.holdsBytes
        #expect(!stillHolds)
    }

    @Test("new keys in mid-session go unnoticed (RFC 8446 §4.6.3)")
    func survivesKeyUpdate() throws {
        let link = Link()
        defer { link.close() }
        let server = try Server(certificate)
        try server.accept(link)
        var client = try TLSSession(to: origin(), over: link.client)
        #expect(shakeHands(&client, server) == nil)
        server.updateKeys()
        #expect(server.write([1][...]) == 1)
        #expect(try receive(1, step: 10, &client) {} == [1])
        try send([2], step: 1, &client, server)
        #expect(server.received == [2])
    }

    @Test("an end with close_notify is clean, one without is not (RFC 8446 §6.1)", arguments: [true, false])
    func tellsTruncation(_ notified: Bool) throws {
        let link = Link()
        defer { link.close() }
        let server = try Server(certificate)
        try server.accept(link)
        var client = try TLSSession(to: origin(), over: link.client)
        #expect(shakeHands(&client, server) == nil)
        #expect(server.write([1][...]) == 1)
        if notified { server.sendCloseNotify() }
        link.closeServer()
        #expect(try receive(1, step: 10, &client) {} == [1])
        var byte: UInt8 = 0
        guard case .closed(let clean) = client.read(into: &byte, capacity: 1) else { throw Unexpected("not closed") }
        #expect(clean == notified)
    }

    @Test("writing to a peer that is gone fails and kills nobody")
    func failsOnBrokenPipe() throws {
        let link = Link()
        defer { link.close() }
        let server = try Server(certificate)
        try server.accept(link)
        var client = try TLSSession(to: origin(), over: link.client)
        #expect(shakeHands(&client, server) == nil)
        link.closeServer()
        guard case .failed(.system(EPIPE)) = client.write(ByteSlice("hello")) else { throw Unexpected("it did not fail") }
    }

    @Test("shutting down tells the peer")
    func sendsCloseNotify() throws {
        let link = Link()
        defer { link.close() }
        let server = try Server(certificate)
        try server.accept(link)
        var client = try TLSSession(to: origin(), over: link.client)
        #expect(shakeHands(&client, server) == nil)
        guard case .done = client.shutdown() else { throw Unexpected("not sent") }
        server.step()
        #expect(server.hasSeenCloseNotify)
    }

    @Test("http/1.1 is offered by ALPN, and a server that knows no ALPN is taken as it is", arguments: [true, false])
    func negotiates(_ answers: Bool) throws {
        let link = Link()
        defer { link.close() }
        let server = try Server(certificate, .init(protocols: answers ? [8] + Array("http/1.1".utf8) : []))
        try server.accept(link)
        var client = try TLSSession(to: origin(), over: link.client)
        #expect(shakeHands(&client, server) == nil)
        let (chosen, version) = (String(client.negotiatedProtocol), client.version)
        #expect(chosen == (answers ? "http/1.1" : ""))
        #expect(version == "TLSv1.3")
    }

    @Test("TLS 1.2 is spoken with AEAD suites only", arguments: [
        ("ECDHE-ECDSA-AES128-GCM-SHA256", true), ("ECDHE-ECDSA-CHACHA20-POLY1305", true), ("ECDHE-ECDSA-AES128-SHA256", false),
    ])
    func speaksTLS12(_ suite: String, _ accepted: Bool) throws {
        let link = Link()
        defer { link.close() }
        let server = try Server(certificate, .init(highestVersion: TLS1_2_VERSION, suites: suite))
        try server.accept(link)
        var client = try TLSSession(to: origin(), over: link.client)
        let error = shakeHands(&client, server)
        let version = client.version
        if accepted {
            #expect(error == nil)
            #expect(version == "TLSv1.2")
        } else {
            #expect(error == .alert(code: 40, reason: "sslv3 alert handshake failure"))
        }
    }
}

@Suite("TLS handshake")
struct HandshakeTests {
    private let authority: Certificate
    private let certificate: Certificate

    init() throws {
        authority = try Certificate(.init(subject: "test root", isAuthority: true))
        certificate = try Certificate(.init(names: "DNS:a.example"), issuer: authority)
    }

    @Test("a server that knows nothing newer than TLS 1.1 is refused by version")
    func refusesOldVersions() throws {
        let server = try Server(certificate, .init(highestVersion: TLS1_1_VERSION))
        #expect(try greet(server, host: "a.example", context(trusting: authority)) == .protocolVersion)
    }

    /// What a handshake with a server that answers `bytes` and closes comes to.
    private func outcome(answering bytes: [UInt8], closing: Bool) throws -> TLSError? {
        let link = Link()
        defer { link.close() }
        let origin = try TLSOrigin(ByteSlice("a.example"), context: context(trusting: authority))
        var client = try TLSSession(to: origin, over: link.client)
        guard case .wantsRead = client.handshake() else { throw Unexpected("no hello was sent") }
        _ = bytes.withUnsafeBytes { Glibc.write(link.server, $0.baseAddress, $0.count) }
        if closing { link.closeServer() }
        if case .failed(let error) = client.handshake() { return error }
        return nil
    }

    @Test("a plaintext answer says that the server does not speak TLS")
    func refusesPlaintext() throws {
        let error = try outcome(answering: Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8), closing: true)
        #expect(error == .notTLS)
        #expect(error?.description == "the server does not speak TLS")
    }

    @Test("garbage never passes, whole or cut at any byte", arguments: [0x00, 0x16, 0x15, 0x17, 0xFF] as [UInt8])
    func refusesGarbage(_ first: UInt8) throws {
        let seed = UInt64(getenv("SLUICE_SEED").flatMap { UInt64(String(cString: $0)) } ?? .random(in: 1...(.max)))
        var state = seed
        for length in [1, 4, 5, 6, 64, 1_000] {
            var bytes = [first, 3, 3, 0, UInt8(min(length, 255))]
            while bytes.count < length {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                bytes.append(UInt8(truncatingIfNeeded: state >> 33))
            }
            #expect(try outcome(answering: Array(bytes.prefix(length)), closing: true) != nil, "\(length) bytes, SLUICE_SEED=\(seed)")
        }
    }

    @Test("a server that closes in mid-handshake is reported as that")
    func reportsEarlyClose() throws {
        let error = try outcome(answering: [], closing: true)
        #expect(error == .closedInHandshake || error == .system(ECONNRESET), "\(String(describing: error))")
        #expect(try outcome(answering: [0x16, 3, 3], closing: true) != nil)
        #expect(try outcome(answering: [], closing: false) == nil)
    }

    @Test("no credential byte leaves before the server is verified: what it got holds no plaintext")
    func sendsNothingUnverified() throws {
        let wrong = try Certificate(.init(names: "DNS:b.example"), issuer: authority)
        let link = Link()
        defer { link.close() }
        let server = try Server(wrong)
        try server.accept(link)
        let origin = try TLSOrigin(ByteSlice("a.example"), context: context(trusting: authority))
        var client = try TLSSession(to: origin, over: link.client)
        #expect(shakeHands(&client, server) == .certificate(.nameMismatch(names: "b.example")))
        server.step()
        #expect(server.received.isEmpty)
        #expect(!server.isOpen)
    }

    @Test("writing before the handshake is done stops the process, not the secret")
    func refusesEarlyWrites() async {
        await #expect(processExitsWith: .failure) {
            let link = Link()
            defer { link.close() }
            let origin = try TLSOrigin(ByteSlice("a.example"), context: TLSContext(verification: .off))
            var client = try TLSSession(to: origin, over: link.client)
            _ = client.handshake()
            _ = client.write(ByteSlice("Authorization: Bearer secret"))
        }
    }
}

/// A test met what it did not expect.
struct Unexpected: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
