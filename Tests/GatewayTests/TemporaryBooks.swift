import Bytes
import Glibc
import Ledger
import Policy
import Synchronization
import Testing

@testable import Gateway

/// Books in a folder of their own, gone when the value ends.
final class TemporaryBooks: Sendable {
    let books: AccountBooks
    private let directory: String

    private let told = Told()
    var lines: [String] { told.lines }

    init(accountsOfPolicy: Int = AccountLimits.accountsOfPolicy) throws {
        var template = Array("/tmp/sluice-books-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Unexpected("mkdtemp: \(errno)") }
        directory = template.withUnsafeBufferPointer { buffer in buffer.baseAddress.map { String(cString: $0) } ?? "" }
        books = try AccountBooks(directory: directory, slotCount: 1024, openCount: 1024, accountsOfPolicy: accountsOfPolicy) { [told] in told.add($0) }
    }

    deinit {
        books.stop()
        _ = books.webhooks.stop()
        unlink(directory + "/alerts/lock")
        rmdir(directory + "/alerts")
        for file in ["budgets", "rates", "accounts"] { unlink(directory + "/" + file) }
        rmdir(directory)
    }

    private func key(_ maker: LedgerKeyMaker, _ name: String) -> LedgerKey {
        var maker = maker
        Array(name.utf8).withByteSlice { maker.add($0) }
        return maker.finish()
    }

    func budget(_ name: String, _ unit: BudgetUnit, _ cap: Int64, thresholds: [Int64] = []) throws -> SpendingTerms.Budget {
        SpendingTerms.Budget(
            key: key(books.budgets.keyMaker(), name), rule: try BudgetRule(unit: unit, cap: cap, period: .monthly, thresholds: thresholds))
    }

    func rate(_ name: String, _ limit: RateLimit, _ unit: SpendingTerms.Rate.Unit = .requests) -> SpendingTerms.Rate {
        SpendingTerms.Rate(key: key(books.rates.keyMaker(), name), limit: limit, unit: unit)
    }

    /// A policy of one budget, or one limit.
    func policy(
        _ name: String, _ conditions: [PolicyScope.Condition] = [], by groups: [PolicyScope.Attribute] = [], workspace: Int32 = -1,
        _ budget: SpendingTerms.Budget? = nil, _ rate: SpendingTerms.Rate? = nil
    ) -> SpendingPolicy {
        var scope = PolicyScope()
        scope.conditions = conditions
        scope.groups = groups
        var maker = budget == nil ? books.rates.keyMaker() : books.budgets.keyMaker()
        Array("group \(name)".utf8).withByteSlice { maker.add($0) }
        let terms = SpendingTerms(.policy, of: name, identity: name, budgets: budget.map { [$0] } ?? [], rates: rate.map { [$0] } ?? [])
        return SpendingPolicy(terms, scope, workspace: workspace, maker: maker)
    }

    /// What the accounts of a policy have spent, by their values.
    func accounts(_ name: String, _ budget: SpendingTerms.Budget) -> [String: Int64] {
        let accounts = (try? books.names.accounts(of: name, .budget)) ?? []
        return accounts.reduce(into: [:]) { spent, account in
            let usage = self.usage(SpendingTerms.Budget(key: account.key, rule: budget.rule))
            spent[account.values.map { $0 ?? "-" }.joined(separator: ",")] = (usage?.spent ?? 0) + (usage?.reserved ?? 0)
        }
    }

    func usage(_ budget: SpendingTerms.Budget) -> BudgetUsage? {
        var wall = timespec()
        clock_gettime(CLOCK_REALTIME, &wall)
        return books.budgets.usage(of: budget.key, budget.rule, wallNanoseconds: UInt64(wall.tv_sec) * 1_000_000_000)
    }
}

/// Lines that were told.
final class Told: Sendable {
    private let all = Mutex<[String]>([])
    var lines: [String] { all.withLock { $0 } }
    func add(_ line: String) { all.withLock { $0.append(line) } }
}
