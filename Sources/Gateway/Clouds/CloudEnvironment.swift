/// What the machine's environment says of the clouds it is in or asks tokens of. Nil and empty for what it does not say.
public struct CloudEnvironment: Sendable {
    /// Entra's token authority, for Microsoft's public cloud where it is nil.
    public var azureAuthority: String?
    /// The metadata service of an Azure machine, at its link-local address where it is nil.
    public var azureMetadata: String?
    /// Workload identity: the tenant and the client a cluster's pod stands for, and the file with the token that says so.
    public var azureTenant = ""
    public var azureClient = ""
    public var azureTokenFile = ""
    /// Google's token endpoint, its own where it is nil.
    public var googleTokenEndpoint: String?
    /// Amazon's token service, that of a role's region where it is nil.
    public var amazonTokenService: String?
    /// S3 and Cloud Storage, the clouds' own where they are nil.
    public var amazonStorage: String?
    public var googleStorage: String?

    public init() {}
}
