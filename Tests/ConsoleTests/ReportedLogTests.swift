import Books
import Bytes
import JSON
import Providers
import Synchronization
import Testing
@testable import Console
@testable import Store

@Suite("Requests that are told of")
struct ReportedLogTests {
    /// Books that keep what they are given, and know one price: a nano-dollar a token of OpenAI's.
    private final class Kept: ReportedRecords {
        let records = Mutex<[RequestRecord]>([])
        let bodies = Mutex<[KeptBodies?]>([])
        let isBehind = Mutex(false)
        /// Workspaces whose bodies are kept.
        let whose = Mutex<Set<String>>([])
        let modelsAsked = Mutex<[[String]]>([])

        func cost(of usage: Usage, provider: String, models: [String]) -> ReportedCost? {
            modelsAsked.withLock { $0.append(models) }
            guard provider == "openai" else { return nil }
            return ReportedCost(nanodollars: usage.total, priceBook: "test-1", leavesSearchesOut: usage.webSearches > 0)
        }

        func settle(before nowMilliseconds: Int64) {}

        func keepsBodies(ofWorkspace id: String) -> Bool { whose.withLock { $0.contains(id) } }

        func record(_ told: [ToldRequest], nowMilliseconds: Int64) -> [String]? {
            if isBehind.withLock({ $0 }) { return nil }
            bodies.withLock { $0 += told.map(\.bodies) }
            records.withLock { $0 += told.map(\.record) }
            return told.indices.map { "id-\($0)" }
        }
    }

    private let kept = Kept()
    private let desk: Desk

    init() throws { desk = try Desk(file: declaredObjects(), reports: kept) }

    private func tell(_ body: String, key: String? = nil) -> Desk.Reply { desk.ask("POST", "/v1/logs", body, key: key) }

    private func record(_ body: String) throws -> RequestRecord {
        let reply = tell(body)
        #expect(reply.status == 200, "\(reply.message)")
        return try #require(kept.records.withLock { $0.last })
    }

