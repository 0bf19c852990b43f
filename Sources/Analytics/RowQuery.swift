public import Books
import Bytes
import Foundation
import GRDB

/// Which rows are asked for.
public struct RowQuery: Sendable {
    /// Milliseconds since 1970: from then on, and before then.
    public var from: Int64
    public var to: Int64
    /// Nil for all.
    public var workspace: String?
    public var keys: [String] = []
    public var virtualKeys: [String] = []
    public var configs: [String] = []
    /// Slugs of stored prompts, each with the number of a version; nil for all of them.
    public var prompts: [(slug: String, version: UInt32?)] = []
    public var statuses: [Int64] = []
    public var caches: [RecordedCache] = []
    /// Each a provider and a model, that was asked for or that served; an empty one is any.
    public var models: [(provider: String, model: String)] = []
    public var trace: String?
    public var span: String?
    public var metadata: [(name: String, values: [String])] = []
    /// Of all tokens, of the prompt's and of the answer's.
    public var tokens: ClosedRange<Int64>?
    public var promptTokens: ClosedRange<Int64>?
    public var completionTokens: ClosedRange<Int64>?
    /// Nano-dollars.
    public var cost: ClosedRange<Int64>?
    /// The weighted average of their traces' feedback.
    public var weightedFeedback: ClosedRange<Double>?

    public init(from: Int64, to: Int64) {
        self.from = from
        self.to = to
    }

    /// The days whose files may have such rows: a record is in the file of the day on which its request ended.
    var days: ClosedRange<Int> {
        let first = Int(max(0, from) / 86_400_000)
        return first...max(first, Int(max(0, to - 1) / 86_400_000) + 1)
    }

    /// Whether minutes' sums can tell as well: nothing is asked that they do not have.
    var isOfRollups: Bool {
        from % 60_000 == 0 && to % 60_000 == 0 && trace == nil && span == nil && metadata.isEmpty && tokens == nil && promptTokens == nil
            && completionTokens == nil && cost == nil && models.isEmpty && prompts.isEmpty && !isOfFeedback
    }

    /// Whether rows are chosen by feedback, which has to lie beside them then.
    var isOfFeedback: Bool { weightedFeedback != nil }

    /// The condition, with its arguments.
    ///
    /// - Parameter time: what the rows' time is called, and how many milliseconds it counts by.
    func condition(time: (column: String, unit: Int64) = ("at", 1)) -> (sql: String, arguments: StatementArguments) {
        var parts = ["\(time.column) >= ? AND \(time.column) < ?"]
        var arguments: StatementArguments = [from / time.unit, to / time.unit]
        func add(_ sql: String, _ values: [any DatabaseValueConvertible]) {
            parts.append(sql)
            arguments += StatementArguments(values)
        }
        func among(_ column: String, _ values: [any DatabaseValueConvertible]) {
            guard !values.isEmpty else { return }
            add("\(column) IN (\(values.map { _ in "?" }.joined(separator: ", ")))", values)
        }
        if let workspace { add("workspace = ?", [workspace]) }
        among("key", keys)
        among("virtual_key", virtualKeys)
        among("config", configs)
        among("status", statuses)
        among("cache", caches.map { Int64($0.rawValue) })
        if let trace { add("trace = ?", [trace]) }
        if let span { add("span = ?", [span]) }
        if !models.isEmpty {
            let choices = models.map { entry in
                [entry.provider.isEmpty ? nil : "provider = ?", entry.model.isEmpty ? nil : "(model = ? OR served = ?)"].compactMap { $0 }.joined(separator: " AND ")
            }
            let values = models.flatMap { ($0.provider.isEmpty ? [] : [$0.provider]) + ($0.model.isEmpty ? [] : [$0.model, $0.model]) }
            add("(" + choices.map { "(\($0.isEmpty ? "1" : $0))" }.joined(separator: " OR ") + ")", values)
        }
        if !prompts.isEmpty {
            var (choices, values): ([String], [any DatabaseValueConvertible]) = ([], [])
            for (slug, version) in prompts {
                choices.append(version == nil ? "prompt = ?" : "(prompt = ? AND prompt_version = ?)")
                values.append(slug)
                if let version { values.append(Int64(version)) }
            }
            add("(" + choices.joined(separator: " OR ") + ")", values)
        }
        for (name, values) in metadata {
            add("EXISTS (SELECT 1 FROM json_each(metadata) WHERE json_each.key = ? AND json_each.value IN (\(values.map { _ in "?" }.joined(separator: ", "))))", [name] + values)
        }
        func within(_ column: String, _ range: ClosedRange<Int64>?) {
            if let range { add("\(column) BETWEEN ? AND ?", [range.lowerBound, range.upperBound]) }
        }
        within("tokens_in + tokens_out", tokens)
        within("tokens_in", promptTokens)
        within("tokens_out", completionTokens)
        within("cost", cost)
        if let range = weightedFeedback {
            let average = """
                (SELECT CAST(sum(given.value * given.weight) AS REAL) / sum(given.weight) FROM \(FeedbackFile.schemaName).feedback AS given
                WHERE given.workspace = records.workspace AND given.trace = records.trace)
                """
            add(average + " BETWEEN ? AND ?", [range.lowerBound, range.upperBound])
        }
        return (parts.joined(separator: " AND "), arguments)
    }
}

