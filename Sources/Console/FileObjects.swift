import Bytes
public import Policy
import Providers

/// What the configuration file declares: listed and read in the console, and changed in the file alone.
public struct FileObjects: Sendable {
    /// A gateway key of the file.
    public struct Key: Sendable, Equatable {
        public var name: String
        /// Milliseconds since 1970; nil for never.
        public var expiresAt: Int64?
        public var limits: SpendingLimits

        public init(name: String, expiresAt: Int64? = nil, limits: SpendingLimits = SpendingLimits()) {
            self.name = name
            self.expiresAt = expiresAt
            self.limits = limits
        }
    }

    /// A policy of the file.
    public struct Policy: Sendable, Equatable {
        public var name: String
        public var scope: PolicyScope
        public var limits: SpendingLimits

        public init(name: String, scope: PolicyScope, limits: SpendingLimits) {
            self.name = name
            self.scope = scope
            self.limits = limits
        }
    }

    public var keys: [Key]
    public var policies: [Policy] = []
    /// Its providers beside those built in, its virtual keys, the names of its configs, the hosts it trusts.
    public var catalog: Catalog
    /// What its virtual keys may spend, by slug.
    public var virtualKeyLimits: [String: SpendingLimits] = [:]
    /// Members of rows that exports are without.
    public var deniedExportFields: [String] = []

    public init(keys: [Key] = [], catalog: Catalog) {
        self.keys = keys
        self.catalog = catalog
    }

    /// Of a file that declares nothing.
    public init() {
        let table = ProviderTable()
        let providers = (0..<table.count).map { Catalog.Provider(id: table[$0].id.description, needsCredential: table[$0].needsCredential) }
        self.init(catalog: Catalog(providers: providers))
    }
}
