import Bytes
import Glibc
import Patterns

/// What a pattern says of a text, matched with a scratch of its own.
enum Verdict: Equatable, CustomStringConvertible {
    case matches
    case passes
    case refused(String, Int?)

    init(_ pattern: String, _ text: [UInt8], _ options: PatternOptions = []) {
        do {
            let compiled = try Pattern(pattern, options: options)
            var scratch = PatternScratch()
            self = text.withByteSlice { compiled.matches($0, &scratch) } ? .matches : .passes
        } catch {
            self = .refused(error.reason, error.offset)
        }
    }

    init(_ pattern: String, _ text: String, _ options: PatternOptions = []) { self.init(pattern, Array(text.utf8), options) }

    var description: String {
        switch self {
        case .matches: "matches"
        case .passes: "passes"
        case .refused(let reason, let offset): "refused at \(offset.map { "\($0)" } ?? "no place"): \(reason)"
        }
    }
}

/// Numbers that look random and follow from a seed, which is printed and can be given again as `SLUICE_SEED`.
struct SeededRandom: RandomNumberGenerator {
    let seed: UInt64
    private var state: UInt64

    static func fromEnvironment() -> SeededRandom {
        let seed = getenv("SLUICE_SEED").flatMap { UInt64(String(cString: $0)) } ?? UInt64.random(in: 1...UInt64.max)
        print("SLUICE_SEED=\(seed)")
        return SeededRandom(seed: seed, state: seed)
    }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