/// What a graph's points stand for.
public enum GraphStep: Int64, Sendable {
    case minute = 60_000
    case hour = 3_600_000
    case day = 86_400_000

    /// The finest of which a graph does not have too many.
    public init(from: Int64, to: Int64) {
        let span = max(0, to - from)
        self = span <= AnalyticsLimits.minutesOfGraph * 60_000 ? .minute : span <= AnalyticsLimits.hoursOfGraph * 3_600_000 ? .hour : .day
    }
}

/// What the requests of one point, one group or the whole come to.
public struct RowSums: Sendable {
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
        sum.requests.add(right.requests)
        sum.errors.add(right.errors)
        sum.retried.add(right.retried)
        sum.fallbacks.add(right.fallbacks)
        sum.tokensIn.add(right.tokensIn)
        sum.tokensOut.add(right.tokensOut)
        sum.cost.add(right.cost, most: AnalyticsLimits.largestCost)
        sum.saved.add(right.saved, most: AnalyticsLimits.largestCost)
        sum.totalMicroseconds.add(right.totalMicroseconds)
        sum.hits.add(right.hits)
        sum.hitMicroseconds.add(right.hitMicroseconds)
        sum.cacheable.add(right.cacheable)
        sum.lastSeen = max(left.lastSeen, right.lastSeen)
        return sum
    }

    /// Of rows, and of minutes' sums.
    static func columns(ofRollups: Bool) -> String {
        let hit = RecordedCache.hit.rawValue
        let count = ofRollups ? "requests" : "1"
        let (retried, fallbacks) = ofRollups ? ("retried", "fallbacks") : ("retries > 0", "fallback")
        return """
            total(\(count)) AS s0, total((status >= 400) * \(count)) AS s1, total(\(retried)) AS s2, total(\(fallbacks)) AS s3, total(tokens_in) AS s4,
            total(tokens_out) AS s5, total(cost) AS s6, total(saved) AS s7, total(total_us) AS s8, total((cache = \(hit)) * \(count)) AS s9,
            total((cache = \(hit)) * total_us) AS s10, total((cache > 0) * \(count)) AS s11, \(ofRollups ? "max(minute) * 60000" : "max(at)") AS s12
            """
    }

    init(_ row: Row) {
        func number(_ index: Int, most: Int64 = AnalyticsLimits.largestSum) -> Int64 { min(most, Int64(clamping: (row["s\(index)"] as Double?) ?? 0)) }
        requests = number(0)
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
        lastSeen = row["s12"] ?? 0
    }
}

extension Int64 {
    /// The nearest there is.
    init(clamping number: Double) { self = number >= 0x1p63 ? .max : number <= -0x1p63 ? .min : number.isNaN ? 0 : Int64(number) }

    /// Adds `number`, as far as `most` goes.
    mutating func add(_ number: Int64, most: Int64 = AnalyticsLimits.largestSum) {
        let (sum, overflowed) = addingReportingOverflow(number)
        self = overflowed ? most : Swift.min(sum, most)
    }
}
