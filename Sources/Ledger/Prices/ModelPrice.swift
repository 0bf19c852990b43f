public import Providers

/// What the tokens of one model cost at one service tier, and its searches of the web at any: all that is needed to bill a request.
public struct ModelPrice: BitwiseCopyable, Sendable {
    /// The tier the prices are of. Where a book has none for the tier that was asked for, these are the standard ones.
    public let tier: ServiceTier
    /// Whether the book has the model under the very name that was asked for, and not under one without its date or prefix.
    public let isExactName: Bool
    /// What a request costs beside its tokens.
    public let perRequest: UnitPrice
    /// What one of its provider's searches of the web costs beside its tokens, its book's unit `web_search`; nil where the book does not say.
    public let perSearch: UnitPrice?
    /// Tokens of the longest answer and of prompt and answer together; nil where the book does not say.
    public let maxOutputTokens: Int64?
    public let contextTokens: Int64?
    /// Where its book keeps what belongs to the model alone, and which book that is; see `PriceBook.unitPrice`.
    let row: Int
    let owner: UInt
    /// The classes whose price the book states at this tier, for short prompts; that of others follows from them.
    public let statedClasses: TokenClassSet
    /// Of each band its bound and twelve prices; whole numbers beside each other, which are copied at once.
    private var numbers = InlineArray<52, Int64>(repeating: 0)
    private let bandCount: Int

    init(
        tier: ServiceTier, isExactName: Bool = true, perRequest: UnitPrice, perSearch: UnitPrice? = nil, maxOutputTokens: Int64?, contextTokens: Int64?,
        row: Int, owner: UInt, bands source: UnsafePointer<PriceBand>, count: Int
    ) {
        precondition(count > 0 && count <= PriceLimits.bandCount, "a book's rows have no more bands than a price")
        self.tier = tier
        self.isExactName = isExactName
        self.perRequest = perRequest
        self.perSearch = perSearch
        self.maxOutputTokens = maxOutputTokens
        self.contextTokens = contextTokens
        self.row = row
        self.owner = owner
        statedClasses = source[0].stated
        bandCount = count
        for index in 0..<count {
            numbers[13 * index] = source[index].above
            for kind in 0..<TokenClass.count { numbers[13 * index + 1 + kind] = source[index].rate(at: kind) }
        }
    }

    /// A price that comes from no book: a default for models that have none.
    public init(input: UnitPrice, output: UnitPrice) {
        var band = PriceBand(tier: .standard, above: 0)
        band.state(.input, input.nanodollarsPerMillion)
        band.state(.output, output.nanodollarsPerMillion)
        band.assumeTheRest()
        self = withUnsafePointer(to: band) { band in
            ModelPrice(tier: .standard, perRequest: .zero, maxOutputTokens: nil, contextTokens: nil, row: -1, owner: 0, bands: band, count: 1)
        }
    }

    /// The prices for a prompt of `inputTokens`.
    private func band(for inputTokens: Int64) -> Int {
        var found = 0
        for index in 1..<max(bandCount, 1) where inputTokens > start(of: index) { found = index }
        return found
    }

    private func start(of band: Int) -> Int64 { numbers[13 * band] }

    private func rate(_ kind: Int, inBand band: Int) -> UnitPrice { UnitPrice(unchecked: numbers[13 * band + 1 + kind]) }

    /// Lends a band's prices, those of all classes in their order. Read one by one each would have all four hundred bytes copied first; and so would a
    /// method that does not mutate, which is why those for each request do.
    @inline(__always)
    private mutating func withRates<Result>(inBand band: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withUnsafeBytes(of: &numbers) { numbers in
            body(UnsafeRawBufferPointer(rebasing: numbers[(13 * band + 1) * 8..<(13 * band + 13) * 8]))
        }
    }

    @inline(__always)
    private static func rate(_ kind: Int, of rates: UnsafeRawBufferPointer) -> UnitPrice {
        UnitPrice(unchecked: rates.load(fromByteOffset: kind * 8, as: Int64.self))
    }

    /// The dearest token of `classes` that can go in, and that can come out.
    private mutating func dearest(of classes: TokenClassSet, inBand band: Int) -> (input: UnitPrice, output: UnitPrice) {
        withRates(inBand: band) { rates in
            (ModelPrice.dearest(of: classes.intersection(.inputs), rates), ModelPrice.dearest(of: classes.intersection(.outputs), rates))
        }
    }

    @inline(__always)
    private static func dearest(of classes: TokenClassSet, _ rates: UnsafeRawBufferPointer) -> UnitPrice {
        var dearest = UnitPrice.zero
        var left = classes.intersection(.all).rawValue
        while left != 0 {
            dearest = max(dearest, rate(left.trailingZeroBitCount, of: rates))
            left &= left &- 1
        }
        return dearest
    }

    /// What a token of `kind` costs in a request whose prompt has `inputTokens`.
    public func rate(of kind: TokenClass, inputTokens: Int64 = 0) -> UnitPrice { rate(kind.rawValue, inBand: band(for: inputTokens)) }

