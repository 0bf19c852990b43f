import Bytes
import Testing
@testable import OTLP

@Suite("What spans say was asked and answered")
struct SpanContentTests {
    private func sides(
        _ attributes: [Attribute], _ events: [(String, [Attribute])] = [], _ room: ValueRoom = ValueRoom()
    ) -> (asked: String, answered: String) {
        let content = SpanContent(
            Attributes(attributes),
            events.map { name, attributes in
                var event = Span.Event()
                event.name = name
                event.contents = Attributes(attributes)
                return event
            }, room)
        return (String(decoding: content.asked, as: UTF8.self), String(decoding: content.answered, as: UTF8.self))
    }

    @Test("attributes stand under their names, with texts that are JSON as that", arguments: [
        ("gen_ai.input.messages", #"[{"role":"user","parts":[]}]"#, #"[{"role":"user","parts":[]}]"#, true), ("gen_ai.output.messages", "[1]", "[1]", false),
        ("gen_ai.system_instructions", "be brief", #""be brief""#, true), ("langfuse.observation.input", #"{"a": 1.50}"#, #"{"a":1.50}"#, true),
        ("langfuse.observation.output", "7", #""7""#, false), ("input.value", "{broken", #""{broken""#, true), ("output.value", #"{"a":1,"a":2}"#, #""{\"a\":1,\"a\":2}""#, false),
        ("traceloop.entity.input", "{}", "{}", true), ("traceloop.entity.output", "", "\"\"", false), ("ai.prompt.messages", "[]", "[]", true),
        ("ai.response.text", "hi", #""hi""#, false), ("gen_ai.prompt", "hi", #""hi""#, true), ("gen_ai.completion", "ho", #""ho""#, false),
        ("gen_ai.tool.call.arguments", "{}", "{}", true), ("gen_ai.tool.call.result", "4", #""4""#, false),
    ] as [(String, String, String, Bool)])
    func names(name: String, text: String, json: String, isAsked: Bool) {
        let whole = "{\"\(name)\":\(json)}"
        #expect(sides([Attribute(name, .text(text))]) == (isAsked ? whole : "", isAsked ? "" : whole))
        #expect(ContentNames.isContent(name))
    }

    @Test("what is neither is in neither: figures, names, metadata, and a name that only begins alike", arguments: [
        "gen_ai.request.model", "gen_ai.prompt.name", "llm.input_messages", "llm.model_name", "metadata", "gen_ai.prompt.x.0", "user.id",
    ])
    func others(name: String) {
        #expect(sides([Attribute(name, .text("a"))]) == ("", "") && !ContentNames.isContent(name))
    }

    @Test("numbered names become lists, in the order of their numbers, as deep as they are")
    func numbered() {
        let openInference = sides([
            Attribute("llm.input_messages.10.message.role", .text("user")), Attribute("llm.input_messages.2.message.role", .text("system")),
            Attribute("llm.input_messages.10.message.content", .text("hi")),
            Attribute("llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments", .text("{\"q\":1}")),
        ])
        #expect(openInference.asked == #"{"llm.input_messages":[{"message":{"role":"system"}},{"message":{"role":"user","content":"hi"}}]}"#)
        #expect(openInference.answered == #"{"llm.output_messages":[{"message":{"tool_calls":[{"tool_call":{"function":{"arguments":{"q":1}}}}]}}]}"#)
        let traceloop = sides([
            Attribute("gen_ai.prompt.0.role", .text("user")), Attribute("gen_ai.prompt.0.content", .text("hi")), Attribute("gen_ai.completion.0.content", .text("ho")),
            Attribute("gen_ai.prompt.name", .text("greet")),
        ])
        #expect(traceloop.asked == #"{"gen_ai.prompt":[{"role":"user","content":"hi"}]}"# && traceloop.answered == #"{"gen_ai.completion":[{"content":"ho"}]}"#)
    }

    @Test("a name is taken apart as deep as is said, and what is below stays one name")
    func deep() {
        let most = OTLPLimits.contentDepth
        func asked(_ count: Int) -> String { sides([Attribute("gen_ai.prompt." + [String](repeating: "0", count: count).joined(separator: "."), .integer(1))]).asked }
        func nested(_ count: Int) -> String { "{\"gen_ai.prompt\":" + String(repeating: "[", count: count) + "1" + String(repeating: "]", count: count) + "}" }
        #expect(asked(most) == nested(most))
        #expect(asked(most + 1) == nested(most).replacing("[1]", with: #"{"0.0":1}"#))
        #expect(asked(5000).utf8.count < 20_000)
    }

    @Test("events of messages stand behind them with their attributes; what a model chose is the answer, and other events say it in a span's names")
    func events() {
        let both = sides([Attribute("gen_ai.prompt", .text("p"))], [
            ("gen_ai.system.message", [Attribute("content", .text("be brief"))]), ("gen_ai.user.message", [Attribute("content", .text("hi")), Attribute("n", .integer(2))]),
            ("gen_ai.choice", [Attribute("message", .map([Attribute("content", .text("ho")), Attribute("x", .list([.number(0.5), .flag(true), .nothing]))]))]),
            ("gen_ai.client.inference.operation.details", [Attribute("gen_ai.output.messages", .list([])), Attribute("gen_ai.request.model", .text("m"))]),
            ("gen_ai.user.message", []),
        ])
        #expect(both.asked == #"{"gen_ai.prompt":"p","events":[{"name":"gen_ai.system.message","attributes":{"content":"be brief"}},"#
            + #"{"name":"gen_ai.user.message","attributes":{"content":"hi","n":2}}]}"#)
        #expect(both.answered == #"{"gen_ai.output.messages":[],"events":[{"name":"gen_ai.choice","attributes":{"message":{"content":"ho","x":[0.5,true,null]}}}]}"#)
        #expect(sides([Attribute("ai.embedding", .number(.infinity))]).answered == #"{"ai.embedding":"inf"}"#)
    }

    @Test("a text of more values than one may have stays a text", arguments: [(0, true), (1, false)])
    func values(more: Int, isJSON: Bool) {
        let list = "[" + [String](repeating: "1", count: OTLPLimits.contentTextValueCount - 1 + more).joined(separator: ",") + "]"
        #expect(sides([Attribute("input.value", .text(list))]).asked == (isJSON ? "{\"input.value\":\(list)}" : "{\"input.value\":\"\(list)\"}"))
    }

    @Test("texts of one body have their values together, and one that is no JSON after all has cost as many", arguments: [
        ("[1,2]", 3), ("[1,2", 3), (#"{"a":1,"a":[]}"#, 3), ("[[[1]]]", 4), ("1,2,3", 0), ("{", 1),
    ])
    func sharedValues(text: String, count: Int) {
        let room = ValueRoom(ofTexts: count + 1)
        _ = sides([Attribute("input.value", .text(text))], [], room)
        #expect(room.leftOfTexts == 1)
        #expect(sides([Attribute("input.value", .text("[1]"))], [], room).asked == #"{"input.value":"[1]"}"# && room.leftOfTexts == 0)
        #expect(sides([Attribute("input.value", .text("[]"))], [], room).asked == #"{"input.value":"[]"}"# && room.left == OTLPLimits.contentValueCount)
    }

    @Test("a text of more numbers than have room takes none of it from what comes behind: neither from attributes nor, but its share, from texts")
    func longText() throws {
        let vectors = "[" + [String](repeating: "0", count: OTLPLimits.contentTextsValueCount + 1).joined(separator: ",") + "]"
        func span(_ text: String) -> Message { Message().attributes(9, [Attribute("output.value", .text(text)), Attribute("gen_ai.prompt.0.content", .text("hi"))]) }
        let body = Message().message(1, Message().message(2, Message().message(2, span(vectors)).message(2, span("[1]")))).bytes
        let readings = try body.withByteSlice { (body) throws(TelemetryError) in
            let reader = TelemetryReader(.protobuf, contents: { ContentNames.isContent($0) }) { _ in true }
            var readings: [SpanReading] = []
            _ = try reader.spans(body) { readings.append(SpanReading($0, reader.room)) }
            return readings
        }
        #expect(readings.map(\.isContentCut) == [false, false])
        #expect(readings.map { String(decoding: $0.answered, as: UTF8.self) } == ["{\"output.value\":\"\(vectors)\"}", #"{"output.value":[1]}"#])
        #expect(readings.allSatisfy { String(decoding: $0.asked, as: UTF8.self) == #"{"gen_ai.prompt":[{"content":"hi"}]}"# })
    }

    @Test("lists and objects that names come to have room among the values; without it there are none, which is said")
    func namesWithoutRoom() {
        let attributes = Attributes([
            Attribute("gen_ai.prompt.0.a.b", .integer(1)), Attribute("gen_ai.prompt.0.a.c", .integer(2)), Attribute("gen_ai.completion", .integer(3)),
        ])
        let whole = SpanContent(attributes, [], ValueRoom(3))
        #expect(String(decoding: whole.asked, as: UTF8.self) == #"{"gen_ai.prompt":[{"a":{"b":1,"c":2}}]}"# && !whole.isCut)
        let cut = SpanContent(attributes, [], ValueRoom(1))
        #expect(cut.isCut && String(decoding: cut.answered, as: UTF8.self) == #"{"gen_ai.completion":3}"#)
    }

    @Test("elements of one body have their values together: those behind as many as there are are passed over, and their span says so", arguments: [(0, false), (1, true)])
    func sharedElements(more: Int, isCut: Bool) throws {
        // The attribute, its lists, and what they have.
        let lists = 16
        let count = OTLPLimits.contentValueCount - 1 - lists + more
        func values(_ list: Int) -> Int { list < lists - 1 ? OTLPLimits.contentElementCount - 1 : count - (lists - 1) * (OTLPLimits.contentElementCount - 1) }
        let value = AttributeValue.list((0..<lists).map { .list([AttributeValue](repeating: .flag(true), count: values($0))) })
        let late = Message().attributes(9, [Attribute("output.value", .text("late"))])
        let body = Message().message(1, Message().message(2, Message().message(2, Message().attributes(9, [Attribute("input.value", value)])).message(2, late))).bytes
        let spans = try readSpans(body, contents: { ContentNames.isContent($0) })
        guard case .list(let found)? = spans.first?.contents["input.value"] else { throw TelemetryError.wire(at: 0, .kind) }
        let kept = found.reduce(0) { sum, list in
            guard case .list(let elements) = list else { return sum }
            return sum + elements.count
        }
        #expect(kept == count - more && found.count == lists && spans[0].isContentCut == isCut)
        // Nothing is left for the next, whichever it is.
        #expect(spans[1].contents.list.isEmpty && spans[1].isContentCut)
        let json = #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"attributes":[{"key":"input.value","value":{"arrayValue":{"values":["#
            + (0..<lists).map { #"{"arrayValue":{"values":["# + [String](repeating: "{}", count: values($0)).joined(separator: ",") + "]}}" }.joined(separator: ",")
            + #"]}}}]},{"attributes":[{"key":"output.value","value":{"stringValue":"late"}}]}]}]}]}"#
        let same = try readSpans(Array(json.utf8), .json, contents: { ContentNames.isContent($0) })
        #expect(same.map(\.isContentCut) == [isCut, true] && same[1].contents.list.isEmpty)
    }

    @Test("what is said is written no further than a body is kept, which is said: of controls each becomes six bytes", arguments: [0, 1])
    func writtenBytes(more: Int) {
        let frame = #"{"input.value":""}"#.utf8.count
        let most = OTLPLimits.contentByteCount
        let text = String(repeating: "\u{1}", count: (most - frame) / 6) + String(repeating: "x", count: (most - frame) % 6 + more)
        let content = SpanContent(Attributes([Attribute("input.value", .text(text)), Attribute("output.value", .text("ho"))]), [], ValueRoom())
        #expect(content.asked.count == most && content.asked.starts(with: #"{"input.value":"\u0001\u0001"#.utf8) && content.isCut == (more > 0))
        #expect(String(decoding: content.answered, as: UTF8.self) == #"{"output.value":"ho"}"#)
    }

    @Test("of one body there are so many bytes together: what has no room is cut, or is not there, and its span says so")
    func sharedBytes() {
        let room = ValueRoom(byteCount: 50)
        func content() -> SpanContent { SpanContent(Attributes([Attribute("input.value", .text("hi")), Attribute("output.value", .text("ho"))]), [], room) }
        let (whole, cut, late) = (content(), content(), content())
        #expect(whole.asked.count + whole.answered.count == 41 && !whole.isCut)
        #expect(String(decoding: cut.asked, as: UTF8.self) == #"{"input.v"# && cut.answered == [] && cut.isCut)
        #expect(late.asked == [] && late.answered == [] && late.isCut)
    }

    @Test("events behind as many as are kept are passed over, which is said; what a model chose is kept behind them, up to a bound of its own")
    func choices() throws {
        let (most, choices) = (OTLPLimits.eventCount, OTLPLimits.choiceCount)
        func span(messages: Int, choices: Int) throws -> Span {
            func events(_ name: String, _ count: Int, _ message: Message) -> Message {
                (0..<count).reduce(message) { message, _ in message.message(11, Message().text(2, name).attributes(3, [Attribute("content", .text("a"))])) }
            }
            let leaf = events("gen_ai.choice", choices, events("gen_ai.user.message", messages, Message()))
            return try #require(try readSpans(request(leaf), contents: { ContentNames.isContent($0) }).first)
        }
        let whole = try span(messages: most, choices: choices)
        #expect(whole.events.map(\.name) == [String](repeating: "gen_ai.user.message", count: most) + [String](repeating: "gen_ai.choice", count: choices) && !whole.isContentCut)
        let cut = try span(messages: most + 1, choices: 1)
        #expect(cut.events.count == most + 1 && cut.events.last?.name == "gen_ai.choice" && cut.isContentCut && SpanReading(cut).isContentCut)
        #expect(try span(messages: most, choices: choices + 1).isContentCut && span(messages: 0, choices: most + choices + 1).events.count == most + choices)
    }

    @Test("whole they are read where that is wanted, in both encodings, and figures as ever")
    func whole() throws {
        let long = String(repeating: "é", count: OTLPLimits.textByteCount)
        let leaf = Message().attributes(9, [Attribute("input.value", .text(long)), Attribute("gen_ai.request.model", .text("m"))])
            .message(11, Message().attributes(3, [Attribute("content", .text(long))]).text(2, "gen_ai.user.message"))
            .message(11, Message().attributes(3, [Attribute("exception.message", .text(long))]).text(2, "exception"))
        func attribute(_ name: String, _ text: String) -> String { #"{"key":"\#(name)","value":{"stringValue":"\#(text)"}}"# }
        let json = #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"attributes":[\#(attribute("input.value", long)),\#(attribute("gen_ai.request.model", "m"))],"#
            + #""events":[{"name":"gen_ai.user.message","attributes":[\#(attribute("content", long))]},{"name":"exception","attributes":["#
            + #"\#(attribute("exception.message", long))]}]}]}]}]}"#
        let spans = try readSpans(request(leaf), contents: { ContentNames.isContent($0) })
        #expect(try readSpans(Array(json.utf8), .json, contents: { ContentNames.isContent($0) }) == spans)
        let span = try #require(spans.first)
        #expect(span.contents.list == [Attribute("input.value", .text(long))] && span.events.map { $0.contents["content"] } == [.text(long), nil])
        #expect(span.attributes["input.value"] == .text(String(long.prefix(OTLPLimits.textByteCount / 2))))
        #expect(try readSpans(request(leaf)).allSatisfy { $0.contents.list.isEmpty && $0.events.allSatisfy { $0.contents.list.isEmpty } })
    }

    @Test("of what is too much there is as much as is said: texts, elements, attributes")
    func bounds() throws {
        let text = String(repeating: "x", count: OTLPLimits.contentByteCount + 1)
        let list = AttributeValue.list([AttributeValue](repeating: .flag(true), count: OTLPLimits.contentElementCount + 1))
        let many = (0...OTLPLimits.contentCount).map { Attribute("gen_ai.prompt.\($0)", .integer(1)) }
        let leaf = Message().attributes(9, [Attribute("input.value", .text(text)), Attribute("output.value", list)] + many)
        let span = try #require(try readSpans(request(leaf), contents: { ContentNames.isContent($0) }).first)
        #expect(span.contents["input.value"] == .text(String(text.dropLast())) && span.contents.list.count == OTLPLimits.contentCount && span.isContentCut)
        guard case .list(let elements)? = span.contents["output.value"] else { throw TelemetryError.wire(at: 0, .kind) }
        #expect(elements.count == OTLPLimits.contentElementCount)
    }
}
