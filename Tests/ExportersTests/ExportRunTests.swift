import Bytes
import Foundation
import Testing

@testable import Books
@testable import Exporters

@Suite("Export run")
struct ExportRunTests {
    @Test("all records arrive in their order, in batches that are full or have waited long enough")
    func batches() throws {
        let bench = try Bench()
        var writer = bench.writer()
        try writer.put(records(0..<10), wall: bench.wall)
        bench.pass(milliseconds: 10)
        #expect(bench.sink.traces == traces(0..<8) && bench.sink.ids.count == 2)
        bench.pass(milliseconds: 2000)
        #expect(bench.sink.traces == traces(0..<10) && bench.sink.ids.count == 3)
        try writer.put(records(10..<12), wall: bench.wall)
        bench.pass(milliseconds: 2000)
        #expect(bench.sink.traces == traces(0..<12))
        #expect(bench.run.counts.records == 12 && bench.run.counts.backlogByteCount == 0 && bench.run.counts.oldestNanoseconds == nil)
    }

    @Test("a crash between the post and the position repeats that batch, and no other: at least once")
    func crash() throws {
        let first = try Bench()
        var writer = first.writer()
        try writer.put(records(0..<8), wall: first.wall)
        first.pass(milliseconds: 10)
        let path = first.directory + "/books/exporters/one.position"
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        try writer.put(records(8..<12), wall: first.wall)
        first.pass(milliseconds: 2000)
        #expect(first.sink.traces == traces(0..<12))
        // As if the process had ended when the sink had the third batch, and the disk the second's position.
        try before.write(to: URL(fileURLWithPath: path + ".kept"))
        let position = try #require(JournalPosition(text: String(decoding: before, as: UTF8.self)))
        let again = Recovered(first, position)
        again.pass()
        #expect(again.sink.traces == traces(8..<12))
        #expect(again.sink.ids == [first.sink.ids[2]], "what is sent again has the same id")
    }

    @Test("a new exporter begins with what is recorded from then on, or with the oldest that there is", arguments: [false, true])
    func start(fromOldest: Bool) throws {
        let directory = try Bench()
        var writer = directory.writer()
        try writer.put(records(0..<3), wall: directory.wall)
        var terms = Bench.terms()
        terms.startsAtOldest = fromOldest
        let file = try Bench.open(directory.directory, name: "two")
        let position = try file.position(of: directory.folder, startsAtOldest: fromOldest) { _ in }
        let recovered = Recovered(directory, position, terms)
        try writer.put(records(3..<5), wall: directory.wall)
        recovered.pass()
        #expect(recovered.sink.traces == traces(fromOldest ? 0..<5 : 3..<5))
    }

    @Test("segments of several processes are read side by side, sealed or not, each to its end")
    func segments() throws {
        let bench = try Bench()
        var first = bench.writer(process: 1, segmentByteCount: 200)
        var second = bench.writer(process: 2)
        for number in 0..<20 {
            try first.put(records(number..<number + 1), wall: bench.wall)
            try second.put(records(number + 100..<number + 101), wall: bench.wall)
            if number % 5 == 0 { bench.pass(milliseconds: 300) }
        }
        try first.seal()
        bench.pass(milliseconds: 3000)
        #expect(Set(bench.sink.traces) == Set(traces(0..<20) + traces(100..<120)) && bench.sink.traces.count == 40)
        #expect(try bench.folder.segments().count > 5)
    }

    @Test("a segment that is removed under an exporter is counted and told once, with what was not sent of it")
    func removed() throws {
        let bench = try Bench()
        var writer = bench.writer()
        try writer.put(records(0..<6), wall: bench.wall)
        try writer.seal()
        bench.sink.usual = .failed("away", pauseNanoseconds: nil)
        bench.pass(milliseconds: 500)
        let segment = try #require(try bench.folder.segments().first)
        #expect(bench.run.counts.lostSegments == 0)
        unlink(segment.path)
        bench.pass(milliseconds: 5000)
        #expect(bench.run.counts.lostSegments == 0, "what is in hand is not lost")
        // What was in hand is sent all the same, and what comes after it.
        bench.sink.usual = .takenWhole
        try writer.put(records(6..<8), wall: bench.wall)
        bench.pass(milliseconds: 120_000)
        #expect(bench.sink.traces == traces(0..<4) + traces(6..<8))
        #expect(bench.run.counts.lostSegments == 1)
        let told = bench.lines.all.filter { $0.contains("removed before all of them was sent") }
        #expect(told.count == 1 && told[0].contains("1 segments") && told[0].contains("raise keep and keep_size"), "\(bench.lines.all)")
    }

