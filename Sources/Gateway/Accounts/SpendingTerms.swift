public import Ledger

/// What the requests of one gateway key, or through one virtual key, may spend, and how fast they may come.
///
/// Immutable, and a snapshot's; a request that is under way keeps those it began with. What is spent is in the ledger, by `LedgerKey`: terms that change
/// go on with it.
public final class SpendingTerms: Sendable {
    /// Whose they are.
    public enum Scope: Sendable {
        case key, virtualKey

        /// In messages.
        var text: String {
            switch self {
            case .key: "key"
            case .virtualKey: "virtual key"
            }
        }

        /// In metrics.
        var label: String {
            switch self {
            case .key: "key"
            case .virtualKey: "virtual_key"
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

    public let scope: Scope
    /// The key's name or the virtual key's slug.
    public let holder: String
    public let budgets: [Budget]
    public let rates: [Rate]
    /// Of a virtual key: what of the price book is otherwise for it.
    public let adjustment: PriceAdjustment

    /// - Precondition: no more of each than `AccountLimits.termsOfHolder`.
    public init(_ scope: Scope, of holder: String, budgets: [Budget], rates: [Rate], adjustment: PriceAdjustment = .none) {
        precondition(budgets.count <= AccountLimits.termsOfHolder && rates.count <= AccountLimits.termsOfHolder, "a request has room for all terms")
        self.scope = scope
        self.holder = holder
        self.budgets = budgets
        self.rates = rates
        self.adjustment = adjustment
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

/// Bounds of what requests are held to.
public enum AccountLimits {
    /// Budgets, and limits of rates, of one key or virtual key: a request has those of both, and the ledger takes eight.
    public static let termsOfHolder = 4

    /// Tokens that an image may come to, whatever its size: OpenAI's GPT-4o mini takes 2,833 and 5,667 for each of at most eight tiles.
    static let imageTokens: Int64 = 49_152

    /// Bytes of sound in base64 for each token it may come to: the lowest rates in use are 1,000 bytes a second, of at most 32 tokens.
    static let soundBytesPerToken: Int64 = 32

    /// How deep media is looked for in a request: an image in the result of a tool's use lies six levels deep.
    static let mediaDepth = 12

    /// What providers add to a request that brings tools, in tokens.
    static let toolTokens: Int64 = 1024

    /// The largest number of a request that is reckoned with; what is larger is as good as without a bound.
    static let largestNumber: Int64 = 1 << 40

    /// The longest answer that any model makes: it is provided for where neither the request nor the price book has less.
    static let longestOutputTokens: Int64 = 131_072

    /// The limit that every model takes: one that is larger than a model's own is refused by its provider. It is set where there is no room for the
    /// longest answer, and neither the request nor the price book says how long one may be.
    static let acceptedOutputTokens: Int64 = 4096

    /// Of a stream that was cut before its usage came: the bytes for which a token is counted. An event takes hundreds, and may have several tokens.
    static let streamBytesPerToken: Int64 = 16

    /// And for so long a token is counted at least, of what models think without a word: the fastest make a thousand a second.
    static let millisecondsPerToken: Int64 = 1

    /// What a provider may have made of an answer before it noticed that nobody waits.
    static let unseenTokens: Int64 = 64

    /// Of a limit of tokens: what a request counts as expecting where it does not say how long its answer may be.
    static let expectedOutputTokens: Int64 = 1024

    /// Bytes of a usual text for each token, for limits of tokens.
    static let textBytesPerToken: Int64 = 4

    /// Tries to reserve what is left, while others reserve as well.
    static let reserveTries = 4

    /// Questions of one request to the back office, each for another grant.
    static let grantTries = 4

    /// The digits of a limit.
    static let limitTextByteCount = 24

    /// Budgets of which metrics tell how they stand.
    static let metricBudgets = 1024

    /// Between two looks at whether budgets want a larger grant, while requests come.
    static let grantMilliseconds: Int32 = 5

    /// Between two looks for processes that have ended, and for budgets that are over.
    static let recoveryNanoseconds: UInt64 = 1_000_000_000
    static let retirementNanoseconds: UInt64 = 3_600_000_000_000
}
