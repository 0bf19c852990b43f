import Ledger

/// What a request asks the back office for: room in the ledger for what it is charged to.
struct AccountQuestion: Sendable {
    /// An account of a grouped policy that may be new.
    struct Name: Sendable {
        let account: AccountNames.Account
        /// For messages.
        let title: String
    }

    var budgets: [BudgetCharge] = []
    var rates: [RateCharge] = []
    var names: [Name] = []
    let wallNanoseconds: UInt64

    init(wallNanoseconds: UInt64) { self.wallNanoseconds = wallNanoseconds }

    var isEmpty: Bool { budgets.isEmpty && rates.isEmpty }
}

/// Why there is no room.
enum AccountFault: Error, Equatable, Sendable {
    /// The ledger cannot be used now.
    case unusable(String)
    /// A policy has as many accounts as it may have: of budgets, or of limits.
    case noBudget(String)
    case noLimit(String)
}

/// A budget has passed a threshold.
struct BudgetAlert: Sendable {
    let terms: SpendingTerms
    /// Of a grouped policy, which of its accounts.
    let account: LedgerKey?
    let rule: BudgetRule
    let threshold: Int64
    let spent: Int64
    /// When, in nanoseconds since 1970.
    let wallNanoseconds: UInt64
}
