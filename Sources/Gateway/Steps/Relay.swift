import Bytes
import HTTP
import Policy
import Providers
import Reactor

extension Exchange {
    /// Moves bytes both ways until one side has to be waited for.
    ///
    /// The answer is read into a pooled block and leaves from that block. Nothing more is read while
    /// the client has not taken what came before: one stalled client holds one block.
    func relay(_ client: Client) throws(Rejection) -> Next {
        let next = try relayFront(client)
        guard case .wait = next, rival?.upstream != nil, self.client != nil, !answer.isCommitted else { return next }
        swapRival()
        return try relayFront(client)
    }

    private func relayFront(_ client: Client) throws(Rejection) -> Next {
        guard let upstream else { return .wait }
        if upstream.hasUnsent {
            resumeBody(upstream)
            // The answer had begun before the request was through: now its bytes can go.
            if answer.isCommitted, body.mode != .streamed, !upstream.hasUnsent { giveUpRequest(client) }
        }
        if body.mode == .streamed, !body.isWhole { try passBody(client, upstream) }
        if client.peerClosed, body.isWhole {
            // Gone, or as good as: nobody half-closes and waits. The upstream is let go at once.
            client.close()
            return .wait
        }
        while self.client === client {
            if answer.state == .done { return .step(.settle) }
            if client.isSlow, leavesBehind(client) { return .wait }
            if client.hasUnsent {
                if client.isSlow { noteStalled(client) }
                return .wait
            }
            if !upstream.isReadable { return .wait }
            if worker.turnByteCount > GatewayLimits.bytesPerTurn {
                worker.resume(upstream.token)
                return .wait
            }
            if let step = try readAnswer(upstream, client) { return .step(step) }
        }
        return .wait
    }

    /// Reads once and passes on what came; a step when the exchange goes on elsewhere.
    private func readAnswer(_ upstream: UpstreamCall, _ client: Client) throws(Rejection) -> Step? {
        let start = upstream.inboundCount
        guard let block = start > 0 ? upstream.takeInbound() : worker.blocks.lease(atLeast: BufferLimits.largestPooledBlockByteCount) else {
            throw Rejection(.overloaded)
        }
        // Room in front of a head, so that ours, which is longer, can stand right before the body.
        let first = answer.state == .head ? GatewayLimits.headRoomByteCount : 0
        let at = start > 0 ? start : first
        let room = block.capacity - GatewayLimits.chunkLineByteCount - at
        guard room > 0 else { throw Rejection(.overloaded) }
        switch upstream.read(into: block.base + at, capacity: room) {
        case .moved(let count):
            worker.turnByteCount &+= count
            if attempt.firstByteNanoseconds == 0 { attempt.firstByteNanoseconds = max(1, worker.now.nanoseconds(since: startedAt)) }
            if answer.state == .head { return try readHead(block, from: start > 0 ? 0 : first, count: at + count, upstream, client) }
            if answer.translated.mode != .none { return try passTranslated(block, 0..<count, upstream, client) }
            pass(block, 0..<count, upstream, client)
            return nil
        case .blocked:
            if start > 0 { upstream.keepInbound(block, count: start) }
            return nil
        case .closed, .failed:
            return try upstreamEnded(upstream, client, hasBegun: start > 0)
        }
    }

    // MARK: The answer's head

    private func readHead(
        _ block: consuming Block, from first: Int, count: Int, _ upstream: UpstreamCall, _ client: Client
    ) throws(Rejection) -> Step? {
        var start = first
        while true {
            var parser = ResponseParser(limits: worker.limits.answerHead)
            let end: Int
            do throws(HTTPError) {
                let progress = try parser.parse(block.slice(start..<count), answering: askedMethod, into: &worker.answerHead)
                guard case .complete(let headCount) = progress else {
                    upstream.keepInbound(block, from: start, count: count)
                    return nil
                }
                end = start + headCount
            } catch {
                return try attemptFailed(.unreachable, Rejection(.upstreamMalformed, error.message), client)
            }
            // Interim answers (RFC 9110 §15.2) end here: the client has asked for none.
            if !worker.answerHead.isInterim { return try headCame(block, start..<end, count: count, upstream, client) }
            // The request has been received: what comes of it now is no stale connection's doing.
            upstream.isReused = false
            if end == count { return nil }
            start = end
        }
    }

    /// The method of the request that was sent.
    private var askedMethod: HTTP.Method {
        guard let batch, plan?.destination.batches != nil else { return request.method }
        return batch.leg.method
    }

