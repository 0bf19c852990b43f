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
}
