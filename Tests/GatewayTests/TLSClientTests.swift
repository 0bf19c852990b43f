import Bytes
import COpenSSL
import Glibc
import Reactor
import Synchronization
import TLS
import Testing

@testable import Gateway

@Suite("TLS towards clients")
struct TLSClientTests {
    @Test("each failure is counted, and the next one told says how many were not")
    func tellsSeldom() {
        let metrics = TLSMetrics()
        let start = Instant(nanoseconds: 5)
        #expect(metrics.failed(.version, now: start) == 0)
        #expect(metrics.failed(.version, now: start) == nil)
        #expect(metrics.failed(.certificate, now: start.adding(nanoseconds: GatewayLimits.noticeNanoseconds - 1)) == nil)
        #expect(metrics.failed(.cipher, now: start.adding(nanoseconds: GatewayLimits.noticeNanoseconds)) == 2)
        // Whoever looks whether a port is open is counted and not told.
        #expect(metrics.failed(.closed, now: start.adding(nanoseconds: 3 * GatewayLimits.noticeNanoseconds)) == nil)
        #expect(metrics.failed(.timeout, now: start.adding(nanoseconds: 3 * GatewayLimits.noticeNanoseconds)) == 0)
        for (reason, count) in [("version", 2), ("client_certificate", 1), ("cipher", 1), ("closed", 1), ("timeout", 1), ("plaintext", 0)] {
            #expect(metrics.text.contains("sluice_tls_handshake_failures_total{reason=\"\(reason)\"} \(count)\n"))
        }
    }

    @Test("a turn takes as many steps of handshakes as the bound says, and no more")
    func boundsTurns() throws {
        let worker = try TestWorker(World()).stopped()
        worker.handshakesLeft = GatewayLimits.handshakesPerTurn
        for _ in 0..<GatewayLimits.handshakesPerTurn { #expect(worker.takesHandshake()) }
        #expect(!worker.takesHandshake())
    }

    /// A gateway that speaks TLS, and a client's context that trusts it.
    private func gateway(_ upstream: ScriptedUpstream, _ change: (inout World) -> Void = { _ in }) throws -> (TestGateway, ClientContext) {
        let certificate = try Certificate(Certificate.Request(names: "DNS:localhost"))
        var world = World(upstream)
        world.tls = [try TLSServerContext(certificates: [certificate.forServer()])]
        change(&world)
        return (try TestGateway(world, accessLog: .json), try ClientContext(trusting: certificate))
    }

    @Test("requests follow one another on one connection, and their records say what was spoken")
    func serves() throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        let (gateway, context) = try gateway(upstream)
        let client = try gateway.connect()
        #expect(client.connectTLS(context.pointer))
        for _ in 0..<3 {
            client.send(Text.request())
            #expect(client.takeAnswer().status == 200)
        }
        client.close()
        let lines = gateway.stopAndReadLog()
        #expect(lines.count == 3 && lines.allSatisfy { $0.contains("\"tls\":\"1.3\"") })
    }

    @Test("an address speaks TLS at each of its sockets, though fewer workers share them")
    func fewerWorkersThanSockets() throws {
        let certificate = try Certificate(Certificate.Request(names: "DNS:localhost"))
        var world = World(try ScriptedUpstream(answering: Text.answer()))
        world.tls = [try TLSServerContext(certificates: [certificate.forServer()])]
        let gateway = try TestGateway(world, workers: 1, sockets: try ListenerGroup.open(.loopback(), count: 3))
        let context = try ClientContext(trusting: certificate)
        // The kernel spreads them over the three.
        for _ in 0..<30 {
            let client = try gateway.connect()
            #expect(client.connectTLS(context.pointer))
            client.close()
        }
        gateway.stop()
    }

    @Test("a request that comes in one flight with the end of the handshake, and pipelined ones, are answered")
    func requestWithHandshake() throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        let (gateway, context) = try gateway(upstream)
        let client = try gateway.connect()
        #expect(client.connectTLS(context.pointer, sending: Array((Text.request() + Text.request() + Text.request()).utf8)))
        for _ in 0..<3 { #expect(client.takeAnswer().status == 200) }
    }

