public import Bytes
import Synchronization

/// One answer while it is being fetched, for the request that asked first and for those that asked the same meanwhile.
///
/// Who fetches leads: it begins the flight with the answer's head, appends the body as it comes, and ends it. Everybody else follows,
/// each at its own pace: nothing is waited for, and nothing is taken from the log while somebody reads it.
///
///     waiting ─begin─▶ begun ─complete─▶ complete
///        └──────fail────┴──fail──▶ failed
public final class Flight: @unchecked Sendable {
    // Unchecked for `head` and `fields`, which are written before the store that ends `waiting`, and for what is told at the
    // end, which is written before the store that says so; never after it.

    public enum Stage: UInt8, Sendable {
        /// The answer's head has not come.
        case waiting
        /// Its body is coming.
        case begun
        /// All of it is there.
        case complete
        /// There will be no more of it.
        case failed
    }

    /// What is known of an answer when it begins.
    public struct Head: BitwiseCopyable, Sendable {
        public var status: UInt16
        public var isStream: Bool

        public init(status: UInt16, isStream: Bool) {
            self.status = status
            self.isStream = isStream
        }
    }

    public let key: CacheKey
    public let leader: Int
    public let log: FlightLog
    // Written by who leads, read by all: a release after what it makes known.
    private let stageWord = Atomic<UInt8>(Stage.waiting.rawValue)
    public private(set) var head = Head(status: 0, isStream: false)
    public private(set) var cost = AnswerCost()
    /// Where it failed, it stops inside an event.
    public private(set) var endsMidEvent = false
    /// Where it failed, its last event says so.
    public private(set) var saysWhy = false
    /// The answer's header fields, each with its line end.
    public private(set) var fields: CacheBlob?
    // Requests that follow. Who joins counts itself and then looks at what there is; who leads publishes and then looks whether anybody
    // is counted. Sequentially consistent, all four, so that one of the two sees the other: nobody waits for what has been told to none.
    private let followerCount = Atomic<Int>(0)
    /// One bit a worker: somebody there follows; it has been told and has not looked yet.
    private let watching = WorkerSet()
    private let told = WorkerSet()
    // Readers of a table's place that were there when the flight left it; see `FlightTable`.
    let owedReaders = Atomic<Int>(0)

    /// - Parameter leader: the worker that fetches it.
    public init(_ key: CacheKey, leader: Int, budget: ByteBudget) {
        self.key = key
        self.leader = leader
        log = FlightLog(budget: budget)
    }

    public var stage: Stage { Stage(rawValue: stageWord.load(ordering: .sequentiallyConsistent)) ?? .failed }

    // MARK: Leading

    /// The answer has begun.
    public func begin(_ head: Head, fields: CacheBlob) {
        precondition(stageWord.load(ordering: .relaxed) == Stage.waiting.rawValue, "an answer begins once")
        self.head = head
        self.fields = fields
        stageWord.store(Stage.begun.rawValue, ordering: .sequentiallyConsistent)
    }

    /// All of it has been appended and published.
    public func complete(_ cost: AnswerCost = AnswerCost()) {
        self.cost = cost
        stageWord.store(Stage.complete.rawValue, ordering: .sequentiallyConsistent)
    }

    /// There will be no more of it, and not because it is whole.
    /// - Parameters:
    ///   - isMidEvent: it stops inside an event.
    ///   - saysWhy: its last event says that it has failed.
    public func fail(isMidEvent: Bool = false, saysWhy: Bool = false) {
        endsMidEvent = isMidEvent
        self.saysWhy = saysWhy
        stageWord.store(Stage.failed.rawValue, ordering: .sequentiallyConsistent)
    }

    /// Whether anybody follows.
    public var isFollowed: Bool { followerCount.load(ordering: .sequentiallyConsistent) > 0 }

    /// Calls `tell` with each worker on which somebody follows and that has not been told since it last looked.
    public func announce(_ tell: (Int) -> Void) {
        guard isFollowed else { return }
        watching.forEach { if told.insert($0) { tell($0) } }
    }

    // MARK: Following

    /// A request of worker `index` follows from here on; true when it is the first.
    public func follow(on index: Int) -> Bool {
        precondition(index < FlightLimits.workers, "a worker has its bit")
        watching.insert(index)
        return followerCount.add(1, ordering: .sequentiallyConsistent).oldValue == 0
    }

    /// A request follows no more; true when it was the last.
    public func leave() -> Bool { followerCount.subtract(1, ordering: .sequentiallyConsistent).newValue == 0 }

    /// Worker `index` is about to look: what comes after this is told anew.
    public func look(on index: Int) { told.remove(index) }
}

/// Workers of a process, one bit each.
final class WorkerSet: Sendable {
    // Set and cleared by workers; sequentially consistent, as `Flight.followerCount` says.
    private let first = Atomic<UInt64>(0)
    private let second = Atomic<UInt64>(0)
    private let third = Atomic<UInt64>(0)
    private let fourth = Atomic<UInt64>(0)

    /// False when it was there.
    @discardableResult
    func insert(_ index: Int) -> Bool {
        let bit: UInt64 = 1 &<< UInt64(index & 63)
        let old: UInt64 =
            switch index >> 6 {
            case 0: first.bitwiseOr(bit, ordering: .sequentiallyConsistent).oldValue
            case 1: second.bitwiseOr(bit, ordering: .sequentiallyConsistent).oldValue
            case 2: third.bitwiseOr(bit, ordering: .sequentiallyConsistent).oldValue
            default: fourth.bitwiseOr(bit, ordering: .sequentiallyConsistent).oldValue
            }
        return old & bit == 0
    }

    func remove(_ index: Int) {
        let others: UInt64 = ~(1 &<< UInt64(index & 63))
        switch index >> 6 {
        case 0: first.bitwiseAnd(others, ordering: .sequentiallyConsistent)
        case 1: second.bitwiseAnd(others, ordering: .sequentiallyConsistent)
        case 2: third.bitwiseAnd(others, ordering: .sequentiallyConsistent)
        default: fourth.bitwiseAnd(others, ordering: .sequentiallyConsistent)
        }
    }

    func forEach(_ body: (Int) -> Void) {
        let words = [
            first.load(ordering: .sequentiallyConsistent), second.load(ordering: .sequentiallyConsistent),
            third.load(ordering: .sequentiallyConsistent), fourth.load(ordering: .sequentiallyConsistent),
        ] as InlineArray<4, UInt64>
        for word in 0..<4 {
            var left = words[word]
            while left != 0 {
                body(word << 6 + left.trailingZeroBitCount)
                left &= left &- 1
            }
        }
    }
}
