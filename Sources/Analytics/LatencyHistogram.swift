/// How long requests took: counts by lengths, each within a sixty-fourth of the next, so that quantiles of any number of them take a few kilobytes.
public struct LatencyHistogram: Sendable {
    private var counts: [Int: Int64] = [:]
    public private(set) var count: Int64 = 0
    private var sum: Double = 0

    public init() {}

    public mutating func add(microseconds: Int64) {
        let value = max(0, microseconds)
        counts[LatencyHistogram.place(of: value), default: 0] += 1
        count += 1
        sum += Double(value)
    }

    public static func + (left: LatencyHistogram, right: LatencyHistogram) -> LatencyHistogram {
        var sum = left
        sum.counts.merge(right.counts) { $0 + $1 }
        sum.count += right.count
        sum.sum += right.sum
        return sum
    }

    /// Microseconds; 0 where there is nothing.
    public var average: Double { count == 0 ? 0 : sum / Double(count) }

    /// Microseconds, at most a sixty-fourth too many: as many took no longer.
    public func quantile(_ share: Double) -> Int64 {
        let wanted = max(1, Int64((share * Double(count)).rounded(.up)))
        var seen: Int64 = 0
        for (place, number) in counts.sorted(by: { $0.key < $1.key }) {
            seen += number
            if seen >= wanted { return LatencyHistogram.longest(at: place) }
        }
        return 0
    }

    /// Below 128 each length has its own; above, 64 for each power of two.
    private static func place(of value: Int64) -> Int {
        guard value >= 128 else { return Int(value) }
        let power = 63 - value.leadingZeroBitCount
        return (power - 5) * 64 + Int(value >> Int64(power - 6)) - 64
    }

    private static func longest(at place: Int) -> Int64 {
        guard place >= 128 else { return Int64(place) }
        let power = place / 64 + 5
        let start = Int64(place % 64 + 64) << Int64(power - 6)
        return start + (1 << Int64(power - 6)) - 1
    }
}
