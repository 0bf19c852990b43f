/// What somebody thinks of what came of a trace.
public struct Feedback: Sendable, Equatable {
    /// Given where it is kept.
    public internal(set) var id = ""
    /// Of the key it came with; empty for one of none.
    public let workspace: String
    public let trace: String
    /// What tells the key it came with from every other.
    public let key: String
    /// From −10 to 10.
    public let value: Int64
    /// What it counts beside others, in billionths: from 0 to 10⁹.
    public let weight: Int64
    /// A JSON object of texts.
    public let metadata: String
    /// Milliseconds since 1970.
    public let givenAt: Int64
    public internal(set) var changedAt: Int64

    /// What counts as much as any other.
    public static let fullWeight: Int64 = 1_000_000_000

    /// - Parameter trace: as it was told; what of it is more than a record has is left away, as there.
    public init(
        workspace: String, trace: String, key: String, value: Int64, weight: Int64 = Feedback.fullWeight, metadata: String = "{}", givenAt: Int64
    ) {
        precondition((-10...10).contains(value) && (0...Feedback.fullWeight).contains(weight), "feedback is read before it is kept")
        self.workspace = workspace
        self.trace = Feedback.trace(trace)
        self.key = key
        self.value = value
        self.weight = weight
        self.metadata = metadata
        self.givenAt = givenAt
        changedAt = givenAt
    }

    /// A trace as records have it.
    public static func trace(_ told: String) -> String {
        guard told.utf8.count > AnalyticsLimits.traceByteCount else { return told }
        return String(decoding: told.utf8.prefix(AnalyticsLimits.traceByteCount), as: UTF8.self)
    }
}

/// What a feedback is changed to; what is nil stays.
public struct FeedbackChange: Sendable {
    public let value: Int64
    public let weight: Int64?
    public let metadata: String?
    /// Milliseconds since 1970.
    public let at: Int64

    public init(value: Int64, weight: Int64? = nil, metadata: String? = nil, at: Int64) {
        self.value = value
        self.weight = weight
        self.metadata = metadata
        self.at = at
    }
}

/// What the feedback of a trace, of one point or of one group comes to.
public struct FeedbackSums: Sendable, Equatable {
    public private(set) var count: Int64 = 0
    /// Of each value times its weight, in billionths. A question counts a million at most, and a file holds no more than some millions.
    private var product: Int64 = 0
    private var weight: Int64 = 0

    public init() {}

    init(count: Int64, product: Int64, weight: Int64) {
        self.count = count
        self.product = product
        self.weight = weight
    }

    /// Adds one that is read from a file: others may have written to it.
    mutating func add(value: Int64, weight: Int64) {
        let weight = min(Feedback.fullWeight, max(0, weight))
        count += 1
        product += min(10, max(-10, value)) * weight
        self.weight += weight
    }

    public static func + (left: FeedbackSums, right: FeedbackSums) -> FeedbackSums {
        FeedbackSums(count: left.count + right.count, product: left.product + right.product, weight: left.weight + right.weight)
    }

    /// The weighted average, from −10 to 10; nil where nothing counts.
    public var average: Double? { weight > 0 ? Double(product) / Double(weight) : nil }
}

/// The feedback on a group's requests.
public struct GroupFeedback: Sendable, Equatable {
    public internal(set) var sums = FeedbackSums()
    /// How many of them have any.
    public internal(set) var requests: Int64 = 0

    public init() {}
}
