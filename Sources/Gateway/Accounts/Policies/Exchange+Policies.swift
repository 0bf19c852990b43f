import Bytes
import Ledger

/// Whose terms a request falls under: its caller's, those of where it goes, and the policies that it meets.
extension Exchange {
    /// The policies that there were when the request came.
    private var policyRows: [PolicySet.Row] { caller.snapshot?.policies.rows ?? [] }

    /// Whether anybody's terms may be for the attempt at hand.
    func isHeld(_ plan: Plan) -> Bool {
        let key = plan.destination.keys[attempt.key]
        return caller.terms != nil || caller.workspaceTerms != nil || key.terms != nil || key.integrationTerms != nil
            || !policyRows.isEmpty
    }

    func findHolders(_ spending: Spending, _ plan: Plan, _ client: Client) throws(Rejection) {
        let key = plan.destination.keys[attempt.key]
        let isPoliced = !policyRows.isEmpty
        if isPoliced { worker.accounts.traits = try traits(plan, client) }
        if let terms = caller.terms { spending.add(Spending.Holder(terms: terms, account: nil), isCallers: true) }
        if let terms = caller.workspaceTerms { spending.add(Spending.Holder(terms: terms, account: nil), isCallers: true) }
        if isPoliced { try addPolicies(spending, ofTargets: false) }
        if let terms = key.terms { spending.add(Spending.Holder(terms: terms, account: nil), isCallers: false) }
        if let terms = key.integrationTerms { spending.add(Spending.Holder(terms: terms, account: nil), isCallers: false) }
        if isPoliced { try addPolicies(spending, ofTargets: true) }
    }

    /// Adds the policies that the request meets.
    private func addPolicies(_ spending: Spending, ofTargets: Bool) throws(Rejection) {
        let traits = worker.accounts.traits
        let workspace = caller.principal?.workspace ?? -1
        for (place, row) in policyRows.enumerated() where row.policy.isOfTarget == ofTargets {
            guard row.policy.workspace < 0 || row.policy.workspace == workspace,
                row.conditions.allSatisfy({ $0.holds { value(of: $0, traits) } })
            else { continue }
            if let fault = row.policy.fault { throw Rejection(.overloaded, "policy \"\(row.policy.terms.holder)\" cannot be kept: \(fault)") }
            let account = row.policy.account(of: row.groups) { value(of: $0, traits) }
            spending.add(Spending.Holder(terms: row.policy.terms, account: account, policy: place), isCallers: !ofTargets)
        }
    }

    // MARK: Names

    /// Whose terms they are, for messages: `policy "per user" for metadata._user "alice"`.
    func title(_ holder: Spending.Holder) -> String {
        guard holder.policy >= 0 else { return holder.terms.title(nil) }
        let row = policyRows[holder.policy]
        return holder.terms.title(zip(row.policy.scope.groups.map(\.name), values(row)).map { ($0, $1) })
    }

    /// What the back office has to know of an account before it is made; nil for what is no grouped policy's.
    func name(_ holder: Spending.Holder, _ kind: AccountNames.Kind) -> AccountQuestion.Name? {
        let isOfKind = kind == .budget ? !holder.terms.budgets.isEmpty : !holder.terms.rates.isEmpty
        guard let account = holder.account, holder.policy >= 0, isOfKind else { return nil }
        let row = policyRows[holder.policy]
        return AccountQuestion.Name(
            account: AccountNames.Account(kind, of: holder.terms.identity, key: account, values: values(row)), title: title(holder))
    }

    /// What the request has of what a policy is grouped by.
    private func values(_ row: PolicySet.Row) -> [String?] {
        row.groups.map { group in
            guard case .bytes(let bytes) = value(of: group, worker.accounts.traits) else { return nil }
            return String(bytes.prefix(min(bytes.count, BudgetLimits.accountValueByteCount)))
        }
    }
}

extension SpendingTerms {
    /// `key "search-team"`, and of a grouped policy's account its values.
    func title(_ values: [(name: String, value: String?)]?) -> String {
        var text = "\(scope.text) \"\(holder)\""
        guard let values, !values.isEmpty else { return text }
        text += " for " + values.map { name, value in value.map { "\(name) \(Operations.quoted($0))" } ?? "no \(name)" }.joined(separator: ", ")
        return text
    }
}
