import Testing

@Suite("Retries, fallbacks and time limits")
struct RetryTests {
    private func config(_ text: String) -> [String] { ["x-portkey-config: \(text)"] }

    private func ask(_ gateway: TestGateway, _ config: String, _ fields: [String] = []) throws -> Message {
        try gateway.ask(Text.request("POST /v1/chat/completions", ["x-portkey-config: \(config)"] + fields, provider: nil))
    }

    /// Fails `count` times at once, then answers.
    private func failing(_ count: Int, _ status: String = "429 Too Many", _ fields: [String] = ["retry-after-ms: 1"]) throws -> ScriptedUpstream {
        try ScriptedUpstream { peer in
            var number = 0
            while peer.request() != nil {
                number += 1
                peer.wire.send(number <= count ? Text.answer(status, fields, body: "{\"error\":{}}") : Text.answer())
            }
        }
    }

    private static let up = "{\"provider\":\"up\",\"api_key\":\"k\"}"
    private static let second = "{\"provider\":\"second\",\"api_key\":\"k\"}"
    private static let third = "{\"provider\":\"third\",\"api_key\":\"k\"}"
    private static let retry = "{\"provider\":\"up\",\"retry\":{\"attempts\":2,\"on_status_codes\":[429],\"use_retry_after_headers\":true}}"

    @Test("the answer says how many repeats it took, and −1 when all were in vain", arguments: [(0, "0"), (1, "1"), (2, "2"), (3, "-1")])
    func retryCounts(failures: Int, count: String) throws {
        let upstream = try failing(failures)
        let gateway = try TestGateway(World(upstream))
        let answer = try ask(gateway, RetryTests.retry)
        #expect(answer.status == (failures == 3 ? 429 : 200))
        #expect(answer["x-portkey-retry-attempt-count"] == count)
        #expect(upstream.requests.count == min(failures, 2) + 1)
        #expect(upstream.connectionCount == 1)
        #expect(Set(upstream.requests.map(\.text)).count == 1)
    }

    @Test(
        "a pause may be asked for in milliseconds or seconds; one too long ends the repeats",
        arguments: [("retry-after-ms: 5", 2), ("x-ms-retry-after-ms: 5", 2), ("retry-after: 0", 2), ("retry-after: 61", 1), ("retry-after-ms: 99999999999999", 1)])
    func retryAfterForms(field: String, requests: Int) throws {
        let upstream = try failing(1, "429 Too Many", [field])
        let gateway = try TestGateway(World(upstream))
        let answer = try ask(gateway, RetryTests.retry)
        #expect(upstream.requests.count == requests)
        #expect(answer.status == (requests == 2 ? 200 : 429))
        #expect(answer["x-portkey-retry-attempt-count"] == (requests == 2 ? "1" : "-1"))
    }

    @Test("without on_status_codes a fallback goes on after every failure, and passes the last one's answer")
    func fallbackWalk() throws {
        let first = try failing(9, "500 Oops", [])
        let second = try failing(9, "404 None", [])
        let third = try ScriptedUpstream(answering: Text.answer(body: "{\"third\":1}"))
        let gateway = try TestGateway(World(first, second, third))
        let targets = "[\(RetryTests.up),\(RetryTests.second),\(RetryTests.third)]"
        let answer = try ask(gateway, "{\"strategy\":{\"mode\":\"fallback\"},\"targets\":\(targets)}")
        #expect(answer.text == "{\"third\":1}")
        #expect(answer["x-portkey-provider"] == "third")
        #expect(answer["x-portkey-last-used-option-index"] == "config.targets[2]")
        #expect([first, second, third].map(\.requests.count) == [1, 1, 1])
    }

    @Test("with on_status_codes a fallback goes on after those alone")
    func fallbackOnStatuses() throws {
        let first = try failing(9, "500 Oops", [])
        let second = try failing(9, "404 None", [])
        let third = try ScriptedUpstream(answering: Text.answer())
        let gateway = try TestGateway(World(first, second, third))
        let targets = "[\(RetryTests.up),\(RetryTests.second),\(RetryTests.third)]"
        let answer = try ask(gateway, "{\"strategy\":{\"mode\":\"fallback\",\"on_status_codes\":[500]},\"targets\":\(targets)}")
        #expect(answer.status == 404)
        #expect(answer["x-portkey-provider"] == "second")
        #expect(third.requests.isEmpty)
    }

    @Test("a target that refuses connections, closes, or talks nonsense is fallen back from", arguments: ["refuses", "closes", "nonsense", "resets"])
    func fallbackFromTheDead(way: String) throws {
        let first = try ScriptedUpstream { peer in
            peer.request()
            if way == "nonsense" { peer.wire.send("what?\r\n\r\n") }
            if way == "resets" { peer.wire.reset() }
        }
        if way == "refuses" { first.stopListening() }
        let second = try ScriptedUpstream(answering: Text.answer(body: "{\"second\":1}"))
        let gateway = try TestGateway(World(first, second))
        let answer = try ask(gateway, "{\"strategy\":{\"mode\":\"fallback\"},\"targets\":[\(RetryTests.up),\(RetryTests.second)]}")
        #expect(answer.text == "{\"second\":1}")
    }

