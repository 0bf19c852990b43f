import Bytes
import Gateway
import JSON
import Ledger
import Policy
import Reactor
public import Store

/// What the data plane has of a store's rows, as of one reading: the rows themselves are let go.
public struct StoredObjects: Sendable {
    struct Key: Sendable {
        var declaration: KeyTable.Declaration
        let configID: String?
        let workspaceID: String?
        let limits: StoredLimits?
        let restrictions: KeyRestrictions?
        let metadata: DefaultMetadata?
    }

    struct Credential: Sendable {
        let secret: SecretBytes
        let weight: Int64
        let expiresAt: Int64?
    }

    struct VirtualKey: Sendable {
        let id: String
        let slug: String
        let provider: String
        let limits: StoredLimits?
        /// Those it is for; empty for all.
        let models: [String]
        /// JSON objects: the settings of its integration, and its own, which go before.
        let settings: [String]
        /// Those in use that have a share of the requests.
        let credentials: [Credential]
        let expiresAt: Int64?
        let workspace: Int32
        let sharing: Sharing?
        let adjustment: PriceAdjustment
        /// Why it cannot be used at any time.
        let refusal: String?
    }

    /// A workspace, by its number.
    struct Space: Sendable {
        let id: String
        let name: String
        let limits: StoredLimits?
    }

    /// What the workspaces may do with an integration.
    struct Sharing: Sendable {
        /// As messages name it.
        let name: String
        let id: String
        let isForAll: Bool
        let shares: [IntegrationShare]
    }

    struct Config: Sendable {
        let id: String
        let slug: String
        let text: String
        let workspace: Int32
        let refusal: String?
    }

    struct Guardrail: Sendable, Equatable {
        let id: String
        let slug: String
        let text: String
        let workspace: Int32

        /// What configs name it by, and what it is in them.
        var entries: [(String, DocumentNode)] {
            let kept = DocumentParser.parse(text).document?.root ?? DocumentNode(.null, at: .start)
            let hook = KeptGuardrail.hook(kept, id: slug)
            return [(slug, hook), (id, hook)]
        }
    }

    private(set) var generation: Int64
    /// Of the audit log's last row then.
    private(set) var sequence: Int64
    /// In the order of their ids.
    private(set) var keys: [Key]
    /// Where those are not read, what became of them since the last reading.
    private var keyChanges: KeyChanges?
    let virtualKeys: [VirtualKey]
    let configs: [Config]
    let guardrails: [Guardrail]
    let workspaces: [Space]
    let policies: [LimitedPolicy]
    /// Ids of the configs for keys of a workspace that name none, by the workspace's id; "" is for keys of none.
    let defaultConfigs: [String: String]
    let prompts: StoredPrompts
    private(set) var faults: [String]
    /// Whose store it is.
    let organisation: String
    /// What keys have of their workspaces, by their ids: a number, and what requests say unless they say otherwise.
    private let workspaceNumbers: [String: Int32]
    private let workspaceMetadata: [String: String]

    /// Reads the store.
    ///
    /// - Parameters:
    ///   - before: what was read of prompts the last time.
    ///   - sequence: of the last reading, whose keys are at hand: then it may be that what became of them is read alone.
    public static func read(
        _ store: any Store, _ rules: SecretReferenceRules, before: StoredPrompts = StoredPrompts(), keysAfter sequence: Int64? = nil
    ) throws(StoreError) -> StoredObjects {
        let rows = try store.snapshotRows(rules, keysAfter: sequence)
        return StoredObjects(rows, try StoredPrompts(rows, before: before) { (ids) throws(StoreError) in try store.promptTemplates(of: ids) })
    }