    private func headCame(
        _ block: consuming Block, _ head: Range<Int>, count: Int, _ upstream: UpstreamCall, _ client: Client
    ) throws(Rejection) -> Step? {
        let status = worker.answerHead.status
        answer.status = status
        attempt.spending?.status = status
        record.figures.upstreamVersion = upstream.version
        noteRefusal(status, block.slice(head), block.slice(head.upperBound..<count))
        noteQuota(block.slice(head))
        let isWhole: Bool =
            switch worker.answerHead.framing {
            case .none: head.upperBound == count
            case .length(let length): length == Int64(count - head.upperBound)
            case .chunked, .untilClose: false
            }
        var outcome = Outcome.status(status)
        if holdsOpening(block.slice(head)) {
            switch opening(block.slice(head.upperBound..<count)) {
            case .undecided:
                // The head has come: what is awaited now is content.
                upstream.setDeadline(contentDeadline)
                upstream.keepInbound(block, from: head.lowerBound, count: count)
                return nil
            case .failed(let status):
                outcome = .status(status)
                attempt.spending?.status = status
            case .content: break
            }
        }
        // A success is looked at only where a config may say that it is none.
        if !outcome.isSuccess || plan?.hasAlternatives == true, let next = nextAttempt(after: outcome, client) {
            // The connection is worth keeping when all of the refused answer is here.
            if self.upstream === upstream { releaseUpstream(reusable: isWhole && worker.answerHead.keepAlive) }
            return next
        }
        if let batch, plan?.destination.batches != nil, let mode = storedMode(batch) {
            return try beginStored(block, head, count: count, batch, mode, upstream, client)
        }
        if caching.stale != nil, Exchange.isStaleBetter(than: status), try answerStale(client, isLate: false) { return .settle }
        if isUnseenStream(block.slice(head)) {
            let surprise = Rejection(.upstreamUnreadable, "the provider streams an answer that its guardrails would have to see whole")
            return try attemptFailed(.unreachable, surprise, client)
        }
        if let translation = attempt.translation, let mode = translationMode(block.slice(head)) {
            return try beginTranslated(block, head, count: count, translation, mode, upstream, client)
        }
        if holdsAnswer(block.slice(head)) { return try beginHeld(block, head, count: count, upstream, client) }
        try commit(block, head, count: count, upstream, client)
        return nil
    }

    /// From here on this answer is the answer: its head leaves with the first bytes of its body.
    private func commit(
        _ block: consuming Block, _ head: Range<Int>, count: Int, _ upstream: UpstreamCall, _ client: Client
    ) throws(Rejection) {
        guard let plan else { throw Rejection(.internalFault) }
        dropRival()
        conclude(.status(answer.status))
        record.provider = plan.destination.name
        let event = answerHasBody && !screening.isEmpty && worker.answerHead.fields.sayEventStream(in: block.slice(head)) ? resultsEvent() : []
        answer.begin(
            worker.answerHead, in: block.slice(head),
            for: Answer.Request(
                version: request.version, dialect: dialect,
                reportsUsage: endpoint.reportsUsage, addedUsage: attempt.addedUsage, addsEvent: !event.isEmpty),
            limits: worker.limits.answerHead)
        markFailedChecks()
        let fields = block.slice(head)
        beginFill(plan, isStream: answer.isStream) { lines in
            worker.answerHead.fields.write(dropping: AnswerFields.dropped, nominatedBy: worker.answerHead.connection, from: fields, to: &lines)
        }
        var writer = ByteWriter(worker.headScratch, capacity: GatewayLimits.answerHeadByteCount)
        writeAnswerHead(block.slice(head), plan, to: &writer)
        guard !writer.overflowed else { throw Rejection(.upstreamMalformed, "the provider's header fields are too long to pass on") }
        try placeHead(writer.written, in: block, before: head.upperBound)
        try appendEvent(event)
        record.figures.status = UInt16(truncatingIfNeeded: answer.status)
        record.figures.isStream = answer.isStream
        answer.isCommitted = true
        noteFirstContent()
        // What waits for the upstream lies in the client's own block.
        if body.mode != .streamed, !upstream.hasUnsent { giveUpRequest(client) }
        pass(block, head.upperBound..<count, upstream, client)
    }