    @Test("a segment that is removed before any of it was read is told while the sink is away")
    func removedUnread() throws {
        let bench = try Bench()
        var writer = bench.writer(segmentByteCount: 200)
        bench.sink.usual = .failed("away", pauseNanoseconds: nil)
        for number in 0..<20 { try writer.put(records(number..<number + 1), wall: bench.wall) }
        try writer.seal()
        bench.pass(milliseconds: 500)
        for segment in try bench.folder.segments().suffix(3) { unlink(segment.path) }
        bench.pass(milliseconds: 60_000)
        #expect(bench.run.counts.lostSegments == 3 && bench.lines.all.count { $0.contains("3 segments of the journal were removed") } == 1, "\(bench.lines.all)")
    }

    @Test("a segment that was done with is removed without a word")
    func removedAfterwards() throws {
        let bench = try Bench()
        var writer = bench.writer()
        try writer.put(records(0..<4), wall: bench.wall)
        try writer.seal()
        bench.pass(milliseconds: 3000)
        unlink(try #require(try bench.folder.segments().first).path)
        bench.pass(milliseconds: 10_000)
        #expect(bench.run.counts.lostSegments == 0 && bench.lines.all.isEmpty)
        let text = try String(contentsOfFile: bench.directory + "/books/exporters/one.position", encoding: .utf8)
        #expect(text == "sluice positions 1\nend\n")
    }

    @Test("a batch that fails is the same batch until it is taken, after waits that double and end at a minute; told once, and once when it is over")
    func breaker() throws {
        let bench = try Bench()
        var writer = bench.writer()
        bench.sink.usual = .failed("it answered 503", pauseNanoseconds: nil)
        try writer.put(records(0..<2), wall: bench.wall)
        bench.pass(milliseconds: 1500)
        #expect(bench.sink.ids.count == 1 && bench.run.counts.state == .waiting)
        try writer.put(records(2..<9), wall: bench.wall)
        bench.pass(milliseconds: 600_000)
        let tries = bench.sink.ids.count
        // 0.8, 1.6, 3.2 … 48 s: a jitter of nothing takes a fifth off.
        #expect((14...20).contains(tries), "\(tries)")
        #expect(Set(bench.sink.ids).count == 1 && bench.run.counts.failures == UInt64(tries))
        #expect(bench.run.counts.oldestNanoseconds != nil && bench.run.counts.backlogByteCount > 0)
        bench.sink.usual = .takenWhole
        bench.pass(milliseconds: 60_000)
        #expect(bench.sink.traces == traces(0..<9) && bench.run.counts.state == .delivering)
        #expect(bench.lines.all.count == 2, "\(bench.lines.all)")
        #expect(bench.lines.all[0].contains("it answered 503; tried again in 800 ms") && bench.lines.all[1].contains("goes on after"))
    }

    @Test("Retry-After is kept to, up to an hour")
    func retryAfter() throws {
        let bench = try Bench()
        var writer = bench.writer()
        bench.sink.answers = [.failed("it answered 429", pauseNanoseconds: 300_000_000_000), .failed("it answered 429", pauseNanoseconds: .max)]
        try writer.put(records(0..<4), wall: bench.wall)
        bench.pass(milliseconds: 299_000)
        #expect(bench.sink.ids.count == 1)
        bench.pass(milliseconds: 2000)
        #expect(bench.sink.ids.count == 2)
        bench.pass(milliseconds: ExporterLimits.longestAskedNanoseconds / 1_000_000 - 5000)
        #expect(bench.sink.ids.count == 2)
        bench.pass(milliseconds: 6000)
        #expect(bench.sink.traces == traces(0..<4))
    }

    @Test("what a sink will never take is dropped, counted, and told once a minute; what comes after it goes on")
    func refused() throws {
        let bench = try Bench()
        var writer = bench.writer()
        bench.sink.answers = [.refused("it answered 400"), .refused("it answered 400")]
        try writer.put(records(0..<12), wall: bench.wall)
        bench.pass(milliseconds: 100)
        #expect(bench.sink.traces == traces(8..<12) && bench.run.counts.dropped == 8 && bench.run.counts.records == 4)
        #expect(bench.lines.all.count == 1 && bench.lines.all[0].contains("it answered 400; 4 records are dropped"))
    }

    @Test("what is too large is halved until it fits; one record that does not is dropped")
    func tooLarge() throws {
        let bench = try Bench()
        var writer = bench.writer()
        bench.sink.answers = [.tooLarge("it answered 413"), .tooLarge("it answered 413"), .tooLarge("it answered 413")]
        try writer.put(records(0..<4), wall: bench.wall)
        bench.pass(milliseconds: 100)
        #expect(bench.sink.traces == traces(1..<4) && bench.run.counts.dropped == 1)
        #expect(bench.sink.ids.map { $0.split(separator: "-").last } == ["4", "2", "1", "1", "2"])
    }

    @Test("after one record that was too large, batches grow again to what is wanted")
    func grows() throws {
        let bench = try Bench(Bench.terms(batch: 8))
        var writer = bench.writer()
        bench.sink.answers = [.tooLarge("it answered 413"), .tooLarge("it answered 413"), .tooLarge("it answered 413")]
        try writer.put(records(0..<31), wall: bench.wall)
        bench.pass(milliseconds: 100)
        #expect(bench.sink.traces == traces(0..<31))
        #expect(bench.sink.ids.compactMap { $0.split(separator: "-").last }.joined(separator: " ") == "8 4 2 1 2 4 8 8 8")
    }

    @Test("a segment that cannot be read is told, holds up none behind it, and is sent once it can be")
    func unreadable() throws {
        let bench = try Bench()
        for process in UInt32(1)...3 {
            var writer = bench.writer(process: process)
            try writer.put(records(Int(process) * 10..<Int(process) * 10 + 2), wall: bench.wall)
            try writer.seal()
        }
        let path = try bench.folder.segments()[1].path
        // A link is not followed.
        try FileManager.default.moveItem(atPath: path, toPath: path + ".away")
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: path + ".away")
        bench.pass(milliseconds: 5000)
        #expect(bench.sink.traces == traces(10..<12) + traces(30..<32) && bench.run.counts.state == .unable)
        #expect(bench.lines.all.count == 1 && bench.lines.all[0].contains(path), "\(bench.lines.all)")
        unlink(path)
        try FileManager.default.moveItem(atPath: path + ".away", toPath: path)
        bench.pass(milliseconds: 5000)
        #expect(bench.sink.traces.suffix(2) == traces(20..<22) && bench.run.counts.state == .delivering && bench.run.counts.lostSegments == 0)
        #expect(bench.lines.all.count == 2 && bench.lines.all[1].contains("can be read again"), "\(bench.lines.all)")
    }

