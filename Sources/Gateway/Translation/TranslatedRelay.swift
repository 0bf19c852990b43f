import Bytes
import HTTP
import Providers

/// The relay of an answer that is said again in the client's dialect; see `TranslatedAnswer`.
extension Exchange {
    /// How the request is said to `destination`; nil when it goes as it is.
    func translation(to destination: Destination) -> Translation? {
        let model = plan.flatMap { vertexModel($0, at: destination) }
        guard readsBody, case .translated(let translation) = destination.passage(of: endpoint, spoken: dialect, model) else { return nil }
        return translation
    }

    /// How the answer with the head just read is said again; nil when it is passed on as it is, as redirects are.
    func translationMode(_ head: ByteSlice) -> TranslatedAnswer.Mode? {
        switch worker.answerHead.status {
        case 200...299: return answerHasBody && saysStream(head, attempt.translation?.provider) ? .stream : .whole
        case 400...: return .error
        default: return nil
        }
    }

    /// Whether a body follows the head just read: none does after 204 and 304, nor when the client asked with HEAD.
    var answerHasBody: Bool {
        if case .none = worker.answerHead.framing { return false }
        return true
    }

    /// Whether the head announces a stream, in the framing of the provider's dialect.
    func saysStream(_ head: ByteSlice, _ provider: Dialect?) -> Bool {
        provider == .bedrock ? worker.answerHead.fields.sayAmazonEventStream(in: head) : worker.answerHead.fields.sayEventStream(in: head)
    }

    /// Takes the upstream's head; a stream's leaves with its first events, a whole answer's waits for the rest.
    func beginTranslated(
        _ block: consuming Block, _ head: Range<Int>, count: Int, _ translation: Translation, _ mode: TranslatedAnswer.Mode,
        _ upstream: UpstreamCall, _ client: Client
    ) throws(Rejection) -> Step? {
        guard let plan else { throw Rejection(.internalFault) }
        if mode == .stream, !attempt.wantsStream {
            let surprise = Rejection(.upstreamUnreadable, "the provider answered with a stream that nobody asked for")
            return try attemptFailed(.unreachable, surprise, client)
        }
        let head = block.slice(head)
        beginTranslated(mode, translation, head, plan)
        let event = mode == .stream ? resultsEvent() : []
        if mode == .stream {
            markFailedChecks()
            beginFill(plan, isStream: true) { writeOwnFields(head, to: &$0) }
        }
        var writer = ByteWriter(worker.headScratch, capacity: GatewayLimits.answerHeadByteCount)
        if mode == .stream { writeTranslatedHead(head, plan, to: &writer) } else { writeOwnFields(head, to: &writer) }
        guard !writer.overflowed else { throw Rejection(.upstreamMalformed, "the provider's header fields are too long to pass on") }
        guard let own = worker.blocks.lease(atLeast: writer.count) else { throw Rejection(.overloaded) }
        var place = ByteWriter(own.base, capacity: own.capacity)
        place.append(writer.written)
        if mode == .stream {
            worker.runs.append(place.written)
            worker.runs.blocks.add(own)
            try appendEvent(event)
            commitTranslated(upstream, client)
        } else {
            answer.translated.keepHead(own, count: place.count)
        }
        return try passTranslated(block, head.base - block.slice(0..<0).base + head.count..<count, upstream, client)
    }

    /// Takes the upstream's head for an answer that is passed on as it is once it is whole: its checks are made of it then, and
    /// their results are its last member.
    func beginHeld(
        _ block: consuming Block, _ head: Range<Int>, count: Int, _ upstream: UpstreamCall, _ client: Client
    ) throws(Rejection) -> Step? {
        guard let plan else { throw Rejection(.internalFault) }
        let fields = block.slice(head)
        beginTranslated(.held, Translation(.chat, from: dialect, to: dialect), fields, plan)
        guard let own = worker.blocks.lease(atLeast: fields.count) else { throw Rejection(.overloaded) }
        var writer = ByteWriter(own.base, capacity: own.capacity)
        // Each line stays as it is, or goes.
        worker.answerHead.fields.write(
            dropping: AnswerFields.droppedFromEmpty, nominatedBy: worker.answerHead.connection, from: fields, to: &writer)
        answer.translated.keepHead(own, count: writer.count)
        return try passTranslated(block, head.upperBound..<count, upstream, client)
    }

