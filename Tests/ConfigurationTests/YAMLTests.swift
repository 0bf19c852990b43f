import Configuration
import JSON
import Testing

@Suite("YAML documents")
struct YAMLTests {
    private func json(_ text: String) -> String {
        let parsed = YAMLParser.parse(Array(text.utf8))
        guard let root = parsed.document?.root, parsed.diagnostics.isEmpty else { return parsed.diagnostics.rendered(path: "y") }
        return String(decoding: root.json, as: UTF8.self)
    }

    @Test("scalars mean what YAML 1.2's core schema says", arguments: [
        ("null", "null"), ("~", "null"), ("", "null"), ("true", "true"), ("FALSE", "false"), ("yes", #""yes""#), ("on", #""on""#), ("no", #""no""#),
        ("1", "1"), ("-12.50e+3", "-12.50e+3"), ("+5", "5"), (".5", "0.5"), ("5.", "5.0"), ("-.5", "-0.5"), ("0x1F", "31"), ("0o17", "15"),
        ("12345678901234567890123", "12345678901234567890123"), ("1e", #""1e""#), ("1.2.3", #""1.2.3""#), ("1:30", #""1:30""#), ("2027-01-31", #""2027-01-31""#),
        ("-", "[null]"), ("'5'", #""5""#), ("\"true\"", #""true""#), ("!!str 5", #""5""#), ("! 5", #""5""#), ("|\n  a\n  b", #""a\nb\n""#), (">\n  a\n  b", #""a b\n""#),
        ("0x", #""0x""#), ("-0", "-0"), ("0", "0"), ("0.5", "0.5"),
    ] as [(String, String)])
    func scalars(text: String, expected: String) {
        #expect(json(text.hasSuffix("\n") ? text : text + "\n") == expected)
    }

    @Test("what readers disagree about is refused with its place", arguments: [
        ("a: 0755", "y:1:4: 0755 has a leading zero; leave it out, or quote it when text is meant\n"),
        ("a: 1_000", "y:1:4: 1_000 is a number to some readers and text to others; leave out the \"_\", or quote it when text is meant\n"),
        ("a: .inf", "y:1:4: .inf is no number that can be sent; quote it when text is meant\n"),
        ("a: {<<: {b: 1}}", "y:1:5: merge keys are not supported; write the members out, or repeat them with an alias\n"),
        ("a: !!int 5", "y:1:4: tag \"tag:yaml.org,2002:int\" is not supported; leave it out\n"),
        ("a: !secret x", "y:1:4: tag \"!secret\" is not supported; leave it out\n"),
        ("? [a]\n: b", "y:1:3: a list cannot be a key\n"),
        ("a: 1\n---\nb: 2", "y:2:1: a second document starts here; keep one to a file\n"),
        ("a: *x", "y:1:4: no anchor \"x\" stands before this alias\n"),
        ("a: 1\nb: 2\na: 3", "y:3:1: \"a\" is given twice; keep one\n"),
        ("a:\n\tb: 1", "y:2:1: found character that cannot start any token; indent with spaces, not with tabs\n"),
        ("a: [1", "y:2:1: did not find expected ',' or ']'\n"),
        ("a: b: c", "y:1:5: mapping values are not allowed in this context\n"),
    ] as [(String, String)])
    func refused(text: String, expected: String) {
        #expect(json(text + "\n") == expected)
    }

    @Test("bytes that are no UTF-8 are told with their place")
    func invalidUTF8() {
        let parsed = YAMLParser.parse(Array("a: ".utf8) + [0xFF, 0x0A])
        #expect(parsed.document == nil)
        #expect(parsed.diagnostics.first?.position == SourcePosition(line: 1, column: 4, offset: 3))
    }

    @Test("aliases repeat what they name")
    func aliases() {
        #expect(json("a: &x {b: [1]}\nc: *x\nd: &y 5\ne: *y\n") == #"{"a":{"b":[1]},"c":{"b":[1]},"d":5,"e":5}"#)
    }

    @Test("aliases of aliases cannot grow past the bound on values")
    func billionLaughs() {
        var text = "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n"
        for level in 1...9 {
            let alias = "*a\(level - 1)"
            text += "a\(level): &a\(level) [\(Array(repeating: alias, count: 10).joined(separator: ","))]\n"
        }
        let parsed = YAMLParser.parse(Array(text.utf8))
        #expect(parsed.document == nil)
        #expect(parsed.diagnostics.first?.message == "more than 65536 values, those that aliases repeat counted again")
    }

    @Test("nesting is bounded in every style, aliases included", arguments: ["[", "- ", "{a: ", "? "])
    func depth(opener: String) {
        let parsed = YAMLParser.parse(Array(String(repeating: opener, count: 5000).utf8))
        #expect(parsed.document == nil)
        var text = "a0: &a0 [1]\n"
        for level in 1...70 { text += "a\(level): &a\(level) [*a\(level - 1)]\n" }
        #expect(YAMLParser.parse(Array(text.utf8)).diagnostics.first?.message == "nested deeper than 64 levels")
    }

    @Test("places are counted in characters and bytes, after other scripts and line ends too")
    func positions() throws {
        let parsed = YAMLParser.parse(Array("# é水\r\nключ: значение\r\nb:\r\n  - x\r\n".utf8))
        guard case .object(let members) = try #require(parsed.document?.root).value, case .array(let list) = members[1].value.value else {
            Issue.record("the shape is read")
            return
        }
        #expect(members[0].value.position == SourcePosition(line: 2, column: 7, offset: 19))
        #expect(list[0].position == SourcePosition(line: 4, column: 5, offset: 45))
    }
}
