import Bytes
import Cache
import Ledger
import Providers
import Reactor

extension Exchange {
    /// The answer is complete: the connection goes back to its pool, the record to the log.
    func settle(_ client: Client) -> Next {
        // A request whose body was not taken to its end leaves bytes that are no request.
        if body.mode == .streamed, !body.isWhole { answer.clientReusable = false }
        // What was not completed with its last byte is not whole.
        failFill()
        // First: what it has not sent lies in the client's block.
        releaseUpstream(reusable: answer.upstreamReusable && body.isWhole)
        if answer.readsUsage, plan?.hasAlternatives == true, let usage = answer.usage.usage { noteTokens(usage.outputTotal) }
        endAttempt()
        giveUpRequest(client)
        writeRecord()
        return .over
    }

    /// Hands the finished record to the log's thread, and to the bookkeeper's.
    func writeRecord() {
        guard !caching.isRecorded else { return }
        record.figures.attempts = UInt8(clamping: attempt.total)
        record.figures.totalNanoseconds = worker.now.nanoseconds(since: startedAt)
        if record.figures.firstByteNanoseconds == 0 { record.figures.firstByteNanoseconds = attempt.firstByteNanoseconds }
        record.figures.gatewayNanoseconds = gatewayNanoseconds
        record.figures.answeredQueueNanoseconds = isSent ? attempt.queuedNanoseconds : record.figures.queueNanoseconds
        record.figures.endpoint = endpoint
        let streamed = body.mode == .streamed ? UInt64(clamping: body.receivedCount) : UInt64(max(0, body.consumedCount - headByteCount))
        record.figures.receivedByteCount = UInt64(headByteCount) + streamed
        record.identifier = identifier
        record.figures.cacheStatus = caching.status
        if caching.isOrphaned { record.figures.wasAborted = true }
        if !record.figures.hasOwnTrace { record.traceIdentifier = traceIdentifier }
        if answer.readsUsage {
            record.figures.cost = cost
            var served = answer.usage.model
            served.withBytesInPlace { record.servedModel.set($0) }
        }
        record.figures.lostTokens = bookNotes.lost.inputTokens + bookNotes.lost.outputTokens
        record.figures.lostNanodollars = max(0, bookNotes.lost.nanodollars)
        noteReckoned()
        if !worker.accessRing.labels.labels.isEmpty { noteLabels() }
        let tries = trail.count > 1 ? writeTries() : ByteSlice("")
        worker.accessRing.push(&record, tries: tries)
        if let recorder = worker.recorder { keepRecord(at: recorder, tries: tries) }
        if keepsBodies { endBodies() }
    }

    /// Whether the last attempt has left.
    private var isSent: Bool { attempt.sentAt >= max(startedAt, attempt.begunAt) }

    /// Until the request that was answered had left, but for attempts before it and its wait for a connection.
    private var gatewayNanoseconds: UInt64 {
        let total = record.figures.totalNanoseconds
        guard isSent else {
            return total - min(total, max(trail.taken(until: .max) * 1000, record.figures.queueNanoseconds))
        }
        let begun = attempt.begunAt.nanoseconds(since: startedAt)
        let sending = attempt.sentAt.nanoseconds(since: attempt.begunAt)
        return begun - min(begun, trail.taken(until: microseconds(until: attempt.begunAt)) * 1000) + sending - min(sending, attempt.queuedNanoseconds)
    }

    /// The attempts as JSON, in the worker's scratch.
    func writeTries() -> ByteSlice {
        guard let route = plan?.route else { return ByteSlice("") }
        trail.end(at: microseconds(until: worker.now))
        var tries = ByteWriter(worker.headScratch, capacity: GatewayLimits.triesByteCount)
        trail.writeJSON(route.program, slug: { target, key in
            guard target < route.destinations.count, key < route.destinations[target].keys.count else { return nil }
            return route.destinations[target].keys[key].slug
        }, to: &tries)
        guard tries.overflowed else { return tries.written }
        // Rather without their credentials than not at all.
        tries = ByteWriter(worker.headScratch, capacity: GatewayLimits.triesByteCount)
        trail.writeJSON(route.program, slug: { _, _ in nil }, to: &tries)
        // All attempts or none: half a list would not be JSON.
        return tries.overflowed ? ByteSlice("") : tries.written
    }

