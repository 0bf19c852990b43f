import JSON

/// Where a config was written, which decides how strict its reading is.
public enum ConfigOrigin: Sendable {
    /// By the operator, in the configuration file: unknown keys are faults.
    case file
    /// By a caller, in `x-portkey-config`: unknown keys pass, as callers rely on.
    case header
}

/// Document → `Config`: each key checked against the schema, each fault noted, nothing combined yet.
struct ConfigReader {
    static let refinement =
        "Invalid configuration. It must have either 'provider' and 'api_key', or 'strategy' and 'targets', or 'cache', or 'retry', or 'request_timeout'"

    let origin: ConfigOrigin
    let catalog: Catalog
    var schema: SchemaReader
    private var targetCount = 0
    /// Patterns read so far.
    var patternCount = 0
    /// Hooks read so far, for the names of those that have none.
    var hookCount = 0

    init(origin: ConfigOrigin, catalog: Catalog) {
        self.origin = origin
        self.catalog = catalog
        schema = SchemaReader(refusesUnknownKeys: origin == .file)
    }

    /// One level and all below it; nil when it is no object at all.
    mutating func config(_ field: Field, depth: Int = 1) -> Config? {
        let faultCount = schema.diagnostics.count
        guard let fields = schema.fields(of: field, schema: ConfigSchema.config) else { return nil }
        var config = Config(field: field)
        config.has = ConfigReader.presence(fields)
        if let found = fields["strategy"] { config.strategy = strategy(found) }
        if let found = fields["name"] { config.name = schema.string(found) }
        if let found = fields["provider"] { provider(found, into: &config) }
        if let found = fields["api_key"] { config.apiKey = apiKey(found) }
        if let found = fields["virtual_key"] { virtualKey(found, into: &config) }
        if let found = fields["cache"] { config.cache = cache(found) }
        if let found = fields["retry"] { config.retry = retry(found) }
        if let found = fields["weight"] { config.weight = weight(found) }
        if let found = fields["on_status_codes"] { misplacedStatuses(found) }
        if let found = fields["targets"] { config.targets = targets(found, depth: depth) }
        if let found = fields["request_timeout"] { config.requestTimeoutMilliseconds = timeout(found) }
        timeouts(fields, into: &config)
        if let found = fields["cb_config"] { config.breaker = breaker(found) }
        if let found = fields["hedge"] { config.hedge = hedge(found) }
        if let found = fields["credentials"] { credentials(found, into: &config) }
        if let found = fields["custom_host"] { customHost(found, into: &config) }
        if let found = fields["forward_headers"] { config.forwardHeaders = forwardHeaders(found) }
        if let found = fields["override_params"] { config.overrides = overrides(found) }
        if let found = fields["strict_open_ai_compliance"] { config.isStrict = schema.boolean(found) }
        if let found = fields["openai_organization"] { config.openAIOrganization = headerText(found) ?? "" }
        if let found = fields["openai_project"] { config.openAIProject = headerText(found) ?? "" }
        if let found = fields["openai_beta"] { config.openAIBeta = headerText(found) ?? "" }
        if let found = fields["anthropic_version"] { config.anthropicVersion = headerText(found) ?? "" }
        if let found = fields["anthropic_beta"] { config.anthropicBeta = headerText(found) ?? "" }
        azure(fields, into: &config)
        vertex(fields, into: &config)
        if let found = fields["mistral_fim_completion"] { config.completesInTheMiddle = flag(found) ?? false }
        amazon(fields, into: &config)
        storage(fields, into: &config)
        hooks(fields, into: &config)
        // As the reference's validator: a level whose parts are wrong is not judged as a whole.
        if schema.diagnostics.count == faultCount { refine(config) }
        return config
    }

    private static func presence(_ fields: Fields) -> Config.Presence {
        var presence: Config.Presence = []
        if fields["provider"] != nil { presence.insert(.provider) }
        if fields["strategy"] != nil { presence.insert(.strategy) }
        if fields["targets"] != nil { presence.insert(.targets) }
        if fields["virtual_key"] != nil { presence.insert(.virtualKey) }
        for key in behaviourKeys where fields[key] != nil { presence.insert(.behaviour) }
        if fields["credentials"] != nil { presence.insert(.credentials) }
        return presence
    }

    private static let behaviourKeys = [
        "cache", "retry", "request_timeout", "connect_timeout", "first_token_timeout", "gap_timeout", "total_timeout", "cb_config", "hedge",
        "before_request_hooks", "after_request_hooks", "input_guardrails", "output_guardrails", "default_input_guardrails",
        "default_output_guardrails",
    ]

    // MARK: Targets

    private mutating func targets(_ field: Field, depth: Int) -> [Config]? {
        guard let elements = schema.elements(of: field) else { return nil }
        guard !elements.isEmpty else {
            schema.report("\"targets\" is empty", hint: "name at least one target", at: field)
            return nil
        }
        guard depth < PolicyLimits.depth else {
            schema.report("targets are nested deeper than \(PolicyLimits.depth) levels", at: field)
            return nil
        }
        var targets: [Config] = []
        for element in elements {
            targetCount += 1
            if targetCount == PolicyLimits.targetCount + 1 {
                schema.report("more than \(PolicyLimits.targetCount) targets", at: element)
            }
            // What is past the bound is not read: its faults would be as many as the sender likes.
            guard targetCount <= PolicyLimits.targetCount else { return nil }
            if let target = config(element, depth: depth + 1) { targets.append(target) }
        }
        return targets
    }

