import Books
import Bytes
import Cache
import Health
import JSON
import Reactor
import Synchronization

/// What operators ask a running gateway: how its targets fare, and to read its configuration again.
///
/// Answered on a thread of its own, or that of the reloads: a worker hands the question over and takes the answer as a message.
public final class Operations: Sendable {
    enum Question: Sendable {
        case targets
        case metrics
        case reload
        case cache
        case purge(CachePurgeQuery)
    }

    struct Answer: Sendable {
        var status: Int
        var contentType: StaticString
        var content: [UInt8]
        /// What a 405 says of methods.
        var allow: String?
        /// Where what follows `content` comes from.
        var stream: BackOfficeStream?
    }

    private struct Asked: Sendable {
        let question: Question
        let answer: @Sendable (Answer) -> Void
    }

    private let questions: Mailbox<Asked>
    private let isStopping = Atomic(false)
    public let reloads: Reloads
    private let health: HealthTable
    private let tls: TLSMetrics
    private let proxies: ProxyMetrics
    private let upstreams: UpstreamMetrics
    private let admission: AdmissionControl
    private let loads: [WorkerLoad]
    private let history: ServiceHistory
    let sharedCache: SharedCache?
    private let requests: RequestMetrics
    private let bookkeeper: Bookkeeper?
    /// Those of the snapshot that is served by.
    private let books = Mutex<AccountBooks?>(nil)

    init(
        health: HealthTable, tls: TLSMetrics, proxies: ProxyMetrics, upstreams: UpstreamMetrics, notices: Notices,
        history: ServiceHistory = ServiceHistory(), sharedCache: SharedCache? = nil, admission: AdmissionControl, loads: [WorkerLoad],
        requests: RequestMetrics, bookkeeper: Bookkeeper? = nil
    ) throws(SystemError) {
        questions = try Mailbox()
        reloads = try Reloads(notices)
        self.history = history
        self.health = health
        self.tls = tls
        self.proxies = proxies
        self.upstreams = upstreams
        self.sharedCache = sharedCache
        self.admission = admission
        self.loads = loads
        self.requests = requests
        self.bookkeeper = bookkeeper
    }

    /// How the running configuration came about, for who is asked whether the gateway is ready.
    var current: Reloads.Standing { reloads.current }

    func keep(_ books: AccountBooks?) { self.books.withLock { $0 = books } }

    // MARK: Questions

    /// - Returns: false when too many wait.
    func ask(_ question: Question, answer: @escaping @Sendable (Answer) -> Void) -> Bool {
        if case .reload = question { return reloads.ask(because: "asked over HTTP") { [self] in answer(reloaded($0)) } }
        return questions.send(Asked(question: question, answer: answer))
    }

    func run() {
        let cache = sharedCache?.answers.join()
        cache?.park()
        while !isStopping.load(ordering: .acquiring) {
            for asked in questions.waitForAll() { asked.answer(answer(asked.question, cache)) }
        }
    }

    func stop() {
        isStopping.store(true, ordering: .releasing)
        _ = ask(.targets) { _ in }
    }

    private func answer(_ question: Question, _ cache: CacheParticipant?) -> Answer {
        switch question {
        case .targets: Answer(status: 200, contentType: "application/json", content: Array(targets().utf8))
        case .metrics: Answer(status: 200, contentType: "text/plain; version=0.0.4", content: Array(metrics().utf8))
        case .reload: preconditionFailure("reloads have a thread of their own")
        case .cache: cacheStatistics()
        case .purge(let query): purge(query, cache)
        }
    }

    private func reloaded(_ report: ReloadReport) -> Answer {
        let standing = current
        if report.faults.isEmpty {
            return Answer(status: 200, contentType: "application/json", content: Array("{\"status\":\"reloaded\",\"version\":\(standing.version)}".utf8))
        }
        let faults = report.faults.map { Operations.quoted($0) }.joined(separator: ",")
        return Answer(
            status: 409, contentType: "application/json",
            content: Array("{\"status\":\"refused\",\"version\":\(standing.version),\"faults\":[\(faults)]}".utf8))
    }

    // MARK: Texts

    private func targets() -> String {
        let now = Instant.now().nanoseconds
        let rows = health.snapshot(now: now).map { reading in
            var row = "{\"target\":\(Operations.quoted(reading.description)),\"state\":\"\(Operations.word(reading.availability))\""
            if let until = Operations.end(reading.availability) { row += ",\"back_in_ms\":\((until - min(until, now)) / 1_000_000)" }
            row += ",\"in_flight\":\(reading.inFlight),\"successes\":\(reading.counts.successes),\"failures\":\(reading.counts.failures)"
            if let time = reading.firstTokenNanoseconds { row += ",\"first_token_ms\":\(Operations.milliseconds(time))" }
            if let time = reading.firstTokenQuantileNanoseconds { row += ",\"first_token_p95_ms\":\(Operations.milliseconds(time))" }
            if let time = reading.outputTokenNanoseconds { row += ",\"output_token_ms\":\(Operations.milliseconds(time))" }
            return row + ",\"quota_left\":\(Double(reading.quotaShare) / 1000)}"
        }
        return "{\"targets\":[\(rows.joined(separator: ","))]}"
    }

