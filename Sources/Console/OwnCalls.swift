import Analytics
import Books
import OTLP

/// Which spans of one body are calls that went through this gateway, told by their traces: who asks with a `traceparent` says which span its request is below.
struct OwnCalls {
    /// By their traces.
    private var spans: [String: Set<String>] = [:]

    /// - Parameters:
    ///   - books: where requests are that have rows; without them nothing is told.
    ///   - now: milliseconds since 1970.
    init(_ readings: [SpanReading], _ writer: SpanRecords, _ books: DayBooks?, now: Int64) {
        guard let books else { return }
        let today = Int(now / OwnCalls.dayMilliseconds)
        for (trace, ofTrace) in Dictionary(grouping: readings, by: \.trace) where !trace.isEmpty {
            let calls = ofTrace.filter { $0.call != nil && !writer.isHere($0.server) }
            guard let first = calls.map(\.startNanoseconds).min() else { continue }
            let day = min(today, Int(first / 1_000_000) / Int(OwnCalls.dayMilliseconds))
            let others = ofTrace.filter { $0.call == nil }.map { writer.record($0) }
            // Where they cannot be read a call is counted: once too often is better than never.
            spans[trace] = try? books.ownSpans(ofTrace: trace, days: day...today, beside: others)
        }
    }

    func include(_ reading: SpanReading) -> Bool { spans[reading.trace]?.contains(reading.span) ?? false }

    private static let dayMilliseconds: Int64 = 86_400_000
}
