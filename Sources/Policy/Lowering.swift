import Bytes
import Guardrails
import JSON

/// `Config` → rows: inheritance applied, text moved into the program's storage.
struct Lowering {
    var reader: ConfigReader
    var parts = ProgramParts()
    /// Where the caller's own credential goes; it may go to one place only.
    private var callersDestination: Destination?

    private struct Destination: Equatable {
        let provider: Int?
        let host: Config.Host?
    }

    /// A config's text, stored once however many targets inherit it.
    struct StoredParameter {
        let name: String
        let row: Override
        /// The model's text, where it may name a virtual key.
        let model: String?
    }

    /// What a level leaves to those below it.
    /// - Source: the wire reference §3.3
    struct Inherited {
        var retry = RetryPolicy.none
        var cache: CacheRule?
        var requestTimeoutMilliseconds: UInt32 = 0
        var timeouts = TargetTimeouts()
        var breaker: BreakerRule?
        var hedge: HedgeRule?
        var host: Config.Host?
        var hostField: Field?
        var forwardHeaders = RowRun.empty
        var isStrict = true
        var parameters: [StoredParameter] = []
        /// The rows of `parameters`, once some target has needed them.
        var rows: RowRun?
        var inputHooks: [Hook] = []
        var outputHooks: [Hook] = []
    }

    init(reader: ConfigReader) { self.reader = reader }

    mutating func lower(_ config: Config) {
        var inherited = Inherited()
        inherited.breaker = reader.catalog.breaker
        _ = lower(config, parent: -1, path: "config", &inherited)
    }

    /// Adds the level and all below it; the index of its node.
    private mutating func lower(_ config: Config, parent: Int32, path: String, _ outer: inout Inherited) -> Int32 {
        let node = Int32(parts.nodes.count)
        var scope = inherit(outer, config)
        // Siblings that override nothing share their parent's rows.
        defer { if config.overrides.isEmpty { outer.rows = scope.rows } }
        guard let targets = config.targets else {
            target(config, parent: parent, path: path, &scope)
            return node
        }
        var statuses: Int32 = -1
        if let set = config.strategy?.statuses {
            statuses = Int32(parts.statusSets.count)
            parts.statusSets.append(set)
        }
        // Without a strategy there is a fault already; the targets are gone through for theirs.
        let kind: Program.Node.Kind =
            switch config.strategy?.mode {
            case .fallback: .fallback
            case .loadbalance: .loadbalance
            case .conditional: .conditional
            case .single, nil: .single
            }
        parts.nodes.append(
            Program.Node(
                kind: kind, parent: parent, firstChild: -1, nextSibling: -1, target: -1, statuses: statuses, weight: config.weight,
                balance: config.strategy?.balance.map { balance($0) } ?? -1))
        var previous: Int32 = -1
        var children: [Int32] = []
        for (index, child) in targets.enumerated() {
            let added = lower(child, parent: node, path: "\(path).targets[\(index)]", &scope)
            if previous < 0 { parts.nodes[Int(node)].firstChild = added } else { parts.nodes[Int(previous)].nextSibling = added }
            previous = added
            children.append(added)
        }
        parts.nodes[Int(node)].identity = identity(of: children)
        if let strategy = config.strategy, strategy.mode == .conditional {
            conditions(strategy, Dictionary(zip(targets.map(\.name), children), uniquingKeysWith: { first, _ in first }), node)
        }
        return node
    }

    private mutating func inherit(_ outer: Inherited, _ config: Config) -> Inherited {
        var scope = outer
        if let retry = config.retry { scope.retry = retry }
        if let cache = config.cache { scope.cache = cache }
        scope.timeouts = config.timeouts.over(outer.timeouts)
        if let breaker = config.breaker ?? config.strategy?.breaker { scope.breaker = breaker }
        if let hedge = config.hedge ?? config.strategy?.hedge { scope.hedge = hedge }
        if config.requestTimeoutMilliseconds > 0 { scope.requestTimeoutMilliseconds = config.requestTimeoutMilliseconds }
        if let host = config.host {
            scope.host = host
            scope.hostField = config.hostField
        }
        if let isStrict = config.isStrict { scope.isStrict = isStrict }
        if let names = config.forwardHeaders { scope.forwardHeaders = store(headerNames: names) }
        // Added, or a target's own would take its parent's away.
        scope.inputHooks += config.inputHooks
        scope.outputHooks += config.outputHooks
        if max(scope.inputHooks.count, scope.outputHooks.count) > GuardrailLimits.hookCount {
            reader.schema.report("with its ancestors' more than \(GuardrailLimits.hookCount) hooks of one side", kind: .meaning, at: config.field)
        }
        if !config.overrides.isEmpty {
            scope.rows = nil
            for parameter in config.overrides { lay(parameter, over: &scope.parameters) }
            if scope.parameters.count > PolicyLimits.overrideCount {
                reader.schema.report(
                    "with its ancestors' more than \(PolicyLimits.overrideCount) override_params", kind: .meaning, at: config.field)
            }
        }
        return scope
    }

