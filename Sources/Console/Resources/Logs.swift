import Analytics
import Books
import JSON
import Store

/// Records of requests: `/logs`.
enum Logs {
    static let routes = [
        Route(
            .get, "/logs", .oneOf(["logs.list", "logs.view", "logs.read"]),
            "Lists requests, the latest first: whose they are, what they took and cost, how they went.", query: Listing.page + RowFilters.fields
        ) { (console, call) throws(ConsoleError) in try console.listLogs(call) },
        Route(.get, "/logs/{id}", .oneOf(["logs.view", "logs.read"]), "One request's record, or an observation's.") { (console, call) throws(ConsoleError) in
            try console.log(call)
        },
    ]

    /// A row of the list: what Portkey's tables have, under their names.
    ///
    /// - Parameter feedback: on its trace; nil where that is not known.
    static func row(_ record: RequestRecord, _ feedback: FeedbackSums? = nil) -> DocumentNode {
        let figures = record.figures
        return .object([
            "id": .text(record.identifier.description), "trace_id": .text(record.trace), "span_id": text(record.span), "parent_span_id": text(record.parentSpan),
            "span_name": text(record.spanName), "created_at": .time(Int64(clamping: figures.wallNanoseconds / 1_000_000)), "is_success": .flag(record.isSuccess),
            "ai_org": text(record.provider), "ai_model": text(record.served.isEmpty ? record.model : record.served), "requested_model": text(record.model),
            "req_units": count(record.billedInputTokens), "res_units": count(record.billedOutputTokens),
            "total_units": count(record.billedInputTokens.map { $0 + (record.billedOutputTokens ?? 0) }),
            "cost": record.billedCost.map { Amount.cents($0) } ?? .null, "cost_currency": .text("USD"), "request_url": .text(record.path),
            "request_method": .text(record.method), "response_status_code": .number(Int(figures.status)),
            "response_time": .number(Int64(clamping: figures.totalNanoseconds / 1_000_000)),
            "queue_us": waits(figures.queueNanoseconds, figures), "connect_us": waits(figures.connectNanoseconds, figures),
            "upstream_response_time": count(record.providerMicroseconds.map { $0 / 1000 }), "cache_status": .text(figures.cache.text.description),
            // Answers are found by exactly what was asked.
            "cache_type": text(figures.cache == .hit ? "simple" : ""), "mode": text(record.mode?.text.description ?? ""),
            "stream_mode": .flag(figures.flags.contains(.stream)), "is_estimated": .flag(figures.flags.contains(.estimated)),
            "is_reported": .flag(figures.flags.contains(.reported)),
            "virtual_key": text(record.virtualKey), "config": text(record.config), "api_key_id": text(record.key), "workspace_id": text(record.workspace),
            "prompt_slug": text(record.prompt), "prompt_id": text(record.promptID),
            "prompt_version": count(record.figures.promptVersion == 0 ? nil : Int64(record.figures.promptVersion)),
            "config_version": count(record.figures.configVersion == 0 ? nil : Int64(record.figures.configVersion)),
            "config_digest": text(record.configDigest), "service_tier": text(record.serviceTier), "finish_reason": text(record.finishReason),
            "organisation_id": text(record.organisation), "_user": text(record.metadataPairs.first { $0.key == "_user" }?.value ?? ""),
            "metadata": .object(record.metadataPairs.map { ($0.key, .text($0.value)) }), "error_code": text(record.error),
            "source": text(record.library?.name ?? ""), "sdk_version": text(record.library?.version ?? ""), "gateway_version": text(record.gatewayVersion),
            "weighted_feedback": TraceFeedback.average(feedback), "total_feedbacks": count(feedback?.count), "object": .text("log"),
        ]).with(details(record))
    }

