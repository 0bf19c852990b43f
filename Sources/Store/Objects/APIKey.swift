/// A key of this gateway: what it opens, for how long, and how much. Its secret is shown once; a digest is kept.
public struct APIKey: StoredObject {
    public enum Holder: String, Sendable, CaseIterable { case service, user }
    public enum Origin: String, Sendable, CaseIterable { case ui, api, auto }

    public var head = ObjectHead()
    public var holder = Holder.service
    /// Whose it is, where a user holds it.
    public var userID: String?
    public var description: String?
    public var scopes: [String] = []
    /// Empty for all; so are the three below. A model may end with `*`.
    public var allowedModels: [String] = []
    /// Providers and virtual keys, by slug.
    public var allowedProviders: [String] = []
    public var allowedEndpoints: [String] = []
    /// Addresses and networks: `192.0.2.1`, `2001:db8::/32`.
    public var allowedNetworks: [String] = []
    public var defaultMetadata: String?
    public var defaultConfigID: String?
    /// Whether a request may bring another config than the key's.
    public var allowsConfigOverride = true
    public var usageLimits: String?
    public var rateLimits: String?
    public var alertEmails: [String] = []
    public var rotationPolicy: String?
    public var origin = Origin.api
    public var expiresAt: Int64?

    /// The peppered digest of its secret.
    public internal(set) var digest: [UInt8]?
    /// The secret's end, to recognise it by.
    public internal(set) var lastFour = ""
    /// The digest of the secret before, which opens until `previousExpiresAt`.
    public internal(set) var previousDigest: [UInt8]?
    public internal(set) var previousExpiresAt: Int64?
    public internal(set) var lastUsedAt: Int64?

    public init() {}

    public static let layout = Layout<APIKey>(
        table: "api_keys", kind: "API key", limit: StoreLimits.keyCount,
        columns: [
            .choice("holder", \.holder), .reference("user_id", \.userID, to: "users", "user"),
            .text("description", \.description, atMost: StoreLimits.descriptionByteCount), .list("scopes", \.scopes),
            .list("allowed_models", \.allowedModels), .list("allowed_providers", \.allowedProviders), .list("allowed_endpoints", \.allowedEndpoints),
            .list("allowed_networks", \.allowedNetworks), .document("default_metadata", \.defaultMetadata),
            .reference("default_config_id", \.defaultConfigID, to: "configs", "config"), .flag("allow_config_override", \.allowsConfigOverride),
            .document("usage_limits", \.usageLimits), .document("rate_limits", \.rateLimits), .list("alert_emails", \.alertEmails),
            .document("rotation_policy", \.rotationPolicy), .choice("creation_mode", \.origin), .time("expires_at", \.expiresAt),
            .digest("digest", \.digest), .text("last_four", \.lastFour), .digest("previous_digest", \.previousDigest),
            .time("previous_expires_at", \.previousExpiresAt), .time("last_used_at", \.lastUsedAt),
        ])
}

/// A key and its secret, which is nowhere else and not to be had again.
public struct IssuedKey: Sendable {
    public let key: APIKey
    public let secret: String
}
