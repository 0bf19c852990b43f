import Bytes
import Testing

@testable import Patterns

@Suite("Random patterns")
struct PatternFuzzTests {
    private static let pieces: [String] = [
        "a", "b", "c", "x", "é", "€", "😀", ".", "^", "$", "|", "(", ")", "(?:", "(?i)", "(?s:", "(?<n>", "[", "]", "[^", "-", "[a-z]", "[^é]", "[]", "*", "+", "?",
        "{2}", "{1,5}", "{3,}", "{0,40}", "{", "}", ",", "\\", "\\d", "\\W", "\\s", "\\b", "\\B", "\\u00e9", "\\u{1F600}", "\\x00", "\\0", "\0", "(?=", "\\1", "&&", "#", " ",
    ]

    @Test("any of 10,000 is a pattern or a reason, soon, never a crash")
    func random() {
        var random = SeededRandom.fromEnvironment()
        let sample = Array("key aé€😀bc-x 42\n".utf8) + [0, 0xFF, 0xC3]
        var scratch = PatternScratch()
        var compiled = 0
        for _ in 0..<10_000 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 0...12, using: &random) {
                // Now and then a byte that is no UTF-8.
                if Int.random(in: 0..<400, using: &random) == 0 { bytes.append(UInt8.random(in: 0x80...0xFF, using: &random)) }
                bytes += Array((Self.pieces.randomElement(using: &random) ?? "").utf8)
            }
            let isPattern = bytes.withByteSlice { text in sample.withByteSlice { PatternFuzz.fuzzPattern(text, against: $0, &scratch) } }
            if isPattern { compiled += 1 }
        }
        #expect(compiled > 1_000, "too few were patterns to say much: \(compiled)")
    }

    @Test("the spelling of a set matches its members and nothing else")
    func spellings() throws {
        var random = SeededRandom.fromEnvironment()
        let edges: [UInt32] = [0, 0x7F, 0x80, 0x7FF, 0x800, 0xFFF, 0x1000, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x3FFFF, 0x40000, 0x10FFFF]
        var scratch = PatternScratch()
        for _ in 0..<300 {
            let ranges = (0..<Int.random(in: 1...3, using: &random)).map { _ in
                let ends = [edges, [UInt32.random(in: 0...0x10FFFF, using: &random)]].map { $0.randomElement(using: &random) ?? 0 }
                let some = UInt32.random(in: 0...300, using: &random)
                let near = min(0x10FFFF, (ends.randomElement(using: &random) ?? 0) &+ some)
                return min(ends[0], near)...max(ends[0], near)
            }
            let set = ScalarSet(ranges)
            #expect(set.inverted.inverted == set)
            let named = "^[" + ranges.map { Self.escaped($0.lowerBound) + "-" + Self.escaped($0.upperBound) }.joined() + "]$"
            guard !named.contains("\\u{D") || named.isEmpty else { continue }
            let pattern = try Pattern(named)
            let near = ranges.flatMap { [$0.lowerBound &- 1, $0.lowerBound, $0.upperBound, $0.upperBound + 1] }
            for value in edges + near {
                guard let scalar = Unicode.Scalar(value) else { continue }
                let text = Array(String(Character(scalar)).utf8)
                #expect(text.withByteSlice { pattern.matches($0, &scratch) } == set.contains(value), "\(named) and U+\(String(value, radix: 16))")
            }
        }
    }

    private static func escaped(_ scalar: UInt32) -> String { "\\u{\(String(scalar, radix: 16, uppercase: true))}" }
}
