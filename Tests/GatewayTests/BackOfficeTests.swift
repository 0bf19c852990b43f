import Bytes
import Glibc
import Ledger
import Reactor
import Synchronization
import Testing

@testable import Gateway

@Suite("The admin API's way")
struct BackOfficeTests {
    /// What answers, when the test says so.
    private final class Desk: Sendable {
        private let isOpen = Atomic(true)
        private let seen = Mutex<[BackOfficeRequest]>([])

        var requests: [BackOfficeRequest] { seen.withLock { $0 } }
        func close() { isOpen.store(false, ordering: .releasing) }
        func open() { isOpen.store(true, ordering: .releasing) }

        func reply(_ request: BackOfficeRequest) -> BackOfficeReply {
            seen.withLock { $0.append(request) }
            while !isOpen.load(ordering: .acquiring) { pause(milliseconds: 1) }
            let allow = request.method == "PATCH" ? "GET, PUT" : nil
            let type: StaticString = request.contentType == "application/x-protobuf" ? "application/x-protobuf" : "application/json"
            return BackOfficeReply(
                status: allow == nil ? 200 : 405, contentType: type, body: Array("{\"n\":\(request.body.count)}".utf8), allow: allow)
        }
    }

    private let desk = Desk()
    private let key: String

    init() throws { key = try GatewayKey.generate() }

    private func office(isOpen: Bool = true) throws -> BackOffice {
        let desk = desk
        let reply: @Sendable (BackOfficeRequest) -> BackOfficeReply = { desk.reply($0) }
        return try BackOffice(
            place: { method, path in
                guard path.hasPrefix("/v1/things") || path == ByteSlice("/v2/things") else { return nil }
                let isOpen = path.hasPrefix("/v1/things/open")
                let most = GatewayLimits.adminBodyByteCount
                let takesGzip = path == "/v1/things/packed"
                return BackOfficePlace(isForCallers: isOpen, takesGzip: takesGzip, bodyByteCount: isOpen && method == "PUT" ? 2 * most : most)
            }, reply: isOpen ? reply : nil)
    }

    private func gateway(_ office: BackOffice? = nil, drainMilliseconds: UInt64 = 200) throws -> TestGateway {
        var world = World(try ScriptedUpstream { _ in })
        world.keys = [(name: "admin", secret: key, config: nil)]
        world.limits.drainNanoseconds = World.milliseconds(drainMilliseconds)
        return try TestGateway(world, backOffice: office ?? self.office())
    }

