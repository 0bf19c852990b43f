public import Analytics
public import Bytes
import JSON
public import Store

/// The admin API: one function from a request to an answer, over the store. No socket, no clock.
///
/// What it does is `RouteTable`: a row a route, with who may, what is read, and who does it.
public final class Console: Sendable {
    let store: any Store
    let file: FileObjects
    let usage: (any UsageBooks)?
    let books: DayBooks?
    let reports: (any ReportedRecords)?
    let bodies: BodyFiles?

    /// - Parameters:
    ///   - file: what the configuration file declares, as it was last read: a reload makes another console.
    ///   - usage: where usage is counted; without it none is shown, and `reset_usage` is refused.
    ///   - books: where requests' records are; without them what is asked of logs and analytics is refused.
    ///   - reports: where requests are recorded that others tell of; without it they are refused.
    ///   - bodies: where requests' bodies are, of those that have any.
    public init(
        store: any Store, file: FileObjects, usage: (any UsageBooks)? = nil, books: DayBooks? = nil, reports: (any ReportedRecords)? = nil,
        bodies: BodyFiles? = nil
    ) {
        self.store = store
        self.file = file
        self.usage = usage
        self.books = books
        self.reports = reports
        self.bodies = bodies
    }

    /// What is at a path of the console's; nil for one that the gateway does not hand over.
    public static func place(method: ByteSlice, path: ByteSlice) -> ConsolePlace? {
        guard ConsolePath.isOwned(path) else { return nil }
        let isTelemetry = ConsolePath.isTelemetry(method, path)
        let most = isTelemetry ? ConsoleLimits.telemetryByteCount
            : ConsolePath.isReport(method, path) ? ConsoleLimits.reportByteCount : ConsoleLimits.bodyByteCount
        return ConsolePlace(
            isForCallers: ConsolePath.isForCallers(method, path), isByLink: ConsolePath.isByLink(path), takesGzip: isTelemetry, bodyByteCount: most)
    }

    /// Does what is asked. Blocks on the store: called off the workers, from any thread.
    public func answer(_ request: ConsoleRequest) -> ConsoleAnswer {
        do throws(ConsoleError) {
            return try reply(to: request)
        } catch {
            return request.isTelemetry ? Telemetry.refusal(error, to: request) : error.answer(to: request)
        }
    }

    private func reply(to request: ConsoleRequest) throws(ConsoleError) -> ConsoleAnswer {
        let caller = try caller(of: request)
        guard let path = ConsolePath.segments(request.path) else { throw .notFound("there is nothing at this path") }
        switch RouteTable.find(request.method, path) {
        case .nothing: throw .notFound("there is nothing at this path")
        case .otherMethods(let methods): throw .wrongMethod(allow: methods.map(\.rawValue).joined(separator: ", "))
        case .route(let route, let parameters):
            do throws(ConsoleError) {
                try permit(route, caller)
                let query = try QueryReader.read(request.query, route.query)
                let body = route.readsBody ? try BodyReader.read(request.body, route.body ?? .nothing) : Body.none
                let call = Call(request: request, route: route, parameters: parameters, query: query, body: body, caller: caller.reached(by: query))
                try checkOrganisation(query, call.caller)
                try checkOrganisation(body, call.caller)
                return try answer(call)
            } catch .forbidden(let reason) {
                try recordDenial(route, parameters.first, caller.actor, caller.key, reason)
                throw .forbidden(reason)
            }
        }
    }

    private func answer(_ call: Call) throws(ConsoleError) -> ConsoleAnswer {
        switch call.route.handling {
        case .answer(let handle): return ConsoleAnswer(status: 200, body: try handle(self, call).json)
        case .bytes(let handle): return try handle(self, call)
        case .stream(let handle):
            let stream = try handle(self, call)
            // With its head goes what there is to say at once.
            switch stream.next(call.now) {
            case .bytes(let first): return ConsoleAnswer(status: 200, body: first, stream: stream)
            case .nothing, .end: return ConsoleAnswer(status: 200, body: [], stream: stream)
            case .failed: throw .unreadable
            }
        }
    }

    // MARK: Who may

    /// The caller again, who may still do what its call asks: for answers that take long.
    func stillMay(_ call: Call, at now: Int64) -> Bool {
        var request = call.request
        request.nowMilliseconds = now
        guard let caller = try? caller(of: request) else { return false }
        return (try? permit(call.route, caller)) != nil
    }

    private func caller(of request: ConsoleRequest) throws(ConsoleError) -> Caller {
        if request.isByLink { return Caller(key: APIKey(), actor: AuditActor(.unknown), isByLink: true) }
        guard !request.credential.isEmpty || request.declaredKey != nil else {
            throw .unauthorised("no API key: send one in x-portkey-api-key, or as Authorization: Bearer")
        }
        let holder = try ask { (store) throws(StoreError) in
            try request.credential.withByteSlice { (bytes) throws(StoreError) in try store.key(presenting: bytes) }
        }
        guard let key = holder else { return try declaredCaller(request) }
        var actor = AuditActor(key.userID == nil ? .apiKey : .user, id: key.userID ?? key.id)
        actor.keyID = key.id
        actor.method = request.method
        actor.path = String(decoding: request.path, as: UTF8.self)
        actor.requestID = request.requestID
        actor.address = request.peer
        if let expiry = key.expiresAt, expiry <= request.nowMilliseconds { throw .unauthorised("this API key expired at \(Timestamp.text(expiry))") }
        guard key.status == .active || key.status == .exhausted else { throw .unauthorised("this API key is \(key.status.rawValue)") }
        guard key.allowedNetworks.isEmpty || Networks.contain(request.peer, key.allowedNetworks) else {
            throw .unauthorised("this API key is not for use from this address")
        }
        if let id = key.userID {
            let user = try found(User.self, id, in: Scope(organisationID: key.head.organisationID))
            guard user.status != .disabled, user.status != .archived else { throw .unauthorised("the user of this API key is \(user.status.rawValue)") }
            actor.role = user.role.rawValue
        }
        usage?.noteUse(key: key.id, at: request.nowMilliseconds)
        return Caller(key: key, actor: actor)
    }

