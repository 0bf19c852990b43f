import Bytes
import Gateway
import JSON
import Ledger
import Policy
import Store

/// The store's objects beside what the file declares, in one snapshot. Names of the file go first; what clashes is left out and told.
struct SnapshotMerge {
    private let declared: DeclaredParts
    private let stored: StoredObjects
    private let pepper: KeyPepper
    /// Wall-clock milliseconds since 1970.
    private let now: Int64
    private(set) var parts: Snapshot.Parts
    private(set) var faults: [String]
    /// When, by the clock alone, another snapshot is due: something is used up to then.
    private(set) var changesAt: Int64?
    /// Whose spending is limited, and where their terms go.
    private var holders: [(holder: LimitedHolder, place: HolderPlace)] = []
    /// Workspaces whose limits cannot be read.
    private var closedWorkspaces: Set<Int32> = []
    /// Places of stored configs by their ids.
    private var configs: [String: Int] = [:]
    /// Whether the table has the store's keys.
    private(set) var hasAllKeys = true

    private enum HolderPlace {
        /// Among the declarations of keys.
        case key(Int)
        case virtualKey(Int)
        case workspace(Int)
        /// Of a virtual key's integration, in the workspace of a number.
        case integration(Int, Int32)
    }

    /// - Parameter limits: makes terms of what holders may spend.
    init(
        _ declared: DeclaredParts, _ stored: StoredObjects, pepper: KeyPepper, now: Int64, edition: UInt64,
        limits: ([LimitedHolder]) -> LimitedTerms = { _ in LimitedTerms(books: nil, terms: []) },
        policies: ([LimitedPolicy]) -> KeptPolicies = { KeptPolicies.none($0) }, _ programs: inout ProgramShelf
    ) {
        self.declared = declared
        self.stored = stored
        self.pepper = pepper
        self.now = now
        parts = declared.parts
        parts.isKeyed = true
        parts.organisation = Array(stored.organisation.utf8)
        parts.prompts = stored.prompts.table
        faults = stored.faults
        addWorkspaces()
        let kept = virtualKeys()
        let names = kept.map { Catalog.VirtualKey(slug: $0.slug, provider: $0.provider) }
        programs.begin(edition: edition, virtualKeys: declared.parts.catalog.virtualKeys + names, guardrails: stored.guardrails)
        for (key, provider, _) in kept {
            var made = virtualKey(key, provider, &programs)
            if let fault = note(key.limits, .virtualKey, key.slug, key.id, key.adjustment, at: .virtualKey(parts.virtualKeys.count)) {
                faults.append("virtual key \(quoted(key.slug)): \(fault)")
                made.refusal = made.refusal ?? "has limits that cannot be kept"
            }
            share(key, into: &made)
            parts.virtualKeys.append(made)
        }
        addConfigs(names, &programs)
        programs.end()
        addKeys(limits)
        addPolicies(policies)
    }

    // MARK: Limits

    private mutating func addWorkspaces() {
        for (number, space) in stored.workspaces.enumerated() {
            parts.workspaces.append(Snapshot.Workspace(id: space.id))
            if let fault = note(space.limits, .workspace, space.name, space.id, at: .workspace(number)) { close(number, fault) }
        }
    }

    /// The limits of a workspace cannot be kept: its keys open nothing.
    private mutating func close(_ workspace: Int, _ fault: String) {
        faults.append("workspace \(quoted(stored.workspaces[workspace].name)): \(fault); its keys open nothing")
        closedWorkspaces.insert(Int32(workspace))
    }

    /// What each workspace may do with a virtual key's integration.
    private mutating func share(_ key: StoredObjects.VirtualKey, into made: inout Snapshot.VirtualKey) {
        guard let sharing = key.sharing else { return }
        for (number, space) in stored.workspaces.enumerated() where key.workspace < 0 || key.workspace == Int32(number) {
            let own = sharing.shares.first { $0.workspaceID == space.id }
            guard own?.isEnabled ?? sharing.isForAll else {
                made.closedTo.insert(Int32(number))
                continue
            }
            guard let own else { continue }
            let limits = own.usageLimits == nil && own.rateLimits == nil ? nil : StoredLimits(usage: own.usageLimits, rates: own.rateLimits)
            let name = "\(sharing.name)\" in workspace \"\(space.name)"
            let place = HolderPlace.integration(parts.virtualKeys.count, Int32(number))
            if let fault = note(limits, .integration, name, IntegrationShare.identity(of: sharing.id, in: space.id), at: place) {
                faults.append("integration \(quoted(sharing.name)) in workspace \(quoted(space.name)): \(fault); it may not use it")
                made.closedTo.insert(Int32(number))
            }
        }
    }