    private mutating func refine(_ config: Config) {
        if let strategy = config.strategy, let targets = config.targets { checkNames(strategy, targets, config.field) }
        if config.has.contains(.targets) != config.has.contains(.strategy) {
            let present = config.has.contains(.targets) ? "targets" : "strategy"
            let absent = config.has.contains(.targets) ? "strategy" : "targets"
            schema.report(
                "\(quoted(present)) needs \(quoted(absent)) beside it", wireText: ConfigReader.refinement, kind: .meaning,
                at: config.field)
            return
        }
        if config.has.contains(.targets) {
            if origin == .file, config.provider != nil || config.virtualKey != nil || config.apiKey != nil {
                let message = "a provider or credential beside \"targets\" has no effect"
                schema.report(message, hint: "targets do not inherit it", kind: .meaning, severity: .warning, at: config.field)
            }
        }
    }

    // MARK: Providers and credentials

    private mutating func provider(_ field: Field, into config: inout Config) {
        guard let text = schema.string(field) else { return }
        if text.hasPrefix("@") {
            config.has.insert(.virtualKey)
            selectVirtualKey(String(text.dropFirst()), field, into: &config)
            return
        }
        if let index = catalog.providerNames.index(of: text) {
            config.provider = index
            return
        }
        if ConfigSchema.providers.contains(text) {
            schema.report("provider \(quoted(text)) is not supported yet", kind: .unsupported, at: field)
            return
        }
        let ids = catalog.providers.map(\.id)
        let hint =
            NearestName.find(text, among: ids).map { "did you mean \(quoted($0))?" } ?? "known: \(ids.joined(separator: ", "))"
        let wireText = "Invalid 'provider' value. Must be one of: \(ids.joined(separator: ", "))"
        schema.report("unknown provider \(quoted(text))", hint: hint, wireText: wireText, at: field)
    }

    private mutating func virtualKey(_ field: Field, into config: inout Config) {
        guard let slug = schema.string(field) else { return }
        if config.virtualKey != nil {
            schema.report("the provider names a virtual key already", hint: "keep one of the two", kind: .meaning, at: field)
            return
        }
        selectVirtualKey(slug.hasPrefix("@") ? String(slug.dropFirst()) : slug, field, into: &config)
    }

    mutating func selectVirtualKey(_ slug: String, _ field: Field, into config: inout Config) {
        guard let index = catalog.virtualKeyNames.index(of: slug) else {
            reportUnknownVirtualKey(slug, field)
            return
        }
        let provider = catalog.virtualKeys[index].provider
        if let named = config.provider, named != provider {
            let message = "virtual key \(quoted(slug)) is not for provider \(quoted(catalog.providers[named].id))"
            schema.report(message, kind: .meaning, at: field)
            return
        }
        config.virtualKey = index
        config.provider = provider
        if config.apiKey != nil {
            schema.report("a target has an api_key or a virtual_key, not both", kind: .meaning, at: field)
        }
    }

    mutating func reportUnknownVirtualKey(_ slug: String, _ field: Field) {
        // A caller is not told what the vault holds.
        let slugs = origin == .file ? catalog.virtualKeys.map(\.slug) : []
        let declared = slugs.isEmpty ? nil : "declared: " + slugs.map { quoted($0) }.joined(separator: ", ")
        let hint = NearestName.find(slug, among: slugs).map { "did you mean \(quoted($0))?" } ?? declared
        schema.report("no virtual key \(quoted(slug))", hint: hint, kind: .meaning, at: field)
    }

    mutating func apiKey(_ field: Field) -> String? {
        guard let text = headerText(field) else { return nil }
        if origin == .file, text.hasPrefix("env:") || text.hasPrefix("file:") {
            let hint = "declare it under virtual_keys and name that"
            schema.report("a config's api_key is sent as it is written, never looked up", hint: hint, kind: .meaning, at: field)
            return nil
        }
        return text
    }

    /// Text that will stand in a header field: no control characters, bounded, not empty. Its value appears in no message.
    mutating func headerText(_ field: Field) -> String? {
        guard let text = schema.string(field) else { return nil }
        guard !text.isEmpty, text.utf8.count <= PolicyLimits.credentialByteCount else {
            schema.report("\(quoted(field.name)) must have 1 to \(PolicyLimits.credentialByteCount) bytes", at: field)
            return nil
        }
        guard text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }), text.utf8.first != 0x20, text.utf8.last != 0x20 else {
            schema.report("\(quoted(field.name)) has a character that a header field cannot carry", at: field)
            return nil
        }
        return text
    }

    /// What was read as wrong, schema faults first: clients know those by their place in the list.
    var diagnostics: [Diagnostic] {
        schema.diagnostics.filter { $0.kind != .unsupported } + schema.diagnostics.filter { $0.kind == .unsupported }
    }
}
