import Bytes
import HTTP
import Ledger
import Policy
import Providers
import Reactor

/// What a request is held to before it leaves: its caller's limits once, and with each attempt the budgets of the caller and of the virtual key.
extension Exchange {
    /// What came of asking for an attempt.
    enum Reserved {
        /// It may be made.
        case done
        /// The back office has to be asked first, with these.
        case waits(AccountQuestion)
        /// Not at this target.
        case refused(Rejection)
    }

    /// The step to go on with where the attempt may not be made, or not yet; nil when it may.
    func reserve(_ plan: Plan, _ client: Client) throws(Rejection) -> Next? {
        while true {
            switch try reserveNow(plan, client) {
            case .done: return nil
            case .refused(let rejection):
                // Another credential of the target may have room; else a target that costs less, or has a budget of its own.
                if takeAnotherKey(plan.destination) { continue }
                guard let step = moveOn(after: .status(rejection.refusal.status), client) else { throw rejection }
                return .step(step)
            case .waits(let question): return try awaitGrant(question, client)
            }
        }
    }

    /// Whether the target has a credential that was not tried: then that is the attempt's.
    private func takeAnotherKey(_ destination: Destination) -> Bool {
        guard destination.keys.count > 1, destination.keys[attempt.key].terms != nil else { return false }
        attempt.triedKeys |= 1 << UInt64(attempt.key)
        let unwanted = attempt.triedKeys | (plan.map { forbiddenKeys($0) } ?? 0)
        let isLeft = destination.keys.indices.contains { unwanted >> UInt64($0) & 1 == 0 && destination.keys[$0].weight > 0 }
        guard isLeft else { return false }
        chooseKey(destination)
        return attempt.triedKeys >> UInt64(attempt.key) & 1 == 0
    }

    private func awaitGrant(_ question: AccountQuestion, _ client: Client) throws(Rejection) -> Next {
        attempt.grantTries += 1
        guard attempt.grantTries <= AccountLimits.grantTries, let books = worker.books else {
            throw Rejection(.overloaded, "the ledger of budgets is asked for too much at once")
        }
        let token = client.token
        let mailbox = worker.mailbox
        let number = identifier
        let isAsked = books.ask(question) { mailbox.post(.granted(token, number, $0)) }
        guard isAsked else { throw Rejection(.overloaded, "too many requests wait for the ledger of budgets") }
        attempt.state = .awaitingGrant
        client.setDeadline(min(attempt.totalDeadline, worker.now.adding(nanoseconds: worker.limits.queueNanoseconds)))
        return .wait
    }

    /// The back office has made room, or has not.
    func grantCame(_ number: InlineText<36>, _ fault: AccountFault?) {
        guard let client, attempt.state == .awaitingGrant, isNamed(number) else { return }
        interject(client) { () throws(Rejection) -> Step? in
            switch fault {
            case nil: break
            case .unusable(let text): throw Rejection(.overloaded, text)
            case .noBudget(let text): throw Rejection(.budgetExceeded, text)
            case .noLimit(let text): throw Rejection(.rateLimited, text)
            }
            self.attempt.state = .granted
            return nil
        }
    }

    /// Reserves, without waiting, what the attempt may cost, unless it has reserved already.
    func reserveNow(_ plan: Plan, _ client: Client) throws(Rejection) -> Reserved {
        guard attempt.spending == nil else { return .done }
        // Another target may be asked at others.
        attempt.tier = tier(plan)
        guard isHeld(plan), isCharged, let desks = worker.desks else { return .done }
        let spending = worker.leaseSpending()
        spending.desks = desks
        let outcome: Reserved
        do throws(Rejection) {
            try findHolders(spending, plan, client)
            if let recorder = worker.recorder {
                for holder in spending.holders where try recorder.admit(holder.terms) { bookNotes.isOwed = true }
            }
            if spending.countsTokens {
                if readsBody { try scanAgain(client.unread[body.range]) }
                try bound(plan, spending)
            }
            outcome = try reserve(spending, plan, desks)
        } catch {
            desks.rates.withdraw(&spending.admission)
            worker.recycle(spending)
            throw error
        }
        guard case .done = outcome else {
            desks.rates.withdraw(&spending.admission)
            worker.recycle(spending)
            return outcome
        }
        // Whom no terms are for has nothing to settle.
        guard spending.reservation.isOpen || spending.admission.isOpen || admitted != nil else {
            worker.recycle(spending)
            return .done
        }
        attempt.spending = spending
        attempt.grantTries = 0
        desks.books.noteUse()
        return .done
    }