    public init(_ rows: SnapshotRows, _ prompts: StoredPrompts = StoredPrompts()) {
        var faults = rows.faults.map(\.description) + prompts.faults
        self.prompts = prompts
        let numbers = Dictionary(rows.workspaces.enumerated().map { ($1.id, Int32($0)) }) { first, _ in first }
        func number(_ workspace: String?) -> Int32 { workspace.flatMap { numbers[$0] } ?? -1 }
        (generation, sequence) = (rows.generation, rows.sequence)
        organisation = rows.organisations.first?.id ?? ""
        let defaults = StoredObjects.defaultMetadata(rows.workspaces)
        (workspaceNumbers, workspaceMetadata) = (numbers, defaults)
        keyChanges = rows.keyChanges
        keys = rows.keys.compactMap { StoredObjects.key($0, numbers, defaults, &faults) }
        let integrations = Dictionary(rows.integrations.map { ($0.id, $0) }) { first, _ in first }
        virtualKeys = rows.virtualKeys.map { StoredObjects.virtualKey($0, integrations, workspace: number($0.key.workspaceID), &faults) }
        configs = rows.configs.map { config in
            Config(
                id: config.id, slug: config.slug ?? config.id, text: config.text ?? "", workspace: number(config.workspaceID),
                refusal: config.status == .active ? nil : "it is \(config.status.rawValue)")
        }
        guardrails = rows.guardrails.map {
            Guardrail(id: $0.id, slug: $0.slug ?? $0.id, text: $0.text ?? "", workspace: number($0.workspaceID))
        }
        workspaces = rows.workspaces.map { Space(id: $0.id, name: $0.name, limits: StoredObjects.limits($0.usageLimits, $0.rateLimits)) }
        policies = rows.policies.compactMap { LimitedPolicy($0, workspace: number($0.workspaceID)) }
        for policy in policies { if let fault = policy.fault { faults.append("policy \(quoted(policy.name)) (\(policy.identity)): \(fault); it refuses what it is for") } }
        var defaultConfigs: [String: String] = [:]
        for config in rows.configs where config.isDefault { defaultConfigs[config.workspaceID ?? ""] = config.id }
        self.defaultConfigs = defaultConfigs
        self.faults = faults
    }

    // MARK: Keys

    /// A key before and after a change; nil where there is none that can be used.
    struct KeyChange {
        let id: String
        let before: Key?
        let after: Key?
    }

    /// Takes in what has become of some keys; what is wrong with them. The others are not touched, nor copied where nobody else has them.
    mutating func change(_ changes: KeyChanges) -> ([KeyChange], faults: [String]) {
        (generation, sequence) = (changes.generation, changes.sequence)
        var made: [KeyChange] = []
        var found: [String] = []
        for key in changes.keys {
            let after = StoredObjects.key(key, workspaceNumbers, workspaceMetadata, &found)
            made.append(KeyChange(id: key.id, before: put(after, at: key.id), after: after))
        }
        for id in changes.gone { made.append(KeyChange(id: id, before: put(nil, at: id), after: nil)) }
        // Those of keys name them.
        faults.removeAll { fault in made.contains { fault.contains("(\($0.id))") } }
        faults += found
        return (made, found)
    }

    /// Takes the keys of the reading before, where its own are told by what became of those.
    mutating func completeKeys(of before: inout StoredObjects?) {
        guard let changes = keyChanges else { return }
        keyChanges = nil
        if let before {
            keys = before.keys
            faults += before.faults.filter { fault in fault.hasPrefix(StoredObjects.keyFault) }
        }
        // Nobody else has them then.
        before = nil
        _ = change(changes)
    }

    /// What faults of keys begin with.
    private static let keyFault = "API key "

    /// Puts a key in its place, or takes it away; what was there.
    private mutating func put(_ key: Key?, at id: String) -> Key? {
        var (low, high) = (0, keys.count)
        while low < high {
            let middle = (low + high) / 2
            if keys[middle].declaration.identity < id { low = middle + 1 } else { high = middle }
        }
        let before = low < keys.count && keys[low].declaration.identity == id ? keys[low] : nil
        switch (key, before) {
        case (let key?, nil): keys.insert(key, at: low)
        case (let key?, _): keys[low] = key
        case (nil, _?): keys.remove(at: low)
        case (nil, nil): break
        }
        return before
    }

    private static func key(_ key: APIKey, _ numbers: [String: Int32], _ defaults: [String: String], _ faults: inout [String]) -> Key? {
        let metadata = DefaultMetadata([key.workspaceID.flatMap { defaults[$0] }, key.defaultMetadata].compactMap { $0 })
        return StoredObjects.key(key, workspace: key.workspaceID.flatMap { numbers[$0] } ?? -1, metadata, &faults)
    }

    /// What a key needs for asking models: one of these.
    private static let scopes: Set = ["completions.write", FirstKey.scope]

