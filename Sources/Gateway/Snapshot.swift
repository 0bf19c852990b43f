import Bytes
public import Ledger
public import Policy
public import Prompts
public import TLS
public import Webhooks

/// How the connections of a listener begin.
public struct ListenerTraits: Sendable {
    /// What it shows; nil for plaintext.
    public var tls: TLSServerContext?
    /// Whether a PROXY header comes first.
    public var expectsProxyHeader = false
    /// Whether HTTP/1.1 is spoken, too; else a connection is one of HTTP/2 from its first byte.
    public var speaksHTTP1 = true
    public var serves = ListenerRole.all

    public init(tls: TLSServerContext? = nil) { self.tls = tls }
}

/// All that a configuration says, compiled: immutable, shared by the workers, swapped as one.
public final class Snapshot: Sendable {
    /// What the builder of a snapshot puts together.
    public struct Parts: Sendable {
        public var limits = WorkerLimits()
        /// In the order of the catalog's providers.
        public var upstreams: [Upstream]
        public var catalog: Catalog
        public var keys: KeyTable
        /// In the order of the catalog's virtual keys.
        public var virtualKeys: [VirtualKey] = []
        /// In the order of the catalog's config names.
        public var configs: [Program] = []
        /// Of the first of these, the file's, what tells one text from another.
        public var configDigests: [String] = []
        /// Of those configs that are not the file's, by their index.
        public var storedConfigs: [Int: StoredConfig] = [:]
        /// The config of requests that name none.
        public var defaultConfig: Int?
        /// Whether there may be keys, even while there are none: what is the operator's is for their holders only.
        public var isKeyed = false
        /// Whether no listener can be reached from another machine.
        public var isLoopbackOnly = true
        /// In the order of the gateway's listeners. Those behind the last are plain.
        public var listeners: [ListenerTraits] = []
        public var proxies = ProxyTrust()
        /// Nil where no web page may ask from elsewhere.
        public var crossOrigin: CrossOriginRules?
        public var clouds = CloudEnvironment()
        /// What models cost; nil where nobody wants to know.
        public var prices: PriceBook?
        /// What models without a price cost, where there is a budget of money.
        public var unpriced = UnpricedRule.deny
        /// Where what is spent is kept; nil where nobody's spending is limited.
        public var books: AccountBooks?
        /// Whose gateway it is: for records.
        public var organisation: [UInt8] = []
        /// Of the program that serves: for records.
        public var gatewayVersion: [UInt8] = []
        /// By the keys' places in their table; nil, or too short, for those without.
        public var keyTerms: [SpendingTerms?] = []
        /// The same of what their holders may use.
        public var keyRestrictions: [KeyRestrictions?] = []
        /// The same of what is said of their requests, whatever those say of themselves.
        public var keyMetadata: [KeyMetadata?] = []
        /// By their numbers.
        public var workspaces: [Workspace] = []
        public var policies: [SpendingPolicy] = []
        public var prompts = PromptTable()
        public var bodies = BodyRules()
        /// Who is told of budgets' alerts, beside the log.
        public var alertWebhooks: [Webhook] = []
        /// Where it is noted when keys are used; nil where nobody asks.
        public var keyUses: KeyUses?
        /// Those that are others than the lists above say.
        public var changedKeys = ChangedKeys(from: .max)

        public init(upstreams: [Upstream], catalog: Catalog, keys: KeyTable) {
            self.upstreams = upstreams
            self.catalog = catalog
            self.keys = keys
        }
    }

    /// A workspace, and what its requests may spend together.
    public struct Workspace: Sendable {
        let id: OwnedBytes
        let slug: String
        public var terms: SpendingTerms?

        public init(id: String, slug: String = "", terms: SpendingTerms? = nil) {
            self.slug = slug
            self.id = Array(id.utf8).withByteSlice { OwnedBytes($0) }
            self.terms = terms
        }
    }

