import Bytes
import Cache
import Reactor
import Synchronization

/// The process's cache and what goes with it: made once, held by every worker.
final class SharedCache: Sendable {
    let answers: ResponseCache
    let flights = FlightTable()
    let peers = WorkerPeers()
    let seed = CacheSeed.random()
    let budget: ByteBudget
    // Sums of all workers, read by operators. Relaxed: they publish nothing.
    private let savedInputTokens = Atomic<UInt64>(0)
    private let savedOutputTokens = Atomic<UInt64>(0)
    private let savedNanodollars = Atomic<UInt64>(0)
    private let followed = Atomic<UInt64>(0)
    private let hits = Atomic<UInt64>(0)
    private let misses = Atomic<UInt64>(0)
    private let refreshes = Atomic<UInt64>(0)
    // How often operators have begun to drop answers. Who drops counts and then walks the table; who stores does that and then looks at the
    // count. A fence between the two on either side: the walk finds the answer, or who stored it sees that the count has gone on.
    private let purges = Atomic<UInt64>(0)

    /// - Parameter participants: threads that will read or write: the workers, and the one that answers operators.
    /// - Returns: nil where there is to be none, or no memory for its table.
    init?(byteCapacity: Int, participants: Int, budget: ByteBudget) {
        guard byteCapacity > 0, let answers = ResponseCache(byteCapacity: byteCapacity, participants: participants) else { return nil }
        self.answers = answers
        self.budget = budget
    }

    /// An answer that was not fetched has spared what its provider would have counted and billed.
    func noteSaved(_ cost: AnswerCost) {
        if cost.inputTokens > 0 { savedInputTokens.wrappingAdd(UInt64(cost.inputTokens), ordering: .relaxed) }
        if cost.outputTokens > 0 { savedOutputTokens.wrappingAdd(UInt64(cost.outputTokens), ordering: .relaxed) }
        if cost.nanodollars > 0 { savedNanodollars.wrappingAdd(UInt64(cost.nanodollars), ordering: .relaxed) }
    }

    /// Changes whenever answers are about to be dropped: what was asked for under another count is not kept.
    var purgeCount: UInt64 { purges.load(ordering: .acquiring) }

    /// Answers are about to be dropped; what is on its way, too.
    func beginPurge() {
        purges.wrappingAdd(1, ordering: .acquiringAndReleasing)
        atomicMemoryFence(ordering: .sequentiallyConsistent)
    }

    /// `purgeCount`, after what has just been stored.
    func purgeCountAfterStoring() -> UInt64 {
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        return purgeCount
    }

    /// A request waits for another's answer.
    func noteFollowed() { followed.wrappingAdd(1, ordering: .relaxed) }

    /// Counts what became of one request.
    func count(_ status: Caching.Status) {
        switch status {
        case .disabled: break
        case .hit: hits.wrappingAdd(1, ordering: .relaxed)
        case .miss, .semanticMiss: misses.wrappingAdd(1, ordering: .relaxed)
        case .refresh: refreshes.wrappingAdd(1, ordering: .relaxed)
        }
    }

    struct Figures {
        var hits: UInt64
        var misses: UInt64
        var refreshes: UInt64
        var savedInputTokens: UInt64
        var savedOutputTokens: UInt64
        var savedNanodollars: UInt64
        var followed: UInt64
    }

    var figures: Figures {
        Figures(
            hits: hits.load(ordering: .relaxed), misses: misses.load(ordering: .relaxed), refreshes: refreshes.load(ordering: .relaxed),
            savedInputTokens: savedInputTokens.load(ordering: .relaxed), savedOutputTokens: savedOutputTokens.load(ordering: .relaxed),
            savedNanodollars: savedNanodollars.load(ordering: .relaxed),
            followed: followed.load(ordering: .relaxed))
    }
}

/// The workers' mailboxes, known once all workers are.
final class WorkerPeers: Sendable {
    private final class List: Sendable {
        let mailboxes: [Mailbox<WorkerMessage>]
        init(_ mailboxes: [Mailbox<WorkerMessage>]) { self.mailboxes = mailboxes }
    }

    // Written once, by who starts the workers; until then nobody has joined a flight.
    private let list = AtomicLazyReference<List>()

    func know(_ mailboxes: [Mailbox<WorkerMessage>]) { _ = list.storeIfNil(List(mailboxes)) }

    /// Sends `message` to worker `index`.
    func send(_ message: WorkerMessage, to index: Int) {
        guard let mailboxes = list.load()?.mailboxes, index < mailboxes.count else { return }
        // One a flight and worker until it has been looked at, so there are as many as requests that wait.
        mailboxes[index].post(message)
    }
}
