import Books
import GRDB

/// What the requests of one point, one group or the whole come to.
public struct RowSums: Sendable, Equatable {
    public var requests: Int64 = 0
    public var errors: Int64 = 0
    public var retried: Int64 = 0
    public var fallbacks: Int64 = 0
    public var tokensIn: Int64 = 0
    public var tokensOut: Int64 = 0
    /// Nano-dollars.
    public var cost: Int64 = 0
    public var saved: Int64 = 0
    public var totalMicroseconds: Int64 = 0
    public var hits: Int64 = 0
    public var hitMicroseconds: Int64 = 0
    /// Requests whose config has a cache.
    public var cacheable: Int64 = 0
    /// Milliseconds since 1970.
    public var lastSeen: Int64 = 0

    public init() {}

    public var tokens: Int64 { tokensIn + tokensOut }

    public static func + (left: RowSums, right: RowSums) -> RowSums {
        var sum = left
        sum.add(right)
        return sum
    }

    mutating func add(_ other: RowSums) {
        requests.add(other.requests)
        errors.add(other.errors)
        retried.add(other.retried)
        fallbacks.add(other.fallbacks)
        tokensIn.add(other.tokensIn)
        tokensOut.add(other.tokensOut)
        cost.add(other.cost, most: AnalyticsLimits.largestCost)
        saved.add(other.saved, most: AnalyticsLimits.largestCost)
        totalMicroseconds.add(other.totalMicroseconds)
        hits.add(other.hits)
        hitMicroseconds.add(other.hitMicroseconds)
        cacheable.add(other.cacheable)
        lastSeen = max(lastSeen, other.lastSeen)
    }

    /// Of one row.
    init(_ row: DayRow) {
        add(
            FactTraits(
                isError: row.record.figures.status >= 400, isHit: row.record.figures.cache == .hit, isCacheable: row.record.figures.cache != .disabled,
                isRetried: row.retries > 0, isFallback: row.isFallback),
            at: row.at, tokensIn: row.tokensIn, tokensOut: row.tokensOut, cost: row.cost, saved: row.saved, microseconds: row.totalMicroseconds)
    }

    /// One row more.
    mutating func add(
        _ traits: FactTraits, at: Int64, tokensIn: Int64, tokensOut: Int64, cost: Int64, saved: Int64, microseconds: Int64
    ) {
        requests.add(1)
        if traits.isError { errors.add(1) }
        if traits.isRetried { retried.add(1) }
        if traits.isFallback { fallbacks.add(1) }
        if traits.isCacheable { cacheable.add(1) }
        if traits.isHit {
            hits.add(1)
            hitMicroseconds.add(microseconds)
        }
        self.tokensIn.add(tokensIn)
        self.tokensOut.add(tokensOut)
        self.cost.add(cost, most: AnalyticsLimits.largestCost)
        self.saved.add(saved, most: AnalyticsLimits.largestCost)
        totalMicroseconds.add(microseconds)
        lastSeen = max(lastSeen, at)
    }

    // MARK: SQL

    /// The columns of sums that are kept, in the order of `arguments`.
    static let stored = [
        "requests", "errors", "retried", "fallbacks", "tokens_in", "tokens_out", "cost", "saved", "total_us", "hits", "hit_us", "cacheable", "last",
    ]

    var arguments: StatementArguments {
        [
            requests, errors, retried, fallbacks, tokensIn, tokensOut, cost, saved, totalMicroseconds, hits, hitMicroseconds, cacheable, lastSeen,
        ]
    }

    /// Of sums that are kept: floating-point numbers do not overflow.
    static let columnsOfSums = stored.map { $0 == "last" ? "max(last)" : "total(\($0))" }.joined(separator: ", ")

    /// Of rows.
    static let columnsOfRows = """
        count(*), total(status >= 400), total(retries > 0), total(fallback), total(tokens_in), total(tokens_out), total(cost), total(saved), total(total_us),
        total(cache = \(RecordedCache.hit.rawValue)), total((cache = \(RecordedCache.hit.rawValue)) * total_us), total(cache > 0), max(at)
        """

    /// - Parameter first: where the columns begin.
    init(_ row: Row, from first: Int, countsAlone: Bool = false) {
        func number(_ index: Int, most: Int64 = AnalyticsLimits.largestSum) -> Int64 { min(most, Int64(clamping: (row[first + index] as Double?) ?? 0)) }
        requests = number(0)
        if countsAlone { return }
        errors = number(1)
        retried = number(2)
        fallbacks = number(3)
        tokensIn = number(4)
        tokensOut = number(5)
        cost = number(6, most: AnalyticsLimits.largestCost)
        saved = number(7, most: AnalyticsLimits.largestCost)
        totalMicroseconds = number(8)
        hits = number(9)
        hitMicroseconds = number(10)
        cacheable = number(11)
        lastSeen = row[first + 12] ?? 0
    }
}

/// What sums look at of a row's kind.
struct FactTraits {
    var isError = false
    var isHit = false
    var isCacheable = false
    var isRetried = false
    var isFallback = false
}

extension Int64 {
    /// The nearest there is.
    init(clamping number: Double) { self = number >= 0x1p63 ? .max : number <= -0x1p63 ? .min : number.isNaN ? 0 : Int64(number) }

    /// Adds `number`, as far as `most` goes.
    @inline(__always)
    mutating func add(_ number: Int64, most: Int64 = AnalyticsLimits.largestSum) {
        let (sum, overflowed) = addingReportingOverflow(number)
        self = overflowed ? most : Swift.min(sum, most)
    }
}
