import Bytes
import Ledger
import Policy
import Testing
import Webhooks

@testable import Gateway

@Suite("Alerts")
struct AlertTests {
    private let books: TemporaryBooks
    private let upstream: ScriptedUpstream
    private let receiver: ScriptedUpstream

    init() throws {
        books = try TemporaryBooks()
        upstream = try ScriptedUpstream(answering: Text.answer(body: "{\"model\":\"m\",\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}"))
        receiver = try ScriptedUpstream(answering: Text.answer(body: "ok"))
    }

    private func world() -> World {
        var world = World(upstream)
        world.keys = [("team", CallerTests.gatewayKey, nil)]
        world.virtualKeys = [("first", 0, "a")]
        world.books = books.books
        let url = Array("http://127.0.0.1:\(receiver.port)/alerts?token=t".utf8).withByteSlice { SecretBytes($0) }
        world.alertWebhooks = [Webhook(name: "ops", host: "127.0.0.1:\(receiver.port)", url: url)]
        return world
    }

    private func ask(_ gateway: TestGateway, _ metadata: String? = nil) throws {
        var fields = ["x-portkey-api-key: \(CallerTests.gatewayKey)"]
        if let metadata { fields.append("x-portkey-metadata: \(metadata)") }
        let answer = try gateway.ask(Text.request("POST /v1/chat/completions", fields, body: "{\"model\":\"m\",\"messages\":[]}", provider: "@first", key: nil))
        #expect(answer.status == 200, "\(answer.text)")
    }

    @Test("a webhook is told once of each threshold, by whose budget it is, with the values of a policy's account")
    func told() throws {
        var world = world()
        let budget = try books.budget("b", .requests, 10, thresholds: [2, 3])
        world.policies = [books.policy("per user", by: [.metadata("_user"), .metadata("team")], budget)]
        let gateway = try TestGateway(world)
        for _ in 0..<5 { try ask(gateway, #"{"_user":"al\"ice"}"#) }
        #expect(soon { books.books.webhooks.standings.first?.counts.delivered == 2 })
        let posts = receiver.requests
        #expect(posts.count == 2 && posts.allSatisfy { $0.startLine == "POST /alerts?token=t HTTP/1.1" })
        for (post, threshold) in zip(posts, [2, 3]) {
            #expect(post.text.contains("{\"scope\":\"policy\",\"id\":\"per user\",\"name\":\"per user\",\"group\":{\"metadata._user\":\"al\\\"ice\",\"metadata.team\":null}}"), "\(post.text)")
            #expect(post.text.contains("\"unit\":\"requests\",\"threshold\":\(threshold),\"used\":\(threshold),\"limit\":10,\"period\":\"monthly\",\"resets_at\":\"20"))
        }
    }

    /// What is posted of one alert, from its type on.
    private func body(
        _ rule: BudgetRule, spent: Int64, threshold: Int64, scope: SpendingTerms.Scope = .key, at wall: UInt64 = 1_900_000_000_123_000_000
    ) -> String {
        let terms = SpendingTerms(scope, of: "the \"name\"", identity: "id-1", budgets: [], rates: [])
        let alert = BudgetAlert(terms: terms, account: nil, rule: rule, threshold: threshold, spent: spent, wallNanoseconds: wall)
        let text = String(decoding: books.books.body(of: alert, id: Identifier(high: 1, low: 2)), as: UTF8.self)
        let begin = "{\"id\":\"00000000-0000-0001-0000-000000000002\",\"type\":\"budget.alert\","
        #expect(text.hasPrefix(begin))
        return String(text.dropFirst(begin.count))
    }

    @Test("money is dollars with all its digits, and a temporary credit raises the limit while it holds")
    func money() throws {
        let rule = try BudgetRule(
            unit: .cost, cap: 5_000_000_000, period: .daily, raise: .init(amount: 2_500_000_000, until: 1_900_000_001), thresholds: [4_000_000_000])
        #expect(
            body(rule, spent: 4_000_325_001, threshold: 4_000_000_000)
                == #""timestamp":"2030-03-17T17:46:40.123Z","data":{"budget":{"scope":"key","id":"id-1","name":"the \"name\""},"unit":"dollars","#
                + #""threshold":4,"used":4.000325001,"limit":7.5,"period":"daily","resets_at":"2030-03-18T00:00:00.000Z"}}"#)
        #expect(body(rule, spent: 5, threshold: 4, at: 1_900_000_001_000_000_000).contains("\"threshold\":0.000000004,\"used\":0.000000005,\"limit\":5,"))
    }

    @Test("each period has its word, and none ends where nothing begins anew", arguments: [
        (BudgetPeriod.once, "\"period\":null,\"resets_at\":null"),
        (.weekly(startingOn: .sunday), "\"period\":\"weekly\",\"resets_at\":\"2030-03-24T00:00:00.000Z\""),
        (.everyDays(7, from: 0), "\"period\":\"7 days\",\"resets_at\":\"2030-03-21T00:00:00.000Z\""),
    ])
    func periods(period: BudgetPeriod, says: String) throws {
        let rule = try BudgetRule(unit: .tokens, cap: 10, period: period, thresholds: [5])
        let text = body(rule, spent: 6, threshold: 5, scope: .virtualKey)
        #expect(text.contains(says) && text.contains("\"scope\":\"virtual_key\"") && text.contains("\"unit\":\"tokens\""), "\(text)")
    }

    @Test("metrics count what became of alerts, by webhook, and say nothing where there is none")
    func metrics() throws {
        #expect(!books.books.metrics().contains("webhook"))
        var world = world()
        world.keyTerms = [
            SpendingTerms(.key, of: "team", identity: "team", budgets: [try books.budget("b", .requests, 10, thresholds: [1])], rates: [])
        ]
        let gateway = try TestGateway(world)
        try ask(gateway)
        #expect(soon { books.books.metrics().contains("sluice_alert_webhook_messages_total{webhook=\"ops\",outcome=\"delivered\"} 1\n") })
        let text = books.books.metrics()
        #expect(text.contains("outcome=\"failed\"} 0\n") && text.contains("outcome=\"dropped\"} 0\n"))
        #expect(text.contains("sluice_alert_webhook_retries_total{webhook=\"ops\"} 0\n") && text.contains("sluice_alert_webhook_waiting{webhook=\"ops\"} 0\n"))
    }

    @Test("who stops has told what was left to tell")
    func end() throws {
        let gateway: TestGateway
        do {
            var world = world()
            world.keyTerms = [
                SpendingTerms(.key, of: "team", identity: "team", budgets: [try books.budget("b", .requests, 10, thresholds: [1])], rates: [])
            ]
            gateway = try TestGateway(world)
        }
        try ask(gateway)
        gateway.stop()
        #expect((0..<60).contains { _ in books.books.end() })
        #expect(receiver.requests.count == 1)
    }
}
