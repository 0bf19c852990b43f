import Bytes
import JSON
import Testing

/// The member that is judged is the member that is sent: what hides a key from one reader and not from another.
@Suite("Routing keys")
struct RoutingKeyTests {
    static let names: [StaticString] = ["model", "stream", "stream_options", "metadata", "user"]

    @Test("a key is compared decoded, however it is spelled", arguments: [
        #"model"#, #"mod\u0065l"#, #"\u006d\u006f\u0064\u0065\u006c"#, #"\u006Dodel"#, #"mode\u006C"#,
    ])
    func comparesDecoded(_ spelling: String) throws {
        try withGuarded(#"{"x":1,"\#(spelling)":"gpt"}"#.utf8) { text in
            var watching = ObjectScan(names: RoutingKeyTests.names)
            var plain = ObjectScan()
            try watching.scan(text)
            try plain.scan(text)
            #expect(watching.member("model") == watching[1])
            #expect(plain.member("model") == plain[1])
        }
    }

    @Test("a key that only looks alike is another key", arguments: [
        "Model", "model ", " model", #"model\u0000"#, #"mod\u0045l"#, "mode", "models", #"\\u006dodel"#, "mоdel",
        #"model\ud800"#, #"\/model"#, "",
    ])
    func tellsApart(_ spelling: String) throws {
        try withGuarded(#"{"\#(spelling)":1}"#.utf8) { text in
            var scan = ObjectScan(names: RoutingKeyTests.names)
            try scan.scan(text)
            #expect(scan.count == 1)
            #expect(scan.member("model") == nil)
        }
    }

    @Test("a routing key given twice is told, the second spelling escaped or not", arguments: [
        #"{"model":"a","model":"b"}"#, #"{"model":"a","mod\u0065l":"b"}"#, #"{"\u006dodel":"a","x":1,"model":"b"}"#,
        #"{"model":1,"model":1,"model":1}"#, #"{"model":{},"stream":1,"model":[]}"#,
    ])
    func tellsDuplicates(_ source: String) throws {
        try withGuarded(source.utf8) { text in
            var scan = ObjectScan(names: RoutingKeyTests.names)
            try scan.scan(text)
            let duplicate = try #require(scan.firstDuplicate() as Member?)
            #expect(duplicate.name(in: text) == "model")
            #expect(duplicate.key.lowerBound > scan[0].key.lowerBound)
            #expect(scan.firstDuplicate(among: ["model", "user"]) == duplicate)
            #expect(scan.firstDuplicate(among: ["stream"]) == nil)
        }
    }

    @Test("of several duplicates the earliest in the text is told")
    func tellsTheFirstDuplicate() throws {
        try withGuarded(#"{"user":1,"model":1,"stream":1,"stream":2,"user":2,"model":2,"x":1,"x":2}"#.utf8) { text in
            var scan = ObjectScan(names: RoutingKeyTests.names)
            try scan.scan(text)
            #expect(scan.firstDuplicate() == scan[3])
            #expect(scan.firstDuplicate(among: ["model", "user"]) == scan[4])
        }
    }

    @Test("keys inside values are no routing keys")
    func ignoresNestedKeys() throws {
        try withGuarded(#"{"messages":[{"model":"a"}],"x":{"model":"b"},"y":"\"model\":1","model":"c"}"#.utf8) { text in
            var scan = ObjectScan(names: RoutingKeyTests.names)
            try scan.scan(text)
            #expect(scan.firstDuplicate() == nil)
            #expect(scan.string("model").map { $0 == "c" } == true)
        }
    }

