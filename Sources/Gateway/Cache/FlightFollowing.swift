import Bytes
import Cache
import HTTP
import Providers
import Reactor

/// A request that is answered with what another is being answered with.
extension Exchange {
    /// Waits for `flight` from here on.
    func join(_ flight: Flight, _ client: Client) throws(Rejection) -> Next {
        caching.followed = flight
        caching.position = 0
        worker.follow(flight, client.token)
        worker.sharedCache?.noteFollowed()
        // Until the answer has begun it waits no longer than it would for one of its own.
        client.setDeadline(plan.map { openingDeadline($0) } ?? attempt.totalDeadline)
        return try follow(client)
    }

    /// The answer that this request waits for has not begun in the time that this one gives its target.
    func followedTooLong(_ client: Client) throws(Rejection) -> Step? {
        leaveFlight()
        worker.sharedCache?.count(caching.status)
        return try attemptFailed(.timedOut, headTimeout, client)
    }

    /// Sends what has come since it was last looked at, as far as the client takes it. A slow client holds up nobody: what it has not
    /// been sent stays where it is.
    ///
    /// A whole answer is sent when all of it is there; until then it may still have to be asked for.
    func follow(_ client: Client) throws(Rejection) -> Next {
        guard let flight = caching.followed else { return .step(.dispatch) }
        if client.peerClosed {
            client.close()
            return .wait
        }
        while self.client != nil {
            if client.hasUnsent { return .wait }
            if worker.turnByteCount > GatewayLimits.bytesPerTurn {
                worker.resume(client.token)
                return .wait
            }
            flight.look(on: worker.index)
            // In this order: what is complete has been published before.
            let stage = flight.stage
            switch stage {
            case .waiting: return .wait
            case .begun where !flight.head.isStream && !answer.isCommitted:
                client.setDeadline(attempt.totalDeadline)
                return .wait
            case .failed where !answer.isCommitted:
                leaveFlight()
                worker.sharedCache?.count(caching.status)
                // What it is answered itself may be kept all the same.
                if let budget = worker.sharedCache?.budget { caching.flight = Flight(caching.key, leader: worker.index, budget: budget) }
                return .step(.dispatch)
            case .begun, .complete, .failed: break
            }
            let end = flight.log.byteCount
            if answer.isCommitted, caching.position == end {
                if stage == .begun { return .wait }
                guard stage == .complete else {
                    answer.stopsMidEvent = flight.endsMidEvent
                    leaveFlight()
                    if flight.saysWhy { return cutFollowed(client) }
                    throw Rejection(.streamInterrupted)
                }
            }
            try sendFollowed(flight, upTo: end, isComplete: stage == .complete, client)
            if answer.state == .done {
                if caching.status == .hit {
                    noteSaved(flight.cost)
                } else if answer.status == 200 {
                    // Its own call, which went on without it.
                    record.figures.cost = flight.cost
                }
                leaveFlight()
                return .step(.settle)
            }
        }
        return .wait
    }

    /// Sends the next part of the log in one write, with the head before its first and the last chunk behind its last.
    private func sendFollowed(_ flight: Flight, upTo end: Int, isComplete: Bool, _ client: Client) throws(Rejection) {
        guard let fields = flight.fields else { throw Rejection(.internalFault) }
        let isFirst = !answer.isCommitted
        let room = GatewayLimits.ownFieldsByteCount + GatewayLimits.chunkLineByteCount + (isFirst ? fields.bytes.count : 0)
        guard let block = worker.blocks.lease(atLeast: room) else { throw Rejection(.overloaded) }
        var writer = ByteWriter(block.base, capacity: block.capacity)
        if isFirst {
            let framing: Answer.Framing = isComplete ? .length : Answer.openFraming(request.version)
            answer.beginReplay(isStream: flight.head.isStream, framing)
            answer.status = Int(flight.head.status)
            record.figures.status = flight.head.status
            record.figures.isStream = flight.head.isStream
            if answer.status == 200 { caching.status = .hit }
            worker.sharedCache?.count(caching.status)
            record.figures.firstByteNanoseconds = max(1, worker.now.nanoseconds(since: startedAt))
            writeReplayHead(age: nil, to: &writer)
            writer.append(fields.bytes)
        }
        // Runs of the log, as many as one write takes; their sum is known before the line that states it.
        var upper = caching.position
        var count = 0
        while upper < end, count < GatewayLimits.followedRuns, upper - caching.position < GatewayLimits.followedByteCount {
            upper += flight.log.bytes(from: upper).count
            count += 1
        }
        if isFirst {
            if answer.framing == .chunked { writer.append("transfer-encoding: chunked\r\n") }
            if answer.framing == .length { writer.append(field: "content-length", decimal: UInt64(end)) }
            writer.appendEndOfHead()
        }
        if answer.framing == .chunked, upper > caching.position { writer.append(chunkSize: upper - caching.position) }
        guard !writer.overflowed else { throw Rejection(.internalFault) }
        worker.runs.append(writer.written)
        while caching.position < upper {
            let run = flight.log.bytes(from: caching.position)
            let taken = run.prefix(min(run.count, upper - caching.position))
            worker.runs.append(taken)
            caching.position += taken.count
        }
        if answer.framing == .chunked {
            if count > 0 { worker.runs.append("\r\n") }
            if isComplete, caching.position == end { worker.runs.append("0\r\n\r\n") }
        }
        if isComplete, caching.position == end { answer.state = .done }
        worker.runs.blocks.add(block)
        worker.runs.blocks.keep(flight)
        if isFirst {
            giveUpRequest(client)
            client.setDeadline(attempt.totalDeadline)
        }
        sendAnswer(client)
    }

    /// The answer stops here, and has said so itself.
    private func cutFollowed(_ client: Client) -> Next {
        answer.endBroken()
        record.figures.wasAborted = true
        guard answer.framing == .close else { return .step(.settle) }
        client.abort()
        return .wait
    }

    /// The request waits for its flight no more.
    func leaveFlight() {
        guard let flight = caching.followed else { return }
        caching.followed = nil
        if caching.isLeftBehind {
            switch flight.stage {
            // What it cost is told by who goes on.
            case .begun: worker.absent(for: flight)?.exchange?.tellOfItself()
            // Who went on has ended, and told nothing.
            case .complete: record.figures.cost = flight.cost
            case .waiting, .failed: break
            }
        }
        if let client { worker.leave(flight, client.token) }
    }
}
