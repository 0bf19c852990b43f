import Testing

@Suite("Pass-through of requests and answers")
struct PassThroughTests {
    @Test("a JSON body arrives byte for byte: numbers, escapes, order and unknown members")
    func bodiesAreExact() throws {
        let sent = "{ \"zeta\":1.0e+2, \"model\" :\"m\",\"big\":123456789012345678901234567890,\"esc\":\"\\u00e9\\/\\ud83d\\ude00 é\",\n\t\"nested\":{\"b\":[1,2.50,-0],\"a\":null}, \"messages\":[] }"
        let answered = "{\"z\":1e400,\"choices\":[ ],\"x\":\"\\u0041\",\"usage\":{\"prompt_tokens\":1.0}}\n"
        let upstream = try ScriptedUpstream(answering: Text.answer(body: answered))
        let gateway = try TestGateway(World(upstream))
        let answer = try gateway.ask(Text.request(body: sent))
        #expect(upstream.requests.map(\.text) == [sent])
        #expect(answer.text == answered)
        #expect(answer.isWhole)
    }

    @Test("fields about the hop, and those Connection names, stay on it both ways (RFC 9110 §7.6.1)")
    func hopByHopFieldsAreRemoved() throws {
        let upstream = try ScriptedUpstream(
            answering: Text.answer(
                "201 Made", [
                    "Connection: x-inner, keep-alive", "X-Inner: 1", "Keep-Alive: timeout=5", "Proxy-Authenticate: Basic", "Upgrade: h2c",
                    "X-Outer: kept", "Set-Cookie: a=1", "Set-Cookie: b=2",
                ]))
        let gateway = try TestGateway(World(upstream))
        let answer = try gateway.ask(
            Text.request(
                "POST /v1/chat/completions", [
                    "Connection: keep-alive, X-Nominated", "X-Nominated: 1", "Keep-Alive: 300", "TE: trailers", "Proxy-Connection: close",
                    "Proxy-Authorization: Basic eA==", "X-Kept: yes",
                ]))
        let request = try #require(upstream.requests.first)
        for name in ["connection", "x-nominated", "keep-alive", "te", "proxy-connection", "proxy-authorization", "upgrade"] {
            #expect(request[name] == nil, "\(name)")
        }
        #expect(request["x-kept"] == "yes")
        #expect(answer.startLine.hasPrefix("HTTP/1.1 201"))
        for name in ["connection", "x-inner", "keep-alive", "proxy-authenticate", "upgrade"] { #expect(answer[name] == nil, "\(name)") }
        #expect(answer["x-outer"] == "kept")
        #expect(answer.count(of: "set-cookie") == 2)
    }

    @Test("the gateway's own fields, cookies and browser fields stay here; the rest goes on")
    func ownFieldsAreNotForwarded() throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        // Who asks for a page, or through a proxy, reaches the gateway's own hosts with a key alone.
        var world = World(upstream)
        world.keys = [("team", CallerTests.gatewayKey, nil)]
        let gateway = try TestGateway(world)
        _ = try gateway.ask(
            Text.request(
                "POST /v1/chat/completions?beta=true&x=%2F", [
                    "x-portkey-api-key: \(CallerTests.gatewayKey)", "x-portkey-trace-id: t", "x-portkey-metadata: {}", "X-Portkey-Anything-New: 1", "x-sluice-debug: 1", "Cookie: s=1", "Origin: http://x",
                    "Sec-Fetch-Site: none", "X-Forwarded-For: 1.2.3.4", "Accept-Encoding: gzip, br", "X-Stainless-Lang: python", "OpenAI-Organization: org",
                    "User-Agent: test/1",
                ]))
        let request = try #require(upstream.requests.first)
        #expect(request.startLine == "POST /v1/chat/completions?beta=true&x=%2F HTTP/1.1")
        for name in ["cookie", "origin", "sec-fetch-site", "x-forwarded-for"] { #expect(request[name] == nil, "\(name)") }
        #expect(!request.fields.contains { $0.name.lowercased().hasPrefix("x-portkey") || $0.name.lowercased().hasPrefix("x-sluice") })
        #expect(request["accept-encoding"] == "identity")
        #expect(request.count(of: "accept-encoding") == 1)
        #expect(request["host"] == "127.0.0.1:\(upstream.port)")
        #expect(request.count(of: "host") == 1)
        #expect(request["x-stainless-lang"] == "python")
        #expect(request["openai-organization"] == "org")
        #expect(request["user-agent"] == "test/1")
        #expect(request["authorization"] == "Bearer \(Text.key)")
    }

    @Test("fields named by x-portkey-forward-headers go on, credentials and our own excepted")
    func forwardedFieldsGoOn() throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        // Who asks for a page, or through a proxy, reaches the gateway's own hosts with a key alone.
        var world = World(upstream)
        world.keys = [("team", CallerTests.gatewayKey, nil)]
        let gateway = try TestGateway(world)
        _ = try gateway.ask(
            Text.request(
                "POST /v1/chat/completions", [
                    "x-portkey-forward-headers: cookie, x_forwarded_for, X-Api-Key, x-portkey-trace-id, host", "Cookie: s=1", "X-Forwarded-For: 1.2.3.4",
                    "x-portkey-api-key: \(CallerTests.gatewayKey)", "x-portkey-trace-id: t", "Referer: http://r",
                ]))
        let request = try #require(upstream.requests.first)
        #expect(request["cookie"] == "s=1")
        #expect(request["x-forwarded-for"] == "1.2.3.4")
        #expect(request["x-portkey-trace-id"] == nil)
        #expect(request["referer"] == nil)
        #expect(request.count(of: "host") == 1)
    }

