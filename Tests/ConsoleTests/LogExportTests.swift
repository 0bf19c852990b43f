import Analytics
import Books
import Bytes
import Configuration
import JSON
import Ledger
import Testing
@testable import Console
@testable import Store

@Suite("Exports and tails of logs")
struct LogExportTests {
    private let desk: Desk

    init() throws { desk = try Desk(file: declaredObjects(), hasBooks: true) }

    /// Adds requests of the desk's day to the journal and gives them rows.
    ///
    /// - Parameter first: the number of the first.
    private func write(_ count: Int, from first: Int = 0, workspace: String = "", metadata: String = "") throws {
        let start = UInt64(Desk.start) * 1_000_000
        let keeper = try Bookkeeper(dataDirectory: desk.folder, workers: 1, process: UInt32(first + 1), clock: { start }) { _ in }
        for number in first..<first + count {
            keeper.ring(worker: 0).push(.required) { writer in
                var figures = RecordFigures()
                figures.identifier = Identifier(high: UInt64(Desk.start - 60_000 + Int64(number)) << 16 | 0x7000, low: 0x8000_0000_0000_0000 | UInt64(number))
                figures.wallNanoseconds = start - 60_000_000_000 + UInt64(number) * 1_000_000
                figures.status = number % 2 == 0 ? 200 : 429
                figures.cost = 1_500_000
                writer.write(figures)
                func lend(_ text: String, _ body: (ByteSlice) -> Void) { Array(text.utf8).withByteSlice { body($0) } }
                lend(workspace) { writer.workspace($0) }
                lend("trace-\(number)") { writer.trace($0) }
                lend("gpt-4o") { writer.model($0) }
                lend("openai") { writer.provider($0) }
                lend("/v1/chat/completions") { writer.path($0) }
                lend("POST") { writer.method($0) }
                lend(metadata) { writer.metadata($0) }
            }
        }
        keeper.stop()
        keeper.run()
        try desk.books?.catchUp()
    }

    private static let times = #""time_of_generation_min":"2027-01-15T07:00:00Z","time_of_generation_max":"2027-01-16T00:00:00Z""#

    private func make(_ filters: String = "", _ more: String = "", key: String? = nil) -> Desk.Reply {
        desk.ask("POST", "/v1/logs/exports", "{\"filters\":{\(Self.times)\(filters.isEmpty ? "" : "," + filters)}\(more.isEmpty ? "" : "," + more)}", key: key)
    }

    /// All that a link's request is answered.
    private func file(_ link: String) -> (answer: ConsoleAnswer, text: String, isWhole: Bool) {
        let parts = link.split(separator: "?", maxSplits: 1).map { Array($0.utf8) }
        let opens = parts[0].withByteSlice { path in parts[1].withByteSlice { desk.store.links.opens(path, $0, now: desk.time.withLock { $0 }) } }
        #expect(opens)
        let answer = desk.console.answer(Self.opened(parts, at: desk.time.withLock { $0 }))
        var bytes = answer.body
        while let stream = answer.stream {
            switch stream.next(Desk.start) {
            case .bytes(let part): bytes += part
            case .nothing: Issue.record("a file has always something to say")
            case .end: return (answer, String(decoding: bytes, as: UTF8.self), true)
            case .failed: return (answer, String(decoding: bytes, as: UTF8.self), false)
            }
        }
        return (answer, String(decoding: bytes, as: UTF8.self), true)
    }

    private static func opened(_ parts: [[UInt8]], at now: Int64 = Desk.start) -> ConsoleRequest {
        ConsoleRequest(method: "GET", path: parts[0], query: parts[1], isByLink: true, nowMilliseconds: now)
    }

