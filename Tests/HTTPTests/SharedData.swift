import Foundation
import Testing

/// Third-party test data, which lives beside the package and not in it.
enum SharedData {
    /// `$SLUICE_SHARED`, or `../shared` beside the package.
    static var root: String {
        if let named = ProcessInfo.processInfo.environment["SLUICE_SHARED"] { return named }
        return "\(FileManager.default.currentDirectoryPath)/../shared"
    }

    /// Decodes `data/<path>`; a missing file is an issue where `CI` is set, and a loud nothing elsewhere.
    static func decode<Value: Decodable>(_ type: Value.Type, _ path: String) throws -> Value? {
        guard let contents = FileManager.default.contents(atPath: "\(root)/data/\(path)") else {
            if ProcessInfo.processInfo.environment["CI"] != nil {
                Issue.record("\(root)/data/\(path) is missing; set SLUICE_SHARED")
            } else {
                print("SKIPPED: \(root)/data/\(path) is missing; set SLUICE_SHARED")
            }
            return nil
        }
        return try JSONDecoder().decode(type, from: contents)
    }
}

/// Numbers that look random and follow from a seed, which is printed and can be given again as `SLUICE_SEED`.
struct SeededGenerator: RandomNumberGenerator {
    let seed: UInt64
    private var state: UInt64

    init(seed: UInt64) {
        self.seed = seed
        state = seed
    }

    static func announced(_ test: String) -> SeededGenerator {
        let given = ProcessInfo.processInfo.environment["SLUICE_SEED"].flatMap { UInt64($0) }
        let generator = SeededGenerator(seed: given ?? UInt64.random(in: 0...UInt64(UInt32.max)))
        print("\(test): SLUICE_SEED=\(generator.seed)")
        return generator
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
