import Bytes
import Providers
import Synchronization

/// What requests were, how long they took and what they cost, for `/metrics`: told by the names that Portkey's gateway has for it.
///
/// Counted by the access log's thread from the records it takes anyway: a worker does nothing for it. Costs and tokens by model have names
/// of their own, since a model is no label of Portkey's unless one asks for it.
final class RequestMetrics: Sendable {
    fileprivate struct Series {
        var count: UInt64 = 0
        var tokens: UInt64 = 0
        var nanodollars: UInt64 = 0
        var requests = DurationHistogram(.seconds)
        var requestMilliseconds = DurationHistogram(.milliseconds)
        /// What providers took, all attempts together.
        var providers = DurationHistogram(.milliseconds)
        /// From the first byte of an answer to its last.
        var lastBytes = DurationHistogram(.milliseconds)
        /// What the gateway took before a provider was asked.
        var gateway = DurationHistogram(.milliseconds)
        /// What answers took that were kept.
        var hits = DurationHistogram(.milliseconds)
    }

    fileprivate struct Model: Hashable {
        var provider: Int
        var model: Int
    }

    fileprivate struct ModelSums {
        var count: UInt64 = 0
        var input: UInt64 = 0
        var output: UInt64 = 0
        var nanodollars: UInt64 = 0
    }

    fileprivate struct State {
        var providers = LabelNames(capacity: GatewayLimits.metricNames)
        var models = LabelNames(capacity: GatewayLimits.metricNames)
        var places: [MetricLabels: Int] = [:]
        var series: [(labels: MetricLabels, figures: Series)] = []
        var last: (labels: MetricLabels, place: Int)?
        /// Of requests for which there was no series left.
        var rest: Series?
        var sums: [Model: ModelSums] = [:]
        var dropped: UInt64 = 0
        var more: MoreLabels

        init(_ settings: MetricSettings) { more = MoreLabels(settings) }
    }

    private let state: Mutex<State>

    init(_ settings: MetricSettings = MetricSettings()) { state = Mutex(State(settings)) }

    func note(_ record: inout AccessRecord) {
        state.withLock { state in
            let provider = record.provider.withBytesInPlace { state.providers.place(of: $0) }
            let figures = record.figures
            let more = state.more.place(of: &record)
            var labels = MetricLabels(
                method: record.method.withBytesInPlace { MetricLabels.Method($0) }, endpoint: figures.endpoint, status: figures.status, provider: provider,
                isStream: figures.isStream, cacheStatus: figures.cacheStatus)
            labels.more = more ?? 0
            if more != nil, let place = state.place(of: labels) {
                state.series[place].figures.add(figures, isOfProvider: !record.provider.isEmpty)
            } else {
                var rest = state.rest ?? Series()
                rest.add(figures, isOfProvider: !record.provider.isEmpty)
                state.rest = rest
            }
            // By what providers have answered with: names that clients make up are nobody's.
            guard figures.cost.inputTokens >= 0, figures.cacheStatus != .hit else { return }
            let model =
                record.servedModel.isEmpty
                ? record.model.withBytesInPlace { state.models.place(of: $0) } : record.servedModel.withBytesInPlace { state.models.place(of: $0) }
            state.sums[Model(provider: provider, model: model), default: ModelSums()].add(figures)
        }
    }

    /// Records that were lost because their reader fell behind.
    func noteDropped(_ count: Int) { state.withLock { $0.dropped &+= UInt64(max(0, count)) } }

    // MARK: Text

    /// In the text format of Prometheus.
    var text: String {
        // Written without the lock: who counts waits for no scrape.
        let state = state.withLock { $0 }
        return state.text
    }
}

extension RequestMetrics.Series {
    fileprivate mutating func add(_ figures: AccessRecord.Figures, isOfProvider: Bool) {
        count &+= 1
        tokens &+= UInt64(clamping: max(0, figures.cost.inputTokens)) &+ UInt64(clamping: max(0, figures.cost.outputTokens))
        nanodollars &+= UInt64(clamping: max(0, figures.cost.nanodollars))
        tokens &+= UInt64(clamping: figures.lostTokens)
        nanodollars &+= UInt64(clamping: figures.lostNanodollars)
        requests.add(nanoseconds: figures.totalNanoseconds)
        requestMilliseconds.add(nanoseconds: figures.totalNanoseconds)
        if figures.cacheStatus == .hit { return hits.add(nanoseconds: figures.totalNanoseconds) }
        guard isOfProvider else { return }
        let before = figures.gatewayNanoseconds &+ figures.answeredQueueNanoseconds
        gateway.add(nanoseconds: before)
        guard before < figures.totalNanoseconds else { return }
        providers.add(nanoseconds: figures.totalNanoseconds - before)
        if figures.firstByteNanoseconds > 0 {
            lastBytes.add(nanoseconds: figures.totalNanoseconds - min(figures.totalNanoseconds, figures.firstByteNanoseconds))
        }
    }
}

