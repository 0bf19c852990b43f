import Bytes
import Cache
import Policy
import Providers

/// Answers that are given although they are too old: while a newer one is fetched, or because there is none.
/// - Source: RFC 5861
extension Exchange {
    /// Has the answer fetched anew for nobody in particular; false where the request cannot be said again.
    ///
    /// Another exchange takes the whole way of a request, from its first byte on, with nobody at its end.
    func revalidates(_ client: Client) -> Bool {
        // What came in chunks has lost its framing.
        guard case .length = request.framing, body.consumedCount > 0, !(client is AbsentClient) else { return false }
        guard let absent = worker.makeAbsent(sayingAgain: client.unread.prefix(body.consumedCount), of: client) else { return false }
        let other = worker.leaseExchange()
        absent.exchange = other
        // Not now: this exchange is in the middle of a step, and what is scratch is everybody's.
        worker.resume(absent.token)
        return true
    }

    /// Gives the old answer in place of a failure; false where there is none.
    ///
    /// - Parameter isLate: whether the failure is that the new one took too long.
    func answerStale(_ client: Client, isLate: Bool) throws(Rejection) -> Bool {
        guard let blob = caching.stale.take(), let stored = StoredAnswer(blob.bytes), !answer.isCommitted, !(client is AbsentClient) else { return false }
        // It may have been dropped since: then it is not to be given any more.
        guard worker.sharedCache?.purgeCount == caching.purgeCount else { return false }
        worker.runs.removeAll()
        dropRival()
        releaseUpstream(reusable: false)
        giveUpAttempt(isLate: isLate, isReplaced: true)
        leaveFlight()
        failFill()
        let now = worker.now.nanoseconds
        try answer(with: stored, of: blob, age: (now - min(now, caching.staleStoredAt)) / 1_000_000_000, client)
        return true
    }

    /// Whether an answer of this status is a failure that an old answer is better than.
    static func isStaleBetter(than status: Int) -> Bool { status >= 500 || status == 429 || status == 408 }
}
