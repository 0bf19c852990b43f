import Analytics
import JSON
import Store

/// Requests over time: `/analytics/graphs`, and the summary of the cache.
enum AnalyticsGraphs {
    static let permission = Route.Permission.scope("analytics.view")

    /// A graph of sums: its summary, and what its points have beside their time.
    private struct SumsGraph: Sendable {
        let summary: @Sendable (RowSums) -> KeyValuePairs<String, DocumentNode>
        let point: @Sendable (RowSums) -> KeyValuePairs<String, DocumentNode>
        /// And of all requests from the graph's beginning to the point's end.
        var cumulative: @Sendable (RowSums) -> KeyValuePairs<String, DocumentNode> = { _ in [:] }
    }

    static func graph(_ path: String, _ what: String, _ make: @escaping @Sendable (Console, RowQuery) throws(ConsoleError) -> DocumentNode) -> Route {
        Route(.get, "/analytics/graphs/" + path, permission, what, query: RowFilters.fields) { (console, call) throws(ConsoleError) in
            try make(console, try RowFilters.query(console, call))
        }
    }

    private static func sums(_ path: String, _ what: String, _ graph: SumsGraph) -> Route {
        self.graph(path, what) { (console, query) throws(ConsoleError) in
            var whole = RowSums()
            let points = try console.points(query).map { point in
                whole = whole + point.sums
                return DocumentNode.object(["timestamp": .time(point.at)]).with(graph.point(point.sums)).with(graph.cumulative(whole))
            }
            return envelope(.object(graph.summary(whole)), points)
        }
    }

    /// As the API has it, and as the SDK's type reads it.
    static func envelope(_ summary: DocumentNode, _ points: [DocumentNode]) -> DocumentNode {
        .object(["summary": summary, "data_points": .list(points), "data": .list(points), "object": .text("analytics-graph")])
    }

    static let routes: [Route] = [
        sums(
            "requests", "How many requests there were.",
            SumsGraph(summary: { ["total": .number($0.requests)] }, point: { ["total": .number($0.requests)] })),
        sums(
            "cost", "What they cost, in cents.",
            SumsGraph(
                summary: { ["total": Amount.cents($0.cost), "avg": average($0.cost, $0.requests)] },
                point: { ["total": Amount.cents($0.cost), "avg": average($0.cost, $0.requests)] })),
        sums(
            "tokens", "How many tokens they took.",
            SumsGraph(
                summary: { ["total": .number($0.tokens), "avg": Amount.ratio($0.tokens, $0.requests)] },
                point: { ["total": .number($0.tokens), "avg": Amount.ratio($0.tokens, $0.requests)] })),
        sums("errors", "How many failed.", SumsGraph(summary: { ["total": .number($0.errors)] }, point: { ["total": .number($0.errors)] })),
        sums(
            "errors/rate", "What share failed, in percent.",
            SumsGraph(summary: { ["rate": Amount.ratio($0.errors, $0.requests, times: 100)] }, point: { ["rate": Amount.ratio($0.errors, $0.requests, times: 100)] })),
        sums(
            "cache/hit-rate", "How many were answered from the cache, and what that saved from the first point on, in cents.",
            SumsGraph(
                summary: { ["total": .number($0.hits), "rate": Amount.ratio($0.hits, $0.cacheable, times: 100)] },
                point: { ["simple_hits": .number($0.hits), "semantic_hits": .number(0), "rate": Amount.ratio($0.hits, $0.cacheable, times: 100)] },
                // Nothing is found by meaning.
                cumulative: { ["cumulative_simple_cache_savings": Amount.cents($0.saved), "cumulative_semantic_cache_savings": .number(0)] })),
        sums(
            "cache/latency", "How long answers from the cache took, in milliseconds.",
            SumsGraph(summary: { ["avg": milliseconds($0.hitMicroseconds, $0.hits)] }, point: { ["avg": milliseconds($0.hitMicroseconds, $0.hits)] })),
        graph("latency", "How long requests took, in milliseconds.") { (console, query) throws(ConsoleError) in try console.latencyGraph(query) },
        graph("users", "How many users there were.") { (console, query) throws(ConsoleError) in try console.usersGraph(query) },
        graph("users/requests", "How many requests a user made.") { (console, query) throws(ConsoleError) in try console.userRequestsGraph(query) },
        graph("errors/stacks", "How many failed with which status, over time.") { (console, query) throws(ConsoleError) in try console.errorStacksGraph(query) },
        graph("errors/status-codes", "How many failed with which status.") { (console, query) throws(ConsoleError) in try console.statusCodesGraph(query) },
        graph("requests/rescued", "How many were answered after repeats, or by another target.") { (console, query) throws(ConsoleError) in
            try console.rescuedGraph(query)
        },
        Route(.get, "/analytics/summary/cache", permission, "What the cache has come to.", query: RowFilters.fields) { (console, call) throws(ConsoleError) in
            try console.cacheSummary(try RowFilters.query(console, call))
        },
    ]

