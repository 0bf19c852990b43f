import Bytes
import Foundation
import Testing

@testable import Books

@Suite("Reading the journal")
struct ReadingTests {
    private func journal(_ state: StateFolder, _ counts: [Int], process: UInt32 = 1) throws -> JournalWriter {
        try state.journal.make(in: state.path)
        var writer = JournalWriter(state.journal, process: process, segmentByteCount: 64 << 20)
        var next = 0
        for (index, count) in counts.enumerated() {
            if index > 0 { try writer.seal() }
            try write(next..<next + count, &writer)
            next += count
        }
        return writer
    }

    private func write(_ numbers: Range<Int>, _ writer: inout JournalWriter) throws {
        for number in numbers { _ = RequestRecord.sample(number).encoded.withByteSlice { writer.add($0) } }
        _ = try writer.write(wallNanoseconds: 1_764_158_400_000_000_000)
    }

    @Test("the last records are those of the last segments, and what comes later is read once", arguments: [0, 1, 5, 25, 100])
    func last(count: Int) throws {
        let state = StateFolder()
        var writer = try journal(state, [10, 10, 10])
        var tail = JournalTail(state.journal)
        #expect(try tail.last(count) { _ in true }.map(\.trace) == (max(0, 30 - count)..<30).map { "trace-\($0)" })
        var later: [String] = []
        try tail.readOn { later.append($0.trace) }
        #expect(later.isEmpty)
        try write(30..<33, &writer)
        try writer.seal()
        try write(33..<35, &writer)
        try tail.readOn { later.append($0.trace) }
        #expect(later == (30..<35).map { "trace-\($0)" })
        try tail.readOn { later.append($0.trace) }
        #expect(later.count == 5)
    }

    @Test("the last records are the last of those that are wanted")
    func lastWanted() throws {
        let state = StateFolder()
        _ = try journal(state, [10, 10])
        var tail = JournalTail(state.journal)
        #expect(try tail.last(2) { $0.trace.hasSuffix("3") }.map(\.trace) == ["trace-3", "trace-13"])
    }

    @Test("a folder without a journal has no records")
    func nothing() throws {
        var tail = JournalTail(StateFolder().journal)
        #expect(try tail.last(5) { _ in true }.isEmpty)
    }

    @Test(
        "a filter takes what it names",
        arguments: [
            ("trace=trace-1", true), ("trace=trace-2", false), ("trace!=trace-2", true), ("key=search-team", true), ("key=key-id", true), ("key=other", false),
            ("virtual_key=openai-prod", true), ("workspace=ws", true), ("user=ada", true), ("config=chat", true), ("endpoint=chat.completions", true),
            ("provider=openai", true), ("model=gpt-4o", true), ("model!=gpt-4o", false), ("served=gpt-4o-2024-08-06", true), ("status=200", true),
            ("status=2xx", true), ("status=4xx", false), ("status!=5xx", true), ("cache=miss", true), ("cache=HIT", false), ("error=upstream_timeout", true),
            ("blame=", true), ("stream=true", true), ("stream=false", false), ("peer=127.0.0.1", true), ("metadata.team=search", true),
            ("prompt=pp-hello-0a1b2c", true), ("prompt=pp-hello-0a1b2c@3", true), ("prompt=pp-hello-0a1b2c@4", false), ("prompt=pp-hello", false),
            ("prompt=0193ffff-0000-7000-8000-000000000000", true), ("prompt!=pp-hello-0a1b2c", false), ("prompt=", false), ("metadata.team=ads", false), ("metadata._user=ada", true), ("metadata.other=", false),
        ])
    func filters(text: String, accepts: Bool) throws {
        #expect(try RecordFilter(text).accepts(.sample(1)) == accepts)
    }

    @Test("observations are chosen by what they are of, and a filter tells whether it does so")
    func kinds() throws {
        var tool = RequestRecord()
        tool.kind = "tool"
        let (wanted, others) = (try RecordFilter("kind=tool"), try RecordFilter("kind!=tool"))
        #expect(wanted.accepts(tool) && !wanted.accepts(RequestRecord()) && !others.accepts(tool) && others.accepts(RequestRecord()))
        #expect(try wanted.isOfKinds && others.isOfKinds && !RecordFilter("model=tool").isOfKinds && !RecordFilter("metadata.kind=tool").isOfKinds)
    }

    @Test(
        "what is no filter is refused with what would be one",
        arguments: [
            ("model", "key=value"), ("=x", "key=value"), ("modle=x", "virtual_key"), ("status=20", "as 429"), ("status=9xx", "as 429"), ("status=abc", "as 429"),
            ("cache=warm", "semantic_miss"), ("stream=yes", "true or false"), ("metadata.=x", "metadata.NAME"),
        ])
    func faults(text: String, says: String) {
        do {
            _ = try RecordFilter(text)
            Issue.record("\(text) was taken")
        } catch {
            #expect(error.description.contains(says), "\(error)")
        }
    }

    @Test("a record as JSON has what is known, and nothing else")
    func document() throws {
        let text = String(decoding: RequestRecord.sample(1).document.json, as: UTF8.self)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect(object["time"] as? String == "2025-11-26T23:15:24.001Z")
        #expect(object["key"] as? String == "search-team")
        #expect(object["tokens_in"] as? Int == 46)
        #expect(text.contains("\"cost_usd\":0.000325,"))
        #expect((object["metadata"] as? [String: String]) == ["team": "search", "_user": "ada"])
        #expect((object["tries"] as? [[String: Any]])?.count == 1)
        #expect(object["prompt"] as? String == "pp-hello-0a1b2c" && object["prompt_version"] as? Int == 3)
        #expect(object["gateway_us"] as? Int == 41 && object["queue_us"] as? Int == 9000 && object["connect_us"] as? Int == 8000)
        #expect(object["web_searches"] as? Int == 11 && object["searches_unpriced"] == nil)
        #expect(object["aborted"] == nil)
        let bare = String(decoding: RequestRecord().document.json, as: UTF8.self)
        #expect(!bare.contains("cost_usd") && !bare.contains("model") && !bare.contains("prompt") && !bare.contains("tokens") && !bare.contains("queue"))
        #expect(!bare.contains("searches"))
    }

    @Test("a record of searches that have no price says so beside what is known of its cost")
    func unpricedSearches() throws {
        var record = RequestRecord.sample(1)
        record.figures.flags.insert(.searchesUnpriced)
        let text = String(decoding: record.document.json, as: UTF8.self)
        #expect(text.contains("\"cost_usd\":0.000325,") && text.contains("\"web_searches\":11,") && text.contains("\"searches_unpriced\":true"))
        #expect(!text.contains("\"unpriced\"") && !text.contains("estimated"))
    }
}
