import Analytics
import Books
import Bytes
import JSON
import Store
import Synchronization

/// Records as files: `/logs/exports`.
///
/// An export is a question that is kept. Nothing is written when it is started: its rows are read while its file is fetched, so that it takes no
/// room and is there at once.
enum LogExports {
    private static let bound = BodyShape(
        ["gte", "gt", "lt", "lte"].map { BodyField($0, .time, "a time") })

    private static let filters = BodyShape(
        RowFilters.times.map(\.optional) + [BodyField("created_at", .object(bound), "the times in other words")] + RowFilters.ofBody(RowFilters.choices)
    ) { body in
        if from(body) == nil { return [BodyFault("time_of_generation_min", "is missing")] }
        let isTwice = body.has("created_at") && (body.has("time_of_generation_min") || body.has("time_of_generation_max"))
        return isTwice ? [BodyFault("created_at", "says what time_of_generation_min and time_of_generation_max say; keep one")] : []
    }

    private static let members = [
        BodyField("filters", .object(filters), required: true, "which requests"),
        BodyField(
            "requested_data", .list(of: .choice(LogTable.names + LogTable.aliases.map(\.alias)), atMost: LogTable.names.count), aliases: ["requestedData"],
            "which members of a row; all without this"),
        BodyField("description", .text(atMost: ConsoleLimits.descriptionByteCount), "what it is for"),
        BodyField("format", .choice(LogExport.Format.allCases.map(\.rawValue)), "of the file: lines of JSON, unless this says `csv`"),
    ]

    private static let permission = Route.Permission.scope("logs.export")

    static let routes = [
        Route(
            .post, "/logs/exports", permission, "Makes an export of requests' records: a draft, until it is started.",
            body: BodyShape(members + [Listing.workspace, Listing.organisation])
        ) { (console, call) throws(ConsoleError) in try console.makeExport(call) },
        Route(.get, "/logs/exports", permission, "Lists exports.", query: Listing.page + [Listing.workspace, Listing.organisation]) {
            (console, call) throws(ConsoleError) in try console.listing(LogExport.self, try console.listQuery(call)) { console.answer($0) }
        },
        Route(.get, "/logs/exports/field-restrictions", permission, "Tells which members of rows exports are without.") {
            (console, _) throws(ConsoleError) in
            .object(["export_settings": .object(["deniedFields": .texts(console.file.deniedExportFields)]), "object": .text("export-field-restrictions")])
        },
        Route(.get, "/logs/exports/{id}", permission, "Reads an export, and what has become of it.") { (console, call) throws(ConsoleError) in
            console.answer(try console.found(LogExport.self, call.id, in: call.scope))
        },
        Route(
            .put, "/logs/exports/{id}", permission, "Changes a draft.",
            body: BodyShape(members.map(\.optional) + [BodyField("workspace_id", .copy, "it stays in its workspace"), Listing.organisation])
        ) { (console, call) throws(ConsoleError) in try console.changeExport(call) },
        Route(.delete, "/logs/exports/{id}", permission, "Deletes an export; links to its file no longer open.") { (console, call) throws(ConsoleError) in
            try console.delete(LogExport.self, call.id, call)
        },
        Route(.post, "/logs/exports/{id}/start", permission, "Starts an export: its file can be fetched from then on.") {
            (console, call) throws(ConsoleError) in try console.startExport(call)
        },
        Route(.post, "/logs/exports/{id}/cancel", permission, "Stops an export: its file can be fetched no longer.") {
            (console, call) throws(ConsoleError) in try console.stopExport(call)
        },
        Route(.get, "/logs/exports/{id}/download", permission, "Gives a link to the file, good for an hour, which needs no key.") {
            (console, call) throws(ConsoleError) in try console.linkToExport(call)
        },
        Route(
            .get, "/logs/exports/{id}/file", .link, "The file.",
            query: ["organisation_id", "expires", "signature"].map { BodyField($0, .text(atMost: ConsoleLimits.entryByteCount), required: true, "of the link") },
            streams: ["application/x-ndjson", "text/csv"]
        ) { (console, call) throws(ConsoleError) in try console.exportFile(call) },
    ]

    // MARK: Times