    private static func average(_ cost: Int64, _ requests: Int64) -> DocumentNode { Amount.cents(requests == 0 ? 0 : (cost + requests / 2) / requests) }

    static func milliseconds(_ microseconds: Int64, _ count: Int64) -> DocumentNode { Amount.ratio(microseconds, count * 1000) }
}

extension Console {
    /// Every point of a graph, those without a request among them.
    fileprivate func points(_ query: RowQuery) throws(ConsoleError) -> [(at: Int64, sums: RowSums)] {
        let step = GraphStep(from: query.from, to: query.to)
        let found = try rows { (books) throws(AnalyticsError) in try books.sums(query, by: step) }
        return Console.times(query, step).map { ($0, found[$0] ?? RowSums()) }
    }

    static func times(_ query: RowQuery, _ step: GraphStep) -> [Int64] {
        Array(stride(from: query.from / step.rawValue * step.rawValue, to: query.to, by: Int64.Stride(step.rawValue)))
    }

    fileprivate func latencyGraph(_ query: RowQuery) throws(ConsoleError) -> DocumentNode {
        let step = GraphStep(from: query.from, to: query.to)
        let found = try rows { (books) throws(AnalyticsError) in try books.latencies(query, by: step) }
        func members(_ histogram: LatencyHistogram) -> KeyValuePairs<String, DocumentNode> {
            [
                "avg": Amount.decimal(histogram.average / 1000), "p50": AnalyticsGraphs.milliseconds(histogram.quantile(0.5), 1),
                "p90": AnalyticsGraphs.milliseconds(histogram.quantile(0.9), 1), "p99": AnalyticsGraphs.milliseconds(histogram.quantile(0.99), 1),
            ]
        }
        let whole = found.values.reduce(LatencyHistogram()) { $0 + $1 }
        return AnalyticsGraphs.envelope(
            .object(members(whole)),
            Console.times(query, step).map { .object(["timestamp": .time($0)]).with(members(found[$0] ?? LatencyHistogram())) })
    }

    fileprivate func usersGraph(_ query: RowQuery) throws(ConsoleError) -> DocumentNode {
        let (step, found) = try userCounts(query)
        return AnalyticsGraphs.envelope(
            .object(["total": .number(Console.users(found).count)]),
            Console.times(query, step).map { .object(["timestamp": .time($0), "total": .number(found[$0]?.count ?? 0)]) })
    }

    fileprivate func userRequestsGraph(_ query: RowQuery) throws(ConsoleError) -> DocumentNode {
        let (step, found) = try userCounts(query)
        let users = Int64(Console.users(found).count)
        let total = found.values.reduce(0) { $0 + $1.values.reduce(0, +) }
        return AnalyticsGraphs.envelope(
            .object(["total": .number(total), "unique": .number(users), "avg": Amount.ratio(total, users)]),
            Console.times(query, step).map { time in
                let counts = found[time] ?? [:]
                return .object(["timestamp": .time(time), "avg": Amount.ratio(counts.values.reduce(0, +), Int64(counts.count))])
            })
    }

