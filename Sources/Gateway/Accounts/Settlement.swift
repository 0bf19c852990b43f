import Bytes
import Ledger
import Providers
import Reactor

/// What an attempt did cost, in the place of what was reserved for it.
extension Exchange {
    /// What a provider has done for an attempt, as far as it is known.
    struct Taken {
        var requests: Int64 = 0
        var inputTokens: Int64 = 0
        var outputTokens: Int64 = 0
        /// Those that a stream had told of before it was cut; what is counted has its own.
        var searches: Int64 = 0
        /// Exact, where the provider has counted; else the tokens are an estimate that is not too low.
        var usage: Usage?

        var tokens: Int64 {
            let (sum, overflowed) = inputTokens.addingReportingOverflow(outputTokens)
            return overflowed ? .max : sum
        }
    }

    /// The attempt is over: what it cost is spent, the rest is free again.
    func settleSpending() {
        guard let spending = attempt.spending.take(), let desks = spending.desks else { return }
        let taken = taken(spending)
        if taken.requests > 0, taken.usage == nil, reckons(spending) { bookNotes.reckoned = reckoned(taken, spending) }
        let money = spending.hasBudget(of: .cost) ? money(taken, spending) : 0
        if spending.reservation.isOpen {
            var isOvershot = false
            spending.settle(at: desks.budgets) { unit in
                switch unit {
                case .requests: taken.requests
                case .tokens: taken.tokens
                case .cost: money
                }
            } settled: { index, settlement in
                if settlement.isOvershot { isOvershot = true }
                if let movement = settlement.movement, spending.mayAlert(index, movement) { tell(movement, index, spending, desks.books) }
            }
            if isOvershot { desks.books.count(.overshot) }
            desks.books.noteUse()
        }
        if spending.isSent {
            if worker.recorder != nil { bookNotes.noteLimits(of: spending) }
            finish(&spending.admission, spending, tokens: taken.tokens, desks)
            admitted?.isSent = true
            admitted?.tokens &+= min(taken.tokens, RateLimits.largestCount)
        } else {
            desks.rates.withdraw(&spending.admission)
        }
        worker.recycle(spending)
    }

    /// The request is over: its places in its caller's limits are free again. One that never left has used nothing of them.
    func leaveLimits() {
        guard let own = admitted.take(), let desks = own.desks else { return }
        if own.isSent {
            finish(&own.admission, own, tokens: own.tokens, desks)
        } else {
            desks.rates.withdraw(&own.admission)
        }
        worker.recycle(own)
    }

    private func finish(_ admission: inout RateAdmission, _ spending: Spending, tokens: Int64, _ desks: Desks) {
        for index in 0..<spending.rateCount where spending.countsTokens(index) { desks.rates.adjust(&admission, index, to: tokens) }
        desks.rates.finish(&admission)
    }

    // MARK: What it came to

    /// Whether what it takes is told as budgets are charged where nobody has counted: its endpoint's answers can be reckoned, and somebody has a budget of
    /// tokens or money. Limits of tokens take it for as much, and their requests are told as those that nothing limits.
    func reckons(_ spending: Spending) -> Bool { (spending.hasBudget(of: .cost) || spending.hasBudget(of: .tokens)) && endpoint.isReckoned }

    private func taken(_ spending: Spending) -> Taken {
        var taken = Taken()
        // What was refused, or never came to an answer, is not charged for.
        guard spending.isSent, !spending.hasFailed, spending.status == 0 || (200..<300).contains(spending.status) else { return taken }
        taken.requests = 1
        let bound = spending.bound
        guard spending.status != 0 else {
            // Given up while the provider was at it.
            taken.inputTokens = bound.inputTokens
            taken.outputTokens = made(0, bound)
            return taken
        }
        // Before it has begun, what is known is another attempt's.
        let counted = answer.readsUsage && answer.state != .head ? answer.usage.usage : nil
        if let counted, answer.state == .done, !answer.isBroken {
            taken.usage = counted
            taken.inputTokens = counted.inputTotal
            taken.outputTokens = counted.outputTotal
            return taken
        }
        // A stream that was cut tells at most what went in.
        let said = counted.map(\.inputTotal) ?? 0
        taken.inputTokens = said > 0 ? said : bound.inputTokens
        let seen = Int64(clamping: record.figures.sentByteCount) / AccountLimits.streamBytesPerToken
        taken.outputTokens = max(counted?.outputTotal ?? 0, made(seen, bound))
        taken.searches = counted?.webSearches ?? 0
        return taken
    }