    @Test("no routing key hides behind more members than the table holds", arguments: [255, 256, 257, 300])
    func seesPastTheTable(_ fillers: Int) throws {
        let filler = (0..<fillers).map { #""f\#($0)":0,"# }.joined()
        let source = #"{\#(filler)"model":"late","tail":1,"mod\u0065l":"later"}"#
        try withGuarded(source.utf8) { text in
            var scan = ObjectScan(names: RoutingKeyTests.names)
            try scan.scan(text)
            #expect(scan.count == JSONLimits.members)
            #expect(scan.overflowed == true)
            #expect(scan.string("model").map { $0 == "later" } == true)
            #expect(scan.firstDuplicate()?.string(in: text).map { $0 == "later" } == true)
            #expect(scan.member("stream") == nil)
        }
    }

    @Test("an object with as many members as the table has rows has not overflowed")
    func fillsTheTable() throws {
        let source = "{" + (0..<JSONLimits.members).map { #""f\#($0)":\#($0)"# }.joined(separator: ",") + "}"
        try withGuarded(source.utf8) { text in
            var scan = ObjectScan()
            try scan.scan(text)
            #expect(scan.count == JSONLimits.members && !scan.overflowed)
            #expect(scan.integer("f255") == 255)
        }
    }

    @Test("every watched name is found among the most that can be watched")
    func watchesManyNames() throws {
        let names: [StaticString] = [
            "a", "b", "c", "d", "e", "f", "g", "h", "aa", "ab", "ac", "ad", "ae", "af", "ag", "ah", "ba", "bb", "bc", "bd",
            "be", "bf", "bg", "bh", "ca", "cb", "cc", "cd", "ce", "cf", "cg", "ch", "da", "db", "dc", "dd", "de", "df",
            "dg", "dh", "model", "stream", "temperature", "top_p", "n", "stop", "max_tokens", "presence_penalty",
            "frequency_penalty", "logit_bias", "user", "tools", "tool_choice", "response_format", "seed", "logprobs",
            "top_logprobs", "metadata", "store", "service_tier", "stream_options", "parallel_tool_calls", "modalities",
            "an_unusually_long_name_of_a_member_that_has_sixty_four_bytes_..",
        ]
        #expect(names.count == JSONLimits.names)
        let source = "{" + names.enumerated().map { "\"\($1)\":\($0)" }.joined(separator: ",") + "}"
        try withGuarded(source.utf8) { text in
            var scan = ObjectScan(names: names, memberLimit: 1)
            try scan.scan(text)
            for (index, name) in names.enumerated() { #expect(scan.integer(name) == Int64(index)) }
            #expect(scan.firstDuplicate() == nil)
        }
    }
}

@Suite("JSON string")
struct JSONStringTests {
    static func decoded(_ raw: String) -> String {
        Array(raw.utf8).withByteSlice { content in
            written { JSONString(content: content, hasEscapes: raw.contains("\\")).decode(into: &$0) }
        }
    }

    @Test("escapes decode to the characters they stand for", arguments: [
        (#"plain"#, "plain"), (#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{C}\n\r\t"), (#"\u0041\u00e9\u20AC"#, "Aé€"),
        (#"a\ud83d\ude00b"#, "a😀b"), (#"\uD834\uDD1E"#, "𝄞"), (#"\udbff\udfff"#, "\u{10FFFF}"), (#"\u0000"#, "\u{0}"),
        (#"é\n水"#, "é\n水"), ("", ""),
    ])
    func decodes(_ raw: String, text: String) {
        #expect(JSONStringTests.decoded(raw) == text)
        Array(raw.utf8).withByteSlice { content in
            let string = JSONString(content: content, hasEscapes: raw.contains("\\"))
            Array(text.utf8).withByteSlice { #expect(string == $0) }
            Array((text + "x").utf8).withByteSlice { #expect(!(string == $0)) }
            if !text.isEmpty { Array(text.utf8.dropLast()).withByteSlice { #expect(!(string == $0)) } }
        }
    }

    @Test("a lone surrogate decodes to U+FFFD and takes nothing with it", arguments: [
        (#"\ud83dx"#, "\u{FFFD}x"), (#"\ude00"#, "\u{FFFD}"), (#"\ud83d\ud83d\ude00"#, "\u{FFFD}😀"),
        (#"\ud83d\n"#, "\u{FFFD}\n"), (#"\ud83d\u0041"#, "\u{FFFD}A"), (#"\ud83d"#, "\u{FFFD}"),
    ])
    func replacesLoneSurrogates(_ raw: String, text: String) {
        #expect(JSONStringTests.decoded(raw) == text)
    }

    @Test("content that was never judged is safe to decode", arguments: [
        #"\"#, #"a\"#, #"\u"#, #"\u1"#, #"\u12g4"#, #"\x"#, #"\ud83d\"#, #"\ud83d\u"#, #"\ud83d\ude0"#,
    ])
    func survivesBrokenEscapes(_ raw: String) {
        #expect(JSONStringTests.decoded(raw).contains("\u{FFFD}"))
    }
}
