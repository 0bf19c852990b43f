import Synchronization

/// What the mock has done, for tests and load drivers.
public struct MockStatistics: Sendable, Equatable {
    /// Requests received whole, those for `/mock/…` not counted.
    public var requests = 0
    public var openConnections = 0
    public var acceptedConnections = 0
    /// Streams whose head has been written.
    public var startedStreams = 0
    /// Streams sent to their end, the last chunk included.
    public var completedStreams = 0
    /// Answers, streamed or not, whose client went away before their end.
    public var abortedByClient = 0
    /// What a provider would charge for: the tokens of each request it began to answer, those of whole answers, and those of streams as they were sent.
    public var billedInputTokens = 0
    public var billedOutputTokens = 0
    public var receivedBytes = 0
    public var sentBytes = 0
}

/// Counters of all workers of one server.
final class Counters: Sendable {
    // Added to by every worker, read by whoever asks. Relaxed: each stands alone and publishes no other memory.
    let requests = Atomic<Int>(0)
    let openConnections = Atomic<Int>(0)
    let acceptedConnections = Atomic<Int>(0)
    let startedStreams = Atomic<Int>(0)
    let completedStreams = Atomic<Int>(0)
    let abortedByClient = Atomic<Int>(0)
    let billedInputTokens = Atomic<Int>(0)
    let billedOutputTokens = Atomic<Int>(0)
    let receivedBytes = Atomic<Int>(0)
    let sentBytes = Atomic<Int>(0)

    /// Answers of a transcript given so far; added to by whichever worker answers.
    let turns = Atomic<Int>(0)

    /// Objects and jobs: a file is put over one worker's connection and read over another's.
    let store = ObjectStore()

    /// Failures so far of each user and model, for `fail=K`: retries may come over any worker's connections.
    private let failures = Mutex<[[UInt8]: Int]>([:])

    var snapshot: MockStatistics {
        MockStatistics(
            requests: requests.load(ordering: .relaxed),
            openConnections: openConnections.load(ordering: .relaxed),
            acceptedConnections: acceptedConnections.load(ordering: .relaxed),
            startedStreams: startedStreams.load(ordering: .relaxed),
            completedStreams: completedStreams.load(ordering: .relaxed),
            abortedByClient: abortedByClient.load(ordering: .relaxed),
            billedInputTokens: billedInputTokens.load(ordering: .relaxed),
            billedOutputTokens: billedOutputTokens.load(ordering: .relaxed),
            receivedBytes: receivedBytes.load(ordering: .relaxed),
            sentBytes: sentBytes.load(ordering: .relaxed))
    }

    /// Zeroes all but the connections that are open.
    func reset() {
        requests.store(0, ordering: .relaxed)
        acceptedConnections.store(0, ordering: .relaxed)
        startedStreams.store(0, ordering: .relaxed)
        completedStreams.store(0, ordering: .relaxed)
        abortedByClient.store(0, ordering: .relaxed)
        billedInputTokens.store(0, ordering: .relaxed)
        billedOutputTokens.store(0, ordering: .relaxed)
        receivedBytes.store(0, ordering: .relaxed)
        sentBytes.store(0, ordering: .relaxed)
        turns.store(0, ordering: .relaxed)
        failures.withLock { $0.removeAll() }
        store.removeAll()
    }

    /// Which of `count` answers is next; after the last comes the first again.
    func nextTurn(of count: Int) -> Int {
        turns.wrappingAdd(1, ordering: .relaxed).oldValue % count
    }

    /// Whether one more request of `key` is to fail, when the first `limit` do; counts it if so.
    func fails(_ key: [UInt8], first limit: Int) -> Bool {
        failures.withLock { counts in
            if counts.count >= MockLimits.countedUsers { counts.removeAll() }
            let sofar = counts[key, default: 0]
            guard sofar < limit else { return false }
            counts[key] = sofar + 1
            return true
        }
    }
}

extension Atomic where Value == Int {
    func count(_ more: Int = 1) { add(more, ordering: .relaxed) }
}
