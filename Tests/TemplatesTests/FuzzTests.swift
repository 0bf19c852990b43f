import Bytes
import Testing

@Suite("Template fuzz rounds")
struct TemplateFuzzTests {
    private static let pieces = [
        "{{a}}", "{{{b}}}", "{{&a}}", "{{#l}}", "{{/l}}", "{{^b}}", "{{/b}}", "{{>p}}", "{{>>a}}", "{{! c }}", "{{=<% %>=}}", "<%a%>", "<%={{ }}=%>", "{{.}}", "{{o.k}}",
        "\"", "\\", "[", "]", "{", "}", ",", ":", "\"a\":", "\n", "  ", "x", "{\"role\":\"user\",\"content\":\"", "\"}", "\\u00", "é", "{{", "}}",
    ]
    private static let variables = [
        "{}", "[]", "7", #"{"a":"x","b":true,"l":[1,"2",{"a":"y\""}],"o":{"k":"\\"}}"#, #"{"a":"","b":"\ud83d\ude00","l":[[],[1]],"o":null}"#, #"{"l":[{"l":[{"l":[1]}]}]}"#, "{\"a\":",
    ]

    @Test(
        "what the fuzzer asks of any template holds for these",
        arguments: [
            "{{a}}\0{\"a\":\"x\"}", "{{>p}}", "[{{#l}}{{.}},{{/l}}1]\0{\"l\":[1,\"a\"]}", "[\"{{a}}{{>p}}\"]\0{\"a\":\"b\"}", "{{#a}}{{>p}}{{/a}}\0{\"a\":{\"a\":null}}",
            "[\"{{a}}\",{{a}}]\0{\"a\":\"\\\"\"}", " {{>p}}\n", "", "\0",
        ])
    func examples(text: String) { Array(text.utf8).withByteSlice { fuzzTemplate($0) } }

    @Test("and for 2,000 made up, and as many of them with a byte changed")
    func rounds() throws {
        var random = SeededGenerator.announced("template fuzz rounds")
        for _ in 0..<2000 {
            var text: [UInt8] = []
            for _ in 0..<Int.random(in: 0...12, using: &random) { text += Array(try #require(Self.pieces.randomElement(using: &random)).utf8) }
            text += [0] + Array(try #require(Self.variables.randomElement(using: &random)).utf8)
            text.withByteSlice { fuzzTemplate($0) }
            if let index = text.indices.randomElement(using: &random) { text[index] = UInt8.random(in: 0...255, using: &random) }
            text.withByteSlice { fuzzTemplate($0) }
        }
    }
}
