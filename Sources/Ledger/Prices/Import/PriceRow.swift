/// One model's prices on their way from an imported file to a book.
struct PriceRow {
    /// The prices that a file states for one tier and length of prompt.
    struct Rates: Equatable {
        private var rates = [Int64?](repeating: nil, count: TokenClass.count)

        /// Nano-dollars a million tokens.
        subscript(_ kind: TokenClass) -> Int64? {
            get { rates[kind.rawValue] }
            set { rates[kind.rawValue] = newValue }
        }

        var isEmpty: Bool { rates.allSatisfy { $0 == nil } }
        var hasPrice: Bool { rates.contains { ($0 ?? 0) > 0 } }
    }

    struct Terms: Equatable {
        var rates = Rates()
        /// By the prompt's length past which they hold.
        var above: [Int64: Rates] = [:]

        var isEmpty: Bool { rates.isEmpty && above.values.allSatisfy(\.isEmpty) }
        var hasPrice: Bool { rates.hasPrice || above.values.contains(where: \.hasPrice) }
    }

    var tiers: [ServiceTier: Terms] = [:]
    /// Nano-dollars a million units, by the unit's name.
    var units: [String: Int64] = [:]
    var perRequest: Int64?
    var contextTokens: Int64?
    var maxOutputTokens: Int64?

    var hasPrice: Bool { tiers.values.contains(where: \.hasPrice) || units.values.contains { $0 > 0 } || (perRequest ?? 0) > 0 }

    /// Whether prices are the same; what is known beside them may differ.
    func costsTheSame(as other: PriceRow) -> Bool { tiers == other.tiers && units == other.units && perRequest == other.perRequest }
}

extension PriceRow.Rates {
    /// Drops what cannot be the price of a token of its class: a class at 0, or a cached one dearer than a fresh one, where fresh tokens cost
    /// something. Lists fill in a 0 where they know nothing, and the price of keeping a cache for an hour where that of reading it belongs.
    /// - Returns: how many were dropped.
    mutating func dropUnbelievable() -> Int {
        var dropped = 0
        for kind in TokenClass.allCases {
            guard kind != kind.general, let rate = self[kind], let base = self[kind.general], base > 0 else { continue }
            if rate == 0 || kind == .cachedRead && rate > base {
                self[kind] = nil
                dropped += 1
            }
        }
        return dropped
    }
}

extension PriceRow.Terms {
    /// Whether no token is cheaper in a longer prompt, which nobody's is: such a pair of prices is not of one thing.
    var risesWithLength: Bool {
        var known = rates
        for (_, band) in above.sorted(by: { $0.key < $1.key }) {
            for kind in TokenClass.allCases {
                guard let longer = band[kind] else { continue }
                if let shorter = known[kind] ?? known[kind.general], longer < shorter { return false }
                known[kind] = longer
            }
        }
        return true
    }
}

extension TokenClass {
    /// The class that this one is a kind of.
    fileprivate var general: TokenClass { TokenClassSet.inputs.contains(self) ? .input : .output }
}
