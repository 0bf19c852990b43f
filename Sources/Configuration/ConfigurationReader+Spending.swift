import JSON
import Policy

/// What may be spent: `usage_limits`, `rate_limits`, `price_multiplier` and `unpriced`.
extension ConfigurationReader {
    mutating func limits(_ fields: Fields) -> SpendingLimits {
        var limits = SpendingLimits()
        if let found = fields["usage_limits"] { limits.usage = schema.usageLimits(found) }
        if let found = fields["rate_limits"] { limits.rates = schema.rateLimits(found) }
        return limits
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
