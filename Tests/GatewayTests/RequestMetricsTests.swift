import Bytes
import Testing

@testable import Gateway

@Suite("Metrics of requests")
struct RequestMetricsTests {
    private func record(_ change: (inout AccessRecord) -> Void = { _ in }) -> AccessRecord {
        var record = AccessRecord()
        record.method.set(ByteSlice("POST"))
        record.provider.set(ByteSlice("openai"))
        record.model.set(ByteSlice("gpt-4o"))
        record.figures.endpoint = .chatCompletions
        record.figures.status = 200
        record.figures.totalNanoseconds = 12_000_000
        record.figures.gatewayNanoseconds = 40_000
        record.figures.firstByteNanoseconds = 5_000_000
        record.figures.cost.inputTokens = 10
        record.figures.cost.outputTokens = 5
        record.figures.cost.nanodollars = 75_000
        change(&record)
        return record
    }

    private func text(_ records: [AccessRecord]) -> String {
        let metrics = RequestMetrics()
        for record in records {
            var record = record
            metrics.note(&record)
        }
        return metrics.text
    }

    private let labels = #"method="POST",endpoint="/v1/chat/completions",code="200",provider="openai",stream="false",cacheStatus="disabled""#

    private func lines(_ name: String, _ text: String) -> [String] {
        text.split(separator: "\n").filter { $0.hasPrefix(name + "{") || $0.hasPrefix(name + " ") }.map(String.init)
    }