    func beginTranslated(_ mode: TranslatedAnswer.Mode, _ translation: Translation, _ head: ByteSlice, _ plan: Plan) {
        dropRival()
        record.provider = plan.destination.name
        noteTrail(.status(worker.answerHead.status))
        answer.begin(
            worker.answerHead, in: head,
            for: Answer.Request(
                version: request.version, dialect: translation.provider, reportsUsage: endpoint.reportsUsage, addedUsage: false, mode: mode),
            limits: worker.limits.answerHead)
        answer.translated.begin(
            mode, translation, options(plan), requestID: upstreamRequestID(head), errorType: field("x-amzn-errortype", in: head),
            limits: worker.limits.answerHead)
    }

    func commitTranslated(_ upstream: UpstreamCall?, _ client: Client) {
        conclude(.status(answer.status))
        record.figures.status = UInt16(truncatingIfNeeded: answer.status)
        record.figures.isStream = answer.isStream
        answer.isCommitted = true
        noteFirstContent()
        if body.mode != .streamed, upstream?.hasUnsent != true { giveUpRequest(client) }
    }

    /// The id under which the provider knows the request.
    private func upstreamRequestID(_ head: ByteSlice) -> ByteSlice {
        for name in ["request-id", "x-request-id", "apim-request-id", "x-amzn-requestid", "x-amz-request-id"] as [StaticString] {
            let id = field(name, in: head)
            if !id.isEmpty { return id }
        }
        return ByteSlice("")
    }

    private func field(_ name: StaticString, in head: ByteSlice) -> ByteSlice {
        guard let index = worker.answerHead.fields.firstIndex(named: ByteSlice(name), in: head) else { return ByteSlice("") }
        return head[worker.answerHead.fields[index].valueRange]
    }

    func options(_ plan: Plan) -> AnswerOptions {
        var options = AnswerOptions()
        options.isStrict = plan.target.isStrict && !attempt.isLoose
        options.isStream = attempt.wantsStream && !answer.isStream
        options.includesUsage = attempt.wantsUsage
        options.isBase64 = attempt.wantsBase64
        options.created = Int64(clamping: record.figures.wallNanoseconds / 1_000_000_000)
        options.identifier = identifier
        record.model.withBytesInPlace { options.model.set($0) }
        return options
    }

    /// The provider's id for the request, under the name the client's SDK reads it by.
    private func writeRequestID(_ upstreamHead: ByteSlice, to writer: inout ByteWriter) {
        let id = upstreamRequestID(upstreamHead)
        let name: StaticString = dialect == .anthropic ? "request-id" : "x-request-id"
        guard !id.isEmpty, worker.answerHead.fields.firstIndex(named: ByteSlice(name), in: upstreamHead) == nil else { return }
        writer.append(field: name, id)
    }

    // MARK: Passing

    /// Takes one read's bytes: into the collected answer, or through the stream's translation.
    func passTranslated(
        _ block: consuming Block, _ range: Range<Int>, _ upstream: UpstreamCall, _ client: Client
    ) throws(Rejection) -> Step? {
        upstream.setDeadline(gapDeadline)
        if !range.isEmpty { noteFirstToken() }
        let bytes = block.slice(range)
        var at = 0
        // One chunk a read, however many the upstream's bytes came in.
        var chunk = ChunkBuilder(isChunked: answer.framing == .chunked, copyingTo: caching.flight?.log)
        while true {
            switch answer.nextPayload(bytes, from: &at) {
            case .run(let run):
                if let step = try takePayload(bytes[run], into: &chunk, client) { return step }
                if answer.state == .done { return nil }
            case .needMore:
                if answer.translated.mode == .stream || answer.translated.mode == .rows { sendEvents(&chunk, client) }
                return nil
            case .end:
                return try finishTranslated(&chunk, client)
            case .broken:
                return try breakTranslated(Rejection(.streamInterrupted), &chunk, client)
            }
        }
    }

