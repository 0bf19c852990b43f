import JSON
import Policy

/// What keys may be allowed: `<resource>.<action>`, in Portkey's names, and `admin` for all of it.
enum Scopes {
    static let admin = "admin"

    private static let usual = ["create", "read", "update", "delete", "list"]

    static let all: [String] =
        [admin] + ["completions.write", "models.list", "mcp.invoke", "analytics.view", "audit_logs.list"]
        + ["read", "write", "view", "list", "export"].map { "logs." + $0 } + (usual + ["publish", "render"]).map { "prompts." + $0 }
        + (usual + ["duplicate", "copy"]).map { "virtual_keys." + $0 }
        + [
            "organisation_users", "organisation_service_api_keys", "organisation_integrations", "workspaces", "workspace_users", "workspace_service_api_keys",
            "workspace_user_api_keys", "workspace_integrations", "configs", "guardrails", "providers", "policies", "secret_references", "collections", "labels",
            "partials",
        ].flatMap { resource in usual.map { "\(resource).\($0)" } }

    private static let known = Set(all)

    /// What a key of the configuration file may do of what the console has for callers.
    static let ofDeclaredKeys = ["logs.write"]

    static func check(_ scopes: [String]) throws(ConsoleError) {
        var faults: [BodyFault] = []
        for (index, scope) in scopes.enumerated() where !known.contains(scope) {
            let hint = NearestName.find(scope, among: all).map { "did you mean \(quoted($0))?" } ?? "scopes are <resource>.<action>, as \"configs.read\""
            faults.append(BodyFault("scopes[\(index)]", "\(quoted(scope)) is no scope; \(hint)"))
        }
        if !faults.isEmpty { throw .invalid(Array(faults.prefix(ConsoleLimits.faultCount))) }
    }
}
