import Bytes
import Glibc
import Ledger
import Reactor
import Synchronization
import Testing

@testable import Gateway

@Suite("Long answers of the admin API")
struct LongAnswerTests {
    /// Says parts in order, and counts how often it is asked.
    private final class Script: Sendable {
        private let parts: Mutex<[BackOfficePart]>
        let askedCount = Atomic(0)
        let isOpen = Atomic(true)

        init(_ parts: [BackOfficePart]) { self.parts = Mutex(parts.reversed()) }

        func next() -> BackOfficePart {
            askedCount.wrappingAdd(1, ordering: .relaxed)
            while !isOpen.load(ordering: .acquiring) { pause(milliseconds: 1) }
            return parts.withLock { $0.popLast() } ?? .nothing
        }

        var count: Int { askedCount.load(ordering: .relaxed) }
    }

    private let key: String

    init() throws { key = try GatewayKey.generate() }

    private static func bytes(_ text: String) -> BackOfficePart { .bytes(Array(text.utf8)) }

    /// A gateway whose `/v1/file` is what the script says behind `first`; one that is of events is at `/v1/tail`. `/v1/link` is opened by `ok=1`.
    private func gateway(_ first: String, _ script: Script, drainMilliseconds: UInt64 = 200, change: (inout World) -> Void = { _ in }) throws -> TestGateway {
        let office = try BackOffice(
            place: { _, path in
                path == "/v1/link" ? BackOfficePlace(isByLink: true) : path == "/v1/file" || path == "/v1/tail" ? BackOfficePlace() : nil
            },
            opens: { path, query, now in path == "/v1/link" && query == "ok=1" && now > 1_700_000_000_000 }
        ) { request in
            let isEvents = request.path == Array("/v1/tail".utf8)
            let seen = request.isByLink ? "\(request.isByLink) \(request.credential.count) \(request.origin) " : ""
            let stream = BackOfficeStream(
                contentType: isEvents ? "text/event-stream" : "application/x-ndjson", fileName: isEvents ? nil : "a.jsonl", isEvents: isEvents) { script.next() }
            return BackOfficeReply(status: 200, body: Array((seen + first).utf8), stream: stream)
        }
        var world = World(try ScriptedUpstream { _ in })
        world.keys = [(name: "admin", secret: key, config: nil)]
        world.limits.drainNanoseconds = World.milliseconds(drainMilliseconds)
        change(&world)
        return try TestGateway(world, backOffice: office)
    }

    private func request(_ path: String = "/v1/file", version: String = "1.1", fields: [String] = [], hasKey: Bool = true) -> String {
        let lines = ["GET \(path) HTTP/\(version)", "Host: gateway.example:8787"] + (hasKey ? ["x-portkey-api-key: \(key)"] : []) + fields
        return lines.joined(separator: "\r\n") + "\r\n\r\n"
    }

