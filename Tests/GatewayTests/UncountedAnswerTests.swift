import Books
import Bytes
import Ledger
import Reactor
import Testing

@testable import Gateway

@Suite("Answers that nobody has counted")
struct UncountedAnswerTests {
    private let books: TemporaryBooks

    init() throws { books = try TemporaryBooks() }

    private func world(_ upstream: ScriptedUpstream, budgets: [SpendingTerms.Budget] = [], rates: [SpendingTerms.Rate] = []) throws -> World {
        var world = World(upstream)
        world.keys = [("team", CallerTests.gatewayKey, nil)]
        world.virtualKeys = [("first", 0, "a")]
        world.configs = [("chat", #"{"virtual_key":"first","request_timeout":150}"#)]
        world.books = books.books
        world.keyTerms = [SpendingTerms(.key, of: "team", identity: "team", budgets: budgets, rates: rates)]
        let text = "version: \"1\"\nprices:\n  up:\n    \"m\": {input: 2, output: 10}\n"
        world.prices = try Array(text.utf8).withByteSlice { try PriceBook($0) }
        return world
    }

    /// - Parameter isTimed: whether it is given up after 150 ms.
    private static func request(_ body: String, isTimed: Bool = false) -> String {
        let fields = ["x-portkey-api-key: \(CallerTests.gatewayKey)"] + (isTimed ? ["x-portkey-config: chat"] : [])
        return Text.request("POST /v1/chat/completions", fields, body: body, provider: isTimed ? nil : "@first", key: nil)
    }

    /// Events of a chat's answer, which say their numbers.
    private static func events(_ count: Int, model: String) -> String {
        (1...count).map { number in
            let delta = "{\"index\":0,\"delta\":{\"content\":\"<\(number)>\"}}"
            return Text.chunk(Text.event("{\"id\":\"a\",\"object\":\"chat.completion.chunk\",\"model\":\"\(model)\",\"choices\":[\(delta)]}"))
        }.joined()
    }

    // MARK: Models without a price

    /// A dollar a million tokens in, three out.
    private func unpriced() throws -> UnpricedRule {
        let (input, output) = (UnitPrice(nanodollarsPerMillion: 1_000_000_000), UnitPrice(nanodollarsPerMillion: 3_000_000_000))
        return .price(ModelPrice(input: try #require(input), output: try #require(output)))
    }

    @Test("what budgets are charged for a model that no book has is no cost of a stream that was cut, as it is none of a whole answer")
    func unpricedStream() throws {
        let upstream = try ScriptedUpstream { peer in
            guard peer.request() != nil else { return }
            peer.wire.send(Text.streamHead + UncountedAnswerTests.events(3, model: "own"))
            pause(milliseconds: 20)
        }
        let budget = try books.budget("a", .cost, 1_000_000_000)
        var world = try world(upstream, budgets: [budget])
        world.unpriced = try unpriced()
        let gateway = try RecordingGateway(world, before: [upstream])
        let body = "{\"model\":\"own\",\"stream\":true,\"max_tokens\":9,\"messages\":[]}"
        let answer = try gateway.ask(UncountedAnswerTests.request(body))
        #expect(answer.status == 200 && !answer.isWhole)
        let record = try #require(try gateway.records().first)
        let sent = Int64(body.utf8.count)
        #expect((record.figures.usage.inputTotal, record.figures.usage.outputTotal) == (sent, 9))
        #expect(record.figures.cost == -1 && record.figures.flags.isSuperset(of: [.unpriced, .estimated]))
        #expect(books.usage(budget).map { [$0.spent, $0.reserved] } == [sent * 1_000 + 9 * 3_000, 0])
    }

    @Test("what budgets are charged for a model that no book has is no cost of an attempt that is lost either")
    func unpricedLoss() throws {
        let upstream = try ScriptedUpstream { peer in while peer.request() != nil {} }
        let budget = try books.budget("a", .cost, 1_000_000_000)
        var world = try world(upstream, budgets: [budget])
        world.unpriced = try unpriced()
        let gateway = try RecordingGateway(world, before: [upstream])
        let body = "{\"model\":\"own\",\"max_tokens\":9,\"messages\":[]}"
        #expect(try gateway.ask(UncountedAnswerTests.request(body, isTimed: true)).status >= 400)
        let record = try #require(try gateway.records().first)
        let sent = Int64(body.utf8.count)
        #expect((record.figures.lostInputTokens, record.figures.lostOutputTokens) == (sent, 9))
        #expect(record.figures.lostCost < 0 && record.figures.flags.contains(.lostEstimated))
        #expect(books.usage(budget).map { [$0.spent, $0.reserved] } == [sent * 1_000 + 9 * 3_000, 0])
    }

    // MARK: Limits of tokens alone

    /// What of a limit is used.
    private func used(_ rate: SpendingTerms.Rate) -> Int64 {
        let reading = books.books.rates.reading(of: RateCharge(key: rate.key, limit: rate.limit), nowNanoseconds: Instant.now().nanoseconds)
        return reading.limit - reading.remaining
    }

    @Test("a stream that its client leaves counts in a limit of tokens for what can have been made, and is recorded by its events, as without any limit",
        arguments: [true, false])
    func limitedStream(isLimited: Bool) throws {
        let upstream = try ScriptedUpstream { peer in
            guard peer.request() != nil else { return }
            peer.wire.send(Text.streamHead + UncountedAnswerTests.events(50, model: "m"))
            _ = peer.request()
        }
        let rate = books.rate("r", .rate(1_000_000, per: .hour), .tokens)
        let gateway = try RecordingGateway(try world(upstream, rates: isLimited ? [rate] : []), before: [upstream])
        // Nothing says how long its answer may be.
        let body = "{\"model\":\"m\",\"stream\":true,\"messages\":[]}"
        let wire = try gateway.gateway.connect()
        wire.send(UncountedAnswerTests.request(body))
        #expect(wire.take(through: "<50>") != nil)
        wire.close()
        pause(milliseconds: 300)
        let record = try #require(try gateway.records().first)
        let sent = Int64(body.utf8.count)
        #expect(record.figures.flags.isSuperset(of: [.aborted, .estimated]))
        #expect((record.figures.usage.inputTotal, record.figures.usage.outputTotal) == (sent / 4, 50))
        #expect(record.figures.cost == sent / 4 * 2_000 + 50 * 10_000)
        if isLimited { #expect(used(rate) >= sent + 50 + AccountLimits.unseenTokens) }
    }

    @Test("a whole answer that took too long counts in a limit of tokens as one that is expected, and is lost as without any limit", arguments: [true, false])
    func limitedLoss(isLimited: Bool) throws {
        let upstream = try ScriptedUpstream { peer in while peer.request() != nil {} }
        let rate = books.rate("r", .rate(1_000_000, per: .hour), .tokens)
        let gateway = try RecordingGateway(try world(upstream, rates: isLimited ? [rate] : []), before: [upstream])
        let body = "{\"model\":\"m\",\"messages\":[]}"
        #expect(try gateway.ask(UncountedAnswerTests.request(body, isTimed: true)).status >= 400)
        let record = try #require(try gateway.records().first)
        let sent = Int64(body.utf8.count)
        #expect((record.figures.lostInputTokens, record.figures.lostOutputTokens, record.figures.lostCost) == (sent / 4, 0, sent / 4 * 2_000))
        if isLimited { #expect(used(rate) == sent + AccountLimits.expectedOutputTokens) }
    }

    @Test("a stream that is thought about, of which no member limits the answer, is charged for what can have been made as well")
    func thoughtStream() throws {
        let start = #"{"type":"message_start","message":{"id":"a","type":"message","role":"assistant","content":[],"model":"m","stop_reason":null,"#
            + #""usage":{"input_tokens":5,"output_tokens":1}}}"#
        let events = [
            start, #"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
            #"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}"#,
        ]
        let sent = events.map { Text.chunk(Text.event($0)) }.joined()
        let upstream = try ScriptedUpstream { peer in
            guard peer.request() != nil else { return }
            peer.wire.send(Text.streamHead + sent)
            pause(milliseconds: 20)
        }
        let budget = try books.budget("a", .tokens, 1_000_000)
        var world = try world(upstream, budgets: [budget])
        world.providers[0].like = "anthropic"
        let gateway = try RecordingGateway(world, before: [upstream])
        let body = #"{"model":"m","stream":true,"reasoning_effort":"low","messages":[{"role":"user","content":"a"}]}"#
        #expect(try gateway.ask(UncountedAnswerTests.request(body)).status == 200)
        let record = try #require(try gateway.records().first)
        #expect(record.figures.usage.inputTotal == 5 && record.figures.usage.outputTotal >= AccountLimits.unseenTokens)
        #expect(books.usage(budget)?.spent == record.figures.usage.total)
    }
}
