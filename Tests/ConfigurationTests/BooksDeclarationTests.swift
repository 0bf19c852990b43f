import Testing

@testable import Configuration

@Suite("The file's books")
struct BooksDeclarationTests {
    @Test("without a word of them they are as docs/limits.md says")
    func defaults() throws {
        let books = try Fixture.configuration("version: 1\n").books
        #expect(books == BooksDeclaration())
        #expect(books.mode == .auto)
        #expect(books.sync == 1_000_000_000)
    }

    @Test("each row's default reads back as itself", arguments: BooksDeclaration.Row.allCases)
    func rows(row: BooksDeclaration.Row) throws {
        let limit = try #require(LimitRow.all.first { $0.name == "books.\(row.rawValue)" })
        #expect(!limit.reason.isEmpty)
        #expect(try Fixture.configuration("version: 1\nbooks: { \(row.rawValue): \(limit.defaultText) }\n").books == BooksDeclaration())
    }

    @Test("what is written is what is read")
    func written() throws {
        let books = try Fixture.configuration(
            "version: 1\nbooks: { mode: best_effort, sync: 10ms, segment: 64KiB, keep: 1m, keep_size: 1MiB, rows_keep: 1d }\n"
        ).books
        #expect(books.mode == .bestEffort)
        #expect(books.sync == 10_000_000 && books.segment == 65_536 && books.keep == 60_000_000_000)
        #expect(books.keepSize == 1 << 20 && books.rowsKeep == 86_400_000_000_000)
        #expect(try Fixture.configuration("version: 1\nbooks: { export_denied_fields: [request, metadata, request] }\n").books.deniedExportFields == ["request", "metadata"])
        let whose = try Fixture.configuration("version: 1\nbooks: { export_denied_fields: [peer, agent, key, certificate] }\n").books
        #expect(whose.deniedExportFields == ["peer", "agent", "key", "certificate"])
        #expect(try Fixture.configuration("version: 1\nbooks: { mode: off }\n").books.mode == .off)
    }

    @Test(
        "what is out of bounds, or unknown, is told with its place and what would be right",
        arguments: [
            ("mode: never", "f:2:16: \"mode\" must be one of auto, required, best_effort, off, not \"never\""), ("sync: 9ms", "\"sync\" must be from 10ms to 1m"),
            ("sync: 61s", "\"sync\" must be from 10ms to 1m"), ("sync: 1", "\"sync\" has no unit"), ("segment: 63KiB", "\"segment\" must be from 64KiB to 1GiB"),
            ("segment: 2GiB", "\"segment\" must be from 64KiB to 1GiB"), ("keep: 59s", "\"keep\" must be from 1m"), ("keep_size: 1KiB", "\"keep_size\" must be from 1MiB"),
            ("rows_keep: 23h", "\"rows_keep\" must be from 1d to 3660d"), ("rows: 1d", "rows_keep"),
            ("export_denied_fields: [metadata, secret]", "must be one of id, trace_id"), ("export_denied_fields: []", "\"export_denied_fields\" must have 1 to 88 entries"),
        ])
    func faults(text: String, says: String) throws {
        let line = try #require(Fixture.lines("version: 1\nbooks: { \(text) }\n").first)
        #expect(line.contains(says), "\(line)")
    }
}