    fileprivate static func from(_ filters: Body) -> Int64? {
        let other = filters.body("created_at")
        return filters.integer("time_of_generation_min") ?? other?.integer("gte") ?? other?.integer("gt").map { $0 + 1 }
    }

    fileprivate static func to(_ filters: Body) -> Int64? {
        let other = filters.body("created_at")
        return filters.integer("time_of_generation_max") ?? other?.integer("lt") ?? other?.integer("lte").map { $0 + 1 }
    }

    /// Filters as they are kept, with times in one form, or with `times` in their place.
    fileprivate static func kept(_ filters: Body, from: DocumentNode?, to: DocumentNode?) -> DocumentNode {
        let names = ["time_of_generation_min", "time_of_generation_max"]
        let times = zip(names, [from, to]).compactMap { name, time in time.map { (name, $0) } }
        let others = filters.node.members.filter { !names.contains($0.name) && $0.name != "created_at" && !$0.value.isNull }
        return .object(times + others.map { ($0.name, $0.value) })
    }

    // MARK: Answers

    fileprivate static func answer(_ export: LogExport, denied: [String]) -> DocumentNode {
        let filters = Body(node: .stored(export.filters))
        return .object([
            "id": .text(export.id), "organisation_id": .text(export.head.organisationID), "workspace_id": .text(export.workspaceID),
            "filters": kept(filters, from: from(filters).map { .time($0) }, to: to(filters).map { .time($0) }),
            "requested_data": .texts(LogTable.fields(export.fields, denied)), "format": .text(export.format.rawValue),
            "status": .text(export.state.rawValue), "description": .text(export.description), "created_at": .time(export.head.createdAt),
            "last_updated_at": .time(export.head.updatedAt), "started_at": .time(export.startedAt), "created_by": .text(export.head.createdBy),
            "total_records": .number(export.rowCount), "object": .text("export"),
        ])
    }
}

extension Console {
    fileprivate func answer(_ export: LogExport) -> DocumentNode { LogExports.answer(export, denied: file.deniedExportFields) }

    // MARK: Making

    fileprivate func makeExport(_ call: Call) throws(ConsoleError) -> DocumentNode {
        var export = LogExport()
        export.head.organisationID = call.scope.organisationID
        export.workspaceID = try workspace(call.body.text("workspace_id"), call.caller)?.id
        try fill(&export, call)
        return total(try create(export, call))
    }

    fileprivate func changeExport(_ call: Call) throws(ConsoleError) -> DocumentNode {
        var export = try found(LogExport.self, call.id, in: call.scope)
        guard export.state == .draft else { throw .conflict("the export is no draft any more: make another") }
        let revision = export.revision
        try fill(&export, call)
        let changed = export
        return total(try update(LogExport.self, export.id, call, at: revision) { $0 = changed })
    }

    private func total(_ export: LogExport) -> DocumentNode {
        .object(["id": .text(export.id), "total": .number(export.rowCount), "object": .text("export")])
    }

    private func fill(_ export: inout LogExport, _ call: Call) throws(ConsoleError) {
        let body = call.body
        body.set("description", &export.description)
        if let format = body.text("format").flatMap({ LogExport.Format(rawValue: $0) }) { export.format = format }
        if body.has("requested_data") {
            export.fields = body.texts("requested_data").reduce(into: []) { fields, name in
                let name = LogTable.aliases.first { $0.alias == name }?.name ?? name
                if !fields.contains(name) { fields.append(name) }
            }
            if let denied = export.fields.first(where: { file.deniedExportFields.contains($0) }) {
                throw .invalid("requested_data", "has \(quoted(denied)), which exports are without: the configuration file denies it (books.export_denied_fields)")
            }
        }
        if let filters = body.body("filters") {
            let (from, to) = (LogExports.from(filters).map { DocumentNode.number($0) }, LogExports.to(filters).map { DocumentNode.number($0) })
            export.filters = LogExports.kept(filters, from: from, to: to).jsonText
        }
        export.rowCount = try rowCount(export, call)
    }

    fileprivate func startExport(_ call: Call) throws(ConsoleError) -> DocumentNode {
        var export = try found(LogExport.self, call.id, in: call.scope)
        if export.state != .success {
            export.startedAt = call.now
            let count = try rowCount(export, call)
            _ = try update(LogExport.self, export.id, call, at: export.revision) { export in
                export.state = .success
                export.startedAt = call.now
                export.rowCount = count
            }
        }
        return .object(["message": .text("the export has started: its file can be fetched"), "object": .text("export")])
    }

