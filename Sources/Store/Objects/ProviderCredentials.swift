/// A provider's account of the organisation, from which workspaces get virtual keys.
public struct Integration: CreatableObject {
    public var head = ObjectHead()
    /// The provider's id.
    public var provider = ""
    public var description: String?
    /// The provider's settings beside the credential. In the vault: some hold secrets.
    public var configurations: String?
    public var allowsAllModels = true
    public var models: String?
    public var isForAllWorkspaces = true
    /// Which workspaces, with limits of their own.
    public var workspaces: String?
    public var usageLimits: String?
    public var rateLimits: String?
    public var pricing: String?

    public init() {}

    public static let layout = Layout<Integration>(
        table: "integrations", kind: "integration", slugPrefix: "",
        columns: [
            .text("provider", \.provider), .text("description", \.description, atMost: StoreLimits.descriptionByteCount),
            .sealed("configurations", \.configurations), .flag("allow_all_models", \.allowsAllModels),
            .document("models", \.models, atMost: StoreLimits.secretByteCount), .flag("global_workspace_access", \.isForAllWorkspaces),
            .document("workspaces", \.workspaces, atMost: StoreLimits.secretByteCount), .document("usage_limits", \.usageLimits),
            .document("rate_limits", \.rateLimits), .document("pricing", \.pricing),
        ],
        dependents: [
            Dependent(table: "virtual_keys", column: "integration_id", kind: "virtual key"),
            Dependent(table: "credentials", column: "integration_id", kind: "credential", goesAlong: true),
        ])
}

/// A name for a provider's credential, which applications use in its place. Portkey's API calls it a virtual key or a provider.
public struct VirtualKey: CreatableObject {
    public var head = ObjectHead()
    /// The provider's id.
    public var provider = ""
    /// Where its credentials are, when it has none of its own.
    public var integrationID: String?
    public var note: String?
    /// Deployment, resource, region, host and so on. In the vault: some hold secrets.
    public var modelConfig: String?
    /// Empty for all.
    public var allowedModels: [String] = []
    public var usageLimits: String?
    public var rateLimits: String?
    /// What of the price book is otherwise for it.
    public var pricing: String?
    public var expiresAt: Int64?

    public init() {}

    public static let layout = Layout<VirtualKey>(
        table: "virtual_keys", kind: "virtual key", slugPrefix: "",
        columns: [
            .text("provider", \.provider), .reference("integration_id", \.integrationID, to: "integrations", "integration"),
            .text("note", \.note, atMost: StoreLimits.descriptionByteCount), .sealed("model_config", \.modelConfig),
            .list("allowed_models", \.allowedModels), .document("usage_limits", \.usageLimits), .document("rate_limits", \.rateLimits),
            .document("pricing", \.pricing), .time("expires_at", \.expiresAt),
        ],
        dependents: [Dependent(table: "credentials", column: "virtual_key_id", kind: "credential", goesAlong: true)])
}

/// One credential of a virtual key or of an integration; among several, by weight.
public struct ProviderCredential: StoredObject {
    public var head = ObjectHead()
    public var virtualKeyID: String?
    public var integrationID: String?
    /// Its share of the requests; 0 for none.
    public var weight: Int64 = 1
    public var expiresAt: Int64?
    /// Where it is to be found; nil when it is in the vault.
    public internal(set) var reference: String?
    /// Its end, to recognise it by; empty for short ones, and for references.
    public internal(set) var lastFour = ""

    public init() {}

    public static let layout = Layout<ProviderCredential>(
        table: "credentials", kind: "credential",
        columns: [
            .reference("virtual_key_id", \.virtualKeyID, to: "virtual_keys", "virtual key"),
            .reference("integration_id", \.integrationID, to: "integrations", "integration"),
            .integer("weight", \.weight, in: 0...Int64(StoreLimits.weight)), .time("expires_at", \.expiresAt),
            .text("reference", \.reference, atMost: StoreLimits.referenceByteCount), .text("last_four", \.lastFour),
        ])
}