    /// Sends the events gathered, behind the head when it has not left yet.
    private func sendEvents(_ chunk: inout ChunkBuilder, _ client: Client) {
        chunk.flush(worker)
        sendAnswer(client)
    }

    private func takePayload(_ payload: ByteSlice, into chunk: inout ChunkBuilder, _ client: Client) throws(Rejection) -> Step? {
        switch answer.translated.mode {
        case .none: return nil
        case .whole, .held, .stored:
            answer.readUsage(payload)
            guard answer.translated.collect(payload, limit: GatewayLimits.collectedAnswerByteCount, worker.blocks) else {
                return try attemptFailed(.unreachable, Rejection(.overloaded, "the provider's answer is too large to be held"), client)
            }
        case .rows:
            guard takeRows(payload, into: &chunk) else {
                return try breakTranslated(Rejection(.streamInterrupted, "a row of the file is too long to be said again"), &chunk, client)
            }
        case .error:
            answer.translated.collectError(payload, worker.blocks)
        case .stream:
            switch answer.feedTranslation(payload, into: &chunk, worker) {
            case .fine: break
            case .failed:
                // The provider's own error event, said in the client's dialect: the stream ends there, and not cleanly.
                caching.hasToldFailure = true
                sendEvents(&chunk, client)
                answer.endBroken()
                record.figures.wasAborted = true
                return answer.framing == .close ? abort(client) : .settle
            case .broken:
                return try breakTranslated(Rejection(.streamInterrupted, "the provider's stream is not of its dialect"), &chunk, client)
            }
        }
        return nil
    }

    private func abort(_ client: Client) -> Step? {
        client.abort()
        return nil
    }

    /// The upstream's bytes cannot be read on.
    private func breakTranslated(_ rejection: Rejection, _ chunk: inout ChunkBuilder, _ client: Client) throws(Rejection) -> Step? {
        guard answer.isCommitted else { return try attemptFailed(.unreachable, rejection, client) }
        sendEvents(&chunk, client)
        throw rejection
    }

    /// The upstream has closed where that ends its answer.
    func finishTranslated(_ client: Client) throws(Rejection) -> Step? {
        var chunk = ChunkBuilder(isChunked: answer.framing == .chunked, copyingTo: caching.flight?.log)
        return try finishTranslated(&chunk, client)
    }

    /// The upstream's answer is over; `chunk` has its last events.
    private func finishTranslated(_ chunk: inout ChunkBuilder, _ client: Client) throws(Rejection) -> Step? {
        answer.state = .done
        let mode = answer.translated.mode
        guard mode == .stream || mode == .rows else { return try finishWhole(client) }
        guard mode == .rows ? finishRows(into: &chunk) : answer.translated.finishStream(into: &chunk, worker) else {
            answer.state = .body
            return try breakTranslated(Rejection(.streamInterrupted), &chunk, client)
        }
        chunk.flush(worker)
        if answer.framing == .chunked { worker.runs.append("0\r\n\r\n") }
        sendAnswer(client)
        return nil
    }

