import Analytics
import Books
import Bytes
import JSON
import Store

/// The spans of a trace, by who called whom: `/traces`.
enum Traces {
    private static let page = [
        Listing.page[0], BodyField("page_size", .integer(1...ConsoleLimits.traceRowCount), aliases: ["pageSize", "limit"], "traces of a page"),
    ]

    static let routes = [
        Route(
            .get, "/traces", .oneOf(["logs.view", "logs.list", "logs.read"]), "Lists traces that have such requests, the latest first.",
            query: page + RowFilters.fields
        ) { (console, call) throws(ConsoleError) in try console.listTraces(call) },
        Route(.get, "/traces/{trace_id}", .oneOf(["logs.view", "logs.read"]), "A trace: its requests, their attempts and other spans, as a tree.") {
            (console, call) throws(ConsoleError) in try console.trace(call)
        },
    ]

    fileprivate static func answer(_ trace: String, _ tree: TraceTree) -> DocumentNode {
        .object(head(trace, tree) + [("spans", .list(spans(tree)))])
    }

    fileprivate static func row(_ trace: String, _ tree: TraceTree) -> DocumentNode { .object(head(trace, tree)) }

    private static func head(_ trace: String, _ tree: TraceTree) -> [(String, DocumentNode)] {
        let head: KeyValuePairs<String, DocumentNode> = [
            "trace_id": .text(trace), "start_time": time(tree.start), "end_time": time(tree.end), "duration": duration(tree.end - tree.start),
            "truncated": .flag(tree.isTruncated), "object": .text("trace"),
        ]
        return head.map { ($0.key, $0.value) } + sums(tree.whole).members.map { ($0.name, $0.value) }
    }

    /// The tree, written from below: a node is written after those below it. Deeper than is shown, spans stand beside the deepest.
    private static func spans(_ tree: TraceTree) -> [DocumentNode] {
        var order: [(number: Int, depth: Int)] = []
        var waiting = tree.roots.map { (number: $0, depth: 0) }
        // Of each span the one under which it is written.
        var places = [Int?](repeating: nil, count: tree.spans.count)
        while let next = waiting.popLast() {
            order.append(next)
            let isDeepest = next.depth + 1 >= ConsoleLimits.traceDepth
            for child in tree.spans[next.number].children {
                places[child] = isDeepest ? places[next.number] : next.number
                waiting.append((child, isDeepest ? next.depth : next.depth + 1))
            }
        }
        var written = [[(number: Int, node: DocumentNode)]](repeating: [], count: tree.spans.count)
        var roots: [(number: Int, node: DocumentNode)] = []
        for (number, _) in order.reversed() {
            let span = tree.spans[number]
            // Numbers are in the order of their start.
            let below = written[number].sorted { $0.number < $1.number }.map(\.node)
            let node = node(span).with(["children": .list(attempts(span.record) + below)])
            if let place = places[number] { written[place].append((number, node)) } else { roots.append((number, node)) }
        }
        return roots.sorted { $0.number < $1.number }.map(\.node)
    }

    private static func node(_ span: TraceSpan) -> DocumentNode {
        let record = span.record
        let isObservation = record.figures.flags.contains(.observation)
        return .object([
            "id": .text(record.identifier.description), "span_id": .text(record.span.isEmpty ? record.identifier.description : record.span),
            "parent_span_id": text(record.parentSpan), "type": .text(isObservation ? "span" : "request"), "kind": text(record.kind),
            "name": text(record.spanName.isEmpty ? record.endpoint : record.spanName), "ai_org": text(record.provider),
            "ai_model": text(record.served.isEmpty ? record.model : record.served),
            "status": record.figures.status == 0 ? .null : .number(Int(record.figures.status)), "is_error": .flag(record.isFailure),
            "error_code": text(record.error), "start_time": time(record.figures.wallNanoseconds), "duration": duration(record.figures.totalNanoseconds),
            "req_units": count(record.billedInputTokens), "res_units": count(record.billedOutputTokens),
            "cost": isObservation ? .null : record.billedCost.map { Amount.cents($0) } ?? .null, "below": sums(span.below), "object": .text("span"),
        ])
    }

    /// What was tried for a request that took more than one try.
    private static func attempts(_ record: RequestRecord) -> [DocumentNode] {
        let tries = record.tries
        guard tries.count > 1 else { return [] }
        return tries.map { attempt($0, of: record) }
    }

    private static let attemptMembers = [
        ("name", "target"), ("status", "status"), ("end", "end"), ("why", "why"), ("duration", "ms"), ("req_units", "tokens_in"), ("res_units", "tokens_out"),
    ]

    private static func attempt(_ entry: DocumentNode, of record: RequestRecord) -> DocumentNode {
        var members: [(String, DocumentNode)] = [("type", .text("attempt"))]
        for (name, own) in attemptMembers { members.append((name, entry[own] ?? .null)) }
        members.append(("start_time", start(of: entry, record)))
        members.append(("cost", number("cost_nanodollars", of: entry).map { Amount.cents($0) } ?? .null))
        members.append(("object", .text("span")))
        return .object(members)
    }

    /// Nil of a record that is older than its attempts' times.
    private static func start(of entry: DocumentNode, _ record: RequestRecord) -> DocumentNode {
        number("begun_us", of: entry).map { time(record.figures.wallNanoseconds &+ UInt64(clamping: $0) &* 1000) } ?? .null
    }

    private static func number(_ name: String, of entry: DocumentNode) -> Int64? {
        if case .number(let number)? = entry[name]?.value { number.integer } else { nil }
    }

    private static func sums(_ sums: TraceSums) -> DocumentNode {
        .object([
            "requests": .number(sums.requests), "span_count": .number(sums.spans), "errors": .number(sums.errors), "total_units": .number(sums.tokens),
            "cost": Amount.cents(sums.cost),
        ])
    }

    private static func time(_ nanoseconds: UInt64) -> DocumentNode { .time(Int64(clamping: nanoseconds / 1_000_000)) }
    /// In milliseconds.
    private static func duration(_ nanoseconds: UInt64) -> DocumentNode { AnalyticsGraphs.milliseconds(Int64(clamping: nanoseconds / 1000), 1) }
    private static func text(_ text: String) -> DocumentNode { text.isEmpty ? .null : .text(text) }
    private static func count(_ count: Int64?) -> DocumentNode { count.map { .number($0) } ?? .null }
}

extension Console {
    fileprivate func listTraces(_ call: Call) throws(ConsoleError) -> DocumentNode {
        let query = try RowFilters.query(self, call)
        let size = Int(call.query.integer("page_size") ?? Int64(ConsoleLimits.usualTraceRowCount))
        let skip = Int(call.query.integer("current_page") ?? 0) * size
        let found = try rows { (books) throws(AnalyticsError) in try books.traces(query, skip: skip, most: size) }
        return .object([
            "object": .text("list"), "has_more": .flag(found.hasMore), "data": .list(found.traces.map { Traces.row($0.id, $0.tree) }),
        ])
    }

    fileprivate func trace(_ call: Call) throws(ConsoleError) -> DocumentNode {
        let found = try rows { (books) throws(AnalyticsError) in try books.trace(call.id, workspace: call.caller.key.workspaceID) }
        guard let tree = found else { throw .notFound("there is no trace \(quoted(call.id))") }
        return Traces.answer(call.id, tree)
    }
}
