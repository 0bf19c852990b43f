import Bytes
import Testing

@testable import Patterns

@Suite("Scratch of patterns")
struct PatternScratchTests {
    private func matches(_ pattern: Pattern, _ text: String, _ scratch: inout PatternScratch) -> Bool {
        Array(text.utf8).withByteSlice { pattern.matches($0, &scratch) }
    }

    @Test("one scratch serves patterns small and large, fitted or not, in any order")
    func growsAsAsked() throws {
        let small = try Pattern("^gpt-4")
        let large = try Pattern("(?:a|b)*a(?:a|b|cd){40}c|x[a-z]{1,500}y")
        let text = "a" + String(repeating: "b", count: 40) + "c"
        var scratch = PatternScratch()
        let isFitted = scratch.fit(small)
        #expect(isFitted)
        #expect(matches(small, "gpt-4o", &scratch) && matches(large, text, &scratch) && matches(small, "gpt-4o", &scratch))
        var other = PatternScratch()
        #expect(matches(large, text, &other) && matches(small, "gpt-4", &other) && !matches(large, "ab", &other))
    }

    @Test("more patterns than it remembers are all matched")
    func manyPatterns() throws {
        let patterns = try (0..<(PatternLimits.fittedCount + 100)).map { try Pattern("^key-\($0)$") }
        var scratch = PatternScratch()
        for _ in 0..<2 {
            for (number, pattern) in patterns.enumerated() {
                #expect(matches(pattern, "key-\(number)", &scratch) && !matches(pattern, "key-x", &scratch))
            }
        }
    }

    @Test("fitted once, it is not grown again")
    func remembers() throws {
        let pattern = try Pattern("a")
        var scratch = PatternScratch()
        let (first, second) = (scratch.space(for: pattern.database, pattern.identity), scratch.space(for: pattern.database, pattern.identity))
        #expect(first != nil && first == second)
    }

    @Test("a pattern may go before the scratch, and the scratch before the pattern")
    func lifetimes() throws {
        var scratch = PatternScratch()
        for number in 0..<100 { #expect(matches(try Pattern("a{\(number + 1)}"), String(repeating: "a", count: number + 1), &scratch)) }
        let pattern = try Pattern("b")
        for _ in 0..<100 {
            var short = PatternScratch()
            #expect(matches(pattern, "abc", &short))
        }
    }
}
