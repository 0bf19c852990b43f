import Foundation
import GRDB
import Testing

@testable import Analytics

@Suite("Feedback that is kept beside rows")
struct JudgedTests {
    private static let seed = ProcessInfo.processInfo.environment["SLUICE_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 1...1_000_000)
    private static let first = State.noon / State.day * State.day

    /// What there should be: each of the feedback is at its latest request that is asked for.
    private func expected(
        _ given: [Feedback], _ rows: [Sample], _ query: RowQuery
    ) -> (points: [Int64: Int64], models: [String: Int64], asked: [String: Int64]) {
        var (points, models, asked): ([Int64: Int64], [String: Int64], [String: Int64]) = ([:], [:], [:])
        let chosen = rows.filter { sample in
            sample.at >= query.from && sample.at < query.to && (query.workspace.map { $0 == sample.workspace } ?? true)
                && (query.models.first.map { $0.model == sample.model } ?? true)
        }
        for opinion in given {
            let its = chosen.filter { $0.trace == opinion.trace && $0.workspace == opinion.workspace }
            guard let latest = its.map(\.at).max() else { continue }
            points[latest.start(of: .day), default: 0] += 1
            for model in Set(its.map(\.model)) { models[model, default: 0] += 1 }
        }
        for sample in chosen where given.contains(where: { $0.trace == sample.trace && $0.workspace == sample.workspace }) {
            asked[sample.model, default: 0] += 1
        }
        return (points, models, asked)
    }

    @Test("what was said and what was asked, in whatever order, is counted as if each were compared with each")
    func order() throws {
        var random = SeededNumbers(state: Self.seed)
        print("Feedback beside rows: SLUICE_SEED=\(Self.seed)")
        let state = State()
        var books = try state.books(now: State.noon + 3 * State.day)
        var (given, written, derived): ([Feedback], [Sample], [Sample]) = ([], [], [])
        func name(_ names: [String]) -> String { names[Int.random(in: 0..<names.count, using: &random)] }
        for round in 0..<60 {
            switch Int.random(in: 0..<7, using: &random) {
            case 0, 1:
                let day = Int.random(in: 0..<3, using: &random)
                let start = Self.first + Int64(day) * State.day
                // Written on that day; some began in the hour before it.
                let samples = (0..<Int.random(in: 1...12, using: &random)).map { index in
                    Sample(
                        number: round * 100 + index, at: start + Int64.random(in: -3_600_000..<State.day, using: &random), workspace: name(["ws1", "ws2"]),
                        model: name(["a", "b"]), trace: name(["t", "u", "v", "w", "x"]))
                }
                try state.write(samples, process: UInt32(round + 1), at: start + State.day - 1)
                written += samples
            case 2:
                try books.catchUp()
                derived = written
            case 3, 4:
                let more = (0..<Int.random(in: 1...6, using: &random)).map { _ in
                    Feedback(workspace: name(["ws1", "ws2"]), trace: name(["t", "u", "v", "none"]), key: "k", value: 1, givenAt: State.noon)
                }
                _ = try books.give(more)
                given += more
            case 5: for day in books.judgedDays { books.judge(day: day) }
            default:
                if Bool.random(using: &random) {
                    try books.rebuild(force: true) { _, _ in }
                    derived = written
                }
                books.close()
                books = try state.books(now: State.noon + 3 * State.day)
            }
            var queries = [RowQuery(from: 0, to: Self.first + 9 * State.day)]
            let times = (0..<2).map { _ in Self.first + Int64.random(in: -1...73, using: &random) * 3_600_000 }.sorted()
            queries.append(RowQuery(from: times[0], to: times[1]))
            for index in 0..<2 {
                var query = queries[index]
                query.workspace = "ws1"
                queries.append(query)
                query.models = [("", "a")]
                queries.append(query)
            }
            for query in queries {
                let wanted = expected(given, derived, query)
                let found = try books.feedback(query, by: GraphStep.day)
                #expect(found.points.mapValues(\.count) == wanted.points, "seed \(Self.seed), round \(round)")
                let models = try books.feedback(query, by: RowGroup.model)
                #expect(models.mapValues(\.sums.count) == wanted.models && models.mapValues(\.requests) == wanted.asked, "seed \(Self.seed), round \(round)")
            }
        }
    }

    private func total(_ books: DayBooks) throws -> Int64 {
        try books.feedback(RowQuery(from: 0, to: State.noon + State.day), by: GraphStep.day).points.values.reduce(0) { $0 + $1.count }
    }

    @Test("another file of feedback, whose numbers begin again, is read from its beginning")
    func another() throws {
        let state = State()
        try state.write([Sample(number: 1, trace: "t"), Sample(number: 2, trace: "u")])
        let books = try state.books()
        try books.catchUp()
        func give(_ books: DayBooks, _ traces: String...) throws {
            _ = try books.give(traces.map { Feedback(workspace: "", trace: $0, key: "k", value: 1, givenAt: State.noon) })
        }
        try give(books, "t", "t", "t")
        #expect(try total(books) == 3)
        books.close()
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: books.feedbackPath + suffix) }
        let again = try state.books()
        #expect(try total(again) == 0)
        // As many, less and more than there were.
        try give(again, "u", "none", "u")
        #expect(try total(again) == 2)
        again.dropOldFeedback(before: Int(State.noon / State.day) + 1)
        #expect(try total(again) == 0)
        try give(again, "t")
        #expect(try total(again) == 1)
    }

    @Test("the thread that gives rows looks after feedback as well, so that who asks has it at once")
    func followed() throws {
        let state = State()
        try state.write([Sample(number: 1, trace: "t")])
        let books = try state.books()
        _ = try books.give([Feedback(workspace: "", trace: "t", key: "k", value: 1, givenAt: State.noon)])
        let thread = Foundation.Thread { books.run() }
        thread.start()
        func judged() throws -> Int? {
            try books.file(day: Int(Self.first / State.day))?.pool.read { database in
                guard try database.tableExists("judgements") else { return nil }
                return try Int.fetchOne(database, sql: "SELECT count(*) FROM judgements")
            }
        }
        for _ in 0..<1000 where try judged() != 1 { usleep(10_000) }
        #expect(try judged() == 1)
        #expect(books.stop())
    }

    @Test("feedback waits for another process that writes the day's rows")
    func busy() throws {
        let state = State()
        try state.write([Sample(number: 1, trace: "t")])
        let books = try state.books()
        try books.catchUp()
        func give() throws { _ = try books.give([Feedback(workspace: "", trace: "t", key: "k", value: 1, givenAt: State.noon)]) }
        try give()
        #expect(try total(books) == 1)
        try give()
        let path = try #require(try books.file(day: Int(Self.first / State.day))).path
        let other = try DatabaseQueue(path: path)
        let (holds, done) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let thread = Foundation.Thread {
            try? other.writeWithoutTransaction { database in
                try database.inTransaction(.immediate) {
                    holds.signal()
                    usleep(300_000)
                    return .commit
                }
            }
            done.signal()
        }
        thread.start()
        holds.wait()
        #expect(try total(books) == 2)
        done.wait()
    }

    @Test("who asks when nothing came writes nothing")
    func idle() throws {
        let state = State()
        try state.write([Sample(number: 1, trace: "t")])
        let books = try state.books()
        try books.catchUp()
        _ = try books.give([Feedback(workspace: "", trace: "t", key: "k", value: 1, givenAt: State.noon)])
        #expect(try total(books) == 1)
        let file = try #require(try books.file(day: Int(Self.first / State.day)))
        func changes() -> Int { file.pool.writeWithoutTransaction { $0.totalChangesCount } }
        let before = changes()
        for _ in 0..<3 { #expect(try total(books) == 1) }
        for day in books.judgedDays { books.judge(day: day) }
        #expect(changes() == before)
    }
}