    private mutating func store(headerNames names: [String]) -> RowRun {
        let first = parts.headerNames.count
        for name in names { parts.headerNames.append(parts.store(name)) }
        return RowRun(first: UInt32(first), count: Int32(names.count))
    }

    // MARK: Overrides

    /// A child's parameter takes the place of its parent's of the same name; a new one comes last.
    private mutating func lay(_ parameter: Config.Parameter, over parameters: inout [StoredParameter]) {
        var model: String?
        if parameter.name == "model", case .string(let text) = parameter.value.value { model = text }
        let stored = StoredParameter(name: parameter.name, row: store(parameter.name, json: parameter.value.json), model: model)
        if let index = parameters.firstIndex(where: { $0.name.utf8.elementsEqual(stored.name.utf8) }) {
            parameters[index] = stored
        } else {
            parameters.append(stored)
        }
    }

    private mutating func store(_ name: String, json: [UInt8]) -> Override {
        var member: [UInt8] = []
        DocumentNode.write(name, into: &member)
        let quotedCount = member.count
        member.append(UInt8(ascii: ":"))
        member += json
        let whole = parts.store(member)
        // The decoded name stands inside the quotes, unless something in it is escaped.
        let isPlain = quotedCount == name.utf8.count + 2 && !name.isEmpty
        let decoded = isPlain ? ByteRun(offset: whole.offset + 1, count: Int32(name.utf8.count)) : parts.store(name)
        let value = ByteRun(offset: whole.offset + UInt32(quotedCount) + 1, count: Int32(json.count))
        return Override(name: decoded, member: whole, value: value)
    }

    private mutating func rows(of scope: inout Inherited) -> RowRun {
        if let rows = scope.rows { return rows }
        let rows = append(scope.parameters.map(\.row))
        scope.rows = rows
        return rows
    }

    private mutating func append(_ rows: [Override]) -> RowRun {
        let first = parts.overrides.count
        parts.overrides += rows
        return RowRun(first: UInt32(first), count: Int32(rows.count))
    }

    // MARK: Targets

    private mutating func target(_ config: Config, parent: Int32, path: String, _ scope: inout Inherited) {
        var provider = config.provider
        var virtualKey = config.virtualKey
        var overrides: RowRun?
        if provider == nil, let model = scope.parameters.first(where: { $0.model != nil })?.model, model.hasPrefix("@") {
            if let named = virtualKeyNamed(by: model, config.field) {
                virtualKey = named.index
                provider = reader.catalog.virtualKeys[named.index].provider
                overrides = rows(of: scope.parameters, model: named.model)
            }
        }
        if provider == nil { checkUnnamed(config, isRoot: parent < 0) }
        let credential = credential(config, provider: provider, virtualKey: virtualKey, scope, isRoot: parent < 0)
        let storedHost = scope.host.map { store($0) }
        let parameters = overrides ?? rows(of: &scope)
        let pool = pool(config, scope)
        parts.targets.append(
            Target(
                provider: Int32(provider ?? -1), credential: credential, host: storedHost, overrides: parameters,
                forwardHeaders: scope.forwardHeaders, requestTimeoutMilliseconds: scope.requestTimeoutMilliseconds,
                timeouts: scope.timeouts, retry: scope.retry, cache: scope.cache, breaker: scope.breaker, hedge: scope.hedge, pool: pool,
                isStrict: scope.isStrict, options: options(config), path: parts.store(path),
                inputHooks: store(scope.inputHooks), outputHooks: store(scope.outputHooks),
                spendsOperatorCredential: spendsOperators(credential) || parts.pool[pool.rows].contains { spendsOperators($0.credential) }))
        parts.nodes.append(
            Program.Node(
                kind: .target, parent: parent, firstChild: -1, nextSibling: -1, target: Int32(parts.targets.count - 1), statuses: -1,
                weight: config.weight, identity: identity(config, provider: provider, virtualKey: virtualKey, scope)))
    }

    private mutating func store(_ hooks: [Hook]) -> Int32 {
        guard !hooks.isEmpty else { return -1 }
        parts.hookSets.append(HookSet(hooks))
        return Int32(parts.hookSets.count - 1)
    }

    /// Only the whole config may leave its provider to the request's headers.
    private mutating func checkUnnamed(_ config: Config, isRoot: Bool) {
        if isRoot, config.has.contains(.behaviour) { return }
        // What was given and wrong has been said already.
        guard config.has.isDisjoint(with: [.provider, .virtualKey, .strategy, .targets, .credentials]) else { return }
        reader.schema.report(
            "the target names no provider", hint: "give it a provider or a virtual_key", wireText: ConfigReader.refinement,
            kind: .meaning,
            at: config.field)
    }

