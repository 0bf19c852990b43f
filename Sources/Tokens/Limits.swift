/// Every bound of this module: number, unit, reason.
public enum TokenLimits {
    /// Asks that may wait for the fetcher: one a source and worker, in practice.
    static let asks = 1024

    /// Asks of callers' own clients that may wait: they must not keep the operator's from being asked.
    static let callersAsks = 32

    /// Sources whose tokens are remembered, by the fetcher and by each worker: callers may name any.
    public static let sources = 1024

    /// A whole exchange with the token endpoint, in milliseconds.
    static let timeoutMilliseconds = 10_000

    /// The longest answer: a token of a few KiB and its frame.
    static let answerByteCount = 64 << 10

    /// A token is renewed this long before it ends; Entra's live for an hour.
    static let renewalNanoseconds: UInt64 = 300_000_000_000

    /// How long a refusal is taken for an answer: a wrong secret must not become a flood at the token endpoint.
    public static let refusalNanoseconds: UInt64 = 5_000_000_000

    /// The longest life believed, in seconds: a day.
    static let longestSeconds: Int64 = 86_400
}
