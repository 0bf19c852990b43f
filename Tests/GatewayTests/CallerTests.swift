import Testing

@testable import Gateway

@Suite("Who may: keys, the vault and this machine")
struct CallerTests {
    static let gatewayKey = "sk-sluice-AAAABBBBCCCCDDDDEEEEFFFFGGGGHHHHIIIIJJJJKKKKLLLLM"
    static let vaultSecret = "vault-canary-4711"

    private func vault(_ upstream: ScriptedUpstream) -> World {
        var world = World(upstream)
        world.keys = [("team", CallerTests.gatewayKey, nil)]
        world.virtualKeys = [("prod", 0, CallerTests.vaultSecret)]
        return world
    }

    private func isForwarded(_ secret: String, _ upstream: ScriptedUpstream) -> Bool {
        upstream.requests.contains { request in request.fields.contains { $0.value.contains(secret) } || request.text.contains(secret) }
    }

    @Test("a virtual key is reached by its slug in any of three places, with a gateway key", arguments: ["header", "provider", "model"])
    func virtualKeys(place: String) throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        let gateway = try TestGateway(vault(upstream))
        var fields = ["x-portkey-api-key: \(CallerTests.gatewayKey)"]
        if place == "header" { fields.append("x-portkey-virtual-key: prod") }
        let answer = try gateway.ask(
            Text.request(
                "POST /v1/chat/completions", fields, body: place == "model" ? "{\"model\":\"@prod/gpt\"}" : "{\"model\":\"gpt\"}",
                provider: place == "provider" ? "@prod" : nil, key: nil))
        #expect(answer.status == 200)
        let request = try #require(upstream.requests.first)
        #expect(request["authorization"] == "Bearer \(CallerTests.vaultSecret)")
        #expect(request.text == "{\"model\":\"gpt\"}")
        #expect(!isForwarded("sk-sluice-", upstream))
    }

    @Test("a gateway key is read from three fields, and forwarded in none", arguments: ["x-portkey-api-key: ", "Authorization: Bearer ", "x-api-key: ", "Authorization: "])
    func gatewayKeyIsNeverForwarded(field: String) throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        let gateway = try TestGateway(vault(upstream))
        let answer = try gateway.ask(
            Text.request(
                "POST /v1/chat/completions", [field + CallerTests.gatewayKey, "x-portkey-forward-headers: authorization, x-api-key, x-portkey-api-key"],
                provider: "@prod", key: nil))
        #expect(answer.status == 200)
        #expect(upstream.requests.first?["authorization"] == "Bearer \(CallerTests.vaultSecret)")
        #expect(!isForwarded("sk-sluice-", upstream))
    }

    @Test("a gateway key is not forwarded in pass-through either, beside the caller's own credential or alone")
    func gatewayKeyBesideOwnCredential() throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        let gateway = try TestGateway(vault(upstream))
        let both = try gateway.ask(Text.request("POST /v1/chat/completions", ["x-portkey-api-key: \(CallerTests.gatewayKey)"]))
        #expect(both.status == 200)
        #expect(upstream.requests.first?["authorization"] == "Bearer \(Text.key)")
        _ = try gateway.ask(Text.request("POST /v1/chat/completions", ["api-key: \(CallerTests.gatewayKey)", "x-goog-api-key: \(CallerTests.gatewayKey)"]))
        _ = try gateway.ask(Text.request(key: CallerTests.gatewayKey))
        #expect(!isForwarded("sk-sluice-", upstream))
    }

    @Test(
        "a token with our prefix that we do not know is 401, wherever it stands",
        arguments: ["x-portkey-api-key: ", "Authorization: Bearer ", "x-api-key: "])
    func unknownKeys(field: String) throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        let gateway = try TestGateway(vault(upstream))
        let answer = try gateway.ask(Text.request("POST /v1/chat/completions", [field + CallerTests.gatewayKey + "x"], key: nil))
        #expect(answer.status == 401)
        #expect(answer.errorCode == "invalid_api_key")
        #expect(!answer.text.contains("AAAABBBB"))
        #expect(upstream.requests.isEmpty)
    }

    @Test("a virtual key without a gateway key is 401, and says nothing of what the vault holds")
    func virtualKeyNeedsAKey() throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        let gateway = try TestGateway(vault(upstream))
        let known = try gateway.ask(Text.request("POST /v1/chat/completions", ["x-portkey-virtual-key: prod"], provider: nil))
        let unknown = try gateway.ask(Text.request("POST /v1/chat/completions", ["x-portkey-virtual-key: prud"], provider: nil))
        #expect(known.status == 401)
        #expect(unknown.status == 401)
        #expect(known.text.replacingIdentifiers == unknown.text.replacingIdentifiers)
        let config = "{\"virtual_key\":\"prod\"}"
        #expect(try gateway.ask(Text.request("POST /v1/chat/completions", ["x-portkey-config: \(config)"], provider: nil)).status >= 400)
        #expect(upstream.requests.isEmpty)
    }

    @Test("a virtual key's secret goes to its own host only")
    func virtualKeyKeepsItsHost() throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        let thief = try ScriptedUpstream(answering: Text.answer())
        let gateway = try TestGateway(vault(upstream))
        let fields = ["x-portkey-api-key: \(CallerTests.gatewayKey)", "x-portkey-custom-host: http://127.0.0.1:\(thief.port)/v1"]
        for provider in ["@prod", nil] {
            let answer = try gateway.ask(Text.request("POST /v1/chat/completions", fields, body: "{\"model\":\"@prod/m\"}", provider: provider, key: nil))
            #expect(answer.status == 400)
        }
        #expect(thief.requests.isEmpty)
    }

    // MARK: The operator's own credential

    private func operators(_ upstream: ScriptedUpstream) -> World {
        var world = World(upstream)
        world.providers[0].credential = CallerTests.vaultSecret
        return world
    }

    private func local(_ host: String, _ fields: [String] = [], type: String = "application/json", line: String = "POST /v1/chat/completions", body: String? = "{\"model\":\"m\"}") -> String {
        var head = "\(line) HTTP/1.1\r\nHost: \(host)\r\nx-portkey-provider: up\r\n"
        for field in fields { head += field + "\r\n" }
        guard let body else { return head + "\r\n" }
        return head + "Content-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n\r\n" + body
    }

    @Test("without keys the operator's credential serves this machine's programs: loopback Host, JSON")
    func operatorCredentialOnLoopback() throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        let gateway = try TestGateway(operators(upstream))
        for host in ["localhost:8787", "127.0.0.1", "[::1]:8787", "LOCALHOST"] {
            #expect(try gateway.ask(local(host)).status == 200, "\(host)")
        }
        #expect(try gateway.ask(local("localhost", line: "GET /v1/models", body: nil)).status == 200)
        #expect(upstream.requests.allSatisfy { $0["authorization"] == "Bearer \(CallerTests.vaultSecret)" })
    }

    @Test("and nobody else: another Host, another content type, a web page, a gateway others reach")
    func operatorCredentialIsGuarded() throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        let gateway = try TestGateway(operators(upstream))
        for request in [
            local("evil.test"), local("localhost.evil.test"), local("127.0.0.1.nip.io:8787"), local("localhost", type: "text/plain"),
            local("localhost", type: "application/x-www-form-urlencoded"),
            local("localhost", ["Sec-Fetch-Site: cross-site"], line: "GET /v1/models", body: nil),
            local("localhost", type: "multipart/form-data; boundary=x", line: "POST /v1/files"),
            local("localhost", ["Sec-Fetch-Site: cross-site", "Origin: https://evil.test"], line: "POST /v1/anything", body: nil),
        ] {
            let answer = try gateway.ask(request)
            #expect(answer.status == 401, "\(request)")
        }
        var reachable = operators(upstream)
        reachable.isLoopbackOnly = false
        #expect(try TestGateway(reachable).ask(local("localhost")).status == 401)
        var keyed = operators(upstream)
        keyed.keys = [("team", CallerTests.gatewayKey, nil)]
        #expect(try TestGateway(keyed).ask(local("localhost")).status == 401)
        #expect(upstream.requests.isEmpty)
        #expect(try TestGateway(keyed).ask(local("localhost", ["x-portkey-api-key: \(CallerTests.gatewayKey)"])).status == 200)
    }

    @Test("a caller's own credential goes before the operator's; an SDK's placeholder is none")
    func callersCredentialFirst() throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        let gateway = try TestGateway(operators(upstream))
        _ = try gateway.ask(local("localhost", ["Authorization: Bearer mine"]))
        _ = try gateway.ask(local("localhost", ["Authorization: Bearer OPENAI_API_KEY"]))
        _ = try gateway.ask(local("localhost", ["x-portkey-api-key: DUMMY-KEY"]))
        #expect(upstream.requests.map { $0["authorization"] } == ["Bearer mine", "Bearer \(CallerTests.vaultSecret)", "Bearer \(CallerTests.vaultSecret)"])
    }

    @Test("the operator's credential does not follow a custom host of the caller's")
    func operatorCredentialKeepsItsHost() throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        let thief = try ScriptedUpstream(answering: Text.answer())
        let gateway = try TestGateway(operators(upstream))
        _ = try gateway.ask(local("localhost", ["x-portkey-custom-host: http://127.0.0.1:\(thief.port)/v1"]))
        #expect(!isForwarded(CallerTests.vaultSecret, thief))
    }

    // MARK: Custom hosts

    @Test("hosts that lead to this machine or a private network are refused, however they are spelled")
    func privateHosts() throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        var world = World(upstream)
        world.isLoopbackOnly = false
        let gateway = try TestGateway(world)
        for host in [
            "http://127.0.0.1:\(upstream.port)", "http://localhost:\(upstream.port)", "http://[::1]:\(upstream.port)", "http://10.0.0.1", "http://192.168.1.1",
            "http://169.254.169.254/latest", "http://[fd00::1]", "http://[::ffff:127.0.0.1]:\(upstream.port)", "http://2130706433", "http://0x7f.1", "http://0.0.0.0",
            "http://100.64.0.1", "http://metadata.google.internal", "ftp://example.com", "http://user@example.com", "nonsense",
        ] {
            let answer = try gateway.ask(Text.request("POST /v1/chat/completions", ["x-portkey-custom-host: \(host)"]))
            #expect(answer.status == 400, "\(host)")
            #expect(answer.errorCode == "invalid_custom_host", "\(host)")
        }
        #expect(upstream.requests.isEmpty)
    }

    @Test("a name that resolves to this machine is refused at the address, though it looks like any other")
    func resolvedAddressIsChecked() throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        var world = World(upstream)
        world.isLoopbackOnly = false
        // A provider that is not trusted with private addresses, under a name that leads to one.
        world.providers[0].host = "localhost"
        world.providers[0].isTrusted = false
        world.keys = [("team", CallerTests.gatewayKey, nil)]
        let answer = try TestGateway(world).ask(Text.request("POST /v1/chat/completions", ["x-portkey-api-key: \(CallerTests.gatewayKey)"]))
        #expect(answer.status == 400)
        #expect(answer.errorCode == "invalid_custom_host")
        #expect(upstream.connectionCount == 0)
    }

    @Test("a provider of the configuration's own is not for strangers: reached from elsewhere it needs a gateway key")
    func operatorHostNeedsAKey() throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        var world = World(upstream)
        world.isLoopbackOnly = false
        world.keys = [("team", CallerTests.gatewayKey, nil)]
        let gateway = try TestGateway(world)
        #expect(try gateway.ask(Text.request()).status == 401)
        #expect(try gateway.ask(Text.request("POST /v1/chat/completions", ["x-portkey-api-key: \(CallerTests.gatewayKey)"])).status == 200)
        #expect(upstream.requests.count == 1)
    }

    @Test("a loopback custom host is reached while every listener is loopback, at its own path")
    func loopbackHost() throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        let gateway = try TestGateway(World(upstream))
        for host in ["127.0.0.1", "localhost"] {
            let answer = try gateway.ask(Text.request("POST /v1/chat/completions", ["x-portkey-custom-host: http://\(host):\(upstream.port)/base"]))
            #expect(answer.status == 200)
        }
        #expect(upstream.requests.allSatisfy { $0.startLine == "POST /base/chat/completions HTTP/1.1" })
        #expect(upstream.requests.map { $0["host"] } == ["127.0.0.1:\(upstream.port)", "localhost:\(upstream.port)"])
    }

    @Test("a listed host is reached wherever the gateway listens")
    func trustedHost() throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        var world = World(upstream)
        world.isLoopbackOnly = false
        world.trustedHosts = ["127.0.0.1"]
        let answer = try TestGateway(world).ask(Text.request("POST /v1/chat/completions", ["x-portkey-custom-host: http://127.0.0.1:\(upstream.port)/v1"]))
        #expect(answer.status == 200)
    }

    // MARK: Where to

    @Test(
        "a request that names nowhere to go, or twice, or nonsense, is told so",
        arguments: [
            ([], "missing_provider"), (["x-portkey-provider: nobody"], "invalid_provider"), (["x-portkey-provider: up", "x-portkey-provider: second"], "invalid_header"),
            (["x-portkey-config: {"], "invalid_config_json"), (["x-portkey-config: nameless"], "unknown_config"), (["x-portkey-config: {\"retry\":{}}"], "config_without_provider"),
            (["x-portkey-provider: up", "x-portkey-request-timeout: soon"], "invalid_header"),
        ] as [([String], String)])
    func routingFaults(fields: [String], code: String) throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        let gateway = try TestGateway(World(upstream))
        let answer = try gateway.ask(Text.request("POST /v1/chat/completions", fields, provider: nil))
        #expect(answer.status == 400)
        #expect(answer.errorCode == code)
        #expect(answer["x-portkey-trace-id"] != nil)
        #expect(upstream.requests.isEmpty)
    }

    @Test(
        "a body that is no JSON object, or names a routing member twice, is a 400 that says where",
        arguments: [("{\"model\":\"m\",}", "invalid_json"), ("[]", "invalid_json"), ("", "invalid_json"), ("{\"model\":\"a\",\"model\":\"b\"}", "duplicate_member"), ("{\"mod\\u0065l\":\"a\",\"model\":\"b\"}", "duplicate_member"), ("{\"model\":\"m\"} x", "invalid_json")])
    func badBodies(body: String, code: String) throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        let gateway = try TestGateway(World(upstream))
        let client = try gateway.connect()
        client.send(Text.request(body: body))
        let answer = client.takeAnswer()
        #expect(answer.status == 400)
        #expect(answer.errorCode == code)
        #expect(answer.text.contains("byte") || body.isEmpty)
        // Its framing was fine: the connection goes on.
        client.send(Text.request("GET /health", body: nil))
        #expect(client.takeAnswer().status == 200)
    }

    @Test("a config declared by name, and the default one, are found; a key may name its own")
    func declaredConfigs() throws {
        let first = try ScriptedUpstream(answering: Text.answer(body: "{\"first\":1}"))
        let second = try ScriptedUpstream(answering: Text.answer(body: "{\"second\":1}"))
        var world = World(first, second)
        world.configs = [("one", "{\"provider\":\"up\",\"api_key\":\"a\"}"), ("two", "{\"provider\":\"second\",\"api_key\":\"b\"}")]
        world.defaultConfig = 0
        world.keys = [("team", CallerTests.gatewayKey, 1)]
        let gateway = try TestGateway(world)
        let key = "x-portkey-api-key: \(CallerTests.gatewayKey)"
        #expect(try gateway.ask(Text.request("POST /v1/chat/completions", [key], provider: nil, key: nil)).text == "{\"second\":1}")
        #expect(try gateway.ask(Text.request("POST /v1/chat/completions", [key, "x-portkey-config: one"], provider: nil, key: nil)).text == "{\"first\":1}")
        // The file's credentials are for holders of a key.
        #expect(try gateway.ask(Text.request("POST /v1/chat/completions", ["x-portkey-config: one"], provider: nil, key: nil)).status == 401)
        #expect(try gateway.ask(Text.request(provider: nil, key: nil)).status == 401)
    }

    @Test("a request to an endpoint that the provider's dialect has nothing like is a clear 400")
    func impossiblePassage() throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        var world = World(upstream)
        world.providers[0].like = "anthropic"
        let gateway = try TestGateway(world)
        for path in ["/v1/completions", "/v1/embeddings", "/v1/responses"] {
            #expect(try gateway.ask(Text.request("POST \(path)")).errorCode == "unsupported_translation")
        }
        #expect(upstream.requests.isEmpty)
        let answer = try gateway.ask(Text.request("POST /v1/messages"))
        #expect(answer.status == 200)
        #expect(upstream.requests.first?["x-api-key"] == Text.key)
        #expect(upstream.requests.first?["anthropic-version"] == "2023-06-01")
    }
}

extension String {
    /// With everything that differs from request to request made `_`.
    fileprivate var replacingIdentifiers: String {
        guard let start = range(after: "\"request_id\":\"") else { return replacingSlugs }
        return String(self[..<start]).replacingSlugs
    }

    private var replacingSlugs: String { split(separator: "prud").joined(separator: "prod") }
}
