import Bytes
import Ledger
import Policy
import Providers

/// What attempts took of their providers whose answers nobody got: the loser of a hedge, one that guardrails have refused, one that was given up.
struct LostAttempts {
    var inputTokens: Int64 = 0
    var outputTokens: Int64 = 0
    /// −1 where nothing of it has a price.
    var nanodollars: Int64 = -1
    var isEstimated = false

    mutating func add(_ usage: Usage, _ cost: Int64?, isEstimated: Bool) {
        inputTokens = min(inputTokens + usage.inputTotal, Providers.Limits.tokenCount)
        outputTokens = min(outputTokens + usage.outputTotal, Providers.Limits.tokenCount)
        if let cost { nanodollars = (Nanodollars(max(0, nanodollars)) + Nanodollars(cost)).count }
        if isEstimated { self.isEstimated = true }
    }
}

extension Exchange {
    /// The attempt in the exchange's place has come to nothing: what its provider charges for all the same is noted for the record, as budgets are charged.
    ///
    /// Called before the attempt is ended; what is known of it is nobody's then, and must not be taken for the next one's.
    ///
    /// - Parameter outcome: nil for the loser of a hedge, of whose answer nothing has come.
    func noteLost(_ outcome: Outcome?) {
        guard attempt.state == .sent, attempt.sentAt >= startedAt else { return }
        // Its provider's prices: another may be in front by now.
        let name = record.provider
        defer { record.provider = name }
        if let plan { record.provider = plan.destination.name }
        if let (taken, cost) = chargedNow {
            guard taken.requests > 0 else { return }
            if let usage = taken.usage { return noteLost(usage, cost, isEstimated: leavesSearchesOut(usage, adjustment)) }
            if let spending = attempt.spending, reckons(spending) {
                var usage = Usage()
                usage.input = min(taken.inputTokens, Providers.Limits.tokenCount)
                usage.output = min(taken.outputTokens, Providers.Limits.tokenCount)
                return noteLost(usage, cost, isEstimated: true)
            }
        }
        // Whole, and refused by a guardrail: its provider has counted.
        if outcome != nil, answer.state == .done, !answer.isBroken, answer.readsUsage, let usage = answer.usage.usage {
            return noteLost(usage, appliedCost(of: usage, adjustment)?.count, isEstimated: leavesSearchesOut(usage, adjustment))
        }
        switch outcome {
        case .status(let status): guard (200..<300).contains(status) else { return }
        // What never came to an answer is not charged for.
        case .unreachable, .unfit: return
        // Given up while the provider was at it, unless what it was at is its word that it does not do it.
        case .timedOut where isRefused: return
        case .timedOut, nil: break
        }
        guard endpoint.isReckoned else { return }
        var usage = Usage()
        usage.input = max(1, Int64(clamping: body.range.count) / AccountLimits.textBytesPerToken)
        noteLost(usage, askedCost(of: usage, adjustment)?.count, isEstimated: true)
    }

    /// Whether what has come of the answer says that the provider has not done what it was asked for, and charges nothing.
    var isRefused: Bool { answer.state != .head && !(200..<300).contains(answer.status) }

    /// Ends an attempt that has come to nothing where no other is made. What took too long is lost as it is before another: its provider goes on with it.
    ///
    /// - Parameter isReplaced: whether the request has an answer all the same, of which this one is no part.
    func giveUpAttempt(isLate: Bool, isReplaced: Bool = false) {
        noteGivenUp()
        guard isLate || isReplaced else { return endAttempt() }
        noteLost(isLate ? .timedOut : .unreachable)
        endLost()
        // What of its answer had come is lost with it, and lost once.
        answer.forgetUsage()
        answer.status = 0
        attempt.state = .new
    }

    /// Ends an attempt that has come to nothing: what it was charged with is not the request's own.
    func endLost() {
        endAttempt()
        bookNotes.reckoned = nil
    }

    private func noteLost(_ usage: Usage, _ cost: Int64?, isEstimated: Bool) {
        bookNotes.lost.add(usage, cost, isEstimated: isEstimated)
        trail.charge(at: attempt.trailIndex < 0 ? trail.count - 1 : attempt.trailIndex, usage.inputTotal, usage.outputTotal, cost)
    }
}
