import Books
import Bytes
import JSON
import Ledger
import Synchronization
import Testing

@testable import Gateway

@Suite("Attempts whose answers nobody got")
struct LostAttemptTests {
    private let books: TemporaryBooks

    init() throws { books = try TemporaryBooks() }

    private static let prices = """
        version: "1"
        prices:
          up:
            "m": {input: 2, output: 10}
        """
    private static let counted = Text.answer(
        body: #"{"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"a"},"finish_reason":"stop"}],"#
            + #""usage":{"prompt_tokens":7,"completion_tokens":3}}"#)
    private static let taken: Int64 = 7 * 2_000 + 3 * 10_000

    /// The same, where searches have a price, and what three of them cost.
    private static let searched = """
        version: "1"
        prices:
          up:
            "m": {input: 2, output: 10, units: {web_search: 0.01}}
        """
    private static let fees: Int64 = 3 * 10_000_000

    /// - Parameter config: what the request goes by.
    private func world(
        _ upstreams: [ScriptedUpstream], _ config: String, budget: SpendingTerms.Budget? = nil, prices: String = LostAttemptTests.prices
    ) throws -> World {
        var world = World()
        world.providers = zip(["up", "second"], upstreams).map { World.Provider(id: $0, port: $1.port) }
        world.keys = [("team", CallerTests.gatewayKey, nil)]
        world.virtualKeys = [("first", 0, "a"), ("other", upstreams.count - 1, "b")]
        world.prices = try Array(prices.utf8).withByteSlice { try PriceBook($0) }
        world.configs = [("chat", config)]
        if let budget {
            world.books = books.books
            world.keyTerms = [SpendingTerms(.key, of: "team", identity: "team", budgets: [budget], rates: [])]
            world.unpriced = .allow
        }
        return world
    }

    private func request(_ content: String = "\"a\"") -> String {
        let fields = ["x-portkey-api-key: \(CallerTests.gatewayKey)", "x-portkey-config: chat"]
        let body = "{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\(content)}]}"
        return Text.request("POST /v1/chat/completions", fields, body: body, provider: nil, key: nil)
    }

    /// Takes requests and never answers, the first `answered` apart.
    private static func silent(answered: Int = 0) throws -> ScriptedUpstream {
        try ScriptedUpstream { peer in
            for _ in 0..<answered where peer.request() != nil { peer.wire.send(counted) }
            while peer.request() != nil {}
        }
    }

    /// Answers after so many milliseconds.
    private static func slow(_ milliseconds: Int) throws -> ScriptedUpstream {
        try ScriptedUpstream { peer in
            while peer.request() != nil {
                pause(milliseconds: milliseconds)
                guard peer.wire.send(counted) else { return }
            }
        }
    }

    private static let last = #"{"virtual_key":"first","request_timeout":150}"#
    private static let first = #"{"strategy":{"mode":"fallback"},"targets":[{"virtual_key":"first","request_timeout":150},{"virtual_key":"other"}]}"#

    @Test("what took too long is lost and reckoned alike, whether it was the last attempt or not, and whether somebody has a budget or not", arguments: [
        (last, false), (last, true), (first, false), (first, true),
    ])
    func late(config: String, hasBudget: Bool) throws {
        let nowhere = try ScriptedUpstream(answering: "")
        nowhere.stopListening()
        let budget = try books.budget("a", .cost, 1_000_000_000)
        let upstreams = [try LostAttemptTests.silent(), nowhere]
        let gateway = try RecordingGateway(world(upstreams, config, budget: hasBudget ? budget : nil), before: upstreams)
        #expect(try gateway.ask(request()).status >= 400)
        let records = try gateway.records()
        let record = try #require(records.first)
        #expect((record.figures.usage.inputTotal, record.figures.usage.outputTotal, record.figures.cost) == (0, 0, 0))
        #expect(!record.figures.flags.contains(.estimated) && record.figures.flags.contains(.lostEstimated))
        #expect(record.figures.lostInputTokens > 0 && record.figures.lostCost > 0)
        if hasBudget { #expect(books.usage(budget)?.spent == record.figures.lostCost) }
        let tries = record.tryTexts
        #expect(tries.count == Int(record.figures.attempts) && tries.first?.contains("\"tokens_in\":\(record.figures.lostInputTokens),") == true, "\(tries)")
        #expect(tries.dropFirst().allSatisfy { !$0.contains("tokens_in") }, "\(tries)")
    }

    @Test("an old answer in place of one that took too long costs nothing, and what that took is lost", arguments: [false, true])
    func stale(hasBudget: Bool) throws {
        let config = #"{"virtual_key":"first","request_timeout":150,"cache":{"mode":"simple","max_age":1,"stale_if_error":60}}"#
        let budget = try books.budget("a", .cost, 1_000_000_000)
        let upstreams = [try LostAttemptTests.silent(answered: 1)]
        let gateway = try RecordingGateway(world(upstreams, config, budget: hasBudget ? budget : nil), before: upstreams)
        #expect(try gateway.ask(request()).status == 200)
        pause(milliseconds: 1200)
        #expect(try gateway.ask(request()).status == 200)
        let records = try gateway.records()
        try #require(records.count == 2)
        #expect(records.map(\.figures.cost) == [LostAttemptTests.taken, 0])
        #expect(records[1].figures.cache == .hit && records[0].figures.lostInputTokens == 0)
        #expect(records[1].figures.lostInputTokens > 0 && records[1].figures.lostCost > 0)
        if hasBudget { #expect(books.usage(budget)?.spent == LostAttemptTests.taken + records[1].figures.lostCost) }
        #expect(records[1].attempts.contains("\"end\":\"timeout\""), "\(records[1].attempts)")
    }

    @Test("an old answer in place of one that broke costs nothing, and what that was charged with, its searches too, is lost once", arguments: [false, true])
    func staleForBroken(hasBudget: Bool) throws {
        let config = #"{"virtual_key":"first","cache":{"mode":"simple","max_age":1,"stale_if_error":60}}"#
        let budget = try books.budget("a", .cost, 1_000_000_000)
        let message = #"{"id":"a","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"a"}],"#
            + #""stop_reason":"end_turn","usage":{"input_tokens":7,"output_tokens":3,"server_tool_use":{"web_search_requests":3}}}"#
        let upstreams = [
            try ScriptedUpstream { peer in
                guard peer.request() != nil, peer.wire.send(Text.answer(body: message)), peer.request() != nil else { return }
                peer.wire.send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n\(message)")
            }
        ]
        var world = try world(upstreams, config, budget: hasBudget ? budget : nil, prices: LostAttemptTests.searched)
        // What is translated is sent on when it is whole.
        world.providers[0].like = "anthropic"
        let gateway = try RecordingGateway(world, before: upstreams)
        #expect(try gateway.ask(request()).status == 200)
        pause(milliseconds: 1200)
        #expect(try gateway.ask(request()).status == 200)
        #expect(upstreams[0].requests.count == 2)
        let records = try gateway.records()
        try #require(records.count == 2)
        let whole = LostAttemptTests.taken + LostAttemptTests.fees
        #expect(records.map(\.figures.cost) == [whole, 0])
        #expect(records[1].figures.cache == .hit && (records[1].figures.lostCost > LostAttemptTests.fees) == hasBudget)
        if hasBudget { #expect(books.usage(budget)?.spent == whole + records[1].figures.lostCost) }
    }

    // MARK: Hedges

    private static let hedged = #"{"strategy":{"mode":"fallback"},"hedge":{"after":50,"budget":1},"targets":[{"virtual_key":"first"},{"virtual_key":"other"}]}"#

    @Test("a second attempt that nobody has a budget for is none")
    func unaffordable() throws {
        let second = try ScriptedUpstream(answering: LostAttemptTests.counted)
        let upstreams = [try LostAttemptTests.slow(300), second]
        var world = try world(upstreams, LostAttemptTests.hedged)
        world.books = books.books
        // Its provider's models have no price.
        world.virtualKeyTerms = [nil, SpendingTerms(.virtualKey, of: "other", identity: "other", budgets: [try books.budget("b", .cost, 1_000_000)], rates: [])]
        let gateway = try RecordingGateway(world, before: upstreams)
        #expect(try gateway.ask(request()).status == 200)
        let record = try #require(try gateway.records().first)
        #expect(record.figures.attempts == 1 && record.tries.count == 1 && !record.figures.flags.contains(.hedged))
        #expect(second.requests.isEmpty)
    }

    @Test("a second attempt that cannot be said to its target has a try that says so")
    func unfit() throws {
        let second = try ScriptedUpstream(answering: LostAttemptTests.counted)
        let upstreams = [try LostAttemptTests.slow(300), second]
        var world = try world(upstreams, LostAttemptTests.hedged)
        world.providers[1].like = "anthropic"
        let gateway = try RecordingGateway(world, before: upstreams)
        #expect(try gateway.ask(request(#"[{"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}}]"#)).status == 200)
        let record = try #require(try gateway.records().first)
        let tries = record.tryTexts
        #expect(record.figures.attempts == 2 && tries.count == 2 && record.figures.flags.contains(.hedged), "\(tries)")
        #expect(tries.count { $0.contains("\"end\":\"unfit\"") } == 1, "\(tries)")
        #expect(record.figures.cost == LostAttemptTests.taken && record.figures.lostInputTokens == 0)
    }

    @Test("a second attempt that had no connection yet has a try that says for how long it waited for one")
    func queued() throws {
        // It takes connections, and shakes no hands.
        let second = try ScriptedUpstream { peer in _ = peer.wire.takeAll() }
        let upstreams = [try LostAttemptTests.slow(400), second]
        var world = try world(upstreams, LostAttemptTests.hedged)
        world.providers[1].isTLS = true
        let gateway = try RecordingGateway(world, before: upstreams)
        #expect(try gateway.ask(request()).status == 200)
        let record = try #require(try gateway.records().first)
        let tries = record.tryTexts
        let lost = try #require(tries.first { $0.contains("\"end\":\"hedge_lost\"") }, "\(tries)")
        #expect(record.figures.attempts == 2 && tries.count == 2)
        #expect(lost.contains("\"queue_us\":"), "\(lost)")
    }

    // MARK: Guardrails

    @Test("what the guardrails of a target came to is told, though another without any has answered")
    func guarded() throws {
        let config = """
            {"strategy":{"mode":"fallback","on_status_codes":[446]},"targets":[{"virtual_key":"first","input_guardrails":[
             {"id":"words","deny":true,"default.contains":{"operator":"none","words":["unwanted"]}}]},{"virtual_key":"other"}]}
            """
        let upstreams = [try ScriptedUpstream(answering: LostAttemptTests.counted)]
        let gateway = try RecordingGateway(world(upstreams, config), before: upstreams)
        #expect(try gateway.ask(request("\"unwanted\"")).status == 200)
        #expect(try gateway.ask(request()).status == 200)
        let told = try gateway.records().map(\.guardrails)
        #expect(told == [
            #"[{"id":"words","verdict":false,"deny":true,"side":"input"}]"#, #"[{"id":"words","verdict":true,"deny":true,"side":"input"}]"#,
        ])
    }

    @Test("the second attempt, once it is alone, is told and charged at its own provider's prices, also where its client leaves")
    func aloneAndLeft() throws {
        let second = try LostAttemptTests.silent()
        let hasFailed = Atomic(false)
        let failing = try ScriptedUpstream { peer in
            guard peer.request() != nil, soon({ second.requests.count == 1 }) else { return }
            hasFailed.store(peer.wire.send(Text.answer("500 Internal Server Error")), ordering: .relaxed)
        }
        let upstreams = [failing, second]
        let budget = try books.budget("a", .cost, 1_000_000_000)
        let prices = LostAttemptTests.prices + "\n  second:\n    \"m\": {input: 20, output: 100}\n"
        let gateway = try RecordingGateway(world(upstreams, LostAttemptTests.hedged, budget: budget, prices: prices), before: upstreams)
        let wire = try gateway.gateway.connect()
        wire.send(request())
        #expect(soon { hasFailed.load(ordering: .relaxed) })
        // Until the gateway has read that, and then, that its client has left.
        pause(milliseconds: 300)
        wire.close()
        pause(milliseconds: 300)
        let record = try #require(try gateway.records().first)
        #expect(upstreams[1].requests.count == 1 && record.figures.flags.contains(.aborted))
        #expect(record.provider == "second" && record.target == "config.targets[1]", "\(record.target)")
        let spent = try #require(books.usage(budget)?.spent)
        #expect(spent > 0 && record.figures.cost + max(0, record.figures.lostCost) == spent)
    }

    // MARK: Errors

    @Test("an error that stalls in its body costs nothing, whether its client waits for the end or not, and whether somebody has a budget or not", arguments: [
        (false, false), (false, true), (true, false), (true, true),
    ])
    func stalledError(leaves: Bool, hasBudget: Bool) throws {
        let upstreams = [
            try ScriptedUpstream { peer in
                guard peer.request() != nil else { return }
                peer.wire.send("HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{")
                _ = peer.request()
            }
        ]
        let budget = try books.budget("a", .cost, 1_000_000_000)
        var world = try world(upstreams, #"{"virtual_key":"first"}"#, budget: hasBudget ? budget : nil)
        world.limits.gapNanoseconds = World.milliseconds(leaves ? 60_000 : 400)
        // What is translated is sent on when it is whole.
        world.providers[0].like = "anthropic"
        let gateway = try RecordingGateway(world, before: upstreams)
        let wire = try gateway.gateway.connect()
        wire.send(request())
        if leaves {
            #expect(soon { upstreams[0].requests.count == 1 })
            pause(milliseconds: 300)
            wire.close()
            pause(milliseconds: 300)
        } else {
            #expect(wire.takeAnswer().status >= 400)
        }
        let record = try #require(try gateway.records().first)
        #expect(record.figures.flags.contains(.aborted) == leaves)
        #expect((record.figures.cost, max(0, record.figures.lostCost), record.figures.lostInputTokens) == (0, 0, 0))
        if hasBudget { #expect(books.usage(budget)?.spent ?? 0 == 0) }
    }

    // MARK: Slow leaders

    private static let cached = #"{"virtual_key":"first","cache":{"mode":"simple"}}"#
    private static let streamed = Text.request(
        "POST /v1/chat/completions", ["x-portkey-api-key: \(CallerTests.gatewayKey)", "x-portkey-config: chat"],
        body: #"{"model":"m","max_tokens":9,"stream":true,"stream_options":{"include_usage":true},"messages":[]}"#, provider: nil, key: nil)
    private static let largeEvent: String = {
        let content = String(repeating: "x", count: 60_000)
        return Text.chunk(Text.event(#"{"id":"a","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"content":"\#(content)"}}]}"#))
    }()

    /// A client that takes nothing but its answer's head, and is left to another that takes all of it.
    private func leaveBehind(in gateway: RecordingGateway, isWhole: Bool) throws -> Wire {
        let slow = try gateway.gateway.connect(receiveByteCount: 65_536)
        slow.send(LostAttemptTests.streamed)
        #expect(slow.takeHead().status == 200)
        let quick = try gateway.gateway.connect()
        quick.send(LostAttemptTests.streamed)
        #expect(quick.takeAnswer().isWhole == isWhole)
        return slow
    }

    @Test("who is left behind by others has in its record who was asked when, what it cost and whose limits it was counted in", arguments: [false, true])
    func leftBehind(leaves: Bool) throws {
        let usage = Text.event(
            #"{"id":"a","object":"chat.completion.chunk","model":"m","choices":[],"#
                + #""usage":{"prompt_tokens":7,"completion_tokens":3,"num_search_queries":3}}"#)
        let upstream = try ScriptedUpstream { peer in
            guard peer.request() != nil, peer.wire.send(Text.streamHead) else { return }
            for _ in 0..<200 { guard peer.wire.send(LostAttemptTests.largeEvent) else { return } }
            peer.wire.send(Text.chunk(usage) + Text.chunk(Text.event("[DONE]")) + Text.lastChunk)
            _ = peer.request()
        }
        let budget = try books.budget("a", .cost, 1_000_000_000)
        let world = try world([upstream], LostAttemptTests.cached, budget: budget, prices: LostAttemptTests.searched)
        let gateway = try RecordingGateway(world, before: [upstream])
        let slow = try leaveBehind(in: gateway, isWhole: true)
        if leaves { slow.close() } else { while let chunk = slow.takeChunk(), !chunk.isEmpty {} }
        if leaves { pause(milliseconds: 200) }
        let records = try gateway.records()
        try #require(records.count == 2)
        let left = records[0]
        #expect(left.figures.flags.contains(.aborted) == leaves)
        #expect(upstream.requests.count == 1)
        let cost = LostAttemptTests.taken + LostAttemptTests.fees
        #expect(left.figures.cache != .hit && left.figures.cost == cost && left.figures.usage.webSearches == 3)
        #expect(left.limits == "key:team", "\(left.limits)")
        #expect(left.figures.gatewayNanoseconds < left.figures.firstByteNanoseconds)
        #expect(books.usage(budget)?.spent == cost)
    }

    @Test("an answer that breaks, or that nobody counts, behind a client that was left to others has a record of its own, and is told and charged once",
        arguments: [false, true])
    func brokenBehind(isWhole: Bool) throws {
        let upstream = try ScriptedUpstream { peer in
            guard peer.request() != nil, peer.wire.send(Text.streamHead) else { return }
            for _ in 0..<200 { guard peer.wire.send(LostAttemptTests.largeEvent) else { return } }
            if isWhole { peer.wire.send(Text.chunk(Text.event("[DONE]")) + Text.lastChunk) }
        }
        let budget = try books.budget("a", .cost, 1_000_000_000)
        let gateway = try RecordingGateway(world([upstream], LostAttemptTests.cached, budget: budget), before: [upstream])
        let slow = try leaveBehind(in: gateway, isWhole: isWhole)
        while let chunk = slow.takeChunk(), !chunk.isEmpty {}
        let records = try gateway.records()
        #expect(Set(records.map(\.identifier)).count == 3)
        let told = records.map { $0.figures.cost + max(0, $0.figures.lostCost) }
        let spent = try #require(books.usage(budget)?.spent)
        #expect(spent > 0 && told.sorted() == [0, 0, spent], "\(told), \(spent)")
        #expect(upstream.requests.count == 1)
    }
}
