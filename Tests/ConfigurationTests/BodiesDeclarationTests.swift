import Testing

@testable import Configuration

@Suite("The file's bodies")
struct BodiesDeclarationTests {
    private static func read(_ text: String) throws -> BodiesDeclaration { try Fixture.configuration("version: 1\nbooks: { bodies: \(text) }\n").books.bodies }

    @Test("without a word of them nothing but figures is kept")
    func defaults() throws {
        #expect(try Fixture.configuration("version: 1\n").books.bodies == BodiesDeclaration())
        #expect(BodiesDeclaration().mode == .metricsOnly)
    }

    @Test("each row's default reads back as itself", arguments: BodiesDeclaration.Row.allCases)
    func rows(row: BodiesDeclaration.Row) throws {
        let limit = try #require(LimitRow.all.first { $0.name == "books.bodies.\(row.rawValue)" })
        #expect(try Self.read("{ \(row.rawValue): \(limit.defaultText) }") == BodiesDeclaration())
    }

    @Test("one word says it for all, and workspaces may be otherwise")
    func written() throws {
        #expect(try Self.read("full").mode == .full)
        let bodies = try Self.read("{ mode: full, workspaces: { hr: metrics_only, search: full }, fields: [X-Acme-Team], most: 64KiB, keep: 1h, keep_size: 1MiB }")
        #expect(bodies.mode == .full && bodies.exceptions == ["hr"] && bodies.fields == ["x-acme-team"])
        #expect(bodies.most == 65_536 && bodies.keep == 3_600_000_000_000 && bodies.keepSize == 1 << 20)
    }

    @Test(
        "what is out of bounds, or unknown, is told with what would be right",
        arguments: [
            ("all", "must be one of full, metrics_only, not \"all\""), ("{ workspaces: { hr: none } }", "must be one of full, metrics_only"),
            ("{ most: 1023B }", "\"most\" must be from 1KiB to 2MiB"), ("{ most: 3MiB }", "\"most\" must be from 1KiB to 2MiB"), ("{ keep: 59m }", "\"keep\" must be from 1h"),
            ("{ keep_size: 1KiB }", "\"keep_size\" must be from 1MiB"), ("{ modes: full }", "mode"),
        ])
    func faults(text: String, says: String) throws {
        let line = try #require(Fixture.lines("version: 1\nbooks: { bodies: \(text) }\n").first)
        #expect(line.contains(says), "\(line)")
    }
}
