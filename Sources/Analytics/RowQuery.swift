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

    /// Since 1970: a day whose file alone is asked.
    var onlyDay: Int?

    public init(from: Int64, to: Int64) {
        self.from = from
        self.to = to
    }

    /// The days whose files may have such rows: a record is in the file of the day on which its request ended.
    var days: ClosedRange<Int> {
        if let onlyDay { return onlyDay...onlyDay }
        let first = Int(max(0, from) / 86_400_000)
        return first...max(first, Int(max(0, to - 1) / 86_400_000) + 1)
    }

    /// Whether rows are chosen by feedback, which has to lie beside them then.
    var isOfFeedback: Bool { weightedFeedback != nil }

    /// Whether rows are chosen by what neither roll-ups nor chunks have.
    var isOfRows: Bool { trace != nil || span != nil || isOfFeedback }

    /// Whether they are chosen by what kinds have, and by nothing else.
    var isOfKinds: Bool { !isOfRows && metadata.isEmpty && tokens == nil && promptTokens == nil && completionTokens == nil && cost == nil }

    /// By what kinds of the level have, and by nothing else.
    func isOf(_ level: RowKind.Level) -> Bool {
        let isOfOutline = isOfKinds && keys.isEmpty && virtualKeys.isEmpty && configs.isEmpty && models.isEmpty && prompts.isEmpty
        return switch level {
        case .whole: isOfKinds
        case .outline, .outlineOfDay: isOfOutline
        case .user: isOfOutline && statuses.isEmpty && caches.isEmpty
        }
    }

    /// The condition on all that a row has, with its arguments.
    func condition() -> Condition {
        var condition = kindCondition()
        condition.add("at >= ? AND at < ?", [from, to])
        if let trace { condition.add("trace = ?", [trace]) }
        // Those that have one have an index.
        if let span { condition.add("span = ? AND span <> ''", [span]) }
        for (name, values) in metadata {
            let places = Condition.places(values)
            // Rows of an earlier program have their metadata in writing alone.
            let sql = """
                (mark IN (SELECT mark FROM mark_values WHERE name = ? AND value IN (\(places)))
                OR mark IS NULL AND EXISTS (SELECT 1 FROM json_each(metadata) WHERE json_each.key = ? AND json_each.value IN (\(places))))
                """
            condition.add(sql, [name] + values + [name] + values)
        }
        for (range, column) in [
            (tokens, "tokens_in + tokens_out"), (promptTokens, "tokens_in"), (completionTokens, "tokens_out"), (cost, "cost"),
        ] {
            if let range { condition.add("\(column) BETWEEN ? AND ?", [range.lowerBound, range.upperBound]) }
        }
        if let range = weightedFeedback {
            let average = """
                (SELECT CAST(sum(given.value * given.weight) AS REAL) / sum(given.weight) FROM \(FeedbackFile.schemaName).feedback AS given
                WHERE given.workspace = records.workspace AND given.trace = records.trace)
                """
            condition.add("trace IN (\(DayFile.judgedTraces)) AND " + average + " BETWEEN ? AND ?", [range.lowerBound, range.upperBound])
        }
        return condition
    }

    /// The condition on what a row's kind has.
    func kindCondition() -> Condition {
        var condition = Condition()
        if let workspace { condition.add("workspace = ?", [workspace]) }
        condition.add("key", among: keys)
        condition.add("virtual_key", among: virtualKeys)
        condition.add("config", among: configs)
        condition.add("status", among: statuses)
        condition.add("cache", among: caches.map { Int64($0.rawValue) })
        if !models.isEmpty {
            let choices = models.map { entry in
                [entry.provider.isEmpty ? nil : "provider = ?", entry.model.isEmpty ? nil : "(model = ? OR served = ?)"].compactMap { $0 }.joined(separator: " AND ")
            }
            let values = models.flatMap { ($0.provider.isEmpty ? [] : [$0.provider]) + ($0.model.isEmpty ? [] : [$0.model, $0.model]) }
            condition.add("(" + choices.map { "(\($0.isEmpty ? "1" : $0))" }.joined(separator: " OR ") + ")", values)
        }
        if !prompts.isEmpty {
            var (choices, values): ([String], [any DatabaseValueConvertible]) = ([], [])
            for (slug, version) in prompts {
                choices.append(version == nil ? "prompt = ?" : "(prompt = ? AND prompt_version = ?)")
                values.append(slug)
                if let version { values.append(Int64(version)) }
            }
            condition.add("(" + choices.joined(separator: " OR ") + ")", values)
        }
        return condition
    }
}

/// What must hold of a row, in SQL, with its arguments.
struct Condition {
    private(set) var sql = "1"
    private(set) var arguments: StatementArguments = []

    mutating func add(_ part: String, _ values: [any DatabaseValueConvertible] = []) {
        sql += " AND " + part
        arguments += StatementArguments(values)
    }

    mutating func add(_ column: String, among values: [any DatabaseValueConvertible]) {
        if !values.isEmpty { add("\(column) IN (\(Condition.places(values)))", values) }
    }

    static func places(_ values: [any DatabaseValueConvertible]) -> String { values.map { _ in "?" }.joined(separator: ", ") }
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
