import Bytes
import Ledger
import Policy
import Providers
import Testing

@testable import Gateway

@Suite("Policies of requests")
struct PolicyTests {
    private let books: TemporaryBooks
    private let upstream: ScriptedUpstream

    init() throws {
        books = try TemporaryBooks()
        upstream = try ScriptedUpstream(answering: Text.answer(body: "{\"model\":\"m\",\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}"))
    }

    private func world(_ policies: [SpendingPolicy]) -> World {
        var world = World()
        world.providers = [.init(id: "up", port: upstream.port), .init(id: "second", port: upstream.port)]
        world.limits.lingerNanoseconds = 300_000_000
        world.limits.drainNanoseconds = 200_000_000
        world.keys = [("team", CallerTests.gatewayKey, nil)]
        world.virtualKeys = [("first", 0, "a"), ("other", 1, "b")]
        world.configs = [("chat", "{\"virtual_key\":\"first\"}")]
        world.books = books.books
        world.policies = policies
        return world
    }

    private static func request(
        _ metadata: String? = nil, model: String = "m", path: String = "/v1/chat/completions", provider: String? = "@first", config: String? = nil, more: String = ""
    ) -> String {
        var fields = ["x-portkey-api-key: \(CallerTests.gatewayKey)"]
        if let metadata { fields.append("x-portkey-metadata: \(metadata)") }
        if let config { fields.append("x-portkey-config: \(config)") }
        return Text.request("POST \(path)", fields, body: "{\"model\":\"\(model)\"\(more),\"messages\":[]}", provider: config == nil ? provider : nil, key: nil)
    }

    private func statuses(_ gateway: TestGateway, _ requests: [String]) throws -> [Int] { try requests.map { try gateway.ask($0).status } }

    // MARK: Accounts

