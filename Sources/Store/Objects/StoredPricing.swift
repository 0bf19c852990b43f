import Bytes
import JSON
public import Ledger

/// What of the price book is otherwise for a virtual key, as it is stored: `{"multiplier": 0.9}`, or `{"fixed": 0.005}` in dollars a request.
public enum StoredPricing {
    /// - Throws: which member is wrong, and why.
    public static func adjustment(_ text: String) throws(StoreError) -> PriceAdjustment {
        guard case .object(let members) = DocumentParser.parse(text).document?.root.value, members.count == 1, let member = members.first else {
            throw .invalid(field: "pricing", reason: "has one of multiplier and fixed")
        }
        guard case .number(let number) = member.value.value else { throw .invalid(field: "pricing.\(member.name)", reason: "must be a number") }
        let written = Array(number.text.utf8)
        switch member.name {
        case "multiplier":
            if let adjustment = written.withByteSlice({ PriceAdjustment(multiplier: $0) }) { return adjustment }
            let most = PriceLimits.multiplier / 1_000_000
            throw .invalid(field: "pricing.multiplier", reason: "must be a number from 0 to \(most) with at most six decimals")
        case "fixed":
            if let adjustment = written.withByteSlice({ PriceAdjustment(fixedDollars: $0) }) { return adjustment }
            throw .invalid(field: "pricing.fixed", reason: "must be dollars, with at most nine decimals")
        default: throw .invalid(field: "pricing.\(member.name)", reason: "is unknown; pricing has multiplier or fixed")
        }
    }
}
