import Books
import Bytes
import JSON
import Providers

/// Requests that other programs have made without the gateway, and tell of: `POST /logs`.
///
/// Clients differ in what they send: Portkey's SDK, its callbacks for LangChain and LlamaIndex, and its exporter of spans. What is not known is passed over;
/// what was asked and answered is kept where it is of the gateway's own requests.
enum ReportedLogs {
    private static let word = BodyKind.word(atMost: BooksLimits.textByteCount)

    /// At the top of a report, or in its metadata.
    private static let spans = [
        BodyField("trace_id", word, aliases: ["traceId"], "the trace"), BodyField("span_id", word, aliases: ["spanId"], "the span"),
        BodyField("span_name", word, aliases: ["spanName"], "what the span is called"),
        BodyField("parent_span_id", word, aliases: ["parentSpanId"], "the span that it is below"),
    ]

    static let spanNames = spans.map(\.name)

    private static let request = BodyShape(
        [
            BodyField("url", .text(atMost: ConsoleLimits.reportURLByteCount), "where it went"), BodyField("method", word, "its method"),
            BodyField("provider", word, "who was asked: `openai`; otherwise told by `x-portkey-provider` of `headers`, or by the URL's host"),
            BodyField("headers", .any, "its fields"), BodyField("body", .any, "what was asked: of it `model`, `user` and `stream` are read"),
        ], isOpen: true)

    private static let response = BodyShape(
        [
            BodyField("status", .integer(100...599), "its status; 200 where this is not given"), BodyField("headers", .any, "its fields"),
            BodyField("body", .any, "what was answered: of it the usage, the model and why it ended are read"),
            BodyField("response_time", .any, aliases: ["responseTime"], "the milliseconds that it took"),
        ], isOpen: true
    ) { body in
        body.value("response_time") == nil || milliseconds(body) != nil
            ? [] : [BodyFault("response_time", "must be a number of milliseconds, of a day at most")]
    }

    static let routes = [
        Route(
            .post, "/logs", .scope("logs.write"), "Records requests that did not go through this gateway.",
            body: BodyShape(
                [
                    BodyField("request", .object(request), required: true, "what was asked"), BodyField("response", .object(response), "what was answered"),
                    BodyField("metadata", .object(BodyShape(spans, isOpen: true)), "values by names of your own"),
                ] + spans, atMost: ConsoleLimits.reportCount, byteCount: ConsoleLimits.reportByteCount, isOpen: true)
        ) { (console, call) throws(ConsoleError) in try console.recordReports(call) }
    ]

    /// A number, or one as a text, as callbacks write it.
    static func milliseconds(_ response: Body) -> Double? {
        let number: Double
        switch response.value("response_time")?.value {
        case .number(let found): number = found.double
        case .string(let text):
            guard let found = Double(text) else { return nil }
            number = found
        default: return nil
        }
        return number >= 0 && number <= ConsoleLimits.reportMilliseconds ? number : nil
    }
}

/// One request that is told of.
private struct Report {
    let report: Body
    let request: Body
    let response: Body
    let metadata: Body

    /// Names of providers, and their hosts.
    private static let providers = ProviderTable()

    init(_ report: Body) {
        self.report = report
        request = report.body("request") ?? .none
        response = report.body("response") ?? .none
        metadata = report.body("metadata") ?? .none
    }

    /// Where spans stand is the client's to choose.
    private func span(_ name: String) -> String { report.text(name) ?? metadata.text(name) ?? "" }

    /// - Parameter reports: what knows the prices.
    func record(_ caller: Caller, _ call: ConsoleRequest, _ reports: any ReportedRecords) -> RequestRecord {
        var record = RequestRecord()
        (record.trace, record.span, record.parentSpan) = (span("trace_id"), span("span_id"), span("parent_span_id"))
        record.spanName = span("span_name")
        if record.trace.isEmpty { record.figures.flags.insert(.ownTrace) }
        record.organisation = caller.key.head.organisationID
        record.workspace = caller.workspaceOfRequests
        record.key = caller.nameOfRequests
        record.keyName = caller.key.name
        record.peer = call.peer
        record.metadata = ownMetadata()
        if record.metadata.utf8.count > BooksLimits.metadataByteCount {
            record.metadata = ""
            record.figures.flags.insert(.metadataLeftOut)
        }
        noteRequest(&record)
        let milliseconds = ReportedLogs.milliseconds(response) ?? 0
        record.figures.totalNanoseconds = UInt64(milliseconds * 1_000_000)
        record.figures.wallNanoseconds = UInt64(max(0, call.nowMilliseconds)) * 1_000_000
        record.figures.wallNanoseconds -= min(record.figures.wallNanoseconds, record.figures.totalNanoseconds)
        record.figures.status = UInt16(response.integer("status") ?? 200)
        record.figures.attempts = 1
        record.figures.flags.insert(.reported)
        noteAnswer(&record, reports)
        return record
    }

