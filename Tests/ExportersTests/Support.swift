import Foundation
import Ledger
import Reactor
import Testing

@testable import Books
@testable import Exporters

/// A journal, an exporter of it whose clock a test moves, and a sink that answers as told.
final class Bench {
    let directory: String
    let sink = StandIn()
    let lines = Lines()
    var exporter: Exporter
    private let time = MovedClock()
    private(set) var run: ExportRun

    init(_ terms: Exporter.Terms = Bench.terms(), in other: Bench? = nil) throws {
        directory = other?.directory ?? FileManager.default.temporaryDirectory.appending(path: "sluice-exporters-\(UUID().uuidString)").path
        exporter = Exporter(name: "one", .lines(RotatedFile(path: "nowhere", mostBytes: nil, periodNanoseconds: nil, kept: 1)), terms)
        let journal = JournalFolder(dataDirectory: directory)
        try journal.make(in: directory)
        let lines = lines
        let file = try Bench.open(directory)
        let position = try file.position(of: journal, startsAtOldest: terms.startsAtOldest) { lines.add($0) }
        run = ExportRun(exporter, sink: sink, file, Backlog(journal, position), clock: time.clock, report: { lines.add($0) })
        ownsFolder = other == nil
    }

    private let ownsFolder: Bool

    deinit {
        if ownsFolder { try? FileManager.default.removeItem(atPath: directory) }
    }

    /// Small batches, at once, from the beginning.
    static func terms(batch: Int = 4) -> Exporter.Terms {
        var terms = Exporter.Terms()
        terms.batchCount = batch
        terms.startsAtOldest = true
        return terms
    }

    static func open(_ directory: String, name: String = "one") throws -> PositionFile {
        guard case .own(let file) = try PositionFile.open(in: directory + "/books/exporters", name: name) else { throw Held() }
        return file
    }

    struct Held: Error {}

    var folder: JournalFolder { JournalFolder(dataDirectory: directory) }
    var wall: UInt64 { time.wall }

    func writer(process: UInt32 = 1, segmentByteCount: Int = 1 << 20) -> JournalWriter {
        JournalWriter(folder, process: process, segmentByteCount: segmentByteCount)
    }

    /// Lets so much time pass, and does whatever is due in it.
    func pass(milliseconds: UInt64) {
        let end = time.now.adding(nanoseconds: milliseconds * 1_000_000)
        run.step()
        var steps = 0
        while run.dueAt <= end, steps < 10_000 {
            time.move(to: max(run.dueAt, time.now))
            run.step()
            steps += 1
        }
        #expect(steps < 10_000, "it never sleeps")
        time.move(to: end)
    }

    func step() { run.step() }
    func finish(milliseconds: UInt64 = 1000) { run.finish(until: time.now.adding(nanoseconds: milliseconds * 1_000_000)) }
    func declare(_ terms: Exporter.Terms) { run.declare(Exporter(name: "one", exporter.kind, terms), sink: sink) }
    func move(milliseconds: UInt64) { time.move(to: time.now.adding(nanoseconds: milliseconds * 1_000_000)) }
}

extension JournalWriter {
    mutating func put(_ records: [RequestRecord], wall: UInt64) throws {
        for record in records {
            let isTaken = record.encoded.withByteSlice { add($0) }
            #expect(isTaken)
        }
        _ = try write(wallNanoseconds: wall)
    }
}

/// A clock that stands until it is moved; chance is none.
final class MovedClock {
    var now = Instant(nanoseconds: 1_000_000_000_000)
    var wall: UInt64 = 1_900_000_000_000_000_000

    func move(to instant: Instant) {
        wall += instant.nanoseconds(since: now)
        now = instant
    }

    var clock: ExportRun.Clock { ExportRun.Clock(now: { self.now }, wall: { self.wall }, random: { 0 }) }
}

/// A sink that keeps what it takes, and answers what a test wants.
final class StandIn: Sink {
    var answers: [SinkAnswer] = []
    /// Where no answer is left.
    var usual = SinkAnswer.takenWhole
    private(set) var bodies: [String] = []
    private(set) var ids: [String] = []

    func take(_ batch: ExportBatch, timeoutNanoseconds: UInt64, wallNanoseconds: UInt64) -> SinkAnswer {
        ids.append(batch.id)
        let answer = answers.isEmpty ? usual : answers.removeFirst()
        if case .taken = answer { bodies.append(String(decoding: batch.closed, as: UTF8.self)) }
        return answer
    }

    /// Traces of all that was taken, in order.
    var traces: [String] { bodies.flatMap { $0.split(separator: "\n") }.map { line in String(line.split(separator: "\"trace\":\"")[1].prefix { $0 != "\"" }) } }
}

final class Lines: @unchecked Sendable {
    // Unchecked: behind the lock.
    private let lock = NSLock()
    private var told: [String] = []

    var all: [String] { lock.withLock { told } }
    func add(_ line: String) { lock.withLock { told.append(line) } }
}

func records(_ numbers: Range<Int>, _ change: (inout RequestRecord) -> Void = { _ in }) -> [RequestRecord] {
    numbers.map { number in
        var record = RequestRecord()
        record.figures.identifier = Identifier(high: UInt64(number) << 16 | 0x7000, low: 0x8000_0000_0000_0000 | UInt64(number))
        record.figures.wallNanoseconds = 1_900_000_000_000_000_000
        record.figures.status = 200
        record.trace = "t\(number)"
        change(&record)
        return record
    }
}

func traces(_ numbers: Range<Int>) -> [String] { numbers.map { "t\($0)" } }

extension RequestRecord {
    /// Its bytes in the journal.
    var encoded: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: BooksLimits.recordByteCount) { room, count in
            guard let base = room.baseAddress else { return }
            var writer = RecordWriter(base)
            write(to: &writer)
            count = writer.byteCount
        }
    }
}