    private static func key(_ key: APIKey, workspace: Int32, _ metadata: DefaultMetadata?, _ faults: inout [String]) -> Key? {
        guard let digest = key.digest.flatMap({ $0.withByteSlice { KeyDigest(bytes: $0) } }) else {
            faults.append("API key \(quoted(key.name)) (\(key.id)): it has no digest; rotate it")
            return nil
        }
        var declaration = KeyTable.Declaration(name: key.name, digest: digest, expiresAt: key.expiresAt.map { seconds(before: $0) })
        declaration.identity = key.id
        declaration.isPeppered = true
        declaration.workspace = workspace
        declaration.mayBringConfig = key.allowsConfigOverride
        if let previous = key.previousDigest.flatMap({ $0.withByteSlice { KeyDigest(bytes: $0) } }), let until = key.previousExpiresAt {
            declaration.previous = (previous, seconds(before: until))
        }
        declaration.standing = standing(of: key)
        declaration.mayRenderPrompts = key.scopes.contains { $0 == "prompts.render" || $0 == FirstKey.scope }
        let networks = key.allowedNetworks.compactMap { network($0) }
        if networks.count < key.allowedNetworks.count, declaration.standing == .active {
            declaration.standing = .restricted
            faults.append("API key \(quoted(key.name)) (\(key.id)): one of its allowed_networks cannot be read, so the key opens nothing")
        }
        return Key(
            declaration: declaration, configID: key.defaultConfigID, workspaceID: key.workspaceID, limits: limits(key.usageLimits, key.rateLimits),
            restrictions: KeyRestrictions(
                models: key.allowedModels, providers: key.allowedProviders, endpoints: key.allowedEndpoints, networks: networks), metadata: metadata)
    }

    /// What keys of workspaces say by default unless they say otherwise: JSON objects, by the workspaces' ids.
    private static func defaultMetadata(_ workspaces: [Workspace]) -> [String: String] {
        var found: [String: String] = [:]
        for workspace in workspaces {
            guard let defaults = workspace.defaults else { continue }
            found[workspace.id] = Array(defaults.utf8).withByteSlice { JSONView(objectIn: $0)?.child(ByteSlice("metadata")).map { String($0.bytes) } }
        }
        return found
    }

    /// `192.0.2.0/24`, or an address alone.
    private static func network(_ text: String) -> Network? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let address = Array(parts[0].utf8).withByteSlice({ IPAddress(numeric: $0)?.unmapped }) else { return nil }
        let longest = address.version == .v4 ? 32 : 128
        guard parts.count == 2 else { return Network(of: address, prefixLength: longest) }
        return Int(parts[1]).flatMap { Network(of: address, prefixLength: $0) }
    }

    private static func limits(_ usage: String?, _ rates: String?) -> StoredLimits? {
        usage == nil && rates == nil ? nil : StoredLimits(usage: usage, rates: rates)
    }

    private static func standing(of key: APIKey) -> Principal.Standing {
        switch key.status {
        case .active: break
        case .exhausted: return .exhausted
        case .disabled, .archived, .invited: return .disabled
        }
        guard key.scopes.contains(where: { scopes.contains($0) }) else { return .unscoped }
        return .active
    }

    /// Rounded down: a secret opens for less than a second too short, rather than too long.
    private static func seconds(before milliseconds: Int64) -> Int64 {
        milliseconds >= 0 ? milliseconds / 1000 : 0
    }

    // MARK: Virtual keys

    private static func virtualKey(
        _ slot: SnapshotRows.Slot, _ integrations: [String: Integration], workspace: Int32, _ faults: inout [String]
    ) -> VirtualKey {
        let key = slot.key
        let integration = key.integrationID.flatMap { integrations[$0] }
        var refusal = key.status == .active ? nil : "is \(key.status.rawValue)"
        if key.integrationID != nil {
            if integration == nil { refusal = refusal ?? "has an integration that cannot be read" }
            if let integration, integration.status != .active { refusal = refusal ?? "has an integration that is \(integration.status.rawValue)" }
        }
        var adjustment = PriceAdjustment.none
        do throws(StoreError) {
            if let pricing = key.pricing ?? integration?.pricing { adjustment = try StoredPricing.adjustment(pricing) }
        } catch {
            // At the book's prices it would be charged for what nobody agreed to.
            faults.append("virtual key \(quoted(key.slug ?? key.id)): \(error); it is not used")
            refusal = refusal ?? "has a pricing that cannot be read"
        }
        let credentials = slot.credentials.filter { $0.status == .active && $0.weight > 0 }
        return VirtualKey(
            id: key.id, slug: key.slug ?? key.id, provider: key.provider, limits: limits(key.usageLimits, key.rateLimits),
            models: key.allowedModels, settings: [integration?.configurations, key.modelConfig].compactMap { $0 },
            credentials: credentials.map { Credential(secret: $0.secret, weight: $0.weight, expiresAt: $0.expiresAt) }, expiresAt: key.expiresAt,
            workspace: workspace,
            sharing: integration.map {
                Sharing(name: $0.name, id: $0.id, isForAll: $0.isForAllWorkspaces, shares: IntegrationShare.list($0.workspaces))
            }, adjustment: adjustment, refusal: refusal)
    }
}