    /// Puts the head right before the body, over the upstream's, so that one run holds both; a block of
    /// its own where there is no room.
    func placeHead(_ head: ByteSlice, in block: borrowing Block, before bodyStart: Int) throws(Rejection) {
        if head.count <= bodyStart {
            var place = ByteWriter(block.base + (bodyStart - head.count), capacity: head.count)
            place.append(head)
            worker.runs.append(place.written)
            return
        }
        guard let own = worker.blocks.lease(atLeast: head.count) else { throw Rejection(.overloaded) }
        var place = ByteWriter(own.base, capacity: own.capacity)
        place.append(head)
        worker.runs.append(place.written)
        worker.runs.blocks.add(own)
    }

    /// The request's bytes are no longer needed: no other attempt will be made.
    func giveUpRequest(_ client: Client) {
        guard !body.isConsumed else { return }
        if keepsBodies { keepRequest(client) }
        body.isConsumed = true
        client.consume(body.consumedCount)
    }

    // MARK: The answer's body

    /// Passes one read's bytes on in one write, with the head if that has not left yet.
    func pass(_ block: consuming Block, _ range: Range<Int>, _ upstream: UpstreamCall, _ client: Client) {
        closeEvents()
        upstream.setDeadline(gapDeadline)
        if !range.isEmpty { noteFirstToken() }
        let framed = answer.frame(block, range, worker, copyingTo: caching.flight?.log)
        worker.runs.blocks.add(block)
        sendAnswer(client)
        // It may have been nobody's by then; who goes on in its client's place learns of it.
        guard self.client != nil else { return }
        if framed == .broken { sendErrorEvent(Rejection(.streamInterrupted), client) } else { openEvents(upstream, client) }
    }

    /// Sends the runs gathered for the client.
    func sendAnswer(_ client: Client) {
        record.figures.sentByteCount &+= UInt64(worker.runs.byteCount)
        // Before the last byte leaves: who has it and asks again finds the answer kept.
        if answer.state == .done { completeFill() } else { publishFill() }
        if keepsBodies { keepAnswer() }
        switch client.send(&worker.runs) {
        case .failed: client.close()
        case .part: client.setDeadline(min(client.readingDeadline(), attempt.totalDeadline))
        case .all: break
        }
    }

    /// The upstream closed or failed.
    private func upstreamEnded(_ upstream: UpstreamCall, _ client: Client, hasBegun: Bool) throws(Rejection) -> Step? {
        if answer.state == .body {
            guard answer.upstreamFraming == .untilClose, !upstream.inputTruncated, !upstream.hungUp else {
                if answer.translated.isComplete {
                    answer.upstreamReusable = false
                    return try finishTranslated(client)
                }
                // Nothing of an answer that is being collected has left: another attempt may give one.
                if !answer.isCommitted { return try attemptFailed(.unreachable, Rejection(.upstreamClosed), client) }
                throw Rejection(.streamInterrupted)
            }
            if answer.translated.mode != .none { return try finishTranslated(client) }
            guard answer.finish(worker) else { throw Rejection(.streamInterrupted) }
            sendAnswer(client)
            return nil
        }
        if upstream.isMalformed {
            return try attemptFailed(.unreachable, Rejection(.upstreamMalformed, "the provider's answer breaks the rules of HTTP/2"), client)
        }
        if !hasBegun, rival == nil, attempt.freshTries < GatewayLimits.freshTries, !body.hasLeft, upstream.mayRepeat(askedMethod, sentAt: attempt.sentAt) {
            // It had been closed before our request reached it, or the request was never looked at: the same again on a fresh one, unseen.
            releaseUpstream(reusable: false)
            attempt.state = .new
            attempt.wantsFresh = true
            attempt.spending?.isSent = false
            attempt.freshTries += 1
            attempt.total -= 1
            return .dispatch
        }
        return try attemptFailed(.unreachable, Rejection(.upstreamClosed), client)
    }

    /// This attempt came to nothing before its answer began.
    func attemptFailed(_ outcome: Outcome, _ rejection: Rejection, _ client: Client) throws(Rejection) -> Step? {
        releaseUpstream(reusable: false)
        if let next = nextAttempt(after: outcome, client) { return next }
        throw rejection
    }

    // MARK: Time

    /// For the answer's head, or its first content where the target has a bound for that.
    func openingDeadline(_ plan: Plan) -> Instant {
        let destination = plan.destination
        let wait = plan.wantsStream ? min(destination.headNanoseconds, destination.firstTokenNanoseconds ?? .max) : destination.headNanoseconds
        return min(worker.now.adding(nanoseconds: wait), attempt.totalDeadline)
    }

