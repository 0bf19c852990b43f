import JSON

/// One thing the console does: how it is asked for, who may, what it reads, and who does it.
struct Route: Sendable {
    enum Method: String, Sendable, CaseIterable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case delete = "DELETE"
    }

    enum Permission: Sendable, Equatable {
        /// Whoever has a key.
        case anyKey
        case scope(String)
        /// One of these, by what the object is; which one is for the handler to see.
        case oneOf([String])
        /// Whoever has a signed link: no key is asked for.
        case link

        var scopes: [String] {
            switch self {
            case .anyKey, .link: []
            case .scope(let scope): [scope]
            case .oneOf(let scopes): scopes
            }
        }
    }

    typealias Handler = @Sendable (Console, Call) throws(ConsoleError) -> DocumentNode

    /// Who does it: what is answered is one thing, or is given part by part.
    enum Handling: Sendable {
        case answer(Handler)
        case stream(@Sendable (Console, Call) throws(ConsoleError) -> ConsoleStream)
        /// Reads the body as it is, and answers of the body's type.
        case bytes(@Sendable (Console, Call) throws(ConsoleError) -> ConsoleAnswer)
    }

    let method: Method
    /// Below `/v1`: `/api-keys/{id}/rotate`.
    let pattern: String
    let permission: Permission
    let summary: String
    let query: [BodyField]
    /// Nil where nothing is read.
    let body: BodyShape?
    /// Whether the answer is a bare list, but for Portkey's SDK, which cannot read one.
    let answersList: Bool
    let handling: Handling
    /// What the answer is, where it is not JSON alone; of bytes the body is, too.
    let contentTypes: [String]
    /// Segments of the pattern; nil for one that is a parameter.
    let segments: [String?]

    init(
        _ method: Method, _ pattern: String, _ permission: Permission, _ summary: String, query: [BodyField] = [], body: BodyShape? = nil,
        answersList: Bool = false, _ handle: @escaping Handler
    ) {
        self.init(method, pattern, permission, summary, query: query, body: body, answersList: answersList, handling: .answer(handle))
    }

    /// A route whose answer is a stream of these content types.
    init(
        _ method: Method, _ pattern: String, _ permission: Permission, _ summary: String, query: [BodyField], streams contentTypes: [String],
        _ handle: @escaping @Sendable (Console, Call) throws(ConsoleError) -> ConsoleStream
    ) {
        self.init(method, pattern, permission, summary, query: query, handling: .stream(handle), contentTypes: contentTypes)
    }

    /// A route whose body and answer are both of one of these content types.
    init(
        _ method: Method, _ pattern: String, _ permission: Permission, _ summary: String, takes contentTypes: [String],
        _ handle: @escaping @Sendable (Console, Call) throws(ConsoleError) -> ConsoleAnswer
    ) {
        self.init(method, pattern, permission, summary, query: [], handling: .bytes(handle), contentTypes: contentTypes)
    }

    private init(
        _ method: Method, _ pattern: String, _ permission: Permission, _ summary: String, query: [BodyField], body: BodyShape? = nil,
        answersList: Bool = false, handling: Handling, contentTypes: [String] = []
    ) {
        self.method = method
        self.pattern = pattern
        self.permission = permission
        self.summary = summary
        self.query = query
        self.body = body
        self.answersList = answersList
        self.handling = handling
        self.contentTypes = contentTypes
        segments = pattern.split(separator: "/").map { $0.hasPrefix("{") ? nil : String($0) }
    }

    /// Whether its body is JSON with members that are known.
    var readsBody: Bool {
        if case .bytes = handling { return false }
        return method != .get
    }

    /// The names of the pattern's parameters.
    var parameters: [String] {
        pattern.split(separator: "/").filter { $0.hasPrefix("{") }.map { String($0.dropFirst().dropLast()) }
    }

    /// The parameters' values, when the path is this route's.
    func match(_ path: [String]) -> [String]? {
        guard path.count == segments.count else { return nil }
        var values: [String] = []
        for (found, wanted) in zip(path, segments) {
            if let wanted {
                guard wanted == found else { return nil }
            } else {
                values.append(found)
            }
        }
        return values
    }
}

/// All that the console does.
struct RouteTable: Sendable {
    static let all: [Route] =
        APIKeys.routes + VirtualKeys.routes + ProviderSlots.routes + Integrations.routes + IntegrationWorkspaces.routes + Configs.routes
        + Guardrails.routes + PromptPartials.routes + Prompts.routes + Labels.routes + Collections.routes
        + Workspaces.routes + Members.routes + Users.routes + Policies.routes + AuditLogs.routes
        + Logs.routes + Traces.routes + LogTail.routes + LogExports.routes + ReportedLogs.routes + Telemetry.routes
        + AnalyticsGraphs.routes + FeedbackGraphs.routes + AnalyticsGroups.routes + TraceFeedback.routes
        + [Description.route]

    enum Found {
        case route(Route, parameters: [String])
        /// The path takes other methods.
        case otherMethods([Route.Method])
        case nothing
    }

    /// A segment that is written out goes before a parameter.
    static func find(_ method: String, _ path: [String]) -> Found {
        var matches: [(route: Route, parameters: [String])] = []
        for route in all {
            guard let parameters = route.match(path) else { continue }
            if let best = matches.first, parameters.count > best.parameters.count { continue }
            if let best = matches.first, parameters.count < best.parameters.count { matches = [] }
            matches.append((route, parameters))
        }
        if let match = matches.first(where: { $0.route.method.rawValue == method }) { return .route(match.route, parameters: match.parameters) }
        return matches.isEmpty ? .nothing : .otherMethods(matches.map(\.route.method))
    }
}
