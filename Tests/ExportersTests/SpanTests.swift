import Bytes
import Ledger
import Testing

@testable import Books
@testable import Exporters

/// A message, taken apart again: fields by number, in order.
private struct Message {
    private(set) var fields: [(number: UInt64, value: ProtobufReader.Value)] = []

    init(_ bytes: some Sequence<UInt8>) {
        var reader = ProtobufReader(Array(bytes)[...])
        while let field = reader.next() { fields.append(field) }
    }

    func bytes(_ number: UInt64) -> [[UInt8]] { fields.compactMap { if $0.number == number, case .bytes(let bytes) = $0.value { Array(bytes) } else { nil } } }
    func messages(_ number: UInt64) -> [Message] { bytes(number).map { Message($0) } }
    func text(_ number: UInt64) -> String? { bytes(number).first.map { String(decoding: $0, as: UTF8.self) } }
    func number(_ number: UInt64) -> UInt64? {
        fields.compactMap { field -> UInt64? in if field.number == number, case .number(let value) = field.value { value } else { nil } }.first
    }

    /// `KeyValue`s as texts.
    func attributes(_ number: UInt64) -> [String: String] {
        Dictionary(messages(number).map { ($0.text(1) ?? "", Message.shown($0.messages(2).first)) }) { "\($0) and \($1)" }
    }

    private static func shown(_ value: Message?) -> String {
        guard let value, let field = value.fields.first else { return "nothing" }
        switch (field.number, field.value) {
        case (1, .bytes(let text)): return "\"\(String(decoding: text, as: UTF8.self))\""
        case (2, .number(let flag)): return flag == 1 ? "true" : "false"
        case (3, .number(let count)): return "\(Int64(bitPattern: count))"
        case (4, .number(let bits)): return "\(Double(bitPattern: bits))"
        case (5, .bytes(let array)): return "[" + Message(array).messages(1).map { shown($0) }.joined(separator: ", ") + "]"
        default: return "?"
        }
    }
}

@Suite("Records as spans")
struct SpanTests {
    private func spans(_ records: [RequestRecord], resource: [(name: String, value: String)] = []) -> (resource: Message, spans: [Message]) {
        var batch = ExportBatch(.spans(TraceRequest(resource: resource)))
        for record in records { batch.add(record) }
        let request = Message(batch.closed).messages(1)
        #expect(request.count == 1)
        let scope = request[0].messages(2)
        #expect(scope.count == 1 && scope[0].messages(1).first?.text(1) == "sluice")
        #expect(scope[0].text(3) == "https://opentelemetry.io/schemas/1.40.0" && request[0].text(3) == scope[0].text(3))
        return (request[0].messages(1)[0], scope[0].messages(2))
    }

    private func sample() -> RequestRecord {
        var record = RequestRecord()
        record.figures.identifier = Identifier(high: 0x0193_5C5E_7A1B_7C3D, low: 0x9E4F_0123_4567_89AB)
        record.figures.wallNanoseconds = 1_764_198_924_000_000_000
        record.figures.totalNanoseconds = 812_000_000
        record.figures.firstByteNanoseconds = 210_000_000
        record.figures.firstTokenNanoseconds = 250_000_000
        record.figures.gatewayNanoseconds = 125_000
        record.figures.queueNanoseconds = 250_000
        record.figures.status = 200
        record.figures.attempts = 2
        record.figures.flags = [.stream, .counted]
        record.figures.cost = 325_000
        record.figures.cache = .miss
        record.figures.usage.input = 12
        record.figures.usage.cachedRead = 100
        record.figures.usage.cacheWrite5m = 2
        record.figures.usage.cacheWrite1h = 3
        record.figures.usage.output = 345
        record.figures.usage.reasoning = 5
        record.trace = "0af7651916cd43dd8448eb211c80319c"
        record.span = "00f067aa0ba902b7"
        record.parentSpan = "b7ad6b7169203331"
        record.workspace = "ws"
        record.keyName = "search-team"
        record.key = "key-id"
        record.virtualKey = "openai-prod"
        record.metadata = #"{"team":"search","n":3}"#
        record.user = "ada"
        record.config = "chat"
        record.endpoint = "chat.completions"
        record.provider = "azure-openai"
        record.model = "gpt-4o"
        record.served = "gpt-4o-2024-08-06"
        record.target = "config.targets[1]"
        record.finishReason = "stop"
        record.attempts = #"[{"target":"config.targets[0]","status":503,"ms":120,"why":"first"},{"target":"config.targets[1]","status":200,"ms":600,"why":"fallback"}]"#
        return record
    }

