import Foundation

/// How long requests took: counts by lengths, each within a sixty-fourth of the next, so that quantiles of any number of them take a few kilobytes.
public struct LatencyHistogram: Sendable, Equatable {
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
        sum.add(right)
        return sum
    }

    mutating func add(_ other: LatencyHistogram) {
        counts.merge(other.counts) { $0 + $1 }
        count.add(other.count)
        sum += other.sum
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

    // MARK: Keeping

    /// The sum, then each place and its count, all as eight bytes with the lowest first.
    var data: Data {
        var data = Data(capacity: 8 + counts.count * 16)
        func append(_ word: UInt64) { withUnsafeBytes(of: word.littleEndian) { data.append(contentsOf: $0) } }
        append(sum.bitPattern)
        for (place, number) in counts {
            append(UInt64(place))
            append(UInt64(bitPattern: number))
        }
        return data
    }

    /// - Throws: for what is none: others may have written to the file.
    init(_ data: Data) throws {
        let words = data.withUnsafeBytes { bytes in
            (0..<bytes.count / 8).map { UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self)) }
        }
        guard data.count % 16 == 8, let first = words.first else { throw DamagedRollup() }
        sum = Double(bitPattern: first)
        for index in stride(from: 1, to: words.count, by: 2) {
            let (place, number) = (words[index], Int64(bitPattern: words[index + 1]))
            guard place <= LatencyHistogram.lastPlace, number > 0, number <= AnalyticsLimits.largestSum, sum.isFinite else { throw DamagedRollup() }
            counts[Int(place), default: 0].add(number)
            count.add(number)
        }
    }

    private static let lastPlace = UInt64(place(of: .max))

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

/// What a roll-up has is none: the file was changed by others.
struct DamagedRollup: Error, CustomStringConvertible {
    var description: String { "its roll-ups are damaged" }
}
