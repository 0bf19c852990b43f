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
    /// Virtual keys that were made here, by their places, with their ids.
    private var made: [Int: (id: String, made: VirtualKeyShelf.Made)] = [:]
    /// What callers without a key may name.
    private let openCatalog: Catalog
    /// Whether the table has the store's keys.
    private(set) var hasAllKeys = true
    /// Where the keys are those of the snapshot before, those among them that are to be made again; nil where all were.
    private(set) var affectedKeys: [StoredObjects.Key]?
    /// Ids of configs that keys name, whether there are such or not.
    private(set) var namedConfigs: Set<String> = []
    /// Ids of keys whose limits could not be kept.
    private var unkeptKeys: Set<String> = []
    /// What is wrong with keys.
    private(set) var keyFaults: [StoredObjects.Fault] = []
    /// Whether something has expired already of the virtual key that is being made.
    private var hasExpired = false

    private enum HolderPlace {
        /// Among the declarations of keys.
        case key(Int)
        case virtualKey(Int)
        case workspace(Int)
        /// Of a virtual key's integration, in the workspace of a number.
        case integration(Int, Int32)
    }

    /// - Parameters:
    ///   - shared: keys of the snapshot before, of the same file. Those that have changed since are to be laid beside them.
    ///   - limits: makes terms of what holders may spend.
    init(
        _ declared: DeclaredParts, _ stored: StoredObjects, pepper: KeyPepper, now: Int64, edition: UInt64, sharing shared: SharedKeys? = nil,
        limits: ([LimitedHolder]) -> LimitedTerms = { _ in LimitedTerms(books: nil, terms: []) },
        policies: ([LimitedPolicy]) -> KeptPolicies = { KeptPolicies.none($0) }, _ programs: inout ProgramShelf, _ shelf: inout VirtualKeyShelf
    ) {
        self.declared = declared
        self.stored = stored
        self.pepper = pepper
        self.now = now
        openCatalog = declared.parts.catalog.withoutVirtualKeys
        parts = declared.parts
        parts.isKeyed = true
        parts.organisation = Array(stored.others.organisation.utf8)
        parts.prompts = stored.others.prompts.table
        parts.books = parts.books ?? shelf.books
        faults = stored.faults.map(\.text)
        addWorkspaces()
        let kept = virtualKeys()
        let names = kept.map { Catalog.VirtualKey(slug: $0.key.slug, provider: $0.provider) }
        programs.begin(edition: edition, virtualKeys: declared.parts.catalog.virtualKeys + names, guardrails: stored.others.guardrails)
        for (key, provider) in kept { add(key, provider, &programs, shelf) }
        addConfigs(names, shared, &programs)
        programs.end()
        limit(limits)
        shelf.keep(Dictionary(made.values.map { ($0.id, $0.made) }) { first, _ in first }, parts.books)
        addKeys(shared, limits)
        faults += keyFaults.map(\.text)
        addPolicies(policies)
    }

    // MARK: Limits

    private mutating func addWorkspaces() {
        for (number, space) in stored.others.workspaces.enumerated() {
            parts.workspaces.append(Snapshot.Workspace(id: space.id, slug: space.slug))
            if let fault = note(space.limits, .workspace, space.name, space.id, at: .workspace(number)) { close(number, fault) }
        }
    }

    /// The limits of a workspace cannot be kept: its keys open nothing.
    private mutating func close(_ workspace: Int, _ fault: String) {
        faults.append("workspace \(quoted(stored.others.workspaces[workspace].name)): \(fault); its keys open nothing")
        closedWorkspaces.insert(Int32(workspace))
    }

    /// What each workspace may do with a virtual key's integration.
    private mutating func share(_ key: StoredObjects.VirtualKey, into made: inout Snapshot.VirtualKey) {
        guard let sharing = key.sharing else { return }
        for (number, space) in stored.others.workspaces.enumerated() where key.workspace < 0 || key.workspace == Int32(number) {
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
        guard !stored.others.policies.isEmpty else { return }
        let kept = keep(stored.others.policies)
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

    /// Gives workspaces and virtual keys their terms. One whose limits cannot be kept is not used.
    private mutating func limit(_ make: ([LimitedHolder]) -> LimitedTerms) {
        var unkept: Set<Int> = []
        for (holder, place, result) in results(make) {
            switch (result, place) {
            case (.success(let terms), .virtualKey(let key)): parts.virtualKeys[key].terms = terms
            case (.success(let terms), .workspace(let number)): parts.workspaces[number].terms = terms
            case (.success(let terms), .integration(let key, let workspace)): parts.virtualKeys[key].integrationTerms[workspace] = terms
            case (.failure(let fault), .virtualKey(let key)):
                faults.append("virtual key \(quoted(holder.name)): \(fault); it is not used")
                unkept.insert(key)
                parts.virtualKeys[key].refusal = parts.virtualKeys[key].refusal ?? "has limits that cannot be kept"
            case (.failure(let fault), .workspace(let number)): close(number, fault.description)
            case (.failure(let fault), .integration(let key, let workspace)):
                faults.append("integration \(quoted(holder.name)): \(fault); it is not used there")
                unkept.insert(key)
                parts.virtualKeys[key].closedTo.insert(workspace)
            case (_, .key): break
            }
        }
        for place in made.keys { made[place]?.made.key = parts.virtualKeys[place] }
        // The next time their limits may be kept.
        for place in unkept { made[place] = nil }
    }

    /// The same of keys: these open nothing then.
    private mutating func limit(_ declarations: inout [KeyTable.Declaration], _ make: ([LimitedHolder]) -> LimitedTerms) {
        guard !holders.isEmpty else { return }
        parts.keyTerms += [SpendingTerms?](repeating: nil, count: max(0, declarations.count - parts.keyTerms.count))
        for (_, place, result) in results(make) {
            guard case .key(let key) = place else { continue }
            switch result {
            case .success(let terms): parts.keyTerms[key] = terms
            case .failure(let fault):
                KeyMerge.close(&declarations[key], fault.description, &keyFaults)
                unkeptKeys.insert(declarations[key].identity)
            }
        }
    }

    /// What becomes of the limits of those that were noted.
    private mutating func results(
        _ make: ([LimitedHolder]) -> LimitedTerms
    ) -> [(holder: LimitedHolder, place: HolderPlace, result: Result<SpendingTerms?, LimitFault>)] {
        let noted = holders
        holders = []
        guard !noted.isEmpty else { return [] }
        let made = make(noted.map(\.holder))
        if let books = made.books { parts.books = books }
        return noted.enumerated().map { index, noted in
            (noted.holder, noted.place, index < made.terms.count ? made.terms[index] : .failure(LimitFault("nothing keeps its limits")))
        }
    }

    // MARK: Virtual keys

    private mutating func virtualKeys() -> [(key: StoredObjects.VirtualKey, provider: Int)] {
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
            return (key, provider)
        }
    }

    private mutating func add(_ key: StoredObjects.VirtualKey, _ provider: Int, _ programs: inout ProgramShelf, _ shelf: VirtualKeyShelf) {
        if let found = shelf.found(key.id, now: now) {
            parts.virtualKeys.append(found.key)
            faults += found.faults
            changesAt = [changesAt, found.changesAt].compactMap { $0 }.min()
            return
        }
        let (place, told, due) = (parts.virtualKeys.count, faults.count, changesAt)
        (changesAt, hasExpired) = (nil, false)
        var new = virtualKey(key, provider, &programs)
        if let fault = note(key.limits, .virtualKey, key.slug, key.id, key.adjustment, at: .virtualKey(place)) {
            faults.append("virtual key \(quoted(key.slug)): \(fault)")
            new.refusal = new.refusal ?? "has limits that cannot be kept"
        }
        share(key, into: &new)
        parts.virtualKeys.append(new)
        // A clock that is set back makes what has expired another.
        if !hasExpired {
            made[place] = (key.id, VirtualKeyShelf.Made(key: new, faults: Array(faults[told...]), changesAt: changesAt, isShared: key.sharing != nil))
        }
        changesAt = [changesAt, due].compactMap { $0 }.min()
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
        switch programs.compiled(text, openCatalog) {
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
        guard time > now else {
            hasExpired = true
            return true
        }
        changesAt = min(changesAt ?? time, time)
        return false
    }

    // MARK: Configs

    private mutating func addConfigs(_ virtualKeys: [Catalog.VirtualKey], _ shared: SharedKeys?, _ programs: inout ProgramShelf) {
        let own = declared.parts.catalog
        // One that has no name, as that of a gateway without a file, has its place all the same.
        let names = own.configNames.names + [String](repeating: "", count: max(0, parts.configs.count - own.configNames.names.count))
        // Keys know configs by their places: one that was there keeps its own, and one that is gone leaves it empty.
        var added = [StoredObjects.Config?](repeating: nil, count: max(0, (shared?.parts.configs.count ?? 0) - names.count))
        var places = Dictionary(names.enumerated().map { ($1, $0) }) { first, _ in first }
        for config in stored.configs {
            if let place = places[config.slug] {
                faults.append("config \(quoted(config.slug)): another of this name goes before it; it is not used")
                configs[config.id] = place
                continue
            }
            var place = (shared?.merge.configs[config.id] ?? -1) - names.count
            if place < 0 || added[place] != nil {
                place = added.count
                added.append(nil)
            }
            added[place] = config
            places[config.slug] = names.count + place
            configs[config.id] = names.count + place
        }
        let all = own.virtualKeys + virtualKeys
        let base = shared.map { $0.parts.catalog.virtualKeys == all } == true ? shared?.parts.catalog : nil
        parts.catalog =
            (base ?? Catalog(providers: own.providers, virtualKeys: all, trustedHosts: own.trustedHosts, breaker: own.breaker))
            .with(configNames: names + added.map { $0?.slug ?? "" }, guardrails: guardrails(of: -1))
        compile(added, &programs)
    }

    private mutating func compile(_ added: [StoredObjects.Config?], _ programs: inout ProgramShelf) {
        var catalogs: [Int32: Catalog] = [:]
        for config in added {
            guard let config else {
                parts.storedConfigs[parts.configs.count] = Snapshot.StoredConfig(workspace: -1, refusal: "it is gone")
                parts.configs.append(.single(provider: nil, credential: .none))
                continue
            }
            let catalog = catalogs[config.workspace] ?? parts.catalog.with(guardrails: guardrails(of: config.workspace))
            catalogs[config.workspace] = catalog
            var entry = Snapshot.StoredConfig(workspace: config.workspace, refusal: config.refusal, version: config.version)
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
        let own = stored.others.guardrails.filter { $0.workspace < 0 || $0.workspace == workspace }
        return Dictionary(own.flatMap(\.entries)) { first, _ in first }
    }

    // MARK: Keys

    private mutating func restrict(_ key: Int, _ restrictions: KeyRestrictions) {
        parts.keyRestrictions += [KeyRestrictions?](repeating: nil, count: max(0, key + 1 - parts.keyRestrictions.count))
        parts.keyRestrictions[key] = restrictions
    }

    private mutating func say(_ key: Int, _ metadata: KeyMetadata) {
        parts.keyMetadata += [KeyMetadata?](repeating: nil, count: max(0, key + 1 - parts.keyMetadata.count))
        parts.keyMetadata[key] = metadata
    }

    private mutating func addKeys(_ shared: SharedKeys?, _ limits: ([LimitedHolder]) -> LimitedTerms) {
        let merge = keyMerge
        if let shared, let affected = shared.affected(by: merge, stored.keys) {
            shared.put(into: &parts)
            (namedConfigs, unkeptKeys, keyFaults, affectedKeys) = (shared.named, shared.unkept, shared.faults, affected)
            return
        }
        var declarations = declared.keys
        let room = max(0, LedgerLimits.keyCount - declarations.count)
        if stored.keys.count > room {
            keyFaults.append(StoredObjects.Fault("", "there are \(stored.keys.count) API keys, and room for \(room); the last are not used"))
            hasAllKeys = false
        }
        declarations.reserveCapacity(declarations.count + min(room, stored.keys.count))
        var secrets = SecretsBefore(stored.keys)
        for key in stored.keys.prefix(room) {
            if let id = merge.configID(of: key) { namedConfigs.insert(id) }
            guard var merged = merge.merged(key, &keyFaults) else { continue }
            if let previous = merged.declaration.previous, !secrets.isFree(previous.digest) {
                merged.declaration.previous = nil
                let title = KeyMerge.title(key.declaration)
                keyFaults.append(StoredObjects.Fault(key.id, "\(title): the secret that it had before is another's now, and opens as that"))
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
            keyFaults.append(StoredObjects.Fault("", "API keys of the store: \(error); none of them is used"))
            hasAllKeys = false
        }
    }

    /// For the next snapshot, where its keys may be the same.
    var sharedKeys: SharedKeys { SharedKeys(parts: parts, merge: keyMerge, named: namedConfigs, unkept: unkeptKeys, faults: keyFaults) }

    /// What a key turns on beside itself.
    private var keyMerge: KeyMerge {
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
