import Bytes
import Testing

@testable import Patterns

@Suite("Patterns")
struct PatternTests {
    struct Case: Sendable, CustomStringConvertible {
        let pattern: String
        let matching: [String]
        let passing: [String]
        var options: PatternOptions = []

        init(_ pattern: String, _ matching: [String], not passing: [String], _ options: PatternOptions = []) {
            (self.pattern, self.matching, self.passing, self.options) = (pattern, matching, passing, options)
        }

        var description: String { pattern }
    }

    @Test("matches as JavaScript's RegExp.test does, anywhere in the text", arguments: [
        Case("gpt", ["gpt", "a gpt-4", "gptgpt"], not: ["", "GPT", "gp", "g pt"]),
        Case("^gpt-4", ["gpt-4", "gpt-4o"], not: ["x gpt-4", "\ngpt-4"]),
        Case("mini$", ["gpt-4o-mini"], not: ["mini-gpt", "mini\n"]),
        Case("^a$", ["a"], not: ["a\n", "\na", "ab", ""]),
        Case("^(?:eu|us)-\\d+$", ["eu-1", "us-42"], not: ["eu-", "uk-1", "eu-1x"]),
        Case("(^|-)eu(-|$)", ["eu", "a-eu", "eu-1", "a-eu-b"], not: ["aeu", "eux"]),
        Case("a*", ["", "b", "aaa"], not: []),
        Case("a+b?c{2}", ["acc", "aabcc"], not: ["ac", "bcc"]),
        Case("^a{2,3}$", ["aa", "aaa"], not: ["a", "aaaa"]),
        Case("^a{2,}$", ["aa", "aaaaaa"], not: ["a"]),
        Case("^a{0}b$", ["b"], not: ["ab"]),
        Case("^(?:ab){0,0}$", [""], not: ["ab"]),
        Case("^.+?x", ["ax", "axx"], not: ["x"]),
        Case("^a??b*?c{1,2}?$", ["c", "abbcc"], not: ["aac"]),
        Case("a{", ["a{"], not: ["a"]),
        Case("a{x}", ["a{x}"], not: ["ax"]),
        Case("a{,2}", ["a{,2}"], not: ["aa"]),
        Case("]}", ["]}"], not: ["]"]),
        Case("[abc-]", ["a", "-"], not: ["d", ""]),
        Case("[^a-c]", ["d", "\n", "é"], not: ["abc", ""]),
        Case("^[^]$", ["a", "\n", "é", "😀"], not: ["", "ab"]),
        Case("[[:alpha:]]", ["a]", "[]", ":]"], not: ["z]", "a"]),
        Case("^[a\\]b]$", ["]", "a"], not: ["\\"]),
        Case("[\\d-x]", ["1", "-", "x"], not: ["y"]),
        Case("[\\b]", ["\u{8}"], not: ["b"]),
        Case("[\\w.]+@", ["a.b@"], not: ["é@"]),
        Case("^\\d\\D\\w\\W\\s\\S$", ["1a_- x", "0é9é\u{A0}é"], not: ["1aéé x"]),
        Case("^\\s+$", [" \t\n\u{B}\u{C}\r", "\u{A0}\u{FEFF}\u{2028}\u{3000}\u{200A}"], not: ["\u{200B}", "\u{85}"]),
        Case("^.$", ["a", "é", "€", "😀", "\u{85}"], not: ["", "\n", "\r", "ab"]),
        Case("^.$", ["\n", "é"], not: [""], .dotMatchesAll),
        Case("^b$", ["a\nb\nc", "b"], not: ["ab\nbc"], .isMultiline),
        Case("\\bcat\\b", ["cat", "a cat!", "écaté"], not: ["cats", "_cat"]),
        Case("\\Bat", ["cat"], not: ["at", " at"]),
        Case("\\.\\*\\/\\-\\_\\ \\@", [".*/-_ @"], not: ["a*/-_ @"]),
        Case("^\\t\\n\\v\\f\\r\\0\\cJ\\x41\\u0042\\u{43}$", ["\t\n\u{B}\u{C}\r\0\nABC"], not: ["ABC"]),
        Case("^\\u00e9\\uD83D\\uDE00\\u{1F600}$", ["é😀😀"], not: ["e😀😀"]),
        Case("^[à-ÿ]+$", ["éàÿ"], not: ["e", "Ā", "\u{C0}"]),
        Case("^[^é]{2}$", ["ab", "è€", "😀x"], not: ["é", "éa", "a"]),
        Case("^é{2}$", ["éé"], not: ["é", "é\u{A9}"]),
        Case("^[\\u{7FF}-\\u{10000}]$", ["\u{7FF}", "\u{800}", "\u{FFFF}", "\u{10000}"], not: ["\u{7FE}", "\u{10001}"]),
        Case("(?<year>\\d{4})-(\\d\\d)", ["2024-06"], not: ["24-06"]),
        Case("a|", ["", "b"], not: []),
        Case("^(|a|)b$", ["b", "ab"], not: ["aab"]),
        Case("", ["", "x"], not: []),
        Case("^", ["", "x"], not: []),
        Case("$", ["", "x"], not: []),
        Case("^$", [""], not: ["x", "\n"]),
        Case("\\b", ["a"], not: ["", "-", "é"]),
        Case("(?:^){3}a", ["a"], not: ["ba"]),
        Case("(a*)*b", ["b", "aab"], not: ["aa"]),
        Case("((a+)+)+$", ["aaa"], not: ["aaab"]),
        Case("foo", ["FOO", "fOo"], not: ["fo"], .ignoresCase),
        Case("[a-f]É", ["Aé"], not: ["gé"], .ignoresCase),
        Case("[^a]", ["b"], not: ["A"], .ignoresCase),
        Case("^[à-þ]+$", ["ÀÞé"], not: ["a", "ÿ"], .ignoresCase),
        Case("Σ", ["σ", "ς"], not: ["s"], .ignoresCase),
        Case("k", ["K"], not: ["\u{212A}"], .ignoresCase),
        Case("(?i)foo", ["FOO"], not: []),
        Case("a(?i:b)c", ["aBc"], not: ["ABc", "abC"]),
        Case("(a(?i)b|c)d", ["aBd", "Cd"], not: ["AbD", "aBD"]),
        Case("(?s-i:.A)", ["\nA"], not: ["\na"], .ignoresCase),
        Case("a\\0b", ["a\0b"], not: ["ab", "a0b"]),
        Case("a\0b", ["a\0b"], not: ["ab", "a"]),
    ])
    func matchesAsJavaScript(row: Case) {
        for text in row.matching { #expect(Verdict(row.pattern, text, row.options) == .matches, "/\(row.pattern)/ and \"\(text)\"") }
        for text in row.passing { #expect(Verdict(row.pattern, text, row.options) == .passes, "/\(row.pattern)/ and \"\(text)\"") }
    }

    @Test("what cannot be matched in linear time, or is no pattern, is refused with its place", arguments: [
        ("a(?=b)", 1, "look-ahead"), ("(?!a)b", 0, "look-ahead"), ("(?<=a)b", 0, "look-behind"), ("a(?<!b)", 1, "look-behind"),
        ("(a)\\1", 3, "back-references"), ("(?<n>a)\\k<n>", 7, "back-references"), ("\\p{L}", 0, "Unicode properties"),
        ("a**", 2, "nothing to repeat"), ("a++", 2, "nothing to repeat"), ("*a", 0, "nothing to repeat"), ("a|+", 2, "nothing to repeat"),
        ("(?:{2})", 3, "nothing to repeat"), ("^*", 0, "an assertion cannot be repeated"), ("a\\b+", 1, "an assertion cannot be repeated"),
        ("a{3,2}", 1, "out of order"), ("[z-a]", 1, "out of order"), ("(a", 0, "not closed"), ("a)", 1, "closes no group"), ("[a", 0, "not closed"),
        ("é[a", 2, "not closed"), ("[a\\", 2, "escapes nothing"), ("a\\", 1, "escapes nothing"), ("\\A", 0, "no escape"), ("a\\z", 1, "no escape"),
        ("\\Qa.b\\E", 0, "no escape"), ("[\\B]", 1, "no escape"), ("\\x4", 0, "hexadecimal"), ("\\xé0", 0, "hexadecimal"), ("\\u12", 0, "hexadecimal"),
        ("\\u{}", 0, "hexadecimal"), ("\\u{110000}", 0, "names no character"), ("\\uD83D", 0, "names no character"), ("\\c1", 0, "needs a letter"),
        ("\\012", 0, "octal"), ("(?x)a", 0, "flags are"), ("(?>a)", 0, "flags are"), ("(?#a)", 0, "flags are"), ("(?", 0, "not closed"),
        ("(?i", 0, "not closed"), ("(*UTF8)a", 1, "nothing to repeat"), ("(?<1>a)", 0, "group's name"), ("(?<n", 0, "group's name"),
        ("[]", 0, "empty class"), ("a[]x]", 1, "empty class"), ("[^\\d\\D]", 0, "empty class"),
    ])
    func refusedWithPlace(pattern: String, offset: Int, says: String) {
        guard case .refused(let reason, let place) = Verdict(pattern, "") else {
            Issue.record("/\(pattern)/ was compiled")
            return
        }
        #expect(reason.contains(says) && place == offset, "/\(pattern)/: \(reason), at \(place.map { "\($0)" } ?? "no place")")
    }

    @Test("what could never match is refused, without a place", arguments: [
        ("a^b", "`^` can stand only"), ("(a|b$)c", "`$` can stand only"), ("x*^a", "`^` can stand only"), ("a\\bb", "can never match"),
    ])
    func refusedAsAWhole(pattern: String, says: String) {
        guard case .refused(let reason, nil) = Verdict(pattern, "") else {
            Issue.record("/\(pattern)/ was compiled")
            return
        }
        #expect(reason.contains(says))
    }

    @Test("a pattern that is not UTF-8 is refused where it is not", arguments: [
        ([0x61, 0xFF], 1), ([0xC3], 0), ([0xC3, 0xA9, 0xE2, 0x82], 2), ([0xED, 0xA0, 0x80], 0), ([0xC0, 0x80], 0),
    ] as [([UInt8], Int)])
    func invalidPattern(bytes: [UInt8], offset: Int) {
        #expect(throws: PatternError("the pattern is not valid UTF-8", at: offset)) { try bytes.withByteSlice { (slice) throws(PatternError) in _ = try Pattern(slice) } }
    }

    @Test("a text that is not UTF-8 is matched around what is not", arguments: [
        ("key", "\u{FF}key", true), ("^.key", "\u{FF}key", false), ("a.b", "a\u{80}b", false), ("[^x]", "\u{FF}\u{80}", false), ("a", "\u{C3}a", true),
        ("é", "\u{C3}\u{C3}\u{A9}", true), ("$", "\u{FF}", true), ("^[^]*$", "\u{FE}", false),
    ])
    func invalidText(pattern: String, latin: String, doesMatch: Bool) {
        let bytes = latin.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
        #expect(Verdict(pattern, bytes) == (doesMatch ? .matches : .passes))
    }

    @Test("without SSSE3 every pattern is refused with that reason")
    func unsupportedPlatform() {
        #expect(throws: PatternError("patterns need a processor with SSSE3, which this one lacks")) {
            _ = try Pattern(Array("a".utf8), [], isPlatformSupported: false)
        }
    }
}
