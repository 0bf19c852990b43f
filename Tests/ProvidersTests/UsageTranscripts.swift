import Testing

@testable import Providers

/// What a provider sends, written by hand in its format, and what it adds up to. None is a capture.
struct UsageTranscript: CustomTestStringConvertible {
    let name: String
    let dialect: Dialect
    /// The body of an answer that is not a stream, or the data of each event of one.
    let texts: [String]
    let isStream: Bool
    let usage: Usage?
    var model = ""
    var finishReason = ""
    /// The event that is the extra usage chunk, if one is.
    var usageOnlyEvent: Int?

    var testDescription: String { name }

    static func answer(
        _ name: String, _ dialect: Dialect = .openAI, text: String, usage: Usage?, model: String = "", finishReason: String = ""
    ) -> UsageTranscript {
        UsageTranscript(
            name: name, dialect: dialect, texts: [text], isStream: false, usage: usage, model: model, finishReason: finishReason)
    }

    static func stream(
        _ name: String, _ dialect: Dialect = .openAI, events: [String], usage: Usage?, model: String = "",
        finishReason: String = "", usageOnlyEvent: Int? = nil
    ) -> UsageTranscript {
        UsageTranscript(
            name: name, dialect: dialect, texts: events, isStream: true, usage: usage, model: model,
            finishReason: finishReason, usageOnlyEvent: usageOnlyEvent)
    }
}

extension Usage {
    init(
        input: Int64 = 0, cachedRead: Int64 = 0, cacheWrite5m: Int64 = 0, cacheWrite1h: Int64 = 0, audioInput: Int64 = 0,
        output: Int64 = 0, reasoning: Int64 = 0, audioOutput: Int64 = 0
    ) {
        self.init()
        self.input = input
        self.cachedRead = cachedRead
        self.cacheWrite5m = cacheWrite5m
        self.cacheWrite1h = cacheWrite1h
        self.audioInput = audioInput
        self.output = output
        self.reasoning = reasoning
        self.audioOutput = audioOutput
    }
}

extension UsageTranscript {
    static let all = openAIAnswers + openAIStreams + anthropic + gemini

