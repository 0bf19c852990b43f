import Analytics
import Books
import Bytes
import JSON
import Ledger
import Testing
@testable import Console

@Suite("Traces over the API")
struct TraceRouteTests {
    private let desk: Desk

    init() throws { desk = try Desk(hasBooks: true) }

    private struct Span {
        var name: String
        var parent = ""
        var workspace = ""
        var kind = ""
        var tries = ""
        var status: UInt16 = 200
    }

    /// Adds spans of the trace `t 1` to the journal, a second after each other, and gives them rows.
    private func write(_ spans: [Span]) throws {
        let start = UInt64(Desk.start) * 1_000_000
        let keeper = try Bookkeeper(dataDirectory: desk.folder, workers: 1, process: 1, clock: { start }) { _ in }
        for (number, span) in spans.enumerated() {
            keeper.ring(worker: 0).push(.required) { writer in
                var figures = RecordFigures()
                figures.identifier = Identifier(high: UInt64(Desk.start) << 16 | 0x7000, low: 0x8000_0000_0000_0000 | UInt64(number))
                figures.wallNanoseconds = start + UInt64(number) * 1_000_000_000
                figures.totalNanoseconds = 1_500_000
                figures.status = span.status
                figures.cost = 20_000_000
                figures.usage.input = 7
                figures.flags = span.kind.isEmpty ? [.counted] : [.observation]
                writer.write(figures)
                func lend(_ text: String, _ body: (ByteSlice) -> Void) { Array(text.utf8).withByteSlice { body($0) } }
                lend(span.workspace) { writer.workspace($0) }
                lend("t 1") { writer.trace($0) }
                lend(span.name) { writer.span($0) }
                lend(span.parent) { writer.parentSpan($0) }
                lend(span.kind) { writer.kind($0) }
                lend(span.tries) { writer.attempts($0) }
                lend("gpt-4o") { writer.model($0) }
            }
        }
        keeper.stop()
        keeper.run()
        try desk.books?.catchUp()
    }

    @Test("a trace is a tree of requests, their attempts and other spans, with what is below each")
    func tree() throws {
        let tries = #"[{"target":"config.targets[0]","status":503,"ms":12,"why":"first"},{"target":"config.targets[1]","status":200,"ms":3,"why":"fallback"}]"#
        try write([Span(name: "plan", kind: "agent"), Span(name: "ask", parent: "plan", tries: tries), Span(name: "again", parent: "plan", status: 500)])
        let reply = desk.ask("GET", "/v1/traces/t%201")
        #expect(reply.status == 200)
        #expect(reply.text("trace_id") == "t 1" && reply.text("start_time") == "2027-01-15T08:00:00.000Z")
        #expect(reply["duration"].jsonText == "2001.5" && reply["truncated"].jsonText == "false")
        #expect(reply["requests"].integer == 2 && reply["span_count"].integer == 3 && reply["errors"].integer == 1)
        #expect(reply["cost"].jsonText == "4" && reply["total_units"].integer == 14)
        let root = try #require(reply["spans"].elements.first)
        #expect(root["type"]?.string == "span" && root["kind"]?.string == "agent" && root["cost"]?.isNull == true)
        #expect(root["below"]?["requests"]?.integer == 2 && root["below"]?["cost"]?.jsonText == "4" && root["below"]?["errors"]?.integer == 1)
        let children = root["children"]?.elements ?? []
        #expect(children.map { $0["span_id"]?.string } == ["ask", "again"])
        #expect(children[0]["ai_model"]?.string == "gpt-4o" && children[0]["duration"]?.jsonText == "1.5" && children[0]["cost"]?.jsonText == "2")
        let attempts = children[0]["children"]?.elements ?? []
        #expect(attempts.map { $0["status"]?.integer } == [503, 200])
        #expect(attempts.map { $0["name"]?.string } == ["config.targets[0]", "config.targets[1]"])
    }

    @Test("a key of a workspace sees its own spans alone, and one without the scope none")
    func tenancy() throws {
        let (one, two) = (desk.workspace("one"), desk.workspace("two"))
        try write([Span(name: "a", workspace: one), Span(name: "b", parent: "a", workspace: two)])
        let key = try desk.key(["logs.view"], workspace: two)
        #expect(desk.ask("GET", "/v1/traces/t%201", key: key)["spans"].elements.map { $0["span_id"]?.string } == ["b"])
        #expect(desk.ask("GET", "/v1/traces/t%201")["span_count"].integer == 2)
        #expect(desk.ask("GET", "/v1/traces/t%201", key: try desk.key(["logs.list"])).status == 403)
        #expect(desk.ask("GET", "/v1/traces/none").status == 404)
        let times = "time_of_generation_min=2027-01-15T00:00:00Z&time_of_generation_max=2027-01-16T00:00:00Z"
        let listed = desk.ask("GET", "/v1/traces?\(times)&page_size=5", key: key)
        #expect(listed.rows.map { $0["trace_id"]?.string } == ["t 1"] && listed.rows.first?["span_count"]?.integer == 1)
        #expect(listed["has_more"].jsonText == "false")
        #expect(desk.ask("GET", "/v1/traces?\(times)&workspace_slug=\(one)&status_code=500").rows.isEmpty)
        #expect(desk.ask("GET", "/v1/traces?\(times)&page_size=101").status == 400)
    }

    @Test("spans deeper than readers of JSON follow stand beside the deepest", arguments: [ConsoleLimits.traceDepth, ConsoleLimits.traceDepth + 3])
    func depth(count: Int) throws {
        try write((0..<count).map { Span(name: "\($0)", parent: $0 == 0 ? "" : "\($0 - 1)") })
        var (level, depth, found) = (desk.ask("GET", "/v1/traces/t%201")["spans"].elements, 0, 0)
        while !level.isEmpty {
            (depth, found) = (depth + 1, found + level.count)
            level = level.flatMap { $0["children"]?.elements ?? [] }
        }
        #expect(depth == ConsoleLimits.traceDepth && found == count)
    }
}
