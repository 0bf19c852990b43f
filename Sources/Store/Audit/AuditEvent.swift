/// Who does something, and from where.
public struct AuditActor: Sendable, Equatable {
    public enum Kind: String, Sendable, CaseIterable {
        case user
        case apiKey = "api_key"
        /// Somebody at this machine's command line.
        case operatorCommand = "operator"
        /// The gateway itself.
        case system
        /// Nobody it could name.
        case unknown
    }

    public var kind: Kind
    /// A user's or a key's id; for a command, the account it ran under.
    public var id: String?
    /// The key it was done with, where a user holds it.
    public var keyID: String?
    /// The role at the time.
    public var role: String?
    public var method: String?
    public var path: String?
    public var requestID: String?
    public var address: String?
    public var agent: String?

    public init(_ kind: Kind, id: String? = nil) {
        self.kind = kind
        self.id = id
    }

    public static let system = AuditActor(.system)
}

/// Something done, or attempted, that the audit log keeps.
public struct AuditEvent: Sendable, Equatable {
    /// What changes no object: what one has used counts for nothing.
    public static let usageReset = "reset_usage"

    public enum Outcome: String, Sendable, CaseIterable { case done, denied, failed }

    public var actor: AuditActor
    /// `create`, `update`, `delete`, `rotate`, `backup`, `rewrap`, …
    public var action: String
    /// What kind of object, by its table's name.
    public var resource: String
    public var resourceID: String?
    public var organisationID: String?
    public var workspaceID: String?
    public var outcome = Outcome.done
    /// Why it was denied or failed; never a secret.
    public var reason: String?
    /// JSON objects; of a change, what it changed.
    public var before: String?
    public var after: String?

    public init(_ actor: AuditActor, _ action: String, _ resource: String, id: String? = nil) {
        self.actor = actor
        self.action = action
        self.resource = resource
        resourceID = id
    }
}

/// A row of the audit log: an event, when it was, and its place in the chain.
public struct AuditRow: Sendable, Equatable {
    /// From 1, without gaps.
    public let sequence: Int64
    /// Milliseconds since 1970; never before the row before.
    public let at: Int64
    public let event: AuditEvent
    /// The hash of the row before; 32 zeros for the first.
    let previous: [UInt8]
    let hash: [UInt8]
}

extension AuditEvent {
    /// The columns, in the order in which they are hashed.
    static let columns = [
        "outcome", "action", "resource", "resource_id", "organisation_id", "workspace_id", "actor", "actor_id", "key_id", "role", "method", "path",
        "request_id", "address", "agent", "reason", "before", "after",
    ]

    /// In the order of `columns`.
    var values: [String?] {
        [
            outcome.rawValue, action, resource, resourceID, organisationID, workspaceID, actor.kind.rawValue, actor.id, actor.keyID, actor.role,
            actor.method, actor.path, actor.requestID, actor.address, actor.agent, reason, before, after,
        ]
    }

    /// Nil when a value is none that this version writes.
    init?(values: [String?]) {
        guard values.count == AuditEvent.columns.count, let outcome = values[0].flatMap({ Outcome(rawValue: $0) }), let action = values[1],
            let resource = values[2], let kind = values[6].flatMap({ AuditActor.Kind(rawValue: $0) })
        else { return nil }
        var actor = AuditActor(kind, id: values[7])
        actor.keyID = values[8]
        actor.role = values[9]
        actor.method = values[10]
        actor.path = values[11]
        actor.requestID = values[12]
        actor.address = values[13]
        actor.agent = values[14]
        self.init(actor, action, resource, id: values[3])
        self.outcome = outcome
        organisationID = values[4]
        workspaceID = values[5]
        reason = values[15]
        before = values[16]
        after = values[17]
    }
}
