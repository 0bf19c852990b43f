import Bytes
import Ledger
import Testing

@testable import Gateway

@Suite("Tiers that were served")
struct ServedTierTests {
    private let books: TemporaryBooks

    init() throws { books = try TemporaryBooks() }

    @Test("what is served at another tier than was asked for costs what it was served at", arguments: [("default", 2_000, 10_000), ("auto", 4_000, 20_000)])
    func prices(word: String, input: Int64, output: Int64) throws {
        let answer = "{\"model\":\"m\",\"choices\":[],\"service_tier\":\"\(word)\",\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":3}}"
        let upstream = try ScriptedUpstream(answering: Text.answer(body: answer))
        let budget = try books.budget("a", .cost, 1_000_000_000)
        var world = World()
        world.providers = [World.Provider(id: "up", port: upstream.port)]
        world.keys = [("team", CallerTests.gatewayKey, nil)]
        world.virtualKeys = [("first", 0, "a")]
        world.books = books.books
        world.keyTerms = [SpendingTerms(.key, of: "team", identity: "team", budgets: [budget], rates: [])]
        let text = "version: \"1\"\nprices:\n  up:\n    \"m\": {input: 2, output: 10, priority: {input: 4, output: 20}}\n"
        world.prices = try Array(text.utf8).withByteSlice { try PriceBook($0) }
        let body = "{\"model\":\"m\",\"max_tokens\":9,\"service_tier\":\"priority\",\"messages\":[]}"
        let request = Text.request(
            "POST /v1/chat/completions", ["x-portkey-api-key: \(CallerTests.gatewayKey)"], body: body, provider: "@first", key: nil)
        #expect(try TestGateway(world).ask(request).status == 200)
        #expect(soon { books.usage(budget)?.spent == 7 * input + 3 * output })
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
