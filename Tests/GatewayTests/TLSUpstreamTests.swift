import Glibc
import Testing

@testable import Gateway

@Suite("TLS to upstreams")
struct TLSUpstreamTests {
    private let authority: Certificate
    private let caFile: String

    init() throws {
        authority = try Certificate(Certificate.Request(subject: "test authority", isAuthority: true))
        caFile = try authority.writePEM()
    }

    private func upstream(
        names: String = "DNS:localhost", days: ClosedRange<Int> = -1...1, issuer: Certificate? = nil, _ answer: String = Text.answer()
    ) throws -> ScriptedUpstream {
        let certificate = try Certificate(Certificate.Request(names: names, days: days), issuer: issuer ?? authority)
        return try ScriptedUpstream(tls: ServerContext(certificate), answering: answer)
    }

    private func world(_ upstream: ScriptedUpstream, caFile: String? = nil) -> World {
        var world = World(upstream)
        world.providers[0].host = "localhost"
        world.providers[0].isTLS = true
        world.providers[0].caFile = caFile ?? self.caFile
        return world
    }

    @Test("a request goes through and its stream comes back, the connection kept")
    func throughTLS() throws {
        defer { unlink(caFile) }
        let events = (0..<50).map { Text.event("{\"n\":\($0)}") }
        let upstream = try upstream(Text.stream(events))
        let gateway = try TestGateway(world(upstream))
        let client = try gateway.connect()
        for _ in 0..<3 {
            client.send(Text.request(body: StreamTests.withUsage))
            let answer = client.takeAnswer()
            #expect(answer.isWhole && answer.text == events.joined())
        }
        #expect(upstream.connectionCount == 1)
        #expect(upstream.requests.first?["host"] == "localhost:\(upstream.port)")
    }

    @Test("big bodies and big answers are whole")
    func bigBodies() throws {
        defer { unlink(caFile) }
        let big = "{\"model\":\"m\",\"x\":\"" + String(repeating: "0123456789", count: 100_000) + "\"}"
        let upstream = try upstream(Text.answer(body: big))
        let gateway = try TestGateway(world(upstream))
        let client = try gateway.connect()
        for _ in 0..<2 {
            client.send(Text.request(body: big))
            let answer = client.takeAnswer()
            #expect(answer.isWhole && answer.body.count == big.utf8.count)
        }
        #expect(upstream.requests.allSatisfy { $0.body.count == big.utf8.count })
    }

    @Test("a record behind an answer's end reaches nobody, though it came with it: the connection is not used again")
    func strayRecord() throws {
        defer { unlink(caFile) }
        let script: ScriptedUpstream.Script = { peer in
            peer.request()
            peer.wire.send(Text.answer(body: "{\"asked\":true}"))
            peer.wire.send(Text.answer(body: "{\"asked\":false}"))
            _ = peer.wire.millisecondsUntilEnd()
        }
        let certificate = try Certificate(Certificate.Request(names: "DNS:localhost"), issuer: authority)
        let upstream = try ScriptedUpstream(tls: ServerContext(certificate), script, script, script, script, script)
        let gateway = try TestGateway(world(upstream))
        let client = try gateway.connect()
        for _ in 0..<5 {
            client.send(Text.request())
            #expect(client.takeAnswer().text == "{\"asked\":true}")
            pause(milliseconds: 20)
        }
        #expect(upstream.connectionCount == 5)
    }

    @Test("the second connection resumes the first one's session")
    func resumption() throws {
        defer { unlink(caFile) }
        let upstream = try upstream(Text.answer("200 OK", ["Connection: close"]))
        let gateway = try TestGateway(world(upstream))
        for _ in 0..<2 { #expect(try gateway.ask(Text.request()).status == 200) }
        #expect(upstream.connectionCount == 2)
        #expect(upstream.resumedHandshakes == 1)
    }

    @Test("a certificate that is not good is a 502 that names what is wrong, and no byte of the request leaves", arguments: ["name", "authority", "expired"])
    func untrusted(fault: String) throws {
        defer { unlink(caFile) }
        let stranger = try Certificate(Certificate.Request(subject: "stranger", isAuthority: true))
        let upstream = try upstream(
            names: fault == "name" ? "DNS:elsewhere.test" : "DNS:localhost", days: fault == "expired" ? -3...(-1) : -1...1,
            issuer: fault == "authority" ? stranger : nil)
        let gateway = try TestGateway(world(upstream))
        let answer = try gateway.ask(Text.request())
        #expect(answer.status == 502)
        #expect(answer.errorCode == "upstream_untrusted")
        let words = ["name": "name", "authority": "issuer", "expired": "expired"][fault] ?? ""
        #expect(answer.text.contains(words) || answer.text.contains("certificate"), "\(answer.text)")
        #expect(!answer.text.contains(Text.key))
        #expect(upstream.requests.isEmpty)
    }

    @Test("a server that speaks no TLS, or never ends its handshake, is a 502 or a 504", arguments: ["plain", "silent"])
    func brokenHandshake(kind: String) throws {
        defer { unlink(caFile) }
        let upstream = try ScriptedUpstream { peer in
            if kind == "plain" { peer.wire.send("HTTP/1.1 400 Bad Request\r\n\r\n") }
            _ = peer.wire.millisecondsUntilEnd()
        }
        var world = world(upstream)
        world.limits.tlsHandshakeNanoseconds = World.milliseconds(100)
        let answer = try TestGateway(world).ask(Text.request())
        #expect(answer.status == (kind == "plain" ? 502 : 504))
        #expect(answer.errorCode == (kind == "plain" ? "upstream_untrusted" : "upstream_timeout"))
    }

    @Test("an answer whose end is the connection's is not whole unless TLS says so (RFC 8446 §6.1)")
    func truncation() throws {
        defer { unlink(caFile) }
        let certificate = try Certificate(Certificate.Request(names: "DNS:localhost"), issuer: authority)
        let upstream = try ScriptedUpstream(tls: ServerContext(certificate)) { peer in
            peer.request()
            peer.wire.send("HTTP/1.1 200 OK\r\n\r\npart")
            pause(milliseconds: 20)
        }
        let answer = try TestGateway(world(upstream)).ask(Text.request("GET /v1/files/f/content", body: nil))
        #expect(answer.text == "part")
        #expect(!answer.isWhole)
    }
}