    private func reserve(_ spending: Spending, _ plan: Plan, _ desks: Desks) throws(Rejection) -> Reserved {
        let admitted = try admitCaller(spending, plan, desks)
        guard case .done = admitted else { return admitted }
        if spending.targetCounted.contains(.rates) {
            let outcome = try admit(spending, spending.targetHolders, plan, desks)
            guard case .done = outcome else { return outcome }
        }
        return try reserveBudgets(spending, plan, desks)
    }

    // MARK: Rates

    /// Counts the request in its caller's limits, once however many attempts it takes.
    private func admitCaller(_ spending: Spending, _ plan: Plan, _ desks: Desks) throws(Rejection) -> Reserved {
        guard admitted == nil, spending.callerCounted.contains(.rates) else { return .done }
        let own = worker.leaseSpending()
        own.takeCallers(of: spending)
        own.desks = desks
        own.bound = spending.bound
        let outcome: Reserved
        do throws(Rejection) {
            outcome = try admit(own, 0..<own.callerCount, plan, desks)
        } catch {
            worker.recycle(own)
            throw error
        }
        guard case .done = outcome else {
            worker.recycle(own)
            // No target can change it.
            if case .refused(let rejection) = outcome { throw rejection }
            return outcome
        }
        admitted = own
        return .done
    }

    private func admit(_ spending: Spending, _ range: Range<Int>, _ plan: Plan, _ desks: Desks) throws(Rejection) -> Reserved {
        for place in range {
            let holder = spending.holders[place]
            for (index, rate) in holder.terms.rates.enumerated() {
                let amount: Int64 =
                    switch rate.unit {
                    case .requests: 1
                    case .tokens: min(expectedTokens(spending.bound), rate.limit.most)
                    }
                let charge = RateCharge(key: holder.account ?? rate.key, limit: rate.limit, amount: amount)
                guard spending.add(charge, index, of: place) else { throw Rejection.tooManyPolicies }
            }
        }
        switch spending.admit(at: desks.rates, for: requestID, nowNanoseconds: worker.now.nanoseconds) {
        case .admitted: return .done
        case .awaitsSlot:
            var question = AccountQuestion(wallNanoseconds: worker.wallNanoseconds())
            question.rates = (0..<spending.rateCount).map { spending.rate($0) }
            question.names = range.compactMap { name(spending.holders[$0], .rate) }
            return .waits(question)
        case .refused(let refusal):
            worker.books?.count(.limited)
            guard let (holder, rate) = spending.holder(ofRate: refusal.index) else { throw Rejection(.internalFault) }
            return .refused(Rejection(refusal, of: title(holder), rate))
        case .tooManyOpen: return .refused(Rejection(.overloaded, "too many requests are under way that are held to limits"))
        case .tooManyLimits: throw Rejection.tooManyPolicies
        }
    }

    /// What a request is taken to use until it is known: a text's bytes are more than its tokens.
    private func expectedTokens(_ bound: RequestBound) -> Int64 {
        let output = bound.isLimitable ? bound.outputTokens ?? AccountLimits.expectedOutputTokens : 0
        let answers = min(bound.outputTotal(output), RateLimits.largestCount)
        return min(bound.inputTokens / AccountLimits.textBytesPerToken + answers, RateLimits.largestCount)
    }

    // MARK: Budgets

    private func reserveBudgets(_ spending: Spending, _ plan: Plan, _ desks: Desks) throws(Rejection) -> Reserved {
        guard !spending.counted.isDisjoint(with: .budgets) else { return .done }
        spending.adjustment = plan.destination.keys[attempt.key].terms?.adjustment ?? .none
        if !spending.counted.isDisjoint(with: [.money, .tokens]), let refusal = findPrice(spending, plan) { return .refused(refusal) }
        if spending.pricesClassesApart { narrowClasses(plan, spending) }
        bindToModel(spending)
        let wall = worker.wallNanoseconds()
        var cutTo: Int64 = 0
        for _ in 0..<AccountLimits.reserveTries {
            spending.bound.cutTo = cutTo
            try charge(spending)
            switch spending.reserve(at: desks.budgets, for: requestID, wallNanoseconds: wall) {
            case .reserved:
                if cutTo > 0 { worker.books?.count(.cut) }
                return .done
            case .awaitsGrant:
                var question = AccountQuestion(wallNanoseconds: wall)
                question.budgets = (0..<spending.chargeCount).map { spending.charge($0) }
                question.names = spending.holders.compactMap { name($0, .budget) }
                return .waits(question)
            case .refused(let refusal):
                guard let shorter = shorterAnswer(spending, desks.budgets, wallNanoseconds: wall), shorter > 0 else {
                    worker.books?.count(.refused)
                    let title = spending.holder(ofCharge: refusal.index).map { self.title($0) } ?? ""
                    let rejection = Rejection(refusal, of: title, spending.charge(min(refusal.index, max(0, spending.chargeCount - 1))))
                    try noteRefusal(spending, desks.budgets, wallNanoseconds: wall)
                    return .refused(rejection)
                }
                // Where others have settled meanwhile it fits as it is.
                cutTo = shorter < spending.bound.outputTokens ?? .max ? shorter : 0
            case .tooManyBudgets: throw Rejection.tooManyPolicies
            case .tooManyOpen:
                return .refused(Rejection(.overloaded, "as many requests are under way as the ledger of budgets has room for"))
            }
        }
        return .refused(Rejection(.overloaded, "others spend what is left of the budget at this moment; try again"))
    }

