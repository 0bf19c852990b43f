import Bytes
import JSON
import Testing

@testable import Mock

/// The fault in a body sent to an endpoint, as a path; empty when there is none.
private func fault(_ body: String, _ check: (JSONValue) -> RequestFault?) throws -> String {
    var tape = JSONTape()
    return try Array(body.utf8).withByteSlice { bytes throws(JSONError) in check(try tape.parse(bytes))?.path ?? "" }
}

private func chat(_ body: String) throws -> String { try fault(body) { OpenAICheck.fault(in: $0, at: .chat, .openAI) } }
private func messages(_ body: String, isOlder: Bool = false) throws -> String {
    try fault(body) { AnthropicCheck.fault(in: $0, at: .messages, isOlder: isOlder) }
}
private func gemini(_ body: String) throws -> String { try fault(body) { GeminiCheck.fault(in: $0, at: .generate) } }

@Suite("Strictness")
struct StrictTests {
    @Test("the strict mock answers 400 in the dialect's shape, naming the member; the plain one lets it pass", arguments: Speaker.allCases)
    func shapes(_ speaker: Speaker) throws {
        try withServer { server in
            let client = try TestClient(server)
            #expect(speaker.ask(client, "mock?strict=1").status == 200)
            #expect(speaker.ask(client, "mock", more: #","colour":1"#).status == 200)
            let refused = speaker.ask(client, "mock?strict=1", more: #","colour":1"#)
            #expect(refused.status == 400 && refused.body.contains("colour is not documented ("), "\(refused.body)")
            switch speaker {
            case .chat, .azure, .responses: #expect(refused.body.contains(#""type":"invalid_request_error","param":"colour","code":null"#))
            case .messages: #expect(refused.body.hasPrefix(#"{"type":"error","error":{"type":"invalid_request_error""#))
            case .gemini: #expect(refused.body.contains(#""status":"INVALID_ARGUMENT""#))
            }
        }
        var options = MockOptions()
        options.isStrict = true
        try withServer(options: options) { server in
            let client = try TestClient(server)
            #expect(speaker.ask(client, "mock", more: #","colour":1"#).status == 400)
            #expect(speaker.ask(client, "mock?tools=2", more: speaker.tools).status == 200)
            #expect(speaker.ask(client, "mock", streams: true).isWhole)
        }
    }

    @Test("keys stand where the dialect has them")
    func credentials() throws {
        var options = MockOptions()
        options.isStrict = true
        try withServer(options: options) { server in
            let client = try TestClient(server)
            func status(_ path: String, _ body: String, _ fields: String) -> Int {
                client.post(path, body, fields: fields)
                return client.answer().status
            }
            let azure = "/openai/deployments/mock/embeddings?api-version=1"
            #expect(status(azure, #"{"input":"a","model":"m"}"#, "") == 401)
            #expect(status(azure, #"{"input":"a","model":"m"}"#, "authorization: Bearer t\r\n") == 200)
            #expect(status("/v1beta/models/mock:countTokens", #"{"contents":[]}"#, "") == 403)
            let message = #"{"model":"mock","max_tokens":1,"messages":[{"role":"user","content":"a"}]}"#
            #expect(status("/v1/messages", message, "") == 400)
            #expect(status("/v1/messages", message, "anthropic-version: 2023-01-01\r\n") == 400)
            #expect(status("/v1/messages", message, "anthropic-version: 2026-10-21\r\n") == 200)
        }
    }

    @Test("OpenAI's members are known by name, type and word", arguments: [
        (#"{}"#, "messages"), (#"{"messages":[{"role":"user","content":"a"}]}"#, "model"), (#""messages":[]"#, "messages"),
        (#""messages":{}"#, "messages"), (#""messages":[1]"#, "messages[0]"), (#""temperature":"1""#, "temperature"), (#""temperature":2.1"#, "temperature"),
        (#""temperature":2"#, ""), (#""temperature":-0.1"#, "temperature"), (#""n":1.5"#, "n"), (#""seed":null"#, ""), (#""user":null"#, "user"),
        (#""stop":["a",1]"#, "stop[1]"), (#""stop":["a","b","c","d","e"]"#, "stop"), (#""stop":"a""#, ""),
        (#""reasoning_effort":"most""#, "reasoning_effort"), (#""reasoning_effort":"xhigh""#, ""), (#""logit_bias":{"5":"x"}"#, "logit_bias.5"),
        (#""top_k":4"#, "top_k"), (#""top_logprobs":2"#, "top_logprobs"), (#""logprobs":true,"top_logprobs":2"#, ""),
        (#""max_tokens":1,"max_completion_tokens":2"#, "max_tokens"), (#""stream_options":{"include_usage":true}"#, "stream_options"),
        (#""stream":true,"stream_options":{"include_usag":true}"#, "stream_options.include_usag"), (#""tool_choice":"auto""#, "tool_choice"),
        (#""parallel_tool_calls":true"#, "parallel_tool_calls"), (#""tools":[]"#, "tools"), (#""tools":[{"type":"function"}]"#, "tools[0].function"),
        (#""tools":[{"type":"fun","function":{"name":"f"}}]"#, "tools[0].type"), (#""tools":[{"type":"function","function":{"name":"f g"}}]"#, "tools[0].function.name"),
        (#""tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{"type":"function","function":{"name":"g"}}"#, "tool_choice"),
        (#""tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{"type":"function","function":{"name":"f"}}"#, ""),
        (#""tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{"type":"tool","name":"f"}"#, "tool_choice.type"),
        (#""response_format":{"type":"json_schema","json_schema":{"schema":{}}}"#, "response_format.json_schema.name"),
        (#""response_format":{"type":"json_schema","json_schema":{"name":"x","strict":true,"schema":{"type":"object","properties":{"a":{"type":"object"}},"required":["a"],"additionalProperties":false}}}"#, "response_format.json_schema.schema.properties.a.additionalProperties"),
        (#""response_format":{"type":"json_schema","json_schema":{"name":"x","strict":true,"schema":{"type":"object","properties":{"a":{}},"additionalProperties":false}}}"#, "response_format.json_schema.schema.required"),
        (#""response_format":{"type":"xml"}"#, "response_format.type"), (#""modalities":["audio"]"#, "audio"), (#""user":"a","user":"b""#, "user"),
    ])
    func chatMembers(_ members: String, _ path: String) throws {
        let turns = members.contains("messages") ? "" : #""messages":[{"role":"user","content":"a"}],"#
        let body = members.hasPrefix("{") ? members : #"{"model":"m",\#(turns)\#(members)}"#
        #expect(try chat(body) == path)
    }

    private static let call = #"{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"b","type":"function","function":{"name":"f","arguments":"{}"}}]}"#

    @Test("OpenAI's turns answer each call once, right behind it", arguments: [
        (#"{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"u"}}]}"#, ""),
        (#"{"role":"user","content":[{"type":"image_url","image_url":"u"}]}"#, "messages[0].content[0].image_url"),
        (#"{"role":"user","content":[{"type":"tool_use"}]}"#, "messages[0].content[0].type"), (#"{"role":"model","content":"a"}"#, "messages[0].role"),
        (#"{"role":"tool","tool_call_id":"a","content":"1"}"#, "messages[0].tool_call_id"), (#"{"role":"assistant"}"#, "messages[0].content"),
        (call, "messages[1]"), (#"\#(call),{"role":"tool","tool_call_id":"b","content":"1"},{"role":"tool","tool_call_id":"a","content":"1"}"#, ""),
        (#"\#(call),{"role":"tool","tool_call_id":"b","content":"1"},{"role":"user","content":"1"}"#, "messages[2]"),
        (#"\#(call),{"role":"tool","tool_call_id":"b","content":"1"},{"role":"tool","tool_call_id":"b","content":"1"}"#, "messages[2].tool_call_id"),
        (#"\#(call),{"role":"tool","content":"1"}"#, "messages[1].tool_call_id"),
    ])
    func chatTurns(_ turns: String, _ path: String) throws {
        #expect(try chat(#"{"model":"m","messages":[\#(turns)]}"#) == path)
    }

    @Test("Anthropic's members are known by name, type and word", arguments: [
        (#"{"model":"m","messages":[{"role":"user","content":"a"}]}"#, "max_tokens"), (#""stop_sequences":"a""#, "stop_sequences"), (#""stop_sequences":[" "]"#, "stop_sequences[0]"),
        (#""stop":["a"]"#, "stop"), (#""system":[{"type":"text","text":"a","cache_control":{"type":"ephemeral","ttl":"1h"}}]"#, ""),
        (#""system":[{"type":"image"}]"#, "system[0].type"), (#""thinking":{"type":"enabled","budget_tokens":1000}"#, "thinking.budget_tokens"),
        (#""thinking":{"type":"enabled","budget_tokens":4096}"#, "thinking.budget_tokens"), (#""thinking":{"type":"enabled","budget_tokens":2048}"#, ""),
        (#""thinking":{"type":"adaptive","budget_tokens":2048}"#, "thinking.budget_tokens"), (#""tool_choice":{"type":"auto"}"#, "tool_choice"),
        (#""tools":[{"name":"f","input_schema":{"type":"object"}}],"tool_choice":{"type":"tool","name":"g"}"#, "tool_choice.name"),
        (#""tools":[{"name":"f","input_schema":{"type":"object"}}],"tool_choice":"auto""#, "tool_choice"),
        (#""tools":[{"name":"f","input_schema":{}}]"#, "tools[0].input_schema.type"), (#""tools":[{"name":"f"}]"#, "tools[0].input_schema"),
        (#""tools":[{"type":"function","function":{"name":"f"}}]"#, "tools[0].type"), (#""tools":[{"type":"web_search_20250305","name":"web_search","max_uses":2}]"#, ""),
        (#""output_config":{"effort":"high","format":{"type":"json_schema","schema":{"type":"object"}}}"#, "output_config.format.schema.additionalProperties"),
        (#""metadata":{"user_id":"u"}"#, ""), (#""metadata":{"user":"u"}"#, "metadata.user"), (#""temperature":1"#, "temperature"), (#""max_tokens":0"#, "max_tokens"),
    ])
    func messagesMembers(_ members: String, _ path: String) throws {
        let most = members.contains("max_tokens") ? "" : #""max_tokens":4096,"#
        let body = members.hasPrefix("{") ? members : #"{"model":"m",\#(most)"messages":[{"role":"user","content":"a"}],\#(members)}"#
        #expect(try messages(body) == path)
    }

    private static let use = #"{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"text","text":"a"},{"type":"tool_use","id":"a","name":"f","input":{}}]}"#

    @Test("Anthropic's turns begin with the user, and results come first in the turn behind their calls", arguments: [
        (#"{"role":"assistant","content":"a"}"#, "messages[0].role"), (#"{"role":"user","content":""}"#, "messages[0].content"),
        (#"{"role":"user","content":[{"type":"text","text":" \n"}]}"#, "messages[0].content[0].text"),
        (#"{"role":"user","content":"a"},{"role":"user","content":"b"}"#, ""), (#"{"role":"user","content":"a"},{"role":"assistant","content":"b "}"#, "messages[1].content"),
        (use, "messages[2]"), (#"\#(use),{"role":"user","content":"y"}"#, "messages[2]"),
        (#"\#(use),{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":"1"},{"type":"text","text":"y"}]}"#, ""),
        (#"\#(use),{"role":"user","content":[{"type":"text","text":"y"},{"type":"tool_result","tool_use_id":"a","content":"1"}]}"#, "messages[2].content[1]"),
        (#"\#(use),{"role":"user","content":[{"type":"tool_result","tool_use_id":"b","content":"1"}]}"#, "messages[2].content[0].tool_use_id"),
        (#"\#(use),{"role":"assistant","content":"z"}"#, "messages[3]"), (#"{"role":"user","content":[{"type":"tool_use","id":"a","name":"f","input":{}}]}"#, "messages[0].content[0]"),
        (#"{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"tool_use","id":"call.1","name":"f","input":{}}]}"#, "messages[1].content[0].id"),
        (#"{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f","input":"{}"}]}"#, "messages[1].content[0].input"),
        (#"{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/bmp","data":""}}]}"#, "messages[0].content[0].source.media_type"),
        (#"{"role":"user","content":[{"type":"thinking","thinking":"a","signature":"b"}]}"#, "messages[0].content[0]"),
        (#"{"role":"tool","content":"x"}"#, "messages[0].role"),
    ])
    func messagesTurns(_ turns: String, _ path: String) throws {
        #expect(try messages(#"{"model":"m","max_tokens":9,"messages":[\#(turns)]}"#) == path)
    }

    @Test("what API version 2026-10-21 has ended is allowed in 2023-06-01", arguments: [
        (#"{"role":"user","content":"a"}],"temperature":0.5,"top_k":3,"top_p":1"#, "temperature"),
        (#"{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"document","source":{"type":"file","file_id":"f"}}]}]"#, "messages[1].content[0]"),
        (#"{"role":"user","content":[{"type":"text","text":"a","citations":[{"type":"web_search_result_location","cited_text":"a","encrypted_index":"b","title":null,"url":"u"}]}]}]"#, "messages[0].content[0].citations"),
    ])
    func versions(_ rest: String, _ path: String) throws {
        let body = #"{"model":"m","max_tokens":9,"messages":[\#(rest)}"#
        #expect(try messages(body, isOlder: true) == "")
        #expect(try messages(body) == path)
        #expect(try messages(#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"a"}],"temperature":1.1}"#, isOlder: true) == "temperature")
    }

    @Test("at most four blocks are cached")
    func cachedBlocks() throws {
        let block = #"{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}"#
        func body(_ count: Int) -> String {
            #"{"model":"m","max_tokens":9,"system":[\#(block)],"messages":[{"role":"user","content":[\#(Array(repeating: block, count: count).joined(separator: ","))]}]}"#
        }
        #expect(try messages(body(3)) == "")
        #expect(try messages(body(4)) == "messages")
    }

    @Test("Gemini's members are known by name, type and word", arguments: [
        (#"{}"#, "contents"), (#""model":null"#, ""), (#""generation_config":{"top_p":1}"#, ""), (#""generationConfig":{"max_tokens":1}"#, "generationConfig.max_tokens"),
        (#""generationConfig":{"temperature":3}"#, "generationConfig.temperature"), (#""generationConfig":{"responseModalities":["text"]}"#, "generationConfig.responseModalities[0]"),
        (#""generationConfig":{"responseSchema":{"type":"STRING"}}"#, "generationConfig.responseMimeType"),
        (#""generationConfig":{"responseMimeType":"application/json","responseSchema":{"type":"OBJECT"}}"#, "generationConfig.responseSchema.properties"),
        (#""generationConfig":{"responseMimeType":"application/json","responseSchema":{"type":"STRING","$ref":"x"}}"#, "generationConfig.responseSchema.$ref"),
        (#""generationConfig":{"responseMimeType":"application/json","responseSchema":{"type":"ARRAY","items":{"type":"OBJECT","properties":{"a":{"type":"ARRAY"}}}}}"#, "generationConfig.responseSchema.items.properties.a.items"),
        (#""generationConfig":{"responseMimeType":"application/json","responseJsonSchema":{"$ref":"x"}}"#, ""),
        (#""generationConfig":{"thinkingConfig":{"thinkingBudget":1,"thinkingLevel":"LOW"}}"#, "generationConfig.thinkingConfig"),
        (#""generationConfig":{"stopSequences":["a","b","c","d","e","f"]}"#, "generationConfig.stopSequences"),
        (#""tools":[{"functionDeclarations":[{"name":"f","parameters":{"type":"OBJECT","properties":{"a":{"type":"STRING","additionalProperties":false}}}}]}]"#, ""),
        (#""tools":[{"functionDeclarations":[{"name":"1f"}]}]"#, "tools[0].functionDeclarations[0].name"), (#""tools":[{"functionDeclarations":[{"name":"f","strict":true}]}]"#, "tools[0].functionDeclarations[0].strict"),
        (#""toolConfig":{"functionCallingConfig":{"mode":"ANY"}}"#, "toolConfig.functionCallingConfig"),
        (#""tools":[{"functionDeclarations":[{"name":"f"}]}],"toolConfig":{"functionCallingConfig":{"mode":"AUTO","allowedFunctionNames":["f"]}}"#, "toolConfig.functionCallingConfig.allowedFunctionNames"),
        (#""tools":[{"functionDeclarations":[{"name":"f"}]}],"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["g"]}}"#, "toolConfig.functionCallingConfig.allowedFunctionNames[0]"),
        (#""systemInstruction":"be""#, "systemInstruction"), (#""systemInstruction":{"parts":[{"inlineData":{"data":"","mimeType":"a"}}]}"#, "systemInstruction.parts[0]"),
    ])
    func geminiMembers(_ members: String, _ path: String) throws {
        #expect(try gemini(members.hasPrefix("{") ? members : #"{"contents":[{"role":"user","parts":[{"text":"a"}]}],\#(members)}"#) == path)
    }

    private static let calls = #"{"role":"user","parts":[{"text":"a"}]},{"role":"model","parts":[{"functionCall":{"name":"f","args":{}}},{"functionCall":{"name":"g"}}]}"#

    @Test("Gemini's turns have as many responses as calls, of the same names", arguments: [
        (#"{"role":"system","parts":[{"text":"a"}]}"#, "contents[0].role"), (#"{"role":"user","parts":[]}"#, "contents[0].parts"), (#"{"role":"user","parts":[{}]}"#, "contents[0].parts[0]"),
        (#"{"role":"user","parts":[{"text":"a","inlineData":{"data":"","mimeType":"a"}}]}"#, "contents[0].parts[0]"), (#"{"role":"user","parts":[{"type":"text","text":"a"}]}"#, "contents[0].parts[0].type"),
        (calls, "contents"), (#"\#(calls),{"role":"user","parts":[{"functionResponse":{"name":"g","response":{}}},{"functionResponse":{"name":"f","response":{}}}]}"#, ""),
        (#"\#(calls),{"role":"user","parts":[{"functionResponse":{"name":"f","response":{}}}]}"#, "contents[2].parts"), (#"\#(calls),{"role":"user","parts":[{"text":"b"}]}"#, "contents[2].parts"),
        (#"{"role":"model","parts":[{"functionCall":{"name":"f"}}]}"#, "contents[0].parts"), (#"{"role":"user","parts":[{"functionResponse":{"name":"f","response":"a"}}]}"#, "contents[0].parts[0].functionResponse.response"),
        (#"{"role":"user","parts":[{"functionCall":{"name":"f"}}]}"#, "contents[0].parts[0]"),
    ])
    func geminiTurns(_ turns: String, _ path: String) throws {
        #expect(try gemini(#"{"contents":[\#(turns)]}"#) == path)
    }

    @Test("the other endpoints are held to their own members", arguments: [
        ("/v1/embeddings", #"{"model":"mock","input":["a"],"size":1}"#, "size"), ("/v1/completions", #"{"model":"mock","messages":[]}"#, "messages"),
        ("/v1/responses", #"{"model":"mock","input":"a","max_tokens":1}"#, "max_tokens"), ("/v1/messages/count_tokens", #"{"model":"mock","max_tokens":1,"messages":[]}"#, "max_tokens"),
        ("/v1beta/models/mock:embedContent", #"{"content":"a"}"#, "content"), ("/v1beta/models/mock:batchEmbedContents", #"{"requests":[{"content":{"parts":[{"text":"a"}]}}]}"#, "requests[0].model"),
        ("/v1beta/models/mock:countTokens", #"{}"#, "contents"),
    ])
    func otherEndpoints(_ path: String, _ body: String, _ member: String) throws {
        var options = MockOptions()
        options.isStrict = true
        try withServer(options: options) { server in
            let client = try TestClient(server)
            client.post(path, body, fields: path.hasPrefix("/v1/messages") ? "anthropic-version: 2026-10-21\r\n" : path.hasPrefix("/v1beta") ? "x-goog-api-key: k\r\n" : "")
            let answer = client.answer()
            #expect(answer.status == 400 && answer.body.contains("\(member) "), "\(answer.body)")
        }
    }
}