extension RequestMetrics.ModelSums {
    fileprivate mutating func add(_ figures: AccessRecord.Figures) {
        count &+= 1
        input &+= UInt64(clamping: max(0, figures.cost.inputTokens))
        output &+= UInt64(clamping: max(0, figures.cost.outputTokens))
        nanodollars &+= UInt64(clamping: max(0, figures.cost.nanodollars))
    }
}

extension RequestMetrics.State {
    /// Of the series that is counted in; nil where there are too many.
    fileprivate mutating func place(of labels: MetricLabels) -> Int? {
        if let last, last.labels == labels { return last.place }
        var place = places[labels]
        if place == nil, series.count < more.settings.seriesCount {
            series.append((labels, RequestMetrics.Series()))
            place = series.count - 1
            places[labels] = place
        }
        if let place { last = (labels, place) }
        return place
    }

    fileprivate var text: String {
        let constants = more.constants
        var rows = series.map { ($0.labels.text(provider: providers.texts[$0.labels.provider]) + more.text(at: $0.labels.more) + constants, $0.figures) }
        if let rest {
            let others = "method=\"other\",endpoint=\"other\",code=\"other\",provider=\"other\",stream=\"other\",cacheStatus=\"other\""
            rows.append((others + more.others + constants, rest))
        }
        var text = ""
        func tell(_ name: StaticString, _ kind: StaticString, _ help: StaticString, _ value: (RequestMetrics.Series) -> String) {
            text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
            for (labels, figures) in rows { text += "\(name){\(labels)} \(value(figures))\n" }
        }
        func tell(_ name: StaticString, _ help: StaticString, _ histogram: (RequestMetrics.Series) -> DurationHistogram) {
            text += "# HELP \(name) \(help)\n# TYPE \(name) histogram\n"
            for (labels, figures) in rows { histogram(figures).write(name, labels: labels, to: &text) }
        }
        tell("request_count", "counter", "Requests that are over.") { "\($0.count)" }
        tell("llm_token_sum", "counter", "Tokens, of prompts and of answers, as providers counted them, or as they are reckoned.") { "\($0.tokens)" }
        tell("llm_cost_sum", "counter", "What they cost, in dollars.") { "\(Double($0.nanodollars) / 1e9)" }
        tell("http_request_duration_seconds", "From a request's first byte to its answer's last.", \.requests)
        tell("portkey_request_duration_milliseconds", "The same in milliseconds.", \.requestMilliseconds)
        tell("llm_request_duration_milliseconds", "What providers took of it, all attempts together.", \.providers)
        tell("llm_last_byte_diff_duration_milliseconds", "From an answer's first byte to its last.", \.lastBytes)
        tell("portkey_processing_time_excluding_last_byte_ms", "What the gateway took before the provider that answered was asked.", \.gateway)
        tell("llm_cache_processing_duration_milliseconds", "What answers took that came from the cache.", \.hits)
        return text + modelText
    }

    private var modelText: String {
        let rows = sums.map { (providers.texts[$0.key.provider], models.texts[$0.key.model], $0.value) }.sorted { ($0.0, $0.1) < ($1.0, $1.1) }
        var text = ""
        func tell(_ name: StaticString, _ help: StaticString, _ values: (RequestMetrics.ModelSums) -> [(more: String, value: String)]) {
            text += "# HELP \(name) \(help)\n# TYPE \(name) counter\n"
            for (provider, model, figures) in rows {
                for (more, value) in values(figures) { text += "\(name){provider=\"\(provider)\",model=\"\(model)\"\(more)} \(value)\n" }
            }
        }
        tell("sluice_model_requests_total", "Requests whose tokens the provider told.") { [("", "\($0.count)")] }
        tell("sluice_model_tokens_total", "Their tokens.") { [(",direction=\"input\"", "\($0.input)"), (",direction=\"output\"", "\($0.output)")] }
        tell("sluice_model_cost_dollars_total", "What they cost, of models that have a price.") { [("", "\(Double($0.nanodollars) / 1e9)")] }
        return text + """
            # HELP sluice_access_records_dropped_total Requests that are in none of these nor in the access log, since their reader fell behind.
            # TYPE sluice_access_records_dropped_total counter
            sluice_access_records_dropped_total \(dropped)

            """
    }
}
