import Books
import GRDB
import Testing

@testable import Analytics

@Suite("Asking the rows")
struct AskingTests {
    private static let samples: [Sample] = [
        Sample(
            number: 1, workspace: "ws1", key: "a", virtualKey: "v1", config: "c1", prompt: "pp-a", promptVersion: 1, tokensIn: 100, tokensOut: 1,
            cost: 5_000_000, metadata: "{\"team\":\"x\"}", user: "ada"),
        Sample(number: 2, at: State.noon + 60_000, workspace: "ws1", key: "b", provider: "anthropic", model: "claude", served: "claude-4", status: 429, cost: 0, user: "bob"),
        Sample(number: 3, at: State.noon + 120_000, workspace: "ws2", key: "a", status: 503, cost: 0, trace: "t3", span: "s3"),
        Sample(number: 4, at: State.noon + 3_600_000, key: "a", cache: .hit, cost: 0, saved: 700, microseconds: 50, metadata: "{\"team\":\"y\"}", user: "ada"),
        Sample(number: 5, at: State.noon + 3_600_000, key: "a", prompt: "pp-a", promptVersion: 2, cache: .miss, attempts: 3, metadata: "{\"team\":\"x\"}"),
        Sample(
            number: 6, at: State.noon + 3_600_001, key: "c", prompt: "pp-b", promptVersion: 1, attempts: 2,
            tries: "[{\"target\":\"config.targets[0]\",\"status\":503,\"ms\":1,\"why\":\"first\"},{\"target\":\"config.targets[1]\",\"status\":200,\"ms\":1,\"why\":\"fallback\"}]",
            target: "config.targets[1]"),
    ]

    private func asked() throws -> (State, DayBooks) {
        let state = State()
        try state.write(Self.samples)
        let books = try state.books()
        try books.catchUp()
        return (state, books)
    }

    private static func query(_ change: (inout RowQuery) -> Void) -> RowQuery {
        var query = RowQuery(from: State.noon, to: State.noon + State.day)
        change(&query)
        return query
    }

    static let choices: [(RowQuery, [Int])] = [
        (query { _ in }, [1, 2, 3, 4, 5, 6]), (query { $0.workspace = "ws1" }, [1, 2]), (query { $0.keys = ["a"] }, [1, 3, 4, 5]),
        (query { $0.keys = ["b", "c"] }, [2, 6]), (query { $0.virtualKeys = ["v1"] }, [1]), (query { $0.configs = ["c1", "c2"] }, [1]),
        (query { $0.statuses = [429, 503] }, [2, 3]), (query { $0.caches = [.hit] }, [4]), (query { $0.models = [("anthropic", "claude")] }, [2]),
        (query { $0.models = [("anthropic", "claude-4"), ("openai", "none")] }, [2]), (query { $0.models = [("", "gpt-4o")] }, [1, 3, 4, 5, 6]),
        (query { $0.models = [("anthropic", "")] }, [2]), (query { $0.trace = "t3" }, [3]), (query { $0.span = "s3" }, [3]), (query { $0.span = "s3"; $0.trace = "t4" }, []),
        (query { $0.span = "none" }, []), (query { $0.metadata = [("team", ["x"])] }, [1, 5]),
        (query { $0.metadata = [("team", ["x", "y"])] }, [1, 4, 5]), (query { $0.metadata = [("_user", ["ada"]), ("team", ["x"])] }, [1]),
        (query { $0.metadata = [("team'; DROP TABLE records; --", ["x"])] }, []), (query { $0.tokens = 101...101 }, [1]), (query { $0.promptTokens = 11...(.max) }, [1]),
        (query { $0.completionTokens = 0...4 }, [1]), (query { $0.cost = 1...999_999 }, [5, 6]), (query { $0.from = State.noon + 60_000 }, [2, 3, 4, 5, 6]),
        (query { $0.to = State.noon + 60_000 }, [1]), (query { $0.to = State.noon + 60_001 }, [1, 2]),
        (query { $0.prompts = [("pp-a", nil)] }, [1, 5]), (query { $0.prompts = [("pp-a", 2)] }, [5]),
        (query { $0.prompts = [("pp-a", 1), ("pp-b", nil)] }, [1, 6]),
        (query { $0.prompts = [("pp", nil), ("pp-b", 2)] }, []), (query { $0.prompts = [("pp-a", nil)]; $0.workspace = "ws1" }, [1]),
        (query { $0.workspace = "ws1"; $0.keys = ["a"]; $0.statuses = [200] }, [1]),
    ]

