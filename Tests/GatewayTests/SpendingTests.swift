import Bytes
import Ledger
import Patterns
import Testing

@testable import Gateway

@Suite("Budgets and rate limits of requests")
struct SpendingTests {
    /// Two dollars a million tokens in, ten out; answers of the model have at most 1,000.
    private static let prices = """
        version: "1"
        prices:
          up:
            "m": {input: 2, output: 10, max_output: 1000}
            "endless": {input: 2, output: 10}
          second:
            "m": {input: 1, output: 1, max_output: 1000}
        """

    private let books: TemporaryBooks

    init() throws { books = try TemporaryBooks() }

    private func world(_ upstreams: [ScriptedUpstream], budgets: [SpendingTerms.Budget] = [], rates: [SpendingTerms.Rate] = []) throws -> World {
        var world = World()
        world.providers = zip(["up", "second"], upstreams).map { World.Provider(id: $0, port: $1.port) }
        world.limits.lingerNanoseconds = 300_000_000
        world.limits.drainNanoseconds = 200_000_000
        world.keys = [("team", CallerTests.gatewayKey, nil)]
        world.virtualKeys = [("first", 0, "a"), ("other", upstreams.count - 1, "b")]
        world.books = books.books
        world.keyTerms = [SpendingTerms(.key, of: "team", identity: "team", budgets: budgets, rates: rates)]
        world.prices = try Array(SpendingTests.prices.utf8).withByteSlice { try PriceBook($0) }
        return world
    }

    private static func request(_ body: String = "{\"model\":\"m\",\"messages\":[]}", config: String? = nil) -> String {
        var fields = ["x-portkey-api-key: \(CallerTests.gatewayKey)"]
        if let config { fields.append("x-portkey-config: \(config)") }
        return Text.request("POST /v1/chat/completions", fields, body: body, provider: config == nil ? "@first" : nil, key: nil)
    }

    private static func counted(_ input: Int, _ output: Int) -> String {
        Text.answer(body: "{\"model\":\"m\",\"choices\":[],\"usage\":{\"prompt_tokens\":\(input),\"completion_tokens\":\(output)}}")
    }

    /// Answers one request, when it is let.
    private static func waiting(for latch: Latch) throws -> ScriptedUpstream {
        try ScriptedUpstream { peer in
            guard peer.request() != nil else { return }
            latch.wait()
            peer.wire.send(counted(1, 1))
        }
    }