    /// A credential of the vault.
    public struct VirtualKey: Sendable {
        public var slug: String
        public var upstream: Int
        public var credential: [UInt8]
        /// Where it has several, all of them, the one above among them.
        public var pool: [Share] = []
        /// Where its requests go instead of the provider's own address.
        public var host: Host?
        /// What may be spent through it; nil where nothing limits it.
        public var terms: SpendingTerms?
        /// The models it is for; none for all.
        public var models = NamePatterns([])
        /// What may be spent through its integration, by the workspace's number.
        public var integrationTerms: [Int32: SpendingTerms] = [:]
        /// Workspaces that may not use its integration.
        public var closedTo: Set<Int32> = []
        /// What it brings beside its credential: a deployment, a region, a project.
        public var settings: Settings?
        /// Why it cannot be used now; nil when it can.
        public var refusal: String?
        /// Where it is at home; negative where it is open to all.
        public var workspace: Int32 = -1

        public init(slug: String, upstream: Int, credential: [UInt8]) {
            self.slug = slug
            self.upstream = upstream
            self.credential = credential
        }
    }

    /// One of several credentials of a virtual key.
    public struct Share: Sendable {
        public let credential: [UInt8]
        public let weight: Double

        public init(credential: [UInt8], weight: Double) {
            self.credential = credential
            self.weight = weight
        }
    }

    /// What a virtual key says in a config's words.
    public struct Settings: Sendable {
        /// Of one target, whose options they are.
        public let program: Program
        /// What they were compiled from.
        public let text: [UInt8]

        public init(_ program: Program, text: [UInt8]) {
            self.program = program
            self.text = text
        }

        var options: ProviderOptions { program.targets[0].options }
    }

    /// What is particular to a config of the store.
    public struct StoredConfig: Sendable {
        /// Where it is at home; negative where it is open to all.
        public var workspace: Int32
        /// Why it cannot be used now; nil when it can.
        public var refusal: String?
        /// The number of its text, from 1; 0 where that is not known.
        public let version: Int64

        public init(workspace: Int32, refusal: String? = nil, version: Int64 = 0) {
            self.workspace = workspace
            self.refusal = refusal
            self.version = version
        }
    }

    /// A host that the configuration names.
    public struct Host: Sendable {
        public var isTLS: Bool
        public var name: String
        public var port: UInt16
        public var path: [UInt8]
        /// Whether it may have an address that is not public: the operator wrote it, or trusts it.
        public var mayBePrivate = true

        public init(isTLS: Bool, name: String, port: UInt16, path: [UInt8]) {
            self.isTLS = isTLS
            self.name = name
            self.port = port
            self.path = path
        }
    }

    let version: UInt64
    let limits: WorkerLimits
    let upstreams: [Upstream]
    let catalog: Catalog
    /// For callers without a gateway key.
    let openCatalog: Catalog
    let keys: KeyTable
    let virtualKeys: [VirtualKey]
    let configs: [Program]
    let configDigests: [String]
    let storedConfigs: [Int: StoredConfig]
    let defaultConfig: Int?
    private let isKeyed: Bool
    let isLoopbackOnly: Bool
    private let listeners: [ListenerTraits]
    let proxies: ProxyTrust
    let crossOrigin: CrossOriginRules?
    let clouds: CloudEnvironment
    let prices: PriceBook?
    let unpriced: UnpricedRule
    let books: AccountBooks?
    let organisation: [UInt8]
    let gatewayVersion: [UInt8]
    private let keyTerms: [SpendingTerms?]
    private let keyRestrictions: [KeyRestrictions?]
    private let keyMetadata: [KeyMetadata?]
    let keyUses: KeyUses?
    private let changedKeys: ChangedKeys
    private let workspaces: [Workspace]
    let bodies: BodyRules
    private let workspaceKeepsBodies: [Bool]
    let policies: PolicySet
    let prompts: PromptTable

