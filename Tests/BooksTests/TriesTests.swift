import Bytes
import JSON
import Testing

@testable import Books

@Suite("Tries of a request")
struct TriesTests {
    /// One with a single attempt, of which the record says all.
    private func once() -> RequestRecord {
        var record = RequestRecord.sample(1)
        record.attempts = ""
        record.figures.attempts = 1
        record.figures.flags.insert(.triedOnce)
        record.figures.reason = .weighted
        return record
    }

    private func text(_ tries: [DocumentNode]) -> [String] { tries.map { String(decoding: $0.json, as: UTF8.self) } }

    private func readAgain(_ record: RequestRecord) throws -> RequestRecord {
        try record.encoded.withByteSlice { (slice) throws(RecordFault) in try RequestRecord(slice) }
    }

    @Test("of a request that was tried once its record is what is told, and its tokens and cost are the try's")
    func alone() throws {
        let tries = text(try readAgain(once()).tries)
        #expect(tries == [
            #"{"target":"config.targets[0]","key":"openai-prod","status":200,"ms":811,"why":"weighted","begun_us":41,"queue_us":9000,"first_byte_us":210000,"#
                + #""over_us":812000,"tokens_in":46,"tokens_out":366,"cost_nanodollars":325000}"#
        ])
        #expect(String(decoding: once().document.json, as: UTF8.self).contains("\"tries\":[{\"target\""))
    }

    @Test("an earlier program's record of one attempt says too little of it to be told")
    func earlier() {
        var record = once()
        record.figures.flags.remove(.triedOnce)
        #expect(record.tries.isEmpty && !String(decoding: record.document.json, as: UTF8.self).contains("tries"))
    }

    @Test("what the answer took stands with the last try, what others took with theirs: they come to the whole")
    func addUp() throws {
        var record = RequestRecord.sample(1)
        record.attempts = #"[{"status":446,"ms":1,"tokens_in":5,"tokens_out":6,"cost_nanodollars":7},{"status":200,"ms":1}]"#
        (record.figures.lostInputTokens, record.figures.lostOutputTokens, record.figures.lostCost) = (5, 6, 7)
        #expect(text(try readAgain(record).tries) == [
            #"{"status":446,"ms":1,"tokens_in":5,"tokens_out":6,"cost_nanodollars":7}"#,
            #"{"status":200,"ms":1,"tokens_in":46,"tokens_out":366,"cost_nanodollars":325000}"#,
        ])
        #expect(record.billedInputTokens == 51 && record.billedOutputTokens == 372 && record.billedCost == 325_007)
    }

    @Test("no try is told to have taken what another has: where the last is not listed, has its own, or nothing was counted")
    func othersTokens() {
        var record = RequestRecord.sample(1)
        record.attempts = #"[{"status":503,"ms":1},{"status":503,"ms":2}]"#
        record.figures.attempts = 3
        #expect(text(record.tries) == [#"{"status":503,"ms":1}"#, #"{"status":503,"ms":2}"#])
        record.figures.attempts = 2
        record.figures.flags.remove(.counted)
        #expect(text(record.tries)[1] == #"{"status":503,"ms":2}"#)
        record.figures.flags.insert(.counted)
        record.attempts = #"[{"status":446,"tokens_in":5}]"#
        #expect(text(record.tries) == [#"{"status":446,"tokens_in":5}"#])
    }

    @Test("a record says how many of its tries it does not list, and nothing of them where it lists all", arguments: [(1, nil), (2, nil), (3, 1), (9, 7)] as [(UInt8, Int?)])
    func leftOut(attempts: UInt8, expected: Int?) {
        var record = RequestRecord.sample(1)
        record.attempts = #"[{"status":503,"ms":1},{"status":503,"ms":2}]"#
        record.figures.attempts = attempts
        let text = String(decoding: record.document.json, as: UTF8.self)
        #expect(text.contains("\"attempts\":\(attempts),\"tries\":["))
        #expect(text.contains("tries_left_out") == (expected != nil))
        if let expected { #expect(text.contains("\"tries_left_out\":\(expected)")) }
        // As many as there were had no room together.
        record.attempts = ""
        let unlisted = String(decoding: record.document.json, as: UTF8.self)
        #expect(unlisted.contains("\"tries_left_out\":\(attempts)") == (attempts > 1))
    }

    @Test("what is no list of tries is none", arguments: ["", "7", "{}", "[", "[7]"])
    func notTries(attempts: String) {
        var record = RequestRecord.sample(1)
        record.figures.attempts = 1
        record.attempts = attempts
        #expect(record.tries.count == (attempts == "[7]" ? 1 : 0))
    }

    @Test("the provider's time is the last try's, without its wait for a connection; of an older record it is not known")
    func providerTime() {
        // 812 ms, without the gateway's 41 µs and a wait of 9 ms.
        #expect(once().providerMicroseconds == 802_959)
        var record = RequestRecord.sample(1)
        record.attempts = #"[{"begun_us":1,"over_us":900},{"begun_us":1000,"queue_us":50,"over_us":5000}]"#
        #expect(record.providerMicroseconds == 3950)
        record.figures.attempts = 3
        #expect(record.providerMicroseconds == nil)
        record.attempts = #"[{"ms":1},{"ms":2}]"#
        record.figures.attempts = 2
        #expect(record.providerMicroseconds == nil)
        record.attempts = #"[{"begun_us":9223372036854775807,"over_us":-9223372036854775807}]"#
        record.figures.attempts = 1
        #expect(record.providerMicroseconds != nil)
    }

    @Test("how a config chose is known where it came to a target, and of requests that came this way")
    func modes() throws {
        for mode in RecordedMode.allCases {
            var record = once()
            record.figures.mode = mode
            #expect(try readAgain(record).mode == mode)
        }
        var record = once()
        record.target = ""
        #expect(record.mode == nil)
        record = once()
        record.figures.flags.insert(.reported)
        #expect(record.mode == nil)
    }

    @Test(
        "a library is Portkey's SDK where it names itself, else what stands first in the agent",
        arguments: [
            ("portkey-2.3.4", "OpenAI/Python 2.30.0", "portkey", "2.3.4"), ("", "OpenAI/Python 2.30.0", "OpenAI/Python", "2.30.0"),
            ("", "AsyncOpenAI/Python 1.0", "AsyncOpenAI/Python", "1.0"), ("", "curl/8.5.0", "curl", "8.5.0"), ("", "python-httpx/0.27.0 x", "python-httpx", "0.27.0"),
            ("", "Mozilla/5.0 (X11; Linux)", "Mozilla", "5.0"), ("", "tests", "tests", ""), ("", "a/b c", "a/b", ""), ("x", "curl/8.5.0", "curl", "8.5.0"),
        ])
    func libraries(sdk: String, agent: String, name: String, version: String) {
        var record = RequestRecord()
        #expect(record.library == nil)
        (record.sdk, record.agent) = (sdk, agent)
        #expect(record.library == CallingLibrary(name: name, version: version))
    }

    @Test("each reason is read as it was written", arguments: RecordedReason.allCases)
    func reasons(reason: RecordedReason) throws {
        var record = once()
        record.figures.reason = reason
        #expect(try readAgain(record).figures.reason == reason)
    }
}