    private mutating func virtualKeyNamed(by model: String, _ field: Field) -> (index: Int, model: String)? {
        let text = Array(model.utf8)
        let split: (slug: String, model: String)? = text.withByteSlice { bytes in
            VirtualKeyName(model: bytes).map { (String($0.slug), String($0.model)) }
        }
        guard let split else { return nil }
        guard let index = reader.catalog.virtualKeyNames.index(of: split.slug) else {
            reader.reportUnknownVirtualKey(split.slug, field)
            return nil
        }
        return (index, split.model)
    }

    /// The parameters with the virtual key's name taken off the model.
    private mutating func rows(of parameters: [StoredParameter], model: String) -> RowRun {
        var json: [UInt8] = []
        DocumentNode.write(model, into: &json)
        let replaced = store("model", json: json)
        return append(parameters.map { $0.name == "model" ? replaced : $0.row })
    }

    private mutating func credential(
        _ config: Config, provider: Int?, virtualKey: Int?, _ scope: Inherited, isRoot: Bool
    ) -> TargetCredential {
        if let virtualKey {
            refuseForeignHost(scope)
            return .virtualKey(Int32(virtualKey))
        }
        if config.azure.identity != .none { return .identity }
        if let key = config.apiKey { return .literal(parts.store(key)) }
        // A pool's are chosen by the request; the first stands for them.
        if let first = config.pool.first { return pooled(first, scope) }
        if let provider, !reader.catalog.providers[provider].needsCredential { return .none }
        guard provider != nil || isRoot else { return .caller }
        let destination = Destination(provider: provider, host: scope.host)
        if let first = callersDestination, first != destination {
            reader.schema.report(
                "the caller's own credential goes to another target already", hint: "give this one an api_key or a virtual_key",
                wireText: ConfigReader.refinement, kind: .meaning, at: config.field)
        }
        callersDestination = callersDestination ?? destination
        return .caller
    }

    /// Or a caller could have the vault's secret sent to a machine of theirs.
    mutating func refuseForeignHost(_ scope: Inherited) {
        guard reader.origin == .header, let hostField = scope.hostField else { return }
        reader.schema.report("a virtual key's requests go to its own host only", hint: "drop custom_host", kind: .meaning, at: hostField)
    }

    private func spendsOperators(_ credential: TargetCredential) -> Bool {
        switch credential {
        case .none, .caller: false
        case .virtualKey, .identity: true
        case .literal: reader.origin == .file
        }
    }

    private mutating func store(_ host: Config.Host) -> TargetHost {
        TargetHost(
            isSecure: host.isSecure, name: parts.store(host.name), isIPv6Literal: host.isIPv6Literal, port: host.port,
            pathPrefix: parts.store(host.pathPrefix), verdict: host.verdict)
    }

    private mutating func options(_ config: Config) -> ProviderOptions {
        var options = ProviderOptions()
        options.openAIOrganization = parts.store(config.openAIOrganization)
        options.openAIProject = parts.store(config.openAIProject)
        options.openAIBeta = parts.store(config.openAIBeta)
        options.anthropicVersion = parts.store(config.anthropicVersion)
        options.anthropicBeta = parts.store(config.anthropicBeta)
        options.azure.resource = parts.store(config.azure.resource)
        options.azure.deployment = parts.store(config.azure.deployment)
        options.azure.apiVersion = parts.store(config.azure.apiVersion)
        options.azure.usesToken = config.azure.usesToken
        options.azure.entraTenant = parts.store(config.azure.entraTenant)
        options.azure.entraClient = parts.store(config.azure.entraClient)
        options.azure.entraScope = parts.store(config.azure.entraScope)
        options.azure.identity = config.azure.identity
        options.azure.identityClient = parts.store(config.azure.identityClient)
        options.vertex.project = parts.store(config.vertex.project)
        options.vertex.region = parts.store(config.vertex.region)
        options.completesInTheMiddle = config.completesInTheMiddle
        options.amazon.region = parts.store(config.amazon.region)
        options.amazon.accessKey = parts.store(config.amazon.accessKey)
        options.amazon.sessionToken = parts.store(config.amazon.sessionToken)
        options.amazon.role = parts.store(config.amazon.role)
        options.amazon.externalID = parts.store(config.amazon.externalID)
        options.amazon.sendsKey = config.amazon.sendsKey
        options.storage.bucket = parts.store(config.storage.bucket)
        options.storage.key = parts.store(config.storage.key)
        options.storage.model = parts.store(config.storage.model)
        options.storage.encryption = parts.store(config.storage.encryption)
        options.storage.encryptionKey = parts.store(config.storage.encryptionKey)
        return options
    }
}
