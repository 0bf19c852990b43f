import Bytes
import JSON
import Testing

@Suite("Object scan")
struct ObjectScanTests {
    /// The error of scanning `text`, nil when it is accepted.
    static func fault(_ bytes: some Sequence<UInt8>, depthLimit: Int = JSONLimits.depth) -> JSONError? {
        withGuarded(bytes) { text in
            var scan = ObjectScan(depthLimit: depthLimit)
            do throws(JSONError) { try scan.scan(text) } catch {
                #expect(scan.count == 0 && scan.object.isEmpty)
                return error
            }
            return nil
        }
    }

    @Test("members are recorded in order with their ranges and kinds")
    func recordsMembers() throws {
        let source = #" { "model" : "gpt\n" ,"n":-1.5e3,"o":{"x":[1]},"a":[],"t":true,"f":false,"z":null } "#
        try withGuarded(source.utf8) { text in
            var scan = ObjectScan()
            try scan.scan(text)
            let found = (0..<scan.count).map { "\(String(text[scan[$0].key]))=\(String(scan[$0].bytes(in: text)))" }
            #expect(found == [#"model="gpt\n""#, "n=-1.5e3", #"o={"x":[1]}"#, "a=[]", "t=true", "f=false", "z=null"])
            #expect((0..<scan.count).map { scan[$0].kind } == [.string, .number, .object, .array, .true, .false, .null])
            #expect(scan.object == 1..<text.count - 1)
            #expect(scan.member("model")?.valueHasEscapes == true)
            #expect(scan.string("model")?.plain == nil)
            #expect(scan.bool("t") == true && scan.bool("f") == false && scan.bool("z") == nil)
            #expect(scan.member("absent") == nil)
        }
    }

    @Test("an object with nothing in it has no members", arguments: ["{}", "{ }", "\n{\t}\r\n"])
    func takesEmptyObjects(_ source: String) throws {
        try withGuarded(source.utf8) { text in
            var scan = ObjectScan()
            try scan.scan(text)
            #expect(scan.count == 0)
            #expect(String(text[scan.object]).hasPrefix("{"))
        }
    }

