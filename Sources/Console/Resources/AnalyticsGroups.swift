import Analytics
import JSON
import Store

/// Requests by who, what and where: `/analytics/groups`.
enum AnalyticsGroups {
    /// What the requests of a group come to.
    fileprivate struct Group {
        let sums: RowSums
        /// Nil where nobody asks, or can tell.
        let feedback: GroupFeedback?
    }

    /// A member of a group's row that may be asked for and sorted by.
    fileprivate enum Column: String, CaseIterable {
        case requests, cost
        case avgTokens = "avg_tokens"
        case tokens
        case avgLatency = "avg_latency"
        case errors
        case lastSeen = "last_seen"
        case weightedFeedback = "avg_weighted_feedback"
        case requestsWithFeedback = "requests_with_feedback"

        var isOfFeedback: Bool { self == .weightedFeedback || self == .requestsWithFeedback }

        func value(_ group: Group) -> DocumentNode {
            let sums = group.sums
            return switch self {
            case .requests: .number(sums.requests)
            case .cost: Amount.cents(sums.cost)
            case .avgTokens: Amount.ratio(sums.tokens, sums.requests)
            case .tokens: .number(sums.tokens)
            case .avgLatency: AnalyticsGraphs.milliseconds(sums.totalMicroseconds, sums.requests)
            case .errors: .number(sums.errors)
            case .lastSeen: .time(sums.lastSeen)
            case .weightedFeedback: TraceFeedback.average(group.feedback?.sums)
            case .requestsWithFeedback: group.feedback.map { .number($0.requests) } ?? .null
            }
        }

        /// What it is sorted by.
        func order(_ group: Group) -> Double {
            let sums = group.sums
            return switch self {
            case .requests: Double(sums.requests)
            case .cost: Double(sums.cost)
            case .avgTokens: sums.requests == 0 ? 0 : Double(sums.tokens) / Double(sums.requests)
            case .tokens: Double(sums.tokens)
            case .avgLatency: sums.requests == 0 ? 0 : Double(sums.totalMicroseconds) / Double(sums.requests)
            case .errors: Double(sums.errors)
            case .lastSeen: Double(sums.lastSeen)
            // What nobody has judged is below what somebody has.
            case .weightedFeedback: group.feedback?.sums.average ?? -.infinity
            case .requestsWithFeedback: Double(group.feedback?.requests ?? 0)
            }
        }
    }

    private static let fields =
        Listing.page + [
            BodyField("columns", .text(atMost: ConsoleLimits.entryByteCount), "members of the rows, with commas between: \(names)"),
            BodyField("include_total", .flag, "whether `total` is counted; it is in any case"),
            BodyField("order_by", .choice(Column.allCases.map(\.rawValue)), "what the rows are sorted by: `requests`, unless this is given"),
            BodyField("order_by_type", .choice(["asc", "desc"]), "the least or the most first: `desc`, unless this is given"),
        ] + RowFilters.fields

    private static let names = Column.allCases.map(\.rawValue).joined(separator: ", ")

    /// The paths, what they group by, and what a group is called in its row.
    private static let kinds: [(path: String, name: String, group: RowGroup, what: String)] = [
        ("users", "user", .user, "By users."), ("ai-models", "ai_model", .model, "By models."), ("model", "model", .model, "By models."),
        ("workspaces", "workspace", .workspace, "By workspaces."), ("workspace", "workspace", .workspace, "By workspaces."),
        ("ai_service", "ai_service", .provider, "By providers."), ("provider", "provider", .virtualKey, "By virtual keys."),
        ("status_code", "status_code", .status, "By statuses."), ("api_key", "api_key", .key, "By API keys."), ("config", "config", .config, "By configs."),
        ("prompt", "prompt", .prompt, "By prompts, by slug."), ("prompt_version", "prompt_version", .promptVersion, "By versions of prompts, as `slug@12`."),
    ]

    static let routes: [Route] =
        kinds.map { kind in
            Route(.get, "/analytics/groups/" + kind.path, AnalyticsGraphs.permission, kind.what, query: fields) { (console, call) throws(ConsoleError) in
                try console.group(call, by: kind.group, called: kind.name)
            }
        } + [
            Route(.get, "/analytics/groups/metadata/{key}", AnalyticsGraphs.permission, "By values of one member of the metadata.", query: fields) {
                (console, call) throws(ConsoleError) in try console.group(call, by: .metadata(call.id), called: "metadata_value")
            }
        ]

    /// What groups are sorted by.
    fileprivate static func order(_ call: Call) -> Column { call.query.text("order_by").flatMap { Column(rawValue: $0) } ?? .requests }

    fileprivate static func list(_ groups: [String: Group], _ columns: [Column], _ call: Call, called name: String) -> DocumentNode {
        let order = order(call)
        let isAscending = call.query.text("order_by_type") == "asc"
        // Requests that have none are no group.
        let sorted = groups.filter { !$0.key.isEmpty }.sorted { left, right in
            let (first, second) = (order.order(left.value), order.order(right.value))
            return first == second ? left.key < right.key : isAscending ? first < second : first > second
        }
        let size = Int(call.query.integer("page_size") ?? ConsoleLimits.usualPageRowCount)
        let page = sorted.dropFirst(Int(call.query.integer("current_page") ?? 0) * size).prefix(size)
        return Listing.of(
            page.map { key, group in
                let value: DocumentNode = name == "status_code" ? .number(Int64(key) ?? 0) : .text(key)
                return .object([(name, value)] + columns.map { ($0.rawValue, $0.value(group)) } + [("object", .text("analytics-group"))])
            }, total: sorted.count)
    }

    fileprivate static func columns(_ call: Call) throws(ConsoleError) -> [Column] {
        guard let text = call.query.text("columns") else { return Column.allCases }
        var columns: [Column] = []
        for name in text.split(separator: ",") {
            guard let column = Column(rawValue: name.filter { $0 != " " }) else { throw .invalid("columns", "has \(quoted(String(name))); there are \(names)") }
            if !columns.contains(column) { columns.append(column) }
        }
        return columns
    }
}

extension Console {
    fileprivate func group(_ call: Call, by group: RowGroup, called name: String) throws(ConsoleError) -> DocumentNode {
        let query = try RowFilters.query(self, call)
        let columns = try AnalyticsGroups.columns(call)
        let sums = try rows { (books) throws(AnalyticsError) in try books.groups(query, by: group) }
        let feedback = try feedback(query, by: group, columns, call)
        let groups = sums.reduce(into: [String: AnalyticsGroups.Group]()) { groups, entry in
            groups[entry.key] = AnalyticsGroups.Group(sums: entry.value, feedback: feedback.map { $0[entry.key] ?? GroupFeedback() })
        }
        return AnalyticsGroups.list(groups, columns, call, called: name)
    }

    /// The feedback on groups; nil where it is not asked for. Where it is shown unasked, groups without it are better than none.
    private func feedback(
        _ query: RowQuery, by group: RowGroup, _ columns: [AnalyticsGroups.Column], _ call: Call
    ) throws(ConsoleError) -> [String: GroupFeedback]? {
        let order = AnalyticsGroups.order(call)
        guard columns.contains(where: \.isOfFeedback) || order.isOfFeedback else { return nil }
        if call.query.text("columns") == nil, !order.isOfFeedback { return try? books?.feedback(query, by: group) }
        return try rows { (books) throws(AnalyticsError) in try books.feedback(query, by: group) }
    }
}