    private func finishWhole(_ client: Client) throws(Rejection) -> Step? {
        guard let plan else { throw Rejection(.internalFault) }
        if answer.translated.mode == .stored, let batch, let step = try nextLeg(batch) { return step }
        let whole: TranslatedAnswer.Whole
        do throws(Rejection) {
            // Where a store redirects to is no place for what its client has sent.
            if batch != nil, answer.translated.mode == .error, answer.status < 400 { answer.status = 400 }
            whole =
                try answer.translated.mode == .stored
                ? storedAnswer() : answer.translated.takeWhole(status: answer.status, provider: plan.destination.name, worker)
        } catch {
            worker.runs.removeAll()
            return try attemptFailed(.unreachable, error, client)
        }
        let content = whole.content
        // An answer said as events is a stream to its client.
        let isEvents = saysEvents
        if !isEvents, let step = try judgeAnswer(content, client) { return step }
        let event = isEvents ? resultsEvent() : []
        let member = isEvents || !(200...299).contains(answer.status) ? nil : resultsMember(of: content)
        markFailedChecks()
        beginFill(plan, isStream: isEvents) { $0.append(answer.translated.headBytes) }
        let bodyCount = event.count + (member.map { $0.end + $0.text.count } ?? content.count)
        var writer = ByteWriter(worker.headScratch, capacity: GatewayLimits.answerHeadByteCount)
        writeWholeHead(plan, bodyCount, to: &writer)
        guard !writer.overflowed else { throw Rejection(.upstreamMalformed, "the provider's header fields are too long to pass on") }
        try placeHead(writer.written, in: whole.block, before: event.isEmpty ? whole.range.lowerBound : 0)
        if !event.isEmpty { try appendCopy(of: event) }
        worker.runs.append(content.prefix(member?.end ?? content.count))
        if let member { try appendCopy(of: member.text) }
        if let log = caching.flight?.log {
            _ = event.withByteSlice { log.append($0) } && log.append(content.prefix(member?.end ?? content.count))
            if let member { _ = member.text.withByteSlice { log.append($0) } }
        }
        worker.runs.blocks.add(whole.takeBlock())
        commitTranslated(upstream, client)
        sendAnswer(client)
        return nil
    }

    /// Whether a whole answer is said as the events its client has asked for.
    private var saysEvents: Bool { answer.isStream || answer.translated.mode != .held && attempt.wantsStream && answer.status < 300 }

    // MARK: The head

    private func writeTranslatedHead(_ upstreamHead: ByteSlice, _ plan: Plan, to writer: inout ByteWriter) {
        writer.append(statusLine: answer.status)
        writeOwnFields(upstreamHead, to: &writer)
        writeUsualFields(plan, to: &writer)
        writeStreamFields(plan, to: &writer)
        if answer.framing == .chunked { writer.append("transfer-encoding: chunked\r\n") }
        writeConnectionField(to: &writer)
        writer.appendEndOfHead()
    }

    /// What of a translated answer's head does not turn on its body.
    private func writeOwnFields(_ upstreamHead: ByteSlice, to writer: inout ByteWriter) {
        // What a store says of an object is not about the answer that tells of it.
        if answer.translated.mode != .stored {
            worker.answerHead.fields.write(
                dropping: AnswerFields.droppedFromTranslations, nominatedBy: worker.answerHead.connection, from: upstreamHead, to: &writer)
        }
        writer.append(saysEvents ? "content-type: text/event-stream; charset=utf-8\r\n" : "content-type: application/json\r\n")
        if !notes.isEmpty {
            writer.append("x-sluice-warnings: ")
            notes.write(into: &writer)
            writer.append("\r\n")
        }
        writeRequestID(upstreamHead, to: &writer)
    }

    /// The head of an answer that is whole: what was kept of it, and what only now is known.
    private func writeWholeHead(_ plan: Plan, _ bodyCount: Int, to writer: inout ByteWriter) {
        writer.append(statusLine: answer.status)
        writer.append(answer.translated.headBytes)
        writeUsualFields(plan, to: &writer)
        if saysEvents { writeStreamFields(plan, to: &writer) }
        writer.append(field: "content-length", decimal: UInt64(bodyCount))
        writeConnectionField(to: &writer)
        writer.appendEndOfHead()
    }
}
