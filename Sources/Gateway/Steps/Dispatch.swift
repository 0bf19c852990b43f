import Bytes
import HTTP
import JSON
import Policy
import Providers
import Reactor
import Tokens

extension Exchange {
    /// Gets a connection to the decision's target and writes the request to it.
    func dispatch(_ client: Client) throws(Rejection) -> Next {
        guard let plan else { throw Rejection(.internalFault) }
        switch attempt.state {
        case .new, .awaitingToken, .granted:
            let destination = plan.destination
            do throws(Rejection) {
                if let batch, let place = destination.batches, try !prepare(batch, plan, place, client) {
                    if client.peerClosed { client.close() }
                    return .wait
                }
            } catch {
                guard Exchange.isTargets(error) else { throw error }
                return .step(try goOn(from: error, client))
            }
            // A try that only needs another connection keeps what it was counted with.
            if attempt.state == .new, !attempt.isCounted { chooseKey(destination) }
            if let refusal = restriction(plan) { return .step(try goOn(from: refusal, client)) }
            if let source = destination.keys[attempt.key].tokenSource, let next = try awaitToken(of: source, client) { return next }
            if let next = try reserve(plan, client) {
                if client.peerClosed { client.close() }
                return next
            }
            attempt.total += 1
            attempt.begunAt = worker.now
            beginAttempt(destination)
            attempt.translation = translation(to: destination)
            answer.retryAfterMilliseconds = nil
            answer.isQuotaSpent = false
            record.provider = destination.name
            switch try pool(of: destination).lease(for: self, fresh: attempt.wantsFresh) {
            case .ready(let connection):
                upstream = connection
            case .queued:
                attempt.state = .queued
                client.setDeadline(min(attempt.totalDeadline, worker.now.adding(nanoseconds: destination.connectNanoseconds ?? worker.limits.queueNanoseconds)))
                return .wait
            case .refused:
                let busy = Rejection(.upstreamBusy, "too many requests wait for a connection to \(destination.upstream.id)")
                return .step(try goOn(from: busy, client))
            }
        case .queued, .pausing, .awaitingGrant:
            // A client that leaves while it waits must not keep its place.
            if client.peerClosed { client.close() }
            return .wait
        case .connected:
            break
        case .sent:
            return .step(.relay)
        }
        guard let upstream else { return .wait }
        do throws(Rejection) {
            try write(plan, to: upstream, client)
        } catch {
            guard Exchange.isTargets(error) else { throw error }
            return .step(try goOn(from: error, client))
        }
        return .step(.relay)
    }

    /// Whether another target may take what this one cannot: what one dialect has no place for another may have; what breaks the client's own
    /// rules is nobody's.
    private static func isTargets(_ rejection: Rejection) -> Bool {
        rejection.refusal == .unsupportedContent || rejection.refusal == .droppedParameter || rejection.refusal == .tokenRefused
    }

    /// The connections the attempt takes one of: files and batches may be elsewhere than models.
    private func pool(of destination: Destination) throws(Rejection) -> UpstreamPool {
        guard let batch, let place = destination.batches else { return destination.pool }
        return try place.pool(toStorage: batch.leg.isStorage, worker)
    }

    /// Nil when a token is at hand; else the request waits for one, or goes on to a target that needs none.
    private func awaitToken(of source: TokenSource, _ client: Client) throws(Rejection) -> Next? {
        switch worker.token(of: source, for: client.token, isOperators: plan?.destination.keys[attempt.key].isOperators == true) {
        case .held: return nil
        case .refused(let reason): return .step(try goOn(from: Rejection(.tokenRefused, reason), client))
        case .waits:
            if client.peerClosed {
                client.close()
                return .wait
            }
            guard attempt.state != .awaitingToken else { return .wait }
            attempt.state = .awaitingToken
            client.setDeadline(min(attempt.totalDeadline, worker.now.adding(nanoseconds: worker.limits.queueNanoseconds)))
            return .wait
        }
    }

    /// The step to go on with after a target that the request could not be sent to: another may take it.
    func goOn(from rejection: Rejection, _ client: Client) throws(Rejection) -> Step {
        worker.runs.removeAll()
        releaseUpstream(reusable: true)
        guard let next = nextAttempt(after: .unfit, client) else { throw rejection }
        return next
    }

