import Bytes
import Glibc
import Patterns
import Testing

@Suite("Word sets")
struct WordSetTests {
    private func found(_ words: [String], in text: String) throws -> [String] {
        let set = try WordSet(words.map { Array($0.utf8) })
        var scratch = PatternScratch()
        let places: [Int]? = Array(text.utf8).withByteSlice { bytes in
            set.find(in: bytes, &scratch) { found in
                #expect(found.count == words.indices.count { found.contains($0) })
                return words.indices.filter { found.contains($0) }
            }
        }
        return try #require(places).map { words[$0] }
    }

    @Test("words are found as they stand, inside other words and over each other", arguments: [
        (["one", "two"], "stone", ["one"]), (["a.c", "a+"], "abc a+", ["a+"]), (["aa", "a"], "aaa", ["aa", "a"]), (["x"], "", []),
        (["été"], "un été", ["été"]), (["One"], "one", []), (["\n", "\u{0}"], "a\nb", ["\n"]), (["same", "same"], "same", ["same", "same"]),
    ])
    func asTheyStand(words: [String], text: String, expected: [String]) throws {
        #expect(try found(words, in: text) == expected)
    }

    @Test("a set of many words says of each what a plain search says")
    func likeAPlainSearch() throws {
        let seed = getenv("SLUICE_SEED").flatMap { UInt64(String(cString: $0)) } ?? UInt64.random(in: 1...UInt64(UInt32.max))
        var state = seed | 1
        func next(_ bound: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % UInt64(bound))
        }
        func word(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(ascii: "a") + UInt8(next(3)) } }
        for _ in 0..<60 {
            let words = (0..<1 + next(100)).map { _ in word(1 + next(7)) }
            let text = word(next(400))
            let set = try WordSet(words)
            var scratch = PatternScratch()
            text.withByteSlice { text in
                let told: [Bool]? = set.find(in: text, &scratch) { found in words.indices.map { found.contains($0) } }
                let plain = words.map { $0.withByteSlice { text.firstRange(of: $0) != nil } }
                #expect(told == plain, "seed \(seed)")
            }
        }
    }

    @Test("a set has its bounds, and takes what is at them")
    func bounds() throws {
        let longest = [UInt8](repeating: UInt8(ascii: "w"), count: PatternLimits.wordByteCount)
        _ = try WordSet([longest])
        #expect(throws: PatternError.self) { try WordSet([longest + [0x77]]) }
        #expect(throws: PatternError.self) { try WordSet([]) }
        #expect(throws: PatternError.self) { try WordSet([[]]) }
        let many = (0..<PatternLimits.wordCount).map { Array("word \($0)".utf8) }
        _ = try WordSet(many)
        #expect(throws: PatternError.self) { try WordSet(many + [[0x77]]) }
        let full = [[UInt8]](repeating: longest, count: PatternLimits.wordsByteCount / PatternLimits.wordByteCount)
        _ = try WordSet(full)
        #expect(throws: PatternError.self) { try WordSet(full + [[0x77]]) }
    }

    @Test("one scratch serves sets and patterns in turn")
    func sharedScratch() throws {
        var scratch = PatternScratch()
        let set = try WordSet([Array("b".utf8)])
        let pattern = try Pattern("^a+$")
        for _ in 0..<3 {
            #expect(Array("aaa".utf8).withByteSlice { pattern.search($0, &scratch) } == true)
            #expect(Array("abc".utf8).withByteSlice { set.find(in: $0, &scratch) { $0.count } } == 1)
        }
    }
}
