import Books
import Bytes
import Ledger
import Testing

@testable import Gateway

@Suite("Tiers that were served")
struct ServedTierTests {
    private let books: TemporaryBooks

    init() throws { books = try TemporaryBooks() }

    /// A request, what its provider answers, what both cost a million tokens, and what is spent then.
    struct Bill: CustomTestStringConvertible, Sendable {
        let name: String
        var like = "openai"
        var line = "POST /v1/chat/completions"
        /// Members of the request.
        let asked: String
        let answer: String
        var prices = #""m": {input: 2, output: 10, batch: {input: 1, output: 5}, flex: {input: 1, output: 5}, priority: {input: 4, output: 20}}"#
        let spent: Int64

        var testDescription: String { name }

        /// Of 7 tokens in and 3 out.
        static func chat(_ members: String) -> String { "{" + members + #""choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3}}"# }

        static func gemini(_ members: String = "") -> String {
            """
            {"candidates":[{"content":{"parts":[{"text":"a"}],"role":"model"},"finishReason":"STOP"}],
            "usageMetadata":{\(members)"promptTokenCount":7,"candidatesTokenCount":3,"totalTokenCount":10},"modelVersion":"m"}
            """
        }

        static func message(_ members: String = "") -> String {
            """
            {"type":"message","role":"assistant","id":"a","model":"m","content":[{"type":"text","text":"a"}],"stop_reason":"end_turn","usage":{"input_tokens":7,
            "output_tokens":3\(members)}}
            """
        }

        static let standard: Int64 = 7 * 2_000 + 3 * 10_000
        static let priority = 2 * standard
    }

    private static let advised =
        #","iterations":[{"type":"advisor_message","model":"wise","input_tokens":11,"output_tokens":5}]"#

