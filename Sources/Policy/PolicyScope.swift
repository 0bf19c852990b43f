import JSON

/// Which requests a limit is for, and what they are counted by: a policy's `conditions` and `group_by`, in Portkey's shape, read.
public struct PolicyScope: Sendable, Equatable {
    /// What of a request is looked at.
    public enum Attribute: Sendable, Hashable {
        case apiKey, workspace, virtualKey, provider, config, prompt, model, endpoint
        case metadata(String)

        /// The names of all but metadata.
        public static let names = ["api_key", "workspace_id", "virtual_key", "provider", "config", "prompt", "model", "endpoint_type"]
        public static let metadataPrefix = "metadata."

        /// Nil for what is none.
        public init?(_ name: String) {
            switch name {
            case "api_key": self = .apiKey
            case "workspace_id": self = .workspace
            case "virtual_key": self = .virtualKey
            case "provider": self = .provider
            case "config": self = .config
            case "prompt": self = .prompt
            case "model": self = .model
            case "endpoint_type": self = .endpoint
            case _ where name.hasPrefix(Attribute.metadataPrefix) && name.utf8.count > Attribute.metadataPrefix.utf8.count:
                self = .metadata(String(name.dropFirst(Attribute.metadataPrefix.count)))
            default: return nil
            }
        }

        public var name: String {
            switch self {
            case .apiKey: "api_key"
            case .workspace: "workspace_id"
            case .virtualKey: "virtual_key"
            case .provider: "provider"
            case .config: "config"
            case .prompt: "prompt"
            case .model: "model"
            case .endpoint: "endpoint_type"
            case .metadata(let name): Attribute.metadataPrefix + name
            }
        }
    }

    public struct Condition: Sendable, Equatable {
        public let attribute: Attribute
        /// One has to match; `*` stands for anything, also for nothing.
        public let values: [String]
        /// Whether it holds where none matches.
        public let isExcluding: Bool

        public init(_ attribute: Attribute, _ values: [String], isExcluding: Bool = false) {
            self.attribute = attribute
            self.values = values
            self.isExcluding = isExcluding
        }
    }

    /// All have to hold; none for every request.
    public var conditions: [Condition] = []
    /// Each combination of values is counted by itself; none for all together.
    public var groups: [Attribute] = []

    public init() {}

    /// What `endpoint_type` may be.
    public static let endpointTypes = [
        "chat_completions", "completions", "embeddings", "messages", "responses", "images", "audio", "moderations", "rerank", "realtime", "batches",
        "fine_tuning", "other",
    ]

    /// A scope as a store has it, in JSON; and what is wrong with it, nil for nothing.
    public static func read(conditions: String?, groups: String?) -> (scope: PolicyScope, fault: String?) {
        var reader = SchemaReader(refusesUnknownKeys: true)
        var scope = PolicyScope()
        var isReadable = true
        func field(_ text: String?) -> Field? {
            guard let text else { return nil }
            guard let root = DocumentParser.parse(text).document?.root else {
                isReadable = false
                return nil
            }
            return Field(node: root, path: DocumentPath(), keyPosition: root.position)
        }
        if let found = field(conditions) { scope.conditions = reader.policyConditions(found) }
        if let found = field(groups) { scope.groups = reader.policyGroups(found) }
        return (scope, isReadable ? reader.diagnostics.first { $0.severity == .error }?.message : "its conditions are no JSON")
    }
}

extension SchemaReader {
    private static let condition = Schema(["key", "value", "excludes"].map { SchemaKey($0) })
    private static let group = Schema([SchemaKey("key")])

    /// `conditions`: a list of `{key, value, excludes}`.
    public mutating func policyConditions(_ field: Field) -> [PolicyScope.Condition] {
        guard let elements = elements(of: field) else { return [] }
        guard elements.count <= PolicyLimits.policyConditionCount else {
            report("\(quoted(field.name)) has \(elements.count) entries; up to \(PolicyLimits.policyConditionCount) are possible", at: field)
            return []
        }
        return elements.compactMap { policyCondition($0) }
    }

    private mutating func policyCondition(_ field: Field) -> PolicyScope.Condition? {
        guard let fields = fields(of: field, schema: SchemaReader.condition), let attribute = attribute(fields, in: field) else { return nil }
        guard let value = fields["value"] else {
            missing("value", in: field)
            return nil
        }
        var values: [String] = []
        if case .string(let text) = value.node.value {
            values = [text]
        } else {
            for element in elements(of: value) ?? [] { if let text = string(element) { values.append(text) } }
        }
        guard (1...PolicyLimits.policyValueCount).contains(values.count) else {
            report("\(quoted(value.name)) must be a value, or a list of up to \(PolicyLimits.policyValueCount)", at: value)
            return nil
        }
        if let long = values.first(where: { $0.utf8.count > PolicyLimits.policyValueByteCount }) {
            report("a value has \(long.utf8.count) bytes; up to \(PolicyLimits.policyValueByteCount) are possible", at: value)
            return nil
        }
        if attribute == .endpoint, let unknown = values.first(where: { !$0.contains("*") && !PolicyScope.endpointTypes.contains($0) }) {
            let hint = NearestName.find(unknown, among: PolicyScope.endpointTypes).map { "did you mean \(quoted($0))?" }
            report("\(quoted(unknown)) is no endpoint_type", hint: hint ?? "known: \(PolicyScope.endpointTypes.joined(separator: ", "))", at: value)
            return nil
        }
        let isExcluding = fields["excludes"].flatMap { boolean($0) } ?? false
        return PolicyScope.Condition(attribute, values, isExcluding: isExcluding)
    }

    /// `group_by`: a list of `{key}`.
    public mutating func policyGroups(_ field: Field) -> [PolicyScope.Attribute] {
        guard let elements = elements(of: field) else { return [] }
        guard elements.count <= PolicyLimits.policyGroupCount else {
            report("\(quoted(field.name)) has \(elements.count) entries; up to \(PolicyLimits.policyGroupCount) are possible", at: field)
            return []
        }
        var groups: [PolicyScope.Attribute] = []
        for element in elements {
            guard let fields = fields(of: element, schema: SchemaReader.group), let attribute = attribute(fields, in: element) else { continue }
            if groups.contains(attribute) { report("\(quoted(attribute.name)) is given twice", hint: "keep one", at: element) }
            groups.append(attribute)
        }
        return groups
    }

    private mutating func attribute(_ fields: Fields, in field: Field) -> PolicyScope.Attribute? {
        guard let found = fields["key"] else {
            missing("key", in: field)
            return nil
        }
        guard let name = string(found) else { return nil }
        if let attribute = PolicyScope.Attribute(name), name.utf8.count <= PolicyLimits.policyValueByteCount { return attribute }
        let known = PolicyScope.Attribute.names
        let hint = NearestName.find(name, among: known).map { "did you mean \(quoted($0))?" } ?? "known: \(known.joined(separator: ", ")), metadata.NAME"
        report("\(quoted(name)) is nothing that requests are told apart by", hint: hint, at: found)
        return nil
    }
}