    private func link(to id: String) -> String {
        let request = ConsoleRequest(
            method: "GET", path: Array("/v1/logs/exports/\(id)/download".utf8), credential: Array(desk.admin.utf8), origin: "https://gateway.example",
            nowMilliseconds: Desk.start)
        let url = desk.ask(request).text("signed_url")
        #expect(url.hasPrefix("https://gateway.example/v1/logs/exports/\(id)/file?organisation_id=\(desk.organisation)&expires="))
        return String(url.dropFirst("https://gateway.example".count))
    }

    // MARK: Its life

    @Test("one is made, started, fetched, stopped and deleted, and each is in the audit log")
    func life() throws {
        try write(150)
        let made = make(#""status_code":"200""#, #""description":"d","requested_data":["trace_id","ai_model","status_code","cost"]"#)
        #expect(made.status == 200 && made["total"].integer == 75 && made.text("object") == "export", "\(made.message)")
        let (id, path) = (made.text("id"), "/v1/logs/exports/" + made.text("id"))
        let draft = desk.ask("GET", path)
        #expect(draft.text("status") == "draft" && draft["total_records"].integer == 75 && draft.text("description") == "d" && draft.text("format") == "jsonl")
        #expect(draft["requested_data"].texts == ["trace_id", "ai_model", "response_status_code", "cost"] && draft["started_at"].isNull)
        #expect(draft["filters"].jsonText == #"{"time_of_generation_min":"2027-01-15T07:00:00.000Z","time_of_generation_max":"2027-01-16T00:00:00.000Z","status_code":["200"]}"#)
        #expect(desk.ask("GET", path + "/download").message == "the export is a draft: start it with POST /logs/exports/\(id)/start")
        #expect(desk.ask("POST", path + "/start").text("object") == "export")
        #expect(desk.ask("GET", path).text("status") == "success" && desk.ask("GET", path)["started_at"].string != nil)
        #expect(desk.ask("PUT", path, #"{"description":"e"}"#).status == 409)
        let whole = file(link(to: id))
        let lines = whole.text.split(separator: "\n")
        #expect(whole.isWhole && lines.count == 75 && whole.answer.stream?.kind == .lines && whole.answer.stream?.fileName == "logs-2027-01-15-\(id).jsonl")
        #expect(lines.first == #"{"trace_id":"trace-0","ai_model":"gpt-4o","response_status_code":200,"cost":0.15}"#)
        #expect(lines.last?.hasPrefix(#"{"trace_id":"trace-148""#) == true)
        #expect(desk.ask("POST", path + "/cancel").status == 200 && desk.ask("GET", path).text("status") == "stopped")
        #expect(desk.ask("GET", path + "/download").status == 409)
        #expect(desk.ask("POST", path + "/start").status == 200 && desk.ask("GET", path).text("status") == "success")
        #expect(desk.ask("GET", "/v1/logs/exports").rows.compactMap { $0["id"]?.string } == [id])
        #expect(desk.ask("DELETE", path).json.jsonText == "{}" && desk.ask("GET", path).status == 404)
        let told = try desk.audit().filter { $0.event.resource == "log_exports" }.map(\.event.action)
        #expect(told == ["delete", "update", "update", "download", "update", "create"])
    }

    @Test("rows of requests that came after the start are no part of it")
    func start() throws {
        try write(10)
        desk.time.withLock { $0 = Desk.start - 60_000 + 5 }
        let id = make().text("id")
        _ = desk.ask("POST", "/v1/logs/exports/\(id)/start")
        desk.time.withLock { $0 = Desk.start }
        #expect(desk.ask("GET", "/v1/logs/exports/\(id)")["total_records"].integer == 5)
        #expect(file(link(to: id)).text.split(separator: "\n").count == 5)
    }

    @Test("one that is stopped or deleted while it is fetched does not end whole", arguments: ["POST /cancel", "DELETE "])
    func stopped(what: String) throws {
        try write(200)
        let id = make().text("id")
        _ = desk.ask("POST", "/v1/logs/exports/\(id)/start")
        let link = link(to: id)
        let parts = link.split(separator: "?").map { Array($0.utf8) }
        let stream = try #require(desk.console.answer(Self.opened(parts)).stream)
        let (method, rest) = (what.split(separator: " ")[0], what.split(separator: " ", omittingEmptySubsequences: false)[1])
        #expect(desk.ask(String(method), "/v1/logs/exports/\(id)\(rest)").status == 200)
        #expect(stream.next(Desk.start) == .failed)
    }

    @Test("as a table it has a head, and neither quotes nor formulas get out of their cells")
    func table() throws {
        try write(2, metadata: #"{"_user":"=HYPERLINK(\"x\")","team":"a,b"}"#)
        let id = make("", #""format":"csv","requested_data":["trace_id","_user","metadata","is_success","error_code","mode","request"]"#).text("id")
        _ = desk.ask("POST", "/v1/logs/exports/\(id)/start")
        let whole = file(link(to: id))
        let request = #""{""url"":""/v1/chat/completions"",""method"":""POST"",""headers"":null,""portkeyHeaders"":null,""body"":null}""#
        let metadata = #""{""_user"":""=HYPERLINK(\""x\"")"",""team"":""a,b""}""#
        #expect(whole.answer.stream?.kind == .table && whole.answer.stream?.fileName?.hasSuffix(".csv") == true)
        let lines = whole.text.split(separator: "\r\n", omittingEmptySubsequences: false)
        #expect(lines.count == 4 && lines[0] == "trace_id,_user,metadata,is_success,error_code,mode,request")
        #expect(lines[1] == #"trace-0,"'=HYPERLINK(""x"")","# + metadata + ",true,,," + request)
        #expect(lines[2].hasPrefix("trace-1,") && lines[2].contains(",false,,,") && lines[3].isEmpty)
    }

    @Test("without rows a file is empty, and a table its head")
    func empty() {
        for (format, text) in [("jsonl", ""), ("csv", "trace_id\r\n")] {
            let id = make("", #""format":"\#(format)","requested_data":["trace_id"]"#).text("id")
            _ = desk.ask("POST", "/v1/logs/exports/\(id)/start")
            let whole = file(link(to: id))
            #expect(whole.isWhole && whole.text == text)
        }
    }

    @Test("what is wrong is told by its member, and nothing is made", arguments: [
        ("{}", "filters is missing"), (#"{"filters":{}}"#, "filters.time_of_generation_min is missing"), (#"{"filters":7}"#, "filters must be an object, not a number"),
        (#"{"filters":{"created_at":{"lt":"2027-01-15"}}}"#, "filters.time_of_generation_min is missing"),
        (#"{"filters":{"created_at":{"gte":"2027-01-15T00:00:00Z"},"time_of_generation_max":"2027-01-16T00:00:00Z"}}"#, "filters.created_at says what"),
        (#"{"filters":{"time_of_generation_min":"2027-02-15T00:00:00Z"}}"#, "time_of_generation_max is not after time_of_generation_min"),
        (#"{"filters":{\#(times),"status_code":["x"]}}"#, "status_code has \"x\", which is no status"),
        (#"{"filters":{\#(times),"cost_min":-1}}"#, "filters.cost_min must be a number from 0"),
        (#"{"filters":{\#(times),"prompt":"x"}}"#, "filters.prompt is unknown"),
        (#"{"filters":{\#(times)},"requested_data":["trace"]}"#, #"must be one of"#), (#"{"filters":{\#(times)},"format":"xml"}"#, "format must be one of jsonl, csv"),
        (#"{"filters":{\#(times)},"workspace_id":"ws-none"}"#, "workspace_id names no workspace"),
        (#"{"filters":{\#(times),"workspace_slug":"ws-none"}}"#, "workspace_id names no workspace"),
    ])
    func refused(body: String, text: String) {
        let reply = desk.ask("POST", "/v1/logs/exports", body)
        #expect(reply.status == 400 && reply.message.contains(text), "\(reply.message)")
        #expect(desk.ask("GET", "/v1/logs/exports").total == 0)
    }

    @Test("times may be said as `created_at`, and without an end are those until it is started")
    func otherTimes() throws {
        try write(4)
        let made = desk.ask("POST", "/v1/logs/exports", #"{"filters":{"created_at":{"gte":"2027-01-15T07:00:00Z"}}}"#)
        #expect(made["total"].integer == 4, "\(made.message)")
        let read = desk.ask("GET", "/v1/logs/exports/" + made.text("id"))
        #expect(read["filters"].jsonText == #"{"time_of_generation_min":"2027-01-15T07:00:00.000Z"}"# && read["requested_data"].texts == LogTable.names)
    }

    // MARK: Who may

    @Test("a key of a workspace makes and sees its own, of its own rows; who may not export does not")
    func workspaces() throws {
        let (one, two) = (desk.workspace("one"), desk.workspace("two"))
        try write(3, workspace: one)
        try write(5, from: 10, workspace: two)
        let key = try desk.key(["logs.export"], workspace: one)
        let made = make(key: key)
        #expect(made["total"].integer == 3)
        #expect(make(#""workspace_slug":"\#(two)""#, key: key).status == 400)
        #expect(make(#""workspace_slug":"\#(two)""#, #""workspace_id":"\#(one)""#).message == "filters.workspace_slug names another workspace than the export is of")
        let whole = make()
        #expect(whole["total"].integer == 8)
        #expect(desk.ask("GET", "/v1/logs/exports/" + whole.text("id"), key: key).status == 404)
        #expect(desk.ask("POST", "/v1/logs/exports/\(whole.text("id"))/start", key: key).status == 404)
        #expect(desk.ask("GET", "/v1/logs/exports", key: key).total == 1)
        _ = desk.ask("POST", "/v1/logs/exports/\(made.text("id"))/start", key: key)
        #expect(file(link(to: made.text("id"))).text.split(separator: "\n").count == 3)
        #expect(make(key: try desk.key(["logs.list", "logs.view", "logs.read", "logs.write"])).status == 403)
    }

    @Test("a file is opened by a link alone, and a link opens nothing else")
    func links() throws {
        let id = make().text("id")
        _ = desk.ask("POST", "/v1/logs/exports/\(id)/start")
        let query = "?organisation_id=\(desk.organisation)&expires=1&signature=0"
        #expect(desk.ask("GET", "/v1/logs/exports/\(id)/file" + query).status == 401)
        for path in ["/v1/logs/exports/\(id)", "/v1/logs", "/v1/configs"] {
            #expect(desk.ask("GET", path, isByLink: true).status == 401)
        }
        func isByLink(_ path: String) -> Bool? {
            "GET".withSlice { method in path.withSlice { Console.place(method: method, path: $0)?.isByLink } }
        }
        #expect(isByLink("/v1/logs/exports/x/file") == true && isByLink("/v2/logs/exports/x/file") == true)
        for path in ["/v1/logs/exports/file", "/v1/logs/exports", "/v1/logs/exports/x/files", "/v1/logs/x/file", "/v1/configs/x/file"] {
            #expect(isByLink(path) == false, "\(path)")
        }
        // Another organisation's export is not there, whoever has signed for it.
        #expect(desk.ask("GET", "/v1/logs/exports/\(id)/file?organisation_id=other&expires=1&signature=0", isByLink: true).status == 404)
    }

    // MARK: Tails

    private func tail(_ query: String = "", key: String? = nil) -> ConsoleAnswer {
        desk.console.answer(
            ConsoleRequest(
                method: "GET", path: Array("/v1/logs/tail".utf8), query: Array(query.utf8), credential: Array((key ?? desk.admin).utf8), nowMilliseconds: Desk.start))
    }

    private static func events(_ part: ConsoleStream.Part) -> [String] {
        guard case .bytes(let bytes) = part else { return [] }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n\n").map { String($0) }
    }

    @Test("what is recorded from then on comes as events, and what is not asked for does not")
    func tails() throws {
        try write(5)
        let (all, some) = (tail(), tail("status_code=429"))
        #expect(String(decoding: all.body, as: UTF8.self) == ": requests from now on\n\n" && all.stream?.kind == .events)
        let (first, second) = (try #require(all.stream), try #require(some.stream))
        #expect(first.next(Desk.start) == .nothing && second.next(Desk.start) == .nothing)
        try write(4, from: 20)
        let events = Self.events(first.next(Desk.start))
        #expect(events.count == 4 && events.allSatisfy { $0.hasPrefix("event: log\ndata: {\"id\":") } && events[0].contains(#""trace_id":"trace-20""#))
        #expect(Self.events(second.next(Desk.start)).map { $0.contains("trace-21") } == [true, false])
        #expect(first.next(Desk.start) == .nothing && second.next(Desk.start) == .nothing)
    }

    @Test("while nothing comes it says so now and then, and ends when its caller may no longer")
    func checked() throws {
        let key = try desk.key(["logs.list"])
        let stream = try #require(tail(key: key).stream)
        let check = Desk.start + ConsoleLimits.tailCheckMilliseconds
        #expect(stream.next(check - 1) == .nothing && stream.next(check) == .bytes(Array(":\n\n".utf8)) && stream.next(check + 1) == .nothing)
        let scope = Scope(organisationID: desk.organisation)
        let keys = try desk.store.list(APIKey.self, ListQuery(scope)).rows
        for row in keys where row.scopes == ["logs.list"] { try desk.store.delete(APIKey.self, row.id, in: scope, at: nil, by: .system) }
        #expect(stream.next(check + ConsoleLimits.tailCheckMilliseconds - 1) == .nothing)
        #expect(stream.next(check + ConsoleLimits.tailCheckMilliseconds) == .end)
        #expect(tail(key: try desk.key(["logs.export"])).status == 403)
    }

    @Test("what the file denies is in no export: refused by name, left out by default, and told")
    func denied() throws {
        try write(2)
        let open = try #require(make().json["id"]?.string)
        var file = declaredObjects()
        file.deniedExportFields = ["metadata", "request"]
        let console = Console(store: desk.store, file: file, books: desk.books)
        func ask(_ method: String, _ path: String, _ body: String = "") -> Desk.Reply {
            desk.ask(
                ConsoleRequest(
                    method: method, path: Array(path.utf8), body: Array(body.utf8), credential: Array(desk.admin.utf8), nowMilliseconds: Desk.start),
                of: console)
        }
        let told = ask("GET", "/v1/logs/exports/field-restrictions")
        #expect((told["export_settings"]["deniedFields"] ?? .null).elements.map(\.string) == ["metadata", "request"])
        #expect((desk.ask("GET", "/v1/logs/exports/field-restrictions")["export_settings"]["deniedFields"] ?? .null).elements.isEmpty)
        let refused = ask("POST", "/v1/logs/exports", "{\"filters\":{\(Self.times)},\"requested_data\":[\"id\",\"metadata\"]}")
        #expect(refused.status == 400 && refused.message.contains("\"metadata\"") && refused.message.contains("books.export_denied_fields"))
        // One that was made before is without them as well.
        let fields = ask("GET", "/v1/logs/exports/\(open)")["requested_data"].elements.map(\.string)
        #expect(fields.contains("cost") && !fields.contains("metadata") && !fields.contains("request"))
        #expect(!LogTable(fields: ["id", "metadata"], denied: file.deniedExportFields, format: .csv).head.contains(UInt8(ascii: "m")))
    }

    @Test("fields that the configuration file can deny are those that exports have")
    func deniable() { #expect(BooksDeclaration.exportFields == LogTable.names) }
}

extension String {
    fileprivate func withSlice<Result>(_ body: (ByteSlice) -> Result) -> Result { Array(utf8).withByteSlice { body($0) } }
}
