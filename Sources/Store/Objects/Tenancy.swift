/// Whom everything belongs to. There is one unless more are made.
public struct Organisation: CreatableObject {
    public var head = ObjectHead()
    /// Defaults of all its keys: metadata, config, guardrails.
    public var defaults: String?
    public var settings: String?

    public init() {}

    public static let layout = Layout<Organisation>(
        table: "organisations", kind: "organisation", slugPrefix: "org",
        columns: [.document("defaults", \.defaults), .document("settings", \.settings)],
        dependents: [
            Dependent(table: "workspaces", column: "organisation_id", kind: "workspace"), Dependent(table: "users", column: "organisation_id", kind: "user"),
            Dependent(table: "api_keys", column: "organisation_id", kind: "API key"),
            Dependent(table: "integrations", column: "organisation_id", kind: "integration"),
            Dependent(table: "virtual_keys", column: "organisation_id", kind: "virtual key"),
            Dependent(table: "configs", column: "organisation_id", kind: "config"),
            Dependent(table: "guardrails", column: "organisation_id", kind: "guardrail"), Dependent(table: "policies", column: "organisation_id", kind: "policy"),
            Dependent(table: "prompts", column: "organisation_id", kind: "prompt"), Dependent(table: "partials", column: "organisation_id", kind: "prompt partial"),
            Dependent(table: "labels", column: "organisation_id", kind: "label"), Dependent(table: "collections", column: "organisation_id", kind: "collection"),
            Dependent(table: "log_exports", column: "organisation_id", kind: "export", goesAlong: true),
        ])
}

/// A part of an organisation, with keys and limits of its own.
public struct Workspace: CreatableObject {
    public var head = ObjectHead()
    public var description: String?
    /// The one for what names none.
    public var isDefault = false
    public var defaults: String?
    public var usageLimits: String?
    public var rateLimits: String?

    public init() {}

    public static let layout = Layout<Workspace>(
        table: "workspaces", kind: "workspace", slugPrefix: "ws",
        columns: [
            .text("description", \.description, atMost: StoreLimits.descriptionByteCount), .flag("is_default", \.isDefault),
            .document("defaults", \.defaults), .document("usage_limits", \.usageLimits), .document("rate_limits", \.rateLimits),
        ],
        dependents: [
            Dependent(table: "api_keys", column: "workspace_id", kind: "API key"),
            Dependent(table: "virtual_keys", column: "workspace_id", kind: "virtual key"),
            Dependent(table: "integrations", column: "workspace_id", kind: "integration"),
            Dependent(table: "configs", column: "workspace_id", kind: "config"),
            Dependent(table: "guardrails", column: "workspace_id", kind: "guardrail"), Dependent(table: "policies", column: "workspace_id", kind: "policy"),
            Dependent(table: "prompts", column: "workspace_id", kind: "prompt"), Dependent(table: "partials", column: "workspace_id", kind: "prompt partial"),
            Dependent(table: "labels", column: "workspace_id", kind: "label"), Dependent(table: "collections", column: "workspace_id", kind: "collection"),
            Dependent(table: "log_exports", column: "workspace_id", kind: "export", goesAlong: true),
            Dependent(table: "memberships", column: "workspace_id", kind: "member", goesAlong: true),
        ])
}

/// Somebody who works with an organisation.
public struct User: CreatableObject {
    public enum Role: String, Sendable, CaseIterable { case owner, admin, member }

    public var head = ObjectHead()
    /// Kept in lower case; unique in the organisation.
    public var email = ""
    public var role = Role.member

    public init() {}

    public static let layout = Layout<User>(
        table: "users", kind: "user",
        columns: [.text("email", \.email, atMost: StoreLimits.emailByteCount), .choice("role", \.role)],
        dependents: [
            Dependent(table: "api_keys", column: "user_id", kind: "API key"),
            Dependent(table: "memberships", column: "user_id", kind: "membership", goesAlong: true),
        ])
}

/// What a user may do in a workspace, which is the head's.
public struct Membership: CreatableObject {
    public enum Role: String, Sendable, CaseIterable { case admin, manager, member }

    public var head = ObjectHead()
    public var userID: String?
    public var role = Role.member

    public init() {}

    public static let layout = Layout<Membership>(
        table: "memberships", kind: "membership",
        columns: [.reference("user_id", \.userID, to: "users", "user"), .choice("role", \.role)])
}
