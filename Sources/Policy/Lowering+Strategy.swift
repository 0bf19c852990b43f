import Bytes
import JSON

/// Strategies → rows: conditions, balancing, pools.
extension Lowering {
    // MARK: Balancing

    mutating func balance(_ settings: Config.BalanceSettings) -> Int32 {
        let index = Int32(parts.balances.count)
        var balance = Balance(algorithm: settings.algorithm)
        balance.turn = index
        balance.ttlSeconds = settings.ttlSeconds
        balance.prefixByteCount = settings.prefixByteCount
        if settings.algorithm == .sticky {
            let fields = settings.hashFields.isEmpty ? [Config.SubjectName(source: .metadata, key: "_user")] : settings.hashFields
            balance.hashFields = RowRun(first: UInt32(parts.subjects.count), count: Int32(fields.count))
            for field in fields { parts.subjects.append(subject(field)) }
        }
        parts.balances.append(balance)
        return index
    }

    private mutating func subject(_ name: Config.SubjectName) -> Subject { Subject(source: name.source, key: parts.store(name.key)) }

    /// What a target is, apart from its place and its weight: who answers, with whose credential, as which model.
    func identity(_ config: Config, provider: Int?, virtualKey: Int?, _ scope: Inherited) -> UInt64 {
        var key = Lowering.hash(config.name ?? "", 0)
        key = Lowering.hash(provider.map { reader.catalog.providers[$0].id } ?? "", key)
        key = Lowering.hash(virtualKey.map { reader.catalog.virtualKeys[$0].slug } ?? config.apiKey ?? "", key)
        key = Lowering.hash(scope.host.map { "\($0.isSecure) \($0.name):\($0.port)\($0.pathPrefix)" } ?? "", key)
        let places = [
            config.azure.resource, config.azure.deployment, config.vertex.project, config.vertex.region, config.amazon.region, config.amazon.role,
        ]
        if places.contains(where: { !$0.isEmpty }) { key = Lowering.hash(places.joined(separator: " "), key) }
        return Lowering.hash(scope.parameters.first { $0.model != nil }?.model ?? "", key)
    }

    /// Targets that are alike in all are told apart by their order among themselves.
    mutating func identity(of children: [Int32]) -> UInt64 {
        var whole: UInt64 = 0
        var seen: [UInt64: UInt64] = [:]
        for child in children {
            let own = parts.nodes[Int(child)].identity
            let count = seen[own, default: 0]
            seen[own] = count + 1
            if count > 0 { parts.nodes[Int(child)].identity = own &+ count &* 0x9E37_79B9_7F4A_7C15 }
            whole ^= parts.nodes[Int(child)].identity
        }
        return whole
    }

    private static func hash(_ text: String, _ seed: UInt64) -> UInt64 {
        Array(text.utf8).withByteSlice { ByteHash(seed: seed).hash($0) }
    }

    // MARK: Conditions

    mutating func conditions(_ strategy: Config.Strategy, _ children: [String?: Int32], _ node: Int32) {
        let first = parts.conditions.count
        for condition in strategy.conditions {
            // A name that is none has been reported.
            guard let child = children[condition.then.name] else { continue }
            let row = Int32(parts.queries.count)
            lower(condition.query)
            parts.conditions.append(Program.Condition(query: row, child: child))
        }
        if parts.queries.count > PolicyLimits.queryCount, let first = strategy.conditions.first {
            reader.schema.report("more than \(PolicyLimits.queryCount) tests in all conditions", at: first.then.field)
        }
        parts.nodes[Int(node)].conditions = RowRun(first: UInt32(first), count: Int32(parts.conditions.count - first))
        parts.nodes[Int(node)].otherwise = strategy.otherwise.flatMap { children[$0.name] } ?? -1
    }

    private mutating func lower(_ query: Config.Query) {
        let row = parts.queries.count
        switch query {
        case .all(let members):
            parts.queries.append(QueryRow(kind: .all))
            for member in members { lower(member) }
        case .any(let members):
            parts.queries.append(QueryRow(kind: .any))
            for member in members { lower(member) }
        case .test(let kind, let name, let values):
            let first = parts.operands.count
            for value in values { parts.operands.append(operand(value)) }
            let run = RowRun(first: UInt32(first), count: Int32(values.count))
            parts.queries.append(QueryRow(kind: kind, subject: subject(name), operands: run))
        case .matches(let name, let pattern):
            parts.queries.append(QueryRow(kind: .matches, subject: subject(name), operands: RowRun(first: UInt32(parts.patterns.count), count: 1)))
            parts.patterns.append(pattern)
        }
        parts.queries[row].end = Int32(parts.queries.count)
    }

    private mutating func operand(_ node: DocumentNode) -> Operand {
        switch node.value {
        case .string(let text): Operand(kind: .string, text: parts.store(text))
        case .number(let number): Operand(kind: .number, number: number.double)
        case .boolean(let flag): Operand(kind: flag ? .true : .false)
        case .null, .array, .object: Operand(kind: .null)
        }
    }

    // MARK: Pools

    mutating func pool(_ config: Config, _ scope: Inherited) -> RowRun {
        guard !config.pool.isEmpty else { return .empty }
        let first = parts.pool.count
        for entry in config.pool { parts.pool.append(PooledCredential(credential: pooled(entry, scope), weight: entry.weight)) }
        return RowRun(first: UInt32(first), count: Int32(config.pool.count))
    }

    mutating func pooled(_ entry: Config.PoolEntry, _ scope: Inherited) -> TargetCredential {
        if let virtualKey = entry.virtualKey {
            refuseForeignHost(scope)
            return .virtualKey(Int32(virtualKey))
        }
        return .literal(parts.store(entry.apiKey ?? ""))
    }
}
