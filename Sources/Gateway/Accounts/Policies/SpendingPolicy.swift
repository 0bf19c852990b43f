import Bytes
public import Ledger
public import Policy

/// A limit for whatever requests meet its conditions, of each group of them by itself.
public final class SpendingPolicy: Sendable {
    /// One budget, or one limit. Where there are groups, its account is not used: each has its own.
    public let terms: SpendingTerms
    public let scope: PolicyScope
    /// The workspace that it is for; negative for all.
    let workspace: Int32
    /// Why it cannot be kept; nil where it can. Then whatever meets its conditions is refused.
    let fault: String?
    /// Whether it looks at where a request goes: then it counts attempts, as a virtual key's limits do; else requests, as their callers' do.
    let isOfTarget: Bool
    /// Its account's name so far; what it is grouped by follows.
    private let maker: LedgerKeyMaker?

    /// - Parameter maker: of the file that its account is in, with all of its name added but its groups.
    public init(_ terms: SpendingTerms, _ scope: PolicyScope, workspace: Int32 = -1, maker: LedgerKeyMaker) {
        precondition(terms.budgets.count + terms.rates.count == 1, "a policy is one limit")
        self.terms = terms
        self.scope = scope
        self.workspace = workspace
        self.maker = maker
        fault = nil
        isOfTarget = SpendingPolicy.looksAtTarget(scope)
    }

    /// One that cannot be kept.
    public init(_ holder: String, _ scope: PolicyScope, workspace: Int32, fault: String) {
        terms = SpendingTerms(.policy, of: holder, identity: holder, budgets: [], rates: [])
        self.scope = scope
        self.workspace = workspace
        self.fault = fault
        maker = nil
        isOfTarget = SpendingPolicy.looksAtTarget(scope)
    }

    private static func looksAtTarget(_ scope: PolicyScope) -> Bool {
        scope.conditions.contains { condition in
            condition.attribute == .virtualKey || condition.attribute == .provider
                || condition.attribute == .model && condition.values.contains { $0.hasPrefix("@") }
        } || scope.groups.contains { $0 == .virtualKey || $0 == .provider }
    }

    /// Which of its accounts is of these values; nil where it has one alone.
    func account(of groups: [PolicyTrait], _ value: (PolicyTrait) -> TraitValue) -> LedgerKey? {
        guard !groups.isEmpty, var maker else { return nil }
        for group in groups {
            // What a request does not have is told from every value it may have.
            switch value(group) {
            case .absent: maker.add(SpendingPolicy.absent)
            case .bytes(let bytes):
                maker.add(SpendingPolicy.present)
                maker.add(bytes)
            }
        }
        return maker.finish()
    }

    private static var absent: ByteSlice { ByteSlice("-") }
    private static var present: ByteSlice { ByteSlice("+") }
}
