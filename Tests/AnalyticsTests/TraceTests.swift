import Books
import Testing

@testable import Analytics

@Suite("Traces")
struct TraceTests {
    private func record(
        _ span: String, below parent: String = "", at: UInt64 = 0, tokens: Int64 = 10, cost: Int64 = 100, status: UInt16 = 200, kind: String = ""
    ) -> RequestRecord {
        var record = RequestRecord()
        record.span = span
        record.parentSpan = parent
        record.kind = kind
        record.figures.wallNanoseconds = at
        record.figures.totalNanoseconds = 5
        record.figures.status = status
        record.figures.cost = cost
        record.figures.usage.input = tokens
        record.figures.flags = kind.isEmpty ? [.counted] : [.counted, .observation]
        return record
    }

    /// Each with what is below it: `a(b c(d))`.
    private func text(_ tree: TraceTree) -> String {
        func text(_ number: Int) -> String {
            let span = tree.spans[number]
            return span.record.span + (span.children.isEmpty ? "" : "(" + span.children.map(text).joined(separator: " ") + ")")
        }
        return tree.roots.map(text).joined(separator: " ")
    }

    @Test("spans stand below their parents in the order of their start; one whose parent is not there stands at the top")
    func tree() {
        let records = [
            record("d", below: "c", at: 4), record("c", below: "a", at: 3), record("b", below: "a", at: 2), record("a", at: 1), record("orphan", below: "gone", at: 0),
        ]
        let tree = TraceTree(records)
        #expect(text(tree) == "orphan a(b c(d))")
        #expect(tree.start == 0 && tree.end == 9)
    }

    @Test("a span is told what those below it come to; observations cost nothing, and fail with an error alone")
    func sums() throws {
        var broken = record("tool", below: "agent", at: 2, kind: "tool")
        broken.figures.status = 0
        broken.error = "timeout"
        let tree = TraceTree([record("agent", at: 1, kind: "agent"), broken, record("call", below: "tool", at: 3, status: 500), record("next", below: "agent", at: 4)])
        let root = try #require(tree.roots.first)
        let below = tree.spans[root].below
        #expect((below.spans, below.requests, below.errors, below.tokens, below.cost) == (3, 2, 2, 20, 200))
        #expect((tree.whole.spans, tree.whole.requests) == (4, 2))
        #expect(tree.spans[1].below.requests == 1)
    }

    @Test("spans that call each other in a circle are each there once", arguments: [
        (["a>a"], "a"), (["a>b", "b>a"], "a(b)"), (["x>c", "a>c", "b>a", "c>b"], "a(b(c(x)))"), (["a>b", "b>a", "d>c", "c>d"], "a(b) d(c)"),
    ])
    func circles(pairs: [String], expected: String) {
        let tree = TraceTree(pairs.enumerated().map { index, pair in
            let names = pair.split(separator: ">").map(String.init)
            return record(names[0], below: names[1], at: UInt64(index))
        })
        #expect(text(tree) == expected)
        #expect(tree.roots.reduce(0) { $0 + 1 + tree.spans[$1].below.spans } == Int64(pairs.count))
    }

    @Test("a long chain is gone through without a stack")
    func chain() {
        let count = 50_000
        let tree = TraceTree((0..<count).map { record("\($0)", below: $0 == 0 ? "" : "\($0 - 1)", at: UInt64($0)) })
        #expect(tree.spans[0].below.spans == Int64(count) - 1)
    }

    @Test("two spans of one name: those below it are the first's")
    func twins() {
        #expect(text(TraceTree([record("a", at: 0), record("a", at: 1), record("b", below: "a", at: 2)])) == "a(b) a")
    }

    @Test("observations are in their trace, and in no graph, list or group")
    func observations() throws {
        let state = State()
        try state.write([
            Sample(number: 1, workspace: "ws1", trace: "t", span: "s", parentSpan: "o"),
            Sample(number: 2, workspace: "ws1", trace: "t", span: "o", spanName: "plan", kind: "agent"), Sample(number: 3, workspace: "ws2", trace: "t"),
        ])
        let books = try state.books()
        try books.catchUp()
        let query = RowQuery(from: State.noon, to: State.noon + State.day)
        #expect(try books.page(query, offset: 0, count: 10).total == 2)
        #expect(try books.sums(query, by: .day).values.map(\.requests) == [2])
        #expect(try books.groups(query, by: .workspace).mapValues(\.requests) == ["ws1": 1, "ws2": 1])
        let tree = try #require(try books.trace("t", workspace: "ws1"))
        #expect(text(tree) == "o(s)")
        #expect(tree.spans[tree.roots[0]].record.spanName == "plan" && tree.spans[tree.roots[0]].record.kind == "agent")
        #expect(try books.trace("t", workspace: nil)?.spans.count == 3)
        #expect(try books.trace("none", workspace: nil) == nil)
        #expect(try books.trace("t", workspace: "ws3") == nil)
        // They are there once, and are made anew as rows are.
        try books.catchUp()
        try books.rebuild(force: false) { _, _ in }
        #expect(try books.trace("t", workspace: "ws1")?.spans.count == 2)
    }

