import Bytes
import Foundation
import Testing

@testable import Books
@testable import Exporters

@Suite("Exporters of a process")
struct ExporterDeskTests {
    /// What holds within ten seconds.
    private func soon(_ condition: () -> Bool) -> Bool {
        for _ in 0..<1000 {
            if condition() { return true }
            usleep(10_000)
        }
        return condition()
    }

    private func exporter(_ name: String, _ path: String, every: UInt64 = 20_000_000, oldest: Bool = true) -> Exporter {
        var terms = Bench.terms()
        (terms.everyNanoseconds, terms.startsAtOldest) = (every, oldest)
        return Exporter(name: name, .lines(RotatedFile(path: path, mostBytes: nil, periodNanoseconds: nil, kept: 1)), terms)
    }

    private func count(_ path: String) -> Int { ((try? String(contentsOfFile: path, encoding: .utf8)) ?? "").split(separator: "\n").count }

    @Test("each has a thread, tells its figures, sends what is there when it is stopped, and begins again where it was")
    func life() throws {
        let bench = try Bench()
        let path = bench.directory + "/out.jsonl"
        var writer = bench.writer()
        try writer.put(records(0..<3), wall: bench.wall)
        let desk = ExporterDesk(dataDirectory: bench.directory) { [lines = bench.lines] in lines.add($0) }
        #expect(desk.metrics().isEmpty)
        desk.declare([exporter("lake", path), exporter("slow", path + ".slow", every: 3_600_000_000_000)])
        #expect(soon { count(path) == 3 })
        #expect(soon { desk.metrics().contains("sluice_exporter_records_total{exporter=\"lake\"} 3\n") })
        #expect(desk.metrics().contains("sluice_exporter_state{exporter=\"slow\"} 0\n") && count(path + ".slow") == 0)
        try writer.put(records(3..<5), wall: bench.wall)
        #expect(desk.stop())
        #expect(count(path) == 5 && count(path + ".slow") == 5)
        let again = ExporterDesk(dataDirectory: bench.directory) { [lines = bench.lines] in lines.add($0) }
        again.declare([exporter("lake", path)])
        try writer.put(records(5..<6), wall: bench.wall)
        #expect(soon { count(path) == 6 })
        #expect(again.stop() && count(path) == 6 && bench.lines.all.isEmpty)
    }

    @Test("while another process exports for a name it waits, and goes on from where that one ended")
    func elsewhere() throws {
        let bench = try Bench()
        let path = bench.directory + "/out.jsonl"
        var writer = bench.writer()
        try writer.put(records(0..<3), wall: bench.wall)
        let (first, second) = (ExporterDesk(dataDirectory: bench.directory) { _ in }, ExporterDesk(dataDirectory: bench.directory) { _ in })
        first.declare([exporter("lake", path)])
        #expect(soon { count(path) == 3 })
        second.declare([exporter("lake", path)])
        #expect(soon { second.metrics().contains("sluice_exporter_state{exporter=\"lake\"} 3\n") })
        #expect(first.stop())
        try writer.put(records(3..<4), wall: bench.wall)
        #expect(soon { second.metrics().contains("sluice_exporter_state{exporter=\"lake\"} 0\n") && count(path) == 4 })
        #expect(second.stop())
    }

    @Test("a new one has what is recorded once it is declared, also before its thread has had its turn")
    func now() throws {
        let bench = try Bench()
        let path = bench.directory + "/out.jsonl"
        var writer = bench.writer()
        try writer.put(records(0..<3), wall: bench.wall)
        let desk = ExporterDesk(dataDirectory: bench.directory) { _ in }
        desk.declare([exporter("lake", path, oldest: false)])
        try writer.put(records(3..<5), wall: bench.wall)
        #expect(soon { count(path) == 2 })
        #expect(desk.stop())
    }

    @Test("where its position cannot be kept it says so once, and begins when it can")
    func unable() throws {
        let bench = try Bench()
        let folder = bench.directory + "/unable"
        try FileManager.default.createDirectory(atPath: folder + "/books", withIntermediateDirectories: true)
        try Data().write(to: URL(fileURLWithPath: folder + "/books/exporters"))
        let desk = ExporterDesk(dataDirectory: folder) { [lines = bench.lines] in lines.add($0) }
        desk.declare([exporter("lake", bench.directory + "/out.jsonl")])
        #expect(soon { desk.metrics().contains("sluice_exporter_state{exporter=\"lake\"} 4\n") })
        #expect(bench.lines.all.count == 1 && bench.lines.all[0].contains("cannot begin: \(folder)/books/exporters"), "\(bench.lines.all)")
        unlink(folder + "/books/exporters")
        #expect(soon { desk.metrics().contains("sluice_exporter_state{exporter=\"lake\"} 0\n") })
        #expect(bench.lines.all.last?.hasSuffix(" begins") ?? false)
        #expect(desk.stop())
    }
}