    @Test("a fault is told with its offset and what was expected", arguments: [
        ("", 0, JSONError.Fault.object), ("[]", 0, .object), ("\"a\"", 0, .object), ("{", 1, .key), ("{,}", 1, .key),
        (#"{"a"}"#, 4, .colon), (#"{"a":}"#, 5, .value), (#"{"a":1"#, 6, .commaOrBrace), (#"{"a":1,}"#, 7, .key),
        (#"{"a":1]"#, 6, .commaOrBrace), (#"{"a":[1}"#, 7, .commaOrBracket), (#"{"a":[1,]}"#, 8, .value),
        (#"{"a":1}x"#, 7, .endOfText), (#"{"a":1}{}"#, 7, .endOfText), (#"{"a":01}"#, 6, .commaOrBrace),
        (#"{"a":-}"#, 6, .digit), (#"{"a":1.}"#, 7, .digit), (#"{"a":.5}"#, 5, .value), (#"{"a":1e}"#, 7, .digit),
        (#"{"a":tru}"#, 8, .literal), (#"{"a":nul"#, 8, .literal), (#"{"a":NaN}"#, 5, .value),
        (#"{"a":"x"#, 7, .closingQuote), (#"{"a":"\x"}"#, 7, .escape), (#"{"a":"\u12g4"}"#, 10, .hexadecimalDigit),
        (#"{"a":"\"#, 7, .escape), (#"{"a":"\u12"#, 10, .hexadecimalDigit), ("{\"a\":\"\n\"}", 6, .controlByte),
        ("{\"a\":\"\u{0}\"}", 6, .controlByte), ("{\u{0}}", 1, .key), ("{'a':1}", 1, .key), ("{a:1}", 1, .key),
        ("{\"a\":1\u{0C}}", 6, .commaOrBrace), ("{/**/}", 1, .key), ("{}\u{0}", 2, .endOfText),
    ] as [(String, Int, JSONError.Fault)])
    func tellsFaults(_ source: String, offset: Int, fault: JSONError.Fault) {
        #expect(ObjectScanTests.fault(source.utf8) == JSONError(fault, at: offset))
    }

    @Test("the message is a sentence with the byte offset")
    func writesMessages() {
        let error = JSONError(.colon, at: 17)
        #expect(error.description == "byte 17: expected ':' after a member name")
        #expect(written { error.write(into: &$0) } == error.description)
    }

    @Test("a byte order mark and UTF-16 are refused at their first byte", arguments: [
        [0xEF, 0xBB, 0xBF, 0x7B, 0x7D], [0xFE, 0xFF, 0x00, 0x7B], [0xFF, 0xFE, 0x7B, 0x00],
    ] as [[UInt8]])
    func refusesMarks(_ bytes: [UInt8]) {
        #expect(ObjectScanTests.fault(bytes) == JSONError(.byteOrderMark, at: 0))
    }

    @Test("UTF-16 without a mark is no object", arguments: [[0x7B, 0x00, 0x7D, 0x00], [0x00, 0x7B, 0x00, 0x7D]] as [[UInt8]])
    func refusesUTF16(_ bytes: [UInt8]) {
        #expect(ObjectScanTests.fault(bytes) != nil)
    }

    @Test("in a string, exactly the sequences of RFC 3629 are accepted")
    func judgesUTF8() {
        // Every lead byte with second bytes at and beside each border, as Swift's own decoder judges them.
        for lead in UInt8(0x80)...0xFF {
            for second in [0x22, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF] as [UInt8] {
                for tail in [[], [0x80], [0xBF], [0x80, 0x80], [0xBF, 0xBF], [0x80, 0x41], [0x80, 0x80, 0x80]] as [[UInt8]] {
                    let content = [lead, second] + tail
                    let isValid = String(validating: content, as: UTF8.self) != nil && !content.contains(0x22)
                    let error = ObjectScanTests.fault(Array(#"{"k":""#.utf8) + content + Array(#""}"#.utf8))
                    #expect((error == nil) == isValid, "\(content)")
                    if let error, !content.contains(0x22) { #expect(error.fault == .utf8, "\(content)") }
                }
            }
        }
    }

    @Test("a fault is found wherever it stands in a long string")
    func findsFaultsAtEveryPlace() {
        for length in [0, 1, 15, 16, 17, 63, 64, 65, 100, 200] {
            for place in stride(from: 0, through: length, by: 1) {
                var content = [UInt8](repeating: UInt8(ascii: "x"), count: length)
                content.insert(0x1F, at: place)
                let error = ObjectScanTests.fault(Array(#"{"k":""#.utf8) + content + Array(#""}"#.utf8))
                #expect(error == JSONError(.controlByte, at: 6 + place))
            }
        }
    }

    @Test("nesting is accepted to the limit and refused one level past it", arguments: [1, 2, 64, 65, 512, 1024])
    func limitsDepth(_ limit: Int) {
        func nested(_ levels: Int) -> String {
            levels == 1 ? "{}" : #"{"a":"# + String(repeating: "[", count: levels - 1) + String(repeating: "]", count: levels - 1) + "}"
        }
        #expect(ObjectScanTests.fault(nested(limit).utf8, depthLimit: limit) == nil)
        #expect(ObjectScanTests.fault(nested(limit + 1).utf8, depthLimit: limit) == JSONError(.tooDeep, at: 4 + limit))
    }

    @Test("brackets must pair in kind at every depth")
    func pairsBrackets() {
        let levels = 200
        let opening = (0..<levels).map { $0 % 3 == 0 ? "[" : #"{"k":"# }.joined()
        let closing = (0..<levels).reversed().map { $0 % 3 == 0 ? "]" : "}" }.joined()
        #expect(ObjectScanTests.fault(#"{"a":\#(opening)0\#(closing)}"#.utf8) == nil)
        for wrong in stride(from: 0, to: levels, by: 7) {
            var bytes = Array(#"{"a":\#(opening)0\#(closing)}"#.utf8)
            let at = bytes.count - 2 - wrong
            bytes[at] = bytes[at] == UInt8(ascii: "]") ? UInt8(ascii: "}") : UInt8(ascii: "]")
            #expect(ObjectScanTests.fault(bytes)?.offset == at)
        }
    }

    @Test("a text cut anywhere is refused at the cut or before")
    func refusesEveryPrefix() {
        let source = Array(#"{"model":"gé\u00e9\n","n":[-1.5e+3,0,{"x":null}],"t":true,"s":{"include_usage":false}}"#.utf8)
        for count in 0..<source.count {
            let error = ObjectScanTests.fault(source[..<count])
            #expect(error != nil && error!.offset <= count)
        }
        #expect(ObjectScanTests.fault(source) == nil)
    }

    @Test("a nested object is scanned in place, its offsets counted from the start of the text")
    func scansNestedObjects() throws {
        try withGuarded(#"{"a":1,"stream_options":{"include_usage":true},"b":2}"#.utf8) { text in
            var outer = ObjectScan()
            var inner = ObjectScan(names: ["include_usage"])
            try outer.scan(text)
            let options = try #require(outer.member("stream_options") as Member?)
            try inner.scan(text, at: options.value)
            let usage = try #require(inner.member("include_usage") as Member?)
            #expect(usage.bytes(in: text) == "true")
            #expect(inner.object == options.value)
            #expect(throws: JSONError(.object, at: 5)) { try inner.scan(text, at: 5..<6) }
            #expect(throws: JSONError(.endOfText, at: options.value.upperBound)) {
                try inner.scan(text, at: options.value.lowerBound..<options.value.upperBound + 1)
            }
        }
    }

    @Test("a scan is good for another text after success and after failure")
    func isReused() throws {
        var scan = ObjectScan(names: ["a"])
        try scan.scan(ByteSlice(#"{"a":1,"a":2}"#))
        #expect(scan.firstDuplicate() != nil)
        #expect(throws: JSONError.self) { try scan.scan(ByteSlice(#"{"a":1,"a":2"#)) }
        #expect(scan.count == 0 && scan.member("a") == nil && scan.firstDuplicate() == nil)
        try scan.scan(ByteSlice(#"{"b":1}"#))
        #expect(scan.member("a") == nil && scan.firstDuplicate() == nil && scan.member("b") != nil)
    }

    @Test("numbers are read as Int64 only when written as whole ones in range", arguments: [
        ("0", 0), ("-0", 0), ("42", 42), ("9223372036854775807", .max), ("-9223372036854775808", .min),
        ("9223372036854775808", nil), ("-9223372036854775809", nil), ("1.0", nil), ("1e3", nil), ("\"1\"", nil),
        ("99999999999999999999999", nil), ("null", nil),
    ] as [(String, Int64?)])
    func readsIntegers(_ number: String, value: Int64?) throws {
        try withGuarded(#"{"n":\#(number)}"#.utf8) { text in
            var scan = ObjectScan()
            try scan.scan(text)
            #expect(scan.integer("n") == value)
        }
    }

    @Test("10,000 levels and megabytes of text are judged in bounded time")
    func boundsTime() throws {
        let clock = ContinuousClock()
        let start = clock.now
        #expect(ObjectScanTests.fault(#"{"a":"#.utf8 + [UInt8](repeating: UInt8(ascii: "["), count: 10_000))?.fault == .tooDeep)
        #expect(ObjectScanTests.fault(#"{"a":"#.utf8 + [UInt8](repeating: UInt8(ascii: " "), count: 1_000_000))?.fault == .value)
        #expect(ObjectScanTests.fault(#"{"a":"#.utf8 + [UInt8](repeating: UInt8(ascii: "7"), count: 1_000_000))?.fault == .commaOrBrace)
        #expect(ObjectScanTests.fault(#"{"a":""#.utf8 + [UInt8](repeating: UInt8(ascii: "x"), count: 1_000_000))?.fault == .closingQuote)
        #expect(ObjectScanTests.fault(#"{"a":""#.utf8 + [UInt8](repeating: UInt8(ascii: "\\"), count: 1_000_000))?.fault == .closingQuote)
        // Generous: debug builds and sanitizers run this too. What it stops is a quadratic scan.
        #expect(clock.now - start < .seconds(20))
    }
}