    @Test("requests of one kind are one series: their count, their tokens, what they cost and how long each part took")
    func sums() {
        let text = text([record(), record(), record { $0.figures.totalNanoseconds = 2_500_000_000 }])
        #expect(lines("request_count", text) == ["request_count{\(labels)} 3"])
        #expect(lines("llm_token_sum", text) == ["llm_token_sum{\(labels)} 45"])
        #expect(lines("llm_cost_sum", text) == ["llm_cost_sum{\(labels)} 0.000225"])
        #expect(text.contains("http_request_duration_seconds_bucket{\(labels),le=\"0.1\"} 2\n"))
        #expect(text.contains("http_request_duration_seconds_bucket{\(labels),le=\"2\"} 2\n"))
        #expect(text.contains("http_request_duration_seconds_bucket{\(labels),le=\"3\"} 3\n"))
        #expect(text.contains("http_request_duration_seconds_bucket{\(labels),le=\"+Inf\"} 3\n"))
        #expect(text.contains("http_request_duration_seconds_count{\(labels)} 3\n"))
        #expect(lines("portkey_request_duration_milliseconds_sum", text) == ["portkey_request_duration_milliseconds_sum{\(labels)} 2524.0"])
        #expect(text.contains("llm_request_duration_milliseconds_bucket{\(labels),le=\"30\"} 2\n"))
        #expect(text.contains("llm_last_byte_diff_duration_milliseconds_bucket{\(labels),le=\"10\"} 2\n"))
        #expect(text.contains("portkey_processing_time_excluding_last_byte_ms_bucket{\(labels),le=\"0.1\"} 3\n"))
        #expect(lines("llm_cache_processing_duration_milliseconds_count", text).isEmpty)
        #expect(lines("sluice_model_tokens_total", text) == [
            #"sluice_model_tokens_total{provider="openai",model="gpt-4o",direction="input"} 30"#,
            #"sluice_model_tokens_total{provider="openai",model="gpt-4o",direction="output"} 15"#,
        ])
    }

    @Test("what the attempt that was answered waits for a connection is not its provider's time; what others waited is")
    func queued() {
        let text = text([record { ($0.figures.queueNanoseconds, $0.figures.answeredQueueNanoseconds) = (17_000_000, 10_000_000) }])
        #expect(text.contains("portkey_processing_time_excluding_last_byte_ms_bucket{\(labels),le=\"10\"} 0\n"))
        #expect(lines("portkey_processing_time_excluding_last_byte_ms_sum", text) == ["portkey_processing_time_excluding_last_byte_ms_sum{\(labels)} 10.04"])
        #expect(lines("llm_request_duration_milliseconds_sum", text) == ["llm_request_duration_milliseconds_sum{\(labels)} 1.96"])
    }

    @Test(
        "a bucket's bound is in it",
        arguments: [(100_000 as UInt64, "0.1"), (100_001, "1"), (1_000_000, "1"), (1_000_001, "2"), (10_000_000_000_000, "10000000"), (10_000_000_000_001, "+Inf")])
    func bounds(nanoseconds: UInt64, bucket: String) {
        var histogram = DurationHistogram(.milliseconds)
        histogram.add(nanoseconds: nanoseconds)
        var text = ""
        histogram.write("h", labels: "a=\"b\"", to: &text)
        let first = text.split(separator: "\n").first { $0.hasSuffix("} 1") }
        #expect(first == "h_bucket{a=\"b\",le=\"\(bucket)\"} 1")
    }

    @Test("what differs by status, stream or cache is another series; an answer from the cache took a provider nothing")
    func series() {
        let text = text([
            record(), record { $0.figures.status = 429 }, record { $0.figures.isStream = true },
            record {
                $0.figures.cacheStatus = .hit
                $0.figures.cost = .init()
            },
        ])
        #expect(lines("request_count", text).count == 4)
        #expect(lines("llm_request_duration_milliseconds_count", text).count == 3)
        #expect(lines("llm_cache_processing_duration_milliseconds_count", text).count == 1)
        #expect(lines("sluice_model_requests_total", text) == [#"sluice_model_requests_total{provider="openai",model="gpt-4o"} 3"#])
    }

    @Test("a model that no provider has answered for is nowhere, whatever clients ask for")
    func inventedModels() {
        let text = text((0..<1000).map { number in
            record {
                $0.model.set(ByteSlice("invented"))
                $0.model.append(UInt8(truncatingIfNeeded: number))
                $0.figures.status = 404
                $0.figures.cost = .init()
            }
        })
        #expect(lines("sluice_model_requests_total", text).isEmpty && lines("request_count", text).count == 1)
    }

    @Test("a request is counted by the model that its answer names, whatever it was asked for as")
    func servedModels() {
        let text = text([record { $0.servedModel.set(ByteSlice("gpt-4o-2024-08-06")) }])
        #expect(lines("sluice_model_requests_total", text) == [#"sluice_model_requests_total{provider="openai",model="gpt-4o-2024-08-06"} 1"#])
    }

    @Test("as many series as there may be, and then one for all others; as many names")
    func bounded() {
        let most = GatewayLimits.metricSeries
        let text = text((0..<(most + 5)).map { number in record { $0.figures.status = UInt16(number) } })
        let counts = lines("request_count", text)
        #expect(counts.count == most + 1)
        #expect(counts.last == #"request_count{method="other",endpoint="other",code="other",provider="other",stream="other",cacheStatus="other"} 5"#)
        var names = LabelNames(capacity: 2)
        let places = ["a", "b", "a", "c", "d", "b"].map { name in Array(name.utf8).withByteSlice { names.place(of: $0) } }
        #expect(places == [0, 1, 0, 2, 2, 1] && names.texts == ["a", "b", LabelNames.others])
    }

    @Test("bytes that would end a label or its line do not")
    func escapes() {
        #expect(MetricLabels.escaped("a\"b\\c\nd\u{1}") == "a\\\"b\\\\c\\nd\u{FFFD}")
    }

    @Test("what the log fell behind with is told")
    func dropped() {
        let metrics = RequestMetrics()
        metrics.noteDropped(7)
        #expect(metrics.text.hasSuffix("sluice_access_records_dropped_total 7\n"))
    }

    // MARK: Labels that are asked for

    private func text(_ settings: MetricSettings, _ records: [AccessRecord]) -> String {
        let metrics = RequestMetrics(settings)
        for record in records {
            var record = record
            metrics.note(&record)
        }
        return metrics.text
    }

    @Test("labels that were asked for tell requests apart, and constants stand with all")
    func moreLabels() {
        var settings = MetricSettings()
        settings.labels = [.model, .config, .payloadSize, .metadata("te-am"), .key]
        settings.constants = [MetricSettings.Constant(name: "env", value: "a\"b")]
        let noted: (inout AccessRecord) -> Void = { record in
            record.moreLabels.set(ByteSlice("pc-one\u{1F}search"))
            record.key.set(ByteSlice("app"))
            record.figures.receivedByteCount = 2000
        }
        let text = text(settings, [record(noted), record(noted), record()])
        let more = #",model="gpt-4o",config_name="pc-one",payloadSizeRange="1-10KiB",metadata_te_am="search",api_key_name="app",env="a\"b""#
        let none = #",model="gpt-4o",config_name="",payloadSizeRange="0-1KiB",metadata_te_am="",api_key_name="",env="a\"b""#
        #expect(lines("request_count", text) == ["request_count{\(labels)\(more)} 2", "request_count{\(labels)\(none)} 1"])
    }

    @Test("past the sets that there may be all are one, whose labels say so", arguments: [2, 3])
    func bounded(count: Int) {
        var settings = MetricSettings()
        settings.labels = [.key]
        settings.seriesCount = 2
        let records = (0..<count).map { number in record { record in Array("key\(number)".utf8).withByteSlice { record.key.set($0) } } }
        #expect(text(settings, records).contains(#"cacheStatus="other",api_key_name="other"} 1"#) == (count > 2))
    }

    @Test("a worker notes config and metadata: texts, numbers, cut to their bound, and nothing of what is an object")
    func noted() {
        let settings = { () -> MetricSettings in
            var settings = MetricSettings()
            settings.labels = [.metadata("a"), .model, .config, .metadata("n"), .metadata("o"), .metadata("long"), .metadata("absent")]
            return settings
        }()
        let metadata = #"{"a":"x\u001fy","n":12,"o":{"b":1},"long":"\#(String(repeating: "z", count: 60))"}"#
        let room = UnsafeMutablePointer<UInt8>.allocate(capacity: GatewayLimits.metricLabelsByteCount)
        defer { room.deallocate() }
        var writer = ByteWriter(room, capacity: GatewayLimits.metricLabelsByteCount)
        Array(metadata.utf8).withByteSlice { MoreLabels.note(settings, config: ByteSlice("pc"), metadata: $0, to: &writer) }
        let parts = String(writer.written).split(separator: "\u{1F}", omittingEmptySubsequences: false)
        #expect(parts.dropFirst().map(String.init) == ["pc", "12", "", String(repeating: "z", count: 48), ""])
        #expect(parts.count == 6)
    }

    @Test("what attempts took whose answers nobody got is in the sums")
    func lost() {
        let text = text([record { ($0.figures.lostTokens, $0.figures.lostNanodollars) = (7, 25_000) }])
        #expect(lines("llm_token_sum", text) == ["llm_token_sum{\(labels)} 22"])
        #expect(lines("llm_cost_sum", text) == ["llm_cost_sum{\(labels)} 0.0001"])
    }
}
