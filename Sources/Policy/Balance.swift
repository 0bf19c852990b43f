/// How one target is picked of several.
public enum BalanceAlgorithm: String, CaseIterable, BitwiseCopyable, Sendable {
    /// By weight, evenly spread.
    case weighted
    /// Each in turn, weights aside.
    case roundRobin = "round_robin"
    /// The one with fewer requests under way for its weight, of two drawn at random.
    case leastBusy = "least_busy"
    /// The one that begins and goes on sooner, of two drawn at random.
    case leastLatency = "least_latency"
    /// The same one for the same caller.
    case sticky
    /// The same one for the same beginning of a conversation, whose tokens it may have cached.
    case prefixAffinity = "prefix_affinity"
}

/// One load-balancing strategy's own settings.
struct Balance: BitwiseCopyable, Sendable {
    let algorithm: BalanceAlgorithm
    /// Rows of `Program.subjects`: what is hashed; none means the user of the metadata.
    var hashFields = RowRun.empty
    /// After so long a sticky choice is made anew; 0 for never.
    var ttlSeconds: UInt32 = 0
    /// Of system and tools, each.
    var prefixByteCount: UInt32 = 0
    /// Its row in `Program`'s turns.
    var turn: Int32 = 0
}