    private mutating func addPolicies(_ keep: ([LimitedPolicy]) -> KeptPolicies) {
        guard !stored.policies.isEmpty else { return }
        let kept = keep(stored.policies)
        if let books = kept.books { parts.books = books }
        parts.policies += kept.policies
    }

    /// Notes that a holder is limited; what is wrong with its limits.
    private mutating func note(
        _ limits: StoredLimits?, _ scope: SpendingTerms.Scope, _ name: String, _ identity: String, _ adjustment: PriceAdjustment = .none, at place: HolderPlace
    ) -> String? {
        if let fault = limits?.fault { return fault }
        let own = limits?.limits ?? SpendingLimits()
        guard !own.isEmpty || adjustment != .none else { return nil }
        holders.append((LimitedHolder(scope: scope, name: name, identity: identity, limits: own, adjustment: adjustment), place))
        return nil
    }

    /// Gives holders their terms. One whose limits cannot be kept opens nothing.
    private mutating func limit(_ declarations: inout [KeyTable.Declaration], _ make: ([LimitedHolder]) -> LimitedTerms) {
        guard !holders.isEmpty else { return }
        let made = make(holders.map(\.holder))
        if let books = made.books { parts.books = books }
        parts.keyTerms += [SpendingTerms?](repeating: nil, count: max(0, declarations.count - parts.keyTerms.count))
        for (index, (holder, place)) in holders.enumerated() {
            let result = index < made.terms.count ? made.terms[index] : .failure(LimitFault("nothing keeps its limits"))
            switch (result, place) {
            case (.success(let terms), .key(let key)): parts.keyTerms[key] = terms
            case (.success(let terms), .virtualKey(let key)): parts.virtualKeys[key].terms = terms
            case (.success(let terms), .workspace(let number)): parts.workspaces[number].terms = terms
            case (.success(let terms), .integration(let key, let workspace)): parts.virtualKeys[key].integrationTerms[workspace] = terms
            case (.failure(let fault), .key(let key)):
                KeyMerge.close(&declarations[key], fault.description, &faults)
            case (.failure(let fault), .virtualKey(let key)):
                faults.append("virtual key \(quoted(holder.name)): \(fault); it is not used")
                parts.virtualKeys[key].refusal = parts.virtualKeys[key].refusal ?? "has limits that cannot be kept"
            case (.failure(let fault), .workspace(let number)):
                close(number, fault.description)
                for key in declarations.indices where declarations[key].workspace == Int32(number) && declarations[key].standing == .active {
                    declarations[key].standing = .restricted
                }
            case (.failure(let fault), .integration(let key, let workspace)):
                faults.append("integration \(quoted(holder.name)): \(fault); it is not used there")
                parts.virtualKeys[key].closedTo.insert(workspace)
            }
        }
    }

    // MARK: Virtual keys

    private mutating func virtualKeys() -> [(key: StoredObjects.VirtualKey, provider: Int, slug: String)] {
        let catalog = declared.parts.catalog
        var taken: Set<String> = []
        return stored.virtualKeys.compactMap { key in
            guard catalog.virtualKeyNames.index(of: key.slug) == nil, taken.insert(key.slug).inserted else {
                faults.append("virtual key \(quoted(key.slug)): another of this name goes before it; it is not used")
                return nil
            }
            guard let provider = catalog.providerNames.index(of: key.provider) else {
                faults.append("virtual key \(quoted(key.slug)): there is no provider \(quoted(key.provider)); it is not used")
                return nil
            }
            return (key, provider, key.slug)
        }
    }

