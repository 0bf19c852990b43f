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
        delivery.isStream = true
        delivery.reply = reply
        delivery.gapNanoseconds = script.gapNanoseconds
        delivery.chunkByteCount = script.chunk ?? 0
        delivery.cutAt = script.cut ?? .max
        delivery.hangAt = script.hangAfter ?? .max
        delivery.malformedAt = script.malformed ?? .max
        delivery.garbageAt = script.garbage ?? .max
        writeByteCount = script.chunk ?? 0
        worker.counters.startedStreams.count()
        worker.writeHead(head)
        let wait = script.latency.sample(&worker.random)
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
        let firstToken = delivery.reply.openingEvents
        let lastToken = firstToken + delivery.reply.tokenCount - 1
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
                frame { $0.append("data: {\"id\": \"mock\", this is not JSON\n\n") }
            }
            if index == delivery.reply.eventCount {
                if delivery.isChunked { worker.body.write(atMost: 8) { $0.appendLastChunk() } }
                delivery.isComplete = true
                return endStream(delivery.end)
            }
            let isToken = index >= firstToken && index <= lastToken
            if isToken, delivery.nextTokenAt > worker.now {
                setTimer(at: delivery.nextTokenAt)
                return false
            }
            frame { delivery.reply.writeEvent(index, &delivery.cursor, into: &$0) }
            delivery.nextEvent += 1
            if isToken { delivery.nextTokenAt = delivery.nextTokenAt.adding(nanoseconds: delivery.gapNanoseconds) }
        }
        return true
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
        guard !delivery.isKept else { return }
        delivery.isKept = true
        delivery.reply = delivery.reply.kept(in: &replyStore)
    }
}