    fileprivate func stopExport(_ call: Call) throws(ConsoleError) -> DocumentNode {
        _ = try update(LogExport.self, call.id, call) { $0.state = .stopped }
        return .object(["message": .text("the export is stopped: its file can be fetched no longer"), "object": .text("export")])
    }

    // MARK: The question

    private func rowCount(_ export: LogExport, _ call: Call) throws(ConsoleError) -> Int64 {
        let query = try query(of: export, call)
        return Int64(try rows { (books) throws(AnalyticsError) in try books.page(query, offset: 0, count: 0).total })
    }

    /// Which rows an export has: of a draft, those there are until now.
    private func query(of export: LogExport, _ call: Call) throws(ConsoleError) -> RowQuery {
        let filters = Body(node: .stored(export.filters))
        let (from, to) = (LogExports.from(filters) ?? 0, min(LogExports.to(filters) ?? .max, export.startedAt ?? call.now))
        var query = try RowFilters.query(self, Body(node: LogExports.kept(filters, from: .number(from), to: .number(to))), call.caller)
        if let own = export.workspaceID {
            guard query.workspace == nil || query.workspace == own else { throw .invalid("filters.workspace_slug", "names another workspace than the export is of") }
            query.workspace = own
        }
        return query
    }

    // MARK: The file

    fileprivate func linkToExport(_ call: Call) throws(ConsoleError) -> DocumentNode {
        let export = try fetchable(call.id, call.scope)
        var event = AuditEvent(call.actor, "download", "log_exports", id: export.id)
        event.organisationID = export.head.organisationID
        event.workspaceID = export.workspaceID
        try ask { (store) throws(StoreError) in try store.record(event) }
        let expires = call.now / 1000 + ConsoleLimits.exportLinkSeconds
        let link = store.links.link(to: "/v1/logs/exports/\(export.id)/file", "organisation_id=\(export.head.organisationID)", expires: expires)
        return .object(["signed_url": .text(call.request.origin + link), "expires_at": .time(expires * 1000), "object": .text("export")])
    }

    private func fetchable(_ id: String, _ scope: Scope) throws(ConsoleError) -> LogExport {
        let export = try found(LogExport.self, id, in: scope)
        switch export.state {
        case .success: return export
        case .draft: throw .conflict("the export is a draft: start it with POST /logs/exports/\(export.id)/start")
        case .stopped: throw .conflict("the export was stopped: start it again with POST /logs/exports/\(export.id)/start")
        }
    }

    fileprivate func exportFile(_ call: Call) throws(ConsoleError) -> ConsoleStream {
        let export = try fetchable(call.id, call.scope)
        let query = try query(of: export, call)
        let books = try openBooks()
        let table = LogTable(fields: export.fields, denied: file.deniedExportFields, format: export.format)
        let reading = Mutex<(position: RowPosition, hasMore: Bool, hasBegun: Bool)>((RowPosition(), true, false))
        let name = "logs-\(Timestamp.text(export.startedAt ?? call.now).prefix(10))-\(export.id).\(export.format.rawValue)"
        return ConsoleStream(export.format == .csv ? .table : .lines, fileName: name) { [self] _ in
            let most = table.needsBodies ? ConsoleLimits.exportBodyRowCount : ConsoleLimits.exportRowCount
            return reading.withLock { reading in
                guard reading.hasMore else { return .end }
                // One that is stopped, or deleted, ends here for all who fetch it.
                guard (try? fetchable(export.id, call.scope)) != nil,
                    let part = try? books.next(query, &reading.position, most: most)
                else { return .failed }
                reading.hasMore = part.hasMore
                let feedback = table.needsFeedback ? try? books.feedback(of: part.records) : nil
                var bytes = reading.hasBegun ? [] : table.head
                reading.hasBegun = true
                for (index, record) in part.records.enumerated() {
                    table.append(record, feedback?[index], table.needsBodies ? keptBodies(of: record) : nil, to: &bytes)
                }
                return bytes.isEmpty ? .end : .bytes(bytes)
            }
        }
    }
}
