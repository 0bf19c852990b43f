import Bytes
import Testing

@Suite("JSON fuzz rounds")
struct FuzzTests {
    /// Texts to start from: the shapes of real bodies, and each construct of the grammar once.
    static let seeds: [String] = [
        #"{"model":"gpt-4o","messages":[{"role":"user","content":"h\u00e9 \ud83d\ude00 水"}],"stream":true}"#,
        #"{"usage":{"prompt_tokens":1,"details":{"a":[1,2.5e-3,-0]}},"a":null,"usage":false}"#,
        #" { "mod\u0065l" : "x" , "a" : [ ] , "stream" : { } , "b\"" : "\\" } "#, "{}", #"[{"a":[[[["x"]]]]},0]"#,
        #"{"a":1,"a":2,"b":{"model":3},"a":4,"c":5,"d":6,"e":7,"f":8,"g":9,"h":10,"stream":11}"#,
    ]
    static let alphabet = Array(#"{}[]:,"\utrflsanmodeg0123456789-+.eE "#.utf8) + [0, 0x0A, 0x1F, 0x7F, 0x80, 0xBF, 0xC3, 0xE6, 0xED, 0xF0, 0xFF]

    static func mutated(_ random: inout SeededGenerator) -> [UInt8] {
        var bytes = Array(seeds[random.below(seeds.count)].utf8)
        for _ in 0..<random.below(4) where !bytes.isEmpty {
            let at = random.below(bytes.count)
            switch random.below(5) {
            case 0: bytes[at] = alphabet[random.below(alphabet.count)]
            case 1: bytes.insert(alphabet[random.below(alphabet.count)], at: at)
            case 2: bytes.remove(at: at)
            case 3: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + random.below(30))], at: random.below(bytes.count))
            default: bytes.removeSubrange(at..<min(bytes.count, at + random.below(20)))
            }
        }
        return bytes
    }

    @Test("mutated bodies break no invariant of scan, splice, capture and tape")
    func rounds() {
        var random = SeededGenerator.fresh("JSON fuzz rounds")
        for _ in 0..<3000 {
            withGuarded(FuzzTests.mutated(&random)) { text in
                fuzzScan(text)
                fuzzSplice(text)
                fuzzCapture(text)
                fuzzTape(text)
            }
        }
    }
}
