/// How long something took, counted in buckets as Prometheus has them.
struct DurationHistogram {
    /// Upper bounds in seconds; Portkey's, so that boards made for them go on.
    static let secondBounds: [Double] = [0.1, 1, 1.5, 2, 3, 5, 7, 10, 15, 20, 30, 45, 60, 90, 120, 240, 500, 1000, 3000]
    /// The same in milliseconds, for those that tell of milliseconds.
    static let millisecondBounds: [Double] = [
        0.1, 1, 2, 5, 10, 30, 50, 75, 100, 150, 200, 350, 500, 1000, 2500, 5000, 10_000, 50_000, 100_000, 300_000, 500_000, 10_000_000,
    ]

    enum Unit {
        case seconds, milliseconds

        var bounds: [Double] { self == .seconds ? DurationHistogram.secondBounds : DurationHistogram.millisecondBounds }
        var nanoseconds: Double { self == .seconds ? 1e9 : 1e6 }
    }

    let unit: Unit
    /// Upper bounds, in `unit`; at hand, as they are looked through for every request.
    private let bounds: [Double]
    /// Of each bucket those that are in none below; the last has no bound.
    private(set) var counts: [UInt64]
    /// In `unit`.
    private(set) var sum: Double = 0

    init(_ unit: Unit) {
        self.unit = unit
        bounds = unit.bounds
        counts = [UInt64](repeating: 0, count: bounds.count + 1)
    }

    mutating func add(nanoseconds: UInt64) {
        let value = Double(nanoseconds) / unit.nanoseconds
        var at = 0
        while at < bounds.count, value > bounds[at] { at += 1 }
        counts[at] += 1
        sum += value
    }

    /// Appends its lines; nothing where nothing was counted.
    func write(_ name: StaticString, labels: String, to text: inout String) {
        var count: UInt64 = 0
        guard counts.contains(where: { $0 > 0 }) else { return }
        for (bound, number) in zip(bounds, counts) {
            count += number
            text += "\(name)_bucket{\(labels),le=\"\(MetricLabels.number(bound))\"} \(count)\n"
        }
        count += counts[counts.count - 1]
        text += "\(name)_bucket{\(labels),le=\"+Inf\"} \(count)\n\(name)_sum{\(labels)} \(sum)\n\(name)_count{\(labels)} \(count)\n"
    }
}
