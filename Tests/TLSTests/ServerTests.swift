import Bytes
import COpenSSL
import Glibc
import TLS
import Testing

@Suite("TLS server")
struct ServerTests {
    private let certificate: Certificate
    private let listener: Listener

    init() throws {
        certificate = try Certificate(.init(names: "DNS:a.example"))
        listener = try Listener([certificate.forServer()])
    }

    @Test("TLS 1.2 and 1.3 are spoken, each with forward secrecy and AEAD", arguments: [
        (TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256", TLSVersion.tls12), (TLS1_2_VERSION, "ECDHE-ECDSA-AES256-GCM-SHA384", .tls12),
        (TLS1_2_VERSION, "ECDHE-ECDSA-CHACHA20-POLY1305", .tls12), (TLS1_3_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256", .tls13),
    ])
    func speaks(_ version: CInt, _ suite: String, _ expected: TLSVersion) throws {
        let client = try Client(.init(highestVersion: version, suites: suite))
        var spoken: TLSVersion?
        #expect(try listener.greet(client) { spoken = $0.negotiatedVersion } == nil)
        #expect(spoken == expected && client.isOpen)
    }

    @Test("what is old or weak is refused, and the refusal says what it was", arguments: [
        (Client.Settings(highestVersion: TLS1_1_VERSION, lowestVersion: TLS1_VERSION), TLSError.protocolVersion),
        (Client.Settings(highestVersion: TLS1_2_VERSION, suites: "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA"), .noSharedCipher),
        (Client.Settings(highestVersion: TLS1_2_VERSION, suites: "AES128-GCM-SHA256"), .noSharedCipher),
        (Client.Settings(highestVersion: TLS1_2_VERSION, suites: "DHE-RSA-AES128-GCM-SHA256"), .noSharedCipher),
        (Client.Settings(highestVersion: TLS1_2_VERSION, suites: "ECDHE-ECDSA-AES128-CCM"), .noSharedCipher),
        (Client.Settings(lowestVersion: TLS1_3_VERSION, groups: "P-521:X448"), .noSharedCipher),
    ])
    func refusesWeakness(_ settings: Client.Settings, _ expected: TLSError) throws {
        let client = try Client(settings)
        #expect(try listener.greet(client) == expected)
        #expect(!client.isOpen)
    }

    @Test("the cheapest suite is chosen, unless the client has ChaCha20 first", arguments: [
        (TLS1_2_VERSION, "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"),
        (TLS1_2_VERSION, "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"),
        (TLS1_3_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256", "TLS_AES_128_GCM_SHA256"),
    ])
    func choosesSuites(_ version: CInt, _ offered: String, _ chosen: String) throws {
        let client = try Client(.init(highestVersion: version, suites: offered))
        #expect(try listener.greet(client) == nil)
        #expect(client.chosenSuite == chosen)
    }

    @Test("a client that knows nothing newer than TLS 1.2 is refused where 1.3 is asked for")
    func asksForNewest() throws {
        let strict = try Listener([certificate.forServer()], from: .tls13)
        #expect(try strict.greet(Client(.init(highestVersion: TLS1_2_VERSION))) == .protocolVersion)
        #expect(try strict.greet(Client()) == nil)
    }

    // MARK: Names

    @Test("the certificate is that of the name asked for: exact, then one label of a wildcard, else the first", arguments: [
        ("b.example", "b.example"), ("B.Example", "b.example"), ("x.c.example", "*.c.example"), ("y.x.c.example", "a.example"),
        ("c.example", "a.example"), ("exact.c.example", "exact.c.example"), ("unknown.test", "a.example"), ("a.example", "a.example"), (nil, "a.example"),
    ])
    func choosesByName(_ asked: String?, _ shown: String) throws {
        let names = ["a.example", "b.example", "*.c.example", "exact.c.example"]
        let listener = try Listener(names.map { try Certificate(.init(names: "DNS:\($0)")).forServer() })
        for version in [TLS1_2_VERSION, TLS1_3_VERSION] {
            let client = try Client(.init(highestVersion: version, name: asked))
            #expect(try listener.greet(client) == nil)
            #expect(client.shownNames == shown)
        }
    }

    @Test("two certificates for the same names serve clients of either kind of key")
    func offersBothKinds() throws {
        let rsa = try Certificate(.init(names: "DNS:a.example", rsaBits: 2048))
        let listener = try Listener([rsa.forServer(), certificate.forServer()])
        for (suites, kind) in [("ECDHE-RSA-AES128-GCM-SHA256", EVP_PKEY_RSA), ("ECDHE-ECDSA-AES128-GCM-SHA256", EVP_PKEY_EC)] {
            let client = try Client(.init(highestVersion: TLS1_2_VERSION, suites: suites))
            #expect(try listener.greet(client) == nil)
            #expect(client.shownKey == kind)
        }
    }

    @Test("the certificates that vouch for the server's are sent with it")
    func sendsChain() throws {
        let root = try Certificate(.init(subject: "root", isAuthority: true))
        let middle = try Certificate(.init(subject: "middle", isAuthority: true), issuer: root)
        let leaf = try Certificate(.init(names: "DNS:a.example"), issuer: middle)
        let listener = try Listener([tlsCertificate(chain: leaf.pem() + middle.pem(), key: leaf.keyPEM())])
        let trust = try context(trusting: root)
        let link = Link()
        defer { link.close() }
        var server = try listener.accept(link)
        var client = try TLSSession(to: TLSOrigin(ByteSlice("a.example"), context: trust), over: link.client)
        for _ in 0..<10 {
            _ = client.handshake()
            _ = server.handshake()
        }
        guard case .done = client.handshake() else { throw Unexpected("the client does not trust the chain") }
    }

    // MARK: Protocols

    private static let h1: [UInt8] = [8] + Array("http/1.1".utf8)
    private static let h2: [UInt8] = [2] + Array("h2".utf8)

    @Test("the protocol is the server's first choice among the client's; who asks for none gets HTTP/1.1", arguments: [
        ([TLSProtocol.http1], h2 + h1, "http/1.1", TLSProtocol.http1), ([.http2, .http1], h1 + h2, "h2", .http2), ([.http2, .http1], h1, "http/1.1", .http1),
        ([.http2, .http1], [], "", .http1), ([.http1], h1, "http/1.1", .http1),
    ])
    func negotiates(_ served: [TLSProtocol], _ offered: [UInt8], _ chosen: String, _ expected: TLSProtocol) throws {
        let listener = try Listener([certificate.forServer()], protocols: served)
        let client = try Client(.init(protocols: offered))
        var spoken: TLSProtocol?
        #expect(try listener.greet(client) { spoken = $0.applicationProtocol } == nil)
        #expect(client.chosenProtocol == chosen && spoken == expected)
    }

    @Test("no protocol in common is the alert no_application_protocol (RFC 7301 §3.2)")
    func refusesOtherProtocols() throws {
        let client = try Client(.init(protocols: Self.h2))
        #expect(try listener.greet(client) == .noSharedProtocol)
        #expect(client.alert == 120)
    }

    // MARK: Bytes

    @Test("bytes cross both ways, whatever the size of writes and records", arguments: [(1, 512), (1_000, 512), (16_384, 16_384), (100_000, 4_000)])
    func bytesCross(_ writeStep: Int, _ fragment: Int) throws {
        let link = Link()
        defer { link.close() }
        let client = try Client(.init(fragmentByteCount: fragment))
        try client.connect(link)
        var server = try listener.accept(link)
        #expect(shakeHands(&server, client) == nil)
        let bytes = (0..<max(3_000, 3 * writeStep)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        var buffer = [UInt8](repeating: 0, count: 5_000)
        var received: [UInt8] = []
        var sent = 0
        while received.count < bytes.count {
            if sent < bytes.count { sent += client.write(Array(bytes[sent..<min(bytes.count, sent + writeStep)])) }
            var isDrained = false
            while !isDrained {
                switch buffer.withUnsafeMutableBufferPointer({ server.read(into: $0.baseAddress!, capacity: $0.count) }) {
                case .moved(let count): received += buffer.prefix(count)
                case .wantsRead: isDrained = true
                case let other: throw Unexpected("read ended with \(other)")
                }
            }
        }
        #expect(received == bytes)
        sent = 0
        while sent < bytes.count {
            switch Array(bytes[sent..<min(bytes.count, sent + writeStep)]).withByteSlice({ server.write($0) }) {
            case .moved(let count): sent += count
            case .wantsWrite, .wantsRead: client.step()
            case let other: throw Unexpected("write ended with \(other)")
            }
        }
        client.step()
        #expect(client.received == bytes)
    }

    @Test("one write of up to 16 KiB is one record")
    func writesOneRecord() throws {
        let link = Link()
        defer { link.close() }
        let client = try Client(.init(highestVersion: TLS1_2_VERSION))
        try client.connect(link)
        var server = try listener.accept(link)
        #expect(shakeHands(&server, client) == nil)
        guard case .moved(16_384) = [UInt8](repeating: 1, count: 16_384).withByteSlice({ server.write($0) }) else { throw Unexpected("not all was taken") }
        var wire = [UInt8](repeating: 0, count: 40_000)
        let count = Glibc.read(link.client, &wire, wire.count)
        // Type, version and length, then what the length says and no more.
        #expect(count > 16_384 && wire[0] == 23 && Int(wire[3]) << 8 | Int(wire[4]) == count - 5)
    }

    @Test("a handshake that comes byte by byte ends as any other", arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func handshakeInPieces(_ version: CInt) throws {
        // Two links with ourselves between them.
        let (near, far) = (Link(), Link())
        defer {
            near.close()
            far.close()
        }
        let client = try Client(.init(highestVersion: version, protocols: Self.h1))
        try client.connect(near)
        var server = try listener.accept(far)
        var isDone = false
        for _ in 0..<20_000 where !(isDone && client.isOpen) {
            client.step()
            if move(from: near.server, to: far.client, atMost: 1) {
                switch server.handshake() {
                case .done: isDone = true
                case .failed(let error): throw error
                case .wantsRead, .wantsWrite: break
                }
            }
            _ = move(from: far.client, to: near.server, atMost: 1)
        }
        #expect(isDone && client.isOpen && client.chosenProtocol == "http/1.1")
    }

    private func move(from source: CInt, to target: CInt, atMost count: Int) -> Bool {
        var bytes = [UInt8](repeating: 0, count: count)
        let moved = Glibc.read(source, &bytes, count)
        return moved > 0 && Glibc.write(target, bytes, moved) == moved
    }

    // MARK: Ends

    @Test("an end with close_notify is clean, one without is not (RFC 8446 §6.1)", arguments: [true, false])
    func tellsTruncation(_ notified: Bool) throws {
        let link = Link()
        defer { link.close() }
        let client = try Client()
        try client.connect(link)
        var server = try listener.accept(link)
        #expect(shakeHands(&server, client) == nil)
        client.write([1])
        if notified { client.sendCloseNotify() }
        shutdown(link.client, CInt(SHUT_RDWR))
        var byte: UInt8 = 0
        guard case .moved(1) = server.read(into: &byte, capacity: 1) else { throw Unexpected("no byte came") }
        guard case .closed(let clean) = server.read(into: &byte, capacity: 1) else { throw Unexpected("not closed") }
        #expect(clean == notified)
    }

    @Test("shutting down tells the client")
    func sendsCloseNotify() throws {
        let link = Link()
        defer { link.close() }
        let client = try Client()
        try client.connect(link)
        var server = try listener.accept(link)
        #expect(shakeHands(&server, client) == nil)
        guard case .done = server.shutdown() else { throw Unexpected("not sent") }
        client.step()
        #expect(client.hasSeenCloseNotify)
    }
}
