import Books
import Foundation
import GRDB
import Testing

@testable import Analytics

@Suite("Day files of an earlier program")
struct EarlierFileTests {
    /// A file with one wide table and sums of minutes, as the first program made them: without prompts.
    private func make(_ path: String, _ samples: [Sample], of state: State) throws {
        try FileManager.default.createDirectory(atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        let queue = try DatabaseQueue(path: path)
        try queue.write { database in
            try database.execute(sql: """
                PRAGMA user_version = 1;
                CREATE TABLE positions (segment TEXT NOT NULL PRIMARY KEY, offset INTEGER NOT NULL) WITHOUT ROWID;
                CREATE TABLE records (
                    id TEXT NOT NULL PRIMARY KEY, at INTEGER NOT NULL, trace TEXT NOT NULL, span TEXT NOT NULL, workspace TEXT NOT NULL, key TEXT NOT NULL,
                    virtual_key TEXT NOT NULL, user TEXT NOT NULL, config TEXT NOT NULL, endpoint TEXT NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL,
                    served TEXT NOT NULL, status INTEGER NOT NULL, cache INTEGER NOT NULL, retries INTEGER NOT NULL, fallback INTEGER NOT NULL,
                    tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL, cost INTEGER NOT NULL, saved INTEGER NOT NULL, total_us INTEGER NOT NULL,
                    metadata TEXT NOT NULL, record BLOB NOT NULL);
                CREATE INDEX records_at ON records (at);
                CREATE INDEX records_trace ON records (trace);
                CREATE TABLE rollups (minute INTEGER NOT NULL PRIMARY KEY) WITHOUT ROWID;
                """)
            for sample in samples {
                try database.execute(
                    sql: "INSERT INTO records VALUES (?, ?, ?, '', ?, ?, '', ?, '', '', ?, ?, '', ?, 0, 0, 0, ?, ?, ?, 0, ?, ?, ?)",
                    arguments: [
                        sample.id, sample.at, sample.trace, sample.workspace, sample.key, sample.user, sample.provider, sample.model, Int64(sample.status),
                        sample.tokensIn, sample.tokensOut, sample.cost, Int64(sample.microseconds), sample.metadata, Data(sample.bytes()),
                    ])
            }
        }
        try queue.close()
    }

    @Test("its rows are read beside those that come, and made anew they have what it did not know")
    func earlier() throws {
        let state = State()
        let first = Sample(number: 1, workspace: "ws1", prompt: "pp-a", promptVersion: 3, metadata: "{\"team\":\"x\"}", trace: "t")
        try state.write([first])
        let books = try state.books()
        let path = books.directory + "/2025-11-26.sqlite"
        try make(path, [first], of: state)
        let query = RowQuery(from: State.noon, to: State.noon + State.day)
        #expect(try books.page(query, offset: 0, count: 10).records.map(\.promptReference) == ["pp-a@3"])
        #expect(try books.groups(query, by: .prompt).mapValues(\.requests) == ["": 1])
        #expect(try books.record(first.id, workspace: "ws1") != nil)
        #expect(try books.groups(query, by: .metadata("team")).mapValues(\.requests) == ["x": 1])
        var end = try books.end()
        try state.write([Sample(number: 2, prompt: "pp-a", promptVersion: 4, metadata: "{\"team\":\"x\"}")], process: 2)
        // What that program took of the first segment is not taken again.
        let segment = try #require(try JournalFolder(dataDirectory: state.path).segments().first)
        let size = try #require(try FileManager.default.attributesOfItem(atPath: segment.path)[.size] as? Int64)
        try #require(try books.file(day: Int(State.noon / State.day))).pool.write {
            try $0.execute(sql: "INSERT INTO positions VALUES (?, ?)", arguments: [segment.name.description, size])
        }
        try books.catchUp()
        #expect(try books.groups(query, by: .promptVersion).mapValues(\.requests) == ["": 1, "pp-a@4": 1])
        #expect(try books.groups(query, by: .metadata("team")).mapValues(\.requests) == ["x": 2])
        #expect(try books.rows(behind: &end, query, most: 10).records.map(\.promptReference) == ["pp-a@4"])
        var position = RowPosition()
        #expect(try books.next(query, &position, most: 10).records.count == 2)
        var chosen = query
        chosen.metadata = [("team", ["x"])]
        #expect(try books.page(chosen, offset: 0, count: 10).total == 2)
        #expect(try books.latencies(query, by: .day).values.map(\.count) == [2])
        books.close()
        let again = try state.books()
        try again.rebuild(force: false) { _, _ in }
        #expect(try again.groups(query, by: .promptVersion).mapValues(\.requests) == ["pp-a@3": 1, "pp-a@4": 1])
        #expect(try again.page(chosen, offset: 0, count: 10).total == 2)
    }
}