    @Test("who wants what comes from now on gets the record that is being written just then, whole")
    func startWithin() throws {
        let bench = try Bench()
        var writer = bench.writer()
        try writer.put(records(0..<3), wall: bench.wall)
        let path = try #require(try bench.folder.segments().first).path
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        try bytes.dropLast(5).write(to: URL(fileURLWithPath: path))
        let position = try Backlog.end(of: bench.folder)
        try bytes.write(to: URL(fileURLWithPath: path))
        let recovered = Recovered(bench, position)
        recovered.pass()
        #expect(recovered.sink.traces == traces(2..<3))
    }

    @Test("of what is taken in part the rest is counted as dropped, and what the sink says of it is told without its control characters")
    func partial() throws {
        let bench = try Bench()
        var writer = bench.writer()
        bench.sink.answers = [.taken(rejected: 3, said: "no\u{1B}[31m room")]
        try writer.put(records(0..<4), wall: bench.wall)
        bench.pass(milliseconds: 100)
        #expect(bench.run.counts.records == 1 && bench.run.counts.dropped == 3)
        #expect(bench.lines.all.count == 1 && bench.lines.all[0].contains(#"3 records are dropped"#) && bench.lines.all[0].hasSuffix(#"it says "no?[31m room""#))
    }

    @Test("of what a sink says so much is told, and no more")
    func said() throws {
        let bench = try Bench()
        var writer = bench.writer()
        bench.sink.answers = [.taken(rejected: 1, said: String(repeating: "x", count: ExporterLimits.saidCount) + "y")]
        try writer.put(records(0..<4), wall: bench.wall)
        bench.pass(milliseconds: 100)
        #expect(bench.lines.all.first?.hasSuffix("xx\"") ?? false)
    }

