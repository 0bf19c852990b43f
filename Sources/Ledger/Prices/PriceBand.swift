/// The prices of one service tier for prompts of more than so many tokens.
struct PriceBand: BitwiseCopyable, Sendable {
    /// Tokens of a prompt past which the band holds.
    let above: Int64
    /// Nano-dollars a million tokens.
    private var rates = InlineArray<12, Int64>(repeating: 0)
    let tier: ServiceTier
    private(set) var stated: TokenClassSet = []

    init(tier: ServiceTier, above: Int64) {
        self.tier = tier
        self.above = above
    }

    /// By the class's raw value.
    func rate(at index: Int) -> Int64 { rates[index] }

    /// - Parameter rate: from 0 to `PriceLimits.unitPrice`.
    mutating func state(_ kind: TokenClass, _ rate: Int64) {
        stated.insert(TokenClassSet(kind))
        rates[kind.rawValue] = rate
    }

    /// Takes from `other` what is not stated here and is there, as if it were.
    mutating func inherit(_ other: PriceBand, known: inout TokenClassSet) {
        let missing = other.stated.subtracting(known)
        guard !missing.isEmpty else { return }
        for index in 0..<TokenClass.count where missing.rawValue >> UInt16(truncatingIfNeeded: index) & 1 == 1 { rates[index] = other.rates[index] }
        known.formUnion(missing)
    }

    /// Takes the dearer of each pair.
    mutating func raise(to other: PriceBand) {
        for index in rates.indices { rates[index] = max(rates[index], other.rates[index]) }
    }

    mutating func assumeTheRest() { assumeTheRest(known: stated) }

    /// Gives every class a price that follows from those that are `known`. A discount that is not stated is none: a token from a cache
    /// of which nothing is said costs what any other does.
    mutating func assumeTheRest(known: TokenClassSet) {
        func assume(_ kind: TokenClass, _ source: TokenClass) {
            if !known.contains(kind) { rates[kind.rawValue] = rates[source.rawValue] }
        }
        assume(.cachedRead, .input)
        assume(.cacheWrite5m, .input)
        assume(.cacheWrite1h, .cacheWrite5m)
        assume(.audioInput, .input)
        assume(.audioCached, known.contains(.audioInput) ? .audioInput : .cachedRead)
        assume(.imageInput, .input)
        assume(.imageCached, known.contains(.imageInput) ? .imageInput : .cachedRead)
        if !known.contains(.output) {
            // Of a model that answers in pictures or sound alone.
            rates[TokenClass.output.rawValue] = max(rates[TokenClass.imageOutput.rawValue], rates[TokenClass.audioOutput.rawValue])
        }
        assume(.reasoning, .output)
        assume(.audioOutput, .output)
        assume(.imageOutput, .output)
    }
}

extension PriceBand {
    /// The prices of `band` for another length.
    init(tier: ServiceTier, above: Int64, like band: PriceBand) {
        self.init(tier: tier, above: above)
        raise(to: band)
    }
}
