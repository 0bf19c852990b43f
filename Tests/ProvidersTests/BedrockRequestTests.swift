import Bytes
import JSON
import Testing

@testable import Providers

/// A request in nobody's dialect, and what Converse is to get of it.
struct BedrockRequestCase: CustomTestStringConvertible {
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

@Suite("Bedrock requests")
struct BedrockRequestTests {
    private static let claude = "anthropic.claude-sonnet-4-5-20250929-v1:0"
    private static let question = #""parts":[{"text":"q"}]"#
    private static let messages = #""messages":[{"role":"user","content":[{"text":"q"}]}]"#

    private func translate(_ request: String) throws -> Translated {
        try withJSON(request) { value in
            var request = NormalForm.request(value)
            if request.model == nil { request.model = JSONString(content: ByteSlice("anthropic.claude-sonnet-4-5-20250929-v1:0"), hasEscapes: false) }
            return try Translated { try BedrockRequest.write(&request, RequestOptions(), to: &$0, &$1) }
        }
    }

    private func check(_ expected: BedrockRequestCase) throws {
        let translated = try translate(expected.request)
        #expect(translated.text == expected.expected)
        #expect(translated.notes == expected.notes)
        #expect(translated.fault == nil)
    }

    @Test("what was said becomes messages, in turns", arguments: [
        BedrockRequestCase(
            "all system words in order, wherever they stood",
            #"{"parts":[{"role":"system","text":"a"},{"text":"hi"},{"role":"system","text":"b\n"},{"role":"assistant","text":"yo"}]}"#,
            #"{"messages":[{"role":"user","content":[{"text":"hi"}]},{"role":"assistant","content":[{"text":"yo"}]}],"system":[{"text":"a"},{"text":"b\n"}]}"#),
        BedrockRequestCase(
            "neighbours of one role are one turn, and blank texts none",
            #"{"parts":[{"text":"a"},{"text":"b","joins":true},{"role":"assistant","text":" \n"},{"text":"c"},{"role":"assistant","refusal":"no"}]}"#,
            #"{"messages":[{"role":"user","content":[{"text":"a"},{"text":"b"},{"text":"c"}]},{"role":"assistant","content":[{"text":"no"}]}]}"#),
        BedrockRequestCase(
            "the user speaks first",
            #"{"parts":[{"role":"assistant","text":"a"}]}"#,
            #"{"messages":[{"role":"user","content":[{"text":"."}]},{"role":"assistant","content":[{"text":"a"}]}]}"#, notes: "changed: messages"),
        BedrockRequestCase(
            "system words alone need a user",
            #"{"parts":[{"role":"system","text":"a"}]}"#, #"{"messages":[{"role":"user","content":[{"text":"."}]}],"system":[{"text":"a"}]}"#,
            notes: "changed: messages"),
        BedrockRequestCase(
            "thinking goes first in its message, with its signature; without one it is another provider's",
            #"{"parts":[{"text":"q"},{"role":"assistant","text":"a"},{"role":"assistant","joins":true,"thinking":"t","signature":"s"},{"role":"assistant","joins":true,"redacted":"AA=="},{"role":"assistant","joins":true,"thinking":"u"}]}"#,
            #"{"messages":[{"role":"user","content":[{"text":"q"}]},{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"t","signature":"s"}}},{"reasoningContent":{"redactedContent":"AA=="}},{"text":"a"}]}]}"#,
            notes: "dropped: thinking"),
    ])
    func conversation(expected: BedrockRequestCase) throws { try check(expected) }

    @Test("media: pictures, documents, films and recordings, inline and in S3", arguments: [
        BedrockRequestCase(
            "pictures", #"{"parts":[{"media":"image","type":"image\/png","data":"AA+/"},{"media":"image","type":"image/jpg","data":"AA==","detail":"low"},{"media":"image","url":"s3:\/\/b\/c.WEBP"}]}"#,
            #"{"messages":[{"role":"user","content":[{"image":{"format":"png","source":{"bytes":"AA+/"}}},{"image":{"format":"jpeg","source":{"bytes":"AA=="}}},{"image":{"format":"webp","source":{"s3Location":{"uri":"s3:\/\/b\/c.WEBP"}}}}]}]}"#,
            notes: "dropped: detail"),
        BedrockRequestCase(
            "documents have names of their own, and a text beside them",
            #"{"parts":[{"text":"q"},{"media":"document","type":"application/pdf","data":"AA==","title":"Q3 report"},{"media":"document","content":"plain"},{"media":"document","type":"text/x-log","data":"AA=="},{"media":"document","url":"s3://b/t.csv"}]}"#,
            #"{"messages":[{"role":"user","content":[{"text":"q"},{"document":{"format":"pdf","name":"document-1 (Q3 report)","source":{"bytes":"AA=="}}},{"document":{"format":"txt","name":"document-2","source":{"text":"plain"}}},{"document":{"format":"txt","name":"document-3","source":{"bytes":"AA=="}}},{"document":{"format":"csv","name":"document-4","source":{"s3Location":{"uri":"s3://b/t.csv"}}}}]}]}"#),
        BedrockRequestCase(
            "a document alone gets a text, and a name Converse takes",
            #"{"parts":[{"media":"document","data":"AA==","title":"../x  y.pdf"}]}"#,
            #"{"messages":[{"role":"user","content":[{"text":"."},{"document":{"format":"pdf","name":"document-1 (---x -y-pdf)","source":{"bytes":"AA=="}}}]}]}"#,
            notes: "changed: messages, filename"),
        BedrockRequestCase(
            "films and recordings",
            #"{"parts":[{"media":"document","type":"video/quicktime","data":"AA=="},{"text":"q"},{"media":"audio","type":"audio/mpeg","data":"AA=="}]}"#,
            #"{"messages":[{"role":"user","content":[{"video":{"format":"mov","source":{"bytes":"AA=="}}},{"text":"q"},{"audio":{"format":"mp3","source":{"bytes":"AA=="}}}]}]}"#),
    ])
    func media(expected: BedrockRequestCase) throws { try check(expected) }

    @Test("calls and their results", arguments: [
        BedrockRequestCase(
            "parallel calls; results come first, and say when they failed",
            #"{"parts":[{"text":"q"},{"role":"assistant","text":"let me see"},{"role":"assistant","joins":true,"call":"f","id":"1","args":"{\"a\":\"\\u00e9\"}"},{"role":"assistant","joins":true,"call":"g","id":"2","args":""},{"text":"go on"},{"result":"2","error":true},{"text":"bad","inResult":true,"joins":true},{"result":"1"},{"text":"12345678901234567890","inResult":true,"joins":true}],"tools":[{"name":"f","description":"d","parameters":{"type":"object"}},{"name":"g","description":""}]}"#,
            #"{"messages":[{"role":"user","content":[{"text":"q"}]},{"role":"assistant","content":[{"text":"let me see"},{"toolUse":{"toolUseId":"1","name":"f","input":{"a":"\u00e9"}}},{"toolUse":{"toolUseId":"2","name":"g","input":{}}}]},{"role":"user","content":[{"toolResult":{"toolUseId":"2","content":[{"text":"bad"}],"status":"error"}},{"toolResult":{"toolUseId":"1","content":[{"text":"12345678901234567890"}]}},{"text":"go on"}]}],"toolConfig":{"tools":[{"toolSpec":{"name":"f","description":"d","inputSchema":{"json":{"type":"object"}}}},{"toolSpec":{"name":"g","inputSchema":{"json":{"type":"object","properties":{}}}}}]}}"#),
        BedrockRequestCase(
            "ids are cut and spelled as Converse takes them, calls and results alike; a picture stands in its result",
            #"{"parts":[{"text":"q"},{"role":"assistant","call":"f","id":"a|b/0123456789012345678901234567890123456789012345678901234567890123","args":{}},{"role":"assistant","joins":true,"call":"f","args":{"x":1}},{"result":"a|b/0123456789012345678901234567890123456789012345678901234567890123"},{"media":"image","type":"image/gif","data":"AA==","inResult":true},{"result":null}],"tools":[{"name":"f","parameters":{}}]}"#,
            #"{"messages":[{"role":"user","content":[{"text":"q"}]},{"role":"assistant","content":[{"toolUse":{"toolUseId":"0123456789012345678901234567890123456789012345678901234567890123","name":"f","input":{}}},{"toolUse":{"toolUseId":"call_0","name":"f","input":{"x":1}}}]},{"role":"user","content":[{"toolResult":{"toolUseId":"0123456789012345678901234567890123456789012345678901234567890123","content":[{"image":{"format":"gif","source":{"bytes":"AA=="}}}]}},{"toolResult":{"toolUseId":"call_0","content":[]}}]}],"toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{"type":"object"}}}}]}}"#),
    ])
    func calls(expected: BedrockRequestCase) throws { try check(expected) }

    @Test("the choice of tools", arguments: [
        (#""auto""#, #","toolChoice":{"auto":{}}"#, ""), (#""required""#, #","toolChoice":{"any":{}}"#, ""),
        (#"{"name":"f"}"#, #","toolChoice":{"tool":{"name":"f"}}"#, ""),
    ])
    func choices(choice: String, expected: String, notes: String) throws {
        let tools = #""toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{"type":"object"}},"strict":true}}]"#
        let request = #"{\#(Self.question),"tools":[{"name":"f","parameters":{"type":"object"},"strict":true}],"choice":\#(choice),"parallel":true}"#
        #expect(try translate(request).text == "{\(Self.messages),\(tools)\(expected)}}")
        #expect(try translate(request).notes == notes)
    }

    @Test("no calls are had by no tools, and told as not honoured where the conversation needs them")
    func noCalls() throws {
        let plain = try translate(#"{\#(Self.question),"tools":[{"name":"f"}],"choice":"none","parallel":false}"#)
        #expect(plain.text == "{\(Self.messages)}")
        #expect(plain.notes.isEmpty)
        let inLoop = try translate(
            #"{"parts":[{"text":"q"},{"role":"assistant","call":"f","id":"1","args":{}},{"result":"1"}],"tools":[{"name":"f"}],"choice":"none"}"#)
        #expect(inLoop.text.contains("toolConfig") && !inLoop.text.contains("toolChoice"))
        #expect(inLoop.notes == "dropped: tool_choice")
        #expect(try translate(#"{\#(Self.question),"choice":"required"}"#).fault == "invalid tool_choice")
    }

    @Test("marks of the prompt cache become points behind what bears them", arguments: [
        BedrockRequestCase(
            "for Claude: in system, messages, results and tools, with their time to live",
            #"{"parts":[{"role":"system","text":"s","cache":{"type":"ephemeral","ttl":"1h"}},{"text":"q","cache":{"type":"ephemeral"}},{"role":"assistant","call":"f","id":"1","args":{}},{"result":"1"},{"text":"r","inResult":true,"cache":{"type":"ephemeral"}}],"tools":[{"name":"f","parameters":{"type":"object"},"cache":{"type":"ephemeral"}}]}"#,
            #"{"messages":[{"role":"user","content":[{"text":"q"},{"cachePoint":{"type":"default"}}]},{"role":"assistant","content":[{"toolUse":{"toolUseId":"1","name":"f","input":{}}}]},{"role":"user","content":[{"toolResult":{"toolUseId":"1","content":[{"text":"r"}]}},{"cachePoint":{"type":"default"}}]}],"system":[{"text":"s"},{"cachePoint":{"type":"default","ttl":"1h"}}],"toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{"type":"object"}}}},{"cachePoint":{"type":"default"}}]}}"#),
        BedrockRequestCase(
            "for Nova: not among tools",
            #"{"model":"us.amazon.nova-pro-v1:0","parts":[{"text":"q","cache":{}}],"tools":[{"name":"f","parameters":{"type":"object"},"cache":{}}]}"#,
            #"{"messages":[{"role":"user","content":[{"text":"q"},{"cachePoint":{"type":"default"}}]}],"toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{"type":"object"}}}}]}}"#,
            notes: "dropped: cache_control"),
        BedrockRequestCase(
            "for Llama: nowhere", #"{"model":"meta.llama3-3-70b-instruct-v1:0","parts":[{"text":"q","cache":{}}]}"#,
            #"{"messages":[{"role":"user","content":[{"text":"q"}]}]}"#, notes: "dropped: cache_control"),
    ])
    func cachePoints(expected: BedrockRequestCase) throws { try check(expected) }

    @Test("sampling, limits, stops, tiers, and what has no place", arguments: [
        BedrockRequestCase(
            "the inference parameters all models have",
            #"{"model":"mistral.mistral-large-2407-v1:0",\#(question),"given":{"max_tokens":50,"temperature":1.7,"top_p":0.5,"stop":["a"," ",""],"top_k":5,"service_tier":"flex"}}"#,
            #"{\#(messages),"inferenceConfig":{"maxTokens":50,"temperature":1,"topP":0.5,"stopSequences":["a"," "]},"serviceTier":{"type":"flex"},"additionalModelRequestFields":{"top_k":5}}"#,
            notes: "changed: temperature, stop"),
        BedrockRequestCase(
            "Claude says which sequence came when asked; it takes no blank one, and not both of temperature and top_p",
            #"{\#(question),"given":{"temperature":0.2,"top_p":0.9,"stop":[" ","x"],"top_k":3}}"#,
            #"{\#(messages),"inferenceConfig":{"temperature":0.2,"stopSequences":["x"]},"additionalModelRequestFields":{"top_k":3},"additionalModelResponseFieldPaths":["/stop_sequence"]}"#,
            notes: "dropped: top_p; changed: stop"),
        BedrockRequestCase(
            "Nova's and Cohere's own words for top_k", #"{"model":"amazon.nova-lite-v1:0",\#(question),"given":{"top_k":20,"stop":"x"}}"#,
            #"{\#(messages),"inferenceConfig":{"stopSequences":["x"]},"additionalModelRequestFields":{"inferenceConfig":{"topK":20}}}"#),
        BedrockRequestCase(
            "what Converse has nothing like",
            #"{\#(question),"given":{"seed":1,"n":2,"logit_bias":{"1":2},"user":"u","metadata":{"a":"b"},"service_tier":"scale"},"extras":["x"]}"#,
            #"{\#(messages)}"#, notes: "dropped: seed, n, logit_bias, user, metadata, service_tier, x"),
        BedrockRequestCase("what happens anyway", #"{\#(question),"given":{"n":1,"logprobs":false,"service_tier":"auto","frequency_penalty":0}}"#, #"{\#(messages)}"#),
    ])
    func parameters(expected: BedrockRequestCase) throws { try check(expected) }

    @Test("thinking, as each family takes it", arguments: [
        BedrockRequestCase(
            "a budget; temperature and top_k have no place beside it",
            #"{\#(question),"reasoning":2048,"given":{"max_tokens":8000,"temperature":0.5,"top_k":5}}"#,
            #"{\#(messages),"inferenceConfig":{"maxTokens":8000},"additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":2048}}}"#,
            notes: "dropped: temperature, top_k"),
        BedrockRequestCase(
            "without a limit none is sent",
            #"{\#(question),"reasoning":"high"}"#,
            #"{\#(messages),"additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":16384}}}"#),
        BedrockRequestCase(
            "a limit too small for a budget is raised, and said so",
            #"{\#(question),"reasoning":1024,"given":{"max_tokens":500}}"#,
            #"{\#(messages),"inferenceConfig":{"maxTokens":1524},"additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":1024}}}"#,
            notes: "changed: max_tokens"),
        BedrockRequestCase(
            "newer Claudes adapt, and take an effort",
            #"{"model":"global.anthropic.claude-opus-4-6-v1",\#(question),"reasoning":"medium"}"#,
            #"{\#(messages),"outputConfig":{"effort":"medium"},"additionalModelRequestFields":{"thinking":{"type":"adaptive"}}}"#),
        BedrockRequestCase(
            "older ones cannot", #"{"model":"anthropic.claude-v2:1",\#(question),"reasoning":"high"}"#, #"{\#(messages)}"#, notes: "dropped: reasoning_effort"),
        BedrockRequestCase(
            "gpt-oss", #"{"model":"openai.gpt-oss-120b-1:0",\#(question),"reasoning":"minimal"}"#,
            #"{\#(messages),"additionalModelRequestFields":{"reasoning_effort":"low"}}"#, notes: "changed: reasoning_effort"),
        BedrockRequestCase(
            "Nova 2", #"{"model":"us.amazon.nova-2-lite-v1:0",\#(question),"reasoning":"low","given":{"max_tokens":9}}"#,
            #"{\#(messages),"inferenceConfig":{"maxTokens":9},"additionalModelRequestFields":{"reasoningConfig":{"type":"enabled","maxReasoningEffort":"low"}}}"#),
        BedrockRequestCase(
            "Nova 2's highest effort takes no bounds beside it",
            #"{"model":"us.amazon.nova-2-lite-v1:0",\#(question),"reasoning":"high","given":{"max_tokens":9,"temperature":0.5}}"#,
            #"{\#(messages),"additionalModelRequestFields":{"reasoningConfig":{"type":"enabled","maxReasoningEffort":"high"}}}"#,
            notes: "dropped: max_tokens, temperature"),
        BedrockRequestCase("who does not think has nothing to say of it", #"{"model":"meta.llama3",\#(question),"reasoning":"high"}"#, #"{\#(messages)}"#, notes: "dropped: reasoning_effort"),
    ])
    func thinking(expected: BedrockRequestCase) throws { try check(expected) }

    @Test("structured outputs: the schema is a string", arguments: [
        BedrockRequestCase(
            "Claude's", #"{\#(question),"format":{"schema":{"type":"object","a":"\""}}}"#,
            #"{\#(messages),"outputConfig":{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"schema":"{\"type\":\"object\",\"a\":\"\\\"\"}"}}}}}"#),
        BedrockRequestCase("Llama has none", #"{"model":"meta.llama3",\#(question),"format":{"schema":{}}}"#, #"{\#(messages)}"#, notes: "dropped: response_format"),
        BedrockRequestCase("nobody has any JSON", #"{\#(question),"format":"json"}"#, #"{\#(messages)}"#, notes: "dropped: response_format"),
    ])
    func formats(expected: BedrockRequestCase) throws { try check(expected) }

    @Test("Converse's own members pass from a client of another dialect, and what it wrote counts")
    func own() throws {
        let body = """
            {"model":"anthropic.claude-sonnet-4-5","messages":[{"role":"user","content":"q"}],"guardrail_config":{"guardrailIdentifier":"g"},
            "performanceConfig":{"latency":"optimized"},"reasoning_effort":"high",
            "additionalModelRequestFields":{"thinking":{"type":"disabled"},"anthropic_beta":["x"]},"additionalModelResponseFieldPaths":["/y"]}
            """
        let translated = try withJSON(body) { value in
            var request = ChatRequest()
            try OpenAIRequest.read(value, into: &request)
            return try Translated { try BedrockRequest.write(&request, RequestOptions(), to: &$0, &$1) }
        }
        #expect(
            translated.text
                == #"{\#(Self.messages),"additionalModelRequestFields":{"thinking":{"type":"disabled"},"anthropic_beta":["x"]},"additionalModelResponseFieldPaths":["/y"],"guardrailConfig":{"guardrailIdentifier":"g"},"performanceConfig":{"latency":"optimized"}}"#)
        #expect(translated.notes.isEmpty)
    }

    @Test("what Converse could make nothing of is refused where it stands", arguments: [
        (#"{"parts":[]}"#, "invalid messages"),
        (#"{"parts":[{"media":"image","url":"https://x.y/a.png"}]}"#, "unsupported messages[0].content[0]"),
        (#"{"parts":[{"text":"q"},{"media":"image","joins":true,"type":"image/tiff","data":"AA=="}]}"#, "unsupported messages[0].content[1]"),
        (#"{"parts":[{"media":"image","url":"s3://b/c"}]}"#, "unsupported messages[0].content[0]"),
        (#"{"parts":[{"media":"document","file":"file-1"}]}"#, "unsupported messages[0].content[0]"),
        (#"{"parts":[{"role":"assistant","media":"image","type":"image/png","data":"AA=="}]}"#, "unsupported messages[0].content[0]"),
        (#"{"parts":[{"role":"assistant","call":"f","args":"[1]"}]}"#, "invalid messages[0].content[0]"),
        (#"{"parts":[{"text":"q"}],"tools":[{"name":"f","parameters":1}]}"#, "invalid tools[0]"),
        (#"{"parts":[{"text":"q"}],"given":{"max_tokens":0}}"#, "invalid max_tokens"),
        (#"{"parts":[{"text":"q"}],"given":{"stop":[1]}}"#, "invalid stop"),
        (#"{"parts":[{"text":"q"}],"given":{"stop":{}}}"#, "invalid stop"),
    ])
    func faults(request: String, fault: String) throws { #expect(try translate(request).fault == fault) }

    @Test("stop sequences up to Converse's limit, and not one more")
    func stopLimit() throws {
        func stops(_ count: Int) -> String { #"{\#(Self.question),"given":{"stop":[\#(Array(repeating: #""x""#, count: count).joined(separator: ","))]}}"# }
        #expect(try translate(stops(Limits.bedrockStopCount)).fault == nil)
        #expect(try translate(stops(Limits.bedrockStopCount + 1)).fault == "unsupported stop")
    }

    @Test("a model's id is one segment of the path, whatever it holds", arguments: [
        ("anthropic.claude-3-5-sonnet-20241022-v2:0", "/model/anthropic.claude-3-5-sonnet-20241022-v2%3A0/converse"),
        (
            "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-3-haiku",
            "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fus.anthropic.claude-3-haiku/converse"
        ),
        (#"arn:aws:bedrock:us-east-1::foundation-model\/x"#, "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A%3Afoundation-model%2Fx/converse"),
        ("a?b#c d%2F\u{E9}", "/model/a%3Fb%23c%20d%252F%C3%A9/converse"),
        ("", "refused"), ("..", "refused"), ("a/../b", "refused"), ("a\\\\..\\\\b", "refused"), (#"a\u0000b"#, "refused"), (#"a\nb"#, "refused"),
    ])
    func paths(model: String, expected: String) throws {
        let path = try withJSON("\"\(model)\"") { value in
            let model = try #require(value.string)
            return written { if !BedrockPath.write(model: model, verb: .converse, to: &$0) { $0.append("refused") } }
        }
        #expect(path == expected)
    }

    @Test("an id up to the limit is one, and a byte more is not")
    func pathLimit() {
        for (count, isWritten) in [(Limits.bedrockModelByteCount, true), (Limits.bedrockModelByteCount + 1, false)] {
            withBytes(String(repeating: "a", count: count)) { name in
                _ = written { #expect(BedrockPath.write(model: JSONString(content: name, hasEscapes: false), verb: .converse, to: &$0) == isWritten) }
            }
        }
    }

    @Test("of a file's name so many bytes are shown, and of a call's id as many as Converse takes")
    func nameLimits() throws {
        for (count, notes) in [(Limits.bedrockDocumentNameByteCount, ""), (Limits.bedrockDocumentNameByteCount + 1, "changed: filename")] {
            let title = String(repeating: "a", count: count)
            let translated = try translate(#"{"parts":[{"text":"q"},{"media":"document","type":"application/pdf","data":"AA==","title":"\#(title)"}]}"#)
            #expect(translated.text.contains("(\(title.prefix(Limits.bedrockDocumentNameByteCount)))") && translated.notes == notes)
        }
        for count in [Limits.bedrockCallIDByteCount, Limits.bedrockCallIDByteCount + 1] {
            let id = (0..<count).map { "\($0 % 10)" }.joined()
            let translated = try translate(#"{"parts":[{"text":"q"},{"role":"assistant","call":"f","id":"\#(id)","args":{}}],"tools":[{"name":"f"}]}"#)
            #expect(translated.text.contains(#""toolUseId":"\#(id.suffix(Limits.bedrockCallIDByteCount))""#))
        }
    }

    @Test("a region's host, and nobody else's", arguments: [
        ("us-east-1", "bedrock-runtime.us-east-1.amazonaws.com"), ("cn-north-1", "bedrock-runtime.cn-north-1.amazonaws.com.cn"),
        ("eusc-de-east-1", "bedrock-runtime.eusc-de-east-1.amazonaws.eu"), ("", nil), ("evil.example/", nil), ("a.b", nil), ("US-EAST-1", nil),
        ("-a", nil), ("a-", nil), ("a@b", nil), ("a#", nil),
    ] as [(String, String?)])
    func hosts(region: String, host: String?) { #expect(BedrockPath.host(ofRegion: region) == host) }

    @Test("the longest region's name is one, and a byte more is not")
    func regionLimit() {
        #expect(BedrockPath.host(ofRegion: String(repeating: "a", count: Limits.regionByteCount)) != nil)
        #expect(BedrockPath.host(ofRegion: String(repeating: "a", count: Limits.regionByteCount + 1)) == nil)
    }

    @Test("a count of tokens asks with the same conversation")
    func countTokens() throws {
        let body = #"{"model":"anthropic.claude-haiku-4-5","system":"s","messages":[{"role":"user","content":"q"}]}"#
        let translated = try withJSON(body) { value in
            var request = ChatRequest()
            try AnthropicRequest.read(value, into: &request, requiresMaxTokens: false)
            return try Translated { try BedrockCountTokens.write(&request, to: &$0, &$1) }
        }
        #expect(translated.text == #"{"input":{"converse":{\#(Self.messages),"system":[{"text":"s"}]}}}"#)
        let answer = try withJSON(#"{"inputTokens":7}"#) { value in try Translated { writer, _ in try BedrockCountTokens.writeAnswer(value, to: &writer) } }
        #expect(answer.text == #"{"input_tokens":7}"#)
        #expect(try withJSON(#"{"inputTokens":-1}"#) { value in try Translated { writer, _ in try BedrockCountTokens.writeAnswer(value, to: &writer) } }.fault != nil)
    }
}
