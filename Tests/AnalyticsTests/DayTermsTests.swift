import GRDB
import Testing

@testable import Analytics

@Suite("Remembered terms")
struct DayTermsTests {
    @Test("as many are remembered as is said, and with one more all are looked up again, under the numbers that they have")
    func limit() throws {
        let queue = try DatabaseQueue()
        try queue.write { database in
            try database.execute(sql: "CREATE TABLE shared (number INTEGER PRIMARY KEY, hash INTEGER NOT NULL, texts BLOB NOT NULL); CREATE INDEX h ON shared (hash)")
            func texts(_ number: Int) -> [UInt8] { Array("\(number)".utf8) }
            var terms = DayTerms()
            try terms.begin(database)
            for number in 0..<AnalyticsLimits.rememberedTerms { _ = try terms.number(ofShared: texts(number), database) }
            try terms.begin(database)
            #expect(terms.count == AnalyticsLimits.rememberedTerms)
            let first = try terms.number(ofShared: texts(0), database)
            _ = try terms.number(ofShared: texts(AnalyticsLimits.rememberedTerms), database)
            try terms.begin(database)
            #expect(terms.count == 0)
            #expect(try terms.number(ofShared: texts(0), database) == first && terms.count == 1)
        }
    }

    /// Has the next transaction fail where it ends, as a full disk does.
    private final class FailingCommit: TransactionObserver {
        private var fails = false

        func arm() { fails = true }

        func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool { true }
        func databaseDidChange(with event: DatabaseEvent) {}
        func databaseDidCommit(_ database: Database) {}
        func databaseDidRollback(_ database: Database) {}

        func databaseWillCommit() throws {
            defer { fails = false }
            if fails { throw DatabaseError(resultCode: .SQLITE_FULL) }
        }
    }

    @Test("what a transaction remembered that failed in its end is nobody's number", arguments: [false, true])
    func failed(isRebuilt: Bool) throws {
        let state = State()
        try state.write([Sample(number: 1, workspace: "first", model: "a", metadata: #"{"team":"one"}"#)], process: 1)
        let books = try state.books()
        if isRebuilt { try books.catchUp() }
        let file = try #require(try books.file(day: Int(State.noon / State.day), makes: true))
        let failing = FailingCommit()
        try file.pool.write { $0.add(transactionObserver: failing, extent: .databaseLifetime) }
        // Adding it was a transaction of its own.
        failing.arm()
        #expect(throws: (any Error).self) {
            if isRebuilt { try books.rebuild(force: true) { _, _ in } } else { try books.catchUp() }
        }
        try state.write([Sample(number: 2, workspace: "second", model: "b", metadata: #"{"team":"two"}"#)], process: 2)
        try books.catchUp()
        let rows = try books.page(RowQuery(from: 0, to: State.noon + State.day), offset: 0, count: 10).records
        #expect(rows.map { "\($0.workspace) \($0.model) \($0.metadata)" }.sorted() == [#"first a {"team":"one"}"#, #"second b {"team":"two"}"#])
        #expect(try file.pool.read { try String.fetchAll($0, sql: "SELECT workspace || model FROM kinds WHERE level = 0 ORDER BY 1") } == ["firsta", "secondb"])
    }
}
