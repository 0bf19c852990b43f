import Bytes
@testable import Gateway
import Testing

@Suite("Types of parts")
struct TypedPartsTests {
    private func mayBe(_ text: String) -> Bool { Array(text.utf8).withByteSlice { TypedParts.mayBe(in: $0) } }

    @Test("the word is seen wherever it stands, and an escape as well", arguments: ["\"type\"", "\\u0074"])
    func everywhere(word: String) {
        for (filler, count) in [("x", 70), ("y", 40), ("\"", 40), ("p", 20)] {
            for before in 0...count {
                for after in [0, 1, 15, 16, 17, 40] {
                    let text = String(repeating: filler, count: before) + word + String(repeating: filler, count: after)
                    #expect(mayBe(text), "\(before) \(after) of \(filler)")
                }
            }
        }
    }

    @Test(
        "what only looks like it is nothing",
        arguments: ["", "y", "yp", "\"type", "type\"", "'type'", "\"types\"", "a \"hype\" \\n u", "\\", "u\\", "\"typ\"e\"", "\"Type\""])
    func nothing(text: String) {
        for before in 0...40 {
            for after in [0, 1, 40] { #expect(!mayBe(String(repeating: "-", count: before) + text + String(repeating: "-", count: after))) }
        }
    }

    @Test("texts of its letters, as a plain search sees them")
    func letters() {
        var numbers = SystemRandomNumberGenerator()
        let letters = Array("\"type\\u-")
        var seen = [true: 0, false: 0]
        for _ in 0..<4_000 {
            var text = ""
            for _ in 0..<Int.random(in: 0...12, using: &numbers) {
                let piece = ["\"ty", "pe\"", "----", "\"t"].randomElement(using: &numbers) ?? ""
                text += Bool.random(using: &numbers) ? String(letters.randomElement(using: &numbers) ?? "-") : piece
            }
            let isThere = text.contains("\"type\"") || text.contains("\\u")
            seen[isThere, default: 0] += 1
            #expect(mayBe(text) == isThere, "\(text)")
        }
        #expect(seen.values.allSatisfy { $0 > 50 })
    }
}
