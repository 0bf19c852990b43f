/// Every bound of this module: number, unit, reason.
public enum WebhookLimits {
    /// Webhooks that may be declared, each with a queue of its own.
    public static let webhookCount = 16

    /// Messages that wait for one webhook, each of some 600 bytes. Past it further ones are dropped, and counted: who is told of a thousand alerts
    /// knows that there are more.
    public static let waiting = 1024

    /// The fields of one post that are the gateway's own, in bytes.
    static let ownFieldsByteCount = 512

    /// A whole post, from the name's resolution to the answer's head, in milliseconds.
    static let timeoutMilliseconds = 10_000

    /// Of an answer that nobody reads: what is taken before the connection is closed.
    static let answerByteCount = 64 << 10

    /// Until a message is tried again: twice as long after each try, a fifth more or less, so that gateways that failed together do not come together.
    static let firstRetryNanoseconds: UInt64 = 1_000_000_000
    static let longestRetryNanoseconds: UInt64 = 3_600_000_000_000

    /// The longest that others wait behind a failed post to the same webhook: one that is dead costs its time-out once in so long.
    static let longestPauseNanoseconds: UInt64 = 60_000_000_000

    /// For how long a message is worth delivering: a receiver may be away for a night.
    static let lifeMilliseconds: UInt64 = 86_400_000

    /// Between two looks for what processes that have ended left undelivered, and the age from which it is theirs no more.
    static let leftoverMilliseconds: UInt64 = 60_000

    /// Bytes of a message that is read back: four times what a long one has.
    static let messageByteCount = 64 << 10

    /// For what waits when the process ends, the first try of each; what fails or is not tried stays for the next start.
    public static let endMilliseconds = 1000
}