    @Test("all parts come in order as one answer, and the connection goes on with what follows")
    func whole() throws {
        let script = Script([Self.bytes("b\n"), Self.bytes(""), Self.bytes("c\n"), .end])
        let gateway = try gateway("a\n", script)
        let client = try gateway.connect()
        client.send(request() + "GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        let answer = client.takeAnswer()
        #expect(answer.status == 200 && answer.text == "a\nb\nc\n" && answer.isWhole && answer["transfer-encoding"] == "chunked")
        #expect(answer["content-type"] == "application/x-ndjson" && answer["content-disposition"] == "attachment; filename=\"a.jsonl\"")
        #expect(answer["cache-control"] == "no-store" && answer["x-portkey-trace-id"] != nil)
        #expect(client.takeAnswer().text == "{\"status\":\"ok\"}")
    }

    @Test("a client of HTTP/1.0 has it until the connection ends")
    func oldClient() throws {
        let gateway = try gateway("a\n", Script([Self.bytes("b\n"), .end]))
        let client = try gateway.connect()
        client.send(request(version: "1.0"))
        let all = client.takeAll().text
        #expect(all.hasSuffix("\r\n\r\na\nb\n") && all.contains("connection: close") && client.ending == .closed)
    }

    @Test("nothing but its head is in an answer without parts")
    func empty() throws {
        let answer = try gateway("", Script([.end])).ask(request())
        #expect(answer.status == 200 && answer.text.isEmpty && answer.isWhole)
    }

    @Test("one that fails is cut, and never looks whole", arguments: ["1.1", "1.0"])
    func failed(version: String) throws {
        let gateway = try gateway("a\n", Script([Self.bytes("b\n"), .failed]))
        let client = try gateway.connect()
        client.send(request(version: version))
        let all = client.takeAll().text
        #expect(!all.contains("\r\n0\r\n\r\n") && (version == "1.1" ? all.contains("b\n") && client.ending == .closed : client.ending == .reset))
    }

    @Test("no part is asked for before the one before it was taken")
    func backPressure() throws {
        let part = BackOfficePart.bytes([UInt8](repeating: 0x61, count: 100_000))
        let script = Script(Array(repeating: part, count: 200) + [.end])
        let gateway = try gateway("", script)
        let client = try #require(Wire(to: gateway.address, receiveByteCount: 4096))
        client.send(request())
        var before = -1
        // Until it asks no more: kernels hold some megabytes at most.
        while before != script.count {
            before = script.count
            pause(milliseconds: 300)
        }
        #expect(before < 150, "\(before)")
        let answer = client.takeAnswer()
        #expect(answer.isWhole && answer.text.utf8.count == 200 * 100_000 && script.count == 201)
    }

    @Test("a tail that has nothing to say is asked again, and what it says then comes at once")
    func tail() throws {
        let script = Script([.nothing, .nothing, Self.bytes("data: 1\n\n"), .nothing, Self.bytes("data: 2\n\n")])
        let gateway = try gateway(": hello\n\n", script)
        let client = try gateway.connect()
        client.send(request("/v1/tail"))
        let head = try #require(client.take(through: "data: 1\n\n")).text
        #expect(head.contains("content-type: text/event-stream") && head.contains("x-accel-buffering: no") && head.contains(": hello\n\n"))
        #expect(client.take(through: "data: 2\n\n") != nil)
        client.close()
        #expect(soon {
            let before = script.count
            pause(milliseconds: 600)
            return script.count == before
        })
    }

    @Test("a drain ends a tail whole, and waits for a file")
    func drain() throws {
        let script = Script([])
        var gateway = try gateway("", script, drainMilliseconds: 30_000)
        var client = try gateway.connect()
        client.send(request("/v1/tail"))
        #expect(soon { script.count > 1 })
        gateway.gateway.drain()
        #expect(client.takeAnswer().isWhole)
        let file = Script([Self.bytes("b"), Self.bytes("c"), .end])
        file.isOpen.store(false, ordering: .releasing)
        gateway = try self.gateway("a", file, drainMilliseconds: 30_000)
        client = try gateway.connect()
        client.send(request())
        #expect(soon { file.count == 1 })
        gateway.gateway.drain()
        pause(milliseconds: 20)
        file.isOpen.store(true, ordering: .releasing)
        #expect(client.takeAnswer().text == "abc")
    }

    @Test("as many as may be are given at once; the next is 503, and is taken when one has ended")
    func places() throws {
        let gateway = try gateway("x", Script([]))
        let clients = try (0..<GatewayLimits.adminStreams).map { _ in
            let client = try gateway.connect()
            client.send(request("/v1/tail"))
            _ = client.take(through: "x\r\n")
            return client
        }
        let answer = try gateway.ask(request("/v1/tail"))
        #expect(answer.status == 503 && answer["retry-after"] == "1" && answer.text.contains("\(GatewayLimits.adminStreams) exports and tails"))
        clients[0].close()
        #expect(soon {
            guard let client = try? gateway.connect() else { return false }
            client.send(request("/v1/tail"))
            return client.take(through: "\r\n").map { $0.text.contains(" 200 ") } == true
        })
    }

    @Test("a client that takes nothing for too long is let go")
    func stalled() throws {
        let part = BackOfficePart.bytes([UInt8](repeating: 0x61, count: 100_000))
        let script = Script(Array(repeating: part, count: 500))
        let gateway = try gateway("", script) { $0.limits.writeStallNanoseconds = World.milliseconds(300) }
        let client = try #require(Wire(to: gateway.address, receiveByteCount: 4096))
        client.send(request())
        #expect(soon { script.count > 1 })
        pause(milliseconds: 1500)
        _ = client.takeAll()
        #expect(client.ending == .reset)
    }

    @Test("a link opens its path without a key, and is told where the gateway is for who asked; another is refused before anybody is asked")
    func links() throws {
        let script = Script([.end, .end])
        let gateway = try gateway("a", script)
        #expect(try gateway.ask(request("/v1/link?ok=1", hasKey: false)).text == "true 0 http://gateway.example:8787 a")
        let proxied = ["x-forwarded-proto: https", "x-forwarded-host: outside.example"]
        #expect(try gateway.ask(request("/v1/link?ok=1", fields: proxied, hasKey: false)).text == "true 0 http://gateway.example:8787 a")
        let before = script.count
        for path in ["/v1/link", "/v1/link?ok=2"] {
            for hasKey in [false, true] {
                let answer = try gateway.ask(request(path, hasKey: hasKey))
                #expect(answer.status == 403 && answer.text.contains("this link does not open"))
            }
        }
        #expect(try gateway.ask(request("/v1/file?ok=1", hasKey: false)).status == 401)
        #expect(script.count == before)
    }
}