    /// What the attempt in the exchange's place is charged with, where somebody's spending is limited; nil where nobody's is.
    var chargedNow: (taken: Taken, cost: Int64?)? {
        guard let spending = attempt.spending else { return nil }
        let taken = taken(spending)
        guard let usage = taken.usage else {
            return (taken, reckonedCost(taken, spending))
        }
        return (taken, appliedCost(of: usage, spending.adjustment)?.count)
    }

    /// What is told of what budgets are charged where nobody has counted. Nil where no book has the price: what an operator has budgets charged for models
    /// without one is no cost.
    private func reckonedCost(_ taken: Taken, _ spending: Spending) -> Int64? {
        spending.isBookPriced ? upperBound(taken, spending).count : nil
    }

    /// What budgets are charged where nobody has counted: each token is taken for the dearest it can be, and searches are those that were told of.
    private func upperBound(_ taken: Taken, _ spending: Spending) -> Nanodollars {
        spending.upperBound(inputTokens: taken.inputTokens, outputTokens: taken.outputTokens, searches: taken.searches)
    }

    /// What the record says of what nobody has counted: its cost is what budgets of money are charged, and is found at plain prices where there are none.
    private func reckoned(_ taken: Taken, _ spending: Spending) -> RecordNotes.Reckoned {
        var reckoned = RecordNotes.Reckoned(input: taken.inputTokens, output: taken.outputTokens, searches: taken.searches)
        guard spending.hasBudget(of: .cost), spending.isPriced else { return reckoned }
        // Not at another's price either, where what has served has one: that is not what was charged.
        reckoned.cost = reckonedCost(taken, spending) ?? -1
        reckoned.leavesSearchesOut = taken.searches > 0 && spending.isBookPriced && !spending.pricesSearches
        return reckoned
    }

    /// What a provider may have made of an answer of which so many tokens were seen. A stream is made while it is sent, no faster than any model can, what
    /// it thinks included, and ends when nobody reads it; of a whole answer all may have been made.
    private func made(_ seen: Int64, _ bound: RequestBound) -> Int64 {
        guard let plan, plan.destination.overriddenStream ?? plan.wantsStream, !bound.goesOnAlone else {
            return mostOutput(bound, orElse: AccountLimits.expectedOutputTokens)
        }
        let milliseconds = Int64(clamping: worker.now.nanoseconds(since: attempt.sentAt) / 1_000_000)
        let made = max(seen, milliseconds / AccountLimits.millisecondsPerToken) + AccountLimits.unseenTokens
        return min(made, mostOutput(bound, orElse: AccountLimits.longestOutputTokens))
    }

    /// - Parameter unbounded: what an answer of tokens is taken for that nothing bounds: where there is no budget to ask how long its model can make one, or
    ///   none can tell.
    private func mostOutput(_ bound: RequestBound, orElse unbounded: Int64) -> Int64 {
        bound.outputTotal(bound.cutTo > 0 ? bound.cutTo : bound.outputTokens ?? (bound.isPricedByToken ? unbounded : 0))
    }

    private func money(_ taken: Taken, _ spending: Spending) -> Int64 {
        guard taken.requests > 0, !endpoint.isFree else { return 0 }
        if let usage = taken.usage { return cost(of: usage, spending).count }
        return upperBound(taken, spending).count
    }

    /// What an answer costs that its provider has counted: at the tier that served it, as its record says; or what is charged for models without a price.
    private func cost(of usage: Usage, _ spending: Spending) -> Nanodollars {
        if let cost = servedCost(of: usage, spending.adjustment) { return cost }
        // An answer that names no model is of the one that was reserved for.
        if let cost = spending.withPriceName({ cost(of: usage, as: $0, spending.adjustment) }) { return cost }
        // Pictures and sound that were let through without a price may have one once they are counted.
        return spending.isPriced ? spending.cost(of: usage) : appliedCost(of: usage, spending.adjustment) ?? .zero
    }

    // MARK: Alerts

    private func tell(_ movement: BudgetMovement, _ index: Int, _ spending: Spending, _ books: AccountBooks) {
        guard let holder = spending.holder(ofCharge: index) else { return }
        let rule = spending.charge(index).rule
        for threshold in rule.thresholds(passedBy: movement) {
            let alert = BudgetAlert(
                terms: holder.terms, account: holder.account, rule: rule, threshold: threshold, spent: movement.spentAfter,
                wallNanoseconds: wallClockNanoseconds())
            books.alert(alert)
        }
    }
}
