import Reactor
import Synchronization

/// Why a gateway takes no more connections.
public enum DrainReason: Sendable {
    /// The service ends: clients between two requests are let go at once.
    case stop
    /// Another process has taken over its listeners: nobody waits for this one, and clients find the other when they come again.
    /// One between two requests may be sending its next, so it is told by its next answer that the connection ends, or let go when it
    /// asks for none.
    case handover
}

/// How long drains may take, by the configuration.
struct DrainTimes: Sendable {
    private let stop: UInt64
    private let handover: UInt64

    init(_ limits: WorkerLimits) {
        stop = limits.drainNanoseconds
        handover = limits.handoverNanoseconds
    }

    func nanoseconds(_ reason: DrainReason) -> UInt64 {
        switch reason {
        case .stop: stop
        case .handover: handover
        }
    }
}

/// How far a worker's drain is.
struct Draining {
    private(set) var hasBegun = false
    /// Then it ends, whatever is left.
    private(set) var deadline = Instant.distantFuture
    private var idleEnd = Instant.distantFuture
    /// Whether connections between two requests are closed by now.
    private(set) var closesIdle = false

    /// A reason that comes later can only shorten it.
    mutating func begin(_ reason: DrainReason, _ now: Instant, _ limits: WorkerLimits) {
        hasBegun = true
        deadline = min(deadline, now.adding(nanoseconds: DrainTimes(limits).nanoseconds(reason)))
        switch reason {
        case .stop: closesIdle = true
        case .handover: idleEnd = min(idleEnd, now.adding(nanoseconds: GatewayLimits.handoverIdleNanoseconds))
        }
    }

    /// Whether the time of idle connections ends with this turn: true once.
    mutating func idleTimeEnds(_ now: Instant) -> Bool {
        guard !closesIdle, now >= idleEnd else { return false }
        closesIdle = true
        return true
    }
}

/// Restarts and upgrades of the service before this process.
public struct ServiceHistory: Sendable {
    var restartCount: UInt64
    var upgradeCount: UInt64

    public init(restartCount: UInt64 = 0, upgradeCount: UInt64 = 0) {
        self.restartCount = restartCount
        self.upgradeCount = upgradeCount
    }
}

/// Asked of all workers; the last to answer has the asker called.
final class RollCall: Sendable {
    /// Counted down by each worker once. Releasing and acquiring, so that what the workers did before is seen by the asker.
    private let missing: Atomic<Int>
    private let answer: @Sendable () -> Void

    init(count: Int, _ answer: @escaping @Sendable () -> Void) {
        missing = Atomic(count)
        self.answer = answer
    }

    func isHere() {
        if missing.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue == 0 { answer() }
    }
}
