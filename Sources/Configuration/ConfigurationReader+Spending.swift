import JSON
import Policy

/// What may be spent: `usage_limits`, `rate_limits`, `policies`, `price_multiplier` and `unpriced`.
extension ConfigurationReader {
    mutating func limits(_ fields: Fields) -> SpendingLimits {
        var limits = SpendingLimits()
        if let found = fields["usage_limits"] { limits.usage = schema.usageLimits(found) }
        if let found = fields["rate_limits"] { limits.rates = schema.rateLimits(found) }
        return limits
    }

    /// Limits for whatever meets their conditions, by their names.
    mutating func policies(_ field: Field) -> [PolicyDeclaration] {
        let entries = schema.entries(of: field)
        guard entries.count <= PolicyLimits.policyCount else {
            schema.report("\(quoted(field.name)) has \(entries.count) entries; up to \(PolicyLimits.policyCount) are possible", at: field)
            return []
        }
        return entries.compactMap { name, entry in self.name(name, of: "policy", entry) ? policy(name, entry) : nil }
    }

    private mutating func policy(_ name: String, _ field: Field) -> PolicyDeclaration? {
        guard let fields = schema.fields(of: field, schema: ConfigurationSchema.policy) else { return nil }
        var scope = PolicyScope()
        if let found = fields["conditions"] { scope.conditions = schema.policyConditions(found) }
        if let found = fields["group_by"] { scope.groups = schema.policyGroups(found) }
        let limits = limits(fields)
        for (key, count) in [("usage_limits", limits.usage.count), ("rate_limits", limits.rates.count)] where count > 1 {
            if let found = fields[key] { schema.report("a policy has one of \(quoted(key))", hint: "make a policy for each", at: found) }
        }
        if fields["usage_limits"] == nil, fields["rate_limits"] == nil {
            schema.report("policy \(quoted(name)) limits nothing", hint: "give it usage_limits or rate_limits", at: field)
        }
        return PolicyDeclaration(name: name, scope: scope, limits: limits)
    }

    /// Text of a number from 0 to the largest there is; exact, so that it is not rounded on its way.
    mutating func multiplier(_ field: Field) -> String? {
        guard case .number(let number) = field.node.value else {
            schema.mismatch(field, wanted: "number", article: "a number")
            return nil
        }
        guard number.double >= 0, number.double <= Double(ConfigurationLimits.priceMultiplier) else {
            schema.report("\(quoted(field.name)) must be from 0 to \(ConfigurationLimits.priceMultiplier)", at: field)
            return nil
        }
        return number.text
    }

    /// `deny`, `allow`, or dollars a million tokens.
    mutating func unpriced(_ field: Field) -> DeclaredUnpriced? {
        switch field.node.value {
        case .string("deny"): return .deny
        case .string("allow"): return .allow
        case .object:
            guard let fields = schema.fields(of: field, schema: ConfigurationSchema.unpriced) else { return nil }
            guard let input = fields["input"] else {
                schema.missing("input", in: field)
                return nil
            }
            guard let output = fields["output"] else {
                schema.missing("output", in: field)
                return nil
            }
            guard let input = dollarsPerMillion(input), let output = dollarsPerMillion(output) else { return nil }
            return .price(input: input, output: output)
        default:
            schema.report(
                "\(quoted(field.name)) must be deny, allow, or a price", hint: "write {input: 2.5, output: 10}, in dollars a million tokens", at: field)
            return nil
        }
    }

    private mutating func dollarsPerMillion(_ field: Field) -> Int64? {
        guard case .number(let number) = field.node.value, number.double >= 0, number.double <= Double(ConfigurationLimits.dollarsPerMillion) else {
            schema.report("\(quoted(field.name)) must be dollars a million tokens, from 0 to \(ConfigurationLimits.dollarsPerMillion)", at: field)
            return nil
        }
        return Int64((number.double * 1e9).rounded())
    }
}