    /// Whose it is, what it took and cost in detail, and how it went, under the names that records have for it.
    static func details(_ record: RequestRecord) -> KeyValuePairs<String, DocumentNode> {
        let figures = record.figures
        let (flags, usage) = (figures.flags, figures.usage)
        func tokens(_ number: Int64) -> DocumentNode { count(flags.contains(.counted) ? number : nil) }
        func microseconds(_ nanoseconds: UInt64) -> DocumentNode { count(nanoseconds == 0 ? nil : Int64(clamping: nanoseconds / 1000)) }
        // Nobody has told how long the messages of a request were that went elsewhere.
        func bytes(_ byteCount: UInt64) -> DocumentNode { count(flags.contains(.reported) ? nil : Int64(clamping: byteCount)) }
        let perToken = record.nanosecondsPerToken.map { Int64(clamping: $0 / 1000) }
        let limits = record.limits.split(separator: "\n").map { String($0) }
        let verdicts: DocumentNode = record.guardrails.isEmpty ? .null : .stored(record.guardrails)
        return [
            "tokens_cached": tokens(usage.cachedRead), "tokens_cache_write_5m": tokens(usage.cacheWrite5m), "tokens_cache_write_1h": tokens(usage.cacheWrite1h),
            "tokens_audio_in": tokens(usage.audioInput), "tokens_audio_cached": tokens(usage.audioCached), "tokens_image_in": tokens(usage.imageInput),
            "tokens_image_cached": tokens(usage.imageCached), "tokens_reasoning": tokens(usage.reasoning), "tokens_audio_out": tokens(usage.audioOutput),
            "tokens_image_out": tokens(usage.imageOutput), "web_searches": tokens(usage.webSearches),
            "lost_tokens_in": .number(figures.lostInputTokens), "lost_tokens_out": .number(figures.lostOutputTokens),
            "lost_cost_usd": figures.hasLost ? dollars(figures.lostCost) : .number(0), "lost_estimated": .flag(flags.contains(.lostEstimated)),
            "saved_usd": dollars(figures.saved), "saved_tokens_in": count(figures.savedInputTokens < 0 ? nil : figures.savedInputTokens),
            "saved_tokens_out": count(figures.savedOutputTokens < 0 ? nil : figures.savedOutputTokens),
            "price_book": text(record.priceBook), "unpriced": .flag(flags.contains(.unpriced)), "searches_unpriced": .flag(flags.contains(.searchesUnpriced)),
            "target": text(record.target), "attempts": .number(Int(figures.attempts)), "hedged": .flag(flags.contains(.hedged)),
            "aborted": .flag(flags.contains(.aborted)), "blame": text(record.blame.text.description),
            "first_token_us": microseconds(figures.firstTokenNanoseconds), "gateway_us": waits(figures.gatewayNanoseconds, figures),
            "peer": text(record.peer), "agent": text(record.agent), "key": text(record.keyName), "certificate": text(record.certificate),
            "bytes_in": bytes(figures.receivedByteCount), "bytes_out": bytes(figures.sentByteCount), "first_byte_us": microseconds(figures.firstByteNanoseconds),
            "token_us": count(perToken), "limits": limits.isEmpty ? .null : .texts(limits), "guardrails": verdicts,
        ]
    }

    /// What was asked, with its fields and its body where they are kept.
    static func request(_ record: RequestRecord, _ kept: KeptBodies? = nil) -> DocumentNode {
        let message = kept?.request
        var members: [(String, DocumentNode)] = [
            ("url", .text(message?.target ?? record.path)), ("method", .text(record.method)),
            ("headers", message.map { KeptBodyAnswer.fields($0, arePortkeys: false) } ?? .null),
            ("portkeyHeaders", message.map { KeptBodyAnswer.fields($0, arePortkeys: true) } ?? .null),
        ]
        members += KeptBodyAnswer.body(message, isCut: kept?.flags.contains(.requestCut) ?? false)
        if kept?.flags.contains(.passedOn) == true { members.append(("body_passed_on", .flag(true))) }
        return .object(members)
    }

