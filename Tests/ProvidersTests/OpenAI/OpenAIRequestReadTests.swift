import Bytes
import JSON
import Testing

@testable import Providers

@Suite("OpenAI requests, read")
struct OpenAIRequestReadTests {
    @Test("messages become parts in order, each message opened once", arguments: [
        (#"{"role":"system","content":"a"},{"role":"user","content":"b\n"},{"role":"developer","content":"c"}"#,
            ["system* text:a", #"user* text:b\n"#, "system* text:c"]),
        (#"{"role":"user","content":[{"type":"text","text":"x"},{"type":"text","text":"y"}]}"#, ["user* text:x", "user text:y"]),
        (#"{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]}"#,
            [#"assistant* call:c1 f '{\"a\":1}'"#]),
        (#"{"role":"assistant","content":"t","tool_calls":[{"id":"c1","function":{"name":"f","arguments":{"a":1}}},{"id":"c2","function":{"name":"g"}}]}"#,
            ["assistant* text:t", #"assistant call:c1 f {"a":1}"#, "assistant call:c2 g ''"]),
        (#"{"role":"tool","tool_call_id":"c1","content":"r"}"#, ["user* result:c1 -", "user+ text:r"]),
        (#"{"role":"tool","tool_call_id":"c1","content":""}"#, ["user* result:c1 -"]),
        (#"{"role":"tool","tool_call_id":"c1","content":[{"type":"text","text":"r"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}}]}"#,
            ["user* result:c1 -", "user+ text:r", "user+ image base64:image/png,AA"]),
        (#"{"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}},{"role":"function","name":"f","content":"r"}"#,
            ["assistant* call:- f '{}'", "user* result:- f", "user+ text:r"]),
        (#"{"role":"assistant","content":"","refusal":null}"#, ["assistant* text:"]),
        (#"{"role":"assistant","content":null,"refusal":"no"}"#, ["assistant* refusal:no"]),
        (#"{"role":"assistant","content":[{"type":"refusal","refusal":"no"}]}"#, ["assistant* refusal:no"]),
    ])
    func messages(messages: String, parts: [String]) throws {
        #expect(try OpenAIDialect.parts(messages) == parts)
    }

    @Test("pictures, documents and recordings keep their data as it stands", arguments: [
        (#"{"type":"image_url","image_url":{"url":"https://x/y.png","detail":"low"}}"#, "image url:https://x/y.png detail:low"),
        (#"{"type":"image_url","image_url":"https://x"}"#, "image url:https://x"),
        (#"{"type":"image_url","image_url":{"url":"data:image\/png;base64,A\/B\u002B="}}"#, #"image base64:image\/png,A\/B\u002B="#),
        (#"{"type":"image_url","image_url":{"url":"DATA:image/jpeg;charset=utf-8;BASE64,AA"}}"#, "image base64:image/jpeg,AA"),
        (#"{"type":"image_url","image_url":{"url":"data:application/pdf;base64,AA"}}"#, "document base64:application/pdf,AA"),
        (#"{"type":"image_url","image_url":{"url":"gs://b/x","mime_type":"application/pdf"}}"#, "document url:gs://b/x"),
        (#"{"type":"input_audio","input_audio":{"data":"AA","format":"wav"}}"#, "audio base64:audio/wav,AA"),
        (#"{"type":"input_audio","input_audio":{"data":"AA","format":"mp3"}}"#, "audio base64:audio/mp3,AA"),
        (#"{"type":"input_audio","input_audio":{"data":"AA","format":"pcm16"}}"#, "audio base64:audio/pcm,AA"),
        (#"{"type":"file","file":{"file_data":"data:application/pdf;base64,AA","filename":"a.pdf"}}"#, "document base64:application/pdf,AA name:a.pdf"),
        (#"{"type":"file","file":{"file_data":"AA"}}"#, "document base64:application/pdf,AA"),
        (#"{"type":"file","file":{"file_data":"hello","mime_type":"text/plain"}}"#, "document text:hello"),
        (#"{"type":"file","file":{"file_id":"file-1"}}"#, "document file:file-1"),
        (#"{"type":"file","file":{"file_url":"https://x/y.pdf","mime_type":"application/pdf"}}"#, "document url:https://x/y.pdf"),
        (#"{"type":"file","file":{"file_url":"https://x/y.png","mime_type":"image/png"}}"#, "image url:https://x/y.png"),
    ])
    func media(part: String, description: String) throws {
        #expect(try OpenAIDialect.parts(#"{"role":"user","content":["# + part + "]}") == ["user* " + description])
    }

    @Test("Portkey's thinking, cache marks and signatures are taken where they may stand", arguments: [
        (#"{"role":"assistant","content":"t","content_blocks":[{"type":"thinking","thinking":"h","signature":"s"},{"type":"redacted_thinking","data":"d"},{"type":"text","text":"t"}]}"#,
            ["assistant* thinking:h s", "assistant redacted:d", "assistant text:t"]),
        (#"{"role":"assistant","content":"t","content_blocks":[{"type":"thinking","thinking":"h","signature":"s"}]}"#,
            ["assistant* thinking:h s", "assistant text:t"]),
        (#"{"role":"assistant","content":[{"type":"thinking","thinking":"h","signature":"s"},{"type":"text","text":"t"}]}"#,
            ["assistant* thinking:h s", "assistant text:t"]),
        (#"{"role":"assistant","content":[{"type":"text","text":"t"},{"type":"tool_use","id":"c","name":"f","input":{}}]}"#,
            ["assistant* text:t", "assistant call:c f {}"]),
        (#"{"role":"assistant","content":[{"type":"tool_use","id":"c","name":"f","input":{}}],"tool_calls":[{"id":"c","function":{"name":"f","arguments":"{}"}}]}"#,
            ["assistant* call:c f '{}'"]),
        (#"{"role":"assistant","tool_calls":[{"id":"c","function":{"name":"f","arguments":"{}","thought_signature":"s"}}]}"#,
            ["assistant* call:c f '{}' signature:s"]),
        (#"{"role":"assistant","tool_calls":[{"id":"c","function":{"name":"f","arguments":"{}"},"extra_content":{"google":{"thought_signature":"s"}}}]}"#,
            ["assistant* call:c f '{}' signature:s"]),
        (#"{"role":"user","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}},{"type":"text","text":"b"}]}"#,
            [#"user* text:a mark:{"type":"ephemeral"}"#, "user text:b"]),
        (#"{"role":"system","content":"a","cache_control":{"type":"ephemeral"}}"#, [#"system* text:a mark:{"type":"ephemeral"}"#]),
        (#"{"role":"tool","tool_call_id":"c","content":"r","cache_control":{"type":"ephemeral"}}"#,
            [#"user* result:c - mark:{"type":"ephemeral"}"#, "user+ text:r"]),
    ])
    func extensions(messages: String, parts: [String]) throws {
        #expect(try OpenAIDialect.parts(messages) == parts)
    }

    @Test("what breaks OpenAI's rules is refused, and the fault says where", arguments: [
        ("[]", ""), ("{}", "messages"), (#"{"messages":[]}"#, "messages"), (#"{"messages":[1]}"#, "messages[0]"),
        (#"{"messages":[{"role":"user","content":"a"},{"role":"x","content":"a"}]}"#, "messages[1].role"),
        (#"{"messages":[{"role":"user"}]}"#, "messages[0].content"), (#"{"messages":[{"role":"user","content":7}]}"#, "messages[0].content"),
        (#"{"messages":[{"role":"user","content":[]}]}"#, "messages[0].content"),
        (#"{"messages":[{"role":"user","content":[{"text":"a"}]}]}"#, "messages[0].content[0]"),
        (#"{"messages":[{"role":"user","content":[{"type":"text"}]}]}"#, "messages[0].content[0].text"),
        (#"{"messages":[{"role":"user","content":[{"type":"hologram"}]}]}"#, "messages[0].content[0]"),
        (#"{"messages":[{"role":"system","content":[{"type":"image_url","image_url":{"url":"x"}}]}]}"#, "messages[0].content[0]"),
        (#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:,x"}}]}]}"#, "messages[0].content[0].image_url.url"),
        (#"{"messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"","format":"8track"}}]}]}"#,
            "messages[0].content[0].input_audio.format"),
        (#"{"messages":[{"role":"tool","content":"a"}]}"#, "messages[0].tool_call_id"),
        (#"{"messages":[{"role":"assistant","tool_calls":[{"id":"c","function":{}}]}]}"#, "messages[0].tool_calls[0].function.name"),
        (#"{"messages":[{"role":"assistant","tool_calls":[{"id":"c","function":{"name":"f","arguments":7}}]}]}"#,
            "messages[0].tool_calls[0].function.arguments"),
        (#"{"messages":[{"role":"user","content":"a"}],"temperature":"hot"}"#, "temperature"),
        (#"{"messages":[{"role":"user","content":"a"}],"max_tokens":0}"#, "max_tokens"),
        (#"{"messages":[{"role":"user","content":"a"}],"stop":[1]}"#, "stop"), (#"{"messages":[{"role":"user","content":"a"}],"model":1}"#, "model"),
        (#"{"messages":[{"role":"user","content":"a"}],"tools":[{"type":"function"}]}"#, "tools[0].function"),
        (#"{"messages":[{"role":"user","content":"a"}],"tools":[{"type":"function","function":{"name":"f","parameters":[]}}]}"#, "tools[0].function.parameters"),
        (#"{"messages":[{"role":"user","content":"a"}],"tool_choice":"any"}"#, "tool_choice"),
        (#"{"messages":[{"role":"user","content":"a"}],"response_format":{"type":"json_schema"}}"#, "response_format.json_schema"),
        (#"{"messages":[{"role":"user","content":"a"}],"reasoning_effort":"vast"}"#, "reasoning_effort"),
        (#"{"messages":[{"role":"user","content":"a"}],"thinking":{"type":"enabled","budget_tokens":"much"}}"#, "thinking.budget_tokens"),
    ])
    func invalid(body: String, parameter: String) throws {
        let fault = try #require(try OpenAIDialect.fault(body))
        #expect(fault.kind == .invalid)
        #expect(fault.parameter == parameter, "\(fault.message)")
    }

    @Test("what only OpenAI has, and cannot be left out, is unsupported", arguments: [
        (#""tools":[{"type":"custom","custom":{"name":"x"}}]"#, "tools[0]"), (#""tools":[{"type":"web_search"}]"#, "tools[0]"),
        (#""tool_choice":{"type":"allowed_tools","allowed_tools":{}}"#, "tool_choice"),
        (#""tool_choice":{"type":"custom","custom":{"name":"x"}}"#, "tool_choice"),
    ])
    func unsupported(member: String, parameter: String) throws {
        let fault = try #require(try OpenAIDialect.fault(#"{"messages":[{"role":"user","content":"a"}],"# + member + "}"))
        #expect(fault.kind == .unsupported)
        #expect(fault.parameter == parameter)
        let earlier = #"{"messages":[{"role":"assistant","audio":{"id":"a"}}]}"#
        #expect(try OpenAIDialect.fault(earlier)?.kind == .unsupported)
    }
}
