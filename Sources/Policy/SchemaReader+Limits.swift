import Bytes
import JSON

/// The keys of `usage_limits` and `rate_limits`.
public enum LimitsSchema {
    public static let usage = Schema(
        [
            "credit_limit", "type", "alert_threshold", "alert_thresholds", "periodic_reset", "periodic_reset_days", "next_usage_reset_at", "temporary_credit",
        ].map { SchemaKey($0) })
    public static let credit = Schema(["amount", "until"].map { SchemaKey($0) })
    public static let rate = Schema(["type", "unit", "value"].map { SchemaKey($0) })
}

extension SchemaReader {
    /// `usage_limits`: one limit, or a list of them.
    public mutating func usageLimits(_ field: Field) -> [SpendingLimits.Usage] {
        limits(field, what: "budgets") { reader, element in reader.usageLimit(element) }
    }

    /// `rate_limits`: one limit, or a list of them. One of 0 is none, as Portkey has it.
    public mutating func rateLimits(_ field: Field) -> [SpendingLimits.Rate] {
        limits(field, what: "rate limits") { reader, element in reader.rateLimit(element) }.filter { $0.count > 0 }
    }

    private mutating func limits<Limit>(_ field: Field, what: String, _ read: (inout SchemaReader, Field) -> Limit?) -> [Limit] {
        if case .null = field.node.value { return [] }
        if case .object = field.node.value { return read(&self, field).map { [$0] } ?? [] }
        guard let elements = elements(of: field) else { return [] }
        guard elements.count <= PolicyLimits.spendingLimitCount else {
            report("\(quoted(field.name)) has \(elements.count) \(what); up to \(PolicyLimits.spendingLimitCount) are possible", at: field)
            return []
        }
        return elements.compactMap { read(&self, $0) }
    }

    // MARK: Budgets

    private mutating func usageLimit(_ field: Field) -> SpendingLimits.Usage? {
        guard let fields = fields(of: field, schema: LimitsSchema.usage) else { return nil }
        var usage = SpendingLimits.Usage()
        if let found = fields["type"], let word = choice(found, of: SpendingLimits.Unit.allCases.map(\.rawValue)) {
            usage.unit = SpendingLimits.Unit(rawValue: word) ?? .cost
        }
        guard let limit = fields["credit_limit"] else {
            missing("credit_limit", in: field)
            return nil
        }
        guard let most = amount(limit, usage.unit) else { return nil }
        usage.limit = most
        if let found = fields["alert_threshold"], !isNull(found) { usage.thresholds += threshold(found, usage) }
        if let found = fields["alert_thresholds"], !isNull(found) {
            for element in elements(of: found) ?? [] { usage.thresholds += threshold(element, usage) }
            if usage.thresholds.count > PolicyLimits.alertThresholdCount {
                report("a budget has up to \(PolicyLimits.alertThresholdCount) alert thresholds", at: found)
                return nil
            }
        }
        usage.period = period(fields) ?? .once
        if let found = fields["temporary_credit"], !isNull(found) { usage.raise = raise(found, usage) }
        return usage
    }

    private func isNull(_ field: Field) -> Bool { if case .null = field.node.value { true } else { false } }

    private mutating func raise(_ field: Field, _ usage: SpendingLimits.Usage) -> SpendingLimits.Raise? {
        guard let fields = fields(of: field, schema: LimitsSchema.credit) else { return nil }
        guard let more = fields["amount"] else {
            missing("amount", in: field)
            return nil
        }
        guard let end = fields["until"] else {
            missing("until", in: field)
            return nil
        }
        guard let amount = amount(more, usage.unit), let text = string(end) else { return nil }
        guard amount > 0, amount <= PolicyLimits.spendingAmount - usage.limit else {
            report("\"amount\" must be more than 0, and together with credit_limit no more than a budget can have", at: more)
            return nil
        }
        guard let until = Timestamp.milliseconds(text) else {
            report("\(quoted(text)) is no date", hint: "write 2026-12-01, or 2026-12-01T12:00:00Z", at: end)
            return nil
        }
        return SpendingLimits.Raise(amount: amount, until: until / 1000)
    }