    @Test("each target gets the body its own overrides make of it, and its own credential")
    func overridesBelongToTargets() throws {
        let first = try failing(9, "500 Oops", [])
        let second = try ScriptedUpstream(answering: Text.answer())
        let gateway = try TestGateway(World(first, second))
        let targets = "[{\"provider\":\"up\",\"api_key\":\"k1\",\"override_params\":{\"model\":\"a\",\"top_k\":1}},{\"provider\":\"second\",\"api_key\":\"k2\",\"override_params\":{\"model\":\"b\"}}]"
        _ = try gateway.ask(
            Text.request(
                "POST /v1/chat/completions", config("{\"strategy\":{\"mode\":\"fallback\"},\"targets\":\(targets)}"),
                body: "{\"n\":1.0,\"model\":\"theirs\",\"x\":[ ]}", provider: nil))
        #expect(first.requests.first?.text == "{\"top_k\":1,\"n\":1.0,\"model\":\"a\",\"x\":[ ]}")
        #expect(second.requests.first?.text == "{\"n\":1.0,\"model\":\"b\",\"x\":[ ]}")
        #expect(first.requests.first?["authorization"] == "Bearer k1")
        #expect(second.requests.first?["authorization"] == "Bearer k2")
    }

    // MARK: Time

    private func silent() throws -> ScriptedUpstream {
        try ScriptedUpstream { peer in
            peer.request()
            _ = peer.wire.millisecondsUntilEnd()
        }
    }

    @Test("a request timeout is 408 in Portkey's words, from header or config", arguments: ["header", "config"])
    func requestTimeout(from place: String) throws {
        let upstream = try silent()
        let gateway = try TestGateway(World(upstream))
        let answer =
            try place == "header"
            ? gateway.ask(Text.request("POST /v1/chat/completions", ["x-portkey-request-timeout: 60"]))
            : ask(gateway, "{\"provider\":\"up\",\"request_timeout\":60}")
        #expect(answer.status == 408)
        #expect(answer.text == "{\"error\":{\"message\":\"Request exceeded the timeout sent in the request: 60ms\",\"type\":\"timeout_error\",\"param\":null,\"code\":null}}")
        #expect(answer["x-portkey-provider"] == "up")
    }

    @Test("a timed-out target is fallen back from")
    func timeoutFallsBack() throws {
        let first = try silent()
        let second = try ScriptedUpstream(answering: Text.answer(body: "{\"second\":1}"))
        let gateway = try TestGateway(World(first, second))
        let answer = try ask(
            gateway, "{\"strategy\":{\"mode\":\"fallback\"},\"request_timeout\":50,\"targets\":[\(RetryTests.up),\(RetryTests.second)]}")
        #expect(answer.text == "{\"second\":1}")
    }

    @Test("a provider that never begins to answer is 504 after the first-byte time")
    func firstByteTimeout() throws {
        let upstream = try silent()
        var world = World(upstream)
        world.limits.firstByteNanoseconds = World.milliseconds(50)
        let answer = try TestGateway(world).ask(Text.request())
        #expect(answer.status == 504)
        #expect(answer.errorCode == "upstream_timeout")
    }

    @Test("interim answers do not put off the first-byte time")
    func interimAnswersDoNotCount() throws {
        let upstream = try ScriptedUpstream { peer in
            peer.request()
            while peer.wire.send("HTTP/1.1 102 Processing\r\n\r\n") { pause(milliseconds: 10) }
        }
        var world = World(upstream)
        world.limits.firstByteNanoseconds = World.milliseconds(60)
        #expect(try TestGateway(world).ask(Text.request()).status == 504)
    }

    @Test("a gap in an answer of known length cuts it, and the time in all cuts one that drips", arguments: ["gap", "total"])
    func gapAndTotal(limit: String) throws {
        let upstream = try ScriptedUpstream { peer in
            peer.request()
            peer.wire.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            while peer.wire.send("x") { pause(milliseconds: limit == "gap" ? 2000 : 10) }
        }
        var world = World(upstream)
        if limit == "gap" { world.limits.gapNanoseconds = World.milliseconds(60) } else { world.limits.totalNanoseconds = World.milliseconds(150) }
        let gateway = try TestGateway(world)
        let client = try gateway.connect()
        client.send(Text.request())
        let answer = client.takeAnswer()
        #expect(answer.status == 200)
        #expect(!answer.isWhole)
        #expect(client.ending == .closed || client.ending == .reset)
    }

    @Test("a repeat that could not start within the time in all is not waited for")
    func totalEndsRepeats() throws {
        let upstream = try failing(99, "429 Too Many", ["retry-after: 30"])
        var world = World(upstream)
        world.limits.totalNanoseconds = World.milliseconds(5000)
        let answer = try ask(TestGateway(world), RetryTests.retry)
        #expect(answer.status == 429)
        #expect(answer["x-portkey-retry-attempt-count"] == "-1")
        #expect(upstream.requests.count == 1)
    }
}