    @Test("a trace may have spans of several days; its id is cut as a record's is")
    func days() throws {
        let state = State()
        let name = String(repeating: "t", count: 200)
        for day in 0..<3 {
            let at = State.noon + Int64(day) * State.day
            let cut = String(name.prefix(AnalyticsLimits.traceByteCount))
            try state.write([Sample(number: day, at: at, trace: cut, span: "\(day)", parentSpan: day == 0 ? "" : "\(day - 1)")], process: UInt32(day + 1), at: at)
        }
        let books = try state.books(now: State.noon + 2 * State.day)
        try books.catchUp()
        #expect(text(try #require(try books.trace(name, workspace: nil))) == "0(1(2))")
    }

    @Test("more spans than are shown are told, and left out", arguments: [(0, false), (1, true)])
    func truncated(more: Int, isTruncated: Bool) throws {
        let state = State()
        try state.write((0..<AnalyticsLimits.traceSpanCount + more).map { Sample(number: $0, trace: "t", kind: $0 % 2 == 0 ? "tool" : "") })
        let books = try state.books()
        try books.catchUp()
        let tree = try #require(try books.trace("t", workspace: nil))
        #expect(tree.spans.count == AnalyticsLimits.traceSpanCount)
        #expect(tree.isTruncated == isTruncated)
    }

    @Test("traces are listed by their latest request, with all that is theirs, in pages")
    func list() throws {
        let state = State()
        try state.write([
            Sample(number: 1, at: State.noon, trace: "a"), Sample(number: 2, at: State.noon + 1, status: 500, trace: "b"),
            Sample(number: 3, at: State.noon + 2, trace: "c"), Sample(number: 4, at: State.noon + 3, trace: "a"),
        ])
        let books = try state.books()
        try books.catchUp()
        var query = RowQuery(from: State.noon, to: State.noon + State.day)
        let first = try books.traces(query, skip: 0, most: 2)
        #expect(first.traces.map(\.id) == ["a", "c"] && first.hasMore)
        #expect(first.traces.map(\.tree.whole.requests) == [2, 1])
        let second = try books.traces(query, skip: 2, most: 2)
        #expect(second.traces.map(\.id) == ["b"] && !second.hasMore)
        query.statuses = [500]
        #expect(try books.traces(query, skip: 0, most: 2).traces.map(\.id) == ["b"])
    }

    @Test("a list of traces looks at so many requests and no more, and tells that there may be others", arguments: [(-1, false), (0, true)])
    func mostRows(more: Int, hasMore: Bool) throws {
        let state = State()
        try state.write((0..<AnalyticsLimits.traceRowCount + more).map { Sample(number: $0, trace: "t") })
        let books = try state.books()
        try books.catchUp()
        var query = RowQuery(from: State.noon, to: State.noon + State.day)
        query.keys = ["team"]
        let found = try books.traces(query, skip: 0, most: 5)
        #expect(found.traces.map(\.id) == ["t"] && found.hasMore == hasMore)
        #expect(found.traces[0].tree.isTruncated)
    }

    @Test("an observation is found by its id, by who may see it")
    func observation() throws {
        let state = State()
        let sample = Sample(number: 1, workspace: "ws1", trace: "t", span: "o", spanName: "plan", kind: "agent")
        try state.write([sample])
        let books = try state.books()
        try books.catchUp()
        #expect(try books.record(sample.id, workspace: nil)?.spanName == "plan" && books.record(sample.id, workspace: "ws1")?.kind == "agent")
        #expect(try books.record(sample.id, workspace: "ws2") == nil && books.record(Sample(number: 2).id, workspace: nil) == nil)
    }

    @Test("as many days of a trace are looked through as is said, the latest", arguments: [0, 1])
    func mostDays(more: Int) throws {
        let state = State()
        let count = AnalyticsLimits.traceDayCount + more
        for day in 0..<count {
            let at = State.noon + Int64(day) * State.day
            try state.write([Sample(number: day, at: at, trace: "t", span: "\(day)")], process: UInt32(day + 1), at: at)
        }
        let books = try state.books(keepDays: 60, now: State.noon + Int64(count - 1) * State.day)
        try books.catchUp()
        let tree = try #require(try books.trace("t", workspace: nil))
        #expect(tree.spans.map(\.record.span).sorted() == (more..<count).map { "\($0)" }.sorted())
    }
}
