import Bytes
import JSON
import Testing
@testable import OTLP

@Suite("Requests of exporters")
struct TelemetryReaderTests {
    private static let trace: [UInt8] = Array(0x10...0x1F)
    private static let span: [UInt8] = Array(0xA0...0xA7)
    private static let parent: [UInt8] = Array(0xB0...0xB7)
    private static let attributes: [Attribute] = [
        Attribute("gen_ai.request.model", .text("gpt-4o \"ü\"")), Attribute("gen_ai.request.stream", .flag(true)),
        Attribute("gen_ai.usage.input_tokens", .integer(-12)), Attribute("gen_ai.request.temperature", .number(0.25)),
        Attribute("gen_ai.response.finish_reasons", .list([.text("stop"), .integer(1)])),
        Attribute("deep", .map([Attribute("a", .list([.map([Attribute("b", .flag(false))])]))])), Attribute("bytes", .nothing),
    ]

    static let whole: [UInt8] = request(
        Message().bytes(1, trace).bytes(2, span).text(3, "a=b").bytes(4, parent).fixed32(16, 257).text(5, "chat gpt-4o").varint(6, 3)
            .fixed64(7, 1_764_230_000_000_000_001).fixed64(8, 1_764_230_001_000_000_002).attributes(9, attributes).varint(10, 2)
            .message(11, Message().fixed64(1, 1_764_230_000_500_000_000).text(2, "gen_ai.choice").attributes(3, [Attribute("index", .integer(0))]))
            .message(13, Message().bytes(1, trace)).message(15, Message().text(2, "gone wrong").varint(3, 2)),
        resource: [Attribute("service.name", .text("app"))])

