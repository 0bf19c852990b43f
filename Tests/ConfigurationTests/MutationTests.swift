import Configuration
import Glibc
import JSON
import Testing

/// What must hold for any bytes; traps where it does not. Called by seeded rounds here and by libFuzzer.
enum ConfigurationFuzz {
    static func fuzzFile(_ text: [UInt8]) {
        let read = ConfigurationReader.read(text, builtIn: Fixture.builtIn)
        precondition((read.configuration == nil) == read.diagnostics.hasErrors, "a configuration or an error")
        for diagnostic in read.diagnostics {
            precondition(diagnostic.position.offset >= 0 && diagnostic.position.offset <= text.count, "a fault lies in its text")
            precondition(!diagnostic.rendered(path: "f").utf8.contains(0x0A), "one line a fault")
        }
        if let configuration = read.configuration {
            precondition(configuration.catalog.virtualKeys.count == configuration.virtualKeys.count, "indexes agree")
            precondition(configuration.catalog.configNames.names == configuration.configs.map(\.name), "indexes agree")
        }
    }
}

@Suite("Mutated files")
struct MutationTests {
    private struct SeededRandom: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state &* 0x2545_F491_4F6C_DD1D
        }
    }

    private static let pieces = [
        "\n", "  ", "- ", ": ", "&a ", "*a", "<<: ", "!!str ", "|\n", ">", "'", "\"", "{", "}", "[", "]", "#", "?", "---\n", "...\n", "%YAML 1.2\n", "\t", "\u{FEFF}",
        "\u{2028}", "\u{0}", "null", "0x", "1_0", "targets:", "env:", "unix:/", "sha256:",
    ]

    @Test("any of 10,000 mutations of the examples is a configuration or diagnostics, never a crash")
    func mutations() throws {
        let seed = getenv("SLUICE_SEED").flatMap { UInt64(String(cString: $0)) } ?? UInt64.random(in: 1...UInt64(UInt32.max))
        print("SLUICE_SEED=\(seed)")
        var random = SeededRandom(state: seed | 1)
        let examples = try ["config/sluice.yaml", "config/fallback.yaml", "config/local-models.yaml"].map { try Fixture.packageFile($0) }
        for _ in 0..<10_000 {
            var bytes = examples.randomElement(using: &random) ?? []
            for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                let end = min(bytes.count, place + Int.random(in: 0...40, using: &random))
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.removeSubrange(place..<end)
                case 2: bytes.insert(contentsOf: Array((MutationTests.pieces.randomElement(using: &random) ?? "").utf8), at: place)
                default: bytes.insert(contentsOf: Array(bytes[place..<end]), at: place)
                }
            }
            ConfigurationFuzz.fuzzFile(bytes)
        }
    }
}
