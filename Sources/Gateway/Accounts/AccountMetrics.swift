import Ledger
import Reactor

extension AccountBooks {
    /// How budgets stand, and what they and the limits have done, in Prometheus's text format.
    func metrics() -> String {
        var text = ""
        func counter(_ name: String, _ help: String, _ event: Event) {
            text += "# HELP \(name) \(help)\n# TYPE \(name) counter\n\(name) \(total(event))\n"
        }
        counter("sluice_budget_refused_total", "Requests that a budget had no room for.", .refused)
        counter("sluice_rate_limited_total", "Requests refused by rate limits.", .limited)
        counter("sluice_budget_cut_answers_total", "Answers limited to what was left of a budget.", .cut)
        counter("sluice_budget_alerts_total", "Thresholds that budgets have passed.", .alerted)
        counter("sluice_budget_overshoots_total", "Requests that cost more than was reserved for them.", .overshot)
        text += "# HELP sluice_budget_reservations Requests under way that have reserved from budgets.\n# TYPE sluice_budget_reservations gauge\n"
        text += "sluice_budget_reservations \(budgets.openCount)\n"
        return text + webhookCounters() + accountGauges() + budgetGauges()
    }

    /// What became of what webhooks were to be told.
    private func webhookCounters() -> String {
        let standings = webhooks.standings
        guard !standings.isEmpty else { return "" }
        var outcomes = "", retries = "", waiting = ""
        for (name, counts) in standings {
            let label = "webhook=\(MetricLabels.quoted(name))"
            for (outcome, count) in [("delivered", counts.delivered), ("failed", counts.failed), ("dropped", counts.dropped)] {
                outcomes += "sluice_alert_webhook_messages_total{\(label),outcome=\"\(outcome)\"} \(count)\n"
            }
            retries += "sluice_alert_webhook_retries_total{\(label)} \(counts.retries)\n"
            waiting += "sluice_alert_webhook_waiting{\(label)} \(counts.waiting)\n"
        }
        return "# HELP sluice_alert_webhook_messages_total Alerts that a webhook was told of, that it did not take within a day, and that had no room.\n"
            + "# TYPE sluice_alert_webhook_messages_total counter\n" + outcomes
            + "# HELP sluice_alert_webhook_retries_total Posts that a webhook did not take, and that are tried again.\n"
            + "# TYPE sluice_alert_webhook_retries_total counter\n" + retries
            + "# HELP sluice_alert_webhook_waiting Alerts that wait to be told.\n# TYPE sluice_alert_webhook_waiting gauge\n" + waiting
    }

    /// How many accounts grouped policies have.
    private func accountGauges() -> String {
        let grouped = publishedPolicies.filter { !$0.scope.groups.isEmpty }.prefix(AccountLimits.metricBudgets)
        guard !grouped.isEmpty else { return "" }
        var text = "# HELP sluice_policy_accounts Combinations of values that a policy counts by themselves.\n# TYPE sluice_policy_accounts gauge\n"
        for policy in grouped {
            let kind: AccountNames.Kind = policy.terms.budgets.isEmpty ? .rate : .budget
            let count = (try? names.count(of: policy.terms.identity, kind)) ?? 0
            text += "sluice_policy_accounts{name=\(MetricLabels.quoted(policy.terms.holder)),kind=\"\(kind == .budget ? "usage" : "rate")\"} \(count)\n"
        }
        return text
    }

    /// Of as many budgets as a page of metrics can bear.
    private func budgetGauges() -> String {
        var limits = "", spent = "", reserved = ""
        var count = 0
        for terms in published {
            for budget in terms.budgets where count < AccountLimits.metricBudgets {
                count += 1
                let now = wallClockNanoseconds()
                let usage = budgets.usage(of: budget.key, budget.rule, wallNanoseconds: now)
                let labels = "{scope=\"\(terms.scope.label)\",name=\(MetricLabels.quoted(terms.holder)),unit=\"\(budget.rule.unit.plural)\"}"
                limits += "sluice_budget_limit\(labels) \(budget.rule.unit.metric(budget.rule.cap(wallNanoseconds: now)))\n"
                spent += "sluice_budget_spent\(labels) \(budget.rule.unit.metric(usage?.spent ?? 0))\n"
                reserved += "sluice_budget_reserved\(labels) \(budget.rule.unit.metric(usage?.reserved ?? 0))\n"
            }
        }
        guard count > 0 else { return "" }
        return "# HELP sluice_budget_limit What may be spent in a window: dollars, tokens or requests.\n# TYPE sluice_budget_limit gauge\n" + limits
            + "# HELP sluice_budget_spent What is spent in the present window.\n# TYPE sluice_budget_spent gauge\n" + spent
            + "# HELP sluice_budget_reserved What requests under way may come to.\n# TYPE sluice_budget_reserved gauge\n" + reserved
    }
}

extension BudgetUnit {
    fileprivate func metric(_ amount: Int64) -> String { self == .cost ? "\(Double(amount) / 1e9)" : "\(amount)" }
}