    private static let bills: [Bill] = [
        Bill(
            name: "priority, and the usual served", asked: #""service_tier":"priority""#, answer: Bill.chat(#""model":"m","service_tier":"default","#),
            spent: Bill.standard),
        Bill(
            name: "priority, and a word that is no price's", asked: #""service_tier":"priority""#, answer: Bill.chat(#""model":"m","service_tier":"auto","#),
            spent: Bill.priority),
        Bill(
            name: "priority, and the usual served by a model that is not named", asked: #""service_tier":"priority""#,
            answer: Bill.chat(#""service_tier":"default","#), spent: Bill.standard),
        Bill(name: "a batch, which no answer is", asked: #""service_tier":"batch""#, answer: Bill.chat(#""model":"m","#), spent: Bill.standard),
        Bill(name: "the answer's word for a batch", asked: #""n":1"#, answer: Bill.chat(#""model":"m","service_tier":"batch","#), spent: Bill.standard),
        Bill(name: "a batch of Gemini's", like: "google", asked: #""service_tier":"batch""#, answer: Bill.gemini(), spent: Bill.standard),
        Bill(name: "priority of Gemini's", like: "google", asked: #""service_tier":"priority""#, answer: Bill.gemini(), spent: Bill.priority),
        Bill(
            name: "priority of Gemini's, and the usual served", like: "google", asked: #""service_tier":"priority""#,
            answer: Bill.gemini(#""serviceTier":"standard","#), spent: Bill.standard),
        Bill(name: "flex, which a translation leaves out", like: "anthropic", asked: #""service_tier":"flex""#, answer: Bill.message(), spent: Bill.standard),
        Bill(
            name: "an advisor, at its own price", like: "anthropic", line: "POST /v1/messages", asked: #""stop_sequences":[]"#, answer: Bill.message(advised),
            prices: "\"m\": {input: 2, output: 10}\n    \"wise\": {input: 6, output: 30}", spent: Bill.standard + 11 * 6_000 + 5 * 30_000),
        Bill(
            name: "an advisor without a price, at that of the model it advised", like: "anthropic", line: "POST /v1/messages", asked: #""stop_sequences":[]"#,
            answer: Bill.message(advised), prices: "\"m\": {input: 2, output: 10}", spent: Bill.standard + 11 * 2_000 + 5 * 10_000),
    ]

    private func world(_ bill: Bill, _ upstream: ScriptedUpstream) throws -> World {
        var world = World()
        world.providers = [World.Provider(id: "up", like: bill.like, port: upstream.port)]
        world.keys = [("team", CallerTests.gatewayKey, nil)]
        world.virtualKeys = [("first", 0, "a")]
        world.prices = try Array("version: \"1\"\nprices:\n  up:\n    \(bill.prices)\n".utf8).withByteSlice { try PriceBook($0) }
        return world
    }

    private func request(_ bill: Bill, more: String = "") -> String {
        let body = "{\"model\":\"m\",\"max_tokens\":9,\(bill.asked),\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]\(more)}"
        return Text.request(bill.line, ["x-portkey-api-key: \(CallerTests.gatewayKey)"], body: body, provider: "@first", key: nil)
    }

    @Test("an answer costs what it was served at, by whom it was made", arguments: bills)
    func prices(bill: Bill) throws {
        let upstream = try ScriptedUpstream(answering: Text.answer(body: bill.answer))
        let budget = try books.budget("a", .cost, 1_000_000_000)
        var world = try world(bill, upstream)
        world.books = books.books
        world.keyTerms = [SpendingTerms(.key, of: "team", identity: "team", budgets: [budget], rates: [])]
        let answer = try TestGateway(world).ask(request(bill))
        #expect(answer.status == 200, "\(answer.text)")
        #expect(soon { books.usage(budget)?.spent == bill.spent }, "\(String(describing: books.usage(budget)))")
    }

    @Test("a record says the same cost where nobody has a budget", arguments: bills)
    func recorded(bill: Bill) throws {
        let upstream = try ScriptedUpstream(answering: Text.answer(body: bill.answer))
        let gateway = try RecordingGateway(try world(bill, upstream))
        #expect(try gateway.ask(request(bill)).status == 200)
        #expect(try gateway.records().map(\.figures.cost) == [bill.spent])
    }

    @Test("an answer that names no tier costs the one that was asked for, however that is written, its last word first", arguments: [
        (#""service_tier":"priority""#, "", Bill.priority), (#""service_t\u0069er":"priority""#, "", Bill.priority),
        (#""service_tier":null"#, #","service_tier":"priority""#, Bill.priority),
        (#""service_tier":"priority""#, #","service_tier":"default""#, Bill.standard),
        (#""service_tier":"priority""#, ServedTierTests.filler, Bill.priority),
        (#""n":1"#, ServedTierTests.filler + #","service_tier":"priority""#, Bill.priority),
        (#""service_tier":"""#, "", Bill.standard), (#""service_tier":7"#, "", Bill.standard),
    ] as [(String, String, Int64)])
    func asked(members: String, more: String, cost: Int64) throws {
        let bill = Bill(name: "", asked: members, answer: Bill.chat(#""model":"m","#), spent: cost)
        let upstream = try ScriptedUpstream(answering: Text.answer(body: bill.answer))
        let gateway = try RecordingGateway(try world(bill, upstream))
        #expect(try gateway.ask(request(bill, more: more)).status == 200)
        #expect(try gateway.records().map(\.figures.cost) == [cost])
    }

    /// More members than a scan records.
    private static let filler = (0..<300).map { ",\"k\($0)\":0" }.joined()

    @Test("what a config lays over the request is what was asked for")
    func laidOver() throws {
        let bill = Bill(name: "", asked: #""service_tier":"flex""#, answer: Bill.chat(#""model":"m","#), spent: 0)
        let upstream = try ScriptedUpstream(answering: Text.answer(body: bill.answer))
        var world = try world(bill, upstream)
        world.configs = [("chat", #"{"virtual_key":"first","override_params":{"service_tier":"priority"}}"#)]
        let gateway = try RecordingGateway(world)
        let asked = request(bill).replacing("x-portkey-provider: @first", with: "x-portkey-config: chat")
        #expect(try gateway.ask(asked).status == 200)
        #expect(try gateway.records().map(\.figures.cost) == [Bill.priority])
    }

    @Test("nothing is laid over a body of parts, so that it costs what it was sent for")
    func parts() throws {
        let bill = Bill(name: "", asked: "", answer: #"{"model":"m","text":"a","usage":{"type":"tokens","input_tokens":7,"output_tokens":3}}"#, spent: Bill.standard)
        let upstream = try ScriptedUpstream(answering: Text.answer(body: bill.answer))
        var world = try world(bill, upstream)
        world.configs = [("sound", #"{"virtual_key":"first","override_params":{"service_tier":"priority"}}"#)]
        let gateway = try RecordingGateway(world)
        let fields = ["x-portkey-api-key: \(CallerTests.gatewayKey)", "x-portkey-config: sound", "Content-Type: multipart/form-data; boundary=b"]
        let body = "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nm\r\n--b--\r\n"
        let asked = Text.request("POST /v1/audio/transcriptions", fields + ["Content-Length: \(body.utf8.count)"], body: nil, provider: nil, key: nil) + body
        #expect(try gateway.ask(asked).status == 200)
        #expect(upstream.requests.map(\.body.text) == [body])
        #expect(try gateway.records().map(\.figures.cost) == [Bill.standard])
    }

    @Test("a record names whose limits a request was counted in, each once, and none by half")
    func marks() {
        let spending = Spending()
        var notes = RecordNotes()
        for name in ["a", "ab", "a", String(repeating: "x", count: 240), "b"] {
            let terms = SpendingTerms(.virtualKey, of: name, identity: name, budgets: [], rates: [])
            spending.add(Spending.Holder(terms: terms, account: nil), isCallers: false)
        }
        notes.noteLimits(of: spending)
        notes.noteLimits(of: spending)
        let limits = notes.limits.withBytes { String($0) }
        #expect(limits == "virtual_key:a\nvirtual_key:ab\nvirtual_key:b")
    }
}
