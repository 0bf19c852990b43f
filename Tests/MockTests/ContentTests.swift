import Bytes
import JSON
import Mock
import Testing

/// The endpoints that generate answers, each with a body for a model and with what makes it a stream.
enum Speaker: String, CaseIterable, Sendable {
    case chat, azure, messages, responses, gemini

    /// Asks for what `script` says; `more` are further members of the body.
    func ask(_ client: TestClient, _ script: String, streams: Bool = false, more: String = "") -> TestClient.Answer {
        let stream = streams ? #","stream":true"# : ""
        let turns = #""messages":[{"role":"user","content":"hi"}]"#
        let encoded = script.replacing("%", with: "%25").replacing("?", with: "%3F").replacing("/", with: "%2F")
        switch self {
        case .chat: client.post("/v1/chat/completions", #"{"model":"\#(script)",\#(turns)\#(stream)\#(more)}"#)
        case .azure:
            client.post("/openai/deployments/\(encoded)/chat/completions?api-version=1", #"{\#(turns)\#(stream)\#(more)}"#, fields: "api-key: k\r\n")
        case .messages:
            client.post(
                "/v1/messages", #"{"model":"\#(script)","max_tokens":4096,\#(turns)\#(stream)\#(more)}"#,
                fields: "anthropic-version: 2023-06-01\r\n")
        case .responses: client.post("/v1/responses", #"{"model":"\#(script)","input":"hi"\#(stream)\#(more)}"#)
        case .gemini:
            client.post(
                "/v1beta/models/\(encoded):" + (streams ? "streamGenerateContent?alt=sse" : "generateContent"),
                #"{"contents":[{"role":"user","parts":[{"text":"hi"}]}]\#(more)}"#, fields: "x-goog-api-key: k\r\n")
        }
        return client.answer()
    }

    /// Two functions as the dialect declares them.
    var tools: String {
        let schema = #"{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"array","items":{"type":"integer"}}},"required":["city","days"]}"#
        let names = ["f", "g"]
        let list =
            switch self {
            case .chat, .azure: names.map { #"{"type":"function","function":{"name":"\#($0)","parameters":\#(schema)}}"# }
            case .messages: names.map { #"{"name":"\#($0)","input_schema":\#(schema)}"# }
            case .responses: names.map { #"{"type":"function","name":"\#($0)","parameters":\#(schema),"strict":false}"# }
            case .gemini:
                [#"{"functionDeclarations":[\#(names.map { #"{"name":"\#($0)","parametersJsonSchema":\#(schema)}"# }.joined(separator: ","))]}"#]
            }
        return #","tools":[\#(list.joined(separator: ","))]"#
    }

    /// The member that asks for JSON of a schema.
    func format(_ schema: String) -> String {
        switch self {
        case .chat, .azure: #","response_format":{"type":"json_schema","json_schema":{"name":"x","schema":\#(schema)}}"#
        case .messages: #","output_config":{"format":{"type":"json_schema","schema":\#(schema)}}"#
        case .responses: #","text":{"format":{"type":"json_schema","name":"x","schema":\#(schema)}}"#
        case .gemini: #","generationConfig":{"responseMimeType":"application/json","responseJsonSchema":\#(schema)}"#
        }
    }
}

@Suite("What answers are made of")
struct ContentTests {
    /// How each dialect writes the third of three calls.
    private static let thirdCalls: [(Speaker, String)] = [
        (.chat, #""type":"function","function":{"name":"f","arguments":"{\"city\":\"mock\",\"days\":[1]}"}}]"#),
        (.azure, #""type":"function","function":{"name":"f","arguments":"{\"city\":\"mock\",\"days\":[1]}"}}]"#),
        (.messages, #""name":"f","input":{"city":"mock","days":[1]}}],"stop_reason":"tool_use""#),
        (.responses, #""name":"f","arguments":"{\"city\":\"mock\",\"days\":[1]}","status":"completed"}],"usage""#),
        (.gemini, #"{"functionCall":{"name":"f","args":{"city":"mock","days":[1]}}}],"role":"model""#),
    ]

    @Test("the tools that the request declares are called in turn, as often as asked", arguments: thirdCalls)
    func toolsAreCalled(_ speaker: Speaker, _ third: String) throws {
        try withServer { server in
            let client = try TestClient(server)
            let body = speaker.ask(client, "mock?tools=3", more: speaker.tools).body
            #expect(body.contains(third), "\(body)")
            #expect(body.contains(#""name":"g""#))
            let none = speaker.ask(client, "mock?tools=1")
            #expect(none.status == 400 && none.body.contains("declares no function"))
            #expect(speaker.ask(client, "mock?tools=0&reply=words", more: speaker.tools).body.contains("words"))
        }
    }

    @Test("streamed calls carry their arguments in pieces, each under its own index")
    func callsStream() throws {
        try withServer { server in
            let client = try TestClient(server)
            let events = Speaker.chat.ask(client, "mock?tools=2&reply=so", streams: true, more: Speaker.chat.tools).events
            for index in 0..<2 {
                let mine = events.filter { $0.contains(#""tool_calls":[{"index":\#(index),"#) }
                #expect(mine[0].contains(#","type":"function","function":{"name":"\#(index == 0 ? "f" : "g")","arguments":""}"#))
                #expect(mine.count == 4)
                #expect(mine.dropFirst().compactMap { between($0, #""arguments":""#, #""}}]}"#) }.joined() == #"{\"city\":\"mock\",\"days\":[1]}"#)
            }
            #expect(events.contains { $0.contains(#""delta":{"content":"so"}"#) })
            #expect(events[events.count - 2].contains(#""finish_reason":"tool_calls""#))
            let alone = Speaker.chat.ask(client, "mock?tools=1", streams: true, more: Speaker.chat.tools).events
            #expect(alone[0].contains(#""delta":{"role":"assistant","content":null,"tool_calls":[{"index":0,"#))
        }
    }

    @Test("Anthropic's blocks open and close one after another, thinking with its signature")
    func blocksAreOrdered() throws {
        try withServer { server in
            let client = try TestClient(server)
            let body = Speaker.messages.ask(client, "mock?thinking=2&reply=so&tools=1", streams: true, more: Speaker.messages.tools).body
            let names = body.split(separator: "\n").filter { $0.hasPrefix("event: ") }.map { $0.dropFirst(7) }
            #expect(names == [
                "message_start", "content_block_start", "ping", "content_block_delta", "content_block_delta", "content_block_delta", "content_block_stop",
                "content_block_start", "content_block_delta", "content_block_stop",
                "content_block_start", "content_block_delta", "content_block_delta", "content_block_delta", "content_block_stop",
                "message_delta", "message_stop",
            ])
            #expect(body.contains(#""index":0,"delta":{"type":"thinking_delta","thinking":"The"}"#))
            #expect(body.contains(#""index":0,"delta":{"type":"signature_delta","signature":""#))
            #expect(body.contains(#""index":2,"content_block":{"type":"tool_use","id":"toolu_mock1","name":"f","input":{}}"#))
            #expect(body.contains(#""usage":{"output_tokens":6,"output_tokens_details":{"thinking_tokens":2}}"#))
        }
    }

    /// Where each dialect tells of two tokens of thinking.
    private static let thoughts: [(Speaker, String)] = [
        (.chat, #""reasoning_content":"The user""#), (.chat, #""reasoning_tokens":2"#),
        (.messages, #"{"type":"thinking","thinking":"The user","signature":""#), (.messages, #""thinking_tokens":2"#),
        (.responses, #""summary":[{"type":"summary_text","text":"The user"}]"#), (.responses, #""reasoning_tokens":2"#),
        (.gemini, #"{"text":"The user","thought":true}"#), (.gemini, #""thoughtsTokenCount":2"#), (.gemini, #""thoughtSignature":""#),
    ]

    @Test("thinking comes before the answer and is counted", arguments: thoughts)
    func thinkingIsTold(_ speaker: Speaker, _ told: String) throws {
        try withServer { server in
            let client = try TestClient(server)
            #expect(speaker.ask(client, "mock?thinking=2").body.contains(told))
        }
    }

    /// How each dialect tells why it ends.
    private static let ends: [(Speaker, String, String)] = [
        (.chat, "finish=length", #""finish_reason":"length""#), (.chat, "finish=content_filter", #""finish_reason":"content_filter""#),
        (.chat, "finish=stop_sequence", #""finish_reason":"stop""#),
        (.chat, "refusal=1", #""content":null,"refusal":"I'm sorry"#),
        (.azure, "finish=content_filter", #""violence":{"filtered":true,"#),
        (.messages, "finish=length", #""stop_reason":"max_tokens","stop_sequence":null"#),
        (.messages, "finish=content_filter", #""stop_reason":"refusal""#),
        (.messages, "finish=pause", #""stop_reason":"pause_turn""#),
        (.messages, "finish=stop_sequence", #""stop_reason":"stop_sequence","stop_sequence":"STOP""#),
        (.messages, "refusal=1", #""stop_details":{"type":"refusal""#),
        (.responses, "finish=length", #""status":"incomplete","error":null,"incomplete_details":{"reason":"max_output_tokens"}"#),
        (.responses, "finish=content_filter", #""incomplete_details":{"reason":"content_filter"}"#),
        (.responses, "refusal=1", #"{"type":"refusal","refusal":"I'm sorry"#),
        (.gemini, "finish=length", #""finishReason":"MAX_TOKENS""#), (.gemini, "finish=content_filter", #""finishReason":"SAFETY","safetyRatings":["#),
        (.gemini, "finish=pause", #""finishReason":"OTHER""#), (.gemini, "refusal=1", #"{"promptFeedback":{"blockReason":"SAFETY""#),
    ]

    @Test("an answer ends for the reason scripted, whole and streamed", arguments: ends)
    func endsAreTold(_ speaker: Speaker, _ script: String, _ told: String) throws {
        try withServer { server in
            let client = try TestClient(server)
            #expect(speaker.ask(client, "mock?\(script)").body.contains(told))
            let stream = speaker.ask(client, "mock?\(script)", streams: true)
            #expect(stream.isWhole)
            // A refusal comes in tokens; its beginning is not in one piece.
            #expect(stream.body.contains(told) || script == "refusal=1")
        }
    }

    @Test("the stop sequence told is the request's first")
    func stopSequences() throws {
        try withServer { server in
            let more = #","stop_sequences":["\u00e9nd","x"]"#
            let answer = Speaker.messages.ask(try TestClient(server), "mock?finish=stop_sequence", more: more).body
            #expect(answer.contains(#""stop_sequence":"\u00e9nd""#))
        }
    }

    @Test("JSON fits the schema that is asked for", arguments: Speaker.allCases)
    func jsonFits(_ speaker: Speaker) throws {
        let schema = #"""
            {"type":"object","$defs":{"n":{"type":["integer","null"],"minimum":4}},"properties":{"a":{"$ref":"#/$defs/n"},"b":{"enum":["x","y"]},
            "c":{"anyOf":[{"type":"null"},{"type":"array","items":{"type":"boolean"}}]},"d":{"const":7},"e":{"type":"object","properties":{}},
            "f":{"type":"number"}},"required":["a","b","c","d","e"],"additionalProperties":false}
            """#.replacing("\n", with: "")
        try withServer { server in
            let client = try TestClient(server)
            let fitting = #"{\"a\":4,\"b\":\"x\",\"c\":[true],\"d\":7,\"e\":{}}"#
            let whole = speaker.ask(client, "mock?json=1", more: speaker.format(schema)).body
            #expect(whole.contains(fitting), "\(whole)")
            #expect(speaker.ask(client, "mock?json=1").body.contains(#"{\"mock\":true}"#))
            let recursive = ##"{"type":"object","properties":{"next":{"$ref":"#/properties/next"}}}"##
            #expect(speaker.ask(client, "mock?json=1", more: speaker.format(recursive)).isWhole)
        }
    }

    /// How each dialect tells of an overload in the middle of a stream.
    private static let errors: [(Speaker, String)] = [
        (.chat, #"{"error":{"message":"the mock provider was asked to answer 529","type":"server_error","param":null,"code":null}}"#),
        (.azure, #"{"error":{"message":"the mock provider was asked to answer 529","#),
        (.messages, #"{"type":"error","error":{"type":"overloaded_error","#), (.responses, #"{"type":"error","sequence_number":2,"code":"server_error","#),
        (.gemini, #"{"error":{"code":529,"#),
    ]

    @Test("an error comes after as many events as scripted, and then the clean end of the body", arguments: errors)
    func errorsComeInStreams(_ speaker: Speaker, _ told: String) throws {
        try withServer { server in
            let client = try TestClient(server)
            let answer = speaker.ask(client, "mock?error_after=2&status=529", streams: true)
            #expect(answer.status == 200 && answer.isWhole && answer.events.count == 3)
            #expect(answer.events[2].hasPrefix(told), "\(answer.events[2])")
            #expect(speaker.ask(client, "mock?error_after=2&status=529").status == 529)
            #expect(speaker.ask(client, "mock?error_after=0", streams: true).events.count == 1)
        }
    }

    /// Where each dialect tells of 10 tokens read from the cache and 20 written, beside the prompt's one.
    private static let cached: [(Speaker, String)] = [
        (.chat, #"{"prompt_tokens":31,"#), (.chat, #""prompt_tokens_details":{"cached_tokens":10,"cache_write_tokens":20,"#),
        (.messages, #"{"input_tokens":1,"output_tokens":1,"cache_creation_input_tokens":20,"cache_read_input_tokens":10,"#),
        (.messages, #""cache_creation":{"ephemeral_5m_input_tokens":20,"ephemeral_1h_input_tokens":0}"#),
        (.responses, #""input_tokens_details":{"cached_tokens":10,"cache_write_tokens":20}"#),
        (.gemini, #"{"promptTokenCount":31,"cachedContentTokenCount":10,"#),
    ]

    @Test("tokens of the cache are told as the dialect does", arguments: cached)
    func cachesAreTold(_ speaker: Speaker, _ told: String) throws {
        try withServer { server in
            let client = try TestClient(server)
            #expect(speaker.ask(client, "mock?cached=10&cache_write=20&tokens=1").body.contains(told))
        }
    }

    @Test("sound is the same whole and streamed")
    func sound() throws {
        try withServer { server in
            let client = try TestClient(server)
            let whole = try #require(between(Speaker.chat.ask(client, "mock?audio=3000&reply=la").body, #""data":""#, #"""#))
            let chunks = Speaker.chat.ask(client, "mock?audio=3000&reply=la", streams: true).events
            #expect(chunks.compactMap { between($0, #""audio":{"data":""#, #"""#) }.joined() == whole && whole.utf8.count == 4000)
            #expect(chunks[1].contains(#""audio":{"id":"audio_mock3","transcript":"la"}"#) && chunks.contains { $0.contains(#""expires_at":"#) })
            let parts = Speaker.gemini.ask(client, "mock?audio=3000", streams: true).events
            #expect(parts.compactMap { between($0, #""data":""#, #"""#) }.joined() == whole)
            #expect(parts.last?.contains(#""modality":"AUDIO""#) == true)
        }
    }

    @Test("every event of every stream is JSON", arguments: Speaker.allCases)
    func eventsAreJSON(_ speaker: Speaker) throws {
        try withServer { server in
            let client = try TestClient(server)
            for script in ["thinking=3&tools=2&reply=a", "refusal=1", "json=1", "audio=50", "finish=length&cached=3", "error_after=1", "size=100"] {
                for streams in [false, true] {
                    let answer = speaker.ask(client, "mock?\(script)", streams: streams, more: speaker.tools)
                    for text in streams ? answer.events.filter({ $0 != "[DONE]" }) : [answer.body] {
                        #expect(isJSON(text), "\(text)")
                    }
                }
            }
        }
    }

    @Test("a Responses stream numbers its events and closes each item it opens")
    func responsesAreNumbered() throws {
        try withServer { server in
            let answer = Speaker.responses.ask(try TestClient(server), "mock?thinking=2&tools=2&reply=a", streams: true, more: Speaker.responses.tools)
            for (index, event) in answer.events.enumerated() { #expect(event.contains(#""sequence_number":\#(index)"#)) }
            for index in 0..<4 {
                #expect(answer.events.filter { $0.contains("output_item.") && $0.contains(#""output_index":\#(index),"#) }.count == 2)
            }
            #expect(answer.events.last?.contains(#"{"type":"response.completed""#) == true)
        }
    }
}

private func isJSON(_ text: String) -> Bool {
    Array(text.utf8).withByteSlice { bytes in
        do throws(JSONError) {
            try JSONText.validate(bytes)
            return true
        } catch {
            return false
        }
    }
}
