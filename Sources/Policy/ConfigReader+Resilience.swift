import Health
public import JSON

/// The keys that say what is done when a target is slow, failing or out of quota.
extension ConfigReader {
    mutating func timeouts(_ fields: Fields, into config: inout Config) {
        if let found = fields["connect_timeout"] { config.timeouts.connectMilliseconds = timeout(found) }
        if let found = fields["first_token_timeout"] { config.timeouts.firstTokenMilliseconds = timeout(found) }
        if let found = fields["gap_timeout"] { config.timeouts.gapMilliseconds = timeout(found) }
        if let found = fields["total_timeout"] { config.timeouts.totalMilliseconds = timeout(found) }
    }

    /// - Source: the wire reference §3.7
    mutating func breaker(_ field: Field) -> BreakerRule? {
        guard let fields = schema.fields(of: field, schema: ConfigSchema.breaker) else { return nil }
        let standard = BreakerPolicy.standard
        var count: Int64 = 0
        // Without either threshold it is the usual share.
        var percent = fields["failure_threshold"] == nil ? Int64(standard.failurePercent) : 0
        var minimum = fields["failure_threshold"] == nil ? Int64(standard.minimumRequests) : 1
        var cooldown = Int64(standard.cooldownNanoseconds / 1_000_000)
        if let found = fields["failure_threshold"] { count = schema.integer(found, in: 1...1_000_000) ?? count }
        if let found = fields["failure_threshold_percentage"] {
            percent = schema.integer(found, in: 1...100) ?? percent
            minimum = Int64(standard.minimumRequests)
        }
        if let found = fields["minimum_requests"] { minimum = schema.integer(found, in: 1...1_000_000) ?? minimum }
        if let found = fields["cooldown_interval"] { cooldown = schema.integer(found, in: PolicyLimits.cooldownMilliseconds) ?? cooldown }
        let statuses = fields["failure_status_codes"].flatMap { self.statuses($0) }
        let policy = BreakerPolicy(
            failureCount: UInt32(count), failurePercent: UInt8(percent), minimumRequests: UInt32(minimum),
            cooldownNanoseconds: UInt64(cooldown) * 1_000_000)
        return BreakerRule(policy: policy, statuses: statuses ?? BreakerRule.defaultStatuses)
    }

    mutating func hedge(_ field: Field) -> HedgeRule? {
        guard let fields = schema.fields(of: field, schema: ConfigSchema.hedge) else { return nil }
        var rule = HedgeRule()
        if let found = fields["after"] {
            if case .string(let word) = found.node.value {
                if word != "p95" { schema.report("\"after\" is \"p95\" or a number of milliseconds, not \(quoted(word))", at: found) }
            } else {
                rule.afterMilliseconds = UInt32(schema.integer(found, in: 1...PolicyLimits.requestTimeoutMilliseconds) ?? 0)
            }
        }
        if let found = fields["budget"] {
            guard case .number(let number) = found.node.value, (0.001...1).contains(number.double) else {
                schema.report("\"budget\" is a share of the requests, 0.001 to 1", at: found)
                return nil
            }
            rule.budgetThousandths = UInt32(number.double * 1000)
        }
        return rule
    }

    mutating func credentials(_ field: Field, into config: inout Config) {
        guard let elements = schema.elements(of: field) else { return }
        guard (1...PolicyLimits.poolCount).contains(elements.count) else {
            return schema.report("\"credentials\" must have 1 to \(PolicyLimits.poolCount) entries", at: field)
        }
        if config.virtualKey != nil || config.apiKey != nil {
            schema.report("a target has \"credentials\" or one credential, not both", kind: .meaning, at: field)
        }
        for element in elements { credential(element, into: &config) }
        if !config.pool.isEmpty, !config.pool.contains(where: { $0.weight > 0 }) {
            schema.report("every credential's weight is 0", kind: .meaning, at: field)
        }
    }

    private mutating func credential(_ field: Field, into config: inout Config) {
        guard let fields = schema.fields(of: field, schema: ConfigSchema.credential) else { return }
        var entry = Config.PoolEntry(field: field)
        if let found = fields["weight"] { entry.weight = weight(found) }
        if let found = fields["virtual_key"], let slug = schema.string(found) {
            var chosen = Config(field: field)
            chosen.provider = config.provider
            selectVirtualKey(slug.hasPrefix("@") ? String(slug.dropFirst()) : slug, found, into: &chosen)
            entry.virtualKey = chosen.virtualKey
            if config.provider == nil { config.provider = chosen.provider }
        }
        if let found = fields["api_key"] { entry.apiKey = apiKey(found) }
        guard (fields["virtual_key"] == nil) != (fields["api_key"] == nil) else {
            return schema.report("a credential is a virtual_key or an api_key", kind: .meaning, at: field)
        }
        config.pool.append(entry)
    }
}

extension PolicyCompiler {
    /// The breaker that a configuration file gives all its targets, and the faults in it.
    public static func breaker(_ field: Field) -> (rule: BreakerRule?, diagnostics: [Diagnostic]) {
        var reader = ConfigReader(origin: .file, catalog: Catalog(providers: []))
        let rule = reader.breaker(field)
        return (rule, reader.diagnostics)
    }
}