    private mutating func virtualKey(_ key: StoredObjects.VirtualKey, _ provider: Int, _ programs: inout ProgramShelf) -> Snapshot.VirtualKey {
        var made = Snapshot.VirtualKey(slug: key.slug, upstream: provider, credential: [])
        made.workspace = key.workspace
        made.models = NamePatterns(key.models)
        made.refusal = key.refusal
        if let until = key.expiresAt, isOver(until) { made.refusal = made.refusal ?? "has expired" }
        var credentials = key.credentials.filter { credential in credential.expiresAt.map { !isOver($0) } ?? true }
        if credentials.count > PolicyLimits.poolCount {
            faults.append("virtual key \(quoted(key.slug)): of its \(credentials.count) credentials the first \(PolicyLimits.poolCount) are used")
            credentials.removeLast(credentials.count - PolicyLimits.poolCount)
        }
        let shares = credentials.map { Snapshot.Share(credential: $0.secret.withBytes { [UInt8]($0) }, weight: Double($0.weight)) }
        if let first = shares.first { made.credential = first.credential }
        if shares.count > 1 { made.pool = shares }
        let settings = VirtualKeySettings(key.settings, provider: key.provider, hasCredential: !shares.isEmpty)
        for name in settings.unknown { faults.append("virtual key \(quoted(key.slug)): its setting \(name) has no effect") }
        if let text = settings.text { take(text, settings.holdsSecret, into: &made, &programs) }
        if made.credential.isEmpty, declared.parts.catalog.providers[provider].needsCredential {
            made.refusal = made.refusal ?? "has no credential that can be used"
        }
        return made
    }

    private mutating func take(_ text: [UInt8], _ holdsSecret: Bool, into key: inout Snapshot.VirtualKey, _ programs: inout ProgramShelf) {
        switch programs.compiled(text, declared.parts.catalog.withoutVirtualKeys) {
        case .refused(let why):
            faults.append("virtual key \(quoted(key.slug)): \(why)")
            key.refusal = key.refusal ?? "has settings that are not right: \(why)"
        case .program(let program):
            key.settings = Snapshot.Settings(program, text: text)
            let target = program.targets[0]
            if holdsSecret, case .literal(let run) = target.credential {
                key.credential = [UInt8](program.bytes(run))
                key.pool = []
            }
            if let host = target.host { take(host, program, into: &key) }
        }
    }

    /// What may write to the store need not be the operator: it leads to no private host that the file does not trust.
    private func take(_ host: TargetHost, _ program: Program, into key: inout Snapshot.VirtualKey) {
        var found = Snapshot.Host(
            isTLS: host.isSecure, name: String(program.bytes(host.name)), port: host.port, path: [UInt8](program.bytes(host.pathPrefix)))
        found.mayBePrivate = host.verdict == .trusted || host.verdict == .loopback
        key.host = found
        if host.verdict == .loopback, !parts.isLoopbackOnly {
            key.refusal = key.refusal ?? "leads to this machine, which others reach"
        }
    }

    /// Whether `time` has come; else it is noted that it will.
    private mutating func isOver(_ time: Int64) -> Bool {
        guard time > now else { return true }
        changesAt = min(changesAt ?? time, time)
        return false
    }

    // MARK: Configs

    private mutating func addConfigs(_ virtualKeys: [Catalog.VirtualKey], _ programs: inout ProgramShelf) {
        let own = declared.parts.catalog
        // One that has no name, as that of a gateway without a file, has its place all the same.
        var names = own.configNames.names + [String](repeating: "", count: max(0, parts.configs.count - own.configNames.names.count))
        var added: [StoredObjects.Config] = []
        var places = Dictionary(names.enumerated().map { ($1, $0) }) { first, _ in first }
        for config in stored.configs {
            if let place = places[config.slug] {
                faults.append("config \(quoted(config.slug)): another of this name goes before it; it is not used")
                configs[config.id] = place
                continue
            }
            places[config.slug] = names.count
            configs[config.id] = names.count
            names.append(config.slug)
            added.append(config)
        }
        parts.catalog = Catalog(
            providers: own.providers, virtualKeys: own.virtualKeys + virtualKeys, configNames: names, guardrails: guardrails(of: -1),
            trustedHosts: own.trustedHosts, breaker: own.breaker)
        var catalogs: [Int32: Catalog] = [:]
        for config in added {
            let catalog = catalogs[config.workspace] ?? parts.catalog.with(guardrails: guardrails(of: config.workspace))
            catalogs[config.workspace] = catalog
            var entry = Snapshot.StoredConfig(workspace: config.workspace, refusal: config.refusal)
            switch programs.compiled(Array(config.text.utf8), workspace: config.workspace, catalog) {
            case .program(let program): parts.configs.append(program)
            case .refused(let why):
                faults.append("config \(quoted(config.slug)): \(why)")
                entry.refusal = entry.refusal ?? why
                // Nobody gets to it.
                parts.configs.append(.single(provider: nil, credential: .none))
            }
            parts.storedConfigs[parts.configs.count - 1] = entry
        }
    }

