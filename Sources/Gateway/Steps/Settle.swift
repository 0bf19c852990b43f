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
        record.figures.gatewayNanoseconds = gatewayNanoseconds
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
        let tries = writeTries()
        worker.accessRing.push(&record, tries: tries)
        if let recorder = worker.recorder { keepRecord(at: recorder, tries: tries) }
    }

    /// Until the request that was answered had left, but for attempts before it.
    private var gatewayNanoseconds: UInt64 {
        guard attempt.sentAt >= startedAt else { return record.figures.totalNanoseconds }
        let before = attempt.sentAt.nanoseconds(since: startedAt)
        return before - min(before, trail.millisecondsBeforeLast &* 1_000_000)
    }

    /// The attempts as JSON, in the worker's scratch; empty where there was one and no choice.
    private func writeTries() -> ByteSlice {
        guard trail.count > 1, let program = plan?.route.program else { return ByteSlice("") }
        // All attempts or none: half a list would not be JSON.
        var tries = ByteWriter(worker.headScratch, capacity: GatewayLimits.triesByteCount)
        trail.writeJSON(program, to: &tries)
        return tries.overflowed ? ByteSlice("") : tries.written
    }

    /// What the answer took, as far as its provider has said and its model has a price: that of the model that served, else of the one that was asked for.
    var cost: AnswerCost {
        var cost = AnswerCost()
        guard answer.readsUsage, let usage = answer.usage.usage else { return cost }
        cost.inputTokens = usage.inputTotal
        cost.outputTokens = usage.outputTotal
        if let price = appliedPrice(attempt.spending?.tier ?? .standard) { cost.nanodollars = price.cost(of: usage, adjustment: adjustment).count }
        return cost
    }

    /// What the model that served is priced at.
    func servedPrice(_ tier: ServiceTier) -> ModelPrice? {
        var (served, provider) = (answer.usage.model, record.provider)
        return worker.snapshot.prices.flatMap { book in
            provider.withBytesInPlace { provider in served.withBytesInPlace { book.price(provider: provider, model: $0, tier: tier) } }
        }
    }

    /// What the model that served is priced at, or else the one that was asked for.
    func appliedPrice(_ tier: ServiceTier) -> ModelPrice? {
        if let price = servedPrice(tier) { return price }
        guard let book = worker.snapshot.prices else { return nil }
        var (served, provider) = (answer.usage.model, record.provider)
        return provider.withBytesInPlace { provider in
            record.model.withBytesInPlace { asked in
                // The book has been asked for that very name.
                let isServed = tier == .standard && served.withBytesInPlace { $0 == asked }
                return isServed ? nil : book.price(provider: provider, model: asked)
            }
        }
    }

    /// What of the price book is otherwise for the virtual key that the answer was asked for with.
    private var adjustment: PriceAdjustment { plan.flatMap { $0.destination.keys[attempt.key].terms?.adjustment } ?? .none }
}