    /// Finds what the model costs; a refusal where nobody knows and the operator has said that this is no gift.
    private func findPrice(_ spending: Spending, _ plan: Plan) -> Rejection? {
        let bound = spending.bound
        if bound.isPricedByToken, bound.classes.isEmpty { return nil }
        if bound.isPricedByToken, let book = worker.snapshot.prices {
            var provider = plan.destination.name
            let isKnown = provider.withBytesInPlace { provider in
                withAskedName { spending.takePrice(of: $0, provider: provider, tier: attempt.tier, from: book, worker.accounts.prices) }
            }
            if isKnown { return nil }
        }
        // Tokens are counted without a price, where they are known at all.
        if bound.isPricedByToken, !spending.hasBudget(of: .cost) { return nil }
        switch worker.snapshot.unpriced {
        case .allow: return nil
        case .price(let price) where bound.isPricedByToken:
            spending.setPrice(price)
            return nil
        case .price, .deny:
            let what = bound.isPricedByToken ? "\(plan.destination.upstream.id) model \"\(record.model.withBytes { String($0) })\"" : "this endpoint"
            return Rejection(
                .modelUnpriced, "\(what) has no price, and a budget is to be kept: give it one in the price book, or set unpriced: allow")
        }
    }

    /// Without a limit of the request's own, an answer is as long as the model can make one.
    private func bindToModel(_ spending: Spending) {
        guard spending.bound.isLimitable else { return }
        let most = spending.maxOutputTokens
        spending.bound.acceptedLimit = spending.bound.outputTokens ?? most ?? AccountLimits.acceptedOutputTokens
        spending.bound.outputTokens = min(spending.bound.outputTokens ?? most ?? AccountLimits.longestOutputTokens, AccountLimits.longestOutputTokens)
    }

    /// Makes the charges of all budgets, for answers of the length that the bound has.
    private func charge(_ spending: Spending) throws(Rejection) {
        spending.forgetCharges()
        let bound = spending.bound
        let each = bound.cutTo > 0 ? bound.cutTo : bound.outputTokens ?? 0
        let cost = spending.upperBound(inputTokens: bound.inputTokens, outputTokens: bound.outputTotal(each))
        for (place, holder) in spending.holders.enumerated() {
            for budget in holder.terms.budgets {
                let amount: Int64 =
                    switch budget.rule.unit {
                    case .requests: 1
                    case .tokens: bound.tokens(each)
                    case .cost: cost.count
                    }
                let charge = BudgetCharge(key: holder.account ?? budget.key, rule: budget.rule, amount: max(0, amount))
                guard spending.add(charge, of: place) else { throw Rejection.tooManyPolicies }
            }
        }
    }

    /// Notes which budgets have no room for the shortest answer.
    private func noteRefusal(_ spending: Spending, _ desk: BudgetDesk, wallNanoseconds: UInt64) throws(Rejection) {
        spending.bound.cutTo = spending.bound.isLimitable ? 1 : 0
        try charge(spending)
        for index in 0..<spending.chargeCount {
            let charge = spending.charge(index)
            if desk.left(of: charge, wallNanoseconds: wallNanoseconds) < charge.amount { desk.noteRefused(charge, wallNanoseconds: wallNanoseconds) }
        }
    }

    /// The longest answer that all budgets have room for; nil where the answer cannot be limited, or not even the question has room.
    private func shorterAnswer(_ spending: Spending, _ desk: BudgetDesk, wallNanoseconds: UInt64) -> Int64? {
        let bound = spending.bound
        guard bound.isLimitable else { return nil }
        var longest = Int64.max
        if let (_, left) = spending.leastLeft(at: desk, of: .tokens, wallNanoseconds: wallNanoseconds) { longest = min(longest, left - bound.inputTokens) }
        if spending.isPriced, let (_, left) = spending.leastLeft(at: desk, of: .cost, wallNanoseconds: wallNanoseconds) {
            guard let tokens = spending.outputTokens(within: Nanodollars(left)) else { return nil }
            longest = min(longest, tokens)
        }
        guard longest != .max else { return nil }
        return min(longest / bound.choices, bound.acceptedLimit)
    }
}
