import Bytes
import Gateway
import JSON
import Ledger
import Policy
import Reactor
public import Store

/// What the data plane has of a store's rows, as of one reading: the rows themselves are let go.
public struct StoredObjects: Sendable {
    struct Key: Sendable, Placed {
        var id: String { declaration.identity }
        var declaration: KeyTable.Declaration
        let configID: String?
        let workspaceID: String?
        let limits: StoredLimits?
        let restrictions: KeyRestrictions?
        let metadata: KeyMetadata?
    }

    struct Credential: Sendable {
        let secret: SecretBytes
        let weight: Int64
        let expiresAt: Int64?
    }

    struct VirtualKey: Sendable, Placed {
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
        let slug: String
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

    struct Config: Sendable, Placed {
        let id: String
        let slug: String
        let text: String
        let version: Int64
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

    /// What is wrong with an object.
    struct Fault: Sendable, Equatable {
        /// Its id; empty where it is of none.
        let owner: String
        let text: String

        init(_ owner: String, _ text: String) { (self.owner, self.text) = (owner, text) }
    }

    private(set) var generation: Int64
    /// Of the audit log's last row then.
    private(set) var sequence: Int64
    /// In the order of their ids.
    private(set) var keys: [Key]
    /// These two in the order of their ids as well.
    private(set) var virtualKeys: [VirtualKey]
    private(set) var configs: [Config]
    /// Ids of the configs for keys of a workspace that name none, by the workspace's id; "" is for keys of none. A store is of one organisation.
    private(set) var defaultConfigs: [String: String]
    private(set) var others: OtherObjects
    /// Of the first three.
    private var ownFaults: [Fault]

    var faults: [Fault] { others.faults + ownFaults }

    /// Reads the store.
    ///
    /// - Parameter before: what was read of prompts the last time.
    public static func read(_ store: any Store, _ rules: SecretReferenceRules, before: StoredPrompts = StoredPrompts()) throws(StoreError) -> StoredObjects {
        let rows = try store.snapshotRows(rules)
        return StoredObjects(rows, try OtherObjects(rows, store, WorkspaceNumbers(), before: before))
    }

    init(_ rows: SnapshotRows, _ others: OtherObjects) {
        self.others = others
        var faults = rows.faults.filter { !OtherObjects.kinds.contains($0.kind) }.map { Fault($0.owner, $0.description) }
        (generation, sequence) = (rows.generation, rows.sequence)
        keys = rows.keys.compactMap { StoredObjects.key($0, others, &faults) }
        virtualKeys = rows.virtualKeys.map { StoredObjects.virtualKey($0, others, &faults) }
        configs = rows.configs.map { StoredObjects.config($0, others) }
        var defaultConfigs: [String: String] = [:]
        for config in rows.configs where config.isDefault { defaultConfigs[config.workspaceID ?? ""] = config.id }
        self.defaultConfigs = defaultConfigs
        ownFaults = faults
    }

    // MARK: Changes

    /// A key before and after a change; nil where there is none that can be used.
    struct KeyChange {
        let id: String
        let before: Key?
        let after: Key?
    }

    /// What has become others.
    struct Changed {
        var keys: [KeyChange] = []
        /// Ids of virtual keys.
        var virtualKeys: Set<String> = []
        var hasWorkspaces = false
        /// Whether anything has but gateway keys.
        var isMoreThanKeys = false
        /// What is wrong with them, and what was.
        var faults: [String] = []
        var mended: Set<String> = []
    }

    /// Takes in what has become of some objects. The others are not touched, nor copied where nobody else has them.
    ///
    /// - Returns: nil, and nothing is taken in, where keys turn on what has changed that are not told.
    mutating func change(_ changes: ObjectChanges, _ news: OtherObjects?) -> Changed? {
        if let news, !news.keepsKeys(of: others, but: changes.workspaces) { return nil }
        (generation, sequence) = (changes.generation, changes.sequence)
        var changed = Changed()
        changed.isMoreThanKeys = !changes.virtualKeys.isEmpty || !changes.configs.isEmpty || news != nil
        if let news {
            changed.hasWorkspaces = news.rows != others.rows
            others = news
        }
        var found = changes.faults.map { Fault($0.owner, $0.description) }
        for key in changes.keys.made {
            let after = StoredObjects.key(key, others, &found)
            changed.keys.append(KeyChange(id: key.id, before: keys.put(after, at: key.id), after: after))
        }
        for id in changes.keys.gone { changed.keys.append(KeyChange(id: id, before: keys.put(nil, at: id), after: nil)) }
        for slot in changes.virtualKeys.made {
            _ = virtualKeys.put(StoredObjects.virtualKey(slot, others, &found), at: slot.key.id)
            changed.virtualKeys.insert(slot.key.id)
        }
        for id in changes.virtualKeys.gone {
            _ = virtualKeys.put(nil, at: id)
            changed.virtualKeys.insert(id)
        }
        for config in changes.configs.made {
            _ = configs.put(StoredObjects.config(config, others), at: config.id)
            defaultConfigs = defaultConfigs.filter { $0.value != config.id }
            // The one before it is none any more, though nothing is told of that.
            if config.isDefault { defaultConfigs[config.workspaceID ?? ""] = config.id }
        }
        for id in changes.configs.gone {
            _ = configs.put(nil, at: id)
            defaultConfigs = defaultConfigs.filter { $0.value != id }
        }
        let owners = Set(changed.keys.map(\.id) + changes.configs.made.map(\.id) + changes.configs.gone).union(changed.virtualKeys)
        changed.mended = Set(ownFaults.lazy.filter { owners.contains($0.owner) }.map(\.text))
        ownFaults.removeAll { owners.contains($0.owner) }
        ownFaults += found
        changed.faults = found.map(\.text)
        return changed
    }

