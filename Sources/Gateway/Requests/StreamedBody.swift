import Bytes
import HTTP
import Reactor

extension Exchange {
    /// Passes a request body on as it comes, until one side has to be waited for.
    func passBody(_ client: Client, _ upstream: UpstreamCall) throws(Rejection) {
        sendContinue(client)
        while !body.isWhole, !upstream.hasUnsent {
            if worker.turnByteCount > GatewayLimits.bytesPerTurn { return worker.resume(client.token) }
            if !body.isConsumed {
                if keepsBodies { keepRequest(client) }
                // The head has served; from here on the inbound bytes are the body's.
                client.consume(headByteCount)
                body.isConsumed = true
                body.hasLeft = true
            }
            if client.unread.isEmpty, try !readMore(client) { return }
            try passInbound(client, upstream)
        }
        // While the upstream takes nothing, the client is not the one to hurry.
        if body.isWhole || upstream.hasUnsent { client.setDeadline(attempt.totalDeadline) }
    }

    /// Sends what waits for the upstream. The client's rate counts anew from when that has left.
    func resumeBody(_ upstream: UpstreamCall) {
        switch upstream.flush() {
        case .failed: upstream.hungUp = true
        case .part: break
        case .all: noteTaken()
        }
    }

    private func noteTaken() {
        body.startedAt = worker.now
        body.uncountedCount = body.receivedCount
    }

    /// All that waited for the upstream has left, without the exchange having had a turn.
    func upstreamTook(_ upstream: UpstreamCall) {
        guard let client, upstream === self.upstream, rival == nil else { return }
        guard body.mode == .streamed else {
            // As after a write that took all at once.
            if !answer.isCommitted { client.shrinkInbound() } else { giveUpRequest(client) }
            return
        }
        noteTaken()
        if !body.isWhole { worker.resume(upstream.token) }
    }

    private func readMore(_ client: Client) throws(Rejection) -> Bool {
        switch client.fill() {
        case .filled:
            return true
        case .blocked:
            client.setDeadline(min(bodyDeadline, attempt.totalDeadline))
            return false
        case .ended, .failed:
            client.close()
            throw .clientGone
        case .noMemory:
            throw Rejection(.overloaded)
        }
    }

    /// Sends on what has been received, from the block it lies in. Chunked bodies are framed anew:
    /// no extension and no trailer of the client's reaches the upstream.
    private func passInbound(_ client: Client, _ upstream: UpstreamCall) throws(Rejection) {
        let bytes = client.unread
        guard let inbound = client.takeInbound() else { return }
        var used = bytes.count
        switch request.framing {
        case .length:
            used = Int(min(body.remaining, Int64(bytes.count)))
            worker.runs.append(bytes.prefix(used))
            body.remaining -= Int64(used)
            body.isWhole = body.remaining == 0
        case .chunked:
            used = try frameBody(bytes)
        case .none, .untilClose:
            body.isWhole = true
            used = 0
        }
        body.receivedCount += Int64(used)
        if used < bytes.count, !client.putBack(bytes.dropFirst(used)) { throw Rejection(.overloaded) }
        worker.runs.blocks.add(inbound)
        if answer.state == .head, let destination = plan?.destination, !destination.hasOwnHeadLimit {
            // The answer is waited for from the request's last byte on.
            upstream.setDeadline(min(worker.now.adding(nanoseconds: destination.headNanoseconds), attempt.totalDeadline))
        }
        if case .failed = upstream.send(&worker.runs) {
            // The answer, if there is one, says why; reading it comes next.
            upstream.hungUp = true
            upstream.isReadable = true
        }
    }

    /// What came of the client's chunks goes on as one of ours.
    private func frameBody(_ bytes: ByteSlice) throws(Rejection) -> Int {
        guard let line = worker.blocks.lease(atLeast: GatewayLimits.chunkLineByteCount) else { throw Rejection(.overloaded) }
        let sizePlace = worker.runs.reserve()
        let used = try gatherPayload(bytes)
        let payloadCount = worker.runs.byteCount
        if payloadCount > 0 {
            var writer = ByteWriter(line.base, capacity: line.capacity)
            writer.append(chunkSize: payloadCount)
            worker.runs.fill(sizePlace, with: writer.written)
            worker.runs.append("\r\n")
        } else {
            worker.runs.cancel(sizePlace)
        }
        if body.isWhole { worker.runs.append("0\r\n\r\n") }
        worker.runs.blocks.add(line)
        return used
    }

    private func gatherPayload(_ bytes: ByteSlice) throws(Rejection) -> Int {
        var at = 0
        while true {
            let step: ChunkedStep
            do throws(HTTPError) {
                step = try body.decoder.next(bytes, from: at)
            } catch {
                throw Rejection(malformed: error)
            }
            switch step {
            case .payload(let run):
                // A flood of tiny chunks becomes a copy.
                if worker.runs.lacksRoom(for: GatewayLimits.runsKeptFree), !worker.coalesceRuns(from: 1) { throw Rejection(.overloaded) }
                worker.runs.append(bytes[run])
                at = run.upperBound
            case .needMore:
                return bytes.count
            case .end(let end):
                body.isWhole = true
                return end
            }
        }
    }
}
