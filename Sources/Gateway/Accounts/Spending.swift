import Bytes
import Ledger
import Providers

/// What one attempt has reserved of budgets, and in which limits a request is counted; pooled by its worker.
///
/// An object of its own: requests without terms have none, and those with some none that is theirs alone.
final class Spending {
    /// Terms that a request falls under, and which account of a grouped policy's is its own.
    struct Holder {
        let terms: SpendingTerms
        /// Nil where there is one alone.
        let account: LedgerKey?
        /// Where the policy stands in the snapshot's set; negative for what is none.
        var policy = -1
    }

    private let chargeStorage = UnsafeMutablePointer<BudgetCharge>.allocate(capacity: BudgetLimits.budgetsPerRequest)
    private let rateStorage = UnsafeMutablePointer<RateCharge>.allocate(capacity: RateLimits.limitsPerRequest)
    private(set) var chargeCount = 0
    private(set) var rateCount = 0
    /// Of which limits tokens are counted: a bit each.
    private var tokenRates: UInt32 = 0
    /// Whose the charges are, and the limits, with the limit's place among its holder's: by their places.
    private let chargeHolders = UnsafeMutablePointer<UInt8>.allocate(capacity: BudgetLimits.budgetsPerRequest)
    private let rateHolders = UnsafeMutablePointer<(holder: UInt8, rate: UInt8)>.allocate(capacity: RateLimits.limitsPerRequest)

    /// Where the digits of the answer's limit stand while they are sent.
    let limitText = UnsafeMutablePointer<UInt8>.allocate(capacity: AccountLimits.limitTextByteCount)
    /// Where it was reserved, and is to be settled.
    var desks: Desks?
    /// What is charged and counted: the caller's terms first, then those of where the request goes.
    private(set) var holders: ContiguousArray<Holder> = []
    /// How many of them are the caller's.
    private(set) var callerCount = 0
    /// What is counted by the caller's, and by the others.
    private(set) var callerCounted: SpendingTerms.Counted = []
    private(set) var targetCounted: SpendingTerms.Counted = []
    var reservation = BudgetReservation()
    var admission = RateAdmission()

    /// What was reserved for.
    var bound = RequestBound()
    var adjustment = PriceAdjustment.none
    // Some four hundred bytes, which are read where they lie.
    private let price = UnsafeMutablePointer<ModelPrice>.allocate(capacity: 1)
    private(set) var isPriced = false
    /// The price is a book's, and not one that the operator has for models without any.
    private(set) var isBookPriced = false
    /// By what name the book has the price; empty where the price is no book's.
    private var priceName = ModelText()

    /// The request has left.
    var isSent = false
    /// The answer's; 0 before it has one.
    var status = 0
    /// It was sent, and its connection ended before there was an answer.
    var hasFailed = false
    /// Of all attempts: what the provider counted.
    var tokens: Int64 = 0

    deinit {
        chargeStorage.deallocate()
        rateStorage.deallocate()
        chargeHolders.deallocate()
        rateHolders.deallocate()
        price.deallocate()
        limitText.deallocate()
    }

    /// As good as new. Nothing may be open.
    func reset() {
        chargeCount = 0
        rateCount = 0
        tokenRates = 0
        desks = nil
        // One by one: to remove them all at once is a replacement by nothing, which is made for any collection.
        while holders.popLast() != nil {}
        callerCount = 0
        callerCounted = []
        targetCounted = []
        bound = RequestBound()
        isPriced = false
        isBookPriced = false
        priceName.removeAll()
        adjustment = .none
        isSent = false
        status = 0
        hasFailed = false
        tokens = 0
    }

    // MARK: Whose

    func add(_ holder: Holder, isCallers: Bool) {
        holders.append(holder)
        if isCallers {
            callerCount = holders.count
            callerCounted.formUnion(holder.terms.counted)
        } else {
            targetCounted.formUnion(holder.terms.counted)
        }
    }

    /// Takes up the caller's terms of another.
    func takeCallers(of other: Spending) {
        for index in 0..<other.callerCount { holders.append(other.holders[index]) }
        callerCount = holders.count
        callerCounted = other.callerCounted
    }

    var targetHolders: Range<Int> { callerCount..<holders.count }

    var counted: SpendingTerms.Counted { callerCounted.union(targetCounted) }

    func hasBudget(of unit: BudgetUnit) -> Bool { counted.contains(.budget(of: unit)) }

    /// Whether what the request may come to in tokens matters to any of its terms.
    var countsTokens: Bool { !counted.isDisjoint(with: [.money, .tokens, .tokenRates]) }

    // MARK: Price

    func setPrice(_ price: ModelPrice) {
        self.price.initialize(to: price)
        isPriced = true
        isBookPriced = false
        priceName.removeAll()
    }

    /// Takes the book's price of a model; false where it has none.
    func takePrice(of model: ByteSlice, provider: ByteSlice, tier: ServiceTier, from book: PriceBook, _ memo: PriceMemo) -> Bool {
        guard memo.copyPrice(provider: provider, model: model, tier: tier, from: book, to: price) else { return false }
        isPriced = true
        isBookPriced = true
        priceName.set(model)
        return true
    }

