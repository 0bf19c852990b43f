import Bytes
import Cache
import HTTP
import JSON
import Policy
import Providers

/// An answer that is kept in another form than is asked for, said in that form.
extension Exchange {
    /// Finds the request's answer in another form, says it in the one that is asked for, and keeps it so, too: the next finds it at once.
    /// Nil where there is none, or none that can be said otherwise.
    func convertedAnswer(_ rule: CacheRule) -> (blob: CacheBlob, storedAt: UInt64)? {
        guard endpoint.hasTwoForms, let cache = worker.cache else { return nil }
        // What guardrails would have said of the one they have not said of the other.
        guard plan?.route.isGuarded == false else { return nil }
        let now = worker.now.nanoseconds
        for form in AnswerForm.allCases where form != caching.form {
            guard let hit = cache.lookup(caching.key.inForm(form.rawValue), now: now) else { continue }
            guard (now - min(now, hit.storedAt)) / 1_000_000_000 < UInt64(rule.maxAgeSeconds) else { continue }
            guard let stored = StoredAnswer(hit.bytes), rule.keepsToolCalls || !stored.figures.callsTools, let blob = converted(stored) else { continue }
            store(blob, tags: hit.tags, storedAt: hit.storedAt, expiresAt: hit.expiresAt)
            return (blob, hit.storedAt)
        }
        return nil
    }

    private func converted(_ stored: StoredAnswer) -> CacheBlob? {
        var figures = stored.figures
        figures.isStream = caching.form != .whole
        var body: [UInt8]
        if stored.figures.isStream {
            guard let whole = written(atLeast: stored.body.count, { writeWhole(stored, to: &$0) }) else { return nil }
            body = whole
        } else {
            body = [UInt8](stored.body)
        }
        if figures.isStream {
            let whole = body
            let streamed = whole.withByteSlice { text in
                written(atLeast: 2 * text.count) { writer in
                    do throws(TranslationFault) {
                        try writeStream(text, to: &writer)
                        return true
                    } catch {
                        return false
                    }
                }
            }
            guard let streamed else { return nil }
            body = streamed
        }
        var fields = ByteWriter(worker.headScratch, capacity: GatewayLimits.answerHeadByteCount)
        fields.append(figures.isStream ? "content-type: text/event-stream; charset=utf-8\r\n" : "content-type: application/json\r\n")
        StoredFields.append(stored.fields, leavingOut: "content-type", to: &fields)
        guard !fields.overflowed else { return nil }
        return body.withByteSlice { body in
            StoredAnswer.blob(figures, fields: fields.written, bodyByteCount: body.count) { place, _ in place.update(from: body.base, count: body.count) }
        }
    }

    /// What `write` writes, in as much memory as that takes; nil when it cannot.
    private func written(atLeast byteCount: Int, _ write: (inout ByteWriter) -> Bool) -> [UInt8]? {
        var capacity = byteCount + GatewayLimits.translationSlackByteCount
        while capacity <= GatewayLimits.translatedAnswerByteCount, let block = worker.blocks.lease(atLeast: capacity) {
            var writer = ByteWriter(block.base, capacity: block.capacity)
            let isWritten = write(&writer)
            if !writer.overflowed { return isWritten ? [UInt8](writer.written) : nil }
            capacity = 2 * block.capacity
        }
        return nil
    }

    private func writeStream(_ text: ByteSlice, to writer: inout ByteWriter) throws(TranslationFault) {
        switch endpoint {
        case .completions: try worker.translator.writeCompletionStream(text, includesUsage: caching.form == .streamWithUsage, to: &writer)
        case .responses: try worker.translator.writeResponseStream(text, to: &writer)
        default: try worker.translator.writeStream(text, dialect, options(of: text), to: &writer)
        }
    }

    private func writeWhole(_ stored: StoredAnswer, to writer: inout ByteWriter) -> Bool {
        var usage: Usage?
        if stored.figures.cost.inputTokens >= 0, stored.figures.cost.outputTokens >= 0 {
            usage = Usage()
            usage?.input = stored.figures.cost.inputTokens
            usage?.output = stored.figures.cost.outputTokens
        }
        do throws(TranslationFault) {
            let events: Translator.Events = { at in
                var scanner = EventBoundaryScanner()
                while let event = scanner.next(stored.body, from: at) {
                    at = event.end
                    if let data = event.payload.map({ stored.body[$0] }), !(data == "[DONE]") { return data }
                }
                return nil
            }
            switch endpoint {
            case .completions: try worker.translator.writeWholeCompletion(usage: usage, to: &writer, events)
            case .responses: try worker.translator.writeWholeResponse(to: &writer, events)
            default: try worker.translator.writeWhole(dialect, options(of: firstEvent(stored.body)), usage: usage, to: &writer, events)
            }
            return true
        } catch {
            return false
        }
    }

    /// The first event that has a choice: one of a filter, before it, states no time.
    private func firstEvent(_ stream: ByteSlice) -> ByteSlice {
        var scanner = EventBoundaryScanner()
        var at = 0
        var first = ByteSlice("")
        while let event = scanner.next(stream, from: at) {
            at = event.end
            guard let data = event.payload.map({ stream[$0] }) else { continue }
            if first.isEmpty { first = data }
            if let choices = JSONView(objectIn: data)?.child(ByteSlice("choices")), choices.elements.contains(where: { _ in true }) { return data }
        }
        return first
    }

    /// How the other form is written: with the time and the model that this one states.
    private func options(of object: ByteSlice) -> AnswerOptions {
        var options = AnswerOptions()
        options.includesUsage = caching.form == .streamWithUsage
        options.identifier = identifier
        if let root = JSONView(objectIn: object) {
            if let created = root.child(ByteSlice("created")), created.kind == .number { options.created = created.bytes.decimal ?? 0 }
        }
        record.model.withBytesInPlace { options.model.set($0) }
        return options
    }
}

extension Endpoint {
    /// Whether its answers come whole or streamed, and one can be made from the other.
    fileprivate var hasTwoForms: Bool {
        switch self {
        case .chatCompletions, .messages, .completions, .responses: true
        default: false
        }
    }
}