    /// In the text format of Prometheus.
    private func metrics() -> String {
        let now = Instant.now().nanoseconds
        let standing = current
        var text = """
            # HELP sluice_configuration_version Which configuration serves, of those since the start.
            # TYPE sluice_configuration_version gauge
            sluice_configuration_version \(standing.version)
            # HELP sluice_configuration_failures_total Configurations that were refused.
            # TYPE sluice_configuration_failures_total counter
            sluice_configuration_failures_total \(standing.failureCount)
            # HELP sluice_configuration_stale 1 when the last configuration was refused and an older one serves.
            # TYPE sluice_configuration_stale gauge
            sluice_configuration_stale \(standing.faults.isEmpty ? 0 : 1)
            # HELP sluice_restarts_total Serving processes started after one that ended unasked, since the supervisor's start.
            # TYPE sluice_restarts_total counter
            sluice_restarts_total \(history.restartCount)
            # HELP sluice_upgrades_total Changes of the binary since the supervisor's start.
            # TYPE sluice_upgrades_total counter
            sluice_upgrades_total \(history.upgradeCount)

            """
        // Targets that only their credentials tell apart are one series.
        let readings = Dictionary(grouping: health.snapshot(now: now), by: \.description).values.map(Series.init).sorted { $0.name < $1.name }
        func gauge(_ name: String, _ help: String, _ value: (Series) -> String?) {
            text += "# HELP \(name) \(help)\n# TYPE \(name) gauge\n"
            for reading in readings {
                guard let value = value(reading) else { continue }
                text += "\(name){target=\(MetricLabels.quoted(reading.name))} \(value)\n"
            }
        }
        gauge("sluice_target_available", "1 when requests may be sent to the target.") { $0.isAvailable ? "1" : "0" }
        gauge("sluice_target_breaker_open", "1 when the target's breaker is open.") { $0.isOpen ? "1" : "0" }
        gauge("sluice_target_in_flight", "Requests under way.") { "\($0.inFlight)" }
        gauge("sluice_target_failures", "Failures of the last minute.") { "\($0.failures)" }
        gauge("sluice_target_successes", "Successes of the last minute.") { "\($0.successes)" }
        gauge("sluice_target_first_token_seconds", "Time to the first token, a decayed average of peaks.") { $0.firstToken.map { "\(Double($0) / 1e9)" } }
        let accounts = books.withLock { $0 }?.metrics() ?? ""
        let records = bookkeeper?.metrics() ?? ""
        return text + requests.text + admission.text + WorkerLoad.text(loads) + tls.text + proxies.text + upstreams.text + cacheMetrics() + accounts + records
    }

    /// What metrics tell of the targets of one name.
    private struct Series {
        let name: String
        let isAvailable: Bool
        let isOpen: Bool
        let inFlight: Int
        let failures: UInt64
        let successes: UInt64
        let firstToken: UInt64?

        init(_ readings: [TargetReading]) {
            name = readings.first?.description ?? ""
            isAvailable = readings.contains { $0.availability == .available || $0.availability == .probe }
            isOpen = readings.contains { if case .open = $0.availability { true } else { false } }
            inFlight = readings.reduce(0) { $0 + $1.inFlight }
            failures = readings.reduce(0) { $0 + $1.counts.failures }
            successes = readings.reduce(0) { $0 + $1.counts.successes }
            firstToken = readings.compactMap(\.firstTokenNanoseconds).max()
        }
    }

    private static func word(_ availability: Availability) -> String {
        switch availability {
        case .available: "available"
        case .probe: "half_open"
        case .open: "open"
        case .parked: "parked"
        case .quarantined: "quarantined"
        }
    }

    private static func end(_ availability: Availability) -> UInt64? {
        switch availability {
        case .available, .probe: nil
        case .open(let until), .parked(let until), .quarantined(let until): until
        }
    }

    private static func milliseconds(_ nanoseconds: UInt64) -> Double { Double(nanoseconds / 1000) / 1000 }

    /// As JSON has it.
    static func quoted(_ text: String) -> String {
        var quoted: [UInt8] = []
        DocumentNode.write(text, into: &quoted)
        return String(decoding: quoted, as: UTF8.self)
    }
}
