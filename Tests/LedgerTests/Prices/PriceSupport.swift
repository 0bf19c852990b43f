import Bytes
import Foundation
import JSON
@testable import Ledger
import Providers
import Testing

/// The book that `rows` make below the provider `p`, or its faults.
func book(_ rows: String..., over base: PriceBook? = nil) throws(PriceFaults) -> PriceBook {
    try bookOfText("version: \"1\"\nprices:\n  p:\n" + rows.map { "    \($0)\n" }.joined(), over: base)
}

func bookOfText(_ text: String, over base: PriceBook? = nil) throws(PriceFaults) -> PriceBook {
    try Array(text.utf8).withByteSlice { (bytes) throws(PriceFaults) in try PriceBook(bytes, over: base) }
}

extension PriceBook {
    func price(_ model: String, of provider: String = "p", _ tier: ServiceTier = .standard) -> ModelPrice? {
        Array(provider.utf8).withByteSlice { provider in
            Array(model.utf8).withByteSlice { price(provider: provider, model: $0, tier: tier) }
        }
    }

    func unit(_ name: String, of price: ModelPrice) -> Int64? {
        Array(name.utf8).withByteSlice { unitPrice($0, of: price)?.nanodollarsPerMillion }
    }
}

/// The first fault of what `body` does, as `line:column: message`.
func fault<Result>(of body: () throws(PriceFaults) -> Result) -> String? {
    do throws(PriceFaults) {
        _ = try body()
        return nil
    } catch {
        return error.diagnostics.first.map { "\($0.position.line):\($0.position.column): \($0.message)" }
    }
}

func fault(ofRow row: String) -> String? { fault { () throws(PriceFaults) in try book(row) } }

/// Numbers that look random and follow from a seed, which is printed and can be given again as `SLUICE_SEED`.
struct PriceGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(_ test: String) {
        let seed = ProcessInfo.processInfo.environment["SLUICE_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0...UInt64(UInt32.max))
        print("\(test): SLUICE_SEED=\(seed)")
        state = seed
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

/// Third-party price lists, which live beside the package and not in it.
enum SharedPrices {
    /// Where they are; nil, loudly, when they are not, which is an issue where `CI` is set.
    static func folder() -> String? {
        let environment = ProcessInfo.processInfo.environment
        let root = environment["SLUICE_SHARED"] ?? "\(FileManager.default.currentDirectoryPath)/../shared"
        let folder = "\(root)/data/prices"
        if FileManager.default.fileExists(atPath: "\(folder)/openai.json") { return folder }
        if environment["CI"] != nil {
            Issue.record("\(folder) is missing; set SLUICE_SHARED")
        } else {
            print("SKIPPED: \(folder) is missing; set SLUICE_SHARED")
        }
        return nil
    }
}
