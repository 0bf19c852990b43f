import Bytes
import HTTP
import Providers

extension Exchange {
    /// Writes the head the client gets for the upstream's: its status and fields, ours in place of
    /// those of the hop, and the framing of this connection.
    func writeAnswerHead(_ upstreamHead: ByteSlice, _ plan: Plan, to writer: inout ByteWriter) {
        writer.append(statusLine: answer.status)
        worker.answerHead.fields.write(
            dropping: answer.isReframed ? AnswerFields.droppedFromReframed
                : answer.isStream ? AnswerFields.droppedFromStreams : answer.status == 204 ? AnswerFields.droppedFromEmpty : AnswerFields.dropped,
            nominatedBy: worker.answerHead.connection, from: upstreamHead, to: &writer)
        writeUsualFields(plan, to: &writer)
        if answer.isStream { writeStreamFields(plan, to: &writer) }
        if answer.framing == .chunked { writer.append("transfer-encoding: chunked\r\n") }
        writeConnectionField(to: &writer)
        writer.appendEndOfHead()
    }

    /// The fields of a stream.
    func writeStreamFields(_ plan: Plan, to writer: inout ByteWriter) {
        // Proxies between here and the client must neither gather nor compress events.
        writer.append("x-accel-buffering: no\r\ncache-control: no-transform\r\n")
        if plan.destination.outputHooks != nil, endpoint.answerTextPlace != nil {
            writer.append("x-sluice-warnings: unchecked: output guardrails are not made of streams\r\n")
        }
    }

    /// The fields every answer of a provider's gets from this gateway.
    func writeUsualFields(_ plan: Plan, to writer: inout ByteWriter) {
        writer.append(plan.destination.fixedAnswerFields)
        writeCacheStatus(to: &writer)
        writer.append("x-portkey-retry-attempt-count: ")
        writer.append(decimal: retryAttemptCount(plan))
        writer.append("\r\n")
        writeDecision(plan, to: &writer)
        writeCut(to: &writer)
        writeOwnFields(to: &writer)
    }

    /// Tells of an answer that a budget has made shorter.
    private func writeCut(to writer: inout ByteWriter) {
        guard let limit = attempt.spending?.bound.cutTo, limit > 0 else { return }
        writer.append("x-sluice-warnings: budget: the answer is limited to ")
        writer.append(decimal: UInt64(clamping: limit))
        writer.append(" tokens\r\n")
    }

    /// Why this answer and no other, for who asked with `x-sluice-explain: 1`.
    func writeDecision(_ plan: Plan, to writer: inout ByteWriter) {
        guard explains else { return }
        writer.append("x-sluice-decision: ")
        trail.writeField(plan.route.program, to: &writer)
        writer.append("\r\n")
    }

    /// Repeats at the target that answered; −1 when all were used and the last was still worth repeating.
    func retryAttemptCount(_ plan: Plan) -> Int {
        let policy = plan.target.retry
        guard policy.attempts > 0, policy.statuses.contains(answer.status) else { return attempt.repeats }
        return attempt.repeats == Int(policy.attempts) || attempt.stoppedRepeating ? -1 : attempt.repeats
    }

    /// What every answer says, whoever it is from: the request's own id, the trace id (the client's, its `traceparent`'s, or the
    /// request's), and which page may read it.
    func writeOwnFields(to writer: inout ByteWriter) {
        writer.append("x-portkey-trace-id: ")
        traceIdentifier.withBytesInPlace { writer.append($0) }
        writer.append("\r\nx-sluice-request-id: ")
        identifier.withBytesInPlace { writer.append($0) }
        writer.append("\r\n")
        writeOriginFields(to: &writer)
    }

    func writeConnectionField(to writer: inout ByteWriter) {
        if request.version == .http2 { return }
        if !answer.clientReusable || worker.isDraining {
            answer.clientReusable = false
            writer.append("connection: close\r\n")
        } else if request.version == .http10 {
            writer.append("connection: keep-alive\r\n")
        }
    }
}

/// Fields of an upstream's answer that are not the client's.
enum AnswerFields {
    /// The hop's, and those this gateway writes itself.
    ///
    /// Which pages may read an answer is for this gateway to say, not for a provider.
    static let dropped = FieldNameSet.hopByHop.union(
        FieldNameSet(.accessControl, .portkeyProvider, .portkeyTraceID, .portkeyCacheNamespace, .otherPortkey, .sluice))

    /// A 204 states no length (RFC 9110 §8.6).
    static let droppedFromEmpty = dropped.union(FieldNameSet(.contentLength))

    /// A translated answer has another body, and says what it is itself.
    static let droppedFromTranslations = dropped.union(FieldNameSet(.contentLength, .contentType, .contentEncoding, .xAccelBuffering, .cacheControl))

    static let droppedFromStreams = dropped.union(FieldNameSet(.xAccelBuffering))

    /// A stream that has another length than its upstream's.
    static let droppedFromReframed = droppedFromStreams.union(FieldNameSet(.contentLength))
}
