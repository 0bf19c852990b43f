public import Books

/// What the requests of some spans come to.
public struct TraceSums: Sendable, Equatable {
    public internal(set) var spans: Int64 = 0
    public internal(set) var requests: Int64 = 0
    public internal(set) var errors: Int64 = 0
    public internal(set) var tokens: Int64 = 0
    /// Nano-dollars.
    public internal(set) var cost: Int64 = 0

    public init() {}

    mutating func add(_ record: RequestRecord) {
        spans.add(1)
        if record.isFailure { errors.add(1) }
        if record.figures.flags.contains(.observation) { return }
        requests.add(1)
        tokens.add(record.billedInputTokens ?? 0)
        tokens.add(record.billedOutputTokens ?? 0)
        cost.add(record.billedCost ?? 0, most: AnalyticsLimits.largestCost)
    }

    mutating func add(_ other: TraceSums) {
        spans.add(other.spans)
        requests.add(other.requests)
        errors.add(other.errors)
        tokens.add(other.tokens)
        cost.add(other.cost, most: AnalyticsLimits.largestCost)
    }
}

extension RequestRecord {
    /// Observations have a status where something answered, and failed with an error alone otherwise.
    public var isFailure: Bool { figures.status >= 400 || figures.flags.contains(.observation) && !error.isEmpty }
    /// What its span is called by those below it.
    var spanReference: String { span.isEmpty ? identifier.description : span }
    /// Nanoseconds since 1970.
    var endNanoseconds: UInt64 {
        let (end, overflowed) = figures.wallNanoseconds.addingReportingOverflow(figures.totalNanoseconds)
        return overflowed ? .max : end
    }
}

/// One span of a trace: a request, or an observation.
public struct TraceSpan: Sendable {
    public let record: RequestRecord
    /// Of the spans below it, its own not among them.
    public internal(set) var below = TraceSums()
    /// By number, in the order of their start.
    public internal(set) var children: [Int] = []
}

/// The spans of one trace, by who called whom.
///
/// A span whose parent is not there stands at the top; of spans that call each other in a circle the earliest does.
public struct TraceTree: Sendable {
    public private(set) var spans: [TraceSpan]
    /// By number, in the order of their start.
    public private(set) var roots: [Int] = []
    public private(set) var whole = TraceSums()
    /// Nanoseconds since 1970: of the first start, and of the last end.
    public private(set) var start: UInt64
    public private(set) var end: UInt64
    /// Whether there are more spans than are here.
    public let isTruncated: Bool

    /// - Parameter records: of one trace, in any order.
    public init(_ records: [RequestRecord], isTruncated: Bool = false) {
        let ordered = records.sorted { left, right in
            left.figures.wallNanoseconds == right.figures.wallNanoseconds
                ? left.identifier < right.identifier : left.figures.wallNanoseconds < right.figures.wallNanoseconds
        }
        self.isTruncated = isTruncated
        spans = ordered.map { TraceSpan(record: $0) }
        start = ordered.first?.figures.wallNanoseconds ?? 0
        end = ordered.map(\.endNanoseconds).max() ?? 0
        for record in ordered { whole.add(record) }
        connect()
    }

    private mutating func connect() {
        // Where several have one name, the first is meant.
        let numbers = Dictionary(spans.indices.map { (spans[$0].record.spanReference, $0) }) { first, _ in first }
        var parents = spans.indices.map { number -> Int? in
            let name = spans[number].record.parentSpan
            guard !name.isEmpty, let parent = numbers[name], parent != number else { return nil }
            return parent
        }
        // Whoever is met twice on the way up closes a circle, which is opened there: each span is gone through once.
        var isSettled = [Bool](repeating: false, count: spans.count)
        var order: [Int] = []
        for number in spans.indices where !isSettled[number] {
            var (path, isOnPath, next): ([Int], Set<Int>, Int?) = ([], [], number)
            while let current = next, !isSettled[current] {
                path.append(current)
                isOnPath.insert(current)
                next = parents[current]
                if let above = next, isOnPath.contains(above) {
                    let circle = path[(path.firstIndex(of: above) ?? 0)...]
                    if let earliest = circle.min() { parents[earliest] = nil }
                    next = nil
                }
            }
            for settled in path { isSettled[settled] = true }
        }
        for (number, parent) in parents.enumerated() {
            if let parent { spans[parent].children.append(number) } else { roots.append(number) }
        }
        // From the top down, so that backwards each comes before what is above it.
        var waiting = roots
        while let number = waiting.popLast() {
            order.append(number)
            waiting += spans[number].children
        }
        for number in order.reversed() {
            guard let parent = parents[number] else { continue }
            var sums = spans[number].below
            sums.add(spans[number].record)
            spans[parent].below.add(sums)
        }
    }
}
