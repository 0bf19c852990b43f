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
        let holders = AbandonedSpending.holders(books.published)
        let grouped = books.publishedPolicies.filter { !$0.scope.groups.isEmpty }
        return movements.flatMap { key, movement -> [BudgetAlert] in
            func alerts(_ terms: SpendingTerms, _ account: LedgerKey?, _ rule: BudgetRule) -> [BudgetAlert] {
                rule.thresholds(passedBy: movement).map {
                    BudgetAlert(terms: terms, account: account, rule: rule, threshold: $0, spent: movement.spentAfter, wallNanoseconds: wallNanoseconds)
                }
            }
            if let (terms, rule) = holders[key] { return alerts(terms, nil, rule) }
            for policy in grouped {
                // Whose account it is, is looked up where there is something to tell.
                guard let rule = policy.terms.budgets.first?.rule, !rule.thresholds(passedBy: movement).isEmpty,
                    (try? books.names.account(key, of: policy.terms.identity, .budget)) != nil
                else { continue }
                return alerts(policy.terms, key, rule)
            }
            // Nobody has it any more.
            return []
        }
    }

    private static func holders(_ published: [SpendingTerms]) -> [LedgerKey: (SpendingTerms, BudgetRule)] {
        var holders: [LedgerKey: (SpendingTerms, BudgetRule)] = [:]
        for terms in published { for budget in terms.budgets { holders[budget.key] = (terms, budget.rule) } }
        return holders
    }
}
