@testable import Providers

/// Hosts that speak OpenAI's dialect, each with its own way to tell usage.
extension GoldenUsage {
    static let hosts: [GoldenUsage] = [
        // 11·590 + 27·790 = 6,490 + 21,330. Source: Groq, "API reference", chat
        GoldenUsage(
            name: "groq, times beside tokens, and usage within x_groq", price: "input: 0.59, output: 0.79", usage: Usage(input: 11, output: 27),
            nanodollars: 27_820, model: "llama-3.3-70b-versatile", finishReason: "stop",
            whole: #"{"model":"llama-3.3-70b-versatile","choices":[{"index":0,"message":{"content":"a"},"finish_reason":"stop"}],"usage":{"queue_time":0.037,"prompt_tokens":11,"prompt_time":0.0006,"completion_tokens":27,"completion_time":0.46,"total_tokens":38,"total_time":0.464},"x_groq":{"id":"req_1"},"service_tier":"on_demand"}"#,
            stream: [
                #"{"model":"llama-3.3-70b-versatile","x_groq":{"id":"req_1"},"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#,
                #"{"model":"llama-3.3-70b-versatile","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"x_groq":{"id":"req_1","usage":{"queue_time":0.02,"prompt_tokens":11,"completion_tokens":27,"total_tokens":38}}}"#,
                "[DONE]",
            ]),
        // 13·100 + 7·300. Source: docs.mistral.ai, "Chat completion", and "Token usage in streaming requests"
        GoldenUsage(
            name: "mistral, usage in the last content chunk", price: "input: 0.1, output: 0.3", usage: Usage(input: 13, output: 7), nanodollars: 3_400,
            model: "mistral-small-latest", finishReason: "stop",
            whole: #"{"id":"1","object":"chat.completion","model":"mistral-small-latest","usage":{"prompt_tokens":13,"total_tokens":20,"completion_tokens":7,"prompt_audio_seconds":null},"choices":[{"index":0,"finish_reason":"stop","message":{"content":"a"}}]}"#,
            stream: [
                #"{"id":"1","object":"chat.completion.chunk","model":"mistral-small-latest","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}"#,
                #"{"id":"1","object":"chat.completion.chunk","model":"mistral-small-latest","choices":[{"index":0,"delta":{"content":""},"finish_reason":"stop"}],"usage":{"prompt_tokens":13,"total_tokens":20,"completion_tokens":7}}"#,
                "[DONE]",
            ]),
        // 3·100 + 375·1,000 + 41·300. Source: docs.mistral.ai, "Audio & transcription"
        GoldenUsage(
            name: "mistral, sound outside of prompt tokens", price: "input: 0.1, audio_input: 1, output: 0.3", usage: Usage(input: 3, audioInput: 375, output: 41),
            nanodollars: 387_600, model: "voxtral-mini-latest",
            whole: #"{"model":"voxtral-mini-latest","text":"a","language":"en","segments":[],"usage":{"prompt_audio_seconds":12,"prompt_tokens":3,"total_tokens":419,"completion_tokens":41}}"#,
            stream: [
                #"{"type":"transcription.language","audio_language":"en"}"#, #"{"type":"transcription.text.delta","text":"a"}"#,
                #"{"type":"transcription.done","model":"voxtral-mini-latest","text":"a","usage":{"prompt_audio_seconds":12,"prompt_tokens":3,"total_tokens":419,"completion_tokens":41}}"#,
            ]),
        // 36·270 + 64·70 + (30 + 20)·1,100 = 9,720 + 4,480 + 55,000. Source: api-docs.deepseek.com, "Create chat completion"
        GoldenUsage(
            name: "deepseek, the cache under two names", price: "input: 0.27, cached: 0.07, output: 1.1",
            usage: Usage(input: 36, cachedRead: 64, output: 30, reasoning: 20), nanodollars: 69_200, model: "deepseek-chat", finishReason: "stop",
            whole: #"{"model":"deepseek-chat","choices":[{"finish_reason":"stop"}],"usage":{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,"prompt_tokens_details":{"cached_tokens":64},"completion_tokens_details":{"reasoning_tokens":20},"prompt_cache_hit_tokens":64,"prompt_cache_miss_tokens":36}}"#,
            stream: [
                #"{"model":"deepseek-chat","choices":[{"index":0,"delta":{"content":null,"reasoning_content":"a"},"finish_reason":null}]}"#,
                #"{"model":"deepseek-chat","choices":[{"index":0,"delta":{"content":""},"finish_reason":"stop"}],"usage":{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,"completion_tokens_details":{"reasoning_tokens":20},"prompt_cache_hit_tokens":64,"prompt_cache_miss_tokens":36}}"#,
                "[DONE]",
            ]),
        // 7·600 + 12·150 + 13·2,500 = 4,200 + 1,800 + 32,500. Source: platform.moonshot.ai, "Chat", streaming
        GoldenUsage(
            name: "moonshot, usage within the choice", price: "input: 0.6, cached: 0.15, output: 2.5", usage: Usage(input: 7, cachedRead: 12, output: 13),
            nanodollars: 38_500, model: "kimi-k2", finishReason: "stop",
            whole: #"{"model":"kimi-k2","choices":[{"index":0,"message":{"content":"a"},"finish_reason":"stop"}],"usage":{"prompt_tokens":19,"completion_tokens":13,"total_tokens":32,"cached_tokens":12}}"#,
            stream: [
                #"{"model":"kimi-k2","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}"#,
                #"{"model":"kimi-k2","choices":[{"index":0,"delta":{},"finish_reason":"stop","usage":{"prompt_tokens":19,"completion_tokens":13,"total_tokens":32,"cached_tokens":12}}]}"#,
                "[DONE]",
            ]),
        // 26·3,000 + 6·750 + (9 + 94)·15,000 = 78,000 + 4,500 + 1,545,000. Source: docs.x.ai, "API reference", chat completions
        GoldenUsage(
            name: "xai, reasoning outside of completion tokens", price: "input: 3, cached: 0.75, output: 15",
            usage: Usage(input: 26, cachedRead: 6, output: 9, reasoning: 94), nanodollars: 1_627_500, model: "grok-4", finishReason: "stop",
            whole: #"{"model":"grok-4","choices":[{"index":0,"message":{"content":"a"},"finish_reason":"stop"}],"usage":{"prompt_tokens":32,"completion_tokens":9,"total_tokens":135,"prompt_tokens_details":{"text_tokens":32,"audio_tokens":0,"image_tokens":0,"cached_tokens":6},"completion_tokens_details":{"reasoning_tokens":94,"audio_tokens":0},"num_sources_used":0}}"#,
            stream: [
                #"{"model":"grok-4","choices":[{"index":0,"delta":{"content":"a"}}]}"#,
                #"{"model":"grok-4","choices":[{"index":0,"delta":{"content":""},"finish_reason":"stop"}]}"#,
                #"{"model":"grok-4","choices":[],"usage":{"prompt_tokens":32,"completion_tokens":9,"total_tokens":135,"prompt_tokens_details":{"text_tokens":32,"audio_tokens":0,"image_tokens":0,"cached_tokens":6},"completion_tokens_details":{"reasoning_tokens":94,"audio_tokens":0},"num_sources_used":0}}"#,
                "[DONE]",
            ], usageOnlyEvent: 2),
        // 4·1,000 + 9·1,000 + 5,000,000. Source: docs.perplexity.ai, "Chat completions", "Pricing"
        GoldenUsage(
            name: "perplexity, usage grows on each chunk, and a request has a price", price: "input: 1, output: 1, request: 0.005", usage: Usage(input: 4, output: 9),
            nanodollars: 5_013_000, model: "sonar", finishReason: "stop",
            whole: #"{"model":"sonar","choices":[{"index":0,"finish_reason":"stop","message":{"content":"a"}}],"usage":{"prompt_tokens":4,"completion_tokens":9,"total_tokens":13,"search_context_size":"low","cost":{"input_tokens_cost":4e-06,"total_cost":0.005}}}"#,
            stream: [
                #"{"model":"sonar","choices":[{"index":0,"delta":{"content":"a"}}],"usage":{"prompt_tokens":4,"completion_tokens":1,"total_tokens":5}}"#,
                #"{"model":"sonar","choices":[{"index":0,"finish_reason":"stop","delta":{"content":""}}],"usage":{"prompt_tokens":4,"completion_tokens":9,"total_tokens":13,"search_context_size":"low"}}"#,
            ]),
        // (21 + 9,000)·2,000 + 4,000·8,000 + 3,000·3,000 + 18·5,000,000 = 18,042,000 + 32,000,000 + 9,000,000 + 90,000,000
        // Source: docs.perplexity.ai, "Pricing", Sonar Deep Research
        GoldenUsage(
            name: "perplexity's deep research, reading and thinking outside of its totals, and its searches",
            price: "input: 2, output: 8, reasoning: 3, units: {web_search: 0.005}",
            usage: Usage(input: 9021, output: 4000, reasoning: 3000, webSearches: 18), nanodollars: 149_042_000, model: "sonar-deep-research", finishReason: "stop",
            whole: #"{"model":"sonar-deep-research","choices":[{"index":0,"finish_reason":"stop","message":{"content":"a"}}],"usage":{"prompt_tokens":21,"completion_tokens":4000,"total_tokens":4021,"citation_tokens":9000,"num_search_queries":18,"reasoning_tokens":3000}}"#,
            stream: [
                #"{"model":"sonar-deep-research","choices":[{"index":0,"delta":{"content":"a"}}],"usage":{"prompt_tokens":21,"completion_tokens":1,"total_tokens":22,"citation_tokens":9000,"num_search_queries":18,"reasoning_tokens":3000}}"#,
                #"{"model":"sonar-deep-research","choices":[{"index":0,"finish_reason":"stop","delta":{"content":""}}],"usage":{"prompt_tokens":21,"completion_tokens":4000,"total_tokens":4021,"citation_tokens":9000,"num_search_queries":18,"reasoning_tokens":3000}}"#,
            ]),
        // 18·880 + 5·880. Source: docs.together.ai, "Chat completions"
        GoldenUsage(
            name: "together, usage beside the finish reason", price: "input: 0.88, output: 0.88", usage: Usage(input: 18, output: 5), nanodollars: 20_240,
            model: "meta-llama/Llama-3.3-70B-Instruct-Turbo", finishReason: "stop",
            whole: #"{"id":"o","object":"chat.completion","model":"meta-llama/Llama-3.3-70B-Instruct-Turbo","choices":[{"finish_reason":"stop","seed":1,"index":0,"message":{"content":"a"}}],"usage":{"prompt_tokens":18,"completion_tokens":5,"total_tokens":23}}"#,
            stream: [
                #"{"id":"o","object":"chat.completion.chunk","choices":[{"index":0,"text":"a","finish_reason":null,"delta":{"role":"assistant","content":"a"}}],"model":"meta-llama/Llama-3.3-70B-Instruct-Turbo","usage":null}"#,
                #"{"id":"o","object":"chat.completion.chunk","choices":[{"index":0,"text":"","seed":1,"finish_reason":"stop","delta":{"content":""}}],"model":"meta-llama/Llama-3.3-70B-Instruct-Turbo","usage":{"prompt_tokens":18,"completion_tokens":5,"total_tokens":23}}"#,
                "[DONE]",
            ]),
        // (30 − 16)·900 + 16·450 + 4·900. Source: docs.fireworks.ai, "Create chat completion", "Prompt caching"
        GoldenUsage(
            name: "fireworks, usage beside the finish reason, part of it cached", price: "input: 0.9, cached: 0.45, output: 0.9",
            usage: Usage(input: 14, cachedRead: 16, output: 4), nanodollars: 23_400, model: "accounts/fireworks/models/deepseek-v3", finishReason: "stop",
            whole: #"{"object":"chat.completion","model":"accounts/fireworks/models/deepseek-v3","choices":[{"index":0,"message":{"content":"a"},"finish_reason":"stop"}],"usage":{"prompt_tokens":30,"total_tokens":34,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":16}}}"#,
            stream: [
                #"{"object":"chat.completion.chunk","model":"accounts/fireworks/models/deepseek-v3","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}],"usage":null}"#,
                #"{"object":"chat.completion.chunk","model":"accounts/fireworks/models/deepseek-v3","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":30,"total_tokens":34,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":16}}}"#,
                "[DONE]",
            ]),
        // 15·400 + 1,605·500 + 20·1,200 = 6,000 + 802,500 + 24,000. Source: Alibaba Cloud Model Studio, "Context cache", explicit cache
        GoldenUsage(
            name: "qwen, what is written to the cache among the prompt's details", price: "input: 0.4, cached: 0.04, cache_write_5m: 0.5, output: 1.2",
            usage: Usage(input: 15, cacheWrite5m: 1605, output: 20), nanodollars: 832_500, model: "qwen3-coder-plus", finishReason: "stop",
            whole: #"{"model":"qwen3-coder-plus","object":"chat.completion","choices":[{"message":{"content":"a"},"finish_reason":"stop","index":0}],"usage":{"prompt_tokens":1620,"completion_tokens":20,"total_tokens":1640,"prompt_tokens_details":{"cached_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":1605},"cache_creation_input_tokens":1605,"cache_type":"ephemeral"}}}"#,
            stream: [
                #"{"choices":[{"delta":{"content":"a"},"finish_reason":null,"index":0}],"object":"chat.completion.chunk","usage":null,"model":"qwen3-coder-plus"}"#,
                #"{"choices":[{"delta":{"content":""},"finish_reason":"stop","index":0}],"object":"chat.completion.chunk","usage":null,"model":"qwen3-coder-plus"}"#,
                #"{"choices":[],"object":"chat.completion.chunk","usage":{"prompt_tokens":1620,"completion_tokens":20,"total_tokens":1640,"prompt_tokens_details":{"cached_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":1605},"cache_creation_input_tokens":1605,"cache_type":"ephemeral"}},"model":"qwen3-coder-plus"}"#,
                "[DONE]",
            ], usageOnlyEvent: 2),
        // 2·100 + 3·200. Source: docs.vllm.ai, "OpenAI-compatible server", `stream_options.continuous_usage_stats`
        GoldenUsage(
            name: "vllm, usage on each chunk and once more", price: "input: 0.1, output: 0.2", usage: Usage(input: 2, output: 3), nanodollars: 800, model: "m",
            finishReason: "stop",
            whole: #"{"usage": {"prompt_tokens": 2, "total_tokens": 5, "completion_tokens": 3, "prompt_tokens_details": null}, "choices" : [{"index": 0, "finish_reason": "stop", "stop_reason": null}] , "model": "m"}"#,
            stream: [
                #"{"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":{"prompt_tokens":2,"total_tokens":2,"completion_tokens":0}}"#,
                #"{"model":"m","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}],"usage":{"prompt_tokens":2,"total_tokens":3,"completion_tokens":1}}"#,
                #"{"model":"m","choices":[{"index":0,"delta":{"content":"b"},"finish_reason":"stop","stop_reason":null}],"usage":{"prompt_tokens":2,"total_tokens":5,"completion_tokens":3}}"#,
                #"{"usage": {"prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5}, "choices" : [ ] , "model": "m"}"#, "[DONE]",
            ], usageOnlyEvent: 3),
        // 0: it is one's own machine. Source: Ollama, "OpenAI compatibility"
        GoldenUsage(
            name: "ollama", price: "input: 0, output: 0", usage: Usage(input: 26, output: 298), nanodollars: 0, model: "llama3.2", finishReason: "stop",
            whole: #"{"id":"chatcmpl-1","object":"chat.completion","model":"llama3.2","choices":[{"index":0,"message":{"role":"assistant","content":"a"},"finish_reason":"stop"}],"usage":{"prompt_tokens":26,"completion_tokens":298,"total_tokens":324}}"#,
            stream: [
                #"{"id":"chatcmpl-1","object":"chat.completion.chunk","model":"llama3.2","choices":[{"index":0,"delta":{"role":"assistant","content":"a"},"finish_reason":null}]}"#,
                #"{"id":"chatcmpl-1","object":"chat.completion.chunk","model":"llama3.2","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":"stop"}]}"#,
                #"{"id":"chatcmpl-1","object":"chat.completion.chunk","model":"llama3.2","choices":[],"usage":{"prompt_tokens":26,"completion_tokens":298,"total_tokens":324}}"#,
                "[DONE]",
            ], usageOnlyEvent: 2),
        // 815·20. Source: jina.ai, "Reranker API"
        GoldenUsage(
            name: "jina rerank, a total alone", price: "input: 0.02, output: 0", usage: Usage(input: 815), nanodollars: 16_300, model: "jina-reranker-v2",
            whole: #"{"model":"jina-reranker-v2","results":[{"index":0}],"usage":{"total_tokens":815}}"#),
        // 10·60. Source: docs.voyageai.com, "Text embedding models"
        GoldenUsage(
            name: "voyage embeddings, a total alone", price: "input: 0.06, output: 0", usage: Usage(input: 10), nanodollars: 600, model: "voyage-3.5",
            whole: #"{"object":"list","data":[{"object":"embedding","embedding":[0.1],"index":0}],"model":"voyage-3.5","usage":{"total_tokens":10}}"#),
    ]

    /// What stands between a host and the gateway: routers, and hosts that translate other dialects themselves.
    static let gateways: [GoldenUsage] = [
        // 500·3,000 + 300·300 + 200·3,750 + 60·15,000 = 1,500,000 + 90,000 + 750,000 + 900,000. Source: openrouter.ai, "Usage accounting"
        GoldenUsage(
            name: "openrouter, cost beside tokens, usage beside an empty delta", price: "input: 3, cached: 0.3, cache_write_5m: 3.75, output: 15",
            usage: Usage(input: 500, cachedRead: 300, cacheWrite5m: 200, output: 60), nanodollars: 3_240_000, model: "anthropic/claude",
            whole: #"{"provider":"Anthropic","model":"anthropic\/claude","choices":[],"usage":{"prompt_tokens":1000,"completion_tokens":60,"total_tokens":1060,"cost":0.00014,"is_byok":false,"prompt_tokens_details":{"cached_tokens":300,"cache_write_tokens":200},"cost_details":{"upstream_inference_cost":null},"completion_tokens_details":{"reasoning_tokens":0}}}"#,
            stream: [
                #"{"provider":"Anthropic","model":"anthropic/claude","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}"#,
                #"{"provider":"Anthropic","model":"anthropic/claude","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":{"prompt_tokens":1000,"completion_tokens":60,"total_tokens":1060,"cost":1.4e-04,"prompt_tokens_details":{"cached_tokens":300,"cache_write_tokens":200}}}"#,
                "[DONE]",
            ]),
        // 900·400 + 60·1,600 + 2·10,000,000: a search is among the tool calls, too. Source: openrouter.ai, "Server tools", "Web search"
        GoldenUsage(
            name: "openrouter, searches", price: "input: 0.4, output: 1.6, units: {web_search: 0.01}", usage: Usage(input: 900, output: 60, webSearches: 2),
            nanodollars: 20_456_000, model: "openai/gpt-4.1-mini", finishReason: "stop",
            whole: #"{"model":"openai/gpt-4.1-mini","choices":[{"index":0,"message":{"content":"a"},"finish_reason":"stop"}],"usage":{"prompt_tokens":900,"completion_tokens":60,"total_tokens":960,"cost":0.020456,"server_tool_use":{"web_search_requests":2,"tool_calls_requested":3,"tool_calls_executed":2}}}"#,
            stream: [
                #"{"model":"openai/gpt-4.1-mini","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}"#,
                #"{"model":"openai/gpt-4.1-mini","choices":[{"index":0,"delta":{"content":""},"finish_reason":"stop"}],"usage":{"prompt_tokens":900,"completion_tokens":60,"total_tokens":960,"cost":0.020456,"server_tool_use_details":{"web_search_requests":2,"tool_calls_requested":3,"tool_calls_executed":2}}}"#,
                "[DONE]",
            ]),
        // 10·3,000 + 19·300 + 4·3,750 + 7·15,000 = 30,000 + 5,700 + 15,000 + 105,000
        GoldenUsage(
            name: "anthropic behind a portkey, cache outside of prompt tokens", price: "input: 3, cached: 0.3, cache_write_5m: 3.75, output: 15",
            usage: Usage(input: 10, cachedRead: 19, cacheWrite5m: 4, output: 7), nanodollars: 155_700, model: "claude", finishReason: "stop",
            whole: #"{"model":"claude","choices":[{"index":0,"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":7,"total_tokens":40,"cache_read_input_tokens":19,"cache_creation_input_tokens":4}}"#,
            stream: [
                #"{"model":"claude","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}"#,
                #"{"model":"claude","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":7,"total_tokens":40,"cache_read_input_tokens":19,"cache_creation_input_tokens":4,"prompt_tokens_details":{"cached_tokens":19}}}"#,
                "[DONE]",
            ]),
        // 5·1,250 + (10 + 100)·10,000. Source: ai.google.dev, "OpenAI compatibility"
        GoldenUsage(
            name: "gemini's compatible endpoint, thinking only in the total", price: "input: 1.25, output: 10", usage: Usage(input: 5, output: 10, reasoning: 100),
            nanodollars: 1_106_250, model: "gemini-2.5-pro", finishReason: "stop",
            whole: #"{"model":"gemini-2.5-pro","choices":[{"index":0,"finish_reason":"stop"}],"usage":{"completion_tokens":10,"prompt_tokens":5,"total_tokens":115}}"#,
            stream: [
                #"{"model":"gemini-2.5-pro","choices":[{"index":0,"delta":{"content":"a"}}],"usage":{"completion_tokens":1,"prompt_tokens":5,"total_tokens":106}}"#,
                #"{"model":"gemini-2.5-pro","choices":[{"index":0,"delta":{"content":"b"},"finish_reason":"stop"}],"usage":{"completion_tokens":10,"prompt_tokens":5,"total_tokens":115}}"#,
                "[DONE]",
            ]),
        // 9·2,500 + 12·10,000. Source: docs.cohere.com, "Compatibility API"
        GoldenUsage(
            name: "cohere's compatible endpoint", price: "input: 2.5, output: 10", usage: Usage(input: 9, output: 12), nanodollars: 142_500, model: "command-a-03-2025",
            finishReason: "stop",
            whole: #"{"id":"c","object":"chat.completion","model":"command-a-03-2025","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"a"}}],"usage":{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21}}"#,
            stream: [
                #"{"id":"c","object":"chat.completion.chunk","model":"command-a-03-2025","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}"#,
                #"{"id":"c","object":"chat.completion.chunk","model":"command-a-03-2025","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
                #"{"id":"c","object":"chat.completion.chunk","model":"command-a-03-2025","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21}}"#,
                "[DONE]",
            ], usageOnlyEvent: 2),
    ]
}