    /// - Parameter version: different from that of every snapshot before it.
    public init(_ parts: Parts, version: UInt64) {
        precondition(parts.upstreams.count == parts.catalog.providers.count, "the catalog names the upstreams in order")
        precondition(parts.virtualKeys.count == parts.catalog.virtualKeys.count, "the catalog names the virtual keys in order")
        self.version = version
        limits = parts.limits
        upstreams = parts.upstreams
        catalog = parts.catalog
        openCatalog = parts.catalog.withoutVirtualKeys
        keys = parts.keys
        virtualKeys = parts.virtualKeys
        configs = parts.configs
        configDigests = parts.configDigests
        storedConfigs = parts.storedConfigs
        isKeyed = parts.isKeyed
        defaultConfig = parts.defaultConfig
        isLoopbackOnly = parts.isLoopbackOnly
        listeners = parts.listeners
        proxies = parts.proxies
        crossOrigin = parts.crossOrigin
        clouds = parts.clouds
        prices = parts.prices
        unpriced = parts.unpriced
        books = parts.books
        organisation = parts.organisation
        gatewayVersion = parts.gatewayVersion
        keyTerms = parts.keyTerms
        keyRestrictions = parts.keyRestrictions
        keyMetadata = parts.keyMetadata
        keyUses = parts.keyUses
        changedKeys = parts.changedKeys
        workspaces = parts.workspaces
        bodies = parts.bodies
        let rules = parts.bodies
        workspaceKeepsBodies = parts.workspaces.map { rules.keeps($0) }
        policies = PolicySet(parts.policies)
        prompts = parts.prompts
        let ofTargets = virtualKeys.compactMap(\.terms) + virtualKeys.flatMap { $0.integrationTerms.values }
        let ungrouped = parts.policies.filter { $0.scope.groups.isEmpty }.map(\.terms)
        let held = HeldTerms(keys: keyTerms, changed: changedKeys, others: workspaces.compactMap(\.terms) + ofTargets + ungrouped)
        books?.publish(held, parts.policies, parts.alertWebhooks)
    }

    /// What the holder of a key may spend; nil where nothing limits it.
    func terms(of principal: Principal) -> SpendingTerms? {
        let place = principal.keyIndex
        return place >= changedKeys.start ? changedKeys[place]?.terms : place < keyTerms.count ? keyTerms[place] : nil
    }

    /// What the holder of a key may use; nil where nothing restricts it.
    func restrictions(of principal: Principal) -> KeyRestrictions? {
        let place = principal.keyIndex
        return place >= changedKeys.start ? changedKeys[place]?.restrictions : place < keyRestrictions.count ? keyRestrictions[place] : nil
    }

    /// What is said of a key's requests, whatever they say of themselves; nil where it has nothing to say.
    func keyMetadata(of principal: Principal) -> KeyMetadata? {
        let place = principal.keyIndex
        return place >= changedKeys.start ? changedKeys[place]?.metadata : place < keyMetadata.count ? keyMetadata[place] : nil
    }

    /// The workspace of a number; nil where it is that of everywhere.
    func workspace(_ number: Int32) -> Workspace? { number >= 0 && Int(number) < workspaces.count ? workspaces[Int(number)] : nil }

    /// Whether bodies of a workspace's requests are kept.
    func keepsBodies(_ number: Int32) -> Bool {
        number >= 0 && Int(number) < workspaceKeepsBodies.count ? workspaceKeepsBodies[Int(number)] : bodies.areKept
    }

    /// The same by its id; false for one that is not known (any more). Looks at all workspaces: for what no request waits for.
    func keepsBodies(ofWorkspace id: String) -> Bool {
        if id.isEmpty { return bodies.areKept }
        return workspaces.firstIndex { String($0.id.slice) == id }.map { workspaceKeepsBodies[$0] } ?? false
    }

    func workspaceID(_ number: Int32) -> ByteSlice? { workspace(number)?.id.slice }

    /// How the connections of a listener begin.
    func listener(at slot: Int) -> ListenerTraits { slot < listeners.count ? listeners[slot] : ListenerTraits() }

    /// Whether there are gateway keys, or may be: then what is the operator's is for their holders only.
    var hasKeys: Bool { keys.count > 0 || isKeyed }

    /// Whether a key may have been brought along, so that it does not begin as ours do.
    var hasBroughtKeys: Bool { isKeyed }
}
