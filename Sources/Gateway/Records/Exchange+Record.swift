import Books
import Bytes
import Cache
import Ledger
import Policy
import Providers
import Reactor

/// What a request leaves in the books: written where the bookkeeper reads it.
extension Exchange {
    /// Puts the record into the worker's ring, of requests that are for providers.
    ///
    /// - Parameter tries: the attempts, as JSON, where there were several.
    func keepRecord(at recorder: Recorder, tries: ByteSlice) {
        // What shows a prompt asks no provider.
        guard endpoint.body != .ignored, endpoint != .promptRender else { return }
        var figures = recordFigures()
        let tries = trail.count == 1 && figures.attempts == 1 && !tellsTheOnlyTry(&figures) ? writeTries() : tries
        let own = bookNotes.isOwed ? .required : recorder.duty(caller.terms, caller.workspaceTerms)
        // What was not served is not owed: refusals, while the disk is behind, would take the room of those under way.
        let isServed = attempt.total > 0 || caching.status == .hit
        let duty: RecordDuty = !isServed ? .whereThereIsRoom : own == .required ? own : recorder.duty(usedKey?.terms, usedKey?.integrationTerms)
        recorder.push(duty) { writer in
            writer.write(figures)
            writeWho(to: &writer)
            writeWhat(to: &writer)
            writeAnswer(to: &writer)
            bookNotes.metadata.withBytesInPlace { writer.metadata($0) }
            if let metadata = bookNotes.longMetadata { writer.metadata(metadata.slice) }
            writer.attempts(tries)
            bookNotes.limits.withBytesInPlace { writer.limits($0) }
            if screening.hasVerdicts { screening.verdicts.withByteSlice { writer.guardrails($0) } }
        }
    }

    /// Marks a record that says all there is to say of its one attempt, as most do: nothing is written of that again.
    private func tellsTheOnlyTry(_ figures: inout RecordFigures) -> Bool {
        guard let plan, let times = trail.only(target: plan.targetIndex, key: attempt.key, status: figures.status) else { return false }
        guard UInt64(times.begun) == figures.gatewayNanoseconds / 1000, UInt64(times.firstByte) == figures.firstByteNanoseconds / 1000,
            UInt64(times.queued) == figures.queueNanoseconds / 1000
        else { return false }
        figures.flags.insert(.triedOnce)
        figures.reason = RecordedReason(plan.reason)
        return true
    }

    /// The credential of the last attempt, or the one that the next would have had.
    private var usedKey: DestinationKey? {
        guard let keys = plan?.destination.keys else { return nil }
        return attempt.key < keys.count ? keys[attempt.key] : keys.first
    }

    // MARK: Texts

    private func writeWho(to writer: inout RecordWriter) {
        record.traceIdentifier.withBytesInPlace { writer.trace($0) }
        bookNotes.span.withBytesInPlace { writer.span($0) }
        bookNotes.parentSpan.withBytesInPlace { writer.parentSpan($0) }
        bookNotes.spanName.withBytesInPlace { writer.spanName($0) }
        worker.snapshot.organisation.withByteSlice { writer.organisation($0) }
        bookNotes.workspace.withBytesInPlace { writer.workspace($0) }
        bookNotes.key.withBytesInPlace { writer.key($0) }
        record.key.withBytesInPlace { writer.keyName($0) }
        record.certificate.withBytesInPlace { writer.certificate($0) }
        record.user.withBytesInPlace { writer.user($0) }
        record.peer.withBytesInPlace { writer.peer($0) }
        bookNotes.agent.withBytesInPlace { writer.agent($0) }
        bookNotes.sdk.withBytesInPlace { writer.sdk($0) }
        worker.snapshot.gatewayVersion.withByteSlice { writer.gatewayVersion($0) }
    }

