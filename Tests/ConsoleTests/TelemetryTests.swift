import Analytics
import Books
import Bytes
import JSON
import Ledger
import Providers
import Synchronization
import Testing
@testable import Console
@testable import OTLP
@testable import Store

@Suite("Telemetry")
struct TelemetryTests {
    /// Books that keep what they are given, and know one price: a nano-dollar a token of OpenAI's.
    private final class Kept: ReportedRecords {
        let records = Mutex<[RequestRecord]>([])
        let bodies = Mutex<[KeptBodies?]>([])
        let isBehind = Mutex(false)
        /// Workspaces whose bodies are kept.
        let whose = Mutex<Set<String>>([])
        /// Those that are caught up when somebody waits for it.
        let late = Mutex<DayBooks?>(nil)

        func settle(before nowMilliseconds: Int64) {
            #expect(nowMilliseconds >= Desk.start - 86_400_000 && nowMilliseconds < Desk.start + 86_400_000)
            try? late.withLock { $0 }?.catchUp()
        }

        func cost(of usage: Usage, provider: String, models: [String]) -> ReportedCost? {
            provider == "openai" ? ReportedCost(nanodollars: usage.total, priceBook: "test-1") : nil
        }

        func keepsBodies(ofWorkspace id: String) -> Bool { whose.withLock { $0.contains(id) } }

        func record(_ told: [ToldRequest], nowMilliseconds: Int64) -> [String]? {
            if isBehind.withLock({ $0 }) { return nil }
            bodies.withLock { $0 += told.map(\.bodies) }
            records.withLock { $0 += told.map(\.record) }
            return told.map(\.record.identifier.description)
        }
    }

    private static let now = UInt64(Desk.start) * 1_000_000
    private static let hour: UInt64 = 3_600_000_000_000
    private static let traces = "/v1/otel/v1/traces"

    private let kept = Kept()
    private let desk: Desk

    init() throws { desk = try Desk(file: declaredObjects(), hasBooks: true, reports: kept) }

    private func send(
        _ body: [UInt8], _ type: String = "application/json", to path: String = traces, isGzip: Bool = false, key: String? = nil, declared: String? = nil,
        isFiguresAlone: Bool = false, now: Int64 = Desk.start
    ) -> (status: Int, type: ConsoleAnswer.ContentType, text: String) {
        let answer = desk.console.answer(
            ConsoleRequest(
                method: "POST", path: Array(path.utf8), body: body, contentType: type, isGzip: isGzip,
                credential: declared == nil ? Array((key ?? desk.admin).utf8) : [], declaredKey: declared, peer: "127.0.0.1",
                isFiguresAlone: isFiguresAlone, origin: "http://gateway.example:8787", nowMilliseconds: now))
        return (answer.status, answer.contentType, String(decoding: answer.body, as: UTF8.self))
    }

