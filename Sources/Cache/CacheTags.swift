/// What operators select entries by: hashes of names, made by whoever stores.
public struct CacheTags: BitwiseCopyable, Hashable, Sendable {
    public let tenant: UInt64
    public let namespace: UInt64
    public let model: UInt64

    public init(tenant: UInt64, namespace: UInt64, model: UInt64) {
        self.tenant = tenant
        self.namespace = namespace
        self.model = model
    }
}

/// Which entries a purge drops: those that match all that is given, everything when nothing is.
public struct CacheSelection: BitwiseCopyable, Hashable, Sendable {
    public let tenant: UInt64?
    public let namespace: UInt64?
    public let model: UInt64?

    public init(tenant: UInt64? = nil, namespace: UInt64? = nil, model: UInt64? = nil) {
        self.tenant = tenant
        self.namespace = namespace
        self.model = model
    }

    func matches(_ tags: CacheTags) -> Bool {
        (tenant ?? tags.tenant) == tags.tenant && (namespace ?? tags.namespace) == tags.namespace && (model ?? tags.model) == tags.model
    }
}
