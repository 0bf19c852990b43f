import Books
import Bytes
import Foundation
import GRDB
import Testing

@testable import Analytics

@Suite("Roll-ups and chunks")
struct RollupTests {
    private static let seed = ProcessInfo.processInfo.environment["SLUICE_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 1...1_000_000)
    private static let rounds = ProcessInfo.processInfo.environment["SLUICE_LONG"] == nil ? 30 : 2000

    /// Records of three days that repeat themselves in most, over midnights.
    private func samples(_ random: inout SeededNumbers, day: Int, _ count: Int) -> [Sample] {
        (0..<count).map { index in
            func any<Value>(_ values: [Value]) -> Value { values[Int(random.next() % UInt64(values.count))] }
            // Some began the day before that on which they are written.
            let at = State.noon / State.day * State.day + Int64(day) * State.day + Int64.random(in: -3_600_000..<State.day, using: &random)
            let metadata = any(["", "{\"team\":\"x\"}", "{\"team\":\"y\",\"n\":1}", "{\"team\":\"x\",\"_user\":\"eve\"}", "{\"id\":\"\(random.next() % 50)\"}"])
            return Sample(
                number: day * 10_000 + index, at: at, workspace: any(["", "ws1", "ws2"]), key: any(["a", "b", "c"]), virtualKey: any(["", "v1"]),
                config: any(["", "c1"]), prompt: any(["", "pp-a"]), promptVersion: any([1, 2]), provider: any(["openai", "anthropic"]),
                model: any(["gpt-4o", "claude"]), served: any(["", "gpt-4o", "claude-4"]), status: any([200, 200, 200, 429, 500]),
                cache: any([.disabled, .miss, .hit]), attempts: any([1, 1, 2, 3]), tokensIn: Int64(random.next() % 300), tokensOut: Int64(random.next() % 100),
                cost: any([-1, 0, 1_000, Int64(random.next() % 9_000_000)]), saved: any([-1, 500]), microseconds: random.next() % 5_000_000, metadata: metadata,
                user: any(["", "ada", "bob"]), trace: any(["", "t1", "t2"]), span: any(["", "s1", "s2"]))
        }
    }

    private func question(_ random: inout SeededNumbers) -> RowQuery {
        let midnight = State.noon / State.day * State.day
        func any<Value>(_ values: [Value]) -> Value { values[Int(random.next() % UInt64(values.count))] }
        func time() -> Int64 {
            let unit = any([1, 60_000, 3_600_000, State.day] as [Int64])
            return (midnight + Int64.random(in: -2 * State.day...4 * State.day, using: &random)) / unit * unit
        }
        let (first, second) = (time(), time())
        var query = RowQuery(from: min(first, second), to: max(first, second) + any([0, 1, State.day]))
        for _ in 0..<Int(random.next() % 3) {
            switch random.next() % 14 {
            case 0, 1: query.workspace = any(["ws1", "ws2", "none"])
            case 2: query.keys = any([["a"], ["a", "c"], ["none"]])
            case 3: query.virtualKeys = ["v1"]
            case 4: query.statuses = any([[429], [200, 500]])
            case 5: query.caches = any([[.hit], [.miss, .disabled]])
            case 6: query.models = any([[("openai", "")], [("", "gpt-4o")], [("openai", "claude-4"), ("anthropic", "claude")]])
            case 7: query.prompts = any([[("pp-a", nil)], [("pp-a", 2)]])
            case 8: query.metadata = any([[("team", ["x"])], [("team", ["x", "y"]), ("_user", ["eve", "ada"])], [("none", ["x"])], [("id", ["7"])]])
            case 9: query.tokens = any([0...100, 200...500])
            case 10: query.cost = any([0...0, 1...5_000_000])
            case 11: query.completionTokens = 50...60
            case 12: query.span = any(["s1", "none"])
            default: query.trace = any(["t1", "none"])
            }
        }
        return query
    }

    private func name(_ counts: [Int64: [String: Int64]]) -> [String] {
        counts.flatMap { point, names in names.map { "\(point) \($0.key) \($0.value)" } }.sorted()
    }

    @Test("what roll-ups and chunks tell is what the rows tell")
    func same() throws {
        var random = SeededNumbers(state: Self.seed)
        print("Roll-ups and chunks: SLUICE_SEED=\(Self.seed)")
        let state = State()
        for day in 0..<3 {
            let at = State.noon + Int64(day) * State.day
            let samples = samples(&random, day: day, 300)
            // In several transactions, so that sums are added to.
            for part in 0..<3 { try state.write(Array(samples[part * 100..<part * 100 + 100]), process: UInt32(day * 3 + part + 1), at: at) }
        }
        let fast = try state.books(now: State.noon + 2 * State.day)
        try fast.catchUp()
        let rows = try state.books(now: State.noon + 2 * State.day, isByRows: true)
        // The rows of the last day are in no chunk.
        try #require(try fast.file(day: Int(State.noon / State.day) + 2)).pool.write { try $0.execute(sql: "DELETE FROM chunks WHERE first > 100") }
        let groups: [RowGroup] = [
            .user, .provider, .model, .status, .key, .config, .workspace, .virtualKey, .prompt, .promptVersion, .metadata("team"), .metadata("_user"),
            .metadata("id"),
        ]
        for round in 0..<Self.rounds {
            let query = question(&random)
            let note: Comment = "seed \(Self.seed), round \(round): \(query)"
            for step in [GraphStep.minute, .hour, .day] {
                #expect(try fast.sums(query, by: step) == rows.sums(query, by: step), note)
                #expect(try fast.latencies(query, by: step) == rows.latencies(query, by: step), note)
                for column in [CountedColumn.user, .status, .retries] {
                    #expect(try name(fast.counts(query, by: step, and: column)) == name(rows.counts(query, by: step, and: column)), note)
                }
            }
            let group = groups[round % groups.count]
            #expect(try fast.groups(query, by: group) == rows.groups(query, by: group), note)
            let (offset, count) = (Int(random.next() % 100), Int(random.next() % 60))
            let (left, right) = (try fast.page(query, offset: offset, count: count), try rows.page(query, offset: offset, count: count))
            #expect(left.total == right.total, note)
            #expect(left.records.map(\.identifier) == right.records.map(\.identifier), note)
        }
    }

    @Test("a row's record is the journal's, byte for byte but for the order of its texts")
    func records() throws {
        var random = SeededNumbers(state: Self.seed)
        let state = State()
        let samples = samples(&random, day: 0, 50)
        try state.write(samples)
        let books = try state.books()
        try books.catchUp()
        for sample in samples {
            let found = try #require(try books.record(sample.id, workspace: nil))
            let expected = try sample.bytes().withByteSlice { bytes in try RequestRecord(bytes) }
            #expect("\(found)" == "\(expected)")
        }
    }

    @Test("columns are the same after they were kept, at each width", arguments: [0, 1, 255, 256, 65_535, 65_536, 4_294_967_295, 4_294_967_296, .max] as [Int64])
    func columns(largest: Int64) throws {
        let values = [largest, 0, largest / 2, .min + largest]
        let chunk = FactChunk(columns: FactChunk.Column.allCases.map { _ in values })
        let data = chunk.data
        let read = try data.withUnsafeBytes { try FactChunk($0, count: 4, wanted: Set(FactChunk.Column.allCases)) }
        #expect(read.columns == chunk.columns)
        for count in 0..<data.count {
            #expect(throws: DamagedRollup.self) { try data.prefix(count).withUnsafeBytes { try FactChunk($0, count: 4, wanted: []) } }
        }
    }

    @Test("a histogram is the same after it was kept; what is none is refused")
    func histograms() throws {
        var histogram = LatencyHistogram()
        for value in [0, 1, 127, 128, 5_000_000, .max] as [Int64] { histogram.add(microseconds: value) }
        #expect(try LatencyHistogram(histogram.data) == histogram)
        #expect(throws: DamagedRollup.self) { try LatencyHistogram(Data()) }
        #expect(throws: DamagedRollup.self) { try LatencyHistogram(histogram.data.dropLast()) }
        #expect(throws: DamagedRollup.self) { try LatencyHistogram(Data(repeating: 0xFF, count: 24)) }
    }

    @Test("a page reads the chunks it lies in and the one behind them, and no facts of others")
    func pagesOfChunks() throws {
        let state = State()
        let count = 4 * AnalyticsLimits.chunkRows
        try state.write((0..<count).map { Sample(number: $0, at: State.noon + Int64($0) * 1000) })
        let books = try state.books()
        try books.catchUp()
        // Whoever reads the facts of the first two has a fault, also where they are only put in order.
        try #require(try books.file(day: Int(State.noon / State.day))).pool.write {
            try $0.execute(
                sql: """
                    ALTER TABLE chunks RENAME TO kept_chunks;
                    CREATE VIEW chunks AS SELECT first, last, from_at, to_at,
                        CASE WHEN last <= \(2 * AnalyticsLimits.chunkRows) THEN abs(first * 0 - 9223372036854775807 - 1) ELSE facts END AS facts FROM kept_chunks
                    """)
        }
        let midnight = State.noon / State.day * State.day
        let query = RowQuery(from: midnight, to: midnight + State.day)
        let page = try books.page(query, offset: AnalyticsLimits.chunkRows - 10, count: 10)
        #expect(page.records.count == 10 && page.total == count)
        #expect(throws: AnalyticsError.self) { try books.page(query, offset: 2 * AnalyticsLimits.chunkRows, count: 1) }
    }

    @Test("rows become a chunk when there are enough, or nothing comes behind them", arguments: [(0, 1), (1, 2)])
    func chunks(more: Int, expected: Int64) throws {
        let state = State()
        try state.write((0..<AnalyticsLimits.chunkRows + more).map { Sample(number: $0) })
        let books = try state.books()
        try books.catchUp()
        let file = try #require(try books.file(day: Int(State.noon / State.day)))
        #expect(try file.pool.read { try Int64.fetchOne($0, sql: "SELECT count(*) FROM chunks") } == expected)
        #expect(try file.pool.read { try Int64.fetchOne($0, sql: "SELECT sum(last - first + 1) FROM chunks") } == Int64(AnalyticsLimits.chunkRows + more))
        // Nor does the log of what was written stay beside a file to which nothing comes.
        #expect(try FileManager.default.attributesOfItem(atPath: file.path + "-wal")[.size] as? Int64 == 0)
    }
}
