import Bytes
import Ledger
import Testing

@testable import Gateway

@Suite("The name by which a model is asked for")
struct AskedNameTests {
    /// A dollar a million tokens of the model that clients name, seven of the one that is asked for in its place.
    private static let prices = """
        version: "1"
        prices:
          up:
            "asked": {input: 1, output: 1, max_output: 1000}
            "sent": {input: 7, output: 7, max_output: 1000}
        """

    private let books: TemporaryBooks

    init() throws { books = try TemporaryBooks() }

    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        /// The request's; nil for none.
        var model: String?
        /// Nil for the virtual key that the model names.
        var config: String?
        /// What the answer says of itself.
        var answer = ""
        /// Of ten tokens.
        let cost: Int64

        var testDescription: String { name }
    }

    private static let cases: [Case] = [
        Case(name: "the client's", model: "asked", config: #"{"virtual_key":"first"}"#, cost: 10_000),
        Case(name: "the config's", model: "asked", config: #"{"virtual_key":"first","override_params":{"model":"sent"}}"#, cost: 70_000),
        Case(name: "the config's, of a request without one", config: #"{"virtual_key":"first","override_params":{"model":"sent"}}"#, cost: 70_000),
        Case(
            name: "the config's, in other letters", model: "asked", config: #"{"virtual_key":"first","override_params":{"model":"s\u0065nt"}}"#, cost: 70_000),
        Case(
            name: "the config's, where the answer names another", model: "asked", config: #"{"virtual_key":"first","override_params":{"model":"sent"}}"#,
            answer: #""model":"asked","#, cost: 10_000),
        Case(
            name: "that of the target which answered, not of the one before it", model: "asked",
            config: #"{"strategy":{"mode":"fallback"},"targets":[{"virtual_key":"refusing","override_params":{"model":"asked"}},"#
                + #"{"virtual_key":"first","override_params":{"model":"sent"}}]}"#, cost: 70_000),
        Case(
            name: "the client's, where the config's has no price", model: "asked", config: #"{"virtual_key":"first","override_params":{"model":"deployed"}}"#,
            answer: #""model":"deployed","#, cost: 10_000),
        Case(name: "the client's, without the virtual key", model: "@first/sent", cost: 70_000),
        Case(name: "the client's, in other letters", model: #"s\u0065nt"#, config: #"{"virtual_key":"first"}"#, cost: 70_000),
    ]

    @Test("an answer that names no model costs what the model costs that was asked for, in its record and in budgets", arguments: cases)
    func agree(of asked: Case) throws {
        let upstream = try ScriptedUpstream(answering: Text.answer(body: "{\(asked.answer)\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":3}}"))
        let refusing = try ScriptedUpstream(answering: Text.answer("500 Oops", body: "{}"))
        let budget = try books.budget("a", .cost, 1_000_000_000)
        var world = World()
        world.providers = [World.Provider(id: "up", port: upstream.port), World.Provider(id: "second", port: refusing.port)]
        world.keys = [("team", CallerTests.gatewayKey, nil)]
        world.virtualKeys = [("first", 0, "a"), ("refusing", 1, "b")]
        world.books = books.books
        world.unpriced = .allow
        world.keyTerms = [SpendingTerms(.key, of: "team", identity: "team", budgets: [budget], rates: [])]
        world.prices = try Array(AskedNameTests.prices.utf8).withByteSlice { try PriceBook($0) }
        let gateway = try TestGateway(world, accessLog: .json)
        let model = asked.model.map { "\"model\":\"\($0)\"," } ?? ""
        let fields = ["x-portkey-api-key: \(CallerTests.gatewayKey)"] + (asked.config.map { ["x-portkey-config: \($0)"] } ?? [])
        let request = Text.request("POST /v1/chat/completions", fields, body: "{\(model)\"max_tokens\":9,\"messages\":[]}", provider: nil, key: nil)
        #expect(try gateway.ask(request).status == 200)
        #expect(soon { books.usage(budget)?.spent == asked.cost }, "\(String(describing: books.usage(budget)))")
        let line = try #require(gateway.stopAndReadLog().first)
        let dollars = asked.cost == 70_000 ? "0.00007" : "0.00001"
        #expect(line.contains("\"cost_usd\":\(dollars),"), "\(line)")
    }

    @Test("a budget reserves what the model costs that the config asks for", arguments: [#""model":"asked","#, "", #""model":"portkey-default","#])
    func reserved(model: String) throws {
        let upstream = try ScriptedUpstream(answering: Text.answer(body: "{}"))
        // Room for the dearer one's answer, but for one nano-dollar.
        let body = "{\(model)\"max_tokens\":9,\"messages\":[]}"
        let override = "\"sent\""
        let (room, less) = (Int64(body.utf8.count + override.utf8.count + 9) * 7_000, Int64(body.utf8.count + override.utf8.count + 9) * 7_000 - 1)
        for (cap, isCut) in [(room, false), (less, true)] {
            let budget = try books.budget("\(cap)", .cost, cap)
            var world = World(upstream)
            world.keys = [("team", CallerTests.gatewayKey, nil)]
            world.virtualKeys = [("first", 0, "a")]
            world.books = books.books
            world.keyTerms = [SpendingTerms(.key, of: "team", identity: "team", budgets: [budget], rates: [])]
            world.prices = try Array(AskedNameTests.prices.utf8).withByteSlice { try PriceBook($0) }
            let fields = ["x-portkey-api-key: \(CallerTests.gatewayKey)", #"x-portkey-config: {"virtual_key":"first","override_params":{"model":"sent"}}"#]
            let answer = try TestGateway(world).ask(Text.request("POST /v1/chat/completions", fields, body: body, provider: nil, key: nil))
            #expect(answer.status == 200)
            #expect((answer["x-sluice-warnings"] != nil) == isCut, "\(String(describing: answer["x-sluice-warnings"]))")
        }
    }
}
