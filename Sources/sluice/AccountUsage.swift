import Console
import Gateway
import Ledger
import Office
import Policy
import Reactor

/// What objects have used of their budgets, for the console: the figures of the books that requests are charged in.
struct AccountUsage: UsageBooks {
    private let directory: String
    private let watch: StoreWatch

    init(in directory: String, _ watch: StoreWatch) {
        self.directory = directory
        self.watch = watch
    }

    func readings(_ subject: UsageSubject, id: String, _ budgets: [SpendingLimits.Usage], now: Int64) -> [UsageReading] {
        guard !budgets.isEmpty, let (books, terms) = try? terms(subject, id, budgets) else { return [] }
        return terms.map { AccountUsage.reading($0, books, now) }
    }

    private static func reading(_ budget: SpendingTerms.Budget, _ books: AccountBooks, _ now: Int64) -> UsageReading {
        let wall = nanoseconds(now)
        let cap = budget.rule.cap(wallNanoseconds: wall)
        guard let usage = books.budgets.usage(of: budget.key, budget.rule, wallNanoseconds: wall) else {
            let window = budget.rule.period.window(onDay: Int(wall / 86_400_000_000_000))
            return UsageReading(spent: 0, isExhausted: cap == 0, resetsAt: window.endsAt)
        }
        return UsageReading(spent: usage.spent, isExhausted: usage.isExhausted(cap: cap), resetsAt: usage.resetsAt)
    }

    func reset(_ subject: UsageSubject, id: String, _ budgets: [SpendingLimits.Usage], now: Int64) throws(UsageFault) {
        guard !budgets.isEmpty else { return }
        do {
            let (books, terms) = try terms(subject, id, budgets)
            for budget in terms { try books.budgets.reset(budget.key, budget.rule, wallNanoseconds: AccountUsage.nanoseconds(now)) }
        } catch {
            throw UsageFault("\(error)")
        }
    }

    // MARK: Policies

    func accounts(ofPolicy id: String, _ scope: PolicyScope, _ limits: SpendingLimits, now: Int64) throws(UsageFault) -> [PolicyAccount] {
        guard !limits.isEmpty else { return [] }
        do {
            let books = try OpenBooks.books(in: directory)
            let kind: AccountNames.Kind = limits.usage.isEmpty ? .rate : .budget
            let named = scope.groups.isEmpty ? [] : try books.names.accounts(of: id, kind)
            return try policies(books, id, scope, limits).flatMap { policy in
                guard !scope.groups.isEmpty else {
                    let key = policy.terms.budgets.first?.key ?? policy.terms.rates.first?.key
                    return key.map { [account($0, [], policy, books, now)] } ?? []
                }
                return named.filter { $0.values.count == scope.groups.count }.map { account($0.key, $0.values, policy, books, now) }
            }
        } catch {
            throw UsageFault("\(error)")
        }
    }

    func reset(account: String, ofPolicy id: String, _ scope: PolicyScope, _ limits: SpendingLimits, now: Int64) throws(UsageFault) -> Bool {
        guard let key = LedgerKey(text: account) else { return false }
        do {
            let books = try OpenBooks.books(in: directory)
            var isThere = false
            for policy in try policies(books, id, scope, limits) {
                for budget in policy.terms.budgets { isThere = try books.budgets.reset(key, budget.rule, wallNanoseconds: AccountUsage.nanoseconds(now)) }
                if !policy.terms.rates.isEmpty { isThere = try books.rates.reset(key) }
            }
            return isThere
        } catch {
            throw UsageFault("\(error)")
        }
    }

    func forget(policy id: String, _ scope: PolicyScope, _ limits: SpendingLimits) throws(UsageFault) {
        do {
            let books = try OpenBooks.books(in: directory)
            for account in try accounts(ofPolicy: id, scope, limits, now: 0) {
                if let key = LedgerKey(text: account.id), !limits.usage.isEmpty { try books.budgets.remove(key) }
            }
            try books.forgetAccounts()
        } catch {
            throw UsageFault("\(error)")
        }
    }

    private func policies(_ books: AccountBooks, _ id: String, _ scope: PolicyScope, _ limits: SpendingLimits) throws(StartError) -> [SpendingPolicy] {
        var builder = SpendingBuilder(books)
        return try builder.policies(id, identity: id, scope, limits)
    }

    private func account(_ key: LedgerKey, _ values: [String?], _ policy: SpendingPolicy, _ books: AccountBooks, _ now: Int64) -> PolicyAccount {
        guard let rate = policy.terms.rates.first else {
            let reading = policy.terms.budgets.first.map { AccountUsage.reading(SpendingTerms.Budget(key: key, rule: $0.rule), books, now) }
            return PolicyAccount(id: key.text, values: values, reading: reading ?? UsageReading(spent: 0, isExhausted: false, resetsAt: nil))
        }
        let charge = RateCharge(key: key, limit: rate.limit, amount: min(1, rate.limit.most))
        let reading = books.rates.reading(of: charge, nowNanoseconds: Instant.now().nanoseconds)
        return PolicyAccount(
            id: key.text, values: values, reading: UsageReading(spent: reading.limit - reading.remaining, isExhausted: reading.remaining == 0, resetsAt: nil))
    }

    func noteUse(key: String, at now: Int64) { watch.noteUse(key: key, at: now) }

    private func terms(_ subject: UsageSubject, _ id: String, _ budgets: [SpendingLimits.Usage]) throws(StartError) -> (AccountBooks, [SpendingTerms.Budget]) {
        let books = try OpenBooks.books(in: directory)
        var builder = SpendingBuilder(books)
        var limits = SpendingLimits()
        limits.usage = budgets
        return (books, try builder.terms(subject.scope, of: id, identity: id, limits)?.budgets ?? [])
    }

    private static func nanoseconds(_ milliseconds: Int64) -> UInt64 { UInt64(max(0, milliseconds)) &* 1_000_000 }
}

extension UsageSubject {
    fileprivate var scope: SpendingTerms.Scope {
        switch self {
        case .apiKey: .key
        case .virtualKey: .virtualKey
        case .workspace: .workspace
        case .integration: .integration
        case .policy: .policy
        }
    }
}
