import Bytes
import Cache
import HTTP
import Policy
import Providers

/// The way of an answer into the cache, beside its way to the client: whoever asks the same meanwhile reads it there.
extension Exchange {
    /// The answer whose head was just read is passed on as it comes: from here on a copy of its body goes to the flight.
    ///
    /// - Parameters:
    ///   - isStream: whether its body is events.
    ///   - lines: its header fields, hop-by-hop ones left out.
    func beginFill(_ plan: Plan, isStream: Bool, writing lines: (inout ByteWriter) -> Void) {
        guard let flight = caching.flight else { return }
        guard mayBeShared(plan), let fields = storedFields(plan, writing: lines) else { return failFill() }
        flight.begin(Flight.Head(status: UInt16(clamping: answer.status), isStream: isStream), fields: fields)
        publishFill()
    }

    /// Whether others would be answered the same: an answer is kept, and what is wrong with the request is wrong with theirs. What a
    /// provider could not do now it may do for another.
    private func mayBeShared(_ plan: Plan) -> Bool {
        // Others have other budgets.
        if let cut = attempt.spending?.bound.cutTo, cut > 0 { return false }
        switch answer.upstreamFraming {
        // Where an answer without a length was cut, it may look whole.
        case .none, .untilClose: return false
        case .length, .chunked: break
        }
        switch answer.status {
        case 200: return true
        // Another target, or the same request said more plainly, might have done.
        case 400, 404, 413, 422: return caching.isEntered && !plan.hasAlternatives && !caching.mayBeRefused
        default: return false
        }
    }

    private func storedFields(_ plan: Plan, writing lines: (inout ByteWriter) -> Void) -> CacheBlob? {
        var all = ByteWriter(worker.headScratch, capacity: GatewayLimits.answerHeadByteCount)
        lines(&all)
        let count = all.count
        StoredFields.append(all.written, to: &all)
        all.append(plan.destination.fixedAnswerFields)
        return all.overflowed ? nil : CacheBlob(all.written.dropFirst(count))
    }

    /// Lets those that follow have what has come.
    func publishFill() {
        guard let flight = caching.flight else { return }
        guard !flight.log.isFull else { return failFill() }
        // Too long to be kept, and nobody waits for it: the copy would only take others' memory.
        if flight.log.writtenByteCount > worker.largestStoredByteCount, !flight.isFollowed { return failFill() }
        flight.log.publish()
        worker.announce(flight)
    }

    /// The answer is whole: it is kept, if it is one to be kept.
    func completeFill() {
        guard let flight = caching.flight else { return }
        let isWhole = answer.state == .done && answer.isCommitted && !answer.isShort
        guard flight.stage == .begun, isWhole, !record.figures.wasAborted, !flight.log.isFull else { return failFill() }
        flight.log.publish()
        let cost = cost
        if flight.head.status == 200, let blob = storedAnswer(flight, cost) { keep(blob) }
        flight.complete(cost)
        // Nobody has counted, and whom its client was left to saw nothing of it that it could be reckoned by.
        if caching.isOrphaned, caching.isRecorded, cost.inputTokens < 0 { tellOfItself() }
        endFill(flight)
    }

    /// There will be no answer, or none that others could use.
    func failFill() {
        guard let flight = caching.flight else { return }
        flight.fail(isMidEvent: answer.isMidEvent, saysWhy: caching.hasToldFailure)
        // Whom its client was left to has no part of what this one costs.
        if caching.isOrphaned, caching.isRecorded { tellOfItself() }
        endFill(flight)
    }

    private func endFill(_ flight: Flight) {
        caching.flight = nil
        if caching.isEntered { worker.sharedCache?.flights.remove(flight) }
        caching.isEntered = false
        worker.forgetStalled(flight)
        if caching.isOrphaned { worker.orphans[ObjectIdentifier(flight)] = nil }
        worker.announce(flight)
    }

    /// The answer as it is kept; nil when it is not to be, or there is no memory.
    private func storedAnswer(_ flight: Flight, _ cost: AnswerCost) -> CacheBlob? {
        guard let rule = caching.rule, let fields = flight.fields, flight.log.writtenByteCount <= worker.largestStoredByteCount else { return nil }
        var figures = StoredAnswer.Figures()
        figures.isStream = flight.head.isStream
        figures.provider = record.provider
        figures.cost = cost
        let inspection = AnswerInspection(endpoint, isCoded: StoredFields.isCoded(fields.bytes))
        var isFit = false
        let blob = StoredAnswer.blob(figures, fields: fields.bytes, bodyByteCount: flight.log.writtenByteCount) { place, figures in
            flight.log.copy(to: place)
            let findings = inspection.inspect(ByteSlice(place, count: flight.log.writtenByteCount), isStream: figures.isStream)
            isFit = !findings.isUnfit && (rule.keepsToolCalls || !findings.callsTools)
            figures.callsTools = findings.callsTools
        }
        return isFit ? blob : nil
    }

    private func keep(_ blob: CacheBlob) {
        guard let rule = caching.rule else { return }
        let now = worker.now.nanoseconds
        let seconds = UInt64(rule.maxAgeSeconds) + UInt64(max(rule.staleWhileRevalidateSeconds, rule.staleIfErrorSeconds))
        // What was to be had anew must not come back in another form.
        if caching.status == .refresh {
            for form in AnswerForm.allCases where form != caching.form { worker.cache?.discard(caching.key.inForm(form.rawValue)) }
        }
        store(blob, tags: caching.tags, storedAt: now, expiresAt: now + seconds * 1_000_000_000)
    }

    /// Stores the request's answer, unless an operator has dropped answers since it was asked for: it may be of those.
    func store(_ blob: CacheBlob, tags: CacheTags, storedAt: UInt64, expiresAt: UInt64) {
        guard let shared = worker.sharedCache, let cache = worker.cache, shared.purgeCount == caching.purgeCount else { return }
        cache.insert(blob, for: caching.key, tags: tags, storedAt: storedAt, expiresAt: expiresAt, now: worker.now.nanoseconds)
        if shared.purgeCountAfterStoring() != caching.purgeCount { cache.discard(caching.key) }
    }
}
