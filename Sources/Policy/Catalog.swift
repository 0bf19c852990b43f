public import JSON

/// What a config may name: providers, virtual keys, other configs, and the private hosts that are trusted.
///
/// A value, so that the compiler needs none of the modules that own these things. Programs hold
/// indexes into the catalog they were compiled against and are used with that catalog only.
public struct Catalog: Sendable {
    public struct Provider: Sendable, Hashable {
        public let id: String
        /// Whether its requests carry a credential; local models mostly take none.
        public let needsCredential: Bool

        public init(id: String, needsCredential: Bool = true) {
            self.id = id
            self.needsCredential = needsCredential
        }
    }

    public struct VirtualKey: Sendable, Hashable {
        public let slug: String
        /// Index in `providers`.
        public let provider: Int

        public init(slug: String, provider: Int) {
            self.slug = slug
            self.provider = provider
        }
    }

    public let providers: [Provider]
    public let virtualKeys: [VirtualKey]
    public let providerNames: NameTable
    public let virtualKeyNames: NameTable
    public let configNames: NameTable
    /// Guardrails that configs name, by each of their names: hooks in full.
    public let guardrails: [String: DocumentNode]
    public let trustedHosts: TrustedHosts
    /// The circuit breaker of targets whose configs have none; nil for none.
    public let breaker: BreakerRule?

    public init(
        providers: [Provider], virtualKeys: [VirtualKey] = [], configNames: [String] = [], guardrails: [String: DocumentNode] = [:],
        trustedHosts: TrustedHosts = TrustedHosts([]), breaker: BreakerRule? = nil
    ) {
        precondition(virtualKeys.allSatisfy { providers.indices.contains($0.provider) }, "a virtual key's provider is declared")
        self.providers = providers
        self.virtualKeys = virtualKeys
        providerNames = NameTable(providers.map(\.id))
        virtualKeyNames = NameTable(virtualKeys.map(\.slug))
        self.configNames = NameTable(configNames)
        self.guardrails = guardrails
        self.trustedHosts = trustedHosts
        self.breaker = breaker
    }

    /// The same with other guardrails, and where they are said with other configs.
    public func with(configNames: [String]? = nil, guardrails: [String: DocumentNode]) -> Catalog {
        Catalog(self, configNames: configNames.map { NameTable($0) } ?? self.configNames, guardrails)
    }

    private init(_ catalog: Catalog, configNames: NameTable, _ guardrails: [String: DocumentNode]) {
        (providers, virtualKeys, trustedHosts, breaker) = (catalog.providers, catalog.virtualKeys, catalog.trustedHosts, catalog.breaker)
        (providerNames, virtualKeyNames) = (catalog.providerNames, catalog.virtualKeyNames)
        (self.configNames, self.guardrails) = (configNames, guardrails)
    }

    /// The same without virtual keys and guardrails: what a caller without a gateway key may name.
    ///
    /// Indexes of providers and configs stay as they are. A slug that exists and one that does not are
    /// then refused alike, so nobody learns by asking what the vault holds.
    public var withoutVirtualKeys: Catalog {
        Catalog(providers: providers, configNames: configNames.names, trustedHosts: trustedHosts, breaker: breaker)
    }
}