    @Test("the caller's credential is placed as the provider wants it", arguments: ["bearer", "x-api-key", "api-key", "none"])
    func credentialIsPlaced(style: String) throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        var world = World(upstream)
        world.providers[0].auth = ["bearer": .bearer, "x-api-key": .xAPIKey, "api-key": .apiKey, "none": .none][style]
        let gateway = try TestGateway(world)
        _ = try gateway.ask(Text.request())
        let request = try #require(upstream.requests.first)
        #expect(request["authorization"] == (style == "bearer" ? "Bearer \(Text.key)" : nil))
        #expect(request["x-api-key"] == (style == "x-api-key" ? Text.key : nil))
        #expect(request["api-key"] == (style == "api-key" ? Text.key : nil))
    }

    @Test("the answer carries where it came from and its trace, and an upstream's word on that is dropped")
    func answerFieldsAreOurs() throws {
        let upstream = try ScriptedUpstream(
            answering: Text.answer("200 OK", ["x-portkey-provider: liar", "x-portkey-trace-id: liar", "x-request-id: theirs", "x-ratelimit-remaining: 7"]))
        let gateway = try TestGateway(World(upstream))
        let answer = try gateway.ask(Text.request())
        #expect(answer["x-portkey-provider"] == "up")
        #expect(answer.count(of: "x-portkey-provider") == 1)
        #expect(answer["x-portkey-cache-status"] == "DISABLED")
        #expect(answer["x-portkey-retry-attempt-count"] == "0")
        #expect(answer["x-portkey-last-used-option-index"] == "config")
        #expect(answer["x-request-id"] == "theirs")
        #expect(answer["x-ratelimit-remaining"] == "7")
        #expect(answer.count(of: "x-portkey-trace-id") == 1)
        #expect(answer["x-portkey-trace-id"] == answer["x-sluice-request-id"])
        #expect(answer["x-portkey-trace-id"]?.count == 36)
    }

    @Test("the trace id is the client's, else its traceparent's, else the request's own")
    func traceIdentifiers() throws {
        let upstream = try ScriptedUpstream(answering: Text.answer())
        let gateway = try TestGateway(World(upstream))
        let parent = "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        #expect(try gateway.ask(Text.request("POST /v1/embeddings", ["x-portkey-trace-id: mine", parent]))["x-portkey-trace-id"] == "mine")
        #expect(try gateway.ask(Text.request("POST /v1/embeddings", [parent]))["x-portkey-trace-id"] == "4bf92f3577b34da6a3ce929d0e0e4736")
        // An invalid traceparent counts as none (W3C Trace Context §3.2).
        let invalid = try gateway.ask(Text.request("POST /v1/embeddings", ["traceparent: 00-00000000000000000000000000000000-00f067aa0ba902b7-01"]))
        #expect(invalid["x-portkey-trace-id"] == invalid["x-sluice-request-id"])
        #expect(upstream.requests[1]["traceparent"] == String(parent.dropFirst(13)))
    }

    @Test("errors of the provider's pass as they are, redirects too")
    func otherStatusesPass() throws {
        for status in ["302 Found", "400 Bad Request", "404 Not Found", "418 I'm a teapot", "500 Internal Server Error", "529 Overloaded"] {
            let upstream = try ScriptedUpstream(answering: Text.answer(status, ["Location: http://elsewhere.test/"], body: "{\"error\":{}}"))
            let gateway = try TestGateway(World(upstream))
            let answer = try gateway.ask(Text.request())
            #expect(answer.status == Int(status.prefix(3)))
            #expect(answer["location"] == "http://elsewhere.test/")
            #expect(answer.text == "{\"error\":{}}")
            #expect(upstream.requests.count == 1)
        }
    }
}
