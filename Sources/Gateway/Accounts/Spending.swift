import Bytes
import Ledger

/// What one attempt has reserved of budgets, and in which limits a request is counted; pooled by its worker.
///
/// An object of its own: requests without terms have none, and those with some none that is theirs alone.
final class Spending {
    private let chargeStorage = UnsafeMutablePointer<BudgetCharge>.allocate(capacity: BudgetLimits.budgetsPerRequest)
    private let rateStorage = UnsafeMutablePointer<RateCharge>.allocate(capacity: RateLimits.limitsPerRequest)
    private(set) var chargeCount = 0
    private(set) var rateCount = 0
    /// Of which limits tokens are counted: a bit each.
    private var tokenRates: UInt8 = 0

    /// Where the digits of the answer's limit stand while they are sent.
    let limitText = UnsafeMutablePointer<UInt8>.allocate(capacity: AccountLimits.limitTextByteCount)
    /// Where it was reserved, and is to be settled.
    var desks: Desks?
    /// Whose budgets they are: the caller's first, then the virtual key's.
    var callers: SpendingTerms?
    var targets: SpendingTerms?
    var reservation = BudgetReservation()
    var admission = RateAdmission()

    /// What was reserved for.
    var bound = RequestBound()
    var price: ModelPrice?
    var adjustment = PriceAdjustment.none
    var tier = ServiceTier.standard

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
        limitText.deallocate()
    }

    /// As good as new. Nothing may be open.
    func reset() {
        chargeCount = 0
        rateCount = 0
        tokenRates = 0
        desks = nil
        callers = nil
        targets = nil
        bound = RequestBound()
        price = nil
        adjustment = .none
        tier = .standard
        isSent = false
        status = 0
        hasFailed = false
        tokens = 0
    }


    /// Whether what the request may come to in tokens matters to any of its terms.
    var countsTokens: Bool {
        hasBudget(of: .cost) || hasBudget(of: .tokens) || callers?.rates.contains { $0.unit == .tokens } == true
            || targets?.rates.contains { $0.unit == .tokens } == true
    }

    func forgetCharges() { chargeCount = 0 }

    func charge(_ index: Int) -> BudgetCharge { chargeStorage[index] }

    func add(_ charge: BudgetCharge) {
        guard chargeCount < BudgetLimits.budgetsPerRequest else { return }
        (chargeStorage + chargeCount).initialize(to: charge)
        chargeCount += 1
    }

    func add(_ rate: RateCharge, _ unit: SpendingTerms.Rate.Unit) {
        guard rateCount < RateLimits.limitsPerRequest else { return }
        if unit == .tokens { tokenRates |= 1 << UInt8(rateCount) }
        (rateStorage + rateCount).initialize(to: rate)
        rateCount += 1
    }

    func rate(_ index: Int) -> RateCharge { rateStorage[index] }
    func countsTokens(_ index: Int) -> Bool { tokenRates >> UInt8(index) & 1 == 1 }

    func admit(at desk: RateDesk, for request: Identifier, nowNanoseconds: UInt64) -> RateVerdict {
        desk.admit(UnsafeBufferPointer(start: rateStorage, count: rateCount).span, for: request, nowNanoseconds: nowNanoseconds, into: &admission)
    }

    func reserve(at desk: BudgetDesk, for request: Identifier, wallNanoseconds: UInt64) -> BudgetVerdict {
        let charges = UnsafeBufferPointer(start: chargeStorage, count: chargeCount).span
        return desk.reserve(charges, for: request, wallNanoseconds: wallNanoseconds, into: &reservation)
    }

    func leastLeft(at desk: BudgetDesk, of unit: BudgetUnit, wallNanoseconds: UInt64) -> (index: Int, left: Int64)? {
        desk.leastLeft(of: UnsafeBufferPointer(start: chargeStorage, count: chargeCount).span, unit, wallNanoseconds: wallNanoseconds)
    }

    /// Whose the charge at `index` is.
    func terms(ofCharge index: Int) -> SpendingTerms? {
        index < callers?.budgets.count ?? 0 ? callers : targets
    }
}