    @Test("records of other workspaces, and without a wish those that others have told of, are passed over")
    func wanted() throws {
        var terms = Bench.terms()
        terms.workspaces = ["search"]
        let bench = try Bench(terms)
        var writer = bench.writer()
        try writer.put(records(0..<3) { $0.workspace = "other" }, wall: bench.wall)
        try writer.put(records(3..<5) { $0.workspace = "search" }, wall: bench.wall)
        try writer.put(records(5..<6) { ($0.workspace, $0.figures.flags) = ("search", .reported) }, wall: bench.wall)
        try writer.put(records(6..<7) { ($0.workspace, $0.figures.flags) = ("search", .observation) }, wall: bench.wall)
        bench.pass(milliseconds: 3000)
        #expect(bench.sink.traces == traces(3..<5))
        terms.includesReported = true
        bench.declare(terms)
        try writer.put(records(7..<9) { ($0.workspace, $0.figures.flags) = ("search", $0.trace == "t7" ? .reported : .observation) }, wall: bench.wall)
        bench.pass(milliseconds: 3000)
        #expect(bench.sink.traces == traces(3..<5) + traces(7..<9))
        // What nobody wants is behind it as well, also for the next start.
        bench.pass(milliseconds: 6000)
        #expect(bench.run.counts.backlogByteCount == 0)
    }

    @Test("another declaration goes on from where the one before was, and a sink that was away is tried at once")
    func declaredAnew() throws {
        let bench = try Bench()
        var writer = bench.writer()
        try writer.put(records(0..<4), wall: bench.wall)
        bench.pass(milliseconds: 100)
        bench.sink.usual = .failed("away", pauseNanoseconds: 3_600_000_000_000)
        try writer.put(records(4..<8), wall: bench.wall)
        bench.pass(milliseconds: 1000)
        bench.sink.usual = .takenWhole
        bench.declare(Bench.terms(batch: 2))
        bench.pass(milliseconds: 100)
        #expect(bench.sink.traces == traces(0..<8) && bench.run.counts.records == 8)
    }

    @Test("a declaration that is as it was changes nothing: a batch that failed is the same, and waits as long")
    func declaredAgain() throws {
        let bench = try Bench()
        var writer = bench.writer()
        bench.sink.answers = [.failed("away", pauseNanoseconds: 60_000_000_000)]
        try writer.put(records(0..<2), wall: bench.wall)
        bench.pass(milliseconds: 5000)
        try writer.put(records(2..<8), wall: bench.wall)
        bench.declare(Bench.terms())
        bench.pass(milliseconds: 10_000)
        #expect(bench.sink.ids.count == 1)
        bench.pass(milliseconds: 60_000)
        #expect(bench.sink.traces == traces(0..<8) && bench.sink.ids.count > 2 && bench.sink.ids[0] == bench.sink.ids[1])
    }