    private static func span(
        _ attributes: String = "", start: UInt64 = now - 5_000_000_000, seconds: UInt64 = 2, trace: String = "0af7651916cd43dd8448eb211c80319c",
        id: String = "b7ad6b7169203331", more: String = ""
    ) -> String {
        #"""
        {"traceId":"\#(trace)","spanId":"\#(id)","parentSpanId":"00f067aa0ba902b7","name":"chat gpt-4o","startTimeUnixNano":"\#(start)",
        "endTimeUnixNano":"\#(start + seconds * 1_000_000_000)","attributes":[\#(attributes)]\#(more)}
        """#
    }

    private static func attribute(_ name: String, _ value: String) -> String { #"{"key":"\#(name)","value":{"stringValue":"\#(value)"}}"# }

    private static let call = [
        ("gen_ai.operation.name", "chat"), ("gen_ai.provider.name", "openai"), ("gen_ai.request.model", "gpt-4o"), ("gen_ai.response.model", "gpt-4o-2024-08-06"),
        ("gen_ai.usage.input_tokens", "10"), ("gen_ai.usage.output_tokens", "5"), ("gen_ai.usage.cache_read.input_tokens", "4"),
        ("langfuse.trace.metadata.team", "search"),
    ].map { attribute($0, $1) }.joined(separator: ",")

    private static func request(_ spans: String) -> [UInt8] { Array(#"{"resourceSpans":[{"scopeSpans":[{"spans":[\#(spans)]}]}]}"#.utf8) }

    private func record(_ spans: String) throws -> RequestRecord {
        let answer = send(Self.request(spans))
        #expect(answer.status == 200 && answer.text == "{}", "\(answer)")
        return try #require(kept.records.withLock { $0.last })
    }

    @Test("a call of a model is a record like a request's, priced, with its place in its trace")
    func call() throws {
        let record = try record(Self.span(Self.call))
        #expect((record.trace, record.span, record.parentSpan, record.spanName) == ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "00f067aa0ba902b7", "chat gpt-4o"))
        #expect((record.provider, record.model, record.served, record.endpoint, record.kind) == ("openai", "gpt-4o", "gpt-4o-2024-08-06", "chat.completions", ""))
        let figures = record.figures
        #expect((figures.usage.input, figures.usage.cachedRead, figures.usage.output, figures.cost) == (6, 4, 5, 15) && record.priceBook == "test-1")
        #expect(figures.flags == [.reported, .counted] && figures.status == 200 && figures.attempts == 1)
        #expect(figures.wallNanoseconds == Self.now - 5_000_000_000 && figures.totalNanoseconds == 2_000_000_000)
        #expect(record.organisation == desk.organisation && record.keyName == "a key" && record.metadataPairs.map { "\($0.key)=\($0.value)" } == ["team=search"])
    }

    @Test("anything else is an observation: of a kind, without cost or tokens")
    func observation() throws {
        let record = try record(Self.span(Self.call.replacing("\"chat\"", with: "\"invoke_agent\"")))
        #expect(record.kind == "agent" && record.figures.flags == [.reported, .observation] && record.figures.cost == -1 && record.figures.usage == Usage())
        #expect(record.endpoint == "other" && record.model == "gpt-4o" && record.figures.attempts == 0)
    }

    @Test("a call that went through this gateway is an observation: its request has a record with the cost")
    func ownCalls() throws {
        func through(_ host: String, _ port: String = "") throws -> RequestRecord {
            try record(Self.span(Self.call + "," + Self.attribute("server.address", host) + (port.isEmpty ? "" : "," + Self.attribute("server.port", port))))
        }
        for (host, port) in [("Gateway.example", "8787"), ("gateway.example:8787", "")] {
            let own = try through(host, port)
            #expect(own.kind == "llm" && own.figures.flags == [.reported, .observation] && own.figures.cost == -1, "\(host) \(port)")
        }
        #expect(try through("gateway.example", "8788").figures.cost == 15 && through("other.example").figures.cost == 15)
        // Another server of the same host: one that is where HTTP is needs not say its port.
        #expect(try through("gateway.example").figures.cost == 15)
    }

    /// Gives the gateway's own requests rows: what each says of its span and its parent.
    private func serve(
        _ requests: [(span: String, parent: String)], trace: String = "0af7651916cd43dd8448eb211c80319c", workspace: String = "", haveRows: Bool = true, at: UInt64 = now
    ) throws {
        let keeper = try Bookkeeper(dataDirectory: desk.folder, workers: 1, process: 1, clock: { at }) { _ in }
        for (number, request) in requests.enumerated() {
            keeper.ring(worker: 0).push(.required) { writer in
                var figures = RecordFigures()
                figures.identifier = Identifier(high: at / 1_000_000 << 16 | 0x7000, low: 0x8000_0000_0000_0000 | UInt64(number))
                figures.wallNanoseconds = at
                writer.write(figures)
                func lend(_ text: String, _ body: (ByteSlice) -> Void) { Array(text.utf8).withByteSlice { body($0) } }
                lend(workspace) { writer.workspace($0) }
                lend(trace) { writer.trace($0) }
                lend(request.span) { writer.span($0) }
                lend(request.parent) { writer.parentSpan($0) }
            }
        }
        keeper.stop()
        keeper.run()
        if haveRows { try desk.books?.catchUp() }
    }

    @Test("a call whose request has no row yet is the gateway's all the same: its row is waited for", arguments: [true, false])
    func callsBeforeRows(isWaitedFor: Bool) throws {
        try serve([("", "b7ad6b7169203331")], haveRows: false)
        if isWaitedFor { kept.late.withLock { $0 = desk.books } }
        #expect(try record(Self.span(Self.call)).figures.cost == (isWaitedFor ? -1 : 15))
    }

    @Test("a call that names no server is the gateway's where a request of the gateway's says it is that span, or is below it; of no other it is so", arguments: [
        ("", "b7ad6b7169203331", true), ("b7ad6b7169203331", "", true), ("", "", false), ("", "b7ad6b7169203332", false),
    ])
    func tracedCalls(span: String, parent: String, isOwn: Bool) throws {
        try serve([(span, parent)])
        let record = try record(Self.span(Self.call))
        #expect(record.figures.flags.contains(.observation) == isOwn && record.figures.cost == (isOwn ? -1 : 15) && record.kind == (isOwn ? "llm" : ""))
        #expect(try self.record(Self.span(Self.call, trace: "1af7651916cd43dd8448eb211c80319c")).figures.cost == 15)
    }

    @Test("a call without a start, or with one that cannot be, moves the day of no other in its trace", arguments: [0, 1, now - 8 * 24 * hour, now + hour])
    func daysOfCalls(start: UInt64) throws {
        let before = Self.now - 24 * Self.hour
        try serve([("", "b7ad6b7169203331")], at: before)
        _ = try record(Self.span(Self.call, start: before - Self.hour) + "," + Self.span(Self.call, start: start, id: "b7ad6b7169203332"))
        #expect(kept.records.withLock { $0.map(\.figures.cost) } == [-1, 15])
    }

    @Test("a request of one workspace stands for no span that another tells of")
    func callsOfWorkspaces() throws {
        let (one, other) = (desk.workspace("one"), desk.workspace("other"))
        try serve([("", "b7ad6b7169203331")], workspace: one)
        for (workspace, cost) in [(one, Int64(-1)), (other, 15)] {
            #expect(send(Self.request(Self.span(Self.call)), key: try desk.key(["logs.write"], workspace: workspace)).status == 200)
            #expect(kept.records.withLock { $0.last?.figures.cost } == cost)
        }
        #expect(try record(Self.span(Self.call)).figures.cost == 15)
    }

    @Test("between a call and its request there may be spans of no kind, as of a client of HTTP; there may be no agent, whose calls are others")
    func callsThroughClients() throws {
        try serve([("", "00000000000000c1")])
        func below(_ parent: String, _ id: String, _ attributes: String) -> String { Self.span(attributes, id: id).replacing("00f067aa0ba902b7", with: parent) }
        let client = below("b7ad6b7169203331", "00000000000000c1", Self.attribute("http.request.method", "POST"))
        _ = try record(client + "," + Self.span(Self.call))
        #expect(kept.records.withLock { $0.map(\.figures.cost) } == [-1, -1])
        let agent = below("b7ad6b7169203331", "00000000000000c1", Self.attribute("gen_ai.operation.name", "invoke_agent"))
        #expect(try record(agent + "," + Self.span(Self.call)).figures.cost == 15)
    }

    @Test("what a span says was asked and answered goes with its record where bodies are kept, and not where they are not")
    func bodies() throws {
        let messages = Self.attribute("gen_ai.input.messages", #"[{\"role\":\"user\"}]"#) + "," + Self.attribute("output.value", "ho")
        func last() -> KeptBodies? { kept.bodies.withLock { $0.last ?? nil } }
        _ = try record(Self.span(Self.call + "," + messages))
        #expect(last() == nil)
        kept.whose.withLock { $0 = [""] }
        _ = try record(Self.span(Self.call + "," + messages))
        let told = try #require(last())
        #expect(told.request.map { String(decoding: $0.body, as: UTF8.self) } == #"{"gen_ai.input.messages":[{"role":"user"}]}"#)
        #expect(told.answer.map { String(decoding: $0.body, as: UTF8.self) } == #"{"output.value":"ho"}"# && told.request?.line == "")
        _ = try record(Self.span(Self.call))
        #expect(last() == nil)
        #expect(send(Self.request(Self.span(Self.call + "," + messages)), isFiguresAlone: true).status == 200 && last() == nil)
        let event = #"{"eventName":"gen_ai.client.inference.operation.details","timeUnixNano":"\#(Self.now)","attributes":[\#(Self.call),\#(messages)]}"#
        #expect(send(Array(#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[\#(event)]}]}]}"#.utf8), to: "/v1/otel/v1/logs").status == 200)
        #expect(last()?.request?.body == told.request?.body)
    }

    @Test("where there was more than is kept of what was asked or answered, its bodies say that they are cut")
    func cutBodies() throws {
        kept.whose.withLock { $0 = [""] }
        func last() -> KeptBodies? { kept.bodies.withLock { $0.last ?? nil } }
        let event = #"{"name":"gen_ai.user.message","attributes":[\#(Self.attribute("content", "hi"))]}"#
        func told(_ count: Int, _ attributes: String) throws -> KeptBodies {
            _ = try record(Self.span(attributes, more: #","events":[\#([String](repeating: event, count: count).joined(separator: ","))]"#))
            return try #require(last())
        }
        #expect(try told(OTLPLimits.eventCount, Self.call).flags == [])
        let cut = try told(OTLPLimits.eventCount + 1, Self.call)
        #expect(cut.flags == [.requestCut, .answerCut] && cut.request?.body.isEmpty == false && cut.answer?.body == [])
        #expect(try told(OTLPLimits.eventCount + 1, Self.call + "," + Self.attribute("output.value", "ho")).flags == [.requestCut, .answerCut])
    }

    @Test("a span whose words are all passed over says so in its log: nothing, which is cut")
    func passedOver() throws {
        kept.whose.withLock { $0 = [""] }
        let list = #"{"arrayValue":{"values":["# + String(repeating: "{},", count: OTLPLimits.contentElementCount - 1) + "{}]}}"
        let lists = [String](repeating: list, count: OTLPLimits.contentValueCount / OTLPLimits.contentElementCount + 1).joined(separator: ",")
        let long = #"{"key":"input.value","value":{"arrayValue":{"values":[\#(lists)]}}}"#
        _ = try record(Self.span(long) + "," + Self.span(Self.call + "," + Self.attribute("input.value", "hi"), id: "b7ad6b7169203332"))
        let (record, told) = (try #require(kept.records.withLock { $0.last }), try #require(kept.bodies.withLock { $0.last ?? nil }))
        #expect(told.flags == [.requestCut, .answerCut] && told.request?.body == [] && told.answer?.body == [])
        let shown = KeptBodyAnswer.document(record, try #require(KeptBodies(told.bytes)))
        for side in ["request", "response"] { #expect(shown[side]?["body"]?.isNull == true && shown[side]?["body_cut"]?.jsonText == "true", "\(side)") }
        _ = try self.record(Self.span(Self.call))
        #expect(kept.bodies.withLock { $0.last ?? nil } == nil)
    }

    @Test("who was asked is told by the server's host before the span's word", arguments: [
        ("api.groq.com", "groq"), ("API.OpenAI.com", "openai"), ("models.example", "openai"), ("127.0.0.1", "openai"),
    ])
    func server(host: String, provider: String) throws {
        #expect(try record(Self.span(Self.call + "," + Self.attribute("server.address", host))).provider == provider)
        let base = Self.attribute("gen_ai.openai.api_base", "https://\(host)/openai/v1/")
        #expect(try record(Self.span(Self.call + "," + base)).provider == provider)
    }

    @Test("what has no price, or no count, says so; what failed without one costs nothing")
    func unpriced() throws {
        #expect(try record(Self.span(Self.call.replacing("openai", with: "house"))).figures.flags == [.reported, .counted, .unpriced])
        let plain = Self.attribute("gen_ai.operation.name", "chat") + "," + Self.attribute("gen_ai.request.model", "gpt-4o")
        #expect(try record(Self.span(plain)).figures.flags == [.reported, .unpriced])
        let failed = try record(Self.span(plain + "," + Self.attribute("error.type", "429"), more: #","status":{"code":2}"#))
        #expect(failed.figures.cost == 0 && failed.figures.status == 429 && failed.error == "429" && failed.blame == .upstream)
    }

    @Test("a span's time is its own within an hour, and else the nearest of that hour", arguments: [
        (now - hour, now - hour), (now - hour - 1, now - hour), (now, now), (now + 1, now), (1, now - hour), (0, now),
    ] as [(UInt64, UInt64)])
    func times(start: UInt64, wall: UInt64) throws {
        #expect(try record(Self.span(Self.call, start: start)).figures.wallNanoseconds == wall)
    }

    @Test("sent again, a span has the same id; another span, or another key's, has its own")
    func identifiers() throws {
        let first = try record(Self.span(Self.call)).identifier
        #expect(try record(Self.span(Self.call)).identifier == first)
        #expect(try record(Self.span(Self.call, id: "b7ad6b7169203332")).identifier != first)
        #expect(send(Self.request(Self.span(Self.call)), declared: "ci").status == 200)
        let declared = try #require(kept.records.withLock { $0.last })
        #expect(declared.identifier != first && declared.keyName == "ci")
        // By its day, which its id begins with, it is found.
        let day: UInt64 = 86_400_000
        #expect(first.high >> 16 == (Self.now - 5_000_000_000) / 1_000_000 / day * day)
    }

    @Test("sent again on the same day a span has the same id, whenever it began: its day, or that of the telling where rows are not looked for on its own", arguments: [
        (-10, -1), (-1440, -1), (-1441, 0), (-144_000, 0), (10, 0), (2880, 0),
    ] as [(Int64, Int64)])
    func identifiersOfOneDay(minutes: Int64, day: Int64) throws {
        let dayMilliseconds: Int64 = 86_400_000
        let midnight = Desk.start / dayMilliseconds * dayMilliseconds
        let span = Self.request(Self.span(Self.call, start: UInt64(midnight + minutes * 60_000) * 1_000_000))
        let ids = try [20, 70, 600, 1439].map { (told: Int64) in
            #expect(send(span, now: midnight + told * 60_000).status == 200)
            return try #require(kept.records.withLock { $0.last }).identifier
        }
        #expect(Set(ids).count == 1 && Int64(ids[0].high >> 16) == midnight + day * dayMilliseconds)
    }

    @Test("an event that names its span is the same record, whose end is its time; one that names none is told from others by its time and its words")
    func events() throws {
        func event(_ at: UInt64, _ more: String = "", _ attributes: String = Self.call) throws -> Identifier {
            let body = #"{"eventName":"gen_ai.client.inference.operation.details","timeUnixNano":"\#(at)"\#(more),"attributes":[\#(attributes)]}"#
            #expect(send(Array(#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[\#(body)]}]}]}"#.utf8), to: "/v1/otel/v1/logs").status == 200)
            return try #require(kept.records.withLock { $0.last }).identifier
        }
        let span = try record(Self.span(Self.call)).identifier
        let ids = #","traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331""#
        #expect(try event(Self.now - 3_000_000_000, ids) == span)
        let alone = try event(Self.now - 3_000_000_000)
        #expect(try event(Self.now - 3_000_000_000) == alone && event(Self.now - 2_000_000_000) != alone)
        #expect(try event(Self.now - 3_000_000_000, "", Self.call.replacing("search", with: "find")) != alone && alone != span)
        #expect(try event(0) == Identifier(high: 0, low: 0))
    }

    @Test("a value of one character with thousands of marks is cut, and what has no room is left out")
    func marks() throws {
        let marked = "a" + String(repeating: "\u{301}", count: 4000)
        let record = try record(Self.span(Self.call + "," + Self.attribute("langfuse.trace.metadata.long", marked)))
        #expect(record.metadataPairs.map(\.key) == ["team", "long"] && record.metadataPairs.last?.value.utf8.count == 1 + 2 * (8 * BooksLimits.metadataValueCount - 1))
    }

    @Test("metadata is kept as far as there is room")
    func metadata() throws {
        let many = (0..<200).map { Self.attribute("langfuse.trace.metadata.m\($0)", String(repeating: "x", count: 200)) }.joined(separator: ",")
        let record = try record(Self.span(Self.call + "," + Self.attribute("session.id", "s-1") + "," + many))
        #expect(record.figures.flags.contains(.metadataLeftOut) && record.metadata.utf8.count <= BooksLimits.metadataByteCount)
        #expect(record.metadataPairs.count > 20)
        #expect(record.metadataPairs.contains { $0 == ("session_id", "s-1") } && record.metadataPairs.allSatisfy { $0.value.count <= BooksLimits.metadataValueCount })
    }

    @Test("spans without ids, and those behind the most that are read, are rejected and told; the others are kept")
    func partial() throws {
        let answer = send(Self.request(Self.span(Self.call) + "," + Self.span(trace: "00") + "," + Self.span(id: "0000000000000000")))
        #expect(answer.status == 200)
        #expect(answer.text == #"{"partialSuccess":{"rejectedSpans":"2","errorMessage":"2 without a trace id of 16 bytes or a span id of 8"}}"#)
        #expect(kept.records.withLock { $0.count } == 1)
        let one = #"{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331"}"#
        let most = send(Self.request([String](repeating: one, count: OTLPLimits.spanCount).joined(separator: ",")))
        #expect(most.text == "{}" && kept.records.withLock { $0.count } == 1 + OTLPLimits.spanCount)
        let more = send(Self.request([String](repeating: one, count: OTLPLimits.spanCount + 1).joined(separator: ",")))
        #expect(more.text.contains(#""rejectedSpans":"1""#) && more.text.contains("behind the first 8192"))
    }

    @Test("log records are taken; calls of models among them become records")
    func logs() throws {
        let event = #"{"eventName":"gen_ai.client.inference.operation.details","timeUnixNano":"\#(Self.now)","attributes":[\#(Self.call)]}"#
        let body = Array(#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[\#(event),{"body":{"stringValue":"a line"}}]}]}]}"#.utf8)
        for path in ["/v1/otel/v1/logs", "/v1/logs/otel", "/v2/otel/v1/logs/"] {
            let answer = send(body, to: path)
            #expect(answer.status == 200 && answer.text == "{}", "\(answer)")
        }
        let records = kept.records.withLock { $0 }
        #expect(records.count == 3 && records.allSatisfy { $0.figures.cost == 15 } && Set(records.map(\.identifier)).count == 1)
        #expect(send(Self.request(Self.span(Self.call)), to: "/v1/logs/otel").status == 200 && kept.records.withLock { $0.count } == 4)
    }

    @Test("an answer is of its request's type; a refusal is a status")
    func types() {
        let empty = send([], "application/x-protobuf")
        #expect(empty.status == 200 && empty.type == .protobuf && empty.text == "")
        #expect(send(Array("{}".utf8), "Application/JSON; charset=utf-8").status == 200)
        let broken = send([0x0B], "application/x-protobuf")
        #expect(broken.status == 400 && broken.type == .protobuf && broken.text.contains("byte 0: groups are not taken") && broken.text.utf8.first == 0x08)
        let noJSON = send(Array("{".utf8))
        #expect(noJSON.status == 400 && noJSON.type == .json && noJSON.text.hasPrefix(#"{"code":3,"message":"the body is no JSON"#))
        for type in ["text/plain", "", "application/jsonx"] {
            let answer = send(Array("{}".utf8), type)
            #expect(answer.status == 415 && answer.text.contains("application/x-protobuf and application/json"))
        }
        #expect(send([UInt8](repeating: 32, count: ConsoleLimits.telemetryByteCount + 1)).status == 413)
        #expect(send([UInt8](repeating: 32, count: ConsoleLimits.telemetryByteCount - 2) + Array("{}".utf8)).status == 200)
    }

    @Test("gzip that is none, or unpacks to too much, is refused")
    func gzip() {
        let hello: [UInt8] = [31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 171, 174, 5, 0, 67, 191, 166, 163, 2, 0, 0, 0]
        #expect(send(hello, isGzip: true).text == "{}")
        #expect(send(Array("{}".utf8), isGzip: true).status == 400 && send(Array(hello.dropLast()), isGzip: true).status == 400)
        let zeroes: [UInt8] = [31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 237, 193, 49, 1, 0, 0, 0, 194, 160, 245, 79, 237, 109, 7, 160]
            + [UInt8](repeating: 0, count: 254) + [222, 0, 34, 234, 14, 226, 0, 0, 4, 0]
        let bomb = send(Array(repeatElement(zeroes, count: 65).joined()), isGzip: true)
        #expect(bomb.status == 413 && bomb.text.contains("unpacked the body has more than 16777216 bytes"))
        // As much as may be, and no JSON.
        #expect(send(Array(repeatElement(zeroes, count: 64).joined()), isGzip: true).status == 400)
    }

    @Test("a key needs logs.write, where the disk is behind nothing is taken, and without books there is nothing to tell")
    func refused() throws {
        let body = Self.request(Self.span(Self.call))
        #expect(send(body, key: try desk.key(["logs.view"])).status == 403 && send(body, key: "sk-sluice-none").status == 401)
        #expect(send(body, key: try desk.key(["logs.write"])).status == 200)
        kept.isBehind.withLock { $0 = true }
        let behind = send(body)
        #expect(behind.status == 503 && behind.text.hasPrefix(#"{"code":14,"#))
        let without = try Desk()
        #expect(without.ask("POST", Self.traces, "{}").status == 404)
    }

    @Test("a POST alone is for callers, may be packed, and may be longer")
    func place() {
        func place(_ method: String, _ path: String) -> ConsolePlace? {
            Array(method.utf8).withByteSlice { method in Array(path.utf8).withByteSlice { Console.place(method: method, path: $0) } }
        }
        for path in ["/v1/otel/v1/traces", "/v1/otel/v1/logs", "/v1/logs/otel", "/v2/otel/v1/traces/"] {
            let found = place("POST", path)
            #expect(found?.isForCallers == true && found?.takesGzip == true && found?.bodyByteCount == ConsoleLimits.telemetryByteCount)
            #expect(place("GET", path)?.isForCallers == false && place("GET", path)?.takesGzip == false)
        }
        #expect(place("POST", "/v1/otel/v1/metrics") == nil && place("POST", "/v1/otel") == nil && place("POST", "/v1/logs")?.takesGzip == false)
        #expect(desk.ask("GET", Self.traces).status == 405)
    }
}
