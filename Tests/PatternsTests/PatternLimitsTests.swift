import Bytes
import Testing

@testable import Patterns

@Suite("Limits of patterns")
struct PatternLimitsTests {
    private func times(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }

    /// Why it is refused, or nil.
    private func refusal(_ pattern: String, _ options: PatternOptions = []) -> PatternError? {
        do throws(PatternError) {
            _ = try Pattern(pattern, options: options)
            return nil
        } catch {
            return error
        }
    }

    @Test("a pattern has 4,096 bytes at most")
    func textLength() {
        // One class of many ranges that are one: long and simple.
        let longest = "[" + times("a", PatternLimits.textByteCount - 2) + "]"
        #expect(refusal(longest) == nil)
        #expect(refusal(longest + "b") == PatternError("a pattern has at most 4096 bytes", at: 4096))
        let slice = Array((longest + times("b", 100)).utf8)
        #expect(throws: PatternError("a pattern has at most 4096 bytes", at: 4096)) { try slice.withByteSlice { (text) throws(PatternError) in _ = try Pattern(text) } }
    }

    @Test("groups nest twelve deep")
    func depth() {
        #expect(refusal(times("(", 12) + "a" + times(")*", 12)) == nil)
        #expect(refusal(times("(", 13) + "a" + times(")*", 13)) == PatternError("more than 12 groups inside each other", at: 12))
        #expect(refusal(times("(", 4096))?.offset == 12)
    }

    @Test("repeats written out come to 1,024 byte classes at most")
    func positions() {
        #expect(refusal("x[a-z]{1,1023}") == nil)
        #expect(refusal("x[a-z]{1,1024}")?.offset == 0 + 1)
        #expect(refusal(times("a", 1024)) == nil)
        #expect(refusal(times("a", 1025))?.offset == 1024)
    }

    @Test("what is repeated without end comes to 384 byte classes, and to 128 where it holds such a repeat")
    func loops() {
        #expect(refusal("x(a{384})*y") == nil)
        #expect(refusal("x(a{385})*y")?.offset == 9)
        #expect(refusal("x((a{127})+b)+y") == nil)
        #expect(refusal("x((a{128})+b)+y")?.offset == 13)
        #expect(refusal("x((a{383})+b)y") == nil)
        #expect(refusal("x(?:a*|b{128}){2,}y")?.offset == 14)
    }

    @Test("a pattern has 128 anchors and word boundaries at most, repeats written out")
    func assertions() {
        #expect(refusal("x(?:\\b-\\ba){64}") == nil)
        #expect(refusal("x(?:\\b-\\ba){65}")?.offset == 11)
        #expect(refusal("x(?:\\b-\\ba){64}$")?.offset == 15)
        #expect(refusal(times("\\b", 129))?.offset == 256)
    }

    @Test("what matches nothing but the empty text leaves nothing to compile")
    func empties() throws {
        for pattern in ["", "()", "(?:|)", "(|(?:)|){3}", "(?i)", "(((|)*)+)?", times("|", 4000), "(?:" + times("()|", 1000) + "){99}"] {
            var reader = try PatternReader(Array(pattern.utf8), [])
            let fragment = try reader.read()
            #expect(fragment.extent.isEmpty && fragment.text.count <= 1, "/\(pattern)/")
        }
        var reader = try PatternReader(Array("a||(?:)|b|".utf8), [])
        #expect(String(decoding: try reader.read().text, as: UTF8.self) == "a||b")
    }

    @Test("what Hyperscan would take seconds or gigabytes for is refused before it is asked", arguments: [
        "(a{1,1000}){1,1000}", "((a{1,99}){1,99}){1,99}", "a{1000000000000000000000}", "(?:a|b?){400}", ".{2000}", "(((a{9}){9}){9}){9}", "(a{1000}){1000}b",
        "(?:a?b?c?d?e?f?g?h?){60}", "(?:\\S{40}){40}",
    ])
    func tooLargeToTry(pattern: String) {
        let error = refusal(pattern)
        #expect(error?.reason.contains("becomes too large here") == true && error?.offset != nil, "/\(pattern)/")
    }

    @Test("what turns out too large in Hyperscan is refused in the same words")
    func tooLargeWhenCompiled() {
        #expect(refusal("(?:a|b)*a(?:a|b|cd){200}c")?.reason == "the pattern is too large when compiled; shorten it, or lower its repeat counts")
    }

    @Test("the estimate counts what Hyperscan builds", arguments: [
        ("abc", 3, 2), ("a*", 1, 1), ("[a-z]{3}", 3, 2), ("ab|cd", 4, 2), ("(?:ab){2,3}", 6, 5), ("a?b?c", 3, 3), ("(?:a?b?){2}", 4, 6), ("é", 2, 1),
        ("(?:ab)*", 2, 2), ("(?:ab){2,}", 4, 4), ("(?:ab){0}", 0, 0), ("a{0,3}", 3, 2),
    ])
    func estimate(pattern: String, positions: Int, edges: Int) throws {
        var reader = try PatternReader(Array(pattern.utf8), [])
        let extent = try reader.read().extent
        #expect(extent.positions == positions && extent.edges == edges, "/\(pattern)/: \(extent.positions), \(extent.edges)")
    }
}
