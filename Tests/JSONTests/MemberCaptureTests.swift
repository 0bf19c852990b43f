import Bytes
import JSON
import Testing

@Suite("Member capture")
struct MemberCaptureTests {
    struct Result: Equatable {
        var value: String?
        var isComplete = true
        var isMalformed = false
        var isTooLong = false
    }

    /// What a capture of `usage` has after `pieces`, each set against the end of accessible memory.
    static func capture(_ pieces: [ArraySlice<UInt8>], limit: Int = 2048) -> Result {
        var capture = MemberCapture("usage", limit: limit)
        for piece in pieces { withGuarded(piece) { capture.feed($0) } }
        return Result(
            value: capture.value.map { String($0) }, isComplete: capture.isComplete, isMalformed: capture.isMalformed,
            isTooLong: capture.isTooLong)
    }

    static let cases: [(String, Result)] = [
        (#"{"usage":{"total_tokens":7}}"#, Result(value: #"{"total_tokens":7}"#)),
        (#" {"id":"x\"usage\":1","choices":[{"usage":{"a":"}]"}}],"usage" : {"n":{"m":[1,"]}"]}} , "z":1}"#,
            Result(value: #"{"n":{"m":[1,"]}"]}}"#)),
        (#"{"us\u0061ge":[1,2]}"#, Result(value: "[1,2]")), (#"{"\u0075\u0073\u0061\u0067\u0065":12 }"#, Result(value: "12")),
        (#"{"usage":"a\\\"b"}"#, Result(value: #""a\\\"b""#)), (#"{"usage":null}"#, Result(value: "null")),
        (#"{"usage":-1.5e+3,"a":1}"#, Result(value: "-1.5e+3")), (#"{"usages":1,"usag":2,"":3}"#, Result(value: nil)),
        (#"{"a":{"usage":1},"b":"usage"}"#, Result(value: nil)), ("{}", Result(value: nil)), ("{ } trailing", Result(value: nil)),
        (#"{"usage":1,"usage":{"last":true}}"#, Result(value: #"{"last":true}"#)),
        (#"{"usage":{"a":1}"#, Result(value: #"{"a":1}"#, isComplete: false)), (#"{"usage":12"#, Result(value: nil, isComplete: false)),
        (#"{"usage":1,"usage":{"cut"#, Result(value: nil, isComplete: false)),
        ("", Result(value: nil, isComplete: false)), ("[1]", Result(value: nil, isComplete: false, isMalformed: true)),
        (#"{usage:1}"#, Result(value: nil, isComplete: false, isMalformed: true)),
        (#"{"usage":}"#, Result(value: nil, isComplete: false, isMalformed: true)),
        (#"{"usage":1;"#, Result(value: "1", isComplete: false, isMalformed: true)),
        (#"{"a-key-much-longer-than-any-escaped-spelling-of-the-name\u0061":1,"usage":5}"#, Result(value: "5")),
    ]

    @Test("the value is the same whole, split at every offset, and one byte at a time", arguments: cases)
    func capturesAtEverySplit(_ source: String, wanted: Result) {
        let bytes = Array(source.utf8)
        #expect(MemberCaptureTests.capture([bytes[...]]) == wanted)
        #expect(MemberCaptureTests.capture(bytes.indices.map { bytes[$0...$0] }) == wanted)
        for split in 0...bytes.count {
            #expect(MemberCaptureTests.capture([bytes[..<split], bytes[split...]]) == wanted, "split at \(split)")
        }
        for (left, right) in bytes.indices.lazy.map({ ($0, min($0 + 5, bytes.count)) }) {
            #expect(MemberCaptureTests.capture([bytes[..<left], bytes[left..<right], bytes[right...]]) == wanted)
        }
    }

    @Test("a whole text is answered with the value's range, and nothing is kept", arguments: cases)
    func findsRanges(_ source: String, wanted: Result) {
        withGuarded(source.utf8) { text in
            var capture = MemberCapture("usage", limit: 1)
            #expect(capture.range(in: text).map { String(text[$0]) } == wanted.value)
            #expect(capture.value.map { String($0) } == nil)
        }
    }

    @Test("a value of exactly the limit is kept, one byte more is given up and told", arguments: [false, true])
    func limitsTheValue(_ isSplit: Bool) {
        let value = "\"" + String(repeating: "x", count: 30) + "\""
        let bytes = Array(#"{"usage":\#(value),"z":0}"#.utf8)
        let pieces = isSplit ? bytes.indices.map { bytes[$0...$0] } : [bytes[...]]
        #expect(MemberCaptureTests.capture(pieces, limit: 32) == Result(value: value))
        #expect(MemberCaptureTests.capture(pieces, limit: 31) == Result(value: nil, isTooLong: true))
    }

    @Test("a later value that fits counts after one that was too long, and the reverse")
    func lastValueCounts() {
        let long = String(repeating: "9", count: 20)
        #expect(MemberCaptureTests.capture([Array(#"{"usage":\#(long),"usage":1}"#.utf8)[...]], limit: 8) == Result(value: "1"))
        #expect(MemberCaptureTests.capture([Array(#"{"usage":1,"usage":\#(long)}"#.utf8)[...]], limit: 8)
            == Result(value: nil, isTooLong: true))
    }

    @Test("reset makes it ready for another text, whatever came before", arguments: ["[", #"{"usage":{"a"#, #"{"us"#, "{}"])
    func resets(_ before: String) {
        var capture = MemberCapture("usage")
        withGuarded(before.utf8) { capture.feed($0) }
        capture.reset()
        withGuarded(#"{"usage":3}"#.utf8) { capture.feed($0) }
        #expect(capture.value.map { $0 == "3" } == true)
        #expect(capture.isComplete == true)
    }

    @Test("it agrees with the scan on every object of random shape, at random splits")
    func agreesWithTheScan() throws {
        var random = SeededGenerator.fresh("capture against scan")
        for _ in 0..<300 {
            let members = (0..<random.below(5)).map { _ in
                let key = ["usage", #"us\u0061ge"#, "id", "choices"][random.below(4)]
                return SpliceModel.space(&random) + "\"\(key)\":" + SpliceModel.value(&random, depth: 0) + SpliceModel.space(&random)
            }
            let bytes = Array(("{" + members.joined(separator: ",") + "}").utf8)
            var pieces: [ArraySlice<UInt8>] = []
            var at = 0
            while at < bytes.count {
                let next = min(bytes.count, at + 1 + random.below(40))
                pieces.append(bytes[at..<next])
                at = next
            }
            let wanted = try withGuarded(bytes) { text in
                var scan = ObjectScan(names: ["usage"])
                try scan.scan(text)
                return scan.member("usage").map { String($0.bytes(in: text)) }
            }
            #expect(MemberCaptureTests.capture(pieces) == Result(value: wanted), "\(String(decoding: bytes, as: UTF8.self))")
        }
    }

    @Test("10,000 levels and a megabyte of quotes are followed in bounded time and space")
    func boundsTime() {
        let clock = ContinuousClock()
        let start = clock.now
        for filler in ["[", "\"", "\\", "{\"a\":", "]"] {
            let bytes = Array((#"{"usage":"# + String(repeating: filler, count: 200_000)).utf8)
            let result = MemberCaptureTests.capture([bytes[...]])
            #expect(!result.isComplete)
        }
        #expect(clock.now - start < .seconds(20))
    }
}
