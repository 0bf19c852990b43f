import Books
import Bytes
import Ledger
import Testing

@testable import Gateway

@Suite("Fees of searches")
struct SearchFeeTests {
    private let books: TemporaryBooks

    init() throws { books = try TemporaryBooks() }

    /// What a provider answers, what its model costs, and what is spent then.
    struct Bill: CustomTestStringConvertible, Sendable {
        let name: String
        var like = "anthropic"
        var line = "POST /v1/messages"
        /// Members of the request.
        var asked = #""stop_sequences":[]"#
        let answer: String
        var price = "input: 2, output: 10, units: {web_search: 0.01}"
        /// What a virtual key makes of it.
        var adjustment: String?
        var fixed: String?
        var searches: Int64 = 3
        let spent: Int64
        /// Whether it costs more than is known.
        var leavesOut = false

        var testDescription: String { name }

        /// Of 7 tokens in and 3 out.
        static let tokens: Int64 = 7 * 2_000 + 3 * 10_000
        static let fees: Int64 = 3 * 10_000_000

        static func message(_ tools: String, model: String = "m") -> String {
            Text.answer(
                body: """
                    {"type":"message","role":"assistant","id":"a","model":"\(model)","content":[{"type":"text","text":"a"}],"stop_reason":"end_turn",
                    "usage":{"input_tokens":7,"output_tokens":3,"server_tool_use":\(tools)}}
                    """)
        }

        static let streamed = Text.stream(events)

        /// It ends behind what it says of its usage, and before its own last event.
        static let cut = Text.streamHead + events.dropLast().map { Text.chunk($0) }.joined()

