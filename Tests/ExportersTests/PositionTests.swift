import Foundation
import Testing

@testable import Books
@testable import Exporters

@Suite("Exporters' positions")
struct PositionTests {
    private func sample() throws -> JournalPosition {
        var position = JournalPosition()
        position.places[try #require(SegmentName("20261126-231524-4f2a9c01-000003"))] = .done
        position.places[try #require(SegmentName("20261127-000012-4f2a9c01-000004"))] = .at(81_734)
        return position
    }

    @Test("what is written is what is read, and the form is the page's")
    func form() throws {
        let text = "sluice positions 1\n20261126-231524-4f2a9c01-000003 end\n20261127-000012-4f2a9c01-000004 81734\nend\n"
        #expect(try sample().text == text)
        #expect(try JournalPosition(text: text) == sample())
        #expect(JournalPosition(text: JournalPosition().text) == JournalPosition())
    }

    @Test("what is cut anywhere is no position")
    func cut() throws {
        let text = try sample().text
        for count in 0..<text.utf8.count { #expect(JournalPosition(text: String(text.prefix(count))) == nil, "\(count)") }
    }

    @Test("other texts are none", arguments: [
        "", "end\n", "sluice positions 2\nend\n", "sluice positions 1\nx 1\nend\n", "sluice positions 1\n20261126-231524-4f2a9c01-000003\nend\n",
        "sluice positions 1\n20261126-231524-4f2a9c01-000003 -1\nend\n", "sluice positions 1\n20261126-231524-4f2a9c01-000003 99999999999999999999\nend\n",
    ])
    func others(text: String) { #expect(JournalPosition(text: text) == nil) }

    @Test("one process at a time exports for a name, and the next begins where it was")
    func lock() throws {
        let bench = try Bench()
        let folder = bench.directory + "/books/exporters"
        guard case .held = try PositionFile.open(in: folder, name: "one") else {
            Issue.record("two exporters have one name")
            return
        }
        do {
            let file = try Bench.open(bench.directory, name: "other")
            try file.save(try sample())
        }
        #expect(try Bench.open(bench.directory, name: "other").load() == .position(try sample()))
    }

    @Test("a file that is no position is told, and all that the journal has is exported again")
    func damaged() throws {
        let bench = try Bench()
        let path = bench.directory + "/books/exporters/bad.position"
        try Data("sluice positions 1\n2026".utf8).write(to: URL(fileURLWithPath: path))
        let lines = Lines()
        let position = try Bench.open(bench.directory, name: "bad").position(of: bench.folder, startsAtOldest: false) { lines.add($0) }
        #expect(position == JournalPosition())
        #expect(lines.all == ["\(path) is no position; what the journal has is exported again"])
    }

    @Test("a position that is longer than any is none")
    func tooLong() throws {
        let bench = try Bench()
        let path = bench.directory + "/books/exporters/long.position"
        try Data("sluice positions 1\nend\n".utf8).write(to: URL(fileURLWithPath: path))
        #expect(truncate(path, off_t(ExporterLimits.positionByteCount) + 1) == 0)
        #expect(try Bench.open(bench.directory, name: "long").load() == .damaged)
    }
}
