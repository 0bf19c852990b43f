import JSON
import Patterns

/// The keys of a strategy: mode, conditions, balancing.
extension ConfigReader {
    mutating func strategy(_ field: Field) -> Config.Strategy? {
        guard let fields = schema.fields(of: field, schema: ConfigSchema.strategy) else { return nil }
        let statuses = fields["on_status_codes"].flatMap { self.statuses($0) }
        guard let found = fields["mode"] else {
            schema.missing("mode", in: field)
            return nil
        }
        guard let word = schema.string(found) else { return nil }
        guard let mode = Config.Mode(rawValue: word) else {
            let wireText = "Invalid 'mode' value. Must be one of: \(ConfigSchema.modes.joined(separator: ", "))"
            let nearest = NearestName.find(word, among: ConfigSchema.modes)
            let hint = nearest.map { "did you mean \(quoted($0))?" } ?? "one of \(ConfigSchema.modes.joined(separator: ", "))"
            schema.report("unknown strategy \(quoted(word))", hint: hint, wireText: wireText, at: found)
            return nil
        }
        var strategy = Config.Strategy(mode: mode)
        if mode == .fallback { strategy.statuses = statuses }
        if mode == .loadbalance { strategy.balance = balance(fields) }
        if mode == .conditional { conditions(fields, field, into: &strategy) }
        if let found = fields["cb_config"] { strategy.breaker = breaker(found) }
        if let found = fields["hedge"] { strategy.hedge = hedge(found) }
        return strategy
    }

    // MARK: Balancing

    private mutating func balance(_ fields: Fields) -> Config.BalanceSettings {
        var settings = Config.BalanceSettings()
        if let found = fields["sticky"] { sticky(found, into: &settings) }
        if let found = fields["algorithm"], let word = schema.choice(found, of: BalanceAlgorithm.allCases.map(\.rawValue)) {
            settings.algorithm = BalanceAlgorithm(rawValue: word) ?? .weighted
        }
        if let found = fields["prefix_bytes"], let count = schema.integer(found, in: 1...65_536) { settings.prefixByteCount = UInt32(count) }
        return settings
    }

    /// - Source: the wire reference §3.7
    private mutating func sticky(_ field: Field, into settings: inout Config.BalanceSettings) {
        guard let fields = schema.fields(of: field, schema: ConfigSchema.sticky) else { return }
        if fields["enabled"].flatMap({ schema.boolean($0) }) ?? true { settings.algorithm = .sticky }
        settings.ttlSeconds = 3600
        if let found = fields["ttl"], let seconds = schema.integer(found, in: 0...31_536_000) { settings.ttlSeconds = UInt32(seconds) }
        guard let found = fields["hash_fields"], let elements = schema.elements(of: found) else { return }
        guard elements.count <= PolicyLimits.hashFieldCount else {
            return schema.report("more than \(PolicyLimits.hashFieldCount) hash_fields", at: found)
        }
        for element in elements {
            if let text = schema.string(element), let subject = subject(text, element) { settings.hashFields.append(subject) }
        }
    }

    mutating func weight(_ field: Field) -> Double {
        guard case .number(let number) = field.node.value else {
            schema.mismatch(field, wanted: "number", article: "a number")
            return 1
        }
        guard (0...PolicyLimits.weight).contains(number.double) else {
            schema.report("a weight is 0 to \(Int(PolicyLimits.weight)), not \(number.text.prefix(32))", at: field)
            return 1
        }
        return number.double
    }

    // MARK: Conditions

    private static let noConditions = "No conditions passed in the query router"

