import Reactor

/// How long requests wait for connections: noted by those that do, at the end of their wait.
extension Exchange {
    /// The attempt in the exchange's place has waited in its pool's queue until now.
    ///
    /// - Parameter connection: what came of it; nil for nothing.
    func noteQueued(for connection: UpstreamCall?) {
        let waited = worker.now.nanoseconds(since: attempt.begunAt)
        attempt.queuedNanoseconds &+= waited
        record.figures.queueNanoseconds &+= waited
        if let connection { record.figures.connectNanoseconds &+= connection.makingNanoseconds(since: attempt.begunAt) }
    }
}
