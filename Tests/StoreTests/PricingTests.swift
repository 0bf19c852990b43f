import Ledger
import Testing
@testable import Store

@Suite("Stored pricing")
struct PricingTests {
    @Test("a multiplier or an amount for each request is read exactly", arguments: [
        (#"{"multiplier":0.9}"#, PriceAdjustment(multiplierMillionths: 900_000)), (#"{"multiplier":0}"#, PriceAdjustment(multiplierMillionths: 0)),
        (#"{"multiplier":1}"#, PriceAdjustment.none), (#"{"multiplier":1000}"#, PriceAdjustment(multiplierMillionths: PriceLimits.multiplier)),
        (#"{"fixed":0}"#, PriceAdjustment(fixed: .zero)), (#"{"fixed":0.000000001}"#, PriceAdjustment(fixed: Nanodollars(1))),
    ])
    func read(text: String, adjustment: PriceAdjustment?) throws {
        #expect(try StoredPricing.adjustment(text) == adjustment)
    }

    @Test("anything else is refused by its member", arguments: [
        ("", "pricing"), ("5", "pricing"), ("{}", "pricing"), (#"{"multiplier":1,"fixed":1}"#, "pricing"), (#"{"multiplier":"1"}"#, "pricing.multiplier"),
        (#"{"multiplier":-1}"#, "pricing.multiplier"), (#"{"multiplier":1000.000001}"#, "pricing.multiplier"), (#"{"multiplier":0.0000001}"#, "pricing.multiplier"),
        (#"{"fixed":-1}"#, "pricing.fixed"), (#"{"fixed":1e30}"#, "pricing.fixed"), (#"{"fixed":0.0000000001}"#, "pricing.fixed"), (#"{"other":1}"#, "pricing.other"),
    ])
    func faults(text: String, field: String) {
        #expect { try StoredPricing.adjustment(text) } throws: { error in
            guard case StoreError.invalid(let named, _) = error else { return false }
            return named == field
        }
    }
}
