import Guardrails
import JSON
import Patterns

/// The parameters of checks.
/// - Source: the wire reference §7.3
extension ConfigReader {
    /// Nil where it has faults, and where it is switched off; its parameters are judged all the same.
    mutating func check(_ entry: CheckEntry, denies: Bool) -> Check? {
        guard let name = CheckName(id: entry.id) else {
            refuse(entry)
            return nil
        }
        let keys = (name.parameters + ["failOnError"]).map { SchemaKey($0, aliases: $0 == "failOnError" ? ["fail_on_error"] : []) }
        guard let fields = schema.fields(of: entry.parameters, schema: Schema(keys), isStrict: true) else { return nil }
        let faultCount = schema.diagnostics.count
        var reading = CheckReading(fields: fields, place: entry.parameters)
        guard let rule = rule(of: name, &reading), schema.diagnostics.count == faultCount else { return nil }
        let isInverted = fields["not"].flatMap { schema.boolean($0) } ?? false
        if fields["not"] != nil { reading.tell("not", isInverted ? "true" : "false") }
        // What cannot look does not let pass what it was to stop.
        let failsOnError = fields["failOnError"].flatMap { schema.boolean($0) } ?? denies
        guard entry.isEnabled else { return nil }
        return Check(name, rule, isInverted: isInverted, failsOnError: failsOnError, fixedData: reading.data)
    }

    private mutating func refuse(_ entry: CheckEntry) {
        let short = entry.id.hasPrefix("default.") ? String(entry.id.dropFirst(8)) : entry.id
        let service = entry.id.prefix { $0 != "." }
        if CheckName.unbuilt.contains(short) || service.count < entry.id.count && CheckName.services.contains(String(service)) {
            return schema.report("check \(quoted(entry.id)) is not supported yet", kind: .unsupported, at: entry.field)
        }
        let known = CheckName.allCases.map(\.id)
        let nearest = NearestName.find("default.\(short)", among: known).map { "did you mean \(quoted($0))?" }
        schema.report("unknown check \(quoted(entry.id))", hint: nearest ?? "known: \(known.joined(separator: ", "))", at: entry.field)
    }

    /// A check's parameters, and what of them its results repeat.
    struct CheckReading {
        let fields: Fields
        let place: Field
        var data: [UInt8] = []

        mutating func tell(_ name: String, _ json: String) { data += "\"\(name)\":\(json),".utf8 }

        mutating func tell(_ name: String, text: String) {
            data += "\"\(name)\":".utf8
            DocumentNode.write(text, into: &data)
            data.append(UInt8(ascii: ","))
        }
    }

    private mutating func rule(of name: CheckName, _ reading: inout CheckReading) -> Check.Rule? {
        switch name {
        case .regexMatch: return pattern(&reading).map { .regexMatch($0) }
        case .contains: return words(&reading)
        case .sentenceCount: return range("minSentences", "maxSentences", &reading).map { .sentenceCount($0) }
        case .wordCount: return range("minWords", "maxWords", &reading).map { .wordCount($0) }
        case .characterCount: return range("minCharacters", "maxCharacters", &reading).map { .characterCount($0) }
        case .alluppercase: return .alluppercase
        case .alllowercase: return .alllowercase
        case .endsWith: return suffix(&reading).map { .endsWith(Array($0.utf8)) }
        case .jsonKeys:
            guard let keys = names("keys", reading), let quantifier = quantifier(&reading, otherwise: nil) else { return nil }
            return .jsonKeys(NameList(keys), quantifier)
        case .containsCode: return format(&reading).map { .containsCode($0) }
        case .notNull: return .notNull
        case .modelWhitelist: return names("models", reading).map { .modelWhitelist(NameList($0)) }
        case .modelRules: return modelRules(reading).map { .modelRules($0) }
        case .allowedRequestTypes: return requestTypes(reading)
        case .requiredMetadataKeys:
            guard let keys = names("metadataKeys", reading), let quantifier = quantifier(&reading, otherwise: .all) else { return nil }
            return .requiredMetadataKeys(NameList(keys), quantifier)
        }
    }

    // MARK: Single parameters

    private mutating func required(_ key: String, _ reading: CheckReading) -> Field? {
        if let found = reading.fields[key] { return found }
        schema.missing(key, in: reading.place)
        return nil
    }

    private mutating func pattern(_ reading: inout CheckReading) -> Pattern? {
        guard let found = required("rule", reading), let text = schema.string(found) else { return nil }
        guard !text.isEmpty else {
            schema.report("\"rule\" is empty", at: found)
            return nil
        }
        reading.tell("regexPattern", text: text)
        return pattern(found)
    }

    private mutating func words(_ reading: inout CheckReading) -> Check.Rule? {
        guard let found = required("words", reading), let words = texts(found, PatternLimits.wordCount, PatternLimits.wordByteCount) else { return nil }
        guard let quantifier = quantifier(&reading, otherwise: nil) else { return nil }
        do throws(PatternError) {
            return .contains(try WordSet(words.map { Array($0.utf8) }), NameList(words), quantifier)
        } catch {
            schema.report(error.reason, at: found)
            return nil
        }
    }

