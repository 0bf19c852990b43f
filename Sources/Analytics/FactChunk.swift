import Foundation
import GRDB

/// What questions add up of some rows, column by column: a fraction of the bytes that the rows take, and read at once.
///
/// Each column is its width (1 byte), its least value (8 bytes) and, for each row, what it has more than that, in so many bytes with the lowest first.
struct FactChunk {
    enum Column: Int, CaseIterable { case at, kind, mark, tokensIn, tokensOut, cost, saved, microseconds }

    private(set) var columns: [[Int64]]

    init(columns: [[Int64]]) { self.columns = columns }

    subscript(_ column: Column) -> [Int64] { columns[column.rawValue] }

    var count: Int { columns[0].count }

    // MARK: Bytes

    var data: Data {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(columns.count * (9 + 8 * count))
        func append(_ number: Int64, _ width: Int) {
            for index in 0..<width { bytes.append(UInt8(truncatingIfNeeded: number >> Int64(8 * index))) }
        }
        for values in columns {
            let least = values.min() ?? 0
            // The distance of any two fits 64 bits without a sign.
            let most = UInt64(bitPattern: (values.max() ?? 0) &- least)
            let width = FactChunk.width(of: most)
            bytes.append(UInt8(width))
            append(least, 8)
            for value in values { append(value &- least, width) }
        }
        return Data(bytes)
    }

    private static func width(of most: UInt64) -> Int {
        switch most {
        case 0: 0
        case ..<0x100: 1
        case ..<0x1_0000: 2
        case ..<0x1_0000_0000: 4
        default: 8
        }
    }

    /// - Parameters:
    ///   - count: of its rows.
    ///   - wanted: the columns that are read; others are empty.
    /// - Throws: for what is none: others may have written to the file.
    init(_ bytes: UnsafeRawBufferPointer, count: Int, wanted: Set<Column>) throws {
        columns = []
        var offset = 0
        for column in Column.allCases {
            guard bytes.count - offset >= 9 else { throw DamagedRollup() }
            let width = Int(bytes[offset])
            let least = Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 1, as: Int64.self))
            offset += 9
            guard [0, 1, 2, 4, 8].contains(width), bytes.count - offset >= width * count else { throw DamagedRollup() }
            let values = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + width * count])
            offset += width * count
            columns.append(wanted.contains(column) ? FactChunk.values(values, width: width, least: least, count: count) : [])
        }
    }

    private static func values(_ bytes: UnsafeRawBufferPointer, width: Int, least: Int64, count: Int) -> [Int64] {
        func read<Word: FixedWidthInteger>(_ word: Word.Type) -> [Int64] {
            // In bounds: there are `count` words in the bytes.
            words(bytes, count, word) { least &+ Int64(truncatingIfNeeded: $0) }
        }
        return switch width {
        case 0: [Int64](repeating: least, count: count)
        case 1: read(UInt8.self)
        case 2: read(UInt16.self)
        case 4: read(UInt32.self)
        default: read(UInt64.self)
        }
    }

    private static func words<Word: FixedWidthInteger>(
        _ bytes: UnsafeRawBufferPointer, _ count: Int, _ word: Word.Type, _ value: (Word) -> Int64
    ) -> [Int64] {
        [Int64](unsafeUninitializedCapacity: count) { room, made in
            for index in 0..<count {
                room[index] = value(Word(littleEndian: bytes.loadUnaligned(fromByteOffset: index &* MemoryLayout<Word>.size, as: Word.self)))
            }
            made = count
        }
    }

    // MARK: Rows

    private static let names = "at, kind, mark, tokens_in, tokens_out, cost, saved, total_us"

    /// Rows that are in no chunk, up to a chunk's.
    static func rest(_ database: Database) throws -> (first: Int64, facts: FactChunk)? {
        let last = try Int64.fetchOne(database, sql: "SELECT max(last) FROM chunks") ?? 0
        var columns = [[Int64]](repeating: [], count: Column.allCases.count)
        var first: Int64?
        let sql = "SELECT \(names), number FROM requests WHERE number > ? ORDER BY number LIMIT ?"
        let cursor = try Row.fetchCursor(database, sql: sql, arguments: [last, AnalyticsLimits.chunkRows])
        while let row = try cursor.next() {
            let number: Int64 = row[columns.count]
            // A chunk has all rows from its first to its last.
            if let first, number != first + Int64(columns[0].count) { break }
            first = first ?? number
            for index in columns.indices { columns[index].append(row[index]) }
        }
        return first.map { ($0, FactChunk(columns: columns)) }
    }

    /// Makes chunks of the rows that are in none.
    ///
    /// - Parameter withRest: also of fewer than a chunk's.
    static func make(_ database: Database, withRest: Bool) throws {
        let most = AnalyticsLimits.chunkRows
        while true {
            let known = try Int64.fetchOne(database, sql: "SELECT max(last) FROM chunks") ?? 0
            let all = try Int64.fetchOne(database, sql: "SELECT max(number) FROM requests") ?? 0
            guard all - known >= (withRest ? 1 : most), let (first, facts) = try rest(database) else { return }
            let times = facts[.at]
            try database.cachedStatement(sql: "INSERT INTO chunks (first, last, from_at, to_at, facts) VALUES (?, ?, ?, ?, ?)")
                .execute(arguments: [first, first + Int64(facts.count) - 1, times.min(), times.max(), facts.data])
        }
    }
}