    @Test("each value has an account of its own, made when it is first seen, and whose it is stands in the refusal")
    func grouped() throws {
        let budget = try books.budget("per user", .requests, 2)
        let gateway = try TestGateway(world([books.policy("per user", [.init(.metadata("_user"), ["*"])], by: [.metadata("_user")], budget)]), workers: 2)
        let (alice, bob) = (PolicyTests.request(#"{"_user":"alice"}"#), PolicyTests.request(#"{"_user":"bob"}"#))
        #expect(try statuses(gateway, [alice, alice, alice, bob]) == [200, 200, 412, 200])
        let refused = try gateway.ask(alice)
        #expect(refused.text.contains(#"request budget of policy \"per user\" for metadata._user \"alice\", 2 requests, 0 requests are left"#), "\(refused.text)")
        #expect(try statuses(gateway, [PolicyTests.request(), PolicyTests.request("{}"), PolicyTests.request("no JSON")]) == [200, 200, 200], "what has no user is not meant")
        #expect(soon { books.accounts("per user", budget) == ["alice": 2, "bob": 1] })
    }

    @Test("two that see a new value at the same moment make one account of it, and its cap holds", arguments: [1, 3])
    func madeAtOnce(cap: Int64) throws {
        let budget = try books.budget("b", .requests, cap)
        let gateway = try TestGateway(world([books.policy("p", by: [.metadata("u")], budget)]), workers: 2)
        for user in 0..<5 {
            let clients = try (0..<20).map { _ in try gateway.connect() }
            for client in clients { client.send(PolicyTests.request("{\"u\":\"\(user)\"}")) }
            let statuses = clients.map { $0.takeAnswer().status }
            #expect(statuses.filter { $0 == 200 }.count == Int(cap) && statuses.filter { $0 == 412 }.count == 20 - Int(cap))
        }
        #expect(try books.books.names.count(of: "p", .budget) == 5)
    }

    @Test("a value may be written in any way, stand in the header or in the body, and be a number; what is no scalar is none")
    func sameValue() throws {
        let budget = try books.budget("b", .requests, 100)
        let gateway = try TestGateway(world([books.policy("p", by: [.metadata("u"), .model], budget)]))
        let requests = [
            PolicyTests.request(#"{"u":"alice"}"#), PolicyTests.request(#"{ "\u0075" : "\u0061lice"}"#), PolicyTests.request(more: #","metadata":{"u":"alice"}"#),
            PolicyTests.request(#"{"u":"alice"}"#, more: #","metadata":{"u":"bob"}"#), PolicyTests.request(#"{"x":1}"#, more: #","metadata":{"u":"alice"}"#),
            PolicyTests.request(#"{"u":5}"#), PolicyTests.request(#"{"u":true}"#), PolicyTests.request(#"{"u":null}"#), PolicyTests.request(#"{"u":["alice"]}"#), PolicyTests.request(),
            PolicyTests.request(#"{"u":""}"#), PolicyTests.request(#"{"u":"-"}"#), PolicyTests.request(#"{"u":"alice"}"#, model: #"\u006d"#),
            PolicyTests.request(#"{"u":"alice"}"#, model: "@first/m", provider: nil),
        ]
        #expect(try statuses(gateway, requests).allSatisfy { $0 == 200 })
        // What is absent is not what is "-": two accounts that are written alike here.
        #expect(try books.books.names.count(of: "p", .budget) == 6)
        #expect(soon { books.accounts("p", budget)["alice,m"] == 7 && books.accounts("p", budget)["5,m"] == 1 }, "\(books.accounts("p", budget))")
    }

    @Test("metadata of more members than are read is refused: one might hide behind them")
    func hidden() throws {
        let gateway = try TestGateway(world([books.policy("p", by: [.metadata("u")], try books.budget("b", .requests, 100))]))
        let filler = (0..<300).map { "\"k\($0)\":1" }.joined(separator: ",")
        let answer = try gateway.ask(PolicyTests.request(more: ",\"metadata\":{\(filler),\"u\":\"a\"}"))
        #expect(answer.status == 400 && answer.text.contains("metadata has more than 256 members"))
    }

    @Test("at its bound a policy makes no more accounts, and says so; those that there are go on")
    func full() throws {
        let books = try TemporaryBooks(accountsOfPolicy: 3)
        let (budget, rate) = (try books.budget("b", .requests, 10), books.rate("r", .rate(10, per: .hour)))
        let gateway = try TestGateway({
            var world = world([books.policy("p", by: [.metadata("u")], budget), books.policy("q", by: [.metadata("v")], nil, rate)])
            world.books = books.books
            return world
        }())
        let statuses = try (0..<5).map { try gateway.ask(PolicyTests.request("{\"u\":\"\($0)\",\"v\":\"a\"}")).status }
        #expect(statuses == [200, 200, 200, 412, 412])
        let refused = try gateway.ask(PolicyTests.request(#"{"u":"9","v":"a"}"#))
        #expect(refused.text.contains("budget_exceeded") && refused.text.contains("3 of a policy and 768 of all, and none yet of policy \\\"p\\\" for metadata.u \\\"9\\\""), "\(refused.text)")
        #expect(try gateway.ask(PolicyTests.request(#"{"u":"1","v":"a"}"#)).status == 200)
        for value in ["b", "c"] { #expect(try gateway.ask(PolicyTests.request("{\"u\":\"1\",\"v\":\"\(value)\"}")).status == 200) }
        let limited = try gateway.ask(PolicyTests.request(#"{"u":"1","v":"d"}"#))
        #expect(limited.status == 429 && limited.text.contains("for metadata.v \\\"d\\\""), "\(limited.text)")
    }

    // MARK: Conditions

    /// Conditions, and how many of four requests they are met by.
    private static let table: [([PolicyScope.Condition], Int)] = [
        ([.init(.model, ["gpt-*"])], 1), ([.init(.model, ["gpt-*"], isExcluding: true)], 3), ([.init(.model, ["claude", "gpt-4o"])], 2),
        ([.init(.model, ["*"]), .init(.metadata("team"), ["red"])], 1), ([.init(.metadata("team"), ["red"], isExcluding: true)], 1),
        ([.init(.metadata("none"), ["*"], isExcluding: true)], 0),
        ([.init(.apiKey, ["team"])], 4), ([.init(.apiKey, ["tea"])], 0), ([.init(.virtualKey, ["first"])], 3), ([.init(.virtualKey, ["*r*"])], 4),
        ([.init(.provider, ["up"])], 3), ([.init(.provider, ["@other"])], 1), ([.init(.config, ["chat"])], 1), ([.init(.config, ["*"])], 1),
        ([.init(.model, ["@first/*"])], 3), ([.init(.model, ["@up/gpt*", "@second/x"])], 1), ([.init(.model, ["@other"])], 1), ([.init(.model, ["@first/cl*de"])], 1),
        ([.init(.endpoint, ["chat_completions"])], 3), ([.init(.endpoint, ["mess*"])], 1), ([.init(.workspace, ["*"])], 0), ([], 4),
    ]

    @Test("all conditions have to hold, of each one value; what is absent holds none", arguments: table)
    func conditions(conditions: [PolicyScope.Condition], met: Int) throws {
        let budget = try books.budget("b", .requests, 0)
        let gateway = try TestGateway(world([books.policy("p", conditions, budget)]))
        let statuses = try statuses(gateway, [
            PolicyTests.request(#"{"team":"red"}"#, model: "gpt-4o"), PolicyTests.request(#"{"team":"blue"}"#, model: "claude"),
            PolicyTests.request(model: "m", config: "chat"), PolicyTests.request(model: "m", path: "/v1/messages", provider: "@other", more: ",\"max_tokens\":5"),
        ])
        #expect(statuses.filter { $0 == 412 }.count == met, "\(statuses)")
    }

    @Test("a star stands for anything, in any place", arguments: [
        ("*", "", true), ("*", "abc", true), ("abc", "abc", true), ("abc", "abcd", false), ("a*", "a", true), ("a*", "ba", false), ("*c", "abc", true), ("*c", "abcb", false),
        ("a*c", "ac", true), ("a*c", "abcbc", true), ("a*a", "a", false), ("*b*", "abc", true), ("*b*b*", "abc", false), ("**", "x", true), ("a**b", "ab", true),
        ("a*bc*bc", "abc", false), ("a*bc*bc", "abcbc", true), ("", "", true), ("", "a", false), ("*ü*", "für", true),
    ])
    func stars(pattern: String, text: String, isMatch: Bool) {
        #expect(Array(text.utf8).withByteSlice { ValuePattern(pattern).matches($0) } == isMatch)
    }

    @Test("stars match as the plainest way to say it does")
    func starsProperty() {
        func matches(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
            guard let first = pattern.first else { return text.isEmpty }
            if first == UInt8(ascii: "*") { return matches(pattern.dropFirst(), text) || !text.isEmpty && matches(pattern, text.dropFirst()) }
            return text.first == first && matches(pattern.dropFirst(), text.dropFirst())
        }
        var seed = UInt64.random(in: 1...UInt64(UInt32.max))
        print("stars: seed \(seed)")
        func below(_ count: UInt64) -> UInt64 {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return seed >> 33 % count
        }
        for _ in 0..<20_000 {
            let pattern = (0..<below(7)).map { _ in Array("ab*".utf8)[Int(below(3))] }
            let text = (0..<below(8)).map { _ in Array("ab".utf8)[Int(below(2))] }
            let isMatch = text.withByteSlice { ValuePattern(String(decoding: pattern, as: UTF8.self)).matches($0) }
            #expect(isMatch == matches(pattern[...], text[...]), "\(String(decoding: pattern, as: UTF8.self)) \(String(decoding: text, as: UTF8.self))")
        }
    }

    @Test("endpoints have the names that conditions may say")
    func endpoints() {
        let named = Endpoint.allCases.compactMap { $0.policyType.map { "\($0)" } }
        #expect(Set(named) == Set(PolicyScope.endpointTypes))
    }

    // MARK: Whose

    @Test("limits of a policy that looks at callers count a request once; of one that looks at targets, each attempt, which a fallback may go past")
    func fallback() throws {
        let (whole, each) = (books.rate("whole", .rate(2, per: .hour)), books.rate("each", .rate(1, per: .hour)))
        let gateway = try TestGateway(world([
            books.policy("whole", [.init(.model, ["m"])], nil, whole), books.policy("each", [.init(.virtualKey, ["*"])], by: [.virtualKey], nil, each),
        ]))
        let config = "{\"strategy\":{\"mode\":\"fallback\",\"on_status_codes\":[429]},\"targets\":[{\"virtual_key\":\"first\"},{\"virtual_key\":\"other\"}]}"
        #expect(try gateway.ask(PolicyTests.request(config: config))["x-portkey-provider"] == "up")
        #expect(try gateway.ask(PolicyTests.request(config: config))["x-portkey-provider"] == "second")
        let third = try gateway.ask(PolicyTests.request(config: config))
        #expect(third.status == 429 && third.text.contains("policy \\\"whole\\\" has 2 requests a hour"), "\(third.text)")
        let other = try gateway.ask(PolicyTests.request(model: "n", config: config))
        #expect(other.status == 429 && other.text.contains("policy \\\"each\\\" for virtual_key \\\"other\\\""), "\(other.text)")
    }

    @Test("a workspace's budget is that of all its keys, is named, and so is what it does with an integration, and a policy of its own")
    func workspace() throws {
        let (space, shared, own) = (try books.budget("w", .requests, 3), try books.budget("i", .requests, 2), try books.budget("p", .requests, 1))
        var world = world([books.policy("mine", workspace: 0, own), books.policy("another's", workspace: 1, try books.budget("x", .requests, 0))])
        world.workspace = Snapshot.Workspace(
            id: "ws-1", terms: SpendingTerms(.workspace, of: "red", identity: "ws-1", budgets: [space], rates: [books.rate("w", .rate(100, per: .hour))]))
        world.integrationTerms = SpendingTerms(.integration, of: "openai\" in workspace \"red", identity: "i/ws-1", budgets: [shared], rates: [])
        let gateway = try TestGateway(world)
        #expect(try gateway.ask(PolicyTests.request()).status == 200)
        let policy = try gateway.ask(PolicyTests.request())
        #expect(policy.status == 412 && policy.text.contains("policy \\\"mine\\\""), "\(policy.text)")
        world.policies = [books.policy("by space", [.init(.workspace, ["ws-1"])], by: [.workspace], try books.budget("y", .requests, 100))]
        gateway.gateway.adopt(try world.snapshot(version: 2))
        var isServed = false
        #expect(soon {
            isServed = isServed || (try? gateway.ask(PolicyTests.request()).status) == 200
            return isServed
        })
        let integration = try gateway.ask(PolicyTests.request())
        #expect(integration.status == 412 && integration.text.contains("integration \\\"openai\\\" in workspace \\\"red\\\", 2 requests"), "\(integration.text)")
        #expect(try gateway.ask(PolicyTests.request(provider: "@other")).status == 200)
        let whole = try gateway.ask(PolicyTests.request(provider: "@other"))
        #expect(whole.status == 412 && whole.text.contains("workspace \\\"red\\\", 3 requests"), "\(whole.text)")
    }

    @Test("a policy that cannot be kept refuses what it is for, and nothing else")
    func unkept() throws {
        var scope = PolicyScope()
        scope.conditions = [.init(.model, ["gpt-*"])]
        let gateway = try TestGateway(world([SpendingPolicy("odd", scope, workspace: -1, fault: "no disk")]))
        let refused = try gateway.ask(PolicyTests.request(model: "gpt-4o"))
        #expect(refused.status == 503 && refused.text.contains("policy \\\"odd\\\" cannot be kept: no disk"), "\(refused.text)")
        #expect(try gateway.ask(PolicyTests.request()).status == 200)
    }

    @Test("more policies than the ledger takes of one request are refused, rather than left out")
    func tooMany() throws {
        func statuses(_ count: Int) throws -> Int {
            let policies = try (0..<count).map { books.policy("p\($0)", [], try books.budget("b\($0)", .requests, 100)) }
            return try TestGateway(world(policies)).ask(PolicyTests.request()).status
        }
        #expect(try statuses(BudgetLimits.budgetsPerRequest) == 200)
        #expect(try statuses(BudgetLimits.budgetsPerRequest + 1) == 503)
        #expect(books.usage(try books.budget("b0", .requests, 100))?.reserved == 0)
    }

    @Test("an alert names the account that passed its threshold")
    func alerts() throws {
        let budget = try books.budget("b", .requests, 10, thresholds: [2])
        let gateway = try TestGateway(world([books.policy("per user", by: [.metadata("_user"), .model], budget)]))
        for _ in 0..<3 { _ = try gateway.ask(PolicyTests.request(#"{"_user":"alice"}"#)) }
        #expect(soon { books.lines == ["the request budget of policy \"per user\" for metadata._user \"alice\", model \"m\" has passed 2 requests of 10 requests"] }, "\(books.lines)")
    }

    @Test("no account is overrun, whoever asks, streams, leaves, and whatever fails, and nothing stays reserved")
    func storm() throws {
        let random = try ScriptedUpstream { peer in
            var count = 0
            while let request = peer.request() {
                count += 1
                if request.text.contains("\"fail\"") { return peer.wire.close() }
                if request.text.contains("\"stream\":true") {
                    peer.wire.send(Text.streamHead + Text.chunk("data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n"))
                    peer.wire.send(Text.chunk("data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n") + "0\r\n\r\n")
                } else {
                    peer.wire.send(Text.answer(count % 5 == 0 ? "500 Oops" : "200 OK", body: "{\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}"))
                }
            }
        }
        let (tokens, requests) = (try books.budget("t", .tokens, 4000), try books.budget("r", .requests, 12))
        var world = world([
            books.policy("tokens", by: [.metadata("u")], tokens), books.policy("requests", by: [.metadata("u"), .model], requests),
            books.policy("places", by: [.metadata("u")], nil, books.rate("c", .concurrency(4))),
        ])
        world.providers = [.init(id: "up", port: random.port), .init(id: "second", port: random.port)]
        let gateway = try TestGateway(world, workers: 2)
        var seed = UInt64.random(in: 1...UInt64(UInt32.max))
        print("storm of policies: seed \(seed)")
        func below(_ count: UInt64) -> UInt64 {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return seed >> 33 % count
        }
        for _ in 0..<12 {
            let clients = try (0..<24).map { _ in try gateway.connect() }
            for client in clients {
                let more = ",\"max_tokens\":\(1 + below(50)),\"stream\":\(below(2) == 0)" + (below(8) == 0 ? ",\"user\":\"fail\"" : "")
                client.send(PolicyTests.request("{\"u\":\"\(below(4))\"}", model: below(2) == 0 ? "m" : "n", more: more))
            }
            for client in clients { if below(5) == 0 { client.close() } else { _ = client.takeAnswer() } }
            for (name, budget) in [("tokens", tokens), ("requests", requests)] {
                for (values, used) in books.accounts(name, budget) { #expect(used <= budget.rule.cap, "\(name) \(values)") }
            }
        }
        #expect(try books.books.names.count(of: "tokens", .budget) == 4 && books.books.names.count(of: "requests", .budget) == 8)
        #expect(soon { books.books.budgets.openCount == 0 && books.books.rates.openCount == 0 })
        let spent = books.accounts("requests", requests).values.reduce(0, +)
        #expect(spent <= 8 * 12 && spent > 8)
    }
}
