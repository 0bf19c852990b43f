import Bytes
import Ledger
import Providers
import Testing

@testable import Books

@Suite("Record of a request")
struct RecordTests {
    private func read(_ bytes: [UInt8]) throws -> RequestRecord {
        try bytes.withByteSlice { (slice) throws(RecordFault) in try RequestRecord(slice) }
    }

    @Test("what is written of a request is read again, all of it")
    func roundTrip() throws {
        let record = RequestRecord.sample(7)
        let read = try read(record.encoded)
        #expect("\(read)" == "\(record)")
        #expect(read.identifier == record.identifier)
        #expect(read.inputTokens == 46)
        #expect(read.outputTokens == 366)
    }

    @Test("a record that says all there is to say takes few bytes, and an empty one next to none")
    func isCompact() {
        #expect(RequestRecord.sample(1).encoded.count < 700)
        // Version, id, and that there is no number.
        #expect(RequestRecord().encoded == [1] + [UInt8](repeating: 0, count: 17))
    }

    @Test("a record that is cut anywhere is no record, or one with fewer texts; nothing is read past its end")
    func cutAnywhere() throws {
        let whole = RequestRecord.sample(3).encoded
        for count in 0..<whole.count {
            if let record = try? read(Array(whole.prefix(count))) { #expect(record.agent.isEmpty) }
        }
        #expect(throws: RecordFault.cut) { try read([]) }
    }

    @Test("numbers and texts that a later program adds are passed over")
    func laterFields() throws {
        var record = RequestRecord()
        record.figures.status = 418
        var bytes = record.encoded
        let count = RecordNumber.status.rawValue + 1
        #expect(bytes[17] == UInt8(count))
        bytes[17] = UInt8(RecordNumber.count) + 2
        // The status takes two bytes.
        bytes.insert(contentsOf: [UInt8](repeating: 0, count: RecordNumber.count - count) + [0x81, 0x01, 5], at: 18 + count + 1)
        bytes += [200, 3, 1, 2, 3] + [RecordText.model.rawValue, 2, 0x6F, 0x6B]
        let later = try read(bytes)
        #expect(later.figures.status == 418)
        #expect(later.model == "ok")
    }

    @Test("a record of an earlier program, which knew fewer numbers and wrote all of them, is what one without zeros at its end is")
    func earlierFields() throws {
        var record = RequestRecord()
        record.figures.status = 418
        record.model = "m"
        var bytes = record.encoded
        let count = RecordNumber.status.rawValue + 1
        bytes[17] = UInt8(RecordNumber.promptVersion.rawValue)
        // The status takes two bytes.
        bytes.insert(contentsOf: [UInt8](repeating: 0, count: RecordNumber.promptVersion.rawValue - count), at: 18 + count + 1)
        let earlier = try read(bytes)
        #expect(earlier.figures.status == 418 && earlier.model == "m" && earlier.promptReference.isEmpty)
        #expect("\(earlier)" == "\(try read(record.encoded))")
    }

    @Test("a record of another version is refused by its number")
    func otherVersion() {
        var bytes = RequestRecord.sample(1).encoded
        bytes[0] = 2
        #expect(throws: RecordFault.otherVersion(2)) { try read(bytes) }
    }

    @Test("a number without an end is refused")
    func endlessNumber() {
        let bytes = Array(RequestRecord().encoded.prefix(17)) + [UInt8](repeating: 0xFF, count: 12)
        #expect(throws: RecordFault.number) { try read(bytes) }
    }

    @Test("the largest of every number is kept, money and tokens as far as their bounds, so that all that is reckoned with them has room")
    func largest() throws {
        var record = RequestRecord()
        record.figures.wallNanoseconds = .max
        record.figures.cost = .max
        record.figures.savedInputTokens = .max
        record.figures.flags = .counted
        for number in [RecordNumber.input, .cachedRead, .cacheWrite5m, .cacheWrite1h, .audioInput, .output, .reasoning, .audioOutput]
            + [.audioCached, .imageInput, .imageCached, .imageOutput, .webSearches]
        {
            record.figures.set(number, to: .max)
        }
        let read = try read(record.encoded)
        #expect(read.figures.wallNanoseconds == .max)
        #expect(read.figures.cost == BooksLimits.cost)
        #expect(read.figures.savedInputTokens == Providers.Limits.tokenCount)
        #expect(read.inputTokens == 8 * Providers.Limits.tokenCount)
        #expect(read.outputTokens == 4 * Providers.Limits.tokenCount)
        #expect(read.figures.usage.webSearches == Providers.Limits.tokenCount)
        #expect(!read.document.json.isEmpty)
    }

    @Test("what another program wrote beyond the bounds is read as the bounds", arguments: [UInt64.max, 1 << 63, (1 << 53) + 2] as [UInt64])
    func foreignNumbers(number: UInt64) {
        var figures = RecordFigures()
        for field in RecordNumber.allCases { figures.set(field, to: number) }
        #expect(figures.cost == BooksLimits.cost)
        #expect(figures.usage.total == 12 * Providers.Limits.tokenCount && figures.usage.webSearches == Providers.Limits.tokenCount)
        #expect(figures.promptVersion == .max)
    }

    @Test("a token of a stream took what it was sent in behind the first, if there were two and somebody has counted them")
    func tokenTimes() throws {
        var record = RequestRecord.sample(1)
        record.figures.usage = Usage()
        record.figures.usage.output = 101
        record.figures.firstTokenNanoseconds = 12_000_000
        #expect(record.nanosecondsPerToken == 8_000_000)
        #expect(String(decoding: try read(record.encoded).document.json, as: UTF8.self).contains("\"token_us\":8000"))
        var others = [record, record, record, record, record]
        others[0].figures.usage.output = 1
        others[1].figures.flags = [.counted]
        others[2].figures.flags = [.stream, .counted, .estimated]
        others[3].figures.firstTokenNanoseconds = 0
        others[4].figures.firstTokenNanoseconds = .max
        for other in others { #expect(other.nanosecondsPerToken == nil) }
    }

    @Test("limits are told as a list, and guardrails as they are")
    func limitsAndGuardrails() throws {
        let json = String(decoding: try read(RequestRecord.sample(1).encoded).document.json, as: UTF8.self)
        #expect(json.contains("\"limits\":[\"key:search-team\",\"workspace:search\"]"))
        #expect(json.contains("\"guardrails\":[{\"id\":\"no-secrets\",\"side\":\"input\",\"verdict\":true,\"deny\":false}]"))
        var record = RequestRecord()
        record.guardrails = String(repeating: "x", count: BooksLimits.guardrailsByteCount)
        #expect(try read(record.encoded).guardrails == record.guardrails)
        record.guardrails += "x"
        #expect(try read(record.encoded).guardrails.isEmpty)
    }

    @Test("what nobody knows is not nothing")
    func unknownIsNotZero() throws {
        #expect(try read(RequestRecord().encoded).figures.cost == -1)
        var free = RequestRecord()
        free.figures.cost = 0
        #expect(try read(free.encoded).figures.cost == 0)
        #expect(try read(free.encoded).inputTokens == nil)
    }

    @Test("a text is cut at its bound, metadata at its own, and a list of attempts is whole or not there")
    func bounds() throws {
        var record = RequestRecord()
        record.model = String(repeating: "m", count: BooksLimits.textByteCount + 1)
        record.metadata = String(repeating: "x", count: BooksLimits.metadataByteCount)
        record.attempts = String(repeating: "a", count: BooksLimits.attemptsByteCount)
        record.agent = "last"
        let read = try read(record.encoded)
        #expect(read.model.utf8.count == BooksLimits.textByteCount)
        #expect(read.metadata.utf8.count == BooksLimits.metadataByteCount)
        #expect(read.attempts.utf8.count == BooksLimits.attemptsByteCount)
        #expect(read.agent == "last")
        record.attempts += "a"
        #expect(try self.read(record.encoded).attempts.isEmpty)
    }

    @Test("all texts at their longest: those that do not fit are left out whole, and the rest is read")
    func allLongest() throws {
        var record = RequestRecord.sample(1)
        let long = String(repeating: "l", count: 600)
        let paths: [WritableKeyPath<RequestRecord, String>] = [
            \.trace, \.span, \.key, \.user, \.config, \.path, \.model, \.served, \.peer, \.agent, \.error,
        ]
        for path in paths { record[keyPath: path] = long }
        record.metadata = String(repeating: "x", count: BooksLimits.metadataByteCount)
        let read = try read(record.encoded)
        #expect(read.figures.status == 200)
        #expect(read.trace.utf8.count == BooksLimits.textByteCount)
    }

    @Test(
        "metadata is what the request sends, cut; its user is among it",
        arguments: [
            ("{\"team\":\"search\"}", "", ["team=search"]), ("{\"_user\":\"ada\"}", "bob", ["_user=ada"]), ("", "bob", ["_user=bob"]),
            ("{\"n\":3,\"b\":true,\"z\":null,\"o\":{},\"a\":[1]}", "", ["n=3", "b=true"]), ("no json", "", []), ("[1]", "", []),
            ("{\"long\":\"" + String(repeating: "é", count: 200) + "\"}", "", ["long=" + String(repeating: "é", count: 128)]),
        ])
    func metadata(text: String, user: String, pairs: [String]) {
        var record = RequestRecord()
        record.metadata = text
        record.user = user
        #expect(record.metadataPairs.map { "\($0.key)=\($0.value)" } == pairs)
    }

    @Test(
        "whose fault it is: a refusal's own word, else what the status says",
        arguments: [
            (UInt16(200), RecordedBlame.none, RecordedBlame.none), (400, .none, .client), (404, .none, .client), (429, .none, .upstream),
            (401, .none, .upstream), (503, .none, .upstream), (503, .gateway, .gateway), (412, .policy, .policy), (200, .upstream, .upstream),
        ])
    func blame(status: UInt16, written: RecordedBlame, expected: RecordedBlame) {
        var record = RequestRecord()
        record.figures.status = status
        record.figures.blame = written
        #expect(record.blame == expected)
    }

    @Test("dollars have all their digits and no more", arguments: [(Int64(0), "0"), (12_000_000_000, "12"), (325_000, "0.000325"), (1, "0.000000001"), (-1, "-0.000000001")])
    func dollars(count: Int64, text: String) {
        #expect(RecordMoney.dollars(count) == text)
    }

    @Test("times are RFC 3339 with milliseconds")
    func times() {
        #expect(RecordTime.text(1_764_198_924_007_999_999) == "2025-11-26T23:15:24.007Z")
    }
}