    /// Prompt lengths past which other prices hold.
    public var bounds: [Int64] { (1..<max(bandCount, 1)).map { start(of: $0) } }

    // MARK: After an answer

    /// What the tokens and the request itself cost, to which prices by the unit may be added.
    public func charge(for counts: TokenCounts) -> Charge {
        var price = self
        return price.chargeInPlace(for: counts)
    }

    private mutating func chargeInPlace(for counts: TokenCounts) -> Charge {
        var charge = Charge()
        charge.add(1, at: perRequest)
        withRates(inBand: band(for: counts.inputTotal)) { rates in
            counts.withCounts { counts in
                for kind in 0..<TokenClass.count where counts[kind] > 0 { charge.add(counts[kind], at: ModelPrice.rate(kind, of: rates)) }
            }
        }
        return charge
    }

    public func cost(of counts: TokenCounts, adjustment: PriceAdjustment = .none) -> Nanodollars {
        charge(for: counts).total(adjustment)
    }

    /// What an answer that took `usage` comes to: its tokens, its searches as far as they have a price, and the request itself.
    public func cost(of usage: Usage, adjustment: PriceAdjustment = .none) -> Nanodollars {
        var price = self
        return price.costInPlace(of: usage, adjustment: adjustment)
    }

    /// The same, of a price that is a variable: it is read where it lies.
    public mutating func costInPlace(of usage: Usage, adjustment: PriceAdjustment = .none) -> Nanodollars {
        var charge = chargeInPlace(for: TokenCounts(usage))
        if let perSearch { charge.add(usage.webSearches, at: perSearch) }
        return charge.total(adjustment)
    }

    // MARK: Before a request

    /// The most a request can cost: no usage of at most so many tokens, all of `classes`, and of so many searches costs more. Before a request nobody
    /// knows how many searches there will be; of one that has told of some before it was cut they are known.
    ///
    /// A text has at most as many tokens as bytes, so a prompt's bytes may stand for `inputTokens`. The default takes each token for the
    /// dearest it could be; `classes` is narrowed where the request rules some out, writes to a cache above all.
    public func upperBound(
        inputTokens: Int64, outputTokens: Int64, searches: Int64 = 0, classes: TokenClassSet = .all, adjustment: PriceAdjustment = .none
    ) -> Nanodollars {
        var price = self
        return price.upperBoundInPlace(
            inputTokens: inputTokens, outputTokens: outputTokens, searches: searches, classes: classes, adjustment: adjustment)
    }

    /// The same, of a price that is a variable: it is read where it lies.
    public mutating func upperBoundInPlace(
        inputTokens: Int64, outputTokens: Int64, searches: Int64 = 0, classes: TokenClassSet = .all, adjustment: PriceAdjustment = .none
    ) -> Nanodollars {
        var bound = Nanodollars.zero
        for index in 0..<bandCount where index == 0 || inputTokens > start(of: index) {
            let dearest = dearest(of: classes, inBand: index)
            var charge = Charge()
            charge.add(1, at: perRequest)
            charge.add(inputTokens, at: dearest.input)
            charge.add(outputTokens, at: dearest.output)
            if let perSearch { charge.add(searches, at: perSearch) }
            bound = max(bound, charge.total(adjustment))
        }
        return bound
    }

    /// Whether there are tokens that no text is, of a cache that is written, of sound or of images, which cost more than a text's: only then it matters to
    /// `upperBound` which of them a request can come to.
    public mutating func chargesMoreThanTextInPlace() -> Bool {
        for index in 0..<bandCount {
            let (all, text) = (dearest(of: .all, inBand: index), dearest(of: .text, inBand: index))
            if all.input > text.input || all.output > text.output { return true }
        }
        return false
    }

    /// The longest answer whose upper bound fits into `amount`; `Int64.max` where no answer costs anything.
    /// - Returns: nil when not even the prompt fits.
    public func outputTokens(
        within amount: Nanodollars, inputTokens: Int64, classes: TokenClassSet = .all, adjustment: PriceAdjustment = .none
    ) -> Int64? {
        guard amount >= .zero, upperBound(inputTokens: inputTokens, outputTokens: 0, classes: classes, adjustment: adjustment) <= amount else { return nil }
        guard adjustment.fixed == nil, adjustment.multiplierMillionths > 0 else { return .max }
        // The largest sum of exact parts that, adjusted and rounded up, is still within the amount.
        let room = Int128(amount.count) * 1_000_000_000_000 / Int128(adjustment.multiplierMillionths)
        var longest = Int64.max
        var prices = self
        for index in 0..<bandCount where index == 0 || inputTokens > start(of: index) {
            let dearest = prices.dearest(of: classes, inBand: index)
            let price = Int128(dearest.output.nanodollarsPerMillion)
            guard price > 0 else { continue }
            var spent = Charge()
            spent.add(1, at: perRequest)
            spent.add(inputTokens, at: dearest.input)
            longest = min(longest, Int64(clamping: (room - spent.sum) / price))
        }
        // Below 0 only where the bound has reached the largest amount, and that is there to be spent.
        return max(longest, 0)
    }
}