    /// For a stream's first content, its head having come.
    private var contentDeadline: Instant {
        guard let bound = plan?.destination.firstTokenNanoseconds else { return gapDeadline }
        return min(attempt.sentAt.adding(nanoseconds: bound), attempt.totalDeadline)
    }

    /// For more of the answer.
    var gapDeadline: Instant {
        min(worker.now.adding(nanoseconds: plan?.destination.gapNanoseconds ?? worker.limits.gapNanoseconds), attempt.totalDeadline)
    }

    /// The upstream has taken too long: for its head, or for more of its body.
    func upstreamDeadlinePassed(_ connection: UpstreamCall) {
        guard let client else { return connection.discard() }
        if connection === rival?.upstream { swapRival() }
        // Nobody's any more: whatever became of its exchange, this one is not concerned.
        guard connection === upstream else { return connection.discard() }
        if answer.state == .body, client.hasUnsent, let upstream, worker.now < attempt.totalDeadline {
            // It is we who do not read: the client takes nothing, and its own time runs.
            return upstream.setDeadline(gapDeadline)
        }
        interject(client) { () throws(Rejection) -> Step? in
            if self.answer.translated.isComplete {
                self.answer.upstreamReusable = false
                return try self.finishTranslated(client) ?? .relay
            }
            if self.answer.isCommitted { throw Rejection(.streamInterrupted, "the provider sent nothing for too long") }
            return try self.attemptFailed(.timedOut, self.headTimeout, client)
        }
    }

    var headTimeout: Rejection {
        guard let destination = plan?.destination, destination.hasOwnHeadLimit, worker.now < attempt.totalDeadline else {
            return Rejection(.upstreamTimeout)
        }
        let milliseconds = destination.headNanoseconds / 1_000_000
        return Rejection(.requestTimeout, "Request exceeded the timeout sent in the request: \(milliseconds)ms")
    }

    /// The client's timer: a queue waited in for too long, a pause over, a stalled reader, or the total.
    func clientDeadlinePassed() {
        guard let client else { return }
        if startRival(client) { return }
        switch (step, attempt.state) {
        case (.dispatch, .pausing):
            attempt.state = .new
            advance()
        case (.dispatch, .awaitingToken):
            interject(client) { () throws(Rejection) -> Step? in try self.goOn(from: Rejection(.tokenRefused, "no token came in time"), client) }
        case (.dispatch, .awaitingGrant):
            interject(client) { () throws(Rejection) -> Step? in throw Rejection(.overloaded, "the ledger of budgets does not answer in time") }
        case (.dispatch, .queued):
            interject(client) { () throws(Rejection) -> Step? in try self.attemptFailed(.timedOut, Rejection(.upstreamBusy), client) }
        case (.identify, _) where longAnswer != nil && client.hasUnsent: client.abort()
        case (.identify, _) where longAnswer != nil && !isAskingOperations: advance()
        case (.identify, _) where isAskingOperations:
            let isAdmins = endpoint == .admin
            let sentence = isAdmins ? "the store takes too long; what was asked may still be done" : "the configuration takes too long to be read"
            interject(client) { () throws(Rejection) -> Step? in throw Rejection(.overloaded, sentence) }
        case (.decide, _) where isAwaitingCompile:
            interject(client) { () throws(Rejection) -> Step? in throw Rejection(.overloaded, "the config takes too long to be compiled") }
        case (.receive, _), (.identify, _), (.decide, _):
            var late = Rejection(.requestTooSlow)
            late.closesConnection = true
            interject(client) { () throws(Rejection) -> Step? in throw late }
        case (.lookup, _) where caching.followed != nil && !client.hasUnsent && !answer.isCommitted && worker.now < attempt.totalDeadline:
            interject(client) { () throws(Rejection) -> Step? in try self.followedTooLong(client) }
        case (.lookup, _) where caching.replay != nil && !client.hasUnsent: advance()
        case (.relay, _) where client.hasUnsent, (.lookup, _) where client.hasUnsent:
            client.abort()
        case (.relay, _) where body.mode == .streamed && !body.isWhole && worker.now < attempt.totalDeadline:
            var late = Rejection(.requestTooSlow)
            late.closesConnection = true
            interject(client) { () throws(Rejection) -> Step? in throw late }
        default:
            interject(client) { () throws(Rejection) -> Step? in
                throw Rejection(self.answer.isCommitted ? .streamInterrupted : .upstreamTimeout)
            }
        }
    }
}