    /// Those that configs of a workspace may name: its own and the organisation's.
    private func guardrails(of workspace: Int32) -> [String: DocumentNode] {
        let own = stored.guardrails.filter { $0.workspace < 0 || $0.workspace == workspace }
        return Dictionary(own.flatMap(\.entries)) { first, _ in first }
    }

    // MARK: Keys

    private mutating func restrict(_ key: Int, _ restrictions: KeyRestrictions) {
        parts.keyRestrictions += [KeyRestrictions?](repeating: nil, count: max(0, key + 1 - parts.keyRestrictions.count))
        parts.keyRestrictions[key] = restrictions
    }

    private mutating func say(_ key: Int, _ metadata: DefaultMetadata) {
        parts.keyMetadata += [DefaultMetadata?](repeating: nil, count: max(0, key + 1 - parts.keyMetadata.count))
        parts.keyMetadata[key] = metadata
    }

    private mutating func addKeys(_ limits: ([LimitedHolder]) -> LimitedTerms) {
        var declarations = declared.keys
        let merge = keyMerge
        let room = max(0, LedgerLimits.keyCount - declarations.count)
        if stored.keys.count > room {
            faults.append("there are \(stored.keys.count) API keys, and room for \(room); the last are not used")
            hasAllKeys = false
        }
        declarations.reserveCapacity(declarations.count + min(room, stored.keys.count))
        var secrets = SecretsBefore(stored.keys)
        for key in stored.keys.prefix(room) {
            guard var merged = merge.merged(key, &faults) else { continue }
            if let previous = merged.declaration.previous, !secrets.isFree(previous.digest) {
                merged.declaration.previous = nil
                faults.append("\(KeyMerge.title(key.declaration)): the secret that it had before is another's now, and opens as that")
            }
            if let holder = merged.holder { holders.append((holder, .key(declarations.count))) }
            if let restrictions = key.restrictions { restrict(declarations.count, restrictions) }
            if let metadata = key.metadata { say(declarations.count, metadata) }
            declarations.append(merged.declaration)
        }
        limit(&declarations, limits)
        parts.keyUses = KeyUses(identities: declarations.enumerated().map { index, key in index < declared.keys.count ? "" : key.identity })
        parts.changedKeys = ChangedKeys(from: declarations.count)
        do {
            parts.keys = try KeyTable(declarations, pepper: pepper)
        } catch {
            // Two that the store took for different are the same: the file's own keys still open.
            faults.append("API keys of the store: \(error); none of them is used")
            hasAllKeys = false
        }
    }

    /// What a key turns on beside itself.
    var keyMerge: KeyMerge {
        let own = Dictionary(declared.keys.compactMap { key in key.digest.map { (pepper.digest(of: $0), key.name) } }) { first, _ in first }
        return KeyMerge(declared: own, configs: configs, defaultConfigs: stored.defaultConfigs, closedWorkspaces: closedWorkspaces, now: now / 1000)
    }
}

/// Secrets that keys had before, which may have become other keys': a table has no two of one.
private struct SecretsBefore {
    /// Of all keys, where any had another.
    private let present: Set<KeyDigest>
    private var taken: Set<KeyDigest> = []

    init(_ keys: [StoredObjects.Key]) {
        present = keys.contains { $0.declaration.previous != nil } ? Set(keys.compactMap(\.declaration.digest)) : []
    }

    /// Whether no key before has it, nor any has it now.
    mutating func isFree(_ digest: KeyDigest) -> Bool { !present.contains(digest) && taken.insert(digest).inserted }
}