    @Test("what an answer cost is spent, to the nano-dollar, and nothing stays reserved")
    func settled() throws {
        let upstream = try ScriptedUpstream(answering: SpendingTests.counted(7, 3))
        let budget = try books.budget("a", .cost, 1_000_000_000)
        let gateway = try TestGateway(try world([upstream], budgets: [budget]))
        for _ in 0..<5 { #expect(try gateway.ask(SpendingTests.request()).status == 200) }
        #expect(soon { books.usage(budget)?.spent == 5 * (7 * 2_000 + 3 * 10_000) })
        #expect(books.usage(budget)?.reserved == 0)
        #expect(upstream.requests.allSatisfy { !$0.text.contains("max_tokens") })
    }

    @Test("an answer is limited to what is left, and the client is told; where the question does not fit it is refused by name")
    func cut() throws {
        let upstream = try ScriptedUpstream(answering: SpendingTests.counted(10, 20))
        let body = "{\"model\":\"m\",\"messages\":[]}"
        // Room for the text and 100 tokens of an answer.
        let budget = try books.budget("a", .cost, Int64(body.utf8.count) * 2_000 + 100 * 10_000)
        let gateway = try TestGateway(try world([upstream], budgets: [budget]))
        let answer = try gateway.ask(SpendingTests.request(body))
        #expect(answer.status == 200)
        #expect(answer["x-sluice-warnings"] == "budget: the answer is limited to 100 tokens")
        #expect(upstream.requests.first?.text.contains("\"max_tokens\":100") == true)
        // 10 and 20 were counted; of 5,000 asked for there is room for less.
        let second = try gateway.ask(SpendingTests.request("{\"max_completion_tokens\":500,\"model\":\"m\",\"messages\":[]}"))
        #expect(second.status == 200)
        #expect(upstream.requests.last?.text.hasPrefix("{\"max_completion_tokens\":7") == true)
        #expect(upstream.requests.last?.text.contains("max_tokens\":") == false)
        let long = String(repeating: "a", count: 700)
        let refused = try gateway.ask(SpendingTests.request("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"\(long)\"}]}"))
        #expect(refused.status == 412)
        #expect(refused.text.contains("\"code\":\"budget_exceeded\""))
        #expect(refused.text.contains("cost budget of key \\\"team\\\""))
        #expect(refused.text.contains("it begins anew at 20"))
        #expect(upstream.requests.count == 2)
    }

    @Test("of a model whose longest answer nobody knows the longest there is has room, or else the limit that every model takes")
    func unknownLength() throws {
        let upstream = try ScriptedUpstream(answering: SpendingTests.counted(10, 20))
        let body = "{\"model\":\"endless\",\"messages\":[]}"
        let text = Int64(body.utf8.count) * 2_000
        let (room, less) = (try books.budget("a", .cost, text + 131_072 * 10_000), try books.budget("b", .cost, text + 131_071 * 10_000))
        let whole = try TestGateway(try world([upstream], budgets: [room])).ask(SpendingTests.request(body))
        #expect(whole.status == 200 && whole["x-sluice-warnings"] == nil)
        #expect(upstream.requests.last?.text == body)
        let cut = try TestGateway(try world([upstream], budgets: [less])).ask(SpendingTests.request(body))
        #expect(cut["x-sluice-warnings"] == "budget: the answer is limited to 4096 tokens")
        #expect(upstream.requests.last?.text.contains("\"max_tokens\":4096") == true)
    }

    @Test("of many requests at once exactly as many pass as the budget has room for, however they end")
    func concurrent() throws {
        let upstream = try ScriptedUpstream(answering: SpendingTests.counted(1, 1))
        let budget = try books.budget("a", .requests, 10)
        let gateway = try TestGateway(try world([upstream], budgets: [budget]), workers: 2)
        let clients = try (0..<60).map { _ in try gateway.connect() }
        for client in clients { client.send(SpendingTests.request()) }
        let statuses = clients.map { $0.takeAnswer().status }
        #expect(statuses.filter { $0 == 200 }.count == 10)
        #expect(statuses.filter { $0 == 412 }.count == 50)
        #expect(upstream.requests.count == 10)
    }

    @Test("what a provider refused, or never answered, is not spent", arguments: ["500 Oops", "429 Slow", "400 No", ""])
    func released(status: String) throws {
        let upstream = try ScriptedUpstream { peer in
            while peer.request() != nil {
                guard !status.isEmpty else { return peer.wire.close() }
                peer.wire.send(Text.answer(status, body: "{\"error\":{}}"))
            }
        }
        let (money, requests) = (try books.budget("a", .cost, 1_000_000_000), try books.budget("b", .requests, 2))
        let gateway = try TestGateway(try world([upstream], budgets: [money, requests]))
        for _ in 0..<4 { #expect(try gateway.ask(SpendingTests.request()).status != 412) }
        for budget in [money, requests] { #expect(soon { books.usage(budget).map { $0.spent == 0 && $0.reserved == 0 } == true }) }
    }

    @Test("of a stream that the client leaves, what went in and what was seen is spent, and no more than was reserved")
    func abandoned() throws {
        let upstream = try ScriptedUpstream { peer in
            guard peer.request() != nil else { return }
            peer.wire.send(Text.streamHead)
            while peer.wire.send(Text.chunk("data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n")) { pause(milliseconds: 1) }
        }
        let budget = try books.budget("a", .tokens, 1_000_000)
        let gateway = try TestGateway(try world([upstream], budgets: [budget]))
        let body = "{\"model\":\"m\",\"stream\":true,\"max_tokens\":900,\"messages\":[]}"
        let client = try gateway.connect()
        client.send(SpendingTests.request(body))
        _ = client.take(400)
        #expect(books.usage(budget)?.reserved == Int64(body.utf8.count) + 900)
        client.close()
        #expect(soon { books.usage(budget)?.reserved == 0 })
        let spent = try #require(books.usage(budget)?.spent)
        #expect(spent > Int64(body.utf8.count) && spent <= Int64(body.utf8.count) + 900)
    }

    @Test("a model without a price is refused where money is limited, free where the operator says so, or has the price that is given")
    func unpriced() throws {
        let upstream = try ScriptedUpstream(answering: SpendingTests.counted(7, 3))
        let budget = try books.budget("a", .cost, 1_000_000_000)
        var world = try world([upstream], budgets: [budget])
        world.prices = try Array("version: \"1\"\nprices:\n  x:\n    \"y\": {input: 1, output: 1}\n".utf8).withByteSlice { try PriceBook($0) }
        let denied = try TestGateway(world).ask(SpendingTests.request())
        #expect(denied.status == 412 && denied.text.contains("\"code\":\"model_unpriced\""))
        world.unpriced = .allow
        #expect(try TestGateway(world).ask(SpendingTests.request()).status == 200)
        #expect(books.usage(budget)?.spent ?? 0 == 0)
        let (input, output) = (UnitPrice(nanodollarsPerMillion: 1_000_000_000), UnitPrice(nanodollarsPerMillion: 3_000_000_000))
        world.unpriced = .price(ModelPrice(input: try #require(input), output: try #require(output)))
        #expect(try TestGateway(world).ask(SpendingTests.request()).status == 200)
        #expect(soon { books.usage(budget)?.spent == 7 * 1000 + 3 * 3000 })
    }

    @Test("a virtual key's budget is its target's: a fallback goes on past it")
    func fallback() throws {
        let (first, second) = (try ScriptedUpstream(answering: SpendingTests.counted(1, 1)), try ScriptedUpstream(answering: SpendingTests.counted(2, 2)))
        var world = try world([first, second])
        let budget = try books.budget("a", .requests, 1)
        world.keyTerms = []
        world.virtualKeyTerms = [SpendingTerms(.virtualKey, of: "first", identity: "first", budgets: [budget], rates: [])]
        let gateway = try TestGateway(world)
        let config = "{\"strategy\":{\"mode\":\"fallback\",\"on_status_codes\":[412]},\"targets\":[{\"virtual_key\":\"first\"},{\"virtual_key\":\"other\"}]}"
        #expect(try gateway.ask(SpendingTests.request(config: config))["x-portkey-provider"] == "up")
        #expect(try gateway.ask(SpendingTests.request(config: config))["x-portkey-provider"] == "second")
        let alone = try gateway.ask(SpendingTests.request())
        #expect(alone.status == 412 && alone.text.contains("virtual key \\\"first\\\""))
        #expect((first.requests.count, second.requests.count) == (1, 1))
    }

    @Test("of several virtual keys of one target the next is taken when one's budget has no room")
    func pool() throws {
        let upstream = try ScriptedUpstream(answering: SpendingTests.counted(1, 1))
        var world = try world([upstream])
        let (one, other) = (try books.budget("a", .requests, 2), try books.budget("b", .requests, 2))
        world.keyTerms = []
        world.virtualKeyTerms = [
            SpendingTerms(.virtualKey, of: "first", identity: "first", budgets: [one], rates: []),
            SpendingTerms(.virtualKey, of: "other", identity: "other", budgets: [other], rates: []),
        ]
        let gateway = try TestGateway(world)
        let config = "{\"provider\":\"up\",\"credentials\":[{\"virtual_key\":\"first\"},{\"virtual_key\":\"other\"}]}"
        let statuses = try (0..<6).map { _ in try gateway.ask(SpendingTests.request(config: config)).status }
        #expect(statuses == [200, 200, 200, 200, 412, 412])
    }

    @Test(
        "what a request may come to is bounded by what it says, and by no less",
        arguments: [
            ("\"max_tokens\":10", 10), ("\"max_tokens\":10,\"n\":3", 30), ("\"max_completion_tokens\":10,\"max_tokens\":7", 10),
            ("\"max_output_tokens\":10", 131_072), ("\"max_tokens\":null", 131_072), ("\"max_tokens\":\"5\"", 131_072), ("\"max_tokens\":0", 131_072),
            ("\"max_tokens\":9223372036854775807", 131_072), ("\"max_tokens\":10,\"n\":null", 10),
        ])
    func bounds(members: String, output: Int64) throws {
        let held = Latch()
        let upstream = try SpendingTests.waiting(for: held)
        defer { held.open() }
        let budget = try books.budget("a", .tokens, 10_000_000)
        let rate = books.rate("r", .rate(1_000_000_000_000, per: .hour), .tokens)
        let gateway = try TestGateway(try world([upstream], budgets: [budget], rates: [rate]))
        let body = "{\"model\":\"endless\",\(members),\"messages\":[]}"
        let client = try gateway.connect()
        client.send(SpendingTests.request(body))
        #expect(soon { !upstream.requests.isEmpty })
        #expect(books.usage(budget)?.reserved == Int64(body.utf8.count) + output)
        held.open()
        #expect(client.takeAnswer().status == 200)
        #expect(soon { books.usage(budget)?.spent == 2 })
    }

    @Test("how many answers are asked for must be known", arguments: ["10.0", "\"10\"", "1e1", "0", "-1"])
    func unknownCount(count: String) throws {
        let upstream = try ScriptedUpstream(answering: SpendingTests.counted(1, 1))
        let gateway = try TestGateway(try world([upstream], budgets: [try books.budget("a", .tokens, 1000)]))
        let answer = try gateway.ask(SpendingTests.request("{\"model\":\"m\",\"n\":\(count),\"messages\":[]}"))
        #expect(answer.status == 400 && answer.text.contains("\"param\":\"n\""))
        #expect(upstream.requests.isEmpty)
    }

    @Test("a completion for each prompt is provided for, and the price of the tier that is asked for")
    func promptsAndTiers() throws {
        let upstream = try ScriptedUpstream(answering: SpendingTests.counted(0, 0))
        var world = try world([upstream], budgets: [try books.budget("a", .cost, 400 * 10_000)])
        let text = "version: \"1\"\nprices:\n  up:\n    \"m\": {input: 0, output: 10, priority: {input: 0, output: 20}}\n"
        world.prices = try Array(text.utf8).withByteSlice { try PriceBook($0) }
        let gateway = try TestGateway(world)
        func ask(_ path: String, _ body: String) throws -> String? {
            let fields = ["x-portkey-api-key: \(CallerTests.gatewayKey)"]
            return try gateway.ask(Text.request("POST \(path)", fields, body: body, provider: "@first", key: nil))["x-sluice-warnings"]
        }
        #expect(try ask("/v1/completions", "{\"model\":\"m\",\"max_tokens\":100,\"prompt\":[\"a\",\"b\",\"c\",\"d\"]}") == nil)
        let cut = try ask("/v1/completions", "{\"model\":\"m\",\"max_tokens\":100,\"prompt\":[\"a\",\"b\",\"c\",\"d\",\"e\"]}")
        #expect(cut == "budget: the answer is limited to 80 tokens")
        #expect(try ask("/v1/completions", "{\"model\":\"m\",\"max_tokens\":400,\"prompt\":[1,2,3]}") == nil)
        let dear = try ask("/v1/chat/completions", "{\"model\":\"m\",\"max_tokens\":400,\"service_tier\":\"priority\",\"messages\":[]}")
        #expect(dear == "budget: the answer is limited to 200 tokens")
    }

    @Test("what costs more than text is provided for where a request names it, or may")
    func dearClasses() throws {
        let upstream = try ScriptedUpstream(answering: SpendingTests.counted(0, 0))
        var world = try world([upstream], budgets: [try books.budget("a", .cost, 100 * 10_000)])
        let text = "version: \"1\"\nprices:\n  up:\n    \"m\": {input: 0, output: 10, audio_output: 40, max_output: 1000}\n"
        world.prices = try Array(text.utf8).withByteSlice { try PriceBook($0) }
        let gateway = try TestGateway(world)
        func limit(_ more: String) throws -> String? {
            try gateway.ask(SpendingTests.request("{\"model\":\"m\",\"messages\":[]\(more)}"))["x-sluice-warnings"]
        }
        #expect(try limit("") == "budget: the answer is limited to 100 tokens")
        #expect(try limit(",\"modalities\":[\"text\",\"audio\"]") == "budget: the answer is limited to 25 tokens")
        #expect(try limit(",\"user\":\"\\u0061\"") == "budget: the answer is limited to 25 tokens")
        #expect(try limit(",\"user\":\"image\"") == "budget: the answer is limited to 100 tokens")
    }

    @Test("a target that says an error within a 200 has not earned anything")
    func errorInStream() throws {
        let first = try ScriptedUpstream { peer in
            while peer.request() != nil {
                peer.wire.send(Text.streamHead + Text.chunk("event: error\ndata: {\"error\":{\"type\":\"overloaded_error\",\"message\":\"no\"}}\n\n") + "0\r\n\r\n")
            }
        }
        let second = try ScriptedUpstream(answering: SpendingTests.counted(2, 2))
        let budget = try books.budget("a", .requests, 10)
        let gateway = try TestGateway(try world([first, second], budgets: [budget]))
        let config = "{\"strategy\":{\"mode\":\"fallback\"},\"targets\":[{\"virtual_key\":\"first\"},{\"virtual_key\":\"other\"}]}"
        let answer = try gateway.ask(SpendingTests.request("{\"model\":\"m\",\"stream\":true,\"messages\":[]}", config: config))
        #expect(answer["x-portkey-provider"] == "second")
        #expect(soon { books.usage(budget).map { $0.spent == 1 && $0.reserved == 0 } == true })
    }

    @Test("limits that a reload takes away are left in good order")
    func reloaded() throws {
        let held = Latch()
        let upstream = try SpendingTests.waiting(for: held)
        defer { held.open() }
        let budget = try books.budget("a", .requests, 10)
        var world = try world([upstream], budgets: [budget], rates: [books.rate("a", .concurrency(5))])
        let gateway = try TestGateway(world)
        let client = try gateway.connect()
        client.send(SpendingTests.request())
        #expect(soon { !upstream.requests.isEmpty })
        world.books = nil
        world.keyTerms = []
        gateway.gateway.adopt(try world.snapshot(version: 2))
        held.open()
        #expect(client.takeAnswer().status == 200)
        #expect(soon { books.usage(budget).map { $0.spent == 1 && $0.reserved == 0 } == true && books.books.rates.openCount == 0 })
    }

    @Test("a virtual key's multiplier is what its requests cost")
    func multiplier() throws {
        let upstream = try ScriptedUpstream(answering: SpendingTests.counted(7, 3))
        var world = try world([upstream])
        let budget = try books.budget("a", .cost, 1_000_000_000)
        world.keyTerms = []
        let half = try #require(PriceAdjustment(multiplierMillionths: 500_000))
        world.virtualKeyTerms = [SpendingTerms(.virtualKey, of: "first", identity: "first", budgets: [budget], rates: [], adjustment: half)]
        #expect(try TestGateway(world).ask(SpendingTests.request()).status == 200)
        #expect(soon { books.usage(budget)?.spent == (7 * 2_000 + 3 * 10_000) / 2 })
    }

    // MARK: Rates

    @Test("exactly as many requests pass as a limit has, and those refused learn when to come again")
    func limited() throws {
        let upstream = try ScriptedUpstream(answering: SpendingTests.counted(1, 1))
        let gateway = try TestGateway(try world([upstream], rates: [books.rate("a", .rate(10, per: .hour))]), workers: 2)
        let clients = try (0..<60).map { _ in try gateway.connect() }
        for client in clients { client.send(SpendingTests.request()) }
        let answers = clients.map { $0.takeAnswer() }
        #expect(answers.filter { $0.status == 200 }.count == 10)
        let refused = answers.filter { $0.status == 429 }
        #expect(refused.count == 50)
        for answer in refused {
            #expect(answer.text.contains("\"code\":\"rate_limit_exceeded\""))
            #expect(answer["x-ratelimit-limit-requests"] == "10" && answer["x-ratelimit-remaining-requests"] == "0")
            let (seconds, milliseconds) = (Int(answer["retry-after"] ?? "") ?? 0, Int(answer["retry-after-ms"] ?? "") ?? 0)
            #expect(seconds > 3000 && seconds <= 3600 && milliseconds <= seconds * 1000 && milliseconds > (seconds - 1) * 1000)
        }
    }

    @Test("places are free again when their requests are over, whatever became of those")
    func places() throws {
        let isHeld = Latch()
        let upstream = try ScriptedUpstream { peer in
            while peer.request() != nil {
                isHeld.wait()
                peer.wire.send(SpendingTests.counted(1, 1))
            }
        }
        let gateway = try TestGateway(try world([upstream], rates: [books.rate("a", .concurrency(2))]))
        let held = try (0..<2).map { _ in try gateway.connect() }
        for client in held { client.send(SpendingTests.request()) }
        #expect(soon { upstream.requests.count == 2 })
        #expect(try gateway.ask(SpendingTests.request()).status == 429)
        held[0].close()
        isHeld.open()
        #expect(held[1].takeAnswer().status == 200)
        #expect(soon { books.books.rates.openCount == 0 })
        for _ in 0..<5 { #expect(try gateway.ask(SpendingTests.request()).status == 200) }
    }

    @Test("tokens are counted as expected first, and as they were afterwards")
    func tokens() throws {
        let upstream = try ScriptedUpstream(answering: SpendingTests.counted(300, 300))
        let gateway = try TestGateway(try world([upstream], rates: [books.rate("a", .rate(1000, per: .hour), .tokens)]))
        let body = "{\"model\":\"m\",\"max_tokens\":100,\"messages\":[]}"
        #expect(try gateway.ask(SpendingTests.request(body)).status == 200)
        #expect(try gateway.ask(SpendingTests.request(body)).status == 200)
        let refused = try gateway.ask(SpendingTests.request(body))
        #expect(refused.status == 429 && refused["x-ratelimit-limit-tokens"] == "1000")
    }

    // MARK: Bounds

    @Test(
        "what a text cannot come to is told by the words it lacks; one with escapes may come to anything",
        arguments: [
            (#"{"messages":[]}"#, [String]()), (#"{"cache_control":{}}"#, ["cache"]), (#"{"modalities":["audio"]}"#, ["audio"]),
            (#"{"a":"imagery audio"}"#, ["images", "audio"]), (#"{"\u0061":1}"#, ["escapes", "cache", "audio", "images"]),
            (#"{"a":"C:\\users"}"#, ["escapes", "cache", "audio", "images"]), (#"{"a":"Audio IMAGE"}"#, []), ("", []),
        ])
    func words(text: String, expected: [String]) {
        let names: KeyValuePairs<String, BoundWords> = [
            "escapes": .escapes, "cache": .cacheControl, "audio": .audio, "images": .images,
        ]
        var scratch = PatternScratch()
        let words = Array(text.utf8).withByteSlice { BoundWords(in: $0, &scratch) }
        for (name, word) in names { #expect(words.contains(word) == expected.contains(name), "\(name)") }
        let classes = TokenClassSet.all.subtracting(words.absentClasses)
        #expect(classes.contains(.imageInput) == words.contains(.images) && classes.contains(.audioOutput) == words.contains(.audio))
        #expect(classes.contains(.cacheWrite1h) == words.contains(.cacheControl))
    }

    @Test("a deployment that is another model than the request names is bound at its own prices, those of sound among them", arguments: [
        ("talk-audio", 40), ("talk", 320),
    ])
    func deployments(name: String, tokens: Int64) throws {
        let upstream = try ScriptedUpstream(answering: SpendingTests.counted(1, 1))
        let body = "{\"model\":\"m\",\"messages\":[]}"
        let money = try books.budget("money", .cost, Int64(body.utf8.count) * 2_000 + 40 * 80_000)
        var world = try world([upstream], budgets: [money])
        let text = """
            version: "1"
            prices:
              azure-openai:
                "talk": {input: 2, output: 10, audio_output: 80, max_output: 1000}
                "talk-audio": {input: 2, output: 10, audio_output: 80, max_output: 1000}
            """
        world.prices = try Array(text.utf8).withByteSlice { try PriceBook($0) }
        world.providers.append(World.Provider(id: "azure-openai", like: "azure-openai", port: upstream.port))
        let gateway = try TestGateway(world)
        let config = #"{"provider":"azure-openai","api_key":"k","azure_resource_name":"r","azure_deployment_id":"\#(name)","azure_api_version":"v1","custom_host":"http://127.0.0.1:\#(upstream.port)"}"#
        let answer = try gateway.ask(SpendingTests.request(body, config: config))
        #expect(answer["x-sluice-warnings"] == "budget: the answer is limited to \(tokens) tokens", "\(answer.status) \(answer.body)")
    }

    @Test("images and sound count as media, whatever else as text")
    func media() {
        func counted(_ body: String) -> (bytes: Int64, tokens: Int64) {
            var media = MediaTokens()
            Array(body.utf8).withByteSlice { media.count($0) }
            return (media.byteCount, media.tokens)
        }
        let data = String(repeating: "A", count: 3200)
        let address = counted("{\"messages\":[{\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,\(data)\"}}]}]}")
        #expect(address == (3222, AccountLimits.imageTokens))
        #expect(counted("{\"messages\":[{\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://a/b\"}}]}]}") == (0, AccountLimits.imageTokens))
        let source = counted("{\"messages\":[{\"content\":[{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":\"image/png\",\"data\":\"\(data)\"}}]}]}")
        #expect(source == (3200, AccountLimits.imageTokens))
        let sound = counted("{\"messages\":[{\"content\":[{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"\(data)\",\"format\":\"wav\"}}]}]}")
        #expect(sound == (3200, 101))
        let written = "{\"type\":\"tool_use\",\"input\":{\"type\":\"image\",\"url\":\"data:image/png;base64,\(data)\",\"format\":\"csv\",\"data\":\"\(data)\"}}"
        #expect(counted("{\"messages\":[{\"content\":[\(written)]}]}") == (0, 0))
        let responses = "{\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_image\",\"image_url\":\"data:image/png;base64,\(data)\"}]}]}"
        #expect(counted(responses) == (3222, AccountLimits.imageTokens))
        #expect(counted("{\"messages\":[{\"content\":[{\"\\u0074ype\":\"image_url\",\"image_url\":{\"url\":\"https://a/b\"}}]}]}") == (0, AccountLimits.imageTokens))
        let result = "{\"type\":\"tool_result\",\"content\":[{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"data\":\"\(data)\"}}]}"
        #expect(counted("{\"messages\":[{\"content\":[\(result)]}]}") == (3200, AccountLimits.imageTokens))
        #expect(counted("{\"messages\":[{\"content\":[{\"type\":\"text\",\"text\":\"data:image/png;base64,\(data)\"}]}]}") == (0, 0))
        #expect(counted("{\"messages\":[{\"content\":[{\"type\":\"document\",\"source\":{\"media_type\":\"text/plain\",\"data\":\"\(data)\"}}]}]}") == (0, 0))
    }
}