        private static let events: [String] = [
            Text.event(
                #"{"type":"message_start","message":{"id":"a","type":"message","role":"assistant","content":[],"model":"m","stop_reason":null,"#
                    + #""usage":{"input_tokens":5,"output_tokens":1,"server_tool_use":{"web_search_requests":0}}}}"#),
            Text.event(#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#),
            Text.event(#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}"#),
            Text.event(#"{"type":"content_block_stop","index":0}"#),
            Text.event(
                #"{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"#
                    + #""usage":{"input_tokens":7,"output_tokens":3,"server_tool_use":{"web_search_requests":3}}}"#),
            Text.event(#"{"type":"message_stop"}"#),
        ]

        static func chat(_ usage: String) -> String {
            Text.answer(
                body: #"{"id":"a","model":"m","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"a"}}],"#
                    + #""usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10,"# + usage + "}}")
        }
    }

    private static let three = #"{"web_search_requests":3}"#
    private static let chats = "POST /v1/chat/completions"
    private static let unstated = "input: 2, output: 10, units: {file_search: 0.01}"

    private static let bills: [Bill] = [
        Bill(name: "a message", answer: Bill.message(three), spent: Bill.tokens + Bill.fees),
        Bill(name: "a message as a stream", asked: #""stream":true"#, answer: Bill.streamed, spent: Bill.tokens + Bill.fees),
        Bill(name: "a message that is told in OpenAI's dialect", line: chats, asked: #""temperature":1"#, answer: Bill.message(three), spent: Bill.tokens + Bill.fees),
        Bill(
            name: "a stream that is told in OpenAI's dialect", line: chats, asked: #""stream":true"#, answer: Bill.streamed, spent: Bill.tokens + Bill.fees),
        Bill(
            name: "a message of a model that is priced as it was asked for", answer: Bill.message(three, model: "other"), spent: Bill.tokens + Bill.fees),
        Bill(name: "a message without searches", answer: Bill.message(#"{"web_search_requests":0}"#), searches: 0, spent: Bill.tokens),
        Bill(
            name: "OpenRouter's", like: "openrouter", line: chats, asked: #""temperature":1"#, answer: Bill.chat(#""server_tool_use":\#(three)"#),
            spent: Bill.tokens + Bill.fees),
        Bill(
            name: "Perplexity's", like: "perplexity-ai", line: chats, asked: #""temperature":1"#, answer: Bill.chat(#""num_search_queries":3"#),
            spent: Bill.tokens + Bill.fees),
        Bill(name: "searches without a price", answer: Bill.message(three), price: unstated, spent: Bill.tokens, leavesOut: true),
        Bill(
            name: "searches without a price, of a stream", asked: #""stream":true"#, answer: Bill.streamed, price: unstated, spent: Bill.tokens, leavesOut: true),
        Bill(
            name: "searches without a price, of a model that is priced as it was asked for", answer: Bill.message(three, model: "other"), price: unstated,
            spent: Bill.tokens, leavesOut: true),
        Bill(
            name: "no searches, and no price for them", answer: Bill.message(#"{"web_search_requests":0}"#), price: unstated, searches: 0, spent: Bill.tokens),
        Bill(
            name: "searches that cost nothing", answer: Bill.message(three), price: "input: 2, output: 10, units: {web_search: 0}", spent: Bill.tokens),
        Bill(
            name: "a discount", answer: Bill.message(three), adjustment: "0.5", spent: (Bill.tokens + Bill.fees) / 2),
        Bill(name: "a price of the request, which covers them", answer: Bill.message(three), fixed: "0.002", spent: 2_000_000),
        Bill(
            name: "a price of the request, which covers them, too, where they have none", answer: Bill.message(three), price: unstated, fixed: "0.002",
            spent: 2_000_000),
    ]

    private func world(_ bill: Bill, _ upstream: ScriptedUpstream, budget: SpendingTerms.Budget? = nil) throws -> World {
        var world = World()
        world.providers = [World.Provider(id: "up", like: bill.like, port: upstream.port)]
        world.keys = [("team", CallerTests.gatewayKey, nil)]
        world.virtualKeys = [("first", 0, "a")]
        world.prices = try Array("version: \"1\"\nprices:\n  up:\n    \"m\": {\(bill.price)}\n".utf8).withByteSlice { try PriceBook($0) }
        var adjustment = PriceAdjustment.none
        if let text = bill.adjustment { adjustment = try #require(Array(text.utf8).withByteSlice { PriceAdjustment(multiplier: $0) }) }
        if let text = bill.fixed { adjustment = try #require(Array(text.utf8).withByteSlice { PriceAdjustment(fixedDollars: $0) }) }
        world.virtualKeyTerms = [SpendingTerms(.virtualKey, of: "first", identity: "first", budgets: [], rates: [], adjustment: adjustment)]
        if let budget {
            world.books = books.books
            world.keyTerms = [SpendingTerms(.key, of: "team", identity: "team", budgets: [budget], rates: [])]
        }
        return world
    }

    private func request(_ bill: Bill) -> String {
        let body = "{\"model\":\"m\",\"max_tokens\":9,\(bill.asked),\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}"
        return Text.request(bill.line, ["x-portkey-api-key: \(CallerTests.gatewayKey)"], body: body, provider: "@first", key: nil)
    }

    @Test("a record tells searches and costs them, or says that they cost more; with a budget or without", arguments: bills, [false, true])
    func recorded(bill: Bill, hasBudget: Bool) throws {
        let upstream = try ScriptedUpstream(answering: bill.answer)
        let budget = try books.budget("a", .cost, 1_000_000_000)
        let gateway = try RecordingGateway(try world(bill, upstream, budget: hasBudget ? budget : nil))
        #expect(try gateway.ask(request(bill)).status == 200)
        let record = try #require(try gateway.records().first)
        #expect((record.figures.usage.inputTotal, record.figures.usage.outputTotal, record.figures.usage.webSearches) == (7, 3, bill.searches))
        #expect(record.figures.cost == bill.spent && record.figures.flags.contains(.searchesUnpriced) == bill.leavesOut)
        #expect(record.figures.flags.isDisjoint(with: [.estimated, .unpriced]) && record.figures.flags.contains(.counted))
        // The budget agrees to the nano-dollar, past what was reserved for tokens.
        if hasBudget { #expect(books.usage(budget).map { [$0.spent, $0.reserved] } == [bill.spent, 0]) }
    }

    @Test("searches that a stream has told of before it was cut are recorded and charged, whatever is limited, or it is said that they are not in its cost",
        arguments: [nil, .cost, .tokens] as [BudgetUnit?], [true, false])
    func cut(unit: BudgetUnit?, isPriced: Bool) throws {
        let upstream = try ScriptedUpstream { peer in
            guard peer.request() != nil else { return }
            peer.wire.send(Bill.cut)
            pause(milliseconds: 20)
        }
        var bill = Bill(name: "", asked: #""stream":true"#, answer: "", spent: 0)
        if !isPriced { bill.price = SearchFeeTests.unstated }
        let budget = try books.budget("a", unit ?? .cost, 1_000_000_000)
        let gateway = try RecordingGateway(try world(bill, upstream, budget: unit == nil ? nil : budget), before: [upstream])
        let answer = try gateway.ask(request(bill))
        #expect(answer.status == 200 && !answer.isWhole)
        let record = try #require(try gateway.records().first)
        // Where somebody's spending is limited as much as was let come, else what has come.
        let output: Int64 = unit == nil ? 3 : 9
        #expect((record.figures.usage.inputTotal, record.figures.usage.outputTotal, record.figures.usage.webSearches) == (7, output, 3))
        let cost = 7 * 2_000 + output * 10_000 + (isPriced ? Bill.fees : 0)
        #expect(record.figures.cost == cost && record.figures.flags.contains(.searchesUnpriced) == !isPriced)
        #expect(record.figures.flags.isSuperset(of: [.counted, .estimated]) && !record.figures.flags.contains(.unpriced))
        if let unit { #expect(books.usage(budget).map { [$0.spent, $0.reserved] } == [unit == .cost ? cost : 7 + output, 0]) }
    }

    @Test("a model without a price has none for its searches either, and says that alone")
    func unpriced() throws {
        let bill = Bill(name: "", answer: Bill.message(SearchFeeTests.three, model: "other"), spent: 0)
        let upstream = try ScriptedUpstream(answering: bill.answer)
        var world = try world(bill, upstream)
        world.prices = try Array("version: \"1\"\nprices:\n  x:\n    \"y\": {input: 1, output: 1}\n".utf8).withByteSlice { try PriceBook($0) }
        let gateway = try RecordingGateway(world)
        #expect(try gateway.ask(request(bill)).status == 200)
        let record = try #require(try gateway.records().first)
        #expect(record.figures.cost == -1 && record.figures.usage.webSearches == 3)
        #expect(record.figures.flags.contains(.unpriced) && !record.figures.flags.contains(.searchesUnpriced))
    }
}