    private mutating func threshold(_ field: Field, _ usage: SpendingLimits.Usage) -> [Int64] {
        guard let value = amount(field, usage.unit) else { return [] }
        guard value > 0, value < usage.limit else {
            report("\(quoted(field.name)) must be more than 0 and less than credit_limit", at: field)
            return []
        }
        return [value]
    }

    /// Dollars, which become nano-dollars, or a count.
    private mutating func amount(_ field: Field, _ unit: SpendingLimits.Unit) -> Int64? {
        guard unit == .cost else { return integer(field, in: 0...PolicyLimits.spendingAmount) }
        guard case .number(let number) = field.node.value else {
            mismatch(field, wanted: "number", article: "a number of dollars")
            return nil
        }
        let scaled = (number.double * 1e9).rounded()
        guard scaled >= 0, scaled <= Double(PolicyLimits.spendingAmount) else {
            report("\(quoted(field.name)) must be from 0 to \(PolicyLimits.spendingAmount / 1_000_000_000) dollars", at: field)
            return nil
        }
        return Int64(scaled)
    }

    private mutating func period(_ fields: Fields) -> SpendingLimits.Period? {
        if let days = fields["periodic_reset_days"], !isNull(days) {
            if let other = fields["periodic_reset"], !isNull(other) {
                report("\"periodic_reset_days\" and \"periodic_reset\" are not given together", hint: "keep one", at: other)
            }
            guard let count = integer(days, in: 1...PolicyLimits.resetDays) else { return nil }
            return .days(Int32(count), from: Int32(fields["next_usage_reset_at"].flatMap { isNull($0) ? nil : day($0) } ?? 0))
        }
        guard let found = fields["periodic_reset"], !isNull(found) else { return nil }
        switch choice(found, of: ["daily", "weekly", "monthly"]) {
        case "daily": return .daily
        case "weekly": return .weekly
        case "monthly": return .monthly
        default: return nil
        }
    }

    /// Days from 1970 to a date, `2026-12-01`; a time of day behind it is left out.
    private mutating func day(_ field: Field) -> Int64? {
        guard let text = string(field) else { return nil }
        let parts = text.prefix(10).split(separator: "-", omittingEmptySubsequences: false).map { Int64($0) }
        if text.utf8.count >= 10, parts.count == 3, let year = parts[0], let month = parts[1], let day = parts[2], (1970...2148).contains(year),
            (1...12).contains(month), day >= 1, day <= Int64(CivilDate.dayCount(year: Int(year), month: Int(month)))
        {
            return CivilDate.daysSince1970(year: year, month: month, day: day)
        }
        report("\(quoted(text)) is no date", hint: "write 2026-12-01", at: field)
        return nil
    }

    // MARK: Rates

    private mutating func rateLimit(_ field: Field) -> SpendingLimits.Rate? {
        guard let fields = fields(of: field, schema: LimitsSchema.rate) else { return nil }
        var rate = SpendingLimits.Rate()
        if let found = fields["type"], let word = choice(found, of: ["requests", "tokens"]) { rate.unit = word == "tokens" ? .tokens : .requests }
        guard let unit = fields["unit"] else {
            missing("unit", in: field)
            return nil
        }
        guard let value = fields["value"] else {
            missing("value", in: field)
            return nil
        }
        guard let word = choice(unit, of: SpendingLimits.Span.allCases.map(\.rawValue)), let span = SpendingLimits.Span(rawValue: word),
            let count = integer(value, in: 0...PolicyLimits.rateCount)
        else { return nil }
        guard span != .concurrent || rate.unit == .requests else {
            report("only requests are concurrent", at: unit)
            return nil
        }
        rate.span = span
        rate.count = count
        return rate
    }
}
