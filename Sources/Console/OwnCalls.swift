import Analytics
import Books
import OTLP

/// Which spans of one body are calls that went through this gateway, told by their traces: who asks with a `traceparent` says which span its request is below.
struct OwnCalls {
    /// By their traces.
    private var spans: [String: Set<String>] = [:]

    /// A call that has just ended may have come before the row of its request: rows are waited for first.
    ///
    /// - Parameters:
    ///   - books: where requests are that have rows; without them nothing is told.
    ///   - workspace: whose spans they are: of requests of others nothing is told.
    ///   - now: milliseconds since 1970.
    init(_ readings: [SpanReading], _ writer: SpanRecords, _ books: DayBooks?, _ reports: any ReportedRecords, workspace: String, now: Int64) {
        guard let books, readings.contains(where: { !$0.trace.isEmpty && $0.call != nil && !writer.isHere($0.server) }) else { return }
        reports.settle(before: now)
        let today = Int(now / OwnCalls.dayMilliseconds)
        var left = AnalyticsLimits.ownSpanRowCount
        let traces = Dictionary(grouping: readings, by: \.trace)
        var known: Set<String> = [""]
        // In the order of the body: which of them have rows left is no chance.
        for trace in readings.map(\.trace) where left > 0 && known.insert(trace).inserted {
            let ofTrace = traces[trace] ?? []
            let calls = ofTrace.filter { $0.call != nil && !writer.isHere($0.server) }
            if calls.isEmpty { continue }
            // One that does not say when it began, or that its clock has wrong, moves no other's day.
            let starts = calls.map { Int64(clamping: $0.startNanoseconds / 1_000_000) }.filter { $0 > now - ConsoleLimits.ownCallMilliseconds && $0 < now }
            let day = Int((starts.min() ?? now) / OwnCalls.dayMilliseconds)
            let plain = ofTrace.filter { $0.call == nil && $0.kind == SpanRole.plainKind }.map { (span: $0.span, parent: $0.parent) }
            // Where they cannot be read a call is counted: once too often is better than never.
            spans[trace] = try? books.ownSpans(
                ofTrace: trace, workspace: workspace, from: day, to: today, kind: SpanRole.plainKind, beside: plain, rowsLeft: &left)
        }
    }

    func include(_ reading: SpanReading) -> Bool { spans[reading.trace]?.contains(reading.span) ?? false }

    private static let dayMilliseconds: Int64 = 86_400_000
}
