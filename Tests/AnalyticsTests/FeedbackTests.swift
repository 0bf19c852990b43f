import Books
import Foundation
import GRDB
import Synchronization
import Testing

@testable import Analytics

@Suite("Feedback")
struct FeedbackTests {
    private let state = State()

    /// Of both days that these tests have.
    private static let all = RowQuery(from: State.noon, to: State.noon + 2 * State.day)

    private static func query(_ change: (inout RowQuery) -> Void) -> RowQuery {
        var query = all
        change(&query)
        return query
    }

    @discardableResult
    private func give(
        _ books: DayBooks, _ trace: String, _ value: Int64, weight: Int64 = Feedback.fullWeight, in workspace: String = "", at time: Int64 = State.noon
    ) throws -> String {
        let ids = try books.give([Feedback(workspace: workspace, trace: trace, key: "k", value: value, weight: weight, givenAt: time)])
        return try #require(ids.first)
    }

    private func record(_ trace: String, in workspace: String = "") -> RequestRecord {
        var record = RequestRecord()
        (record.trace, record.workspace) = (trace, workspace)
        return record
    }

    private func sums(_ books: DayBooks, _ trace: String, in workspace: String = "") throws -> FeedbackSums {
        try #require(try books.feedback(of: [record(trace, in: workspace)]).first)
    }

    private func total(_ books: DayBooks, _ query: RowQuery = FeedbackTests.all) throws -> Int64 {
        try books.feedback(query, by: GraphStep.minute).points.values.reduce(0) { $0 + $1.count }
    }

    private func ids(_ books: DayBooks, _ query: RowQuery) throws -> [String] {
        try books.page(query, offset: 0, count: 100).records.map(\.identifier.description).sorted()
    }

