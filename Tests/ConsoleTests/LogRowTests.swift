import Analytics
import Bytes
import Configuration
import JSON
import Ledger
import Testing
@testable import Books
@testable import Console
@testable import Store

@Suite("Rows of logs")
struct LogRowTests {
    private let desk: Desk

    init() throws { desk = try Desk(file: declaredObjects(), hasBooks: true) }

    /// A record that has of all that accounts ask for.
    private static var whole: RequestRecord {
        var record = RequestRecord()
        record.figures.identifier = Identifier(high: UInt64(Desk.start - 60_000) << 16 | 0x7000, low: 1 << 63)
        record.figures.wallNanoseconds = UInt64(Desk.start - 60_000) * 1_000_000
        record.figures.totalNanoseconds = 900_000_000
        record.figures.firstByteNanoseconds = 200_000_900
        record.figures.firstTokenNanoseconds = 250_000_900
        record.figures.gatewayNanoseconds = 61_000
        record.figures.status = 503
        record.figures.attempts = 3
        record.figures.flags = [.counted, .stream, .aborted, .hedged, .unpriced, .lostEstimated, .searchesUnpriced]
        record.figures.receivedByteCount = 412
        record.figures.sentByteCount = 70_000
        record.figures.usage.input = 1
        record.figures.usage.cachedRead = 2
        record.figures.usage.cacheWrite5m = 3
        record.figures.usage.cacheWrite1h = 4
        record.figures.usage.audioInput = 5
        record.figures.usage.audioCached = 6
        record.figures.usage.imageInput = 7
        record.figures.usage.imageCached = 8
        record.figures.usage.output = 9
        record.figures.usage.reasoning = 10
        record.figures.usage.audioOutput = 11
        record.figures.usage.imageOutput = 12
        record.figures.usage.webSearches = 17
        record.figures.cost = 7_000_000
        record.figures.saved = 1_234_567
        record.figures.savedInputTokens = 13
        record.figures.savedOutputTokens = 14
        record.figures.lostInputTokens = 15
        record.figures.lostOutputTokens = 16
        record.figures.lostCost = 20_000_001
        record.priceBook = "2026-11-26"
        record.target = "config.targets[1]"
        record.peer = "2001:db8::7"
        record.agent = "OpenAI/Python 2.30.0"
        record.keyName = "search-team"
        record.certificate = "CN=a, O=b"
        record.limits = "key:search-team\nvirtual_key:openai-prod"
        record.guardrails = #"[{"id":"words","side":"input","verdict":false,"deny":true}]"#
        return record
    }

    private static let details = Logs.details(RequestRecord()).map(\.key)