    /// Lends the name by which the book has the price; nil where it is no book's.
    func withPriceName<Result>(_ body: (ByteSlice) -> Result?) -> Result? { priceName.isEmpty ? nil : priceName.withBytesInPlace(body) }

    /// Whether it matters to the price which classes of tokens a request can come to.
    var pricesClassesApart: Bool { isPriced && price.pointee.chargesMoreThanTextInPlace() }

    var maxOutputTokens: Int64? { isPriced ? price.pointee.maxOutputTokens : nil }

    /// Whether what it costs has its searches in it: the model's price says what one costs, or a price of the request covers them.
    var pricesSearches: Bool { adjustment.fixed != nil || isPriced && price.pointee.perSearch != nil }

    /// The most that it can cost; nothing without a price.
    func upperBound(inputTokens: Int64, outputTokens: Int64, searches: Int64 = 0) -> Nanodollars {
        guard isPriced else { return .zero }
        return price.pointee.upperBoundInPlace(
            inputTokens: inputTokens, outputTokens: outputTokens, searches: searches, classes: bound.classes, adjustment: adjustment)
    }

    /// What an answer that took `usage` costs; nothing without a price.
    func cost(of usage: Usage) -> Nanodollars { isPriced ? price.pointee.costInPlace(of: usage, adjustment: adjustment) : .zero }

    /// The longest answer whose upper bound fits into `amount`; nil when not even the question does. Without a price, any.
    func outputTokens(within amount: Nanodollars) -> Int64? {
        guard isPriced else { return .max }
        return price.pointee.outputTokens(within: amount, inputTokens: bound.inputTokens, classes: bound.classes, adjustment: adjustment)
    }

    // MARK: Charges

    func forgetCharges() { chargeCount = 0 }

    func charge(_ index: Int) -> BudgetCharge { chargeStorage[index] }

    /// - Returns: false when there are too many.
    func add(_ charge: BudgetCharge, of holder: Int) -> Bool {
        guard chargeCount < BudgetLimits.budgetsPerRequest else { return false }
        (chargeStorage + chargeCount).initialize(to: charge)
        chargeHolders[chargeCount] = UInt8(truncatingIfNeeded: holder)
        chargeCount += 1
        return true
    }

    /// - Returns: false when there are too many.
    func add(_ charge: RateCharge, _ rate: Int, of holder: Int) -> Bool {
        guard rateCount < RateLimits.limitsPerRequest else { return false }
        if holders[holder].terms.rates[rate].unit == .tokens { tokenRates |= 1 << UInt32(rateCount) }
        (rateStorage + rateCount).initialize(to: charge)
        rateHolders[rateCount] = (UInt8(truncatingIfNeeded: holder), UInt8(truncatingIfNeeded: rate))
        rateCount += 1
        return true
    }

    func rate(_ index: Int) -> RateCharge { rateStorage[index] }
    func countsTokens(_ index: Int) -> Bool { tokenRates >> UInt32(index) & 1 == 1 }

    func admit(at desk: RateDesk, for request: Identifier, nowNanoseconds: UInt64) -> RateVerdict {
        desk.admit(UnsafeBufferPointer(start: rateStorage, count: rateCount).span, for: request, nowNanoseconds: nowNanoseconds, into: &admission)
    }

    func reserve(at desk: BudgetDesk, for request: Identifier, wallNanoseconds: UInt64) -> BudgetVerdict {
        let charges = UnsafeBufferPointer(start: chargeStorage, count: chargeCount).span
        return desk.reserve(charges, for: request, wallNanoseconds: wallNanoseconds, into: &reservation)
    }

    /// Settles what is reserved; see `BudgetDesk.settle`.
    func settle(at desk: BudgetDesk, actual: (BudgetUnit) -> Int64, settled: (Int, BudgetSettlement) -> Void) {
        // Apart: the reservation is being changed while the charges are read.
        let charges = chargeStorage
        desk.settle(&reservation, actual: { actual(charges[$0].rule.unit) }, settled: settled)
    }

    /// Whether a movement of the charge at `index` may have passed a threshold.
    func mayAlert(_ index: Int, _ movement: BudgetMovement) -> Bool { movement.spentAfter >= chargeStorage[index].rule.firstThreshold }

    func leastLeft(at desk: BudgetDesk, of unit: BudgetUnit, wallNanoseconds: UInt64) -> (index: Int, left: Int64)? {
        desk.leastLeft(of: UnsafeBufferPointer(start: chargeStorage, count: chargeCount).span, unit, wallNanoseconds: wallNanoseconds)
    }

    /// Whose the charge at `index` is.
    func holder(ofCharge index: Int) -> Holder? {
        guard index < chargeCount, Int(chargeHolders[index]) < holders.count else { return nil }
        return holders[Int(chargeHolders[index])]
    }

    /// Whose the limit at `index` is, and which of theirs.
    func holder(ofRate index: Int) -> (holder: Holder, rate: SpendingTerms.Rate)? {
        guard index < rateCount, Int(rateHolders[index].holder) < holders.count else { return nil }
        let holder = holders[Int(rateHolders[index].holder)]
        return (holder, holder.terms.rates[Int(rateHolders[index].rate)])
    }
}