    @Test("all that is known of one is recorded, in Portkey's form, and priced")
    func whole() throws {
        let record = try record(
            #"""
            {"request": {"url": "https://api.openai.com/v1/chat/completions?x=1", "method": "POST", "headers": {"authorization": "Bearer sk-secret"},
                "body": {"model": "gpt-4o", "user": "u-1", "stream": true, "messages": [{"role": "user", "content": "hi"}]}},
             "response": {"status": 200, "headers": {}, "response_time": 1500.5, "body": {"id": "x", "model": "gpt-4o-2024-08-06",
                "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "ho"}}],
                "usage": {"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17, "prompt_tokens_details": {"cached_tokens": 2}}}},
             "metadata": {"traceId": "t-1", "spanId": 12345678901234567890, "spanName": "ask", "parentSpanId": null, "team": "search", "turn": 3, "ok": true,
                "deep": {"left": "out"}}}
            """#)
        #expect((record.trace, record.span, record.spanName, record.parentSpan) == ("t-1", "12345678901234567890", "ask", ""))
        #expect((record.provider, record.path, record.method, record.endpoint) == ("openai", "/v1/chat/completions", "POST", "chat.completions"))
        #expect((record.model, record.served, record.finishReason, record.priceBook) == ("gpt-4o", "gpt-4o-2024-08-06", "stop", "test-1"))
        #expect(record.metadataPairs.map { "\($0.key)=\($0.value)" } == ["team=search", "turn=3", "ok=true", "_user=u-1"])
        #expect(record.organisation == desk.organisation && record.keyName == "a key" && record.peer == "127.0.0.1")
        let figures = record.figures
        #expect(figures.flags == [.stream, .reported, .counted] && figures.status == 200 && figures.attempts == 1)
        #expect((figures.usage.input, figures.usage.cachedRead, figures.usage.output, figures.cost) == (10, 2, 5, 17))
        #expect(figures.totalNanoseconds == 1_500_500_000)
        #expect(figures.wallNanoseconds == UInt64(Desk.start) * 1_000_000 - 1_500_500_000)
        #expect(kept.modelsAsked.withLock { $0 } == [["gpt-4o-2024-08-06", "gpt-4o"]])
    }

    @Test("Anthropic's usage is read as Anthropic's, and what has no price says so")
    func anthropic() throws {
        let record = try record(
            #"""
            {"request": {"provider": "anthropic", "url": "https://example.com/v1/messages", "body": {"model": "claude"}},
             "response": {"body": {"type": "message", "model": "claude-1", "stop_reason": "end_turn",
                "usage": {"input_tokens": 4, "cache_read_input_tokens": 10, "output_tokens": 6}}}}
            """#)
        #expect((record.provider, record.endpoint, record.finishReason) == ("anthropic", "messages", "end_turn"))
        #expect((record.figures.usage.input, record.figures.usage.cachedRead, record.figures.usage.output) == (4, 10, 6))
        #expect(record.figures.flags == [.reported, .counted, .unpriced, .ownTrace] && record.figures.cost == -1)
    }

    @Test("searches are counted, and what has no price for them says so", arguments: [0, 3] as [Int64])
    func searches(count: Int64) throws {
        let record = try record(
            #"""
            {"request": {"provider": "openai", "url": "https://example.com/v1/chat/completions", "body": {"model": "m"}},
             "response": {"status": 200, "body": {"model": "m", "usage": {"prompt_tokens": 4, "completion_tokens": 6, "num_search_queries": \#(count)}}}}
            """#)
        #expect(record.figures.usage.webSearches == count && record.figures.cost == 10)
        #expect(record.figures.flags.contains(.searchesUnpriced) == (count > 0) && !record.figures.flags.contains(.unpriced))
    }

    @Test("what callbacks and exporters of spans send is taken: names at the top, times as texts, no URL")
    func callbacks() throws {
        let reply = tell(
            #"""
            [{"span_id": "s-2", "parent_span_id": "s-1", "span_name": "llm", "trace_id": "t-2", "event_type": "llm", "start_time": 1764230000.5, "tags": null,
              "request": {"method": "POST", "url": "https://api.anthropic.com", "provider": "anthropic", "headers": {}, "body": {"model": "claude"}},
              "response": {"status": 200, "body": {"usage": {"prompt_tokens": 1, "completion_tokens": 2}}, "response_time": "0812", "streamingMode": false},
              "metadata": {"_source": "Langchain"}},
             {"metadata": {"traceId": "t-3", "spanId": 7, "parentSpanId": null, "startTime": 1, "endTime": 2, "_logType": "opentelemetry"},
              "request": {"method": "POST", "headers": {}, "body": {"name": "span"}}, "response": {"status": 200, "headers": {}, "body": {}, "response_time": 0.25}}]
            """#)
        #expect(reply.status == 200 && reply["log_ids"].texts == ["id-0", "id-1"] && reply.text("message") == "ok")
        let records = kept.records.withLock { $0 }
        #expect(records.map(\.trace) == ["t-2", "t-3"] && records.map(\.span) == ["s-2", "7"] && records.map(\.endpoint) == ["other", "other"])
        #expect(records.map(\.figures.totalNanoseconds) == [812_000_000, 250_000] && records[0].parentSpan == "s-1")
        // Without usage, and of nothing that is billed.
        #expect(records[1].figures.cost == 0 && !records[1].figures.flags.contains(.counted))
        #expect(records[1].metadataPairs.map(\.key) == ["startTime", "endTime", "_logType"])
    }

    @Test("what failed costs nothing, and what was billed without a count says so", arguments: [(500, 0, false), (200, -1, true)])
    func uncounted(status: Int, cost: Int64, isUnpriced: Bool) throws {
        let url = "https://api.openai.com/v1/chat/completions"
        let record = try record(#"{"request":{"url":"\#(url)","body":{"model":"gpt-4o"}},"response":{"status":\#(status),"body":"no JSON"}}"#)
        #expect(record.figures.cost == cost && record.figures.flags.contains(.unpriced) == isUnpriced && record.provider == "openai")
    }

    @Test("who was asked is told by name, by field, by host", arguments: [
        (#""provider":"groq""#, "groq"), (#""headers":{"X-Portkey-Provider":"mistral-ai"}"#, "mistral-ai"), (#""headers":{"x-portkey-provider":"@mine"}"#, ""),
        (#""url":"https://user:secret@API.OPENAI.com:443/v1/embeddings""#, "openai"), (#""url":"https://models.example/v1""#, ""), (#""url":"/v1/embeddings""#, ""), ("", ""),
    ])
    func provider(members: String, name: String) throws {
        let record = try record("{\"request\":{\(members)}}")
        #expect(record.provider == name && !record.path.contains("secret"))
    }

    @Test("what is wrong is told by its member, and nothing is recorded", arguments: [
        ("{}", "request is missing"), ("[]", "the body has 0 entries; a list has from 1 to 1000"), (#"{"request":[]}"#, "request must be an object, not a list"),
        (#"[{"request":{}},{"request":{"url":7}}]"#, "[1].request.url must be a text, not a number"),
        (#"{"request":{},"response":{"status":99}}"#, "response.status must be a whole number from 100 to 599"),
        (#"{"request":{},"response":{"response_time":"soon"}}"#, "response.response_time must be a number of milliseconds, of a day at most"),
        (#"{"request":{},"response":{"response_time":-1}}"#, "response.response_time must be a number of milliseconds, of a day at most"),
        (#"{"request":{},"response":{"response_time":1e12}}"#, "response.response_time must be a number of milliseconds, of a day at most"),
        (#"{"request":{},"metadata":7}"#, "metadata must be an object, not a number"),
        (#"{"request":{},"trace_id":[]}"#, "trace_id must be a text or a number, not a list"),
        (#"{"request":{},"metadata":{"traceId":"a","trace_id":"b"}}"#, "metadata.trace_id says trace_id again; keep one"),
    ])
    func faults(body: String, message: String) {
        let reply = tell(body)
        #expect(reply.status == 400 && reply.message == message, "\(reply.message)")
        #expect(kept.records.withLock { $0.isEmpty })
    }

    @Test("bodies of the limit are taken, and longer ones refused; long words are cut, long metadata is left out")
    func limits() throws {
        func body(_ count: Int) -> String {
            let frame = #"{"request":{"body":{"text":""}}}"#
            return #"{"request":{"body":{"text":"\#(String(repeating: "x", count: count - frame.utf8.count))"}}}"#
        }
        #expect(tell(body(ConsoleLimits.reportByteCount)).status == 200)
        let long = tell(body(ConsoleLimits.reportByteCount + 1))
        #expect(long.status == 413 && long.message == "the body has 1048577 bytes; at most 1048576 are read")
        let (trace, value) = (String(repeating: "é", count: 400), String(repeating: "x", count: BooksLimits.metadataByteCount))
        let record = try record(#"{"request":{},"trace_id":"\#(trace)","metadata":{"a":"\#(value)"}}"#)
        #expect(record.trace.utf8.count <= BooksLimits.textByteCount + 2 && record.metadata.isEmpty && record.figures.flags.contains(.metadataLeftOut))
    }

    @Test("a key needs logs.write; one of the file has it, and reads no logs")
    func permission() throws {
        let reader = try desk.key(["logs.list", "logs.view"])
        #expect(tell(#"{"request":{}}"#, key: reader).status == 403)
        #expect(tell(#"{"request":{}}"#, key: try desk.key(["logs.write"])).status == 200)
        func asDeclared(_ method: String, _ body: String) -> Desk.Reply {
            desk.ask(ConsoleRequest(method: method, path: Array("/v1/logs".utf8), body: Array(body.utf8), declaredKey: "ci", nowMilliseconds: Desk.start))
        }
        #expect(asDeclared("POST", #"{"request":{}}"#).status == 200)
        #expect(kept.records.withLock { $0.last }?.keyName == "ci")
        #expect(asDeclared("GET", "").status == 401)
    }

    @Test("a workspace's key tells of its own workspace's requests")
    func workspace() throws {
        let id = desk.workspace("one")
        #expect(tell(#"{"request":{}}"#, key: try desk.key(["logs.write"], workspace: id)).status == 200)
        #expect(kept.records.withLock { $0.last }?.workspace == id)
    }

    @Test("where they are kept its bodies go with it, and fields: as they were told, in heads that are like a request's own")
    func bodies() throws {
        kept.whose.withLock { $0 = [""] }
        _ = try record(
            #"""
            {"request": {"url": "https://user:secret@api.openai.com/v1/chat completions?key=sk-1&limit=2#top", "method": "POST",
                "headers": {"Authorization": "Bearer sk-secret", "X-Retries": 3, "accept": ["a", "b"], "deep": {"a": 1}, "none": null},
                "body": {"model": "gpt-4o", "temperature": 0.10, "messages": [{"role": "user", "content": "hé"}]}},
             "response": {"status": 201, "headers": {"content-type": "text/plain"}, "body": "no JSON"}}
            """#)
        let told = try #require(kept.bodies.withLock { $0.last ?? nil })
        #expect(told.request?.line == "POST https://api.openai.com/v1/chat%20completions?key=sk-1&limit=2 HTTP/1.1" && told.answer?.line == "HTTP/1.1 201")
        #expect(told.request?.fields.map { "\($0.name): \($0.value)" } == ["Authorization: Bearer sk-secret", "X-Retries: 3", "accept: a", "accept: b"])
        #expect(told.request.map { String(decoding: $0.body, as: UTF8.self) } == #"{"model":"gpt-4o","temperature":0.10,"messages":[{"role":"user","content":"hé"}]}"#)
        #expect(told.answer.map { String(decoding: $0.body, as: UTF8.self) } == "no JSON" && told.sent == nil && told.flags == [])
        _ = try record(#"{"request": {}}"#)
        let empty = try #require(kept.bodies.withLock { $0.last ?? nil })
        #expect(empty.request?.line == "POST  HTTP/1.1" && empty.request?.target == "" && empty.request?.body == [] && empty.answer == nil)
    }

    @Test("of its fields as many are kept as a head may have, in as many bytes, and shown in one reading of them")
    func fields() throws {
        kept.whose.withLock { $0 = [""] }
        func told(_ headers: String) throws -> KeptMessage {
            _ = try record(#"{"request": {"method": "GET", "url": "/", "headers": {\#(headers)}}}"#)
            return try #require(kept.bodies.withLock { $0.last ?? nil }?.request)
        }
        let most = ConsoleLimits.reportFieldCount
        for more in 0...1 {
            let list = (0..<most + more).map { "\($0)" }.joined(separator: ",")
            let fields = try told(#""accept": [\#(list)], "x-late": "a""#)
            #expect(fields.fields.count == most && fields.fields.last?.value == "\(most - 1)")
            #expect(KeptBodyAnswer.fields(fields)["accept"]?.string == (0..<most).map { "\($0)" }.joined(separator: ", "))
        }
        let room = ConsoleLimits.reportHeadByteCount - "GET / HTTP/1.1".utf8.count - "a".utf8.count
        for more in 0...1 {
            let fields = try told(#""a": "\#(String(repeating: "x", count: room + more))", "b": "c""#)
            #expect(fields.fields.map(\.name) == (more == 0 ? ["a"] : []))
        }
    }

    @Test("a URL is taken apart by its bytes, and what may be a credential is nowhere", arguments: [
        ("https://user:pw@host.example:443/v1?a=b#c", "host.example", "/v1", "https://host.example:443/v1?a=b"), ("//user:pw@host.example/v1", "host.example", "/v1", "//host.example/v1"),
        ("https://\u{301}user:pw@host.example/v1", "host.example", "/v1", "https://host.example/v1"),
        ("https://user:pw@\u{301}host.example/v1", "\u{301}host.example", "/v1", "https://\u{301}host.example/v1"),
        ("user:pw@host.example/v1", "", "host.example/v1", "host.example/v1"), ("/v1?u=https://a@b", "", "/v1", "/v1?u=https://a@b"), ("HTTPS://Host?a", "host", "", "HTTPS://Host?a"),
        ("https://a@b@host", "host", "", "https://host"), ("https:/user:pw@host/v1", "host", "/v1", "https:/host/v1"),
        ("https:///user:pw@host/v1", "host", "/v1", "https:///host/v1"), ("https:\\\\user:pw@host/v1", "host", "/v1", "https:\\\\host/v1"),
        ("https:\\/user:pw@host/v1", "host", "/v1", "https:\\/host/v1"), ("\\\\user:pw@host/v1", "host", "/v1", "\\\\host/v1"),
        ("///user:pw@host/v1", "host", "/v1", "///host/v1"), ("https:/\n/user:pw@host/v1", "host", "/v1", "https:/\n/host/v1"),
        (" //user:pw@host/v1", "host", "/v1", " //host/v1"), ("https://user:p\\w@host/v1", "host", "/v1", "https://host/v1"),
        ("https:user:pw@host/v1", "", "host/v1", "host/v1"), ("/v1/a@b", "", "/v1/a@b", "/v1/a@b"), ("v1\\a@b", "", "b", "b"), ("https://host//a@b", "host", "//a@b", "https://host//a@b"), ("", "", "", ""), ("//", "", "", "//"), ("https://host/a\u{301}?b", "host", "/a\u{301}", "https://host/a\u{301}?b"),
    ])
    func urls(url: String, host: String, path: String, target: String) {
        let told = ReportedURL(url)
        #expect(told.host == host && told.path == path && told.target == target)
    }

    @Test("no bodies go with what is told where they are not kept, or where the report or the request itself wants figures alone")
    func withoutBodies() throws {
        let told = #"{"request": {"body": {"model": "gpt-4o"}}, "response": {"body": {}}}"#
        func last() -> KeptBodies? { kept.bodies.withLock { $0.last ?? nil } }
        _ = try record(told)
        #expect(last() == nil)
        let id = desk.workspace("one")
        kept.whose.withLock { $0 = [id] }
        _ = try record(told)
        #expect(last() == nil)
        let key = try desk.key(["logs.write"], workspace: id)
        #expect(tell(told, key: key).status == 200 && last() != nil)
        let figures = desk.ask(
            ConsoleRequest(
                method: "POST", path: Array("/v1/logs".utf8), body: Array(told.utf8), credential: Array(key.utf8), isFiguresAlone: true, nowMilliseconds: Desk.start))
        #expect(figures.status == 200 && last() == nil)
        for flag in [#""false""#, #""False""#, "false", #"["false"]"#, #"["true", " False\t"]"#, #"" false ""#, #""true, false""#, #""true", "x-portkey-debug": false"#] {
            #expect(tell(#"{"request": {"headers": {"X-Portkey-Debug": \#(flag)}, "body": {}}}"#, key: key).status == 200 && last() == nil)
        }
        for flag in [#""true""#, "[]", #""falsely""#, "null"] {
            #expect(tell(#"{"request": {"headers": {"x-portkey-debug": \#(flag)}, "body": {}}}"#, key: key).status == 200 && last() != nil, "\(flag)")
        }
    }

    @Test("where the disk is behind nothing is taken, and without books there is nothing to tell")
    func refused() throws {
        kept.isBehind.withLock { $0 = true }
        let reply = tell(#"{"request":{}}"#)
        #expect(reply.status == 503 && reply.message == "the books' disk is behind, and nothing of this was recorded; try again")
        let without = try Desk()
        #expect(without.ask("POST", "/v1/logs", #"{"request":{}}"#).status == 404)
    }

    @Test("a POST alone is for callers, and its body may be longer")
    func place() {
        func place(_ method: String, _ path: String) -> ConsolePlace? {
            Array(method.utf8).withByteSlice { method in Array(path.utf8).withByteSlice { Console.place(method: method, path: $0) } }
        }
        for path in ["/v1/logs", "/v2/logs", "/v1/logs/"] {
            #expect(place("POST", path)?.isForCallers == true && place("POST", path)?.bodyByteCount == ConsoleLimits.reportByteCount)
            #expect(place("GET", path)?.isForCallers == false)
        }
        for path in ["/v1/logs/x", "/v1/logs//", "/v1/configs"] {
            #expect(place("POST", path)?.isForCallers == false && place("POST", path)?.bodyByteCount == ConsoleLimits.bodyByteCount)
        }
        #expect(place("POST", "/v1/logsx") == nil && place("POST", "/v1/feedback")?.isForCallers == true)
    }
}