    private func userCounts(_ query: RowQuery) throws(ConsoleError) -> (step: GraphStep, counts: [Int64: [String: Int64]]) {
        let step = GraphStep(from: query.from, to: query.to)
        return (step, try rows { (books) throws(AnalyticsError) in try books.counts(query, by: step, and: .user) })
    }

    private static func users(_ counts: [Int64: [String: Int64]]) -> Set<String> {
        counts.values.reduce(into: []) { $0.formUnion($1.keys) }
    }

    private static func statuses(_ counts: [String: Int64], _ name: String) -> [DocumentNode] {
        counts.sorted { $0.key < $1.key }.map { .object([(name, .number(Int64($0.key) ?? 0)), ("count", .number($0.value))]) }
    }

    fileprivate func errorStacksGraph(_ query: RowQuery) throws(ConsoleError) -> DocumentNode {
        let step = GraphStep(from: query.from, to: query.to)
        let found = try rows { (books) throws(AnalyticsError) in try books.counts(query, by: step, and: .status) }
        let total = found.values.reduce(0) { $0 + $1.values.reduce(0, +) }
        return AnalyticsGraphs.envelope(
            .object(["total": .number(total)]),
            Console.times(query, step).map { .object(["timestamp": .time($0), "stats": .list(Console.statuses(found[$0] ?? [:], "response_status_code"))]) })
    }

    fileprivate func statusCodesGraph(_ query: RowQuery) throws(ConsoleError) -> DocumentNode {
        let found = try rows { (books) throws(AnalyticsError) in try books.counts(query, by: .day, and: .status) }
        let whole = found.values.reduce(into: [String: Int64]()) { whole, counts in whole.merge(counts) { $0 + $1 } }
        return AnalyticsGraphs.envelope(
            .object(["total_errors": .number(whole.values.reduce(0, +)), "unique_error_codes": .number(whole.count)]), Console.statuses(whole, "status_code"))
    }

    fileprivate func rescuedGraph(_ query: RowQuery) throws(ConsoleError) -> DocumentNode {
        let step = GraphStep(from: query.from, to: query.to)
        let retries = try rows { (books) throws(AnalyticsError) in try books.counts(query, by: step, and: .retries) }
        let points = try points(query)
        let whole = points.reduce(RowSums()) { $0 + $1.sums }
        return AnalyticsGraphs.envelope(
            .object(["retry": .number(whole.retried), "fallback": .number(whole.fallbacks)]),
            points.map { point in
                .object([
                    "timestamp": .time(point.at), "retry": .list(Console.statuses(retries[point.at] ?? [:], "retry_success_count")),
                    "fallback": .number(point.sums.fallbacks),
                ])
            })
    }

    fileprivate func cacheSummary(_ query: RowQuery) throws(ConsoleError) -> DocumentNode {
        let whole = try points(query).reduce(RowSums()) { $0 + $1.sums }
        let misses = whole.requests - whole.hits
        let missMicroseconds = whole.totalMicroseconds - whole.hitMicroseconds
        // How many times as long what was not kept took.
        let isKnown = misses > 0 && whole.hits > 0
        // A hit that was answered in one turn of the loop took no time that is known: a microsecond at least.
        let hitMicroseconds = max(Double(whole.hitMicroseconds) / Double(max(1, whole.hits)), 1)
        let speedup = isKnown ? Double(missMicroseconds) / Double(misses) / hitMicroseconds : 0
        let summary: DocumentNode = .object([
            "hits": .number(whole.hits), "avg_latency": AnalyticsGraphs.milliseconds(whole.hitMicroseconds, whole.hits), "total_requests": .number(whole.requests),
            "cache_speedup": Amount.decimal(speedup), "savings": Amount.cents(whole.saved),
        ])
        return summary.with(["summary": summary, "data": summary, "object": .text("analytics-summary")])
    }
}
