import Books
import Testing

@testable import Analytics

@Suite("Spans of the gateway's own requests")
struct OwnSpanTests {
    private static let day = Int(State.noon / State.day)

    private func own(
        _ books: DayBooks, _ trace: String = "t", workspace: String = "", from first: Int = day, to last: Int = day,
        beside more: [(span: String, parent: String)] = [], rows: Int = AnalyticsLimits.ownSpanRowCount
    ) throws -> Set<String> {
        var left = rows
        return try books.ownSpans(ofTrace: trace, workspace: workspace, from: first, to: last, kind: "span", beside: more, rowsLeft: &left)
    }

    @Test("they are what requests say, and what is above by spans of no kind; requests that are told of say nothing")
    func chain() throws {
        let state = State()
        try state.write([
            Sample(number: 1, trace: "t", span: "s", parentSpan: "p"), Sample(number: 2, trace: "t", span: "p", parentSpan: "a", kind: "span"),
            Sample(number: 3, trace: "t", span: "a", parentSpan: "b", kind: "agent"), Sample(number: 4, trace: "t", span: "x", parentSpan: "y", kind: "span"),
            Sample(number: 5, trace: "u", span: "v", parentSpan: "w"), Sample(number: 6, trace: "t", span: "r", parentSpan: "q", isReported: true),
        ])
        let books = try state.books()
        try books.catchUp()
        #expect(try own(books) == ["s", "p", "a"] && own(books, "none").isEmpty)
        #expect(try own(books, beside: [("a", "c"), ("x", "z")]) == ["s", "p", "a", "c"])
    }

    @Test("they are looked for on the day of the first call, on the next, and today")
    func days() throws {
        let state = State()
        for number in 0..<4 {
            let at = State.noon + Int64(number) * State.day
            try state.write([Sample(number: number, at: at, trace: "t", span: "s\(number)")], process: UInt32(number + 1), at: at)
        }
        let books = try state.books(now: State.noon + 3 * State.day)
        try books.catchUp()
        #expect(try own(books) == ["s0"] && own(books, to: Self.day + 1) == ["s0", "s1"])
        #expect(try own(books, to: Self.day + 3) == ["s0", "s1", "s3"] && own(books, from: Self.day + 3, to: Self.day + 3) == ["s3"])
        #expect(try own(books, from: Self.day + 4, to: Self.day + 4).isEmpty)
    }

    @Test("those of another workspace are not looked at, nor spans of another that stand between")
    func workspaces() throws {
        let state = State()
        try state.write([
            Sample(number: 1, workspace: "ws1", trace: "t", span: "s1"), Sample(number: 2, workspace: "ws2", trace: "t", span: "s2"),
            Sample(number: 3, workspace: "ws2", trace: "t", span: "s1", parentSpan: "p", kind: "span"),
        ])
        let books = try state.books()
        try books.catchUp()
        #expect(try own(books, workspace: "ws1") == ["s1"] && own(books, workspace: "ws2") == ["s2"] && own(books).isEmpty)
    }

    @Test("requests that are told of take none of the places in a large trace", arguments: [-1, 0, 1])
    func toldRequests(more: Int) throws {
        let state = State()
        let told = (0..<AnalyticsLimits.traceSpanCount + more).map { Sample(number: $0 + 1, trace: "t", span: "r\($0)", isReported: true) }
        try state.write([Sample(number: 0, trace: "t", span: "first")] + told + [Sample(number: 10_000, trace: "t", span: "last")])
        let books = try state.books()
        try books.catchUp()
        #expect(try own(books) == ["first", "last"])
    }

    @Test("as many as a trace is shown with are looked at, the latest", arguments: [0, 1])
    func most(more: Int) throws {
        let state = State()
        try state.write((0..<AnalyticsLimits.traceSpanCount + more).map { Sample(number: $0, trace: "t", span: "s\($0)") })
        let books = try state.books()
        try books.catchUp()
        let found = try own(books)
        #expect(found.count == AnalyticsLimits.traceSpanCount && found.contains("s0") == (more == 0))
    }