    @Test("a question finds the rows that meet all of it", arguments: choices.indices)
    func chosen(index: Int) throws {
        let (state, books) = try asked()
        let (query, numbers) = Self.choices[index]
        let page = try books.page(query, offset: 0, count: 100)
        let ids = numbers.map { number in Self.samples[number - 1].id }
        #expect(page.records.map(\.identifier.description).sorted() == ids.sorted())
        #expect(page.total == numbers.count)
        let sums = try books.sums(query, by: .hour).values.reduce(RowSums()) { $0 + $1 }
        #expect(sums.requests == Int64(numbers.count))
        #expect(sums.cost == numbers.reduce(0) { $0 + Self.samples[$1 - 1].cost })
        _ = state
    }

    @Test("what came of repeats and of other targets is told apart")
    func rescued() throws {
        let (state, books) = try asked()
        let sums = try books.sums(RowQuery(from: State.noon, to: State.noon + State.day), by: .day).values.reduce(RowSums()) { $0 + $1 }
        #expect(sums.fallbacks == 1)
        #expect(sums.retried == 1)
        let retries = try books.counts(RowQuery(from: State.noon, to: State.noon + State.day), by: .day, and: .retries)
        #expect(retries.values.flatMap { $0 }.map { "\($0.key):\($0.value)" } == ["2:1"])
        _ = state
    }

    @Test("pages are of the latest first, and go over days")
    func pages() throws {
        let state = State()
        for day in 0..<3 {
            let start = State.noon + Int64(day) * State.day
            try state.write((0..<5).map { Sample(number: day * 5 + $0, at: start + Int64($0)) }, process: UInt32(day + 1), at: start + 10)
        }
        let books = try state.books(now: State.noon + 3 * State.day)
        try books.catchUp()
        let query = RowQuery(from: State.noon, to: State.noon + 3 * State.day)
        var found: [String] = []
        for page in 0..<5 {
            let (records, total) = try books.page(query, offset: page * 4, count: 4)
            #expect(total == 15)
            found += records.map(\.identifier.description)
        }
        let expected = (0..<15).reversed().map { Sample(number: $0, at: State.noon + Int64($0 / 5) * State.day + Int64($0 % 5)).id }
        #expect(found == expected)
    }

    @Test("a record is found by its id, and not by another workspace")
    func one() throws {
        let (state, books) = try asked()
        let id = Self.samples[0].id
        #expect(try books.record(id, workspace: nil)?.identifier.description == id)
        #expect(try books.record(id, workspace: "ws1") != nil)
        #expect(try books.record(id, workspace: "ws2") == nil)
        for other in ["", "exports", "zzzzzzzz-zzzz", "ffffffff-ffff-7000-8000-000000000001", Sample(number: 99).id] {
            #expect(try books.record(other, workspace: nil) == nil)
        }
        _ = state
    }

    @Test("groups are by what is asked for")
    func groups() throws {
        let (state, books) = try asked()
        let query = RowQuery(from: State.noon, to: State.noon + State.day)
        func names(_ group: RowGroup) throws -> [String] { try books.groups(query, by: group).map { "\($0.key):\($0.value.requests)" }.sorted() }
        #expect(try names(.user) == [":3", "ada:2", "bob:1"])
        #expect(try names(.model) == ["claude-4:1", "gpt-4o:5"])
        #expect(try names(.provider) == ["anthropic:1", "openai:5"])
        #expect(try names(.status) == ["200:4", "429:1", "503:1"])
        #expect(try names(.key) == ["a:4", "b:1", "c:1"])
        #expect(try names(.workspace) == [":3", "ws1:2", "ws2:1"])
        #expect(try names(.config) == [":5", "c1:1"])
        #expect(try names(.virtualKey) == [":5", "v1:1"])
        #expect(try names(.prompt) == [":3", "pp-a:2", "pp-b:1"])
        #expect(try names(.promptVersion) == [":3", "pp-a@1:1", "pp-a@2:1", "pp-b@1:1"])
        #expect(try names(.metadata("team")) == ["x:2", "y:1"])
        #expect(try names(.metadata("none")).isEmpty)
        _ = state
    }