    @Test("a request is a CLIENT span with its caller's ids and its own times")
    func span() throws {
        let span = try #require(spans([sample()]).spans.first)
        #expect(span.bytes(1) == [[0x0A, 0xF7, 0x65, 0x19, 0x16, 0xCD, 0x43, 0xDD, 0x84, 0x48, 0xEB, 0x21, 0x1C, 0x80, 0x31, 0x9C]])
        #expect(span.bytes(2) == [[0x00, 0xF0, 0x67, 0xAA, 0x0B, 0xA9, 0x02, 0xB7]] && span.bytes(4) == [[0xB7, 0xAD, 0x6B, 0x71, 0x69, 0x20, 0x33, 0x31]])
        #expect(span.text(5) == "chat gpt-4o" && span.number(6) == 3)
        #expect(span.number(7) == 1_764_198_924_000_000_000 && span.number(8) == 1_764_198_924_812_000_000)
        #expect(span.messages(15).isEmpty, "what went well has no status")
    }

    @Test("its attributes are GenAI's of semantic conventions 1.40.0, and sluice's own")
    func attributes() throws {
        let span = try #require(spans([sample()]).spans.first)
        #expect(span.attributes(9) == [
            "gen_ai.operation.name": "\"chat\"", "gen_ai.provider.name": "\"azure.ai.openai\"", "gen_ai.system": "\"azure.ai.openai\"",
            "gen_ai.request.model": "\"gpt-4o\"", "gen_ai.response.model": "\"gpt-4o-2024-08-06\"", "gen_ai.request.stream": "true",
            "gen_ai.response.finish_reasons": "[\"stop\"]", "gen_ai.usage.input_tokens": "117", "gen_ai.usage.output_tokens": "350",
            "gen_ai.usage.cache_read.input_tokens": "100", "gen_ai.usage.cache_creation.input_tokens": "5", "gen_ai.usage.reasoning.output_tokens": "5",
            "gen_ai.response.time_to_first_chunk": "0.25", "http.response.status_code": "200", "sluice.id": "\"01935c5e-7a1b-7c3d-9e4f-0123456789ab\"",
            "sluice.trace": "\"0af7651916cd43dd8448eb211c80319c\"", "sluice.span": "\"00f067aa0ba902b7\"", "sluice.workspace": "\"ws\"",
            "sluice.key": "\"search-team\"", "sluice.key_id": "\"key-id\"", "sluice.virtual_key": "\"openai-prod\"", "sluice.user": "\"ada\"",
            "sluice.config": "\"chat\"", "sluice.target": "\"config.targets[1]\"", "sluice.endpoint": "\"chat.completions\"", "sluice.cost_usd": "0.000325",
            "sluice.cache": "\"MISS\"", "sluice.attempts": "2", "sluice.first_byte": "0.21", "sluice.gateway": "0.000125", "sluice.queue": "0.00025",
            "sluice.metadata.team": "\"search\"", "sluice.metadata.n": "\"3\"", "sluice.metadata._user": "\"ada\"",
        ])
    }

    @Test("what attempts cost whose answers nobody got stands beside the request's own cost")
    func lost() throws {
        var record = sample()
        (record.figures.lostCost, record.figures.lostInputTokens, record.figures.lostOutputTokens) = (150_000, 11, 7)
        let said = try #require(spans([record]).spans.first).attributes(9)
        #expect(said["sluice.cost_usd"] == "0.000325" && said["sluice.lost_cost_usd"] == "0.00015")
        #expect(said["sluice.lost_tokens_in"] == "11" && said["sluice.lost_tokens_out"] == "7")
    }

    @Test("searches are told, and that they have no price")
    func searches() throws {
        var record = sample()
        record.figures.usage.webSearches = 3
        record.figures.flags.insert(.searchesUnpriced)
        let said = try #require(spans([record]).spans.first).attributes(9)
        #expect(said["sluice.usage.web_searches"] == "3" && said["sluice.searches_unpriced"] == "true" && said["sluice.cost_usd"] == "0.000325")
    }

    @Test("each attempt is a span below it, one after the other, and a failed one says how it failed")
    func attempts() throws {
        let found = spans([sample()]).spans
        #expect(found.count == 3)
        for (index, child) in found.dropFirst().enumerated() {
            #expect(child.bytes(1) == found[0].bytes(1) && child.bytes(4) == found[0].bytes(2))
            #expect(child.bytes(2)[0].count == 8 && child.bytes(2) != found[0].bytes(2) && child.text(5) == "attempt \(index + 1)")
        }
        #expect(found[1].bytes(2) != found[2].bytes(2))
        #expect(found[1].number(8) == found[1].number(7).map { $0 + 120_000_000 } && found[2].number(7) == found[1].number(8))
        #expect(found[1].attributes(9) == [
            "sluice.target": "\"config.targets[0]\"", "sluice.attempt.reason": "\"first\"", "http.response.status_code": "503", "error.type": "\"503\"",
        ])
        #expect(found[1].messages(15).first?.number(3) == 2 && found[2].messages(15).isEmpty)
        var timed = sample()
        timed.attempts = #"[{"status":503,"ms":120,"begun_us":40,"over_us":120040},{"status":200,"ms":600,"begun_us":150000,"over_us":750000}]"#
        let start = try #require(found[0].number(7))
        #expect(spans([timed]).spans.dropFirst().map { $0.number(7) } == [start + 40_000, start + 150_000_000], "it is known when each began")
        var once = sample()
        once.figures.flags.insert(.triedOnce)
        #expect(spans([once]).spans.count == 1, "one attempt is the request")
        var unreachable = sample()
        unreachable.attempts = #"[{"target":"config","end":"unreachable","ms":1,"why":"only"},7,{"ms":"x"}]"#
        #expect(spans([unreachable]).spans[1].attributes(9)["error.type"] == "\"unreachable\"")
    }

    @Test("what failed has an error's status and type: its code, else its status")
    func errors() throws {
        var record = sample()
        (record.attempts, record.error, record.figures.status) = ("", "upstream_timeout", 504)
        var span = spans([record]).spans[0]
        #expect(span.attributes(9)["error.type"] == "\"upstream_timeout\"" && span.attributes(9)["sluice.blame"] == "\"upstream\"")
        #expect(span.messages(15).first?.text(2) == "upstream_timeout" && span.messages(15).first?.number(3) == 2)
        (record.error, record.figures.status) = ("", 429)
        span = spans([record]).spans[0]
        #expect(span.attributes(9)["error.type"] == "\"429\"" && span.messages(15).first?.number(3) == 2)
    }

    @Test("an observation is an INTERNAL span with the name its teller gave, and its kind's operation")
    func observation() throws {
        var record = RequestRecord()
        record.figures.flags = [.reported, .observation]
        (record.kind, record.spanName, record.trace) = ("tool", "search the web", "t")
        let span = spans([record]).spans[0]
        #expect(span.text(5) == "search the web" && span.number(6) == 1)
        #expect(span.attributes(9)["gen_ai.operation.name"] == "\"execute_tool\"" && span.attributes(9)["sluice.reported"] == "true")
        #expect(span.attributes(9)["gen_ai.usage.input_tokens"] == nil)
    }

    @Test("ids that are none of OpenTelemetry's follow from their text, always the same")
    func identities() {
        #expect(SpanIdentity.trace("01935c5e-7a1b-7c3d-9e4f-0123456789AB") == SpanIdentity.trace("01935c5e7a1b7c3d9e4f0123456789ab"))
        // SHA-256 of "t-1" begins so.
        #expect(SpanIdentity.trace("t-1") == Array(TextDigest.sha256(of: ByteSlice("t-1")).prefix(16)) && SpanIdentity.trace("t-2") != SpanIdentity.trace("t-1"))
        #expect(SpanIdentity.trace(String(repeating: "0", count: 32)) != [UInt8](repeating: 0, count: 16))
        #expect(SpanIdentity.span("s") == Array(TextDigest.sha256(of: ByteSlice("s")).prefix(8)) && SpanIdentity.span("0000000000000000").contains { $0 != 0 })
        var record = sample()
        (record.span, record.parentSpan) = ("", "")
        #expect(SpanIdentity(record).span == [0x9E, 0x4F, 0x01, 0x23, 0x45, 0x67, 0x89, 0xAB] && SpanIdentity(record).parent.isEmpty)
        (record.span, record.parentSpan) = ("s", "s")
        #expect(SpanIdentity(record).parent.isEmpty, "no span is its own parent")
        #expect(spans([record]).spans[0].bytes(4).isEmpty)
    }

    @Test("a caller's span finds its parent, whatever both are called")
    func parents() {
        var (parent, child) = (sample(), sample())
        (parent.span, child.parentSpan) = ("outer step", "outer step")
        #expect(SpanIdentity(parent).span == SpanIdentity(child).parent)
    }

    @Test("the resource is the operator's over our own")
    func resource() {
        let found = spans([], resource: [("service.name", "sluice"), ("service.version", "1"), ("service.name", "gateway-eu"), ("deployment.environment.name", "prod")])
        #expect(found.resource.attributes(1) == ["service.name": "\"gateway-eu\"", "service.version": "\"1\"", "deployment.environment.name": "\"prod\""])
    }

    @Test("as many of the metadata's members as may be are attributes")
    func metadata() {
        var record = sample()
        record.user = ""
        func count(_ members: Int) -> Int {
            record.metadata = "{" + (0..<members).map { "\"m\($0)\":1" }.joined(separator: ",") + "}"
            return spans([record]).spans[0].attributes(9).keys.count { $0.hasPrefix("sluice.metadata.") }
        }
        #expect(count(ExporterLimits.metadataCount) == ExporterLimits.metadataCount && count(ExporterLimits.metadataCount + 1) == ExporterLimits.metadataCount)
    }

    @Test("numbers of any size are written as Protocol Buffers have them")
    func numbers() {
        let cases: [(UInt64, [UInt8])] = [(0, [8, 0]), (127, [8, 0x7F]), (128, [8, 0x80, 1]), (.max, [8] + [UInt8](repeating: 0xFF, count: 9) + [1])]
        for (value, bytes) in cases {
            var writer = ProtobufWriter()
            writer.number(1, value)
            #expect(writer.bytes == bytes && Message(bytes).number(1) == value)
        }
    }
}