    @Test("a large answer reaches a client that reads slowly, whole")
    func slowReader() throws {
        let big = "{\"x\":\"" + String(repeating: "0123456789", count: 300_000) + "\"}"
        let upstream = try ScriptedUpstream(answering: Text.answer(body: big))
        let (gateway, context) = try gateway(upstream)
        let client = try gateway.connect(receiveByteCount: 4096)
        #expect(client.connectTLS(context.pointer))
        client.send(Text.request())
        pause(milliseconds: 100)
        let answer = client.takeAnswer()
        #expect(answer.isWhole && answer.body.count == big.utf8.count)
    }

    @Test("an answer without framing that breaks off ends without close_notify, which would say that it is whole (RFC 8446 §6.1)")
    func cutAnswer() throws {
        let upstream = try ScriptedUpstream { peer in
            peer.request()
            peer.wire.send(Text.streamHead + Text.chunk(Text.event("half")))
            pause(milliseconds: 50)
        }
        let (gateway, context) = try gateway(upstream)
        let client = try gateway.connect()
        #expect(client.connectTLS(context.pointer))
        client.send(Text.request(version: "HTTP/1.0"))
        #expect(client.take(through: "half") != nil)
        _ = client.takeAll()
        #expect(client.ending == .reset)
    }

    @Test("a drain waits for a request over TLS, and says that the connection closes")
    func drains() throws {
        let isDraining = SharedFlag()
        let upstream = try ScriptedUpstream { peer in
            peer.request()
            while !isDraining.isSet { pause(milliseconds: 1) }
            peer.wire.send(Text.answer())
        }
        let (gateway, context) = try gateway(upstream)
        let client = try gateway.connect()
        #expect(client.connectTLS(context.pointer))
        client.send(Text.request())
        while upstream.requests.isEmpty { pause(milliseconds: 1) }
        gateway.gateway.drain()
        gateway.gateway.whenAllHaveTurned { isDraining.set() }
        let answer = client.takeAnswer()
        #expect(answer.status == 200 && answer["connection"] == "close")
        #expect(client.takeAll().isEmpty && client.ending == .closed)
    }

    @Test("a client that goes away in mid-handshake leaves nothing behind")
    func leavesInHandshake() throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        let (gateway, context) = try gateway(upstream)
        for hello in [[], [0x16], [0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC]] as [[UInt8]] {
            let client = try gateway.connect()
            client.send(hello)
            client.reset()
        }
        let client = try gateway.connect()
        #expect(client.connectTLS(context.pointer))
        client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(client.takeAnswer().text.contains("sluice_tls_handshake_failures_total{reason=\"closed\"} 3\n"))
    }
}

/// What a test's TLS clients trust.
final class ClientContext: @unchecked Sendable {
    // Unchecked: nothing changes after `init`.
    let pointer: OpaquePointer

    init(trusting certificate: Certificate) throws {
        guard let context = SSL_CTX_new(TLS_client_method()) else { throw Failure() }
        pointer = context
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        try check(X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate.certificate))
    }

    deinit { SSL_CTX_free(pointer) }
}

extension Certificate {
    /// As a listener takes it.
    func forServer() throws -> TLSCertificate {
        let (chain, key) = (try pem(), try keyPEM())
        return try chain.withByteSlice { chain throws(TLSCertificateError) in
            try key.withByteSlice { key throws(TLSCertificateError) in try TLSCertificate(chain: chain, key: key) }
        }
    }

    private func pem() throws -> [UInt8] { try text { PEM_write_bio_X509($0, certificate) } }

    private func keyPEM() throws -> [UInt8] { try text { PEM_write_bio_PKCS8PrivateKey($0, key, nil, nil, 0, nil, nil) } }

    private func text(_ write: (OpaquePointer?) -> CInt) throws -> [UInt8] {
        let memory = BIO_new(BIO_s_mem())
        defer { BIO_free(memory) }
        try check(write(memory))
        var bytes = [UInt8](repeating: 0, count: 1 << 14)
        let count = BIO_read(memory, &bytes, CInt(bytes.count))
        return Array(bytes.prefix(Int(max(0, count))))
    }
}

/// What one thread of a test tells another.
private final class SharedFlag: Sendable {
    private let flag = Atomic<Bool>(false)

    var isSet: Bool { flag.load(ordering: .acquiring) }
    func set() { flag.store(true, ordering: .releasing) }
}
