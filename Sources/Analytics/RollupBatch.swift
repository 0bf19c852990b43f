import Foundation
import GRDB

/// What the new rows of one transaction add to the roll-ups.
struct RollupBatch {
    private struct SumKey: Hashable {
        let level: RowKind.Level
        /// Milliseconds since 1970.
        let start: Int64
        let kind: Int64
    }

    private struct LatencyKey: Hashable {
        let step: GraphStep
        let start: Int64
        let workspace: String
    }

    private var sums: [SumKey: RowSums] = [:]
    private var latencies: [LatencyKey: LatencyHistogram] = [:]

    mutating func add(_ row: DayRow, kinds: RowKind.Numbers) {
        let own = RowSums(row)
        for level in RowKind.Level.allCases {
            let start = row.at.start(of: level.step)
            sums[SumKey(level: level, start: start, kind: kinds[level]), default: RowSums()].add(own)
        }
        for step in [GraphStep.hour, .day] {
            let key = LatencyKey(step: step, start: row.at.start(of: step), workspace: row.record.workspace)
            latencies[key, default: LatencyHistogram()].add(microseconds: row.totalMicroseconds)
        }
    }

    func write(to database: Database) throws {
        let addition = try database.cachedStatement(sql: RollupBatch.addition)
        for (key, sums) in sums { try addition.execute(arguments: [key.level.rawValue, key.start, key.kind] + sums.arguments) }
        let question = try database.cachedStatement(sql: "SELECT histogram FROM latencies WHERE step = ? AND start = ? AND workspace = ?")
        let replacement = try database.cachedStatement(
            sql: """
                INSERT INTO latencies (step, start, workspace, histogram) VALUES (?, ?, ?, ?)
                ON CONFLICT (step, start, workspace) DO UPDATE SET histogram = excluded.histogram
                """)
        for (key, histogram) in latencies {
            let place: StatementArguments = [key.step.rawValue, key.start, key.workspace]
            var whole = histogram
            if let known = try Data.fetchOne(question, arguments: place) { whole = try LatencyHistogram(known) + histogram }
            try replacement.execute(arguments: place + [whole.data])
        }
    }

    /// Sums are kept within what they may say, so that SQLite adds whole numbers.
    private static let addition: String = {
        let updates = RowSums.stored.map { name in
            let most = name == "cost" || name == "saved" ? AnalyticsLimits.largestCost : AnalyticsLimits.largestSum
            return name == "last" ? "last = max(last, excluded.last)" : "\(name) = min(\(most), \(name) + excluded.\(name))"
        }
        return """
            INSERT INTO sums (level, start, kind, \(RowSums.stored.joined(separator: ", "))) VALUES (?, ?, ?\(String(repeating: ", ?", count: RowSums.stored.count)))
            ON CONFLICT (level, start, kind) DO UPDATE SET \(updates.joined(separator: ", "))
            """
    }()
}

extension Int64 {
    /// The beginning of the minute, the hour or the day of a time in milliseconds that is not negative.
    func start(of step: GraphStep) -> Int64 { self / step.rawValue * step.rawValue }
}