    @Test("rows are looked at while there are any left for the body, questions among them", arguments: [
        (0, [String]()), (1, []), (2, ["s2"]), (3, ["s1", "s2"]), (4, ["s1", "s2"]),
    ])
    func rows(most: Int, expected: [String]) throws {
        let state = State()
        try state.write([
            Sample(number: 1, trace: "t", span: "s1"), Sample(number: 2, trace: "t", span: "s2"),
            Sample(number: 3, trace: "t", span: "s1", parentSpan: "p", kind: "span"),
        ])
        let books = try state.books()
        try books.catchUp()
        #expect(try own(books, rows: most).sorted() == expected)
        #expect(try own(books, rows: 5).sorted() == ["p", "s1", "s2"])
        var left = AnalyticsLimits.ownSpanRowCount
        _ = try books.ownSpans(ofTrace: "t", workspace: "", from: Self.day, to: Self.day, kind: "span", beside: [], rowsLeft: &left)
        #expect(left == AnalyticsLimits.ownSpanRowCount - 5)
    }

    @Test("rows of other workspaces in the same trace hide none of a workspace's own: sixteen of them count as one")
    func othersRows() throws {
        let state = State()
        let count = 20 * AnalyticsLimits.othersRowsOfOne
        try state.write([
            Sample(number: 1, workspace: "ws1", trace: "t", span: "s"), Sample(number: 2, workspace: "ws1", trace: "t", span: "s", parentSpan: "p", kind: "span"),
        ])
        let others = (0..<count).map { Sample(number: 10 + $0, workspace: "ws2", trace: "t", span: "o\($0)") }
        let spans = (0..<count).map { Sample(number: 10_000 + $0, workspace: "ws2", trace: "t", span: "s", parentSpan: "o\($0)", kind: "span") }
        try state.write(others + spans, process: 2)
        let books = try state.books()
        try books.catchUp()
        // Of each a question, sixteenths, and its own.
        for (rows, expected) in [(21, [String]()), (22, ["s"]), (43, ["s"]), (44, ["p", "s"])] {
            #expect(try own(books, workspace: "ws1", rows: rows).sorted() == expected, "\(rows)")
        }
        var left = 1000
        _ = try books.ownSpans(ofTrace: "t", workspace: "ws1", from: Self.day, to: Self.day, kind: "span", beside: [], rowsLeft: &left)
        #expect(left == 1000 - 44)
    }

    @Test("one trace has a share of the rows, and leaves the others", arguments: [(0, ["s"]), (1, [])])
    func share(more: Int, expected: [String]) throws {
        let state = State()
        let told = (0..<AnalyticsLimits.ownSpanRowCountOfTrace - 2 + more).map { Sample(number: $0 + 1, trace: "t", isReported: true) }
        try state.write([Sample(number: 0, trace: "t", span: "s")] + told)
        let books = try state.books()
        try books.catchUp()
        var left = AnalyticsLimits.ownSpanRowCount
        let found = try books.ownSpans(ofTrace: "t", workspace: "", from: Self.day, to: Self.day, kind: "span", beside: [], rowsLeft: &left)
        #expect(found.sorted() == expected && left == AnalyticsLimits.ownSpanRowCount - AnalyticsLimits.ownSpanRowCountOfTrace)
    }

    @Test("a span that is told of as a call, and again as an observation, has the row that came first, with the request's row between", arguments: [true, false])
    func twice(isCountedFirst: Bool) throws {
        let state = State()
        let told = [
            Sample(number: 1, trace: "t", span: "c", isReported: true), Sample(number: 1, trace: "t", span: "c", kind: "llm", isReported: true),
        ]
        let samples = [told[isCountedFirst ? 0 : 1], Sample(number: 2, trace: "t", parentSpan: "c"), told[isCountedFirst ? 1 : 0]]
        for (process, sample) in samples.enumerated() {
            try state.write([sample], process: UInt32(process + 1))
        }
        let books = try state.books()
        try books.catchUp()
        #expect(try books.trace("t", workspace: nil)?.spans.count == 2)
        let query = RowQuery(from: State.noon, to: State.noon + State.day)
        #expect(try books.sums(query, by: .day).values.map(\.requests) == [isCountedFirst ? 2 : 1])
        try books.rebuild(force: false) { _, _ in }
        #expect(try books.trace("t", workspace: nil)?.spans.count == 2)
    }
}
