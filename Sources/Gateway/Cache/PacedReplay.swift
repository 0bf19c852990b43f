import Bytes
import Cache
import HTTP
import Providers
import Reactor

/// A kept stream that is given again event by event, for clients that show what comes as it comes.
struct PacedReplay {
    let blob: CacheBlob
    /// Bytes of its body that were sent.
    var position = 0
    /// When the next event is.
    var dueAt: Instant
    let intervalNanoseconds: UInt64
}

extension Exchange {
    /// Begins to send the stream at the pace the config asks for; nil where that is all at once.
    func beginReplay(of stored: StoredAnswer, _ blob: CacheBlob, age: UInt64, _ client: Client) throws(Rejection) -> Next? {
        guard stored.figures.isStream, let rate = caching.rule?.replayEventsPerSecond, rate > 0 else { return nil }
        guard let block = worker.blocks.lease(atLeast: GatewayLimits.ownFieldsByteCount + stored.fields.count) else { throw Rejection(.overloaded) }
        var writer = ByteWriter(block.base, capacity: block.capacity)
        answer.beginReplay(isStream: true, Answer.openFraming(request.version))
        writeReplayHead(age: age, to: &writer)
        writer.append(stored.fieldsWithoutLength)
        if answer.framing == .chunked { writer.append("transfer-encoding: chunked\r\n") }
        writer.appendEndOfHead()
        guard !writer.overflowed else { throw Rejection(.internalFault) }
        worker.runs.append(writer.written)
        worker.runs.blocks.add(block)
        noteHit(stored)
        caching.replay = PacedReplay(blob: blob, dueAt: worker.now, intervalNanoseconds: 1_000_000_000 / UInt64(rate))
        giveUpRequest(client)
        return try replay(client)
    }

    /// Sends the events that are due. One that takes its client past the request's time is sent to its end at once.
    func replay(_ client: Client) throws(Rejection) -> Next {
        guard var replay = caching.replay, let stored = StoredAnswer(replay.blob.bytes) else { throw Rejection(.internalFault) }
        if client.peerClosed {
            client.close()
            return .wait
        }
        if client.hasUnsent { return .wait }
        let body = stored.body
        let start = replay.position
        var scanner = EventBoundaryScanner()
        let isLate = worker.now >= attempt.totalDeadline
        while replay.position < body.count, isLate || replay.dueAt <= worker.now {
            replay.position = isLate ? body.count : scanner.next(body, from: replay.position)?.end ?? body.count
            replay.dueAt = replay.dueAt.adding(nanoseconds: replay.intervalNanoseconds)
        }
        caching.replay = replay
        if replay.position == body.count { answer.state = .done }
        if replay.position > start || !worker.runs.isEmpty { try sendReplay(replay.blob, body[start..<replay.position], client) }
        guard self.client != nil else { return .wait }
        if answer.state == .done { return .step(.settle) }
        if !client.hasUnsent { client.setDeadline(min(replay.dueAt, attempt.totalDeadline)) }
        return .wait
    }

    /// Sends a part of the body as a chunk, with the head if that waits, and with the last chunk behind the last.
    private func sendReplay(_ blob: CacheBlob, _ part: ByteSlice, _ client: Client) throws(Rejection) {
        if answer.framing == .chunked, !part.isEmpty {
            guard let line = worker.blocks.lease(atLeast: GatewayLimits.chunkLineByteCount) else { throw Rejection(.overloaded) }
            var writer = ByteWriter(line.base, capacity: line.capacity)
            writer.append(chunkSize: part.count)
            worker.runs.append(writer.written)
            worker.runs.append(part)
            worker.runs.append("\r\n")
            worker.runs.blocks.add(line)
        } else {
            worker.runs.append(part)
        }
        if answer.framing == .chunked, answer.state == .done { worker.runs.append("0\r\n\r\n") }
        worker.runs.blocks.keep(blob)
        sendAnswer(client)
    }
}
