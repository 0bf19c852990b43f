/// Bounds of what requests are held to.
public enum AccountLimits {
    /// Budgets, and limits of rates, of one key, workspace, virtual key or integration.
    public static let termsOfHolder = 4

    /// Policies with budgets, and with limits, that one request may meet: what the ledger takes of it beside its holders' own.
    static let policiesOfRequest = 8

    /// Accounts that a grouped policy may have, one for each combination of values: a quarter of the ledger.
    public static let accountsOfPolicy = 16_384

    /// The part of the ledger that all of them may have: the rest is for keys, virtual keys and workspaces.
    static let accountsShare = (part: 3, of: 4)

    /// Bytes of a request's metadata and model that are read without their escapes.
    static let metadataByteCount = 16 << 10

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

    /// After a grant, until the next for budgets that want one meanwhile.
    static let grantMilliseconds: Int32 = 5

    /// Between two looks for processes that have ended, and for budgets that are over.
    static let recoveryNanoseconds: UInt64 = 1_000_000_000
    static let retirementNanoseconds: UInt64 = 3_600_000_000_000

    /// For the thread to end when the process does: it may wait for a disk.
    static let endMilliseconds = 1000
}
