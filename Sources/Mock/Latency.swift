import Bytes

/// A small, fast generator (SplitMix64): scripted latencies need no better one, and repeat from a seed.
struct Random {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// How long an answer is held back: a quantile function of straight lines between points.
///
/// `50` is always 50 ms. `20-80` is uniform. `p50:20,p99:200` goes through its points, starts
/// at 0 ms, and stays at the last point's value above it.
struct Latency: BitwiseCopyable {
    private struct Point: BitwiseCopyable {
        /// The share of answers that are faster, in millionths.
        var share: UInt64 = 0
        var nanoseconds: UInt64 = 0
    }

    private static let whole: UInt64 = 1_000_000
    private var points = InlineArray<6, Point>(repeating: Point())
    private var count = 0

    static let none = Latency()

    private init() {}

    /// Nil when `text` is in none of the three forms.
    init?(_ text: ByteSlice) {
        if text.hasPrefix("p") {
            guard addPercentiles(text) else { return nil }
        } else if let dash = text.firstIndex(of: UInt8(ascii: "-")) {
            guard let low = Latency.milliseconds(text.prefix(dash)), let high = Latency.milliseconds(text.dropFirst(dash + 1)),
                low <= high
            else { return nil }
            add(share: 0, low)
            add(share: Latency.whole, high)
        } else {
            guard let fixed = Latency.milliseconds(text) else { return nil }
            add(share: 0, fixed)
            add(share: Latency.whole, fixed)
        }
    }

    /// Whether every answer is held back for no time at all.
    var isNone: Bool { count == 0 || points[count - 1].nanoseconds == 0 }

    func sample(_ random: inout Random) -> UInt64 {
        let share = random.next() % Latency.whole
        for index in 1..<max(count, 1) where share < points[index].share {
            let lower = points[index - 1]
            let upper = points[index]
            let rise = upper.nanoseconds - lower.nanoseconds
            // Below 2⁴² × 2²⁰.
            return lower.nanoseconds + rise * (share - lower.share) / (upper.share - lower.share)
        }
        return count == 0 ? 0 : points[count - 1].nanoseconds
    }

    private mutating func addPercentiles(_ text: ByteSlice) -> Bool {
        add(share: 0, 0)
        var rest = text
        while true {
            let comma = rest.firstIndex(of: UInt8(ascii: ",")) ?? rest.count
            let point = rest.prefix(comma)
            guard point.hasPrefix("p"), let colon = point.firstIndex(of: UInt8(ascii: ":")),
                let percent = point[1..<colon].decimal, percent > 0, percent < 100,
                let value = Latency.milliseconds(point.dropFirst(colon + 1)),
                count < MockLimits.latencyPoints - 1
            else { return false }
            let share = UInt64(percent) * (Latency.whole / 100)
            guard share > points[count - 1].share, value >= points[count - 1].nanoseconds else { return false }
            add(share: share, value)
            if comma == rest.count { break }
            rest = rest.dropFirst(comma + 1)
        }
        add(share: Latency.whole, points[count - 1].nanoseconds)
        return true
    }

    private mutating func add(share: UInt64, _ nanoseconds: UInt64) {
        points[count] = Point(share: share, nanoseconds: nanoseconds)
        count += 1
    }

    /// In nanoseconds.
    private static func milliseconds(_ text: ByteSlice) -> UInt64? {
        guard let value = text.decimal, value <= MockLimits.milliseconds else { return nil }
        return UInt64(value) * 1_000_000
    }
}