    private static let json = #"""
        {"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"app"}}]},"scopeSpans":[{"scope":{"name":"a library","version":"1.0"},
        "schemaUrl":"x","spans":[{"traceId":"101112131415161718191A1B1C1D1E1F","spanId":"a0a1a2a3a4a5a6a7","parentSpanId":"b0b1b2b3b4b5b6b7","traceState":"a=b",
        "name":"chat gpt-4o","kind":3,"startTimeUnixNano":"1764230000000000001","endTimeUnixNano":1764230001000000002,"flags":257,"droppedAttributesCount":2,
        "attributes":[{"key":"gen_ai.request.model","value":{"stringValue":"gpt-4o \"\u00fc\""}},{"key":"gen_ai.request.stream","value":{"boolValue":true}},
        {"key":"gen_ai.usage.input_tokens","value":{"intValue":"-12"}},{"key":"gen_ai.request.temperature","value":{"doubleValue":0.25}},
        {"key":"gen_ai.response.finish_reasons","value":{"arrayValue":{"values":[{"stringValue":"stop"},{"intValue":1}]}}},
        {"key":"deep","value":{"kvlistValue":{"values":[{"key":"a","value":{"arrayValue":{"values":[{"kvlistValue":{"values":[{"key":"b","value":{"boolValue":false}}]}}]}}}]}}},
        {"key":"bytes","value":{"bytesValue":"AAAA"}}],
        "events":[{"timeUnixNano":"1764230000500000000","name":"gen_ai.choice","attributes":[{"key":"index","value":{"intValue":"0"}}]}],
        "links":[{"traceId":"101112131415161718191a1b1c1d1e1f"}],"status":{"message":"gone wrong","code":2}}]}]}]}
        """#

    @Test("a span in protobuf has all that was written")
    func protobuf() throws {
        let spans = try readSpans(Self.whole)
        let span = try #require(spans.first)
        #expect(spans.count == 1 && span.trace == "101112131415161718191a1b1c1d1e1f" && span.span == "a0a1a2a3a4a5a6a7" && span.parent == "b0b1b2b3b4b5b6b7")
        #expect(span.name == "chat gpt-4o" && span.startNanoseconds == 1_764_230_000_000_000_001 && span.endNanoseconds == 1_764_230_001_000_000_002)
        #expect(span.attributes.list == Self.attributes && span.resource["service.name"] == .text("app"))
        #expect(span.events.map(\.name) == ["gen_ai.choice"] && span.status == .error && span.statusMessage == "gone wrong")
    }

    @Test("in JSON it is the same: camel case, snake case, numbers as texts, statuses by name")
    func json() throws {
        let wanted = try readSpans(Self.whole)
        #expect(try readSpans(Array(Self.json.utf8), .json) == wanted)
        var snake = Self.json
        for (camel, name) in [
            ("resourceSpans", "resource_spans"), ("scopeSpans", "scope_spans"), ("traceId", "trace_id"), ("spanId", "span_id"), ("parentSpanId", "parent_span_id"),
            ("startTimeUnixNano", "start_time_unix_nano"), ("endTimeUnixNano", "end_time_unix_nano"), ("timeUnixNano", "time_unix_nano"),
            ("stringValue", "string_value"), ("boolValue", "bool_value"), ("intValue", "int_value"), ("doubleValue", "double_value"),
            ("arrayValue", "array_value"), ("kvlistValue", "kvlist_value"), ("\"code\":2", "\"code\":\"STATUS_CODE_ERROR\""),
        ] {
            snake = snake.replacing("\"\(camel)\"", with: "\"\(name)\"").replacing(camel, with: name)
        }
        #expect(try readSpans(Array(snake.utf8), .json) == wanted)
    }

    @Test("log records are the same in both, and have the time they were seen where they have none")
    func logs() throws {
        let message = Message().fixed64(11, 7).varint(2, 9).text(3, "INFO").message(5, Message(value: .text("a line"))).attributes(6, Self.attributes)
            .bytes(9, Self.trace).bytes(10, Self.span).text(12, "gen_ai.client.inference.operation.details")
        let records = try readLogs(request(message))
        #expect(records.count == 1 && records[0].nanoseconds == 7 && records[0].event == "gen_ai.client.inference.operation.details")
        let json = #"""
            {"resourceLogs":[{"scopeLogs":[{"logRecords":[{"observedTimeUnixNano":"7","eventName":"gen_ai.client.inference.operation.details","body":{"stringValue":"x"},
            "traceId":"101112131415161718191a1b1c1d1e1f","spanId":"a0a1a2a3a4a5a6a7","attributes":[{"key":"gen_ai.request.stream","value":{"boolValue":true}}]}]}]}]}
            """#
        let read = try readLogs(Array(json.utf8), .json)
        #expect(read.count == 1 && read[0].trace == records[0].trace && read[0].span == records[0].span && read[0].event == records[0].event)
        #expect(read[0].nanoseconds == 7 && read[0].attributes["gen_ai.request.stream"] == .flag(true))
        #expect(Array(json.utf8).withByteSlice { TelemetryReader(.json) { _ in true }.isOfLogs($0) })
        #expect(!Array(Self.json.utf8).withByteSlice { TelemetryReader(.json) { _ in true }.isOfLogs($0) })
    }

    @Test("a resource is that of its spans wherever it stands, and nothing of it of others")
    func order() throws {
        let scope = Message().message(2, Message().message(2, Message().text(5, "one")))
        let late = scope.message(1, Message().attributes(1, [Attribute("service.name", .text("late"))]))
        let body = Message().message(1, late).message(1, Message().message(2, Message().message(2, Message().text(5, "two")))).bytes
        #expect(try readSpans(body).map { "\($0.name) \($0.resource["service.name"]?.text ?? "-")" } == ["one late", "two -"])
    }

    @Test("nothing is a request without spans", arguments: [[UInt8](), Message().text(1, "").bytes, Message().varint(99, 1).bytes])
    func empty(body: [UInt8]) throws {
        #expect(try readSpans(body) == [])
        #expect(try readSpans(Array("{}".utf8), .json) == [])
    }

    @Test("an id of another length, or of zeroes, is none")
    func identifiers() throws {
        let body = request(Message().bytes(1, Array(Self.trace.dropLast())).bytes(2, [UInt8](repeating: 0, count: 8)))
        #expect(try readSpans(body).map { $0.trace + $0.span } == [""])
        let json = #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"1011","spanId":"gggggggggggggggg"}]}]}]}"#
        #expect(try readSpans(Array(json.utf8), .json).map { $0.trace + $0.span } == [""])
    }

    @Test("cut at any byte, a body is refused or has fewer spans")
    func cut() {
        for count in Self.whole.indices where count > 0 { #expect(throws: TelemetryError.self) { try readSpans(Array(Self.whole.prefix(count))) } }
        let json = Array(Self.json.utf8)
        for count in json.indices { #expect(throws: TelemetryError.self) { try readSpans(Array(json.prefix(count)), .json) } }
    }

    @Test("changed bytes never trap")
    func changed() {
        let seed = UInt64.random(in: .min ... .max)
        var dice = Dice(seed: seed)
        for base in [Self.whole, Array(Self.json.utf8)] {
            for _ in 0..<3000 {
                var body = base
                for _ in 0...dice.roll(4) { body[dice.roll(body.count)] = UInt8(dice.roll(256)) }
                body.withByteSlice { fuzzOTLP($0) }
            }
        }
        print("OTLP's changed bodies: seed \(seed)")
    }

    @Test("values nest as deep as the limit, and no deeper, in both")
    func depth() {
        func nested(_ levels: Int) -> AttributeValue { levels <= 1 ? .flag(true) : .list([nested(levels - 1)]) }
        func body(_ levels: Int) -> [UInt8] { request(Message().attributes(9, [Attribute("a", nested(levels))])) }
        func json(_ levels: Int) -> [UInt8] {
            let lists = String(repeating: #"{"arrayValue":{"values":["#, count: levels - 1) + #"{"boolValue":true}"# + String(repeating: "]}}", count: levels - 1)
            return Array(#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"attributes":[{"key":"a","value":\#(lists)}]}]}]}]}"#.utf8)
        }
        #expect(throws: Never.self) { try readSpans(body(OTLPLimits.valueDepth)) }
        #expect(throws: TelemetryError.self) { try readSpans(body(OTLPLimits.valueDepth + 1)) }
        #expect(throws: Never.self) { try readSpans(json(OTLPLimits.valueDepth), .json) }
        #expect(throws: TelemetryError.self) { try readSpans(json(OTLPLimits.valueDepth + 1), .json) }
        // Far deeper than any stack.
        var deep = Message().varint(2, 1)
        for _ in 0..<100_000 where deep.bytes.count < 1 << 17 { deep = Message().message(5, Message().message(1, deep)) }
        #expect(throws: TelemetryError.self) { try readSpans(request(Message().message(9, Message().message(2, deep)))) }
    }

    @Test("what there is too much of is cut: attributes, events, elements, texts")
    func bounds() throws {
        let many = (0...OTLPLimits.attributeCount).map { Attribute("a\($0)", .integer(Int64($0))) }
        let events = (0...OTLPLimits.eventCount).reduce(Message()) { message, _ in message.message(11, Message().text(2, "e")) }
        let list = AttributeValue.list([AttributeValue](repeating: .flag(true), count: OTLPLimits.elementCount + 1))
        let text = String(repeating: "é", count: OTLPLimits.textByteCount / 2) + "x"
        let span = try #require(try readSpans(request(events.text(5, text).attributes(9, [Attribute("list", list)] + many))).first)
        #expect(span.attributes.list.count == OTLPLimits.attributeCount && span.events.count == OTLPLimits.eventCount)
        #expect(span.name == text.dropLast())
        guard case .list(let elements)? = span.attributes["list"] else { throw TelemetryError.wire(at: 0, .kind) }
        #expect(elements.count == OTLPLimits.elementCount)
        // Between two characters, not within one.
        let odd = try #require(try readSpans(request(Message().text(5, "x" + text))).first)
        #expect(odd.name.utf8.count == OTLPLimits.textByteCount - 1)
        // Of one name the last counts, and takes no room.
        let again = try #require(try readSpans(request(Message().attributes(9, many + [Attribute("a0", .integer(7))]))).first)
        #expect(again.attributes["a0"] == .integer(7))
    }

    @Test("lists within lists have no more elements than one attribute may, in both", arguments: [(0, false), (1, true)])
    func values(more: Int, isCut: Bool) throws {
        // Each list has a full number, the last what is left of those of all.
        let (most, count) = (OTLPLimits.elementCount, OTLPLimits.valueCount)
        let lists = count / most
        let last = count - lists - (lists - 1) * most + more
        func values(_ list: Int) -> Int { list < lists - 1 ? most : last }
        let value = AttributeValue.list((0..<lists).map { .list([AttributeValue](repeating: .nothing, count: values($0))) })
        let json = #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"attributes":[{"key":"a","value":{"arrayValue":{"values":["#
            + (0..<lists).map { #"{"arrayValue":{"values":["# + [String](repeating: "{}", count: values($0)).joined(separator: ",") + "]}}" }.joined(separator: ",")
            + "]}}}]}]}]}]}"
        for spans in [try readSpans(request(Message().attributes(9, [Attribute("a", value)]))), try readSpans(Array(json.utf8), .json)] {
            guard case .list(let found)? = spans.first?.attributes["a"], case .list(let elements)? = found.last else { throw TelemetryError.wire(at: 0, .kind) }
            #expect(found.count == lists && elements.count == last - more && (spans.first?.attributes["a"] == value) != isCut)
        }
    }

    @Test("what is of another kind is told by its name", arguments: [
        (#"{"resourceSpans":{}}"#, "byte 17: resourceSpans must be a list"), ("[]", "byte 0: the body must be an object"),
        (#"{"resourceSpans":[{"scopeSpans":[{"spans":[7]}]}]}"#, "byte 43: spans must be an object"),
        (#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":7}]}]}]}"#, "byte 51: name must be a text"),
        (#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"startTimeUnixNano":"soon"}]}]}]}"#,
            "byte 64: startTimeUnixNano must be nanoseconds since 1970, as a text or a whole number"),
        (#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"attributes":[{"key":"a","value":{"intValue":1.5}}]}]}]}]}"#,
            "byte 89: intValue must be a whole number, or one as a text"),
        (#"{"resourceSpans":"#, "the body is no JSON: byte 17: expected a value"),
    ])
    func kinds(body: String, message: String) {
        do throws(TelemetryError) {
            _ = try readSpans(Array(body.utf8), .json)
            Issue.record("it was read")
        } catch {
            #expect(error.description == message)
        }
    }

    @Test("logs are no spans: where a field is of another kind it is told by its name")
    func otherSignal() {
        let logs = request(Message().fixed64(1, 7).text(12, "x"))
        do throws(TelemetryError) {
            _ = try readSpans(logs)
            Issue.record("it was read")
        } catch {
            guard case .member(_, "trace_id", "written with its length") = error else {
                Issue.record("\(error)")
                return
            }
        }
    }

    @Test("why a choice ended is read of its event")
    func choice() throws {
        let leaf = Message().message(11, Message().text(2, "gen_ai.choice").attributes(3, [Attribute("finish_reason", .text("length")), Attribute("index", .integer(0))]))
        var readings: [SpanReading] = []
        try request(leaf).withByteSlice { (body) throws(TelemetryError) in
            _ = try TelemetryReader(.protobuf) { AttributeNames.isRead($0) }.spans(body) { readings.append(SpanReading($0)) }
        }
        #expect(readings.map(\.finishReason) == ["length"])
    }

    @Test("what nobody asks for is not kept")
    func kept() throws {
        var spans: [Span] = []
        try Self.whole.withByteSlice { (body) throws(TelemetryError) in
            _ = try TelemetryReader(.protobuf) { AttributeNames.isRead($0) }.spans(body) { spans.append($0) }
        }
        #expect(spans.first?.attributes["deep"] == nil && spans.first?.attributes["gen_ai.request.model"] != nil)
    }
}
