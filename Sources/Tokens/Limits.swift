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

    /// A token that a provider refuses is given up if it is older than this: a younger one is refused for another reason, and another token would be, too.
    public static let unripeNanoseconds: UInt64 = 5_000_000_000

    /// The longest life believed, in seconds: a day.
    static let longestSeconds: Int64 = 86_400

    /// What a form has beside its values.
    static let formFrameByteCount = 256

    /// A federated token in its file. A cluster's have some 1.5 KiB.
    static let fileByteCount = 16 << 10

    /// The key file of a service account: 2.4 KiB, twice that with the longest key.
    public static let accountByteCount = 8 << 10

    /// An account's address, its project, its key's id.
    static let accountNameByteCount = 256

    /// RSA keys that are signed with: shorter ones are not secret, longer ones cost others the wait.
    static let keyBits = 2048...4096

    /// A signature by the longest of them.
    static let signatureByteCount = 512

    /// How long keys of an assumed role are asked for, in seconds: the most that a role which assumes another may have.
    static let roleSeconds: UInt64 = 3600

    /// How long a signed statement holds, in seconds: the most Google takes.
    static let assertionSeconds: UInt64 = 3600
}