    /// Whose key the configuration file declares: the gateway has looked at what came with it.
    private func declaredCaller(_ request: ConsoleRequest) throws(ConsoleError) -> Caller {
        let isForCallers = Array(request.method.utf8).withByteSlice { method in request.path.withByteSlice { ConsolePath.isForCallers(method, $0) } }
        guard isForCallers, let name = request.declaredKey,
            let declared = file.keys.first(where: { $0.name == name })
        else { throw .unauthorised("Invalid API Key") }
        if let expiry = declared.expiresAt, expiry <= request.nowMilliseconds { throw .unauthorised("this API key expired at \(Timestamp.text(expiry))") }
        var key = APIKey()
        key.name = name
        key.scopes = Scopes.ofDeclaredKeys
        return Caller(key: key, actor: AuditActor(.apiKey, id: name), declaredName: name)
    }

    private func permit(_ route: Route, _ caller: Caller) throws(ConsoleError) {
        guard caller.isByLink == (route.permission == .link) else { throw .unauthorised("this path is opened by a signed link, and only by one") }
        let scopes = route.permission.scopes
        guard scopes.isEmpty || scopes.contains(where: { caller.may($0) }) else { throw .forbidden(Caller.denial(scopes)) }
    }

    private func recordDenial(_ route: Route, _ id: String?, _ actor: AuditActor, _ key: APIKey, _ reason: String) throws(ConsoleError) {
        // `configs.read`: what was to be done, and with what kind of object.
        let scope = (route.permission.scopes.first ?? "").split(separator: ".").map { String($0) }
        guard scope.count == 2 else { return }
        var event = AuditEvent(actor, scope[1], scope[0], id: id)
        event.outcome = .denied
        event.reason = reason
        event.organisationID = key.head.organisationID
        event.workspaceID = key.workspaceID
        try ask { (store) throws(StoreError) in try store.record(event) }
    }

    /// A body or a query that names an organisation names the caller's.
    private func checkOrganisation(_ body: Body, _ caller: Caller) throws(ConsoleError) {
        let own = caller.key.head.organisationID
        guard let named = body.text("organisation_id"), named != own else { return }
        let found = try found(Organisation.self, own, in: Scope(organisationID: own))
        guard found.slug == named else { throw .invalid("organisation_id", "names no organisation of this API key") }
    }

    // MARK: The store

    func ask<Result>(_ body: (any Store) throws(StoreError) -> Result) throws(ConsoleError) -> Result {
        do throws(StoreError) {
            return try body(store)
        } catch {
            throw ConsoleError(error)
        }
    }

    func found<Object: StoredObject>(_ kind: Object.Type, _ id: String, in scope: Scope) throws(ConsoleError) -> Object {
        try ask { (store) throws(StoreError) in try store.find(kind, id, in: scope) }
    }

    func page<Object: StoredObject>(_ kind: Object.Type, _ query: ListQuery) throws(ConsoleError) -> Page<Object> {
        try ask { (store) throws(StoreError) in try store.list(kind, query) }
    }

    func create<Object: CreatableObject>(_ object: Object, _ call: Call) throws(ConsoleError) -> Object {
        try ask { (store) throws(StoreError) in try store.create(object, by: call.actor) }
    }

    func update<Object: StoredObject>(
        _ kind: Object.Type, _ id: String, _ call: Call, at revision: Int64? = nil, _ change: (inout Object) -> Void
    ) throws(ConsoleError) -> Object {
        try ask { (store) throws(StoreError) in try store.update(kind, id, in: call.scope, at: revision, by: call.actor, change) }
    }

    /// Deletes, and answers what is answered then: an empty object, for no answer is without one.
    func delete<Object: StoredObject>(_ kind: Object.Type, _ id: String, _ call: Call) throws(ConsoleError) -> DocumentNode {
        try ask { (store) throws(StoreError) in try store.delete(kind, id, in: call.scope, at: nil, by: call.actor) }
        return .empty
    }

    /// The workspace that a text names by id or slug; nil for none. A key of a workspace names its own alone.
    func workspace(_ named: String?, _ caller: Caller) throws(ConsoleError) -> Workspace? {
        guard let named = named ?? caller.key.workspaceID else { return nil }
        do throws(StoreError) {
            return try store.find(Workspace.self, named, in: caller.scope)
        } catch .notFound {
            throw .invalid("workspace_id", "names no workspace that this API key reaches")
        } catch {
            throw ConsoleError(error)
        }
    }
}