    private mutating func conditions(_ fields: Fields, _ strategy: Field, into result: inout Config.Strategy) {
        if let found = fields["default"] { result.otherwise = schema.string(found).map { Config.TargetName(name: $0, field: found) } }
        guard let found = fields["conditions"] else {
            return schema.report("\"conditions\" is missing", wireText: ConfigReader.noConditions, at: strategy)
        }
        guard let elements = schema.elements(of: found) else { return }
        guard !elements.isEmpty else { return schema.report("\"conditions\" is empty", wireText: ConfigReader.noConditions, at: found) }
        guard elements.count <= PolicyLimits.targetCount else {
            return schema.report("more than \(PolicyLimits.targetCount) conditions", at: found)
        }
        for element in elements where !schema.isFull {
            guard let parts = schema.fields(of: element, schema: ConfigSchema.condition) else { continue }
            guard let query = parts["query"] else {
                schema.missing("query", in: element)
                continue
            }
            guard let then = parts["then"] else {
                schema.missing("then", in: element)
                continue
            }
            let tree = self.query(query, depth: 1)
            guard let name = schema.string(then), let tree else { continue }
            result.conditions.append(Config.Condition(query: tree, then: Config.TargetName(name: name, field: then)))
        }
    }

    /// Targets that conditions lead to are there.
    mutating func checkNames(_ strategy: Config.Strategy, _ targets: [Config], _ field: Field) {
        if strategy.mode == .loadbalance, !targets.contains(where: { $0.weight > 0 }) {
            schema.report("every target's weight is 0", hint: "give one a weight above 0", kind: .meaning, at: field)
        }
        let names = targets.compactMap(\.name)
        for wanted in strategy.conditions.map(\.then) + (strategy.otherwise.map { [$0] } ?? []) where !names.contains(wanted.name) {
            let hint = NearestName.find(wanted.name, among: names).map { "did you mean \(quoted($0))?" } ?? "targets are found by their \"name\""
            schema.report(
                "no target is named \(quoted(wanted.name))", hint: hint,
                wireText: "Invalid target name found in the query router: \(wanted.name)", kind: .meaning, at: wanted.field)
        }
        if strategy.mode == .conditional {
            for (index, name) in names.enumerated() where names[..<index].contains(name) {
                schema.report("two targets are named \(quoted(name))", kind: .meaning, at: field)
            }
        }
    }

    private mutating func query(_ field: Field, depth: Int) -> Config.Query? {
        guard case .object(let members) = field.node.value else {
            schema.mismatch(field, wanted: "object", article: "a mapping")
            return nil
        }
        guard depth <= PolicyLimits.queryDepth else {
            schema.report("a query is nested deeper than \(PolicyLimits.queryDepth) levels", at: field)
            return nil
        }
        var all: [Config.Query] = []
        for member in members where !schema.isFull {
            let found = Field(node: member.value, path: field.path.member(member.name), keyPosition: member.position)
            switch member.name {
            case "$and": if let group = group(found, depth: depth) { all.append(.all(group)) }
            case "$or": if let group = group(found, depth: depth) { all.append(.any(group)) }
            case _ where member.name.hasPrefix("$"): unknownOperator(member.name, found)
            default: if let subject = subject(member.name, found) { tests(subject, found, into: &all) }
            }
        }
        return .all(all)
    }

    private mutating func group(_ field: Field, depth: Int) -> [Config.Query]? {
        guard let elements = schema.elements(of: field) else { return nil }
        return elements.compactMap { query($0, depth: depth + 1) }
    }

