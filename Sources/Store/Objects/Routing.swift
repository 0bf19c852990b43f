/// A saved config. Its text is in the vault: it may hold credentials.
public struct Config: CreatableObject {
    public var head = ObjectHead()
    public var text: String?
    /// The one for requests of its workspace that name none.
    public var isDefault = false
    /// Goes up with each new text, from 1.
    public internal(set) var version: Int64 = 0

    public init() {}

    public static let layout = Layout<Config>(
        table: "configs", kind: "config", slugPrefix: "pc",
        columns: [
            .sealed("text", \.text, atMost: StoreLimits.secretByteCount), .flag("is_default", \.isDefault),
            .integer("version", \.version, in: 0...Int64.max),
        ],
        dependents: [Dependent(table: "api_keys", column: "default_config_id", kind: "API key")])
}

/// A text that a config had.
public struct ConfigVersion: Sendable, Equatable {
    public let number: Int64
    public let text: String
    public let createdAt: Int64
    public let createdBy: String?
}

/// Checks that configs name. Its text is in the vault, as a config's is: a check may come to have a credential.
public struct Guardrail: CreatableObject {
    public var head = ObjectHead()
    /// `{"checks": […], "actions": {…}}`
    public var text: String?
    /// Goes up with each change of the text, from 1.
    public var version: Int64 = 1

    public init() {}

    public static let layout = Layout<Guardrail>(
        table: "guardrails", kind: "guardrail", slugPrefix: "pg", limit: StoreLimits.guardrailCount,
        columns: [.sealed("text", \.text, atMost: StoreLimits.secretByteCount), .integer("version", \.version, in: 1...Int64.max)])
}

/// A limit for whatever meets its conditions, of each group by itself.
public struct LimitPolicy: CreatableObject {
    public enum Subject: String, Sendable, CaseIterable { case usage, rate }

    public var head = ObjectHead()
    public var subject = Subject.usage
    public var description: String?
    /// `[{"key", "value", "excludes"}]`
    public var conditions: String?
    /// `[{"key"}]`
    public var groups: String?
    /// What is limited, to how much, and when it begins anew.
    public var terms: String?

    public init() {}

    public static let layout = Layout<LimitPolicy>(
        table: "policies", kind: "policy", limit: StoreLimits.policyCount,
        columns: [
            .choice("subject", \.subject), .text("description", \.description, atMost: StoreLimits.descriptionByteCount),
            .document("conditions", \.conditions, namesTell: false), .document("group_by", \.groups, namesTell: false),
            .document("terms", \.terms, namesTell: false),
        ])
}