    private func writeWhat(to writer: inout RecordWriter) {
        writer.endpoint(endpoint.word)
        record.method.withBytesInPlace { writer.method($0) }
        record.path.withBytesInPlace { writer.path($0) }
        record.model.withBytesInPlace { writer.model($0) }
        if let prompt = bookNotes.prompt { writer.prompt(prompt.slice) }
        if let id = bookNotes.promptID { writer.promptID(id.slice) }
        guard let plan else { return }
        if let name = plan.route.configName { writer.config(name.slice) }
        if let digest = plan.route.configDigest { writer.configDigest(digest.slice) }
        if let slug = usedKey?.slug { writer.virtualKey(slug.slice) }
        let program = plan.route.program
        writer.target(program.bytes(program.targets[plan.targetIndex].path))
    }

    private func writeAnswer(to writer: inout RecordWriter) {
        record.provider.withBytesInPlace { writer.provider($0) }
        record.errorCode.withBytesInPlace { writer.error($0) }
        guard answer.readsUsage else { return }
        var (served, reason) = (answer.usage.model, answer.usage.finishReason)
        served.withBytesInPlace { writer.served($0) }
        reason.withBytesInPlace { writer.finishReason($0) }
        var tier = answer.usage.serviceTier
        tier.withBytesInPlace { writer.serviceTier($0) }
        guard var version = worker.snapshot.prices?.version else { return }
        version.withUTF8 { bytes in
            if let base = bytes.baseAddress { writer.priceBook(ByteSlice(base, count: bytes.count)) }
        }
    }

    // MARK: Figures

    private func recordFigures() -> RecordFigures {
        var figures = RecordFigures()
        figures.identifier = requestID
        figures.wallNanoseconds = record.figures.wallNanoseconds
        figures.totalNanoseconds = record.figures.totalNanoseconds
        figures.firstByteNanoseconds = record.figures.firstByteNanoseconds
        figures.firstTokenNanoseconds = record.figures.firstTokenNanoseconds
        // What was kept comes at once.
        if record.figures.isStream, caching.status == .hit { figures.firstTokenNanoseconds = figures.firstByteNanoseconds }
        figures.gatewayNanoseconds = record.figures.gatewayNanoseconds
        figures.queueNanoseconds = record.figures.queueNanoseconds
        figures.connectNanoseconds = record.figures.connectNanoseconds
        figures.status = record.figures.status
        figures.attempts = record.figures.attempts
        figures.promptVersion = bookNotes.promptVersion
        figures.configVersion = UInt32(clamping: plan?.route.configVersion ?? 0)
        figures.mode = plan?.route.mode ?? .single
        figures.blame = bookNotes.blame
        figures.cache = RecordedCache(caching.status)
        figures.receivedByteCount = record.figures.receivedByteCount
        figures.sentByteCount = record.figures.sentByteCount
        figures.saved = record.figures.saved.nanodollars
        figures.savedInputTokens = record.figures.saved.inputTokens
        figures.savedOutputTokens = record.figures.saved.outputTokens
        if record.figures.isStream { figures.flags.insert(.stream) }
        if record.figures.wasAborted { figures.flags.insert(.aborted) }
        if record.figures.wasHedged { figures.flags.insert(.hedged) }
        if record.figures.hasOwnTrace { figures.flags.insert(.ownTrace) }
        figures.lostInputTokens = bookNotes.lost.inputTokens
        figures.lostOutputTokens = bookNotes.lost.outputTokens
        figures.lostCost = bookNotes.lost.nanodollars
        if bookNotes.lost.isEstimated { figures.flags.insert(.lostEstimated) }
        if bookNotes.leftMetadataOut { figures.flags.insert(.metadataLeftOut) }
        charge(&figures)
        return figures
    }

