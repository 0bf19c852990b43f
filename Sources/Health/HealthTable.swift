import Synchronization

/// The health of all targets and their budgets, one table a process: reloads keep it, inline configs share it.
///
/// Asked when a route is compiled, never for a request; a route keeps what it was given. Bounded: at the bound those that no
/// route holds any more are given up, the longest unused first, and of these last those that are open, parked or quarantined. When all
/// are held, a new target gets a health of its own that nobody shares: its routing is none the worse for a single route.
public final class HealthTable: Sendable {
    /// What a budget is spent on.
    public enum Purpose: Hashable, Sendable {
        case retries
        case hedges
    }

    private struct BudgetKey: Hashable {
        let key: HealthKey
        let purpose: Purpose
    }

    private let healths: Mutex<SharedEntries<HealthKey, TargetHealth>>
    private let budgets: Mutex<SharedEntries<BudgetKey, RetryBudget>>

    /// - Parameter limit: targets, and also budgets, that are remembered.
    public init(limit: Int = HealthLimits.entryCount) {
        healths = Mutex(SharedEntries(limit: limit))
        budgets = Mutex(SharedEntries(limit: limit))
    }

    /// The health of the target `key` names, always the same object while anyone holds it.
    /// - Parameter description: see `TargetHealth.description`; of the first to ask.
    public func health(for key: HealthKey, description: String, now: UInt64) -> TargetHealth {
        healths.withLock { entries in
            entries.value(for: key, now: now) { health in
                health.availability(now: now, policy: .standard) != .available
            } make: {
                TargetHealth(description: description)
            }
        }
    }

    /// The budget of the target, or group of targets, that `key` names.
    public func budget(for key: HealthKey, _ purpose: Purpose, now: UInt64) -> RetryBudget {
        budgets.withLock { entries in
            entries.value(for: BudgetKey(key: key, purpose: purpose), now: now) { _ in
                false
            } make: {
                RetryBudget(purpose == .retries ? .retries : .hedges)
            }
        }
    }

    /// Every target's reading, by description.
    public func snapshot(now: UInt64) -> [TargetReading] {
        // Read without the lock: a route that is compiled meanwhile need not wait.
        let values = healths.withLock(\.values)
        return values.map { $0.reading(now: now) }.sorted { $0.description < $1.description }
    }

    /// Targets and budgets remembered now.
    public var counts: (targets: Int, budgets: Int) { (healths.withLock(\.count), budgets.withLock(\.count)) }

    /// Targets and budgets handed out unshared, because the table was full of ones in use.
    public var unsharedCount: Int { healths.withLock(\.unsharedCount) + budgets.withLock(\.unsharedCount) }
}
