import Bytes
import JSON
import Testing

@Suite("Views into a text")
struct JSONViewTests {
    private static let text = #" {"a":1,"b":{"c":[10,{"d":"x"},null],"e.f":true},"é\n":"esc","a":2,"e":{"f":"deep"},"e.f":"flat","n":-1.5e2} "#

    /// The bytes at `path`, with the whole text judged or not.
    private func found(_ path: String, in text: String = text) -> [String?] {
        Array(text.utf8).withByteSlice { bytes in
            Array(path.utf8).withByteSlice { path in
                [JSONView(bytes)?.value(at: path), JSONView(objectIn: bytes)?.value(at: path)].map { $0.map { String($0.bytes) } }
            }
        }
    }

    @Test("members are found by name, elements by index, at any depth", arguments: [
        ("a", "2"), ("b.c.0", "10"), ("b.c.1.d", #""x""#), ("b.c.2", "null"), ("b.e.f", "true"), ("e.f", #""flat""#), ("n", "-1.5e2"),
    ])
    func byPath(path: String, wanted: String) { #expect(found(path) == [wanted, wanted]) }

    @Test("what is not there is not found", arguments: ["", "x", "a.b", "b.c.3", "b.c.-1", "b.c.99999999999999999999", "b.", ".", "b..c", "a."])
    func absent(path: String) { #expect(found(path) == [nil, nil]) }

    @Test("names are compared decoded")
    func escapedNames() {
        #expect(found("é\n") == [#""esc""#, #""esc""#])
        #expect(found("model", in: #"{"mod\u0065l":"x"}"#) == [#""x""#, #""x""#])
    }

    @Test("broken texts hold what stands before the break, or nothing", arguments: ["{", "[", #"{"a""#, #"{"a":}"#, #"{"a":1"#, "", "nul", #"{"a":1,}"#])
    func broken(text: String) {
        _ = found("a", in: text)
        Array(text.utf8).withByteSlice { bytes in
            for count in 0...bytes.count { _ = JSONView(objectIn: bytes.prefix(count))?.child(ByteSlice("a")) }
        }
    }

    @Test("members and elements come in the order written, up to a break")
    func walks() {
        func walk(_ text: String) -> [String] {
            Array(text.utf8).withByteSlice { bytes in
                guard let view = JSONView(bytes) ?? JSONView(objectIn: bytes) else { return [] }
                return view.members.map { "\(String($0.name.content))=\(String($0.value.bytes))" } + view.elements.map { String($0.bytes) }
            }
        }
        #expect(walk(#"{ "a" : 1 , "b":[2],"a":"x" }"#) == ["a=1", "b=[2]", #"a="x""#])
        #expect(walk("[ 1 ,{}, null ]") == ["1", "{}", "null"])
        #expect(walk("{}").isEmpty)
        #expect(walk("[]").isEmpty)
        #expect(walk("7").isEmpty)
        #expect(walk(#"{"a":1,"b":}"#) == ["a=1"])
        #expect(walk(#"{"a":1 "b":2}"#) == ["a=1"])
        #expect(walk(#"{"a":1,"#) == ["a=1"])
    }

    @Test("a value's end is told, whatever comes behind it", arguments: [("{}x", 2), (#"{"a":[1]} {"#, 9), ("12,", 2), (#""a"b"#, 3)])
    func valueEnds(text: String, end: Int) throws {
        #expect(try Array(text.utf8).withByteSlice { (bytes) throws(JSONError) in try JSONText.valueEnd(bytes) } == end)
    }

    @Test("a value without an end says how far it was read")
    func endlessValues() {
        #expect(throws: JSONError(.value, at: 4)) { try Array("[1, ".utf8).withByteSlice { (bytes) throws(JSONError) in try JSONText.valueEnd(bytes) } }
    }

    @Test("numbers are the nearest doubles, and text is read as parseFloat reads it", arguments: [
        ("12", 12), ("-1.5e2", -150), (" 3.25abc", 3.25), ("\t+7", 7), (".5", 0.5), ("5.", 5), ("1e", 1), ("1e+", 1), ("-0", 0), ("1e400", Double.infinity),
    ] as [(String, Double)])
    func leadingDoubles(text: String, wanted: Double) {
        #expect(Array(text.utf8).withByteSlice { JSONNumber.leadingDouble($0) } == wanted)
    }

    @Test("text that begins with no number is none", arguments: ["", "abc", "-", "+", ".", "e5", "--1", "- 1", "Infinity", "NaN"])
    func noDoubles(text: String) { #expect(Array(text.utf8).withByteSlice { JSONNumber.leadingDouble($0) } == nil) }

    @Test("a number's text is bounded")
    func longNumbers() {
        let longest = "1" + String(repeating: "0", count: JSONLimits.doubleByteCount - 1)
        #expect(Array(longest.utf8).withByteSlice { JSONNumber.double($0) } == .infinity)
        #expect(Array((longest + "0").utf8).withByteSlice { JSONNumber.double($0) } == nil)
    }

    @Test("any number is the nearest double, on the short way too")
    func nearestDoubles() {
        var random = SeededGenerator(seed: 41)
        for _ in 0..<20_000 {
            var text = Bool.random(using: &random) ? "-" : ""
            for _ in 0..<Int.random(in: 1...17, using: &random) { text += String(Int.random(in: 0...9, using: &random)) }
            if Bool.random(using: &random) {
                text += "."
                for _ in 0..<Int.random(in: 1...17, using: &random) { text += String(Int.random(in: 0...9, using: &random)) }
            }
            if Int.random(in: 0..<8, using: &random) == 0 { text += "e\(Int.random(in: -30...30, using: &random))" }
            let found = Array(text.utf8).withByteSlice { JSONNumber.double($0) }
            #expect(found?.bitPattern == Double(text)?.bitPattern, "\(text)")
        }
    }
}
