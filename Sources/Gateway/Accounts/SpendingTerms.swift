public import Ledger

/// What the requests of one gateway key or workspace, through one virtual key or integration, or that meet one policy, may spend, and how fast they may come.
///
/// Immutable, and a snapshot's; a request that is under way keeps those it began with. What is spent is in the ledger, by `LedgerKey`: terms that change
/// go on with it.
public final class SpendingTerms: Sendable {
    /// Whose they are.
    public enum Scope: Sendable {
        case key, virtualKey, workspace, integration, policy

        /// In messages, and in the names of its accounts in the ledger.
        public var text: String {
            switch self {
            case .key: "key"
            case .virtualKey: "virtual key"
            case .workspace: "workspace"
            case .integration: "integration"
            case .policy: "policy"
            }
        }

        /// In metrics.
        var label: String {
            switch self {
            case .key: "key"
            case .virtualKey: "virtual_key"
            case .workspace: "workspace"
            case .integration: "integration"
            case .policy: "policy"
            }
        }
    }

    public struct Budget: Sendable {
        public let key: LedgerKey
        public let rule: BudgetRule

        public init(key: LedgerKey, rule: BudgetRule) {
            self.key = key
            self.rule = rule
        }
    }

    public struct Rate: Sendable {
        public enum Unit: Sendable { case requests, tokens }

        public let key: LedgerKey
        public let limit: RateLimit
        public let unit: Unit

        public init(key: LedgerKey, limit: RateLimit, unit: Unit) {
            self.key = key
            self.limit = limit
            self.unit = unit
        }
    }

    /// What is counted by them, of whatever holder: for who asks each request.
    struct Counted: OptionSet {
        let rawValue: UInt8

        static let money = Counted(rawValue: 1 << 0)
        static let tokens = Counted(rawValue: 1 << 1)
        static let requests = Counted(rawValue: 1 << 2)
        static let budgets: Counted = [.money, .tokens, .requests]
        /// Requests or tokens of some time.
        static let rates = Counted(rawValue: 1 << 3)
        static let tokenRates = Counted(rawValue: 1 << 4)

        static func budget(of unit: BudgetUnit) -> Counted {
            switch unit {
            case .cost: .money
            case .tokens: .tokens
            case .requests: .requests
            }
        }
    }

    public let scope: Scope
    /// The key's name, the virtual key's slug, and so on: for messages.
    public let holder: String
    /// What stays when it is named otherwise, and what it is known by in the ledger.
    public let identity: String
    public let budgets: [Budget]
    public let rates: [Rate]
    /// Of a virtual key: what of the price book is otherwise for it.
    public let adjustment: PriceAdjustment
    let counted: Counted
    /// In records: `key:search-team`.
    let mark: [UInt8]

    /// - Precondition: no more of each than `AccountLimits.termsOfHolder`.
    public init(
        _ scope: Scope, of holder: String, identity: String, budgets: [Budget], rates: [Rate], adjustment: PriceAdjustment = .none
    ) {
        precondition(budgets.count <= AccountLimits.termsOfHolder && rates.count <= AccountLimits.termsOfHolder, "a request has room for all terms")
        self.scope = scope
        self.holder = holder
        self.identity = identity
        self.budgets = budgets
        self.rates = rates
        self.adjustment = adjustment
        mark = Array("\(scope.label):\(holder)".utf8)
        let counted = budgets.reduce(into: Counted()) { $0.formUnion(.budget(of: $1.rule.unit)) }
        self.counted = rates.reduce(into: counted) { $0.formUnion($1.unit == .tokens ? [.rates, .tokenRates] : .rates) }
    }
}

/// What is charged for models that the price book does not have, where there is a budget of money.
public enum UnpricedRule: Sendable {
    /// They are refused.
    case deny
    /// They cost nothing.
    case allow
    /// They cost this.
    case price(ModelPrice)
}