    private var fileNames: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: state.path + "/books").sorted() } }

    // MARK: Joining

    @Test("it is joined with its trace's requests, given before they have rows or long after, and with its own workspace's alone")
    func joined() throws {
        try state.write([
            Sample(number: 1, workspace: "ws1", trace: "t"),
            Sample(number: 2, at: State.noon + 60_000, workspace: "ws1", model: "claude", served: "claude-4", trace: "t"),
            Sample(number: 3, workspace: "ws2", trace: "t"), Sample(number: 4, trace: "t"), Sample(number: 5, workspace: "ws1", trace: "u"),
        ])
        let books = try state.books()
        try give(books, "t", 5, in: "ws1")
        #expect(try total(books) == 0)
        try books.catchUp()
        try give(books, "t", -3, in: "ws1", at: State.noon + 5 * State.day)
        try give(books, "u", 1, in: "ws2")
        try give(books, "nothing", 9, in: "ws1")
        let (points, scores) = try books.feedback(Self.all, by: GraphStep.minute)
        // Each is counted once, at the latest of its trace's requests.
        #expect(points.mapValues(\.count) == [State.noon + 60_000: 2] && points.mapValues(\.average) == [State.noon + 60_000: 1])
        #expect(scores == [5: 1, -3: 1])
        let models = try books.feedback(Self.all, by: RowGroup.model)
        #expect(models.mapValues(\.sums.count) == ["gpt-4o": 2, "claude-4": 2] && models.mapValues(\.requests) == ["gpt-4o": 1, "claude-4": 1])
        #expect(try books.feedback(Self.all, by: RowGroup.workspace).mapValues(\.requests) == ["ws1": 2])
        #expect(try total(books, Self.query { $0.workspace = "ws2" }) == 0 && total(books, Self.query { $0.workspace = "ws1" }) == 2)
        #expect(try total(books, Self.query { $0.models = [("", "claude")] }) == 2 && total(books, Self.query { $0.statuses = [500] }) == 0)
        #expect(try sums(books, "t", in: "ws1").average == 1 && sums(books, "t", in: "ws2").count == 0 && sums(books, "t").average == nil)
    }

    @Test("a trace over two days has its feedback counted once, on the later one")
    func severalDays() throws {
        let midnight = State.noon + State.day / 2
        try state.write([Sample(number: 1, at: midnight - 2, trace: "t")], at: midnight - 1)
        try state.write([Sample(number: 2, at: midnight + 1, model: "other", trace: "t")], process: 2, at: midnight + 2)
        let books = try state.books(now: midnight + 10)
        try books.catchUp()
        try give(books, "t", 4)
        #expect(books.days().count == 2)
        #expect(try books.feedback(Self.all, by: GraphStep.day).points.mapValues(\.count) == [midnight: 1])
        #expect(try books.feedback(Self.all, by: RowGroup.provider).mapValues(\.sums.count) == ["openai": 1])
        #expect(try books.feedback(Self.all, by: RowGroup.provider).mapValues(\.requests) == ["openai": 2])
        #expect(try total(books, Self.query { $0.to = midnight }) == 1)
    }

    static let averages: [([(value: Int64, weight: Int64)], Double?)] = [
        ([], nil), ([(5, Feedback.fullWeight)], 5), ([(5, 0)], nil), ([(5, 0), (-2, 1)], -2), ([(10, 300_000_000), (-10, 700_000_000)], -4),
        ([(1, Feedback.fullWeight), (2, Feedback.fullWeight)], 1.5), ([(10, 333_333_333), (0, 666_666_667)], 3.33333333),
    ]

    @Test("the average is of values by their weights, and there is none where nothing counts", arguments: averages.indices)
    func average(index: Int) throws {
        let (given, average) = Self.averages[index]
        try state.write([Sample(number: 1, trace: "t")])
        let books = try state.books()
        try books.catchUp()
        for (value, weight) in given { try give(books, "t", value, weight: weight) }
        #expect(try sums(books, "t").average == average && sums(books, "t").count == Int64(given.count))
        #expect(try books.feedback(Self.all, by: GraphStep.day).points.values.first?.average == average)
        #expect(try ids(books, Self.query { $0.weightedFeedback = -10...10 }).count == (average == nil ? 0 : 1))
    }

    static let ranges: [(ClosedRange<Double>, [Int])] = [
        (-10...10, [1, 2, 3]), (0...10, [1, 3]), (-10...0, [2]), (1.5...1.5, [3]), (1.51...10, [1]), (-2...1.49, [2]), (10...10, []),
    ]

    @Test("requests are chosen by what their trace's feedback comes to", arguments: ranges.indices)
    func chosen(index: Int) throws {
        let (range, numbers) = Self.ranges[index]
        try state.write((1...4).map { Sample(number: $0, trace: "t\($0)") })
        let books = try state.books()
        try books.catchUp()
        for (trace, value) in [("t1", 9), ("t2", -2), ("t3", 1), ("t3", 2)] as [(String, Int64)] { try give(books, trace, value) }
        let query = Self.query { $0.weightedFeedback = range }
        #expect(try ids(books, query) == numbers.map { Sample(number: $0).id })
        #expect(try books.page(query, offset: 0, count: 1).total == numbers.count)
        #expect(try books.sums(query, by: .minute).values.reduce(0) { $0 + $1.requests } == Int64(numbers.count))
        #expect(try books.groups(query, by: .model).values.reduce(0) { $0 + $1.requests } == Int64(numbers.count))
        #expect(try books.latencies(query, by: .day).values.reduce(0) { $0 + $1.count } == Int64(numbers.count))
        let expected: Int64 = numbers.reduce(0) { $0 + ($1 == 3 ? 2 : 1) }
        #expect(try total(books, query) == expected)
    }

    // MARK: Keeping

    @Test("a change keeps what it does not name, and is its workspace's alone")
    func changed() throws {
        let books = try state.books()
        let feedback = Feedback(workspace: "ws1", trace: "t", key: "k", value: 1, weight: 500_000_000, metadata: #"{"by":"ada"}"#, givenAt: State.noon)
        let id = try #require(try books.give([feedback]).first)
        func now() throws -> Feedback { try #require(try books.feedback(on: record("t", in: "ws1")).first) }
        #expect(try books.change(feedback: id, workspace: "ws1", FeedbackChange(value: -7, at: State.noon + 5)))
        #expect(try now().value == -7 && now().weight == 500_000_000 && now().metadata == #"{"by":"ada"}"#)
        #expect(try now().givenAt == State.noon && now().changedAt == State.noon + 5)
        #expect(try books.change(feedback: id, workspace: "ws1", FeedbackChange(value: 2, weight: 0, metadata: "{}", at: State.noon + 6)))
        #expect(try now().weight == 0 && now().metadata == "{}" && now().id == id && now().key == "k")
        for (other, workspace) in [(id, "ws2"), (id, ""), ("nothing", "ws1")] {
            #expect(try !books.change(feedback: other, workspace: workspace, FeedbackChange(value: 9, at: State.noon)))
        }
        #expect(try now().value == 2)
    }

    @Test("rows made anew, from a day's file that was lost as well, have their feedback")
    func rebuilt() throws {
        try state.write([Sample(number: 1, trace: "t")])
        let books = try state.books()
        try books.catchUp()
        try give(books, "t", 3)
        try books.rebuild(force: true) { _, _ in }
        #expect(try total(books) == 1)
        books.close()
        try FileManager.default.removeItem(atPath: state.path + "/books/days")
        let again = try state.books()
        try again.rebuild(force: false) { _, _ in }
        #expect(try total(again) == 1)
    }

    @Test("it goes with the day on which it was given")
    func retention() throws {
        let books = try state.books()
        try give(books, "t", 1, at: State.noon - 1)
        try give(books, "t", 2, at: State.noon + State.day)
        books.dropOldFeedback(before: Int((State.noon + State.day) / State.day))
        #expect(try books.feedback(on: record("t")).map(\.value) == [2])
        let later = try state.books(keepDays: 2, now: State.noon + 9 * State.day)
        let thread = Foundation.Thread { later.run() }
        thread.start()
        for _ in 0..<500 where (try? sums(later, "t").count) != 0 { usleep(10_000) }
        #expect(later.stop())
        #expect(try sums(later, "t").count == 0)
    }

    @Test("what is dropped is more than one batch")
    func batches() throws {
        let books = try state.books()
        let count = AnalyticsLimits.batchRecords + 1
        _ = try books.give((0..<count).map { _ in Feedback(workspace: "", trace: "t", key: "k", value: 1, givenAt: State.noon) })
        #expect(try sums(books, "t").count == Int64(count))
        books.dropOldFeedback(before: Int(State.noon / State.day) + 1)
        #expect(try sums(books, "t").count == 0)
    }

    @Test("several threads give it, and none is lost while rows are derived and asked for")
    func threads() throws {
        let books = try state.books()
        try state.write((0..<200).map { Sample(number: $0, trace: "t") })
        DispatchQueue.concurrentPerform(iterations: 8) { turn in
            for _ in 0..<25 {
                switch turn {
                case 0: try? books.catchUp()
                case 1: _ = try? books.feedback(FeedbackTests.all, by: GraphStep.minute)
                default: _ = try? books.give([Feedback(workspace: "", trace: "t", key: "k", value: 1, givenAt: State.noon)])
                }
            }
        }
        #expect(try sums(books, "t").count == 150)
        #expect(try total(books) == 150)
        #expect(books.metrics().contains("sluice_books_feedback_total 150\n"))
    }

    // MARK: Bounds and faults

    @Test("asking makes no file, and finds nothing where there is none")
    func none() throws {
        try state.write([Sample(number: 1, trace: "t")])
        let books = try state.books()
        try books.catchUp()
        #expect(try total(books) == 0 && ids(books, Self.query { $0.weightedFeedback = -10...10 }).isEmpty)
        #expect(try books.feedback(Self.all, by: RowGroup.model).isEmpty && sums(books, "t").count == 0 && books.feedback(on: record("t")).isEmpty)
        #expect(try !books.change(feedback: "a", workspace: "", FeedbackChange(value: 1, at: 0)))
        #expect(try fileNames == ["days", "journal"])
        try give(books, "t", 1)
        #expect(try fileNames.contains("feedback.sqlite"))
        #expect(try FileManager.default.attributesOfItem(atPath: books.feedbackPath)[.posixPermissions] as? Int == 0o600)
    }

    @Test("a log shows the first that it was given, up to a bound")
    func shown() throws {
        let books = try state.books()
        let all = (0...AnalyticsLimits.feedbackOfLogCount).map { Feedback(workspace: "", trace: "t", key: "k", value: 1, givenAt: State.noon + Int64($0)) }
        _ = try books.give(all)
        let shown = try books.feedback(on: record("t"))
        #expect(shown.count == AnalyticsLimits.feedbackOfLogCount && shown.map(\.givenAt) == shown.map(\.givenAt).sorted())
        #expect(shown.first?.givenAt == State.noon && Set(shown.map(\.id)).count == shown.count)
    }

    @Test("a question counts so much feedback, and refuses to count more")
    func counted() throws {
        try state.write([Sample(number: 1, trace: "t"), Sample(number: 2, model: "other", trace: "u")])
        let books = try state.books(mostGroups: 3)
        try books.catchUp()
        for trace in ["t", "t", "u"] { try give(books, trace, 1) }
        #expect(try total(books) == 3 && books.feedback(Self.all, by: RowGroup.model).count == 2)
        try give(books, "u", 1)
        #expect(throws: AnalyticsError.tooMany) { try total(books) }
        #expect(throws: AnalyticsError.tooMany) { try books.feedback(Self.all, by: RowGroup.model) }
    }

    @Test("a trace is cut where a record's is", arguments: [127, 128, 129, 300])
    func traces(count: Int) {
        let trace = Feedback.trace(String(repeating: "t", count: count))
        #expect(trace.utf8.count == min(count, AnalyticsLimits.traceByteCount))
        // In the middle of a character as well.
        let cut = Feedback.trace("t" + String(repeating: "é", count: count))
        #expect(cut == String(decoding: ("t" + String(repeating: "é", count: count)).utf8.prefix(AnalyticsLimits.traceByteCount), as: UTF8.self))
    }

    @Test("a file that is full takes no more, and nothing of it; when days have gone there is room")
    func full() throws {
        try FileManager.default.createDirectory(atPath: state.path, withIntermediateDirectories: true)
        let file = try FeedbackFile(path: state.path + "/feedback.sqlite", byteCount: 256 << 10)
        let metadata = #"{"a":"\#(String(repeating: "x", count: 1000))"}"#
        func add(_ number: Int) throws {
            var feedback = Feedback(workspace: "", trace: "t", key: "k", value: 1, metadata: metadata, givenAt: State.noon)
            feedback.id = "\(number)"
            try file.add([feedback])
        }
        var count = 0
        var fault: (any Error)?
        while fault == nil, count < 1000 {
            do { try add(count); count += 1 } catch { fault = error }
        }
        let told = "\(try #require(fault))"
        #expect((100..<256).contains(count) && told.contains("there is no room for it"))
        #expect(try file.sums(of: [("", "t")]).first?.count == Int64(count))
        try file.drop(before: State.noon + 1)
        try add(1000)
        file.close()
    }

    @Test("a file that is damaged is told once, keeps nothing, and stops no rows; a new one takes its place when it is moved away")
    func damaged() throws {
        try state.write([Sample(number: 1, trace: "t")])
        let told = Mutex<[String]>([])
        let books = try state.books { line in told.withLock { $0.append(line) } }
        try Data([UInt8](repeating: 7, count: 8192)).write(to: URL(fileURLWithPath: books.feedbackPath))
        for _ in 0..<3 {
            #expect(throws: AnalyticsError.self) { try give(books, "t", 1) }
            #expect(throws: AnalyticsError.self) { try total(books) }
        }
        try books.catchUp()
        #expect(try ids(books, Self.all).count == 1)
        #expect(told.withLock { $0.count == 1 && $0[0].hasPrefix("feedback: ") && $0[0].contains("feedback is kept nowhere else") })
        try FileManager.default.removeItem(atPath: books.feedbackPath)
        try give(books, "t", 1)
        #expect(try total(books) == 1)
        #expect(told.withLock { $0.last } == "feedback is kept again")
    }

    @Test("a file of a later program is refused")
    func newer() throws {
        let books = try state.books()
        let queue = try DatabaseQueue(path: books.feedbackPath)
        try queue.write { try $0.execute(sql: "PRAGMA user_version = 9") }
        try queue.close()
        #expect(throws: AnalyticsError.newer(path: books.feedbackPath, found: 9, known: FeedbackFile.version)) { try give(books, "t", 1) }
    }
}
