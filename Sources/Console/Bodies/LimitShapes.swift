import JSON
import Policy

/// Limits of usage and of rate, as keys, virtual keys, integrations, workspaces and policies have them.
enum LimitShapes {
    private static let credit = BodyShape([
        BodyField("amount", .amount(0...ConsoleLimits.countedAmount), required: true, "how much more, on top of `credit_limit`"),
        BodyField("until", .date, required: true, "when it is over"),
    ])

    /// What is limited, to how much, and when it begins anew.
    static let usageFields = [
        BodyField("type", .choice(["cost", "tokens", "requests"]), "what is counted: dollars, tokens or requests; `cost` when it is left out"),
        BodyField("credit_limit", .amount(0...ConsoleLimits.countedAmount), required: true, "the most that may be used: dollars for `cost`, else a count"),
        BodyField("alert_threshold", .amount(0...ConsoleLimits.countedAmount), "an amount below `credit_limit` at which an alert is due"),
        BodyField(
            "alert_thresholds", .list(of: .amount(0...ConsoleLimits.countedAmount), atMost: PolicyLimits.alertThresholdCount),
            "several such amounts, with `alert_threshold` at most \(PolicyLimits.alertThresholdCount)"),
        BodyField("periodic_reset", .choice(["daily", "weekly", "monthly"]), "when it begins anew, at midnight UTC; never when it is left out"),
        BodyField("periodic_reset_days", .integer(1...365), "days after which it begins anew, in the place of `periodic_reset`"),
        BodyField("next_usage_reset_at", .date, "the day that `periodic_reset_days` are counted from"),
        BodyField("temporary_credit", .object(credit), "more than `credit_limit` for a time; it ends by itself"),
        BodyField("current_usage", .copy, "what was answered; nothing is changed by it"),
    ]

    static let usage = BodyShape(usageFields) { usageFaults($0) }

    static func usageFaults(_ body: Body) -> [BodyFault] {
        guard let limit = body.number("credit_limit") else { return [] }
        var faults: [BodyFault] = []
        let isCost = (body.text("type") ?? "cost") == "cost"
        let thresholds = [body.number("alert_threshold")].compactMap { $0 } + body.numbers("alert_thresholds")
        for number in [limit] + thresholds {
            if isCost, number.double > Double(ConsoleLimits.budgetDollars) {
                faults.append(BodyFault("credit_limit", "is in dollars, at most \(ConsoleLimits.budgetDollars)"))
            } else if !isCost, number.integer == nil {
                faults.append(BodyFault("credit_limit", "and alerts of \(body.text("type") ?? "") must be whole numbers"))
            }
        }
        if thresholds.contains(where: { $0.double <= 0 || $0.double >= limit.double }) {
            faults.append(BodyFault("alert_threshold", "must be more than 0 and less than credit_limit"))
        }
        if thresholds.count > PolicyLimits.alertThresholdCount {
            faults.append(BodyFault("alert_thresholds", "and alert_threshold are \(thresholds.count); at most \(PolicyLimits.alertThresholdCount) are taken"))
        }
        if let more = body.body("temporary_credit")?.number("amount") { faults += creditFaults(more, over: limit, isCost: isCost) }
        if let date = body.text("next_usage_reset_at"), date > "2149" { faults.append(BodyFault("next_usage_reset_at", "must be before 2149")) }
        if body.text("periodic_reset") != nil, body.integer("periodic_reset_days") != nil {
            faults.append(BodyFault("periodic_reset_days", "goes without periodic_reset; keep one"))
        }
        return faults
    }

    private static func creditFaults(_ more: DocumentNumber, over limit: DocumentNumber, isCost: Bool) -> [BodyFault] {
        let most = isCost ? ConsoleLimits.budgetDollars : ConsoleLimits.countedAmount
        if !isCost, more.integer == nil { return [BodyFault("temporary_credit.amount", "must be a whole number")] }
        guard more.double > 0, limit.double + more.double <= Double(most) else {
            return [BodyFault("temporary_credit.amount", "must be more than 0, and with credit_limit at most \(most)")]
        }
        return []
    }

    static let rateFields = [
        BodyField("type", .choice(["requests", "tokens"]), required: true, "what is counted"),
        BodyField("unit", .choice(SpendingLimits.Span.allCases.map(\.rawValue)), required: true, "per second, minute, hour, day or week, or at once"),
        BodyField("value", .integer(0...PolicyLimits.rateCount), required: true, "the most in each; 0 for no limit"),
    ]

    static let rate = BodyShape(rateFields) { rateFaults($0) }

    static func rateFaults(_ body: Body) -> [BodyFault] {
        body.text("unit") == SpendingLimits.Span.concurrent.rawValue && body.text("type") == "tokens" ? [BodyFault("unit", "of tokens is a time")] : []
    }

    /// - Parameter most: how many limits of usage the object has.
    static func members(usageLimits most: Int) -> [BodyField] {
        [
            BodyField("usage_limits", .oneOrMore(usage, atMost: most), "a budget, as an object or a list; `null` takes it away"),
            BodyField("rate_limits", .oneOrMore(rate, atMost: PolicyLimits.spendingLimitCount), "limits of rate; `null` or an empty list takes them away"),
        ]
    }

    /// What two limits of one object may not have in common.
    static func faults(of body: Body) -> [BodyFault] {
        let usage = body.bodies("usage_limits").map { $0.text("type") ?? "cost" }
        let rates = body.bodies("rate_limits").map { "\($0.text("type") ?? "") \($0.text("unit") ?? "")" }
        var faults: [BodyFault] = []
        if Set(usage).count < usage.count { faults.append(BodyFault("usage_limits", "has two of one type; keep one")) }
        if Set(rates).count < rates.count { faults.append(BodyFault("rate_limits", "has two of one type and unit; keep one")) }
        return faults
    }
}
