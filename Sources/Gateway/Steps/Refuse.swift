import Books
import Bytes
import HTTP
import Providers
import Reactor

extension Exchange {
    /// Answers a rejection, from whichever step it comes, in the dialect the client spoke.
    func refuse(_ rejection: Rejection, _ client: Client) -> Next {
        // Runs gathered for what is now refused.
        worker.runs.removeAll()
        if keepsBodies { keepRequest(client) }
        let isLate = !answer.isCommitted && (rejection.refusal == .upstreamTimeout || rejection.refusal == .requestTimeout)
        if rejection.refusal.blame == .upstream, caching.stale != nil, (try? answerStale(client, isLate: isLate)) == true { return .step(.settle) }
        dropRival()
        releaseUpstream(reusable: false)
        giveUpAttempt(isLate: isLate)
        leaveFlight()
        failFill()
        if rejection.isUnanswerable { return .wait }
        record.errorCode.set(ByteSlice(rejection.refusal.code))
        bookNotes.blame = RecordedBlame(rejection.refusal.blame)
        // A head that could not be read has named nothing yet.
        if identifier.isEmpty { name(ByteSlice("")) }
        guard !answer.isCommitted else {
            // Too late for an answer of our own.
            sendErrorEvent(rejection, client)
            return self.client == nil ? .wait : .step(.settle)
        }
        let results = rejection.refusal == .guardrailDenied ? screening.results : []
        guard let block = worker.blocks.lease(atLeast: GatewayLimits.refusalByteCount + results.count) else {
            client.abort()
            return .wait
        }
        let bodyStart = GatewayLimits.refusalByteCount / 2
        var content = ByteWriter(block.base + bodyStart, capacity: block.capacity - bodyStart)
        writeShape(rejection, results) { $0.write(in: dialect, faults: rejection.faults, places: rejection.places, into: &content) }
        let status = rejection.status ?? rejection.refusal.status
        settleReuse(rejection, client)
        var head = ByteWriter(block.base, capacity: bodyStart)
        writeRefusalHead(status, contentCount: content.overflowed ? 0 : content.count, rejection, to: &head)
        worker.runs.append(head.written)
        if !content.overflowed, request.method != .head { worker.runs.append(content.written) }
        worker.runs.blocks.add(block)
        record.figures.status = UInt16(truncatingIfNeeded: status)
        record.figures.sentByteCount &+= UInt64(worker.runs.byteCount)
        answer.isCommitted = true
        answer.state = .done
        if keepsBodies { keepAnswer() }
        if case .failed = client.send(&worker.runs) {
            client.close()
            return .wait
        }
        return .step(.settle)
    }

    /// Whether the connection may carry another request: only when all of this one has been read.
    private func settleReuse(_ rejection: Rejection, _ client: Client) {
        if rejection.closesConnection || headByteCount == 0 {
            answer.clientReusable = false
            body.isConsumed = true
            return
        }
        guard !body.isWhole else { return }
        switch request.framing {
        case .none, .untilClose:
            body.consumedCount = headByteCount
            body.isWhole = true
        case .length(let length) where length <= Int64(client.unread.count - headByteCount) && !body.isConsumed:
            body.consumedCount = headByteCount + Int(length)
            body.isWhole = true
        default:
            answer.clientReusable = false
            body.isConsumed = true
        }
    }

    private func writeRefusalHead(_ status: Int, contentCount: Int, _ rejection: Rejection, to head: inout ByteWriter) {
        head.append(statusLine: status)
        head.append("content-type: application/json\r\n")
        head.append(field: "content-length", decimal: UInt64(contentCount))
        if let plan {
            head.append(plan.destination.fixedAnswerFields)
        } else {
            head.append("x-portkey-last-used-option-index: config\r\n")
        }
        writeCacheStatus(to: &head)
        head.append("x-portkey-retry-attempt-count: ")
        head.append(decimal: rejection.refusal == .guardrailDenied ? plan.map { retryAttemptCount($0) } ?? 0 : attempt.repeats)
        head.append("\r\n")
        if let plan { writeDecision(plan, to: &head) }
        writeOwnFields(to: &head)
        if let rate = rejection.rate {
            rate.writeFields(to: &head)
        } else if status == 503 || status == 429 {
            head.append("retry-after: 1\r\n")
        }
        writeConnectionField(to: &head)
        head.appendEndOfHead()
    }

    /// Ends a stream that has begun with an error event, then stops without a final chunk.
    func sendErrorEvent(_ rejection: Rejection, _ client: Client) {
        record.figures.wasAborted = true
        answer.endBroken()
        // Without framing only a reset tells a cut answer from a whole one.
        if answer.framing == .close { return client.abort() }
        guard answer.isStream, answer.framing != .length, let block = worker.blocks.lease(atLeast: GatewayLimits.refusalByteCount) else { return }
        let start = GatewayLimits.chunkLineByteCount
        var event = ByteWriter(block.base + start, capacity: block.capacity - start)
        writeShape(rejection) { $0.writeEvent(in: dialect, midLine: answer.isMidEvent, into: &event) }
        guard !event.overflowed else { return }
        if answer.framing == .chunked {
            var size = ByteWriter(block.base, capacity: start)
            size.append(chunkSize: event.count)
            worker.runs.append(size.written)
        }
        worker.runs.append(event.written)
        if answer.framing == .chunked { worker.runs.append("\r\n") }
        worker.runs.blocks.add(block)
        if keepsBodies { keepAnswer() }
        if case .failed = client.send(&worker.runs) { client.close() }
    }

    /// The dialect the client spoke, as far as its request was read.
    var dialect: Dialect {
        endpoint.clientDialect(sentAnthropicVersion: headByteCount > 0 && request.fields.contains(.anthropicVersion))
    }

    private func writeShape(_ rejection: Rejection, _ results: [UInt8] = [], _ body: (ErrorShape) -> Void) {
        var shape = ErrorShape(rejection.refusal)
        Array(rejection.message.utf8).withByteSlice { message in
            Array(rejection.parameter.utf8).withByteSlice { parameter in
                identifier.withBytes { requestID in
                    results.withByteSlice { results in
                        shape.message = message
                        shape.parameter = parameter.isEmpty ? nil : parameter
                        shape.requestID = requestID
                        shape.hookResults = results
                        body(shape)
                    }
                }
            }
        }
    }
}
