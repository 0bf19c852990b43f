import Glibc
import Health
import Reactor
import Synchronization

/// Numbers that follow from a seed, which is printed and can be given again as `SLUICE_SEED`.
struct SeededRandom: RandomNumberGenerator {
    private var generator: SplitMix64

    init(_ what: String) {
        let given = getenv("SLUICE_SEED").flatMap { UInt64(String(cString: $0)) }
        let seed = given ?? UInt64.random(in: 1...UInt64(UInt32.max))
        print("\(what): SLUICE_SEED=\(seed)")
        generator = SplitMix64(seed: seed)
    }

    mutating func next() -> UInt64 { generator.next() }
}

/// Nanoseconds of so many seconds, or milliseconds.
func seconds(_ count: Double) -> UInt64 { UInt64(count * 1e9) }
func milliseconds(_ count: UInt64) -> UInt64 { count * 1_000_000 }

/// Random bits that leave a cooldown as it is, that shorten it most and lengthen it most.
let noJitter: UInt64 = 1 << 63
let leastJitter: UInt64 = 0
let mostJitter: UInt64 = .max

/// Opens after two failures, for 30 s.
let strictPolicy = BreakerPolicy(failureCount: 2, minimumRequests: 2)

extension TargetHealth {
    /// Admits a request and reports it at once.
    @discardableResult
    func attempt(_ outcome: AttemptOutcome, policy: BreakerPolicy = strictPolicy, now: UInt64, random: UInt64 = noJitter) -> BreakerChange? {
        admit(now: now, policy: policy).map { report(outcome, of: $0, policy: policy, now: now, random: random) }
    }

    /// One whose breaker two failures have opened at `now`, until 30 s later.
    static func opened(at now: UInt64) -> TargetHealth {
        let health = TargetHealth(description: "opened")
        health.attempt(.failure, now: now)
        health.attempt(.failure, now: now)
        return health
    }
}

/// Runs `body` with each number on a thread of its own, all let go at once, and waits for them.
func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) throws {
    let gate = Gate()
    let threads = try (0..<count).map { number in
        try Thread.start("test") {
            gate.pass(count)
            body(number)
        }
    }
    for thread in threads { thread.join() }
}

/// Where threads wait until all are there, again and again.
final class Gate: Sendable {
    private let arrived = Atomic<Int>(0)

    /// Returns once all `count` threads have called it as often as this one.
    func pass(_ count: Int) {
        let place = arrived.add(1, ordering: .acquiringAndReleasing).oldValue
        let goal = (place / count + 1) * count
        // Yielding: there may be more threads than processors.
        while arrived.load(ordering: .acquiring) < goal { sched_yield() }
    }
}