    @Test("quantiles are within a sixty-fourth, at every length", arguments: [1, 127, 128, 1000, 65_535, 1_000_000, 3_600_000_000] as [Int64])
    func quantiles(value: Int64) {
        var histogram = LatencyHistogram()
        histogram.add(microseconds: value)
        let found = histogram.quantile(0.5)
        #expect(found >= value && found <= value + value / 64)
        #expect(histogram.average == Double(value))
    }

    @Test("the quantile of many is the length that so many took no longer than")
    func manyQuantiles() {
        var (left, right) = (LatencyHistogram(), LatencyHistogram())
        for value in 1...1000 { if value % 2 == 0 { left.add(microseconds: Int64(value) * 1000) } else { right.add(microseconds: Int64(value) * 1000) } }
        let whole = left + right
        for (share, exact) in [(0.5, 500_000), (0.9, 900_000), (0.99, 990_000), (1, 1_000_000)] as [(Double, Int64)] {
            let found = whole.quantile(share)
            #expect(found >= exact && found <= exact + exact / 60, "\(share)")
        }
        #expect(LatencyHistogram().quantile(0.5) == 0)
    }

    @Test("a graph has minutes, hours or days, by its length", arguments: [(Int64(180), GraphStep.minute), (181, .hour), (10_080, .hour), (10_081, .day)])
    func steps(minutes: Int64, step: GraphStep) {
        #expect(GraphStep(from: 0, to: minutes * 60_000) == step)
    }

    @Test("more groups than are counted are refused, at the first that is too many", arguments: [(3, true), (2, false)])
    func mostGroups(most: Int, fits: Bool) throws {
        let state = State()
        try state.write(Self.samples)
        let books = try state.books(mostGroups: most)
        try books.catchUp()
        // Three keys, and users in three minutes.
        if fits {
            #expect(try books.groups(Self.query { _ in }, by: .key).count == 3)
            #expect(try books.counts(Self.query { _ in }, by: .minute, and: .user).count == 3)
        } else {
            #expect(throws: AnalyticsError.tooMany) { try books.groups(Self.query { _ in }, by: .key) }
            #expect(throws: AnalyticsError.tooMany) { try books.counts(Self.query { _ in }, by: .minute, and: .user) }
        }
    }

    @Test("who asks for a span or a trace looks it up, and goes through no other rows", arguments: [
        (query { $0.span = "s3" }, "requests_span"), (query { $0.trace = "t3" }, "requests_trace"),
    ])
    func lookedUp(query: RowQuery, index: String) throws {
        let (state, books) = try asked()
        defer { withExtendedLifetime(state) {} }
        let file = try #require(try books.file(day: Int(State.noon / State.day)))
        let condition = query.condition()
        let sql = "EXPLAIN QUERY PLAN SELECT record FROM records WHERE \(condition.sql) ORDER BY at DESC LIMIT 10"
        let plan = try file.pool.read { try Row.fetchAll($0, sql: sql, arguments: condition.arguments).map { $0["detail"] as String } }
        #expect(plan.contains { $0.contains("requests USING INDEX \(index) ") }, "\(plan)")
    }

    @Test("sums of the largest figures say the most they can, and nothing fails")
    func largest() throws {
        let state = State()
        try state.write((0..<2000).map { number in
            Sample(
                number: number, at: State.noon + Int64(number % 3) * 60_000, tokensIn: .max, tokensOut: .max, cost: .max, saved: .max,
                microseconds: UInt64.max / 1000)
        })
        let books = try state.books()
        try books.catchUp()
        for step in [GraphStep.minute, .hour, .day] {
            let sum = try books.sums(Self.query { _ in }, by: step).values.reduce(RowSums()) { $0 + $1 }
            #expect(sum.requests == 2000)
            #expect(sum.tokensIn == AnalyticsLimits.largestSum)
            #expect(sum.cost == AnalyticsLimits.largestCost)
            #expect(sum.saved == AnalyticsLimits.largestCost)
            #expect(sum.totalMicroseconds == AnalyticsLimits.largestSum)
        }
        #expect(try books.groups(Self.query { _ in }, by: .key)["team"]?.cost == AnalyticsLimits.largestCost)
        // Those of later minutes' sums that are added to.
        try state.write((2000..<4000).map { Sample(number: $0, cost: .max) }, process: 2)
        try books.catchUp()
        #expect(try books.sums(Self.query { _ in }, by: .day).values.first?.requests == 4000)
    }
}