    /// What of the metadata is the client's own.
    private func ownMetadata() -> String {
        // Read as its aliases, spans have their usual names here.
        let members = metadata.node.members.filter { !ReportedLogs.spanNames.contains($0.name) && $0.value.members.isEmpty && $0.value.elements.isEmpty }
        return members.isEmpty ? "" : DocumentNode.object(members.map { ($0.name, $0.value) }).jsonText
    }

    private func noteRequest(_ record: inout RequestRecord) {
        let url = ReportedURL(request.text("url") ?? "")
        record.path = url.path
        record.method = request.text("method") ?? "POST"
        let endpoint = endpoint(record)
        // What the gateway would answer itself, elsewhere is anything.
        record.endpoint = (endpoint.isOfProviders ? endpoint : .other).word.description
        record.provider = provider(url.host)
        let body = Body(node: request.value("body") ?? .null)
        record.model = body.text("model") ?? ""
        record.user = body.text("user") ?? ""
        if body.flag("stream") == true { record.figures.flags.insert(.stream) }
    }

    private func endpoint(_ record: RequestRecord) -> Endpoint {
        Array(record.method.utf8).withByteSlice { method in Array(record.path.utf8).withByteSlice { Endpoint.classify(method: method, target: $0) } }
    }

    private func provider(_ host: String) -> String {
        if let named = request.text("provider") { return named }
        if let field = ReportedBodies.values(of: "x-portkey-provider", in: request).first, !field.hasPrefix("@") { return field }
        guard !host.isEmpty else { return "" }
        for index in 0..<Report.providers.count where Report.providers[index].host.description == host { return Report.providers[index].id.description }
        return ""
    }

    /// What it took and cost, as far as its provider has said.
    private func noteAnswer(_ record: inout RequestRecord, _ reports: any ReportedRecords) {
        let body = response.value("body") ?? .null
        let table = Report.providers
        let known = Array(record.provider.utf8).withByteSlice { table.index(of: $0) }.map { table[$0].dialect }
        var reader = UsageReader(body["type"]?.string == "message" ? .anthropic : known ?? .openAI)
        if !body.members.isEmpty { body.json.withByteSlice { reader.readAnswer($0) } }
        var (served, reason) = (reader.model, reader.finishReason)
        record.served = served.withBytesInPlace { String($0) }
        record.finishReason = reason.withBytesInPlace { String($0) }
        guard let usage = reader.usage else {
            if record.isSuccess, endpoint(record).isBilled { record.figures.flags.insert(.unpriced) } else { record.figures.cost = 0 }
            return
        }
        record.figures.usage = usage
        record.figures.flags.insert(.counted)
        guard let found = reports.cost(of: usage, provider: record.provider, models: [record.served, record.model].filter { !$0.isEmpty }) else {
            record.figures.flags.insert(.unpriced)
            return
        }
        (record.figures.cost, record.priceBook) = (found.nanodollars, found.priceBook)
        if found.leavesSearchesOut { record.figures.flags.insert(.searchesUnpriced) }
    }
}

extension Console {
    fileprivate func recordReports(_ call: Call) throws(ConsoleError) -> DocumentNode {
        guard let reports else { throw .noRecords }
        let keepsBodies = !call.request.isFiguresAlone && reports.keepsBodies(ofWorkspace: call.caller.workspaceOfRequests)
        let told = call.body.node.elements.map { node in
            let report = Report(Body(node: node))
            return ToldRequest(report.record(call.caller, call.request, reports), keepsBodies ? ReportedBodies(report.report).kept : nil)
        }
        guard let ids = reports.record(told, nowMilliseconds: call.now) else {
            throw .unavailable("the books' disk is behind, and nothing of this was recorded; try again")
        }
        return .object(["status": .text("success"), "message": .text("ok"), "log_ids": .texts(ids)])
    }
}