    private func request(_ line: String, key: String? = nil, fields: [String] = [], body: String? = nil) -> String {
        var lines = ["\(line) HTTP/1.1", "Host: localhost", "x-portkey-api-key: \(key ?? self.key)"] + fields
        if let body { lines.append("content-length: \(body.utf8.count)") }
        return lines.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? "")
    }

    @Test("a request is handed over whole, and the connection goes on")
    func handedOver() throws {
        let gateway = try gateway()
        let client = try gateway.connect()
        client.send(request("POST /v1/things/a?x=1", fields: ["x-portkey-package-version: 2.3.4", "x-portkey-debug: False", "content-type: application/json"], body: "{\"a\":1}"))
        var answer = client.takeAnswer()
        #expect(answer.status == 200 && answer.text == "{\"n\":7}" && answer.isWhole)
        #expect(answer["content-type"] == "application/json" && answer["x-portkey-trace-id"] != nil)
        let asked = try #require(desk.requests.first)
        #expect(asked.method == "POST" && asked.path == Array("/v1/things/a".utf8) && asked.query == Array("x=1".utf8) && asked.body == Array("{\"a\":1}".utf8))
        #expect(asked.credential == Array(key.utf8) && asked.isPortkeySDK && asked.peer == "127.0.0.1" && asked.nowMilliseconds > 1_700_000_000_000)
        #expect(asked.requestID == answer["x-sluice-request-id"] && asked.isFiguresAlone)
        client.send(request("GET /v2/things"))
        answer = client.takeAnswer()
        #expect(answer.status == 200 && desk.requests.count == 2 && desk.requests[1].query.isEmpty)
        #expect(!desk.requests[1].isPortkeySDK && !desk.requests[1].isFiguresAlone)
    }

    @Test("a method that a path does not take is answered with those it takes")
    func methods() throws {
        let answer = try gateway().ask(request("PATCH /v1/things", body: "{}"))
        #expect(answer.status == 405 && answer["allow"] == "GET, PUT")
    }

    @Test("a packed body is handed over as it is where that is taken, and refused elsewhere; an answer has its own type", arguments: [
        ("/v1/things/packed", "gzip", 200, true), ("/v1/things/packed", "GZIP", 200, true), ("/v1/things/packed", "identity", 200, false),
        ("/v1/things/packed", "br", 415, false), ("/v1/things", "gzip", 415, false), ("/v1/things", "identity", 200, false),
    ])
    func packed(path: String, coding: String, status: Int, isGzip: Bool) throws {
        let fields = ["content-type: application/x-protobuf", "content-encoding: \(coding)"]
        let answer = try gateway().ask(request("POST \(path)", fields: fields, body: "packed"))
        #expect(answer.status == status)
        guard status == 200 else { return #expect(desk.requests.isEmpty) }
        #expect(desk.requests.map(\.isGzip) == [isGzip] && desk.requests.map(\.body) == [Array("packed".utf8)])
        #expect(desk.requests.map(\.contentType) == ["application/x-protobuf"] && answer["content-type"] == "application/x-protobuf")
    }

    @Test("chunked bodies are collected, and what follows is the next request")
    func chunked() throws {
        let gateway = try gateway()
        let client = try gateway.connect()
        client.send(request("PUT /v1/things", fields: ["transfer-encoding: chunked"]) + "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n" + request("GET /v1/things"))
        #expect(client.takeAnswer().text == "{\"n\":5}")
        #expect(client.takeAnswer().text == "{\"n\":0}")
    }

    @Test("a guess of a key, or none, is refused before anybody is asked")
    func strangers() throws {
        let gateway = try gateway()
        #expect(try gateway.ask(request("GET /v1/things", key: GatewayKey.generate())).status == 401)
        #expect(try gateway.ask(request("GET /v1/things", key: "")).status == 401)
        #expect(desk.requests.isEmpty)
        let bearer = "GET /v1/things HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(key)\r\n\r\n"
        #expect(try gateway.ask(bearer).status == 200)
    }

    @Test("without a store the paths are refused, and the refusal says what turns them on")
    func closed() throws {
        let answer = try gateway(office(isOpen: false)).ask(request("GET /v1/things"))
        #expect(answer.status == 404 && answer.text.contains("--data"))
    }

    @Test("a body of the most that is taken there by that method is taken, and one byte more is 413", arguments: [
        ("POST /v1/things", 1), ("POST /v1/things/open", 1), ("PUT /v1/things/open", 2),
    ])
    func bodies(line: String, times: Int) throws {
        for more in [0, 1] {
            let answer = try gateway().ask(request(line, body: String(repeating: "x", count: times * GatewayLimits.adminBodyByteCount + more)))
            #expect(answer.status == (more == 0 ? 200 : 413))
        }
    }

    @Test("as many as may wait are kept; the next is 503 with Retry-After, and is taken when there is room")
    func queue() throws {
        let office = try office()
        let gateway = try gateway(office)
        desk.close()
        defer { desk.open() }
        let waiting = try (0..<GatewayLimits.waitingAdminRequests).map { _ in
            let client = try gateway.connect()
            client.send(request("GET /v1/things"))
            return client
        }
        for _ in 0..<2000 where office.waitingCount < GatewayLimits.waitingAdminRequests { pause(milliseconds: 5) }
        let answer = try gateway.ask(request("GET /v1/things"))
        #expect(answer.status == 503 && answer["retry-after"] == "1")
        // Nobody else waits: requests that are no admin's are answered meanwhile.
        #expect(try gateway.ask(Text.request("GET /health", body: nil)).status == 200)
        desk.open()
        for client in waiting { #expect(client.takeAnswer().status == 200) }
        #expect(try gateway.ask(request("GET /v1/things")).status == 200)
    }

    @Test("what any caller may ask takes some of the places; the others are kept for administrators")
    func callers() throws {
        let office = try office()
        let gateway = try gateway(office)
        desk.close()
        defer { desk.open() }
        let waiting = try (0..<GatewayLimits.waitingCallerRequests).map { _ in
            let client = try gateway.connect()
            client.send(request("POST /v1/things/open", body: "{}"))
            return client
        }
        for _ in 0..<2000 where office.waitingCount < GatewayLimits.waitingCallerRequests { pause(milliseconds: 5) }
        let answer = try gateway.ask(request("POST /v1/things/open", body: "{}"))
        #expect(answer.status == 503 && answer["retry-after"] == "1")
        let administrator = try gateway.connect()
        administrator.send(request("GET /v1/things"))
        for _ in 0..<2000 where office.waitingCount <= GatewayLimits.waitingCallerRequests { pause(milliseconds: 5) }
        #expect(office.waitingCount == GatewayLimits.waitingCallerRequests + 1)
        desk.open()
        for client in waiting + [administrator] { #expect(client.takeAnswer().status == 200) }
        #expect(try gateway.ask(request("POST /v1/things/open", body: "{}")).status == 200)
    }

    @Test("whose key a file declares is told where callers may ask, and nowhere else")
    func declaredKeys() throws {
        let gateway = try gateway()
        for line in ["POST /v1/things/open", "POST /v1/things/open/x", "POST /v1/things", "GET /v2/things"] {
            #expect(try gateway.ask(request(line, body: "{}")).status == 200)
        }
        #expect(desk.requests.map(\.declaredKey) == ["admin", "admin", nil, nil])
        #expect(desk.requests.allSatisfy { $0.credential == Array(key.utf8) })
        #expect(try gateway.ask(request("POST /v1/things/open", key: "", body: "{}")).status == 401)
    }

    @Test("an address that is for administrators serves nobody else, and one for the others no administrators")
    func roles() throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        func gateway(_ serves: ListenerRole) throws -> TestGateway {
            var world = World(upstream)
            world.virtualKeys = [("first", 0, "a")]
            world.keys = [(name: "admin", secret: key, config: nil)]
            world.serves = serves
            return try TestGateway(world, backOffice: office())
        }
        let chat = Text.request("POST /v1/chat/completions", ["x-portkey-api-key: \(key)"], provider: "@first", key: nil)
        let (models, admin) = (try gateway(.models), try gateway(.admin))
        let refused = try models.ask(request("GET /v1/things"))
        #expect(refused.status == 404 && refused.text.contains("the admin API is at another address"))
        #expect(try models.ask(request("POST /v1/things/open", body: "{}")).status == 200)
        #expect(try models.ask(chat).status == 200 && models.ask(Text.request("GET /health", body: nil)).status == 200)
        #expect(try admin.ask(request("GET /v1/things")).status == 200 && admin.ask(request("POST /v1/things/open", body: "{}")).status == 200)
        let other = try admin.ask(chat)
        #expect(other.status == 404 && other.text.contains("serves the admin API alone"))
        #expect(try admin.ask(request("GET /v1/models")).status == 404 && admin.ask(Text.request("GET /health", body: nil)).status == 200)
        #expect(desk.requests.map { String(decoding: $0.path, as: UTF8.self) } == ["/v1/things/open", "/v1/things", "/v1/things/open"])
    }

    @Test("a drain waits for what is under way")
    func drain() throws {
        let gateway = try gateway(drainMilliseconds: 30_000)
        desk.close()
        defer { desk.open() }
        let client = try gateway.connect()
        client.send(request("POST /v1/things", body: "abc"))
        for _ in 0..<2000 where desk.requests.isEmpty { pause(milliseconds: 5) }
        gateway.gateway.drain()
        pause(milliseconds: 20)
        desk.open()
        let answer = client.takeAnswer()
        #expect(answer.status == 200 && answer.text == "{\"n\":3}" && answer["connection"] == "close")
    }

    @Test("a client that has gone is no longer answered, and its place is another's")
    func gone() throws {
        let gateway = try gateway()
        desk.close()
        let client = try gateway.connect()
        client.send(request("GET /v1/things"))
        for _ in 0..<2000 where desk.requests.isEmpty { pause(milliseconds: 5) }
        client.close()
        // What closes is noticed before what comes then is answered.
        #expect(try gateway.ask(Text.request("GET /health", body: nil)).status == 200)
        desk.open()
        #expect(try gateway.ask(request("GET /v1/things")).status == 200)
    }
}
