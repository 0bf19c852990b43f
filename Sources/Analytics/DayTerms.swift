import Books
import Foundation
import GRDB
import JSON

/// The numbers under which a day's file keeps once what many requests have alike, as far as they are remembered.
struct DayTerms {
    private var kinds: [RowKind: Int64] = [:]
    /// The outline of each kind that is whole: one has one.
    private var outlines: [Int64: Int64] = [:]
    private var shared: [Texts: Int64] = [:]
    private var marks: [Texts: (number: Int64, user: String)] = [:]
    private var dataVersion: Int64?

    var count: Int { kinds.count + shared.count + marks.count }

    /// Before a transaction's rows: what another process may have made anew is remembered no longer.
    mutating func begin(_ database: Database) throws {
        let version = try Int64.fetchOne(database, sql: "PRAGMA data_version")
        if version != dataVersion || count > AnalyticsLimits.rememberedTerms { self = DayTerms() }
        dataVersion = version
    }

    /// A row's kind at each level.
    mutating func kinds(of row: DayRow, user: String, _ database: Database) throws -> RowKind.Numbers {
        let whole = try number(of: RowKind(.whole, row), database)
        let outline = try outlines[whole] ?? number(of: RowKind(.outline, row), database)
        outlines[whole] = outline
        return RowKind.Numbers(whole: whole, outline: outline, user: try number(of: RowKind(.user, row, user: user), database))
    }

    private mutating func number(of kind: RowKind, _ database: Database) throws -> Int64 {
        if let known = kinds[kind] { return known }
        let arguments = kind.arguments
        var number = try Int64.fetchOne(database.cachedStatement(sql: RowKind.finding), arguments: arguments)
        if number == nil {
            try database.cachedStatement(sql: RowKind.insertion).execute(arguments: arguments)
            number = database.lastInsertedRowID
        }
        kinds[kind] = number
        return number ?? 0
    }

    mutating func number(ofShared texts: [UInt8], _ database: Database) throws -> Int64 {
        let known = Texts(bytes: texts)
        if let number = shared[known] { return number }
        var hash = TermHash()
        hash.add(texts)
        let arguments: StatementArguments = [hash.value, Data(texts)]
        var number = try Int64.fetchOne(database.cachedStatement(sql: "SELECT number FROM shared WHERE hash = ? AND texts = ?"), arguments: arguments)
        if number == nil {
            try database.cachedStatement(sql: "INSERT INTO shared (hash, texts) VALUES (?, ?)").execute(arguments: arguments)
            number = database.lastInsertedRowID
        }
        shared[known] = number
        return number ?? 0
    }

    /// The metadata's number, and the user in it.
    mutating func mark(_ texts: [UInt8], _ record: RequestRecord, _ database: Database) throws -> (number: Int64, user: String) {
        let known = Texts(bytes: texts)
        if let mark = marks[known] { return mark }
        var hash = TermHash()
        hash.add(texts)
        let pairs = record.metadataPairs
        let user = pairs.first { $0.key == "_user" }?.value ?? ""
        let arguments: StatementArguments = [hash.value, Data(texts)]
        var number = try Int64.fetchOne(database.cachedStatement(sql: "SELECT number FROM marks WHERE hash = ? AND texts = ?"), arguments: arguments)
        if number == nil {
            let members = pairs.map { DocumentMember(name: $0.key, position: .start, value: DocumentNode(.string($0.value), at: .start)) }
            let metadata = String(decoding: DocumentNode(.object(members), at: .start).json, as: UTF8.self)
            try database.cachedStatement(sql: "INSERT INTO marks (hash, texts, metadata, user) VALUES (?, ?, ?, ?)")
                .execute(arguments: arguments + [metadata, user])
            let made = database.lastInsertedRowID
            let value = try database.cachedStatement(sql: "INSERT INTO mark_values (name, value, mark, place) VALUES (?, ?, ?, ?)")
            for (place, pair) in pairs.enumerated() { try value.execute(arguments: [pair.key, pair.value, made, place]) }
            number = made
        }
        let mark = (number ?? 0, user)
        marks[known] = mark
        return mark
    }

    /// A record's texts, which are told apart all at once and not byte by byte.
    private struct Texts: Hashable {
        let bytes: [UInt8]

        func hash(into hasher: inout Hasher) { bytes.withUnsafeBytes { hasher.combine(bytes: $0) } }
    }
}
