import Bytes
import HTTP
import Reactor

/// Answers as streams of events: as fast as the client reads, or a token at a time.
///
/// The head, the opening events and the first token leave in one write; the closing events and the
/// last chunk leave with the last token.
extension Connection {
    func beginStream(_ reply: Reply, _ request: Request, _ script: Script) {
        var head = AnswerHead()
        head.status = script.successStatus
        head.dialect = request.dialect
        head.serial = reply.serial
        head.isStream = true
        if !delivery.isChunked, delivery.end == .next { delivery.end = .linger }
        settleConnection(&head, script)
        head.framing = delivery.isChunked ? .chunked : .untilClose
        delivery.reply = reply
        delivery.eventCount = reply.eventCount
        delivery.gapNanoseconds = script.gapNanoseconds
        delivery.errorAt = script.errorAfter ?? .max
        delivery.errorStatus = script.status ?? 500
        delivery.errorDialect = request.dialect
        delivery.chunkByteCount = script.chunk ?? 0
        delivery.cutAt = script.cut ?? .max
        delivery.hangAt = script.hangAfter ?? .max
        delivery.malformedAt = script.malformed ?? .max
        delivery.garbageAt = script.garbage ?? .max
        delivery.checksumAt = request.dialect == .bedrock ? script.checksum ?? .max : .max
        writeByteCount = script.chunk ?? 0
        worker.counters.billedInputTokens.count(reply.inputTokens)
        startEvents(head, wait: script.latency.sample(&worker.random))
    }

    /// Sends the head and what is due, or waits so many nanoseconds before.
    func startEvents(_ head: AnswerHead, wait: UInt64) {
        delivery.isStream = true
        worker.counters.startedStreams.count()
        worker.writeHead(head)
        delivery.nextTokenAt = worker.now.adding(nanoseconds: wait)
        guard wait > 0 else {
            phase = .streaming
            return writeEvents(after: worker.head.bytes)
        }
        phase = .waiting
        keep(worker.head.bytes, ByteSlice(""))
        keepReply()
        setTimer(at: delivery.nextTokenAt)
    }

    func continueStream() {
        // The peer first takes what waits; then come the events that fell due.
        if !hasUnsent { writeEvents(after: ByteSlice("")) }
    }

    /// Writes events until one is not due yet, the socket is full, or the stream ends.
    private func writeEvents(after head: ByteSlice) {
        var head = head
        var batches = 0
        worker.body.removeAll()
        while phase == .streaming {
            if batches == MockLimits.batchesPerTurn {
                keepReply()
                return yield()
            }
            batches += 1
            let isDue = writeDueEvents()
            send(head, worker.body.bytes)
            head = ByteSlice("")
            worker.body.removeAll()
            if hungUp { return gone() }
            if phase == .sending {
                if !hasUnsent { finishAnswer() }
                return
            }
            if !isDue || hasUnsent { return keepReply() }
        }
    }

    /// Fills the worker's body with a batch; whether more could be written at once.
    private func writeDueEvents() -> Bool {
        while worker.body.count < MockLimits.writeByteCount {
            let index = delivery.nextEvent
            if index >= delivery.cutAt { return endStream(.drop) }
            if index >= delivery.hangAt { return endStream(.hang) }
            if index >= delivery.malformedAt {
                worker.body.append("zz not a chunk\r\n")
                return endStream(.drop)
            }
            if index >= delivery.garbageAt {
                delivery.garbageAt = .max
                frame { output in
                    guard delivery.reply.form == .converse else { return output.append("data: {\"id\": \"mock\", this is not JSON\n\n") }
                    output.append(message: .event, type: ByteSlice("contentBlockDelta"), ByteSlice("{\"id\": \"mock\", this is not JSON"))
                }
            }
            if index >= delivery.errorAt {
                delivery.errorAt = .max
                frame { writeError(index, into: &$0) }
                delivery.nextEvent = delivery.eventCount
                continue
            }
            if index == delivery.eventCount {
                if delivery.isChunked { worker.body.write(atMost: 8) { $0.appendLastChunk() } }
                delivery.isComplete = true
                return endStream(delivery.end)
            }
            let isToken = delivery.isToken(index)
            if isToken, delivery.nextTokenAt > worker.now {
                setTimer(at: delivery.nextTokenAt)
                return false
            }
            frame { writeEvent(index, into: &$0) }
            delivery.nextEvent += 1
            if isToken { worker.counters.billedOutputTokens.count() }
            if isToken { delivery.nextTokenAt = delivery.nextTokenAt.adding(nanoseconds: delivery.gapNanoseconds) }
        }
        return true
    }

    private func writeEvent(_ index: Int, into output: inout Output) {
        if let played = delivery.played { return played.writeEvent(index, into: &output) }
        delivery.reply.writeEvent(index, &delivery.cursor, into: &output)
        if index == delivery.checksumAt { output.breakChecksum() }
    }

    private func writeError(_ index: Int, into output: inout Output) {
        let status = delivery.errorStatus
        let error = ErrorAnswer(status: status, dialect: delivery.errorDialect, serial: delivery.reply.serial)
        error.writeEvent(form: delivery.reply.form, index: index, into: &output) { Connection.writeAskedFor(status, into: &$0) }
    }

    private func endStream(_ end: Delivery.End) -> Bool {
        delivery.end = end
        phase = .sending
        return false
    }

    /// Appends what `write` writes, framed as the stream is.
    private func frame(_ write: (inout Output) -> Void) {
        guard delivery.isChunked else { return write(&worker.body) }
        worker.event.removeAll()
        write(&worker.event)
        Framing.append(worker.event.bytes, chunkByteCount: delivery.chunkByteCount, to: &worker.body)
    }

    /// Copies the reply's bytes: the request that they lie in is about to go.
    private func keepReply() {
        guard !delivery.isKept, delivery.played == nil else { return }
        delivery.isKept = true
        delivery.reply = delivery.reply.kept(in: &replyStore)
    }
}
