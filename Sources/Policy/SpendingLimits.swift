import JSON

/// What the holder of something may spend, and how fast: `usage_limits` and `rate_limits` in Portkey's shape, read.
public struct SpendingLimits: Sendable, Equatable {
    public enum Unit: String, Sendable, CaseIterable { case cost, tokens, requests }

    public enum Period: Sendable, Equatable {
        case once, daily, weekly, monthly
        /// Every so many days from a day on, counted in days since 1970.
        case days(Int32, from: Int32)
    }

    /// One element of `usage_limits`.
    public struct Usage: Sendable, Equatable {
        public internal(set) var unit = Unit.cost
        /// The most in a window: in nano-dollars, tokens or requests.
        public internal(set) var limit: Int64 = 0
        /// Amounts at which an alert is due, in the same.
        public internal(set) var thresholds: [Int64] = []
        public internal(set) var period = Period.once
        /// More than the limit for a time.
        public internal(set) var raise: Raise?
    }

    /// A temporary credit.
    public struct Raise: Sendable, Equatable {
        /// On top of the limit, in its unit.
        public let amount: Int64
        /// Seconds since 1970 from which it is over.
        public let until: Int64
    }

    public enum Span: String, Sendable, CaseIterable {
        case second = "rps"
        case minute = "rpm"
        case hour = "rph"
        case day = "rpd"
        case week = "rpw"
        /// Not in a time, but at once.
        case concurrent
    }

    /// One element of `rate_limits`.
    public struct Rate: Sendable, Equatable {
        public internal(set) var unit = Unit.requests
        public internal(set) var span = Span.minute
        public internal(set) var count: Int64 = 0
    }

    public var usage: [Usage] = []
    public var rates: [Rate] = []

    public init() {}

    public var isEmpty: Bool { usage.isEmpty && rates.isEmpty }

    /// Limits as a store has them, in JSON; and what is wrong with them, nil for nothing.
    public static func read(usage: String?, rates: String?) -> (limits: SpendingLimits, fault: String?) {
        var reader = SchemaReader(refusesUnknownKeys: true)
        var limits = SpendingLimits()
        var isReadable = true
        func field(_ text: String?) -> Field? {
            guard let text else { return nil }
            guard let root = DocumentParser.parse(text).document?.root else {
                isReadable = false
                return nil
            }
            return Field(node: root, path: DocumentPath(), keyPosition: root.position)
        }
        if let found = field(usage) { limits.usage = reader.usageLimits(found) }
        if let found = field(rates) { limits.rates = reader.rateLimits(found) }
        return (limits, isReadable ? reader.diagnostics.first { $0.severity == .error }?.message : "its limits are no JSON")
    }
}
