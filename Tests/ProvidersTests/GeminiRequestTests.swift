import Bytes
import JSON
import Testing

@testable import Providers

/// A request in nobody's dialect, and what Gemini is to get of it.
struct GeminiRequestCase: CustomTestStringConvertible {
    let testDescription: String
    let request: String
    let expected: String
    let notes: String

    init(_ name: String, _ request: String, _ expected: String, notes: String = "") {
        testDescription = name
        self.request = request
        self.expected = expected
        self.notes = notes
    }
}

@Suite("Gemini requests")
struct GeminiRequestTests {
    private func translate(_ request: String) throws -> Translated {
        try withJSON(request) { value in
            var request = NormalForm.request(value)
            return try Translated { try GeminiRequest.write(&request, RequestOptions(), to: &$0, &$1) }
        }
    }

    @Test("what was said becomes contents, in turns", arguments: [
        GeminiRequestCase(
            "all system words in order, wherever they stood",
            #"{"parts":[{"role":"system","text":"a"},{"text":"hi"},{"role":"system","text":"b\n"},{"role":"assistant","text":"yo"}]}"#,
            #"{"contents":[{"role":"user","parts":[{"text":"hi"}]},{"role":"model","parts":[{"text":"yo"}]}],"systemInstruction":{"parts":[{"text":"a"},{"text":"b\n"}]}}"#,
            notes: "changed: messages"),
        GeminiRequestCase(
            "neighbours of one role are one turn, and empty texts none",
            #"{"parts":[{"text":"a"},{"text":"b","joins":true},{"role":"assistant","text":""},{"text":"c"},{"role":"assistant","refusal":"no"}]}"#,
            #"{"contents":[{"role":"user","parts":[{"text":"a"},{"text":"b"},{"text":"c"}]},{"role":"model","parts":[{"text":"no"}]}]}"#),
        GeminiRequestCase(
            "system words alone are the user's",
            #"{"parts":[{"role":"system","text":"a"}]}"#, #"{"contents":[{"role":"user","parts":[{"text":"a"}]}]}"#, notes: "changed: messages"),
        GeminiRequestCase(
            "media inline, by address, as text, and uploaded",
            #"{"parts":[{"media":"image","type":"image\/png","data":"AA+/"},{"media":"image","url":"https://x.y/a.JPG?z=.pdf","detail":"low"},{"media":"image","url":"https:\/\/x.y\/a"},{"media":"document","url":"gs://b/c.pdf","title":"t"},{"media":"document","content":"plain"},{"media":"audio","type":"audio/wav","data":"UklG"},{"media":"document","file":"files/abc"}]}"#,
            #"{"contents":[{"role":"user","parts":[{"inlineData":{"mimeType":"image\/png","data":"AA+/"}},{"fileData":{"mimeType":"image/jpeg","fileUri":"https://x.y/a.JPG?z=.pdf"}},{"fileData":{"fileUri":"https:\/\/x.y\/a"}},{"fileData":{"mimeType":"application/pdf","fileUri":"gs://b/c.pdf"}},{"text":"plain"},{"inlineData":{"mimeType":"audio/wav","data":"UklG"}},{"fileData":{"fileUri":"https://generativelanguage.googleapis.com/v1beta/files/abc"}}]}]}"#,
            notes: "dropped: detail, filename"),
    ])
    func contents(expected: GeminiRequestCase) throws {
        let translated = try translate(expected.request)
        #expect(translated.text == expected.expected)
        #expect(translated.notes == expected.notes)
        #expect(translated.fault == nil)
    }

    @Test("calls and their results", arguments: [
        GeminiRequestCase(
            "text beside calls stays; results carry the name of their call, and come first",
            #"{"parts":[{"text":"q"},{"role":"assistant","text":"let me see"},{"role":"assistant","joins":true,"call":"f","id":"1","args":"{\"a\":\"\\u00e9\"}"},{"role":"assistant","joins":true,"call":"g","id":"2","args":""},{"text":"go on"},{"result":"2","error":true},{"text":"bad","inResult":true,"joins":true},{"result":"1"},{"text":"{\"b\":12345678901234567890}","inResult":true,"joins":true}]}"#,
            #"{"contents":[{"role":"user","parts":[{"text":"q"}]},{"role":"model","parts":[{"text":"let me see"},{"functionCall":{"id":"1","name":"f","args":{"a":"\u00e9"}}},{"functionCall":{"id":"2","name":"g","args":{}}}]},{"role":"user","parts":[{"functionResponse":{"id":"2","name":"g","response":{"error":"bad"}}},{"functionResponse":{"id":"1","name":"f","response":{"output":"{\"b\":12345678901234567890}"}}},{"text":"go on"}]}]}"#),
        GeminiRequestCase(
            "a result of several texts, of none, and of a name alone",
            #"{"parts":[{"role":"assistant","call":"f","id":"1","args":{}},{"role":"assistant","call":"g","args":{"x":[1]}},{"result":"1"},{"text":"a","inResult":true},{"media":"document","content":"b","inResult":true},{"result":null,"name":"g"}]}"#,
            #"{"contents":[{"role":"model","parts":[{"functionCall":{"id":"1","name":"f","args":{}}},{"functionCall":{"name":"g","args":{"x":[1]}}}]},{"role":"user","parts":[{"functionResponse":{"id":"1","name":"f","response":{"output":["a","b"]}}},{"functionResponse":{"name":"g","response":{"output":""}}}]}]}"#),
        GeminiRequestCase(
            "a picture in a result goes into the response where the model can see it there",
            #"{"model":"gemini-3-flash","parts":[{"role":"assistant","call":"f","id":"1","args":{},"signature":"sig"},{"result":"1"},{"media":"image","type":"image/png","data":"AA==","inResult":true},{"media":"image","url":"https://x/y.png","inResult":true}]}"#,
            #"{"contents":[{"role":"model","parts":[{"functionCall":{"id":"1","name":"f","args":{}},"thoughtSignature":"sig"}]},{"role":"user","parts":[{"functionResponse":{"id":"1","name":"f","response":{"output":""},"parts":[{"inlineData":{"mimeType":"image/png","data":"AA=="}}]}},{"fileData":{"mimeType":"image/png","fileUri":"https://x/y.png"}}]}]}"#),
        GeminiRequestCase(
            "and after it where it cannot",
            #"{"model":"gemini-2.5-flash","parts":[{"role":"assistant","call":"f","id":"1","args":{}},{"result":"1"},{"media":"image","type":"image/png","data":"AA==","inResult":true}]}"#,
            #"{"contents":[{"role":"model","parts":[{"functionCall":{"id":"1","name":"f","args":{}}}]},{"role":"user","parts":[{"functionResponse":{"id":"1","name":"f","response":{"output":""}}},{"inlineData":{"mimeType":"image/png","data":"AA=="}}]}]}"#),
        GeminiRequestCase(
            "an id escaped in one place is the same id",
            #"{"parts":[{"role":"assistant","call":"f","id":"a\/1","args":{}},{"result":"a/1"}]}"#,
            #"{"contents":[{"role":"model","parts":[{"functionCall":{"id":"a\/1","name":"f","args":{}}}]},{"role":"user","parts":[{"functionResponse":{"id":"a/1","name":"f","response":{"output":""}}}]}]}"#),
    ])
    func calls(expected: GeminiRequestCase) throws {
        let translated = try translate(expected.request)
        #expect(translated.text == expected.expected)
        #expect(translated.notes == expected.notes)
        #expect(translated.fault == nil)
    }

    @Test("thought signatures go back where Gemini put them, and nowhere else", arguments: [
        GeminiRequestCase(
            "to a call by the thinking before it, when the client's dialect has no other place",
            #"{"model":"gemini-3-pro","parts":[{"role":"assistant","thinking":"hm","signature":"sig"},{"role":"assistant","call":"f","id":"1","args":{}},{"role":"assistant","call":"f","id":"2","args":{}}]}"#,
            #"{"contents":[{"role":"model","parts":[{"functionCall":{"id":"1","name":"f","args":{}},"thoughtSignature":"sig"},{"functionCall":{"id":"2","name":"f","args":{}}}]}]}"#),
        GeminiRequestCase(
            "once, when the client sends it in both places",
            #"{"model":"gemini-3-pro","parts":[{"role":"assistant","thinking":"hm","signature":"s"},{"role":"assistant","call":"f","id":"1","args":{},"signature":"s"},{"role":"assistant","thinking":"","signature":"t"},{"role":"assistant","call":"f","id":"2","args":{},"signature":"u"}]}"#,
            #"{"contents":[{"role":"model","parts":[{"functionCall":{"id":"1","name":"f","args":{}},"thoughtSignature":"s"},{"text":"","thoughtSignature":"t"},{"functionCall":{"id":"2","name":"f","args":{}},"thoughtSignature":"u"}]}]}"#),
        GeminiRequestCase(
            "to an empty text, as streams have them, when no call follows",
            #"{"model":"gemini-2.5-pro","parts":[{"role":"assistant","text":"a"},{"role":"assistant","thinking":"","signature":"sig"}]}"#,
            #"{"contents":[{"role":"model","parts":[{"text":"a"},{"text":"","thoughtSignature":"sig"}]}]}"#),
        GeminiRequestCase(
            "Claude's are dropped, as is thinking without any",
            #"{"model":"gemini-2.5-pro","parts":[{"role":"assistant","thinking":"x","signature":"EqQBCgIYAhIM1gbcDa9GJwZA"},{"role":"assistant","thinking":"y"},{"role":"assistant","redacted":"z"},{"role":"assistant","text":"a"}]}"#,
            #"{"contents":[{"role":"model","parts":[{"text":"a"}]}]}"#, notes: "dropped: thinking"),
        GeminiRequestCase(
            "a call of Gemini 3's that lost its own says so, the first of a turn",
            #"{"model":"gemini-3.1-pro-preview","parts":[{"role":"assistant","call":"f","id":"1","args":{}},{"role":"assistant","call":"f","id":"2","args":{}}]}"#,
            #"{"contents":[{"role":"model","parts":[{"functionCall":{"id":"1","name":"f","args":{}},"thoughtSignature":"skip_thought_signature_validator"},{"functionCall":{"id":"2","name":"f","args":{}}}]}]}"#,
            notes: "changed: thought_signature"),
    ])
    func signatures(expected: GeminiRequestCase) throws {
        let translated = try translate(expected.request)
        #expect(translated.text == expected.expected)
        #expect(translated.notes == expected.notes)
    }

    private static let parameterCases: [(String, String, String)] = [
        ("\"given\":{\"max_tokens\":5,\"temperature\":1.70,\"top_p\":0.5,\"top_k\":40}", #""maxOutputTokens":5,"temperature":1.70,"topP":0.5,"topK":40"#, ""),
        (#""given":{"stop":"END"}"#, #""stopSequences":["END"]"#, ""),
        (#""given":{"stop":["a","b\n"]}"#, #""stopSequences":["a","b\n"]"#, ""),
        (#""given":{"stop":[]}"#, "", ""),
        (#""given":{"seed":7,"n":2,"presence_penalty":0.1,"frequency_penalty":-0.2}"#, #""seed":7,"candidateCount":2,"presencePenalty":0.1,"frequencyPenalty":-0.2"#, ""),
        (#""given":{"seed":4294967298,"n":1}"#, #""seed":2"#, "changed: seed"),
        (#""given":{"logprobs":true,"top_logprobs":3}"#, #""responseLogprobs":true,"logprobs":3"#, ""),
        (#""given":{"logprobs":false}"#, "", ""),
        (#""given":{"modalities":["text","image"]}"#, #""responseModalities":["TEXT","IMAGE"]"#, ""),
        (#""given":{"modalities":["text"]}"#, "", ""),
        (#""given":{"user":"u","logit_bias":{},"metadata":{},"verbosity":"low"},"extras":["safety_settings"]"#, "", "dropped: logit_bias, user, metadata, verbosity, safety_settings"),
        (#""format":"json""#, #""responseMimeType":"application/json""#, ""),
        (#""format":{"schema":{"type":"object","additionalProperties":false}}"#,
         #""responseMimeType":"application/json","responseJsonSchema":{"type":"object","additionalProperties":false}"#, ""),
    ]

    @Test("the parameters", arguments: parameterCases)
    func parameters(given: String, expected: String, notes: String) throws {
        let translated = try translate(#"{"model":"gemini-2.5-flash","parts":[{"text":"q"}],"# + given + "}")
        let config = expected.isEmpty ? "" : #","generationConfig":{"# + expected + "}"
        #expect(translated.text == #"{"contents":[{"role":"user","parts":[{"text":"q"}]}]"# + config + "}")
        #expect(translated.notes == notes)
    }

    private static let otherCases: [(String, String, String)] = [
        (#""given":{"service_tier":"flex","store":false}"#, #","serviceTier":"flex","store":false"#, ""),
        (#""given":{"service_tier":"standard_only"}"#, #","serviceTier":"standard""#, ""),
        (#""given":{"service_tier":"auto"}"#, "", ""),
        (#""given":{"service_tier":"scale"}"#, "", "dropped: service_tier"),
        (#""tools":[{"name":"f","description":"d","parameters":{"type":"object","$schema":"x"},"strict":true},{"name":"g","parameters":{}}],"parallel":false"#,
         #","tools":[{"functionDeclarations":[{"name":"f","description":"d","parametersJsonSchema":{"type":"object","$schema":"x"}},{"name":"g"}]}]"#,
         "dropped: strict, parallel_tool_calls"),
        (#""tools":[{"name":"f","strict":true}],"choice":"required","parallel":true"#,
         #","tools":[{"functionDeclarations":[{"name":"f"}]}],"toolConfig":{"functionCallingConfig":{"mode":"ANY"}}"#, ""),
        (#""tools":[{"name":"f","cache":{}}],"choice":{"name":"f"}"#,
         #","tools":[{"functionDeclarations":[{"name":"f"}]}],"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f"]}}"#,
         "dropped: cache_control"),
        (#""tools":[{"name":"f"}],"choice":"none""#, #","tools":[{"functionDeclarations":[{"name":"f"}]}],"toolConfig":{"functionCallingConfig":{"mode":"NONE"}}"#, ""),
        (#""tools":[{"name":"f"}],"choice":"auto""#, #","tools":[{"functionDeclarations":[{"name":"f"}]}],"toolConfig":{"functionCallingConfig":{"mode":"AUTO"}}"#, ""),
        (#""choice":"none""#, "", ""),
    ]

    @Test("members beside the configuration", arguments: otherCases)
    func otherMembers(given: String, expected: String, notes: String) throws {
        let translated = try translate(#"{"parts":[{"text":"q"}],"# + given + "}")
        #expect(translated.text == #"{"contents":[{"role":"user","parts":[{"text":"q"}]}]"# + expected + "}")
        #expect(translated.notes == notes)
    }

    private static let thinkingCases: [(String, String, String, Bool)] = [
        ("gemini-3-pro-preview", #""minimal""#, #""thinkingLevel":"LOW""#, true), ("gemini-3-pro-preview", #""medium""#, #""thinkingLevel":"HIGH""#, true),
        ("gemini-3.1-pro", #""medium""#, #""thinkingLevel":"MEDIUM""#, false), ("gemini-3-flash", #""minimal""#, #""thinkingLevel":"MINIMAL""#, false),
        ("models/gemini-3-flash", #""off""#, #""thinkingLevel":"MINIMAL""#, true), ("gemini-3.8-flash", #""off""#, #""thinkingLevel":"LOW""#, true),
        ("gemini-3-flash", #""max""#, #""thinkingLevel":"HIGH""#, true), ("gemini-3-flash", "2048", #""thinkingBudget":2048,"includeThoughts":true"#, false),
        ("gemini-3-flash", #""adaptive""#, #""includeThoughts":true"#, false), ("gemini-2.5-flash", #""low""#, #""thinkingBudget":1024"#, false),
        ("gemini-2.5-flash", #""high""#, #""thinkingBudget":24576"#, false), ("gemini-2.5-flash", #""xhigh""#, #""thinkingBudget":24576"#, true),
        ("gemini-2.5-flash", #""off""#, #""thinkingBudget":0"#, false), ("gemini-2.5-pro", #""off""#, #""thinkingBudget":128"#, true),
        ("gemini-2.5-pro", "100000", #""thinkingBudget":32768,"includeThoughts":true"#, true),
        ("gemini-2.5-flash-lite", "100", #""thinkingBudget":512,"includeThoughts":true"#, true),
        ("gemini-flash-latest", #""adaptive""#, #""thinkingBudget":-1,"includeThoughts":true"#, false),
    ]

    @Test("thinking is asked for as the model's family takes it", arguments: thinkingCases)
    func thinking(model: String, reasoning: String, expected: String, isChanged: Bool) throws {
        let translated = try translate(#"{"model":"\#(model)","parts":[{"text":"q"}],"reasoning":\#(reasoning)}"#)
        #expect(translated.text == #"{"contents":[{"role":"user","parts":[{"text":"q"}]}],"generationConfig":{"thinkingConfig":{"# + expected + "}}}")
        #expect(translated.notes == (isChanged ? "changed: reasoning_effort" : ""))
    }

    @Test("a model that does not think is not told to, and the client is", arguments: ["gemini-2.0-flash", "gemma-3-27b", "gemini-2.5-flash-image", "x"])
    func modelsWithoutThinking(model: String) throws {
        #expect(try translate(#"{"model":"\#(model)","parts":[{"text":"q"}],"reasoning":"high"}"#).notes == "dropped: reasoning_effort")
        #expect(try translate(#"{"model":"\#(model)","parts":[{"text":"q"}],"reasoning":"off"}"#).notes == "")
    }

    private static let faultCases: [(String, String)] = [
        (#"{"parts":[]}"#, "invalid messages"), (#"{"parts":[{"text":""}]}"#, "invalid messages"),
        (#"{"parts":[{"role":"system","media":"image","type":"image/png","data":"AA=="},{"text":"q"}]}"#, "unsupported messages[0].content[0]"),
        (#"{"parts":[{"text":"q"},{"text":"a"},{"media":"image","url":"ftp://x","joins":true}]}"#, "invalid messages[1].content[1]"),
        (#"{"parts":[{"media":"image","type":"","data":"AA=="}]}"#, "invalid messages[0].content[0]"),
        (#"{"parts":[{"media":"document","file":"file-123"}]}"#, "unsupported messages[0].content[0]"),
        (#"{"parts":[{"role":"assistant","call":"f","id":"1","args":"[1]"}]}"#, "invalid messages[0].content[0]"),
        (#"{"parts":[{"role":"assistant","call":"f","id":"1","args":"{"}]}"#, "invalid messages[0].content[0]"),
        (#"{"parts":[{"role":"assistant","call":"f","id":"1","args":[1]}]}"#, "invalid messages[0].content[0]"),
        (#"{"parts":[{"role":"assistant","call":"f","id":"1","args":{}},{"result":"2"}]}"#, "invalid messages[1].content[0]"),
        (#"{"parts":[{"text":"q"},{"result":"1"}]}"#, "invalid messages[1].content[0]"),
        (#"{"parts":[{"role":"assistant","result":"1"}]}"#, "invalid messages[0].content[0]"),
        (#"{"parts":[{"call":"f","id":"1","args":{}}]}"#, "invalid messages[0].content[0]"),
        (#"{"parts":[{"text":"q"}],"given":{"temperature":"1"}}"#, "invalid temperature"), (#"{"parts":[{"text":"q"}],"given":{"max_tokens":1.5}}"#, "invalid max_tokens"),
        (#"{"parts":[{"text":"q"}],"given":{"stop":["1","2","3","4","5","6"]}}"#, "unsupported stop"),
        (#"{"parts":[{"text":"q"}],"given":{"stop":[1]}}"#, "invalid stop"), (#"{"parts":[{"text":"q"}],"given":{"n":0}}"#, "invalid n"),
        (#"{"parts":[{"text":"q"}],"given":{"top_logprobs":2}}"#, "invalid top_logprobs"),
        (#"{"parts":[{"text":"q"}],"given":{"modalities":["audio"]}}"#, "unsupported modalities"),
        (#"{"parts":[{"text":"q"}],"choice":"required"}"#, "invalid tool_choice"),
        (#"{"parts":[{"text":"q"}],"tools":[{"name":"f","parameters":[]}]}"#, "invalid tools[0]"),
    ]

    @Test("what cannot be carried over is refused, and where it stands is said", arguments: faultCases)
    func faults(request: String, expected: String) throws {
        #expect(try translate(request).fault == expected)
    }

    @Test("a result is looked up in a turn of so many calls, and no more", arguments: [0, 1])
    func longTurns(excess: Int) throws {
        let count = Limits.geminiTurnCallCount + excess
        let calls = (0..<count).map { #"{"role":"assistant","call":"f","id":"i\#($0)","args":{}}"# }.joined(separator: ",")
        let translated = try translate(#"{"parts":[{"text":"q"},\#(calls),{"result":"i\#(count - 1)"}]}"#)
        #expect((translated.fault == nil) == (excess == 0), "\(translated.fault ?? "taken")")
    }

    @Test("a body that does not fit is written the same with more memory")
    func overflow() throws {
        let text = #"{"parts":[{"text":"q"},{"role":"assistant","call":"f","id":"1","args":"{\"a\":[1,2,3]}"},{"result":"1"}],"given":{"temperature":1}}"#
        let whole = try translate(text).text
        try withJSON(text) { value in
            for capacity in 0..<whole.utf8.count {
                var request = NormalForm.request(value)
                var notes = TranslationNotes()
                let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: max(capacity, 1))
                defer { memory.deallocate() }
                var writer = ByteWriter(memory, capacity: capacity)
                try GeminiRequest.write(&request, RequestOptions(), to: &writer, &notes)
                #expect(writer.overflowed)
            }
        }
    }
}
