import Bytes
import Gateway
import Ledger
import Office
import Policy

/// What the configuration says may be spent → terms by the ledger's keys.
///
/// A budget is known by whose it is, its unit and its place among those of that unit: what is spent stays spent when its amount, its period or its
/// alerts change.
struct SpendingBuilder {
    let books: AccountBooks
    private var budgetKeys: LedgerKeyMaker
    private var rateKeys: LedgerKeyMaker

    init(_ books: AccountBooks) {
        self.books = books
        budgetKeys = books.budgets.keyMaker()
        rateKeys = books.rates.keyMaker()
    }

    /// - Parameter identity: what does not change when the holder is named otherwise; the name itself in a file.
    mutating func terms(
        _ scope: SpendingTerms.Scope, of holder: String, identity: String, _ limits: SpendingLimits, adjustment: PriceAdjustment = .none
    ) throws(StartError) -> SpendingTerms? {
        guard !limits.isEmpty || adjustment != .none else { return nil }
        var budgets: [SpendingTerms.Budget] = []
        for (index, usage) in limits.usage.enumerated() {
            let place = limits.usage[..<index].filter { $0.unit == usage.unit }.count
            let key = SpendingBuilder.key(&budgetKeys, [scope.text, identity, usage.unit.rawValue, "\(place)"])
            budgets.append(SpendingTerms.Budget(key: key, rule: try rule(usage, of: holder)))
        }
        var rates: [SpendingTerms.Rate] = []
        for rate in limits.rates {
            let key = SpendingBuilder.key(&rateKeys, [scope.text, identity, rate.unit.rawValue, rate.span.rawValue])
            // Twice the same is once, the lower.
            if let twin = rates.firstIndex(where: { $0.key == key }) {
                guard SpendingBuilder.limit(rate).most < rates[twin].limit.most else { continue }
                rates.remove(at: twin)
            }
            rates.append(SpendingTerms.Rate(key: key, limit: SpendingBuilder.limit(rate), unit: rate.unit == .tokens ? .tokens : .requests))
        }
        return SpendingTerms(scope, of: holder, identity: identity, budgets: budgets, rates: rates, adjustment: adjustment)
    }

    /// Terms of what the store limits, by the books of a directory.
    static func terms(of holders: [LimitedHolder], in directory: String) -> LimitedTerms {
        do throws(StartError) {
            let books = try OpenBooks.books(in: directory)
            var builder = SpendingBuilder(books)
            let terms = holders.map { holder in
                Result { () throws(LimitFault) -> SpendingTerms? in
                    do throws(StartError) {
                        return try builder.terms(holder.scope, of: holder.name, identity: holder.identity, holder.limits, adjustment: holder.adjustment)
                    } catch {
                        throw LimitFault(error.description)
                    }
                }
            }
            return LimitedTerms(books: books, terms: terms)
        } catch {
            let fault = LimitFault(error.description)
            return LimitedTerms(books: nil, terms: holders.map { _ in .failure(fault) })
        }
    }

    /// A policy's limits, each as one of its own: what they count is known by the policy, the unit and what it is grouped by.
    mutating func policies(
        _ name: String, identity: String, _ scope: PolicyScope, _ limits: SpendingLimits, workspace: Int32 = -1
    ) throws(StartError) -> [SpendingPolicy] {
        var made: [SpendingPolicy] = []
        let groups = ["group"] + scope.groups.map(\.name)
        for usage in limits.usage {
            var one = SpendingLimits()
            one.usage = [usage]
            guard let terms = try terms(.policy, of: name, identity: identity, one) else { continue }
            let maker = SpendingBuilder.maker(books.budgets.keyMaker(), [SpendingTerms.Scope.policy.text, identity, usage.unit.rawValue] + groups)
            made.append(SpendingPolicy(terms, scope, workspace: workspace, maker: maker))
        }
        for rate in limits.rates {
            var one = SpendingLimits()
            one.rates = [rate]
            guard let terms = try terms(.policy, of: name, identity: identity, one) else { continue }
            let parts = [SpendingTerms.Scope.policy.text, identity, rate.unit.rawValue, rate.span.rawValue] + groups
            made.append(SpendingPolicy(terms, scope, workspace: workspace, maker: SpendingBuilder.maker(books.rates.keyMaker(), parts)))
        }
        return made
    }

    /// The store's policies, by the books of a directory.
    static func policies(_ policies: [LimitedPolicy], in directory: String) -> KeptPolicies {
        do throws(StartError) {
            let books = try OpenBooks.books(in: directory)
            var builder = SpendingBuilder(books)
            let kept = policies.flatMap { policy in
                do throws(StartError) {
                    if let fault = policy.fault { return [SpendingPolicy(policy.name, policy.scope, workspace: policy.workspace, fault: fault)] }
                    return try builder.policies(policy.name, identity: policy.identity, policy.scope, policy.limits, workspace: policy.workspace)
                } catch {
                    return [SpendingPolicy(policy.name, policy.scope, workspace: policy.workspace, fault: error.description)]
                }
            }
            return KeptPolicies(books: books, policies: kept)
        } catch {
            return KeptPolicies.none(policies, error.description)
        }
    }

    private static func maker(_ maker: LedgerKeyMaker, _ parts: [String]) -> LedgerKeyMaker {
        var maker = maker
        for part in parts { Array(part.utf8).withByteSlice { maker.add($0) } }
        return maker
    }

    private static func key(_ maker: inout LedgerKeyMaker, _ parts: [String]) -> LedgerKey {
        for part in parts { Array(part.utf8).withByteSlice { maker.add($0) } }
        return maker.finish()
    }

    private func rule(_ usage: SpendingLimits.Usage, of holder: String) throws(StartError) -> BudgetRule {
        let unit: BudgetUnit =
            switch usage.unit {
            case .cost: .cost
            case .tokens: .tokens
            case .requests: .requests
            }
        // Portkey's documents let the weeks of keys begin on Sunday.
        let period: BudgetPeriod =
            switch usage.period {
            case .once: .once
            case .daily: .daily
            case .weekly: .weekly(startingOn: .sunday)
            case .monthly: .monthly
            case .days(let count, let day): .everyDays(count, from: day)
            }
        do throws(BudgetRuleError) {
            let raise = usage.raise.map { BudgetRule.Raise(amount: $0.amount, until: $0.until) }
            return try BudgetRule(unit: unit, cap: usage.limit, period: period, raise: raise, thresholds: usage.thresholds)
        } catch {
            throw StartError("usage_limits of \"\(holder)\": \(error)")
        }
    }

    private static func limit(_ rate: SpendingLimits.Rate) -> RateLimit {
        switch rate.span {
        case .second: .rate(rate.count, per: .second)
        case .minute: .rate(rate.count, per: .minute)
        case .hour: .rate(rate.count, per: .hour)
        case .day: .rate(rate.count, per: .day)
        case .week: .rate(rate.count, per: .week)
        case .concurrent: .concurrency(rate.count)
        }
    }
}
