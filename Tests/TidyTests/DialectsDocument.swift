import Bytes
import Providers

/// `docs/dialects.md`, written by asking the code: each feature is put into a request and translated.
enum DialectsDocument {
    static let path = "docs/dialects.md"

    /// One feature of a dialect and a request that uses it: members added to a plain one.
    struct Feature {
        let name: String
        let members: String

        init(_ name: String, _ members: String) {
            self.name = name
            self.members = members
        }
    }

    private static let image = #"{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}}"#
    private static let call = #"{"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}"#
    private static let secondCall = #"{"id":"call_2","type":"function","function":{"name":"f","arguments":"{}"}}"#
    private static let tool = #"{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object","properties":{"a":{"type":"integer"}}}}}"#
    private static let user = #"{"role":"user","content":"hi"}"#

    static let openAIFeatures: [Feature] = [
        Feature("text", #""messages":[\#(user)]"#),
        Feature("`system` and `developer` messages anywhere", #""messages":[{"role":"system","content":"a"},\#(user),{"role":"developer","content":"b"},\#(user)]"#),
        Feature("image by URL", #""messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://example.com/a.png"}}]}]"#),
        Feature("image as data", #""messages":[{"role":"user","content":[\#(image)]}]"#),
        Feature("file as data (PDF)", #""messages":[{"role":"user","content":[{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBERi0="}}]}]"#),
        Feature("audio in", #""messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"UklGRg==","format":"wav"}}]}]"#),
        Feature("`tools`", #""messages":[\#(user)],"tools":[\#(tool)]"#),
        Feature("`tool_choice`: auto, none, required, a name", #""messages":[\#(user)],"tools":[\#(tool)],"tool_choice":{"type":"function","function":{"name":"f"}}"#),
        Feature("`parallel_tool_calls: false`", #""messages":[\#(user)],"tools":[\#(tool)],"parallel_tool_calls":false"#),
        Feature(
            "two tool calls and their results",
            #""messages":[\#(user),{"role":"assistant","content":null,"tool_calls":[\#(call),\#(secondCall)]},{"role":"tool","tool_call_id":"call_1","content":"1"},{"role":"tool","tool_call_id":"call_2","content":"2"}],"tools":[\#(tool)]"#),
        Feature("`response_format: json_object`", #""messages":[\#(user)],"response_format":{"type":"json_object"}"#),
        Feature(
            "`response_format: json_schema`",
            #""messages":[\#(user)],"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false},"strict":true}}"#),
        Feature("`reasoning_effort`", #""messages":[\#(user)],"reasoning_effort":"high""#),
        Feature("`stop`, text or list", #""messages":[\#(user)],"stop":["a","b"]"#),
        Feature("a list of six stop sequences", #""messages":[\#(user)],"stop":["a","b","c","d","e","f"]"#),
        Feature("`max_tokens`, `max_completion_tokens`", #""messages":[\#(user)],"max_completion_tokens":50"#),
        Feature("`temperature` up to 1", #""messages":[\#(user)],"temperature":0.5"#),
        Feature("`temperature` above 1", #""messages":[\#(user)],"temperature":1.7"#),
        Feature("`top_p`", #""messages":[\#(user)],"top_p":0.5"#),
        Feature("`top_k` (an extension)", #""messages":[\#(user)],"top_k":5"#),
        Feature("`seed`", #""messages":[\#(user)],"seed":7"#),
        Feature("`n` above 1", #""messages":[\#(user)],"n":2"#),
        Feature("`frequency_penalty`, `presence_penalty`", #""messages":[\#(user)],"frequency_penalty":0.5"#),
        Feature("`logprobs`, `top_logprobs`", #""messages":[\#(user)],"logprobs":true,"top_logprobs":2"#),
        Feature("`logit_bias`", #""messages":[\#(user)],"logit_bias":{"1":5}"#),
        Feature("`user`", #""messages":[\#(user)],"user":"u""#),
        Feature("`metadata`, `store`", #""messages":[\#(user)],"metadata":{"a":"b"},"store":true"#),
        Feature("`service_tier`", #""messages":[\#(user)],"service_tier":"flex""#),
        Feature("`cache_control` on a part", #""messages":[{"role":"user","content":[{"type":"text","text":"hi","cache_control":{"type":"ephemeral"}}]}]"#),
        Feature("`stream`, with usage", #""messages":[\#(user)],"stream":true,"stream_options":{"include_usage":true}"#),
        Feature("members not known here", #""messages":[\#(user)],"brand_new":1"#),
    ]

    private static let block = #"{"type":"text","text":"hi"}"#
    private static let anthropicTool = #"{"name":"f","description":"d","input_schema":{"type":"object","properties":{"a":{"type":"integer"}}}}"#
    private static let use = #"{"type":"tool_use","id":"toolu_1","name":"f","input":{"a":1}}"#
    private static let secondUse = #"{"type":"tool_use","id":"toolu_2","name":"f","input":{}}"#

    static let anthropicFeatures: [Feature] = [
        Feature("text", #""messages":[\#(user)]"#),
        Feature("`system`, text or blocks", #""system":[\#(block),\#(block)],"messages":[\#(user)]"#),
        Feature("image by URL", #""messages":[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"https://example.com/a.png"}}]}]"#),
        Feature("image as data", #""messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="}}]}]"#),
        Feature("document as data (PDF)", #""messages":[{"role":"user","content":[{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBERi0="}}]}]"#),
        Feature("document as text", #""messages":[{"role":"user","content":[{"type":"document","source":{"type":"text","media_type":"text/plain","data":"abc"}}]}]"#),
        Feature("`tools`", #""messages":[\#(user)],"tools":[\#(anthropicTool)]"#),
        Feature("Anthropic's own tools (web search, bash, …)", #""messages":[\#(user)],"tools":[{"type":"web_search_20250305","name":"web_search"}]"#),
        Feature("`tool_choice`: auto, any, none, a name", #""messages":[\#(user)],"tools":[\#(anthropicTool)],"tool_choice":{"type":"tool","name":"f"}"#),
        Feature("`disable_parallel_tool_use`", #""messages":[\#(user)],"tools":[\#(anthropicTool)],"tool_choice":{"type":"auto","disable_parallel_tool_use":true}"#),
        Feature(
            "two tool uses and their results",
            #""messages":[\#(user),{"role":"assistant","content":[\#(use),\#(secondUse)]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":"1"},{"type":"tool_result","tool_use_id":"toolu_2","content":[\#(block)]}]}],"tools":[\#(anthropicTool)]"#),
        Feature("a failed tool result (`is_error`)", #""messages":[\#(user),{"role":"assistant","content":[\#(use)]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":"no","is_error":true}]}],"tools":[\#(anthropicTool)]"#),
        Feature("`thinking` with a budget", #""messages":[\#(user)],"max_tokens":4000,"thinking":{"type":"enabled","budget_tokens":2000}"#),
        Feature("earlier thinking blocks", #""messages":[\#(user),{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"c2ln"},\#(block)]},\#(user)]"#),
        Feature("`output_config.format` (JSON schema)", #""messages":[\#(user)],"output_config":{"format":{"type":"json_schema","schema":{"type":"object","properties":{"a":{"type":"string"}}}}}"#),
        Feature("`stop_sequences`", #""messages":[\#(user)],"stop_sequences":["a","b"]"#),
        Feature("six `stop_sequences`", #""messages":[\#(user)],"stop_sequences":["a","b","c","d","e","f"]"#),
        Feature("`temperature`, `top_p`", #""messages":[\#(user)],"temperature":0.5"#),
        Feature("`top_k`", #""messages":[\#(user)],"top_k":5"#),
        Feature("`metadata.user_id`", #""messages":[\#(user)],"metadata":{"user_id":"u"}"#),
        Feature("`service_tier`", #""messages":[\#(user)],"service_tier":"standard_only""#),
        Feature("`cache_control` on a block", #""messages":[{"role":"user","content":[{"type":"text","text":"hi","cache_control":{"type":"ephemeral"}}]}]"#),
        Feature("`stream`", #""messages":[\#(user)],"stream":true"#),
        Feature("`container`, `mcp_servers`, `context_management`, and members not known here", #""messages":[\#(user)],"context_management":{}"#),
    ]

    static func text() throws -> String {
        var lines = [
            "# Dialects", "",
            "Written by asking the code; after a change run `SLUICE_WRITE_DOCS=1 swift test --filter DialectsDocument`.", "",
            "A client speaks OpenAI's chat completions or Anthropic's messages; the target behind it may speak OpenAI's, Anthropic's, Google's Gemini",
            "API or Amazon Bedrock's Converse. Where both speak the same, bytes go through as they are. Else each request and answer is translated,",
            "stream events one by one. What thinking and sampling come to is the model's matter: this is for `gpt-5.1`, `claude-sonnet-4-5`,",
            "`gemini-2.5-pro` and Bedrock's `anthropic.claude-sonnet-4-5-20250929-v1:0`.", "",
            "- **kept**: sent on, under the target's name for it.",
            "- **told**: left out or sent otherwise, and named in the answer's `x-sluice-warnings`; with `x-sluice-strict-params: 1` a 400 instead.",
            "- **refused**: a 400 that says where and why, since leaving it out would change what is asked.", "",
            "## From OpenAI's chat completions", "", "| | to Anthropic | to Gemini | to Bedrock |", "|---|---|---|---|",
        ]
        lines += openAIFeatures.map { row($0, from: .openAI, to: [.anthropic, .gemini, .bedrock]) }
        lines += ["", "## From Anthropic's messages", "", "| | to OpenAI | to Gemini | to Bedrock |", "|---|---|---|---|"]
        lines += anthropicFeatures.map { row($0, from: .anthropic, to: [.openAI, .gemini, .bedrock]) }
        lines += [
            "", "## Endpoints", "", "| endpoint | to OpenAI | to Anthropic | to Gemini | to Bedrock |", "|---|---|---|---|---|",
        ]
        for (name, endpoint) in endpoints {
            let spoken = endpoint.clientDialect(sentAnthropicVersion: false)
            lines.append("| \(name) | " + [Dialect.openAI, .anthropic, .gemini, .bedrock].map { passage(endpoint, spoken, $0) }.joined(separator: " | ") + " |")
        }
        lines += [
            "",
            "`/v1/files` and `/v1/batches` go as they are to providers that have them. At Bedrock and Vertex AI files are objects in a bucket and batches are",
            "jobs over them: [configuration.md](configuration.md#files-and-batches). Each row is translated as a chat of its own would be.",
        ]
        return lines.joined(separator: "\n") + "\n"
    }

    private static func row(_ feature: Feature, from client: Dialect, to providers: [Dialect]) -> String {
        "| \(feature.name) | " + providers.map { verdict(feature, from: client, to: $0) }.joined(separator: " | ") + " |"
    }

    private static let endpoints: [(String, Endpoint)] = [
        ("`/v1/chat/completions`", .chatCompletions), ("`/v1/messages`", .messages), ("`/v1/messages/count_tokens`", .countTokens),
        ("`/v1/embeddings`", .embeddings), ("`/v1/completions`", .completions), ("`/v1/responses`", .responses),
    ]

    private static func passage(_ endpoint: Endpoint, _ spoken: Dialect, _ dialect: Dialect) -> String {
        switch Passage.of(endpoint, spoken: spoken, to: dialect, isServed: false) {
        case .direct: "as it is, where the provider has it"
        case .translated: "translated"
        case .impossible: "400"
        }
    }

    /// What becomes of a feature: the translation is made, and looked at.
    static func verdict(_ feature: Feature, from client: Dialect, to provider: Dialect) -> String {
        // What becomes of thinking, sampling and limits is the model's matter: the table is for models that have them.
        let model =
            switch provider {
            case .openAI: "gpt-5.1"
            case .anthropic: "claude-sonnet-4-5"
            case .gemini: "gemini-2.5-pro"
            case .bedrock: "anthropic.claude-sonnet-4-5-20250929-v1:0"
            }
        var body = "{\"model\":\"\(model)\""
        if client == .anthropic, !feature.members.contains("max_tokens") { body += ",\"max_tokens\":50" }
        body += "," + feature.members + "}"
        var translator = Translator()
        let room = UnsafeMutablePointer<UInt8>.allocate(capacity: 1 << 16)
        defer { room.deallocate() }
        var writer = ByteWriter(room, capacity: 1 << 15)
        var path = ByteWriter(room + (1 << 15), capacity: 1 << 15)
        let bytes = Array(body.utf8)
        return bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return "?" }
            do throws(TranslationFault) {
                try translator.writeRequest(
                    ByteSlice(base, count: buffer.count), Translation(.chat, from: client, to: provider), RequestOptions(), to: &writer, path: &path)
            } catch {
                return error.kind == .unsupported ? "refused" : "refused: \(error.message)"
            }
            guard !translator.notes.isEmpty else { return "kept" }
            var notes = ByteWriter(room, capacity: 1 << 15)
            translator.notes.write(into: &notes)
            return "told (`\(String(notes.written))`)"
        }
    }
}
