import Bytes
import JSON
import Testing

@testable import Providers

@Suite("Gemini schemas")
struct GeminiSchemaTests {
    private static let cases: [(String, String)] = [
        (##"{}"##, ##"{}"##), (##"true"##, ##"true"##),
        // Case 28: nothing of it has to be inlined where JSON Schema itself is understood.
        (##"{"type":"object","properties":{"p":{"$ref":"#/$defs/P"},"q":{"anyOf":[{"type":"string"},{"type":"null"}]}},"$defs":{"P":{"type":"object"}},"additionalProperties":false}"##,
         ##"{"type":"object","properties":{"p":{"$ref":"#/$defs/P"},"q":{"anyOf":[{"type":"string"},{"type":"null"}]}},"$defs":{"P":{"type":"object"}},"additionalProperties":false}"##),
        (##"{"$ref":"#/$defs/N","$defs":{"N":{"properties":{"next":{"$ref":"#/$defs/N"}}}}}"##, ##"{"$ref":"#/$defs/N","$defs":{"N":{"properties":{"next":{"$ref":"#/$defs/N"}}}}}"##),
        (##"{"items":{"$ref":"#/$defs/P","description":"d"}}"##, ##"{"items":{"description":"d","anyOf":[{"$ref":"#/$defs/P"}]}}"##),
        (##"{"$ref":"#/$defs/P","anyOf":[{}]}"##, ##"{"$ref":"#/$defs/P","anyOf":[{}]}"##),
        (##"{"definitions":{"P":{"const":"a"}},"properties":{"x":{"allOf":[{"$ref":"#/definitions/P"}],"default":null}}}"##,
         ##"{"$defs":{"P":{"enum":["a"]}},"properties":{"x":{"anyOf":[{"$ref":"#/$defs/P"}],"default":null}}}"##),
        (##"{"const":true}"##, ##"{"const":true}"##), (##"{"const":1,"enum":[1]}"##, ##"{"const":1,"enum":[1]}"##),
        (##"{"allOf":[{"const":2},{}]}"##, ##"{"allOf":[{"enum":[2]},{}]}"##),
        // Properties may be called as keywords are, and values may look like schemas.
        (##"{"properties":{"$ref":{"type":"string"},"const":{"type":"string"},"allOf":{}},"enum":[{"const":1}],"default":{"$ref":"x","y":1}}"##,
         ##"{"properties":{"$ref":{"type":"string"},"const":{"type":"string"},"allOf":{}},"enum":[{"const":1}],"default":{"$ref":"x","y":1}}"##),
        (##"{"items":[{"const":"a"}],"prefixItems":[{"const":"b"}],"oneOf":[{"const":"c"}],"additionalProperties":{"const":"d"},"not":7}"##,
         ##"{"items":[{"enum":["a"]}],"prefixItems":[{"enum":["b"]}],"oneOf":[{"enum":["c"]}],"additionalProperties":{"enum":["d"]},"not":7}"##),
    ]

    @Test("a JSON schema is said in the words Gemini documents, and otherwise left as it is", arguments: cases)
    func schemas(schema: String, expected: String) throws {
        try withJSON(schema) { value in
            #expect(written { GeminiSchema.write(value, to: &$0) } == expected)
        }
    }
}

@Suite("Gemini paths")
struct GeminiPathTests {
    /// The path, or nil when it is refused.
    private func path(_ model: JSONString, _ verb: GeminiPath.Verb) -> String? {
        var isWritten = false
        let text = written { isWritten = GeminiPath.write(model: model, verb: verb, to: &$0) }
        if !isWritten { #expect(text.isEmpty) }
        return isWritten ? text : nil
    }

    @Test("a method's path names the model as one segment", arguments: [
        (#""gemini-2.5-pro""#, "/v1beta/models/gemini-2.5-pro"), (#""models/gemini-2.5-pro""#, "/v1beta/models/gemini-2.5-pro"),
        (#""models\/a""#, "/v1beta/models/a"), (#""a/b""#, "/v1beta/models/a%2Fb"), (#""a?key=1#f""#, "/v1beta/models/a%3Fkey%3D1%23f"),
        (#""a:countTokens""#, "/v1beta/models/a%3AcountTokens"), (#""a%2F..""#, "/v1beta/models/a%252F.."), (#""\u00e9 ""#, "/v1beta/models/%C3%A9%20"),
        (#""...""#, "/v1beta/models/..."), (#""a..b""#, "/v1beta/models/a..b"),
    ])
    func paths(model: String, expected: String) throws {
        try withJSON(model) { value in
            let model = try #require(value.string)
            for (verb, ending) in [
                (GeminiPath.Verb.generate, ":generateContent"), (.stream, ":streamGenerateContent?alt=sse"), (.embed, ":embedContent"),
                (.batchEmbed, ":batchEmbedContents"), (.countTokens, ":countTokens"),
            ] {
                #expect(path(model, verb) == expected + ending)
            }
        }
    }

    @Test("a model that is no segment is refused, and nothing written", arguments: [
        #""""#, #""models/""#, #"".""#, #""..""#, #""models/..""#, #""a/../b""#, #""../a""#, #""a/..""#, #""a\\..\\b""#, #""a\nb""#, #""\u007f""#, #""\u002e\u002e""#, #""a\u0000""#,
    ])
    func refusedModels(model: String) throws {
        try withJSON(model) { value in
            let model = try #require(value.string)
            #expect(path(model, .generate) == nil)
        }
        let long = String(repeating: "m", count: 129)
        try withJSON("\"\(long)\"") { value in
            let model = try #require(value.string)
            #expect(path(model, .generate) == nil)
        }
    }
}
