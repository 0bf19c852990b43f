import Books
import Foundation
import GRDB
import Synchronization
import Testing

@testable import Analytics

@Suite("Rows of the journal")
struct DerivingTests {
    private func all(_ books: DayBooks) throws -> [String] {
        try books.page(RowQuery(from: 0, to: State.noon + 10 * State.day), offset: 0, count: 100_000).records.map(\.identifier.description)
    }

    @Test("each record has one row, however often the journal is read")
    func once() throws {
        let state = State()
        try state.write((0..<500).map { Sample(number: $0) })
        let books = try state.books()
        for _ in 0..<3 { try books.catchUp() }
        #expect(try all(books).sorted() == (0..<500).map { Sample(number: $0).id })
        let again = try state.books()
        try again.catchUp()
        #expect(try all(again).count == 500)
    }

    @Test("who asks has what the journal has by then in rows, and waits no longer than is said where nobody gives any")
    func awaited() throws {
        let state = State()
        try state.write((0..<10).map { Sample(number: $0) })
        let books = try state.books()
        #expect(!books.awaitRows(withinNanoseconds: 1_000_000))
        let thread = Thread { books.run() }
        thread.start()
        for process in 1...3 as ClosedRange<UInt32> {
            #expect(books.awaitRows(withinNanoseconds: 60_000_000_000))
            #expect(try all(books).count == Int(process) * 10)
            try state.write((0..<10).map { Sample(number: Int(process) * 10 + $0) }, process: process + 1)
        }
        #expect(books.stop())
    }

    @Test("rows that several threads give are given once")
    func together() throws {
        let state = State()
        for process in 0..<4 { try state.write((0..<300).map { Sample(number: process * 300 + $0) }, process: UInt32(process + 1)) }
        let books = try state.books()
        // What fails outside the test's own task is nobody's failure to the runner.
        let faults = Mutex<[String]>([])
        DispatchQueue.concurrentPerform(iterations: 4) { _ in
            do { try books.catchUp() } catch { faults.withLock { $0.append("\(error)") } }
        }
        #expect(faults.withLock { $0 } == [])
        #expect(try all(books).count == 1200)
        #expect(try books.sums(RowQuery(from: 0, to: State.noon + State.day), by: .day).values.map(\.requests) == [1200])
    }

    @Test("a batch is a transaction: more records than one takes have their rows all the same")
    func batches() throws {
        let state = State()
        let count = AnalyticsLimits.batchRecords + 1
        try state.write((0..<count).map { Sample(number: $0) })
        let books = try state.books()
        try books.catchUp()
        #expect(try all(books).count == count)
    }

    @Test("a record that is in two segments has one row, and is in the sums once")
    func twice() throws {
        let state = State()
        try state.write([Sample(number: 1), Sample(number: 2)])
        try state.write([Sample(number: 2), Sample(number: 3)], process: 2)
        let books = try state.books()
        try books.catchUp()
        #expect(try all(books).count == 3)
        let sums = try books.sums(RowQuery(from: State.noon, to: State.noon + 60_000), by: .minute)
        #expect(sums[State.noon]?.requests == 3)
    }

    @Test("a record's row is in the file of the day on which it was written; a question over midnight finds both")
    func midnight() throws {
        let state = State()
        let midnight = State.noon + State.day / 2
        try state.write([Sample(number: 1, at: midnight - 5)], at: midnight - 1)
        try state.write([Sample(number: 2, at: midnight - 4), Sample(number: 3, at: midnight + 1)], at: midnight + 2)
        let books = try state.books(now: midnight + 10)
        try books.catchUp()
        #expect(books.days().count == 2)
        let found = try books.page(RowQuery(from: midnight - 10, to: midnight), offset: 0, count: 10)
        #expect(found.records.map(\.identifier.description) == [Sample(number: 2, at: midnight - 4).id, Sample(number: 1, at: midnight - 5).id])
        #expect(try books.record(Sample(number: 2, at: midnight - 4).id, workspace: nil) != nil)
    }

    @Test("days that are over are dropped as whole files, and their segments are needed no more")
    func retention() throws {
        let state = State()
        try state.write([Sample(number: 1)])
        let books = try state.books(keepDays: 2)
        try books.catchUp()
        let journal = JournalFolder(dataDirectory: state.path)
        let segment = try #require(try journal.segments().first)
        #expect(books.isDone(segment.name))
        let later = try state.books(keepDays: 2, now: State.noon + 2 * State.day)
        #expect(later.isDone(segment.name))
        let thread = Foundation.Thread { later.run() }
        thread.start()
        for _ in 0..<500 where !later.days().isEmpty { usleep(10_000) }
        #expect(later.stop())
        #expect(later.days().isEmpty)
    }

    @Test("no day is dropped before the clock of a machine that has just started can be trusted")
    func settling() throws {
        let state = State()
        try state.write([Sample(number: 1)])
        try state.books().catchUp()
        let early = try state.books(keepDays: 2, now: State.noon + 100 * State.day, settlingNanoseconds: 600_000_000_000)
        let thread = Foundation.Thread { early.run() }
        thread.start()
        usleep(300_000)
        #expect(early.stop())
        #expect(early.days().count == 1)
    }

