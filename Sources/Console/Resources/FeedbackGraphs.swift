import Analytics
import JSON

/// Feedback over time, by value and by model: `/analytics/graphs/feedbacks`. It is chosen, and dated, by the requests that it is about.
enum FeedbackGraphs {
    static let routes: [Route] = [
        AnalyticsGraphs.graph("feedbacks", "How much feedback there was.") { (console, query) throws(ConsoleError) in try console.feedbackGraph(query) },
        AnalyticsGraphs.graph("feedbacks/scores", "How often each value was given.") { (console, query) throws(ConsoleError) in
            try console.scoresGraph(query)
        },
        AnalyticsGraphs.graph("feedbacks/weighted", "How good the answers were: the weighted average.") { (console, query) throws(ConsoleError) in
            try console.weightedGraph(query)
        },
        AnalyticsGraphs.graph("feedbacks/ai-models", "How good which model's answers were.") { (console, query) throws(ConsoleError) in
            try console.modelsGraph(query)
        },
    ]
}

extension Console {
    private func points(_ query: RowQuery) throws(ConsoleError) -> (points: [(at: Int64, sums: FeedbackSums)], scores: [Int64: Int64]) {
        let step = GraphStep(from: query.from, to: query.to)
        let found = try rows { (books) throws(AnalyticsError) in try books.feedback(query, by: step) }
        return (Console.times(query, step).map { ($0, found.points[$0] ?? FeedbackSums()) }, found.scores)
    }

    fileprivate func feedbackGraph(_ query: RowQuery) throws(ConsoleError) -> DocumentNode {
        let points = try points(query).points
        let total = points.reduce(Int64(0)) { $0 + $1.sums.count }
        return AnalyticsGraphs.envelope(
            .object(["total": .number(total)]),
            points.map { .object(["timestamp": .time($0.at), "total": .number($0.sums.count)]) })
    }

    fileprivate func scoresGraph(_ query: RowQuery) throws(ConsoleError) -> DocumentNode {
        let scores = try points(query).scores
        let total = scores.values.reduce(Int64(0), +)
        return AnalyticsGraphs.envelope(
            .object(["total": .number(total)]),
            scores.sorted { $0.key < $1.key }.map { .object(["score": .number($0.key), "total": .number($0.value)]) })
    }

    fileprivate func weightedGraph(_ query: RowQuery) throws(ConsoleError) -> DocumentNode {
        let points = try points(query).points
        let whole = points.reduce(FeedbackSums()) { $0 + $1.sums }
        return AnalyticsGraphs.envelope(
            .object(["avg": TraceFeedback.average(whole)]),
            points.map { .object(["timestamp": .time($0.at), "avg": TraceFeedback.average($0.sums)]) })
    }

    fileprivate func modelsGraph(_ query: RowQuery) throws(ConsoleError) -> DocumentNode {
        let groups = try rows { (books) throws(AnalyticsError) in try books.feedback(query, by: .model) }
        // Requests without a model are no model's.
        let sorted = groups.filter { !$0.key.isEmpty }.sorted { left, right in
            let (first, second) = (left.value.sums.count, right.value.sums.count)
            return first == second ? left.key < right.key : first > second
        }
        return AnalyticsGraphs.envelope(
            .empty,
            sorted.map { model, feedback in
                .object([
                    "ai_model": .text(model), "total": .number(feedback.sums.count), "avg_weighted_feedback": TraceFeedback.average(feedback.sums),
                ])
            })
    }
}
