import Synchronization

/// How many retries, or hedges, a target's requests have earned: a bucket of thousandths.
///
/// Each first try pays a little in, each retry takes one whole out. Over any time in which n requests come, at most
/// `balance at its start + n × deposit + time × refill` are tried again. So a target that fails every request sees, at any steady
/// load, 1.2 × what it is offered, plus ten and one every ten seconds, instead of the six-fold of five retries each.
/// - Source: Finagle, `RetryBudget`
public final class RetryBudget: Sendable {
    /// In thousandths of a retry; at most 2²⁴ − 1, 16,777 retries.
    public struct Rules: BitwiseCopyable, Sendable, Equatable {
        /// What a first try pays in.
        public let deposit: UInt32
        /// The most it holds.
        public let cap: UInt32
        /// What it starts with, and time alone fills it up to.
        public let reserve: UInt32
        /// Milliseconds in which time brings one thousandth, below the reserve; 0 for never.
        public let refillMilliseconds: UInt32

        public static let retries = Rules(
            deposit: HealthLimits.retryDepositThousandths, cap: HealthLimits.budgetCapThousandths,
            reserve: HealthLimits.retryReserveThousandths, refillMilliseconds: HealthLimits.retryRefillMilliseconds)
        public static let hedges = Rules(
            deposit: HealthLimits.hedgeDepositThousandths, cap: HealthLimits.budgetCapThousandths,
            reserve: HealthLimits.hedgeReserveThousandths, refillMilliseconds: 0)

        /// What does not fit is cut: the cap to 2²⁴ − 1, deposit and reserve to the cap.
        public init(deposit: UInt32, cap: UInt32, reserve: UInt32, refillMilliseconds: UInt32) {
            self.cap = min(cap, RetryBudget.balanceMask)
            self.deposit = min(deposit, self.cap)
            self.reserve = min(reserve, self.cap)
            self.refillMilliseconds = refillMilliseconds
        }
    }

    fileprivate static let balanceMask: UInt32 = 1 << 24 - 1
    private static let latestInstant: UInt64 = 1 << 40 - 1
    /// Thousandths of one retry.
    private static let price: UInt32 = 1000

    public let rules: Rules

    // Written by every worker that tries or tries again. Relaxed: balance (24 bits) and the milliseconds up to which time has
    // been paid for (40 bits) are one word, which publishes nothing else.
    private let word: Atomic<UInt64>

    public init(_ rules: Rules = .retries) {
        self.rules = rules
        word = Atomic(UInt64(rules.reserve))
    }

    /// Thousandths in it, as of the last call.
    public var balance: UInt32 { RetryBudget.balance(word.load(ordering: .relaxed)) }

    private static func balance(_ word: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: word) & balanceMask }

    /// Pays in for one first try. Writes nothing once the budget is full.
    public func deposit() { deposit(thousandths: rules.deposit) }

    public func deposit(thousandths: UInt32) {
        var old = word.load(ordering: .relaxed)
        while true {
            let balance = RetryBudget.balance(old)
            let paid = min(rules.cap - balance, thousandths)
            guard paid > 0 else { return }
            let result = word.compareExchange(expected: old, desired: old + UInt64(paid), ordering: .relaxed)
            if result.exchanged { return }
            old = result.original
        }
    }

    /// Takes one retry out; false when there is none, and the request fails with what it has.
    public func withdraw(now: UInt64) -> Bool {
        let instant = min(now / Monotonic.nanosecondsPerMillisecond, RetryBudget.latestInstant)
        var old = word.load(ordering: .relaxed)
        while true {
            var (balance, paidUntil) = refilled(RetryBudget.balance(old), paidUntil: old >> 24, instant)
            let isGranted = balance >= RetryBudget.price
            if isGranted { balance -= RetryBudget.price }
            let new = paidUntil << 24 | UInt64(balance)
            if new == old { return isGranted }
            let result = word.compareExchange(expected: old, desired: new, ordering: .relaxed)
            if result.exchanged { return isGranted }
            old = result.original
        }
    }

    /// What time has brought by `instant`, and up to when it then has paid.
    private func refilled(_ balance: UInt32, paidUntil: UInt64, _ instant: UInt64) -> (balance: UInt32, paidUntil: UInt64) {
        guard instant > paidUntil else { return (balance, paidUntil) }
        guard balance < rules.reserve, rules.refillMilliseconds > 0 else { return (balance, instant) }
        let (brought, rest) = (instant - paidUntil).quotientAndRemainder(dividingBy: UInt64(rules.refillMilliseconds))
        if brought >= UInt64(rules.reserve - balance) { return (rules.reserve, instant) }
        // The time that has made no whole thousandth yet is kept.
        return (balance + UInt32(brought), instant - rest)
    }
}