    /// Writes the credential the target wants: a token where it has a source of them.
    func writeCredential(_ destination: Destination, _ message: ByteSlice, _ client: Client, to writer: inout ByteWriter) throws(Rejection) {
        let key = destination.keys[attempt.key]
        attempt.tokenGrant = 0
        guard let source = key.tokenSource else {
            return try key.write(caller.credential.map { message[$0] }, isOtherScheme: caller.isOtherScheme, to: destination, &writer)
        }
        attempt.tokenGrant = worker.tokenGrant(of: source)
        guard let token = worker.heldToken(of: source) else { throw Rejection(.tokenRefused, "the token ended while its request waited") }
        writer.append("authorization: Bearer ")
        writer.append(token.slice)
        writer.append("\r\n")
    }

    /// A pool has a connection for us.
    func connectionReady(_ connection: UpstreamCall) {
        if let client, let rival, rival.attempt.state == .queued, connection.pool === rival.plan?.destination.pool {
            swapRival()
            noteQueued(for: connection)
            return writeRival(to: connection, client)
        }
        noteQueued(for: connection)
        upstream = connection
        attempt.state = .connected
        advance()
    }

    /// A pool has none.
    func connectionFailed(_ failure: DialFailure) {
        if rival?.attempt.state == .queued {
            rival?.attempt.state = .new
            swapRival()
            noteQueued(for: nil)
            conclude(.unreachable)
            return dropFront()
        }
        guard let client, let plan else { return }
        let name = plan.destination.upstream.id
        noteQueued(for: nil)
        attempt.state = .new
        interject(client) { () throws(Rejection) -> Step? in
            let outcome: Outcome = if case .timedOut = failure { .timedOut } else { .unreachable }
            return try self.attemptFailed(outcome, Rejection(failure, of: name), client)
        }
    }

    // MARK: Writing

    /// Head and body in one write.
    func write(_ plan: Plan, to upstream: UpstreamCall, _ client: Client) throws(Rejection) {
        if let batch, plan.destination.batches != nil {
            try write(batch, plan, to: upstream, client)
            return send(plan, to: upstream, client)
        }
        if let translation = attempt.translation {
            try writeTranslated(plan, translation, to: upstream, client)
            return send(plan, to: upstream, client)
        }
        let message = client.unread
        if body.mode == .collected { try edit(message[body.range], plan) }
        let bodyCount = body.mode == .collected ? body.range.count : 0
        let joined = bodyCount <= GatewayLimits.joinedBodyByteCount ? bodyCount : 0
        let capacity = headByteCount + plan.destination.fixedFields.count + GatewayLimits.ownFieldsByteCount + joined
        guard let block = worker.blocks.lease(atLeast: capacity) else { throw Rejection(.overloaded) }
        var writer = ByteWriter(block.base, capacity: block.capacity)
        try writeHead(plan, message, client, to: &writer)
        guard !writer.overflowed else { throw Rejection(.internalFault) }
        if joined > 0, worker.splice.isEmpty {
            writer.append(message[body.range])
            worker.runs.append(writer.written)
        } else {
            worker.runs.append(writer.written)
            if body.mode == .collected, !worker.appendSplice() { throw Rejection(.overloaded) }
        }
        worker.runs.blocks.add(block)
        send(plan, to: upstream, client)
    }

    /// Sends the runs gathered for the upstream, and waits for its answer.
    private func send(_ plan: Plan, to upstream: UpstreamCall, _ client: Client) {
        attempt.state = .sent
        attempt.sentAt = worker.now
        attempt.spending?.isSent = true
        record.figures.upstreamVersion = upstream.version
        upstream.setDeadline(openingDeadline(plan))
        answer.state = .head
        answer.translated.reset()
        if keepsBodies { keepSent() }
        // A reused connection may have died in its pool: reading it will tell.
        if case .failed = upstream.send(&worker.runs) {
            upstream.hungUp = true
            upstream.isReadable = true
        }
        // Two attempts may send from the client's one block.
        if !upstream.hasUnsent, rival == nil { client.shrinkInbound() }
        attempt.hedgeAt = plan.target.hedge == nil ? .distantFuture : hedgeTime(plan)
        client.setDeadline(min(attempt.totalDeadline, attempt.hedgeAt))
    }

