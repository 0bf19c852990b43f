import Glibc

/// Weighted rendezvous hashing: which child a key belongs to, so that a conversation stays with one upstream's prompt cache.
///
/// Every child scores for every key, and the highest has it. A child that leaves gives up its own keys alone, to each other by
/// weight; one that comes takes keys only for itself.
/// - Source: Thaler, Ravishankar: "Using Name-Based Mappings to Increase Hit Rates", 1998; weights: −w/ln u
public enum Rendezvous {
    /// The score of a child for a key; 0 for a weight that is not above 0, above 0 otherwise.
    /// - Parameters:
    ///   - key: a hash of what has to stay together.
    ///   - child: a hash of what the child is, not of its place in a list.
    public static func score(key: UInt64, child: UInt64, weight: Double) -> Double {
        guard weight > 0 else { return 0 }
        let hash = SplitMix64.mix(SplitMix64.mix(key) ^ child)
        // Between 0 and 1, and neither of them: their logarithms would make all weights alike.
        let uniform = (Double(hash >> 11) + 0.5) * 0x1p-53
        return -weight / log(uniform)
    }

    /// The child with the highest score of those not skipped; nil when there is none. O(count).
    ///
    /// To skip the first and ask again is to walk to the next rank.
    public static func pick(
        count: Int, key: UInt64, child: (Int) -> UInt64, weight: (Int) -> Double, isSkipped: (Int) -> Bool
    ) -> Int? {
        guard count > 0 else { return nil }
        var best: Int?
        var highest = 0.0
        for index in 0..<count where !isSkipped(index) {
            let score = score(key: key, child: child(index), weight: weight(index))
            guard score > highest else { continue }
            highest = score
            best = index
        }
        return best
    }

    /// Whether a child has more than 1.25 × the mean of requests in flight, and one: then its keys go to the next rank.
    /// - Parameters:
    ///   - total: requests in flight at all children.
    ///   - count: how many children those are.
    /// - Source: Mirrokni, Thorup, Zadimoghaddam: "Consistent Hashing with Bounded Loads", 2016
    public static func isOverBound(inFlight: Int, total: Int, count: Int) -> Bool {
        // More than 2³⁰ are in flight nowhere; below that no product overflows.
        let most = 1 << 30
        let (others, total, count) = (min(max(1, inFlight) - 1, most), min(max(0, total), most), min(max(1, count), most))
        return 4 * others * count > 5 * total
    }
}