    @Test("declarations are the same where all of them is: secrets, fields, terms")
    func sameness() {
        func exporter(
            _ name: String = "one", url: String = "u", key: String? = "k", field: String = "f", batch: Int = 4, resource: String? = nil, isPacked: Bool = false
        ) -> Exporter {
            func secret(_ text: String) -> SecretBytes { Array(text.utf8).withByteSlice { SecretBytes($0) } }
            let fields = [HTTPDestination.Field(name: "a", value: secret(field))]
            let destination = HTTPDestination(host: "h", url: secret(url), secret: key.map(secret), fields: fields, isPacked: isPacked)
            return Exporter(name: name, resource.map { .spans(destination, resource: [("r", $0)]) } ?? .messages(destination), Bench.terms(batch: batch))
        }
        #expect(exporter().isSame(as: exporter()) && exporter(key: nil).isSame(as: exporter(key: nil)))
        #expect(exporter(resource: "x").isSame(as: exporter(resource: "x")))
        let others = [
            exporter("two"), exporter(url: "v"), exporter(key: "l"), exporter(key: nil), exporter(field: "g"), exporter(batch: 5), exporter(resource: "x"),
            exporter(isPacked: true),
        ]
        for other in others { #expect(!exporter().isSame(as: other) && !other.isSame(as: exporter())) }
        #expect(!exporter(resource: "x").isSame(as: exporter(resource: "y")))
    }

    @Test("at the end what is there is sent once, and what fails stays")
    func finish() throws {
        let bench = try Bench()
        var writer = bench.writer()
        try writer.put(records(0..<7), wall: bench.wall)
        bench.finish()
        #expect(bench.sink.traces == traces(0..<7))
        bench.sink.usual = .failed("away", pauseNanoseconds: nil)
        try writer.put(records(7..<20), wall: bench.wall)
        bench.finish()
        #expect(bench.run.counts.failures == 1)
    }

    @Test("a position that cannot be kept is told once, stops nothing, and is kept when it can be")
    func positionFault() throws {
        let bench = try Bench()
        var writer = bench.writer()
        let folder = bench.directory + "/books/exporters"
        // A folder where the draft would be: also root cannot write it.
        try FileManager.default.createDirectory(atPath: folder + "/one.position~", withIntermediateDirectories: false)
        try writer.put(records(0..<12), wall: bench.wall)
        bench.pass(milliseconds: 20_000)
        #expect(bench.sink.traces == traces(0..<12))
        #expect(bench.lines.all.filter { $0.contains("its position is not kept") }.count == 1)
        try FileManager.default.removeItem(atPath: folder + "/one.position~")
        bench.pass(milliseconds: 20_000)
        #expect(bench.lines.all.last?.contains("its position is kept again") ?? false)
    }

    @Test("bytes of the journal that the disk has changed cost their own record, and are told")
    func damaged() throws {
        let bench = try Bench()
        var writer = bench.writer()
        try writer.put(records(0..<4), wall: bench.wall)
        try writer.seal()
        let path = try #require(try bench.folder.segments().first).path
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        let frame = (bytes.count - 16) / 4
        bytes[16 + frame + frame / 2] ^= 0xFF
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        bench.pass(milliseconds: 3000)
        #expect(bench.sink.traces == ["t0", "t2", "t3"])
        #expect(bench.lines.all.count == 1 && bench.lines.all[0].contains("are no records"))
    }

    @Test("a batch is full at its bytes, whatever it may have of records")
    func fullBatch() throws {
        let bench = try Bench(Bench.terms(batch: 8192))
        var writer = bench.writer(segmentByteCount: 64 << 20)
        let long = "{" + (0..<30).map { "\"m\($0)\":\"" + String(repeating: "x", count: 110) + "\"" }.joined(separator: ",") + "}"
        for start in stride(from: 0, to: 1300, by: 100) { try writer.put(records(start..<start + 100) { $0.metadata = long }, wall: bench.wall) }
        bench.step()
        let one = try #require(records(0..<1) { $0.metadata = long }.first).document.json.count
        #expect(bench.sink.bodies.count == 1)
        #expect((ExporterLimits.batchByteCount..<ExporterLimits.batchByteCount + 2 * one).contains(bench.sink.bodies.first?.utf8.count ?? 0))
        bench.pass(milliseconds: 3000)
        #expect(bench.sink.traces == traces(0..<1300))
    }

    @Test("one look through records that nobody wants ends somewhere, and the next goes on there")
    func scan() throws {
        var terms = Bench.terms()
        terms.workspaces = ["search"]
        let bench = try Bench(terms)
        var writer = bench.writer(segmentByteCount: 64 << 20)
        let long = #"{"a":""# + String(repeating: "x", count: 4080) + #""}"#
        let count = ExporterLimits.scanByteCount / 4096 + 200
        for start in stride(from: 0, to: count, by: 100) { try writer.put(records(start..<start + 100) { $0.metadata = long }, wall: bench.wall) }
        try writer.put(records(count..<count + 1) { $0.workspace = "search" }, wall: bench.wall)
        bench.step()
        #expect(bench.run.dueAt.nanoseconds == 0, "there is more, and it does not sleep")
        bench.pass(milliseconds: 3000)
        #expect(bench.sink.traces == ["t\(count)"])
    }
}

/// Another process's exporter of the same journal, with a position of its own.
private final class Recovered {
    let sink = StandIn()
    private let time = MovedClock()
    private var run: ExportRun
    private static let folder = FileManager.default.temporaryDirectory.path

    init(_ bench: Bench, _ position: JournalPosition, _ terms: Exporter.Terms = Bench.terms()) {
        let exporter = Exporter(name: "two", bench.exporter.kind, terms)
        guard let file = try? Bench.open(bench.directory, name: "again-\(UUID().uuidString.prefix(8))") else { preconditionFailure("its name is its own") }
        run = ExportRun(exporter, sink: sink, file, Backlog(bench.folder, position), clock: time.clock, report: { _ in })
    }

    func pass() {
        for _ in 0..<20 {
            run.step()
            time.move(to: max(time.now.adding(nanoseconds: 1_000_000), run.dueAt))
        }
    }
}
