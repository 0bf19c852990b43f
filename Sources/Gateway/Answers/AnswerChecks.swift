import Bytes
import Guardrails
import HTTP
import Policy
import Providers
import Reactor

/// The checks of answers, and what answers tell of checks.
extension Exchange {
    /// Whether the answer with the head just read is held until it is whole: its checks want all of it, or it will carry results.
    func holdsAnswer(_ head: ByteSlice) -> Bool {
        guard plan?.destination.outputHooks != nil || !screening.isEmpty else { return false }
        guard (200...299).contains(worker.answerHead.status), !saysStream(head, attempt.translation?.provider) else { return false }
        if case .none = worker.answerHead.framing { return false }
        if plan?.destination.outputHooks != nil, endpoint.answerTextPlace != nil { return true }
        // For its results alone an answer is held where it is known to fit, or is of a kind that does.
        guard !screening.isEmpty, carriesJSON(head) else { return false }
        guard case .length(let length) = worker.answerHead.framing else { return endpoint.answerTextPlace != nil }
        return length > 0 && length <= Int64(GatewayLimits.collectedAnswerByteCount)
    }

    /// Whether the body is JSON that a member can be added to.
    private func carriesJSON(_ head: ByteSlice) -> Bool {
        if let coding = worker.answerHead.fields.value(of: .contentEncoding, in: head), !coding.equalsIgnoringCase("identity") { return false }
        guard let type = worker.answerHead.fields.value(of: .contentType, in: head), type.hasPrefix(ignoringCase: "application/json") else { return false }
        // Not `application/jsonl` or `application/json-seq`.
        let rest = type.dropFirst(ByteSlice("application/json").count)
        return rest.isEmpty || rest[0] == UInt8(ascii: ";") || ASCII.isBlank(rest[0])
    }

    /// Whether the answer is a stream that a guardrail would have to see whole.
    func isUnseenStream(_ head: ByteSlice) -> Bool {
        guard let hooks = plan?.destination.outputHooks, hooks.canDeny, endpoint.answerTextPlace != nil else { return false }
        return (200...299).contains(worker.answerHead.status) && saysStream(head, attempt.translation?.provider)
    }

    /// Judges a whole answer, `content`, in the client's dialect; a step when another attempt is to answer instead.
    ///
    /// 446 and 246 count as the attempt's status: retries and fallbacks that list them go on, without a pause.
    func judgeAnswer(_ content: ByteSlice, _ client: Client) throws(Rejection) -> Step? {
        guard let plan, let hooks = plan.destination.outputHooks, let place = endpoint.answerTextPlace, (200...299).contains(answer.status) else { return nil }
        screening.forgetOutput()
        do throws(TextFault) {
            try worker.workbench.texts.read(answer: content, at: place)
        } catch {
            worker.workbench.texts.removeAll()
            return try attemptFailed(
                .unreachable, Rejection(.upstreamUnreadable, "the provider's answer cannot be read, so that its guardrails cannot be checked"), client)
        }
        guard canLook(hooks, .output) else {
            worker.workbench.texts.removeAll()
            return try attemptFailed(.unreachable, Rejection(.upstreamUnreadable, "the provider's answer is too long for so many guardrails"), client)
        }
        let outcome = judge(hooks, plan, client)
        conclude(.status(answer.status))
        guard outcome.hasFailed else { return nil }
        screening.outputFailed = true
        let status = outcome.isDenied ? Screening.deniedStatus : Screening.failedStatus
        answer.status = status
        noteTrail(.status(status))
        let isReusable = answer.upstreamReusable && body.isWhole
        if let next = nextAttempt(after: .status(status), client, pauses: false) {
            releaseUpstream(reusable: isReusable)
            return next
        }
        guard outcome.isDenied else { return nil }
        releaseUpstream(reusable: isReusable)
        throw Rejection(.guardrailDenied)
    }

    private func judge(_ hooks: HookSet, _ plan: Plan, _ client: Client) -> HookOutcome {
        defer { worker.workbench.texts.removeAll() }
        guard readsBody, !body.isConsumed else {
            // The head is gone, or goes with the body: only what was kept of it is told.
            let metadata = screening.metadata
            return metadata.withByteSlice { metadata in
                var subject = CheckSubject()
                subject.requestType = screening.requestType
                subject.read(metadata: metadata)
                return run(hooks, subject)
            }
        }
        let message = client.unread
        var subject = subject(message)
        var model = ByteWriter(worker.pathScratch, capacity: GatewayLimits.translatedPathByteCount)
        // A model that cannot be read is none that a list names.
        try? writeModel(plan, message[body.range], to: &model)
        subject.model = model.written
        return run(hooks, subject)
    }

    private func run(_ hooks: HookSet, _ subject: CheckSubject) -> HookOutcome {
        withTime { time in
            hooks.run(subject, on: worker.workbench, createdAt: time, clock: { Instant.now().nanoseconds }, into: &screening.output)
        }
    }

    /// The status the client gets: a success in spite of a failed check has one of its own, unless its own says that no body follows.
    func markFailedChecks() {
        if screening.hasFailed, (200...299).contains(answer.status), answer.status != 204 { answer.status = Screening.failedStatus }
    }

    // MARK: Streams

    /// The event with the results of the input's checks, where the client has asked for more than its dialect has; empty else.
    func resultsEvent() -> [UInt8] {
        guard !screening.input.isEmpty, (200...299).contains(answer.status), screening.isLoose else { return [] }
        return screening.event(named: dialect == .anthropic)
    }

    /// Appends `event` to the runs as a chunk of its own, or as it is where the body has no chunks.
    func appendEvent(_ event: [UInt8]) throws(Rejection) {
        guard !event.isEmpty else { return }
        var chunk = ChunkBuilder(isChunked: answer.framing == .chunked, copyingTo: caching.flight?.log)
        guard chunk.reserve(event.count, worker) else { throw Rejection(.overloaded) }
        event.withByteSlice { bytes in chunk.write { $0.append(bytes) } }
        chunk.flush(worker)
    }

    // MARK: Whole answers

    /// Where `content`, a whole answer, closes, and the member that takes the place of its brace: the results of its checks.
    /// Nil where there are none, and where the answer is no object.
    func resultsMember(of content: ByteSlice) -> (end: Int, text: [UInt8])? {
        guard !screening.isEmpty, let end = Exchange.lastByte(of: content, before: content.count), content[end] == UInt8(ascii: "}") else { return nil }
        guard let before = Exchange.lastByte(of: content, before: end) else { return nil }
        return (end, screening.member(isFirst: content[before] == UInt8(ascii: "{")))
    }

    /// The last byte before `end` that is no white space.
    private static func lastByte(of content: ByteSlice, before end: Int) -> Int? {
        var at = end - 1
        while at >= 0, content[at] == 0x20 || content[at] == 0x0A || content[at] == 0x0D || content[at] == 0x09 { at -= 1 }
        return at >= 0 ? at : nil
    }

    /// Appends a copy of `text` to the runs.
    func appendCopy(of text: [UInt8]) throws(Rejection) {
        guard let block = worker.blocks.lease(atLeast: text.count) else { throw Rejection(.overloaded) }
        text.withByteSlice { block.copy($0, to: 0) }
        worker.runs.append(block.slice(0..<text.count))
        worker.runs.blocks.add(block)
    }
}
