import Bytes
import Ledger

/// What is said of an alert: a line for the log, JSON for webhooks.
extension AccountBooks {
    func text(_ alert: BudgetAlert) -> String {
        let unit = alert.rule.unit
        let title = alert.account == nil ? alert.terms.title(nil) : alert.terms.title(groups(of: alert))
        return "the \(unit.word) budget of \(title) has passed \(unit.text(alert.threshold)) of \(unit.text(alert.rule.cap))"
    }

    /// - Source: docs/budgets.md, "alert_webhooks"
    func body(of alert: BudgetAlert, id: Identifier) -> [UInt8] {
        let (rule, quoted) = (alert.rule, Operations.quoted)
        var budget = "\"scope\":\(quoted(alert.terms.scope.label)),\"id\":\(quoted(alert.terms.identity)),\"name\":\(quoted(alert.terms.holder))"
        if alert.account != nil {
            let members = groups(of: alert).map { "\(quoted($0.name)):\($0.value.map { quoted($0) } ?? "null")" }
            budget += ",\"group\":{\(members.joined(separator: ","))}"
        }
        let figures = [("threshold", alert.threshold), ("used", alert.spent), ("limit", rule.cap(wallNanoseconds: alert.wallNanoseconds))]
        var data = "\"budget\":{\(budget)},\"unit\":\(quoted(rule.unit.plural))"
        for (name, amount) in figures { data += ",\"\(name)\":\(rule.unit.jsonText(amount))" }
        let end = rule.period.window(onDay: Int(alert.wallNanoseconds / 86_400_000_000_000)).endsAt
        data += ",\"period\":\(rule.period.word.map { quoted($0) } ?? "null"),\"resets_at\":\(end.map { quoted(Timestamp.text($0 * 1000)) } ?? "null")"
        let time = Timestamp.text(Int64(alert.wallNanoseconds / 1_000_000))
        return Array("{\"id\":\"\(id)\",\"type\":\"budget.alert\",\"timestamp\":\(quoted(time)),\"data\":{\(data)}}".utf8)
    }

    /// By what a policy's account is told from its others; none where its name is not known any more.
    private func groups(of alert: BudgetAlert) -> [(name: String, value: String?)] {
        guard let account = alert.account else { return [] }
        let policy = publishedPolicies.first { $0.terms === alert.terms || $0.terms.identity == alert.terms.identity }
        let named = try? names.account(account, of: alert.terms.identity, .budget)
        return zip(policy?.scope.groups.map(\.name) ?? [], named?.values ?? []).map { ($0, $1) }
    }
}

extension BudgetUnit {
    fileprivate func jsonText(_ amount: Int64) -> String { self == .cost ? Nanodollars(amount).jsonText : "\(amount)" }
}

extension BudgetPeriod {
    /// How often it begins anew; nil for never.
    fileprivate var word: String? {
        switch self {
        case .once: nil
        case .daily: "daily"
        case .weekly: "weekly"
        case .monthly: "monthly"
        case .everyDays(let count, _): "\(count) days"
        }
    }
}
