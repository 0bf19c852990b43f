import Books
import Testing

@testable import Analytics

@Suite("Rows part by part")
struct FollowingTests {
    private static let next = State.noon + State.day

    /// Requests of two days, some at the same time.
    private static let samples: [Sample] = (0..<20).map { number in
        Sample(number: number, at: (number < 12 ? State.noon : next) + Int64(number / 3) * 1000, key: number % 2 == 0 ? "a" : "b")
    }

    private func filled() throws -> (State, DayBooks) {
        let state = State()
        try state.write(Array(Self.samples[..<12]))
        try state.write(Array(Self.samples[12...]), process: 2, at: Self.next)
        let books = try state.books(now: Self.next)
        try books.catchUp()
        return (state, books)
    }

    private func all(_ query: RowQuery, of books: DayBooks, most: Int) throws -> [String] {
        var (position, found, hasMore) = (RowPosition(), [String](), true)
        while hasMore {
            let part = try books.next(query, &position, most: most)
            #expect(part.records.count <= most)
            found += part.records.map(\.identifier.description)
            hasMore = part.hasMore
        }
        #expect(try books.next(query, &position, most: most).records.isEmpty)
        return found
    }

    @Test("in parts of any size it is all rows once, the earliest first", arguments: [1, 2, 3, 7, 12, 20, 100])
    func parts(most: Int) throws {
        let (state, books) = try filled()
        let query = RowQuery(from: State.noon, to: Self.next + State.day)
        #expect(try all(query, of: books, most: most) == Self.samples.map(\.id))
        var of = query
        of.keys = ["b"]
        #expect(try all(of, of: books, most: most) == Self.samples.filter { $0.key == "b" }.map(\.id))
        of.keys = ["c"]
        #expect(try all(of, of: books, most: most).isEmpty)
        #expect(try all(RowQuery(from: Self.next, to: Self.next + 5000), of: books, most: most) == Self.samples[12..<15].map(\.id))
        _ = state
    }

    @Test("rows that come while a file is read are in it where they are still ahead")
    func whileReading() throws {
        let (state, books) = try filled()
        var position = RowPosition()
        let query = RowQuery(from: State.noon, to: Self.next + State.day)
        _ = try books.next(query, &position, most: 13)
        try state.write([Sample(number: 30, at: State.noon), Sample(number: 31, at: Self.next + 60_000)], process: 3, at: Self.next)
        try books.catchUp()
        let rest = try books.next(query, &position, most: 100).records.map(\.identifier.description)
        #expect(rest == Self.samples[13...].map(\.id) + [Sample(number: 31, at: Self.next + 60_000).id])
    }

    @Test("who follows is told of what comes behind the end, once and in order, of today and of yesterday")
    func following() throws {
        let (state, books) = try filled()
        var end = try books.end()
        let query = RowQuery(from: 0, to: 0)
        #expect(try books.rows(behind: &end, query, most: 5).records.isEmpty)
        let late = Sample(number: 40, at: State.noon - 7_200_000)
        let new = (41..<48).map { Sample(number: $0, at: Self.next, key: $0 % 2 == 0 ? "a" : "b") }
        try state.write([late], process: 4, at: State.noon)
        try state.write(new, process: 5, at: Self.next)
        try books.catchUp()
        var (found, rounds) = ([String](), 0)
        var other = end
        var hasMore = true
        while hasMore {
            let part = try books.rows(behind: &end, query, most: 3)
            found += part.records.map(\.identifier.description)
            hasMore = part.hasMore
            rounds += 1
        }
        #expect(found == ([late] + new).map(\.id) && rounds == 3)
        #expect(try books.rows(behind: &end, query, most: 3).records.isEmpty)
        var of = query
        of.keys = ["b"]
        #expect(try books.rows(behind: &other, of, most: 100).records.map(\.identifier.description) == new.filter { $0.key == "b" }.map(\.id))
        #expect(try books.rows(behind: &other, query, most: 100).records.isEmpty)
    }

    @Test("a day that begins has all its rows new; rows that are made anew are not told again")
    func newFiles() throws {
        let state = State()
        try state.write(Array(Self.samples[..<3]))
        let books = try state.books(now: Self.next)
        try books.catchUp()
        var end = try books.end()
        try state.write([Self.samples[12]], process: 2, at: Self.next)
        try books.catchUp()
        let query = RowQuery(from: 0, to: 0)
        #expect(try books.rows(behind: &end, query, most: 10).records.map(\.identifier.description) == [Self.samples[12].id])
        try books.rebuild(force: false) { _, _ in }
        #expect(try books.rows(behind: &end, query, most: 10).records.isEmpty)
    }

    @Test("without any file there is nothing, and what comes then is told of")
    func empty() throws {
        let state = State()
        let books = try state.books()
        var (position, end) = (RowPosition(), try books.end())
        #expect(try books.next(RowQuery(from: 0, to: State.noon), &position, most: 5).hasMore == false)
        try state.write([Self.samples[0]])
        try books.catchUp()
        #expect(try books.rows(behind: &end, RowQuery(from: 0, to: 0), most: 5).records.count == 1)
    }
}
