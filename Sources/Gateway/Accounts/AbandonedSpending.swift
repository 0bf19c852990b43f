import Ledger

/// What a process that was killed had reserved counts as spent, and may pass thresholds: they are told of as those that a settled request passes.
///
/// Kept until it is known whose the budgets are: a process may find what is abandoned before it has its first snapshot.
struct AbandonedSpending {
    private var movements: [(key: LedgerKey, movement: BudgetMovement)] = []

    mutating func add(_ recovery: BudgetRecovery) { movements += recovery.movements }

    /// What to tell of it; nothing before anything is published.
    mutating func takeAlerts(of books: AccountBooks, wallNanoseconds: UInt64) -> [BudgetAlert] {
        guard !movements.isEmpty, books.hasPublished else { return [] }
        defer { movements = [] }
        let terms = books.published
        return movements.flatMap { key, movement -> [BudgetAlert] in
            guard let (terms, account, rule) = AbandonedSpending.holder(of: key, among: terms, books) else { return [] }
            return rule.thresholds(passedBy: movement).map {
                BudgetAlert(terms: terms, account: account, rule: rule, threshold: $0, spent: movement.spentAfter, wallNanoseconds: wallNanoseconds)
            }
        }
    }

    /// Nil for a budget that nobody has any more.
    private static func holder(of key: LedgerKey, among terms: [SpendingTerms], _ books: AccountBooks) -> (SpendingTerms, LedgerKey?, BudgetRule)? {
        for terms in terms {
            if let budget = terms.budgets.first(where: { $0.key == key }) { return (terms, nil, budget.rule) }
        }
        for policy in books.publishedPolicies where !policy.scope.groups.isEmpty {
            guard let budget = policy.terms.budgets.first, (try? books.names.account(key, of: policy.terms.identity, .budget)) != nil else { continue }
            return (policy.terms, key, budget.rule)
        }
        return nil
    }
}
