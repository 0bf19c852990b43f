public import Bytes

/// What the store has to say to the data plane, as of one moment. Nothing that is deleted; what is disabled, exhausted or expired is here,
/// so that it can be refused by name.
public struct SnapshotRows: Sendable {
    /// A credential, opened or looked up.
    public struct OpenCredential: Sendable {
        public let id: String
        public let name: String
        public let weight: Int64
        public let status: ObjectStatus
        public let expiresAt: Int64?
        public let secret: SecretBytes
    }

    public struct Slot: Sendable {
        public let key: VirtualKey
        /// Its own, or those of its integration.
        public let credentials: [OpenCredential]
    }

    /// A prompt or partial that requests may use, without what it says.
    public struct Prompted: Sendable {
        public let id: String
        public let slug: String?
        public let workspaceID: String?
        public let published: Int64
        public let latest: Int64
        /// Numbers of the versions that have them.
        public internal(set) var labels: [String: Int64] = [:]
        /// Ids of its versions, by their numbers.
        public internal(set) var versions: [Int64: String] = [:]

        init(_ owner: some Versioned) {
            id = owner.id
            slug = owner.slug
            workspaceID = owner.workspaceID
            published = owner.publishedVersion
            latest = owner.latestVersion
        }
    }

    /// `Store.generation()` at that moment.
    public internal(set) var generation: Int64 = 0
    /// Of the audit log's last row.
    public internal(set) var sequence: Int64 = 0
    public internal(set) var organisations: [Organisation] = []
    public internal(set) var workspaces: [Workspace] = []
    public internal(set) var keys: [APIKey] = []
    public internal(set) var integrations: [Integration] = []
    public internal(set) var virtualKeys: [Slot] = []
    public internal(set) var configs: [Config] = []
    public internal(set) var guardrails: [Guardrail] = []
    public internal(set) var policies: [LimitPolicy] = []
    public internal(set) var prompts: [Prompted] = []
    public internal(set) var partials: [Prompted] = []
    /// What is left out of the above, and why.
    public internal(set) var faults: [SnapshotFault] = []
}

/// What became of objects since a row of the audit log: of gateway keys, virtual keys and configs one by one, for there are many; of the rest all there is.
public struct ObjectChanges: Sendable {
    /// Of one kind.
    public struct Kind<Object: Sendable>: Sendable {
        /// Those that were made or changed, as they are now, by their ids.
        public internal(set) var made: [Object] = []
        /// Ids of those that are gone, or do not open.
        public internal(set) var gone: [String] = []

        public var isEmpty: Bool { made.isEmpty && gone.isEmpty }
    }

    /// `Store.generation()`, and the audit log's last row, as of this reading.
    public internal(set) var generation: Int64 = 0
    public internal(set) var sequence: Int64 = 0
    public internal(set) var keys = Kind<APIKey>()
    public internal(set) var virtualKeys = Kind<SnapshotRows.Slot>()
    public internal(set) var configs = Kind<Config>()
    /// Of those virtual keys and configs.
    public internal(set) var faults: [SnapshotFault] = []
    /// Ids of changed workspaces whose keys are all told: these say by default what their workspace does.
    public internal(set) var workspaces: Set<String> = []
    /// All of the other kinds, where one of them has changed.
    public internal(set) var others: SnapshotRows?
}

/// Something that cannot be used: a credential that is not found, a secret that does not open. The rest is not held up by it.
public struct SnapshotFault: Sendable, Equatable, CustomStringConvertible {
    public let kind: String
    public let id: String
    public let name: String
    public let reason: String
    /// What is kept from use: of a credential, the virtual key that would use it.
    public let owner: String

    /// - Parameter owner: nil for the object itself.
    init(kind: String, id: String, name: String, reason: String, owner: String? = nil) {
        (self.kind, self.id, self.name, self.reason, self.owner) = (kind, id, name, reason, owner ?? id)
    }

    public var description: String { "\(kind) \"\(name)\" (\(id)): \(reason)" }
}