    private func writeHead(_ plan: Plan, _ message: ByteSlice, _ client: Client, to writer: inout ByteWriter) throws(Rejection) {
        let destination = plan.destination
        writer.append(message[request.methodRange])
        writer.append(UInt8(ascii: " "))
        let target = completesInTheMiddle(destination, message) ? ByteSlice("/v1/fim/completions") : originTarget(message)
        let isWritten = writePath(of: target, endpoint, plan, isStream: destination.overriddenStream ?? plan.wantsStream, to: &writer)
        guard isWritten else { throw Rejection(.notFound, "\(destination.upstream.id) has no path for this request") }
        writer.append(" HTTP/1.1\r\n")
        writer.append(destination.fixedFields)
        try writeCredential(destination, message, client, to: &writer)
        destination.writeFields(request, message, spoken: dialect, context: contextForUpstream(message), to: &writer)
        switch body.mode {
        case .collected:
            if request.framing != .none { writer.append(field: "content-length", decimal: UInt64(worker.splice.byteCount)) }
        case .streamed:
            switch request.framing {
            case .length(let length): writer.append(field: "content-length", decimal: UInt64(length))
            case .chunked: writer.append("transfer-encoding: chunked\r\n")
            case .none, .untilClose: break
            }
        case .none: break
        }
        writer.appendEndOfHead()
    }

    /// Writes the request target at the plan's destination; false when it has none.
    func writePath(of target: ByteSlice, _ endpoint: Endpoint, _ plan: Plan, isStream: Bool, to writer: inout ByteWriter) -> Bool {
        let destination = plan.destination
        guard destination.namesModelInPath else {
            return destination.writeTarget(of: target, endpoint, Destination.PathModel(name: ByteSlice(""), isStream: isStream), to: &writer)
        }
        let vertex = vertexModel(plan, at: destination)
        return withModelName(plan) {
            destination.writeTarget(of: target, endpoint, Destination.PathModel(vertex: vertex, name: $0, isStream: isStream), to: &writer)
        }
    }

    /// Whether a completion goes to the endpoint that fills in the middle, as the config or a header wants it.
    private func completesInTheMiddle(_ destination: Destination, _ message: ByteSlice) -> Bool {
        guard endpoint == .completions, destination.fillsInTheMiddle else { return false }
        guard let index = request.fields.firstIndex(named: ByteSlice("x-portkey-mistral-fim-completion"), in: message) else {
            return destination.completesInTheMiddle
        }
        return message[request.fields[index].valueRange].equalsIgnoringCase("true")
    }

    /// The client's target without scheme and authority, which are this gateway's.
    private func originTarget(_ message: ByteSlice) -> ByteSlice {
        guard request.targetForm == .absolute else { return message[request.targetRange] }
        return request.pathRange.isEmpty ? ByteSlice("/") : message[request.pathRange.lowerBound..<request.targetRange.upperBound]
    }

    func edit(_ bytes: ByteSlice, _ plan: Plan) throws(Rejection) {
        attempt.addedUsage = false
        worker.splice.begin(bytes)
        guard readsBody else { return }
        try scanAgain(bytes)
        do throws(SpliceError) {
            try edit(plan)
        } catch {
            throw Rejection(.invalidJSON, "the request body cannot be edited as its config asks: \(error)")
        }
    }

    // MARK: Ending an attempt

    /// Gives the upstream connection up: to its pool when it can carry another exchange.
    func releaseUpstream(reusable: Bool) {
        if case .queued = attempt.state, upstream == nil, let plan {
            (try? pool(of: plan.destination))?.cancel(self)
            noteQueued(for: nil)
            attempt.state = .new
        }
        guard let connection = upstream else { return }
        closeEvents()
        upstream = nil
        if reusable, !connection.hasUnsent, !connection.peerClosed, !connection.hungUp {
            connection.release()
        } else {
            connection.discard()
        }
    }
}
