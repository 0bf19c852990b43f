import Books
import Bytes
import Ledger
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
}
