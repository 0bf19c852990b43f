import Reactor

/// How long requests wait for connections: noted by those that do, at the end of their wait.
extension Exchange {
    /// The attempt in the exchange's place has waited in its pool's queue until now.
    ///
    /// - Parameter connection: what came of it; nil for nothing.
    func noteQueued(for connection: UpstreamCall?) {
        attempt.queuedNanoseconds &+= worker.now.nanoseconds(since: attempt.begunAt)
        // While another attempt is at work the request waits for that one's answer.
        guard rival == nil else { return }
        let since = max(attempt.begunAt, attempt.aloneSince)
        record.figures.queueNanoseconds &+= worker.now.nanoseconds(since: since)
        if let connection { record.figures.connectNanoseconds &+= connection.makingNanoseconds(since: since) }
    }
}