    @Test("a day whose file is at fault holds up no other, and is told")
    func faultyDay() throws {
        let state = State()
        let yesterday = State.noon - State.day
        try state.write([Sample(number: 1, at: yesterday)], at: yesterday)
        try state.write([Sample(number: 2)], process: 2)
        let books = try state.books()
        let path = books.directory + "/2025-11-25.sqlite"
        try Data([UInt8](repeating: 1, count: 8192)).write(to: URL(fileURLWithPath: path))
        for _ in 0..<2 { #expect(throws: AnalyticsError.self) { try books.catchUp() } }
        let found = try books.page(RowQuery(from: State.noon - 1, to: State.noon + 1), offset: 0, count: 10)
        #expect(found.records.count == 1)
        let segments = try JournalFolder(dataDirectory: state.path).segments()
        #expect(segments.map { books.isDone($0.name) } == [false, true])
        try FileManager.default.removeItem(atPath: path)
        try books.catchUp()
        #expect(segments.allSatisfy { books.isDone($0.name) })
    }

    @Test("what the disk has changed of a segment is told, and what is behind it has rows")
    func damage() throws {
        let state = State()
        try state.write((0..<100).map { Sample(number: $0) })
        let segment = try #require(try JournalFolder(dataDirectory: state.path).segments().first)
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: segment.path)))
        for offset in 1000..<1600 { bytes[offset] = 0xFF }
        for offset in bytes.count - 5..<bytes.count { bytes[offset] = 0xFF }
        try Data(bytes).write(to: URL(fileURLWithPath: segment.path))
        let told = Told()
        let books = try state.books { told.add($0) }
        try books.catchUp()
        let ids = Set(try all(books))
        #expect(ids.contains(Sample(number: 98).id) && !ids.contains(Sample(number: 99).id))
        #expect(ids.count < 99 && ids.count > 80)
        #expect(told.lines.count == 1)
        #expect(told.lines.first?.contains("bytes of it are no records") == true)
    }

    @Test("rows are made anew of what the journal has by then, also of a segment that came meanwhile")
    func rebuildMeanwhile() throws {
        let state = State()
        try state.write([Sample(number: 1)])
        let (command, gateway) = (try state.books(), try state.books())
        try gateway.catchUp()
        try state.write([Sample(number: 2)], process: 2)
        try gateway.catchUp()
        try command.rebuild(force: true) { _, _ in }
        try gateway.catchUp()
        #expect(try all(gateway).count == 2)
    }

    @Test("a segment that is not read to its end is needed")
    func needed() throws {
        let state = State()
        try state.write([Sample(number: 1)])
        let segment = try #require(try JournalFolder(dataDirectory: state.path).segments().first)
        #expect(!(try state.books().isDone(segment.name)))
    }

    @Test("rows that are made anew are the same rows, and the same sums")
    func rebuild() throws {
        let state = State()
        try state.write((0..<50).map { Sample(number: $0, key: "k\($0 % 3)") })
        try state.write((50..<80).map { Sample(number: $0) }, process: 2)
        let books = try state.books()
        try books.catchUp()
        let (rows, sums) = (try all(books), try books.sums(RowQuery(from: State.noon, to: State.noon + 60_000), by: .minute))
        var told: [String] = []
        try books.rebuild(force: false) { told.append("\($0) \($1)") }
        #expect(told == ["2025-11-26 records(80, segments: 2)"])
        #expect(try all(books) == rows)
        #expect("\(try books.sums(RowQuery(from: State.noon, to: State.noon + 60_000), by: .minute))" == "\(sums)")
        try books.catchUp()
        #expect(try all(books).count == 80)
    }

    @Test("rows whose segments are gone are not thrown away unasked")
    func rebuildWithoutSegments() throws {
        let state = State()
        try state.write([Sample(number: 1)])
        try state.write([Sample(number: 2)], process: 2)
        let books = try state.books()
        try books.catchUp()
        let segment = try #require(try JournalFolder(dataDirectory: state.path).segments().first)
        try FileManager.default.removeItem(atPath: segment.path)
        var told: [String] = []
        try books.rebuild(force: false) { told.append("\($1)") }
        #expect(told == ["refused(missing: [\"\(segment.name)\"])"])
        #expect(try all(books).count == 2)
        try books.rebuild(force: true) { told.append("\($1)") }
        #expect(told.last == "records(1, segments: 1)")
        #expect(try all(books).count == 1)
    }

    @Test("a file of a later program is refused; one that is no database as well")
    func otherFiles() throws {
        let state = State()
        let books = try state.books()
        let path = books.directory + "/2025-11-26.sqlite"
        let queue = try DatabaseQueue(path: path)
        try queue.write { try $0.execute(sql: "PRAGMA user_version = 9") }
        try queue.close()
        #expect(throws: AnalyticsError.newer(path: path, found: 9, known: DayFile.version)) { try books.file(day: Int(State.noon / State.day)) }
        try Data("no database, and longer than a header of one has to be, by far".utf8 + [UInt8](repeating: 1, count: 4096)).write(to: URL(fileURLWithPath: path))
        #expect(throws: AnalyticsError.self) { try books.file(day: Int(State.noon / State.day)) }
    }

    @Test("a file is named for its day; other files are none", arguments: [("2025-11-26.sqlite", true), ("2025-02-30.sqlite", false), ("2025-1-1.sqlite", false), ("x.sqlite", false), ("2025-11-26.sqlite-wal", false)])
    func names(name: String, isDay: Bool) {
        #expect((DayBooks.day(ofFile: name) != nil) == isDay)
    }

    @Test("a segment of a later version has no rows, is told once, and holds up nobody")
    func laterSegment() throws {
        let state = State()
        try state.write([Sample(number: 1)])
        try Data(Array("sluicejl".utf8) + [9, 0, 0, 0, 0, 0, 0, 0]).write(to: URL(fileURLWithPath: state.journal + "/20251126-110000-00000009-000000.journal"))
        let told = Told()
        let books = try state.books { told.add($0) }
        try books.catchUp()
        try books.catchUp()
        #expect(try all(books).count == 1)
        #expect(told.lines.count == 1)
    }
}