    /// What was sent to the provider, by the last attempt; nil where it is not kept.
    static func sent(_ kept: KeptBodies?) -> DocumentNode {
        guard let kept, let message = kept.sent else { return .null }
        return .object(
            [("url", .text(message.target)), ("method", .text(message.method)), ("headers", KeptBodyAnswer.fields(message))]
                + KeptBodyAnswer.body(message, isCut: kept.flags.contains(.sentCut)))
    }

    static func response(_ record: RequestRecord, _ kept: KeptBodies? = nil) -> DocumentNode {
        let message = kept?.answer
        var members: [(String, DocumentNode)] = [
            ("status", .number(Int(record.figures.status))), ("headers", message.map { KeptBodyAnswer.fields($0) } ?? .null),
            ("responseTime", .number(Int64(clamping: record.figures.totalNanoseconds / 1_000_000))), ("lastUsedOptionJsonPath", text(record.target)),
        ]
        members += KeptBodyAnswer.body(message, isCut: kept?.flags.contains(.answerCut) ?? false)
        if kept?.flags.contains(.assembled) == true { members.append(("body_assembled", .flag(true))) }
        return .object(members)
    }

    /// What is empty is not known.
    private static func text(_ text: String) -> DocumentNode { text.isEmpty ? .null : .text(text) }
    private static func count(_ count: Int64?) -> DocumentNode { count.map { .number($0) } ?? .null }

    /// Nano-dollars as dollars, exact; less than none are not known.
    private static func dollars(_ nanodollars: Int64) -> DocumentNode {
        nanodollars < 0 ? .null : DocumentNode(.number(DocumentNumber(text: RecordMoney.dollars(nanodollars))), at: .start)
    }

    /// Microseconds; nobody has told of those of a request that went elsewhere.
    private static func waits(_ nanoseconds: UInt64, _ figures: RecordFigures) -> DocumentNode {
        count(figures.flags.contains(.reported) ? nil : Int64(clamping: nanoseconds / 1000))
    }
}

extension Console {
    fileprivate func listLogs(_ call: Call) throws(ConsoleError) -> DocumentNode {
        let query = try RowFilters.query(self, call)
        let size = Int(call.query.integer("page_size") ?? ConsoleLimits.usualPageRowCount)
        let offset = Int(call.query.integer("current_page") ?? 0) * size
        let page = try rows { (books) throws(AnalyticsError) in try books.page(query, offset: offset, count: size) }
        // A log without its feedback is better than none.
        let feedback = try? books?.feedback(of: page.records)
        let rows = page.records.enumerated().map { Logs.row($1, feedback?[$0]) }
        return Listing.of(rows, total: page.total)
    }

    fileprivate func log(_ call: Call) throws(ConsoleError) -> DocumentNode {
        let found = try rows { (books) throws(AnalyticsError) in try books.record(call.id, workspace: call.caller.key.workspaceID) }
        guard let record = found else { throw .notFound("there is no log \(quoted(call.id))") }
        let row = Logs.row(record, (try? books?.feedback(of: [record]))?.first)
        // A log without its bodies is better than none.
        let kept = keptBodies(of: record)
        let feedback = (try? books?.feedback(on: record)).map { DocumentNode.list($0.map { TraceFeedback.row($0) }) } ?? .null
        return .object([
            "success": .flag(true), "_id": .text(record.identifier.description), "id": .text(record.identifier.description),
            "organisation_id": row["organisation_id"] ?? .null, "workspace_id": row["workspace_id"] ?? .null, "created_at": row["created_at"] ?? .null,
            "request": Logs.request(record, kept), "transformedRequest": Logs.sent(kept), "response": Logs.response(record, kept),
            "bodies_incomplete": .flag(kept?.flags.contains(.incomplete) ?? false),
            "metrics": row, "feedback": feedback, "record": record.document, "object": .text("log"),
        ])
    }
}

extension Console {
    /// Nil where nothing is kept, or what is cannot be read.
    func keptBodies(of record: RequestRecord) -> KeptBodies? { (try? bodies?.bodies(of: record)) ?? nil }
}
