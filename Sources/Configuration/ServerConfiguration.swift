public import Policy

/// A configuration file, checked: everything the server needs to start, as values.
///
/// Secrets are not looked up yet: see `resolveSecrets`.
public struct ServerConfiguration: Sendable {
    public internal(set) var listeners = [ListenerDeclaration(address: .standard)]
    /// Nil where none is trusted.
    public internal(set) var proxies: ProxiesDeclaration?
    /// Nil where no web page may ask from elsewhere.
    public internal(set) var crossOrigin: CrossOriginDeclaration?
    /// Whether clients may speak HTTP/2.
    public internal(set) var offersHTTP2 = true
    /// Whether HTTP/2 is spoken to upstreams whose provider does not say.
    public internal(set) var upstreamHTTP2 = DeclaredHTTP2.offered
    /// Nil for one a core.
    public internal(set) var workerCount: Int?
    /// Nil for no state.
    public internal(set) var dataDirectory: String?
    /// A price book that goes before the one that comes with the program.
    public internal(set) var priceFile: String?
    /// What models without a price cost, where there is a budget of money.
    public internal(set) var unpriced = DeclaredUnpriced.deny
    public internal(set) var log = LogSettings()
    public internal(set) var books = BooksDeclaration()
    public internal(set) var metrics = MetricsDeclaration()
    public internal(set) var bounds = Bounds()
    /// New providers, and what the file changes of built-in ones.
    public internal(set) var providers: [ProviderDeclaration] = []
    public internal(set) var trustedHosts: [String] = []
    public internal(set) var keys: [KeyDeclaration] = []
    /// In the order of `catalog.virtualKeys`.
    public internal(set) var virtualKeys: [VirtualKeyDeclaration] = []
    public internal(set) var policies: [PolicyDeclaration] = []
    public internal(set) var alertWebhooks: [WebhookDeclaration] = []
    public internal(set) var exporters: [ExporterDeclaration] = []
    /// In the order of `catalog.configNames`.
    public internal(set) var configs: [NamedConfig] = []
    /// Index in `configs`, for requests that name none.
    public internal(set) var defaultConfig: Int?
    /// What the configs were compiled against, and header configs are to be.
    public internal(set) var catalog: Catalog

    init(catalog: Catalog) { self.catalog = catalog }

    public var listen: [ListenAddress] { listeners.map(\.address) }

    /// Whether every listener is reachable from this machine only.
    public var isLoopbackOnly: Bool { listen.allSatisfy(\.isLoopback) }
}

public struct LogSettings: Sendable, Equatable {
    public enum Format: String, Sendable, CaseIterable { case json, text }

    public enum AccessTarget: Sendable, Equatable {
        case standardError, standardOutput, off
        case file(String)
    }

    public internal(set) var format = Format.text
    public internal(set) var access = AccessTarget.standardError
}

/// The request shape a provider speaks.
public enum DeclaredDialect: String, Sendable, CaseIterable { case openai, anthropic, gemini, bedrock }

/// How a provider wants its credential.
public enum DeclaredAuth: String, Sendable, CaseIterable {
    case bearer
    case apiKeyField = "x-api-key"
    case azureField = "api-key"
    case googleField = "x-goog-api-key"
    case none
}

/// Where a provider or a virtual key is reached.
public struct DeclaredHost: Sendable, Equatable {
    public let isSecure: Bool
    /// Lower case; an IPv6 address without brackets.
    public let name: String
    public let isIPv6Literal: Bool
    public let port: UInt16
    /// Empty, or starts with "/" and does not end with it.
    public let pathPrefix: String
    public let verdict: HostVerdict
}

/// A row of `providers:`. Nil means: as built in.
public struct ProviderDeclaration: Sendable {
    public let id: String
    /// Index in the catalog.
    public let index: Int
    public let isBuiltIn: Bool
    public internal(set) var host: DeclaredHost?
    public internal(set) var dialect: DeclaredDialect?
    public internal(set) var auth: DeclaredAuth?
    public internal(set) var apiKey: Secret?
    /// PEM file of certificate authorities to trust instead of the system's.
    public internal(set) var caFile: String?
    /// Whether its name may resolve to private addresses.
    public internal(set) var allowsPrivateAddresses = false
    /// Whether HTTP/2 is spoken to it; nil for as to all.
    public internal(set) var http2: DeclaredHTTP2?
}

/// Whether HTTP/2 is spoken to upstreams.
public enum DeclaredHTTP2: Sendable {
    /// `false`.
    case never
    /// `true`: over TLS, where they do as well.
    case offered
    /// `prior_knowledge`: in plaintext, without asking; over TLS as `true`.
    case priorKnowledge
}

/// A row of `virtual_keys:`.
public struct VirtualKeyDeclaration: Sendable {
    public let slug: String
    /// Index in the catalog.
    public let provider: Int
    public let apiKey: Secret?
    public let host: DeclaredHost?
    /// What may be spent through it.
    public internal(set) var limits = SpendingLimits()
    /// Of the price book's prices; nil for those.
    public internal(set) var priceMultiplier: String?
    /// The models it is for; empty for all.
    public internal(set) var allowedModels: [String] = []
}

/// What models cost that the price book does not have.
public enum DeclaredUnpriced: Sendable, Equatable {
    case deny, allow
    /// Nano-dollars for a million tokens.
    case price(input: Int64, output: Int64)
}

/// A row of `keys:`: one gateway key, known by its digest alone.
public struct KeyDeclaration: Sendable {
    public let name: String
    /// SHA-256 of the key, 32 bytes; nil where the client's certificate is all there is.
    public let digest: [UInt8]?
    /// Index in `configs`, for requests of this key that name none.
    public internal(set) var config: Int?
    /// Seconds since 1970; nil for never.
    public internal(set) var expiresAt: Int64?
    /// Whose client certificate must come with it, or in its place.
    public internal(set) var certificate: DeclaredCertificate?
    /// What its holder may spend.
    public internal(set) var limits = SpendingLimits()
    public internal(set) var allowed = DeclaredUse()
    /// What its requests say of themselves where they say nothing: a JSON object; nil for nothing.
    public internal(set) var metadata: String?
}

/// What a key may be used for, and from where. Empty lists restrict nothing.
public struct DeclaredUse: Sendable, Equatable {
    public internal(set) var models: [String] = []
    /// Ids of providers and slugs of virtual keys.
    public internal(set) var providers: [String] = []
    /// Paths.
    public internal(set) var endpoints: [String] = []
    public internal(set) var networks: [DeclaredNetwork] = []
}

/// A row of `policies:`: limits for whatever meets its conditions.
public struct PolicyDeclaration: Sendable {
    public let name: String
    public let scope: PolicyScope
    /// At most one budget, and one limit of rate; at least one of them.
    public let limits: SpendingLimits
}

/// By what a client certificate is known.
public enum DeclaredCertificate: Sendable, Hashable {
    /// `CN=search,O=Acme`
    case subject(String)
    /// `DNS:a.example`, `URI:spiffe://a/b`, `email:c@a.example`
    case alternativeName(String)
}

/// A row of `configs:`.
public struct NamedConfig: Sendable {
    public let name: String
    public let program: Program
    /// Of what it says, in eight hexadecimal digits: a config that says something else has another.
    public let digest: String
}
