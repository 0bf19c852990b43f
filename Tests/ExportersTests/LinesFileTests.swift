import Foundation
import Testing

@testable import Books
@testable import Exporters

@Suite("Files of lines")
struct LinesFileTests {
    private final class Place {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-lines-\(UUID().uuidString)").path
        var path: String { folder + "/requests.jsonl" }
        // 2026-11-26T23:15:24Z
        let wall: UInt64 = 1_795_734_924_000_000_000

        init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: folder) }

        var files: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted() }
        func text(_ file: String = "requests.jsonl") throws -> String { try String(contentsOfFile: folder + "/" + file, encoding: .utf8) }
        func sink(most: Int64? = nil, period: UInt64? = nil, kept: Int = 2) -> LinesFile {
            LinesFile(RotatedFile(path: path, mostBytes: most, periodNanoseconds: period, kept: kept))
        }
    }

    private func batch(_ numbers: Range<Int>) -> ExportBatch {
        var batch = ExportBatch(.lines)
        for record in records(numbers) { batch.add(record) }
        return batch
    }

    private func lines(_ numbers: Range<Int>) -> String { String(decoding: batch(numbers).closed, as: UTF8.self) }

    private func take(_ sink: LinesFile, _ numbers: Range<Int>, _ wall: UInt64) -> SinkAnswer {
        sink.take(batch(numbers), timeoutNanoseconds: 1, wallNanoseconds: wall)
    }

    @Test("each record is a line, as sluice logs --json prints it")
    func form() throws {
        let place = try Place()
        #expect(take(place.sink(), 0..<2, place.wall) == .takenWhole)
        #expect(try place.text() == records(0..<2).map { String(decoding: $0.document.json, as: UTF8.self) + "\n" }.joined())
    }

    @Test("a file that would be larger than it may be is put aside under its time, and the oldest are removed; others' files are not")
    func size() throws {
        let place = try Place()
        let mine = Int64(lines(0..<2).utf8.count)
        for name in ["requests-20200101-000000-00x.jsonl", "requests-2020-000000-000.jsonl", "requests-20200101-000000-000.json", "xrequests-20200101-000000-000.jsonl"] {
            try Data().write(to: URL(fileURLWithPath: place.folder + "/" + name))
        }
        let before = place.files
        let sink = place.sink(most: mine)
        for number in 0..<8 { #expect(take(sink, number..<number + 1, place.wall + UInt64(number) * 1_000_000_000) == .takenWhole) }
        #expect(try place.text() == lines(6..<8))
        let rotated = place.files.filter { !before.contains($0) && $0 != "requests.jsonl" }
        #expect(rotated == ["requests-20261126-231528-000.jsonl", "requests-20261126-231530-000.jsonl"])
        #expect(try rotated.map { try place.text($0) } == [lines(2..<4), lines(4..<6)])
        #expect(Set(before).isSubset(of: place.files))
    }

    @Test("where the clock was ahead, what was just put aside stays, and names that are later than it go first")
    func clockAhead() throws {
        let place = try Place()
        let sink = place.sink(most: 10)
        let day: UInt64 = 86_400_000_000_000
        for number in 0..<3 { #expect(take(sink, number..<number + 1, place.wall + day + UInt64(number) * 1_000_000_000) == .takenWhole) }
        for number in 3..<5 {
            #expect(take(sink, number..<number + 1, place.wall + UInt64(number) * 1_000_000_000) == .takenWhole)
            #expect(place.files.first == "requests-20261126-231527-000.jsonl" && place.files.count == 3, "\(place.files)")
        }
        #expect(place.files == ["requests-20261126-231527-000.jsonl", "requests-20261126-231528-000.jsonl", "requests.jsonl"])
        #expect(try place.text("requests-20261126-231527-000.jsonl") == lines(2..<3))
    }

    @Test("a batch that is larger than a file may be has one of its own, and two of one second have two names")
    func large() throws {
        let place = try Place()
        let sink = place.sink(most: 10, kept: 5)
        for number in 0..<3 { #expect(take(sink, number..<number + 1, place.wall) == .takenWhole) }
        #expect(place.files == ["requests-20261126-231524-000.jsonl", "requests-20261126-231524-001.jsonl", "requests.jsonl"])
    }

    @Test("a file that was written before midnight is put aside after it, also by another process")
    func age() throws {
        let place = try Place()
        let day: UInt64 = 86_400_000_000_000
        #expect(take(place.sink(period: day), 0..<1, place.wall) == .takenWhole)
        let written = Date(timeIntervalSince1970: Double(place.wall / 1_000_000_000))
        try FileManager.default.setAttributes([.modificationDate: written], ofItemAtPath: place.path)
        #expect(take(place.sink(period: day), 1..<2, place.wall + 60_000_000_000) == .takenWhole)
        #expect(place.files == ["requests.jsonl"])
        try FileManager.default.setAttributes([.modificationDate: written], ofItemAtPath: place.path)
        #expect(take(place.sink(period: day), 2..<3, place.wall + 3_600_000_000_000) == .takenWhole)
        #expect(place.files == ["requests-20261127-001524-000.jsonl", "requests.jsonl"])
        #expect(try place.text() == lines(2..<3))
    }

    @Test("one exporter at a time writes a file, and the next one when that has ended")
    func locked() throws {
        let place = try Place()
        var first: LinesFile? = place.sink()
        #expect(first.map { take($0, 0..<1, place.wall) } == .takenWhole)
        let second = place.sink()
        guard case .failed(let fault, _) = take(second, 1..<2, place.wall) else {
            Issue.record("two exporters write one file")
            return
        }
        #expect(fault == "\(place.path): another exporter writes it; name another path, or wait until it has ended")
        first = nil
        #expect(take(second, 1..<2, place.wall) == .takenWhole)
        #expect(try place.text() == lines(0..<2))
    }

    @Test("a file that is moved away or removed is begun again")
    func moved() throws {
        let place = try Place()
        let sink = place.sink()
        #expect(take(sink, 0..<1, place.wall) == .takenWhole)
        try FileManager.default.moveItem(atPath: place.path, toPath: place.folder + "/taken")
        #expect(take(sink, 1..<2, place.wall) == .takenWhole)
        #expect(try place.text("taken") == lines(0..<1))
        #expect(try place.text() == lines(1..<2))
        unlink(place.path)
        #expect(take(sink, 2..<3, place.wall) == .takenWhole)
        #expect(try place.text() == lines(2..<3))
    }

    @Test("a line that a crash has cut, at any of its bytes, is cut off before the next")
    func torn() throws {
        let place = try Place()
        let (whole, cut) = (lines(0..<1), lines(1..<2))
        for count in 1..<cut.utf8.count {
            for before in ["", whole] {
                try Data((before + cut.prefix(count)).utf8).write(to: URL(fileURLWithPath: place.path))
                #expect(take(place.sink(), 2..<3, place.wall) == .takenWhole)
                #expect(try place.text() == before + lines(2..<3), "\(count)")
            }
        }
    }

    @Test("what is nobody's line is not touched: no file, another's text, a folder", arguments: ["notes", "{\"time\":\"x\"}\nnotes", String(repeating: "{", count: 1 << 18)])
    func others(text: String) throws {
        let place = try Place()
        try Data(text.utf8).write(to: URL(fileURLWithPath: place.path))
        guard case .failed(let fault, _) = take(place.sink(), 0..<1, place.wall) else {
            Issue.record("it was written")
            return
        }
        #expect(fault.contains("its end is no line of a record"))
        #expect(try place.text() == text)
    }

    @Test("where there can be no file it says so, and begins when there can")
    func unable() throws {
        let place = try Place()
        let sink = place.sink()
        try FileManager.default.createDirectory(atPath: place.path, withIntermediateDirectories: true)
        #expect(take(sink, 0..<1, place.wall) == .failed("\(place.path): open: Is a directory", pauseNanoseconds: nil))
        rmdir(place.path)
        #expect(mkfifo(place.path, 0o600) == 0)
        #expect(take(sink, 0..<1, place.wall) == .failed("\(place.path): not a file; name another path", pauseNanoseconds: nil))
        unlink(place.path)
        #expect(take(sink, 0..<1, place.wall) == .takenWhole)
    }

    @Test("a path without a folder or a suffix has names, too", arguments: [
        ("requests.jsonl", "requests-20261126-231524-007.jsonl"), ("/var/log/a.b/requests", "/var/log/a.b/requests-20261126-231524-007"),
        ("./.hidden", "./.hidden-20261126-231524-007"),
    ])
    func names(path: String, rotated: String) throws {
        #expect(RotatedName(path: path).path(try Place().wall, 7) == rotated)
    }
}
