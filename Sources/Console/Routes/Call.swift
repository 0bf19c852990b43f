import JSON
import Store

/// A request that may be done: who asks, and what for, read.
struct Call: Sendable {
    let request: ConsoleRequest
    let route: Route
    /// The values of the path's parameters, in its order.
    let parameters: [String]
    let query: Body
    let body: Body
    let caller: Caller

    /// The path's first parameter: an id or a slug.
    var id: String { parameters.first ?? "" }
    var now: Int64 { request.nowMilliseconds }
    var scope: Scope { caller.scope }
    var actor: AuditActor { caller.actor }

    /// `expires_at` of the body, where it is given, lies ahead.
    func checkExpiry() throws(ConsoleError) {
        if let time = body.integer("expires_at"), time <= now { throw .invalid("expires_at", "is past; it must be a time to come, or null for never") }
    }
}

/// Whose key a request came with.
struct Caller: Sendable {
    let key: APIKey
    let actor: AuditActor
    /// Of a key that the configuration file declares, and the store does not know.
    var declaredName: String?
    /// Whether nobody is known, and a signed link has brought the request.
    var isByLink = false

    /// A link says by itself whose it is.
    func reached(by query: Body) -> Caller {
        guard isByLink else { return self }
        var key = key
        key.head.organisationID = query.text("organisation_id") ?? ""
        return Caller(key: key, actor: actor, isByLink: true)
    }

    /// What the books have of its requests: which key they came with, and of which workspace it is.
    var nameOfRequests: String { declaredName ?? key.id }
    var workspaceOfRequests: String { key.workspaceID ?? "" }

    /// What the key may see: its workspace, or all of its organisation.
    var scope: Scope { Scope(organisationID: key.head.organisationID, workspaceID: key.workspaceID) }

    var isAdmin: Bool { key.scopes.contains(Scopes.admin) }

    func may(_ scope: String) -> Bool { isAdmin || key.scopes.contains(scope) }

    /// Nobody makes a key that may do more than theirs.
    func checkHolds(_ scopes: [String]) throws(ConsoleError) {
        guard let more = scopes.first(where: { !may($0) }) else { return }
        throw .forbidden("this API key has not the scope \(quoted(more)), and makes or changes no key that has it")
    }

    func check(_ scope: String) throws(ConsoleError) {
        guard may(scope) else { throw .forbidden(Caller.denial([scope])) }
    }

    static func denial(_ scopes: [String]) -> String {
        "this API key has not the scope \(scopes.map { quoted($0) }.joined(separator: " or "))"
    }
}