    /// What the request took and cost: as its provider counted, as another exchange was told, or reckoned.
    private func charge(_ figures: inout RecordFigures) {
        let told = record.figures.cost
        // Budgets have taken for uncounted what did not come whole, whatever it had told.
        if bookNotes.reckoned == nil, answer.readsUsage, let usage = answer.usage.usage, answer.state == .done, !answer.isBroken {
            figures.usage = usage
            figures.flags.insert(.counted)
            price(told, &figures)
        } else if told.inputTokens >= 0, !answer.readsUsage {
            figures.usage.input = told.inputTokens
            figures.usage.output = max(0, told.outputTokens)
            figures.usage.webSearches = Int64(told.webSearches)
            figures.flags.insert(.counted)
            price(told, &figures)
        } else if caching.status == .hit || !wasDone {
            figures.cost = 0
        } else if endpoint.isReckoned || answer.readsUsage && answer.usage.usage != nil {
            reckon(&figures)
        } else if endpoint.isBilled {
            figures.flags.insert(.unpriced)
        } else {
            figures.cost = 0
        }
    }

    private func price(_ told: AnswerCost, _ figures: inout RecordFigures) {
        price(told.nanodollars, &figures)
        if told.leavesSearchesOut { figures.flags.insert(.searchesUnpriced) }
    }

    /// Takes what is reckoned of an answer that nobody has counted into the sums of metrics, as its record tells it.
    func noteReckoned() {
        let isCounted = bookNotes.reckoned == nil && record.figures.cost.inputTokens >= 0 && answer.state == .done && !answer.isBroken
        guard !isCounted, wasDone else { return }
        var figures = RecordFigures()
        charge(&figures)
        guard figures.flags.contains(.estimated) else { return }
        // What was told before a stream was cut is part of that.
        record.figures.cost = AnswerCost()
        record.figures.lostTokens += figures.usage.total
        record.figures.lostNanodollars = (Nanodollars(record.figures.lostNanodollars) + Nanodollars(max(0, figures.cost))).count
    }

    private func price(_ nanodollars: Int64, _ figures: inout RecordFigures) {
        figures.cost = nanodollars
        if nanodollars < 0 { figures.flags.insert(.unpriced) }
    }

    /// Whether a provider has done something that it charges for, as far as anybody here can tell.
    private var wasDone: Bool {
        // What earlier attempts took is lost, and told apart.
        guard attempt.state == .sent, attempt.sentAt >= startedAt else { return false }
        return bookNotes.reckoned != nil || answer.isCommitted && (200..<300).contains(answer.status)
            || !answer.isCommitted && record.figures.wasAborted && !isRefused
    }

    /// Nobody has counted: what budgets were charged, else what the bytes and the events come to.
    private func reckon(_ figures: inout RecordFigures) {
        figures.flags.formUnion([.counted, .estimated])
        if let reckoned = bookNotes.reckoned {
            figures.usage.input = min(reckoned.input, Providers.Limits.tokenCount)
            figures.usage.output = min(reckoned.output, Providers.Limits.tokenCount)
            figures.usage.webSearches = reckoned.searches
            if let cost = reckoned.cost {
                price(cost, &figures)
                if reckoned.leavesSearchesOut { figures.flags.insert(.searchesUnpriced) }
                return
            }
        } else if answer.readsUsage, let begun = answer.usage.usage {
            // A stream that was cut has told what went in, and of what came out at most a part.
            figures.usage = begun
            figures.usage.output = max(begun.output, Int64(answer.usage.deltaCount))
        } else {
            let bodyByteCount = record.figures.receivedByteCount - min(record.figures.receivedByteCount, UInt64(headByteCount))
            figures.usage.input = max(1, Int64(clamping: bodyByteCount) / AccountLimits.textBytesPerToken)
            if answer.isCommitted {
                let sent = Int64(clamping: record.figures.sentByteCount) / AccountLimits.textBytesPerToken
                figures.usage.output = answer.isStream ? Int64(answer.readsUsage ? answer.usage.deltaCount : 0) : sent
            }
        }
        let adjustment = usedKey?.terms?.adjustment ?? .none
        price(appliedCost(of: figures.usage, adjustment)?.count ?? -1, &figures)
        if figures.cost >= 0, leavesSearchesOut(figures.usage, adjustment) { figures.flags.insert(.searchesUnpriced) }
    }
}
