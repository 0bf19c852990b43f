import Analytics
import Books
import JSON
import Store

/// What people think of answers: `/feedback`.
enum TraceFeedback {
    private static let fields = [
        BodyField("value", .integer(-10...10), required: true, "how good the answer was"),
        BodyField("weight", .decimal(0...1), "how much it counts beside other feedback of the trace: 1, unless this is given"),
        BodyField("metadata", .anyObject, "texts by names of your own; numbers and truth values are kept as texts"),
    ]
    private static let trace = BodyField(
        "trace_id", .text(atMost: ConsoleLimits.entryByteCount), required: true, "the trace: `x-portkey-trace-id` of the request, or of its answer")

    static let routes = [
        Route(
            .post, "/feedback", .scope("logs.write"), "Says how good the answers of a trace were.",
            body: BodyShape([trace] + fields, atMost: ConsoleLimits.feedbackCount) { faults($0) }
        ) { (console, call) throws(ConsoleError) in try console.giveFeedback(call) },
        Route(.put, "/feedback/{id}", .scope("logs.write"), "Changes feedback.", body: BodyShape(fields) { faults($0) }) {
            (console, call) throws(ConsoleError) in try console.changeFeedback(call)
        },
    ]

    // MARK: Reading

    private static func faults(_ body: Body) -> [BodyFault] {
        var faults: [BodyFault] = []
        if body.text("trace_id")?.isEmpty == true { faults.append(BodyFault("trace_id", "is empty; it is the x-portkey-trace-id of an answer")) }
        let members = body.value("metadata")?.members ?? []
        if members.count > ConsoleLimits.metadataCount {
            faults.append(BodyFault("metadata", "has \(members.count) pairs; at most \(ConsoleLimits.metadataCount) are taken"))
        }
        for member in members {
            if member.name.utf8.count > ConsoleLimits.metadataByteCount {
                faults.append(BodyFault("metadata", "has a name of more than \(ConsoleLimits.metadataByteCount) bytes"))
            }
            switch member.value.value {
            case .array, .object: faults.append(BodyFault("metadata." + BodyReader.shown(member.name), "must be a text, a number, true or false"))
            case .null, .boolean, .number, .string: break
            }
        }
        let byteCount = metadata(body)?.utf8.count ?? 0
        if byteCount > BooksLimits.metadataByteCount {
            faults.append(BodyFault("metadata", "has \(byteCount) bytes of JSON; at most \(BooksLimits.metadataByteCount) are taken"))
        }
        return faults
    }

    /// As JSON, its values cut as those of requests are; nil where there is none.
    fileprivate static func metadata(_ body: Body) -> String? {
        guard let members = body.value("metadata")?.members else { return nil }
        let pairs = members.compactMap { member -> (String, DocumentNode)? in
            switch member.value.value {
            case .string(let text): (member.name, .text(String(text.prefix(BooksLimits.metadataValueCount))))
            case .number(let number): (member.name, .text(number.text))
            case .boolean(let flag): (member.name, .text(flag ? "true" : "false"))
            case .null, .array, .object: nil
            }
        }
        return DocumentNode.object(pairs).jsonText
    }

    /// In billionths; nil where there is none.
    fileprivate static func weight(_ body: Body) -> Int64? {
        body.number("weight").map { Int64(($0.double * Double(Feedback.fullWeight)).rounded()) }
    }

    // MARK: Answers

    fileprivate static func answer(_ done: String, _ ids: [String]) -> DocumentNode {
        .object(["status": .text("success"), "message": .text("Feedback successfully \(done)"), "feedback_ids": .texts(ids)])
    }

    /// As a log has it.
    static func row(_ feedback: Feedback) -> DocumentNode {
        .object([
            "id": .text(feedback.id), "trace_id": .text(feedback.trace), "value": .number(feedback.value),
            "weight": Amount.ratio(feedback.weight, Feedback.fullWeight), "metadata": .stored(feedback.metadata), "api_key_id": .text(feedback.key),
            "created_at": .time(feedback.givenAt), "last_updated_at": .time(feedback.changedAt), "object": .text("feedback"),
        ])
    }

    /// A weighted average; nothing where nothing counts.
    static func average(_ sums: FeedbackSums?) -> DocumentNode { sums?.average.map { Amount.decimal($0) } ?? .null }
}

extension Console {
    fileprivate func giveFeedback(_ call: Call) throws(ConsoleError) -> DocumentNode {
        let feedback = call.body.node.elements.map { node in
            let body = Body(node: node)
            return Feedback(
                workspace: call.caller.workspaceOfRequests, trace: body.text("trace_id") ?? "", key: call.caller.nameOfRequests,
                value: body.integer("value") ?? 0, weight: TraceFeedback.weight(body) ?? Feedback.fullWeight,
                metadata: TraceFeedback.metadata(body) ?? "{}", givenAt: call.now)
        }
        return TraceFeedback.answer("saved", try keeping { (books) throws(AnalyticsError) in try books.give(feedback) })
    }

    fileprivate func changeFeedback(_ call: Call) throws(ConsoleError) -> DocumentNode {
        let body = call.body
        // Null takes away what was said.
        let change = FeedbackChange(
            value: body.integer("value") ?? 0, weight: body.has("weight") ? TraceFeedback.weight(body) ?? Feedback.fullWeight : nil,
            metadata: body.has("metadata") ? TraceFeedback.metadata(body) ?? "{}" : nil, at: call.now)
        let isThere = try keeping { (books) throws(AnalyticsError) in
            try books.change(feedback: call.id, workspace: call.caller.workspaceOfRequests, change)
        }
        guard isThere else { throw .notFound("there is no feedback \(quoted(call.id)) of this API key's workspace; nothing was changed") }
        return TraceFeedback.answer("updated", [call.id])
    }

    private func keeping<Result>(_ body: (DayBooks) throws(AnalyticsError) -> Result) throws(ConsoleError) -> Result {
        let books = try openBooks()
        do throws(AnalyticsError) {
            return try body(books)
        } catch {
            // Why is told to operators, in the log.
            throw .unavailable("feedback cannot be kept now, and nothing of this was; try again")
        }
    }
}