    private mutating func quantifier(_ reading: inout CheckReading, otherwise standard: Quantifier?) -> Quantifier? {
        var quantifier = standard
        if let found = reading.fields["operator"] {
            quantifier = schema.choice(found, of: Quantifier.allCases.map(\.rawValue)).flatMap { Quantifier(rawValue: $0) }
        } else if standard == nil {
            schema.missing("operator", in: reading.place)
        }
        if let quantifier { reading.tell("operator", text: quantifier.rawValue) }
        return quantifier
    }

    private mutating func range(_ least: String, _ most: String, _ reading: inout CheckReading) -> ClosedRange<Int64>? {
        var bounds: [Int64] = []
        for key in [least, most] {
            guard let found = required(key, reading), let bound = schema.integer(found, in: 0...GuardrailLimits.count) else { continue }
            bounds.append(bound)
            reading.tell(key, "\(bound)")
        }
        guard bounds.count == 2 else { return nil }
        guard bounds[0] <= bounds[1] else {
            schema.report("\(quoted(least)) is above \(quoted(most))", kind: .meaning, at: reading.place)
            return nil
        }
        return bounds[0]...bounds[1]
    }

    private mutating func suffix(_ reading: inout CheckReading) -> String? {
        guard let found = required("suffix", reading), let suffix = schema.string(found) else { return nil }
        guard (1...GuardrailLimits.nameByteCount).contains(suffix.utf8.count) else {
            schema.report("\"suffix\" has 1 to \(GuardrailLimits.nameByteCount) bytes", at: found)
            return nil
        }
        reading.tell("suffix", text: suffix)
        return suffix
    }

    private mutating func format(_ reading: inout CheckReading) -> CodeFormat? {
        guard let found = required("format", reading), let word = schema.choice(found, of: CodeFormat.allCases.map(\.rawValue)) else { return nil }
        reading.tell("format", text: word)
        return CodeFormat(rawValue: word)
    }

    // MARK: Lists

    private mutating func names(_ key: String, _ reading: CheckReading) -> [String]? {
        guard let found = required(key, reading) else { return nil }
        return texts(found, GuardrailLimits.nameCount, GuardrailLimits.nameByteCount)
    }

    private mutating func texts(_ field: Field, _ most: Int, _ byteCount: Int) -> [String]? {
        guard let elements = schema.elements(of: field) else { return nil }
        guard (1...most).contains(elements.count) else {
            schema.report("\(quoted(field.name)) has 1 to \(most) entries", at: field)
            return nil
        }
        var texts: [String] = []
        for element in elements where !schema.isFull {
            guard let text = schema.string(element) else { continue }
            guard (1...byteCount).contains(text.utf8.count) else {
                schema.report("an entry of \(quoted(field.name)) has 1 to \(byteCount) bytes", at: element)
                continue
            }
            texts.append(text)
        }
        return texts.count == elements.count ? texts : nil
    }

    private mutating func modelRules(_ reading: CheckReading) -> ModelRules? {
        guard let found = required("rules", reading) else { return nil }
        let keys = Schema([SchemaKey("defaults"), SchemaKey("metadata")])
        guard let fields = schema.fields(of: found, schema: keys, isStrict: true) else { return nil }
        let defaults = fields["defaults"].flatMap { texts($0, GuardrailLimits.nameCount, GuardrailLimits.nameByteCount) } ?? []
        var rules: [ModelRules.Rule] = []
        if let metadata = fields["metadata"] {
            for (key, values) in schema.entries(of: metadata) where !schema.isFull {
                for (value, models) in schema.entries(of: values) where !schema.isFull {
                    guard let models = texts(models, GuardrailLimits.nameCount, GuardrailLimits.nameByteCount) else { continue }
                    rules.append(ModelRules.Rule(key: key, value: value, models: models))
                }
            }
        }
        guard rules.count <= GuardrailLimits.ruleCount else {
            schema.report("more than \(GuardrailLimits.ruleCount) values in \"rules\"", at: found)
            return nil
        }
        guard !defaults.isEmpty || !rules.isEmpty else {
            schema.report("\"rules\" allow no model", hint: "give it defaults or metadata", kind: .meaning, at: found)
            return nil
        }
        return ModelRules(defaults: defaults, rules: rules)
    }

    private mutating func requestTypes(_ reading: CheckReading) -> Check.Rule? {
        let allowed = reading.fields["allowedTypes"].map { requestTypes($0) } ?? []
        let blocked = reading.fields["blockedTypes"].map { requestTypes($0) } ?? []
        if let both = allowed.first(where: { blocked.contains($0) }) {
            schema.report("\(quoted(both.rawValue)) is allowed and blocked", kind: .meaning, at: reading.place)
            return nil
        }
        return .allowedRequestTypes(allowed: allowed, blocked: blocked)
    }

    /// A list, or text with commas.
    private mutating func requestTypes(_ field: Field) -> [RequestType] {
        var types: [String]
        if case .string(let text) = field.node.value {
            types = text.split(separator: ",").map { String($0.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
        } else {
            types = texts(field, GuardrailLimits.nameCount, GuardrailLimits.nameByteCount) ?? []
        }
        return types.compactMap { type in
            if let known = RequestType(rawValue: type) { return known }
            let nearest = NearestName.find(type, among: RequestType.names).map { "did you mean \(quoted($0))?" }
            schema.report(
                "unknown request type \(quoted(type))", hint: nearest ?? "known: \(RequestType.names.joined(separator: ", "))", at: field)
            return nil
        }
    }
}
