import Synchronization

/// The bytes all workers together may hold in buffers.
///
/// Pools charge it when they take memory from the process, not on each lease, so a steady
/// state never touches the atomic.
public final class ByteBudget: Sendable {
    public let limitByteCount: Int

    // Written and read by every pool. Relaxed: the sum alone matters, it publishes no other memory.
    private let held = Atomic<Int>(0)

    public init(limitByteCount: Int = BufferLimits.defaultBudgetByteCount) {
        precondition(limitByteCount > 0, "a budget of nothing would refuse every request")
        self.limitByteCount = limitByteCount
    }

    /// Bytes held now.
    public var heldByteCount: Int { held.load(ordering: .relaxed) }

    /// Takes `byteCount` from the budget, or nothing when it would pass the limit.
    public func charge(_ byteCount: Int) -> Bool {
        let (_, after) = held.add(byteCount, ordering: .relaxed)
        if after <= limitByteCount { return true }
        held.subtract(byteCount, ordering: .relaxed)
        return false
    }

    public func refund(_ byteCount: Int) {
        held.subtract(byteCount, ordering: .relaxed)
    }
}