    static let openAIAnswers: [UsageTranscript] = [
        .answer(
            "openai chat",
            text: #"""
                {
                  "id": "chatcmpl-1", "object": "chat.completion", "model": "gpt-4o-2024-08-06",
                  "choices": [{"index": 0, "message": {"role": "assistant", "content": "a \"usage\": {\"prompt_tokens\": 9} b",
                    "tool_calls": [{"function": {"arguments": "{\"usage\":{\"total_tokens\":7}}"}}]}, "finish_reason": "tool_calls"}],
                  "usage": {"prompt_tokens": 1117, "completion_tokens": 46, "total_tokens": 1163,
                    "prompt_tokens_details": {"cached_tokens": 1024, "audio_tokens": 10},
                    "completion_tokens_details": {"reasoning_tokens": 16, "audio_tokens": 5, "accepted_prediction_tokens": 0}},
                  "service_tier": "default"
                }
                """#,
            usage: Usage(input: 83, cachedRead: 1024, audioInput: 10, output: 25, reasoning: 16, audioOutput: 5),
            model: "gpt-4o-2024-08-06", finishReason: "tool_calls"),
        .answer(
            "openai completion",
            text: #"{"object":"text_completion","model":"gpt-3.5-turbo-instruct","choices":[{"text":"x","finish_reason":"length"}],"usage":{"prompt_tokens":5,"completion_tokens":7,"total_tokens":12}}"#,
            usage: Usage(input: 5, output: 7), model: "gpt-3.5-turbo-instruct", finishReason: "length"),
        .answer(
            "openai embeddings",
            text: #"{"object":"list","data":[{"object":"embedding","embedding":[0.1,-2.5e-3],"index":0}],"model":"text-embedding-3-small","usage":{"prompt_tokens":8,"total_tokens":8}}"#,
            usage: Usage(input: 8), model: "text-embedding-3-small"),
        .answer(
            "openai responses",
            text: #"{"id":"resp_1","object":"response","status":"completed","error":null,"model":"o4-mini","output":[{"type":"message","usage":{"input_tokens":1},"content":[]}],"usage":{"input_tokens":328,"input_tokens_details":{"cached_tokens":100},"output_tokens":52,"output_tokens_details":{"reasoning_tokens":32},"total_tokens":380},"metadata":{}}"#,
            usage: Usage(input: 228, cachedRead: 100, output: 20, reasoning: 32), model: "o4-mini", finishReason: "completed"),
        .answer(
            "openai image",
            text: #"{"created":1,"data":[{"b64_json":"AA/="}],"usage":{"total_tokens":100,"input_tokens":50,"output_tokens":50,"input_tokens_details":{"text_tokens":10,"image_tokens":40}}}"#,
            usage: Usage(input: 50, output: 50)),
        .answer(
            "openai transcription by tokens",
            text: #"{"text":"hi","usage":{"type":"tokens","input_tokens":14,"input_token_details":{"text_tokens":4,"audio_tokens":10},"output_tokens":45,"total_tokens":59}}"#,
            usage: Usage(input: 4, audioInput: 10, output: 45)),
        .answer("openai transcription by seconds", text: #"{"text":"hi","usage":{"type":"duration","seconds":12}}"#, usage: nil),
        .answer(
            "deepseek, the cache under two names",
            text: #"{"model":"deepseek-chat","choices":[{"finish_reason":"stop"}],"usage":{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,"prompt_tokens_details":{"cached_tokens":64},"completion_tokens_details":{"reasoning_tokens":20},"prompt_cache_hit_tokens":64,"prompt_cache_miss_tokens":36}}"#,
            usage: Usage(input: 36, cachedRead: 64, output: 30, reasoning: 20), model: "deepseek-chat", finishReason: "stop"),
        .answer(
            "mistral",
            text: #"{"id":"cmpl-1","object":"chat.completion","model":"mistral-small-latest","usage":{"prompt_tokens":16,"completion_tokens":34,"total_tokens":50},"choices":[{"index":0,"finish_reason":"stop"}]}"#,
            usage: Usage(input: 16, output: 34), model: "mistral-small-latest", finishReason: "stop"),
        .answer(
            "groq, times beside tokens",
            text: #"{"model":"llama-3.3-70b","choices":[],"usage":{"queue_time":0.037,"prompt_tokens":18,"prompt_time":0.0006,"completion_tokens":556,"completion_time":0.46,"total_tokens":574,"total_time":0.464},"x_groq":{"id":"req_1"}}"#,
            usage: Usage(input: 18, output: 556), model: "llama-3.3-70b"),
        .answer(
            "openrouter, cost beside tokens and a cache write",
            text: #"{"provider":"Anthropic","model":"anthropic\/claude","choices":[],"usage":{"prompt_tokens":1000,"completion_tokens":60,"total_tokens":1060,"cost":0.00014,"is_byok":false,"prompt_tokens_details":{"cached_tokens":300,"cache_write_tokens":200},"cost_details":{"upstream_inference_cost":null},"completion_tokens_details":{"reasoning_tokens":0}}}"#,
            usage: Usage(input: 500, cachedRead: 300, cacheWrite5m: 200, output: 60), model: "anthropic/claude"),
        .answer(
            "xai, reasoning outside of completion tokens",
            text: #"{"model":"grok-4","choices":[],"usage":{"prompt_tokens":32,"completion_tokens":9,"total_tokens":135,"prompt_tokens_details":{"cached_tokens":6},"completion_tokens_details":{"reasoning_tokens":94}}}"#,
            usage: Usage(input: 26, cachedRead: 6, output: 9, reasoning: 94), model: "grok-4"),
        .answer(
            "gemini's compatible endpoint, thinking only in the total",
            text: #"{"model":"gemini-2.5-pro","choices":[],"usage":{"completion_tokens":10,"prompt_tokens":5,"total_tokens":115}}"#,
            usage: Usage(input: 5, output: 10, reasoning: 100), model: "gemini-2.5-pro"),
        .answer(
            "anthropic behind a portkey, cache outside of prompt tokens",
            text: #"{"model":"claude","choices":[],"usage":{"prompt_tokens":10,"completion_tokens":7,"total_tokens":40,"cache_read_input_tokens":19,"cache_creation_input_tokens":4}}"#,
            usage: Usage(input: 10, cachedRead: 19, cacheWrite5m: 4, output: 7), model: "claude"),
        .answer(
            "jina rerank, a total alone", text: #"{"model":"jina-reranker-v2","results":[{"index":0}],"usage":{"total_tokens":815}}"#,
            usage: Usage(input: 815), model: "jina-reranker-v2"),
        .answer("an error", text: #"{"error":{"message":"x","usage":{"prompt_tokens":3}}}"#, usage: nil),
        .answer("counts no one can believe", text: #"{"usage":{"prompt_tokens":99999999999999999999,"completion_tokens":-5,"total_tokens":281474976710657}}"#, usage: nil),
        .answer("cut before the usage closes", text: #"{"usage":{"prompt_tokens":3,"completion_tokens":4"#, usage: nil),
        .answer("an escaped name is not looked behind", text: #"{"us\"age":{"prompt_tokens":3},"us\u0061ge":{"prompt_tokens":3}}"#, usage: nil),
        .answer("usage given twice: the last", text: #"{"usage":{"prompt_tokens":3},"usage":{"prompt_tokens":1},"usage":null}"#, usage: Usage(input: 1)),
    ]

    static let openAIStreams: [UsageTranscript] = [
        .stream(
            "openai chat with include_usage",
            events: [
                #"{"id":"c","object":"chat.completion.chunk","model":"gpt-4o-mini","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}"#,
                #"{"id":"c","object":"chat.completion.chunk","model":"gpt-4o-mini","choices":[{"index":0,"delta":{"content":"\"usage\":{"},"finish_reason":null}],"usage":null}"#,
                #"{"id":"c","object":"chat.completion.chunk","model":"gpt-4o-mini","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}"#,
                #"{"id":"c","object":"chat.completion.chunk","model":"gpt-4o-mini","choices":[],"usage":{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29,"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}}}"#,
                "[DONE]",
            ], usage: Usage(input: 19, output: 10), model: "gpt-4o-mini", finishReason: "stop", usageOnlyEvent: 3),
        .stream(
            "vllm, usage before choices", events: [
                #"{"model":"m","choices":[{"index":0,"delta":{"role":"assistant"}}]}"#,
                #"{"usage": {"prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5}, "choices" : [ ] , "model": "m"}"#, "[DONE]",
            ], usage: Usage(input: 2, output: 3), model: "m", usageOnlyEvent: 1),
        .stream(
            "azure's first chunk has no choices and is not the usage", events: [
                #"{"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0}]}"#,
                #"{"choices":[{"delta":{"content":"x"}}],"model":"gpt-4o"}"#, "[DONE]",
            ], usage: nil),
        .stream(
            "groq, usage within x_groq", events: [
                #"{"model":"llama","x_groq":{"id":"req_1"},"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#,
                #"{"model":"llama","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"x_groq":{"id":"req_1","usage":{"queue_time":0.02,"prompt_tokens":11,"completion_tokens":27,"total_tokens":38}}}"#,
                "[DONE]",
            ], usage: Usage(input: 11, output: 27), model: "llama", finishReason: "stop"),
        .stream(
            "mistral, usage in the last content chunk", events: [
                #"{"id":"1","object":"chat.completion.chunk","model":"mistral-small","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}"#,
                #"{"id":"1","object":"chat.completion.chunk","model":"mistral-small","choices":[{"index":0,"delta":{"content":""},"finish_reason":"stop"}],"usage":{"prompt_tokens":13,"total_tokens":20,"completion_tokens":7}}"#,
                "[DONE]",
            ], usage: Usage(input: 13, output: 7), model: "mistral-small", finishReason: "stop"),
        .stream(
            "moonshot, usage within the choice", events: [
                #"{"model":"kimi","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}"#,
                #"{"model":"kimi","choices":[{"index":0,"delta":{},"finish_reason":"stop","usage":{"prompt_tokens":19,"completion_tokens":13,"total_tokens":32,"cached_tokens":12}}]}"#,
                "[DONE]",
            ], usage: Usage(input: 7, cachedRead: 12, output: 13), model: "kimi", finishReason: "stop"),
        .stream(
            "perplexity, usage grows on each chunk", events: [
                #"{"model":"sonar","choices":[{"index":0,"delta":{"content":"a"}}],"usage":{"prompt_tokens":4,"completion_tokens":1,"total_tokens":5}}"#,
                #"{"model":"sonar","choices":[{"index":0,"finish_reason":"stop","delta":{"content":""}}],"usage":{"prompt_tokens":4,"completion_tokens":9,"total_tokens":13,"search_context_size":"low"}}"#,
            ], usage: Usage(input: 4, output: 9), model: "sonar", finishReason: "stop"),
        .stream(
            "openrouter, usage beside an empty delta is kept", events: [
                #"{"provider":"X","model":"a/b","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}"#,
                #"{"provider":"X","model":"a/b","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":{"prompt_tokens":14,"completion_tokens":4,"total_tokens":18,"cost":1e-05}}"#,
                "[DONE]",
            ], usage: Usage(input: 14, output: 4), model: "a/b"),
        .stream(
            "responses", events: [
                #"{"type":"response.created","sequence_number":0,"response":{"id":"r","status":"in_progress","model":"gpt-5","output":[],"usage":null}}"#,
                #"{"type":"response.output_text.delta","sequence_number":4,"delta":"Hi","item_id":"msg_1"}"#,
                #"{"type":"response.output_text.done","sequence_number":5,"text":"Hi"}"#,
                #"{"type":"response.completed","sequence_number":9,"response":{"id":"r","status":"completed","model":"gpt-5","output":[{"usage":{"input_tokens":9}}],"usage":{"input_tokens":37,"input_tokens_details":{"cached_tokens":5},"output_tokens":11,"output_tokens_details":{"reasoning_tokens":1},"total_tokens":48}}}"#,
            ], usage: Usage(input: 32, cachedRead: 5, output: 10, reasoning: 1), model: "gpt-5", finishReason: "completed"),
    ]

    static let anthropic: [UsageTranscript] = [
        .answer(
            "messages", .anthropic,
            text: #"{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[{"type":"tool_use","id":"t","name":"n","input":{"usage":{"input_tokens":9999},"model":"no"}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":21,"cache_creation_input_tokens":300,"cache_read_input_tokens":188,"cache_creation":{"ephemeral_5m_input_tokens":200,"ephemeral_1h_input_tokens":100},"output_tokens":393,"server_tool_use":{"web_search_requests":2},"service_tier":"standard"}}"#,
            usage: Usage(input: 21, cachedRead: 188, cacheWrite5m: 200, cacheWrite1h: 100, output: 393),
            model: "claude-sonnet-4-5", finishReason: "tool_use"),
        .stream(
            "messages stream", .anthropic,
            events: [
                #"{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","content":[],"model":"claude-opus-4","stop_reason":null,"usage":{"input_tokens":25,"cache_creation_input_tokens":10,"cache_read_input_tokens":4,"output_tokens":1}}}"#,
                #"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#, #"{"type": "ping"}"#,
                #"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\"usage\":{\"output_tokens\":99}"}}"#,
                #"{"type":"content_block_stop","index":0}"#,
                #"{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":15}}"#,
                #"{"type":"message_stop"}"#,
            ], usage: Usage(input: 25, cachedRead: 4, cacheWrite5m: 10, output: 15), model: "claude-opus-4", finishReason: "end_turn"),
        .stream(
            "server tools: the totals of message_delta, the rest to the dearer write", .anthropic,
            events: [
                #"{"type":"message_start","message":{"model":"claude","usage":{"input_tokens":100,"cache_creation_input_tokens":50,"cache_creation":{"ephemeral_5m_input_tokens":20,"ephemeral_1h_input_tokens":30},"cache_read_input_tokens":0,"output_tokens":1}}}"#,
                #"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":900,"cache_creation_input_tokens":250,"cache_read_input_tokens":70,"output_tokens":510,"server_tool_use":{"web_search_requests":1}}}"#,
                #"{"type":"message_stop"}"#,
            ], usage: Usage(input: 900, cachedRead: 70, cacheWrite5m: 20, cacheWrite1h: 230, output: 510), model: "claude", finishReason: "end_turn"),
        .stream(
            "message_delta repeats zeros", .anthropic,
            events: [
                #"{"type":"message_start","message":{"model":"c","usage":{"input_tokens":12,"cache_read_input_tokens":3,"output_tokens":1}}}"#,
                #"{"type":"message_delta","delta":{"stop_reason":"max_tokens"},"usage":{"input_tokens":0,"cache_read_input_tokens":0,"output_tokens":8}}"#,
            ], usage: Usage(input: 12, cachedRead: 3, output: 8), model: "c", finishReason: "max_tokens"),
    ]

    static let gemini: [UsageTranscript] = [
        .answer(
            "gemini, thoughts beside the candidates and tools beside the prompt", .gemini,
            text: #"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"usageMetadata":{"promptTokenCount":9},"modelVersion":"no"}}}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":20,"totalTokenCount":135,"toolUsePromptTokenCount":5,"thoughtsTokenCount":100,"promptTokensDetails":[{"modality":"TEXT","tokenCount":10}]},"modelVersion":"gemini-2.5-pro","responseId":"r"}"#,
            usage: Usage(input: 15, output: 20, reasoning: 100), model: "gemini-2.5-pro", finishReason: "STOP"),
        .answer(
            "gemini, sound in prompt, cache and candidates, members in any order", .gemini,
            text: #"{ "modelVersion" : "gemini-2.5-flash-native-audio", "usageMetadata" : { "cachedContentTokenCount" : 40, "promptTokensDetails" : [ { "tokenCount" : 30, "modality" : "AUDIO" }, { "modality" : "TEXT", "tokenCount" : 70 } ], "cacheTokensDetails":[{"modality":"AUDIO","tokenCount":10},{"modality":"AUD\u0049O","tokenCount":99}], "candidatesTokensDetails": [{"modality":"AUDIO","tokenCount":15}], "promptTokenCount" : 100, "candidatesTokenCount" : 20, "totalTokenCount" : 120 } }"#,
            usage: Usage(input: 40, cachedRead: 40, audioInput: 20, output: 5, audioOutput: 15), model: "gemini-2.5-flash-native-audio"),
        .answer(
            "gemini, a prompt that was blocked", .gemini,
            text: #"{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":8,"totalTokenCount":8},"modelVersion":"gemini-2.5-flash"}"#,
            usage: Usage(input: 8), model: "gemini-2.5-flash", finishReason: "SAFETY"),
        .answer("gemini, members of OpenAI's are not looked at", .gemini, text: #"{"usage":{"prompt_tokens":3},"model":"x","candidates":[]}"#, usage: nil),
        .stream(
            "gemini, usage that counts up, thoughts told in the first events only", .gemini,
            events: [
                #"{"candidates": [{"content": {"parts": [{"text": "a","thought": true}],"role": "model"},"index": 0}],"usageMetadata": {"promptTokenCount": 5,"totalTokenCount": 35,"thoughtsTokenCount": 30},"modelVersion": "gemini-2.5-flash"}"#,
                #"{"candidates": [{"content": {"parts": [{"text": "\"usageMetadata\": {\"promptTokenCount\": 99}"}],"role": "model"},"index": 0}],"modelVersion": "gemini-2.5-flash"}"#,
                #"{"candidates": [{"content": {"parts": [{"text": "b"}],"role": "model"},"finishReason": "MAX_TOKENS","index": 0}],"usageMetadata": {"promptTokenCount": 5,"candidatesTokenCount": 7,"totalTokenCount": 42},"modelVersion": "gemini-2.5-flash"}"#,
            ], usage: Usage(input: 5, output: 7, reasoning: 30), model: "gemini-2.5-flash", finishReason: "MAX_TOKENS"),
    ]
}