    private mutating func subject(_ text: String, _ field: Field) -> Config.SubjectName? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let key = parts.count == 2 ? String(parts[1]) : ""
        switch parts[0] {
        case "metadata" where !key.isEmpty: return Config.SubjectName(source: .metadata, key: key)
        case "params" where !key.isEmpty: return Config.SubjectName(source: .parameters, key: key)
        case "headers" where !key.isEmpty:
            return Config.SubjectName(source: .header, key: ConfigReader.normalised(header: key))
        case "url" where key == "pathname": return Config.SubjectName(source: .path, key: "")
        case "certificate" where key == "subject": return Config.SubjectName(source: .certificateSubject, key: "")
        case "certificate" where key == "san": return Config.SubjectName(source: .certificateName, key: "")
        default:
            schema.report(
                "\(quoted(text)) is nothing a condition can look at", hint: "metadata.<key>, params.<path>, headers.<name>, url.pathname, certificate.subject or certificate.san",
                at: field)
            return nil
        }
    }

    private mutating func unknownOperator(_ name: String, _ field: Field) {
        let nearest = NearestName.find(name, among: ConfigReader.operators).map { "did you mean \(quoted($0))?" }
        schema.report(
            "unknown operator \(quoted(name))", hint: nearest ?? "one of \(ConfigReader.operators.joined(separator: ", "))",
            wireText: "Unsupported operator used in the query router: \(name)", at: field)
    }

    private static let operators = ["$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$regex", "$and", "$or"]

    /// A value alone asks for equality; an object holds operators, all of which must hold.
    private mutating func tests(_ subject: Config.SubjectName, _ field: Field, into all: inout [Config.Query]) {
        guard case .object(let members) = field.node.value else {
            if let operand = scalar(field) { all.append(.test(.equal, subject, [operand])) }
            return
        }
        for member in members where !schema.isFull {
            let found = Field(node: member.value, path: field.path.member(member.name), keyPosition: member.position)
            switch member.name {
            case "$eq": if let operand = scalar(found) { all.append(.test(.equal, subject, [operand])) }
            case "$ne": if let operand = scalar(found) { all.append(.test(.notEqual, subject, [operand])) }
            case "$gt": if let operand = number(found) { all.append(.test(.greater, subject, [operand])) }
            case "$gte": if let operand = number(found) { all.append(.test(.greaterOrEqual, subject, [operand])) }
            case "$lt": if let operand = number(found) { all.append(.test(.less, subject, [operand])) }
            case "$lte": if let operand = number(found) { all.append(.test(.lessOrEqual, subject, [operand])) }
            case "$in": if let operands = scalars(found) { all.append(.test(.among, subject, operands)) }
            case "$nin": if let operands = scalars(found) { all.append(.test(.notAmong, subject, operands)) }
            case "$regex": if let pattern = pattern(found) { all.append(.matches(subject, pattern)) }
            default: unknownOperator(member.name, found)
            }
        }
    }

    private mutating func scalar(_ field: Field) -> DocumentNode? {
        switch field.node.value {
        case .null, .boolean, .number, .string: return field.node
        case .array, .object:
            schema.report("\(quoted(field.name)) must be text, a number, true, false or null", at: field)
            return nil
        }
    }

    private mutating func scalars(_ field: Field) -> [DocumentNode]? {
        guard let elements = schema.elements(of: field) else { return nil }
        guard elements.count <= PolicyLimits.operandCount else {
            schema.report("more than \(PolicyLimits.operandCount) values in \(quoted(field.name))", at: field)
            return nil
        }
        return elements.compactMap { scalar($0) }
    }

    /// A number, or text that begins with one.
    private mutating func number(_ field: Field) -> DocumentNode? {
        switch field.node.value {
        case .number(let number) where number.double.isFinite: return field.node
        case .string(let text):
            if let number = Array(text.utf8).withByteSlice({ JSONNumber.leadingDouble($0) }), number.isFinite {
                return DocumentNode(.number(DocumentNumber(text: "\(number)")), at: field.node.position)
            }
        default: break
        }
        schema.report("\(quoted(field.name)) must be a number", at: field)
        return nil
    }

    mutating func pattern(_ field: Field) -> Pattern? {
        guard let text = schema.string(field) else { return nil }
        patternCount += 1
        if origin == .header, patternCount > PolicyLimits.headerPatternCount {
            if patternCount == PolicyLimits.headerPatternCount + 1 {
                let hint = "declare the config in the file"
                schema.report("more than \(PolicyLimits.headerPatternCount) patterns in a header's config", hint: hint, at: field)
            }
            return nil
        }
        do throws(PatternError) {
            return try Pattern(text)
        } catch {
            let place = error.offset.map { " at its byte \($0)" } ?? ""
            schema.report("the pattern cannot be used: \(error.reason)\(place)", at: field)
            return nil
        }
    }
}