    @Test("for accounts a row has what its record says, under the record's names")
    func details() throws {
        let (row, record) = (Logs.row(Self.whole), Self.whole.document)
        for name in Self.details { #expect(try #require(row[name]).jsonText == record[name]?.jsonText, "\(name)") }
        #expect(row["lost_cost_usd"]?.jsonText == "0.020000001" && row["saved_usd"]?.jsonText == "0.001234567" && row["first_token_us"]?.integer == 250_000)
        #expect(row["blame"]?.string == "upstream" && row["key"]?.string == "search-team" && row["certificate"]?.string == "CN=a, O=b")
        #expect(row["bytes_in"]?.integer == 412 && row["bytes_out"]?.integer == 70_000 && row["first_byte_us"]?.integer == 200_000)
        // 649,999,100 ns for the 41 tokens behind the first.
        #expect(row["token_us"]?.integer == 15_853 && row["limits"]?.texts == ["key:search-team", "virtual_key:openai-prod"])
        #expect(row["guardrails"]?.jsonText == #"[{"id":"words","side":"input","verdict":false,"deny":true}]"#)
        // In cents, what was lost among it.
        #expect(row["cost"]?.jsonText == "2.7000001")
    }

    @Test("of tokens that nobody has counted a row tells so, and not how long each took")
    func estimated() {
        var record = Self.whole
        record.figures.flags.insert(.estimated)
        let (row, document) = (Logs.row(record), record.document)
        #expect(row["is_estimated"]?.boolean == true && document["estimated"]?.boolean == true)
        #expect(row["token_us"]?.isNull == true && document["token_us"] == nil)
        #expect(Logs.row(Self.whole)["is_estimated"]?.boolean == false)
    }

    @Test("what nobody knows is null, and what was not is none")
    func unknown() {
        let found = Logs.details(RequestRecord()).map { "\($0.key)=\($0.value.jsonText)" }
        let told = [
            "lost_tokens_in=0", "lost_tokens_out=0", "lost_cost_usd=0", "lost_estimated=false", "unpriced=false", "searches_unpriced=false", "attempts=0",
            "hedged=false", "aborted=false", "gateway_us=0", "bytes_in=0", "bytes_out=0",
        ]
        #expect(found.filter { !$0.hasSuffix("=null") } == told)
        var record = RequestRecord()
        record.figures.flags = [.counted, .reported]
        record.figures.lostOutputTokens = 1
        let row = Logs.row(record)
        // Counted, and none of them; without a price; and nobody tells how long others' gateways take, or their messages are.
        #expect(row["tokens_cached"]?.integer == 0 && row["tokens_reasoning"]?.integer == 0)
        #expect(row["lost_cost_usd"]?.isNull == true && row["gateway_us"]?.isNull == true)
        #expect(row["bytes_in"]?.isNull == true && row["bytes_out"]?.isNull == true)
    }

    @Test("every row has the same members, each once, wherever an export finds them")
    func members() {
        let names = Logs.row(Self.whole).members.map(\.name)
        #expect(names == Logs.row(RequestRecord()).members.map(\.name) && Set(names).count == names.count)
        #expect(Set(LogTable.names) == Set(names).subtracting(["object"]).union(["request", "response"]))
        #expect(LogTable.names.suffix(Self.details.count) == Self.details[...])
    }

    private static let filters = #""filters":{"time_of_generation_min":"2027-01-15T07:00:00Z"}"#

    private func ask(_ method: String, _ path: String, _ body: String = "", file: FileObjects = declaredObjects()) -> Desk.Reply {
        let console = Console(store: desk.store, file: file, books: desk.books)
        let request = ConsoleRequest(
            method: method, path: Array(path.utf8), body: Array(body.utf8), credential: Array(desk.admin.utf8), nowMilliseconds: Desk.start)
        return desk.ask(request, of: console)
    }

    /// The file of an export of these members.
    private func exported(_ names: [String], _ format: String) throws -> String {
        let fields = names.map { "\"\($0)\"" }.joined(separator: ",")
        let made = ask("POST", "/v1/logs/exports", "{\(Self.filters),\"format\":\"\(format)\",\"requested_data\":[\(fields)]}")
        #expect(made.status == 200 && made["total"].integer == 1, "\(made.message)")
        #expect(ask("POST", "/v1/logs/exports/\(made.text("id"))/start").status == 200)
        let request = ConsoleRequest(
            method: "GET", path: Array("/v1/logs/exports/\(made.text("id"))/file".utf8), query: Array("organisation_id=\(desk.organisation)&expires=1&signature=0".utf8),
            isByLink: true, nowMilliseconds: Desk.start)
        let answer = desk.console.answer(request)
        var bytes = answer.body
        while case .bytes(let part) = try #require(answer.stream).next(Desk.start) { bytes += part }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("an export that asks for them has them in its order, and the list has them unasked")
    func exports() throws {
        try desk.write([Self.whole])
        let names = ["blame", "lost_cost_usd", "estimated", "tokens_cache_write_1h", "response_status_code", "price_book", "certificate", "limits"]
        let table = try exported(names, "csv")
        let head = "blame,lost_cost_usd,is_estimated,tokens_cache_write_1h,response_status_code,price_book,certificate,limits\r\n"
        let limits = #""[""key:search-team"",""virtual_key:openai-prod""]""#
        #expect(table == head + "upstream,0.020000001,false,4,503,2026-11-26,\"CN=a, O=b\"," + limits + "\r\n")
        let (record, lines) = (Self.whole.document, try exported(Self.details, "jsonl"))
        #expect(lines == "{" + Self.details.map { "\"\($0)\":\(record[$0]?.jsonText ?? "")" }.joined(separator: ",") + "}\n")
        let listed = desk.ask("GET", "/v1/logs?time_of_generation_min=2027-01-15T07:00:00Z&time_of_generation_max=2027-01-16T00:00:00Z").rows
        #expect(listed.count == 1 && listed.first?["saved_usd"]?.jsonText == "0.001234567" && listed.first?["target"]?.string == "config.targets[1]")
    }

    @Test("who asks for what is no member is told of them all, and what the file denies is in none")
    func choice() {
        let unknown = ask("POST", "/v1/logs/exports", "{\(Self.filters),\"requested_data\":[\"lost\"]}")
        #expect(unknown.status == 400)
        for name in Self.details + ["estimated"] { #expect(unknown.message.contains(name), "\(name) in \(unknown.message)") }
        var file = declaredObjects()
        let denied = [
            "blame", "is_estimated", "peer", "agent", "key", "certificate", "bytes_in", "bytes_out", "first_byte_us", "token_us", "limits", "guardrails",
        ]
        file.deniedExportFields = denied
        for (name, member) in [("estimated", "is_estimated")] + denied.map({ ($0, $0) }) {
            let refused = ask("POST", "/v1/logs/exports", "{\(Self.filters),\"requested_data\":[\"id\",\"\(name)\"]}", file: file)
            #expect(refused.status == 400 && refused.message.contains("\"\(member)\""), "\(refused.message)")
        }
        let made = ask("POST", "/v1/logs/exports", "{\(Self.filters)}", file: file).text("id")
        let fields = ask("GET", "/v1/logs/exports/\(made)", file: file)["requested_data"].texts
        #expect(fields == LogTable.names.filter { !denied.contains($0) })
    }
}