    // MARK: Keys

    /// What a key needs for asking models: one of these.
    private static let scopes: Set = ["completions.write", FirstKey.scope]

    private static func key(_ key: APIKey, _ others: OtherObjects, _ faults: inout [Fault]) -> Key? {
        let metadata = KeyMetadata([key.defaultMetadata, key.workspaceID.flatMap { others.metadata[$0] }].compactMap { $0 })
        guard let digest = key.digest.flatMap({ $0.withByteSlice { KeyDigest(bytes: $0) } }) else {
            faults.append(Fault(key.id, "API key \(quoted(key.name)) (\(key.id)): it has no digest; rotate it"))
            return nil
        }
        var declaration = KeyTable.Declaration(name: key.name, digest: digest, expiresAt: key.expiresAt.map { seconds(before: $0) })
        declaration.identity = key.id
        declaration.isPeppered = true
        declaration.workspace = others.numbers.number(of: key.workspaceID)
        declaration.mayBringConfig = key.allowsConfigOverride
        if let previous = key.previousDigest.flatMap({ $0.withByteSlice { KeyDigest(bytes: $0) } }), let until = key.previousExpiresAt {
            declaration.previous = (previous, seconds(before: until))
        }
        declaration.standing = standing(of: key)
        declaration.mayRenderPrompts = key.scopes.contains { $0 == "prompts.render" || $0 == FirstKey.scope }
        let networks = key.allowedNetworks.compactMap { network($0) }
        if networks.count < key.allowedNetworks.count, declaration.standing == .active {
            declaration.standing = .restricted
            faults.append(Fault(key.id, "API key \(quoted(key.name)) (\(key.id)): one of its allowed_networks cannot be read, so the key opens nothing"))
        }
        return Key(
            declaration: declaration, configID: key.defaultConfigID, workspaceID: key.workspaceID, limits: limits(key.usageLimits, key.rateLimits),
            restrictions: KeyRestrictions(
                models: key.allowedModels, providers: key.allowedProviders, endpoints: key.allowedEndpoints, networks: networks), metadata: metadata)
    }

    /// `192.0.2.0/24`, or an address alone.
    private static func network(_ text: String) -> Network? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let address = Array(parts[0].utf8).withByteSlice({ IPAddress(numeric: $0)?.unmapped }) else { return nil }
        let longest = address.version == .v4 ? 32 : 128
        guard parts.count == 2 else { return Network(of: address, prefixLength: longest) }
        return Int(parts[1]).flatMap { Network(of: address, prefixLength: $0) }
    }

    static func limits(_ usage: String?, _ rates: String?) -> StoredLimits? {
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
        _ slot: SnapshotRows.Slot, _ others: OtherObjects, _ faults: inout [Fault]
    ) -> VirtualKey {
        let key = slot.key
        let integration = key.integrationID.flatMap { others.integrations[$0] }
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
            faults.append(Fault(key.id, "virtual key \(quoted(key.slug ?? key.id)): \(error); it is not used"))
            refusal = refusal ?? "has a pricing that cannot be read"
        }
        let credentials = slot.credentials.filter { $0.status == .active && $0.weight > 0 }
        return VirtualKey(
            id: key.id, slug: key.slug ?? key.id, provider: key.provider, limits: limits(key.usageLimits, key.rateLimits),
            models: key.allowedModels, settings: [integration?.configurations, key.modelConfig].compactMap { $0 },
            credentials: credentials.map { Credential(secret: $0.secret, weight: $0.weight, expiresAt: $0.expiresAt) }, expiresAt: key.expiresAt,
            workspace: others.numbers.number(of: key.workspaceID),
            sharing: integration.map {
                Sharing(name: $0.name, id: $0.id, isForAll: $0.isForAllWorkspaces, shares: IntegrationShare.list($0.workspaces))
            }, adjustment: adjustment, refusal: refusal)
    }

    // MARK: Configs

    fileprivate static func config(_ config: ConfigRow, _ others: OtherObjects) -> Config {
        Config(
            id: config.id, slug: config.slug ?? config.id, text: config.text ?? "", version: config.version,
            workspace: others.numbers.number(of: config.workspaceID), refusal: config.status == .active ? nil : "it is \(config.status.rawValue)")
    }
}

/// The store's, beside which there is one of the same name here.
private typealias ConfigRow = Config

/// What has its place in a list by its id.
private protocol Placed {
    var id: String { get }
}

extension Array where Element: Placed {
    /// Puts an element in its place, or takes it away; what was there.
    fileprivate mutating func put(_ element: Element?, at id: String) -> Element? {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle].id < id { low = middle + 1 } else { high = middle }
        }
        let before = low < count && self[low].id == id ? self[low] : nil
        switch (element, before) {
        case (let element?, nil): insert(element, at: low)
        case (let element?, _): self[low] = element
        case (nil, _?): remove(at: low)
        case (nil, nil): break
        }
        return before
    }
}