    /// What the answer took, as far as its provider has said and its model has a price: that of the model that served, else of the one that was asked for.
    var cost: AnswerCost {
        var cost = AnswerCost()
        guard answer.readsUsage, let usage = answer.usage.usage else { return cost }
        cost.inputTokens = usage.inputTotal
        cost.outputTokens = usage.outputTotal
        cost.webSearches = UInt32(clamping: usage.webSearches)
        if let nanodollars = appliedCost(of: usage, adjustment) {
            cost.nanodollars = nanodollars.count
            cost.leavesSearchesOut = leavesSearchesOut(usage, adjustment)
        }
        return cost
    }

    /// What an answer of the model that served costs; nil where that has no price.
    func servedCost(of usage: Usage, _ adjustment: PriceAdjustment) -> Nanodollars? {
        // Before an answer of its own has begun, what is known is another request's.
        guard answer.readsUsage else { return nil }
        var served = answer.usage.model
        return served.withBytesInPlace { cost(of: usage, as: $0, adjustment) }
    }

    /// The same, or else what it costs of the model that was asked for.
    func appliedCost(of usage: Usage, _ adjustment: PriceAdjustment) -> Nanodollars? {
        applied { cost(of: usage, as: $0, adjustment) }
    }

    /// Whether an answer took searches for which the model it is priced as has no price: it cost more than is reckoned.
    func leavesSearchesOut(_ usage: Usage, _ adjustment: PriceAdjustment) -> Bool {
        // A price of the request covers them.
        guard usage.webSearches > 0, adjustment.fixed == nil, let book = worker.snapshot.prices else { return false }
        var provider = record.provider
        let isPriced = applied { model in
            provider.withBytesInPlace { book.price(provider: $0, model: model).map { $0.perSearch != nil } }
        }
        return isPriced == false
    }

    /// What `price` finds for the model that served, or else for the one that was asked for.
    private func applied<Result>(_ price: (ByteSlice) -> Result?) -> Result? {
        // Before an answer of its own has begun, what is known is another request's.
        guard answer.readsUsage else { return pricedByName(price) }
        var served = answer.usage.model
        if let found = served.withBytesInPlace(price) { return found }
        // The book has been asked for that very name.
        return pricedByName { asked in served.withBytesInPlace { $0 == asked } ? nil : price(asked) }
    }

    /// What an attempt took costs that has told nothing itself, of the model that was asked for; nil where that has no price.
    func askedCost(of usage: Usage, _ adjustment: PriceAdjustment) -> Nanodollars? {
        pricedByName { price(of: usage, as: $0, attempt.tier, adjustment) }
    }

    /// What the answer costs if `model` has given it; nil where that has no price.
    func cost(of usage: Usage, as model: ByteSlice, _ adjustment: PriceAdjustment) -> Nanodollars? {
        // A price of the request is paid once, whoever was asked besides.
        guard answer.readsUsage, let advice = answer.usage.advice, adjustment.fixed == nil else {
            return price(of: usage, as: model, servedTier, adjustment)
        }
        var (rest, advisor) = (usage, answer.usage.advisor)
        let asked = rest.take(advice)
        guard let cost = price(of: rest, as: model, servedTier, adjustment) else { return nil }
        let other = advisor.withBytesInPlace { price(of: asked, as: $0, .standard, adjustment) }
        return cost + (other ?? price(of: asked, as: model, servedTier, adjustment) ?? .zero)
    }

    private func price(of usage: Usage, as model: ByteSlice, _ tier: ServiceTier, _ adjustment: PriceAdjustment) -> Nanodollars? {
        guard let book = worker.snapshot.prices else { return nil }
        var provider = record.provider
        return provider.withBytesInPlace {
            worker.accounts.prices.cost(of: usage, provider: $0, model: model, tier: tier, adjustment: adjustment, from: book)
        }
    }

    /// The tier the answer names, else the one that was asked for.
    private var servedTier: ServiceTier {
        guard answer.readsUsage else { return attempt.tier }
        var served = answer.usage.serviceTier
        return served.withBytesInPlace { ServiceTier(served: $0) } ?? attempt.tier
    }

    /// What of the price book is otherwise for the virtual key that the answer was asked for with.
    var adjustment: PriceAdjustment { plan?.destination.keys[attempt.key].terms?.adjustment ?? .none }
}
